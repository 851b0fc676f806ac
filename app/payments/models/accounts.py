"""Tables of gift cards and store credit: accounts with their balances, the ledger those are sums of, and wrong codes tried."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from app.kernel.columns import id_column, instant, minor, not_negative, one_of
from app.kernel.metadata import metadata
from app.payments.states import CreditEntryKind, CreditKind, CreditStatus

credit_accounts = Table(
    "credit_accounts",
    metadata,
    id_column(),
    Column("kind", Text, nullable=False),
    Column("currency", Text, nullable=False),
    minor("balance_minor"),
    Column("held_minor", BigInteger, nullable=False, comment="held by checkouts and orders, and not taken yet"),
    Column("status", Text, nullable=False),
    instant("expires_at", nullable=True),
    Column(
        "customer_id", Uuid, ForeignKey("customers.id"), comment="whose it is; a gift card is of whoever has the code"
    ),
    Column("code_hash", Text, unique=True, comment="keyed hash; the code itself is derived and stands nowhere"),
    Column("code_key_id", Text, comment="the key that the code is derived from, also after it was rotated"),
    Column("code_generation", Integer, nullable=False, server_default="0"),
    Column("last_characters", Text, comment="of the code, for staff"),
    Column("order_line_id", Uuid, ForeignKey("order_lines.id"), comment="the line that it was sold with"),
    Column("unit", Integer, comment="which unit of the line, from 1"),
    Column("entries", Integer, nullable=False, comment="of its ledger, numbered from 1"),
    Column("created_by", Text, nullable=False),
    instant("created_at"),
    instant("updated_at"),
    one_of("kind", CreditKind),
    one_of("status", CreditStatus),
    *not_negative("balance_minor", "held_minor", "code_generation"),
    CheckConstraint("held_minor <= balance_minor", name="held_of_balance"),
    CheckConstraint("entries > 0", name="entries"),
    CheckConstraint(
        "num_nulls(code_hash, code_key_id, last_characters) = CASE kind WHEN 'GIFT_CARD' THEN 0 ELSE 3 END", name="code"
    ),
    CheckConstraint(
        "kind = 'GIFT_CARD' OR (customer_id IS NOT NULL AND order_line_id IS NULL AND expires_at IS NULL AND status = 'ACTIVE')",
        name="store_credit",
    ),
    CheckConstraint("(order_line_id IS NULL) = (unit IS NULL) AND (unit IS NULL OR unit > 0)", name="sold_with"),
    # Issuing twice for the same unit is impossible.
    UniqueConstraint("order_line_id", "unit"),
    Index(
        "uq_credit_accounts_store_credit",
        "customer_id",
        "currency",
        unique=True,
        postgresql_where=text("kind = 'STORE_CREDIT'"),
    ),
    Index("ix_credit_accounts_customer_id", "customer_id", "id"),
    Index("ix_credit_accounts_gift_cards", "id", postgresql_where=text("kind = 'GIFT_CARD'")),
    Index("ix_credit_accounts_last_characters", "last_characters", "id"),
    Index(
        "ix_credit_accounts_expires_at",
        "expires_at",
        postgresql_where=text("status = 'ACTIVE' OR (status = 'EXPIRED' AND balance_minor > held_minor)"),
    ),
)

credit_entries = Table(
    "credit_entries",
    metadata,
    Column("account_id", Uuid, ForeignKey("credit_accounts.id"), nullable=False),
    Column("number", Integer, nullable=False, comment="without gaps"),
    Column("kind", Text, nullable=False),
    minor("amount_minor"),
    Column("balance_minor", BigInteger, nullable=False, comment="of the account, afterwards"),
    Column("cause_id", Uuid, comment="the step of a payment, the return or the order line; opaque"),
    Column("reason", Text, comment="as staff said it; of money, never of people"),
    Column("actor", Text, nullable=False),
    instant("at"),
    PrimaryKeyConstraint("account_id", "number"),
    one_of("kind", CreditEntryKind),
    CheckConstraint(
        "CASE WHEN kind IN ('ISSUE', 'REFUND') THEN amount_minor > 0 WHEN kind = 'ADJUST' THEN amount_minor <> 0 "
        "ELSE amount_minor < 0 END",
        name="amount_minor",
    ),
    *not_negative("balance_minor"),
    CheckConstraint("number > 0", name="number"),
    CheckConstraint("char_length(reason) <= 500", name="reason"),
    # A step of a payment takes or gives back once.
    Index(
        "uq_credit_entries_cause",
        "cause_id",
        "account_id",
        "kind",
        unique=True,
        postgresql_where=text("kind IN ('REDEEM', 'REFUND')"),
    ),
)

#: A row for each origin, and one for all of them together.
gift_card_attempts = Table(
    "gift_card_attempts",
    metadata,
    Column(
        "origin_hash", Text, primary_key=True, comment="keyed hash of where the codes came from; '*' stands for all"
    ),
    Column("failures", Integer, nullable=False),
    instant("window_started_at"),
    *not_negative("failures"),
    Index("ix_gift_card_attempts_window_started_at", "window_started_at"),
)
