"""Stock changed by hand at one location: corrected, moved between buckets, received without any announcement.

Each call is one event with an id of its own, under which all its entries stand in the ledger. Locks: levels.
"""

from collections.abc import Sequence
from uuid import UUID

from app.inventory import queries
from app.inventory.rules import Cause
from app.inventory.rules import adjusting as rules
from app.inventory.rules.adjusting import Adjustment, BucketMove, Delivered, Step
from app.inventory.rules.lines import short_note
from app.inventory.service.arriving import tell_arrived
from app.inventory.service.known import refuse_variants
from app.inventory.service.moving import change, open_levels
from app.inventory.states import MovementReason
from app.kernel.db import UnitOfWork
from app.kernel.errors import Invalid, NotFound
from app.kernel.ids import LocationId, VariantId, new_id
from app.kernel.permissions import Permission
from app.locations import queries as locations


async def adjust(
    uow: UnitOfWork,
    *,
    location_id: LocationId,
    reason: MovementReason,
    lines: Sequence[Adjustment],
    note: str | None = None,
) -> UUID:
    """Correct the stock of a location by hand, up and down, all lines or none; answers under which id the ledger has it.

    Units that checkouts hold beyond their time are taken back before anybody is refused.
    Locks: levels. Writes the ledger. Raises: Forbidden; NotFound, Invalid, BundleStocked and QuantityExceeded naming the
    field at fault; WouldOversell naming the line that would take what customers are promised.
    """
    uow.actor.require(Permission.INVENTORY_ADJUST, at=location_id)
    await _refuse_location(uow, location_id)
    steps = rules.adjustments(location_id, lines, reason)
    return await _by_hand(uow, steps, [line.variant_id for line in lines], reason=reason, note=note)


async def move(
    uow: UnitOfWork,
    *,
    location_id: LocationId,
    reason: MovementReason,
    lines: Sequence[BucketMove],
    note: str | None = None,
) -> UUID:
    """Move units between the buckets of a location, all lines or none; answers under which id the ledger has it.

    Locks: levels. Writes the ledger. Raises: as `adjust` does.
    """
    uow.actor.require(Permission.INVENTORY_ADJUST, at=location_id)
    await _refuse_location(uow, location_id)
    steps = rules.moves(location_id, lines, reason)
    return await _by_hand(uow, steps, [line.variant_id for line in lines], reason=reason, note=note)


async def receive(
    uow: UnitOfWork, *, location_id: LocationId, lines: Sequence[Delivered], note: str | None = None
) -> UUID:
    """Take goods in that nobody had announced; answers under which id the ledger has it.

    Locks: levels. Writes the ledger. Raises: as `adjust` does; Invalid for a location that is no longer in use.
    """
    uow.actor.require(Permission.INVENTORY_ADJUST, at=location_id)
    await _refuse_location(uow, location_id, used=True)
    steps = rules.deliveries(location_id, lines)
    variants = [line.variant_id for line in lines]
    return await _by_hand(uow, steps, variants, reason=MovementReason.RECEIVED, note=note)


async def _by_hand(
    uow: UnitOfWork, steps: Sequence[Step], variants: Sequence[VariantId], *, reason: MovementReason, note: str | None
) -> UUID:
    cause = Cause("adjustment", new_id(), short_note(note))
    assert cause.id is not None
    await refuse_variants(uow, variant_ids=variants)
    changes = rules.together(steps)
    keys = [part.level for part in changes]
    await open_levels(uow, levels=keys)
    rules.refuse_what_is_not_there(steps, await queries.lock_levels(uow, levels=keys))
    changed = await change(uow, changes, reason=reason, cause=cause)
    missing = [part for part in changes if part.level not in changed]
    if missing and await queries.expire_soft(uow, levels=[part.level for part in missing]):
        # What stood in the way were holds of checkouts whose time is over.
        changed |= await change(uow, missing, reason=reason, cause=cause)
    refused = [part.level for part in missing if part.level not in changed]
    if refused:
        [level, *_] = await queries.lock_levels(uow, levels=refused)
        raise rules.would_oversell(steps, level)
    await tell_arrived(uow, levels=[part.level for part in changes if part.sellable > 0])
    return cause.id


async def _refuse_location(uow: UnitOfWork, location_id: LocationId, *, used: bool = False) -> None:
    found = await locations.list_locations(uow, location_ids=[location_id])
    if not found:
        raise NotFound("there is no such location", field=("locationId",))
    if used and found[0].archived_at is not None:
        raise Invalid("this location is no longer in use", field=("locationId",))
