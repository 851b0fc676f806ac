"""The databases that tests run on: one server a run, templates made once, and a clone for every test that asks.

The server is an embedded one in memory, or the one that DATABASE_URL names. A template's name carries a hash of what it
was made from, so a server that outlives the run is never asked for a template of yesterday.
"""

import contextlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
from alembic import command
from alembic.config import Config

from app.kernel import embedded

HOUSE = Path(__file__).parents[2]
_SHARED_MEMORY = Path("/dev/shm")
#: What a run takes, and more. A container has 64 MB unless somebody asks for more.
_ENOUGH_BYTES = 2**30
_PREFIX = "stoa-tests-"
#: Workers of pytest-xdist inherit it, so that all of a run's processes share one server.
_VARIABLE = "STOA_TEST_SERVER"
#: A test of many clients at once has some forty connections, and every worker of the run may be at one at the same moment.
#: Nobody gathers statistics behind a test's back, so that how its statements are run does not hang on when that happened.
_SETTINGS = {"max_connections": "1000", "autovacuum": "off"}


@dataclass(frozen=True, slots=True)
class Server:
    """A server to make databases on."""

    dsn: str

    def dsn_for(self, database: str) -> str:
        """Address of one database of this server."""
        return urlunsplit(urlsplit(self.dsn)._replace(path=f"/{quote(database, safe='')}"))

    @asynccontextmanager
    async def admin(self) -> AsyncIterator[asyncpg.Connection]:
        """Open a session that may make and drop databases."""
        connection = await asyncpg.connect(self.dsn)
        try:
            yield connection
        finally:
            await connection.close()


def memory() -> Path | None:
    """Say where files are kept in memory, if there is such a place and it has room for a run's."""
    if _SHARED_MEMORY.is_dir() and shutil.disk_usage(_SHARED_MEMORY).free >= _ENOUGH_BYTES:
        return _SHARED_MEMORY
    return None


def claim_directory() -> None:
    """Say, in the process that starts the others, where this run's server will keep its rows."""
    place = memory() or Path(tempfile.gettempdir())
    for left in place.glob(f"{_PREFIX}*[0-9]"):
        # The last number is the process that owned it; a run that was killed could not clear up.
        if not _lives(int(left.name.rpartition("-")[2])):
            _remove(left)
    os.environ[_VARIABLE] = str(place / f"{_PREFIX}{os.getpid()}")


def release_directory() -> None:
    """End this run's server, if there ever was one, and forget its rows."""
    _remove(Path(os.environ.pop(_VARIABLE)))


def server() -> Server:
    """Bring up this run's server, or find the one that another worker brought up."""
    if given := os.environ.get("DATABASE_URL"):
        return Server(given.replace("postgresql+asyncpg://", "postgresql://"))
    running = embedded.start(Path(os.environ[_VARIABLE]), durable=False, settings=_SETTINGS)
    return Server(running.dsn)


async def make_template(on: Server, name: str, *, like: str | None, fill: Callable[[str], Awaitable[None]]) -> None:
    """Make a database to clone, once however many workers ask; an unfinished one is never found under its name."""
    async with on.admin() as admin:
        await admin.execute("SELECT pg_advisory_lock(hashtext($1))", name)
        if await admin.fetchval("SELECT true FROM pg_database WHERE datname = $1", name):
            return
        unfinished = f"{name}_unfinished"
        await admin.execute(f'DROP DATABASE IF EXISTS "{unfinished}" WITH (FORCE)')
        await create(admin, unfinished, like=like)
        await fill(on.dsn_for(unfinished))
        await admin.execute(f'ALTER DATABASE "{unfinished}" RENAME TO "{name}"')


@asynccontextmanager
async def cloned(on: Server, template: str) -> AsyncIterator[str]:
    """Lend a copy of a template for the length of the block; answers its address."""
    name = f"stoa_test_{uuid4().hex}"
    async with on.admin() as admin:
        await create(admin, name, like=template)
        try:
            yield on.dsn_for(name)
        finally:
            await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


async def create(admin: asyncpg.Connection, name: str, *, like: str | None = None) -> None:
    """Make a database, empty or as a copy."""
    # Copying files beats replaying rows for something this small.
    copied = f' TEMPLATE "{like}" STRATEGY FILE_COPY' if like else " TEMPLATE template0"
    await admin.execute(f'CREATE DATABASE "{name}"{copied}')


def alembic_config(dsn: str) -> Config:
    """Say to alembic which database to work on."""
    config = Config(str(HOUSE / "alembic.ini"))
    config.set_main_option("script_location", str(HOUSE / "migrations"))
    # ConfigParser reads percent signs, of which an address of a socket has some.
    config.set_main_option(
        "sqlalchemy.url", dsn.replace("postgresql://", "postgresql+asyncpg://", 1).replace("%", "%%")
    )
    return config


def migrate(dsn: str) -> None:
    """Bring an empty database up to today's tables. Runs an event loop of its own."""
    command.upgrade(alembic_config(dsn), "head")


def hash_of(*paths: Path) -> str:
    """Name a state of files."""
    digest = sha256()
    for path in sorted(paths):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def migrations() -> Iterator[Path]:
    """List what makes the tables."""
    yield from (HOUSE / "migrations" / "versions").glob("*.py")


def _remove(directory: Path) -> None:
    if directory.exists():
        with contextlib.suppress(embedded.EmbeddedPostgresError):
            embedded.stop(directory, immediately=True)
        shutil.rmtree(directory, ignore_errors=True)
    directory.with_name(f"{directory.name}.lock").unlink(missing_ok=True)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
