"""The events that may touch a level, one function each; nothing else writes stock.

All take whole lists of units and cost a fixed number of statements however long the list. Levels are locked in the order
of their ids, after everything above them in the order of locks and before reservations.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from app.inventory import queries
from app.inventory.errors import OutOfStock, Shortage, WouldOversell
from app.inventory.rules import Change, Level, StockLine, Units, lines_by_variant, per_level, per_line
from app.inventory.states import Bucket, MovementReason
from app.kernel.db import UnitOfWork
from app.kernel.errors import BrokenInvariant, Invalid
from app.kernel.ids import OrderId
from app.kernel.permissions import Permission


async def reserve_soft(uow: UnitOfWork, *, demand_id: UUID, units: Sequence[Units], expires_at: datetime) -> None:
    """Hold units for a checkout until it is placed, let go, or its time is over. All of them or none.

    Units that others hold beyond their time are taken back first, under the same lock.
    Locks: levels. Raises: OutOfStock, with what is left of each variant.
    """
    wanted = per_level(Change(part.variant_id, part.location_id, soft=part.quantity) for part in units)
    parts = per_line(units)
    await _lock_in_order(uow, wanted)
    bearing = await queries.hold(uow, demand_id=demand_id, changes=wanted, units=parts, expires_at=expires_at)
    if len(bearing) == len(wanted):
        return
    held = {(level.variant_id, level.location_id): level for level in bearing}
    await _refuse_shortage(uow, wanted, await _reclaim_missing(uow, wanted, held), units)
    await queries.insert_soft(uow, demand_id=demand_id, units=parts, expires_at=expires_at)


async def extend_soft(uow: UnitOfWork, *, demand_id: UUID, expires_at: datetime) -> None:
    """Hold a checkout's units longer, such as for as long as the payment gateway may take."""
    await queries.extend_soft(uow, demand_id=demand_id, expires_at=expires_at)


async def promote(uow: UnitOfWork, *, order_id: OrderId, units: Sequence[Units]) -> bool:
    """Make the units held for a checkout an order's own. Answers False when they had lapsed; then nothing is promised.

    Locks: levels, then reservations.
    """
    await queries.lock_levels_of_demand(uow, demand_id=order_id)
    promoted = await queries.promote(uow, demand_id=order_id)
    if promoted == sum(part.quantity for part in units):
        return True
    # Whoever needed some of them took those back when their time was over. The rest is given back too, so that all are
    # planned anew together.
    left = await queries.list_open_for_demand(uow, demand_id=order_id)
    await release_firm(
        uow, order_id=order_id, units=[Units(p.line_id, p.variant_id, p.location_id, p.quantity) for p in left]
    )
    return False


async def release_soft(uow: UnitOfWork, *, demand_id: UUID) -> None:
    """Give back whatever a checkout still holds.

    Locks: levels, then reservations.
    """
    await queries.lock_levels_of_demand(uow, demand_id=demand_id)
    held = await queries.release_soft(uow, demand_id=demand_id)
    await _apply(uow, [Change(part.variant_id, part.location_id, soft=-part.quantity) for part in held])


async def sweep_expired(uow: UnitOfWork, *, most: int = 500) -> int:
    """Give back units whose holders' time is over; answers how many reservations ended.

    Locks: levels, then reservations.
    """
    levels = await queries.list_levels_with_expired(uow, now=uow.now, most=most)
    if not levels:
        return 0
    await queries.lock_levels(uow, levels=levels)
    return await _reclaim(uow, levels)


async def reclaim(uow: UnitOfWork, *, variant_ids: Collection[UUID]) -> int:
    """Give back units of these variants whose holders' time is over; answers how many reservations ended.

    Locks: levels, then reservations.
    """
    levels = await queries.list_levels_with_expired(uow, now=uow.now, variant_ids=variant_ids)
    if not levels:
        return 0
    await queries.lock_levels(uow, levels=levels)
    return await _reclaim(uow, levels)


async def allocate(uow: UnitOfWork, *, order_id: OrderId, units: Sequence[Units]) -> None:
    """Promise units to an order that holds none of them yet, as when work is routed again.

    Locks: levels, then reservations. Raises: OutOfStock.
    """
    wanted = per_level(Change(part.variant_id, part.location_id, firm=part.quantity) for part in units)
    held = await _apply_or_reclaim(uow, wanted)
    await _refuse_shortage(uow, wanted, held, units)
    await queries.raise_firm(uow, order_id=order_id, units=per_line(units))


async def release_firm(uow: UnitOfWork, *, order_id: OrderId, units: Sequence[Units]) -> None:
    """Take an order's promise off units that stay where they are: cancelled, expired or refused by the location.

    Locks: levels, then reservations.
    """
    await _end_promise(uow, order_id, units, closed_state="RELEASED")


async def take_out(uow: UnitOfWork, *, order_id: OrderId, units: Sequence[Units], reason: MovementReason) -> None:
    """Let promised units leave the building: shipped, handed over or carried out.

    Locks: levels, then reservations. Writes the ledger.
    """
    await _end_promise(uow, order_id, units, closed_state="CONSUMED", taken=True, reason=reason)


async def write_off(uow: UnitOfWork, *, order_id: OrderId, units: Sequence[Units], reason: MovementReason) -> None:
    """Take promised units off the sellable stock because they were NOT_FOUND, or move them to DAMAGED.

    Locks: levels, then reservations. Writes the ledger.
    """
    await _end_promise(
        uow,
        order_id,
        units,
        closed_state="RELEASED",
        taken=True,
        reason=reason,
        into_damaged=reason is MovementReason.DAMAGED,
    )


async def receive_return(uow: UnitOfWork, *, return_id: UUID, units: Sequence[tuple[Units, Bucket]]) -> None:
    """Take returned units into the stock of whichever location they came back to.

    Locks: levels. Writes the ledger.
    """
    await queries.open_levels(uow, levels=sorted({(part.variant_id, part.location_id) for part, _ in units}))
    changes = [
        Change(part.variant_id, part.location_id, **{bucket.value.lower(): part.quantity}) for part, bucket in units
    ]
    await _apply(uow, changes, reason=MovementReason.RETURNED, cause_kind="return", cause_id=return_id)


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
    keys = sorted(wanted)
    await queries.open_levels(uow, levels=keys)
    levels = await queries.lock_levels(uow, levels=keys)
    changes = [
        Change(
            level.variant_id, level.location_id, sellable=wanted[level.variant_id, level.location_id] - level.sellable
        )
        for level in levels
        if wanted[level.variant_id, level.location_id] != level.sellable
    ]
    changed = await _change(uow, changes, reason=reason, cause_kind="feed", cause_id=None)
    missing = [change for change in changes if (change.variant_id, change.location_id) not in changed]
    if missing and await _reclaim(uow, [(change.variant_id, change.location_id) for change in missing]):
        # What stood in the way were holds of checkouts whose time is over.
        changed |= await _change(uow, missing, reason=reason, cause_kind="feed", cause_id=None)
    refused = {(change.variant_id, change.location_id) for change in changes} - changed.keys()
    if refused:
        at_fault = next(i for i, line in enumerate(lines) if (line.variant_id, line.location_id) in refused)
        raise WouldOversell("fewer units than are promised to customers", field=("lines", str(at_fault), "quantity"))
    return len(changes)


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
    await queries.open_levels(uow, levels=[(variant_id, location_id)])
    change = Change(variant_id, location_id, sellable=delta)
    changed = await _change(uow, [change], reason=reason, cause_kind="adjustment", cause_id=None)
    if not changed:
        raise WouldOversell("fewer units than are promised to customers", field=("delta",))
    return changed[variant_id, location_id]


async def _end_promise(
    uow: UnitOfWork,
    order_id: OrderId,
    units: Sequence[Units],
    *,
    closed_state: str,
    taken: bool = False,
    reason: MovementReason | None = None,
    into_damaged: bool = False,
) -> None:
    parts = per_line(units)
    if not parts:
        return
    changes = per_level(
        Change(
            part.variant_id,
            part.location_id,
            sellable=-part.quantity if taken else 0,
            damaged=part.quantity if into_damaged else 0,
            firm=-part.quantity,
        )
        for part in parts
    )
    await _apply(uow, changes, reason=reason, cause_kind="order", cause_id=order_id)
    lowered = await queries.lower_firm(uow, order_id=order_id, units=parts, closed_state=closed_state)
    if lowered != len(parts):
        raise BrokenInvariant(f"order {order_id} was promised less than leaves: {lowered} of {len(parts)} lines")


async def _apply_or_reclaim(uow: UnitOfWork, wanted: Sequence[Change]) -> dict[tuple[UUID, UUID], Level]:
    return await _reclaim_missing(uow, wanted, await _change(uow, wanted))


async def _reclaim_missing(
    uow: UnitOfWork, wanted: Sequence[Change], held: dict[tuple[UUID, UUID], Level]
) -> dict[tuple[UUID, UUID], Level]:
    """Give the levels that could not bear their change a second try, without what others hold beyond their time."""
    missing = [change for change in wanted if (change.variant_id, change.location_id) not in held]
    if missing:
        # A level that was refused is not locked yet when it was the only one asked for.
        levels = [(change.variant_id, change.location_id) for change in missing]
        await queries.lock_levels(uow, levels=levels)
        if await _reclaim(uow, levels):
            return held | await _change(uow, missing)
    return held


async def _lock_in_order(uow: UnitOfWork, changes: Sequence[Change]) -> None:
    # One row locks itself in the update; several have to be locked in order first.
    if len(changes) > 1:
        await queries.lock_levels(uow, levels=[(change.variant_id, change.location_id) for change in changes])


async def _reclaim(uow: UnitOfWork, levels: Sequence[tuple[UUID, UUID]]) -> int:
    expired = await queries.expire_soft(uow, levels=levels)
    await _apply(uow, [Change(part.variant_id, part.location_id, soft=-part.quantity) for part in expired])
    return len(expired)


async def _refuse_shortage(
    uow: UnitOfWork, wanted: Sequence[Change], held: dict[tuple[UUID, UUID], Level], units: Sequence[Units]
) -> None:
    missing = {
        (change.variant_id, change.location_id): change.soft + change.firm
        for change in wanted
        if (change.variant_id, change.location_id) not in held
    }
    if missing:
        levels = await queries.lock_levels(uow, levels=list(missing))
        left = {(level.variant_id, level.location_id): level.available for level in levels}
        lines = lines_by_variant(units)
        raise OutOfStock(
            [Shortage(key[0], requested, left.get(key, 0), lines[key[0]]) for key, requested in missing.items()]
        )


async def _apply(
    uow: UnitOfWork,
    changes: Sequence[Change],
    *,
    reason: MovementReason | None = None,
    cause_kind: str = "",
    cause_id: UUID | None = None,
) -> None:
    """Change levels that are known to bear it."""
    summed = per_level(changes)
    changed = await _change(uow, summed, reason=reason, cause_kind=cause_kind, cause_id=cause_id)
    if len(changed) != len(summed):
        raise BrokenInvariant(f"{len(summed) - len(changed)} levels could not bear an event of {cause_kind} {cause_id}")


async def _change(
    uow: UnitOfWork,
    changes: Sequence[Change],
    *,
    reason: MovementReason | None = None,
    cause_kind: str = "",
    cause_id: UUID | None = None,
) -> dict[tuple[UUID, UUID], Level]:
    """Change whichever levels bear it, write the ledger of what physically moved, and answer those levels."""
    if not changes:
        return {}
    await _lock_in_order(uow, changes)
    levels = {
        (level.variant_id, level.location_id): level for level in await queries.change_levels(uow, changes=changes)
    }
    movements = [
        (change.variant_id, change.location_id, bucket, delta, balance)
        for change in changes
        if (level := levels.get((change.variant_id, change.location_id))) is not None
        for bucket, delta, balance in (
            (Bucket.SELLABLE, change.sellable, level.sellable),
            (Bucket.DAMAGED, change.damaged, level.damaged),
            (Bucket.QUALITY, change.quality, level.quality),
        )
        if delta
    ]
    if movements:
        if reason is None:
            raise BrokenInvariant("stock moved without a reason")
        await queries.insert_movements(
            uow, movements=movements, reason=reason, cause_kind=cause_kind, cause_id=cause_id
        )
    return levels
