"""What may happen to a placed order's quantities; each command derives the statuses anew in the same transaction.

The order is locked by `lock` first; journeys above call these with what they locked.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from app.kernel import numbers
from app.kernel.actor import Actor
from app.kernel.db import UnitOfWork
from app.kernel.ids import OrderId, new_id
from app.kernel.permissions import Permission
from app.kernel.tokens import KeyRing
from app.orders import queries, rules
from app.orders.errors import OrderNotFound, OrderOnHold
from app.orders.events import OrderChanged, OrderHeld, OrderPlaced, OrderReleased
from app.orders.rules import Order, OrderDelivery, OrderLine, OrderWithLines, Quantities
from app.orders.states import BLOCKED, HOLD, HoldReason, HoldStatus, OrderPaymentStatus


def new_number() -> str:
    """Make an order number."""
    return numbers.new_number()


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


async def lock_all(uow: UnitOfWork, *, order_ids: Collection[OrderId]) -> dict[OrderId, OrderWithLines]:
    """Lock several orders and read their lines; deliveries are not read.

    Locks: the orders, in the order of their ids. Raises: OrderNotFound.
    """
    found = await queries.lock_all(uow, order_ids=order_ids)
    if len(found) < len(set(order_ids)):
        raise OrderNotFound("there is no such order")
    lines: dict[OrderId, list[OrderLine]] = {order.id: [] for order in found}
    for line in await queries.list_lines(uow, order_ids=list(lines)):
        lines[line.order_id].append(line)
    return {order.id: OrderWithLines(order, tuple(lines[order.id])) for order in found}


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


async def record_backorders_filled(
    uow: UnitOfWork, orders: Iterable[OrderWithLines], quantities: Quantities
) -> list[OrderWithLines]:
    """Count units that waited for supply as promised by the location that it came to; answers the orders concerned."""
    return await _wait_no_more(uow, orders, quantities, rules.filled)


async def record_backorders_lost(
    uow: UnitOfWork, orders: Iterable[OrderWithLines], quantities: Quantities
) -> list[OrderWithLines]:
    """Count units that waited for supply as waiting for any location; answers the orders concerned."""
    return await _wait_no_more(uow, orders, quantities, rules.let_down)


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


async def apply_hold(uow: UnitOfWork, order_id: OrderId, *, reason: HoldReason, message: str) -> None:
    """Keep a locked order from going on; one that is held for that reason already stays as it is. Emits OrderHeld."""
    hold_id = new_id()
    held = await queries.insert_hold(
        uow, hold_id=hold_id, order_id=order_id, reason=reason, message=message, blocks=BLOCKED[reason]
    )
    if held:
        uow.moved("hold", hold_id, before=None, after=HoldStatus.APPLIED.value, action="apply")
        await note(uow, order_id, kind=f"HELD_{reason.value}", message=f"on hold: {message}")
        uow.emit(OrderHeld(order_id=order_id, reason=reason.value))


async def end_holds(
    uow: UnitOfWork, order_id: OrderId, *, reasons: Collection[HoldReason], action: str = "release"
) -> bool:
    """Let a locked order go on where it was held for these reasons, or `reject` that for good; answers whether it was.

    Emits OrderReleased.
    """
    status = HOLD.next(HoldStatus.APPLIED, action)
    ended = await queries.end_holds(uow, order_id=order_id, reasons=reasons, status=status)
    for hold in ended:
        uow.moved("hold", hold.id, before=HoldStatus.APPLIED.value, after=status.value, action=action)
        await note(uow, order_id, kind=f"HOLD_{status.value}", message=f"hold {status.value.lower()}: {hold.message}")
        uow.emit(OrderReleased(order_id=order_id, reason=hold.reason.value, status=status.value))
    return bool(ended)


async def refuse_held(uow: UnitOfWork, order_id: OrderId, *, step: str) -> None:
    """Refuse a step of a locked order while a hold blocks it.

    Raises: OrderOnHold, saying why.
    """
    holds = await queries.list_holds(uow, order_ids=[order_id])
    why = [hold.message for hold in holds if hold.status is not HoldStatus.RELEASED and step in hold.blocks]
    if why:
        raise OrderOnHold(f"the order is on hold: {'; '.join(why)}")


async def note(uow: UnitOfWork, order_id: OrderId, *, kind: str, message: str) -> None:
    """Write an entry of the order's timeline: ids and quantities, never a name or an address."""
    await queries.insert_event(uow, order_id=order_id, kind=kind, message=message)


async def notes(uow: UnitOfWork, messages: Mapping[OrderId, str], *, kind: str) -> None:
    """Write an entry of each of several orders' timelines."""
    if messages:
        await queries.insert_events(uow, messages=messages, kind=kind)


async def _wait_no_more(
    uow: UnitOfWork,
    orders: Iterable[OrderWithLines],
    quantities: Quantities,
    rule: Callable[[OrderLine, int], OrderLine],
) -> list[OrderWithLines]:
    """Change lines of several locked orders at once; whether units wait or are promised changes no status."""
    changed = [
        replace(
            order,
            lines=tuple(rule(line, quantities[line.id]) if quantities.get(line.id) else line for line in order.lines),
        )
        for order in orders
        if any(quantities.get(line.id) for line in order.lines)
    ]
    lines = [line for order in changed for line in order.lines if quantities.get(line.id)]
    if lines:
        await queries.update_lines(uow, lines=lines)
        await queries.touch(uow, order_ids=[order.order.id for order in changed])
    for order in changed:
        uow.emit(OrderChanged(order_id=order.order.id, status=order.order.status.value))
    return changed


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
