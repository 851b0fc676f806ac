"""Stock of a file is set or changed row by row; what customers were promised stays, and changes count once."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from uuid import uuid4

import pytest

from app.integration.rules.outcome import Terms
from app.integration.rules.stock import StockRow
from app.integration.service import StockTerms, import_stock
from app.integration.service.stock import AlreadyTaken
from app.inventory import service as inventory
from app.inventory.rules import Units
from app.inventory.states import Bucket
from app.kernel.errors import DatabaseUnavailable
from app.kernel.ids import OrderId
from app.kernel.puts import Put
from tests.builders.clock import StoppedClock
from tests.builders.imports import Heard, stock
from tests.builders.shop import LOCATIONS, VARIANTS, Shop
from tests.builders.statements import Sent
from tests.builders.stocked import Shelves, broken_stock

PROMISED = 4


async def promise(shop: Shop, sku: str, location: str, quantity: int) -> None:
    units = [Units(uuid4(), VARIANTS[sku], LOCATIONS[location], quantity)]
    await shop.begin().run(lambda uow: inventory.allocate(uow, demand_id=OrderId(uuid4()), units=units))


async def take(shop: Shop, *rows: StockRow, counting: StockTerms, terms: Terms = Terms()) -> Heard:  # noqa: B008
    heard = Heard()
    await import_stock(shop.begin(), rows=rows, counting=counting, terms=terms, listener=heard)
    return heard


SNAPSHOT = StockTerms(source="snapshot")


class TestSnapshot:
    async def test_sets_levels_and_opens_those_that_are_not_there(self, shop: Shop) -> None:
        heard = await take(shop, stock("mug", "camden", 50), stock("tent", "leeds", 2, row=2), counting=SNAPSHOT)

        assert heard.effects == {1: Put.UPDATED, 2: Put.INSERTED}
        assert (await shop.on_hand("mug", "camden"), await shop.on_hand("tent", "leeds")) == (50, 2)

    async def test_changes_nothing_when_it_is_repeated(self, shop: Shop) -> None:
        row = stock("mug", "camden", 50)
        await take(shop, row, counting=SNAPSHOT)

        heard = await take(shop, row, counting=SNAPSHOT)

        assert heard.effects == {1: Put.UNCHANGED}

    async def test_refuses_the_row_that_would_break_a_promise_and_takes_the_others(self, shop: Shop) -> None:
        await promise(shop, "mug", "camden", PROMISED)

        heard = await take(
            shop, stock("mug", "camden", PROMISED - 1), stock("mug", "soho", 1, row=2), counting=SNAPSHOT
        )

        assert heard.refusals == {1: f"{PROMISED} units are promised to customers"}
        assert heard.effects == {2: Put.UPDATED}
        assert await shop.on_hand("mug", "camden") == shop.opening_stock("mug", "camden")

    async def test_names_skus_and_locations_that_there_are_not(self, shop: Shop) -> None:
        heard = await take(shop, stock("unicorn", "camden", 1), stock("mug", "moon", 1, row=2), counting=SNAPSHOT)

        assert heard.refusals == {1: "is not a SKU of this shop", 2: "is not a location of this shop"}

    async def test_takes_the_last_of_several_rows_about_one_level(self, shop: Shop) -> None:
        heard = await take(shop, stock("mug", "camden", 7), stock("mug", "camden", 9, row=2), counting=SNAPSHOT)

        assert list(heard.refusals) == [1]
        assert await shop.on_hand("mug", "camden") == 9

    async def test_finds_skus_in_other_letters_if_asked_to(self, shop: Shop) -> None:
        heard = await take(shop, stock("MUG", "camden", 8), counting=StockTerms(source="x", ignore_case=True))

        assert heard.effects == {1: Put.UPDATED}

    async def test_keeps_nothing_of_a_dry_run(self, shop: Shop) -> None:
        heard = await take(shop, stock("mug", "camden", 50), counting=SNAPSHOT, terms=Terms(dry_run=True))

        assert heard.effects == {1: Put.UPDATED}
        assert await shop.on_hand("mug", "camden") == shop.opening_stock("mug", "camden")


class TestChanges:
    async def test_add_up(self, shop: Shop) -> None:
        before = shop.opening_stock("mug", "camden")

        heard = await take(
            shop,
            stock("mug", "camden", 10),
            stock("mug", "camden", -3, row=2),
            counting=StockTerms(source="today", delta=True),
        )

        assert heard.effects == {1: Put.UPDATED, 2: Put.UPDATED}
        assert await shop.on_hand("mug", "camden") == before + 7

    async def test_refuse_the_one_that_would_break_a_promise(self, shop: Shop) -> None:
        before = shop.opening_stock("mug", "camden")
        await promise(shop, "mug", "camden", PROMISED)

        heard = await take(
            shop,
            stock("mug", "camden", -(before - PROMISED + 1)),
            stock("mug", "camden", 1, row=2),
            counting=StockTerms(source="today", delta=True),
        )

        assert list(heard.refusals) == [1]
        assert await shop.on_hand("mug", "camden") == before + 1

    async def test_count_once_unless_they_are_meant_again(self, shop: Shop) -> None:
        before = shop.opening_stock("mug", "camden")
        row = stock("mug", "camden", 5)
        await take(shop, row, counting=StockTerms(source="today", delta=True))

        with pytest.raises(AlreadyTaken):
            await take(shop, row, counting=StockTerms(source="today", delta=True))
        once = await shop.on_hand("mug", "camden")
        await take(shop, row, counting=StockTerms(source="today", delta=True, again=True))

        assert (once, await shop.on_hand("mug", "camden")) == (before + 5, before + 10)

    async def test_go_on_where_they_broke_off(self, shop: Shop) -> None:
        before = shop.opening_stock("mug", "camden")
        rows = [stock("mug", "camden", 1, row=number) for number in range(1, 7)]
        counting, pair = StockTerms(source="today", delta=True), Terms(rows_at_once=2)

        class Deaf(Heard):
            def taken(self, effect: Put, *, row: int) -> None:
                super().taken(effect, row=row)
                if row == 4:
                    raise DatabaseUnavailable("the plug was pulled")

        with pytest.raises(DatabaseUnavailable):
            await import_stock(shop.begin(), rows=rows, counting=counting, terms=pair, listener=Deaf())
        heard = await take(shop, *rows, counting=counting, terms=pair)

        assert list(heard.effects) == [5, 6]
        assert await shop.on_hand("mug", "camden") == before + 6


class TestFeedOfAThousand:
    async def test_takes_95_of_100_rows_and_tells_which_it_did_not(self, shop: Shop) -> None:
        goods = [(sku, code) for sku in VARIANTS for code in LOCATIONS]
        rows, bad = [], set()
        for number in range(1, 1001):
            sku, code = goods[number % len(goods)]
            if number % 20 == 0:
                bad.add(number)
                sku, code = [("unicorn", code), (sku, "moon")][number % 40 == 0]
            rows.append(stock(sku, code, 1, row=number))

        heard = await take(shop, *rows, counting=StockTerms(source="today", delta=True), terms=Terms(rows_at_once=300))

        assert set(heard.refusals) == bad
        assert set(heard.effects) == {row.row for row in rows} - bad
        assert sum([await shop.on_hand(sku) - shop.opening_stock(sku) for sku in VARIANTS]) == len(rows) - len(bad)
        assert await broken_stock(shop) == []

    async def test_takes_back_what_was_held_too_long(self, shop: Shop, clock: StoppedClock) -> None:
        for sku in ("mug", "lamp"):
            await Shelves(shop).hold({(sku, "warehouse"): 4})
        clock.advance(minutes=11)

        snapshot = await take(shop, stock("mug", "warehouse", 1), counting=SNAPSHOT)
        changes = await take(shop, stock("lamp", "warehouse", -4), counting=StockTerms(source="x", delta=True))

        assert (snapshot.effects, changes.effects) == ({1: Put.UPDATED}, {1: Put.UPDATED})
        assert await broken_stock(shop) == []

    async def test_locks_no_level_that_is_as_it_says(
        self, shop: Shop, statements: Callable[[], AbstractAsyncContextManager[Sent]]
    ) -> None:
        rows = [stock("mug", "camden", 5), stock("mug", "soho", 3, row=2)]

        async with statements() as sent:
            heard = await take(shop, *rows, counting=SNAPSHOT)

        assert heard.effects == {1: Put.UNCHANGED, 2: Put.UNCHANGED}
        assert sent.count == 1

    async def test_sets_the_bucket_that_a_row_names(self, shop: Shop) -> None:
        rows = [
            StockRow(1, "mug", "camden", 2, Bucket.DAMAGED),
            StockRow(2, "mug", "camden", 6),
            StockRow(3, "mug", "camden", 1, Bucket.DAMAGED),
        ]

        heard = await take(shop, *rows, counting=SNAPSHOT)

        level = await Shelves(shop).level("mug", "camden")
        assert (level.sellable, level.damaged, list(heard.refusals)) == (6, 1, [1])

    async def test_is_for_the_places_where_the_caller_works(self, shop: Shop) -> None:
        heard = Heard()

        await import_stock(
            shop.begin("manager"),
            rows=[stock("mug", "camden", 9), stock("mug", "soho", 3, row=2)],
            counting=SNAPSHOT,
            terms=Terms(),
            listener=heard,
        )

        assert (heard.effects, heard.refusals) == ({1: Put.UPDATED}, {2: "you do not work at this location"})
