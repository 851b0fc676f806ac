"""gift cards and store credit

Accounts with their ledger, and wrong codes that were tried. A variant may be a gift card, an order's line says whether it
was one when it was bought, and a channel says for how long its gift cards can be spent.

Kind: expand
Locks: variants, order_lines and channels for a moment each, as columns with constant defaults are added; all else is new
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column(
        "variants",
        sa.Column(
            "gift_card",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="each unit sold becomes a gift card",
        ),
    )
    op.add_column(
        "order_lines",
        sa.Column(
            "gift_card",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="each unit becomes a gift card once it has left; as it was when it was bought",
        ),
    )
    op.add_column(
        "channels",
        sa.Column(
            "gift_card_ttl_days",
            sa.Integer(),
            comment="how long gift cards sold here can be spent; null means for ever",
        ),
    )
    # No row has a value yet: the check is done without a look at any.
    op.create_check_constraint(op.f("ck_channels_gift_card_ttl_days"), "channels", "gift_card_ttl_days > 0")
    _accounts()
    _entries()
    op.create_table(
        "gift_card_attempts",
        sa.Column(
            "origin_hash",
            sa.Text(),
            nullable=False,
            comment="keyed hash of where the codes came from; '*' stands for all",
        ),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("window_started_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("failures >= 0", name=op.f("ck_gift_card_attempts_failures_not_negative")),
        sa.PrimaryKeyConstraint("origin_hash", name=op.f("pk_gift_card_attempts")),
    )
    op.create_index("ix_gift_card_attempts_window_started_at", "gift_card_attempts", ["window_started_at"])


def _accounts() -> None:
    op.create_table(
        "credit_accounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("balance_minor", sa.BigInteger(), nullable=False),
        sa.Column(
            "held_minor", sa.BigInteger(), nullable=False, comment="held by checkouts and orders, and not taken yet"
        ),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column("customer_id", sa.Uuid(), comment="whose it is; a gift card is of whoever has the code"),
        sa.Column("code_hash", sa.Text(), comment="keyed hash; the code itself is derived and stands nowhere"),
        sa.Column("code_key_id", sa.Text(), comment="the key that the code is derived from, also after it was rotated"),
        sa.Column("code_generation", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_characters", sa.Text(), comment="of the code, for staff"),
        sa.Column("order_line_id", sa.Uuid(), comment="the line that it was sold with"),
        sa.Column("unit", sa.Integer(), comment="which unit of the line, from 1"),
        sa.Column("entries", sa.Integer(), nullable=False, comment="of its ledger, numbered from 1"),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('GIFT_CARD', 'STORE_CREDIT')", name=op.f("ck_credit_accounts_kind")),
        sa.CheckConstraint("status IN ('ACTIVE', 'DISABLED', 'EXPIRED')", name=op.f("ck_credit_accounts_status")),
        sa.CheckConstraint("balance_minor >= 0", name=op.f("ck_credit_accounts_balance_minor_not_negative")),
        sa.CheckConstraint("held_minor >= 0", name=op.f("ck_credit_accounts_held_minor_not_negative")),
        sa.CheckConstraint("code_generation >= 0", name=op.f("ck_credit_accounts_code_generation_not_negative")),
        sa.CheckConstraint("held_minor <= balance_minor", name=op.f("ck_credit_accounts_held_of_balance")),
        sa.CheckConstraint("entries > 0", name=op.f("ck_credit_accounts_entries")),
        sa.CheckConstraint(
            "num_nulls(code_hash, code_key_id, last_characters) = CASE kind WHEN 'GIFT_CARD' THEN 0 ELSE 3 END",
            name=op.f("ck_credit_accounts_code"),
        ),
        sa.CheckConstraint(
            "kind = 'GIFT_CARD' OR "
            "(customer_id IS NOT NULL AND order_line_id IS NULL AND expires_at IS NULL AND status = 'ACTIVE')",
            name=op.f("ck_credit_accounts_store_credit"),
        ),
        sa.CheckConstraint(
            "(order_line_id IS NULL) = (unit IS NULL) AND (unit IS NULL OR unit > 0)",
            name=op.f("ck_credit_accounts_sold_with"),
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_credit_accounts_customer_id")),
        sa.ForeignKeyConstraint(["order_line_id"], ["order_lines.id"], name=op.f("fk_credit_accounts_order_line_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_accounts")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_credit_accounts_code_hash")),
        sa.UniqueConstraint("order_line_id", "unit", name=op.f("uq_credit_accounts_order_line_id_unit")),
    )
    op.create_index(
        "uq_credit_accounts_store_credit",
        "credit_accounts",
        ["customer_id", "currency"],
        unique=True,
        postgresql_where=sa.text("kind = 'STORE_CREDIT'"),
    )
    op.create_index("ix_credit_accounts_customer_id", "credit_accounts", ["customer_id", "id"])
    op.create_index(
        "ix_credit_accounts_gift_cards", "credit_accounts", ["id"], postgresql_where=sa.text("kind = 'GIFT_CARD'")
    )
    op.create_index("ix_credit_accounts_last_characters", "credit_accounts", ["last_characters", "id"])
    op.create_index(
        "ix_credit_accounts_expires_at",
        "credit_accounts",
        ["expires_at"],
        postgresql_where=sa.text("status = 'ACTIVE' OR (status = 'EXPIRED' AND balance_minor > held_minor)"),
    )


def _entries() -> None:
    op.create_table(
        "credit_entries",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, comment="without gaps"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("balance_minor", sa.BigInteger(), nullable=False, comment="of the account, afterwards"),
        sa.Column("cause_id", sa.Uuid(), comment="the step of a payment, the return or the order line; opaque"),
        sa.Column("reason", sa.Text(), comment="as staff said it; of money, never of people"),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('ISSUE', 'REDEEM', 'REFUND', 'EXPIRE', 'ADJUST')", name=op.f("ck_credit_entries_kind")
        ),
        sa.CheckConstraint(
            "CASE WHEN kind IN ('ISSUE', 'REFUND') THEN amount_minor > 0 WHEN kind = 'ADJUST' THEN amount_minor <> 0 "
            "ELSE amount_minor < 0 END",
            name=op.f("ck_credit_entries_amount_minor"),
        ),
        sa.CheckConstraint("balance_minor >= 0", name=op.f("ck_credit_entries_balance_minor_not_negative")),
        sa.CheckConstraint("number > 0", name=op.f("ck_credit_entries_number")),
        sa.CheckConstraint("char_length(reason) <= 500", name=op.f("ck_credit_entries_reason")),
        sa.ForeignKeyConstraint(["account_id"], ["credit_accounts.id"], name=op.f("fk_credit_entries_account_id")),
        sa.PrimaryKeyConstraint("account_id", "number", name=op.f("pk_credit_entries")),
    )
    op.create_index(
        "uq_credit_entries_cause",
        "credit_entries",
        ["cause_id", "account_id", "kind"],
        unique=True,
        postgresql_where=sa.text("kind IN ('REDEEM', 'REFUND')"),
    )
    op.execute(
        "CREATE TRIGGER credit_entries_append_only BEFORE UPDATE OR DELETE ON credit_entries "
        "FOR EACH ROW EXECUTE FUNCTION refuse_to_rewrite_history()"
    )
    op.execute(
        "CREATE TRIGGER credit_entries_not_emptied BEFORE TRUNCATE ON credit_entries "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_rewrite_history()"
    )
    op.add_column("payments", sa.Column("account_id", sa.Uuid(), comment="the gift card or store credit that pays"))
    op.create_foreign_key(op.f("fk_payments_account_id"), "payments", "credit_accounts", ["account_id"], ["id"])
    op.create_check_constraint(
        op.f("ck_payments_account_of_credit"),
        "payments",
        "(tender IN ('GIFT_CARD', 'STORE_CREDIT')) = (account_id IS NOT NULL)",
    )
    op.create_index(
        "ix_payments_account_id", "payments", ["account_id"], postgresql_where=sa.text("account_id IS NOT NULL")
    )


def downgrade() -> None:
    op.drop_index("ix_payments_account_id", table_name="payments")
    op.drop_constraint(op.f("ck_payments_account_of_credit"), "payments", type_="check")
    op.drop_column("payments", "account_id")
    op.drop_table("gift_card_attempts")
    op.drop_table("credit_entries")
    op.drop_table("credit_accounts")
    op.drop_column("channels", "gift_card_ttl_days")
    op.drop_column("order_lines", "gift_card")
    op.drop_column("variants", "gift_card")
