"""Commands about the database: its tables, its rules, and the server of our own."""

import typer

from app.cli.dispatch import DataDirectory, perform


def register(cli: typer.Typer) -> None:
    """Add these commands."""
    cli.command("migrate")(migrate)
    cli.command("audit")(audit)
    db = typer.Typer(help="The PostgreSQL that is ours to start and stop.", no_args_is_help=True)
    db.command("stop")(stop)
    db.command("start")(start)
    cli.add_typer(db, name="db")


def migrate(data_dir: DataDirectory = None) -> None:
    """Bring the database's tables up to this version. Safe to run again, and by several processes at once."""
    perform("database", "migrate", data_dir=data_dir)


def audit(data_dir: DataDirectory = None) -> None:
    """Look for rows that must not exist; leaves with 1 when there are any."""
    perform("database", "audit", data_dir=data_dir)


def stop(data_dir: DataDirectory = None) -> None:
    """Stop the PostgreSQL of our own."""
    perform("database", "stop", data_dir=data_dir)


def start(data_dir: DataDirectory = None) -> None:
    """Start the PostgreSQL of our own and print its address."""
    perform("database", "start", data_dir=data_dir)
