"""A stock feed takes its good lines and answers for each of the others; whatever it does, the books stay in order."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any

import pytest

from app.inventory import service as inventory
from app.kernel.ids import new_id
from tests.builders.client import Client
from tests.builders.clock import StoppedClock
from tests.builders.shop import Shop
from tests.builders.statements import Sent
from tests.builders.stocked import Shelves, broken_stock, units

pytestmark = pytest.mark.anyio

MUGS = ("mug", "camden")
LAMPS = ("lamp", "soho")
Json = dict[str, Any]

FEED = """
mutation($input: StockFeedInput!) {
  stockFeed(input: $input) {
    feedId taken changed unchanged refused rowErrors { index field code message } errors { code message field }
  }
}
"""


def line(sku: str, location: str, quantity: int, **more: object) -> Json:
    return {"sku": sku, "locationCode": location, "quantity": quantity, **more}


def said(lines: Sequence[Json], *, mode: str = "SNAPSHOT", key: str = "tonight", **more: object) -> Json:
    return {"input": {"mode": mode, "lines": list(lines), "idempotencyKey": key, **more}}


def counts(payload: Json) -> tuple[int, int, int]:
    return payload["changed"], payload["unchanged"], payload["refused"]


def problems(payload: Json) -> list[tuple[int, str, str]]:
    return [(row["index"], row["field"], row["code"]) for row in payload["rowErrors"]]


@pytest.fixture
def shelves(shop: Shop) -> Shelves:
    """The shelves of the test shop, with their opening stock."""
    return Shelves(shop)


async def feed(client: Client, shop: Shop, given: Json, *, by: str = "admin") -> Json:
    return await client.mutate(FEED, given, token=shop.token(by))


class TestSnapshot:
    async def test_sets_what_differs_and_opens_what_is_new(self, client: Client, shop: Shop, shelves: Shelves) -> None:
        payload = await feed(
            client, shop, said([line(*MUGS, 9), line("mug", "soho", 3), line("tent", "leeds", 2)], source="till 4")
        )

        assert (payload["taken"], counts(payload), payload["rowErrors"]) == (3, (2, 1, 0), [])
        assert await shelves.counters(*MUGS) == (9, 0, 0)
        assert await shelves.counters("tent", "leeds") == (2, 0, 0)
        assert await shelves.ledger("mug", "soho") == []
        assert await broken_stock(shop) == []

    async def test_is_the_cause_of_its_movements(self, client: Client, shop: Shop) -> None:
        payload = await feed(client, shop, said([line(*MUGS, 9)], source="till 4"), by="integration")

        document = (
            """query($id: ID!) { stockMovements(filter: {causeId: $id}) { nodes { delta note causeKind causeId } } }"""
        )
        found = await client.query(document, {"id": payload["feedId"]}, token=shop.token("admin"))
        assert found["stockMovements"]["nodes"] == [
            {"delta": 4, "note": "till 4", "causeKind": "FEED", "causeId": payload["feedId"]}
        ]

    async def test_takes_the_good_lines_and_answers_for_the_others(
        self, client: Client, shop: Shop, shelves: Shelves
    ) -> None:
        await shelves.promise({MUGS: 4})
        lines = [
            line(*MUGS, 3),
            line(*LAMPS, 7),
            line("unicorn", "camden", 1),
            line("mug", "moon", 1),
            line("mug", "leeds", -1),
            line("mug", "leeds", 500_000_001),
            {"quantity": 1, "locationCode": "leeds"},
            {"quantity": 1, "locationCode": "leeds", "sku": "mug", "variantId": shop.variant_ref("mug")},
            {"quantity": 1, "sku": "mug"},
            {"quantity": 1, "sku": "mug", "locationId": "nonsense"},
            {"quantity": 1, "variantId": shop.location_ref("leeds"), "locationCode": "leeds"},
            {"quantity": 1, "variantId": shop.variant_ref("mug"), "locationId": shop.location_ref("leeds")},
        ]

        payload = await feed(client, shop, said(lines))

        assert counts(payload) == (2, 0, 10)
        assert problems(payload) == [
            (0, "quantity", "OUT_OF_STOCK"), (2, "sku", "NOT_FOUND"), (3, "locationCode", "NOT_FOUND"),
            (4, "quantity", "INVALID"), (5, "quantity", "INVALID"), (6, "sku", "INVALID"), (7, "sku", "INVALID"),
            (8, "locationCode", "INVALID"), (9, "locationId", "INVALID"), (10, "variantId", "INVALID"),
        ]  # fmt: skip
        assert payload["rowErrors"][0]["message"] == "4 units are promised to customers"
        assert await shelves.counters(*MUGS) == (5, 0, 4)
        assert await shelves.counters(*LAMPS) == (7, 0, 0)
        assert await shelves.counters("mug", "leeds") == (1, 0, 0)
        assert await broken_stock(shop) == []

    async def test_takes_the_last_of_several_lines_however_they_name_it(
        self, client: Client, shop: Shop, shelves: Shelves
    ) -> None:
        by_id = {"quantity": 8, "variantId": shop.variant_ref("mug"), "locationId": shop.location_ref("camden")}

        payload = await feed(client, shop, said([line(*MUGS, 7), by_id, line(*MUGS, 2, bucket="DAMAGED")]))

        assert problems(payload) == [(0, "quantity", "CONFLICT")]
        level = await shelves.level(*MUGS)
        assert (level.sellable, level.damaged) == (8, 2)

    async def test_sets_other_buckets_of_a_level_whose_sellable_units_are_promised(
        self, client: Client, shop: Shop, shelves: Shelves
    ) -> None:
        await shelves.promise({MUGS: 4})

        payload = await feed(client, shop, said([line(*MUGS, 0), line(*MUGS, 2, bucket="QUALITY")]))

        assert (counts(payload), problems(payload)) == ((1, 0, 1), [(0, "quantity", "OUT_OF_STOCK")])
        level = await shelves.level(*MUGS)
        assert (level.sellable, level.quality, level.firm) == (5, 2, 4)
        assert await broken_stock(shop) == []

    async def test_takes_back_what_was_held_too_long(
        self, client: Client, shop: Shop, shelves: Shelves, clock: StoppedClock
    ) -> None:
        await shelves.hold({MUGS: 4})
        clock.advance(minutes=11)

        payload = await feed(client, shop, said([line(*MUGS, 1)]))

        assert counts(payload) == (1, 0, 0)
        assert await shelves.counters(*MUGS) == (1, 0, 0)
        assert await broken_stock(shop) == []

    async def test_locks_nothing_when_nothing_differs(
        self, client: Client, shop: Shop, statements: Callable[[], AbstractAsyncContextManager[Sent]]
    ) -> None:
        async with statements() as sent:
            payload = await feed(client, shop, said([line(*MUGS, 5), line("mug", "soho", 3)]))

        assert counts(payload) == (0, 2, 0)
        assert [sql for sql in sent.statements if "levels" in sql and ("UPDATE" in sql or "INSERT" in sql)] == []

    async def test_is_not_held_up_by_a_level_that_somebody_else_has_locked(self, client: Client, shop: Shop) -> None:
        async with shop.database.unit(shop.actor("system")) as uow:
            await uow.fetch("SELECT 1 FROM levels WHERE variant_id = $1 FOR UPDATE", [shop.variants["lamp"]])

            payload = await feed(client, shop, said([line(*LAMPS, 2), line(*MUGS, 9)]))

        assert counts(payload) == (1, 1, 0)

    async def test_costs_the_same_however_long_it_is(
        self, client: Client, shop: Shop, statements: Callable[[], AbstractAsyncContextManager[Sent]]
    ) -> None:
        everything = [line(sku, code, 50) for sku in shop.variants for code in shop.locations]
        sent_for = []
        for number, lines in enumerate((everything[-1:], everything[:-1])):
            async with statements() as sent:
                await feed(client, shop, said(lines, key=str(number)))
            sent_for.append(sent.count)

        assert sent_for[1] == sent_for[0]


class TestDelta:
    async def test_adds_up_line_by_line(self, client: Client, shop: Shop, shelves: Shelves) -> None:
        lines = [line(*MUGS, 3), line(*MUGS, -9), line(*MUGS, -1), line(*MUGS, 0), line(*MUGS, -1, bucket="DAMAGED")]

        payload = await feed(client, shop, said(lines, mode="DELTA"))

        assert counts(payload) == (2, 1, 2)
        assert problems(payload) == [(1, "quantity", "INVALID"), (4, "quantity", "INVALID")]
        assert await shelves.ledger(*MUGS) == [("SELLABLE", 2, 7, "FEED")]
        assert await broken_stock(shop) == []

    async def test_says_how_many_are_promised(self, client: Client, shop: Shop, shelves: Shelves) -> None:
        await shelves.promise({MUGS: 4})

        payload = await feed(client, shop, said([line(*MUGS, -2)], mode="DELTA"))

        assert payload["rowErrors"][0]["message"] == "4 units are promised to customers, and 3 would be left"
        assert payload["rowErrors"][0]["code"] == "OUT_OF_STOCK"


class TestFeed:
    async def test_is_for_the_places_where_the_caller_works(self, client: Client, shop: Shop, shelves: Shelves) -> None:
        payload = await feed(
            client, shop, said([line(*MUGS, 9), line(*LAMPS, 9), line("mug", "soho", 3)]), by="manager"
        )

        assert counts(payload) == (1, 0, 2)
        assert problems(payload) == [(1, "locationCode", "FORBIDDEN"), (2, "locationCode", "FORBIDDEN")]
        assert await shelves.counters(*LAMPS) == (2, 0, 0)

    async def test_counts_once_for_its_key(self, client: Client, shop: Shop, shelves: Shelves) -> None:
        given = said([line(*MUGS, 2), line("unicorn", "camden", 1)], mode="DELTA")

        first = await feed(client, shop, given)
        again = await feed(client, shop, given)
        (mismatch,) = await client.refused(FEED, said([line(*MUGS, 3)], mode="DELTA"), token=shop.token("admin"))

        assert first == again
        assert await shelves.counters(*MUGS) == (7, 0, 0)
        assert mismatch["code"] == "IDEMPOTENCY_MISMATCH"

    @pytest.mark.parametrize(
        ("by", "given", "code", "field"),
        [
            ("associate", said([line(*MUGS, 1)]), "FORBIDDEN", None),
            ("ada", said([line(*MUGS, 1)]), "FORBIDDEN", None),
            ("admin", said([]), "INVALID", ["lines"]),
            ("admin", said([line(*MUGS, 1)] * 1001), "INVALID", ["lines"]),
            ("admin", said([line(*MUGS, 1)], source="x" * 201), "INVALID", ["source"]),
            ("admin", said([line(*MUGS, 1)], key=" "), "INVALID", ["idempotencyKey"]),
        ],
    )
    async def test_is_refused_as_a_whole(
        self, client: Client, shop: Shop, by: str, given: Json, code: str, field: list[str] | None
    ) -> None:
        (error,) = await client.refused(FEED, given, token=shop.token(by))

        assert (error["code"], error["field"]) == (code, field)
        assert await shop.on_hand(*MUGS) == 5

    async def test_takes_95_of_100_lines_and_says_which_it_did_not(
        self, client: Client, shop: Shop, shelves: Shelves
    ) -> None:
        goods = [(sku, code) for sku in shop.variants for code in shop.locations]
        lines = [line(*goods[n % len(goods)], n, bucket=("SELLABLE", "DAMAGED", "QUALITY", "SELLABLE")[n // len(goods)])
                 for n in range(3 * len(goods))]  # fmt: skip
        bad = {n for n in range(len(lines)) if n % 20 == 7}
        for n in bad:
            lines[n] = line("unicorn", "camden", n)

        payload = await feed(client, shop, said(lines))

        assert {row["index"] for row in payload["rowErrors"]} == bad
        assert payload["taken"] == len(lines) - len(bad)
        for n, (sku, code) in enumerate(goods):
            if n not in bad:
                assert (await shelves.level(sku, code)).sellable == n
        assert await broken_stock(shop) == []

    async def test_and_buyers_never_promise_or_lose_a_unit_between_them(
        self, client: Client, shop: Shop, shelves: Shelves
    ) -> None:
        everything = [(sku, code) for sku in ("mug", "lamp", "tee-s") for code in shop.locations]
        await feed(client, shop, said([line(*place, 6) for place in everything], key="open"))

        async def buy(number: int) -> None:
            order = units(dict.fromkeys(everything[number % 3 :: 2], 1))
            await shop.begin().run(
                lambda uow: inventory.reserve_soft(
                    uow, demand_id=new_id(), units=order, expires_at=uow.now + timedelta(minutes=10)
                )
            )

        async def say(number: int) -> Json:
            lines = [line(*place, 5 + number % 3) for place in reversed(everything)]
            return await feed(client, shop, said(lines, key=f"feed {number}"))

        done = await asyncio.gather(*(buy(n) for n in range(8)), *(say(n) for n in range(8)), return_exceptions=True)

        assert [type(one).__name__ for one in done if isinstance(one, BaseException)] in (
            [],
            *[["OutOfStock"] * n for n in range(9)],
        )
        assert await broken_stock(shop) == []
