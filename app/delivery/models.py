"""Tables of delivery options: what each way of delivery costs and how long it takes."""

from sqlalchemy import ARRAY, CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, Uuid

from app.delivery.states import DeliveryMethod
from app.kernel.columns import id_column, minor, one_of
from app.kernel.metadata import metadata

delivery_options = Table(
    "delivery_options",
    metadata,
    id_column(),
    Column("channel_id", Uuid, ForeignKey("channels.id"), nullable=False),
    Column("code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("method", Text, nullable=False),
    minor("price_minor"),
    minor("free_from_minor", nullable=True),
    Column("countries", ARRAY(Text), comment="null delivers to every country of the channel"),
    Column("min_days", Integer, nullable=False),
    Column("max_days", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    one_of("method", DeliveryMethod),
    CheckConstraint("price_minor >= 0", name="price_minor_not_negative"),
    CheckConstraint("free_from_minor >= 0", name="free_from_minor_not_negative"),
    CheckConstraint("min_days >= 0 AND max_days >= min_days", name="days"),
    Index("uq_delivery_options_code", "channel_id", "code", unique=True),
)
