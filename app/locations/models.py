"""Tables of locations: places that hold or hand out stock, their hours, their channels, and who works there."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Float,
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
from sqlalchemy.dialects.postgresql import JSONB

from app.kernel.columns import id_column, instant, one_of
from app.kernel.metadata import metadata
from app.locations.states import LocationKind, PickupSupply

locations = Table(
    "locations",
    metadata,
    id_column(),
    Column("code", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("address", JSONB, comment="a place of business, not personal data"),
    Column("latitude", Float),
    Column("longitude", Float),
    Column("timezone", Text, nullable=False),
    Column("pickup_enabled", Boolean, nullable=False),
    Column("pickup_lead_minutes", Integer, nullable=False, comment="open minutes from order to ready"),
    Column("pickup_slot_capacity", Integer, nullable=False, comment="pickups an hour can take"),
    Column("pickup_hold_days", Integer, nullable=False, comment="how long goods wait for their customer"),
    Column("pickup_supply", Text, nullable=False, server_default="OWN", comment="where its pickups' goods come from"),
    instant("created_at"),
    instant("archived_at", nullable=True),
    one_of("kind", LocationKind),
    one_of("pickup_supply", PickupSupply),
    CheckConstraint("latitude BETWEEN -90 AND 90", name="latitude"),
    CheckConstraint("longitude BETWEEN -180 AND 180", name="longitude"),
    CheckConstraint("pickup_lead_minutes >= 0", name="pickup_lead_minutes"),
    CheckConstraint("pickup_slot_capacity > 0", name="pickup_slot_capacity"),
    CheckConstraint("pickup_hold_days > 0", name="pickup_hold_days"),
    CheckConstraint("kind <> 'STORE' OR address IS NOT NULL", name="store_has_address"),
)

opening_hours = Table(
    "opening_hours",
    metadata,
    Column("location_id", Uuid, ForeignKey("locations.id"), nullable=False),
    Column("day", SmallInteger, nullable=False, comment="0 = Monday"),
    Column("opens_minute", SmallInteger, nullable=False, comment="minutes after local midnight"),
    Column("closes_minute", SmallInteger, nullable=False, comment="over 1440 when it closes after midnight"),
    PrimaryKeyConstraint("location_id", "day", "opens_minute"),
    CheckConstraint("day BETWEEN 0 AND 6", name="day"),
    CheckConstraint("opens_minute BETWEEN 0 AND 1439", name="opens_minute"),
    CheckConstraint("closes_minute > opens_minute AND closes_minute <= opens_minute + 1440", name="closes_minute"),
)

channel_locations = Table(
    "channel_locations",
    metadata,
    Column("channel_id", Uuid, ForeignKey("channels.id"), nullable=False),
    Column("location_id", Uuid, ForeignKey("locations.id"), nullable=False),
    Column("ships", Boolean, nullable=False, comment="supplies shipments of this channel"),
    Column("hands_out", Boolean, nullable=False, comment="offers pickup or carry-out to this channel"),
    Column(
        "own", Boolean, nullable=False, server_default=text("true"), comment="said of this location; else by its groups"
    ),
    PrimaryKeyConstraint("channel_id", "location_id"),
    Index("ix_channel_locations_location_id", "location_id"),
)

location_groups = Table(
    "location_groups",
    metadata,
    id_column(),
    Column("code", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    instant("created_at"),
)

location_group_members = Table(
    "location_group_members",
    metadata,
    Column("group_id", Uuid, ForeignKey("location_groups.id"), nullable=False),
    Column("location_id", Uuid, ForeignKey("locations.id"), nullable=False),
    PrimaryKeyConstraint("group_id", "location_id"),
    Index("ix_location_group_members_location_id", "location_id"),
)

#: What a group's members do for a channel. `channel_locations` holds what follows from it, so that reads never ask here.
channel_location_groups = Table(
    "channel_location_groups",
    metadata,
    Column("channel_id", Uuid, ForeignKey("channels.id"), nullable=False),
    Column("group_id", Uuid, ForeignKey("location_groups.id"), nullable=False),
    Column("ships", Boolean, nullable=False),
    Column("hands_out", Boolean, nullable=False),
    PrimaryKeyConstraint("channel_id", "group_id"),
    Index("ix_channel_location_groups_group_id", "group_id"),
)

transfer_lanes = Table(
    "transfer_lanes",
    metadata,
    Column("from_location_id", Uuid, ForeignKey("locations.id"), nullable=False),
    Column("to_location_id", Uuid, ForeignKey("locations.id"), nullable=False),
    Column("lead_minutes", Integer, nullable=False, comment="from the request to the goods being there"),
    PrimaryKeyConstraint("to_location_id", "from_location_id"),
    CheckConstraint("from_location_id <> to_location_id", name="goes_somewhere"),
    CheckConstraint("lead_minutes > 0", name="lead_minutes"),
    Index("ix_transfer_lanes_from_location_id", "from_location_id"),
)

#: Where postal codes are, as imported; those of the US come with the package.
postal_codes = Table(
    "postal_codes",
    metadata,
    Column("country", Text, nullable=False),
    Column("code", Text, nullable=False, comment="upper case, without blanks and hyphens"),
    Column("latitude", Float, nullable=False),
    Column("longitude", Float, nullable=False),
    PrimaryKeyConstraint("country", "code"),
    CheckConstraint("country ~ '^[A-Z]{2}$'", name="country"),
    CheckConstraint("code ~ '^[A-Z0-9]{1,12}$'", name="code"),
    CheckConstraint("latitude BETWEEN -90 AND 90", name="latitude"),
    CheckConstraint("longitude BETWEEN -180 AND 180", name="longitude"),
)

staff_locations = Table(
    "staff_locations",
    metadata,
    Column("user_id", Uuid, ForeignKey("users.id"), nullable=False),
    Column("location_id", Uuid, ForeignKey("locations.id"), nullable=False),
    PrimaryKeyConstraint("user_id", "location_id"),
    Index("ix_staff_locations_location_id", "location_id"),
)
