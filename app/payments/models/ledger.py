"""Tables of the ledger: tenders with their balances, what is asked for and why, the steps that the balances are sums of."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.channels.states import RefundSequence, TenderKind
from app.kernel.columns import id_column, instant, minor, not_negative, one_of
from app.kernel.metadata import metadata
from app.payments.states import (
    AuthorizationCause,
    ChargeCause,
    NoticeEffect,
    PaymentStatus,
    TransactionKind,
    TransactionState,
)

payments = Table(
    "payments",
    metadata,
    id_column(),
    Column("attempt_id", Uuid, nullable=False, comment="the checkout attempt; opaque, as checkout stands above"),
    Column("order_id", Uuid, ForeignKey("orders.id"), comment="null until the order is placed"),
    Column("position", SmallInteger, nullable=False, comment="tenders are charged in this order"),
    Column("tender", Text, nullable=False, server_default="CARD"),
    Column("account_id", Uuid, ForeignKey("credit_accounts.id"), comment="the gift card or store credit that pays"),
    Column("gateway", Text, nullable=False, comment="a payment service; for money that needs none, the kind of tender"),
    Column("token", Text, comment="the gateway's own token, redacted once it has been used"),
    Column("status", Text, nullable=False),
    Column("currency", Text, nullable=False),
    minor("amount_minor"),
    minor("authorizing_minor", default=0),
    minor("authorized_minor"),
    minor("released_minor"),
    minor("expired_minor", default=0),
    minor("capturing_minor"),
    minor("captured_minor"),
    minor("refunding_minor"),
    minor("refunded_minor"),
    minor("charged_back_minor", default=0),
    Column("gateway_reference", Text, comment="of the authorization that holds the money now"),
    Column("action_kind", Text, comment="how the shopper has to act; null when nothing is asked of them"),
    Column("action_url", Text, comment="where the shopper has to act"),
    Column("action_secret", Text, comment="for the gateway's own script; forgotten once the shopper has acted"),
    instant("holds_until", nullable=True),
    instant("renews_at", nullable=True),
    instant("created_at"),
    instant("updated_at"),
    one_of("tender", TenderKind),
    one_of("status", PaymentStatus),
    CheckConstraint("amount_minor > 0", name="amount_minor"),
    CheckConstraint("(tender IN ('GIFT_CARD', 'STORE_CREDIT')) = (account_id IS NOT NULL)", name="account_of_credit"),
    *not_negative(
        "authorizing_minor",
        "authorized_minor",
        "released_minor",
        "expired_minor",
        "capturing_minor",
        "captured_minor",
        "refunding_minor",
        "refunded_minor",
        "charged_back_minor",
    ),
    CheckConstraint(
        "captured_minor + capturing_minor + released_minor + expired_minor <= authorized_minor",
        name="captured_of_authorized",
    ),
    CheckConstraint("authorized_minor - expired_minor <= amount_minor", name="held_of_amount"),
    CheckConstraint("refunded_minor + refunding_minor <= captured_minor", name="refunded_of_captured"),
    CheckConstraint("charged_back_minor <= captured_minor", name="charged_back_of_captured"),
    Index("ix_payments_order_id", "order_id", "position"),
    Index("uq_payments_attempt_position", "attempt_id", "position", unique=True),
    # Few hold money that has to be held anew, and a timer looks for them.
    Index("ix_payments_renews_at", "renews_at", postgresql_where=text("renews_at IS NOT NULL")),
    Index("ix_payments_account_id", "account_id", postgresql_where=text("account_id IS NOT NULL")),
    Index("ix_payments_holds_until", "holds_until", postgresql_where=text("holds_until IS NOT NULL")),
)

#: What an order owes for goods, apart from the money that moves for it: one row each time that goods are charged.
charges = Table(
    "charges",
    metadata,
    id_column(),
    Column("order_id", Uuid, ForeignKey("orders.id"), nullable=False),
    Column("cause", Text, nullable=False),
    minor("amount_minor"),
    minor("waived_minor", default=0),
    Column(
        "lines", JSONB, nullable=False, comment="[{kind, id, units, amount_minor, tax_minor}], adding up to the amount"
    ),
    Column("actor", Text, nullable=False),
    instant("requested_at"),
    Column("invoiced", Boolean, nullable=False, server_default=text("false"), comment="an invoice was written of it"),
    one_of("cause", ChargeCause),
    CheckConstraint("amount_minor > 0", name="amount_minor"),
    CheckConstraint("waived_minor BETWEEN 0 AND amount_minor", name="waived_of_amount"),
    Index("ix_charges_order_id", "order_id", "id"),
    # Few wait for their document, and a timer looks for them.
    Index("ix_charges_to_invoice", "order_id", postgresql_where=text("NOT invoiced")),
)

refunds = Table(
    "refunds",
    metadata,
    id_column(),
    Column("order_id", Uuid, ForeignKey("orders.id"), nullable=False),
    Column("cause_id", Uuid, nullable=False, comment="the return or cancellation; opaque"),
    Column("reason", Text, nullable=False),
    minor("amount_minor"),
    minor("waived_minor", default=0),
    Column("to_store_credit", Boolean, nullable=False, server_default=text("false")),
    Column(
        "sequence",
        Text,
        nullable=False,
        server_default="AS_CHARGED",
        comment="as its channel said when it was asked for",
    ),
    Column("lines", JSONB, nullable=False, server_default="[]", comment="[{kind, id, units, amount_minor, tax_minor}]"),
    Column("actor", Text, nullable=False),
    instant("requested_at"),
    Column(
        "credited", Boolean, nullable=False, server_default=text("false"), comment="a credit note was written of it"
    ),
    CheckConstraint("amount_minor > 0", name="amount_minor"),
    CheckConstraint("waived_minor BETWEEN 0 AND amount_minor", name="waived_of_amount"),
    one_of("sequence", RefundSequence),
    Index("ix_refunds_order_id", "order_id", "id"),
    Index("ix_refunds_to_credit", "order_id", postgresql_where=text("NOT credited")),
    Index("ix_refunds_cause_id", "cause_id"),
)

#: Append-only: triggers refuse to delete a step, to change what was asked, and to change one that is settled.
payment_transactions = Table(
    "payment_transactions",
    metadata,
    id_column(),
    Column("payment_id", Uuid, ForeignKey("payments.id"), nullable=False),
    Column("charge_id", Uuid, ForeignKey("charges.id"), comment="what a capture is for"),
    Column("refund_id", Uuid, ForeignKey("refunds.id"), comment="what a refund is for"),
    Column("kind", Text, nullable=False),
    Column("cause", Text, comment="why money is held; null for every other kind of step"),
    Column("state", Text, nullable=False),
    minor("amount_minor"),
    Column("gateway", Text, nullable=False),
    Column("authorization_reference", Text, comment="the gateway's name of the authorization that the step is about"),
    Column("gateway_reference", Text, comment="the gateway's name of the step itself"),
    Column("failure", Text),
    Column("attempts", Integer, nullable=False, server_default="0"),
    instant("requested_at"),
    instant("settled_at", nullable=True),
    one_of("kind", TransactionKind),
    one_of("cause", AuthorizationCause),
    one_of("state", TransactionState),
    CheckConstraint("amount_minor > 0", name="amount_minor"),
    CheckConstraint("(state IN ('SUCCEEDED', 'FAILED')) = (settled_at IS NOT NULL)", name="settled"),
    CheckConstraint("(kind = 'AUTHORIZATION') = (cause IS NOT NULL)", name="cause_of_authorization"),
    CheckConstraint("refund_id IS NULL OR kind IN ('REFUND', 'REFUND_REVERSAL')", name="refund"),
    CheckConstraint("charge_id IS NULL OR kind = 'CAPTURE'", name="charge"),
    Index("ix_payment_transactions_payment_id", "payment_id", "id"),
    Index("ix_payment_transactions_open", "requested_at", postgresql_where=text("settled_at IS NULL")),
    Index("ix_payment_transactions_charge_id", "charge_id", postgresql_where=text("charge_id IS NOT NULL")),
    Index("ix_payment_transactions_refund_id", "refund_id", postgresql_where=text("refund_id IS NOT NULL")),
    # What a gateway did is written down once, however often it tells of it.
    Index(
        "uq_payment_transactions_reference",
        "gateway",
        "kind",
        "gateway_reference",
        unique=True,
        postgresql_where=text("gateway_reference IS NOT NULL"),
    ),
    # What a settlement report of a period has to tell of.
    Index(
        "ix_payment_transactions_settled",
        "gateway",
        "settled_at",
        "id",
        postgresql_where=text(
            "state = 'SUCCEEDED' AND kind IN ('CAPTURE', 'REFUND', 'REFUND_REVERSAL', 'CHARGEBACK', 'CHARGEBACK_REVERSAL')"
        ),
    ),
)

#: News that gateways sent, each once. What they say of shoppers is not kept.
gateway_notices = Table(
    "gateway_notices",
    metadata,
    Column("gateway", Text, primary_key=True),
    Column("notice_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("key", Text, comment="our idempotency key, where the gateway told it"),
    Column("gateway_reference", Text),
    Column("authorization_reference", Text),
    minor("amount_minor"),
    Column("currency", Text, nullable=False),
    Column("effect", Text, nullable=False, comment="what came of it"),
    Column("transaction_id", Uuid, ForeignKey("payment_transactions.id"), comment="the step that it is about"),
    instant("at"),
    instant("received_at"),
    one_of("kind", TransactionKind),
    one_of("effect", NoticeEffect),
    Index("ix_gateway_notices_received_at", "received_at"),
    Index("ix_gateway_notices_transaction_id", "transaction_id", postgresql_where=text("transaction_id IS NOT NULL")),
    # Few news are for people; those about an authorization may make sense once others have come.
    Index(
        "ix_gateway_notices_for_people",
        "gateway",
        "authorization_reference",
        postgresql_where=text("effect IN ('CONTRADICTED', 'UNMATCHED')"),
    ),
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
    Column("plays", Text, comment="which of the tokens that choose what happens"),
    Column("currency", Text, nullable=False),
    minor("amount_minor"),
    instant("settles_at"),
    instant("expires_at", nullable=True),
    instant("created_at"),
    Index("ix_test_gateway_operations_authorization", "authorization_reference"),
)
