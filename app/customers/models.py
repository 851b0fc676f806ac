"""Tables of customers: the parties that buy, and their address books."""

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from app.kernel.columns import id_column, instant
from app.kernel.metadata import metadata

customers = Table(
    "customers",
    metadata,
    id_column(),
    Column("user_id", Uuid, ForeignKey("users.id"), unique=True, comment="null for a customer who never logs in"),
    Column("email", Text),
    Column("phone", Text),
    Column("first_name", Text),
    Column("last_name", Text),
    instant("created_at"),
    instant("erased_at", nullable=True),
    CheckConstraint("email = lower(email)", name="email_lower"),
    Index("uq_customers_email", "email", unique=True, postgresql_where=text("email IS NOT NULL")),
)

customer_addresses = Table(
    "customer_addresses",
    metadata,
    id_column(),
    Column("customer_id", Uuid, ForeignKey("customers.id"), nullable=False),
    Column("address", JSONB, nullable=False),
    Column("default_shipping", Boolean, nullable=False),
    Column("default_billing", Boolean, nullable=False),
    instant("created_at"),
    Index("ix_customer_addresses_customer_id", "customer_id"),
    Index("uq_customer_addresses_shipping", "customer_id", unique=True, postgresql_where=text("default_shipping")),
    Index("uq_customer_addresses_billing", "customer_id", unique=True, postgresql_where=text("default_billing")),
)
