"""Firm reservations: units that a line of an order or a transfer was promised, until they leave or are let go."""

from collections.abc import Sequence
from uuid import UUID

from app.inventory import queries
from app.inventory.rules import Cause, Change, Units, per_level, per_line
from app.inventory.service.arriving import tell_arrived
from app.inventory.service.holding import reclaim_missing, refuse_shortage
from app.inventory.service.moving import apply, change, open_levels
from app.inventory.states import Bucket, DemandKind, MovementReason, ReservationEnd
from app.kernel.db import UnitOfWork
from app.kernel.errors import BrokenInvariant


async def allocate(
    uow: UnitOfWork,
    *,
    demand_id: UUID,
    units: Sequence[Units],
    kind: DemandKind = DemandKind.ORDER,
    priority: int = 0,
) -> None:
    """Promise units to a line that holds none of them yet, as when work is routed again or a transfer is requested.

    Locks: levels, then reservations. Raises: OutOfStock.
    """
    wanted = per_level(Change(part.variant_id, part.location_id, firm=part.quantity) for part in units)
    held = await reclaim_missing(uow, wanted, await change(uow, wanted))
    await refuse_shortage(uow, wanted, held, units)
    await queries.raise_firm(uow, demand_kind=kind, demand_id=demand_id, units=per_line(units), priority=priority)


async def release_firm(
    uow: UnitOfWork, *, demand_id: UUID, units: Sequence[Units], ended: ReservationEnd = ReservationEnd.RELEASED
) -> None:
    """Take a promise off units that stay where they are: cancelled, expired, refused by the location, or broken.

    Locks: levels, then reservations.
    """
    await _end_promise(uow, demand_id, units, ended=ended)


async def take_out(
    uow: UnitOfWork,
    *,
    demand_id: UUID,
    units: Sequence[Units],
    reason: MovementReason,
    cause: Cause | None = None,
) -> None:
    """Let promised units leave the building: shipped, handed over, carried out, or sent to another location.

    Locks: levels, then reservations. Writes the ledger; the cause is the order unless another is named.
    """
    await _end_promise(uow, demand_id, units, ended=ReservationEnd.CONSUMED, taken=True, reason=reason, cause=cause)


async def write_off(uow: UnitOfWork, *, demand_id: UUID, units: Sequence[Units], reason: MovementReason) -> None:
    """Take promised units off the sellable stock because they were NOT_FOUND, or move them to DAMAGED.

    Locks: levels, then reservations. Writes the ledger.
    """
    await _end_promise(
        uow,
        demand_id,
        units,
        ended=ReservationEnd.RELEASED,
        taken=True,
        reason=reason,
        into_damaged=reason is MovementReason.DAMAGED,
    )


async def receive_return(uow: UnitOfWork, *, return_id: UUID, units: Sequence[tuple[Units, Bucket]]) -> None:
    """Take returned units into the stock of whichever location they came back to.

    Locks: levels. Writes the ledger. Emits StockArrived where somebody waits for them.
    """
    await open_levels(uow, levels=[(part.variant_id, part.location_id) for part, _ in units])
    changes = [
        Change(part.variant_id, part.location_id, **{bucket.value.lower(): part.quantity}) for part, bucket in units
    ]
    await apply(uow, changes, reason=MovementReason.RETURNED, cause=Cause("return", return_id))
    await tell_arrived(uow, levels=[part.level for part in changes if part.sellable > 0])


async def _end_promise(
    uow: UnitOfWork,
    demand_id: UUID,
    units: Sequence[Units],
    *,
    ended: ReservationEnd,
    taken: bool = False,
    reason: MovementReason | None = None,
    cause: Cause | None = None,
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
    await apply(uow, changes, reason=reason, cause=cause or Cause("order", demand_id))
    lowered = await queries.lower_firm(uow, demand_id=demand_id, units=parts, ended=ended)
    if lowered != len(parts):
        raise BrokenInvariant(f"{demand_id} was promised less than leaves: {lowered} of {len(parts)} lines")
