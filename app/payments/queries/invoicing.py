"""Every statement about invoices and credit notes, and the series that they are counted in."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.channels.rules import Seller
from app.kernel.db import UnitOfWork
from app.kernel.ids import ChannelId, InvoiceId, OrderId, PaymentId
from app.kernel.paging import PageRequest, bound
from app.kernel.plain import to_plain
from app.kernel.sql import Session, rows, statement
from app.payments import models  # noqa: F401  # The statements below are about these tables.
from app.payments.rules.invoicing import Buyer, Invoice, InvoiceContent, PaidWith
from app.payments.states import InvoiceKind

_INVOICE = (
    "id, order_id, kind, charge_id, refund_id, number, channel_id, year, sequence, currency, total_minor, tax_minor,"
    " issued_at, content, buyer, seller"
)
_LIST = rows(f"SELECT {_INVOICE} FROM invoices WHERE id = ANY(:ids::uuid[])", Invoice)
_LIST_FOR_ORDERS = rows(
    f"SELECT {_INVOICE} FROM invoices WHERE order_id = ANY(:order_ids::uuid[]) ORDER BY order_id, id", Invoice
)
_BY_NUMBER = rows(f"SELECT {_INVOICE} FROM invoices WHERE number = :number", Invoice)
_LIST_SERIES = rows(
    f"""
    SELECT {_INVOICE} FROM invoices
    WHERE channel_id = :channel_id AND year = :year AND kind = :kind AND sequence > :after
    ORDER BY sequence LIMIT :most
    """,
    Invoice,
)
_COUNT_SERIES = rows(
    "SELECT count(*)::int FROM invoices WHERE channel_id = :channel_id AND year = :year",
    int,
)
_ORDER_OF = rows("SELECT order_id FROM payments WHERE id = :payment_id AND order_id IS NOT NULL", UUID)
#: Whoever claims first writes the document; whoever comes second waits, and finds it written.
_CLAIM_CHARGE = statement("UPDATE charges SET invoiced = true WHERE id = :id AND NOT invoiced")
_CLAIM_REFUND = statement(
    """
    UPDATE refunds AS refund SET credited = true
    WHERE id = :id AND NOT credited AND amount_minor = waived_minor + (
        SELECT coalesce(sum(CASE kind WHEN 'REFUND' THEN amount_minor ELSE -amount_minor END), 0)
        FROM payment_transactions WHERE refund_id = refund.id AND state = 'SUCCEEDED')
    """
)
_LIST_INVOICED = rows("SELECT id FROM charges WHERE order_id = :order_id AND invoiced", UUID)
_LIST_CREDITED = rows("SELECT id FROM refunds WHERE order_id = :order_id AND credited", UUID)
_LIST_DUE = rows(
    """
    SELECT order_id FROM (
        SELECT order_id FROM charges AS charge
        WHERE NOT invoiced AND amount_minor = waived_minor + (
            SELECT coalesce(sum(amount_minor), 0) FROM payment_transactions
            WHERE charge_id = charge.id AND state = 'SUCCEEDED')
        UNION
        SELECT order_id FROM refunds AS refund
        WHERE NOT credited AND amount_minor = waived_minor + (
            SELECT coalesce(sum(CASE kind WHEN 'REFUND' THEN amount_minor ELSE -amount_minor END), 0)
            FROM payment_transactions WHERE refund_id = refund.id AND state = 'SUCCEEDED')
    ) AS due
    WHERE :after::uuid IS NULL OR order_id > :after ORDER BY order_id LIMIT :most
    """,
    UUID,
)
_PAID_WITH = rows(
    """
    SELECT CASE WHEN :to_store_credit THEN 'STORE_CREDIT' ELSE tender END,
        sum(CASE step.kind WHEN 'REFUND_REVERSAL' THEN -step.amount_minor ELSE step.amount_minor END)::bigint
    FROM payment_transactions AS step JOIN payments ON payments.id = step.payment_id
    WHERE (step.charge_id = :charge_id::uuid OR step.refund_id = :refund_id::uuid) AND step.state = 'SUCCEEDED'
    GROUP BY 1
    HAVING sum(CASE step.kind WHEN 'REFUND_REVERSAL' THEN -step.amount_minor ELSE step.amount_minor END) > 0
    ORDER BY min(payments.position)
    """,
    PaidWith,
)
_OPEN_SERIES = statement(
    """
    INSERT INTO invoice_series (channel_id, year, kind, prefix) VALUES (:channel_id, :year, :kind, :prefix)
    ON CONFLICT DO NOTHING
    """
)
#: Counted and written with one statement, so that the series is locked for no longer than that takes and the commit after it.
#: A moment never comes before that of the document counted before.
_INSERT = rows(
    """
    WITH counted AS (
        UPDATE invoice_series SET next = next + 1, last_issued_at = greatest(last_issued_at, :now::timestamptz)
        WHERE channel_id = :channel_id::uuid AND year = :year::int AND kind = :kind::text
        RETURNING prefix, next - 1 AS sequence, last_issued_at
    )
    INSERT INTO invoices (id, order_id, kind, charge_id, refund_id, number, channel_id, year, sequence, currency, total_minor,
        tax_minor, issued_at, content, buyer, seller)
    SELECT :id, :order_id, :kind::text, :charge_id, :refund_id,
        prefix || '-' || :year::int || '-' || CASE WHEN :kind::text = 'CREDIT_NOTE' THEN 'C' ELSE '' END
            || lpad(sequence::text, greatest(6, length(sequence::text)), '0'),
        :channel_id::uuid, :year::int, sequence, :currency, :total_minor, :tax_minor, last_issued_at, :content, :buyer, :seller
    FROM counted
    RETURNING number
    """,
    str,
)
_FORGET_BUYER = statement(
    "UPDATE invoices SET buyer = NULL WHERE order_id = ANY(:order_ids::uuid[]) AND buyer IS NOT NULL"
)


@dataclass(frozen=True, slots=True)
class InvoiceFilter:
    """Which documents are asked for; what is left out lets everything through."""

    channel_id: ChannelId | None = None
    year: int | None = None
    kind: InvoiceKind | None = None
    order_id: OrderId | None = None
    number: str | None = None
    issued_from: datetime | None = None
    issued_to: datetime | None = None


_WHERE = """
    (:channel_id::uuid IS NULL OR channel_id = :channel_id)
    AND (:year::int IS NULL OR year = :year)
    AND (:kind::text IS NULL OR kind = :kind)
    AND (:order_id::uuid IS NULL OR order_id = :order_id)
    AND (:number::text IS NULL OR number = upper(:number))
    AND (:issued_from::timestamptz IS NULL OR issued_at >= :issued_from)
    AND (:issued_to::timestamptz IS NULL OR issued_at < :issued_to)
"""
_NEWEST = rows(
    f"""
    SELECT {_INVOICE} FROM invoices WHERE {_WHERE}
    AND (:after_id::uuid IS NULL OR (issued_at, id) < (:after_at::timestamptz, :after_id))
    ORDER BY issued_at DESC, id DESC LIMIT :most
    """,
    Invoice,
)
_COUNT = rows(f"SELECT count(*)::int FROM invoices WHERE {_WHERE}", int)


@dataclass(frozen=True, slots=True)
class NewInvoice:
    """A document to be written, but for its number."""

    id: InvoiceId
    order_id: OrderId
    kind: InvoiceKind
    charge_id: UUID | None
    refund_id: UUID | None
    channel_id: ChannelId
    year: int
    currency: str
    content: InvoiceContent
    buyer: Buyer | None
    seller: Seller


async def list_invoices(session: Session, *, invoice_ids: Collection[UUID]) -> list[Invoice]:
    """List documents by id, in no order."""
    return await _LIST.all(session, ids=list(invoice_ids))


async def list_invoices_for_orders(session: Session, *, order_ids: Collection[UUID]) -> list[Invoice]:
    """List the documents of orders, oldest first."""
    return await _LIST_FOR_ORDERS.all(session, order_ids=list(order_ids))


async def get_invoice_by_number(session: Session, *, number: str) -> Invoice | None:
    """Find a document by its number."""
    return await _BY_NUMBER.first(session, number=number.strip().upper())


async def list_invoices_of_series(
    session: Session, *, channel_id: ChannelId, year: int, kind: InvoiceKind, after: int, most: int
) -> list[Invoice]:
    """List the documents of a series behind one of its numbers, in the order in which they were counted."""
    return await _LIST_SERIES.all(session, channel_id=channel_id, year=year, kind=kind.value, after=after, most=most)


async def count_invoices_of_year(session: Session, *, channel_id: ChannelId, year: int) -> int:
    """Count the documents of a channel's year, of both kinds."""
    return await _COUNT_SERIES.one(session, channel_id=channel_id, year=year)


async def list_newest_invoices(session: Session, *, wanted: InvoiceFilter, request: PageRequest) -> list[Invoice]:
    """List documents, newest first, one more than the page holds."""
    after = bound(request.after, datetime, name="after") or (None, None)
    return await _NEWEST.all(session, **_filters(wanted), after_at=after[0], after_id=after[1], most=request.size + 1)


async def count_invoices(session: Session, *, wanted: InvoiceFilter) -> int:
    """Count the documents that a filter lets through."""
    return await _COUNT.one(session, **_filters(wanted))


def invoice_key(invoice: Invoice) -> tuple[object, ...]:
    """Write where a document stands in its list."""
    return (invoice.issued_at.isoformat(), str(invoice.id))


async def order_of_payment(session: Session, *, payment_id: PaymentId) -> OrderId | None:
    """Say which order a tender pays; None while it pays none."""
    found = await _ORDER_OF.first(session, payment_id=payment_id)
    return None if found is None else OrderId(found)


async def list_invoiced(session: Session, *, order_id: OrderId) -> set[UUID]:
    """Name the charges of an order that have their invoice."""
    return set(await _LIST_INVOICED.all(session, order_id=order_id))


async def list_credited(session: Session, *, order_id: OrderId) -> set[UUID]:
    """Name the refunds of an order that have their credit note."""
    return set(await _LIST_CREDITED.all(session, order_id=order_id))


async def list_orders_to_invoice(session: Session, *, after: OrderId | None, most: int) -> list[OrderId]:
    """List orders with something settled of which no document was written, in the order of their ids."""
    return [OrderId(found) for found in await _LIST_DUE.all(session, after=after, most=most)]


async def claim_charge(uow: UnitOfWork, *, charge_id: UUID) -> bool:
    """Take it upon this work to write the invoice of a charge; answers False where it is written already."""
    return await _CLAIM_CHARGE.run(uow, id=charge_id) > 0


async def claim_refund(uow: UnitOfWork, *, refund_id: UUID) -> bool:
    """Take it upon this work to write the credit note of a refund; answers False where it is written, or not settled any more."""
    return await _CLAIM_REFUND.run(uow, id=refund_id) > 0


async def list_paid_with(
    session: Session, *, charge_id: UUID | None = None, refund_id: UUID | None = None, to_store_credit: bool = False
) -> list[PaidWith]:
    """List what kinds of money a charge was paid with, or a refund was given back to, in the order of the tenders."""
    return await _PAID_WITH.all(session, charge_id=charge_id, refund_id=refund_id, to_store_credit=to_store_credit)


async def open_series(uow: UnitOfWork, *, channel_id: ChannelId, year: int, kind: InvoiceKind, prefix: str) -> None:
    """Begin to count the documents of a channel's year, unless it has begun or another channel has the prefix."""
    await _OPEN_SERIES.run(uow, channel_id=channel_id, year=year, kind=kind.value, prefix=prefix)


async def insert_invoice(uow: UnitOfWork, *, new: NewInvoice) -> str | None:
    """Count a document and write it; answers its number, or None where its series has not begun.

    Locks: the series, until this work ends.
    """
    return await _INSERT.first(
        uow,
        id=new.id,
        order_id=new.order_id,
        kind=new.kind.value,
        charge_id=new.charge_id,
        refund_id=new.refund_id,
        channel_id=new.channel_id,
        year=new.year,
        currency=new.currency,
        total_minor=new.content.total_minor,
        tax_minor=new.content.tax_minor,
        now=uow.now,
        content=to_plain(new.content),
        buyer=None if new.buyer is None else to_plain(new.buyer),
        seller=to_plain(new.seller),
    )


async def forget_buyers(uow: UnitOfWork, *, order_ids: Collection[UUID]) -> int:
    """Forget who bought, in the documents of these orders; answers in how many."""
    return await _FORGET_BUYER.run(uow, order_ids=list(order_ids))


def _filters(wanted: InvoiceFilter) -> dict[str, object]:
    return {
        "channel_id": wanted.channel_id,
        "year": wanted.year,
        "kind": None if wanted.kind is None else wanted.kind.value,
        "order_id": wanted.order_id,
        "number": wanted.number,
        "issued_from": wanted.issued_from,
        "issued_to": wanted.issued_to,
    }
