"""Tables of tax rates by country, per channel."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, Uuid

from app.kernel.columns import id_column
from app.kernel.metadata import metadata

tax_rates = Table(
    "tax_rates",
    metadata,
    id_column(),
    Column("channel_id", Uuid, ForeignKey("channels.id"), nullable=False),
    Column("country", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("rate_basis_points", Integer, nullable=False, comment="2000 is 20 %"),
    CheckConstraint("rate_basis_points BETWEEN 0 AND 10000", name="rate_basis_points"),
    Index("uq_tax_rates_country", "channel_id", "country", unique=True),
)
