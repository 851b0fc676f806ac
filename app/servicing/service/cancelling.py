"""Whatever of a placed order has not left the building, ended on somebody's wish: its work, pickups, stock and money."""

from collections.abc import Sequence
from dataclasses import replace

from app.fulfillment import rules as work_rules
from app.fulfillment import service as fulfillment
from app.inventory import service as inventory
from app.kernel.actor import Actor
from app.kernel.db import UnitOfWork
from app.kernel.errors import Forbidden
from app.kernel.ids import OrderId
from app.kernel.permissions import Permission
from app.kernel.tokens import KeyRing
from app.orders import service as orders
from app.orders.errors import OrderNotFound
from app.orders.events import OrderCancelled
from app.orders.rules import Order, OrderWithLines
from app.pickup import service as pickups
from app.servicing import rules
from app.servicing.rules import OrderLineQuantity

_LONGEST_REASON = 500


async def cancel(
    uow: UnitOfWork,
    *,
    order_id: OrderId,
    token: str | None = None,
    lines: Sequence[OrderLineQuantity] | None = None,
    reason: str | None = None,
) -> OrderWithLines:
    """Cancel whatever of an order has not left the building, or some of it, and give back stock and money.

    Customers cancel their own orders, guests with the order's token, staff with `orders:cancel`. Units that wait for a
    location go first, then those that wait for supply, then those in work that is least far along. Pickups of which
    nothing is left end.
    Locks: order, work, pickups, slots, levels, payments, supply. Emits OrderCancelled.
    Raises: OrderNotFound; Forbidden; NothingToCancel; QuantityExceeded.
    """
    order = await orders.lock(uow, order_id=order_id)
    _authorize(uow, order.order, token)
    wanted = rules.cancellable(order, lines)
    why = work_rules.short_text(reason, field="reason", longest=_LONGEST_REASON)
    works = await fulfillment.lock_open(uow, order_id=order_id)
    cuts = work_rules.cuts(works, rules.cut_from_work(order, wanted))
    ending = [work.header.id for work in works if work_rules.cancels_everything(work, cuts)]
    if ending:
        await pickups.end_pickups(uow, fulfillment_order_ids=ending)
    before = order
    order, changed = await fulfillment.cancel(
        uow, order, works, wanted=wanted, cuts=cuts, reason=why or "cancelled before it left"
    )
    # After the levels, as supply is locked after them.
    await inventory.release_ahead(uow, demand_id=order_id, units=rules.waited_for(before, order))
    await inventory.tell_arrived(uow, levels=rules.levels_of(changed, cuts))
    what = ", ".join(f"{wanted[line.id]} × {line.product_name}" for line in order.lines if line.id in wanted)
    await orders.note(uow, order_id, kind="CANCELLED", message=f"Cancelled: {what}{f' ({why})' if why else ''}")
    uow.emit(OrderCancelled(order_id=order_id, units=sum(wanted.values())))
    return order


def may_cancel(actor: Actor, keys: KeyRing, order: Order, token: str | None) -> bool:
    """Say whether the caller may cancel an order: staff who cancel, its customer, or whoever holds its token."""
    if actor.may(Permission.ORDERS_CANCEL):
        return True
    # Staff who may read every order do not thereby cancel them; those who are its customer or hold its token do.
    return orders.may_read(replace(actor, permissions=frozenset()), keys, order, token)


def _authorize(uow: UnitOfWork, order: Order, token: str | None) -> None:
    if may_cancel(uow.actor, uow.keys, order, token):
        return
    if orders.may_read(uow.actor, uow.keys, order, token):
        raise Forbidden(f"this needs the permission {Permission.ORDERS_CANCEL}")
    raise OrderNotFound("there is no such order", field=("orderId",))
