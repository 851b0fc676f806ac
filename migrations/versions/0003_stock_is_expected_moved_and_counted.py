"""stock is expected, moved and counted

Purchase orders and other supply, transfers, counts, and rules of safety stock.

Kind: expand
Locks: order_lines against writes while its new index is built; all else is new
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "counts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("bucket", sa.Text(), nullable=False),
        sa.Column("blind", sa.Boolean(), nullable=False, comment="who counts does not see what is expected"),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("bucket IN ('SELLABLE', 'DAMAGED', 'QUALITY')", name=op.f("ck_counts_bucket")),
        sa.CheckConstraint(
            "status IN ('CREATED', 'COUNTING', 'REVIEW', 'POSTED', 'REJECTED')", name=op.f("ck_counts_status")
        ),
        sa.CheckConstraint("char_length(note) <= 500", name=op.f("ck_counts_note")),
        sa.ForeignKeyConstraint(["location_id"], ["locations.id"], name=op.f("fk_counts_location_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_counts")),
        sa.UniqueConstraint("number", name=op.f("uq_counts_number")),
    )
    op.create_index("ix_counts_location_id", "counts", ["location_id", "id"], unique=False)
    op.create_table(
        "purchase_orders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False, comment="the ERP's, or our own"),
        sa.Column("supplier", sa.Text(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status IN ('OPEN', 'PARTIALLY_RECEIVED', 'RECEIVED', 'CLOSED', 'CANCELLED')",
            name=op.f("ck_purchase_orders_status"),
        ),
        sa.CheckConstraint("char_length(note) <= 500", name=op.f("ck_purchase_orders_note")),
        sa.ForeignKeyConstraint(["location_id"], ["locations.id"], name=op.f("fk_purchase_orders_location_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_purchase_orders")),
        sa.UniqueConstraint("number", name=op.f("uq_purchase_orders_number")),
    )
    op.create_index("ix_purchase_orders_location_id", "purchase_orders", ["location_id", "id"], unique=False)
    op.create_table(
        "safety_stock_rules",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("category_id", sa.Uuid(), nullable=True, comment="with all below it; null means every category"),
        sa.Column("group_id", sa.Uuid(), nullable=True, comment="null means every location"),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("units >= 0", name=op.f("ck_safety_stock_rules_units_not_negative")),
        sa.ForeignKeyConstraint(["category_id"], ["categories.id"], name=op.f("fk_safety_stock_rules_category_id")),
        sa.ForeignKeyConstraint(["group_id"], ["location_groups.id"], name=op.f("fk_safety_stock_rules_group_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_safety_stock_rules")),
    )
    op.create_index("ix_safety_stock_rules_group_id", "safety_stock_rules", ["group_id"], unique=False)
    op.create_index(
        "uq_safety_stock_rules_scope",
        "safety_stock_rules",
        ["category_id", "group_id"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "transfers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("from_location_id", sa.Uuid(), nullable=False),
        sa.Column("to_location_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("settled_note", sa.Text(), nullable=True, comment="why units were written back or off, as last said"),
        sa.Column("expected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("shipped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("cause IN ('MANUAL', 'PICKUP')", name=op.f("ck_transfers_cause")),
        sa.CheckConstraint(
            "status IN ('DRAFT', 'REQUESTED', 'IN_TRANSIT', 'PARTIALLY_RECEIVED', 'RECEIVED', 'CANCELLED')",
            name=op.f("ck_transfers_status"),
        ),
        sa.CheckConstraint("char_length(note) <= 500", name=op.f("ck_transfers_note")),
        sa.CheckConstraint("char_length(settled_note) <= 500", name=op.f("ck_transfers_settled_note")),
        sa.CheckConstraint("from_location_id <> to_location_id", name=op.f("ck_transfers_goes_somewhere")),
        sa.ForeignKeyConstraint(["from_location_id"], ["locations.id"], name=op.f("fk_transfers_from_location_id")),
        sa.ForeignKeyConstraint(["to_location_id"], ["locations.id"], name=op.f("fk_transfers_to_location_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfers")),
        sa.UniqueConstraint("number", name=op.f("uq_transfers_number")),
    )
    op.create_index("ix_transfers_from_location_id", "transfers", ["from_location_id", "id"], unique=False)
    op.create_index("ix_transfers_to_location_id", "transfers", ["to_location_id", "id"], unique=False)
    op.create_table(
        "count_lines",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("count_id", sa.Uuid(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("expected", sa.Integer(), nullable=True, comment="the bucket's balance at the moment of counting"),
        sa.Column("counted", sa.Integer(), nullable=True),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("counted_by", sa.Text(), nullable=True, comment="the actor's label, never a name"),
        sa.Column("recounts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("recount_asked", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("posted", sa.Integer(), nullable=True, comment="units that posting added or took away"),
        sa.CheckConstraint("counted >= 0", name=op.f("ck_count_lines_counted_not_negative")),
        sa.CheckConstraint("expected >= 0", name=op.f("ck_count_lines_expected_not_negative")),
        sa.CheckConstraint(
            "num_nulls(expected, counted, counted_at, counted_by) IN (0, 4)",
            name=op.f("ck_count_lines_counted_against_what_was_expected"),
        ),
        sa.CheckConstraint(
            "posted IS NULL OR posted = counted - expected", name=op.f("ck_count_lines_posted_is_the_variance")
        ),
        sa.CheckConstraint("recounts >= 0", name=op.f("ck_count_lines_recounts_not_negative")),
        sa.ForeignKeyConstraint(["count_id"], ["counts.id"], name=op.f("fk_count_lines_count_id")),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name=op.f("fk_count_lines_variant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_count_lines")),
        sa.UniqueConstraint("count_id", "variant_id", name=op.f("uq_count_lines_count_id_variant_id")),
    )
    op.create_table(
        "supplies",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("purchase_order_id", sa.Uuid(), nullable=True),
        sa.Column("transfer_id", sa.Uuid(), nullable=True),
        sa.Column("expected", sa.Integer(), nullable=False, comment="units announced; of a backorder, its limit"),
        sa.Column("received", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lost", sa.Integer(), server_default="0", nullable=False, comment="units that will not come"),
        sa.Column("reserved", sa.Integer(), server_default="0", nullable=False, comment="units promised from it"),
        sa.Column(
            "sold_ahead",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="most units that may be promised from it",
        ),
        sa.Column("expected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(kind = 'PURCHASE_ORDER') = (purchase_order_id IS NOT NULL)", name=op.f("ck_supplies_purchase_order")
        ),
        sa.CheckConstraint("(kind = 'TRANSFER') = (transfer_id IS NOT NULL)", name=op.f("ck_supplies_transfer")),
        sa.CheckConstraint(
            "kind <> 'BACKORDER' OR (received = 0 AND lost = 0 AND expected_at IS NULL)",
            name=op.f("ck_supplies_backorder"),
        ),
        sa.CheckConstraint("kind IN ('PURCHASE_ORDER', 'TRANSFER', 'BACKORDER')", name=op.f("ck_supplies_kind")),
        sa.CheckConstraint("closed_at IS NULL OR reserved = 0", name=op.f("ck_supplies_closed_owes_nothing")),
        sa.CheckConstraint("expected >= 0", name=op.f("ck_supplies_expected_not_negative")),
        sa.CheckConstraint("lost >= 0", name=op.f("ck_supplies_lost_not_negative")),
        sa.CheckConstraint("received >= 0", name=op.f("ck_supplies_received_not_negative")),
        sa.CheckConstraint(
            "reserved <= greatest(0, expected - received - lost)", name=op.f("ck_supplies_reserved_within_outstanding")
        ),
        sa.CheckConstraint("reserved <= sold_ahead", name=op.f("ck_supplies_reserved_within_limit")),
        sa.CheckConstraint("reserved >= 0", name=op.f("ck_supplies_reserved_not_negative")),
        sa.CheckConstraint("sold_ahead >= 0", name=op.f("ck_supplies_sold_ahead_not_negative")),
        sa.ForeignKeyConstraint(["location_id"], ["locations.id"], name=op.f("fk_supplies_location_id")),
        sa.ForeignKeyConstraint(
            ["purchase_order_id"], ["purchase_orders.id"], name=op.f("fk_supplies_purchase_order_id")
        ),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfers.id"], name=op.f("fk_supplies_transfer_id")),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name=op.f("fk_supplies_variant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supplies")),
    )
    op.create_index(
        "ix_supplies_open_level",
        "supplies",
        ["variant_id", "location_id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "ix_supplies_open_location",
        "supplies",
        ["location_id", "expected_at"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "ix_supplies_purchase_order_id",
        "supplies",
        ["purchase_order_id"],
        unique=False,
        postgresql_where=sa.text("purchase_order_id IS NOT NULL"),
    )
    op.create_index(
        "ix_supplies_transfer_id",
        "supplies",
        ["transfer_id"],
        unique=False,
        postgresql_where=sa.text("transfer_id IS NOT NULL"),
    )
    op.create_index(
        "uq_supplies_backorder",
        "supplies",
        ["variant_id", "location_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'BACKORDER' AND closed_at IS NULL"),
    )
    op.create_table(
        "transfer_lines",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("transfer_id", sa.Uuid(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("requested", sa.Integer(), nullable=False),
        sa.Column("shipped", sa.Integer(), server_default="0", nullable=False),
        sa.Column("received", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "written_back", sa.Integer(), server_default="0", nullable=False, comment="came back to where they left"
        ),
        sa.Column("written_off", sa.Integer(), server_default="0", nullable=False, comment="lost on the way"),
        sa.CheckConstraint(
            "received + written_back + written_off <= shipped", name=op.f("ck_transfer_lines_received_was_shipped")
        ),
        sa.CheckConstraint("received >= 0", name=op.f("ck_transfer_lines_received_not_negative")),
        sa.CheckConstraint("requested > 0", name=op.f("ck_transfer_lines_requested")),
        sa.CheckConstraint("shipped <= requested", name=op.f("ck_transfer_lines_shipped_was_requested")),
        sa.CheckConstraint("shipped >= 0", name=op.f("ck_transfer_lines_shipped_not_negative")),
        sa.CheckConstraint("written_back >= 0", name=op.f("ck_transfer_lines_written_back_not_negative")),
        sa.CheckConstraint("written_off >= 0", name=op.f("ck_transfer_lines_written_off_not_negative")),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfers.id"], name=op.f("fk_transfer_lines_transfer_id")),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name=op.f("fk_transfer_lines_variant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer_lines")),
        sa.UniqueConstraint("transfer_id", "variant_id", name=op.f("uq_transfer_lines_transfer_id_variant_id")),
    )
    op.create_index(
        "ix_order_lines_unallocated",
        "order_lines",
        ["variant_id"],
        unique=False,
        postgresql_where=sa.text("unallocated > 0"),
    )


def downgrade() -> None:
    op.drop_index("ix_order_lines_unallocated", "order_lines", postgresql_where=sa.text("unallocated > 0"))
    op.drop_table("transfer_lines")
    op.drop_table("supplies")
    op.drop_table("count_lines")
    op.drop_table("transfers")
    op.drop_table("safety_stock_rules")
    op.drop_table("purchase_orders")
    op.drop_table("counts")
