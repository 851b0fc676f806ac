"""Tables of store pickups and the places in their hours."""

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

from app.kernel.columns import id_column, instant, not_negative, one_of
from app.kernel.metadata import metadata
from app.pickup.states import PickupStatus

pickups = Table(
    "pickups",
    metadata,
    id_column(),
    Column("fulfillment_order_id", Uuid, ForeignKey("fulfillment_orders.id"), nullable=False, unique=True),
    Column("order_id", Uuid, ForeignKey("orders.id"), nullable=False),
    Column("store_id", Uuid, ForeignKey("locations.id"), nullable=False),
    Column("status", Text, nullable=False),
    instant("slot_starts_at", nullable=True),
    instant("slot_ends_at", nullable=True),
    instant("ready_by", nullable=True),
    instant("ready_at", nullable=True),
    instant("collect_by", nullable=True),
    instant("collected_at", nullable=True),
    Column("code_generation", Integer, nullable=False, server_default="0"),
    Column("code_hash", Text, comment="keyed hash of the live code, unique at the counter of a store"),
    Column("code_attempts", Integer, nullable=False, server_default="0"),
    Column("collected_by", Text),
    Column("spot", Text),
    Column("vehicle", Text),
    instant("created_at"),
    instant("updated_at"),
    one_of("status", PickupStatus),
    *not_negative("code_generation", "code_attempts"),
    CheckConstraint("(status = 'COLLECTED') = (collected_at IS NOT NULL)", name="collected"),
    Index("ix_pickups_order_id", "order_id"),
    Index(
        "uq_pickups_live_code",
        "store_id",
        "code_hash",
        unique=True,
        postgresql_where=text("status IN ('READY', 'EN_ROUTE', 'ARRIVED')"),
    ),
    Index("ix_pickups_collect_by", "collect_by", postgresql_where=text("status IN ('READY', 'EN_ROUTE', 'ARRIVED')")),
)

pickup_slots = Table(
    "pickup_slots",
    metadata,
    Column("store_id", Uuid, ForeignKey("locations.id"), nullable=False),
    instant("starts_at"),
    Column("capacity", Integer, nullable=False),
    Column("used", Integer, nullable=False),
    PrimaryKeyConstraint("store_id", "starts_at"),
    CheckConstraint("used >= 0 AND used <= capacity", name="used_of_capacity"),
)

code_attempts = Table(
    "pickup_code_attempts",
    metadata,
    Column("store_id", Uuid, ForeignKey("locations.id"), primary_key=True),
    Column("failures", Integer, nullable=False),
    instant("window_started_at"),
    *not_negative("failures"),
)
