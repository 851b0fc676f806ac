"""Migrating, auditing, and the server of our own."""

import asyncio
import os

import typer
from rich.console import Console
from rich.progress import Progress

from app.audit import INVARIANTS, Finding
from app.audit import audit as ask_every_rule
from app.cli.work.place import data_directory, settings_from, upgrade, with_database
from app.kernel import embedded
from app.main import database_of
from app.settings import Settings

_SHOWN = 5


def migrate(*, data_dir: str | None) -> None:
    """Bring the database's tables up to this version."""
    settings = settings_from(os.environ)
    # One of our own is migrated whenever it is opened.
    with with_database(settings, data_dir):
        if settings.database_url is not None:
            upgrade(settings.database_url)
    typer.echo("the database is up to date")


def audit(*, data_dir: str | None) -> int:
    """Look for rows that must not exist; answers the exit code."""
    with with_database(settings_from(os.environ), data_dir) as settings:
        findings = asyncio.run(_audit(settings))
    broken = [finding for finding in findings if finding.rows]
    for finding in broken:
        typer.echo(f"BROKEN {finding.invariant.number}: {finding.invariant.name}")
        for row in finding.rows[:_SHOWN]:
            typer.echo(f"  {row}")
    typer.echo(f"{len(findings) - len(broken)} of {len(findings)} rules hold")
    return 1 if broken else 0


async def _audit(settings: Settings) -> list[Finding]:
    database = database_of(settings)
    await database.connect()
    try:
        console = Console(stderr=True)
        with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("asking every rule", total=len(INVARIANTS))
            findings = []
            async for finding in ask_every_rule(database):
                findings.append(finding)
                bar.advance(task)
            return findings
    finally:
        await database.close()


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
