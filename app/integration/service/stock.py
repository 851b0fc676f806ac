"""Imports of stock: how many units are at a location, or how many came and went."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.integration import queries
from app.integration.queries import FoundLine
from app.integration.rules.outcome import Listener, Terms
from app.integration.rules.rows import RowProblem
from app.integration.rules.stock import LineProblem, StockRow
from app.integration.service.chunks import in_chunks, put_chunk
from app.integration.service.taking import NOT_HERE, UNKNOWN_LOCATION, UNKNOWN_SKU, Wanted, move_lines, set_lines
from app.inventory.rules import Cause
from app.inventory.states import Bucket
from app.kernel import idempotency
from app.kernel.actor import Actor
from app.kernel.db import Begin, UnitOfWork
from app.kernel.errors import Conflict
from app.kernel.permissions import Permission
from app.kernel.puts import Put

_SCOPE = "importStock"


@dataclass(frozen=True, slots=True)
class StockTerms:
    """What the numbers mean: units that are there, or, as a `delta`, units that came or went.

    `source` names the file by its content: the same changes are taken once, unless they are meant `again`.
    """

    source: str
    delta: bool = False
    again: bool = False
    ignore_case: bool = False


class AlreadyTaken(Conflict):
    """The changes of this file were taken before."""


@dataclass(frozen=True, slots=True)
class _Placed:
    """A row whose variant and location are known."""

    row: StockRow
    wanted: Wanted


async def import_stock(
    begin: Begin, *, rows: Iterable[StockRow], counting: StockTerms, terms: Terms, listener: Listener
) -> None:
    """Set the stock of variants at locations, or change it, row by row; levels that are not there are opened.

    Rows that say what is there already are passed over before anything is locked. A row that would leave less than
    customers were promised is refused, the others are taken. Of several rows about the same stock a snapshot takes the
    last, while changes add up. Changes count once: how far they have come is committed with them, so a file that broke
    off goes on where it was.
    Raises: Forbidden; AlreadyTaken; DatabaseUnavailable, after which all chunks that were told of are kept.
    """
    begin.actor.require(Permission.INVENTORY_ADJUST)
    due = [row for row in rows if row.row >= terms.from_row]
    if counting.delta:
        taken_to = await begin.run(lambda uow: _begin_changes(uow, counting, dry_run=terms.dry_run))
        due = [row for row in due if row.row > taken_to]
    else:
        due = _last_of_each(due, listener, ignore_case=counting.ignore_case)

    async def put(uow: UnitOfWork, items: Sequence[_Placed]) -> list[Put | LineProblem]:
        if counting.delta:
            # The mark is locked before stock is, and moves with it or not at all.
            await _mark(uow, counting, taken_to=items[-1].row.row)
        take = move_lines if counting.delta else set_lines
        return await take(uow, [item.wanted for item in items], cause=Cause("feed"))

    def done(items: Sequence[_Placed], effects: Sequence[Put | LineProblem]) -> None:
        for item, effect in zip(items, effects, strict=True):
            if isinstance(effect, Put):
                listener.taken(effect, row=item.row.row)
            else:
                refused(item, effect.message)

    def refused(item: _Placed, reason: str) -> None:
        listener.refused(RowProblem(item.row.row, "quantity", str(item.row.quantity), reason))

    for chunk in in_chunks(due, terms.rows_at_once):
        found = await begin.run(lambda uow, chunk=chunk: _find(uow, chunk, counting))  # type: ignore[misc]
        placed = _sorted_out(begin.actor, chunk, found, listener)
        if placed:
            await put_chunk(begin, placed, put, dry_run=terms.dry_run, done=done, refused=refused)
    if counting.delta and not terms.dry_run:
        await begin.run(lambda uow: _mark(uow, counting, taken_to=None))


async def _find(uow: UnitOfWork, rows: Sequence[StockRow], counting: StockTerms) -> list[FoundLine]:
    """Find the rows of which something has to be done or said."""
    skus = [row.sku for row in rows]
    if counting.ignore_case:
        spelled = await queries.list_spellings(uow, skus=set(skus))
        skus = [spelled.get(sku.upper(), sku) for sku in skus]
    return await queries.list_to_take(
        uow,
        skus=skus,
        codes=[row.location for row in rows],
        buckets=[row.bucket for row in rows],
        quantities=[row.quantity for row in rows],
        delta=counting.delta,
        works_at=uow.actor.location_ids,
    )


def _sorted_out(
    actor: Actor, rows: Sequence[StockRow], found: Sequence[FoundLine], listener: Listener
) -> list[_Placed]:
    """Tell of rows that are so already, and of those that speak of nothing here; answers the others."""
    due = {line.position: line for line in found}
    placed = []
    for position, row in enumerate(rows, 1):
        line = due.get(position)
        if line is None:
            listener.taken(Put.UNCHANGED, row=row.row)
            continue
        if line.variant_id is None:
            listener.refused(RowProblem(row.row, "sku", row.sku, UNKNOWN_SKU))
        if line.location_id is None:
            listener.refused(RowProblem(row.row, "location", row.location, UNKNOWN_LOCATION))
        if line.variant_id is None or line.location_id is None:
            continue
        if not actor.works_at(line.location_id):
            listener.refused(RowProblem(row.row, "location", row.location, NOT_HERE))
            continue
        there = line.units is not None
        level = (line.variant_id, line.location_id)
        placed.append(_Placed(row, Wanted(level, row.bucket, row.quantity, there=there)))
    return placed


def _last_of_each(rows: Sequence[StockRow], listener: Listener, *, ignore_case: bool) -> list[StockRow]:
    """Keep the last row about each bucket of a variant at a location, and refuse those before it."""

    def named(row: StockRow) -> tuple[str, str, Bucket]:
        return (row.sku.upper() if ignore_case else row.sku), row.location, row.bucket

    last = {named(row): row for row in rows}
    if len(last) == len(rows):
        return list(rows)
    kept = []
    for row in rows:
        counts = last[named(row)]
        if counts is row:
            kept.append(row)
        else:
            reason = f"row {counts.row} speaks of the same SKU at the same location, and the last one counts"
            listener.refused(RowProblem(row.row, "sku", row.sku, reason))
    return kept


async def _begin_changes(uow: UnitOfWork, counting: StockTerms, *, dry_run: bool) -> int:
    """Say up to which row the changes of this file were taken; 0 when it is new. Raises: AlreadyTaken."""
    key = _key(counting)
    kept = await idempotency.claim(uow, key)
    if kept is None:
        if dry_run:
            await idempotency.release(uow, key)
        return 0
    taken_to = (kept.result or {}).get("takenTo", 0)
    if taken_to is not None:
        return int(taken_to)
    if not counting.again:
        message = (
            f"the changes of this file were taken on {kept.created_at:%Y-%m-%d %H:%M} UTC; --again takes them once more"
        )
        raise AlreadyTaken(message)
    if not dry_run:
        await idempotency.release(uow, key)
    return 0


async def _mark(uow: UnitOfWork, counting: StockTerms, *, taken_to: int | None) -> None:
    """Note how far the changes of a file have come; None says that all are taken."""
    key = _key(counting)
    await idempotency.claim(uow, key)
    idempotency.keep(uow, key, object_id=None, result={"takenTo": taken_to})


def _key(counting: StockTerms) -> idempotency.Key:
    return idempotency.key_for(_SCOPE, counting.source[:64], counting.source)
