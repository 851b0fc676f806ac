"""How alembic reaches the database: through the URL that the `stoa` command or the test hands it."""

import asyncio

import asyncpg
from alembic import context
from sqlalchemy import Connection, pool
from sqlalchemy.ext.asyncio import create_async_engine

from app.kernel.partitions import described
from app.tables import METADATA


def _migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        compare_type=True,
        compare_server_default=True,
        include_name=described,
    )
    with context.begin_transaction():
        # Two processes that start at once migrate one after the other; the lock ends with the transaction.
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7464170)")
        context.run_migrations()


async def _connect_and_migrate(url: str) -> None:
    # asyncpg reads the address itself, so that migrations reach whatever the pool reaches: sockets, several hosts, TLS.
    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=lambda: asyncpg.connect(url.replace("postgresql+asyncpg://", "postgresql://", 1)),
        poolclass=pool.NullPool,
    )
    async with engine.connect() as connection:
        await connection.run_sync(_migrate)
        await connection.commit()
    await engine.dispose()


given = context.config.attributes.get("connection")
if given is not None:
    _migrate(given)
else:
    asyncio.run(_connect_and_migrate(context.config.get_main_option("sqlalchemy.url") or ""))
