"""Relations of orders, each read for all parents at once."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app.inventory import queries as stock
from app.kernel.ids import CartId
from app.orders import queries
from app.orders.rules import Hold, Order, OrderDelivery, OrderEvent, OrderLine
from app.payments import queries as payments
from app.payments.rules import Payment, Step
from schema.core.batches import by_id, grouped
from schema.core.context import Batch, Context


async def _orders(context: Context, ids: list[UUID]) -> Sequence[Order | None]:
    """Orders by id."""
    return by_id(await queries.list_orders(context.session, order_ids=ids), ids)


async def _orders_of_carts(context: Context, cart_ids: list[UUID]) -> Sequence[Order | None]:
    """The orders that carts became."""
    found = {order.cart_id: order for order in await queries.list_by_cart(context.session, cart_ids=cart_ids)}
    return [found.get(CartId(cart_id)) for cart_id in cart_ids]


async def _lines(context: Context, order_ids: list[UUID]) -> Sequence[list[OrderLine]]:
    """Lines by order."""
    return grouped(await queries.list_lines(context.session, order_ids=order_ids), order_ids, lambda row: row.order_id)


async def _line(context: Context, ids: list[UUID]) -> Sequence[OrderLine | None]:
    """Lines by id."""
    return by_id(await queries.list_lines_by_id(context.session, line_ids=ids), ids)


async def _deliveries(context: Context, order_ids: list[UUID]) -> Sequence[list[OrderDelivery]]:
    """What deliveries cost, by order."""
    found = await queries.list_deliveries(context.session, order_ids=order_ids)
    return grouped(found, order_ids, lambda row: row.order_id)


async def _events(context: Context, order_ids: list[UUID]) -> Sequence[list[OrderEvent]]:
    """Timelines by order."""
    return grouped(await queries.list_events(context.session, order_ids=order_ids), order_ids, lambda row: row.order_id)


async def _payments(context: Context, order_ids: list[UUID]) -> Sequence[list[Payment]]:
    """Tenders by order."""
    found = await payments.list_payments(context.session, order_ids=order_ids)
    return grouped(found, order_ids, lambda row: row.order_id)


async def _payment(context: Context, ids: list[UUID]) -> Sequence[Payment | None]:
    """Tenders by id."""
    return by_id(await payments.list_by_id(context.session, payment_ids=ids), ids)


async def _steps(context: Context, payment_ids: list[UUID]) -> Sequence[list[Step]]:
    """Ledgers by tender."""
    found = await payments.list_steps(context.session, payment_ids=payment_ids)
    return grouped(found, payment_ids, lambda row: row.payment_id)


async def _holds(context: Context, order_ids: list[UUID]) -> Sequence[list[Hold]]:
    """Holds by order, ended ones too."""
    return grouped(await queries.list_holds(context.session, order_ids=order_ids), order_ids, lambda row: row.order_id)


async def _expected(context: Context, keys: list[tuple[UUID, UUID]]) -> Sequence[datetime | None]:
    """When what lines wait for is expected, each by its order and its own id."""
    found = await stock.list_expected_by_line(context.session, demand_ids={order_id for order_id, _ in keys})
    return [found.get(line_id) for _, line_id in keys]


ExpectedByLine = Batch(_expected)
OrderById = Batch(_orders)
OrderByCartId = Batch(_orders_of_carts)
OrderLineById = Batch(_line)
LinesByOrderId = Batch(_lines)
DeliveriesByOrderId = Batch(_deliveries)
EventsByOrderId = Batch(_events)
PaymentsByOrderId = Batch(_payments)
PaymentById = Batch(_payment)
StepsByPaymentId = Batch(_steps)
HoldsByOrderId = Batch(_holds)
