"""reports are reconciled

Settlement reports of payment services are compared with the ledger: one run for each report, which row told of which step,
and what differs.

Kind: expand
Locks: payment_transactions and gateway_notices against writing, for as long as it takes to build three indexes: about a
second for a million rows each
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_ROWS = ("unreadable", "passed_over", "outside", "matched", "duplicated", "missing")
_MOVEMENTS = (
    "'AUTHORIZATION', 'CAPTURE', 'VOID', 'EXPIRATION', 'REFUND', 'REFUND_REVERSAL', 'CHARGEBACK', 'CHARGEBACK_REVERSAL'"
)
_KINDS = (
    "'MISSING_HERE', 'MISSING_THERE', 'LATE', 'AMOUNT_DIFFERS', 'CURRENCY_DIFFERS', 'STATE_DIFFERS', 'KIND_DIFFERS', "
    "'DUPLICATED', 'UNREADABLE', 'CONTRADICTED', 'UNMATCHED'"
)
_MONEY_MOVED = (
    "state = 'SUCCEEDED' AND kind IN ('CAPTURE', 'REFUND', 'REFUND_REVERSAL', 'CHARGEBACK', 'CHARGEBACK_REVERSAL')"
)


def upgrade() -> None:
    _reconciliations()
    _matches()
    _differences()
    op.create_index(
        "ix_payment_transactions_settled",
        "payment_transactions",
        ["gateway", "settled_at", "id"],
        postgresql_where=sa.text(_MONEY_MOVED),
    )
    op.create_index(
        "ix_gateway_notices_transaction_id",
        "gateway_notices",
        ["transaction_id"],
        postgresql_where=sa.text("transaction_id IS NOT NULL"),
    )
    op.create_index(
        "ix_gateway_notices_for_people",
        "gateway_notices",
        ["gateway", "authorization_reference"],
        postgresql_where=sa.text("effect IN ('CONTRADICTED', 'UNMATCHED')"),
    )


def _reconciliations() -> None:
    counts = ("rows_read", *(f"rows_{name}" for name in _ROWS), "differences", "late")
    comments = {"differences": "without those that are only late"}
    op.create_table(
        "reconciliations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("gateway", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text()),
        sa.Column("sha256", sa.Text(), nullable=False, comment="of what the report says, in hexadecimal digits"),
        sa.Column("asked_from", sa.DateTime(timezone=True)),
        sa.Column("asked_to", sa.DateTime(timezone=True)),
        sa.Column("period_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("period_to", sa.DateTime(timezone=True), nullable=False),
        *(
            sa.Column(name, sa.Integer(), nullable=False, server_default="0", comment=comments.get(name))
            for name in counts
        ),
        sa.Column(
            "sums",
            postgresql.JSONB(),
            nullable=False,
            server_default="[]",
            comment="[{kind, currency, ours_count, ours_minor, theirs_count, theirs_minor, fees_minor}]",
        ),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("period_from < period_to", name=op.f("ck_reconciliations_period")),
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name=op.f("ck_reconciliations_sha256")),
        sa.CheckConstraint(
            "rows_read = rows_unreadable + rows_passed_over + rows_outside + rows_matched + rows_duplicated + rows_missing",
            name=op.f("ck_reconciliations_rows_add_up"),
        ),
        *(sa.CheckConstraint(f"{name} >= 0", name=op.f(f"ck_reconciliations_{name}_not_negative")) for name in counts),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliations")),
    )
    op.create_index(
        "uq_reconciliations_report",
        "reconciliations",
        ["gateway", "sha256", "asked_from", "asked_to"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_index("ix_reconciliations_gateway", "reconciliations", ["gateway", "period_to"])


def _matches() -> None:
    op.create_table(
        "reconciliation_matches",
        sa.Column("transaction_id", sa.Uuid(), nullable=False, comment="the step of the ledger"),
        sa.Column("reconciliation_id", sa.Uuid(), nullable=False),
        sa.Column("row_number", sa.Integer(), nullable=False),
        sa.Column("within", sa.Boolean(), nullable=False, comment="whether the row is of the period"),
        sa.ForeignKeyConstraint(
            ["reconciliation_id"], ["reconciliations.id"], name=op.f("fk_reconciliation_matches_reconciliation_id")
        ),
        sa.PrimaryKeyConstraint("transaction_id", "reconciliation_id", name=op.f("pk_reconciliation_matches")),
    )


def _differences() -> None:
    table = "reconciliation_differences"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reconciliation_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("movement", sa.Text(), comment="what they say the money did; what we say, where they say nothing"),
        sa.Column("row_number", sa.Integer(), comment="of the report, whose header is row 1"),
        sa.Column("at", sa.DateTime(timezone=True)),
        sa.Column("ours_minor", sa.BigInteger()),
        sa.Column("ours_currency", sa.Text()),
        sa.Column("theirs_minor", sa.BigInteger()),
        sa.Column("theirs_currency", sa.Text()),
        sa.Column("key", sa.Text(), comment="our idempotency key, where they told it"),
        sa.Column("gateway_reference", sa.Text()),
        sa.Column("authorization_reference", sa.Text()),
        sa.Column("order_id", sa.Uuid()),
        sa.Column("payment_id", sa.Uuid()),
        sa.Column("transaction_id", sa.Uuid()),
        sa.Column("state", sa.Text(), comment="of the step, when it was compared"),
        sa.Column("notice_id", sa.Text(), comment="of news that were contradicted or matched nothing"),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True)),
        sa.Column("effect", sa.Text(), comment="what came of it when the step was settled by the report"),
        sa.CheckConstraint(f"kind IN ({_KINDS})", name=op.f(f"ck_{table}_kind")),
        sa.CheckConstraint(f"movement IN ({_MOVEMENTS})", name=op.f(f"ck_{table}_movement")),
        sa.CheckConstraint("state IN ('REQUESTED', 'SUCCEEDED', 'FAILED', 'UNKNOWN')", name=op.f(f"ck_{table}_state")),
        sa.CheckConstraint(
            "effect IN ('APPLIED', 'KNOWN', 'CONTRADICTED', 'UNMATCHED')", name=op.f(f"ck_{table}_effect")
        ),
        sa.CheckConstraint("(ours_minor IS NULL) = (ours_currency IS NULL)", name=op.f(f"ck_{table}_ours")),
        sa.CheckConstraint("(theirs_minor IS NULL) = (theirs_currency IS NULL)", name=op.f(f"ck_{table}_theirs")),
        sa.CheckConstraint("(kind = 'UNREADABLE') = (movement IS NULL)", name=op.f(f"ck_{table}_moved")),
        sa.CheckConstraint("(applied_at IS NULL) = (effect IS NULL)", name=op.f(f"ck_{table}_applied")),
        sa.CheckConstraint("applied_at IS NULL OR kind = 'STATE_DIFFERS'", name=op.f(f"ck_{table}_applied_state")),
        sa.ForeignKeyConstraint(
            ["reconciliation_id"], ["reconciliations.id"], name=op.f(f"fk_{table}_reconciliation_id")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f(f"fk_{table}_order_id")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f(f"fk_{table}_payment_id")),
        sa.ForeignKeyConstraint(
            ["transaction_id"], ["payment_transactions.id"], name=op.f(f"fk_{table}_transaction_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    op.create_index("ix_reconciliation_differences_kind", table, ["reconciliation_id", "kind", "id"])
    op.create_index("ix_reconciliation_differences_id", table, ["reconciliation_id", "id"])
    op.create_index(
        "ix_reconciliation_differences_unreported",
        table,
        ["transaction_id"],
        postgresql_where=sa.text("kind IN ('LATE', 'MISSING_THERE')"),
    )
    op.create_index(
        "ix_reconciliation_differences_missing",
        table,
        ["reconciliation_id", "authorization_reference"],
        postgresql_where=sa.text("kind = 'MISSING_HERE'"),
    )


def downgrade() -> None:
    op.drop_index("ix_gateway_notices_for_people", table_name="gateway_notices")
    op.drop_index("ix_gateway_notices_transaction_id", table_name="gateway_notices")
    op.drop_index("ix_payment_transactions_settled", table_name="payment_transactions")
    op.drop_table("reconciliation_differences")
    op.drop_table("reconciliation_matches")
    op.drop_table("reconciliations")
