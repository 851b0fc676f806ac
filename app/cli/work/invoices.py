"""Writing documents into files, with a journal of them."""

import asyncio
import csv
import os
from collections.abc import AsyncIterator
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import Progress

from app.channels import queries as channels
from app.channels.errors import UnknownChannel
from app.channels.rules import Channel, prefix_of
from app.cli.work.failures import CannotStart
from app.cli.work.place import settings_from, with_database
from app.kernel.db import Database
from app.main import database_of
from app.payments.queries import invoicing as queries
from app.payments.rules.invoicing import Invoice
from app.payments.rules.journal import COLUMNS, journal_rows
from app.payments.rules.sheets import can_make_pdf, sheet_of, to_html, to_pdf
from app.payments.states import InvoiceKind
from app.settings import Settings

_AT_ONCE = 100


def export(*, channel: str | None, year: int, directory: Path, form: str, data_dir: str | None) -> None:
    """Write a channel's documents of a year into a directory, with a journal of them.

    Raises: CannotStart where PDFs cannot be made, or the directory cannot be written into; UnknownChannel.
    """
    if form == "pdf" and not can_make_pdf():
        raise CannotStart("PDFs are made by the extra `pdf`, which is not installed; --form html writes pages")
    with with_database(settings_from({"STOA_LOG_LEVEL": "warning", **os.environ}), data_dir) as settings:
        try:
            directory.mkdir(parents=True, exist_ok=True)
            written, journal = asyncio.run(_export(settings, channel, year, directory, form))
        except OSError as error:
            raise CannotStart(f"cannot write there: {error}") from error
    typer.echo(f"{written:,} documents of {year}; the journal is {journal}")


async def _export(settings: Settings, code: str | None, year: int, directory: Path, form: str) -> tuple[int, Path]:
    database = database_of(settings)
    await database.connect()
    try:
        async with database.read() as session:
            channel = await channels.get_channel(session, code=code)
            if channel is None:
                raise UnknownChannel(code)
            total = await queries.count_invoices_of_year(session, channel_id=channel.id, year=year)
        return await _write_all(database, channel, year, directory, form, total)
    finally:
        await database.close()


async def _write_all(
    database: Database, channel: Channel, year: int, directory: Path, form: str, total: int
) -> tuple[int, Path]:
    journal = directory / f"journal-{prefix_of(channel.code, channel.invoice_prefix)}-{year}.csv"
    unfinished = journal.with_suffix(".part")
    console = Console(stderr=True)
    written = 0
    with (
        unfinished.open("w", encoding="utf-8", newline="") as file,
        Progress(console=console, transient=True, disable=not console.is_terminal) as bar,
    ):
        task = bar.add_task(f"{channel.name} {year}", total=total)
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        async for invoice in _documents(database, channel, year):
            if form != "none":
                _write(directory / f"{invoice.number}.{form}", invoice, form)
            rows.writerows(journal_rows([invoice]))
            written += 1
            bar.advance(task)
    # Whoever reads it while it is being written reads the one before.
    unfinished.replace(journal)
    return written, journal


async def _documents(database: Database, channel: Channel, year: int) -> AsyncIterator[Invoice]:
    """Read documents in the order in which they were counted, a few at a time: no snapshot is held while they are written."""
    for kind in InvoiceKind:
        after = 0
        while True:
            async with database.read() as session:
                found = await queries.list_invoices_of_series(
                    session, channel_id=channel.id, year=year, kind=kind, after=after, most=_AT_ONCE
                )
            if not found:
                break
            for invoice in found:
                yield invoice
            after = found[-1].sequence


def _write(path: Path, invoice: Invoice, form: str) -> None:
    sheet = sheet_of(invoice)
    made = to_pdf(sheet, written_at=invoice.issued_at) if form == "pdf" else to_html(sheet).encode()
    unfinished = path.with_suffix(".part")
    unfinished.write_bytes(made)
    unfinished.replace(path)
