"""Orders whose money was refused: what staff see of it, what is not done meanwhile, and how it ends."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from app.kernel.actor import SYSTEM
from app.kernel.db import UnitOfWork
from app.kernel.ids import IdKind
from app.payments import service as payments
from tests.builders.buyers import broken
from tests.builders.client import Client, Json
from tests.builders.clock import StoppedClock
from tests.builders.paying import LISTED, Front, card, steps, unknown
from tests.builders.shop import Shop
from tests.builders.statements import Sent

pytestmark = pytest.mark.anyio

REASON = "CAPTURE_FAILED"


async def half_shipped(client: Client, shop: Shop) -> tuple[Front, Json, str]:
    """Have one of two mugs leave whose money is refused; answers the order and the work that is left."""
    front = Front(client, shop)
    order = await front.buy(await front.basket({"mug": 2}), card("tok_no_capture"))
    work_id = await front.packed(order)
    await front.step("fulfillmentOrderShip", fulfillmentOrderId=work_id, lines=await one_unit(front, work_id))
    await front.work_off()
    return front, await front.read(order) | {"token": order["token"]}, work_id


async def one_unit(front: Front, work_id: str) -> list[Json]:
    """Name one unit of the only line of some work."""
    document = "query ($id: ID!) { node(id: $id) { ... on FulfillmentOrder { lines { id } } } }"
    found = await front.client.query(document, {"id": work_id}, token=front.shop.token("operator"))
    return [{"fulfillmentOrderLineId": line["id"], "quantity": 1} for line in found["node"]["lines"]]


async def let_the_bank_agree(shop: Shop) -> None:
    """Let the provider capture from now on what it refused."""

    async def work(uow: UnitOfWork) -> None:
        await uow.execute("UPDATE test_gateway_operations SET plays = 'tok_ok' WHERE kind = 'AUTHORIZATION'", [])

    await shop.begin().run(work)


class TestHeldOrder:
    async def test_says_to_staff_why_and_what_may_end_it(self, client: Client, shop: Shop) -> None:
        _, order, _ = await half_shipped(client, shop)

        [hold] = order["holds"]

        assert (hold["reason"], hold["status"], hold["endedAt"]) == (REASON, "APPLIED", None)
        assert hold["blocks"] == ["fulfillmentOrderShip", "pickupHandOver"]
        assert hold["nextActions"] == ["orderPaymentRetry", "orderHoldRelease", "orderHoldReject"]
        assert "16.99 GBP could not be captured" in hold["message"]
        assert "orderPaymentRetry" in order["nextActions"]
        assert steps(order)[-1] == ("CAPTURE", "FAILED", "16.99")
        assert order["payments"][0]["transactions"][-1]["failure"]
        found = await client.query(
            "query ($id: ID!) { node(id: $id) { ... on Hold { reason } } }",
            {"id": hold["id"]},
            token=shop.token("associate"),
        )
        assert found["node"] == {"reason": REASON}
        assert await broken(shop) == []

    async def test_tells_its_buyer_nothing_of_it(self, client: Client, shop: Shop) -> None:
        front, order, _ = await half_shipped(client, shop)

        shown = await front.read(order, by=None, token=order["token"])
        seen = await client.query(
            "query ($id: ID!, $token: String) { node(id: $id, token: $token) { id } }",
            {"id": order["holds"][0]["id"], "token": order["token"]},
        )

        assert shown["holds"] is None
        assert [(one["transactions"], one["holdsUntil"]) for one in shown["payments"]] == [(None, None)]
        assert "orderPaymentRetry" not in shown["nextActions"]
        assert seen["node"] is None

    async def test_shows_buttons_to_those_who_may_press_them(self, client: Client, shop: Shop) -> None:
        front, order, _ = await half_shipped(client, shop)

        seen = await front.read(order, by="associate")

        assert [hold["nextActions"] for hold in seen["holds"]] == [[]]
        assert "orderPaymentRetry" not in seen["nextActions"]

    async def test_does_not_leave(self, client: Client, shop: Shop) -> None:
        front, order, work_id = await half_shipped(client, shop)

        error = await front.no_step("fulfillmentOrderShip", fulfillmentOrderId=work_id)
        document = "query ($id: ID!) { node(id: $id) { ... on FulfillmentOrder { status nextActions } } }"
        work = (await client.query(document, {"id": work_id}, token=shop.token("operator")))["node"]

        assert (error["code"], error["field"]) == ("ORDER_ON_HOLD", None)
        assert "could not be captured" in error["message"]
        assert (work["status"], "fulfillmentOrderShip" in work["nextActions"]) == ("PACKED", False)
        assert (await front.read(order))["status"] == "PARTIALLY_FULFILLED"
        assert await broken(shop) == []


class TestRetry:
    async def test_that_succeeds_ends_the_hold(self, client: Client, shop: Shop) -> None:
        front, order, work_id = await half_shipped(client, shop)
        await let_the_bank_agree(shop)

        for _ in range(2):
            await front.does("orderPaymentRetry", orderId=order["id"], idempotencyKey="again")
        await front.work_off()
        paid = await front.read(order)
        await front.step("fulfillmentOrderShip", fulfillmentOrderId=work_id)

        assert [(hold["status"], hold["endedAt"] is None) for hold in paid["holds"]] == [("RELEASED", False)]
        assert paid["holds"][0]["nextActions"] == []
        assert paid["paymentStatus"] == "PARTIALLY_CAPTURED"
        assert [state for kind, state, _ in steps(paid) if kind == "CAPTURE"] == ["FAILED", "SUCCEEDED"]
        assert (await front.at_the_provider())["CAPTURE"] == 1699
        assert await broken(shop) == []

    async def test_that_fails_holds_on(self, client: Client, shop: Shop) -> None:
        front, order, _ = await half_shipped(client, shop)

        await front.does("orderPaymentRetry", orderId=order["id"])
        await front.work_off()

        held = await front.read(order)
        assert [hold["status"] for hold in held["holds"]] == ["APPLIED"]
        assert [state for kind, state, _ in steps(held) if kind == "CAPTURE"] == ["FAILED"] * 2
        assert await broken(shop) == []

    async def test_of_an_order_that_owes_nothing_asks_for_nothing(self, client: Client, shop: Shop) -> None:
        front = Front(client, shop)
        order = await front.buy(await front.basket({"mug": 1}), card("tok_ok"))

        await front.does("orderPaymentRetry", orderId=order["id"])
        await front.work_off()

        assert steps(await front.read(order)) == [("AUTHORIZATION", "SUCCEEDED", "16.99")]


class TestEnding:
    async def test_by_releasing_lets_the_order_go_on(self, client: Client, shop: Shop) -> None:
        front, order, work_id = await half_shipped(client, shop)
        call = {"orderId": order["id"], "reason": REASON, "idempotencyKey": "once"}

        released = await front.does("orderHoldRelease", **call)
        again = await front.does("orderHoldRelease", **call)
        work = await front.step("fulfillmentOrderShip", fulfillmentOrderId=work_id)

        assert released == again
        assert [hold["status"] for hold in released["holds"]] == ["RELEASED"]
        assert work["status"] == "FULFILLED"
        assert await front.may_not("orderHoldRelease", **call | {"idempotencyKey": "twice"}) == (
            "ILLEGAL_TRANSITION", ["reason"],
        )  # fmt: skip

    async def test_by_rejecting_keeps_the_rest_here_for_good(self, client: Client, shop: Shop) -> None:
        front, order, work_id = await half_shipped(client, shop)

        rejected = await front.does("orderHoldReject", orderId=order["id"], reason=REASON)
        error = await front.no_step("fulfillmentOrderShip", fulfillmentOrderId=work_id)
        cancelled = await front.does("orderCancel", orderId=order["id"])

        assert [hold["status"] for hold in rejected["holds"]] == ["REJECTED"]
        assert error["code"] == "ORDER_ON_HOLD"
        assert "orderCancel" in rejected["nextActions"]
        assert cancelled["status"] == "FULFILLED"
        assert await broken(shop) == []

    @pytest.mark.parametrize("mutation", ["orderHoldRelease", "orderHoldReject", "orderPaymentRetry"])
    async def test_is_for_those_who_manage_payments(self, client: Client, shop: Shop, mutation: str) -> None:
        front, order, _ = await half_shipped(client, shop)
        about: Json = {} if mutation == "orderPaymentRetry" else {"reason": REASON}
        expected: list[tuple[str | None, str, str, object]] = [
            (None, order["id"], "UNAUTHENTICATED", None),
            ("associate", order["id"], "FORBIDDEN", None),
            ("service", unknown(IdKind.ORDER), "NOT_FOUND", ["orderId"]),
            ("service", order["payments"][0]["id"], "INVALID", ["orderId"]),
        ]

        for who, order_id, code, field in expected:
            assert await front.may_not(mutation, by=who, orderId=order_id, **about) == (code, field)


class TestAuthorizationsThatEnd:
    async def test_hold_the_order_where_they_cannot_be_had_anew(
        self, client: Client, shop: Shop, clock: StoppedClock
    ) -> None:
        front = Front(client, shop)
        order = await front.buy(await front.basket({"mug": 1}), card("tok_short_once"))
        until = (await front.read(order))["payments"][0]["holdsUntil"]
        begin = shop.database.begin(SYSTEM)

        clock.advance(days=2)
        await payments.renew(begin)
        await front.work_off()
        await payments.miss(begin)
        await front.work_off()

        held = await front.read(order)
        assert until == "2026-11-26T10:00:00Z"
        assert [hold["reason"] for hold in held["holds"]] == ["AUTHORIZATION_EXPIRED"]
        assert held["payments"][0]["status"] == "EXPIRED"
        assert held["payments"][0]["holdsUntil"] is None
        assert await broken(shop) == []

    async def test_keep_a_pickup_behind_the_counter(self, client: Client, shop: Shop, clock: StoppedClock) -> None:
        front = Front(client, shop)
        order = await front.buy(await front.basket(collected={"mug": 1}), card("tok_short_once"))
        pickup = await front.ready(order)
        before = (await front.read(order, by="associate"))["fulfillmentOrders"][0]

        clock.advance(days=2)
        await payments.miss(shop.database.begin(SYSTEM))
        await front.work_off()
        [refusal] = await front.hand_over(pickup)

        after = (await front.read(order, by="associate"))["fulfillmentOrders"][0]
        assert refusal["code"] == "ORDER_ON_HOLD"
        assert "pickupHandOver" in before["nextActions"]
        assert "pickupHandOver" in before["pickup"]["nextActions"]
        assert "pickupHandOver" not in after["nextActions"]
        assert "pickupHandOver" not in after["pickup"]["nextActions"]
        await front.does("orderHoldRelease", orderId=order["id"], reason="AUTHORIZATION_EXPIRED")
        assert await front.hand_over(pickup) == []

    async def test_are_had_anew_where_the_bank_agrees(self, client: Client, shop: Shop, clock: StoppedClock) -> None:
        front = Front(client, shop)
        order = await front.buy(await front.basket({"mug": 1}), card("tok_short"))

        clock.advance(days=2)
        await payments.miss(shop.database.begin(SYSTEM))
        await front.work_off()

        renewed = await front.read(order)
        assert (renewed["holds"], renewed["paymentStatus"]) == ([], "AUTHORIZED")
        assert renewed["payments"][0]["holdsUntil"] == "2026-11-28T10:00:00Z"
        assert [kind for kind, _, _ in steps(renewed)] == ["AUTHORIZATION", "EXPIRATION", "AUTHORIZATION"]
        assert await broken(shop) == []


class TestLists:
    async def test_can_be_of_those_that_are_held(self, client: Client, shop: Shop) -> None:
        front, held, _ = await half_shipped(client, shop)
        free = await front.buy(await front.basket({"mug": 1}), card("tok_ok"), key="second")
        expected: list[tuple[Json, list[Json]]] = [
            ({"onHold": True}, [held]),
            ({"onHold": False}, [free]),
            ({"holdReason": ["CAPTURE_FAILED", "CHARGED_BACK"]}, [held]),
            ({"holdReason": ["CHARGED_BACK"]}, []),
            ({"onHold": True, "paymentStatus": ["VOIDED"]}, []),
            ({"paymentStatus": ["AUTHORIZED"], "fulfillmentStatus": ["UNFULFILLED"]}, [free]),
            ({"fulfillmentStatus": ["PARTIALLY_FULFILLED"]}, [held]),
        ]

        for wanted, orders in expected:
            found = await front.listed(wanted)
            assert (wanted, [order["id"] for order in found]) == (wanted, [order["id"] for order in orders])

    @pytest.mark.parametrize("wanted", [{"onHold": False}, {"holdReason": []}])
    async def test_of_holds_are_for_people_who_read_orders(self, client: Client, shop: Shop, wanted: Json) -> None:
        asked = await client.execute(LISTED, {"filter": wanted}, token=shop.token("ada"))

        assert asked.codes == ["FORBIDDEN"]

    async def test_cost_as_many_statements_for_many_as_for_one(
        self, client: Client, shop: Shop, statements: Callable[[], AbstractAsyncContextManager[Sent]]
    ) -> None:
        front = Front(client, shop)
        document = """{ orders { nodes { holds { id nextActions } payments { id transactions { id } }
            fulfillmentOrders { nextActions } nextActions } } }"""
        counts = []

        for _ in range(2):
            order = await front.buy(await front.basket({"mug": 1}), card("tok_no_capture"))
            await front.ship(order)
            await front.work_off()
            async with statements() as sent:
                await client.query(document, token=shop.token("service"))
            counts.append(sent.count)

        assert counts[0] == counts[1]
