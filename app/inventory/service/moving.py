"""What every event of stock is made of: levels changed together, with the ledger of what physically moved.

Levels are locked in the order of their ids, after everything above them in the order of locks and before reservations.
"""

from collections.abc import Sequence
from uuid import UUID

from app.inventory import queries
from app.inventory.rules import Cause, Change, Level, per_level
from app.inventory.service.bundling import refuse_bundles
from app.inventory.service.safety import settle_safety_stock
from app.inventory.states import MovementReason
from app.kernel.db import UnitOfWork
from app.kernel.errors import BrokenInvariant


async def open_levels(uow: UnitOfWork, *, levels: Sequence[tuple[UUID, UUID]]) -> frozenset[tuple[UUID, UUID]]:
    """Make empty levels where a location has never had a variant, with the safety stock that the rules say.

    Answers those that are new. Locks: what safety stock follows from, when a level is new. Raises: BundleStocked.
    """
    opened = frozenset(await queries.open_levels(uow, levels=sorted(set(levels))))
    if opened:
        await settle_safety_stock(uow, levels=sorted(opened))
        await refuse_bundles(uow, variant_ids={variant_id for variant_id, _ in opened})
    return opened


async def apply(
    uow: UnitOfWork,
    changes: Sequence[Change],
    *,
    reason: MovementReason | None = None,
    cause: Cause | None = None,
) -> None:
    """Change levels that are known to bear it.

    Raises: BrokenInvariant when one does not.
    """
    summed = per_level(changes)
    changed = await change(uow, summed, reason=reason, cause=cause)
    if len(changed) != len(summed):
        raise BrokenInvariant(f"{len(summed) - len(changed)} levels could not bear an event of {cause or 'counters'}")


async def change(
    uow: UnitOfWork,
    changes: Sequence[Change],
    *,
    reason: MovementReason | None = None,
    cause: Cause | None = None,
) -> dict[tuple[UUID, UUID], Level]:
    """Change whichever levels bear it, write the ledger of what physically moved, and answer those levels.

    Each level stands in `changes` once, in the order in which levels are locked.
    """
    if not changes:
        return {}
    if (reason is None or cause is None) and any(part.moves for part in changes):
        raise BrokenInvariant("stock moved without a reason")
    await lock_in_order(uow, changes)
    changed = await queries.change_levels(uow, changes=changes, reason=reason, cause=cause)
    return {level.key: level for level in changed}


async def lock_in_order(uow: UnitOfWork, changes: Sequence[Change]) -> None:
    """Lock the levels of changes, unless there is only one, which locks itself in its update."""
    if len(changes) > 1:
        await queries.lock_levels(uow, levels=[part.level for part in changes])
