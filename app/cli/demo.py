"""The command that shows everything: a shop, a server, and one order from the first look to the refund."""

from typing import Annotated

import typer

from app.cli.dispatch import perform


def register(cli: typer.Typer) -> None:
    """Add this command."""
    cli.command("demo")(demo)


def demo(
    host: Annotated[str, typer.Option(envvar="STOA_HOST", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(envvar="STOA_PORT", help="Port to listen on; 0 takes a free one.", min=0, max=65535)
    ] = 8000,
    data_dir: Annotated[
        str | None,
        typer.Option(
            "--data-dir",
            help="Where the demo keeps its rows, when DATABASE_URL is not set. [~/.local/share/stoa/demo]",
            show_default=False,
        ),
    ] = None,
    *,
    once: Annotated[
        bool, typer.Option("--once", help="Leave after the journey: with 0 if all of it went well.")
    ] = False,
    journey: Annotated[
        bool, typer.Option("--journey/--no-journey", help="Play an order through the running shop.")
    ] = True,
) -> None:
    """Open a shop with goods, stores and people, and play an order through it. Needs nothing else installed."""
    perform("demo", "demo", host=host, port=port, data_dir=data_dir, once=once, journey=journey)
