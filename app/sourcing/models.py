"""Tables of routing decisions: what was decided, from which candidates, by which rule."""

from sqlalchemy import Column, Index, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from app.kernel.columns import id_column, instant
from app.kernel.metadata import metadata

routing_decisions = Table(
    "routing_decisions",
    metadata,
    id_column(),
    Column("subject_id", Uuid, nullable=False, comment="the order routed; opaque, as orders stand above"),
    Column("cause", Text, nullable=False, comment="PLACEMENT, REJECTION or SHORT_PICK"),
    Column("rule", Text, nullable=False),
    Column("rule_version", Integer, nullable=False),
    Column("demand", JSONB, nullable=False, comment="lines and destination, without any address"),
    Column("candidates", JSONB, nullable=False, comment="each with its stock, its distance and why it lost"),
    Column("plan", JSONB, nullable=False),
    Column("actor", Text, nullable=False),
    instant("decided_at"),
    Index("ix_routing_decisions_subject_id", "subject_id", "id"),
)
