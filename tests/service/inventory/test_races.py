"""Many at once over the same shelves: never oversold, never deadlocked, and every history adds up."""

import asyncio
import random
from contextlib import suppress

import pytest

from app.inventory.errors import OutOfStock
from app.kernel.db import Database
from tests.builders.buyers import Buyer, broken
from tests.builders.clock import StoppedClock
from tests.builders.patience import PATIENCE_SECONDS, PATIENT
from tests.builders.shop import KEYS, Shop
from tests.builders.stocked import TTL, Held, Shelf, Shelves, broken_stock

pytestmark = pytest.mark.anyio

BUYERS = 64
MUGS = ("mug", "warehouse")
SHELVES: list[Shelf] = [
    (sku, location)
    for sku in ("mug", "tee-s", "tee-m", "tee-l", "lamp")
    for location in ("warehouse", "camden", "soho")
]


class TestHotLevel:
    async def test_is_sold_out_exactly(self, shop: Shop) -> None:
        shelves = Shelves(shop)
        stock = shop.opening_stock(*MUGS)

        async def buy() -> Held | None:
            try:
                held = await shelves.hold({MUGS: 1})
            except OutOfStock:
                return None
            assert await shelves.promote(held)
            await shelves.ship(held)
            return held

        async with asyncio.timeout(PATIENCE_SECONDS):
            bought = [held for held in await asyncio.gather(*(buy() for _ in range(BUYERS))) if held]

        assert len(bought) == stock
        assert await shelves.counters(*MUGS) == (0, 0, 0)
        balances = [entry[2] for entry in await shelves.ledger(*MUGS)]
        assert sorted(balances) == list(range(stock))
        assert await broken_stock(shop) == []

    async def test_is_sold_out_exactly_to_buyers_of_several(self, shop: Shop) -> None:
        shelves = Shelves(shop)

        async def buy(units: int) -> int:
            try:
                await shelves.hold({MUGS: units, ("mug", "camden"): 1})
            except OutOfStock:
                return 0
            return units

        async with asyncio.timeout(PATIENCE_SECONDS):
            held = await asyncio.gather(*(buy(1 + n % 3) for n in range(BUYERS)))

        buyers = len([units for units in held if units])
        left = (shop.opening_stock(*MUGS) - sum(held), shop.opening_stock("mug", "camden") - buyers)
        assert left == (await shop.available(*MUGS), await shop.available("mug", "camden"))
        # Somebody who wants one of each was refused, so one of the two places has none left.
        assert min(left) == 0
        assert await broken_stock(shop) == []


class TestCheckouts:
    async def test_of_many_guests_sell_what_there_is_and_no_more(self, shop: Shop) -> None:
        guests = [Buyer(shop) for _ in range(8)]
        carts = [await guest.cart({"lamp": 2}) for guest in guests]

        async def buy(n: int) -> bool:
            with suppress(OutOfStock):
                return (await guests[n].buy(carts[n])).order_id is not None
            return False

        async with asyncio.timeout(PATIENCE_SECONDS):
            bought = await asyncio.gather(*(buy(n) for n in range(len(guests))))

        # Nine lamps stand in three places: four pairs, and one that is left over.
        assert sum(bought) == shop.opening_stock("lamp") // 2
        assert await shop.available("lamp") == shop.opening_stock("lamp") % 2
        assert await broken(shop) == []


class TestLockOrder:
    async def test_lets_lines_come_in_any_order(self, shop: Shop) -> None:
        shelves = Shelves(shop)
        chance = random.Random(20261121)

        async def journey(seed: int) -> None:
            own = random.Random(seed)
            for _ in range(4):
                wanted = dict.fromkeys(own.sample(SHELVES, k=6), 1)
                try:
                    held = await shelves.hold(wanted)
                except OutOfStock:
                    continue
                if own.random() < 0.5:
                    await shelves.let_go(held)
                else:
                    assert await shelves.promote(held)
                    await shelves.cancel(held, dict(own.sample(sorted(wanted.items()), k=6)))

        before = await _deadlocks(shop)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.gather(*(journey(chance.randrange(10**6)) for _ in range(16)))

        assert await _deadlocks(shop) == before
        for sku, location in SHELVES:
            if shop.opening_stock(sku, location):
                assert await shelves.counters(sku, location) == (shop.opening_stock(sku, location), 0, 0)
        assert await broken_stock(shop) == []


class TestExpiry:
    async def test_and_promotion_of_the_same_units_have_one_winner(self, shop: Shop, clock: StoppedClock) -> None:
        shelves = Shelves(shop)
        held = [await shelves.hold({MUGS: 1, ("mug", "camden"): 1}) for _ in range(5)]
        clock.advance(seconds=TTL.seconds)

        async with asyncio.timeout(PATIENCE_SECONDS):
            promoted, *_ = await asyncio.gather(
                asyncio.gather(*(shelves.promote(one) for one in held)),
                shelves.sweep(most=3),
                shelves.sweep(),
                asyncio.gather(*(shelves.hold({MUGS: 1}) for _ in range(3))),
            )
        await shelves.sweep()

        firm = sum(promoted)
        assert (await shelves.level("mug", "camden")).firm == firm
        for one, won in zip(held, promoted, strict=True):
            assert (await shelves.states(one) == {"FIRM": 2}) == won
        assert await shelves.counters(*MUGS) == (shop.opening_stock(*MUGS), 3, firm)
        assert await broken_stock(shop) == []


async def _deadlocks(shop: Shop) -> int:
    [[count]] = await shop.fetch("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    return int(count)


class TestColdPool:
    async def test_serves_a_crowd_larger_than_itself(self, dsn: str, shop: Shop, clock: StoppedClock) -> None:
        small = Database(dsn, keys=KEYS, clock=clock, pool_size=3, patience=PATIENT)
        await small.connect()
        try:
            shelves = Shelves(Shop(small))
            async with asyncio.timeout(PATIENCE_SECONDS):
                answers = await asyncio.gather(
                    *(shelves.hold({MUGS: 1}) for _ in range(BUYERS)), return_exceptions=True
                )
        finally:
            await small.close()

        assert sum(isinstance(answer, Held) for answer in answers) == shop.opening_stock(*MUGS)
        assert all(isinstance(answer, Held | OutOfStock) for answer in answers)
