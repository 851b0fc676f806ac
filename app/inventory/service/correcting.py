"""Stock set right from outside: snapshots of a feed, and corrections by hand."""

from collections.abc import Sequence
from uuid import UUID

from app.inventory import queries
from app.inventory.errors import WouldOversell
from app.inventory.rules import Cause, Change, Level, StockLine, Target
from app.inventory.service.arriving import tell_arrived
from app.inventory.service.feeding import set_units
from app.inventory.service.moving import change, open_levels
from app.inventory.states import MovementReason
from app.kernel.db import UnitOfWork
from app.kernel.errors import Invalid
from app.kernel.permissions import Permission


async def set_levels(uow: UnitOfWork, *, lines: Sequence[StockLine], reason: MovementReason) -> int:
    """Make the sellable stock of these levels what a snapshot says; answers how many levels that changed.

    Unchanged levels are left alone. Locks: levels. Writes the ledger. Raises: Forbidden; WouldOversell, naming the line,
    where less would be left than is promised.
    """
    for location_id in {line.location_id for line in lines}:
        uow.actor.require(Permission.INVENTORY_ADJUST, at=location_id)
    wanted: dict[tuple[UUID, UUID], int] = {}
    for i, line in enumerate(lines):
        if (line.variant_id, line.location_id) in wanted:
            raise Invalid("this level is named twice", field=("lines", str(i)))
        wanted[line.variant_id, line.location_id] = line.quantity
    there = {level.key: level.sellable for level in await queries.list_levels_by_key(uow, levels=sorted(wanted))}
    # Levels that are as they should be are not locked, so nobody who buys from them has to wait.
    targets = [Target(*key, sellable=wanted[key]) for key in sorted(wanted) if there.get(key) != wanted[key]]
    left = await set_units(uow, targets=targets, there=there, reason=reason, cause=Cause("feed"))
    for i, line in enumerate(lines):
        level = left.get((line.variant_id, line.location_id))
        if level is not None and level.refused:
            raise WouldOversell("fewer units than are promised to customers", field=("lines", str(i), "quantity"))
    return len(targets) - len(left)


async def adjust(
    uow: UnitOfWork,
    *,
    variant_id: UUID,
    location_id: UUID,
    delta: int,
    reason: MovementReason = MovementReason.ADJUSTED,
) -> Level:
    """Correct the sellable stock of one level by hand, up or down.

    Locks: the level. Writes the ledger. Raises: Forbidden; WouldOversell.
    """
    uow.actor.require(Permission.INVENTORY_ADJUST, at=location_id)
    await open_levels(uow, levels=[(variant_id, location_id)])
    changed = await change(
        uow, [Change(variant_id, location_id, sellable=delta)], reason=reason, cause=Cause("adjustment")
    )
    if not changed:
        raise WouldOversell("fewer units than are promised to customers", field=("delta",))
    if delta > 0:
        await tell_arrived(uow, levels=[(variant_id, location_id)])
    return changed[variant_id, location_id]
