"""Commands about invoices and credit notes."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from app.cli.dispatch import DataDirectory, perform


class Form(StrEnum):
    """What documents are written as."""

    PDF = "pdf"
    HTML = "html"
    NONE = "none"


def register(cli: typer.Typer) -> None:
    """Add these commands."""
    invoices = typer.Typer(help="Invoices and credit notes.", no_args_is_help=True)
    # A group of one command would be taken for the command itself.
    invoices.callback()(_group)
    invoices.command("export")(export)
    cli.add_typer(invoices, name="invoices")


def _group() -> None:
    """Invoices and credit notes."""


def export(
    *,
    year: Annotated[int, typer.Option("--year", min=1900, max=9000, help="The year, by the clocks of the channel.")],
    directory: Annotated[Path, typer.Option("--dir", help="Where to write them; made where it is missing.")],
    channel: Annotated[
        str | None,
        typer.Option("--channel", help="The code of a channel; the default channel when left out.", show_default=False),
    ] = None,
    form: Annotated[Form, typer.Option("--form", help="What to write documents as; none writes the journal alone.")] = (
        Form.PDF
    ),
    data_dir: DataDirectory = None,
) -> None:
    """Write a channel's documents of a year into a directory, with a journal of them as CSV. Again, it writes them anew."""
    perform("invoices", "export", channel=channel, year=year, directory=directory, form=form.value, data_dir=data_dir)
