"""What runs in a forked process: the real server, or the worker's own relay and timers, under a watch.

It is told what to do over a channel, a line of JSON for each wish and one for each answer, and ends when the channel does.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

import app.main
from app import worker
from app.cli.work.serving import serve_here
from app.kernel.db import Database
from app.main import create_app
from app.payments.gateway import Gateways
from app.settings import Settings
from app.worker import relay
from tests.builders.clock import StoppedClock
from tests.builders.patience import PATIENT
from tests.builders.shop import KEYS, settings
from tests.faults.planted import PLANTED
from tests.faults.points import Point, Watch
from tests.faults.watched import watch_gateways, watch_statements
from tests.faults.working import work

Json = dict[str, Any]
_LOOPBACK = "127.0.0.1"


@dataclass(slots=True)
class Child:
    """One process: its database, its clock, and the watch over it."""

    settings: Settings
    database: Database
    clock: StoppedClock
    watch: Watch
    stop: asyncio.Event
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def obey(self, wish: Json) -> Json:
        """Do one thing."""
        if "at" in wish:
            self.clock.at = datetime.fromisoformat(wish["at"])
        match wish["do"]:
            case "serve":
                return {"port": self._serve()}
            case "work":
                await work(self.database, app.main.gateways_of(self.settings, self.database))
            case "run":
                gateways = app.main.gateways_of(self.settings, self.database)
                self._tasks.append(asyncio.create_task(worker.run(self.database, gateways, self.stop)))
            case "arm":
                # A connection is at hand, as in a server that has served before.
                await self.database.ping()
                fault = wish["fault"]
                self.watch.arm(None if fault is None else Point.from_json(fault))
            case "rest":
                self.watch.rest()
            case "pass":
                pass
        return {"struck": self.watch.struck, "seen": [point.to_json() for point in self.watch.seen]}

    def _serve(self) -> int:
        listener = socket.socket()
        listener.bind((_LOOPBACK, 0))
        listener.listen(64)
        port = int(listener.getsockname()[1])
        app_ = create_app(self.settings, database=self.database)
        serving = serve_here(
            self.settings, self.stop, host=_LOOPBACK, port=port, with_worker=False, app=app_, listener=listener
        )
        self._tasks.append(asyncio.create_task(serving))
        return port


async def live(channel: socket.socket, wish: Json, stop: asyncio.Event) -> None:
    """Do what is wished for until nobody wishes anything any more."""
    reader, writer = await asyncio.open_connection(sock=channel, limit=2**24)
    watch = Watch(wish["role"])
    watch_statements(watch)
    _watch_chosen_gateways(watch)
    # A relay that waits for a slow handler looks again every so often; how often would depend on the machine.
    relay._SHORTEST_PAUSE_SECONDS = 60.0
    for name in wish["planted"]:
        PLANTED[name]()
    clock = StoppedClock(datetime.fromisoformat(wish["at"]))
    async with _connected(wish["dsn"], clock) as database:
        child = Child(settings(wish["dsn"]), database, clock, watch, stop)
        writer.write(orjson.dumps({"pid": os.getpid()}) + b"\n")
        while line := await reader.readline():
            try:
                answer = await child.obey(orjson.loads(line))
            except Exception as error:  # noqa: BLE001  # Whoever wished it is told.
                answer = {"error": f"{type(error).__name__}: {error}"}
            writer.write(orjson.dumps(answer) + b"\n")
    # Nothing is left to be finished: whoever gave the wishes has gone.
    os._exit(0)


def _watch_chosen_gateways(watch: Watch) -> None:
    choose = app.main.gateways_of

    def chosen(settings: Settings, database: Database) -> Gateways:
        return watch_gateways(choose(settings, database), watch)

    # Both doors, the server's and the worker's, choose their gateways with this function.
    app.main.gateways_of = chosen


@asynccontextmanager
async def _connected(dsn: str, clock: StoppedClock) -> AsyncIterator[Database]:
    database = Database(dsn, keys=KEYS, clock=clock, patience=PATIENT)
    await database.connect()
    try:
        yield database
    finally:
        with contextlib.suppress(Exception):
            await database.close()
