"""sales are invoiced

What was charged has its invoice once it is paid, and what was given back its credit note: counted without a gap for each
channel and year, never changed, and only ever forgetting who bought. Channels say who sells, in which language, by which
clocks, and what numbers begin with. What was settled before is invoiced by the worker afterwards.

Kind: expand
Locks: channels, charges and refunds for as long as it takes to add their columns and to read charges and refunds once, for
the indexes by which those without a document are found
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_KINDS = "kind IN ('INVOICE', 'CREDIT_NOTE')"
_STAY = """
    CREATE FUNCTION invoices_stay() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP <> 'UPDATE' THEN
            RAISE EXCEPTION 'invoices and credit notes are never deleted' USING ERRCODE = 'restrict_violation';
        END IF;
        -- What is generated is not known yet before an update.
        IF NEW.buyer IS NOT NULL
            OR to_jsonb(OLD) - '{buyer,previous}'::text[] IS DISTINCT FROM to_jsonb(NEW) - '{buyer,previous}'::text[] THEN
            RAISE EXCEPTION 'of an invoice or a credit note nothing changes but that it forgets who bought'
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$
"""
_COUNT = """
    CREATE FUNCTION invoice_series_count() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP <> 'UPDATE' THEN
            RAISE EXCEPTION 'a series of documents is never deleted' USING ERRCODE = 'restrict_violation';
        END IF;
        IF (OLD.channel_id, OLD.year, OLD.kind, OLD.prefix, OLD.next + 1)
            IS DISTINCT FROM (NEW.channel_id, NEW.year, NEW.kind, NEW.prefix, NEW.next)
            OR NEW.last_issued_at < OLD.last_issued_at THEN
            RAISE EXCEPTION 'a series of documents counts by one, and onward' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$
"""


def upgrade() -> None:
    _channels()
    op.create_table(
        "invoice_series",
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False, comment="by the clocks of the channel"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False, comment="what its numbers begin with, all year long"),
        sa.Column("next", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("last_issued_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint(_KINDS, name=op.f("ck_invoice_series_kind")),
        sa.CheckConstraint("next > 0", name=op.f("ck_invoice_series_next")),
        sa.CheckConstraint("(next = 1) = (last_issued_at IS NULL)", name=op.f("ck_invoice_series_last_issued_at")),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_invoice_series_channel_id")),
        sa.PrimaryKeyConstraint("channel_id", "year", "kind", name=op.f("pk_invoice_series")),
        sa.UniqueConstraint("prefix", "year", "kind", name="uq_invoice_series_prefix"),
    )
    _invoices()
    for table, column, index, comment in (
        ("charges", "invoiced", "ix_charges_to_invoice", "an invoice was written of it"),
        ("refunds", "credited", "ix_refunds_to_credit", "a credit note was written of it"),
    ):
        op.add_column(
            table, sa.Column(column, sa.Boolean(), nullable=False, server_default=sa.text("false"), comment=comment)
        )
        op.create_index(index, table, ["order_id"], postgresql_where=sa.text(f"NOT {column}"))
    for table, function, text in (
        ("invoices", "invoices_stay", _STAY),
        ("invoice_series", "invoice_series_count", _COUNT),
    ):
        op.execute(text)
        op.execute(
            f"CREATE TRIGGER {function} BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {function}()"
        )
        op.execute(
            f"CREATE TRIGGER {function}_all BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
        )


def _channels() -> None:
    op.add_column(
        "channels",
        sa.Column(
            "language",
            sa.Text(),
            nullable=False,
            server_default="en",
            comment="what its documents are written in; BCP 47",
        ),
    )
    op.add_column(
        "channels",
        sa.Column(
            "timezone",
            sa.Text(),
            nullable=False,
            server_default="UTC",
            comment="whose days and years its documents have",
        ),
    )
    op.add_column(
        "channels",
        sa.Column(
            "invoice_prefix", sa.Text(), comment="what numbers of invoices begin with; null for what its code makes"
        ),
    )
    op.add_column(
        "channels",
        sa.Column(
            "seller", postgresql.JSONB(), comment="who sells, as invoices name them: a business, not personal data"
        ),
    )
    op.create_check_constraint(
        op.f("ck_channels_invoice_prefix"), "channels", "invoice_prefix ~ '^[A-Z0-9](-?[A-Z0-9]){0,19}$'"
    )


def _invoices() -> None:
    op.create_table(
        "invoices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("charge_id", sa.Uuid(), comment="what an invoice is of"),
        sa.Column("refund_id", sa.Uuid(), comment="what a credit note is of"),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("previous", sa.Integer(), sa.Computed("(NULLIF(sequence, 1) - 1)", persisted=True)),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "content", postgresql.JSONB(), nullable=False, comment="all that is said of goods and money, as it was then"
        ),
        sa.Column("buyer", postgresql.JSONB(), comment="who bought; null when nobody said, and after erasure"),
        sa.Column("seller", postgresql.JSONB(), nullable=False, comment="who sold, as the channel said then"),
        sa.CheckConstraint(_KINDS, name=op.f("ck_invoices_kind")),
        sa.CheckConstraint("(kind = 'INVOICE') = (charge_id IS NOT NULL)", name=op.f("ck_invoices_charge")),
        sa.CheckConstraint("(kind = 'CREDIT_NOTE') = (refund_id IS NOT NULL)", name=op.f("ck_invoices_refund")),
        sa.CheckConstraint("sequence > 0", name=op.f("ck_invoices_sequence")),
        sa.CheckConstraint("total_minor > 0", name=op.f("ck_invoices_total_minor")),
        sa.CheckConstraint("tax_minor BETWEEN 0 AND total_minor", name=op.f("ck_invoices_tax_of_total")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_invoices_order_id")),
        sa.ForeignKeyConstraint(["charge_id"], ["charges.id"], name=op.f("fk_invoices_charge_id")),
        sa.ForeignKeyConstraint(["refund_id"], ["refunds.id"], name=op.f("fk_invoices_refund_id")),
        sa.ForeignKeyConstraint(
            ["channel_id", "year", "kind"],
            ["invoice_series.channel_id", "invoice_series.year", "invoice_series.kind"],
            name="fk_invoices_series",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoices")),
        sa.UniqueConstraint("charge_id", name=op.f("uq_invoices_charge_id")),
        sa.UniqueConstraint("refund_id", name=op.f("uq_invoices_refund_id")),
        sa.UniqueConstraint("number", name=op.f("uq_invoices_number")),
        sa.UniqueConstraint("channel_id", "year", "kind", "sequence", name="uq_invoices_sequence"),
        sa.ForeignKeyConstraint(
            ["channel_id", "year", "kind", "previous"],
            ["invoices.channel_id", "invoices.year", "invoices.kind", "invoices.sequence"],
            name="fk_invoices_previous",
        ),
    )
    op.create_index("ix_invoices_order_id", "invoices", ["order_id", "id"])
    op.create_index("ix_invoices_issued_at", "invoices", ["issued_at", "id"])


def downgrade() -> None:
    op.drop_index("ix_refunds_to_credit", table_name="refunds")
    op.drop_column("refunds", "credited")
    op.drop_index("ix_charges_to_invoice", table_name="charges")
    op.drop_column("charges", "invoiced")
    op.drop_table("invoices")
    op.drop_table("invoice_series")
    op.execute("DROP FUNCTION invoices_stay()")
    op.execute("DROP FUNCTION invoice_series_count()")
    op.drop_constraint(op.f("ck_channels_invoice_prefix"), "channels", type_="check")
    for name in ("seller", "invoice_prefix", "timezone", "language"):
        op.drop_column("channels", name)
