"""Units of work and read sessions: what is committed, what is tried again, and what is seen meanwhile."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import pytest

from app.kernel.actor import ANONYMOUS, SYSTEM
from app.kernel.db import Database, Patience, UnitOfWork, assert_no_transaction
from app.kernel.errors import BrokenInvariant, Busy, ErrorCode, Invalid
from app.kernel.events import Event
from app.kernel.ids import new_id
from app.payments.gateways.test import TestGateway
from tests.builders.clock import OPENING, StoppedClock
from tests.builders.patience import PATIENCE_SECONDS, PATIENT
from tests.builders.shop import KEYS
from tests.builders.statements import Sent

pytestmark = pytest.mark.anyio

Counting = Callable[[], AbstractAsyncContextManager[Sent]]
_TIMERS = "SELECT name FROM timers ORDER BY name"


async def write(uow: UnitOfWork, name: str) -> None:
    """Write something: a timer, as a table that nothing else of an empty shop looks at."""
    await uow.execute("INSERT INTO timers (name, due_at) VALUES ($1, $2)", [name, uow.now])


async def written(database: Database) -> list[str]:
    """Read what was written."""
    async with database.read() as session:
        return [record[0] for record in await session.fetch(_TIMERS, [])]


@dataclass(frozen=True, slots=True, kw_only=True)
class BellRang(Event):
    """Somebody came in."""

    bell_id: UUID
    times: int


async def put_off(uow: UnitOfWork, *names: str) -> None:
    """Put off writing timers, and a mark under each of their names in another table."""
    for name in names:
        await uow.put_off("INSERT INTO timers (name, due_at) VALUES ($1, $2)", [name, uow.now])
        await uow.put_off(
            "INSERT INTO idempotency_keys (scope, key, input_hash, created_at) VALUES ('timer', $1, '', $2)",
            [name, uow.now],
        )


class TestUnit:
    async def test_is_committed_when_its_work_is_done(self, database: Database) -> None:
        await database.begin(SYSTEM).run(lambda uow: write(uow, "done"))

        assert await written(database) == ["done"]

    async def test_is_rolled_back_when_its_only_write_was_raw(self, database: Database) -> None:
        async def work(uow: UnitOfWork) -> None:
            await uow.execute("INSERT INTO timers (name, due_at) VALUES ('raw', now())", [])
            raise Invalid("changed my mind")

        with pytest.raises(Invalid):
            await database.begin(SYSTEM).run(work)

        assert await written(database) == []

    async def test_is_rolled_back_when_its_caller_goes_away(self, database: Database) -> None:
        wrote = asyncio.Event()

        async def work(uow: UnitOfWork) -> None:
            await write(uow, "abandoned")
            wrote.set()
            await asyncio.Event().wait()

        task = asyncio.create_task(database.begin(SYSTEM).run(work))
        async with asyncio.timeout(PATIENCE_SECONDS):
            await wrote.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        assert await written(database) == []

    async def test_writes_its_facts_with_its_work_in_their_order(self, database: Database, clock: StoppedClock) -> None:
        bell = new_id()

        async def work(uow: UnitOfWork) -> None:
            for times in range(5):
                uow.emit(BellRang(bell_id=bell, times=times))
            uow.moved("bell", bell, before=None, after="HUNG", action="hang")
            uow.moved("bell", bell, before="HUNG", after="RINGING", action="ring")

        await database.begin(ANONYMOUS).run(work)

        async with database.read() as session:
            events = await session.fetch("SELECT * FROM outbox ORDER BY seq", [])
            moves = await session.fetch("SELECT * FROM state_changes ORDER BY id", [])
        assert [event["payload"] for event in events] == [{"bell_id": str(bell), "times": n} for n in range(5)]
        assert {(event["aggregate_id"], event["name"], event["actor"], event["at"]) for event in events} == {
            (bell, "BellRang", "ANONYMOUS", clock.at)
        }
        assert [(move["before"], move["after"], move["action"]) for move in moves] == [
            (None, "HUNG", "hang"),
            ("HUNG", "RINGING", "ring"),
        ]

    async def test_tells_nothing_when_it_is_refused(self, database: Database) -> None:
        async def work(uow: UnitOfWork) -> None:
            uow.emit(BellRang(bell_id=new_id(), times=1))
            uow.moved("bell", new_id(), before=None, after="HUNG", action="hang")
            raise Invalid("no")

        with pytest.raises(Invalid):
            await database.begin(SYSTEM).run(work)

        async with database.read() as session:
            assert await session.fetch("SELECT 1 FROM outbox UNION ALL SELECT 1 FROM state_changes", []) == []

    async def test_refuses_text_that_no_column_can_hold(self, database: Database) -> None:
        with pytest.raises(Invalid):
            await database.begin(SYSTEM).run(lambda uow: write(uow, "nul\0l"))
        with pytest.raises(Invalid):
            await database.begin(SYSTEM).run(lambda uow: uow.fetch("SELECT $1::jsonb", [{"line1": "nul\0l"}]))

        assert await written(database) == []


class TestHistory:
    async def test_is_not_rewritten(self, database: Database) -> None:
        async def work(uow: UnitOfWork) -> None:
            uow.moved("bell", new_id(), before=None, after="HUNG", action="hang")

        await database.begin(SYSTEM).run(work)

        for statement in ("UPDATE state_changes SET after = 'GONE'", "DELETE FROM state_changes"):
            with pytest.raises(asyncpg.RestrictViolationError):
                await database.begin(SYSTEM).run(lambda uow, statement=statement: uow.execute(statement, []))  # type: ignore[misc]


class TestTryingAgain:
    async def test_ends_a_deadlock_with_both_having_their_way(self, database: Database) -> None:
        begin = database.begin(SYSTEM)
        await begin.run(lambda uow: write(uow, "a"))
        await begin.run(lambda uow: write(uow, "b"))
        both_hold_one = asyncio.Barrier(2)
        tries: list[str] = []

        async def touch(first: str, second: str) -> None:
            async def work(uow: UnitOfWork) -> None:
                tries.append(first)
                await uow.execute("UPDATE timers SET due_at = now() WHERE name = $1", [first])
                if len(tries) <= 2:
                    await both_hold_one.wait()
                await uow.execute("UPDATE timers SET due_at = now() WHERE name = $1", [second])

            await begin.run(work)

        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.gather(touch("a", "b"), touch("b", "a"))

        assert len(tries) == 3

    async def test_ends_a_serialization_failure(self, database: Database) -> None:
        begin = database.begin(SYSTEM)
        await begin.run(lambda uow: write(uow, "contended"))
        tries = 0

        async def work(uow: UnitOfWork) -> None:
            nonlocal tries
            tries += 1
            await uow.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", [])
            await uow.fetch("SELECT * FROM timers", [])
            if tries == 1:
                await begin.run(lambda other: other.execute("UPDATE timers SET due_at = now()", []))
            await uow.execute("UPDATE timers SET due_at = now()", [])

        await begin.run(work)

        assert tries == 2

    @pytest.mark.parametrize(
        "lost", [asyncpg.DeadlockDetectedError, asyncpg.SerializationError, asyncpg.LockNotAvailableError]
    )
    async def test_has_an_end(self, database: Database, lost: type[Exception]) -> None:
        tries = 0

        async def work(uow: UnitOfWork) -> None:
            nonlocal tries
            tries += 1
            await write(uow, "never")
            raise lost("again")

        with pytest.raises(Busy) as refused:
            await database.begin(SYSTEM).run(work)

        assert refused.value.code is ErrorCode.BUSY
        assert 2 <= tries <= 10
        assert await written(database) == []

    async def test_is_not_for_what_takes_too_long(self, dsn: str, clock: StoppedClock) -> None:
        hasty = Database(dsn, keys=KEYS, clock=clock, patience=Patience(statement_seconds=0.2))
        await hasty.connect()
        tries = 0

        async def work(uow: UnitOfWork) -> None:
            nonlocal tries
            tries += 1
            await write(uow, "never")
            await uow.fetch("SELECT pg_sleep(30)", [])

        with pytest.raises(Busy):
            await hasty.begin(SYSTEM).run(work)
        async with hasty.read() as session:
            with pytest.raises(Busy):
                await session.fetch("SELECT pg_sleep(30)", [])
            # Other fields of the request go on.
            assert len(await session.fetch("SELECT 1", [])) == 1

        assert (tries, await written(hasty)) == (1, [])
        await hasty.close()

    async def test_is_not_for_refusals_or_bugs(self, database: Database) -> None:
        for error in (Invalid("no"), BrokenInvariant("cannot be"), asyncpg.UniqueViolationError("twice")):
            tries = 0

            async def work(_: UnitOfWork, error: Exception = error) -> None:
                nonlocal tries
                tries += 1
                raise error

            with pytest.raises(type(error)):
                await database.begin(SYSTEM).run(work)
            assert tries == 1


class TestGatewayCalls:
    async def test_are_refused_while_a_transaction_is_open(self, database: Database) -> None:
        gateway = TestGateway(database)

        async def capture(_: UnitOfWork) -> None:
            await gateway.capture(key="k", reference="r", amount_minor=1, currency="GBP", final=True)

        async def authorize(_: UnitOfWork) -> None:
            await gateway.authorize(
                key="k", token="tok_ok", amount_minor=1, currency="GBP", reusable=False, return_url=None
            )

        async def find(_: UnitOfWork) -> None:
            await gateway.find(key="k", asked_at=OPENING)

        for call in (capture, authorize, find):
            with pytest.raises(BrokenInvariant):
                await database.begin(SYSTEM).run(call)

    async def test_are_allowed_before_after_and_beside_one(self, database: Database) -> None:
        opened, asked = asyncio.Event(), asyncio.Event()

        async def slow(_: UnitOfWork) -> None:
            opened.set()
            await asked.wait()

        assert_no_transaction()
        task = asyncio.create_task(database.begin(SYSTEM).run(slow))
        await opened.wait()
        # What another task has open is none of ours.
        assert_no_transaction()
        asked.set()
        await task
        assert_no_transaction()

    async def test_are_allowed_after_a_unit_that_failed(self, database: Database) -> None:
        async def work(_: UnitOfWork) -> None:
            raise Invalid("no")

        with pytest.raises(Invalid):
            await database.begin(SYSTEM).run(work)

        assert_no_transaction()


class TestReadSession:
    async def test_is_shared_by_many_resolvers_on_a_cold_pool(self, dsn: str, clock: StoppedClock) -> None:
        resolvers = 20
        cold = Database(dsn, keys=KEYS, clock=clock, pool_size=2, patience=PATIENT)
        await cold.connect()

        async def request() -> list[int]:
            async with cold.read() as session:
                answers = await asyncio.gather(*(session.fetch("SELECT $1::int", [n]) for n in range(resolvers)))
            return [answer[0][0] for answer in answers]

        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                answered = await asyncio.gather(*(request() for _ in range(resolvers)))
        finally:
            await cold.close()

        assert answered == [list(range(resolvers))] * resolvers

    async def test_refuses_to_write(self, database: Database) -> None:
        async with database.read() as session:
            with pytest.raises(BrokenInvariant):
                await session.execute("DELETE FROM timers", [])
        async with database.read() as session:
            with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
                await session.fetch("INSERT INTO timers (name, due_at) VALUES ('x', now()) RETURNING name", [])

        assert await written(database) == []

    async def test_sees_one_snapshot_until_it_is_dropped(self, database: Database) -> None:
        async with database.read() as session:
            assert await session.fetch(_TIMERS, []) == []
            await database.begin(SYSTEM).run(lambda uow: write(uow, "meanwhile"))

            assert await session.fetch(_TIMERS, []) == []
            await session.drop_snapshot()
            assert [record[0] for record in await session.fetch(_TIMERS, [])] == ["meanwhile"]

    async def test_holds_no_connection_until_it_is_asked_nor_after_a_drop(self, dsn: str, clock: StoppedClock) -> None:
        one = Database(dsn, keys=KEYS, clock=clock, pool_size=1, patience=PATIENT)
        await one.connect()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS), one.read() as session:
                await one.begin(SYSTEM).run(lambda uow: write(uow, "before"))
                await session.fetch(_TIMERS, [])
                await session.drop_snapshot()
                await one.begin(SYSTEM).run(lambda uow: write(uow, "after"))
                assert len(await session.fetch(_TIMERS, [])) == 2
        finally:
            await one.close()

    async def test_leaves_a_clean_connection_behind_when_its_reader_goes_away(
        self, dsn: str, clock: StoppedClock
    ) -> None:
        one = Database(dsn, keys=KEYS, clock=clock, pool_size=1, patience=PATIENT)
        await one.connect()

        async def read() -> None:
            async with one.read() as session:
                await session.fetch("SELECT 1", [])
                await session.fetch("SELECT pg_sleep(20)", [])

        try:
            task = asyncio.create_task(read())
            await _until_sleeping(dsn)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await one.begin(SYSTEM).run(lambda uow: write(uow, "next"))
            assert await written(one) == ["next"]
        finally:
            await one.close()


async def _until_sleeping(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await connection.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
            ):
                await asyncio.sleep(0)
    finally:
        await connection.close()


class TestPutOff:
    async def test_writes_go_together_with_the_next_statement_that_somebody_waits_for(
        self, database: Database, statements: Counting
    ) -> None:
        async def work(uow: UnitOfWork) -> list[str]:
            await put_off(uow, "tea")
            return [record[0] for record in await uow.fetch(_TIMERS, [])]

        async with statements() as sent:
            seen = await database.begin(SYSTEM).run(work)

        assert seen == ["tea"]
        assert sent.count == len(["both writes", "the one that reads"])

    async def test_writes_go_with_the_facts_where_nobody_waits(self, database: Database, statements: Counting) -> None:
        async def work(uow: UnitOfWork) -> None:
            await put_off(uow, "tea")
            uow.emit(BellRang(bell_id=new_id(), times=1))

        async with statements() as sent:
            await database.begin(SYSTEM).run(work)

        # The facts keep an answer under its key as well, so the mark of the key is written before them.
        assert sent.count == len(["both writes", "the facts"])
        assert await written(database) == ["tea"]

    async def test_writes_of_the_same_table_go_one_after_the_other(
        self, database: Database, statements: Counting
    ) -> None:
        async with statements() as sent:
            await database.begin(SYSTEM).run(lambda uow: put_off(uow, "first", "second"))

        assert await written(database) == ["first", "second"]
        assert sent.count == len(["first", "second"])

    async def test_writes_are_undone_with_the_others(self, database: Database) -> None:
        async def work(uow: UnitOfWork) -> None:
            await write(uow, "done")
            await put_off(uow, "put off")
            await uow.flush()
            raise Invalid("changed my mind")

        with pytest.raises(Invalid):
            await database.begin(SYSTEM).run(work)

        assert await written(database) == []

    async def test_writes_that_break_a_rule_undo_everything(self, database: Database) -> None:
        async def work(uow: UnitOfWork) -> None:
            await put_off(uow, "twice")
            await put_off(uow, "twice")

        with pytest.raises(asyncpg.UniqueViolationError):
            await database.begin(SYSTEM).run(work)

        assert await written(database) == []
