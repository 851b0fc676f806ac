"""Telling events: at least once, and in order for each aggregate."""

import asyncio
import contextlib
import random
from collections.abc import Mapping, Sequence
from datetime import timedelta

import structlog

from app.kernel import outbox
from app.kernel.db import UnitOfWork
from app.kernel.errors import Busy, DatabaseUnavailable
from app.kernel.events import Event
from app.kernel.news import Notice, tell
from app.kernel.outbox import Delivery
from app.worker.means import Means
from app.worker.subscriptions import EVENTS, SUBSCRIPTIONS, Handler
from app.worker.waiting import AWAY_SECONDS, STOP_SECONDS, sleep

log = structlog.get_logger()

LEASE = timedelta(seconds=60)
#: Shorter than the lease, so that nobody else is given an event that is still being told.
_HANDLER_SECONDS = 45.0
_AT_ONCE = 64
_SHORTEST_PAUSE_SECONDS = 0.02
_LONGEST_PAUSE_SECONDS = 0.25
_LONGEST_BACKOFF = timedelta(minutes=10)
_TROUBLING_ATTEMPTS = 5


class Relay:
    """Tells events to their subscribers, several at once, those of one aggregate one after the other."""

    def __init__(
        self,
        means: Means,
        *,
        subscriptions: Mapping[type[Event], Sequence[Handler]] = SUBSCRIPTIONS,
        events: Mapping[str, type[Event]] = EVENTS,
    ) -> None:
        self._means = means
        self._subscriptions = subscriptions
        self._events = events
        self._running: dict[asyncio.Task[None], Delivery] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Tell events as they come, until told to stop."""
        pause = _SHORTEST_PAUSE_SECONDS
        while not stop.is_set():
            try:
                busy = await self.turn()
            except (DatabaseUnavailable, Busy) as error:
                log.warning("events wait", reason=str(error))
                await sleep(stop, AWAY_SECONDS)
                continue
            except Exception:  # Whatever went wrong, the next events may go right.
                log.exception("events wait")
                await sleep(stop, AWAY_SECONDS)
                continue
            pause = _SHORTEST_PAUSE_SECONDS if busy else min(_LONGEST_PAUSE_SECONDS, pause * 2)
            if not busy:
                await sleep(stop, pause)
        await self._finish()

    async def drain(self) -> None:
        """Tell every event that is due, and those that this leads to."""
        while await self.turn() or self._running:
            pass

    async def turn(self) -> bool:
        """Claim events, begin to tell them, and write down which were told; answers whether there was any."""
        room = _AT_ONCE - len(self._running)
        claimed = await self._claim(room) if room else []
        told: list[Delivery] = []
        for delivery in claimed:
            if self._subscriptions.get(self._events.get(delivery.name, Event)):
                self._running[asyncio.create_task(self._tell(delivery))] = delivery
            else:
                told.append(delivery)
        done: set[asyncio.Task[None]] = set()
        if self._running:
            # A slow gateway holds up the events of its own payment, and nobody else's.
            done, _ = await asyncio.wait(
                self._running, timeout=_SHORTEST_PAUSE_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
        if told or done:
            await self._settle(told, done)
        return bool(claimed or done)

    async def _claim(self, most: int) -> list[Delivery]:
        return await self._means.begin.run(
            lambda uow: outbox.CLAIM.all(uow, now=uow.now, lease_until=uow.now + LEASE, most=most)
        )

    async def _tell(self, delivery: Delivery) -> None:
        event = outbox.event_from(self._events, delivery)
        async with asyncio.timeout(_HANDLER_SECONDS):
            for handler in self._subscriptions[type(event)]:
                await handler(self._means, event)

    async def _settle(self, told: list[Delivery], done: set[asyncio.Task[None]]) -> None:
        failed: list[tuple[Delivery, BaseException]] = []
        for task in done:
            delivery = self._running.pop(task)
            error = task.exception()
            if error is None:
                told.append(delivery)
            else:
                failed.append((delivery, error))
        for delivery, error in failed:
            write = log.error if delivery.attempts >= _TROUBLING_ATTEMPTS else log.warning
            write(
                "event not told",
                name=delivery.name,
                event_id=str(delivery.id),
                attempts=delivery.attempts,
                exc_info=error,
            )

        async def work(uow: UnitOfWork) -> None:
            if told:
                await outbox.MARK_DELIVERED.run(uow, ids=[delivery.id for delivery in told], now=uow.now)
            for delivery, error in failed:
                await outbox.MARK_FAILED.run(
                    uow, id=delivery.id, due_at=uow.now + backoff(delivery.attempts), error=type(error).__name__
                )
            await tell(uow, [_notice(delivery) for delivery in told])

        await self._means.begin.run(work)

    async def _finish(self) -> None:
        if not self._running:
            return
        done, late = await asyncio.wait(self._running, timeout=STOP_SECONDS)
        for task in late:
            # Its lease will end, and another worker will tell the event again.
            task.cancel()
        with contextlib.suppress(DatabaseUnavailable, Busy):
            await self._settle([], done)


def backoff(attempts: int) -> timedelta:
    """Say how long to wait after so many attempts: twice as long each time, and never as long as anybody else."""
    longest = min(_LONGEST_BACKOFF.total_seconds(), 0.5 * 2.0 ** min(attempts, 20))
    return timedelta(seconds=longest) * random.uniform(0.5, 1)  # noqa: S311  # Not a secret.


def _notice(delivery: Delivery) -> Notice:
    return Notice(delivery.name, {name: value for name, value in delivery.payload.items() if name.endswith("_id")})
