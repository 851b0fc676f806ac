"""The outbox: claimed once, in order for each aggregate, and given back by whoever dies with a claim."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest

from app.kernel import outbox
from app.kernel.actor import SYSTEM
from app.kernel.db import Database, UnitOfWork
from app.kernel.errors import Invalid
from app.kernel.events import Event
from app.kernel.ids import new_id
from app.kernel.outbox import Delivery, event_from
from tests.builders.clock import StoppedClock
from tests.builders.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.anyio

LEASE = timedelta(seconds=30)
RETRY = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class BellRang(Event):
    """Somebody came in."""

    bell_id: UUID
    times: int


class Relay:
    """Whatever claims and delivers."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.begin = database.begin(SYSTEM)

    async def ring(self, bell: UUID, *times: int) -> None:
        """Tell events of one aggregate, in one unit."""

        async def work(uow: UnitOfWork) -> None:
            for n in times:
                uow.emit(BellRang(bell_id=bell, times=n))

        await self.begin.run(work)

    async def claim(self, *, most: int = 100) -> list[Delivery]:
        """Claim what is due."""
        return await self.begin.run(
            lambda uow: outbox.CLAIM.all(uow, now=uow.now, lease_until=uow.now + LEASE, most=most)
        )

    async def delivered(self, *deliveries: Delivery) -> None:
        """Mark as delivered."""
        ids = [delivery.id for delivery in deliveries]
        await self.begin.run(lambda uow: outbox.MARK_DELIVERED.run(uow, now=uow.now, ids=ids))

    async def failed(self, delivery: Delivery) -> None:
        """Mark as failed, to be tried again soon."""
        await self.begin.run(
            lambda uow: outbox.MARK_FAILED.run(
                uow, id=delivery.id, due_at=uow.now + RETRY, error="a subscriber fell over"
            )
        )


@pytest.fixture
def relay(database: Database) -> Relay:
    """A relay over an empty outbox."""
    return Relay(database)


def times(deliveries: list[Delivery]) -> list[int]:
    """Say which events were claimed."""
    return sorted(delivery.payload["times"] for delivery in deliveries)


class TestClaim:
    async def test_answers_the_event_as_it_was_told(self, relay: Relay, clock: StoppedClock) -> None:
        bell = new_id()
        await relay.ring(bell, 7)

        [delivery] = await relay.claim()

        assert event_from({"BellRang": BellRang}, delivery) == BellRang(bell_id=bell, times=7)
        assert (delivery.aggregate_id, delivery.at, delivery.attempts) == (bell, clock.at, 1)

    async def test_takes_the_first_of_each_aggregate_alone(self, relay: Relay) -> None:
        await relay.ring(new_id(), 1, 2, 3)
        await relay.ring(new_id(), 10, 11)

        first = await relay.claim()
        assert times(first) == [1, 10]
        assert await relay.claim() == []

        await relay.delivered(*first)
        assert times(await relay.claim()) == [2, 11]

    async def test_is_never_anothers_too(self, relay: Relay) -> None:
        for n in range(60):
            await relay.ring(new_id(), n)

        claimed = await asyncio.gather(*(relay.claim(most=10) for _ in range(8)))

        everything = [delivery.id for batch in claimed for delivery in batch]
        assert len(everything) == len(set(everything))
        rest = await relay.claim()
        assert len(everything) + len(rest) == 60

    async def test_is_given_back_when_the_relay_dies(self, relay: Relay, clock: StoppedClock) -> None:
        await relay.ring(new_id(), 1)
        await relay.claim()

        assert await relay.claim() == []
        clock.advance(seconds=LEASE.seconds + 1)

        [again] = await relay.claim()
        assert again.attempts == 2

    async def test_comes_again_after_a_failure_and_holds_back_what_follows(
        self, relay: Relay, clock: StoppedClock
    ) -> None:
        await relay.ring(new_id(), 1, 2)
        [first] = await relay.claim()

        await relay.failed(first)

        assert await relay.claim() == []
        clock.advance(seconds=RETRY.seconds + 1)
        [again] = await relay.claim()
        assert (again.id, again.attempts) == (first.id, 2)

    async def test_finds_nothing_of_a_unit_that_was_rolled_back(self, relay: Relay) -> None:
        async def work(uow: UnitOfWork) -> None:
            uow.emit(BellRang(bell_id=new_id(), times=1))
            raise Invalid("no")

        with pytest.raises(Invalid):
            await relay.begin.run(work)

        assert await relay.claim() == []

    async def test_keeps_each_aggregates_order_with_many_relays(self, relay: Relay) -> None:
        bells = [new_id() for _ in range(5)]
        for bell in bells:
            await relay.ring(bell, *range(6))
        heard: dict[UUID, list[int]] = {bell: [] for bell in bells}

        async def work() -> None:
            while sum(map(len, heard.values())) < 30:
                for delivery in await relay.claim(most=3):
                    heard[delivery.aggregate_id].append(delivery.payload["times"])
                    await relay.delivered(delivery)

        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.gather(*(work() for _ in range(4)))

        assert heard == {bell: list(range(6)) for bell in bells}


class TestSentRows:
    async def test_are_deleted_once_old_and_others_are_not(self, relay: Relay, clock: StoppedClock) -> None:
        await relay.ring(new_id(), 1)
        await relay.ring(new_id(), 2)
        old, waiting = sorted(await relay.claim(), key=lambda delivery: delivery.payload["times"])
        await relay.delivered(old)
        clock.advance(days=8)

        gone = await relay.begin.run(lambda uow: outbox.DELETE_DELIVERED.run(uow, before=clock.at, most=100))

        assert gone == 1
        async with relay.database.read() as session:
            assert await outbox.COUNT_WAITING.one(session) == 1
        [again] = await relay.claim()
        assert again.id == waiting.id
