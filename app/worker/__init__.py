"""The worker: tells events to those who subscribe, and fires timers. `SUBSCRIPTIONS` and `SCHEDULE` say all of it.

At least once, and in order for each aggregate. A handler works in units of work of its own and bears to be called twice
with the same event. Any number of workers may run; a worker that dies gives its events back when their lease ends.
"""

import asyncio
from datetime import timedelta

import structlog

from app.identity.rules.terms import LogInThrottle
from app.kernel import timers
from app.kernel.actor import SYSTEM
from app.kernel.db import Database
from app.kernel.errors import Busy, DatabaseUnavailable
from app.payments.gateway import Gateways
from app.worker.means import Means
from app.worker.relay import LEASE, Relay, backoff
from app.worker.schedule import SCHEDULE, Timer
from app.worker.subscriptions import EVENTS, SUBSCRIPTIONS, Handler
from app.worker.waiting import STOP_SECONDS, sleep

log = structlog.get_logger()

__all__ = ["EVENTS", "LEASE", "SCHEDULE", "SUBSCRIPTIONS", "Handler", "Means", "Relay", "Timer", "backoff", "run"]

_TIMER_SECONDS = 1.0


async def run(
    database: Database, gateways: Gateways, stop: asyncio.Event, *, throttle: LogInThrottle | None = None
) -> None:
    """Work until told to stop; then finish what is under way. A database that is away is waited for."""
    means = Means(database.begin(SYSTEM), gateways, throttle or LogInThrottle())
    async with asyncio.TaskGroup() as group:
        group.create_task(Relay(means).run(stop), name="relay")
        group.create_task(_keep_time(means, stop), name="timers")


async def _keep_time(means: Means, stop: asyncio.Event) -> None:
    every = {timer.name: timedelta(seconds=timer.every_seconds) for timer in SCHEDULE}
    running: dict[str, asyncio.Task[None]] = {}
    known = False
    while not stop.is_set():
        try:
            if not known:
                await means.begin.run(lambda uow: timers.put(uow, names=list(every)))
                known = True
            due = await means.begin.run(lambda uow: timers.fire(uow, every=every))
        except (DatabaseUnavailable, Busy) as error:
            log.warning("timers wait", reason=str(error))
            due = []
        for timer in SCHEDULE:
            if timer.name in due and (timer.name not in running or running[timer.name].done()):
                running[timer.name] = asyncio.create_task(_fire(means, timer), name=timer.name)
        await sleep(stop, _TIMER_SECONDS)
    if running:
        _, late = await asyncio.wait(running.values(), timeout=STOP_SECONDS)
        for task in late:
            task.cancel()


async def _fire(means: Means, timer: Timer) -> None:
    try:
        count = await timer.fire(means)
    except (DatabaseUnavailable, Busy) as error:
        log.warning("timer put off", timer=timer.name, reason=str(error))
    except Exception:  # One timer's bug must not stop the others; the next turn tries again.
        log.exception("timer failed", timer=timer.name)
    else:
        if count:
            log.info("timer", timer=timer.name, count=count)
