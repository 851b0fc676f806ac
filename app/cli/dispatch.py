"""The one place where a command's work is imported: only once it has been asked for."""

from importlib import import_module
from typing import Annotated, Any

import typer

#: Where the embedded database keeps its rows, for commands that may have to start one.
DataDirectory = Annotated[
    str | None,
    typer.Option(
        "--data-dir",
        envvar="STOA_DATA_DIR",
        help="Where a PostgreSQL of our own keeps its rows, when DATABASE_URL is not set. [~/.local/share/stoa]",
        show_default=False,
    ),
]


def perform(module: str, verb: str, **arguments: Any) -> None:
    """Run one command's work and leave with its exit code."""
    # SettingsError and the like are for people: their message, and not where they were raised.
    expected = import_module("app.cli.work.failures").EXPECTED
    try:
        code = getattr(import_module(f"app.cli.work.{module}"), verb)(**arguments)
    except expected as error:
        typer.echo(f"stoa: {error}", err=True)
        raise typer.Exit(1) from None
    raise typer.Exit(code or 0)
