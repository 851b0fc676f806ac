"""tenders hold what they pay

Of no tender more is held than it is to pay: what is held anew takes the place of what was held before. And what a step of
the ledger was asked for never changes: neither the charge or refund that it is for, nor the authorization that it is about.

Kind: expand
Locks: payments for as long as it takes to check their rows
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_ASKED_BEFORE = ("id", "payment_id", "kind", "amount_minor", "gateway", "requested_at")
_ASKED_AFTER = (*_ASKED_BEFORE, "charge_id", "refund_id", "cause", "authorization_reference")


def upgrade() -> None:
    op.create_check_constraint(
        op.f("ck_payments_held_of_amount"), "payments", "authorized_minor - expired_minor <= amount_minor"
    )
    _guard(_ASKED_AFTER)


def downgrade() -> None:
    _guard(_ASKED_BEFORE)
    op.drop_constraint(op.f("ck_payments_held_of_amount"), "payments", type_="check")


def _guard(asked: Sequence[str]) -> None:
    old, new = (", ".join(f"{row}.{column}" for column in asked) for row in ("OLD", "NEW"))
    op.execute(
        f"""
        CREATE OR REPLACE FUNCTION payment_transactions_stay() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP <> 'UPDATE' THEN
                RAISE EXCEPTION 'steps of the payment ledger are never deleted' USING ERRCODE = 'restrict_violation';
            END IF;
            IF OLD.settled_at IS NOT NULL THEN
                RAISE EXCEPTION 'a step of the payment ledger that is settled never changes' USING ERRCODE = 'restrict_violation';
            END IF;
            IF ({old}) IS DISTINCT FROM ({new}) THEN
                RAISE EXCEPTION 'what a step of the payment ledger asks for never changes' USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NEW;
        END $$
        """
    )
