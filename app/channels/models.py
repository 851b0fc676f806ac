"""Tables of channels: where we sell."""

from sqlalchemy import ARRAY, Boolean, CheckConstraint, Column, Index, Integer, Table, Text, text

from app.kernel.columns import id_column, instant, not_negative
from app.kernel.metadata import metadata

channels = Table(
    "channels",
    metadata,
    id_column(),
    Column("code", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("tax_included", Boolean, nullable=False),
    Column("countries", ARRAY(Text), nullable=False, comment="where it delivers to"),
    Column("is_default", Boolean, nullable=False),
    Column("display_cap", Integer, comment="most units shown as available; null shows all"),
    Column("threshold", Integer, nullable=False, server_default="0", comment="units of each variant kept from selling"),
    Column("reservation_ttl_seconds", Integer, nullable=False, comment="how long checkout holds stock"),
    Column("return_window_days", Integer, nullable=False),
    instant("closed_at", nullable=True),
    CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
    CheckConstraint("display_cap > 0", name="display_cap"),
    CheckConstraint("reservation_ttl_seconds > 0", name="reservation_ttl_seconds"),
    *not_negative("threshold", "return_window_days"),
    Index("uq_channels_default", "is_default", unique=True, postgresql_where=text("is_default")),
)
