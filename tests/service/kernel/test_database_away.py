"""A database that is away: said so to whoever calls, and served from again by itself."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from app.kernel import embedded
from app.kernel.actor import SYSTEM
from app.kernel.db import Database, ReadSession, UnitOfWork
from app.kernel.errors import DatabaseUnavailable, DomainError
from tests.builders.clock import StoppedClock
from tests.builders.farewell import never_hung_up
from tests.builders.patience import PATIENCE_SECONDS
from tests.builders.shop import KEYS

pytestmark = [pytest.mark.anyio, pytest.mark.embedded]


class TestDatabaseThatIsAway:
    @pytest.fixture
    async def away(self, tmp_path: Path, clock: StoppedClock) -> AsyncIterator[tuple[Path, Database]]:
        """Lend a server of one's own, to be stopped and started."""
        server = await asyncio.to_thread(embedded.start, tmp_path, durable=False)
        database = Database(server.dsn, keys=KEYS, clock=clock)
        await database.connect()
        yield tmp_path, database
        await database.close()
        await asyncio.to_thread(embedded.stop, tmp_path, immediately=True)

    async def test_is_said_to_be_and_served_from_again_by_itself(self, away: tuple[Path, Database]) -> None:
        directory, database = away

        async def answer() -> int:
            async with database.read() as session:
                return int((await session.fetch("SELECT 7", []))[0][0])

        async def count(uow: UnitOfWork) -> int:
            return int((await uow.fetch("SELECT 7", []))[0][0])

        async def meanwhile(uow: UnitOfWork) -> Any:
            await uow.fetch("SELECT 1", [])
            await asyncio.to_thread(embedded.stop, directory, immediately=True)
            return await uow.fetch("SELECT 2", [])

        assert (await answer(), await database.begin(SYSTEM).run(count)) == (7, 7)
        for work in (meanwhile, count):
            with pytest.raises(DatabaseUnavailable):
                await database.begin(SYSTEM).run(work)
        with pytest.raises(DatabaseUnavailable):
            await answer()
        with pytest.raises(DatabaseUnavailable):
            await database.ping()

        await asyncio.to_thread(embedded.start, directory, durable=False)

        assert (await answer(), await database.begin(SYSTEM).run(count)) == (7, 7)
        await database.ping()

    async def test_is_said_to_be_by_a_reader_whose_connection_was_cut(self, database: Database, dsn: str) -> None:
        async with database.read() as session:
            await session.fetch("SELECT 1", [])
            await _cut_everybody_off(dsn)

            with pytest.raises(DatabaseUnavailable):
                await _ask_until_refused(session)

        await database.ping()

    @pytest.fixture
    async def deaf(self, dsn: str, clock: StoppedClock) -> AsyncIterator[Database]:
        """Lend a database of one connection, which does not hear the server hang up."""
        async with never_hung_up(dsn) as address:
            database = Database(address, keys=KEYS, clock=clock, pool_size=1)
            await database.connect()
            yield database
        # Whoever says goodbye waits for the other side to hang up.
        await database.close()

    async def test_is_said_to_be_between_its_farewell_and_the_end_of_the_connection(
        self, deaf: Database, dsn: str
    ) -> None:
        async def cut_off(uow: UnitOfWork) -> None:
            await _cut_everybody_off(dsn)
            await _ask_until_refused(uow)

        async with deaf.read() as session:
            await session.fetch("SELECT 1", [])
            await _cut_everybody_off(dsn)
            with pytest.raises(DatabaseUnavailable):
                await _ask_until_refused(session)
        await deaf.ping()
        with pytest.raises(DatabaseUnavailable):
            await deaf.begin(SYSTEM).run(cut_off)
        await deaf.ping()
        with pytest.raises(DatabaseUnavailable):
            async with deaf.alone() as alone:
                await cut_off(alone)

        # Its only connection was not handed on to the next caller.
        await deaf.ping()

    async def test_is_no_refusal(self) -> None:
        assert not issubclass(DatabaseUnavailable, DomainError)


async def _cut_everybody_off(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    finally:
        await connection.close()


async def _ask_until_refused(session: ReadSession | UnitOfWork) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            await session.fetch("SELECT 1", [])
