"""Filling a database with the demo shop."""

import asyncio
import os

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from app.cli.work.place import settings_from, upgrade, with_database
from app.demo.content import shop
from app.demo.journey.client import DEMO_PASSWORD
from app.demo.queries import survey
from app.demo.seed import Seeded
from app.demo.seed import seed as put_demo_shop
from app.identity.gateways.argon2id import Argon2id
from app.kernel.actor import SYSTEM
from app.kernel.db import Database
from app.kernel.errors import Forbidden
from app.main import database_of
from app.settings import Environment, Settings


def seed(*, data_dir: str | None, force: bool) -> None:
    """Put the demo shop into the database.

    Raises: Forbidden in production; OtherData.
    """
    settings = settings_from({"STOA_LOG_LEVEL": "warning", **os.environ})
    if settings.environment is Environment.PRODUCTION:
        raise Forbidden("the demo's log-ins have a password that everybody knows; they do not belong into production")
    with with_database(settings, data_dir) as ready:
        if settings.database_url is not None:
            upgrade(settings.database_url)
        seeded = asyncio.run(_seed(ready, force=force))
    if seeded.is_change:
        typer.echo(
            f"the demo shop is there: {seeded.inserted:,} rows are new, {seeded.updated:,} are as they were meant again"
        )
    else:
        typer.echo("the demo shop is there already; nothing was changed")


async def fill(
    database: Database, settings: Settings, *, force: bool = False, console: Console | None = None
) -> Seeded:
    """Put the demo shop into a connected database, showing how far it has come."""
    password_hash = await Argon2id(settings.password_cost).hash(DEMO_PASSWORD)
    columns = (TextColumn("  {task.description:<20}"), BarColumn(), TimeElapsedColumn())
    console = console or Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("the demo shop", total=None)

        def progress(what: str, done: int, of: int) -> None:
            bar.update(task, description=what, completed=done, total=of)

        return await put_demo_shop(
            database.begin(SYSTEM), shop(), password_hash=password_hash, force=force, progress=progress
        )


async def is_seeded(database: Database) -> bool:
    """Say whether the demo shop is in a database."""
    async with database.read() as session:
        return (await survey(session)).is_demo


async def _seed(settings: Settings, *, force: bool) -> Seeded:
    database = database_of(settings)
    await database.connect()
    try:
        return await fill(database, settings, force=force)
    finally:
        await database.close()
