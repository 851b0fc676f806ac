"""Tables of reconciliation: settlement reports that were compared with the ledger, what was found in both, what differs."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.kernel.columns import id_column, instant, minor, not_negative, one_of
from app.kernel.metadata import metadata
from app.payments.states import DifferenceKind, NoticeEffect, TransactionKind, TransactionState

#: What becomes of the rows of a report; each is one of these.
_ROWS = ("unreadable", "passed_over", "outside", "matched", "duplicated", "missing")

#: One run for each report and period that was asked about. Periods end before `period_to`.
reconciliations = Table(
    "reconciliations",
    metadata,
    id_column(),
    Column("gateway", Text, nullable=False),
    Column("file_name", Text),
    Column("sha256", Text, nullable=False, comment="of what the report says, in hexadecimal digits"),
    instant("asked_from", nullable=True),
    instant("asked_to", nullable=True),
    instant("period_from"),
    instant("period_to"),
    Column("rows_read", Integer, nullable=False, server_default="0"),
    *(Column(f"rows_{name}", Integer, nullable=False, server_default="0") for name in _ROWS),
    Column("differences", Integer, nullable=False, server_default="0", comment="without those that are only late"),
    Column("late", Integer, nullable=False, server_default="0"),
    Column(
        "sums",
        JSONB,
        nullable=False,
        server_default="[]",
        comment="[{kind, currency, ours_count, ours_minor, theirs_count, theirs_minor, fees_minor}]",
    ),
    Column("actor", Text, nullable=False),
    instant("created_at"),
    CheckConstraint("period_from < period_to", name="period"),
    CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256"),
    CheckConstraint(
        "rows_read = rows_unreadable + rows_passed_over + rows_outside + rows_matched + rows_duplicated + rows_missing",
        name="rows_add_up",
    ),
    *not_negative("rows_read", *(f"rows_{name}" for name in _ROWS), "differences", "late"),
    # The same report, asked about the same period, is the same run.
    Index(
        "uq_reconciliations_report",
        "gateway",
        "sha256",
        "asked_from",
        "asked_to",
        unique=True,
        postgresql_nulls_not_distinct=True,
    ),
    Index("ix_reconciliations_gateway", "gateway", "period_to"),
)

#: Which row told of which step. A row outside the period claims its step all the same, so that the step is not missed.
reconciliation_matches = Table(
    "reconciliation_matches",
    metadata,
    # No foreign key: steps are never deleted, and one would lock every step that a report tells of.
    Column("transaction_id", Uuid, nullable=False, comment="the step of the ledger"),
    Column("reconciliation_id", Uuid, ForeignKey("reconciliations.id"), nullable=False),
    Column("row_number", Integer, nullable=False),
    Column("within", Boolean, nullable=False, comment="whether the row is of the period"),
    PrimaryKeyConstraint("transaction_id", "reconciliation_id"),
)

reconciliation_differences = Table(
    "reconciliation_differences",
    metadata,
    id_column(),
    Column("reconciliation_id", Uuid, ForeignKey("reconciliations.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("movement", Text, comment="what they say the money did; what we say, where they say nothing"),
    Column("row_number", Integer, comment="of the report, whose header is row 1"),
    instant("at", nullable=True),
    minor("ours_minor", nullable=True),
    Column("ours_currency", Text),
    minor("theirs_minor", nullable=True),
    Column("theirs_currency", Text),
    Column("key", Text, comment="our idempotency key, where they told it"),
    Column("gateway_reference", Text),
    Column("authorization_reference", Text),
    Column("order_id", Uuid, ForeignKey("orders.id")),
    Column("payment_id", Uuid, ForeignKey("payments.id")),
    Column("transaction_id", Uuid, ForeignKey("payment_transactions.id")),
    Column("state", Text, comment="of the step, when it was compared"),
    Column("notice_id", Text, comment="of news that were contradicted or matched nothing"),
    Column("message", Text, nullable=False),
    instant("applied_at", nullable=True),
    Column("effect", Text, comment="what came of it when the step was settled by the report"),
    one_of("kind", DifferenceKind),
    one_of("movement", TransactionKind),
    one_of("state", TransactionState),
    one_of("effect", NoticeEffect),
    CheckConstraint("(ours_minor IS NULL) = (ours_currency IS NULL)", name="ours"),
    CheckConstraint("(theirs_minor IS NULL) = (theirs_currency IS NULL)", name="theirs"),
    CheckConstraint("(kind = 'UNREADABLE') = (movement IS NULL)", name="moved"),
    CheckConstraint("(applied_at IS NULL) = (effect IS NULL)", name="applied"),
    CheckConstraint("applied_at IS NULL OR kind = 'STATE_DIFFERS'", name="applied_state"),
    Index("ix_reconciliation_differences_kind", "reconciliation_id", "kind", "id"),
    Index("ix_reconciliation_differences_id", "reconciliation_id", "id"),
    # A step that was late is looked for in the next report, and told to be missing once.
    Index(
        "ix_reconciliation_differences_unreported",
        "transaction_id",
        postgresql_where=text("kind IN ('LATE', 'MISSING_THERE')"),
    ),
    Index(
        "ix_reconciliation_differences_missing",
        "reconciliation_id",
        "authorization_reference",
        postgresql_where=text("kind = 'MISSING_HERE'"),
    ),
)
