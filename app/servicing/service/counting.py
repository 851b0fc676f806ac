"""A count is posted: the stock follows what was found, and promises that there are no units for are broken."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.inventory import queries as stock
from app.inventory import service as inventory
from app.inventory.errors import CountBelowPacked, CountOutdated
from app.inventory.rules import Cause, Change, Count, variances
from app.inventory.service import CountWithLines
from app.kernel.db import UnitOfWork
from app.kernel.ids import CountId
from app.servicing.errors import StillPromised
from app.servicing.service.breaking import BrokenPromise, break_promises


@dataclass(frozen=True, slots=True)
class PostedCount:
    """A count after it was posted, and the promises that this broke."""

    count: Count
    broken: tuple[BrokenPromise, ...]


async def post_count(uow: UnitOfWork, *, count_id: CountId) -> PostedCount:
    """Let the stock follow a count: each level changes by what was found against what was expected at that moment.

    What was sold or received since stays. Where fewer sellable units are left than are promised, promises are broken, as
    `break_promises` says. Locks: the count, transfers, orders, work, pickups, slots, levels. Writes the ledger.
    Emits CountMoved, PromiseBroken. Raises: CountNotFound; Forbidden; IllegalTransition, for a count that was posted
    before too; CountOutdated; CountBelowPacked; Overtaken.
    """
    locked = await inventory.lock_count(uow, count_id=count_id, action="countPost")
    count = locked.count
    changes = variances(count, locked.lines)
    try:
        broken = await break_promises(
            uow,
            changes,
            at=count.location_id,
            cause=Cause("count", count.id),
            why=f"promised more than count {count.number} found",
        )
    except StillPromised as refusal:
        raise await _below_packed(uow, locked, changes, refusal) from None
    await _refuse_outdated(uow, locked, changes)
    return PostedCount(await inventory.write_posted(uow, count, changes), tuple(broken))


async def _refuse_outdated(uow: UnitOfWork, locked: CountWithLines, changes: Sequence[Change]) -> None:
    """Refuse a count from which more has left than it found. The levels are locked."""
    bucket = locked.count.bucket
    held = {
        level.variant_id: level.holds(bucket)
        for level in await stock.list_levels_by_key(uow, levels=[part.level for part in changes])
    }
    below = {
        line.id: f"{-line.variance} were missing, and {held.get(line.variant_id, 0)} are left by now"
        for line in locked.lines
        if line.variance is not None and held.get(line.variant_id, 0) + line.variance < 0
    }
    if below:
        raise CountOutdated("more has left since than was found; count these again", lines=below)


async def _below_packed(
    uow: UnitOfWork, locked: CountWithLines, changes: Sequence[Change], refusal: StillPromised
) -> CountBelowPacked | CountOutdated:
    await _refuse_outdated(uow, locked, changes)
    return CountBelowPacked(
        "fewer were found than are packed",
        lines={
            line.id: f"{refusal.missing[line.variant_id, locked.count.location_id]} more are packed for customers, or are"
            " being sent where a customer waits for them"
            for line in locked.lines
            if (line.variant_id, locked.count.location_id) in refusal.missing
        },
    )
