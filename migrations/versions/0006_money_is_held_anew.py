"""money is held anew

What the gateway `test` remembers says how long it holds money, and of which card.

Kind: expand
Locks: test_gateway_operations for a moment, as columns without defaults are added
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


_BEFORE = "SUCCEEDED, DECLINED, ACTION or LATE"
_AFTER = "SUCCEEDED, DECLINED, LAPSED or ACTION"


def upgrade() -> None:
    op.add_column("test_gateway_operations", sa.Column("token", sa.Text()))
    op.add_column("test_gateway_operations", sa.Column("expires_at", sa.DateTime(timezone=True)))
    op.alter_column("test_gateway_operations", "outcome", comment=_AFTER, existing_comment=_BEFORE)


def downgrade() -> None:
    op.drop_column("test_gateway_operations", "expires_at")
    op.drop_column("test_gateway_operations", "token")
    op.alter_column("test_gateway_operations", "outcome", comment=_BEFORE, existing_comment=_AFTER)
