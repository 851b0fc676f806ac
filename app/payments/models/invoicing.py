"""Tables of documents: invoices of what was charged and credit notes of what was given back, counted without a gap."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.kernel.columns import id_column, instant, minor, one_of
from app.kernel.metadata import metadata
from app.payments.states import InvoiceKind

#: One row for each channel, year and kind of document. Its lock is what documents wait for, and it is held for one insert.
#: Triggers let `next` grow by one at a time, and nothing else change.
invoice_series = Table(
    "invoice_series",
    metadata,
    Column("channel_id", Uuid, ForeignKey("channels.id"), nullable=False),
    Column("year", Integer, nullable=False, comment="by the clocks of the channel"),
    Column("kind", Text, nullable=False),
    Column("prefix", Text, nullable=False, comment="what its numbers begin with, all year long"),
    Column("next", Integer, nullable=False, server_default="1"),
    instant("last_issued_at", nullable=True),
    PrimaryKeyConstraint("channel_id", "year", "kind"),
    one_of("kind", InvoiceKind),
    CheckConstraint("next > 0", name="next"),
    CheckConstraint("(next = 1) = (last_issued_at IS NULL)", name="last_issued_at"),
    # A prefix that moves to another channel begins there in another year, so that no number is given twice.
    UniqueConstraint("prefix", "year", "kind", name="uq_invoice_series_prefix"),
)

#: Append-only: triggers refuse every change but forgetting who bought.
invoices = Table(
    "invoices",
    metadata,
    id_column(),
    Column("order_id", Uuid, ForeignKey("orders.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("charge_id", Uuid, ForeignKey("charges.id"), unique=True, comment="what an invoice is of"),
    Column("refund_id", Uuid, ForeignKey("refunds.id"), unique=True, comment="what a credit note is of"),
    Column("number", Text, nullable=False, unique=True),
    Column("channel_id", Uuid, nullable=False),
    Column("year", Integer, nullable=False),
    Column("sequence", Integer, nullable=False),
    # Whoever has no predecessor in its series is the first of it: so the database itself lets no gap be.
    Column("previous", Integer, Computed("(NULLIF(sequence, 1) - 1)", persisted=True)),
    Column("currency", Text, nullable=False),
    minor("total_minor"),
    minor("tax_minor"),
    instant("issued_at"),
    Column("content", JSONB, nullable=False, comment="all that is said of goods and money, as it was then"),
    Column("buyer", JSONB, comment="who bought; null when nobody said, and after erasure"),
    Column("seller", JSONB, nullable=False, comment="who sold, as the channel said then"),
    one_of("kind", InvoiceKind),
    CheckConstraint("(kind = 'INVOICE') = (charge_id IS NOT NULL)", name="charge"),
    CheckConstraint("(kind = 'CREDIT_NOTE') = (refund_id IS NOT NULL)", name="refund"),
    CheckConstraint("sequence > 0", name="sequence"),
    CheckConstraint("total_minor > 0", name="total_minor"),
    CheckConstraint("tax_minor BETWEEN 0 AND total_minor", name="tax_of_total"),
    UniqueConstraint("channel_id", "year", "kind", "sequence", name="uq_invoices_sequence"),
    ForeignKeyConstraint(
        ["channel_id", "year", "kind"],
        ["invoice_series.channel_id", "invoice_series.year", "invoice_series.kind"],
        name="fk_invoices_series",
    ),
    ForeignKeyConstraint(
        ["channel_id", "year", "kind", "previous"],
        ["invoices.channel_id", "invoices.year", "invoices.kind", "invoices.sequence"],
        name="fk_invoices_previous",
    ),
    Index("ix_invoices_order_id", "order_id", "id"),
    Index("ix_invoices_issued_at", "issued_at", "id"),
)
