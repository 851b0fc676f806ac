"""The command that fills an empty database with the demo shop."""

from typing import Annotated

import typer

from app.cli.dispatch import DataDirectory, perform


def register(cli: typer.Typer) -> None:
    """Add this command."""
    cli.command("seed")(seed)


def seed(
    data_dir: DataDirectory = None,
    *,
    force: Annotated[bool, typer.Option("--force", help="Put the demo shop beside another one.")] = False,
) -> None:
    """Put the demo shop into the database. Again, it changes nothing; beside another shop it refuses to."""
    perform("seed", "seed", data_dir=data_dir, force=force)
