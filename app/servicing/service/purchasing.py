"""Purchase orders, and the customers' orders that wait for them: announced, received, ended short, cancelled."""

from collections.abc import Sequence
from uuid import UUID

from app.inventory import queries as stock
from app.inventory import service as inventory
from app.inventory.rules import AnnouncedOrder, Cause, Part, PurchaseOrder, Receipt, ReceivedLine
from app.inventory.rules.purchase_orders import unloaded
from app.inventory.service import PurchaseOrderWithLines
from app.inventory.states import PURCHASE_ORDER, Bucket
from app.kernel.db import UnitOfWork
from app.kernel.errors import IllegalTransition
from app.kernel.ids import OrderId, PurchaseOrderId
from app.orders import service as orders
from app.servicing.service.filling import Breach, receive, tell_promises

#: Why promises of supply are broken, as PromiseBroken tells it.
LATE = "SUPPLY_LATE"
SHORT = "SUPPLY_SHORT"
CANCELLED = "SUPPLY_CANCELLED"
WILL_NOT_COME = frozenset({SHORT, CANCELLED})


async def put_purchase_order(uow: UnitOfWork, *, announced: AnnouncedOrder) -> PurchaseOrder:
    """Write a purchase order as its supplier announces it, or change the one of its number; the same again is nothing.

    Orders that wait for a line whose date becomes later are told.
    Locks: the purchase order, orders, supply. Emits PurchaseOrderChanged, PromiseBroken. Raises: as
    `inventory.begin_announcement`.
    """
    announcement = await inventory.begin_announcement(uow, announced_order=announced)
    waiting: list[UUID] = []
    if announcement.slipping:
        waiting = await stock.list_waiting_orders(uow, supply_ids=announcement.slipping)
    locked = await orders.lock_all(uow, order_ids=[OrderId(order_id) for order_id in waiting])
    order, late = await inventory.finish_announcement(uow, announcement=announcement, locked=locked)
    for moment in sorted({promise.expected_at for promise in late}, key=str):
        parts = [Part(promise, promise.quantity) for promise in late if promise.expected_at == moment]
        when = "nobody knows when" if moment is None else f"not before {moment:%Y-%m-%d}"
        breach = Breach(LATE, order.id, f"expected later than promised, {when} ({order.number})")
        await tell_promises(uow, locked, parts, breach=breach, expected_at=moment)
    return order


async def receive_purchase_order(
    uow: UnitOfWork, *, purchase_order_id: PurchaseOrderId, lines: Sequence[ReceivedLine]
) -> PurchaseOrder:
    """Take delivered units into stock. Those who wait for them are served first; what is too much may be sold.

    Locks: the purchase order, orders, levels, supply. Writes the ledger. Emits PurchaseOrderChanged.
    Raises: Forbidden; PurchaseOrderNotFound; IllegalTransition when it is over; Invalid naming the line at fault.
    """
    found = await inventory.lock_purchase_order(uow, purchase_order_id=purchase_order_id)
    _refuse_over(found)
    units = unloaded(lines, {line.variant_id: line for line in found.lines})
    receipts = [
        Receipt(
            line.id,
            sellable=units[line.id].get(Bucket.SELLABLE, 0),
            damaged=units[line.id].get(Bucket.DAMAGED, 0),
            quality=units[line.id].get(Bucket.QUALITY, 0),
        )
        for line in found.lines
        if line.id in units
    ]
    breach = Breach(SHORT, found.order.id, f"cannot be sold as it came ({found.order.number})")
    await receive(uow, receipts=receipts, cause=Cause("supply", found.order.id), breach=breach)
    return await _settle(uow, found)


async def close_purchase_order(uow: UnitOfWork, *, purchase_order_id: PurchaseOrderId) -> PurchaseOrder:
    """End a purchase order of which something came: what is missing will not come, and who waits for it is told.

    Locks: the purchase order, orders, levels, supply. Emits PurchaseOrderChanged, PromiseBroken.
    Raises: Forbidden; PurchaseOrderNotFound; IllegalTransition while nothing came, or when it is over.
    """
    found = await inventory.lock_purchase_order(uow, purchase_order_id=purchase_order_id)
    PURCHASE_ORDER.next(found.order.status, "close")
    return await _lose(uow, found, Breach(SHORT, found.order.id, f"will not come ({found.order.number} came short)"))


async def cancel_purchase_order(uow: UnitOfWork, *, purchase_order_id: PurchaseOrderId) -> PurchaseOrder:
    """End a purchase order of which nothing came; who waits for it is told.

    Locks: the purchase order, orders, levels, supply. Emits PurchaseOrderChanged, PromiseBroken.
    Raises: Forbidden; PurchaseOrderNotFound; IllegalTransition once something came.
    """
    found = await inventory.lock_purchase_order(uow, purchase_order_id=purchase_order_id)
    PURCHASE_ORDER.next(found.order.status, "cancel")
    return await _lose(
        uow, found, Breach(CANCELLED, found.order.id, f"will not come ({found.order.number} is cancelled)")
    )


async def _lose(uow: UnitOfWork, found: PurchaseOrderWithLines, breach: Breach) -> PurchaseOrder:
    receipts = [Receipt(line.id, lost=line.outstanding) for line in found.lines if line.outstanding]
    await receive(uow, receipts=receipts, cause=Cause("supply", found.order.id), breach=breach)
    return await _settle(uow, found)


async def _settle(uow: UnitOfWork, found: PurchaseOrderWithLines) -> PurchaseOrder:
    lines = await stock.list_for_purchase_orders(uow, purchase_order_ids=[found.order.id])
    return await inventory.settle_purchase_order(uow, order=found.order, lines=lines)


def _refuse_over(found: PurchaseOrderWithLines) -> None:
    if not found.order.is_open:
        raise IllegalTransition(f"this purchase order is {found.order.status}")
