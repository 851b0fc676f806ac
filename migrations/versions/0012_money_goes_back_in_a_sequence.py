"""money goes back in a sequence

A channel says which tenders of its orders are given their money back first, and a refund keeps what its channel said when it
was asked for. Channels and refunds that are there get the sequence that all had: as tenders were charged. Processes of before
can write both tables beside it, and give back as they were charged.

Kind: expand
Locks: channels and refunds for a moment each, as columns with constant defaults are added, and for as long as it takes to
    check their rows
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_COLUMNS = (
    ("channels", "refund_sequence", "where money goes back to first"),
    ("refunds", "sequence", "as its channel said when it was asked for"),
)


def upgrade() -> None:
    for table, column, comment in _COLUMNS:
        op.add_column(table, sa.Column(column, sa.Text(), nullable=False, server_default="AS_CHARGED", comment=comment))
        op.create_check_constraint(op.f(f"ck_{table}_{column}"), table, f"{column} IN ('AS_CHARGED', 'CREDIT_LAST')")
    op.alter_column("payments", "position", comment="tenders are charged in this order")


def downgrade() -> None:
    op.alter_column("payments", "position", comment="tenders are charged and refunded in this order")
    for table, column, _ in reversed(_COLUMNS):
        op.drop_column(table, column)
