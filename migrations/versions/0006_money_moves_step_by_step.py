"""money moves step by step

What an order owes is written down apart from the money that moves for it; tenders may be other money than cards, are held
anew when authorizations end, and are fetched back by banks; steps of the ledger are never changed once they are settled;
orders can be held; what gateways tell by themselves is kept.

What was captured before was captured for what had left: it becomes one charge for each order.

Kind: expand
Locks: channels, orders, payments, refunds and payment_transactions for as long as it takes to check their new rules and to
write down what was charged
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_KINDS = (
    "'AUTHORIZATION', 'CAPTURE', 'VOID', 'EXPIRATION', 'REFUND', 'REFUND_REVERSAL', 'CHARGEBACK', 'CHARGEBACK_REVERSAL'"
)
_TENDERS = "'CARD', 'GIFT_CARD', 'STORE_CREDIT', 'CASH', 'CARD_PRESENT', 'PAY_IN_STORE', 'INVOICE'"
_OUTCOMES_BEFORE = "SUCCEEDED, DECLINED, ACTION or LATE"
_OUTCOMES_AFTER = "SUCCEEDED, DECLINED, LAPSED or ACTION"

#: What had been captured, or asked for, is what the order's goods that had left are worth.
_CHARGE_WHAT_LEFT = """
    INSERT INTO charges (id, order_id, cause, amount_minor, lines, actor, requested_at)
    SELECT gen_random_uuid(), orders.id, 'SHIPMENT', sum(part.amount_minor),
        jsonb_agg(jsonb_build_object('kind', part.kind, 'id', part.id, 'units', part.units,
            'amount_minor', part.amount_minor, 'tax_minor', part.tax_minor)),
        'SYSTEM', min(orders.updated_at)
    FROM orders JOIN LATERAL (
        SELECT 'LINE' AS kind, id, fulfilled AS units,
            CASE WHEN fulfilled = ordered THEN total_minor
                ELSE (total_minor / ordered) * fulfilled + least(fulfilled, total_minor % ordered) END AS amount_minor,
            CASE WHEN fulfilled = ordered THEN tax_minor
                ELSE (tax_minor / ordered) * fulfilled + least(fulfilled, tax_minor % ordered) END AS tax_minor
        FROM order_lines WHERE order_id = orders.id AND fulfilled > 0
        UNION ALL
        SELECT 'DELIVERY', delivery.id, 1, delivery.total_minor, delivery.tax_minor FROM order_deliveries AS delivery
        WHERE delivery.order_id = orders.id AND EXISTS (
            SELECT FROM order_lines AS line WHERE line.order_id = orders.id AND line.delivery = delivery.method
                AND line.store_id IS NOT DISTINCT FROM delivery.store_id AND line.fulfilled > 0)
    ) AS part ON true
    WHERE EXISTS (SELECT FROM payments WHERE order_id = orders.id)
    GROUP BY orders.id HAVING sum(part.amount_minor) > 0
"""
_OF_WHICH_CHARGE = """
    UPDATE payment_transactions AS step SET charge_id = charge.id
    FROM payments, charges AS charge
    WHERE step.kind = 'CAPTURE' AND payments.id = step.payment_id AND charge.order_id = payments.order_id
"""
#: A return that was closed says what it gave back for which line; a cancellation gave back money that was taken beforehand.
_OF_WHICH_LINES = """
    UPDATE refunds SET lines = part.lines FROM (
        SELECT refund.id, jsonb_agg(jsonb_build_object('kind', line.kind, 'id', line.id, 'units', line.units,
            'amount_minor', line.amount_minor, 'tax_minor', line.tax_minor)) AS lines
        FROM refunds AS refund JOIN LATERAL (
            SELECT 'LINE' AS kind, order_line_id AS id, accepted AS units, refund_minor AS amount_minor,
                refund_tax_minor AS tax_minor
            FROM return_lines WHERE return_id = refund.cause_id AND accepted > 0
            UNION ALL
            SELECT 'DELIVERY', order_delivery_id, 1, amount_minor, tax_minor FROM return_deliveries
            WHERE return_id = refund.cause_id
        ) AS line ON true
        GROUP BY refund.id, refund.amount_minor HAVING sum(line.amount_minor) = refund.amount_minor
    ) AS part WHERE part.id = refunds.id
"""

_GUARD = """
    CREATE FUNCTION payment_transactions_stay() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP <> 'UPDATE' THEN
            RAISE EXCEPTION 'steps of the payment ledger are never deleted' USING ERRCODE = 'restrict_violation';
        END IF;
        IF OLD.settled_at IS NOT NULL THEN
            RAISE EXCEPTION 'a step of the payment ledger that is settled never changes' USING ERRCODE = 'restrict_violation';
        END IF;
        IF (OLD.id, OLD.payment_id, OLD.kind, OLD.amount_minor, OLD.gateway, OLD.requested_at)
            IS DISTINCT FROM (NEW.id, NEW.payment_id, NEW.kind, NEW.amount_minor, NEW.gateway, NEW.requested_at) THEN
            RAISE EXCEPTION 'what a step of the payment ledger asks for never changes' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$
"""


def upgrade() -> None:
    op.add_column(
        "channels",
        sa.Column("capture_at", sa.Text(), nullable=False, server_default="SHIPMENT", comment="when money is taken"),
    )
    op.add_column(
        "channels",
        sa.Column(
            "capture_delivery",
            sa.Text(),
            nullable=False,
            server_default="FIRST",
            comment="with which goods delivery is charged",
        ),
    )
    op.add_column(
        "channels",
        sa.Column(
            "tenders",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            server_default="{CARD,GIFT_CARD,STORE_CREDIT,CASH,CARD_PRESENT}",
            comment="what kinds of money are taken",
        ),
    )
    _check("channels", "capture_at", "capture_at IN ('PLACEMENT', 'SHIPMENT', 'HAND_OVER')")
    _check("channels", "capture_delivery", "capture_delivery IN ('FIRST', 'LAST')")
    _check("channels", "tenders", f"tenders <@ ARRAY[{_TENDERS}]")
    op.add_column(
        "orders",
        sa.Column(
            "capture_at", sa.Text(), nullable=False, server_default="SHIPMENT", comment="when its money is taken"
        ),
    )
    op.add_column(
        "orders",
        sa.Column(
            "capture_delivery",
            sa.Text(),
            nullable=False,
            server_default="FIRST",
            comment="with which goods delivery is charged",
        ),
    )
    _check("orders", "capture_at", "capture_at IN ('PLACEMENT', 'SHIPMENT', 'HAND_OVER')")
    _check("orders", "capture_delivery", "capture_delivery IN ('FIRST', 'LAST')")
    _holds()
    _tenders()
    _charges()
    _steps()
    _notices()
    op.add_column(
        "test_gateway_operations", sa.Column("plays", sa.Text(), comment="which of the tokens that choose what happens")
    )
    op.add_column("test_gateway_operations", sa.Column("expires_at", sa.DateTime(timezone=True)))
    op.alter_column("test_gateway_operations", "outcome", comment=_OUTCOMES_AFTER, existing_comment=_OUTCOMES_BEFORE)


def _holds() -> None:
    op.create_table(
        "order_holds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column(
            "blocks",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            comment="names of the mutations that are refused meanwhile",
        ),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("applied_by", sa.Text(), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_by", sa.Text()),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint(
            "reason IN ('CAPTURE_FAILED', 'AUTHORIZATION_EXPIRED', 'REFUND_FAILED', 'CHARGED_BACK')",
            name=op.f("ck_order_holds_reason"),
        ),
        sa.CheckConstraint("status IN ('APPLIED', 'RELEASED', 'REJECTED')", name=op.f("ck_order_holds_status")),
        sa.CheckConstraint("(status = 'APPLIED') = (ended_at IS NULL)", name=op.f("ck_order_holds_ended")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_holds_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_holds")),
    )
    op.create_index("ix_order_holds_order_id", "order_holds", ["order_id", "id"])
    op.create_index(
        "uq_order_holds_applied",
        "order_holds",
        ["order_id", "reason"],
        unique=True,
        postgresql_where=sa.text("status = 'APPLIED'"),
    )


def _tenders() -> None:
    op.add_column("payments", sa.Column("tender", sa.Text(), nullable=False, server_default="CARD"))
    for name in ("authorizing_minor", "expired_minor", "charged_back_minor"):
        op.add_column("payments", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
        _check("payments", f"{name}_not_negative", f"{name} >= 0")
    op.add_column(
        "payments",
        sa.Column("action_kind", sa.Text(), comment="how the shopper has to act; null when nothing is asked of them"),
    )
    op.add_column(
        "payments",
        sa.Column(
            "action_secret", sa.Text(), comment="for the gateway's own script; forgotten once the shopper has acted"
        ),
    )
    op.add_column("payments", sa.Column("holds_until", sa.DateTime(timezone=True)))
    op.add_column("payments", sa.Column("renews_at", sa.DateTime(timezone=True)))
    op.alter_column(
        "payments",
        "action_url",
        comment="where the shopper has to act",
        existing_comment="where the shopper has to act; null when nothing is asked of them",
    )
    op.alter_column("payments", "gateway", comment="a payment service; for money that needs none, the kind of tender")
    op.alter_column("payments", "gateway_reference", comment="of the authorization that holds the money now")
    op.execute("UPDATE payments SET action_kind = 'REDIRECT' WHERE action_url IS NOT NULL")
    op.execute("UPDATE payments SET authorizing_minor = amount_minor WHERE status IN ('PENDING', 'UNKNOWN')")
    _check("payments", "tender", f"tender IN ({_TENDERS})")
    op.drop_constraint(op.f("ck_payments_captured_of_authorized"), "payments", type_="check")
    _check(
        "payments",
        "captured_of_authorized",
        "captured_minor + capturing_minor + released_minor + expired_minor <= authorized_minor",
    )
    _check("payments", "charged_back_of_captured", "charged_back_minor <= captured_minor")
    op.create_index(
        "ix_payments_renews_at", "payments", ["renews_at"], postgresql_where=sa.text("renews_at IS NOT NULL")
    )
    op.create_index(
        "ix_payments_holds_until", "payments", ["holds_until"], postgresql_where=sa.text("holds_until IS NOT NULL")
    )


def _charges() -> None:
    op.create_table(
        "charges",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("waived_minor", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column(
            "lines",
            postgresql.JSONB(),
            nullable=False,
            comment="[{kind, id, units, amount_minor, tax_minor}], adding up to the amount",
        ),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "cause IN ('PLACEMENT', 'SHIPMENT', 'HAND_OVER', 'RECEIPT', 'CANCELLATION')", name=op.f("ck_charges_cause")
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_charges_amount_minor")),
        sa.CheckConstraint("waived_minor BETWEEN 0 AND amount_minor", name=op.f("ck_charges_waived_of_amount")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_charges_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_charges")),
    )
    op.create_index("ix_charges_order_id", "charges", ["order_id", "id"])
    op.add_column("refunds", sa.Column("waived_minor", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column(
        "refunds", sa.Column("to_store_credit", sa.Boolean(), nullable=False, server_default=sa.text("false"))
    )
    op.add_column(
        "refunds",
        sa.Column(
            "lines",
            postgresql.JSONB(),
            nullable=False,
            server_default="[]",
            comment="[{kind, id, units, amount_minor, tax_minor}]",
        ),
    )
    _check("refunds", "waived_of_amount", "waived_minor BETWEEN 0 AND amount_minor")
    op.execute(_CHARGE_WHAT_LEFT)
    op.execute(_OF_WHICH_LINES)


def _steps() -> None:
    table = "payment_transactions"
    op.add_column(table, sa.Column("charge_id", sa.Uuid(), comment="what a capture is for"))
    op.add_column(table, sa.Column("cause", sa.Text(), comment="why money is held; null for every other kind of step"))
    op.add_column(table, sa.Column("gateway", sa.Text()))
    op.add_column(
        table,
        sa.Column(
            "authorization_reference",
            sa.Text(),
            comment="the gateway's name of the authorization that the step is about",
        ),
    )
    op.alter_column(table, "refund_id", comment="what a refund is for")
    op.alter_column(table, "gateway_reference", comment="the gateway's name of the step itself")
    op.execute(
        """
        UPDATE payment_transactions AS step SET gateway = payments.gateway,
            cause = CASE step.kind WHEN 'AUTHORIZATION' THEN 'INITIAL' END,
            authorization_reference = CASE WHEN step.kind <> 'AUTHORIZATION' THEN payments.gateway_reference END
        FROM payments WHERE payments.id = step.payment_id
        """
    )
    op.execute(_OF_WHICH_CHARGE)
    op.alter_column(table, "gateway", nullable=False)
    op.create_foreign_key(op.f("fk_payment_transactions_charge_id"), table, "charges", ["charge_id"], ["id"])
    for name in ("kind", "refund"):
        op.drop_constraint(op.f(f"ck_payment_transactions_{name}"), table, type_="check")
    _check(table, "kind", f"kind IN ({_KINDS})")
    _check(table, "cause", "cause IN ('INITIAL', 'RENEWAL', 'INCREMENT')")
    _check(table, "cause_of_authorization", "(kind = 'AUTHORIZATION') = (cause IS NOT NULL)")
    _check(table, "refund", "refund_id IS NULL OR kind IN ('REFUND', 'REFUND_REVERSAL')")
    _check(table, "charge", "charge_id IS NULL OR kind = 'CAPTURE'")
    op.create_index(
        "ix_payment_transactions_charge_id", table, ["charge_id"], postgresql_where=sa.text("charge_id IS NOT NULL")
    )
    op.create_index(
        "ix_payment_transactions_refund_id", table, ["refund_id"], postgresql_where=sa.text("refund_id IS NOT NULL")
    )
    op.drop_index("uq_payment_transactions_reference", table_name=table)
    op.create_index(
        "uq_payment_transactions_reference",
        table,
        ["gateway", "kind", "gateway_reference"],
        unique=True,
        postgresql_where=sa.text("gateway_reference IS NOT NULL"),
    )
    op.execute(_GUARD)
    op.execute(
        """
        CREATE TRIGGER payment_transactions_stay BEFORE UPDATE OR DELETE ON payment_transactions
        FOR EACH ROW EXECUTE FUNCTION payment_transactions_stay()
        """
    )
    op.execute(
        """
        CREATE TRIGGER payment_transactions_stay_all BEFORE TRUNCATE ON payment_transactions
        FOR EACH STATEMENT EXECUTE FUNCTION payment_transactions_stay()
        """
    )


def _notices() -> None:
    op.create_table(
        "gateway_notices",
        sa.Column("gateway", sa.Text(), nullable=False),
        sa.Column("notice_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), comment="our idempotency key, where the gateway told it"),
        sa.Column("gateway_reference", sa.Text()),
        sa.Column("authorization_reference", sa.Text()),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("effect", sa.Text(), nullable=False, comment="what came of it"),
        sa.Column("transaction_id", sa.Uuid(), comment="the step that it is about"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(f"kind IN ({_KINDS})", name=op.f("ck_gateway_notices_kind")),
        sa.CheckConstraint(
            "effect IN ('APPLIED', 'KNOWN', 'CONTRADICTED', 'UNMATCHED')", name=op.f("ck_gateway_notices_effect")
        ),
        sa.ForeignKeyConstraint(
            ["transaction_id"], ["payment_transactions.id"], name=op.f("fk_gateway_notices_transaction_id")
        ),
        sa.PrimaryKeyConstraint("gateway", "notice_id", name=op.f("pk_gateway_notices")),
    )
    op.create_index("ix_gateway_notices_received_at", "gateway_notices", ["received_at"])


def _check(table: str, name: str, rule: str) -> None:
    op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, rule)


def downgrade() -> None:
    op.drop_column("test_gateway_operations", "expires_at")
    op.drop_column("test_gateway_operations", "plays")
    op.alter_column("test_gateway_operations", "outcome", comment=_OUTCOMES_BEFORE, existing_comment=_OUTCOMES_AFTER)
    op.drop_table("gateway_notices")
    _steps_as_they_were()
    op.drop_column("refunds", "lines")
    op.drop_column("refunds", "to_store_credit")
    op.drop_column("refunds", "waived_minor")
    op.drop_table("charges")
    op.drop_index("ix_payments_holds_until", table_name="payments")
    op.drop_index("ix_payments_renews_at", table_name="payments")
    for name in ("captured_of_authorized", "charged_back_of_captured"):
        op.drop_constraint(op.f(f"ck_payments_{name}"), "payments", type_="check")
    for name in ("renews_at", "holds_until", "action_secret", "action_kind", "charged_back_minor", "expired_minor"):
        op.drop_column("payments", name)
    op.drop_column("payments", "authorizing_minor")
    op.drop_column("payments", "tender")
    _check(
        "payments", "captured_of_authorized", "captured_minor + capturing_minor + released_minor <= authorized_minor"
    )
    op.alter_column(
        "payments",
        "action_url",
        comment="where the shopper has to act; null when nothing is asked of them",
        existing_comment="where the shopper has to act",
    )
    op.alter_column("payments", "gateway", comment=None)
    op.alter_column("payments", "gateway_reference", comment=None)
    op.drop_table("order_holds")
    for table in ("orders", "channels"):
        op.drop_column(table, "capture_delivery")
        op.drop_column(table, "capture_at")
    op.drop_column("channels", "tenders")


def _steps_as_they_were() -> None:
    table = "payment_transactions"
    op.execute("DROP TRIGGER payment_transactions_stay_all ON payment_transactions")
    op.execute("DROP TRIGGER payment_transactions_stay ON payment_transactions")
    op.execute("DROP FUNCTION payment_transactions_stay()")
    op.drop_index("uq_payment_transactions_reference", table_name=table)
    op.create_index(
        "uq_payment_transactions_reference",
        table,
        ["payment_id", "kind", "gateway_reference"],
        unique=True,
        postgresql_where=sa.text("gateway_reference IS NOT NULL"),
    )
    for name in ("kind", "cause", "cause_of_authorization", "refund", "charge"):
        op.drop_constraint(op.f(f"ck_payment_transactions_{name}"), table, type_="check")
    op.drop_index("ix_payment_transactions_refund_id", table_name=table)
    for name in ("authorization_reference", "gateway", "cause", "charge_id"):
        op.drop_column(table, name)
    _check(table, "kind", "kind IN ('AUTHORIZATION', 'CAPTURE', 'VOID', 'REFUND')")
    _check(table, "refund", "refund_id IS NULL OR kind = 'REFUND'")
    op.alter_column(table, "refund_id", comment=None)
    op.alter_column(table, "gateway_reference", comment=None)
