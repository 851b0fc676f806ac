"""Units that no location could ship find one after all, once stock has come."""

from collections.abc import Sequence
from uuid import UUID

from app.delivery.states import DeliveryMethod
from app.fulfillment import queries as work_queries
from app.fulfillment import service as fulfillment
from app.fulfillment.rules import Allocation
from app.inventory import queries as stock
from app.inventory import service as inventory
from app.inventory.rules import Units
from app.kernel.db import Begin, UnitOfWork
from app.kernel.ids import LocationId, OrderId, OrderLineId, VariantId
from app.orders import queries as order_queries
from app.orders import service as orders
from app.orders.rules import OrderWithLines
from app.servicing.service.filling import SHIP_WITHIN
from app.sourcing import service as sourcing
from app.sourcing.rules import Demand

_MOST_ORDERS = 100
_CAUSE = "STOCK_ARRIVED"


async def plan_waiting(begin: Begin, *, variant_id: UUID, location_id: UUID) -> int:
    """Find locations for orders that wait for any to ship a variant, the oldest first, each in a unit of its own.

    Answers how many units found one.
    """
    waiting = await begin.run(
        lambda uow: order_queries.list_unallocated_order_ids(uow, variant_id=variant_id, most=_MOST_ORDERS)
    )
    found = 0
    for order_id in waiting:

        async def plan(uow: UnitOfWork, order_id: OrderId = order_id) -> int:
            return await plan_again(uow, order_id=order_id, arrived_at=location_id)

        found += await begin.run(plan)
    return found


async def plan_again(uow: UnitOfWork, *, order_id: OrderId, arrived_at: UUID | None = None) -> int:
    """Find locations for units of an order that wait for any to ship them; answers how many units found one.

    A location that refused or did not find a unit of a line is not asked again for it, but where stock has come since.
    Locks: order, levels. Emits FulfillmentOrderOpened.
    """
    order = await orders.lock(uow, order_id=order_id)
    demand = [
        Demand(line.id, line.variant_id, line.unallocated)
        for line in order.lines
        if line.unallocated and line.delivery is DeliveryMethod.SHIPPING
    ]
    if not demand:
        return 0
    refusers = await work_queries.list_refuser_ids(uow, order_line_ids=[OrderLineId(one.line_id) for one in demand])
    decided = await sourcing.decide(
        uow,
        channel_id=order.order.channel_id,
        demand=demand,
        destination=order.order.shipping_address,
        excluding=set(refusers) - {arrived_at},
    )
    planned = [Units(p.line_id, p.variant_id, p.location_id, p.quantity) for p in decided.plan.parts]
    parts = await _still_there(uow, planned)
    if not parts:
        return 0
    await sourcing.record_decision(uow, subject_id=order_id, cause=_CAUSE, record=decided.record)
    await inventory.allocate(uow, demand_id=order_id, units=parts)
    taken: dict[OrderLineId, int] = {}
    for part in parts:
        taken[OrderLineId(part.line_id)] = taken.get(OrderLineId(part.line_id), 0) + part.quantity
    order = await orders.record_allocated(uow, order, taken)
    works = await fulfillment.open_work(uow, order, _allocations(order, parts), due_at=uow.now + SHIP_WITHIN)
    what = ", ".join(f"{taken[line.id]} × {line.product_name}" for line in order.lines if line.id in taken)
    by = ", ".join(work.number for work in works)
    await orders.note(uow, order_id, kind="ROUTED", message=f"{what}: waited, now shipped as {by}")
    return sum(taken.values())


async def _still_there(uow: UnitOfWork, planned: Sequence[Units]) -> list[Units]:
    """Lock the levels of a plan, and keep of it what nobody bought since it was made."""
    levels = await stock.lock_levels(uow, levels=sorted({(part.variant_id, part.location_id) for part in planned}))
    left = {level.key: level.available for level in levels}
    kept: list[Units] = []
    for part in planned:
        key = (part.variant_id, part.location_id)
        quantity = min(part.quantity, left.get(key, 0))
        if quantity > 0:
            left[key] -= quantity
            kept.append(Units(part.line_id, part.variant_id, part.location_id, quantity))
    return kept


def _allocations(order: OrderWithLines, parts: Sequence[Units]) -> list[Allocation]:
    lines = {line.id: line for line in order.lines}
    return [
        Allocation(
            order_line_id=line.id,
            variant_id=VariantId(part.variant_id),
            sku=line.sku,
            product_name=line.product_name,
            location_id=LocationId(part.location_id),
            quantity=part.quantity,
            method=line.delivery,
        )
        for part in parts
        for line in [lines[OrderLineId(part.line_id)]]
    ]
