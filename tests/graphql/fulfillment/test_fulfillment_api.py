"""Work, pickups and cancellations through the API, with documents such as a store's app would send."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from app.kernel.ids import IdKind, encode
from tests.builders.client import Client, Json
from tests.builders.clock import StoppedClock
from tests.builders.placed import Placed, broken_rules, collected, place, shipped
from tests.builders.shop import Shop
from tests.builders.statements import Sent

pytestmark = pytest.mark.anyio

AFTERNOON = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)

WORK = """
fragment Work on FulfillmentOrder {
  id number orderNumber method status nextActions dueAt rejectionReason note
  order { id }
  destination { line1 }
  location { __typename code }
  lines { id sku productName quantity picked packed fulfilled rejected cancelled orderLine { id } variant { sku } }
  shipments { id carrier trackingNumber trackingUrl status shippedAt deliveredAt }
  pickup { id status code readyBy collectBy nextActions store { code } slot { startsAt remaining } }
}
"""
QUEUE = (
    """
query ($filter: FulfillmentOrderFilter, $first: Int, $after: String) {
  fulfillmentOrders(filter: $filter, first: $first, after: $after) {
    edges { cursor } nodes { ...Work } pageInfo { hasNextPage endCursor } totalCount
  }
}
"""
    + WORK
)
FIND = (
    "query ($id: ID!, $token: String) {\n  node(id: $id, token: $token) { __typename ... on FulfillmentOrder { ...Work } } }"
    + WORK
)
PICKUP = """
query ($id: ID!, $token: String) {
  pickup(id: $id, token: $token) { id status code collectBy nextActions store { code } slot { startsAt remaining } }
}
"""
WITHIN_ORDER = """
query ($id: ID!, $token: String) { order(id: $id, token: $token) { fulfillmentOrders { pickup { code } } } }
"""
CHECK_IN = """
mutation ($input: PickupCheckInInput!) {
  pickupCheckIn(input: $input) { pickup { status spot vehicle code } errors { code message field } }
}
"""
HAND_OVER = """
mutation ($input: PickupHandOverInput!) {
  pickupHandOver(input: $input) { pickup { status collectedAt code nextActions } errors { code message field } }
}
"""
CANCEL = """
mutation ($input: OrderCancelInput!) {
  orderCancel(input: $input) { order { status paymentStatus nextActions } errors { code message field } }
}
"""


def step(name: str) -> str:
    kind = name[0].upper() + name[1:]
    return (
        f"mutation ($input: {kind}Input!) {{ {name}(input: $input)"
        " { fulfillmentOrder { ...Work } successors { ...Work } errors { code message field } } }" + WORK
    )


class Counter:
    """Somebody at work in a store or warehouse, with the shop's app in hand."""

    def __init__(self, client: Client, shop: Shop, name: str) -> None:
        self.client = client
        self.token = shop.token(name)

    async def does(self, name: str, work_id: str, **more: object) -> Json:
        return await self.client.mutate(step(name), {"input": self.wish(work_id, **more)}, token=self.token)

    async def may_not(self, name: str, work_id: str, **more: object) -> list[Json]:
        return await self.client.refused(step(name), {"input": self.wish(work_id, **more)}, token=self.token)

    @staticmethod
    def wish(work_id: str, **more: object) -> Json:
        return {"fulfillmentOrderId": work_id, "idempotencyKey": str(uuid4()), **more}


async def work_ref(order: Placed, *, at: str = "warehouse") -> str:
    return encode(IdKind.FULFILLMENT_ORDER, (await order.work(at=at)).id)


async def pickup_ref(order: Placed) -> str:
    return encode(IdKind.PICKUP, (await order.pickup()).id)


def order_ref(order: Placed) -> str:
    return encode(IdKind.ORDER, order.id)


class TestQueue:
    async def test_shows_the_callers_own_locations(self, client: Client, shop: Shop) -> None:
        here, _ = await place(shop, collected("mug", 2)), await place(shop, shipped("mug", 1))

        data = await client.query(QUEUE, token=shop.token("associate"))

        queue = data["fulfillmentOrders"]
        assert [work["id"] for work in queue["nodes"]] == [await work_ref(here, at="camden")]
        assert queue["totalCount"] == 1
        (work,) = queue["nodes"]
        assert work["nextActions"] == ["fulfillmentOrderAccept", "fulfillmentOrderReject"]
        assert work["order"] == {"id": order_ref(here)}
        assert work["destination"] is None
        assert work["location"] == {"__typename": "Store", "code": "camden"}
        assert work["pickup"]["status"] == "PREPARING"
        assert work["pickup"]["code"] is None

    async def test_is_paged_without_losing_or_repeating_work(
        self, client: Client, shop: Shop, clock: StoppedClock
    ) -> None:
        expected = []
        for _ in range(5):
            expected.append(await work_ref(await place(shop, shipped("mug", 1))))
            clock.advance(minutes=1)
        token = shop.token("picker")

        seen: list[str] = []
        after = None
        while True:
            queue = (await client.query(QUEUE, {"first": 2, "after": after}, token=token))["fulfillmentOrders"]
            seen += [work["id"] for work in queue["nodes"]]
            after = queue["pageInfo"]["endCursor"]
            if not queue["pageInfo"]["hasNextPage"]:
                break

        assert seen == expected

    async def test_is_filtered(self, client: Client, shop: Shop) -> None:
        await place(shop, shipped("mug", 1, at="camden"))
        await place(shop, collected("mug", 1))
        variables = {"filter": {"method": "PICKUP", "status": ["OPEN"], "locationId": shop.location_ref("camden")}}

        queue = (await client.query(QUEUE, variables, token=shop.token("associate")))["fulfillmentOrders"]

        assert [work["method"] for work in queue["nodes"]] == ["PICKUP"]

    @pytest.mark.parametrize(
        ("who", "code"), [(None, "UNAUTHENTICATED"), ("ada", "FORBIDDEN"), ("merchandiser", "FORBIDDEN")]
    )
    async def test_is_for_those_who_work_there(self, client: Client, shop: Shop, who: str | None, code: str) -> None:
        errors = await client.errors(QUEUE, token=shop.token(who) if who else None)

        assert errors[0]["extensions"]["code"] == code

    async def test_of_another_location_is_forbidden(self, client: Client, shop: Shop) -> None:
        variables = {"filter": {"locationId": shop.location_ref("soho")}}

        errors = await client.errors(QUEUE, variables, token=shop.token("associate"))

        assert errors[0]["extensions"]["code"] == "FORBIDDEN"

    async def test_refuses_a_cursor_of_another_list(self, client: Client, shop: Shop) -> None:
        errors = await client.errors(QUEUE, {"after": "WzFd"}, token=shop.token("associate"))

        assert errors[0]["extensions"] == {"code": "INVALID", "field": ["after"]}

    async def test_asks_as_often_for_ten_as_for_one(
        self, client: Client, shop: Shop, statements: Callable[[], AbstractAsyncContextManager[Sent]]
    ) -> None:
        token = shop.token("operator")
        await place(shop, shipped("tee-s", 1), collected("tee-s", 1), slots={"camden": AFTERNOON})
        async with statements() as few:
            await client.query(QUEUE, token=token)
        for i in range(4):
            await place(
                shop, shipped("tee-m", 1), collected("tee-l", 1), slots={"camden": AFTERNOON} if i == 0 else None
            )

        async with statements() as many:
            data = await client.query(QUEUE, token=token)

        assert len(data["fulfillmentOrders"]["nodes"]) == 10
        assert many.count == few.count


class TestShipping:
    async def test_goes_from_the_queue_to_the_carrier(self, client: Client, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 2))
        work_id = await work_ref(order)
        picker = Counter(client, shop, "picker")

        await picker.does("fulfillmentOrderAccept", work_id)
        picked = await picker.does("fulfillmentOrderPick", work_id)
        packed = await picker.does("fulfillmentOrderPack", work_id)
        sent = await picker.does("fulfillmentOrderShip", work_id, carrier="UPS", trackingNumber="1Z999")

        assert picked["fulfillmentOrder"]["nextActions"] == ["fulfillmentOrderPack", "fulfillmentOrderReject"]
        assert packed["fulfillmentOrder"]["nextActions"] == ["fulfillmentOrderShip"]
        work = sent["fulfillmentOrder"]
        assert (work["status"], work["nextActions"]) == ("FULFILLED", [])
        assert work["destination"] == {"line1": shop.home.line1}
        (shipment,) = work["shipments"]
        assert (shipment["carrier"], shipment["status"]) == ("UPS", "IN_TRANSIT")
        assert shipment["trackingUrl"].endswith("1Z999")
        assert work["lines"][0]["fulfilled"] == 2
        assert work["lines"][0]["variant"] == {"sku": "mug"}
        assert await broken_rules(shop) == []

    async def test_again_with_the_same_key_happens_once(self, client: Client, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 2))
        await order.packed()
        wish = {"input": Counter.wish(await work_ref(order))}
        token = shop.token("picker")

        first = await client.mutate(step("fulfillmentOrderShip"), wish, token=token)
        second = await client.mutate(step("fulfillmentOrderShip"), wish, token=token)

        assert first == second
        assert len(second["fulfillmentOrder"]["shipments"]) == 1
        assert await shop.on_hand("mug", "warehouse") == shop.opening_stock("mug", "warehouse") - 2

    async def test_of_some_lines_names_them(self, client: Client, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 3))
        await order.packed()
        line_id = encode(IdKind.FULFILLMENT_ORDER_LINE, (await order.work_line("mug")).id)
        picker = Counter(client, shop, "picker")

        sent = await picker.does(
            "fulfillmentOrderShip",
            await work_ref(order),
            lines=[{"fulfillmentOrderLineId": line_id, "quantity": 1}],
        )
        errors = await picker.may_not(
            "fulfillmentOrderShip",
            await work_ref(order),
            lines=[{"fulfillmentOrderLineId": line_id, "quantity": 3}],
        )

        assert sent["fulfillmentOrder"]["status"] == "PACKED"
        assert errors[0] == {"code": "QUANTITY_EXCEEDED", "message": "at most 2", "field": ["lines", "0", "quantity"]}

    async def test_out_of_turn_is_refused(self, client: Client, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 1))

        errors = await Counter(client, shop, "picker").may_not("fulfillmentOrderShip", await work_ref(order))

        assert errors[0]["code"] == "ILLEGAL_TRANSITION"


class TestRerouting:
    async def test_of_a_short_pick_answers_who_took_over(self, client: Client, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 3))
        line_id = encode(IdKind.FULFILLMENT_ORDER_LINE, (await order.work_line("mug")).id)
        work_id = await work_ref(order)
        picker = Counter(client, shop, "picker")
        await picker.does("fulfillmentOrderAccept", work_id)
        wish = picker.wish(work_id, lines=[{"fulfillmentOrderLineId": line_id, "quantity": 1}])

        picked = await client.mutate(step("fulfillmentOrderPick"), {"input": wish}, token=picker.token)
        again = await client.mutate(step("fulfillmentOrderPick"), {"input": wish}, token=picker.token)

        (successor,) = picked["successors"]
        assert successor["lines"][0]["quantity"] == 2
        assert successor["status"] == "OPEN"
        # The picker does not work where the rest went.
        assert successor["nextActions"] == []
        assert again == picked

    async def test_of_rejected_work_says_why(self, client: Client, shop: Shop) -> None:
        order = await place(shop, shipped("tee-s", 1))

        rejected = await Counter(client, shop, "picker").does(
            "fulfillmentOrderReject", await work_ref(order), reason="NO_CAPACITY", note="flooded"
        )

        work = rejected["fulfillmentOrder"]
        assert (work["status"], work["rejectionReason"], work["note"]) == ("REJECTED", "NO_CAPACITY", "flooded")
        assert len(rejected["successors"]) == 1

    async def test_note_is_for_the_staff_of_the_location(self, client: Client, shop: Shop) -> None:
        order = await place(shop, shipped("tee-s", 1), customer="ada")
        work_id = await work_ref(order)
        await Counter(client, shop, "picker").does("fulfillmentOrderReject", work_id, reason="OTHER", note="flooded")

        data = await client.query(FIND, {"id": work_id}, token=shop.token("ada"))

        assert data["node"]["status"] == "REJECTED"
        assert data["node"]["note"] is None


class TestWhoMayWork:
    @pytest.mark.parametrize(
        ("who", "code"),
        [(None, "UNAUTHENTICATED"), ("ada", "FORBIDDEN"), ("associate", "NOT_FOUND"), ("service", "FORBIDDEN")],
    )
    @pytest.mark.parametrize("name", ["Accept", "Pick", "Pack", "Ready", "Ship"])
    async def test_is_who_works_at_the_location(
        self, client: Client, shop: Shop, who: str | None, code: str, name: str
    ) -> None:
        order = await place(shop, shipped("mug", 1), customer="ada")
        wish = {"input": Counter.wish(await work_ref(order))}

        errors = await client.refused(step(f"fulfillmentOrder{name}"), wish, token=shop.token(who) if who else None)

        assert errors[0]["code"] == code

    async def test_names_ids_of_another_kind(self, client: Client, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 1))

        errors = await Counter(client, shop, "picker").may_not("fulfillmentOrderAccept", order_ref(order))

        assert errors[0]["code"] == "INVALID"
        assert errors[0]["field"] == ["fulfillmentOrderId"]

    async def test_decides_who_finds_it(self, client: Client, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 1), customer="ada")
        work_id = await work_ref(order)

        async def found(who: str | None, token: str | None = None) -> object:
            data = await client.query(FIND, {"id": work_id, "token": token}, token=shop.token(who) if who else None)
            return data["node"] and data["node"]["nextActions"]

        assert await found("picker") == ["fulfillmentOrderAccept", "fulfillmentOrderReject"]
        assert await found("ada") == []
        assert await found(None, order.token) == []
        assert await found("bob") is None
        assert await found(None) is None
        assert await found("merchandiser") is None


class TestPickup:
    async def test_shows_its_code_to_the_customer_alone(self, client: Client, shop: Shop) -> None:
        order = await place(shop, collected("mug", 1), customer="ada")
        before = await client.query(PICKUP, {"id": await pickup_ref(order)}, token=shop.token("ada"))
        await order.ready()
        code = await order.code()

        async def shown(who: str | None, token: str | None = None) -> object:
            data = await client.query(
                PICKUP,
                {"id": await pickup_ref(order), "token": token},
                token=shop.token(who) if who else None,
            )
            return data["pickup"] and data["pickup"]["code"]

        assert before["pickup"]["code"] is None
        assert await shown("ada") == code
        assert await shown(None, order.token) == code
        assert await shown("associate") is None
        assert await shown("service") is None
        assert await shown("service", "whatever.token") is None
        assert (await client.query(PICKUP, {"id": await pickup_ref(order)}))["pickup"] is None
        assert (await client.query(PICKUP, {"id": await pickup_ref(order)}, token=shop.token("bob")))["pickup"] is None

    async def test_shows_its_code_within_the_order_to_its_buyer_alone(self, client: Client, shop: Shop) -> None:
        order = await place(shop, collected("mug", 1), customer="ada")
        await order.ready()
        code = await order.code()

        async def shown(who: str | None, token: str | None = None) -> object:
            data = await client.query(
                WITHIN_ORDER, {"id": order_ref(order), "token": token}, token=shop.token(who) if who else None
            )
            return data["order"]["fulfillmentOrders"][0]["pickup"]["code"]

        assert await shown("ada") == code
        assert await shown(None, order.token) == code
        assert await shown("service") is None
        assert await shown("service", "whatever.token") is None

    async def test_is_made_ready_announced_and_handed_over(self, client: Client, shop: Shop) -> None:
        order = await place(shop, collected("mug", 1), slots={"camden": AFTERNOON})
        work_id, pickup_id = await work_ref(order, at="camden"), await pickup_ref(order)
        counter = Counter(client, shop, "associate")
        for name in ("Accept", "Pick", "Pack"):
            await counter.does(f"fulfillmentOrder{name}", work_id)

        ready = await counter.does("fulfillmentOrderReady", work_id)
        guest = {"pickupId": pickup_id, "token": order.token, "arrived": True, "spot": "bay 3"}
        here = await client.mutate(CHECK_IN, {"input": guest})
        seen = await client.query(PICKUP, {"id": pickup_id, "token": order.token})
        given = await client.mutate(
            HAND_OVER,
            {"input": {"pickupId": pickup_id, "code": seen["pickup"]["code"], "idempotencyKey": "till-1"}},
            token=counter.token,
        )

        assert ready["fulfillmentOrder"]["status"] == "READY"
        assert ready["fulfillmentOrder"]["nextActions"] == ["pickupHandOver"]
        assert ready["fulfillmentOrder"]["pickup"]["slot"] == {"startsAt": "2026-11-24T15:00:00Z", "remaining": 1}
        assert here["pickup"]["status"] == "ARRIVED"
        assert seen["pickup"]["nextActions"] == ["pickupCheckIn"]
        assert given["pickup"]["status"] == "COLLECTED"
        assert given["pickup"]["nextActions"] == []
        assert await broken_rules(shop) == []

    async def test_counts_wrong_codes_although_they_are_refused(self, client: Client, shop: Shop) -> None:
        order = await place(shop, collected("mug", 1))
        await order.ready()
        pickup_id, token = await pickup_ref(order), shop.token("associate")
        wrong = str((int(await order.code()) + 1) % 1_000_000).zfill(6)
        wish = {"input": {"pickupId": pickup_id, "code": wrong, "idempotencyKey": "till-1"}}

        refusals = [(await client.refused(HAND_OVER, wish, token=token))[0] for _ in range(5)]

        assert {refusal["code"] for refusal in refusals} == {"PICKUP_CODE_WRONG"}
        assert refusals[0]["message"] == "this is not the code; 4 more can be tried"
        assert "new code" in refusals[-1]["message"]
        assert (await order.pickup()).code_generation == 1

    async def test_too_late_is_refused(self, client: Client, shop: Shop, clock: StoppedClock) -> None:
        order = await place(shop, collected("mug", 1))
        await order.ready()
        clock.advance(days=8)
        wish = {"pickupId": await pickup_ref(order), "code": await order.code(), "idempotencyKey": "till-1"}

        errors = await client.refused(HAND_OVER, {"input": wish}, token=shop.token("associate"))
        seen = await client.query(PICKUP, {"id": await pickup_ref(order)}, token=shop.token("associate"))

        assert errors[0]["code"] == "PICKUP_EXPIRED"
        assert seen["pickup"]["nextActions"] == []


class TestCancel:
    async def test_by_a_guest_needs_the_token(self, client: Client, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 2))
        wish = {"orderId": order_ref(order), "idempotencyKey": "no-thanks"}

        refused = await client.refused(CANCEL, {"input": wish})
        done = await client.mutate(CANCEL, {"input": {**wish, "token": order.token}})

        assert refused[0]["code"] == "NOT_FOUND"
        assert done["order"]["status"] == "CANCELLED"
        assert "orderCancel" not in done["order"]["nextActions"]

    async def test_of_lines_names_the_one_at_fault(self, client: Client, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 2))
        line_id = encode(IdKind.ORDER_LINE, (await order.line("mug")).id)
        wish = {
            "orderId": order_ref(order),
            "idempotencyKey": "fewer",
            "lines": [{"orderLineId": line_id, "quantity": 3}],
        }

        errors = await client.refused(CANCEL, {"input": wish}, token=shop.token("service"))

        assert (errors[0]["code"], errors[0]["field"]) == ("QUANTITY_EXCEEDED", ["lines", "0", "quantity"])

    async def test_of_nothing_left_is_refused(self, client: Client, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 2))
        token = shop.token("service")
        await client.mutate(CANCEL, {"input": {"orderId": order_ref(order), "idempotencyKey": "1"}}, token=token)

        errors = await client.refused(
            CANCEL, {"input": {"orderId": order_ref(order), "idempotencyKey": "2"}}, token=token
        )

        assert errors[0]["code"] == "ILLEGAL_TRANSITION"

    async def test_by_an_associate_is_forbidden(self, client: Client, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 2))

        errors = await client.refused(
            CANCEL, {"input": {"orderId": order_ref(order), "idempotencyKey": "1"}}, token=shop.token("associate")
        )

        assert errors[0]["code"] == "FORBIDDEN"
