"""Tables of checkout attempts: one live one per cart, with the snapshot that the order is built from."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from app.checkout.states import AttemptStatus
from app.kernel.columns import id_column, instant, minor, one_of
from app.kernel.metadata import metadata

attempts = Table(
    "checkout_attempts",
    metadata,
    id_column(),
    Column("cart_id", Uuid, ForeignKey("carts.id"), nullable=False),
    Column("cart_version", Integer, nullable=False),
    Column("order_id", Uuid, ForeignKey("orders.id")),
    Column("status", Text, nullable=False),
    Column("currency", Text, nullable=False),
    minor("total_minor"),
    Column("snapshot", JSONB, comment="lines, prices, addresses and plan, frozen; emptied when the attempt has ended"),
    Column("key_scope", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("failure_code", Text),
    Column("failure", Text),
    instant("created_at"),
    instant("updated_at"),
    instant("worked_until", nullable=True),
    one_of("status", AttemptStatus),
    CheckConstraint("(status = 'PLACED') = (order_id IS NOT NULL)", name="placed_has_order"),
    CheckConstraint("total_minor >= 0", name="total_minor_not_negative"),
    Index(
        "uq_checkout_attempts_live",
        "cart_id",
        unique=True,
        postgresql_where=text("status IN ('PRICED', 'AUTHORIZING', 'ACTION_REQUIRED', 'UNKNOWN')"),
    ),
    Index(
        "ix_checkout_attempts_unfinished",
        "worked_until",
        postgresql_where=text("status IN ('PRICED', 'AUTHORIZING', 'ACTION_REQUIRED', 'UNKNOWN')"),
    ),
    Index("ix_checkout_attempts_key", "key_scope", "key"),
)
