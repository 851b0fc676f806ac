"""Reading invoices and credit notes: one by its number, and lists of them."""

from uuid import UUID

import strawberry

from app.channels import queries as channels
from app.kernel.errors import Invalid
from app.kernel.ids import IdKind, OrderId, decode
from app.kernel.paging import page, page_request
from app.kernel.permissions import Permission
from app.payments.queries import invoicing as queries
from app.payments.queries.invoicing import InvoiceFilter as Wanted
from app.payments.rules.invoicing import Invoice as InvoiceRow
from schema.core.context import Context, Info
from schema.core.ids import Node, finds
from schema.orders.loaders import OrderById
from schema.orders.queries import visible_order
from schema.payments.invoices.inputs import InvoiceFilter
from schema.payments.invoices.loaders import InvoiceById
from schema.payments.invoices.types import Invoice, InvoiceConnection

#: The years that a calendar here can bear.
_FIRST_YEAR, _LAST_YEAR = 1900, 9000


@strawberry.type
class InvoiceQuery:
    """Root fields about invoices and credit notes."""

    @strawberry.field
    async def invoice(self, info: Info, number: str, token: str | None = None) -> Invoice | None:
        """One invoice or credit note, for whoever may see its order. Guests give the token of the order."""
        row = await queries.get_invoice_by_number(info.context.session, number=number)
        return await visible_invoice(info.context, row, token)

    @strawberry.field
    async def invoices(
        self, info: Info, filter: InvoiceFilter | None = None, first: int | None = None, after: str | None = None
    ) -> InvoiceConnection | None:
        """Invoices and credit notes, newest first. Needs orders:read."""
        context = info.context
        context.actor.require(Permission.ORDERS_READ)
        wanted = await _wanted(context, filter or InvoiceFilter())
        request = page_request(first=first, after=after)
        found = await queries.list_newest_invoices(context.session, wanted=wanted, request=request)
        cut = page(found, request, queries.invoice_key)
        return InvoiceConnection.of(
            cut,
            [Invoice.of(row) for row in cut.items],
            lambda: queries.count_invoices(context.session, wanted=wanted),
        )


async def visible_invoice(context: Context, row: InvoiceRow | None, token: str | None) -> Invoice | None:
    """Show a document to a caller who may see its order."""
    if row is None:
        return None
    order = visible_order(context, await context.load(OrderById, row.order_id), token)
    return None if order is None else Invoice.of(row, order_token=order.token)


async def _wanted(context: Context, given: InvoiceFilter) -> Wanted:
    channel = None
    if given.channel is not None:
        channel = await channels.get_channel(context.session, code=given.channel)
        if channel is None:
            raise Invalid("there is no such channel", field=("filter", "channel"))
    if given.year is not None and not _FIRST_YEAR <= given.year <= _LAST_YEAR:
        raise Invalid(f"from {_FIRST_YEAR} to {_LAST_YEAR}", field=("filter", "year"))
    order_id = None
    if given.order_id is not None:
        order_id = OrderId(decode(IdKind.ORDER, given.order_id, field=("filter", "orderId")))
    return Wanted(
        channel_id=None if channel is None else channel.id,
        year=given.year,
        kind=given.kind,
        order_id=order_id,
        number=given.number.strip() if given.number else None,
        issued_from=given.issued_from,
        issued_to=given.issued_to,
    )


@finds(IdKind.INVOICE)
async def _invoice_node(context: Context, key: UUID, token: str | None) -> Node | None:
    return await visible_invoice(context, await context.load(InvoiceById, key), token)
