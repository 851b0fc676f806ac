"""Migrating, auditing, and the server of our own."""

import asyncio
import os
from collections.abc import Sequence

import asyncpg
import typer

from app.cli.work.place import data_directory, settings_from, upgrade, with_database
from app.fulfillment.invariants import INVARIANTS as FULFILLMENT
from app.inventory.invariants import INVARIANTS as INVENTORY
from app.kernel import embedded
from app.kernel.audit import Invariant
from app.orders.invariants import INVARIANTS as ORDERS
from app.payments.invariants import INVARIANTS as PAYMENTS
from app.pickup.invariants import INVARIANTS as PICKUP
from app.returns.invariants import INVARIANTS as RETURNS
from app.sourcing.invariants import INVARIANTS as SOURCING

#: Every rule that is asked of the database, from the ground floor up.
INVARIANTS: Sequence[Invariant] = (*INVENTORY, *SOURCING, *ORDERS, *PAYMENTS, *FULFILLMENT, *PICKUP, *RETURNS)
_SHOWN = 5


def migrate(*, data_dir: str | None) -> None:
    """Bring the database's tables up to this version."""
    settings = settings_from(os.environ)
    with with_database(settings, data_dir) as ready:
        if settings.database_url is not None:
            upgrade(settings.database_url)
        assert ready.database_url is not None
    typer.echo("the database is up to date")


def audit(*, data_dir: str | None) -> int:
    """Look for rows that must not exist; answers the exit code."""
    with with_database(settings_from(os.environ), data_dir) as settings:
        assert settings.database_url is not None
        broken = asyncio.run(broken_invariants(settings.database_url))
    for invariant, rows in broken:
        typer.echo(f"BROKEN {invariant.number}: {invariant.name}: {len(rows)} rows")
        for row in rows[:_SHOWN]:
            typer.echo(f"  {dict(row)}")
    typer.echo(f"{len(INVARIANTS) - len(broken)} of {len(INVARIANTS)} rules hold")
    return 1 if broken else 0


async def broken_invariants(dsn: str) -> list[tuple[Invariant, list[asyncpg.Record]]]:
    """Ask every rule of one snapshot; answers those that are broken, with the rows that break them."""
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            asked = [(invariant, await connection.fetch(invariant.sql)) for invariant in INVARIANTS]
    finally:
        await connection.close()
    return [(invariant, rows) for invariant, rows in asked if rows]


def start(*, data_dir: str | None) -> None:
    """Start the server of our own, migrated, and print its address."""
    directory = data_directory(data_dir)
    directory.parent.mkdir(parents=True, exist_ok=True)
    server = embedded.start(directory)
    upgrade(server.dsn)
    typer.echo(server.dsn)


def stop(*, data_dir: str | None) -> None:
    """Stop the server of our own."""
    stopped = embedded.stop(data_directory(data_dir))
    typer.echo("stopped" if stopped else "there was none running")
