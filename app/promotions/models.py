"""Tables of promotions: what is taken off, when, and by which code."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, Uuid, text

from app.kernel.columns import id_column, instant, minor, one_of
from app.kernel.metadata import metadata
from app.promotions.states import PromotionKind

promotions = Table(
    "promotions",
    metadata,
    id_column(),
    Column("channel_id", Uuid, ForeignKey("channels.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("code", Text, comment="upper case; null applies by itself"),
    Column("kind", Text, nullable=False),
    Column("percent", Integer, comment="for PERCENT_OFF: 1 to 100"),
    minor("amount_minor", nullable=True),
    minor("from_subtotal_minor"),
    instant("starts_at"),
    instant("ends_at", nullable=True),
    one_of("kind", PromotionKind),
    CheckConstraint("code = upper(code)", name="code_upper"),
    CheckConstraint("(kind = 'PERCENT_OFF') = (percent IS NOT NULL)", name="percent_given"),
    CheckConstraint("percent BETWEEN 1 AND 100", name="percent"),
    CheckConstraint("(kind = 'AMOUNT_OFF') = (amount_minor IS NOT NULL)", name="amount_given"),
    CheckConstraint("amount_minor > 0", name="amount_minor"),
    CheckConstraint("from_subtotal_minor >= 0", name="from_subtotal_minor"),
    CheckConstraint("ends_at > starts_at", name="ends_after_start"),
    Index("uq_promotions_code", "channel_id", "code", unique=True, postgresql_where=text("code IS NOT NULL")),
    Index("uq_promotions_automatic", "channel_id", "name", unique=True, postgresql_where=text("code IS NULL")),
)
