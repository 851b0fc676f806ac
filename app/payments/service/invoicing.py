"""Documents are written of what is settled: an invoice of each charge, a credit note of each refund, counted without a gap.

Each in a short transaction of its own. All that it says is read before the series is locked; then it is counted and written
with one statement. What rolls back was never counted.
"""

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from itertools import count
from uuid import UUID

from app.channels import queries as channels
from app.channels.rules import Seller, prefix_of
from app.customers import queries as customers
from app.kernel.db import Begin, UnitOfWork
from app.kernel.ids import InvoiceId, OrderId, PaymentId, new_id
from app.kernel.permissions import Permission
from app.locations.queries import places as locations
from app.orders import queries as orders
from app.orders.rules import Order, OrderWithLines
from app.payments import queries
from app.payments.events import InvoiceIssued
from app.payments.queries import invoicing as documents
from app.payments.queries.invoicing import NewInvoice
from app.payments.rules import Charge, Refund
from app.payments.rules.invoicing import (
    Grounds,
    InvoiceContent,
    buyer_of,
    content_of,
    corrected,
    to_credit,
    to_invoice,
    year_of,
)
from app.payments.states import InvoiceKind
from app.tax import queries as tax

_ORDERS_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class _Due:
    """What a document is to be written of, in the order in which documents are written."""

    charges: list[Charge]
    refunds: list[Refund]


async def issue_due(begin: Begin, *, order_id: OrderId) -> int:
    """Write the documents of an order that are due: invoices first, as credit notes correct them. Answers how many.

    May be called again and again, by several at once. Emits InvoiceIssued.
    """
    due = await begin.run(partial(_due, order_id=order_id))
    issued = 0
    for charge in due.charges:
        issued += await begin.run(partial(_invoice, charge=charge))
    for refund in due.refunds:
        issued += await begin.run(partial(_credit, refund=refund))
    return issued


async def issue_for_payment(begin: Begin, *, payment_id: PaymentId) -> int:
    """Write the documents that are due of the order that a tender pays; answers how many."""
    order_id = await begin.run(partial(documents.order_of_payment, payment_id=payment_id))
    return 0 if order_id is None else await issue_due(begin, order_id=order_id)


async def issue_missed(begin: Begin) -> int:
    """Write the documents that are due of every order, whatever no event told of; answers how many."""
    issued = 0
    after: OrderId | None = None
    while found := await begin.run(partial(documents.list_orders_to_invoice, after=after, most=_ORDERS_AT_ONCE)):
        for order_id in found:
            issued += await issue_due(begin, order_id=order_id)
        after = found[-1]
    return issued


async def forget_buyers(uow: UnitOfWork, *, order_ids: Collection[OrderId]) -> int:
    """Forget who bought, in the documents of these orders; what they say of goods and money stays. Answers in how many.

    Raises: Forbidden.
    """
    uow.actor.require(Permission.SHOP_ADMINISTER)
    return await documents.forget_buyers(uow, order_ids=order_ids)


async def _due(uow: UnitOfWork, *, order_id: OrderId) -> _Due:
    charges = await queries.list_charges(uow, order_ids=[order_id])
    refunds = await queries.list_refunds(uow, order_ids=[order_id])
    invoiced = await documents.list_invoiced(uow, order_id=order_id)
    credited = await documents.list_credited(uow, order_id=order_id)
    now_invoiced = to_invoice(charges, invoiced)
    written = invoiced | {charge.id for charge in now_invoiced}
    return _Due(now_invoiced, to_credit(charges, refunds, invoiced=written, credited=credited))


async def _invoice(uow: UnitOfWork, *, charge: Charge) -> bool:
    if not await documents.claim_charge(uow, charge_id=charge.id):
        return False
    grounds = await _grounds(uow, charge.order_id)
    content = content_of(
        grounds,
        charge.lines,
        amount_minor=charge.amount_minor,
        paid_with=await documents.list_paid_with(uow, charge_id=charge.id),
        waived_minor=charge.waived_minor,
    )
    await _write(uow, grounds, InvoiceKind.INVOICE, content, charge_id=charge.id)
    return True


async def _credit(uow: UnitOfWork, *, refund: Refund) -> bool:
    # What was given back may turn out not to have arrived: whoever writes that down locks the order first.
    await orders.lock(uow, order_id=refund.order_id)
    if not await documents.claim_refund(uow, refund_id=refund.id):
        return False
    grounds = await _grounds(uow, refund.order_id)
    written = await documents.list_invoices_for_orders(uow, order_ids=[refund.order_id])
    content = content_of(
        grounds,
        refund.lines,
        amount_minor=refund.amount_minor,
        paid_with=await documents.list_paid_with(uow, refund_id=refund.id, to_store_credit=refund.to_store_credit),
        waived_minor=refund.waived_minor,
        corrects=[invoice.number for invoice in corrected(written, refund)],
    )
    await _write(uow, grounds, InvoiceKind.CREDIT_NOTE, content, refund_id=refund.id)
    return True


async def _grounds(uow: UnitOfWork, order_id: OrderId) -> Grounds:
    """Read what a document is written of. Nothing is locked: what it says of an order never changes."""
    [order] = await orders.list_orders(uow, order_ids=[order_id])
    lines = await orders.list_lines(uow, order_ids=[order_id])
    deliveries = await orders.list_deliveries(uow, order_ids=[order_id])
    channel = await channels.get_channel(uow, channel_id=order.channel_id)
    assert channel is not None, "a foreign key says so"
    store_ids = {line.store_id for line in lines if line.store_id is not None}
    stores = await locations.list_locations(uow, location_ids=store_ids) if store_ids else []
    return Grounds(
        order=OrderWithLines(order, tuple(lines), tuple(deliveries)),
        channel=channel,
        rates=await tax.list_rates(uow, channel_id=channel.id),
        store_countries={store.id: store.address.country for store in stores if store.address is not None},
    )


async def _write(
    uow: UnitOfWork,
    grounds: Grounds,
    kind: InvoiceKind,
    content: InvoiceContent,
    *,
    charge_id: UUID | None = None,
    refund_id: UUID | None = None,
) -> None:
    order, channel = grounds.order.order, grounds.channel
    new = NewInvoice(
        id=InvoiceId(new_id()),
        order_id=order.id,
        kind=kind,
        charge_id=charge_id,
        refund_id=refund_id,
        channel_id=channel.id,
        year=year_of(uow.now, channel.timezone),
        currency=order.currency,
        content=content,
        buyer=buyer_of(order, name=await _name(uow, order)),
        seller=channel.seller or Seller(name=channel.name),
    )
    prefix = prefix_of(channel.code, channel.invoice_prefix)
    for attempt in count(1):
        if await documents.insert_invoice(uow, new=new) is not None:
            break
        # The first of the year. Where another channel has counted under this prefix, the next that is free is taken.
        await documents.open_series(
            uow,
            channel_id=channel.id,
            year=new.year,
            kind=kind,
            prefix=prefix if attempt == 1 else f"{prefix}-{attempt}",
        )
    uow.emit(InvoiceIssued(order_id=order.id, invoice_id=new.id, kind=kind.value))


async def _name(uow: UnitOfWork, order: Order) -> str | None:
    if order.customer_id is None:
        return None
    customer = await customers.get_customer(uow, customer_id=order.customer_id)
    if customer is None:
        return None
    return " ".join(part for part in (customer.first_name, customer.last_name) if part) or None
