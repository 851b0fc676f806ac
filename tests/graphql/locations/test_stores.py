"""What clients see of stores."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

import pytest

from app.kernel.address import Address
from app.locations.rules import ChannelLocationInput, LocationInput, Opening
from app.locations.service import put_channel_locations, put_locations
from app.locations.states import LocationKind
from tests.builders.client import Client, Json
from tests.builders.clock import StoppedClock
from tests.builders.shop import Shop
from tests.builders.statements import Sent

TRAFALGAR_SQUARE = {"latitude": 51.508, "longitude": -0.1281}
STORES = """
query Stores($near: NearInput, $first: Int, $after: String, $channel: String) {
  stores(near: $near, first: $first, after: $after, channel: $channel) {
    totalCount
    pageInfo { hasNextPage hasPreviousPage endCursor }
    edges { cursor distanceKm node { code } }
    nodes { code }
  }
}
"""
STORE = """
query Store($id: ID!) {
  store(id: $id) {
    __typename id code name timezone latitude longitude pickupEnabled openNow
    address { line1 city postalCode country firstName }
    hours { day opens closes }
  }
}
"""
AVAILABILITY = """
query Availability($id: ID!, $lines: [LineInput!]!) {
  store(id: $id) { availability(lines: $lines) {
    complete readyAt lines { requested available variant { sku price { amount } } }
  } }
}
"""
SLOTS = """
query Slots($id: ID!, $from: DateTime, $to: DateTime) {
  store(id: $id) { pickupSlots(from: $from, to: $to) { id startsAt endsAt remaining } }
}
"""


async def codes(client: Client, variables: Json) -> list[str]:
    """List stores by their codes."""
    data = await client.query(STORES, variables)
    return [node["code"] for node in data["stores"]["nodes"]]


async def change(shop: Shop, code: str, **changes: object) -> None:
    """Change one store."""
    store = LocationInput(
        code=code,
        name=code.capitalize(),
        kind=LocationKind.STORE,
        timezone="Europe/London",
        address=Address(line1=f"1 {code.capitalize()} Road", city="London", country="GB"),
        pickup_enabled=True,
    )
    changed = replace(store, **changes)  # type: ignore[arg-type]  # Each is a field of the location.
    await shop.begin().run(lambda uow: put_locations(uow, locations=[changed]))


class TestStores:
    async def test_are_sorted_by_name_or_nearest_first(self, client: Client, shop: Shop) -> None:
        assert await codes(client, {}) == ["camden", "leeds", "soho"]
        assert await codes(client, {"near": TRAFALGAR_SQUARE}) == ["soho", "camden", "leeds"]

    async def test_say_how_far_they_are(self, client: Client, shop: Shop) -> None:
        near = (await client.query(STORES, {"near": TRAFALGAR_SQUARE}))["stores"]["edges"]
        anywhere = (await client.query(STORES))["stores"]["edges"]

        assert [edge["distanceKm"] for edge in near] == pytest.approx([0.85, 3.59, 271.5], abs=1)
        assert {edge["distanceKm"] for edge in anywhere} == {None}

    @pytest.mark.parametrize("near", [None, TRAFALGAR_SQUARE])
    async def test_are_paged(self, client: Client, shop: Shop, near: Json | None) -> None:
        everything = await codes(client, {"near": near})

        first = (await client.query(STORES, {"near": near, "first": 2}))["stores"]
        second = (await client.query(STORES, {"near": near, "first": 2, "after": first["pageInfo"]["endCursor"]}))[
            "stores"
        ]

        assert [node["code"] for node in first["nodes"] + second["nodes"]] == everything
        assert (first["totalCount"], first["pageInfo"]["hasNextPage"], second["pageInfo"]["hasNextPage"]) == (
            3,
            True,
            False,
        )

    async def test_refuse_the_cursor_of_another_order(self, client: Client, shop: Shop) -> None:
        by_name = (await client.query(STORES, {"first": 1}))["stores"]["pageInfo"]["endCursor"]

        [error] = await client.errors(STORES, {"near": TRAFALGAR_SQUARE, "after": by_name})

        assert error["extensions"] == {"code": "INVALID", "field": ["after"]}

    @pytest.mark.parametrize(
        ("postal_code", "nearest"),
        [("LS1 9ZZ", "leeds"), ("ls27 8aa", "leeds"), ("w1f9zz", "soho"), ("NW3 1AA", "camden")],
    )
    async def test_know_postal_codes_by_our_own_places(
        self, client: Client, shop: Shop, postal_code: str, nearest: str
    ) -> None:
        near = {"near": {"postalCode": postal_code, "country": "GB"}}

        assert (await codes(client, near))[0] == nearest

    @pytest.mark.parametrize(
        ("near", "field"),
        [
            ({"postalCode": "ZE1 0AA", "country": "GB"}, "postalCode"),
            ({"postalCode": "NW1 9ZZ", "country": "US"}, "postalCode"),
            ({"postalCode": "", "country": "GB"}, "postalCode"),
            ({"postalCode": "NW1 9ZZ"}, "country"),
        ],
    )
    async def test_refuse_postal_codes_that_nobody_knows(
        self, client: Client, shop: Shop, near: dict[str, str], field: str
    ) -> None:
        answer = await client.execute(STORES, {"near": near})

        assert answer.data == {"stores": None}
        assert answer.errors[0]["extensions"] == {"code": "INVALID", "field": ["near", field]}

    async def test_leave_out_what_is_closed_for_good(self, client: Client, shop: Shop) -> None:
        await change(shop, "soho", archived=True)

        assert await codes(client, {}) == ["camden", "leeds"]
        assert (await client.query(STORE, {"id": shop.location_ref("soho")}))["store"] is None

    async def test_leave_out_those_of_other_channels(self, client: Client, shop: Shop) -> None:
        gone = ChannelLocationInput(channel="web", location="soho", ships=False, hands_out=False)
        await shop.begin().run(lambda uow: put_channel_locations(uow, links=[gone]))

        assert await codes(client, {}) == ["camden", "leeds"]


class TestStore:
    async def test_shows_itself(self, client: Client, shop: Shop) -> None:
        store = (await client.query(STORE, {"id": shop.location_ref("camden")}))["store"]

        assert store["__typename"] == "Store"
        assert store["address"] == {
            "line1": "1 Camden Road", "city": "London", "postalCode": "NW1 9ZZ", "country": "GB", "firstName": None,
        }  # fmt: skip
        assert store["hours"][0] == {"day": "MONDAY", "opens": "09:00", "closes": "18:00"}
        assert store["hours"][-1] == {"day": "SUNDAY", "opens": "11:00", "closes": "17:00"}
        assert (store["timezone"], store["pickupEnabled"], store["openNow"]) == ("Europe/London", True, True)

    async def test_closes_in_the_evening(self, client: Client, shop: Shop, clock: StoppedClock) -> None:
        clock.advance(hours=8)

        assert (await client.query(STORE, {"id": shop.location_ref("camden")}))["store"]["openNow"] is False

    async def test_writes_hours_over_midnight(self, client: Client, shop: Shop) -> None:
        await change(shop, "camden", hours=(Opening(5, 1320, 1560), Opening(6, 0, 1440)))

        hours = (await client.query(STORE, {"id": shop.location_ref("camden")}))["store"]["hours"]

        assert hours == [
            {"day": "SATURDAY", "opens": "22:00", "closes": "02:00"},
            {"day": "SUNDAY", "opens": "00:00", "closes": "00:00"},
        ]

    async def test_is_no_warehouse(self, client: Client, shop: Shop) -> None:
        assert (await client.query(STORE, {"id": shop.location_ref("warehouse")}))["store"] is None

    async def test_needs_the_id_of_a_location(self, client: Client, shop: Shop) -> None:
        [error] = await client.errors(STORE, {"id": shop.variant_ref("mug")})

        assert error["extensions"] == {"code": "INVALID", "field": ["id"]}


class TestLocationNodes:
    NODE = "query Node($id: ID!) { node(id: $id) { __typename id ... on Location { code } } }"

    async def test_show_stores_to_everybody(self, client: Client, shop: Shop) -> None:
        await change(shop, "soho", archived=True)

        for code in ("camden", "soho"):
            node = (await client.query(self.NODE, {"id": shop.location_ref(code)}))["node"]
            assert node == {"__typename": "Store", "id": shop.location_ref(code), "code": code}

    async def test_show_warehouses_to_staff(self, client: Client, shop: Shop) -> None:
        warehouse = {"id": shop.location_ref("warehouse")}

        assert (await client.query(self.NODE, warehouse))["node"] is None
        assert (await client.query(self.NODE, warehouse, token=shop.token("ada")))["node"] is None
        seen = (await client.query(self.NODE, warehouse, token=shop.token("associate")))["node"]
        assert seen == {"__typename": "Warehouse", "id": warehouse["id"], "code": "warehouse"}


def line(shop: Shop, sku: str, quantity: int) -> Json:
    """Ask for units of a variant."""
    return {"variantId": shop.variant_ref(sku), "quantity": quantity}


class TestStoreAvailability:
    async def test_answers_a_whole_cart(self, client: Client, shop: Shop) -> None:
        lines = [line(shop, "mug", 2), line(shop, "tee-s", 4), line(shop, "mug", 3)]

        data = await client.query(AVAILABILITY, {"id": shop.location_ref("camden"), "lines": lines})

        assert data["store"]["availability"] == {
            "complete": True,
            "readyAt": "2026-11-24T12:00:00Z",
            "lines": [
                {"requested": 5, "available": 5, "variant": {"sku": "mug", "price": {"amount": "12.00"}}},
                {"requested": 4, "available": 4, "variant": {"sku": "tee-s", "price": {"amount": "20.00"}}},
            ],
        }

    async def test_knows_its_own_stock_alone(self, client: Client, shop: Shop) -> None:
        lines = [line(shop, "mug", 1), line(shop, "tent", 1)]

        data = await client.query(AVAILABILITY, {"id": shop.location_ref("camden"), "lines": lines})

        availability = data["store"]["availability"]
        assert (availability["complete"], availability["readyAt"]) == (False, None)
        assert [entry["available"] for entry in availability["lines"]] == [5, 0]

    async def test_names_no_time_where_there_are_no_pickups(self, client: Client, shop: Shop) -> None:
        data = await client.query(AVAILABILITY, {"id": shop.location_ref("leeds"), "lines": [line(shop, "lamp", 2)]})

        availability = data["store"]["availability"]
        assert (availability["complete"], availability["readyAt"]) == (True, None)

    async def test_costs_the_same_statements_for_one_line_and_many(
        self, client: Client, shop: Shop, statements: Callable[[], AbstractAsyncContextManager[Sent]]
    ) -> None:
        async def ask(*skus: str) -> int:
            async with statements() as sent:
                lines = [line(shop, sku, 1) for sku in skus]
                await client.query(AVAILABILITY, {"id": shop.location_ref("camden"), "lines": lines})
            return sent.count

        await ask("mug")
        assert await ask("mug", "tee-s", "tee-m", "tee-l") == await ask("mug")

    async def test_refuses_impossible_lines(self, client: Client, shop: Shop) -> None:
        unknown = {"variantId": "var_01h455vb4pex5vsknk084sn02q", "quantity": 1}
        for lines, field in (
            ([line(shop, "mug", 1), unknown], ["lines", "1", "variantId"]),
            ([{"variantId": shop.product_ref("mug"), "quantity": 1}], ["lines", "0", "variantId"]),
            ([line(shop, "mug", 0)], ["lines", "0", "quantity"]),
        ):
            answer = await client.execute(AVAILABILITY, {"id": shop.location_ref("camden"), "lines": lines})

            assert answer.data == {"store": None}
            assert answer.errors[0]["extensions"] == {"code": "INVALID", "field": field}


class TestPickupSlots:
    async def test_are_hours_in_which_goods_can_be_ready(self, client: Client, shop: Shop) -> None:
        data = await client.query(SLOTS, {"id": shop.location_ref("camden"), "to": "2026-11-24T14:00:00Z"})

        slots = data["store"]["pickupSlots"]
        assert [(slot["startsAt"], slot["endsAt"], slot["remaining"]) for slot in slots] == [
            ("2026-11-24T12:00:00Z", "2026-11-24T13:00:00Z", 2),
            ("2026-11-24T13:00:00Z", "2026-11-24T14:00:00Z", 2),
        ]
        assert len({slot["id"] for slot in slots}) == len(slots)

    async def test_are_none_where_there_are_no_pickups(self, client: Client, shop: Shop) -> None:
        assert (await client.query(SLOTS, {"id": shop.location_ref("leeds")}))["store"]["pickupSlots"] == []

    async def test_of_all_stores_cost_the_same_statements(
        self, client: Client, shop: Shop, statements: Callable[[], AbstractAsyncContextManager[Sent]]
    ) -> None:
        document = (
            "query Slots($first: Int) { stores(first: $first) { nodes { openNow hours { day } pickupSlots { id } } } }"
        )
        await client.query(document, {"first": 3})

        async with statements() as for_one:
            await client.query(document, {"first": 1})
        async with statements() as for_all:
            await client.query(document, {"first": 3})

        assert for_all.count == for_one.count

    async def test_refuse_a_window_without_end(self, client: Client, shop: Shop) -> None:
        [error] = await client.errors(SLOTS, {"id": shop.location_ref("camden"), "to": "2028-01-01T00:00:00Z"})

        assert error["extensions"] == {"code": "INVALID", "field": ["to"]}
