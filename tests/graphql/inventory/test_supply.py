"""Purchase orders, supply and what can be ordered ahead, as clients ask for them."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import pytest

from app.kernel.ids import IdKind, encode
from tests.builders.client import Client
from tests.builders.clock import StoppedClock
from tests.builders.expected import NEXT_WEEK, announce, limit, receive, supply_of
from tests.builders.placed import broken_rules, place, shipped, waiting
from tests.builders.shop import Shop
from tests.builders.statements import Sent

pytestmark = pytest.mark.anyio

Statements = Callable[[], AbstractAsyncContextManager[Sent]]

PUT = """mutation($input: PurchaseOrderPutInput!) { purchaseOrderPut(input: $input) {
    purchaseOrder { id number supplier status note nextActions location { code }
        lines { kind expected received outstanding soldAhead reserved left late expectedAt variant { sku } } }
    errors { code field message } } }"""
RECEIVE = """mutation($input: PurchaseOrderReceiveInput!) { purchaseOrderReceive(input: $input) {
    purchaseOrder { status nextActions lines { received outstanding } } errors { code field } } }"""
CLOSE = """mutation($input: PurchaseOrderCloseInput!) { purchaseOrderClose(input: $input) {
    purchaseOrder { status nextActions lines { lost } } errors { code field } } }"""
CANCEL = """mutation($input: PurchaseOrderCancelInput!) { purchaseOrderCancel(input: $input) {
    purchaseOrder { status nextActions } errors { code field } } }"""
LIMIT = """mutation($input: BackorderLimitSetInput!) { backorderLimitSet(input: $input) {
    supplies { kind expected left location { code } } errors { code field } } }"""
LIST = """query($first: Int, $after: String, $filter: PurchaseOrderFilter) {
    purchaseOrders(first: $first, after: $after, filter: $filter) {
        nodes { number status lines { expected purchaseOrder { number } variant { sku } location { code } } }
        pageInfo { hasNextPage endCursor } totalCount } }"""
SUPPLIES = """query($first: Int, $after: String, $filter: SupplyFilter) {
    supplies(first: $first, after: $after, filter: $filter) {
        nodes { kind outstanding late expectedAt purchaseOrder { number } }
        pageInfo { hasNextPage endCursor } totalCount } }"""
AVAILABILITY = """query($by: DateTime) { variant(sku: "kettle") { availability {
    inStock shippable soon: shippable(by: $by) ahead { kind quantity availableAt } } } }"""


def delivery(shop: Shop, key: str = "put", **more: object) -> dict[str, object]:
    lines = [
        {
            "variantId": shop.variant_ref("kettle"),
            "expected": 5,
            "expectedAt": "2026-12-01T10:00:00Z",
            "soldAhead": 3,
        }
    ]
    return {
        "number": "PO-7",
        "supplier": "Potters & Co",
        "locationId": shop.location_ref("warehouse"),
        "lines": lines,
        "idempotencyKey": key,
    } | more


class TestPurchaseOrder:
    async def test_goes_from_announced_to_closed(self, client: Client, shop: Shop) -> None:
        access = shop.token("operator")

        put = await client.mutate(PUT, {"input": delivery(shop)}, token=access)
        order = put["purchaseOrder"]
        lines = [{"variantId": shop.variant_ref("kettle"), "quantity": 4}]
        received = await client.mutate(
            RECEIVE, {"input": {"purchaseOrderId": order["id"], "lines": lines, "idempotencyKey": "r"}}, token=access
        )
        closed = await client.mutate(
            CLOSE, {"input": {"purchaseOrderId": order["id"], "idempotencyKey": "c"}}, token=access
        )

        assert order["status"] == "OPEN"
        assert order["nextActions"] == ["purchaseOrderPut", "purchaseOrderReceive", "purchaseOrderCancel"]
        assert order["lines"] == [
            {
                "kind": "PURCHASE_ORDER", "expected": 5, "received": 0, "outstanding": 5, "soldAhead": 3, "reserved": 0,
                "left": 3, "late": False, "expectedAt": "2026-12-01T10:00:00Z", "variant": {"sku": "kettle"},
            }
        ]  # fmt: skip
        assert received["purchaseOrder"]["lines"] == [{"received": 4, "outstanding": 1}]
        assert "purchaseOrderClose" in received["purchaseOrder"]["nextActions"]
        assert closed["purchaseOrder"] == {"status": "CLOSED", "nextActions": [], "lines": [{"lost": 1}]}
        assert await shop.on_hand("kettle") == 4
        assert await broken_rules(shop) == []

    async def test_received_twice_with_one_key_is_received_once(self, client: Client, shop: Shop) -> None:
        access = shop.token("operator")
        order = (await client.mutate(PUT, {"input": delivery(shop)}, token=access))["purchaseOrder"]
        lines = [{"variantId": shop.variant_ref("kettle"), "quantity": 2}]
        call = {"input": {"purchaseOrderId": order["id"], "lines": lines, "idempotencyKey": "once"}}

        for _ in range(2):
            await client.mutate(RECEIVE, call, token=access)

        assert await shop.on_hand("kettle") == 2

    async def test_shows_no_actions_to_those_who_may_not(self, client: Client, shop: Shop) -> None:
        made = await announce(shop, {"kettle": 1}, at="camden")
        ask = "query($id: ID!) { purchaseOrder(id: $id) { number nextActions } }"

        found = await client.query(ask, {"id": encode(IdKind.PURCHASE_ORDER, made.id)}, token=shop.token("associate"))

        assert found["purchaseOrder"] == {"number": "PO-1", "nextActions": []}

    async def test_refusals_name_the_field(self, client: Client, shop: Shop) -> None:
        access = shop.token("operator")
        await client.mutate(PUT, {"input": delivery(shop)}, token=access)
        unknown = encode(IdKind.VARIANT, shop.locations["camden"])
        line = {"variantId": shop.variant_ref("kettle"), "expected": 5}
        wrong: list[tuple[dict[str, object], str, list[str]]] = [
            ({"number": " "}, "INVALID", ["number"]),
            ({"supplier": "x" * 101}, "INVALID", ["supplier"]),
            ({"locationId": shop.location_ref("camden")}, "CONFLICT", ["locationId"]),
            ({"lines": [line, line]}, "INVALID", ["lines", "1", "variantId"]),
            ({"lines": [line | {"variantId": unknown}]}, "NOT_FOUND", ["lines", "0", "variantId"]),
            ({"lines": [line | {"expected": -1}]}, "INVALID", ["lines", "0", "expected"]),
            ({"lines": [line | {"soldAhead": 1_000_001}]}, "INVALID", ["lines", "0", "soldAhead"]),
            (
                {"lines": [{"variantId": shop.variant_ref("mug"), "expected": 0}]},
                "INVALID",
                ["lines", "0", "expected"],
            ),
        ]

        for i, (changes, code, field) in enumerate(wrong):
            [error] = await client.refused(PUT, {"input": delivery(shop, f"wrong {i}", **changes)}, token=access)
            assert (error["code"], error["field"]) == (code, field)

    async def test_of_which_nothing_came_is_cancelled(self, client: Client, shop: Shop) -> None:
        access = shop.token("operator")
        order = (await client.mutate(PUT, {"input": delivery(shop)}, token=access))["purchaseOrder"]
        ended = {"input": {"purchaseOrderId": order["id"], "idempotencyKey": "x"}}

        [error] = await client.refused(CLOSE, ended, token=access)
        cancelled = await client.mutate(CANCEL, ended, token=access)

        assert error["code"] == "ILLEGAL_TRANSITION"
        assert cancelled["purchaseOrder"] == {"status": "CANCELLED", "nextActions": []}


class TestPurchaseOrders:
    async def test_are_paged_newest_first_within_the_callers_locations(self, client: Client, shop: Shop) -> None:
        for number, at in (("PO-1", "warehouse"), ("PO-2", "camden"), ("PO-3", "camden")):
            await announce(shop, {"kettle": 1, "mug": 2}, number=number, at=at)

        first = (await client.query(LIST, {"first": 2}, token=shop.token("operator")))["purchaseOrders"]
        after = first["pageInfo"]["endCursor"]
        rest = (await client.query(LIST, {"first": 2, "after": after}, token=shop.token("operator")))["purchaseOrders"]
        own = (await client.query(LIST, {}, token=shop.token("associate")))["purchaseOrders"]
        one = (await client.query(LIST, {"filter": {"number": "PO-2"}}, token=shop.token("operator")))["purchaseOrders"]

        assert [node["number"] for node in first["nodes"]] == ["PO-3", "PO-2"]
        assert [node["number"] for node in rest["nodes"]] == ["PO-1"]
        assert (first["totalCount"], rest["pageInfo"]["hasNextPage"]) == (3, False)
        assert [node["number"] for node in own["nodes"]] == ["PO-3", "PO-2"]
        assert one["totalCount"] == 1

    async def test_cost_the_same_however_many(self, client: Client, shop: Shop, statements: Statements) -> None:
        counts = []
        for number in range(1, 4):
            await announce(shop, {"kettle": 1, "mug": 2}, number=f"PO-{number}")
            async with statements() as sent:
                await client.query(LIST, {}, token=shop.token("operator"))
            counts.append(sent.count)

        assert len(set(counts)) == 1


class TestSupplies:
    async def test_come_by_date_and_without_one_last(self, client: Client, shop: Shop, clock: StoppedClock) -> None:
        await limit(shop, "kettle", 9)
        await announce(shop, {"kettle": 2}, number="PO-2", expected_at=NEXT_WEEK + timedelta(days=1))
        await announce(shop, {"kettle": 1}, number="PO-1")
        gone = await announce(shop, {"kettle": 4}, number="PO-3")
        await receive(shop, gone.id, {"kettle": 4})
        clock.advance(days=7, seconds=1)
        access = shop.token("operator")

        found = (await client.query(SUPPLIES, {}, token=access))["supplies"]
        first = (await client.query(SUPPLIES, {"first": 2}, token=access))["supplies"]
        after = first["pageInfo"]["endCursor"]
        rest = (await client.query(SUPPLIES, {"first": 2, "after": after}, token=access))["supplies"]
        late = (await client.query(SUPPLIES, {"filter": {"late": True}}, token=access))["supplies"]
        everything = (await client.query(SUPPLIES, {"filter": {"open": None}}, token=access))["supplies"]

        assert [node["outstanding"] for node in found["nodes"]] == [1, 2, 9]
        assert [node["purchaseOrder"] and node["purchaseOrder"]["number"] for node in found["nodes"]] == [
            "PO-1",
            "PO-2",
            None,
        ]
        assert first["nodes"] + rest["nodes"] == found["nodes"]
        assert [node["late"] for node in late["nodes"]] == [True]
        assert everything["totalCount"] == 4

    async def test_cost_the_same_however_many(self, client: Client, shop: Shop, statements: Statements) -> None:
        counts = []
        for number in range(1, 4):
            await announce(shop, {"kettle": 1, "mug": 2}, number=f"PO-{number}")
            async with statements() as sent:
                await client.query(SUPPLIES, {}, token=shop.token("operator"))
            counts.append(sent.count)

        assert len(set(counts)) == 1


class TestBackorderLimit:
    async def test_is_set_and_ended(self, client: Client, shop: Shop) -> None:
        line: dict[str, object] = {
            "variantId": shop.variant_ref("kettle"),
            "locationId": shop.location_ref("warehouse"),
            "limit": 3,
        }
        access = shop.token("operator")

        put = await client.mutate(LIMIT, {"input": {"lines": [line], "idempotencyKey": "1"}}, token=access)
        ended = await client.mutate(
            LIMIT, {"input": {"lines": [line | {"limit": None}], "idempotencyKey": "2"}}, token=access
        )

        assert put["supplies"] == [{"kind": "BACKORDER", "expected": 3, "left": 3, "location": {"code": "warehouse"}}]
        assert [supply["left"] for supply in ended["supplies"]] == [0]

    @pytest.mark.parametrize(
        ("changes", "code", "field"),
        [
            ({"limit": -1}, "INVALID", ["lines", "0", "limit"]),
            ({"limit": 1_000_001}, "INVALID", ["lines", "0", "limit"]),
        ],
    )
    async def test_out_of_range_is_refused(
        self, client: Client, shop: Shop, changes: dict[str, object], code: str, field: list[str]
    ) -> None:
        line = {
            "variantId": shop.variant_ref("kettle"),
            "locationId": shop.location_ref("warehouse"),
            "limit": 1,
        } | changes

        [error] = await client.refused(
            LIMIT, {"input": {"lines": [line], "idempotencyKey": "1"}}, token=shop.token("operator")
        )

        assert (error["code"], error["field"]) == (code, field)


class TestAvailability:
    async def test_by_a_date_counts_what_comes_until_then(
        self, client: Client, shop: Shop, clock: StoppedClock
    ) -> None:
        purchase = await announce(shop, {"kettle": 5}, sold_ahead=4)
        await announce(shop, {"kettle": 2}, number="PO-2", expected_at=None)
        await limit(shop, "kettle", 9, at="leeds")
        await place(shop, waiting(shipped("kettle", 1), on=(await supply_of(shop, purchase.id, "kettle")).id))

        before = await client.query(AVAILABILITY, {"by": (NEXT_WEEK - timedelta(days=1)).isoformat()})
        after = await client.query(AVAILABILITY, {"by": NEXT_WEEK.isoformat()})
        clock.advance(days=8)
        late = await client.query(AVAILABILITY, {"by": NEXT_WEEK.isoformat()})

        found = after["variant"]["availability"]
        assert before["variant"]["availability"]["soon"] == 0
        assert (found["inStock"], found["shippable"], found["soon"]) == (False, 0, 3)
        assert found["ahead"] == [
            {"kind": "INCOMING", "quantity": 3, "availableAt": "2026-12-01T10:00:00Z"},
            {"kind": "BACKORDER", "quantity": 9, "availableAt": None},
            {"kind": "INCOMING", "quantity": 2, "availableAt": None},
        ]
        assert late["variant"]["availability"]["ahead"] == [
            {"kind": "BACKORDER", "quantity": 9, "availableAt": None},
            {"kind": "INCOMING", "quantity": 5, "availableAt": None},
        ]
