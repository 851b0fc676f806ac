"""Work ends: handed over to its customer, or cancelled before it left."""

from collections.abc import Collection, Mapping, Sequence

from app.fulfillment import queries, rules
from app.fulfillment.rules import FulfillmentOrderLine, Quantities, Work
from app.fulfillment.service.charging import charge
from app.fulfillment.service.locking import Locked, named, per_order_line, units_of, write
from app.fulfillment.states import FulfillmentOrderStatus
from app.inventory import service as inventory
from app.inventory.rules import Units
from app.inventory.states import MovementReason
from app.kernel.db import UnitOfWork
from app.kernel.ids import FulfillmentOrderId, OrderId, OrderLineId, new_id
from app.orders import service as orders
from app.orders.rules import OrderWithLines
from app.payments import service as payments
from app.payments.states import ChargeCause


async def lock_open(uow: UnitOfWork, *, order_id: OrderId) -> list[Work]:
    """Lock the work of an order that is not over; the order is locked already."""
    return (await lock_all_open(uow, order_ids=[order_id]))[order_id]


async def lock_all_open(uow: UnitOfWork, *, order_ids: Collection[OrderId]) -> dict[OrderId, list[Work]]:
    """Lock the work of several orders that is not over; the orders are locked already."""
    headers = await queries.lock_open(uow, order_ids=order_ids)
    lines: dict[FulfillmentOrderId, list[FulfillmentOrderLine]] = {header.id: [] for header in headers}
    for line in await queries.list_lines(uow, fulfillment_order_ids=list(lines)):
        lines[line.fulfillment_order_id].append(line)
    works: dict[OrderId, list[Work]] = {order_id: [] for order_id in order_ids}
    for header in headers:
        works[header.order_id].append(Work(header, tuple(lines[header.id])))
    return works


async def hand_over(uow: UnitOfWork, locked: Locked) -> Work:
    """Give the goods of a ready pickup to their customer: stock leaves, and their money is asked for.

    The journey above has seen the proof. Locks: payments, accounts, levels.
    Raises: IllegalTransition; OrderOnHold; PaymentRequired while a promise to pay is not kept.
    """
    before = locked.work
    await orders.refuse_held(uow, locked.order.order.id, step="pickupHandOver")
    await payments.refuse_unpaid(uow, locked.order)
    quantities = {line.id: line.to_hand_on for line in before.lines if line.to_hand_on}
    now = before.changed(
        {line.id: rules.fulfilled(line, quantities[line.id]) for line in before.lines if line.id in quantities}
    )
    work = await write(uow, before, now, "pickupHandOver")
    order = await orders.record_fulfilled(uow, locked.order, per_order_line(work, quantities))
    await orders.note(
        uow, order.order.id, kind="HANDED_OVER", message=f"Handed over: {rules.described(named(work, quantities))}"
    )
    await charge(uow, order, cause=ChargeCause.HAND_OVER)
    await inventory.take_out(
        uow, demand_id=order.order.id, units=units_of(work, quantities), reason=MovementReason.HANDED_OVER
    )
    return work


async def cancel(
    uow: UnitOfWork,
    order: OrderWithLines,
    works: Sequence[Work],
    *,
    wanted: Mapping[OrderLineId, int],
    cuts: Quantities,
    reason: str,
) -> tuple[OrderWithLines, list[Work]]:
    """Cancel units of an order that have not left: `cuts` of them stand in work, the others wait for a location.

    Stock is free again, held money is let go, and what was taken beforehand is given back. Order and work are locked by
    the caller. Locks: payments, accounts, levels. Answers the work that changed.
    """
    changed: list[Work] = []
    units: list[Units] = []
    for work in works:
        own = {line.id: cuts[line.id] for line in work.lines if cuts.get(line.id)}
        if not own:
            continue
        now = work.changed({line.id: rules.cancelled(line, own[line.id]) for line in work.lines if line.id in own})
        changed.append(await write(uow, work, now, *_afterwards(now)))
        units += units_of(work, own)
    after = await orders.record_cancelled(uow, order, wanted)
    await payments.settle_cancellation(uow, order, after, cause_id=new_id(), reason=reason)
    await inventory.release_firm(uow, demand_id=order.order.id, units=units)
    return after, changed


def _afterwards(now: Work) -> list[str]:
    """Say which move work makes after units of it were cancelled: ended, or complete without them."""
    if rules.is_empty(now.lines):
        return ["cancel"]
    status = now.header.status
    if status is FulfillmentOrderStatus.PACKED and rules.is_fulfilled(now.lines):
        return ["close"]
    if status is FulfillmentOrderStatus.PICKING and rules.is_packed(now.lines):
        return ["fulfillmentOrderPack"]
    return []
