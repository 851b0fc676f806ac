"""carts keep notes and expire

A line of a cart says what the shop should know about it and what goes with the goods, and so does the line of the order
that it becomes.

Kind: expand
Locks: cart_lines while its index of same lines is made anew; order_lines for as long as its new checks are tried
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_SAME = ["cart_id", "variant_id", "delivery", "store_id"]
_NOTE_DIGEST = r"sha256(replace(note, '\', '\\')::bytea)"


def upgrade() -> None:
    _notes()


def _notes() -> None:
    for table in ("cart_lines", "order_lines"):
        op.add_column(table, sa.Column("note", sa.Text(), comment="for the shop"))
        op.add_column(table, sa.Column("gift_message", sa.Text(), comment="for whoever gets it"))
        for column in ("note", "gift_message"):
            op.create_check_constraint(op.f(f"ck_{table}_{column}"), table, f"char_length({column}) BETWEEN 1 AND 500")
    op.drop_index("uq_cart_lines_same", table_name="cart_lines", postgresql_nulls_not_distinct=True)
    digests = [sa.text(_NOTE_DIGEST), sa.text(_NOTE_DIGEST.replace("note", "gift_message"))]
    op.create_index(
        "uq_cart_lines_same", "cart_lines", [*_SAME, *digests], unique=True, postgresql_nulls_not_distinct=True
    )


def downgrade() -> None:
    op.drop_index("uq_cart_lines_same", table_name="cart_lines", postgresql_nulls_not_distinct=True)
    # Lines that differ in their texts alone become one again, the oldest.
    op.execute(
        """
        UPDATE cart_lines AS line SET quantity = least(10000, same.units)
        FROM (
            SELECT cart_id, variant_id, delivery, store_id, min(id::text)::uuid AS oldest, sum(quantity) AS units
            FROM cart_lines GROUP BY cart_id, variant_id, delivery, store_id
        ) AS same WHERE line.id = same.oldest
        """
    )
    op.execute(
        """
        DELETE FROM cart_lines AS line USING cart_lines AS older
        WHERE older.cart_id = line.cart_id AND older.variant_id = line.variant_id AND older.delivery = line.delivery
          AND older.store_id IS NOT DISTINCT FROM line.store_id AND older.id < line.id
        """
    )
    op.create_index("uq_cart_lines_same", "cart_lines", _SAME, unique=True, postgresql_nulls_not_distinct=True)
    for table in ("cart_lines", "order_lines"):
        op.drop_column(table, "gift_message")
        op.drop_column(table, "note")
