"""Where a command works: its settings, and a database that is there and up to date."""

import asyncio
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config

import migrations
from app.kernel import embedded, logs
from app.kernel.db import UNAVAILABLE
from app.kernel.errors import DatabaseUnavailable
from app.settings import LogFormat, Settings

_TRIES = 10


def settings_from(environ: Mapping[str, str]) -> Settings:
    """Read the settings and begin to log as they say.

    Raises: SettingsError.
    """
    settings = Settings.from_environment(environ)
    logs.configure(as_json=settings.log_format is LogFormat.JSON, level=settings.log_level.value)
    return settings


def data_directory(given: str | None) -> Path:
    """Say where a PostgreSQL of our own keeps its rows."""
    if given is not None:
        return Path(given).expanduser() / "postgres"
    home = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(home).expanduser() / "stoa" / "postgres"


@contextmanager
def with_database(settings: Settings, data_dir: str | None) -> Iterator[Settings]:
    """Make sure that there is a database; where DATABASE_URL names none, it is one of our own, migrated.

    Whoever started our own stops it again.
    Raises: EmbeddedPostgresError.
    """
    if settings.database_url is not None:
        yield settings
        return
    directory = data_directory(data_dir)
    directory.parent.mkdir(parents=True, exist_ok=True)
    ran_already = embedded.is_running(directory)
    server = embedded.start(directory)
    try:
        upgrade(server.dsn)
        yield replace(settings, database_url=server.dsn)
    finally:
        if not ran_already:
            embedded.stop(directory)


def upgrade(dsn: str) -> None:
    """Bring a database's tables up to this version. Runs an event loop of its own.

    Raises: DatabaseUnavailable.
    """
    asyncio.run(_wait_for(dsn))
    config = Config(stdout=sys.stderr)
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    # ConfigParser reads percent signs, of which the address of a socket has some.
    config.set_main_option("sqlalchemy.url", dsn.replace("%", "%%"))
    # Alembic tells every context it makes; what matters here is the revisions that were applied.
    logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)
    logging.getLogger("alembic.runtime.migration").setLevel(logging.WARNING)
    command.upgrade(config, "head")


async def _wait_for(dsn: str) -> None:
    """Wait a few seconds for a database that is just starting, as it is when both come up together."""
    for tries_left in reversed(range(_TRIES)):
        try:
            connection = await asyncpg.connect(dsn, timeout=5)
        except (*UNAVAILABLE, TimeoutError) as error:
            if not tries_left:
                raise DatabaseUnavailable(f"the database does not answer: {error}") from error
            await asyncio.sleep(1)
        except (asyncpg.InvalidCatalogNameError, asyncpg.InvalidAuthorizationSpecificationError) as error:
            # Waiting changes nothing about a wrong name or password.
            raise DatabaseUnavailable(f"the database does not let us in: {error}") from error
        else:
            await connection.close()
            return
