"""Tables of what is expected: purchase orders, and supply that units can be promised from before they are there."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, Uuid, text

from app.inventory.states import PurchaseOrderStatus, SupplyKind
from app.kernel.columns import id_column, instant, not_negative, one_of
from app.kernel.metadata import metadata

purchase_orders = Table(
    "purchase_orders",
    metadata,
    id_column(),
    Column("number", Text, nullable=False, unique=True, comment="the ERP's, or our own"),
    Column("supplier", Text, nullable=False),
    Column("location_id", Uuid, ForeignKey("locations.id"), nullable=False),
    Column("status", Text, nullable=False),
    Column("note", Text),
    instant("created_at"),
    instant("updated_at"),
    one_of("status", PurchaseOrderStatus),
    CheckConstraint("char_length(note) <= 500", name="note"),
    Index("ix_purchase_orders_location_id", "location_id", "id"),
)

#: A line of a purchase order, what a transfer brings, or the number of units that may be ordered without any date.
supplies = Table(
    "supplies",
    metadata,
    id_column(),
    Column("variant_id", Uuid, ForeignKey("variants.id"), nullable=False),
    Column("location_id", Uuid, ForeignKey("locations.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("purchase_order_id", Uuid, ForeignKey("purchase_orders.id")),
    Column("transfer_id", Uuid, ForeignKey("transfers.id")),
    Column("expected", Integer, nullable=False, comment="units announced; of a backorder, its limit"),
    Column("received", Integer, nullable=False, server_default="0"),
    Column("lost", Integer, nullable=False, server_default="0", comment="units that will not come"),
    Column("reserved", Integer, nullable=False, server_default="0", comment="units promised from it"),
    Column(
        "sold_ahead", Integer, nullable=False, server_default="0", comment="most units that may be promised from it"
    ),
    instant("expected_at", nullable=True),
    instant("created_at"),
    instant("updated_at"),
    instant("closed_at", nullable=True),
    one_of("kind", SupplyKind),
    *not_negative("expected", "received", "lost", "reserved", "sold_ahead"),
    CheckConstraint("reserved <= sold_ahead", name="reserved_within_limit"),
    CheckConstraint("reserved <= greatest(0, expected - received - lost)", name="reserved_within_outstanding"),
    CheckConstraint("(kind = 'PURCHASE_ORDER') = (purchase_order_id IS NOT NULL)", name="purchase_order"),
    CheckConstraint("(kind = 'TRANSFER') = (transfer_id IS NOT NULL)", name="transfer"),
    CheckConstraint("kind <> 'BACKORDER' OR (received = 0 AND lost = 0 AND expected_at IS NULL)", name="backorder"),
    CheckConstraint("closed_at IS NULL OR reserved = 0", name="closed_owes_nothing"),
    Index("ix_supplies_open_level", "variant_id", "location_id", postgresql_where=text("closed_at IS NULL")),
    Index("ix_supplies_open_location", "location_id", "expected_at", postgresql_where=text("closed_at IS NULL")),
    Index("ix_supplies_purchase_order_id", "purchase_order_id", postgresql_where=text("purchase_order_id IS NOT NULL")),
    Index("ix_supplies_transfer_id", "transfer_id", postgresql_where=text("transfer_id IS NOT NULL")),
    Index(
        "uq_supplies_backorder",
        "variant_id",
        "location_id",
        unique=True,
        postgresql_where=text("kind = 'BACKORDER' AND closed_at IS NULL"),
    ),
)
