"""A worker's whole work, once."""

from datetime import timedelta

from app import worker
from app.kernel import timers
from app.kernel.actor import SYSTEM
from app.kernel.db import Database
from app.payments.gateway import Gateways
from app.payments.gateways.test import TestGateway
from app.worker import Means, Relay


async def work(database: Database, gateways: Gateways | None = None) -> None:
    """Tell every event and fire every timer that is due, one after the other, so that the same comes in the same order."""
    chosen = {"test": TestGateway(database)} if gateways is None else gateways
    means = Means(database.begin(SYSTEM), chosen)
    relay = Relay(means)
    await relay.drain()
    every = {timer.name: timedelta(seconds=timer.every_seconds) for timer in worker.SCHEDULE}
    await means.begin.run(lambda uow: timers.put(uow, names=list(every)))
    due = await means.begin.run(lambda uow: timers.fire(uow, every=every))
    for timer in worker.SCHEDULE:
        if timer.name in due:
            await timer.fire(means)
    await relay.drain()
