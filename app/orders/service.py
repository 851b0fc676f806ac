"""What may happen to a placed order's quantities; each command derives the statuses anew in the same transaction.

The order is locked by `lock` first; journeys above call these with what they locked.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace

from app.kernel.actor import Actor
from app.kernel.db import UnitOfWork
from app.kernel.ids import OrderId
from app.kernel.permissions import Permission
from app.kernel.tokens import KeyRing
from app.orders import queries, rules
from app.orders.errors import OrderNotFound
from app.orders.events import OrderChanged, OrderPlaced
from app.orders.rules import Order, OrderDelivery, OrderLine, OrderWithLines, Quantities
from app.orders.states import OrderPaymentStatus

#: Digits and letters that nobody mistakes for another when they are read out.
_NUMBER_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_NUMBER_LENGTH = 9


def new_number() -> str:
    """Make an order number: for people, unique in the shop, not sequential, not guessable (30^9 of them)."""
    return "".join(secrets.choice(_NUMBER_ALPHABET) for _ in range(_NUMBER_LENGTH))


def is_buyer(actor: Actor, keys: KeyRing, order: Order, token: str | None) -> bool:
    """Say whether the caller is the order's customer or holds its token, whatever else they may do as staff."""
    if order.customer_id is not None and order.customer_id == actor.customer_id:
        return True
    return token is not None and keys.verifies(token, "order", order.id, generation=order.token_generation)


def may_read(actor: Actor, keys: KeyRing, order: Order, token: str | None) -> bool:
    """Say whether the caller may see an order: its buyer, and staff who read orders."""
    return actor.may(Permission.ORDERS_READ) or is_buyer(actor, keys, order, token)


async def lock(uow: UnitOfWork, *, order_id: OrderId) -> OrderWithLines:
    """Lock an order and read its lines and deliveries.

    Locks: the order. Raises: OrderNotFound.
    """
    order = await queries.lock(uow, order_id=order_id)
    if order is None:
        raise OrderNotFound("there is no such order", field=("orderId",))
    lines = await queries.list_lines(uow, order_ids=[order_id])
    deliveries = await queries.list_deliveries(uow, order_ids=[order_id])
    return OrderWithLines(order, tuple(lines), tuple(deliveries))


async def place(
    uow: UnitOfWork, *, order: Order, lines: Sequence[OrderLine], deliveries: Sequence[OrderDelivery], message: str
) -> OrderWithLines:
    """Write a new order. Emits OrderPlaced."""
    await queries.insert(uow, order=order, lines=lines, deliveries=deliveries, message=message)
    uow.moved("order", order.id, before=None, after=order.status.value, action="place")
    uow.emit(OrderPlaced(order_id=order.id))
    return OrderWithLines(order, tuple(lines), tuple(deliveries))


async def record_started(uow: UnitOfWork, order: OrderWithLines) -> OrderWithLines:
    """Note that a location has taken work of the order up."""
    if order.order.started:
        return order
    return await _derive(uow, replace(order, order=replace(order.order, started=True)), before=order)


async def record_fulfilled(uow: UnitOfWork, order: OrderWithLines, quantities: Quantities) -> OrderWithLines:
    """Count allocated units as having left."""
    started = replace(order, order=replace(order.order, started=True))
    return await _change(uow, started, quantities, rules.fulfilled, before=order)


async def record_cancelled(uow: UnitOfWork, order: OrderWithLines, quantities: Quantities) -> OrderWithLines:
    """Count units as cancelled: those that wait first, allocated ones last.

    Raises: QuantityExceeded.
    """
    return await _change(uow, order, quantities, rules.cancelled, before=order)


async def record_returned(uow: UnitOfWork, order: OrderWithLines, quantities: Quantities) -> OrderWithLines:
    """Count units as having come back.

    Raises: QuantityExceeded.
    """
    return await _change(uow, order, quantities, rules.returned, before=order)


async def record_unallocated(uow: UnitOfWork, order: OrderWithLines, quantities: Quantities) -> OrderWithLines:
    """Put allocated units back to waiting: their location cannot supply them."""
    return await _change(uow, order, quantities, rules.unallocated, before=order)


async def record_allocated(uow: UnitOfWork, order: OrderWithLines, quantities: Quantities) -> OrderWithLines:
    """Count waiting units as promised by a location."""
    return await _change(uow, order, quantities, rules.allocated, before=order)


async def record_payment_status(
    uow: UnitOfWork, *, order_id: OrderId, payment_status: OrderPaymentStatus, before: OrderPaymentStatus | None
) -> None:
    """Store what has been paid, as the payments above derived it."""
    if payment_status is before:
        return
    await queries.update_payment_status(uow, order_id=order_id, payment_status=payment_status)
    uow.moved(
        "order payment", order_id, before=before.value if before else None, after=payment_status.value, action="pay"
    )
    uow.emit(OrderChanged(order_id=order_id, status=payment_status.value))


async def note(uow: UnitOfWork, order_id: OrderId, *, kind: str, message: str) -> None:
    """Write an entry of the order's timeline: ids and quantities, never a name or an address."""
    await queries.insert_event(uow, order_id=order_id, kind=kind, message=message)


async def _change(
    uow: UnitOfWork,
    order: OrderWithLines,
    quantities: Quantities,
    rule: Callable[[OrderLine, int], OrderLine],
    *,
    before: OrderWithLines,
) -> OrderWithLines:
    changed = {line.id: rule(line, quantities[line.id]) for line in order.lines if quantities.get(line.id)}
    if not changed:
        return order
    await queries.update_lines(uow, lines=list(changed.values()))
    return await _derive(
        uow, replace(order, lines=tuple(changed.get(line.id, line) for line in order.lines)), before=before
    )


async def _derive(uow: UnitOfWork, order: OrderWithLines, *, before: OrderWithLines) -> OrderWithLines:
    derived = rules.statuses(order.lines, started=order.order.started)
    await queries.update_statuses(uow, order_id=order.order.id, derived=derived, started=order.order.started)
    if derived.status is not before.order.status:
        uow.moved(
            "order", order.order.id, before=before.order.status.value, after=derived.status.value, action="derive"
        )
    uow.emit(OrderChanged(order_id=order.order.id, status=derived.status.value))
    return replace(
        order,
        order=replace(
            order.order,
            status=derived.status,
            fulfillment_status=derived.fulfillment_status,
            return_status=derived.return_status,
        ),
    )
