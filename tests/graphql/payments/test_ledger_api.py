"""The ledger of an order's tenders as clients see it: who sees what, more is held, terminals give back, credit is given."""

from collections.abc import Sequence

import pytest

from app.kernel.ids import IdKind
from tests.builders.buyers import broken
from tests.builders.client import Client, Json
from tests.builders.credited import gift_card
from tests.builders.paying import CARD, CASH, Front, gift, steps, tenders, terminal, unknown
from tests.builders.shop import Shop

pytestmark = pytest.mark.anyio

REQUEST = """mutation ($input: ReturnRequestInput!) { returnRequest(input: $input) {
    return { id status lines { id } refund { method total { amount } } } errors { code message field } } }"""
RECEIVE = """mutation ($input: ReturnReceiveInput!) { returnReceive(input: $input) {
    return { status refund { method total { amount } refunded { amount } } } errors { code message field } } }"""
MINE = "{ me { storeCredit { currency available { amount } entries { nodes { kind amount { amount } } } } } }"


async def bring_back(front: Front, order: Json, *, method: str = "ORIGINAL") -> Json:
    """Have all of the only line of an order come back to Camden; answers the return."""
    [line] = order["lines"]
    asked = {
        "orderId": order["id"], "refundMethod": method, "idempotencyKey": "ask",
        "lines": [{"orderLineId": line["id"], "quantity": line["quantity"], "reason": "UNWANTED"}],
    }  # fmt: skip
    token = front.shop.token("operator")
    found = (await front.client.mutate(REQUEST, {"input": asked}, token=token))["return"]
    counted = {
        "returnId": found["id"], "locationId": front.shop.location_ref("camden"), "idempotencyKey": "scan",
        "lines": [{"returnLineId": found["lines"][0]["id"], "quantity": line["quantity"]}],
    }  # fmt: skip
    returned: Json = (await front.client.mutate(RECEIVE, {"input": counted}, token=token))["return"]
    return returned


class TestLedger:
    async def test_is_shown_to_those_who_read_orders(self, client: Client, shop: Shop) -> None:
        front = Front(client, shop)
        order = await front.buy(await front.basket({"mug": 1}, by="ada"), CARD)
        await front.ship(order)
        await front.work_off()

        seen = {who: await front.read(order, by=who) for who in ("service", "operator", "associate", "ada")}

        [payment] = seen["service"]["payments"]
        assert seen["service"]["payments"] == seen["operator"]["payments"] == seen["associate"]["payments"]
        assert steps(seen["service"]) == [("AUTHORIZATION", "SUCCEEDED", "16.99"), ("CAPTURE", "SUCCEEDED", "16.99")]
        assert all(step["gatewayReference"] and step["settledAt"] for step in payment["transactions"])
        assert payment["holdsUntil"] == "2026-12-01T10:00:00Z"
        [own] = seen["ada"]["payments"]
        assert (own["transactions"], own["holdsUntil"], seen["ada"]["holds"]) == (None, None, None)
        assert (own["status"], own["captured"]) == (payment["status"], payment["captured"])

    async def test_is_found_by_the_id_of_its_tender(self, client: Client, shop: Shop) -> None:
        front = Front(client, shop)
        order = await front.buy(await front.basket({"mug": 1}), CARD)
        document = """query ($id: ID!, $token: String) { node(id: $id, token: $token) {
            ... on Payment { tender transactions { kind } } } }"""
        asked = {"id": order["payments"][0]["id"]}

        as_guest = await client.query(document, asked | {"token": order["token"]})
        as_staff = await client.query(document, asked, token=shop.token("service"))
        as_nobody = await client.query(document, asked)

        assert as_guest["node"] == {"tender": "CARD", "transactions": None}
        assert as_staff["node"] == {"tender": "CARD", "transactions": [{"kind": "AUTHORIZATION"}]}
        assert as_nobody["node"] is None

    async def test_never_shows_what_pays(self, client: Client, shop: Shop) -> None:
        front, gifted = Front(client, shop), await gift_card(shop, "5.00")

        order = await front.buy(await front.basket({"mug": 1}), gift(await gifted.code()), CARD)

        said = str(await front.read(order))
        assert await gifted.code() not in said
        assert "tok_ok" not in said


class TestAuthorizeMore:
    async def test_holds_more_of_a_card_once_for_a_key(self, client: Client, shop: Shop) -> None:
        front = Front(client, shop)
        order = await front.buy(await front.basket({"mug": 1}), CARD)
        given = {"paymentId": order["payments"][0]["id"], "amount": "3.01", "idempotencyKey": "more"}

        asked = [await front.does("paymentAuthorizeMore", **given) for _ in range(2)]
        await front.work_off()

        assert asked[0] == asked[1]
        more = await front.read(order)
        assert more["payments"][0]["authorized"]["amount"] == "20.00"
        assert steps(more) == [("AUTHORIZATION", "SUCCEEDED", "16.99"), ("AUTHORIZATION", "SUCCEEDED", "3.01")]
        assert await front.at_the_provider() == {"AUTHORIZATION": 1699, "INCREMENT": 301}
        assert await broken(shop) == []

    async def test_is_refused_by_name(self, client: Client, shop: Shop) -> None:
        front, gifted = Front(client, shop), await gift_card(shop, "5.00")
        order = await front.buy(await front.basket({"mug": 1}), gift(await gifted.code()), CARD)
        by_gift, by_card = [payment["id"] for payment in order["payments"]]
        expected: list[tuple[str | None, Json, str, object]] = [
            (None, {}, "UNAUTHENTICATED", None),
            ("ada", {}, "FORBIDDEN", None),
            ("manager", {}, "FORBIDDEN", None),
            ("service", {"amount": "0"}, "INVALID", ["amount"]),
            ("service", {"amount": "-1.00"}, "INVALID", ["amount"]),
            ("service", {"amount": "1.001"}, "INVALID", ["amount"]),
            ("service", {"paymentId": by_gift}, "PAYMENT_MISMATCH", ["paymentId"]),
            ("service", {"paymentId": unknown(IdKind.PAYMENT)}, "NOT_FOUND", ["paymentId"]),
            ("service", {"paymentId": order["id"]}, "INVALID", ["paymentId"]),
        ]

        for who, change, code, field in expected:
            call = {"paymentId": by_card, "amount": "1.00"} | change
            assert await front.may_not("paymentAuthorizeMore", by=who, **call) == (code, field)
        await front.work_off()
        assert await front.at_the_provider() == {"AUTHORIZATION": 1199}


class TestTerminal:
    async def test_gives_back_when_somebody_says_that_it_did(self, client: Client, shop: Shop) -> None:
        front = Front(client, shop)
        _, step = await self.to_be_given_back(front)
        given = {"transactionId": step["id"], "succeeded": True, "reference": "R-1", "idempotencyKey": "said"}

        recorded = [await front.does("paymentTransactionRecord", **given) for _ in range(2)]

        assert (step["kind"], step["state"], step["settledAt"]) == ("REFUND", "REQUESTED", None)
        assert recorded[0] == recorded[1]
        assert recorded[0]["paymentStatus"] == "REFUNDED"
        last = recorded[0]["payments"][0]["transactions"][-1]
        assert (last["state"], last["gatewayReference"], last["settledAt"] is None) == ("SUCCEEDED", "R-1", False)
        assert await front.at_the_provider() == {}
        assert await broken(shop) == []

    async def test_that_refuses_holds_the_order_until_it_is_asked_again(self, client: Client, shop: Shop) -> None:
        front = Front(client, shop)
        order, step = await self.to_be_given_back(front)

        failed = await front.does("paymentTransactionRecord", transactionId=step["id"], succeeded=False)
        await front.does("orderPaymentRetry", orderId=order["id"])
        anew = (await front.read(order))["payments"][0]["transactions"][-1]
        done = await front.does("paymentTransactionRecord", transactionId=anew["id"], succeeded=True, reference="R-2")

        assert [(hold["reason"], hold["status"], hold["blocks"]) for hold in failed["holds"]] == [
            ("REFUND_FAILED", "APPLIED", [])
        ]
        assert [hold["status"] for hold in done["holds"]] == ["RELEASED"]
        assert done["refundedTotal"]["amount"] == "12.00"
        assert await broken(shop) == []

    async def test_is_the_only_one_that_is_written_down_by_hand(self, client: Client, shop: Shop) -> None:
        front = Front(client, shop)
        _, step = await self.to_be_given_back(front)
        by_card = await front.buy(await front.basket({"mug": 1}), CARD)
        held = (await front.read(by_card))["payments"][0]["transactions"][0]["id"]
        expected: Sequence[tuple[str | None, str, str, object]] = [
            (None, step["id"], "UNAUTHENTICATED", None),
            ("associate", step["id"], "FORBIDDEN", None),
            ("service", held, "ILLEGAL_TRANSITION", ["transactionId"]),
            ("service", unknown(IdKind.PAYMENT_TRANSACTION), "NOT_FOUND", ["transactionId"]),
            ("service", by_card["id"], "INVALID", ["transactionId"]),
        ]

        for who, step_id, code, field in expected:
            call = {"transactionId": step_id, "succeeded": True}
            assert await front.may_not("paymentTransactionRecord", by=who, **call) == (code, field)

    async def to_be_given_back(self, front: Front) -> tuple[Json, Json]:
        """Have goods come back that were paid for at a terminal; answers the order and the step that waits."""
        order = await front.buy(await front.at_the_till(), terminal("T-1"))
        await bring_back(front, order)
        seen = await front.read(order)
        return seen, seen["payments"][0]["transactions"][-1]


class TestRefund:
    async def test_of_cash_is_given_back_at_once(self, client: Client, shop: Shop) -> None:
        front = Front(client, shop)
        order = await front.buy(await front.at_the_till(), CASH)

        returned = await bring_back(front, order)

        assert (returned["status"], returned["refund"]["refunded"]["amount"]) == ("CLOSED", "12.00")
        assert tenders(await front.read(order)) == [("CASH", "12.00", "REFUNDED")]
        assert await broken(shop) == []

    async def test_as_store_credit_is_the_customers_to_spend(self, client: Client, shop: Shop) -> None:
        front = Front(client, shop)
        order = await front.buy(await front.basket({"mug": 1}, by="ada"), CARD)
        await front.ship(order)
        await front.work_off()

        returned = await bring_back(front, order, method="STORE_CREDIT")
        await front.work_off()
        mine = (await client.query(MINE, token=shop.token("ada")))["me"]["storeCredit"]

        assert (returned["status"], returned["refund"]["method"]) == ("CLOSED", "STORE_CREDIT")
        assert returned["refund"]["refunded"]["amount"] == "16.99"
        assert mine == [
            {
                "currency": "GBP",
                "available": {"amount": "16.99"},
                "entries": {"nodes": [{"kind": "REFUND", "amount": {"amount": "16.99"}}]},
            }
        ]
        assert (await front.read(order))["paymentStatus"] == "REFUNDED"
        assert "REFUND" not in await front.at_the_provider()
        assert await broken(shop) == []

    async def test_as_store_credit_needs_a_customer(self, client: Client, shop: Shop) -> None:
        front = Front(client, shop)
        order = await front.buy(await front.at_the_till(), CASH)
        asked = {
            "orderId": order["id"], "refundMethod": "STORE_CREDIT", "idempotencyKey": "ask",
            "lines": [{"orderLineId": order["lines"][0]["id"], "quantity": 1, "reason": "UNWANTED"}],
        }  # fmt: skip

        [error] = await client.refused(REQUEST, {"input": asked}, token=shop.token("operator"))

        assert (error["code"], error["field"]) == ("RETURN_NOT_ALLOWED", ["refundMethod"])
