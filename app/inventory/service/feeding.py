"""Stock as others count it: whole levels set at once, and units that came or went, a whole feed's chunk at a time."""

from collections.abc import Collection, Sequence
from uuid import UUID

from app.inventory import queries
from app.inventory.rules import Arrival, Cause, LevelAsItWas, Target, TooFewLeft, add_up
from app.inventory.service.moving import apply, open_levels
from app.inventory.states import MovementReason
from app.kernel.db import UnitOfWork
from app.kernel.permissions import Permission


async def set_units(
    uow: UnitOfWork,
    *,
    targets: Sequence[Target],
    there: Collection[tuple[UUID, UUID]],
    reason: MovementReason,
    cause: Cause,
) -> dict[tuple[UUID, UUID], LevelAsItWas]:
    """Make the buckets of levels what others say they are, and open levels that are not there; answers those left as is.

    Each level is named once; whoever calls has looked which are `there` already, and names those alone that differ,
    because all of them are locked. Where fewer sellable units would be left than are promised, holds whose time is over
    are taken back, and else that bucket stays.
    Locks: levels. Writes the ledger. Raises: Forbidden.
    """
    for location_id in {target.location_id for target in targets}:
        uow.actor.require(Permission.INVENTORY_ADJUST, at=location_id)
    if not targets:
        return {}
    await _open_missing(uow, [target.level for target in targets], there)
    left = {part.level: part for part in await queries.set_units(uow, targets=targets, reason=reason, cause=cause)}
    refused = sorted(level for level, part in left.items() if part.refused)
    if refused and await queries.expire_soft(uow, levels=refused):
        missed = [target for target in targets if target.level in left and left[target.level].refused]
        again = await queries.set_units(uow, targets=missed, reason=reason, cause=cause)
        left = {level: part for level, part in left.items() if not part.refused} | {part.level: part for part in again}
    return left


async def move_units(
    uow: UnitOfWork, *, arrivals: Sequence[Arrival], reason: MovementReason, cause: Cause
) -> list[TooFewLeft | None]:
    """Let units come to levels or go from them, line by line; answers for each line why it was refused, or None.

    Levels that are not there are opened. A line that would take what is promised is refused, after holds whose time is
    over were taken back; the lines beside it are not.
    Locks: levels. Writes the ledger, once for each level and bucket. Raises: Forbidden.
    """
    for location_id in {arrival.location_id for arrival in arrivals}:
        uow.actor.require(Permission.INVENTORY_ADJUST, at=location_id)
    if not arrivals:
        return []
    keys = sorted({arrival.level for arrival in arrivals})
    await _open_missing(uow, keys, {level.key for level in await queries.list_levels_by_key(uow, levels=keys)})
    levels = {level.key: level for level in await queries.lock_levels(uow, levels=keys)}
    changes, refusals = add_up(arrivals, levels)
    if any(refusals):
        short = sorted(
            {arrival.level for arrival, refusal in zip(arrivals, refusals, strict=True) if refusal is not None}
        )
        if await queries.expire_soft(uow, levels=short):
            levels = {level.key: level for level in await queries.lock_levels(uow, levels=keys)}
            changes, refusals = add_up(arrivals, levels)
    if changes:
        await apply(uow, changes, reason=reason, cause=cause)
    return refusals


async def _open_missing(
    uow: UnitOfWork, wanted: Sequence[tuple[UUID, UUID]], there: Collection[tuple[UUID, UUID]]
) -> None:
    """Open levels before any is locked: who opens one of ours may be waiting for a level that we would hold."""
    missing = [level for level in wanted if level not in there]
    if missing:
        await open_levels(uow, levels=missing)
