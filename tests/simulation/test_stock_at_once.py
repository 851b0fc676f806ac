"""Random batches of events of stock, all of a batch at the same time, from servers whose clocks do not quite agree.

Who wins is nobody's business here. What has to hold whoever wins: nothing is below zero, every unit that was there, came
or left is accounted for, every promise that was given is open or has ended, counters are the sum of their reservations,
and PostgreSQL met no deadlock. A new event is a function here, and a line in EVENTS.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.inventory import service as inventory
from app.inventory.rules import Ahead, BackorderLimit, StockLine, Units
from app.inventory.rules.adjusting import Adjustment
from app.inventory.service import adjusting
from app.inventory.states import Bucket, DemandKind, MovementReason
from app.kernel.actor import SYSTEM
from app.kernel.db import Begin, UnitOfWork
from app.kernel.errors import BrokenInvariant, DomainError
from app.kernel.ids import LocationId, OrderId, VariantId, new_id
from tests.builders import postgres
from tests.builders.clock import StoppedClock
from tests.builders.crowd import Crowd
from tests.builders.shop import LOCATIONS, VARIANTS
from tests.builders.stock_model import Key
from tests.builders.stocked import broken_stock
from tests.simulation.playing import EXAMPLES

pytestmark = pytest.mark.slow

LEVELS: list[Key] = [
    (VARIANTS[sku], LOCATIONS[code]) for sku in ("mug", "tee-s", "tee-m", "kettle") for code in ("warehouse", "camden")
]
SERVERS = 3
#: How far a server's clock is ahead of the one before.
SKEW = timedelta(milliseconds=700)
TTL = timedelta(minutes=10)
USUALLY = 12
#: Nobody locks orders here, so two may want to serve the same promise: the later one is told that it cannot be.
REFUSALS = (DomainError, BrokenInvariant, asyncpg.CheckViolationError)


class Sequel:
    """What is asked at random of a shop, and what of it was done."""

    def __init__(self, crowds: list[Crowd]) -> None:
        self.crowds = crowds
        self.demands: list[UUID] = [new_id()]
        #: Units that came to a level, or left it when negative, other than by a snapshot.
        self.came: Counter[Key] = Counter()
        #: Units that a demand was promised in all.
        self.promised: Counter[UUID] = Counter()

    def begin(self, chance: random.Random) -> Begin:
        """Choose a server."""
        return chance.choice(self.crowds).database.begin(SYSTEM)

    async def open_promises(self, demand: UUID, state: str) -> list[Units]:
        """Look at what a demand was promised; it may be otherwise by the time that somebody acts on it."""
        found = await self.crowds[0].shop.fetch(
            "SELECT line_id, variant_id, location_id, quantity FROM reservations"
            " WHERE demand_id = $1 AND state = $2 AND supply_id IS NULL",
            demand,
            state,
        )
        return [Units(*row) for row in found]


async def reserve(shop: Sequel, chance: random.Random) -> None:
    demand, units = new_id(), _some(chance)
    other = chance.choice([None, None, *shop.demands])
    await shop.begin(chance).run(
        lambda uow: inventory.reserve_soft(
            uow, demand_id=demand, units=units, expires_at=_soon(uow, chance), instead_of=other
        )
    )
    _promised(shop, demand, units)


async def reserve_in_part(shop: Sequel, chance: random.Random) -> None:
    demand, units = new_id(), _some(chance)
    held = await shop.begin(chance).run(
        lambda uow: inventory.reserve_in_part(uow, demand_id=demand, units=units, expires_at=_soon(uow, chance))
    )
    _promised(shop, demand, held.units)


async def reserve_ahead(shop: Sequel, chance: random.Random) -> None:
    demand, key = new_id(), chance.choice(LEVELS)
    supplies = await shop.crowds[0].shop.fetch(
        "SELECT id FROM supplies WHERE (variant_id, location_id) = ($1, $2) AND closed_at IS NULL", *key
    )
    parts = [Ahead(new_id(), row[0], *key, chance.randint(1, 2)) for row in supplies]
    firm = chance.random() < 0.5
    await shop.begin(chance).run(
        lambda uow: inventory.reserve_ahead(
            uow,
            demand_id=demand,
            parts=parts,
            expires_at=None if firm else _soon(uow, chance),
            kind=DemandKind.CART,
        )
    )
    shop.demands.append(demand)
    shop.promised[demand] += sum(part.quantity for part in parts)


async def allocate(shop: Sequel, chance: random.Random) -> None:
    demand, units = new_id(), _some(chance)
    await shop.begin(chance).run(lambda uow: inventory.allocate(uow, demand_id=demand, units=units))
    _promised(shop, demand, units)


async def extend(shop: Sequel, chance: random.Random) -> None:
    demand = chance.choice(shop.demands)
    await shop.begin(chance).run(
        lambda uow: inventory.extend_soft(uow, demand_id=demand, expires_at=_soon(uow, chance))
    )


async def promote(shop: Sequel, chance: random.Random) -> None:
    demand = chance.choice(shop.demands)
    units = sum(part.quantity for part in await shop.open_promises(demand, "SOFT"))
    await shop.begin(chance).run(lambda uow: inventory.promote(uow, order_id=OrderId(demand), units=units))


async def release(shop: Sequel, chance: random.Random) -> None:
    demand = chance.choice(shop.demands)
    await shop.begin(chance).run(lambda uow: inventory.release_soft(uow, demand_id=demand))


async def sweep(shop: Sequel, chance: random.Random) -> None:
    most = chance.randint(1, 4)
    await shop.begin(chance).run(lambda uow: inventory.sweep_expired(uow, most=most))


async def end_promise(shop: Sequel, chance: random.Random) -> None:
    demand = chance.choice(shop.demands)
    parts = await shop.open_promises(demand, "FIRM")
    parts = [Units(p.line_id, p.variant_id, p.location_id, chance.randint(1, p.quantity)) for p in parts]
    chance.shuffle(parts)
    what = chance.choice(("ship", "ship", "cancel", "not found", "damaged"))

    async def end(uow: UnitOfWork) -> None:
        match what:
            case "ship":
                await inventory.take_out(uow, demand_id=demand, units=parts, reason=MovementReason.SHIPPED)
            case "cancel":
                await inventory.release_firm(uow, demand_id=demand, units=parts)
            case "not found":
                await inventory.write_off(uow, demand_id=demand, units=parts, reason=MovementReason.NOT_FOUND)
            case "damaged":
                await inventory.write_off(uow, demand_id=demand, units=parts, reason=MovementReason.DAMAGED)

    await shop.begin(chance).run(end)
    if what in {"ship", "not found"}:
        for part in parts:
            shop.came[part.variant_id, part.location_id] -= part.quantity


async def receive_return(shop: Sequel, chance: random.Random) -> None:
    units = [(part, chance.choice(list(Bucket))) for part in _some(chance)]
    await shop.begin(chance).run(lambda uow: inventory.receive_return(uow, return_id=new_id(), units=units))
    for part, _ in units:
        shop.came[part.variant_id, part.location_id] += part.quantity


async def set_levels(shop: Sequel, chance: random.Random) -> None:
    lines = [StockLine(*key, chance.randint(0, 9)) for key in chance.sample(LEVELS, k=3)]
    await shop.begin(chance).run(lambda uow: inventory.set_levels(uow, lines=lines, reason=MovementReason.FEED))


async def adjust(shop: Sequel, chance: random.Random) -> None:
    at = chance.choice([LOCATIONS["warehouse"], LOCATIONS["camden"]])
    variants = chance.sample(sorted({VariantId(variant) for variant, _ in LEVELS}), k=2)
    lines = [Adjustment(variant, chance.choice((-2, -1, 1, 3))) for variant in variants]
    await shop.begin(chance).run(
        lambda uow: adjusting.adjust(uow, location_id=at, reason=MovementReason.ADJUSTED, lines=lines)
    )
    for line in lines:
        shop.came[line.variant_id, at] += line.delta


async def limit_backorders(shop: Sequel, chance: random.Random) -> None:
    limits = [
        BackorderLimit(variant, LocationId(location), chance.choice((None, 2, 5)))
        for variant, location in chance.sample(LEVELS, k=2)
    ]
    await shop.begin(chance).run(lambda uow: inventory.limit_backorders(uow, limits=limits))


async def fill_backorders(shop: Sequel, chance: random.Random) -> None:
    keys = chance.sample(LEVELS, k=3)
    await shop.begin(chance).run(lambda uow: inventory.fill_backorders(uow, levels=keys))


Event = Callable[[Sequel, random.Random], Coroutine[Any, Any, None]]
#: Seconds that pass before each batch, and its events, each with a seed for what it asks.
Story = list[tuple[int, list[tuple[Event, int]]]]

EVENTS: list[Event] = [
    reserve,
    reserve_in_part,
    reserve_ahead,
    allocate,
    extend,
    promote,
    release,
    sweep,
    end_promise,
    receive_return,
    set_levels,
    adjust,
    limit_backorders,
    fill_backorders,
]

events = st.tuples(st.sampled_from(EVENTS), st.integers(0, 2**32))
batches = st.lists(
    st.tuples(st.sampled_from((0, 1, 599, 600)), st.lists(events, min_size=4, max_size=16)), min_size=3, max_size=6
)


def _some(chance: random.Random) -> list[Units]:
    keys = [chance.choice(LEVELS) for _ in range(chance.randint(1, 4))]
    return [Units(new_id(), *key, chance.randint(1, 2)) for key in keys]


def _soon(uow: UnitOfWork, chance: random.Random) -> datetime:
    return uow.now + TTL * chance.choice((1, 1, 2))


def _promised(shop: Sequel, demand: UUID, units: list[Units] | tuple[Units, ...]) -> None:
    shop.demands.append(demand)
    shop.promised[demand] += sum(part.quantity for part in units)


async def _try(what: Coroutine[Any, Any, None]) -> None:
    with suppress(*REFUSALS):
        await what


async def _play(template: tuple[postgres.Server, str], story: Story) -> None:
    async with AsyncExitStack() as stack:
        dsn = await stack.enter_async_context(postgres.cloned(*template))
        clocks = [StoppedClock(StoppedClock().at + SKEW * n) for n in range(SERVERS)]
        crowds = [await stack.enter_async_context(Crowd(dsn, clock, connections=8)) for clock in clocks]
        shop = Sequel(crowds)
        opening = await _on_hand(shop)
        for seconds, batch in story:
            for clock in clocks:
                clock.advance(seconds=seconds)
            await crowds[0].at_once(_try(event(shop, random.Random(seed))) for event, seed in batch)
            await _laws_hold(shop, opening)
        for crowd in crowds:
            assert await crowd.deadlocks() == 0


async def _laws_hold(shop: Sequel, opening: Counter[Key]) -> None:
    look = shop.crowds[0].shop
    assert await broken_stock(look) == []
    fed = await look.fetch(
        "SELECT variant_id, location_id, sum(delta)::int FROM movements WHERE reason = 'FEED' GROUP BY 1, 2"
    )
    accounted = Counter(opening)
    for moved in (shop.came, {(row[0], row[1]): row[2] for row in fed}):
        accounted.update(moved)
    there = await _on_hand(shop)
    assert {key: n for key, n in there.items() if n} == {key: n for key, n in accounted.items() if n}
    kept = await look.fetch(
        "SELECT demand_id, sum(quantity)::int FROM ("
        " SELECT demand_id, quantity FROM reservations UNION ALL SELECT demand_id, quantity FROM reservation_endings"
        ") AS promise GROUP BY demand_id"
    )
    assert {row[0]: row[1] for row in kept} == dict(+shop.promised)


async def _on_hand(shop: Sequel) -> Counter[Key]:
    found = await shop.crowds[0].shop.fetch("SELECT variant_id, location_id, sellable + damaged + quality FROM levels")
    return Counter({(row[0], row[1]): row[2] for row in found})


class TestStockAtOnce:
    def test_loses_nothing_whoever_wins(self, furnished_template: tuple[postgres.Server, str]) -> None:
        @settings(
            max_examples=EXAMPLES or USUALLY,
            derandomize=not EXAMPLES,
            print_blob=True,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(batches)
        def play(story: Story) -> None:
            asyncio.run(_play(furnished_template, story))

        play()
