"""Work comes into being: from the plan of a placed order, from refused work, or for goods carried out at once."""

from collections.abc import Sequence
from datetime import datetime

from app.delivery.states import DeliveryMethod
from app.fulfillment import queries
from app.fulfillment.events import FulfillmentOrderOpened
from app.fulfillment.rules import Allocation, FulfillmentOrder, FulfillmentOrderLine
from app.fulfillment.service.charging import charge
from app.fulfillment.service.locking import KIND
from app.fulfillment.states import FulfillmentOrderStatus
from app.inventory import service as inventory
from app.inventory.rules import Units
from app.inventory.states import MovementReason
from app.kernel.db import UnitOfWork
from app.kernel.ids import FulfillmentOrderId, FulfillmentOrderLineId, LocationId, OrderLineId, new_id
from app.orders import service as orders
from app.orders.rules import OrderWithLines
from app.payments.states import ChargeCause

#: New work, by its location and delivery method.
_Ids = dict[tuple[LocationId, DeliveryMethod], FulfillmentOrderId]


async def open_work(
    uow: UnitOfWork,
    order: OrderWithLines,
    allocations: Sequence[Allocation],
    *,
    due_at: datetime,
    predecessor_id: FulfillmentOrderId | None = None,
    status: FulfillmentOrderStatus = FulfillmentOrderStatus.OPEN,
) -> list[FulfillmentOrder]:
    """Put allocated units into their locations' queues: one piece of work for each location and delivery method.

    The order is locked or new. Work that is opened FULFILLED has all its units gone. Emits FulfillmentOrderOpened.
    """
    if not allocations:
        return []
    ids = _ids(allocations)
    works = await queries.insert_works(
        uow,
        order_id=order.order.id,
        order_number=order.order.number,
        places={work_id: place for place, work_id in ids.items()},
        lines=_lines(allocations, ids, gone=status is FulfillmentOrderStatus.FULFILLED),
        status=status,
        due_at=due_at,
        predecessor_id=predecessor_id,
    )
    _tell(uow, order, ids, status)
    return works


async def open_first_work(
    uow: UnitOfWork, order: OrderWithLines, allocations: Sequence[Allocation], *, due_at: datetime
) -> None:
    """Put the first allocated units of a new order into their locations' queues.

    As `open_work`, but nobody waits for the work: it is written together with the order. Emits FulfillmentOrderOpened.
    """
    if not allocations:
        return
    ids = _ids(allocations)
    await queries.put_first_works(
        uow,
        order_id=order.order.id,
        order_number=order.order.number,
        places={work_id: place for place, work_id in ids.items()},
        lines=_lines(allocations, ids, gone=False),
        due_at=due_at,
    )
    _tell(uow, order, ids, FulfillmentOrderStatus.OPEN)


async def carry_out(uow: UnitOfWork, order: OrderWithLines, allocations: Sequence[Allocation]) -> OrderWithLines:
    """Let a customer walk out with goods that they bought at a store's till, and ask for their money.

    The order is new. Its stock leaves with `take_carried_out`, once its units are promised: levels are locked last.
    Locks: payments, accounts.
    """
    if not allocations:
        return order
    works = await open_work(uow, order, allocations, due_at=uow.now, status=FulfillmentOrderStatus.FULFILLED)
    left: dict[OrderLineId, int] = {}
    for part in allocations:
        left[part.order_line_id] = left.get(part.order_line_id, 0) + part.quantity
    order = await orders.record_fulfilled(uow, order, left)
    await orders.note(
        uow, order.order.id, kind="CARRIED_OUT", message=f"Carried out: {', '.join(work.number for work in works)}"
    )
    await charge(uow, order, cause=ChargeCause.HAND_OVER)
    return order


async def take_carried_out(uow: UnitOfWork, order: OrderWithLines, allocations: Sequence[Allocation]) -> None:
    """Let the stock leave that a customer walks out with. Locks: levels."""
    if allocations:
        units = [Units(part.order_line_id, part.variant_id, part.location_id, part.quantity) for part in allocations]
        await inventory.take_out(uow, demand_id=order.order.id, units=units, reason=MovementReason.CARRIED_OUT)


def _ids(allocations: Sequence[Allocation]) -> _Ids:
    places = dict.fromkeys((part.location_id, part.method) for part in allocations)
    return {place: FulfillmentOrderId(new_id()) for place in places}


def _tell(uow: UnitOfWork, order: OrderWithLines, ids: _Ids, status: FulfillmentOrderStatus) -> None:
    for (location_id, _), work_id in ids.items():
        uow.moved(KIND, work_id, before=None, after=status.value, action="open")
        uow.emit(
            FulfillmentOrderOpened(
                fulfillment_order_id=work_id,
                order_id=order.order.id,
                location_id=location_id,
                status=status.value,
            )
        )


def _lines(
    allocations: Sequence[Allocation],
    works: _Ids,
    *,
    gone: bool,
) -> list[FulfillmentOrderLine]:
    """Make the lines of new work: one for each order line, whose parts at the same place are added up."""
    sums: dict[tuple[FulfillmentOrderId, OrderLineId], tuple[Allocation, int]] = {}
    for part in allocations:
        key = (works[part.location_id, part.method], part.order_line_id)
        sums[key] = (part, sums[key][1] + part.quantity if key in sums else part.quantity)
    return [
        FulfillmentOrderLine(
            id=FulfillmentOrderLineId(new_id()),
            fulfillment_order_id=work_id,
            order_line_id=part.order_line_id,
            variant_id=part.variant_id,
            sku=part.sku,
            product_name=part.product_name,
            quantity=quantity,
            picked=quantity if gone else 0,
            packed=quantity if gone else 0,
            fulfilled=quantity if gone else 0,
            rejected=0,
            cancelled=0,
        )
        for (work_id, _), (part, quantity) in sums.items()
    ]
