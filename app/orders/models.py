"""Tables of orders: the placed agreement with its prices frozen, and the quantities of each line."""

from sqlalchemy import (
    ARRAY,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.channels.states import CaptureAt, CaptureDelivery
from app.delivery.states import DeliveryMethod
from app.kernel.columns import id_column, instant, minor, not_negative, one_of
from app.kernel.metadata import metadata
from app.orders.states import FulfillmentStatus, HoldReason, HoldStatus, OrderPaymentStatus, OrderStatus, ReturnProgress

orders = Table(
    "orders",
    metadata,
    id_column(),
    Column("number", Text, nullable=False, unique=True),
    Column("channel_id", Uuid, ForeignKey("channels.id"), nullable=False),
    Column("cart_id", Uuid, ForeignKey("carts.id"), nullable=False, unique=True),
    Column("customer_id", Uuid, ForeignKey("customers.id")),
    Column("email", Text),
    Column("currency", Text, nullable=False),
    Column("tax_included", Boolean, nullable=False),
    Column("status", Text, nullable=False),
    Column("payment_status", Text, nullable=False),
    Column("fulfillment_status", Text, nullable=False),
    Column("return_status", Text, nullable=False),
    Column("started", Boolean, nullable=False, comment="some location has taken work up"),
    Column("shipping_address", JSONB),
    Column("billing_address", JSONB),
    minor("subtotal_minor"),
    minor("discount_minor"),
    minor("delivery_minor"),
    minor("tax_minor"),
    minor("total_minor"),
    Column("token_generation", Integer, nullable=False, server_default="0"),
    instant("placed_at"),
    instant("updated_at"),
    Column("capture_at", Text, nullable=False, server_default="SHIPMENT", comment="when its money is taken"),
    Column(
        "capture_delivery", Text, nullable=False, server_default="FIRST", comment="with which goods delivery is charged"
    ),
    one_of("status", OrderStatus),
    one_of("capture_at", CaptureAt),
    one_of("capture_delivery", CaptureDelivery),
    one_of("payment_status", OrderPaymentStatus),
    one_of("fulfillment_status", FulfillmentStatus),
    one_of("return_status", ReturnProgress),
    *not_negative("subtotal_minor", "discount_minor", "delivery_minor", "tax_minor", "total_minor"),
    CheckConstraint(
        "total_minor = subtotal_minor - discount_minor + delivery_minor + CASE WHEN tax_included THEN 0 ELSE tax_minor END",
        name="total_adds_up",
    ),
    Index("ix_orders_placed_at", "placed_at", "id"),
    Index("ix_orders_total_minor", "total_minor", "id"),
    Index("ix_orders_customer_id", "customer_id", "placed_at", "id"),
    Index("ix_orders_status", "status", "placed_at", "id"),
    Index("ix_orders_email", "email"),
)

order_lines = Table(
    "order_lines",
    metadata,
    id_column(),
    Column("order_id", Uuid, ForeignKey("orders.id"), nullable=False),
    Column("position", SmallInteger, nullable=False),
    Column("variant_id", Uuid, ForeignKey("variants.id"), nullable=False),
    Column("product_name", Text, nullable=False),
    Column("sku", Text, nullable=False),
    Column("options", JSONB, nullable=False),
    Column("delivery", Text, nullable=False),
    Column("store_id", Uuid, ForeignKey("locations.id")),
    Column("ordered", Integer, nullable=False),
    Column("unallocated", Integer, nullable=False),
    Column("backordered", Integer, nullable=False),
    Column("allocated", Integer, nullable=False),
    Column("fulfilled", Integer, nullable=False),
    Column("cancelled", Integer, nullable=False),
    Column("returned", Integer, nullable=False),
    minor("unit_price_minor"),
    minor("subtotal_minor"),
    minor("discount_minor"),
    minor("tax_minor"),
    minor("total_minor"),
    Column("discounts", JSONB, nullable=False, comment="[{name, code, amount_minor}], adding up to discount_minor"),
    Column("tax_included", Boolean, nullable=False),
    Column("bundle_id", Uuid, ForeignKey("variants.id"), comment="the bundle that was bought, of which this is a part"),
    Column(
        "gift_card",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="each unit becomes a gift card once it has left; as it was when it was bought",
    ),
    one_of("delivery", DeliveryMethod),
    CheckConstraint("ordered > 0", name="ordered"),
    *not_negative("unallocated", "backordered", "allocated", "fulfilled", "cancelled", "returned"),
    CheckConstraint(
        "ordered = cancelled + unallocated + backordered + allocated + fulfilled", name="quantities_add_up"
    ),
    CheckConstraint("returned <= fulfilled", name="returned_of_fulfilled"),
    CheckConstraint("subtotal_minor = unit_price_minor * ordered", name="subtotal_adds_up"),
    CheckConstraint(
        "total_minor = subtotal_minor - discount_minor + CASE WHEN tax_included THEN 0 ELSE tax_minor END",
        name="total_adds_up",
    ),
    *not_negative("unit_price_minor", "discount_minor", "tax_minor", "total_minor"),
    Index("uq_order_lines_position", "order_id", "position", unique=True),
    # Few lines wait for a location, and they are looked for by what has come.
    Index("ix_order_lines_unallocated", "variant_id", postgresql_where=text("unallocated > 0")),
)

order_deliveries = Table(
    "order_deliveries",
    metadata,
    id_column(),
    Column("order_id", Uuid, ForeignKey("orders.id"), nullable=False),
    Column("method", Text, nullable=False),
    Column("store_id", Uuid, ForeignKey("locations.id")),
    Column("option_code", Text, nullable=False),
    Column("option_name", Text, nullable=False),
    minor("price_minor"),
    minor("discount_minor"),
    minor("tax_minor"),
    minor("total_minor"),
    Column("discounts", JSONB, nullable=False),
    one_of("method", DeliveryMethod),
    *not_negative("price_minor", "discount_minor", "tax_minor", "total_minor"),
    Index("ix_order_deliveries_order_id", "order_id"),
)

order_events = Table(
    "order_events",
    metadata,
    id_column(),
    Column("order_id", Uuid, ForeignKey("orders.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("actor", Text, nullable=False),
    instant("at"),
    Index("ix_order_events_order_id", "order_id", "id"),
)

order_holds = Table(
    "order_holds",
    metadata,
    id_column(),
    Column("order_id", Uuid, ForeignKey("orders.id"), nullable=False),
    Column("reason", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("blocks", ARRAY(Text), nullable=False, comment="names of the mutations that are refused meanwhile"),
    Column("status", Text, nullable=False),
    Column("applied_by", Text, nullable=False),
    instant("applied_at"),
    Column("ended_by", Text),
    instant("ended_at", nullable=True),
    one_of("reason", HoldReason),
    one_of("status", HoldStatus),
    CheckConstraint("(status = 'APPLIED') = (ended_at IS NULL)", name="ended"),
    Index("ix_order_holds_order_id", "order_id", "id"),
    Index("uq_order_holds_applied", "order_id", "reason", unique=True, postgresql_where=text("status = 'APPLIED'")),
)
