"""Tables of stock: levels with their counters, the movement ledger, and reservations."""

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

from app.inventory.states import Bucket, MovementReason, ReservationState
from app.kernel.columns import id_column, instant, not_negative, one_of
from app.kernel.metadata import metadata

levels = Table(
    "levels",
    metadata,
    Column("variant_id", Uuid, ForeignKey("variants.id"), nullable=False),
    Column("location_id", Uuid, ForeignKey("locations.id"), nullable=False),
    Column("sellable", Integer, nullable=False, server_default="0"),
    Column("damaged", Integer, nullable=False, server_default="0"),
    Column("quality", Integer, nullable=False, server_default="0"),
    Column("soft", Integer, nullable=False, server_default="0"),
    Column("firm", Integer, nullable=False, server_default="0"),
    Column("safety_stock", Integer, nullable=False, server_default="0"),
    PrimaryKeyConstraint("variant_id", "location_id"),
    *not_negative("sellable", "damaged", "quality", "soft", "firm", "safety_stock"),
    CheckConstraint("sellable - soft - firm >= 0", name="never_oversold"),
    Index("ix_levels_location_id", "location_id", "variant_id"),
    # Every sale updates a row in place: room on the page keeps the update from touching indexes.
    postgresql_with={"fillfactor": "70"},
)

movements = Table(
    "movements",
    metadata,
    id_column(),
    Column("variant_id", Uuid, nullable=False),
    Column("location_id", Uuid, nullable=False),
    Column("bucket", Text, nullable=False),
    Column("delta", Integer, nullable=False),
    Column("balance", Integer, nullable=False, comment="of the bucket, afterwards"),
    Column("reason", Text, nullable=False),
    Column("cause_kind", Text, nullable=False, comment="order, return, feed, adjustment"),
    Column("cause_id", Uuid),
    Column("actor", Text, nullable=False),
    instant("at"),
    one_of("bucket", Bucket),
    one_of("reason", MovementReason),
    CheckConstraint("delta <> 0", name="delta_not_zero"),
    CheckConstraint("balance >= 0", name="balance_not_negative"),
    Index("ix_movements_level", "variant_id", "location_id", "id"),
    Index("ix_movements_cause_id", "cause_id", postgresql_where=text("cause_id IS NOT NULL")),
)

reservations = Table(
    "reservations",
    metadata,
    id_column(),
    Column("variant_id", Uuid, nullable=False),
    Column("location_id", Uuid, nullable=False),
    Column("state", Text, nullable=False),
    Column("reserved", Integer, nullable=False, comment="units promised at first"),
    Column("quantity", Integer, nullable=False, comment="units still promised; what was released or went is off"),
    Column("demand_id", Uuid, nullable=False, comment="checkout attempt while soft, order when firm; opaque"),
    Column("line_id", Uuid, nullable=False, comment="cart line while soft, order line when firm; opaque"),
    instant("created_at"),
    instant("expires_at", nullable=True),
    instant("closed_at", nullable=True),
    one_of("state", ReservationState),
    CheckConstraint("reserved > 0", name="reserved"),
    CheckConstraint("quantity >= 0 AND quantity <= reserved", name="quantity"),
    CheckConstraint("(state = 'SOFT') = (expires_at IS NOT NULL)", name="soft_expires"),
    CheckConstraint("(state IN ('SOFT', 'FIRM')) = (closed_at IS NULL)", name="closed"),
    CheckConstraint("(quantity > 0) = (state IN ('SOFT', 'FIRM'))", name="open_units"),
    Index("ix_reservations_open_demand", "demand_id", postgresql_where=text("closed_at IS NULL")),
    Index("ix_reservations_open_level", "variant_id", "location_id", postgresql_where=text("closed_at IS NULL")),
    Index("ix_reservations_expiry", "expires_at", postgresql_where=text("state = 'SOFT'")),
    Index("uq_reservations_firm_line", "line_id", "location_id", unique=True, postgresql_where=text("state = 'FIRM'")),
)
