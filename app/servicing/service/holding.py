"""Somebody decides about a held order: it may go on, or shall not."""

from app.kernel.db import UnitOfWork
from app.kernel.ids import OrderId
from app.kernel.permissions import Permission
from app.orders import service as orders
from app.orders.errors import NotHeld
from app.orders.states import HoldReason


async def end_hold(uow: UnitOfWork, *, order_id: OrderId, reason: HoldReason, action: str) -> None:
    """Let an order go on although it was held for a reason (`release`), or decide that it shall not (`reject`).

    Locks: the order. Emits OrderReleased. Raises: Forbidden; OrderNotFound; NotHeld.
    """
    uow.actor.require(Permission.PAYMENTS_MANAGE)
    order = await orders.lock(uow, order_id=order_id)
    if not await orders.end_holds(uow, order.order.id, reasons=[reason], action=action):
        raise NotHeld("the order is not held for this reason", field=("reason",))
