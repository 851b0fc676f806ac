"""Comparing a settlement report: reading it with a bar that shows how far, and telling what was found."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import IO
from uuid import UUID

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from app.cli.work.place import settings_from, upgrade, with_database
from app.kernel.actor import SYSTEM
from app.kernel.db import Database
from app.kernel.errors import DomainError
from app.kernel.ids import IdKind, encode
from app.kernel.money import Money
from app.kernel.paging import PageRequest
from app.kernel.plain import to_plain
from app.main import database_of, gateways_of
from app.payments.gateway import Gateways
from app.payments.queries import reconciled
from app.payments.queries.reconciled import Counted
from app.payments.rules.reconciling import Difference, Reconciliation, Report
from app.payments.service import reconciling
from app.payments.states import DifferenceKind
from app.settings import Settings

ALL_AGREES = 0
SOMETHING_DIFFERS = 1
OF_NO_USE = 2

_PAGE = 1000
_LONGEST_NAME = 255


class _OfNoUse(Exception):
    """Nothing can be compared; the message says why."""


def reconcile(
    *,
    file: Path,
    gateway: str,
    from_: str | None,
    to: str | None,
    report: Path | None,
    limit: int,
    data_dir: str | None,
    apply: bool,
) -> int:
    """Compare a report with the ledger, and tell; answers the exit code."""
    try:
        asked = _moment(from_, "--from"), _moment(to, "--to")
        sha256 = _content_of(file)
        if report is not None:
            # Found out before anything is compared.
            report.open("wb").close()
        settings = settings_from({"STOA_LOG_LEVEL": "warning", **os.environ})
        with with_database(settings, data_dir) as ready:
            if settings.database_url is not None:
                upgrade(settings.database_url)
            return asyncio.run(_with_database(ready, _Asked(file, sha256, gateway, *asked, report, limit, apply)))
    except OSError as error:
        typer.echo(f"stoa: {error.filename}: {error.strerror}", err=True)
    except _OfNoUse as of_no_use:
        typer.echo(f"stoa: {of_no_use}", err=True)
    return OF_NO_USE


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the command was asked to do."""

    file: Path
    sha256: str
    gateway: str
    asked_from: datetime | None
    asked_to: datetime | None
    report: Path | None
    limit: int
    apply: bool


async def _with_database(settings: Settings, asked: _Asked) -> int:
    database = database_of(settings)
    await database.connect()
    try:
        gateways = gateways_of(settings, database)
        run = await _compare(database, gateways, asked)
        settled = 0
        if asked.apply:
            settled = await reconciling.apply(database.begin(SYSTEM), gateways, reconciliation_id=run.id)
        async with database.read() as session:
            counted = await reconciled.count_differences(session, reconciliation_ids=[run.id])
        _tell(run, counted, settled=settled if asked.apply else None)
        await _show(database, run.id, asked)
    except DomainError as refusal:
        raise _OfNoUse(refusal.message) from None
    finally:
        await database.close()
    left = sum(one.count - one.settled for one in counted if one.kind is not DifferenceKind.LATE)
    return SOMETHING_DIFFERS if left else ALL_AGREES


async def _compare(database: Database, gateways: Gateways, asked: _Asked) -> Reconciliation:
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("comparing"), BarColumn(), DownloadColumn(), TextColumn("{task.fields[rows]:,} rows"),
        TimeRemainingColumn(), console=console, transient=True, disable=not console.is_terminal,
    )  # fmt: skip
    with bar, asked.file.open("rb") as raw:
        task = bar.add_task("comparing", total=asked.file.stat().st_size, rows=0)

        def lines() -> Iterator[str]:
            raw.seek(0)
            # Detached in the end, so that the file may be read once more when others got in the way.
            text = TextIOWrapper(raw, encoding="utf-8-sig", newline="")
            try:
                yield from text
            finally:
                text.detach()

        def told(rows: int) -> None:
            bar.update(task, completed=raw.tell(), rows=rows)

        report = Report(asked.file.name[:_LONGEST_NAME], asked.sha256, lines)
        return await database.begin(SYSTEM).run(
            lambda uow: reconciling.reconcile(
                uow,
                gateways,
                report,
                gateway=asked.gateway,
                asked_from=asked.asked_from,
                asked_to=asked.asked_to,
                listener=told,
            )
        )


def _tell(run: Reconciliation, counted: list[Counted], *, settled: int | None) -> None:
    """Tell what moved on both sides, and how many differences of each kind there are."""
    console = Console(highlight=False)
    _line(console, f"{run.gateway}, from {run.period_from:%Y-%m-%d %H:%M:%S} to {run.period_to:%Y-%m-%d %H:%M:%S} UTC")
    parts = {
        "agree or differ from a step": run.rows_matched, "missing here": run.rows_missing,
        "told twice": run.rows_duplicated, "unreadable": run.rows_unreadable, "of no payment": run.rows_passed_over,
        "outside the period": run.rows_outside,
    }  # fmt: skip
    told = ", ".join(f"{count:,} {what}" for what, count in parts.items() if count)
    _line(console, f"{run.rows_read:,} rows{f': {told}' if told else ''}")
    sums = Table("movement", "ours", "theirs", "difference", "fees", box=None, pad_edge=False)
    for column in sums.columns[1:]:
        column.justify = "right"
    for one in run.sums:
        sums.add_row(
            one.kind.value,
            f"{one.ours_count:,} × {Money(one.ours_minor, one.currency)}",
            f"{one.theirs_count:,} × {Money(one.theirs_minor, one.currency)}",
            str(Money(one.theirs_minor - one.ours_minor, one.currency)),
            str(Money(one.fees_minor, one.currency)),
        )
    console.print(sums)
    kinds = Table("what differs", "how many", "settled", box=None, pad_edge=False)
    for column in kinds.columns[1:]:
        column.justify = "right"
    for count in counted:
        kinds.add_row(count.kind.value, f"{count.count:,}", f"{count.settled:,}")
    if counted:
        console.print(kinds)
    else:
        _line(console, "nothing differs")
    if settled is not None:
        _line(console, f"{settled:,} steps are settled now")


async def _show(database: Database, run_id: UUID, asked: _Asked) -> None:
    """Show the first differences, and write all of them down where that was asked."""
    console, shown, total = Console(highlight=False), 0, 0
    out: IO[bytes] | None = None if asked.report is None else asked.report.open("wb")
    try:
        async for difference in _differences(database, run_id):
            total += 1
            if shown < asked.limit:
                shown += 1
                _line(console, f"  {_told(difference)}")
            elif out is None:
                break
            if out is not None:
                out.write(orjson.dumps(_written(difference), option=orjson.OPT_APPEND_NEWLINE))
    finally:
        if out is not None:
            out.close()
    if total > shown:
        where = f"{asked.report} has all of them" if asked.report else "--report writes all of them down"
        _line(console, f"  and more; {where}")


async def _differences(database: Database, run_id: UUID) -> AsyncIterator[Difference]:
    after: tuple[int | str, ...] | None = None
    while True:
        async with database.read() as session:
            request = PageRequest(size=_PAGE, after=after)
            found = await reconciled.list_differences(session, reconciliation_id=run_id, kind=None, request=request)
        for difference in found[:_PAGE]:
            yield difference
        if len(found) <= _PAGE:
            return
        after = (0, str(found[_PAGE - 1].id))


def _written(difference: Difference) -> dict[str, object]:
    """Name what a difference is about as the API does, so that it can be looked up there."""
    ids = {
        "reconciliation_id": (IdKind.RECONCILIATION, difference.reconciliation_id),
        "order_id": (IdKind.ORDER, difference.order_id),
        "payment_id": (IdKind.PAYMENT, difference.payment_id),
        "transaction_id": (IdKind.PAYMENT_TRANSACTION, difference.transaction_id),
    }
    named = {name: encode(kind, value) for name, (kind, value) in ids.items() if value is not None}
    return {**to_plain(difference), **named}


def _told(difference: Difference) -> str:
    row = f"row {difference.row_number}" if difference.row_number else "no row"
    amounts = [
        f"{whose} {Money(minor, currency)}"
        for whose, minor, currency in (
            ("ours", difference.ours_minor, difference.ours_currency),
            ("theirs", difference.theirs_minor, difference.theirs_currency),
        )
        if minor is not None and currency is not None
    ]
    order = None if difference.order_id is None else encode(IdKind.ORDER, difference.order_id)
    names = [name for name in (difference.reference, order) if name]
    about = ", ".join([row, *([difference.movement.value] if difference.movement else []), *amounts, *names])
    return f"{difference.kind.value}: {about}: {difference.message}"


def _line(console: Console, text: str) -> None:
    console.print(text, markup=False, soft_wrap=True)


def _content_of(file: Path) -> str:
    with file.open("rb") as raw:
        return hashlib.file_digest(raw, "sha256").hexdigest()


def _moment(text: str | None, option: str) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _OfNoUse(f"{option} is a day or a moment, such as 2026-11-01 or 2026-11-01T00:00:00+01:00") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
