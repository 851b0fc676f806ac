"""Reading orders: one by id or number, and lists of them."""

from dataclasses import replace
from uuid import UUID

import strawberry

from app.channels import queries as channels
from app.kernel.actor import ActorKind
from app.kernel.errors import Forbidden, Invalid, Unauthenticated
from app.kernel.ids import CustomerId, IdKind, LocationId, decode
from app.kernel.paging import page, page_request
from app.kernel.permissions import Permission
from app.orders import queries, rules
from app.orders.queries import OrderFilter as Wanted
from app.orders.service import is_buyer, may_read
from schema.core.context import Context, Info
from schema.core.ids import Node, finds
from schema.customers.loaders import ORDER_LISTS
from schema.orders.holds import Hold
from schema.orders.inputs import OrderFilter, OrderSort
from schema.orders.loaders import OrderById, OrderLineById, PaymentById
from schema.orders.payments import Payment
from schema.orders.types import Order, OrderConnection, OrderLine

_KEYS = {
    OrderSort.PLACED_DESC: ("placed_at", True),
    OrderSort.PLACED_ASC: ("placed_at", False),
    OrderSort.TOTAL_DESC: ("total_minor", True),
    OrderSort.TOTAL_ASC: ("total_minor", False),
}


@strawberry.type
class OrderQuery:
    """Root fields about orders."""

    @strawberry.field
    async def order(
        self, info: Info, id: strawberry.ID | None = None, number: str | None = None, token: str | None = None
    ) -> Order | None:
        """One order. Customers see their own; guests give the token of the order; staff need orders:read."""
        if (id is None) == (number is None):
            raise Invalid("give either the id or the number", field=("id",))
        if id is not None:
            row = await info.context.load(OrderById, decode(IdKind.ORDER, id))
        else:
            row = await queries.get_by_number(info.context.session, number=number or "")
        return visible_order(info.context, row, token)

    @strawberry.field
    async def orders(
        self,
        info: Info,
        filter: OrderFilter | None = None,
        sort: OrderSort | None = None,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> OrderConnection | None:
        """Orders, newest first unless sorted otherwise. Customers see their own; staff with orders:read see all."""
        wanted = await _wanted(info.context, filter or OrderFilter())
        return await order_page(info.context, wanted, sort or OrderSort.PLACED_DESC, first, after, last, before)


async def order_page(
    context: Context,
    wanted: Wanted,
    sort: OrderSort,
    first: int | None,
    after: str | None,
    last: int | None = None,
    before: str | None = None,
) -> OrderConnection:
    """Read a page of orders that the caller may see."""
    request = page_request(first=first, after=after, last=last, before=before)
    key, descending = _KEYS[sort]
    found = await queries.list_page(context.session, wanted=wanted, key=key, descending=descending, request=request)
    cut = page(found, request, lambda row: (_sort_key(row, key), str(row.id)))
    orders = [shown_order(context, row) for row in cut.items]
    return OrderConnection.of(cut, orders, lambda: queries.count(context.session, wanted=wanted))


async def orders_of_customer(
    context: Context, customer_id: CustomerId, first: int | None, after: str | None
) -> OrderConnection | None:
    """Read a page of one customer's orders, for themselves or for staff who read orders."""
    if customer_id != context.actor.customer_id and not context.actor.may(Permission.ORDERS_READ):
        return None
    return await order_page(context, Wanted(customer_id=customer_id), OrderSort.PLACED_DESC, first, after)


ORDER_LISTS.append(orders_of_customer)


def visible_order(context: Context, row: rules.Order | None, token: str | None) -> Order | None:
    """Show an order to a caller who may see it."""
    if row is None or not may_read(context.actor, context.keys, row, token):
        return None
    return shown_order(context, row, token)


def shown_order(context: Context, row: rules.Order, token: str | None = None) -> Order:
    """Show an order that the caller is known to see: with its token, when it is their own."""
    buyer = is_buyer(context.actor, context.keys, row, token)
    return Order.for_buyer(row, context) if buyer else Order.of(row)


async def _wanted(context: Context, given: OrderFilter) -> Wanted:
    actor = context.actor
    if actor.kind is ActorKind.ANONYMOUS:
        raise Unauthenticated("log in to see orders")
    customer_id = (
        None
        if given.customer_id is None
        else decode(IdKind.CUSTOMER, given.customer_id, field=("filter", "customerId"))
    )
    if not actor.may(Permission.ORDERS_READ):
        if actor.customer_id is None or customer_id not in {None, actor.customer_id}:
            raise Forbidden("this needs the permission orders:read")
        if given.on_hold is not None or given.hold_reason is not None:
            # Shoppers are not told of holds.
            raise Forbidden("to ask for holds needs the permission orders:read")
        customer_id = actor.customer_id
    channel = None
    if given.channel is not None:
        channel = await channels.get_channel(context.session, code=given.channel)
        if channel is None:
            raise Invalid("there is no such channel", field=("filter", "channel"))
    wanted = Wanted(
        statuses=given.status,
        payment_statuses=given.payment_status,
        fulfillment_statuses=given.fulfillment_status,
        channel_id=None if channel is None else channel.id,
        customer_id=None if customer_id is None else CustomerId(customer_id),
        placed_from=given.placed_from,
        placed_to=given.placed_to,
        query=given.query.strip() if given.query else None,
        on_hold=given.on_hold,
        hold_reasons=given.hold_reason,
    )
    if given.location_id is None:
        return wanted
    location_id = decode(IdKind.LOCATION, given.location_id, field=("filter", "locationId"))
    return replace(wanted, location_ids=[LocationId(location_id)])


def _sort_key(row: rules.Order, key: str) -> object:
    return row.placed_at.isoformat() if key == "placed_at" else row.total_minor


@finds(IdKind.ORDER)
async def _order_node(context: Context, key: UUID, token: str | None) -> Node | None:
    return visible_order(context, await context.load(OrderById, key), token)


@finds(IdKind.ORDER_LINE)
async def _line_node(context: Context, key: UUID, token: str | None) -> Node | None:
    line = await context.load(OrderLineById, key)
    order = None if line is None else await context.load(OrderById, line.order_id)
    shown = None if order is None else visible_order(context, order, token)
    if line is None or order is None or shown is None:
        return None
    return OrderLine.of(line, order.currency, order.channel_id, holder=shown.token is not None)


@finds(IdKind.PAYMENT)
async def _payment_node(context: Context, key: UUID, token: str | None) -> Node | None:
    payment = await context.load(PaymentById, key)
    if payment is None or payment.order_id is None:
        return None
    order = visible_order(context, await context.load(OrderById, payment.order_id), token)
    return None if order is None else Payment.of(payment)


@finds(IdKind.HOLD)
async def _hold_node(context: Context, key: UUID, _token: str | None) -> Node | None:
    found = await queries.list_holds_by_id(context.session, hold_ids=[key])
    if not found or not context.actor.may(Permission.ORDERS_READ):
        return None
    return Hold.of(found[0])
