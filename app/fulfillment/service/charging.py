"""Goods that left, or reached their customer, are charged as the order was placed to be."""

from app.channels.states import CaptureAt
from app.fulfillment import queries
from app.kernel.db import UnitOfWork
from app.orders.rules import OrderWithLines
from app.payments import service as payments
from app.payments.states import ChargeCause


async def charge(uow: UnitOfWork, order: OrderWithLines, *, cause: ChargeCause) -> None:
    """Charge what of a locked order is to be charged by now: what has left, or what has reached its customer.

    Locks: the order's payments, accounts.
    """
    delivered = None
    if order.order.capture_at is CaptureAt.HAND_OVER:
        on_the_way = await queries.list_on_the_way(uow, order_line_ids=[line.id for line in order.lines])
        delivered = {line.id: line.fulfilled - on_the_way.get(line.id, 0) for line in order.lines}
    await payments.charge(uow, order, cause=cause, delivered=delivered)
