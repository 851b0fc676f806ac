"""Tables of fulfillment orders (the work of one location by one delivery method) and shipments."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)

from app.delivery.states import DeliveryMethod
from app.fulfillment.states import FulfillmentOrderStatus, RejectionReason, ShipmentStatus
from app.kernel.columns import id_column, instant, not_negative, one_of
from app.kernel.metadata import metadata

fulfillment_orders = Table(
    "fulfillment_orders",
    metadata,
    id_column(),
    Column("number", Text, nullable=False, unique=True),
    Column("order_id", Uuid, ForeignKey("orders.id"), nullable=False),
    Column("location_id", Uuid, ForeignKey("locations.id"), nullable=False),
    Column("predecessor_id", Uuid, ForeignKey("fulfillment_orders.id"), comment="whose rejected or short work this is"),
    Column("method", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("rejection_reason", Text),
    Column("note", Text),
    instant("due_at"),
    instant("created_at"),
    instant("updated_at"),
    one_of("method", DeliveryMethod),
    one_of("status", FulfillmentOrderStatus),
    one_of("rejection_reason", RejectionReason),
    Index("ix_fulfillment_orders_order_id", "order_id", "id"),
    Index(
        "ix_fulfillment_orders_queue",
        "location_id",
        "due_at",
        "id",
        postgresql_where=text("status NOT IN ('FULFILLED', 'REJECTED', 'CANCELLED')"),
    ),
    Index("ix_fulfillment_orders_location_id", "location_id", "due_at", "id"),
    Index("ix_fulfillment_orders_due_at", "due_at", "id"),
)

fulfillment_order_lines = Table(
    "fulfillment_order_lines",
    metadata,
    id_column(),
    Column("fulfillment_order_id", Uuid, ForeignKey("fulfillment_orders.id"), nullable=False),
    Column("order_line_id", Uuid, ForeignKey("order_lines.id"), nullable=False),
    Column("variant_id", Uuid, ForeignKey("variants.id"), nullable=False),
    Column("sku", Text, nullable=False),
    Column("product_name", Text, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("picked", Integer, nullable=False, server_default="0"),
    Column("packed", Integer, nullable=False, server_default="0"),
    Column("fulfilled", Integer, nullable=False, server_default="0"),
    Column("rejected", Integer, nullable=False, server_default="0"),
    Column("cancelled", Integer, nullable=False, server_default="0"),
    CheckConstraint("quantity > 0", name="quantity"),
    *not_negative("picked", "packed", "fulfilled", "rejected", "cancelled"),
    CheckConstraint("fulfilled <= packed AND packed <= picked", name="steps_in_order"),
    CheckConstraint("greatest(picked, fulfilled) + rejected <= quantity", name="picked_of_quantity"),
    CheckConstraint("fulfilled + rejected + cancelled <= quantity", name="outcomes_of_quantity"),
    Index("uq_fulfillment_order_lines_line", "fulfillment_order_id", "order_line_id", unique=True),
    Index("ix_fulfillment_order_lines_order_line_id", "order_line_id"),
)

shipments = Table(
    "shipments",
    metadata,
    id_column(),
    Column("fulfillment_order_id", Uuid, ForeignKey("fulfillment_orders.id"), nullable=False),
    Column("carrier", Text),
    Column("tracking_number", Text),
    Column("tracking_url", Text),
    Column("status", Text, nullable=False),
    instant("shipped_at"),
    instant("delivered_at", nullable=True),
    one_of("status", ShipmentStatus),
    Index("ix_shipments_fulfillment_order_id", "fulfillment_order_id", "id"),
)

shipment_lines = Table(
    "shipment_lines",
    metadata,
    Column("shipment_id", Uuid, ForeignKey("shipments.id"), nullable=False),
    Column("fulfillment_order_line_id", Uuid, ForeignKey("fulfillment_order_lines.id"), nullable=False),
    Column("quantity", Integer, nullable=False),
    PrimaryKeyConstraint("shipment_id", "fulfillment_order_line_id"),
    CheckConstraint("quantity > 0", name="quantity"),
)
