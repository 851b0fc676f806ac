"""The relay tells events at least once, in the order of their aggregate, and to one relay at a time."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import pytest

from app import worker
from app.kernel import outbox, partitions, timers
from app.kernel.actor import SYSTEM
from app.kernel.db import Database, UnitOfWork
from app.kernel.events import Event
from app.kernel.ids import OrderId
from app.orders.events import OrderChanged, OrderPlaced
from app.worker import EVENTS, LEASE, Handler, Means, Relay
from tests.builders.clock import StoppedClock
from tests.builders.patience import PATIENCE_SECONDS
from tests.builders.shop import fixed_id

FIRST = OrderId(fixed_id(99, 1))
SECOND = OrderId(fixed_id(99, 2))


async def emit(database: Database, *events: Event) -> None:
    """Let these facts be true, all at once."""
    async with database.unit(SYSTEM) as uow:
        for event in events:
            uow.emit(event)


def changes(order_id: OrderId, *statuses: str) -> list[OrderChanged]:
    """Write an order's history."""
    return [OrderChanged(order_id=order_id, status=status) for status in statuses]


def relay(database: Database, handler: Handler) -> Relay:
    """Make a relay with one subscriber."""
    return Relay(Means(database.begin(SYSTEM), {}), subscriptions={OrderChanged: (handler,)})


class Listener:
    """Hears events, and fails as often as it is told to."""

    def __init__(self, *, failures: int = 0) -> None:
        self.heard: list[tuple[UUID, str]] = []
        self.failures = failures

    async def __call__(self, _means: Means, event: OrderChanged) -> None:
        """Hear one event."""
        if self.failures:
            self.failures -= 1
            raise RuntimeError("not now")
        await asyncio.sleep(0)
        self.heard.append((event.order_id, event.status))


class TestRelay:
    async def test_tells_each_aggregates_events_in_their_order(self, database: Database) -> None:
        listener = Listener()
        await emit(database, *changes(FIRST, "a", "b", "c"), *changes(SECOND, "x", "y"))

        await relay(database, listener).drain()

        assert [status for order_id, status in listener.heard if order_id == FIRST] == ["a", "b", "c"]
        assert [status for order_id, status in listener.heard if order_id == SECOND] == ["x", "y"]

    async def test_keeps_the_order_when_telling_fails(self, database: Database, clock: StoppedClock) -> None:
        listener = Listener(failures=1)
        await emit(database, *changes(FIRST, "a", "b"))
        telling = relay(database, listener)

        await telling.drain()
        heard_at_first = list(listener.heard)
        clock.advance(seconds=2)
        await telling.drain()

        assert heard_at_first == []
        assert listener.heard == [(FIRST, "a"), (FIRST, "b")]

    async def test_lets_other_aggregates_pass_one_that_fails(self, database: Database) -> None:
        listener = Listener(failures=1)
        await emit(database, *changes(FIRST, "a"))
        telling = relay(database, listener)
        await telling.drain()
        await emit(database, *changes(SECOND, "x"))

        await telling.drain()

        assert listener.heard == [(SECOND, "x")]

    async def test_tells_again_what_a_crash_interrupted(self, database: Database, clock: StoppedClock) -> None:
        begun = asyncio.Event()

        async def crash(_means: Means, _event: OrderChanged) -> None:
            begun.set()
            await asyncio.Event().wait()

        await emit(database, *changes(FIRST, "a"))
        doomed = relay(database, crash)
        task = asyncio.create_task(doomed.drain())
        await begun.wait()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        listener = Listener()
        survivor = relay(database, listener)

        await survivor.drain()
        heard_within_the_lease = list(listener.heard)
        clock.advance(seconds=LEASE.total_seconds() + 1)
        await survivor.drain()

        assert heard_within_the_lease == []
        assert listener.heard == [(FIRST, "a")]

    async def test_shares_events_with_other_relays(self, database: Database) -> None:
        listener = Listener()
        orders = [OrderId(fixed_id(99, number)) for number in range(40)]
        await emit(database, *(change for order_id in orders for change in changes(order_id, "a", "b")))

        await asyncio.gather(*(relay(database, listener).drain() for _ in range(4)))
        await relay(database, listener).drain()

        assert len(listener.heard) == len(set(listener.heard)) == 2 * len(orders)

    async def test_takes_events_off_without_subscribers(self, database: Database) -> None:
        await emit(database, OrderPlaced(order_id=FIRST))

        await relay(database, Listener()).drain()

        assert await waiting(database) == 0

    async def test_goes_on_until_it_is_told_to_stop(self, database: Database) -> None:
        listener = Listener()
        stop = asyncio.Event()
        await emit(database, *changes(FIRST, "a"))

        task = asyncio.create_task(relay(database, listener).run(stop))
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await waiting(database):
                await asyncio.sleep(0.01)
        stop.set()
        await task

        assert listener.heard == [(FIRST, "a")]


class TestTimers:
    async def test_fire_on_one_worker_each_time(self, database: Database, clock: StoppedClock) -> None:
        fired: list[str] = []
        means = Means(database.begin(SYSTEM), {})
        await means.begin.run(lambda uow: timers.put(uow, names=["count"]))

        async def turn() -> None:
            fired.extend(await means.begin.run(fire))

        await asyncio.gather(turn(), turn(), turn())
        clock.advance(seconds=4)
        await turn()
        clock.advance(seconds=1)
        await asyncio.gather(turn(), turn())

        assert fired == ["count", "count"]

    @pytest.mark.parametrize("timer", worker.SCHEDULE, ids=lambda timer: timer.name.replace(" ", "-"))
    async def test_do_nothing_to_an_empty_shop(self, database: Database, timer: worker.Timer) -> None:
        # Months are opened when they come, whatever there is to keep in them.
        await partitions.open_months(database.begin(SYSTEM))

        assert await timer.fire(Means(database.begin(SYSTEM), {})) == 0


class TestBackoff:
    def test_grows_and_stays_bearable(self) -> None:
        assert worker.backoff(1).total_seconds() <= 1
        assert 300 <= worker.backoff(1000).total_seconds() <= 600


class TestTables:
    def test_list_every_event(self) -> None:
        assert {named(kind) for kind in EVENTS.values()} == every_subclass(Event)

    def test_subscribe_to_events_that_exist(self) -> None:
        assert set(worker.SUBSCRIPTIONS) <= set(EVENTS.values())

    def test_name_each_timer_once(self) -> None:
        names = [timer.name for timer in worker.SCHEDULE]

        assert len(names) == len(set(names))


async def fire(uow: UnitOfWork) -> list[str]:
    """Take the turn of a timer of five seconds."""
    return await timers.fire(uow, every={"count": timedelta(seconds=5)})


async def waiting(database: Database) -> int:
    """Count the events that wait."""
    async with database.read() as session:
        return await outbox.COUNT_WAITING.one(session)


def named(kind: type[Event]) -> str:
    """Name a kind of event. Classes with slots exist twice, once without them, until the garbage is collected."""
    return f"{kind.__module__}.{kind.__name__}"


def every_subclass(kind: type[Event]) -> set[str]:
    """List the events of domains, however deep; those that a test declares are none of theirs."""
    found: set[str] = set()
    for subclass in kind.__subclasses__():
        if subclass.__module__.startswith("app."):
            found |= {named(subclass)} | every_subclass(subclass)
    return found
