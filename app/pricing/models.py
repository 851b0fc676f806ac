"""Tables of prices: price lists and which channel sells by which."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, PrimaryKeyConstraint, SmallInteger, Table, Text, Uuid

from app.kernel.columns import id_column, minor
from app.kernel.metadata import metadata

price_lists = Table(
    "price_lists",
    metadata,
    id_column(),
    Column("code", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("currency", Text, nullable=False),
    CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
)

channel_price_lists = Table(
    "channel_price_lists",
    metadata,
    Column("channel_id", Uuid, ForeignKey("channels.id"), nullable=False),
    Column("price_list_id", Uuid, ForeignKey("price_lists.id"), nullable=False),
    Column("priority", SmallInteger, nullable=False, comment="the lowest number that has a price wins"),
    PrimaryKeyConstraint("channel_id", "price_list_id"),
    Index("uq_channel_price_lists_priority", "channel_id", "priority", unique=True),
)

prices = Table(
    "prices",
    metadata,
    Column("price_list_id", Uuid, ForeignKey("price_lists.id"), nullable=False),
    Column("variant_id", Uuid, ForeignKey("variants.id"), nullable=False),
    minor("amount_minor"),
    minor("list_amount_minor", nullable=True),
    PrimaryKeyConstraint("variant_id", "price_list_id"),
    CheckConstraint("amount_minor >= 0", name="amount_minor_not_negative"),
    CheckConstraint("list_amount_minor > amount_minor", name="list_amount_above_amount"),
    Index("ix_prices_price_list_id", "price_list_id", "amount_minor"),
)
