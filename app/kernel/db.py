"""The database: a pool, the unit of work, the read session, and the only commit of the house.

A unit of work is one actor, at one moment, in one transaction. Events and state changes gathered while it runs are
written with it, last, so what happened and the news of it are one commit. A read session is one snapshot.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import orjson

from app.kernel.actor import SYSTEM, Actor
from app.kernel.clock import Clock
from app.kernel.connections import Connections
from app.kernel.errors import BrokenInvariant, Busy, DatabaseUnavailable, DomainError, Invalid
from app.kernel.events import Event
from app.kernel.ids import new_id
from app.kernel.joining import apart, joined
from app.kernel.outbox import INSERT_FACTS, event_payload
from app.kernel.tokens import KeyRing

ResultT = TypeVar("ResultT")


class Overtaken(Exception):
    """Others changed what was looked at before it could be locked: the work begins anew, with what there is now."""


#: How a transaction that lost against others ends: a deadlock, a serialization failure, a lock not had in time.
RETRYABLE = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError, asyncpg.LockNotAvailableError, Overtaken)
#: How a database that is down, starting or going shows itself.
UNAVAILABLE = (
    OSError,
    asyncpg.InterfaceError,
    # What the driver raises in the moment between the server's farewell and the end of the connection.
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
)
#: How text shows itself that no column can hold: U+0000, which JSON can write and PostgreSQL cannot.
_UNWRITABLE = (asyncpg.CharacterNotInRepertoireError, asyncpg.UntranslatableCharacterError)
_TRIES = 5
#: Work that was overtaken has made nobody wait, and may be done anew more often.
_TRIES_OVERTAKEN = 20

_units_open: ContextVar[int] = ContextVar("units_open", default=0)


def assert_no_transaction() -> None:
    """Refuse to go on while this task has a transaction open; gateways call it before they call out.

    Raises: BrokenInvariant.
    """
    if _units_open.get():
        raise BrokenInvariant("a foreign system was called while a transaction was open")


class UnitOfWork:
    """One actor, at one moment, in one transaction. Services take it first and never commit.

    Used by one task at a time. `emit` and `moved` gather facts that are written when the work is done.
    """

    __slots__ = ("_answer", "_connection", "_events", "_moves", "_put_off", "actor", "keys", "now")

    def __init__(self, connection: Any, actor: Actor, now: datetime, keys: KeyRing) -> None:
        self._connection = connection
        self._events: list[Event] = []
        self._moves: list[tuple[str, UUID, str | None, str, str]] = []
        self._answer: tuple[str, str, UUID | None, dict[str, Any]] | None = None
        self._put_off: list[tuple[str, Sequence[object]]] = []
        self.actor = actor
        self.now = now
        self.keys = keys

    async def fetch(self, sql: str, args: Sequence[object]) -> list[Any]:
        """Run one statement of this transaction and answer its records."""
        if self._put_off:
            await self._catch_up()
        return await self._connection.fetch(sql, *args)  # type: ignore[no-any-return]

    async def execute(self, sql: str, args: Sequence[object]) -> str:
        """Run one statement of this transaction and answer its status tag."""
        if self._put_off:
            await self._catch_up()
        return await self._connection.execute(sql, *args)  # type: ignore[no-any-return]

    async def put_off(self, sql: str, args: Sequence[object]) -> None:
        """Run one statement that nobody waits for, before any that somebody does, and with others of its kind.

        It is about rows that are new or locked, and what it may break is a bug: it is not told here, but later.
        """
        if not all(apart(sql, other) for other, _ in self._put_off):
            await self._catch_up()
        self._put_off.append((sql, args))

    async def _catch_up(self) -> None:
        put_off, self._put_off = self._put_off, []
        sql = joined(tuple(sql for sql, _ in put_off))
        await self._connection.execute(sql, *(value for _, args in put_off for value in args))

    def emit(self, event: Event) -> None:
        """Tell a fact to whoever subscribes, if and when this work commits."""
        self._events.append(event)

    def moved(self, kind: str, subject: UUID, *, before: str | None, after: str, action: str) -> None:
        """Note that an aggregate changed its state, for its history."""
        self._moves.append((kind, subject, before, after, action))

    def answer(self, scope: str, key: str, *, object_id: UUID | None, result: dict[str, Any]) -> None:
        """Keep what this work answers under an idempotency key that it has claimed."""
        self._answer = (scope, key, object_id, result)

    async def flush(self) -> None:
        """Write whatever was put off, and the gathered facts, state changes, events and the answer, with one statement."""
        await self._put_off_facts()
        if self._put_off:
            await self._catch_up()

    async def _put_off_facts(self) -> None:
        events, self._events = self._events, []
        moves, self._moves = self._moves, []
        answer, self._answer = self._answer, None
        if not events and not moves and answer is None:
            return
        scope, key, kept_id, result = answer or (None, None, None, None)
        await INSERT_FACTS.later(
            self,
            change_ids=[new_id() for _ in moves],
            kinds=[move[0] for move in moves],
            subjects=[move[1] for move in moves],
            befores=[move[2] for move in moves],
            afters=[move[3] for move in moves],
            actions=[move[4] for move in moves],
            event_ids=[new_id() for _ in events],
            aggregates=[event.aggregate_id for event in events],
            names=[type(event).__name__ for event in events],
            payloads=[event_payload(event) for event in events],
            actor=self.actor.label,
            at=self.now,
            kept_scope=scope,
            kept_key=key,
            kept_id=kept_id,
            kept_result=result,
        )


class ReadSession:
    """One snapshot to read from, safe to share between resolvers that run at once.

    The connection is taken at the first statement. `drop_snapshot` ends the snapshot, so that what comes after a
    mutation sees its effect; statements that run at the same time wait for each other.
    """

    __slots__ = ("_connection", "_connections", "_lock")

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._connection: Any = None
        self._lock = asyncio.Lock()

    async def fetch(self, sql: str, args: Sequence[object]) -> list[Any]:
        """Run one statement on the snapshot and answer its records."""
        async with self._lock:
            try:
                if self._connection is None:
                    self._connection = await self._connections.take()
                    await self._connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                return await self._connection.fetch(sql, *args)  # type: ignore[no-any-return]
            except _UNWRITABLE:
                raise _unwritable() from None
            except UNAVAILABLE as error:
                raise DatabaseUnavailable(str(error)) from error
            except asyncpg.QueryCanceledError:
                await self._end("ROLLBACK")
                raise _too_long() from None
            except asyncpg.PostgresError:
                # The snapshot is dead; the other fields of the request go on with a new one.
                await self._end("ROLLBACK")
                raise

    async def execute(self, sql: str, args: Sequence[object]) -> str:
        """Refuse: a read session writes nothing."""
        raise BrokenInvariant(f"a read session was asked to write: {sql[:80]} ({len(args)} values)")

    async def drop_snapshot(self) -> None:
        """Give the connection back; the next statement starts a new snapshot."""
        async with self._lock:
            await self._end("COMMIT")

    async def _end(self, how: str) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        clean = False
        try:
            await connection.execute(how)
            clean = how == "COMMIT"
        except (asyncpg.PostgresError, *UNAVAILABLE):
            _end_now(connection)
        finally:
            await self._connections.give_back(connection, clean=clean)


class Begin:
    """The right to begin units of work for one actor: what a service takes that needs several, with a call between."""

    __slots__ = ("_database", "actor")

    def __init__(self, database: "Database", actor: Actor) -> None:
        self._database = database
        self.actor = actor

    async def run(self, work: Callable[[UnitOfWork], Awaitable[ResultT]]) -> ResultT:
        """Do `work` in one unit and commit it; when it lost against others, do it again in a new one.

        Raises: Busy when it lost every time, or a statement took too long; DatabaseUnavailable; whatever `work` raises, after rolling back.
        """
        lost = 0
        for attempt in range(_TRIES_OVERTAKEN):
            try:
                async with self._database.unit(self.actor) as uow:
                    return await work(uow)
            except Overtaken:
                # Each sale overtakes whoever looks before locking; the last of a rush is soon seen.
                pass
            except RETRYABLE:
                lost += 1
                if lost == _TRIES:
                    break
            except asyncpg.QueryCanceledError:
                # It would take as long again.
                raise _too_long() from None
            # Jitter, so that two that collided do not meet again at once.
            await asyncio.sleep(random.uniform(0, 0.01 * 2 ** min(attempt, _TRIES)))  # noqa: S311  # Not a secret.
        raise Busy("others are changing the same thing; try again")

    def as_(self, actor: Actor) -> "Begin":
        """Begin for another actor, such as the system finishing what a shopper began."""
        return Begin(self._database, actor)

    @property
    def now(self) -> datetime:
        """The moment, by the clock the doors handed in."""
        return self._database.now()


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long is waited for what others have, before whoever waits is told that we are busy."""

    connection_seconds: float = 10.0
    """For one of the connections; one that has to be made first has half of that to be made."""
    lock_seconds: float = 4.0
    """For what others have locked. Work that had no lock in time is begun anew a few times."""
    statement_seconds: float = 30.0
    """For one statement, all that it waits for included."""


class Database:
    """The pool of connections to one shop's database."""

    def __init__(
        self,
        dsn: str,
        *,
        keys: KeyRing,
        clock: Clock,
        pool_size: int = 10,
        patience: Patience = Patience(),
        on_statement: Callable[[Any], None] | None = None,
    ) -> None:
        self.dsn = dsn
        self.keys = keys
        self.now = clock
        self._pool_size = pool_size
        self._patience = patience
        self._on_statement = on_statement
        self._pool: Any = None
        self._connections = Connections(None, patience_seconds=patience.connection_seconds)

    async def connect(self) -> None:
        """Make the pool, with no connection yet; a database that is still down is met at first use."""
        self._pool = await asyncpg.create_pool(
            self.dsn,
            min_size=0,
            max_size=self._pool_size,
            init=self._prepare,
            # Sessions hold nothing between units (no advisory locks, no LISTEN, no SET), so nothing has to be reset.
            reset=_nothing,
            max_inactive_connection_lifetime=300,
            timeout=self._patience.connection_seconds / 2,
            server_settings={
                "application_name": "stoa",
                "timezone": "UTC",
                "lock_timeout": f"{self._patience.lock_seconds:g}s",
                "statement_timeout": f"{self._patience.statement_seconds:g}s",
                "idle_in_transaction_session_timeout": "30s",
                "jit": "off",
            },
        )
        self._connections = Connections(self._pool, patience_seconds=self._patience.connection_seconds)

    async def close(self) -> None:
        """Wait for running work, then close every connection."""
        if self._pool is not None:
            await self._connections.close()

    async def _prepare(self, connection: Any) -> None:
        await prepare_connection(connection)
        if self._on_statement is not None:
            connection.add_query_logger(self._on_statement)

    def begin(self, actor: Actor) -> Begin:
        """Hand out the right to begin units of work."""
        return Begin(self, actor)

    @asynccontextmanager
    async def unit(self, actor: Actor) -> AsyncIterator[UnitOfWork]:
        """Open one unit of work: committed at the end of the block, rolled back when the block raises.

        Raises: DatabaseUnavailable when there is no database to do it on.
        """
        depth = _units_open.set(_units_open.get() + 1)
        try:
            async with self._lent() as connection, connection.transaction():
                uow = UnitOfWork(connection, actor, self.now(), self.keys)
                yield uow
                await uow.flush()
        except RETRYABLE:
            raise
        except DomainError:
            raise
        except _UNWRITABLE:
            raise _unwritable() from None
        except UNAVAILABLE as error:
            raise DatabaseUnavailable(str(error)) from error
        finally:
            _units_open.reset(depth)

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[UnitOfWork]:
        """Open a session in which every statement is a transaction by itself: for a stand-in of a foreign system.

        Nothing may be emitted or put off in it. Raises: DatabaseUnavailable.
        """
        try:
            async with self._lent() as connection:
                yield UnitOfWork(connection, SYSTEM, self.now(), self.keys)
        except UNAVAILABLE as error:
            raise DatabaseUnavailable(str(error)) from error

    @asynccontextmanager
    async def read(self) -> AsyncIterator[ReadSession]:
        """Open a read session."""
        session = ReadSession(self._connections)
        try:
            yield session
        finally:
            await session.drop_snapshot()

    async def ping(self) -> None:
        """Ask the database for a sign of life.

        Raises: DatabaseUnavailable.
        """
        try:
            async with asyncio.timeout(2), self._lent() as connection:
                await connection.execute("SELECT 1")
        except (*UNAVAILABLE, TimeoutError, asyncpg.PostgresError) as error:
            raise DatabaseUnavailable(str(error)) from error

    @asynccontextmanager
    async def _lent(self) -> AsyncIterator[Any]:
        connection = await self._connections.take()
        clean = False
        try:
            yield connection
            clean = True
        except UNAVAILABLE:
            # It may be cut off already and not know it yet: nobody else is to meet it.
            _end_now(connection)
            raise
        finally:
            await self._connections.give_back(connection, clean=clean)


def _end_now(connection: Any) -> None:
    # A connection that was cut has left the pool by itself, and cannot be ended again.
    with suppress(asyncpg.InterfaceError):
        connection.terminate()


def _too_long() -> Busy:
    return Busy("this takes too long at the moment; try again later")


def _unwritable() -> Invalid:
    return Invalid("text cannot hold the character U+0000")


async def prepare_connection(connection: Any) -> None:
    """Teach a new connection to speak JSONB with orjson, and every kind of list that statements take.

    The driver asks the server about an array type when it first meets one; here it meets them all at once, so that no
    shopper waits for it.
    """
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=lambda value: orjson.dumps(value).decode(), decoder=orjson.loads
    )
    await connection.prepare(
        "SELECT $1::uuid[], $2::int[], $3::bigint[], $4::bool[], $5::timestamptz[], $6::float8[], $7::smallint[], $8::jsonb[],"
        " $9::text[], ARRAY[ROW(1)]"
    )


async def _nothing(_connection: Any) -> None:
    return
