"""Twenty and more clients over the same shelves: nothing oversold, no deadlock even in secret, no unit lost."""

import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from app.inventory import queries
from app.inventory import service as inventory
from app.inventory.errors import OutOfStock, WouldOversell
from app.inventory.rules import Level, StockLine, Units
from app.inventory.rules.adjusting import Adjustment
from app.inventory.service import adjusting
from app.inventory.states import MovementReason
from app.kernel.errors import QuantityExceeded
from app.kernel.ids import OrderId, new_id
from tests.builders.clock import StoppedClock
from tests.builders.crowd import Crowd, Range, added
from tests.builders.shop import Shop
from tests.builders.stocked import TTL, Held, Shelf, Shelves, broken_stock, units

pytestmark = pytest.mark.anyio

CLIENTS = 96
MUGS: Shelf = ("mug", "warehouse")


@pytest.fixture
async def crowd(shop: Shop, dsn: str, clock: StoppedClock) -> AsyncIterator[Crowd]:
    """Open a server with two dozen connections over the shop."""
    assert shop.database
    async with Crowd(dsn, clock) as crowd:
        yield crowd


@pytest.fixture
def shelves(crowd: Crowd) -> Shelves:
    """Lend the shelves of the test shop, over the crowd's connections."""
    return Shelves(crowd.shop)


def lines_of(quantities: dict[UUID, int], location: UUID) -> list[Units]:
    """Write units, each for a line of its own, in the order in which they are named."""
    return [Units(new_id(), variant, location, n) for variant, n in quantities.items()]


async def hold(crowd: Crowd, units: list[Units]) -> Held | None:
    """Hold units for a checkout; None when they are not there."""
    held = Held(OrderId(new_id()), units)
    with suppress(OutOfStock):
        await crowd.shop.begin().run(
            lambda uow: inventory.reserve_soft(uow, demand_id=held.id, units=units, expires_at=uow.now + TTL)
        )
        return held
    return None


async def levels(crowd: Crowd, goods: Range) -> dict[UUID, Level]:
    """Read the levels of what was added."""
    async with crowd.shop.database.read() as session:
        return {level.variant_id: level for level in await queries.list_levels(session, variant_ids=goods.variants)}


async def all_is_well(crowd: Crowd) -> None:
    """See that every law of stock holds, and that nobody ever stood in anybody's way for good."""
    assert await broken_stock(crowd.shop) == []
    assert await crowd.deadlocks() == 0


class TestOneLevel:
    async def test_is_sold_to_the_last_unit_and_no_further(self, crowd: Crowd, shelves: Shelves) -> None:
        stock = 30
        await shelves.count({MUGS: stock})

        async def buy(client: int) -> int:
            wanted = {MUGS: 1 + client % 3}
            held = await hold(crowd, units(wanted))
            if held is None:
                return 0
            assert await shelves.promote(held)
            await shelves.ship(held)
            return wanted[MUGS]

        sold = await crowd.at_once(buy(client) for client in range(CLIENTS))

        sellable, soft, firm = await shelves.counters(*MUGS)
        assert (sellable, soft, firm) == (stock - sum(sold), 0, 0)
        assert sum(sold) <= stock
        # Those who wanted a single one were refused only when there was none.
        assert sellable == 0
        await all_is_well(crowd)

    async def test_of_which_two_lines_want_units_is_one_demand(self, crowd: Crowd, shelves: Shelves) -> None:
        goods = await added(crowd.shop, 1, units=10)
        [mug] = goods.variants
        halves = [Units(new_id(), mug, goods.location, 3), Units(new_id(), mug, goods.location, 3)]

        async def buy() -> bool:
            own = [Units(new_id(), part.variant_id, part.location_id, part.quantity) for part in halves]
            return await hold(crowd, own) is not None

        bought = await crowd.at_once(buy() for _ in range(CLIENTS))

        # Each half alone would have fitted thrice.
        assert sum(bought) == 1
        assert (await levels(crowd, goods))[mug].soft == 6
        await all_is_well(crowd)


class TestManyLevels:
    async def test_are_bought_in_any_order_of_lines(self, crowd: Crowd) -> None:
        goods = await added(crowd.shop, 24, units=12)

        async def journey(seed: int) -> Counter[UUID]:
            chance, left = random.Random(seed), Counter[UUID]()
            for _ in range(4):
                chosen = chance.sample(goods.variants, k=8)
                units = lines_of({variant: chance.randint(1, 2) for variant in chosen}, goods.location)
                held = await hold(crowd, units)
                if held is None:
                    continue
                shelves = Shelves(crowd.shop)
                what = chance.choice(("let go", "ship", "ship", "cancel"))
                if what == "let go":
                    await shelves.let_go(held)
                    continue
                assert await shelves.promote(held)
                held.units = chance.sample(held.units, k=len(held.units))
                if what == "ship":
                    await shelves.ship(held)
                    left.update({part.variant_id: part.quantity for part in held.units})
                else:
                    await shelves.cancel(held)
            return left

        journeys = await crowd.at_once(journey(seed) for seed in range(40))

        gone = sum(journeys, Counter[UUID]())
        for variant, level in (await levels(crowd, goods)).items():
            assert (level.sellable, level.soft, level.firm) == (goods.units - gone[variant], 0, 0)
        await all_is_well(crowd)

    async def test_of_carts_of_fifty_lines_are_all_held_or_none(self, crowd: Crowd) -> None:
        carts, units_each = 40, 9
        goods = await added(crowd.shop, 60, units=units_each)

        async def buy(seed: int) -> Counter[UUID]:
            chance = random.Random(seed)
            chosen = chance.sample(goods.variants, k=40)
            # Ten variants stand on two lines.
            units = lines_of(dict.fromkeys(chosen, 1), goods.location) + lines_of(
                dict.fromkeys(chosen[:10], 1), goods.location
            )
            held = await hold(crowd, chance.sample(units, k=50))
            if held is None:
                return Counter()
            assert await Shelves(crowd.shop).promote(held)
            return Counter(part.variant_id for part in held.units)

        bought = await crowd.at_once(buy(seed) for seed in range(carts))

        firm = sum(bought, Counter[UUID]())
        there = await levels(crowd, goods)
        assert {variant: level.firm for variant, level in there.items()} == {v: firm[v] for v in goods.variants}
        assert all(level.soft == 0 <= level.available for level in there.values())
        # Nobody who was refused would have found all of it: something of every forty is sold out.
        assert any(level.available == 0 for level in there.values())
        await all_is_well(crowd)


class TestExpiry:
    async def test_and_checkout_of_the_same_units_have_one_winner(
        self, crowd: Crowd, shelves: Shelves, clock: StoppedClock
    ) -> None:
        stock, both = shelves.shop.opening_stock(*MUGS), {MUGS: 1, ("mug", "camden"): 1}
        for _ in range(6):
            held = [await shelves.hold(both) for _ in range(3)]
            clock.advance(seconds=TTL.seconds)

            won: list[list[bool]] = [[] for _ in held]
            await crowd.at_once(
                [
                    *(_promote(shelves, one, own) for one, own in zip(held, won, strict=True)),
                    *(_sweep(shelves, most=1 + n % 3) for n in range(12)),
                    *(_hold_and_let_go(crowd, units(both)) for _ in range(8)),
                ]
            )

            for one, [promoted] in zip(held, won, strict=True):
                states = await shelves.states(one)
                assert states == {"FIRM": 2} if promoted else "FIRM" not in states
                if promoted:
                    await shelves.cancel(one)
            await shelves.sweep()
            assert await shelves.counters(*MUGS) == (stock, 0, 0)
        await all_is_well(crowd)

    async def test_and_release_give_each_unit_back_once(
        self, crowd: Crowd, shelves: Shelves, clock: StoppedClock
    ) -> None:
        both = {MUGS: 1, ("mug", "camden"): 1, ("tee-s", "warehouse"): 2}
        for _ in range(6):
            held = [await shelves.hold(both) for _ in range(4)]
            clock.advance(seconds=TTL.seconds)

            await crowd.at_once(
                [
                    *(_let_go(shelves, one) for one in held),
                    *(_sweep(shelves, most=2) for _ in range(8)),
                    *(_extend(crowd, one, clock.at + timedelta(seconds=n % 2)) for n, one in enumerate(held)),
                ]
            )

            clock.advance(seconds=TTL.seconds)
            await shelves.sweep()
            for one in held:
                assert sum((await shelves.states(one)).values()) == 4
            for shelf in both:
                assert await shelves.counters(*shelf) == (shelves.shop.opening_stock(*shelf), 0, 0)
        await all_is_well(crowd)

    async def test_and_longer_holding_stand_in_nobodys_way(self, crowd: Crowd, clock: StoppedClock) -> None:
        goods = await added(crowd.shop, 40, units=9)
        shelves = Shelves(crowd.shop)
        carts: list[Held] = []
        for n in range(8):
            chosen = random.Random(n).sample(goods.variants, k=30)
            held = await hold(crowd, lines_of(dict.fromkeys(chosen, 1), goods.location))
            assert held
            carts.append(held)

        for _ in range(6):
            clock.advance(seconds=TTL.seconds)
            await crowd.at_once(
                [
                    *(_extend(crowd, held, clock.at + TTL) for held in carts),
                    *(_sweep(shelves, most=5) for _ in range(6)),
                    *(_extend(crowd, held, clock.at + 2 * TTL) for held in carts),
                ]
            )

        for held in carts:
            states = await shelves.states(held)
            assert sum(states.values()) == 30
        await all_is_well(crowd)


class TestCorrections:
    async def test_race_holds_without_taking_what_is_promised(self, crowd: Crowd) -> None:
        goods = await added(crowd.shop, 6, units=8)

        async def buy(seed: int) -> Counter[UUID]:
            chance = random.Random(seed)
            units = lines_of(dict.fromkeys(chance.sample(goods.variants, k=3), 1), goods.location)
            held = await hold(crowd, units)
            if held is None or not await Shelves(crowd.shop).promote(held):
                return Counter()
            return Counter(part.variant_id for part in units)

        async def feed(seed: int) -> Counter[UUID]:
            chance = random.Random(seed)
            said = {variant: chance.randint(0, 9) for variant in chance.sample(goods.variants, k=4)}
            lines = [StockLine(variant, goods.location, n) for variant, n in said.items()]
            with suppress(WouldOversell):
                await crowd.shop.begin().run(
                    lambda uow: inventory.set_levels(uow, lines=lines, reason=MovementReason.FEED)
                )
            return Counter()

        async def correct(seed: int) -> Counter[UUID]:
            chance = random.Random(seed)
            lines = [Adjustment(variant, chance.choice((-2, -1, 1))) for variant in chance.sample(goods.variants, k=3)]
            with suppress(WouldOversell, QuantityExceeded):
                await crowd.shop.begin().run(
                    lambda uow: adjusting.adjust(
                        uow, location_id=goods.location, reason=MovementReason.ADJUSTED, lines=lines
                    )
                )
            return Counter()

        done = await crowd.at_once(what(seed) for seed in range(30) for what in (buy, feed, correct))

        promised = sum(done, Counter[UUID]())
        for variant, level in (await levels(crowd, goods)).items():
            assert (level.soft, level.firm) == (0, promised[variant])
            assert level.available >= 0
        await all_is_well(crowd)


async def _sweep(shelves: Shelves, *, most: int) -> None:
    await shelves.sweep(most=most)


async def _extend(crowd: Crowd, held: Held, until: datetime) -> None:
    await crowd.shop.begin().run(lambda uow: inventory.extend_soft(uow, demand_id=held.id, expires_at=until))


async def _let_go(shelves: Shelves, held: Held) -> None:
    await shelves.let_go(held)


async def _promote(shelves: Shelves, held: Held, won: list[bool]) -> None:
    won.append(await shelves.promote(held))


async def _hold_and_let_go(crowd: Crowd, wanted: list[Units]) -> None:
    held = await hold(crowd, wanted)
    if held is not None:
        await Shelves(crowd.shop).let_go(held)
