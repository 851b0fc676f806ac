"""Stores near me, with a whole cart, in one statement."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from app.kernel.ids import IdKind, encode
from app.locations.rules import PostalCode
from app.locations.service import put_postal_codes
from tests.builders.client import Client, Json
from tests.builders.shop import Shop
from tests.builders.statements import Sent
from tests.builders.supplied import bundle, collected_by_transfer, link, new_variant

Count = Callable[[], AbstractAsyncContextManager[Sent]]
TRAFALGAR_SQUARE = {"latitude": 51.508, "longitude": -0.1281}
#: As a client would write it: with fragments, and everything that a list of stores shows.
NEAR_ME = """
query NearMe(
  $near: NearInput, $lines: [LineInput!]!, $required: [LineInput!], $first: Int, $after: String, $withinKm: Float, $pickup: Boolean,
  $complete: Boolean
) {
  stores(
    near: $near, first: $first, after: $after, withinKm: $withinKm, pickup: $pickup, lines: $required, complete: $complete
  ) {
    pageInfo { hasNextPage endCursor }
    edges { distanceKm ...Found }
  }
}
fragment Found on StoreEdge { node { ...Shown ... on Store { availability(lines: $lines) { ...Told } } } }
fragment Shown on Location { id code name }
fragment Told on StoreAvailability {
  complete readyAt lines { requested available fromTransfer variant { id sku name } }
}
"""


def line(shop: Shop, sku: str, quantity: int) -> Json:
    return {"variantId": shop.variant_ref(sku), "quantity": quantity}


async def near_me(client: Client, **variables: object) -> list[Json]:
    data = await client.query(NEAR_ME, {"near": TRAFALGAR_SQUARE, **variables})
    edges: list[Json] = data["stores"]["edges"]
    return edges


async def many_stores(shop: Shop, stores: int, skus: int) -> list[Json]:
    """Open a chain of stores that have something of everything; answers a cart of all that it sells."""
    await shop.begin().run(
        lambda uow: uow.execute(
            """
            WITH opened AS (
                INSERT INTO locations (id, code, name, latitude, longitude, kind, address, timezone, pickup_enabled,
                    pickup_lead_minutes, pickup_slot_capacity, pickup_hold_days, created_at)
                SELECT gen_random_uuid(), 'chain-' || n, 'Chain ' || n, 50 + n * 0.005, -2 + (n % 37) * 0.05, kind, address,
                    timezone, pickup_enabled, pickup_lead_minutes, pickup_slot_capacity, pickup_hold_days, created_at
                FROM locations, generate_series(1, $1::int) AS n WHERE code = 'camden' RETURNING id
            ), linked AS (
                INSERT INTO channel_locations SELECT $3::uuid, id, true, true FROM opened
            ), opening AS (
                INSERT INTO opening_hours SELECT id, day, 540, 1080 FROM opened, generate_series(0, 6) AS day
            ), sold AS (
                INSERT INTO variants (id, product_id, sku, name, position)
                SELECT gen_random_uuid(), product_id, 'chain-' || n, 'Chain', n FROM variants, generate_series(1, $2::int) AS n
                WHERE sku = 'mug' RETURNING id
            ) INSERT INTO levels (variant_id, location_id, sellable) SELECT sold.id, opened.id, 3 FROM sold, opened
            """,
            [stores, skus, shop.channel_id],
        )
    )
    return [
        {"variantId": encode(IdKind.VARIANT, row[0]), "quantity": 2}
        for row in await shop.fetch("SELECT id FROM variants WHERE sku LIKE 'chain-%'")
    ]


class TestNearMe:
    async def test_tells_distance_stock_and_when_it_is_ready(self, client: Client, shop: Shop) -> None:
        wanted = [line(shop, "mug", 2), line(shop, "tee-s", 1), line(shop, "mug", 2)]

        [soho, camden, leeds] = await near_me(client, lines=wanted)

        assert (soho["distanceKm"], soho["node"]["code"]) == (pytest.approx(0.85, abs=0.1), "soho")
        assert soho["node"]["availability"]["complete"] is False
        mug, tee = ({"id": shop.variant_ref(sku), "sku": sku, "name": name} for sku, name in (("mug", "Stoneware Mug"), ("tee-s", "S")))  # fmt: skip
        assert camden["node"]["availability"] == {
            "complete": True,
            "readyAt": "2026-11-24T12:00:00Z",
            "lines": [
                {"requested": 4, "available": 5, "fromTransfer": 0, "variant": mug},
                {"requested": 1, "available": 4, "fromTransfer": 0, "variant": tee},
            ],
        }
        assert leeds["node"]["availability"]["lines"][1]["available"] == 4

    async def test_costs_one_statement_for_a_thousand_stores_and_twenty_lines(
        self, client: Client, shop: Shop, statements: Count
    ) -> None:
        wanted = await many_stores(shop, 1_000, 20)

        for near in (TRAFALGAR_SQUARE, {"postalCode": "10001", "country": "US"}, None):
            async with statements() as sent:
                edges = await near_me(client, near=near, lines=wanted, first=100)

            assert sent.count == 1, sent.statements
            assert len(edges) == 100
            chain = [edge for edge in edges if edge["node"]["code"].startswith("chain-")]
            assert len(chain) > 90
            for edge in chain:
                assert edge["node"]["availability"]["complete"]
                assert {(told["requested"], told["available"]) for told in edge["node"]["availability"]["lines"]} == {
                    (2, 3)
                }

    async def test_costs_one_statement_when_only_complete_stores_are_wanted(
        self, client: Client, shop: Shop, statements: Count
    ) -> None:
        wanted = [line(shop, "mug", 4), line(shop, "tee-s", 1)]

        async with statements() as sent:
            edges = await near_me(
                client, lines=wanted, required=wanted, complete=True, pickup=True, withinKm=50.0
            )  # fmt: skip

        assert [edge["node"]["code"] for edge in edges] == ["camden"]
        assert sent.count == 1

    async def test_tells_hours_and_what_is_asked_inline_with_it(
        self, client: Client, shop: Shop, statements: Count
    ) -> None:
        document = """{ stores { nodes { openNow hours { day } availability(lines: [{variantId: "%s", quantity: 1}]) { complete } } } }"""

        async with statements() as sent:
            data = await client.query(document % shop.variant_ref("mug"))

        assert sent.count == 1
        assert [node["availability"]["complete"] for node in data["stores"]["nodes"]] == [True, False, True]

    async def test_answers_several_questions_at_once(self, client: Client, shop: Shop, statements: Count) -> None:
        document = """
          query($a: [LineInput!]!, $b: [LineInput!]!) { stores { nodes {
            a: availability(lines: $a) { complete } b: availability(lines: $b) { complete }
            again: availability(lines: $a) { complete } there: availability(lines: $a, channel: "web") { complete }
          } } }
        """

        async with statements() as sent:
            data = await client.query(document, {"a": [line(shop, "mug", 4)], "b": [line(shop, "lamp", 2)]})

        answers = [{key: told["complete"] for key, told in node.items()} for node in data["stores"]["nodes"]]
        assert answers == [
            {"a": True, "b": False, "again": True, "there": True},
            {"a": False, "b": True, "again": False, "there": False},
            {"a": False, "b": True, "again": False, "there": False},
        ]
        # The stores with the first question, the second one, the channel that is named, and what was asked of it.
        assert sent.count == 4

    async def test_is_paged(self, client: Client, shop: Shop) -> None:
        wanted = [line(shop, "tee-s", 1)]
        everything = await near_me(client, lines=wanted, required=wanted, complete=True)

        first = (await client.query(NEAR_ME, {"lines": wanted, "required": wanted, "complete": True, "near": TRAFALGAR_SQUARE, "first": 1}))["stores"]  # fmt: skip
        second = await near_me(
            client, lines=wanted, required=wanted, complete=True, after=first["pageInfo"]["endCursor"]
        )

        assert [edge["node"]["code"] for edge in everything] == ["camden", "leeds"]
        assert first["pageInfo"]["hasNextPage"]
        assert [*first["edges"], *second] == everything

    async def test_counts_the_stores_that_are_wanted(self, client: Client, shop: Shop) -> None:
        document = """
          query($near: NearInput, $lines: [LineInput!]) {
            near: stores(near: $near, withinKm: 10) { totalCount }
            complete: stores(lines: $lines, complete: true) { totalCount }
            pickup: stores(pickup: true) { totalCount }
          }
        """

        data = await client.query(document, {"near": TRAFALGAR_SQUARE, "lines": [line(shop, "tee-s", 4)]})

        assert {key: value["totalCount"] for key, value in data.items()} == {"near": 2, "complete": 2, "pickup": 2}

    async def test_sees_bundles(self, client: Client, shop: Shop) -> None:
        bundle_id = await new_variant(shop, "tea-set", "kitchen")
        await bundle(shop, "tea-set", {"mug": 2, "lamp": 1})
        wanted = [{"variantId": encode(IdKind.VARIANT, bundle_id), "quantity": 1}]

        edges = await near_me(client, lines=wanted)

        assert {edge["node"]["code"]: edge["node"]["availability"]["complete"] for edge in edges} == {
            "soho": True, "camden": False, "leeds": False,
        }  # fmt: skip

    async def test_does_not_hand_out_for_a_channel_that_a_store_does_not_serve(
        self, client: Client, shop: Shop
    ) -> None:
        await link(shop, "camden", ships=True, hands_out=False)

        edges = await near_me(client, lines=[line(shop, "mug", 1)])
        document = "query($id: ID!, $lines: [LineInput!]!) { store(id: $id) { availability(lines: $lines) { complete lines { available } } } }"
        alone = await client.query(document, {"id": shop.location_ref("camden"), "lines": [line(shop, "mug", 1)]})

        [camden] = [edge["node"] for edge in edges if edge["node"]["code"] == "camden"]
        assert (camden["availability"]["complete"], camden["availability"]["lines"][0]["available"]) == (False, 0)
        assert alone["store"]["availability"] == {"complete": False, "lines": [{"available": 0}]}


class TestTransfers:
    async def test_bring_what_a_store_lacks_later(self, client: Client, shop: Shop) -> None:
        await collected_by_transfer(shop, "warehouse", "soho", 180)
        wanted = [line(shop, "mug", 4), line(shop, "lamp", 2)]

        [soho, *_] = await near_me(client, lines=wanted)
        [own, *_] = await near_me(client, lines=[line(shop, "lamp", 2)])

        assert soho["node"]["availability"]["complete"] is True
        # Ten in the morning, three hours on the way, two to prepare.
        assert soho["node"]["availability"]["readyAt"] == "2026-11-24T15:00:00Z"
        told = soho["node"]["availability"]["lines"]
        assert [(one["available"], one["fromTransfer"]) for one in told] == [(13, 10), (7, 5)]
        assert own["node"]["availability"]["readyAt"] == "2026-11-24T12:00:00Z"

    async def test_are_seen_from_the_product_too(self, client: Client, shop: Shop, statements: Count) -> None:
        await collected_by_transfer(shop, "warehouse", "soho", 60 * 8)
        document = """
          query($near: NearInput) { product(slug: "tent") { variants { availability {
            pickup(near: $near) { store { code } quantity fromTransfer readyAt }
          } } } }
        """

        data = await client.query(document, {"near": TRAFALGAR_SQUARE})

        [variant] = data["product"]["variants"]
        assert variant["availability"]["pickup"] == [
            # There when the store has closed; prepared on the next morning.
            {"store": {"code": "soho"}, "quantity": 1, "fromTransfer": 1, "readyAt": "2026-11-25T11:00:00Z"},
            {"store": {"code": "camden"}, "quantity": 0, "fromTransfer": 0, "readyAt": None},
        ]


class TestRefusals:
    @pytest.mark.parametrize(
        ("given", "field"),
        [
            ({"near": {"postalCode": "00000", "country": "US"}}, ["near", "postalCode"]),
            ({"near": {"postalCode": "99999-9999", "country": "US"}}, ["near", "postalCode"]),
            ({"near": {"postalCode": "ZE1 0AA", "country": "GB"}}, ["near", "postalCode"]),
            ({"near": {"postalCode": "x" * 200, "country": "GB"}}, ["near", "postalCode"]),
            ({"near": {"postalCode": "10001"}}, ["near", "country"]),
            ({"near": None, "withinKm": 5.0}, ["near"]),
            ({"withinKm": -0.1}, ["withinKm"]),
            ({"withinKm": 1e9}, ["withinKm"]),
            ({"complete": True}, ["lines"]),
            ({"complete": True, "required": []}, ["lines"]),
        ],
    )
    async def test_name_the_argument(self, client: Client, shop: Shop, given: Json, field: list[str]) -> None:
        variables = {"near": TRAFALGAR_SQUARE, "lines": [line(shop, "mug", 1)], **given}

        answer = await client.execute(NEAR_ME, variables)

        assert answer.data == {"stores": None}
        assert answer.errors[0]["extensions"] == {"code": "INVALID", "field": field}

    async def test_name_the_line(self, client: Client, shop: Shop) -> None:
        unknown = {"variantId": "var_01h455vb4pex5vsknk084sn02q", "quantity": 1}
        for wanted, field in (
            ([line(shop, "mug", 1), unknown], ["lines", "1", "variantId"]),
            ([line(shop, "mug", 0)], ["lines", "0", "quantity"]),
            ([line(shop, "mug", 2**31 - 1), line(shop, "mug", 1)], ["lines", "1", "quantity"]),
        ):
            for variables in ({"lines": wanted}, {"lines": wanted, "required": wanted, "complete": True}):
                answer = await client.execute(NEAR_ME, variables)

                assert answer.data == {"stores": None}
                assert answer.errors[0]["extensions"] == {"code": "INVALID", "field": field}


class TestPostalCodes:
    async def test_are_of_the_only_country_of_the_channel(self, client: Client, shop: Shop) -> None:
        await shop.begin().run(lambda uow: uow.execute("UPDATE channels SET countries = '{GB}'", []))
        await shop.begin().run(lambda uow: put_postal_codes(uow, postal_codes=[PostalCode("GB", "ZE1", 60.15, -1.15)]))

        edges = await near_me(client, near={"postalCode": "ze1 0aa"}, lines=[])

        assert [edge["node"]["code"] for edge in edges] == ["leeds", "camden", "soho"]

    async def test_serve_products_as_well(self, client: Client, shop: Shop) -> None:
        document = """query($near: NearInput) { variant(sku: "mug") { availability { pickup(near: $near) { distanceKm } } } }"""

        data = await client.query(document, {"near": {"postalCode": "10001", "country": "US"}})

        distances = [store["distanceKm"] for store in data["variant"]["availability"]["pickup"]]
        assert distances == [pytest.approx(5_560, abs=20) for _ in ("camden", "soho")]
