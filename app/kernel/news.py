"""News: which facts were just delivered, told to every process that listens, so that clients can follow along.

The relay sends one coalesced NOTIFY for a batch of events, after their commits; a NOTIFY inside a business transaction
would make commits wait for each other. News are hints, not facts: whoever hears one reads the record. Nothing correct
hangs on them: a listener that was cut off tells its subscribers that it may have missed something, and they read again.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import orjson
import structlog

from app.kernel.db import UNAVAILABLE, UnitOfWork
from app.kernel.sql import statement

_CHANNEL = "stoa_news"
#: PostgreSQL refuses payloads of 8000 bytes and more.
_LONGEST_PAYLOAD = 7500
_LONGEST_QUEUE = 1000
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 5.0
_HEARTBEAT_SECONDS = 15.0

_NOTIFY = statement("SELECT pg_notify(:channel, payload) FROM unnest(:payloads::text[]) AS news (payload)")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Notice:
    """An event's name and the ids it carries. A gap says that notices may have been missed."""

    name: str
    ids: Mapping[str, str] = field(default_factory=dict)
    is_gap: bool = False


GAP = Notice(name="", is_gap=True)


async def tell(uow: UnitOfWork, notices: Sequence[Notice]) -> None:
    """Send notices to every process that listens, in as few messages as they fit into."""
    payloads = list(_payloads(notices))
    if payloads:
        await _NOTIFY.run(uow, channel=_CHANNEL, payloads=payloads)


def _payloads(notices: Iterable[Notice]) -> Iterable[str]:
    batch: list[bytes] = []
    length = 2
    for notice in dict.fromkeys(orjson.dumps([notice.name, notice.ids]) for notice in notices):
        if batch and length + len(notice) + 1 > _LONGEST_PAYLOAD:
            yield _list_of(batch)
            batch, length = [], 2
        batch.append(notice)
        length += len(notice) + 1
    if batch:
        yield _list_of(batch)


def _list_of(encoded: Sequence[bytes]) -> str:
    return (b"[" + b",".join(encoded) + b"]").decode()


class Subscriber:
    """Somebody who follows."""

    def __init__(self, queue: asyncio.Queue[Notice]) -> None:
        self._queue = queue

    async def next(self) -> list[Notice]:
        """Wait for notices; answers all that have come, as what happened at once is best read at once."""
        notices = [await self._queue.get()]
        while not self._queue.empty():
            notices.append(self._queue.get_nowait())
        return notices


class News:
    """One process's ear: a connection of its own that listens, and the subscribers it tells."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._subscribers: dict[asyncio.Queue[Notice], Callable[[Notice], bool]] = {}
        self._listening = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to listen, and go on until `close`; a database that is away is listened to when it comes back."""
        self._task = asyncio.create_task(self._listen(), name="news")

    async def close(self) -> None:
        """Stop listening."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def listening(self) -> None:
        """Wait until news are heard."""
        await self._listening.wait()

    @property
    def followers(self) -> int:
        """Say how many follow now."""
        return len(self._subscribers)

    @contextlib.contextmanager
    def subscribed(self, wanted: Callable[[Notice], bool]) -> Iterator["Subscriber"]:
        """Follow the notices that are wanted, and every gap, for the length of the block."""
        queue: asyncio.Queue[Notice] = asyncio.Queue(_LONGEST_QUEUE)
        self._subscribers[queue] = wanted
        try:
            yield Subscriber(queue)
        finally:
            del self._subscribers[queue]

    def hear(self, notice: Notice) -> None:
        """Tell subscribers one notice."""
        for queue, wanted in self._subscribers.items():
            if notice.is_gap or wanted(notice):
                if queue.full():
                    # Whoever reads so slowly gets one notice that stands for all that were dropped.
                    while not queue.empty():
                        queue.get_nowait()
                    queue.put_nowait(GAP)
                else:
                    queue.put_nowait(notice)

    async def _listen(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                await self._hear_until_cut_off()
                pause = _FIRST_PAUSE_SECONDS
            except (*UNAVAILABLE, TimeoutError, asyncpg.PostgresError) as error:
                log.warning("news cut off", error=str(error))
            self._listening.clear()
            await asyncio.sleep(pause)
            pause = min(_LONGEST_PAUSE_SECONDS, pause * 2)

    async def _hear_until_cut_off(self) -> None:
        connection = await asyncpg.connect(self._dsn, timeout=5, server_settings={"application_name": "stoa news"})
        try:
            cut_off = asyncio.Event()
            connection.add_termination_listener(lambda _: cut_off.set())
            await connection.add_listener(_CHANNEL, self._received)
            self.hear(GAP)
            self._listening.set()
            while not cut_off.is_set():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_HEARTBEAT_SECONDS):
                        await cut_off.wait()
                if not cut_off.is_set():
                    # A connection that a firewall dropped looks idle until something is asked of it.
                    await connection.execute("SELECT 1", timeout=5)
        finally:
            connection.terminate()

    def _received(self, _connection: Any, _pid: int, _channel: str, payload: str) -> None:
        for name, ids in orjson.loads(payload):
            self.hear(Notice(name=name, ids=ids))
