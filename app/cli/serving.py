"""Commands that run until they are stopped: the server and the worker."""

from typing import Annotated

import typer

from app.cli.dispatch import DataDirectory, perform


def register(cli: typer.Typer) -> None:
    """Add these commands."""
    cli.command("serve")(serve)
    cli.command("worker")(worker)


def serve(
    host: Annotated[str, typer.Option(envvar="STOA_HOST", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="STOA_PORT", help="Port to listen on.", min=0, max=65535)] = 8000,
    workers: Annotated[int, typer.Option(help="How many server processes.", min=1, max=256)] = 1,
    *,
    with_worker: Annotated[bool, typer.Option("--with-worker", help="Run the worker too.")] = False,
    data_dir: DataDirectory = None,
) -> None:
    """Serve the API: GraphQL at /graphql, GraphiQL at /."""
    perform("serving", "serve", host=host, port=port, workers=workers, with_worker=with_worker, data_dir=data_dir)


def worker(data_dir: DataDirectory = None) -> None:
    """Tell events to their subscribers and fire timers. Run one or more beside the servers."""
    perform("serving", "work", data_dir=data_dir)
