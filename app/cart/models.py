"""Tables of carts: what a shopper intends, freely changed until it is ordered."""

from sqlalchemy import (
    ARRAY,
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
from sqlalchemy.dialects.postgresql import JSONB

from app.cart.states import CartStatus
from app.delivery.states import DeliveryMethod
from app.kernel.columns import id_column, instant, one_of
from app.kernel.metadata import metadata

#: What makes texts of up to 500 characters comparable in an index, whose entries may not be that long; null stays null.
#: The cast reads backslashes as escapes, so they are written twice.
NOTE_DIGEST = r"sha256(replace(note, '\', '\\')::bytea)"
GIFT_MESSAGE_DIGEST = NOTE_DIGEST.replace("note", "gift_message")

carts = Table(
    "carts",
    metadata,
    id_column(),
    Column("channel_id", Uuid, ForeignKey("channels.id"), nullable=False),
    Column("customer_id", Uuid, ForeignKey("customers.id")),
    Column("status", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("currency", Text, nullable=False),
    Column("email", Text),
    Column("shipping_address", JSONB),
    Column("billing_address", JSONB),
    Column("promotion_codes", ARRAY(Text), nullable=False),
    Column("token_generation", Integer, nullable=False, server_default="0"),
    Column(
        "recovery_generation", Integer, nullable=False, server_default="0", comment="which recovery link is the last"
    ),
    Column("attempt_id", Uuid, comment="the live checkout attempt; opaque, as checkout stands above"),
    Column("created_by", Text, nullable=False),
    instant("created_at"),
    instant("updated_at"),
    instant("reserved_until", nullable=True),
    instant("expires_at", nullable=True),
    one_of("status", CartStatus),
    CheckConstraint("version > 0", name="version"),
    # A guest's cart always ends some day, and one that became something else does not expire any more.
    CheckConstraint(
        "CASE status WHEN 'ACTIVE' THEN customer_id IS NOT NULL OR expires_at IS NOT NULL"
        " WHEN 'EXPIRED' THEN expires_at IS NOT NULL ELSE expires_at IS NULL END",
        name="expiry",
    ),
    Index(
        "uq_carts_customer_active",
        "customer_id",
        "channel_id",
        unique=True,
        postgresql_where=text("status = 'ACTIVE' AND customer_id IS NOT NULL"),
    ),
    Index("ix_carts_expires_at", "expires_at", postgresql_where=text("status = 'ACTIVE'")),
)

cart_lines = Table(
    "cart_lines",
    metadata,
    id_column(),
    Column("cart_id", Uuid, ForeignKey("carts.id", ondelete="CASCADE"), nullable=False),
    Column("variant_id", Uuid, ForeignKey("variants.id"), nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("delivery", Text, nullable=False),
    Column("store_id", Uuid, ForeignKey("locations.id")),
    instant("created_at"),
    Column("note", Text, comment="for the shop"),
    Column("gift_message", Text, comment="for whoever gets it"),
    one_of("delivery", DeliveryMethod),
    CheckConstraint("quantity BETWEEN 1 AND 10000", name="quantity"),
    CheckConstraint("char_length(note) BETWEEN 1 AND 500", name="note"),
    CheckConstraint("char_length(gift_message) BETWEEN 1 AND 500", name="gift_message"),
    CheckConstraint("(delivery = 'SHIPPING') = (store_id IS NULL)", name="store"),
    Index(
        "uq_cart_lines_same",
        "cart_id",
        "variant_id",
        "delivery",
        "store_id",
        text(NOTE_DIGEST),
        text(GIFT_MESSAGE_DIGEST),
        unique=True,
        postgresql_nulls_not_distinct=True,
    ),
)

cart_selections = Table(
    "cart_selections",
    metadata,
    Column("cart_id", Uuid, ForeignKey("carts.id", ondelete="CASCADE"), nullable=False),
    Column("group_id", Uuid, nullable=False, comment="derived from cart, method and store"),
    Column("option_id", Uuid, ForeignKey("delivery_options.id"), nullable=False),
    instant("slot_starts_at", nullable=True),
    PrimaryKeyConstraint("cart_id", "group_id"),
)
