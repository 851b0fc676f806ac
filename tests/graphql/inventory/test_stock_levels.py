"""People who work here see levels and the ledger of their locations, now and as they were, page by page."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any

import pytest

from app.inventory.states import MovementReason
from app.kernel.ids import IdKind, decode, encode
from tests.builders.client import Client
from tests.builders.clock import StoppedClock
from tests.builders.shop import PEOPLE, Shop
from tests.builders.statements import Sent
from tests.builders.stocked import Shelves

pytestmark = pytest.mark.anyio

MUGS = ("mug", "camden")
#: Each has one entry in the ledger, of the opening.
LEVELS_THERE = 16
Json = dict[str, Any]

LEVELS = """
query($filter: StockLevelFilter, $as_of: DateTime, $first: Int, $after: String) {
  stockLevels(filter: $filter, asOf: $as_of, first: $first, after: $after) {
    totalCount pageInfo { hasNextPage endCursor }
    nodes { variant { sku } location { code } sellable damaged quality onHand soft firm available safetyStock ownSafetyStock
            movedAt incoming asOf }
  }
}
"""
MOVEMENTS = """
query($filter: StockMovementFilter, $first: Int, $after: String) {
  stockMovements(filter: $filter, first: $first, after: $after) {
    pageInfo { hasNextPage endCursor }
    nodes { variant { sku } location { code } bucket delta balance reason causeKind causeId note actor actorId at }
  }
}
"""


@pytest.fixture
def shelves(shop: Shop) -> Shelves:
    """The shelves of the test shop, with their opening stock."""
    return Shelves(shop)


async def levels(client: Client, shop: Shop, *, by: str = "admin", **asked: object) -> Json:
    data = await client.query(LEVELS, asked, token=shop.token(by))
    found: Json = data["stockLevels"]
    return found


async def movements(client: Client, shop: Shop, *, by: str = "admin", **asked: object) -> Json:
    data = await client.query(MOVEMENTS, asked, token=shop.token(by))
    found: Json = data["stockMovements"]
    return found


def named(found: Json) -> set[tuple[str, str]]:
    """Say which levels a page has."""
    return {(node["variant"]["sku"], node["location"]["code"]) for node in found["nodes"]}


class TestStockLevels:
    async def test_say_what_is_there_and_what_of_it_is_promised(
        self, client: Client, shop: Shop, shelves: Shelves
    ) -> None:
        await shelves.hold({MUGS: 1})
        await shelves.promise({MUGS: 2})

        found = await levels(client, shop, filter={"skus": ["mug"], "locationId": shop.location_ref("camden")})

        (level,) = found["nodes"]
        assert found["totalCount"] == 1
        counts = {
            name: level[name] for name in ("sellable", "damaged", "quality", "onHand", "soft", "firm", "available")
        }
        assert counts == {
            "sellable": 5, "damaged": 0, "quality": 0, "onHand": 5, "soft": 1, "firm": 2, "available": 2,
        }  # fmt: skip
        assert (level["safetyStock"], level["ownSafetyStock"], level["incoming"], level["asOf"]) == (0, None, 0, None)

    async def test_are_paged_by_variant_and_location_without_a_gap(self, client: Client, shop: Shop) -> None:
        whole = await levels(client, shop, first=100)
        found, after = [], None
        while True:
            page = await levels(client, shop, first=3, after=after)
            found += page["nodes"]
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                break

        assert found == whole["nodes"]
        assert len(found) == whole["totalCount"] == LEVELS_THERE

    async def test_of_several_places_come_in_the_same_order(self, client: Client, shop: Shop) -> None:
        places = [shop.location_ref(code) for code in ("camden", "soho")]
        everything = (await levels(client, shop, first=100))["nodes"]

        found, after = [], None
        for _ in range(20):
            page = await levels(client, shop, filter={"locationIds": places}, first=2, after=after)
            found += page["nodes"]
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                break

        assert found == [level for level in everything if level["location"]["code"] in {"camden", "soho"}]

    async def test_can_be_asked_by_variant_prefix_and_bucket(
        self, client: Client, shop: Shop, shelves: Shelves
    ) -> None:
        order = await shelves.promise({MUGS: 1})
        await shelves.write_off(order, {MUGS: 1}, reason=MovementReason.DAMAGED)

        tees = await levels(client, shop, filter={"skuPrefix": "TEE-"}, first=100)
        mugs = await levels(client, shop, filter={"variantIds": [shop.variant_ref("mug")]})
        broken = await levels(client, shop, filter={"bucket": "DAMAGED"})
        percent = await levels(client, shop, filter={"skuPrefix": "%"})

        assert {sku for sku, _ in named(tees)} == {"tee-s", "tee-m", "tee-l"}
        assert named(mugs) == {("mug", code) for code in ("warehouse", "camden", "soho")}
        assert named(broken) == {MUGS}
        assert (percent["nodes"], percent["totalCount"]) == ([], 0)

    async def test_can_be_those_that_are_empty_or_below_safety_stock(
        self, client: Client, shop: Shop, shelves: Shelves
    ) -> None:
        await shelves.count({("tent", "warehouse"): 0})
        await shop.begin().run(
            lambda uow: uow.execute(
                "UPDATE levels SET safety_stock = 6 WHERE variant_id = $1 AND location_id = $2",
                [shop.variants["mug"], shop.locations["camden"]],
            )
        )

        empty = await levels(client, shop, filter={"inStock": False})
        low = await levels(client, shop, filter={"belowSafety": True})

        assert named(empty) == {("tent", "warehouse")}
        assert named(low) == {MUGS}

    async def test_are_those_of_the_callers_locations(self, client: Client, shop: Shop) -> None:
        found = await levels(client, shop, by="associate", first=100)

        assert {code for _, code in named(found)} == {"camden"}
        assert found["totalCount"] == len(found["nodes"])

    @pytest.mark.parametrize(
        ("by", "asked", "code", "field"),
        [
            ("associate", {"filter": {"locationId": "soho"}}, "FORBIDDEN", None),
            ("ada", {}, "FORBIDDEN", None),
            ("admin", {"filter": {"locationId": "nonsense"}}, "INVALID", ["filter", "locationId"]),
            ("admin", {"filter": {"locationIds": ["nonsense"]}}, "INVALID", ["filter", "locationIds", "0"]),
            ("admin", {"filter": {"variantIds": ["nonsense"]}}, "INVALID", ["filter", "variantIds", "0"]),
            ("admin", {"filter": {"skus": ["mug"] * 251}}, "INVALID", ["filter", "skus"]),
            ("admin", {"filter": {"belowSafety": True}, "as_of": "2026-11-01T00:00:00Z"}, "INVALID", ["filter", "belowSafety"]),
            ("admin", {"as_of": "2026-11-24T10:00:01Z"}, "INVALID", ["asOf"]),
            ("admin", {"first": 101}, "INVALID", ["first"]),
            ("admin", {"after": "WyJhIl0="}, "INVALID", ["after"]),
            ("admin", {"after": "WzEsMl0="}, "INVALID", ["after"]),
        ],
    )  # fmt: skip
    async def test_refuse_what_makes_no_sense(
        self, client: Client, shop: Shop, by: str, asked: Json, code: str, field: list[str] | None
    ) -> None:
        if asked.get("filter", {}).get("locationId") == "soho":
            asked = {"filter": {"locationId": shop.location_ref("soho")}}

        (error,) = await client.errors(LEVELS, asked, token=shop.token(by))

        assert error["extensions"]["code"] == code
        assert error["extensions"].get("field") == field

    async def test_cost_the_same_however_many_there_are(
        self, client: Client, shop: Shop, statements: Callable[[], AbstractAsyncContextManager[Sent]]
    ) -> None:
        document = """query($first: Int) { stockLevels(first: $first) { nodes {
            incoming variant { sku } location { code } movements(first: 3) { nodes { delta } } } } }"""
        counts = []
        for first in (1, LEVELS_THERE):
            async with statements() as sent:
                await client.query(document, {"first": first}, token=shop.token("admin"))
            counts.append(sent.count)

        assert counts[0] == counts[1]


class TestStockAsOf:
    async def test_is_what_was_there_then(
        self, client: Client, shop: Shop, shelves: Shelves, clock: StoppedClock
    ) -> None:
        before = clock.at
        clock.advance(hours=1)
        await shelves.count({MUGS: 9, ("kettle", "leeds"): 4})
        clock.advance(hours=1)
        asked: Json = {
            "filter": {"skus": ["mug", "kettle"], "locationIds": [shop.location_ref(c) for c in ("camden", "leeds")]}
        }

        then = await levels(client, shop, **asked, as_of=before.isoformat())
        at_the_count = await levels(client, shop, **asked, as_of=(before + timedelta(hours=1)).isoformat())

        units = [
            [(level["variant"]["sku"], level["sellable"]) for level in page["nodes"]] for page in (then, at_the_count)
        ]
        assert units == [[("mug", 5), ("kettle", 0)], [("mug", 9), ("kettle", 4)]]
        for level in then["nodes"]:
            unknown = ("soft", "firm", "available", "safetyStock", "ownSafetyStock", "movedAt", "incoming")
            assert [level[name] for name in unknown] == [None] * len(unknown)

    async def test_can_be_asked_for_what_was_in_stock(
        self, client: Client, shop: Shop, shelves: Shelves, clock: StoppedClock
    ) -> None:
        before = clock.at
        clock.advance(hours=1)
        await shelves.count({("tent", "warehouse"): 0})

        then = await levels(client, shop, filter={"skus": ["tent"], "inStock": True}, as_of=before.isoformat())

        assert (named(then), then["totalCount"]) == ({("tent", "warehouse")}, 1)

    async def test_shows_the_ledger_up_to_then(
        self, client: Client, shop: Shop, shelves: Shelves, clock: StoppedClock
    ) -> None:
        before = clock.at
        clock.advance(hours=1)
        await shelves.count({MUGS: 9})
        document = """query($sku: String!, $as_of: DateTime, $places: [ID!]) { variant(sku: $sku) {
            stockLevels(asOf: $as_of, locationIds: $places) { nodes { movements { nodes { balance } } } } } }"""
        given = {"sku": "mug", "places": [shop.location_ref("camden")]}

        answers = [
            await client.query(document, {**given, "as_of": as_of}, token=shop.token("manager"))
            for as_of in (before.isoformat(), None)
        ]

        balances = [
            [entry["balance"] for entry in answer["variant"]["stockLevels"]["nodes"][0]["movements"]["nodes"]]
            for answer in answers
        ]
        assert balances == [[5], [9, 5]]


class TestStockOfGoodsAndPlaces:
    async def test_is_for_people_who_work_there(self, client: Client, shop: Shop) -> None:
        document = """query($id: ID!) { variant(sku: "mug") { stockLevels { totalCount nodes { location { code } } } }
            node(id: $id) { ... on Store { stockLevels { nodes { variant { sku } } } } } }"""
        given = {"id": shop.location_ref("soho")}

        shopper = await client.query(document, given)
        manager = await client.query(document, given, token=shop.token("manager"))
        admin = await client.query(document, given, token=shop.token("admin"))

        assert shopper == {"variant": {"stockLevels": None}, "node": {"stockLevels": None}}
        assert manager["variant"]["stockLevels"] == {"totalCount": 1, "nodes": [{"location": {"code": "camden"}}]}
        assert manager["node"]["stockLevels"] is None
        assert admin["variant"]["stockLevels"]["totalCount"] == 3
        assert [level["variant"]["sku"] for level in admin["node"]["stockLevels"]["nodes"]] == ["mug", "lamp"]

    async def test_is_one_question_for_all_of_a_list(
        self, client: Client, shop: Shop, statements: Callable[[], AbstractAsyncContextManager[Sent]]
    ) -> None:
        document = "{ products { nodes { variants { stockLevels(first: 2) { nodes { sellable } } } } } }"

        async with statements() as sent:
            await client.query(document, token=shop.token("admin"))

        assert len([sql for sql in sent.statements if "FROM levels" in sql]) == 1


class TestStockMovements:
    async def test_tell_why_by_whom_and_for_what(self, client: Client, shop: Shop, shelves: Shelves) -> None:
        order = await shelves.promise({MUGS: 2})
        await shelves.ship(order, {MUGS: 2})
        await shelves.count({MUGS: 8}, by="manager")

        found = await movements(
            client, shop, filter={"variantId": shop.variant_ref("mug"), "locationId": shop.location_ref("camden")}
        )

        counted, shipped, opening = found["nodes"]
        assert (counted["delta"], counted["balance"], counted["reason"], counted["causeKind"]) == (5, 8, "FEED", "FEED")
        assert (counted["actor"], counted["actorId"]) == ("STAFF", encode(IdKind.USER, PEOPLE["manager"].user_id))
        assert (shipped["delta"], shipped["balance"], shipped["causeKind"]) == (-2, 3, "ORDER")
        assert (decode(IdKind.ORDER, shipped["causeId"]), shipped["actor"], shipped["actorId"]) == (
            order.id,
            "SYSTEM",
            None,
        )
        assert (opening["reason"], opening["causeId"]) == ("OPENING", None)

    @pytest.mark.parametrize("along", ["variant", "location", "everything", "places"])
    async def test_are_paged_newest_first_without_a_gap(
        self, client: Client, shop: Shop, shelves: Shelves, clock: StoppedClock, along: str
    ) -> None:
        for units in range(6, 12):
            # Several at one instant, and several instants.
            await shelves.count({MUGS: units, ("mug", "soho"): units, ("lamp", "soho"): units})
            clock.advance(minutes=units % 2)
        wanted: Json = {
            "variant": {"variantId": shop.variant_ref("mug")},
            "location": {"locationId": shop.location_ref("soho")},
            "everything": {},
            "places": {"from": "2026-11-01T00:00:00Z"},
        }[along]
        by = "manager" if along == "places" else "admin"
        whole = (await movements(client, shop, by=by, filter=wanted, first=100))["nodes"]

        found, after = [], None
        for _ in range(40):
            page = await movements(client, shop, by=by, filter=wanted, first=2, after=after)
            found += page["nodes"]
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                break

        assert found == whole
        assert [entry["at"] for entry in found] == sorted((entry["at"] for entry in found), reverse=True)
        assert len(found) >= 6

    async def test_can_be_asked_by_cause_reason_bucket_and_time(
        self, client: Client, shop: Shop, shelves: Shelves, clock: StoppedClock
    ) -> None:
        order = await shelves.promise({MUGS: 2})
        await shelves.ship(order, {MUGS: 1})
        await shelves.write_off(order, {MUGS: 1}, reason=MovementReason.DAMAGED)
        later = clock.advance(hours=1)
        await shelves.count({MUGS: 8})

        async def deltas(**wanted: object) -> list[int]:
            return [entry["delta"] for entry in (await movements(client, shop, filter=wanted))["nodes"]]

        assert sorted(await deltas(causeId=encode(IdKind.ORDER, order.id))) == [-1, -1, 1]
        assert await deltas(reason=["SHIPPED"]) == [-1]
        assert await deltas(bucket="DAMAGED") == [1]
        assert await deltas(causeKind="ORDER", bucket="DAMAGED") == [1]
        assert await deltas(**{"from": later.isoformat()}) == [5]
        assert len(await deltas(to=later.isoformat())) == LEVELS_THERE + 3
        assert await deltas(**{"from": later.isoformat(), "to": later.isoformat()}) == []

    async def test_are_those_of_the_callers_locations(self, client: Client, shop: Shop, shelves: Shelves) -> None:
        order = await shelves.promise({MUGS: 1, ("mug", "soho"): 1})
        await shelves.ship(order)

        found = await movements(client, shop, by="associate", filter={"causeId": encode(IdKind.ORDER, order.id)})

        assert named(found) == {MUGS}

    @pytest.mark.parametrize(
        ("by", "asked", "code", "field"),
        [
            ("ada", {}, "FORBIDDEN", None),
            ("admin", {"filter": {"causeId": "nonsense"}}, "INVALID", ["filter", "causeId"]),
            ("admin", {"filter": {"causeId": "var_01h455vb4pex5vsknk084sn02q"}}, "INVALID", ["filter", "causeId"]),
            ("admin", {"filter": {"variantId": "nonsense"}}, "INVALID", ["filter", "variantId"]),
            ("admin", {"after": "WyJhIl0="}, "INVALID", ["after"]),
            ("admin", {"after": "WyIyMDI2LTExLTI0VDEwOjAwOjAwKzAwOjAwIiwiMSIsMSwiUyIsIjEiXQ=="}, "INVALID", ["after"]),
        ],
    )
    async def test_refuse_what_makes_no_sense(
        self, client: Client, shop: Shop, by: str, asked: Json, code: str, field: list[str] | None
    ) -> None:
        (error,) = await client.errors(MOVEMENTS, asked, token=shop.token(by))

        assert (error["extensions"]["code"], error["extensions"].get("field")) == (code, field)
