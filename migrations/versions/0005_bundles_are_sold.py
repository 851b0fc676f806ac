"""bundles are sold

A line of an order says of which bundle it is a part.

Kind: expand
Locks: order_lines for a moment, as a column without a default is added
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column(
        "order_lines",
        sa.Column("bundle_id", sa.Uuid(), comment="the bundle that was bought, of which this is a part"),
    )
    op.create_foreign_key(op.f("fk_order_lines_bundle_id"), "order_lines", "variants", ["bundle_id"], ["id"])


def downgrade() -> None:
    op.drop_column("order_lines", "bundle_id")
