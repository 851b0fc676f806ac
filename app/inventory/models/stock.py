"""Tables of what is there: levels with their counters, the movement ledger, reservations, and rules of safety stock."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)

from app.inventory.states import Bucket, DemandKind, MovementReason, ReservationEnd, ReservationState
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
    Column("safety_stock", Integer, nullable=False, server_default="0", comment="in force: its own, else by rule"),
    Column("own_safety_stock", Integer, comment="set for this level by hand; null follows the rules"),
    Column("version", Integer, nullable=False, server_default="0", comment="physical changes so far"),
    instant("moved_at", nullable=True),
    PrimaryKeyConstraint("variant_id", "location_id"),
    *not_negative("sellable", "damaged", "quality", "soft", "firm", "safety_stock", "own_safety_stock"),
    CheckConstraint("sellable - soft - firm >= 0", name="never_oversold"),
    Index("ix_levels_location_id", "location_id", "variant_id"),
    # Every sale updates a row in place: room on the page keeps the update from touching indexes.
    postgresql_with={"fillfactor": "70"},
)

#: Partitioned by month. The key leads with the level, so that inserts spread over the index and a level's history lies
#: together, newest last: what it was at any moment is one step into the index.
movements = Table(
    "movements",
    metadata,
    Column("variant_id", Uuid, nullable=False),
    Column("location_id", Uuid, nullable=False),
    Column("bucket", Text, nullable=False),
    Column("level_version", Integer, nullable=False, comment="which physical change of its level this is part of"),
    Column("delta", Integer, nullable=False),
    Column("balance", Integer, nullable=False, comment="of the bucket, afterwards"),
    Column("reason", Text, nullable=False),
    Column("cause_kind", Text, nullable=False, comment="order, return, transfer, count, supply, adjustment, feed"),
    Column("cause_id", Uuid),
    Column("note", Text, comment="why, in the words of who did it; of goods, never of people"),
    Column("actor", Text, nullable=False),
    instant("at"),
    PrimaryKeyConstraint("variant_id", "location_id", "bucket", "at", "level_version"),
    one_of("bucket", Bucket),
    one_of("reason", MovementReason),
    CheckConstraint("delta <> 0", name="delta_not_zero"),
    CheckConstraint("balance >= 0", name="balance_not_negative"),
    CheckConstraint("char_length(note) <= 500", name="note"),
    Index("ix_movements_location_id", "location_id", "at"),
    Index("ix_movements_cause_id", "cause_id", postgresql_where=text("cause_id IS NOT NULL")),
    postgresql_partition_by="RANGE (at)",
)

#: Open promises alone: a reservation that ends leaves this table for `reservation_endings`, so what every sale touches
#: stays as small as what is promised now.
reservations = Table(
    "reservations",
    metadata,
    id_column(),
    Column("variant_id", Uuid, nullable=False),
    Column("location_id", Uuid, nullable=False),
    Column("supply_id", Uuid, ForeignKey("supplies.id"), comment="what it waits for; null when the units are there"),
    Column("state", Text, nullable=False),
    Column("quantity", Integer, nullable=False, comment="units still promised"),
    Column("demand_kind", Text, nullable=False),
    Column(
        "demand_id", Uuid, nullable=False, comment="cart, order (also while its checkout goes on) or transfer; opaque"
    ),
    Column("line_id", Uuid, nullable=False, comment="line of the cart, order or transfer; opaque"),
    Column("priority", SmallInteger, nullable=False, server_default="0", comment="higher is served first, broken last"),
    instant("created_at"),
    instant("expires_at", nullable=True),
    one_of("state", ReservationState),
    one_of("demand_kind", DemandKind),
    CheckConstraint("quantity > 0", name="quantity"),
    CheckConstraint("(state = 'SOFT') = (expires_at IS NOT NULL)", name="soft_expires"),
    Index("ix_reservations_demand_id", "demand_id"),
    Index("ix_reservations_level", "variant_id", "location_id"),
    Index("ix_reservations_supply_id", "supply_id", postgresql_where=text("supply_id IS NOT NULL")),
    Index("ix_reservations_expiry", "expires_at", postgresql_where=text("state = 'SOFT'")),
    Index(
        "uq_reservations_firm_line",
        "line_id",
        "location_id",
        unique=True,
        postgresql_where=text("state = 'FIRM' AND supply_id IS NULL"),
    ),
    Index(
        "uq_reservations_ahead_line",
        "line_id",
        "supply_id",
        unique=True,
        postgresql_where=text("state = 'FIRM' AND supply_id IS NOT NULL"),
    ),
    postgresql_with={"fillfactor": "80", "autovacuum_vacuum_scale_factor": "0.05"},
)

#: How promises ended, in whole or in part: append-only, partitioned by month, read by nobody who sells.
reservation_endings = Table(
    "reservation_endings",
    metadata,
    Column("reservation_id", Uuid, nullable=False),
    Column("variant_id", Uuid, nullable=False),
    Column("location_id", Uuid, nullable=False),
    Column("supply_id", Uuid),
    Column("ended", Text, nullable=False),
    Column("quantity", Integer, nullable=False, comment="units that this ended for"),
    Column("demand_kind", Text, nullable=False),
    Column("demand_id", Uuid, nullable=False),
    Column("line_id", Uuid, nullable=False),
    instant("created_at"),
    instant("ended_at"),
    one_of("ended", ReservationEnd),
    one_of("demand_kind", DemandKind),
    CheckConstraint("quantity > 0", name="quantity"),
    Index("ix_reservation_endings_demand_id", "demand_id", "ended_at"),
    postgresql_partition_by="RANGE (ended_at)",
)

safety_stock_rules = Table(
    "safety_stock_rules",
    metadata,
    id_column(),
    Column("category_id", Uuid, ForeignKey("categories.id"), comment="with all below it; null means every category"),
    Column("group_id", Uuid, ForeignKey("location_groups.id"), comment="null means every location"),
    Column("units", Integer, nullable=False),
    instant("updated_at"),
    *not_negative("units"),
    Index(
        "uq_safety_stock_rules_scope",
        "category_id",
        "group_id",
        unique=True,
        postgresql_nulls_not_distinct=True,
    ),
    Index("ix_safety_stock_rules_group_id", "group_id"),
)
