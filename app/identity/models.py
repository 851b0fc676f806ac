"""Tables of log-ins: who may enter, with which roles, and the refresh tokens that are out."""

from sqlalchemy import (
    ARRAY,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
)

from app.identity.rules.roles import Role
from app.kernel.columns import id_column, instant
from app.kernel.metadata import metadata

_ROLES = ", ".join(f"'{role}'" for role in Role)

users = Table(
    "users",
    metadata,
    id_column(),
    Column("email", Text, nullable=False, unique=True, comment="lower case"),
    Column("password_hash", Text, nullable=False, comment="argon2id"),
    Column("roles", ARRAY(Text), nullable=False),
    Column("every_location", Boolean, nullable=False, comment="works at all locations, also those to come"),
    Column("customer_id", Uuid, comment="the customer this log-in is too; an opaque id, as customers stand above"),
    Column("demo", Boolean, nullable=False, comment="a sample log-in, refused outside demo data"),
    instant("created_at"),
    instant("disabled_at", nullable=True),
    CheckConstraint("email = lower(email)", name="email_lower"),
    CheckConstraint(f"roles <@ ARRAY[{_ROLES}] AND cardinality(roles) > 0", name="roles"),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    id_column(),
    Column("user_id", Uuid, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("family_id", Uuid, nullable=False, comment="one log-in; a token used twice revokes its whole family"),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    instant("issued_at"),
    instant("expires_at"),
    instant("used_at", nullable=True),
    instant("revoked_at", nullable=True),
    Index("ix_refresh_tokens_family_id", "family_id"),
    Index("ix_refresh_tokens_user_id", "user_id"),
    Index("ix_refresh_tokens_expires_at", "expires_at"),
)

login_attempts = Table(
    "login_attempts",
    metadata,
    Column("email_hash", Text, primary_key=True, comment="keyed hash, so that unknown addresses are not collected"),
    Column("failures", Integer, nullable=False),
    instant("window_started_at"),
    CheckConstraint("failures >= 0", name="failures_not_negative"),
    Index("ix_login_attempts_window_started_at", "window_started_at"),
)
