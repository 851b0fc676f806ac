"""Commands that write down what the code says."""

from typing import Annotated

import typer

from app.cli.dispatch import perform


def register(cli: typer.Typer) -> None:
    """Add these commands."""
    cli.command("schema")(schema)
    cli.command("docs", hidden=True)(docs)


def schema() -> None:
    """Print the GraphQL schema."""
    perform("documents", "schema")


def docs(*, check: Annotated[bool, typer.Option("--check", help="Write nothing; say what is stale.")] = False) -> None:
    """Draw the state machines into docs/states."""
    perform("documents", "docs", check=check)
