"""Imports of stock: how many units are at a location, or how many came and went."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.catalog import queries as catalog_queries
from app.integration import queries
from app.integration.rules.outcome import Listener, Terms
from app.integration.rules.rows import RowProblem
from app.integration.rules.stock import StockRow
from app.integration.service.chunks import in_chunks, put_chunk
from app.inventory import queries as inventory_queries
from app.inventory import service as inventory
from app.inventory.rules import Level, StockLine
from app.inventory.states import MovementReason
from app.kernel import idempotency
from app.kernel.db import Begin, UnitOfWork
from app.kernel.errors import Conflict
from app.kernel.permissions import Permission
from app.kernel.puts import Put, effect_of
from app.locations import queries as locations_queries

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
    variant_id: UUID
    location_id: UUID

    @property
    def level(self) -> tuple[UUID, UUID]:
        return self.variant_id, self.location_id


async def import_stock(
    begin: Begin, *, rows: Iterable[StockRow], counting: StockTerms, terms: Terms, listener: Listener
) -> None:
    """Set the sellable stock of variants at locations, or change it, row by row; levels that are not there are opened.

    A row that would leave less than customers were promised is refused, the others are taken. Of several rows about the
    same variant and location a snapshot takes the last, while changes add up. Changes count once: how far they have come
    is committed with them, so a file that broke off goes on where it was.
    Raises: Forbidden; AlreadyTaken; DatabaseUnavailable, after which all chunks that were told of are kept.
    """
    begin.actor.require(Permission.INVENTORY_ADJUST)
    due = [row for row in rows if row.row >= terms.from_row]
    if counting.delta:
        taken_to = await begin.run(lambda uow: _begin_changes(uow, counting, dry_run=terms.dry_run))
        due = [row for row in due if row.row > taken_to]
    else:
        due = _last_of_each(due, listener)

    async def put(uow: UnitOfWork, items: Sequence[_Placed]) -> list[Put | str]:
        return await (_change if counting.delta else _set)(uow, items)

    async def put_and_mark(uow: UnitOfWork, items: Sequence[_Placed]) -> list[Put | str]:
        # The mark is locked before stock is, and moves with it or not at all.
        if counting.delta:
            await _mark(uow, counting, taken_to=items[-1].row.row)
        return await put(uow, items)

    def done(items: Sequence[_Placed], effects: Sequence[Put | str]) -> None:
        for item, effect in zip(items, effects, strict=True):
            if isinstance(effect, Put):
                listener.taken(effect, row=item.row.row)
            else:
                refused(item, effect)

    def refused(item: _Placed, reason: str) -> None:
        listener.refused(RowProblem(item.row.row, "quantity", str(item.row.quantity), reason))

    for chunk in in_chunks(due, terms.rows_at_once):
        placed = await begin.run(lambda uow, chunk=chunk: _placed(uow, chunk, counting, listener))  # type: ignore[misc]
        if placed:
            await put_chunk(begin, placed, put_and_mark, dry_run=terms.dry_run, done=done, refused=refused)
    if counting.delta and not terms.dry_run:
        await begin.run(lambda uow: _mark(uow, counting, taken_to=None))


async def _set(uow: UnitOfWork, items: Sequence[_Placed]) -> list[Put | str]:
    known, levels = await _open_and_lock(uow, items)
    effects: list[Put | str] = []
    lines = []
    for item in items:
        level = levels[item.level]
        promised = level.soft + level.firm
        if item.row.quantity < promised:
            effects.append(f"{promised} units are promised to customers")
            continue
        effects.append(effect_of(known=item.level in known, changed=level.sellable != item.row.quantity))
        lines.append(StockLine(item.variant_id, item.location_id, item.row.quantity))
    await _write(uow, lines)
    return effects


async def _change(uow: UnitOfWork, items: Sequence[_Placed]) -> list[Put | str]:
    known, levels = await _open_and_lock(uow, items)
    sellable = {key: level.sellable for key, level in levels.items()}
    effects: list[Put | str] = []
    for item in items:
        promised = levels[item.level].soft + levels[item.level].firm
        now = sellable[item.level] + item.row.quantity
        if now < promised:
            effects.append(f"{promised} units are promised to customers, and {now} would be left")
            continue
        effects.append(effect_of(known=item.level in known, changed=item.row.quantity != 0))
        sellable[item.level] = now
    await _write(uow, [StockLine(*key, quantity) for key, quantity in sellable.items()])
    return effects


async def _open_and_lock(
    uow: UnitOfWork, items: Sequence[_Placed]
) -> tuple[frozenset[tuple[UUID, UUID]], dict[tuple[UUID, UUID], Level]]:
    """Hold the levels still, so that what is decided about them is what is done to them; answers which were there before.

    Those that are not there are opened, because a level that does not exist cannot be locked.
    """
    keys = sorted({item.level for item in items})
    locked = await inventory_queries.lock_levels(uow, levels=keys)
    known = frozenset((level.variant_id, level.location_id) for level in locked)
    if len(known) < len(keys):
        await inventory.open_levels(uow, levels=[key for key in keys if key not in known])
        locked = await inventory_queries.lock_levels(uow, levels=keys)
    return known, {(level.variant_id, level.location_id): level for level in locked}


async def _write(uow: UnitOfWork, lines: Sequence[StockLine]) -> None:
    if lines:
        await inventory.set_levels(uow, lines=lines, reason=MovementReason.FEED)


async def _placed(uow: UnitOfWork, rows: Sequence[StockRow], counting: StockTerms, listener: Listener) -> list[_Placed]:
    """Find the variants and locations that rows speak of, and refuse the rows of those that there are not."""
    skus = {row.sku: row.sku for row in rows}
    if counting.ignore_case:
        spelled = await queries.list_spellings(uow, skus=list(skus))
        skus = {sku: spelled.get(sku.upper(), sku) for sku in skus}
    variants = await catalog_queries.list_variants_by_sku(uow, skus=list(set(skus.values())))
    found = await locations_queries.list_locations_by_code(uow, codes=list({row.location for row in rows}))
    locations = {location.code: location.id for location in found}
    placed = []
    for row in rows:
        variant, location_id = variants.get(skus[row.sku]), locations.get(row.location)
        if variant is None:
            listener.refused(RowProblem(row.row, "sku", row.sku, "is not a SKU of this shop"))
        if location_id is None:
            listener.refused(RowProblem(row.row, "location", row.location, "is not a location of this shop"))
        if variant is not None and location_id is not None:
            placed.append(_Placed(row, variant.id, location_id))
    return placed


def _last_of_each(rows: Sequence[StockRow], listener: Listener) -> list[StockRow]:
    """Keep the last row about each variant and location, and refuse those before it."""
    by_level: defaultdict[tuple[str, str], list[StockRow]] = defaultdict(list)
    for row in rows:
        by_level[row.sku, row.location].append(row)
    for *earlier, last in by_level.values():
        for row in earlier:
            reason = f"row {last.row} speaks of the same SKU at the same location, and the last one counts"
            listener.refused(RowProblem(row.row, "sku", row.sku, reason))
    return sorted((same[-1] for same in by_level.values()), key=lambda row: row.row)


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
