"""The `stoa` command.

Each module beside this one declares a group of commands and imports nothing heavy, so that `stoa --help` answers at once;
what the commands do stands in `app.cli.work`, which `dispatch.perform` imports when a command is run.
"""

import typer

from app.cli import database, demo, documents, imports, invoices, reconciling, seed, serving, staff

cli = typer.Typer(
    name="stoa",
    help="One GraphQL backend for shops that sell on the web, in an app and in stores.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)

#: Every group of commands, in the order in which help lists them.
for group in (demo, serving, database, staff, seed, imports, invoices, reconciling, documents):
    group.register(cli)


def main() -> None:
    """Run the command line."""
    cli()
