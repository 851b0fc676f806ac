"""Fewer units are there than were promised: whose promise is broken, and who else keeps it.

Locks, in the order of the house: transfers, orders, work, pickups and slots, levels, the transfers' supply. Who is hit is
looked up before anything is locked, and once more under all locks; if it would be others by then, the work begins anew.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.delivery.states import DeliveryMethod
from app.fulfillment import queries as work_queries
from app.fulfillment import rules as work_rules
from app.fulfillment import service as fulfillment
from app.fulfillment.rules import Work
from app.fulfillment.service import Cut, HandedOn
from app.inventory import queries as stock
from app.inventory import service as inventory
from app.inventory.rules import Breakage, Broken, Cause, Change, Level, Promised, breakage
from app.inventory.states import DemandKind, ReservationState
from app.kernel.db import Overtaken, UnitOfWork
from app.kernel.ids import LocationId, OrderId, OrderLineId
from app.orders import service as orders
from app.orders.rules import OrderWithLines
from app.pickup import service as pickups
from app.servicing.errors import StillPromised


@dataclass(frozen=True, slots=True)
class BrokenPromise:
    """Units that an order loses at a location, and how many of them nobody else can supply for now."""

    order_id: OrderId
    variant_id: UUID
    units: int
    waiting: int


@dataclass(frozen=True, slots=True)
class _Choice:
    """Whose promises would be broken, and how many units each promise that was looked at could lose."""

    breakage: Breakage
    limits: Mapping[UUID, int]

    @property
    def firm(self) -> list[Broken]:
        """Those that are held by orders and transfers, which have to be locked."""
        return [part for part in self.breakage.broken if part.promise.state is ReservationState.FIRM]

    def holders(self, kind: DemandKind) -> set[UUID]:
        """Name the orders, or the transfers, that would lose units."""
        return {part.promise.demand_id for part in self.firm if part.promise.demand_kind is kind}


async def break_promises(
    uow: UnitOfWork, changes: Sequence[Change], *, at: LocationId, cause: Cause, why: str
) -> list[BrokenPromise]:
    """Make room at a location for changes that leave fewer sellable units than were promised, and lock its levels.

    What is held softly is let go, newest first. Then transfers send less. Then orders lose units, the lowest priority
    first and of equals the newest: other locations take them over, or they wait; of pickups nobody else can. Units that
    are packed stay. The caller, who has locked nothing but the document that made it happen, applies the changes next.
    Emits PromiseBroken and what rejected work emits. Raises: StillPromised; Overtaken.
    """
    chosen = await _choose(uow, changes, await _levels(uow, changes), at=at)
    transfers = await inventory.lock_transfers(uow, transfer_ids=chosen.holders(DemandKind.TRANSFER))
    locked = await orders.lock_all(uow, order_ids=[OrderId(one) for one in chosen.holders(DemandKind.ORDER)])
    works = await fulfillment.lock_all_open(uow, order_ids=list(locked))
    # Now that they are locked nobody else packs their units, so what each could lose is certain.
    chosen = await _choose(uow, changes, await _levels(uow, changes), at=at, first=chosen.firm)
    if chosen.holders(DemandKind.ORDER) - locked.keys() or chosen.holders(DemandKind.TRANSFER) - transfers.keys():
        raise Overtaken
    cuts = _cuts(chosen.firm, locked, works, at)
    ending = [cut.work.header.id for cut in cuts if _ends_pickup(cut)]
    if ending:
        await pickups.end_pickups(uow, fulfillment_order_ids=ending)
    withdrawn = await fulfillment.withdraw(uow, cuts, note=why)

    elsewhere = {(part.variant_id, part.location_id) for one in withdrawn for part in one.wanted}
    final = await _choose_for_good(uow, changes, elsewhere, transfers, at=at, before=chosen)
    await inventory.break_promises(uow, broken=final.breakage.broken)
    await inventory.lower_transfers(uow, transfers=transfers, broken=final.breakage.broken)
    return _summed(await fulfillment.hand_on(uow, withdrawn, cause=cause, why=why))


async def _choose_for_good(
    uow: UnitOfWork,
    changes: Sequence[Change],
    elsewhere: Collection[tuple[UUID, UUID]],
    transfers: Collection[UUID],
    *,
    at: LocationId,
    before: _Choice,
) -> _Choice:
    """Lock every level concerned and choose once more: the holders have to be those that are locked."""
    own = {part.level for part in changes}
    await inventory.open_levels(uow, levels=sorted(own))
    await stock.lock_levels(uow, levels=sorted(own | set(elsewhere)))
    await inventory.lock_supplies_of_transfers(uow, transfer_ids=transfers)
    short = _shortfalls(changes, await _levels(uow, changes))
    if short:
        await stock.expire_soft(uow, levels=sorted(short))
    # The work of those who were chosen has been lowered by now, and says less than they could lose.
    certain = {part.promise.id: before.limits[part.promise.id] for part in before.firm if part.promise.is_order}
    final = await _choose(uow, changes, await _levels(uow, changes), at=at, first=before.firm, certain=certain)
    if final.breakage.missing:
        raise StillPromised(final.breakage.missing)
    if {(part.promise.id, part.units) for part in final.firm} != {
        (part.promise.id, part.units) for part in before.firm
    }:
        raise Overtaken
    return final


async def _levels(uow: UnitOfWork, changes: Sequence[Change]) -> list[Level]:
    return await stock.list_levels_by_key(uow, levels=[part.level for part in changes])


def _shortfalls(changes: Sequence[Change], levels: Sequence[Level]) -> dict[tuple[UUID, UUID], int]:
    """Say by how many units each level would be promised more than it has."""
    available = {level.key: level.available for level in levels}
    left = {part.level: available.get(part.level, 0) + part.sellable for part in changes if part.sellable < 0}
    return {level: -units for level, units in left.items() if units < 0}


async def _choose(
    uow: UnitOfWork,
    changes: Sequence[Change],
    levels: Sequence[Level],
    *,
    at: LocationId,
    first: Sequence[Broken] = (),
    certain: Mapping[UUID, int] | None = None,
) -> _Choice:
    short = _shortfalls(changes, levels)
    if not short:
        return _Choice(Breakage((), {}), {})
    promises = await stock.list_promised(uow, levels=sorted(short))
    limits = await _limits(uow, promises, at) | dict(certain or {})
    found = breakage(short, promises, limit=lambda promise: limits.get(promise.id, promise.quantity), first=first)
    return _Choice(found, limits)


async def _limits(uow: UnitOfWork, promises: Sequence[Promised], at: LocationId) -> dict[UUID, int]:
    """Say how many units each firm promise can lose: of orders what is not packed, of transfers what nobody waits for."""
    held_by_orders = [promise for promise in promises if promise.is_order]
    moving = [promise for promise in promises if promise.demand_kind is DemandKind.TRANSFER]
    limits: dict[UUID, int] = {}
    if held_by_orders:
        unpacked = await work_queries.list_unpacked(
            uow, order_line_ids={promise.line_id for promise in held_by_orders}, location_id=at
        )
        limits |= {promise.id: unpacked.get(promise.line_id, 0) for promise in held_by_orders}
    if moving:
        free = await stock.list_free_of_transfers(uow, transfer_ids={promise.demand_id for promise in moving})
        limits |= {
            promise.id: free.get((promise.demand_id, promise.variant_id), promise.quantity) for promise in moving
        }
    return limits


def _cuts(
    broken: Sequence[Broken],
    locked: Mapping[OrderId, OrderWithLines],
    works: Mapping[OrderId, Sequence[Work]],
    at: LocationId,
) -> list[Cut]:
    """Say which work loses the units, those first whose promise is kept longest: the best place goes to them."""
    lost: dict[OrderId, dict[OrderLineId, int]] = {}
    priorities: dict[OrderId, int] = {}
    for part in reversed([one for one in broken if one.promise.is_order]):
        order_id, line_id = OrderId(part.promise.demand_id), OrderLineId(part.promise.line_id)
        lines = lost.setdefault(order_id, {})
        lines[line_id] = lines.get(line_id, 0) + part.units
        priorities[order_id] = max(priorities.get(order_id, part.promise.priority), part.promise.priority)
    cuts: list[Cut] = []
    for order_id, lines in lost.items():
        here = [work for work in works[order_id] if work.header.location_id == at]
        quantities = work_rules.cuts(here, lines, work_rules.unpacked)
        for work in here:
            own = {line.id: quantities[line.id] for line in work.lines if quantities.get(line.id)}
            if own:
                cuts.append(Cut(locked[order_id], work, own, priorities[order_id]))
    return cuts


def _ends_pickup(cut: Cut) -> bool:
    return cut.work.header.method is DeliveryMethod.PICKUP and work_rules.is_empty(
        work_rules.rejects(cut.work, cut.quantities).lines
    )


def _summed(handed: Sequence[HandedOn]) -> list[BrokenPromise]:
    sums: dict[tuple[OrderId, UUID], tuple[int, int]] = {}
    for one in handed:
        for line in one.cut.work.lines:
            units = one.cut.quantities.get(line.id, 0)
            if units:
                key = (one.cut.order.order.id, line.variant_id)
                before = sums.get(key, (0, 0))
                sums[key] = (before[0] + units, before[1] + one.waiting[line.order_line_id])
    return [BrokenPromise(*key, *units) for key, units in sums.items()]
