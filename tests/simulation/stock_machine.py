"""A shop whose stock changes at random, from several servers, and a model in plain Python that says what it should be.

After every step the database has to say what the model says: the answer or the refusal, every level and counter, every
promise and how it ended, every entry of the ledger. A new event is a method of the model and a rule: what is asked of the
service, and what is asked of the model.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.strategies import DataObject

from app.inventory import service as inventory
from app.inventory.errors import OutOfStock
from app.inventory.rules import Cause, StockLine, Units
from app.inventory.states import Bucket, DemandKind, MovementReason, ReservationEnd
from app.kernel.actor import SYSTEM
from app.kernel.db import Database, UnitOfWork
from app.kernel.errors import BrokenInvariant, DomainError
from app.kernel.ids import OrderId
from app.kernel.sql import Session
from tests.builders import postgres
from tests.builders.clock import StoppedClock
from tests.builders.patience import PATIENT
from tests.builders.shop import KEYS, LOCATIONS, VARIANTS, Shop
from tests.builders.stock_model import Entry, Floor, Key, Promise
from tests.builders.stocked import broken_stock
from tests.builders.supply_model import SupplyModel

#: Few levels, so that events meet; the shop has never had a kettle anywhere.
SKUS = ("mug", "tee-s", "kettle")
CODES = ("warehouse", "camden")
KEYS_OF_LEVELS: list[Key] = [(VARIANTS[sku], LOCATIONS[code]) for sku in SKUS for code in CODES]
OURS = [VARIANTS[sku] for sku in SKUS]
SERVERS = 3
TTL = timedelta(minutes=10)
DEMANDS = (DemandKind.CART, DemandKind.ORDER)
LEAVING = (MovementReason.SHIPPED, MovementReason.HANDED_OVER, MovementReason.CARRIED_OUT)
WRITTEN_OFF = (MovementReason.NOT_FOUND, MovementReason.DAMAGED)

levels = st.sampled_from(KEYS_OF_LEVELS)
quantities = st.integers(1, 6)
#: What lines of a demand ask for: which of the demand's lines, the level, and how many units. Lines may share a level.
asked = st.lists(st.tuples(st.integers(0, 1), levels, quantities), min_size=1, max_size=3)
servers = st.integers(0, SERVERS - 1)

#: What is not a refusal is a mistake of the caller's, which the service or a constraint refuses to make true.
REFUSALS = (DomainError, BrokenInvariant, asyncpg.CheckViolationError)


class StockMachine(RuleBasedStateMachine):
    """A shop, several servers over its database, and what its stock should be."""

    def __init__(self, template: tuple[postgres.Server, str]) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.clock = StoppedClock()
        self.template = template
        self.ids = itertools.count(1)

    @initialize()
    def open(self) -> None:
        """Open the furnished shop, on a database of its own."""
        self.runner.run(self._open())

    async def _open(self) -> None:
        dsn = await self.stack.enter_async_context(postgres.cloned(*self.template))
        self.databases = [
            Database(dsn, keys=KEYS, clock=self.clock, pool_size=2, patience=PATIENT) for _ in range(SERVERS)
        ]
        for database in self.databases:
            await database.connect()
            self.stack.push_async_callback(database.close)
        self.shop = Shop(self.databases[0])
        async with self.shop.database.read() as session:
            self.model = SupplyModel(await _floors(session), await _ledger(session))

    def teardown(self) -> None:
        """See that every law of stock holds in the end, and close the shop."""
        try:
            if hasattr(self, "shop"):
                assert self.runner.run(broken_stock(self.shop)) == []
                assert _folded(self.model.ledger, self.model.floors) == self.model.floors
        finally:
            self.runner.run(self.stack.aclose())
            self.runner.close()

    def new_id(self) -> UUID:
        """Make an id that is the same in every run of the same sequence; there is room for lines' ids before the next."""
        return UUID(int=0xC0FFEE << 96 | next(self.ids) << 32)

    # Soft promises.

    @rule(asked=asked, server=servers, kind=st.sampled_from(DEMANDS), data=st.data())
    def reserve_soft(self, asked: list[tuple[int, Key, int]], server: int, kind: DemandKind, data: DataObject) -> None:
        """Hold all or nothing, for somebody new or instead of what a cart holds."""
        demand, expires_at = self.new_id(), self.clock.at + TTL
        units, other = units_of(demand, asked), self._maybe(data, self.model.demands(soft=True))
        self._agree(
            server,
            lambda uow: inventory.reserve_soft(
                uow, demand_id=demand, units=units, expires_at=expires_at, kind=kind, instead_of=other
            ),
            lambda model: model.reserve_soft(
                self.clock.at, demand=demand, units=units, expires_at=expires_at, kind=kind, instead_of=other
            ),
        )

    @rule(asked=asked, server=servers, data=st.data())
    def reserve_in_part(self, asked: list[tuple[int, Key, int]], server: int, data: DataObject) -> None:
        """Hold what there is."""
        demand, expires_at = self.new_id(), self.clock.at + TTL
        units, other = units_of(demand, asked), self._maybe(data, self.model.demands(soft=True))

        async def hold(uow: UnitOfWork) -> object:
            held = await inventory.reserve_in_part(
                uow, demand_id=demand, units=units, expires_at=expires_at, instead_of=other
            )
            return list(held.units), list(held.shortages)

        self._agree(
            server,
            hold,
            lambda model: model.reserve_in_part(
                self.clock.at, demand=demand, units=units, expires_at=expires_at, instead_of=other
            ),
        )

    @precondition(lambda self: self.model.demands(soft=True))
    @rule(minutes=st.integers(1, 30), server=servers, data=st.data())
    def extend(self, minutes: int, server: int, data: DataObject) -> None:
        """Hold longer, never shorter."""
        demand, expires_at = self._one(data, soft=True), self.clock.at + timedelta(minutes=minutes)
        self._agree(
            server,
            lambda uow: inventory.extend_soft(uow, demand_id=demand, expires_at=expires_at),
            lambda model: model.extend_soft(demand=demand, expires_at=expires_at),
        )

    @precondition(lambda self: self.model.demands(soft=True))
    @rule(lapsed=st.sampled_from((0, 0, 0, 1)), server=servers, data=st.data())
    def promote(self, lapsed: int, server: int, data: DataObject) -> None:
        """Place an order that was held for; now and then it had asked for more, which lapsed."""
        demand = self._one(data, soft=True)
        units = sum(part.quantity for part in self.model.held_by(demand)) + lapsed
        self._agree(
            server,
            lambda uow: inventory.promote(uow, order_id=OrderId(demand), units=units),
            lambda model: model.promote(demand=demand, units=units),
        )

    @precondition(lambda self: self.model.promises)
    @rule(server=servers, data=st.data())
    def release_soft(self, server: int, data: DataObject) -> None:
        """Give back what somebody holds, if anything."""
        demand = data.draw(st.sampled_from([part.demand for part in self.model.promises]))
        self._agree(
            server,
            lambda uow: inventory.release_soft(uow, demand_id=demand),
            lambda model: model.release_soft(demand=demand),
        )

    @precondition(lambda self: self.model.demands(soft=True))
    @rule(seconds=st.sampled_from((1, 599, 600, 601)))
    def wait(self, seconds: int) -> None:
        """Let time pass."""
        self.clock.advance(seconds=seconds)

    @precondition(lambda self: self.model.lapsed(self.clock.at))
    @rule(server=servers)
    def sweep(self, server: int) -> None:
        """Give back what nobody waits for any more."""
        self._agree(server, inventory.sweep_expired, lambda model: model.sweep(self.clock.at))

    @precondition(lambda self: self.model.lapsed(self.clock.at))
    @rule(server=servers, sku=st.sampled_from(SKUS))
    def reclaim(self, server: int, sku: str) -> None:
        """Give back what nobody waits for of one variant."""
        self._agree(
            server,
            lambda uow: inventory.reclaim(uow, variant_ids=[VARIANTS[sku]]),
            lambda model: model.reclaim(self.clock.at, [VARIANTS[sku]]),
        )

    # Firm promises.

    @rule(asked=asked, server=servers, priority=st.integers(-1, 1), data=st.data())
    def allocate(self, asked: list[tuple[int, Key, int]], server: int, priority: int, data: DataObject) -> None:
        """Promise firmly at once, to somebody new or to somebody who has something already."""
        demand = self._maybe(data, self.model.demands(soft=False)) or self.new_id()
        units = units_of(demand, asked)
        self._agree(
            server,
            lambda uow: inventory.allocate(uow, demand_id=demand, units=units, priority=priority),
            lambda model: model.allocate(self.clock.at, demand=demand, units=units, priority=priority),
        )

    @precondition(lambda self: self.model.demands(soft=False))
    @rule(server=servers, ended=st.sampled_from((ReservationEnd.RELEASED, ReservationEnd.BROKEN)), data=st.data())
    def release_firm(self, server: int, ended: ReservationEnd, data: DataObject) -> None:
        """Take promises off units that stay."""
        demand, units = self._promised(data)
        self._agree(
            server,
            lambda uow: inventory.release_firm(uow, demand_id=demand, units=units, ended=ended),
            lambda model: model.release_firm(demand=demand, units=units, ended=ended),
        )

    @precondition(lambda self: self.model.demands(soft=False))
    @rule(server=servers, reason=st.sampled_from(LEAVING), named=st.booleans(), data=st.data())
    def take_out(self, server: int, reason: MovementReason, named: bool, data: DataObject) -> None:
        """Let promised units leave."""
        demand, units = self._promised(data)
        cause = Cause("transfer", self.new_id(), "to the other shop") if named else None
        self._agree(
            server,
            lambda uow: inventory.take_out(uow, demand_id=demand, units=units, reason=reason, cause=cause),
            lambda model: model.take_out(demand=demand, units=units, reason=reason, cause=cause),
        )

    @precondition(lambda self: self.model.demands(soft=False))
    @rule(server=servers, reason=st.sampled_from(WRITTEN_OFF), data=st.data())
    def write_off(self, server: int, reason: MovementReason, data: DataObject) -> None:
        """Say that promised units are not there, or not whole."""
        demand, units = self._promised(data)
        self._agree(
            server,
            lambda uow: inventory.write_off(uow, demand_id=demand, units=units, reason=reason),
            lambda model: model.write_off(demand=demand, units=units, reason=reason),
        )

    # What comes and goes otherwise.

    @rule(server=servers, back=st.lists(st.tuples(levels, quantities, st.sampled_from(Bucket)), min_size=1, max_size=4))
    def receive_return(self, server: int, back: list[tuple[Key, int, Bucket]]) -> None:
        """Take units back."""
        return_id = self.new_id()
        units = [(Units(self.new_id(), *key, quantity), bucket) for key, quantity, bucket in back]
        self._agree(
            server,
            lambda uow: inventory.receive_return(uow, return_id=return_id, units=units),
            lambda model: model.receive_return(return_id=return_id, units=units),
        )

    @rule(server=servers, said=st.dictionaries(levels, st.integers(-1, 8), min_size=1, max_size=4))
    def set_levels(self, server: int, said: dict[Key, int]) -> None:
        """Take in a snapshot of a feed."""
        lines = [StockLine(*key, quantity) for key, quantity in said.items()]
        self._agree(
            server,
            lambda uow: inventory.set_levels(uow, lines=lines, reason=MovementReason.FEED),
            lambda model: model.set_levels(self.clock.at, lines=lines, reason=MovementReason.FEED),
        )

    # How the two are compared.

    def _agree(
        self,
        server: int,
        event: Callable[[UnitOfWork], Awaitable[object]],
        expected: Callable[[SupplyModel], object],
    ) -> None:
        """Let the same thing happen to both, and see that they say the same to it."""
        outcome = self.runner.run(self._outcome(server, event))
        before = self.model.copied()
        try:
            answer: object = expected(self.model)
        except REFUSALS as refusal:
            self.model, answer = before, _what_it_says(refusal)
        assert outcome == answer

    async def _outcome(self, server: int, event: Callable[[UnitOfWork], Awaitable[object]]) -> object:
        try:
            return await self.databases[server].begin(SYSTEM).run(event)
        except REFUSALS as refusal:
            return _what_it_says(refusal)

    @invariant()
    def everything_is_as_the_model_says(self) -> None:
        """Compare every level, counter, promise, ending and entry."""
        if hasattr(self, "shop"):
            self.runner.run(self._compare())

    async def _compare(self) -> None:
        model = self.model
        async with self.shop.database.read() as session:
            assert await _floors(session) == model.floors
            assert await _counters(session) == {
                key: (model.soft(key), model.firm(key), model.safety[key]) for key in model.floors
            }
            assert await _promises(session) == sorted(map(_as_row, model.promises), key=str)
            assert await _endings(session) == +model.endings
            assert await _supplies(session) == {
                supply: (one.expected, one.sold_ahead, one.received, one.lost, model.reserved(supply), one.closed)
                for supply, one in model.supplies.items()
            }
            assert _sorted(await _ledger(session)) == _sorted(model.ledger)

    # What is chosen.

    def _one(self, data: DataObject, *, soft: bool) -> UUID:
        return data.draw(st.sampled_from(self.model.demands(soft=soft)))

    def _maybe(self, data: DataObject, demands: list[UUID]) -> UUID | None:
        return data.draw(st.sampled_from([None, None, *demands]))

    def _promised(self, data: DataObject) -> tuple[UUID, list[Units]]:
        """Choose some of what somebody was promised; rarely more, which cannot be."""
        demand = self._one(data, soft=False)
        parts = data.draw(
            st.lists(
                st.sampled_from(self.model.firm_of(demand)), min_size=1, max_size=3, unique_by=lambda part: part.line
            )
        )
        more = data.draw(st.sampled_from((0, 0, 0, 0, 0, 1)))
        return demand, [
            Units(part.line, *part.key, data.draw(st.integers(1, part.quantity)) if not more else part.quantity + more)
            for part in parts
        ]


def units_of(demand: UUID, asked: list[tuple[int, Key, int]]) -> list[Units]:
    """Write units; a line has one variant, and may be served from several locations."""
    return [Units(line_of(demand, number, key), *key, quantity) for number, key, quantity in asked]


def line_of(demand: UUID, number: int, key: Key) -> UUID:
    """Name a demand's line of a variant."""
    return UUID(int=demand.int ^ (key[0].int & 0xFFFF) ^ (number << 16))


def _as_row(promise: Promise) -> tuple[Any, ...]:
    return (
        promise.demand,
        promise.kind,
        promise.line,
        promise.key,
        promise.quantity,
        promise.expires_at,
        promise.priority,
        promise.supply,
    )


def _what_it_says(refusal: Exception) -> object:
    if not isinstance(refusal, DomainError):
        return "this cannot be"
    shortages = refusal.shortages if isinstance(refusal, OutOfStock) else ()
    return type(refusal), getattr(refusal, "field", None), shortages


def _sorted(entries: list[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda entry: (entry.key, entry.version, entry.bucket))


def _folded(ledger: list[Entry], keys: Iterable[Key]) -> dict[Key, Floor]:
    """Add the ledger up; a level that never moved is empty."""
    floors = {key: Floor() for key in keys}
    for entry in ledger:
        floors[entry.key].units[entry.bucket] += entry.delta
        floors[entry.key].version = max(floors[entry.key].version, entry.version)
    return floors


async def _floors(session: Session) -> dict[Key, Floor]:
    found = await session.fetch(
        "SELECT variant_id, location_id, sellable, damaged, quality, version FROM levels WHERE variant_id = ANY($1)",
        [OURS],
    )
    return {(row[0], row[1]): Floor(dict(zip(Bucket, (row[2], row[3], row[4]), strict=True)), row[5]) for row in found}


async def _counters(session: Session) -> dict[Key, tuple[int, int, int]]:
    found = await session.fetch(
        "SELECT variant_id, location_id, soft, firm, safety_stock FROM levels WHERE variant_id = ANY($1)", [OURS]
    )
    return {(row[0], row[1]): (row[2], row[3], row[4]) for row in found}


async def _promises(session: Session) -> list[tuple[Any, ...]]:
    found = await session.fetch(
        "SELECT demand_id, demand_kind, line_id, variant_id, location_id, quantity, expires_at, priority, supply_id"
        " FROM reservations",
        [],
    )
    return sorted(((*row[:3], (row[3], row[4]), *row[5:]) for row in map(tuple, found)), key=str)


async def _endings(session: Session) -> dict[tuple[UUID, UUID, Key, UUID | None, ReservationEnd], int]:
    found = await session.fetch(
        "SELECT demand_id, line_id, variant_id, location_id, supply_id, ended, sum(quantity)::int"
        " FROM reservation_endings GROUP BY 1, 2, 3, 4, 5, 6",
        [],
    )
    return {(row[0], row[1], (row[2], row[3]), row[4], ReservationEnd(row[5])): row[6] for row in found}


async def _supplies(session: Session) -> dict[UUID, tuple[object, ...]]:
    found = await session.fetch(
        "SELECT id, expected, sold_ahead, received, lost, reserved, closed_at IS NOT NULL FROM supplies", []
    )
    return {row[0]: tuple(row)[1:] for row in found}


async def _ledger(session: Session) -> list[Entry]:
    found = await session.fetch(
        "SELECT variant_id, location_id, level_version, bucket, delta, balance, reason, cause_kind, cause_id, note"
        " FROM movements WHERE variant_id = ANY($1)",
        [OURS],
    )
    return [
        Entry((row[0], row[1]), row[2], Bucket(row[3]), row[4], row[5], MovementReason(row[6]), Cause(*tuple(row)[7:]))
        for row in found
    ]
