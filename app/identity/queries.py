"""Every statement about log-ins, refresh tokens and failed attempts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from app.identity import models  # noqa: F401  # The statements below are about these tables.
from app.identity.rules.roles import Role
from app.kernel.db import UnitOfWork
from app.kernel.ids import CustomerId, UserId, new_id
from app.kernel.sql import Session, rows, statement


@dataclass(frozen=True, slots=True)
class User:
    """A log-in."""

    id: UserId
    email: str
    password_hash: str = field(repr=False)
    roles: tuple[Role, ...]
    every_location: bool
    customer_id: CustomerId | None
    demo: bool
    disabled_at: datetime | None


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A refresh token that is or was out."""

    id: UUID
    user_id: UserId
    family_id: UUID
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Attempts:
    """How many log-ins of one e-mail address have failed since when."""

    failures: int
    window_started_at: datetime


@dataclass(frozen=True, slots=True)
class LogIn:
    """A log-in to be put in place. The hash is made by the caller, before the transaction."""

    email: str
    password_hash: str = field(repr=False)
    roles: tuple[Role, ...]
    every_location: bool = False
    demo: bool = False


_USER = "id, email, password_hash, roles, every_location, customer_id, demo, disabled_at"

_GET_USER_BY_EMAIL = rows(f"SELECT {_USER} FROM users WHERE email = :email", User)

_LOCK_USER = rows(f"SELECT {_USER} FROM users WHERE id = :id FOR NO KEY UPDATE", User)

_LOCK_USER_OF_TOKEN = rows(
    f"""
    SELECT {_USER} FROM users
    WHERE id = (SELECT user_id FROM refresh_tokens WHERE token_hash = :token_hash)
    FOR NO KEY UPDATE
    """,
    User,
)

_INSERT_USER = statement(
    """
    INSERT INTO users (id, email, password_hash, roles, every_location, customer_id, demo, created_at)
    VALUES (:id, :email, :password_hash, :roles, false, :customer_id, false, :now)
    ON CONFLICT (email) DO NOTHING
    """
)

#: Roles travel as one text each, because arrays of arrays cannot be unnested by row.
_PUT_USERS = rows(
    """
    INSERT INTO users (id, email, password_hash, roles, every_location, demo, created_at)
    SELECT id, email, password_hash, string_to_array(roles, ','), every_location, demo, :now::timestamptz
    FROM unnest(
        :ids::uuid[], :emails::text[], :hashes::text[], :roles::text[], :every_locations::bool[], :demos::bool[]
    ) AS log_in (id, email, password_hash, roles, every_location, demo)
    ORDER BY email
    ON CONFLICT (email) DO UPDATE SET
        password_hash = excluded.password_hash,
        roles = excluded.roles,
        every_location = excluded.every_location,
        demo = excluded.demo
    RETURNING id, email, password_hash, roles, every_location, customer_id, demo, disabled_at
    """,
    User,
)

_LINK_CUSTOMERS = statement(
    """
    UPDATE users SET customer_id = link.customer_id
    FROM unnest(:users::uuid[], :customers::uuid[]) AS link (user_id, customer_id)
    WHERE users.id = link.user_id
    """
)

_CHANGE_PASSWORD_HASH = statement("UPDATE users SET password_hash = :password_hash WHERE id = :id")

_GET_TOKEN = rows(
    "SELECT id, user_id, family_id, expires_at, used_at, revoked_at FROM refresh_tokens WHERE token_hash = :token_hash",
    RefreshToken,
)

_INSERT_TOKEN = statement(
    """
    INSERT INTO refresh_tokens (id, user_id, family_id, token_hash, issued_at, expires_at)
    VALUES (:id, :user_id, :family_id, :token_hash, :now, :expires_at)
    """
)

_USE_TOKEN = statement("UPDATE refresh_tokens SET used_at = :now WHERE id = :id")

_REVOKE_FAMILY = statement(
    "UPDATE refresh_tokens SET revoked_at = :now WHERE family_id = :family_id AND revoked_at IS NULL"
)

_GET_ATTEMPTS = rows("SELECT failures, window_started_at FROM login_attempts WHERE email_hash = :email_hash", Attempts)

_LOCK_ATTEMPTS = rows(
    "SELECT failures, window_started_at FROM login_attempts WHERE email_hash = :email_hash FOR UPDATE", Attempts
)

#: A failure after the window has ended starts the next one.
_COUNT_FAILURE = rows(
    """
    INSERT INTO login_attempts AS attempt (email_hash, failures, window_started_at) VALUES (:email_hash, 1, :now)
    ON CONFLICT (email_hash) DO UPDATE SET
        failures = CASE WHEN attempt.window_started_at > :window_start THEN attempt.failures + 1 ELSE 1 END,
        window_started_at =
            CASE WHEN attempt.window_started_at > :window_start THEN attempt.window_started_at ELSE :now END
    RETURNING failures, window_started_at
    """,
    Attempts,
)

_FORGET_ATTEMPTS = statement("DELETE FROM login_attempts WHERE email_hash = :email_hash")

_DELETE_OLD_ATTEMPTS = statement(
    """
    DELETE FROM login_attempts WHERE email_hash IN (
        SELECT email_hash FROM login_attempts WHERE window_started_at <= :window_start
        ORDER BY window_started_at LIMIT :most FOR UPDATE SKIP LOCKED
    )
    """
)

_DELETE_EXPIRED_TOKENS = statement(
    """
    DELETE FROM refresh_tokens WHERE id IN (
        SELECT id FROM refresh_tokens WHERE expires_at <= :now ORDER BY expires_at LIMIT :most FOR UPDATE SKIP LOCKED
    )
    """
)


async def get_user(session: Session, *, email: str) -> User | None:
    """Find the log-in of an e-mail address, written as `normalized` writes it."""
    return await _GET_USER_BY_EMAIL.first(session, email=email)


async def lock_user(uow: UnitOfWork, *, user_id: UserId) -> User | None:
    """Lock a log-in."""
    return await _LOCK_USER.first(uow, id=user_id)


async def lock_user_of_token(uow: UnitOfWork, *, token_hash: bytes) -> User | None:
    """Lock the log-in that a refresh token belongs to, and with it all of its families."""
    return await _LOCK_USER_OF_TOKEN.first(uow, token_hash=token_hash)


async def insert_user(
    uow: UnitOfWork,
    *,
    user_id: UserId,
    email: str,
    password_hash: str,
    roles: Sequence[Role],
    customer_id: CustomerId | None,
) -> bool:
    """Add a log-in; answers False when there is one with this e-mail address."""
    return bool(
        await _INSERT_USER.run(
            uow,
            id=user_id,
            email=email,
            password_hash=password_hash,
            roles=[role.value for role in roles],
            customer_id=customer_id,
            now=uow.now,
        )
    )


async def put_users(uow: UnitOfWork, *, log_ins: Sequence[LogIn]) -> list[User]:
    """Add log-ins, or make those with the same e-mail address like these."""
    return await _PUT_USERS.all(
        uow,
        ids=[new_id() for _ in log_ins],
        emails=[log_in.email for log_in in log_ins],
        hashes=[log_in.password_hash for log_in in log_ins],
        roles=[",".join(log_in.roles) for log_in in log_ins],
        every_locations=[log_in.every_location for log_in in log_ins],
        demos=[log_in.demo for log_in in log_ins],
        now=uow.now,
    )


async def link_customers(uow: UnitOfWork, *, users: Sequence[UserId], customers: Sequence[CustomerId]) -> None:
    """Say which customer each of these log-ins is."""
    await _LINK_CUSTOMERS.run(uow, users=users, customers=customers)


async def change_password_hash(uow: UnitOfWork, *, user_id: UserId, password_hash: str) -> None:
    """Keep another hash of a log-in's password."""
    await _CHANGE_PASSWORD_HASH.run(uow, id=user_id, password_hash=password_hash)


async def get_token(session: Session, *, token_hash: bytes) -> RefreshToken | None:
    """Find a refresh token by its hash."""
    return await _GET_TOKEN.first(session, token_hash=token_hash)


async def insert_token(
    uow: UnitOfWork, *, user_id: UserId, family_id: UUID, token_hash: bytes, expires_at: datetime
) -> None:
    """Note that a refresh token is out."""
    await _INSERT_TOKEN.run(
        uow,
        id=new_id(),
        user_id=user_id,
        family_id=family_id,
        token_hash=token_hash,
        now=uow.now,
        expires_at=expires_at,
    )


async def use_token(uow: UnitOfWork, *, token_id: UUID) -> None:
    """Note that a refresh token has done its one service."""
    await _USE_TOKEN.run(uow, id=token_id, now=uow.now)


async def revoke_family(uow: UnitOfWork, *, family_id: UUID) -> None:
    """End every refresh token that one log-in led to."""
    await _REVOKE_FAMILY.run(uow, family_id=family_id, now=uow.now)


async def get_attempts(session: Session, *, email_hash: str) -> Attempts | None:
    """Count the failed log-ins of an e-mail address."""
    return await _GET_ATTEMPTS.first(session, email_hash=email_hash)


async def lock_attempts(uow: UnitOfWork, *, email_hash: str) -> Attempts | None:
    """Lock the count of an e-mail address's failed log-ins."""
    return await _LOCK_ATTEMPTS.first(uow, email_hash=email_hash)


async def count_failure(uow: UnitOfWork, *, email_hash: str, window_start: datetime) -> Attempts:
    """Count one more failed log-in; failures before `window_start` are forgotten."""
    return await _COUNT_FAILURE.one(uow, email_hash=email_hash, now=uow.now, window_start=window_start)


async def forget_attempts(uow: UnitOfWork, *, email_hash: str) -> None:
    """Start over counting: somebody knew the password."""
    await _FORGET_ATTEMPTS.run(uow, email_hash=email_hash)


async def delete_old_attempts(uow: UnitOfWork, *, window_start: datetime, most: int) -> int:
    """Drop counts whose window is over; answers how many."""
    return await _DELETE_OLD_ATTEMPTS.run(uow, window_start=window_start, most=most)


async def delete_expired_tokens(uow: UnitOfWork, *, most: int) -> int:
    """Drop refresh tokens whose time is over; answers how many."""
    return await _DELETE_EXPIRED_TOKENS.run(uow, now=uow.now, most=most)
