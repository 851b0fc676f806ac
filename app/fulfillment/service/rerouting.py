"""Picking and refusing: units that a location cannot deliver go to another, or wait and say why.

What happened to the units decides what happens to the stock: not found is written off, damaged leaves the sellable
bucket, everything else stays where it is and may be sold again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from app.delivery.states import DeliveryMethod
from app.fulfillment import queries, rules
from app.fulfillment.events import FulfillmentOrderRejected
from app.fulfillment.rules import Allocation, FulfillmentOrder, LineQuantity, Quantities, Work, short_text
from app.fulfillment.service.locking import lock, named, per_order_line, units_of, write
from app.fulfillment.service.opening import open_work
from app.fulfillment.states import FULFILLMENT_ORDER, RejectionReason
from app.inventory import queries as stock
from app.inventory import service as inventory
from app.inventory.events import PromiseBroken
from app.inventory.rules import Cause, Units
from app.inventory.states import MovementReason
from app.kernel.db import UnitOfWork
from app.kernel.ids import FulfillmentOrderId, LocationId, OrderLineId, VariantId
from app.locations import queries as locations
from app.orders import service as orders
from app.orders.rules import OrderWithLines
from app.sourcing import service as sourcing
from app.sourcing.rules import Demand

_LONGEST_NOTE = 500
_SHORT_PICK = "SHORT_PICK"
_LOST = {RejectionReason.NOT_FOUND: MovementReason.NOT_FOUND, RejectionReason.DAMAGED: MovementReason.DAMAGED}


@dataclass(frozen=True, slots=True)
class Cut:
    """Units of open work that turned out not to be there. Its order and the work are locked."""

    order: OrderWithLines
    work: Work
    quantities: Quantities
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Units that work has lost, and where a plan would have them come from instead."""

    cut: Cut
    wanted: tuple[Units, ...]


@dataclass(frozen=True, slots=True)
class HandedOn:
    """What became of units that work has lost: the work that took them over, and how many of each line wait."""

    cut: Cut
    successors: tuple[FulfillmentOrder, ...]
    waiting: Mapping[OrderLineId, int]


@dataclass(frozen=True, slots=True)
class Worked:
    """Work after a step, and the work that took over what it could not deliver."""

    work: Work
    successors: tuple[FulfillmentOrder, ...]


async def pick(
    uow: UnitOfWork, *, fulfillment_order_id: FulfillmentOrderId, lines: Sequence[LineQuantity] | None = None
) -> Worked:
    """Take units off the shelf: all that are left, or of the lines named as many as were found.

    A line with fewer than it has left is picked short: the rest is taken off this location and routed again; 0 means
    that none was there. Lines that are not named wait for another pick. Work of which nothing is left is REJECTED.
    Locks: order, work, levels. Raises: FulfillmentOrderNotFound; IllegalTransition; QuantityExceeded.
    """
    locked = await lock(uow, fulfillment_order_id=fulfillment_order_id)
    before = locked.work
    FULFILLMENT_ORDER.next(before.header.status, "fulfillmentOrderPick")
    quantities = rules.asked(before, lines, lambda line: line.to_pick, least=0)
    short = {line.id: line.to_pick - quantities[line.id] for line in before.lines if line.id in quantities}
    now = before.changed(
        {line.id: rules.picked(line, quantities[line.id]) for line in before.lines if line.id in quantities}
    )
    if not any(short.values()):
        return Worked(await write(uow, before, now, "fulfillmentOrderPick"), ())
    work = await write(uow, before, now, "fulfillmentOrderPick", *_afterwards(now))
    return await _route_again(uow, locked.order, work, short, cause=_SHORT_PICK, reason=None)


async def reject(
    uow: UnitOfWork,
    *,
    fulfillment_order_id: FulfillmentOrderId,
    reason: RejectionReason,
    lines: Sequence[LineQuantity] | None = None,
    note: str | None = None,
) -> Worked:
    """Refuse work, or the units of it that are named: they are routed to another location, or wait.

    NOT_FOUND writes the units off, DAMAGED takes them out of the sellable stock; otherwise they stay sellable.
    Locks: order, work, levels. Emits FulfillmentOrderRejected.
    Raises: FulfillmentOrderNotFound; IllegalTransition once it is packed; QuantityExceeded.
    """
    locked = await lock(uow, fulfillment_order_id=fulfillment_order_id)
    before = locked.work
    FULFILLMENT_ORDER.next(before.header.status, "fulfillmentOrderReject")
    quantities = rules.asked(before, lines, rules.all_open)
    now = before.changed(
        {line.id: rules.rejected(line, quantities[line.id]) for line in before.lines if line.id in quantities}
    )
    work = await write(uow, before, now, *_afterwards(now))
    await queries.update_rejection(
        uow,
        fulfillment_order_id=work.header.id,
        reason=reason,
        note=short_text(note, field="note", longest=_LONGEST_NOTE),
    )
    return await _route_again(uow, locked.order, work, quantities, cause="REJECTION", reason=reason)


async def withdraw(uow: UnitOfWork, cuts: Sequence[Cut], *, note: str) -> list[Withdrawn]:
    """Take units off work because they are not there, and ask sourcing who else has them, before levels are locked.

    Whose promise is kept longest is planned for first. What the units do to the stock is for the caller to say.
    Emits FulfillmentOrderMoved.
    """
    withdrawn: list[Withdrawn] = []
    spoken_for: dict[tuple[UUID, UUID], int] = {}
    for cut in cuts:
        now = rules.rejects(cut.work, cut.quantities)
        work = await write(uow, cut.work, now, *_afterwards(now))
        await queries.update_rejection(
            uow, fulfillment_order_id=work.header.id, reason=RejectionReason.NOT_FOUND, note=note
        )
        units = units_of(work, cut.quantities)
        parts = await _elsewhere(uow, cut.order, work, units, cause="REJECTION", spoken_for=spoken_for)
        for part in parts:
            level = (part.variant_id, part.location_id)
            spoken_for[level] = spoken_for.get(level, 0) + part.quantity
        withdrawn.append(Withdrawn(replace(cut, work=work), tuple(parts)))
    return withdrawn


async def hand_on(uow: UnitOfWork, withdrawn: Sequence[Withdrawn], *, cause: Cause, why: str) -> list[HandedOn]:
    """Give units that work has lost to other locations; what finds none waits, and the timeline says why.

    The levels on both sides are locked by the caller, who has taken the broken promises off them.
    Emits FulfillmentOrderOpened, FulfillmentOrderRejected, PromiseBroken.
    """
    wanted = [part for one in withdrawn for part in one.wanted]
    levels = await stock.lock_levels(uow, levels=sorted({(part.variant_id, part.location_id) for part in wanted}))
    left = {level.key: level.available for level in levels}
    orders_now = {one.cut.order.order.id: one.cut.order for one in withdrawn}
    handed: list[HandedOn] = []
    for one in withdrawn:
        cut, parts = one.cut, _kept(left, one.wanted)
        order = orders_now[cut.order.order.id]
        waiting = per_order_line(cut.work, cut.quantities)
        for part in parts:
            waiting[OrderLineId(part.line_id)] -= part.quantity
        order = await orders.record_unallocated(uow, order, waiting)
        orders_now[order.order.id] = order
        successors: list[FulfillmentOrder] = []
        if parts:
            await inventory.allocate(uow, demand_id=order.order.id, units=parts, priority=cut.priority)
            successors = await open_work(
                uow,
                order,
                _allocations(cut.work, parts),
                due_at=cut.work.header.due_at,
                predecessor_id=cut.work.header.id,
            )
        _tell_broken(uow, cut, waiting, cause)
        await _tell(
            uow,
            order,
            cut.work,
            cut.quantities,
            successors,
            waiting=sum(waiting.values()),
            reason=RejectionReason.NOT_FOUND,
            why=why,
        )
        handed.append(HandedOn(cut, tuple(successors), waiting))
    return handed


def _tell_broken(uow: UnitOfWork, cut: Cut, waiting: Mapping[OrderLineId, int], cause: Cause) -> None:
    assert cause.id is not None, "a broken promise has somebody to blame"
    lost: dict[VariantId, tuple[int, int]] = {}
    for line, units in named(cut.work, cut.quantities):
        before = lost.get(line.variant_id, (0, 0))
        lost[line.variant_id] = (before[0] + units, before[1] + waiting[line.order_line_id])
    for variant_id, (units, units_waiting) in lost.items():
        uow.emit(
            PromiseBroken(
                order_id=cut.order.order.id,
                variant_id=variant_id,
                location_id=cut.work.header.location_id,
                units=units,
                units_waiting=units_waiting,
                cause=cause.kind,
                cause_id=cause.id,
            )
        )


def _afterwards(now: Work) -> list[str]:
    """Say which move work makes after units were taken off it: ended, or complete without them."""
    if rules.is_empty(now.lines):
        return ["fulfillmentOrderReject"]
    return ["fulfillmentOrderPack"] if rules.is_packed(now.lines) else []


async def _route_again(
    uow: UnitOfWork,
    order: OrderWithLines,
    work: Work,
    quantities: Quantities,
    *,
    cause: str,
    reason: RejectionReason | None,
) -> Worked:
    """Take units off a location and give them to others; what finds none waits, and the timeline says why.

    The plan is made before any level is locked, then the levels on both sides are locked together in their one order.
    """
    units, per_line = units_of(work, quantities), per_order_line(work, quantities)
    parts = await _elsewhere(uow, order, work, units, cause=cause)
    parts = await _still_there(uow, units, parts)
    lost = None if reason is None else _LOST.get(reason)
    if lost is None:
        await inventory.release_firm(uow, demand_id=order.order.id, units=units)
    else:
        await inventory.write_off(uow, demand_id=order.order.id, units=units, reason=lost)
    order = await orders.record_unallocated(uow, order, per_line)
    successors: list[FulfillmentOrder] = []
    if parts:
        await inventory.allocate(uow, demand_id=order.order.id, units=parts)
        taken: dict[OrderLineId, int] = {}
        for part in parts:
            taken[OrderLineId(part.line_id)] = taken.get(OrderLineId(part.line_id), 0) + part.quantity
        order = await orders.record_allocated(uow, order, taken)
        successors = await open_work(
            uow, order, _allocations(work, parts), due_at=work.header.due_at, predecessor_id=work.header.id
        )
    waiting = sum(per_line.values()) - sum(part.quantity for part in parts)
    await _tell(uow, order, work, quantities, successors, waiting=waiting, reason=reason)
    return Worked(work, tuple(successors))


async def _elsewhere(
    uow: UnitOfWork,
    order: OrderWithLines,
    work: Work,
    units: Sequence[Units],
    *,
    cause: str,
    spoken_for: Mapping[tuple[UUID, UUID], int] | None = None,
) -> list[Units]:
    """Ask sourcing for other locations. A pickup has none: it has to be handed over at its store."""
    if work.header.method is not DeliveryMethod.SHIPPING:
        return []
    refusers = await queries.list_refuser_ids(uow, order_line_ids=[line.order_line_id for line in work.lines])
    plan = await sourcing.replan(
        uow,
        order_id=order.order.id,
        channel_id=order.order.channel_id,
        demand=[Demand(part.line_id, part.variant_id, part.quantity) for part in units],
        destination=order.order.shipping_address,
        excluding=refusers | {work.header.location_id},
        cause=cause,
        spoken_for=spoken_for,
    )
    return [Units(part.line_id, part.variant_id, part.location_id, part.quantity) for part in plan.parts]


async def _still_there(uow: UnitOfWork, taken_off: Sequence[Units], parts: Sequence[Units]) -> list[Units]:
    """Lock all levels concerned, and keep of a plan what nobody bought since it was made."""
    levels = await stock.lock_levels(
        uow, levels=sorted({(part.variant_id, part.location_id) for part in (*taken_off, *parts)})
    )
    return _kept({level.key: level.available for level in levels}, parts)


def _kept(left: dict[tuple[UUID, UUID], int], parts: Sequence[Units]) -> list[Units]:
    """Keep of a plan what is left, and take it off what is left for others."""
    kept: list[Units] = []
    for part in parts:
        quantity = min(part.quantity, left.get((part.variant_id, part.location_id), 0))
        if quantity > 0:
            left[part.variant_id, part.location_id] -= quantity
            kept.append(Units(part.line_id, part.variant_id, part.location_id, quantity))
    return kept


def _allocations(work: Work, parts: Sequence[Units]) -> list[Allocation]:
    lines = {line.order_line_id: line for line in work.lines}
    return [
        Allocation(
            order_line_id=line.order_line_id,
            variant_id=line.variant_id,
            sku=line.sku,
            product_name=line.product_name,
            location_id=LocationId(part.location_id),
            quantity=part.quantity,
            method=work.header.method,
        )
        for part in parts
        for line in [lines[OrderLineId(part.line_id)]]
    ]


async def _tell(
    uow: UnitOfWork,
    order: OrderWithLines,
    work: Work,
    quantities: Quantities,
    successors: Sequence[FulfillmentOrder],
    *,
    waiting: int,
    reason: RejectionReason | None,
    why: str | None = None,
) -> None:
    (location,) = await locations.list_locations(uow, location_ids=[work.header.location_id])
    what = rules.described(named(work, quantities))
    kind = "PICKED_SHORT" if reason is None else "REJECTED"
    if why is None:
        why = "picked short" if reason is None else f"rejected as {reason.value}"
    else:
        kind = "PROMISE_BROKEN"
    then = f"; taken over by {', '.join(successor.number for successor in successors)}" if successors else ""
    if waiting:
        nobody = (
            "they have to be handed over there"
            if work.header.method is DeliveryMethod.PICKUP
            else "no other location has them to ship"
        )
        then += f"; {waiting} of them wait, because {nobody}"
    await orders.note(
        uow,
        order.order.id,
        kind=kind,
        message=f"{work.header.number} {why} at {location.name}: {what}{then}",
    )
    uow.emit(
        FulfillmentOrderRejected(
            fulfillment_order_id=work.header.id,
            order_id=work.header.order_id,
            location_id=work.header.location_id,
            reason=_SHORT_PICK if reason is None else reason.value,
            units=sum(quantities.values()),
            units_waiting=waiting,
        )
    )
