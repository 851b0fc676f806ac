"""Tables of counts: what people found on the shelves, beside what the ledger said at that moment."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from app.inventory.states import Bucket, CountStatus
from app.kernel.columns import id_column, instant, not_negative, one_of
from app.kernel.metadata import metadata

counts = Table(
    "counts",
    metadata,
    id_column(),
    Column("number", Text, nullable=False, unique=True),
    Column("location_id", Uuid, ForeignKey("locations.id"), nullable=False),
    Column("bucket", Text, nullable=False),
    Column("blind", Boolean, nullable=False, comment="who counts does not see what is expected"),
    Column("status", Text, nullable=False),
    Column("note", Text),
    instant("created_at"),
    instant("updated_at"),
    instant("closed_at", nullable=True),
    one_of("bucket", Bucket),
    one_of("status", CountStatus),
    CheckConstraint("char_length(note) <= 500", name="note"),
    Index("ix_counts_location_id", "location_id", "id"),
)

count_lines = Table(
    "count_lines",
    metadata,
    id_column(),
    Column("count_id", Uuid, ForeignKey("counts.id"), nullable=False),
    Column("variant_id", Uuid, ForeignKey("variants.id"), nullable=False),
    Column("expected", Integer, comment="the bucket's balance at the moment of counting"),
    Column("counted", Integer),
    instant("counted_at", nullable=True),
    Column("counted_by", Text, comment="the actor's label, never a name"),
    Column("recounts", Integer, nullable=False, server_default="0"),
    Column("recount_asked", Boolean, nullable=False, server_default=text("false")),
    Column("posted", Integer, comment="units that posting added or took away"),
    UniqueConstraint("count_id", "variant_id"),
    *not_negative("expected", "counted", "recounts"),
    CheckConstraint(
        "num_nulls(expected, counted, counted_at, counted_by) IN (0, 4)", name="counted_against_what_was_expected"
    ),
    CheckConstraint("posted IS NULL OR posted = counted - expected", name="posted_is_the_variance"),
)
