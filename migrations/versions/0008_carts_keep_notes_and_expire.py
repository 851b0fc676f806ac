"""carts keep notes and expire

A line of a cart says what the shop should know about it and what goes with the goods, and so does the line of the order
that it becomes. A cart says when it expires if nobody touches it, which its channel decides; carts that are there
get the 90 days that guests' carts had. A cart counts the recovery links
that were made for it. Processes of before cannot write carts beside it.

Kind: expand
Locks: carts while the ends of their lives are written and an index is made; cart_lines while its index of same lines is
    made anew; order_lines for as long as its new checks are tried
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_SAME = ["cart_id", "variant_id", "delivery", "store_id"]
_NOTE_DIGEST = r"sha256(replace(note, '\', '\\')::bytea)"


_LIVES = (
    "CASE status WHEN 'ACTIVE' THEN customer_id IS NOT NULL OR expires_at IS NOT NULL"
    " WHEN 'EXPIRED' THEN expires_at IS NOT NULL ELSE expires_at IS NULL END"
)
_RECOVERY_URL = r"^(https://[A-Za-z0-9.:-]+|http://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?)[/?#][!-~]*$"


def upgrade() -> None:
    _notes()
    _channels()
    _lives()


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


def _channels() -> None:
    op.add_column(
        "channels",
        sa.Column(
            "cart_ttl_days",
            sa.Integer(),
            nullable=False,
            server_default="90",
            comment="how long a guest's cart lives untouched",
        ),
    )
    op.add_column(
        "channels",
        sa.Column("customer_cart_ttl_days", sa.Integer(), comment="how long a customer's does; null is for ever"),
    )
    op.add_column(
        "channels",
        sa.Column(
            "recovery_url", sa.Text(), comment="the storefront's page that opens a cart anew, with {token} in it"
        ),
    )
    for column in ("cart_ttl_days", "customer_cart_ttl_days"):
        op.create_check_constraint(op.f(f"ck_channels_{column}"), "channels", f"{column} BETWEEN 1 AND 3650")
    op.create_check_constraint(
        op.f("ck_channels_recovery_url"),
        "channels",
        f"recovery_url ~ '{_RECOVERY_URL}' AND recovery_url LIKE '%{{token}}%' AND char_length(recovery_url) <= 2000",
    )


def _lives() -> None:
    op.add_column("carts", sa.Column("expires_at", sa.DateTime(timezone=True)))
    op.add_column(
        "carts",
        sa.Column(
            "recovery_generation",
            sa.Integer(),
            nullable=False,
            server_default="0",
            comment="which recovery link is the last",
        ),
    )
    op.execute(
        """
        UPDATE carts SET expires_at = CASE status WHEN 'ACTIVE' THEN updated_at + interval '90 days' ELSE updated_at END
        WHERE status = 'EXPIRED' OR (status = 'ACTIVE' AND customer_id IS NULL)
        """
    )
    op.create_check_constraint(op.f("ck_carts_expiry"), "carts", _LIVES)
    op.drop_index("ix_carts_updated_at", table_name="carts")
    op.create_index("ix_carts_expires_at", "carts", ["expires_at"], postgresql_where=sa.text("status = 'ACTIVE'"))


def downgrade() -> None:
    op.drop_index("ix_carts_expires_at", table_name="carts")
    op.create_index("ix_carts_updated_at", "carts", ["updated_at"], postgresql_where=sa.text("status = 'ACTIVE'"))
    op.drop_column("carts", "recovery_generation")
    op.drop_column("carts", "expires_at")
    for column in ("recovery_url", "customer_cart_ttl_days", "cart_ttl_days"):
        op.drop_column("channels", column)
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
