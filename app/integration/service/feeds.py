"""Stock feeds that come through the API: a thousand lines at most, the good ones taken and the others answered for."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from app.integration import queries
from app.integration.queries import FoundLine
from app.integration.rules.stock import LineProblem, StockLine
from app.integration.service.taking import NOT_HERE, UNKNOWN_LOCATION, UNKNOWN_SKU, Wanted, move_lines, set_lines
from app.inventory.rules import MOST_UNITS, Cause
from app.inventory.states import Bucket
from app.kernel.db import UnitOfWork
from app.kernel.errors import ErrorCode, Invalid
from app.kernel.ids import new_id
from app.kernel.permissions import Permission
from app.kernel.puts import Put

MOST_LINES = 1_000
LONGEST_SOURCE = 200


@dataclass(frozen=True, slots=True)
class TakenFeed:
    """What became of a feed: the effect of each line, in their order, or why it was not taken."""

    id: UUID
    lines: tuple[Put | LineProblem, ...]


async def take_stock_feed(
    uow: UnitOfWork, *, lines: Sequence[StockLine | LineProblem], delta: bool, source: str | None = None
) -> TakenFeed:
    """Set the stock of levels to what a feed says, or change it by what came and went; levels not there are opened.

    A line that cannot be taken, because it speaks of nothing here, of a place where the caller does not work, or of units
    that were promised, is answered for and costs the others nothing. A snapshot locks only levels that differ from it.
    The movements name the feed as their cause, with `source` as their note.
    Locks: levels. Writes the ledger. Raises: Forbidden; Invalid.
    """
    uow.actor.require(Permission.INVENTORY_ADJUST)
    if not 1 <= len(lines) <= MOST_LINES:
        raise Invalid(f"from 1 to {MOST_LINES} lines", field=("lines",))
    if source is not None and len(source) > LONGEST_SOURCE:
        raise Invalid(f"at most {LONGEST_SOURCE} characters", field=("source",))
    effects: dict[int, Put | LineProblem] = {}
    good: dict[int, StockLine] = {}
    for i, line in enumerate(lines):
        problem = line if isinstance(line, LineProblem) else _malformed(line, delta=delta)
        if problem is not None:
            effects[i] = problem
        elif isinstance(line, StockLine):
            good[i] = line
    wanted = await _placed(uow, good, effects)
    if not delta:
        wanted = _last_of_each(wanted, effects)
    due: dict[int, Wanted] = {}
    for i, (found, units) in wanted.items():
        if found.quantity == (0 if delta else units):
            effects[i] = Put.UNCHANGED
        else:
            due[i] = found
    feed_id = new_id()
    take = move_lines if delta else set_lines
    done = await take(uow, list(due.values()), cause=Cause("feed", feed_id, source or None))
    effects.update(zip(due, done, strict=True))
    return TakenFeed(feed_id, tuple(effects[i] for i in range(len(lines))))


def _malformed(line: StockLine, *, delta: bool) -> LineProblem | None:
    """Say what is wrong with a line, whatever the shop has."""
    if (line.sku is None) == (line.variant_id is None):
        return LineProblem("sku", ErrorCode.INVALID, "name the variant by its id or by its SKU")
    if (line.location is None) == (line.location_id is None):
        return LineProblem("locationCode", ErrorCode.INVALID, "name the location by its id or by its code")
    lowest = -MOST_UNITS if delta else 0
    if not lowest <= line.quantity <= MOST_UNITS:
        return LineProblem("quantity", ErrorCode.INVALID, f"from {lowest} to {MOST_UNITS}")
    return None


async def _placed(
    uow: UnitOfWork, lines: dict[int, StockLine], effects: dict[int, Put | LineProblem]
) -> dict[int, tuple[Wanted, int | None]]:
    """Find the levels that lines speak of, with the units that are there, and answer for lines that speak of none."""
    found = await queries.list_named(
        uow,
        skus=[line.sku for line in lines.values()],
        variants=[line.variant_id for line in lines.values()],
        codes=[line.location for line in lines.values()],
        locations=[line.location_id for line in lines.values()],
        buckets=[line.bucket for line in lines.values()],
    )
    placed: dict[int, tuple[Wanted, int | None]] = {}
    for (i, line), there in zip(lines.items(), found, strict=True):
        problem = _nowhere(uow, line, there)
        if problem is not None:
            effects[i] = problem
        elif there.variant_id is not None and there.location_id is not None:
            level = (there.variant_id, there.location_id)
            wanted = Wanted(level, line.bucket, line.quantity, there=there.units is not None)
            placed[i] = (wanted, there.units)
    return placed


def _nowhere(uow: UnitOfWork, line: StockLine, found: FoundLine) -> LineProblem | None:
    if found.variant_id is None:
        field = "sku" if line.variant_id is None else "variantId"
        return LineProblem(field, ErrorCode.NOT_FOUND, UNKNOWN_SKU)
    field = "locationCode" if line.location_id is None else "locationId"
    if found.location_id is None:
        return LineProblem(field, ErrorCode.NOT_FOUND, UNKNOWN_LOCATION)
    if not uow.actor.works_at(found.location_id):
        return LineProblem(field, ErrorCode.FORBIDDEN, NOT_HERE)
    return None


def _last_of_each(
    wanted: dict[int, tuple[Wanted, int | None]], effects: dict[int, Put | LineProblem]
) -> dict[int, tuple[Wanted, int | None]]:
    """Keep the last line about each bucket of a level, and answer for those before it."""
    last: dict[tuple[tuple[UUID, UUID], Bucket], int] = {
        (line.level, line.bucket): i for i, (line, _) in wanted.items()
    }
    kept = {}
    for i, (line, units) in wanted.items():
        counts = last[line.level, line.bucket]
        if counts == i:
            kept[i] = (line, units)
        else:
            message = f"line {counts} speaks of the same stock, and the last one counts"
            effects[i] = LineProblem("quantity", ErrorCode.CONFLICT, message)
    return kept
