"""tenders hold what they pay

Of no tender more is held than it is to pay: what is held anew takes the place of what was held before.

Kind: expand
Locks: payments for as long as it takes to check their rows
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_check_constraint(
        op.f("ck_payments_held_of_amount"), "payments", "authorized_minor - expired_minor <= amount_minor"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_payments_held_of_amount"), "payments", type_="check")
