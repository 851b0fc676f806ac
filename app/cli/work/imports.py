"""Taking in files: reading them with a bar that shows how far, and telling what became of every row."""

import asyncio
import contextlib
import hashlib
import os
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self, TypeVar

import asyncpg
import orjson
import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from app.channels import queries as channels
from app.cli.work.place import settings_from, upgrade, with_database
from app.integration.rules import mapping as mappings
from app.integration.rules import postal_codes as postal_code_rules
from app.integration.rules import products as product_rules
from app.integration.rules import stock as stock_rules
from app.integration.rules import stores as store_rules
from app.integration.rules import timezones
from app.integration.rules.mapping import FieldMapping, Target
from app.integration.rules.outcome import Terms
from app.integration.rules.products import ProductOptions
from app.integration.rules.reading import Format, Source, open_source
from app.integration.rules.rows import BadRow, MappedRow, RowProblem, Unreadable
from app.integration.service import (
    StockTerms,
    StoreTerms,
    channel_to_sell_in,
    import_postal_codes,
    import_products,
    import_stock,
    import_stores,
)
from app.integration.service.channel import Selling
from app.kernel.actor import SYSTEM
from app.kernel.db import Begin, Database
from app.kernel.errors import DatabaseUnavailable, DomainError
from app.kernel.money import currencies
from app.kernel.puts import Put
from app.main import database_of
from app.settings import Settings

RowT = TypeVar("RowT")
#: Reads one row of a file, or says what is wrong with it.
Reader = Callable[[MappedRow], RowT | list[RowProblem]]

ALL_TAKEN = 0
SOME_REFUSED = 1
OF_NO_USE = 2

_REASONS_SHOWN = 12
_EXAMPLES_SHOWN = 3


class _OfNoUse(Exception):
    """The import cannot be carried out at all; the message says why."""


@dataclass(frozen=True, slots=True)
class _File:
    """A file that can be read, and how."""

    source: Source
    mapping: FieldMapping


def products(
    *,
    file: Path,
    pairs: Sequence[str],
    mapping: Path | None,
    file_format: str | None,
    channel: str | None,
    currency: str | None,
    chunk: int,
    from_row: int,
    report: Path | None,
    data_dir: str | None,
    ignore_case: bool,
    skip_services: bool,
    keep_notes: bool,
    dry_run: bool,
) -> int:
    """Take in products; answers the exit code."""

    async def work(begin: Begin, found: _File, told: "_Report", bars: "_Bars") -> None:
        selling = await _selling(begin, channel, currency)
        told.say(f"prices are in {selling.currency}, and hold in the channel {selling.channel!r}")
        if selling.is_new:
            told.say(
                f"the shop had no channel yet: {selling.channel!r} is open, and delivers for nothing until terms are set"
            )
        options = ProductOptions(selling.currency, skip_service_codes=skip_services, refuse_notes=not keep_notes)
        rows = list(_rows(found, lambda row: product_rules.read(row, options), told, bars))
        if "weight" in found.mapping.sources:
            told.say("weights are read and checked, but not kept yet")
        merged = product_rules.consolidate(rows, ignore_case=ignore_case)
        told.say(f"{len(rows):,} rows speak of {len(merged):,} SKUs")
        bars.begin_taking(sum(row.row >= from_row for row in merged))
        await import_products(
            begin, rows=merged, price_list=selling.price_list, terms=terms, listener=told, ignore_case=ignore_case
        )

    terms = Terms(rows_at_once=chunk, from_row=from_row, dry_run=dry_run)
    if currency is not None:
        currency = currency.upper()
    return _carry_out(
        "SKUs", mappings.PRODUCTS, work, file=file, pairs=pairs, mapping=mapping, file_format=file_format, report=report,
        data_dir=data_dir, dry_run=dry_run, refuse=None if currency is None or currency in currencies()
        else f"{currency} is not a currency of ISO 4217",
    )  # fmt: skip


def stores(
    *,
    file: Path,
    pairs: Sequence[str],
    mapping: Path | None,
    file_format: str | None,
    channels: Sequence[str],
    timezone: str | None,
    chunk: int,
    from_row: int,
    report: Path | None,
    data_dir: str | None,
    ships: bool,
    dry_run: bool,
) -> int:
    """Take in stores; answers the exit code."""

    async def work(begin: Begin, found: _File, told: "_Report", bars: "_Bars") -> None:
        served = tuple(channels) or await _default_channel(begin)
        if served:
            does = "ship and hand out" if ships else "hand out"
            told.say(f"the stores {does} for {', '.join(map(repr, served))}")
        else:
            told.say("the shop has no channel yet: say for which one the stores hand out (--channel) once it has")
        rows = _rows(found, lambda row: store_rules.read(row, default_timezone=timezone), told, bars)
        await import_stores(begin, rows=rows, serving=StoreTerms(served, ships=ships), terms=terms, listener=told)

    terms = Terms(rows_at_once=chunk, from_row=from_row, dry_run=dry_run)
    return _carry_out(
        "stores", mappings.STORES, work, file=file, pairs=pairs, mapping=mapping, file_format=file_format, report=report,
        data_dir=data_dir, dry_run=dry_run, refuse=None if timezone is None or timezone in timezones.known()
        else f"{timezone} is not a time zone of the IANA database",
    )  # fmt: skip


def stock(
    *,
    file: Path,
    pairs: Sequence[str],
    mapping: Path | None,
    file_format: str | None,
    chunk: int,
    from_row: int,
    report: Path | None,
    data_dir: str | None,
    delta: bool,
    again: bool,
    ignore_case: bool,
    dry_run: bool,
) -> int:
    """Take in stock; answers the exit code."""

    async def work(begin: Begin, found: _File, told: "_Report", bars: "_Bars") -> None:
        rows = list(_rows(found, lambda row: stock_rules.read(row, may_be_negative=delta), told, bars))
        bars.begin_taking(sum(row.row >= from_row for row in rows))
        counting = StockTerms(
            await asyncio.to_thread(_content_of, found), delta=delta, again=again, ignore_case=ignore_case
        )
        await import_stock(begin, rows=rows, counting=counting, terms=terms, listener=told)

    terms = Terms(rows_at_once=chunk, from_row=from_row, dry_run=dry_run)
    return _carry_out(
        "rows of stock", mappings.STOCK, work, file=file, pairs=pairs, mapping=mapping, file_format=file_format, report=report,
        data_dir=data_dir, dry_run=dry_run,
    )  # fmt: skip


def postcodes(
    *,
    file: Path,
    pairs: Sequence[str],
    mapping: Path | None,
    file_format: str | None,
    chunk: int,
    from_row: int,
    report: Path | None,
    data_dir: str | None,
    dry_run: bool,
) -> int:
    """Take in postal codes; answers the exit code."""

    async def work(begin: Begin, found: _File, told: "_Report", bars: "_Bars") -> None:
        gathered = postal_code_rules.Gathered()
        for row in _rows(found, postal_code_rules.read, told, bars):
            gathered.gather(row)
            for note in row.notes:
                told.noted(note)
        told.say(f"{told.rows - len(told.refused_rows):,} rows speak of {len(gathered):,} postal codes")
        bars.begin_taking(gathered.due(from_row=from_row))
        await import_postal_codes(begin, rows=gathered, terms=terms, listener=told)

    terms = Terms(rows_at_once=chunk, from_row=from_row, dry_run=dry_run)
    return _carry_out(
        "postal codes", mappings.POSTAL_CODES, work, file=file, pairs=pairs, mapping=mapping, file_format=file_format,
        report=report, data_dir=data_dir, dry_run=dry_run,
    )  # fmt: skip


def _carry_out(
    what: str,
    targets: Sequence[Target],
    work: Callable[[Begin, _File, "_Report", "_Bars"], Awaitable[None]],
    *,
    file: Path,
    pairs: Sequence[str],
    mapping: Path | None,
    file_format: str | None,
    report: Path | None,
    data_dir: str | None,
    dry_run: bool,
    refuse: str | None = None,
) -> int:
    """Open the file, then the database, import, and tell; whatever is of no use is told before anything is begun."""
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    try:
        if refuse is not None:
            raise _OfNoUse(refuse)
        found = _open(file, targets, pairs=pairs, mapping=mapping, file_format=file_format)
        with _report_to(report) as out:
            told = _Report(console, out)
            told.say(f"reading {file.name} as {found.source.format}: {_mapping_told(found.mapping)}")
            for column in found.mapping.unseen:
                told.say(f"the first rows have no {column!r}; rows without it may be refused")
            settings = settings_from({"STOA_LOG_LEVEL": "warning", **os.environ})
            with with_database(settings, data_dir) as ready:
                if settings.database_url is not None:
                    upgrade(settings.database_url)
                complete = asyncio.run(_with_database(ready, work, found, told, console))
            told.sum_up(what, dry_run=dry_run)
            if report is not None:
                told.say(f"every refusal and note is in {report}")
    except (_OfNoUse, Unreadable) as unreadable:
        typer.echo(f"stoa: {unreadable}", err=True)
        return OF_NO_USE
    if not complete:
        return OF_NO_USE
    return SOME_REFUSED if told.refused_rows else ALL_TAKEN


async def _with_database(
    settings: Settings,
    work: Callable[[Begin, _File, "_Report", "_Bars"], Awaitable[None]],
    found: _File,
    told: "_Report",
    console: Console,
) -> bool:
    """Import into a connected database; answers whether it came to the end."""
    database: Database = database_of(settings)
    await database.connect()
    try:
        with _Bars(console, found.source.size_bytes) as bars:
            told.bars = bars
            await work(database.begin(SYSTEM), found, told, bars)
    except DomainError as refusal:
        raise _OfNoUse(refusal.message) from None
    except (DatabaseUnavailable, asyncpg.PostgresError) as error:
        told.say(f"broke off: {error}")
        told.say("what was taken is kept; run the same command again to go on")
        return False
    finally:
        await database.close()
    return True


async def _selling(begin: Begin, channel: str | None, currency: str | None) -> Selling:
    return await begin.run(lambda uow: channel_to_sell_in(uow, code=channel, currency=currency))


async def _default_channel(begin: Begin) -> tuple[str, ...]:
    channel = await begin.run(channels.get_channel)
    return () if channel is None else (channel.code,)


def _open(
    file: Path, targets: Sequence[Target], *, pairs: Sequence[str], mapping: Path | None, file_format: str | None
) -> _File:
    if file_format is not None and file_format.lower() not in set(Format):
        raise _OfNoUse(f"{file_format!r} is no format; there are {', '.join(Format)}")
    source = open_source(file, file_format=None if file_format is None else Format(file_format.lower()))
    wanted: dict[str, mappings.Wish] = {}
    if mapping is not None:
        try:
            wanted = mappings.wishes_in(mapping.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise _OfNoUse(f"{mapping}: {getattr(error, 'strerror', None) or 'is not UTF-8'}") from None
    wanted |= mappings.wishes(pairs)
    plan = mappings.plan(targets, columns=source.columns, wanted=wanted, columns_are_all=source.columns_are_all)
    return _File(source, plan)


def _rows(found: _File, read: Reader[RowT], told: "_Report", bars: "_Bars") -> Iterator[RowT]:
    """Stream the rows that can be read; the others are refused, each with its reasons."""
    for row in found.source.rows(on_bytes=bars.read):
        told.rows += 1
        if isinstance(row, BadRow):
            told.refused(RowProblem(row.number, "", "", row.reason))
            continue
        result = read(found.mapping.apply(row))
        if isinstance(result, list):
            for problem in result:
                told.refused(problem)
        else:
            yield result


def _content_of(found: _File) -> str:
    """Name a file by what it says and how that is read, wherever it lies and whatever it is called."""
    digest = hashlib.sha256(
        repr(sorted((name, repr(source)) for name, source in found.mapping.sources.items())).encode()
    )
    with found.source.path.open("rb") as file:
        while part := file.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()


def _mapping_told(plan: FieldMapping) -> str:
    return ", ".join(
        f"{target} from {source.name!r}" if isinstance(source, mappings.Column) else f"{target} is {source.value!r}"
        for target, source in plan.sources.items()
    )


@contextlib.contextmanager
def _report_to(report: Path | None) -> Iterator[IO[bytes] | None]:
    if report is None:
        yield None
        return
    try:
        out = report.open("wb")
    except OSError as error:
        raise _OfNoUse(f"{report}: {error.strerror}") from None
    with out:
        yield out


class _Bars:
    """Two bars: bytes that were read, and rows that were taken."""

    def __init__(self, console: Console, size_bytes: int) -> None:
        self._progress = Progress(
            TextColumn("{task.description:<8}"), BarColumn(), DownloadColumn(), TimeRemainingColumn(),
            console=console, transient=True, disable=not console.is_terminal,
        )  # fmt: skip
        self._taking = Progress(
            TextColumn("{task.description:<8}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
            console=console, transient=True, disable=not console.is_terminal,
        )  # fmt: skip
        self._read = self._progress.add_task("reading", total=size_bytes)
        self._taken: TaskID | None = None

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()
        self._taking.stop()

    def read(self, count: int) -> None:
        """Show that so many bytes have been read."""
        self._progress.update(self._read, completed=count)

    def begin_taking(self, rows: int) -> None:
        """Show from now on how many rows have been taken; a terminal bears one moving display at a time."""
        self._progress.stop()
        self._taken = self._taking.add_task("taking", total=rows)
        self._taking.start()

    def take(self) -> None:
        """Show that one more row is done with."""
        if self._taken is not None:
            self._taking.advance(self._taken)


class _Report:
    """Counts what becomes of rows, writes down what is not taken, and sums it up."""

    def __init__(self, console: Console, out: IO[bytes] | None) -> None:
        self._console = console
        self._out = out
        self._effects = dict.fromkeys(Put, 0)
        self._reasons: dict[str, list[RowProblem]] = {}
        self._counts: dict[str, int] = {}
        self._noted = 0
        self.bars: _Bars | None = None
        self.rows = 0
        self.refused_rows: set[int] = set()

    def say(self, text: str) -> None:
        """Tell something about the import as a whole."""
        self._console.print(f"  {text}", markup=False)

    def refused(self, problem: RowProblem) -> None:
        """Count and write down why a row was not taken."""
        if self.bars is not None and problem.row not in self.refused_rows:
            self.bars.take()
        self.refused_rows.add(problem.row)
        self._count(problem)
        self._write("refused", problem)

    def noted(self, problem: RowProblem) -> None:
        """Count and write down what was left out or mended."""
        self._noted += 1
        self._write("noted", problem)

    def taken(self, effect: Put, *, row: int) -> None:
        """Count a row that was taken."""
        assert row > 0
        self._effects[effect] += 1
        if self.bars is not None:
            self.bars.take()

    def sum_up(self, what: str, *, dry_run: bool) -> None:
        """Tell how many rows were taken and why others were not."""
        taken = sum(self._effects.values())
        would = "would be " if dry_run else ""
        self.say(
            f"{taken:,} {what} {would}taken: {self._effects[Put.INSERTED]:,} new, {self._effects[Put.UPDATED]:,} changed, "
            f"{self._effects[Put.UNCHANGED]:,} as they were"
        )
        self.say(f"{self.rows:,} rows read, {len(self.refused_rows):,} of them refused, {self._noted:,} notes")
        for reason in sorted(self._counts, key=lambda reason: -self._counts[reason])[:_REASONS_SHOWN]:
            examples = ", ".join(_told(problem) for problem in self._reasons[reason])
            self.say(f"  {self._counts[reason]:>7,} × {reason}: {examples}")
        if len(self._counts) > _REASONS_SHOWN:
            self.say(f"  and {len(self._counts) - _REASONS_SHOWN} more reasons; --report writes all of them down")

    def _count(self, problem: RowProblem) -> None:
        reason = f"{problem.field}: {problem.reason}" if problem.field else problem.reason
        self._counts[reason] = self._counts.get(reason, 0) + 1
        examples = self._reasons.setdefault(reason, [])
        if len(examples) < _EXAMPLES_SHOWN:
            examples.append(problem)

    def _write(self, kind: str, problem: RowProblem) -> None:
        if self._out is not None:
            line = {
                "row": problem.row, "kind": kind, "field": problem.field, "value": problem.value, "reason": problem.reason,
            }  # fmt: skip
            self._out.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))


def _told(problem: RowProblem) -> str:
    return f"row {problem.row} {problem.value!r}" if problem.value else f"row {problem.row}"
