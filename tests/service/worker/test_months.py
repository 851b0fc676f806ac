"""Tables that are cut by month have their months in time; a month that was missed stays in the rest, and is told of."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from app.kernel.actor import SYSTEM
from app.kernel.db import Database
from app.kernel.partitions import CUT_BY, months_from
from app.worker import Means
from app.worker.schedule import open_months_ahead
from tests.builders.clock import StoppedClock
from tests.builders.shop import Shop
from tests.builders.stocked import Shelves, broken_stock

pytestmark = pytest.mark.anyio

MUGS = ("mug", "camden")
MONTHS = 4


async def parts(database: Database, table: str) -> list[str]:
    """List the months of a table."""
    async with database.read() as session:
        found = await session.fetch(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = $1::text::regclass ORDER BY 1", [table]
        )
    return [record[0] for record in found]


async def rows_in(database: Database, table: str) -> int:
    """Count the rows of one part."""
    async with database.read() as session:
        return int((await session.fetch(f"SELECT count(*) FROM {table}", []))[0][0])


async def fire(database: Database) -> int:
    """Let the timer have its turn."""
    return await open_months_ahead(Means(database.begin(SYSTEM), {}))


class TestMonths:
    @pytest.mark.parametrize(
        ("now", "months"),
        [
            (datetime(2026, 11, 24, tzinfo=UTC), ["2026-11", "2026-12", "2027-01", "2027-02"]),
            (datetime(2027, 12, 31, 23, 59, tzinfo=UTC), ["2027-12", "2028-01", "2028-02", "2028-03"]),
        ],
    )
    def test_are_this_one_and_the_next_three(self, now: datetime, months: Sequence[str]) -> None:
        assert [f"{month:%Y-%m}" for month in months_from(now)] == months


class TestOpenMonthsAhead:
    async def test_opens_what_is_missing_and_says_how_many(self, database: Database, clock: StoppedClock) -> None:
        clock.at = datetime(2031, 5, 30, tzinfo=UTC)

        opened = await fire(database)
        again = await fire(database)
        clock.advance(days=3)
        a_month_later = await fire(database)

        assert (opened, again, a_month_later) == (MONTHS * len(CUT_BY), 0, len(CUT_BY))
        for table in CUT_BY:
            there = await parts(database, table)
            assert {f"{table}_2031_05", f"{table}_2031_08", f"{table}_2031_09"} <= set(there)
            assert f"{table}_rest" in there

    async def test_gives_each_month_its_own_rows(self, database: Database, shop: Shop, clock: StoppedClock) -> None:
        clock.at = datetime(2031, 5, 31, 23, 30, tzinfo=UTC)
        await fire(database)
        before = {table: await rows_in(database, f"{table}_rest") for table in CUT_BY}
        shelves = Shelves(shop)
        order = await shelves.promise({MUGS: 2})
        await shelves.ship(order, {MUGS: 1})
        clock.advance(hours=1)

        await shelves.ship(order, {MUGS: 1})

        for table in CUT_BY:
            counts = [await rows_in(database, f"{table}_{part}") for part in ("2031_05", "2031_06", "rest")]
            assert counts == [1, 1, before[table]], table
        assert await broken_stock(shop) == []

    async def test_leaves_a_month_that_has_rows_in_the_rest_and_tells_of_it(
        self, database: Database, shop: Shop, clock: StoppedClock
    ) -> None:
        clock.at = datetime(2031, 5, 30, tzinfo=UTC)
        before = await rows_in(database, "movements_rest")
        await Shelves(shop).count({MUGS: 7})

        with capture_logs() as told:
            opened = await fire(database)

        assert opened == MONTHS * len(CUT_BY) - 1
        assert [(line["event"], line["parts"]) for line in told] == [
            ("months stay in the rest", ("movements_2031_05",))
        ]
        assert await rows_in(database, "movements_rest") == before + 1
        assert await broken_stock(shop) == []

    async def test_opens_a_month_once_however_many_workers_try(self, database: Database, clock: StoppedClock) -> None:
        clock.at = datetime(2031, 5, 30, tzinfo=UTC)

        opened = await asyncio.gather(*(fire(database) for _ in range(4)))

        assert sum(opened) == MONTHS * len(CUT_BY)

    async def test_keeps_the_ledger_of_new_months_from_being_rewritten(
        self, database: Database, shop: Shop, clock: StoppedClock
    ) -> None:
        clock.at = datetime(2031, 5, 30, tzinfo=UTC)
        await fire(database)
        await Shelves(shop).count({MUGS: 7})

        with pytest.raises(Exception, match="append-only"):
            await shop.begin().run(lambda uow: uow.execute("DELETE FROM movements_2031_05", []))
