"""Relations of invoices, each read for all parents at once."""

from collections.abc import Sequence
from uuid import UUID

from app.payments.queries import invoicing as queries
from app.payments.rules.invoicing import Invoice
from schema.core.batches import by_id, grouped
from schema.core.context import Batch, Context


async def _invoices(context: Context, ids: list[UUID]) -> Sequence[Invoice | None]:
    """Invoices and credit notes by id."""
    return by_id(await queries.list_invoices(context.session, invoice_ids=ids), ids)


async def _of_orders(context: Context, order_ids: list[UUID]) -> Sequence[list[Invoice]]:
    """Invoices and credit notes by order."""
    found = await queries.list_invoices_for_orders(context.session, order_ids=order_ids)
    return grouped(found, order_ids, lambda row: row.order_id)


InvoiceById = Batch(_invoices)
InvoicesByOrderId = Batch(_of_orders)
