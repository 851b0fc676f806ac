"""Tables of payments: tenders with their balances, the ledger those are sums of, and the test gateway's own memory."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, SmallInteger, Table, Text, Uuid, text

from app.kernel.columns import id_column, instant, minor, not_negative, one_of
from app.kernel.metadata import metadata
from app.payments.states import PaymentStatus, TransactionKind, TransactionState

payments = Table(
    "payments",
    metadata,
    id_column(),
    Column("attempt_id", Uuid, nullable=False, comment="the checkout attempt; opaque, as checkout stands above"),
    Column("order_id", Uuid, ForeignKey("orders.id"), comment="null until the order is placed"),
    Column("position", SmallInteger, nullable=False, comment="tenders are charged and refunded in this order"),
    Column("gateway", Text, nullable=False),
    Column("token", Text, comment="the gateway's own token, redacted once it has been used"),
    Column("status", Text, nullable=False),
    Column("currency", Text, nullable=False),
    minor("amount_minor"),
    minor("authorized_minor"),
    minor("released_minor"),
    minor("capturing_minor"),
    minor("captured_minor"),
    minor("refunding_minor"),
    minor("refunded_minor"),
    Column("gateway_reference", Text),
    Column("action_url", Text, comment="where the shopper has to act; null when nothing is asked of them"),
    instant("created_at"),
    instant("updated_at"),
    one_of("status", PaymentStatus),
    CheckConstraint("amount_minor > 0", name="amount_minor"),
    *not_negative(
        "authorized_minor", "released_minor", "capturing_minor", "captured_minor", "refunding_minor", "refunded_minor"
    ),
    CheckConstraint(
        "captured_minor + capturing_minor + released_minor <= authorized_minor", name="captured_of_authorized"
    ),
    CheckConstraint("refunded_minor + refunding_minor <= captured_minor", name="refunded_of_captured"),
    Index("ix_payments_order_id", "order_id", "position"),
    Index("uq_payments_attempt_position", "attempt_id", "position", unique=True),
)

payment_transactions = Table(
    "payment_transactions",
    metadata,
    id_column(),
    Column("payment_id", Uuid, ForeignKey("payments.id"), nullable=False),
    Column("refund_id", Uuid, ForeignKey("refunds.id")),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    minor("amount_minor"),
    Column("gateway_reference", Text),
    Column("failure", Text),
    Column("attempts", Integer, nullable=False, server_default="0"),
    instant("requested_at"),
    instant("settled_at", nullable=True),
    one_of("kind", TransactionKind),
    one_of("state", TransactionState),
    CheckConstraint("amount_minor > 0", name="amount_minor"),
    CheckConstraint("(state IN ('SUCCEEDED', 'FAILED')) = (settled_at IS NOT NULL)", name="settled"),
    CheckConstraint("refund_id IS NULL OR kind = 'REFUND'", name="refund"),
    Index("ix_payment_transactions_payment_id", "payment_id", "id"),
    Index("ix_payment_transactions_open", "requested_at", postgresql_where=text("settled_at IS NULL")),
    Index(
        "uq_payment_transactions_reference",
        "payment_id",
        "kind",
        "gateway_reference",
        unique=True,
        postgresql_where=text("gateway_reference IS NOT NULL"),
    ),
)

refunds = Table(
    "refunds",
    metadata,
    id_column(),
    Column("order_id", Uuid, ForeignKey("orders.id"), nullable=False),
    Column("cause_id", Uuid, nullable=False, comment="the return or cancellation; opaque"),
    Column("reason", Text, nullable=False),
    minor("amount_minor"),
    Column("actor", Text, nullable=False),
    instant("requested_at"),
    CheckConstraint("amount_minor > 0", name="amount_minor"),
    Index("ix_refunds_order_id", "order_id", "id"),
    Index("ix_refunds_cause_id", "cause_id"),
)

#: What the gateway named `test` remembers. It stands for a foreign system: written in transactions of its own, and
#: nothing of ours points to it.
test_gateway_operations = Table(
    "test_gateway_operations",
    metadata,
    Column("idempotency_key", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("reference", Text, nullable=False, unique=True),
    Column("authorization_reference", Text, comment="of the authorization that a capture, void or refund is about"),
    Column("outcome", Text, nullable=False, comment="SUCCEEDED, DECLINED, LAPSED or ACTION"),
    Column("token", Text),
    Column("currency", Text, nullable=False),
    minor("amount_minor"),
    instant("settles_at"),
    instant("expires_at", nullable=True),
    instant("created_at"),
    Index("ix_test_gateway_operations_authorization", "authorization_reference"),
)
