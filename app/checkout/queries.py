"""Every statement about checkout attempts."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from app.cart.queries.carts import CART
from app.cart.rules import Cart
from app.checkout import models  # noqa: F401  # The statements below are about these tables.
from app.checkout.rules import Attempt
from app.checkout.states import AttemptStatus
from app.kernel.db import UnitOfWork
from app.kernel.ids import AttemptId, OrderId, PaymentId
from app.kernel.sql import Session, Statement, maker, rows, statement


def _names(columns: str) -> list[str]:
    return [name.strip() for name in columns.split(",")]


_ATTEMPT = """id, cart_id, order_id, status, currency, total_minor, snapshot, key_scope, key, failure_code, failure,
    created_at, updated_at, worked_until"""


@dataclass(frozen=True, slots=True)
class LockedAttempt:
    """An attempt, and the cart that it holds."""

    cart: Cart
    attempt: Attempt


_CART_WIDTH = len(fields(Cart))
_make_cart, _make_attempt = maker(Cart), maker(Attempt)
_GET = rows(f"SELECT {_ATTEMPT} FROM checkout_attempts WHERE id = :id", Attempt)
_LOCK = rows(f"SELECT {_ATTEMPT} FROM checkout_attempts WHERE id = :id FOR NO KEY UPDATE", Attempt)


def _lock_with_cart(attempt: str) -> Statement[Any]:
    """Write the statement that locks an attempt and its cart, which comes before it, in one round trip."""
    return statement(
        f"""
        SELECT {", ".join(f"cart.{name}" for name in _names(CART))}, {attempt}
        FROM carts AS cart JOIN checkout_attempts AS attempt ON attempt.cart_id = cart.id
        WHERE attempt.id = :id FOR NO KEY UPDATE OF cart, attempt
        """
    )


_WHOLE = ", ".join(f"attempt.{name}" for name in _names(_ATTEMPT))
_LOCK_WITH_CART = _lock_with_cart(_WHOLE)
_LOCK_WITH_CART_ALONE = _lock_with_cart(_WHOLE.replace("attempt.snapshot", "NULL::jsonb AS snapshot"))
_GET_BY_KEY = rows(
    f"SELECT {_ATTEMPT} FROM checkout_attempts WHERE key_scope = :scope AND key = :key ORDER BY id DESC LIMIT 1",
    Attempt,
)
_INSERT = statement(
    """
    INSERT INTO checkout_attempts (id, cart_id, cart_version, status, currency, total_minor, snapshot, key_scope, key,
        created_at, updated_at, worked_until)
    VALUES (:id, :cart_id, :cart_version, :status, :currency, :total_minor, :snapshot, :key_scope, :key, :now, :now, :worked_until)
    """
)
_UPDATE = statement(
    """
    UPDATE checkout_attempts SET status = :status::text, order_id = :order_id, failure_code = :failure_code, failure = :failure,
        updated_at = :now, worked_until = :worked_until,
        snapshot = CASE WHEN :status::text IN ('PLACED', 'FAILED', 'ABANDONED') THEN NULL ELSE snapshot END
    WHERE id = :id
    """
)
_LIST_UNFINISHED = rows(
    f"""
    SELECT {_ATTEMPT} FROM checkout_attempts
    WHERE status IN ('PRICED', 'AUTHORIZING', 'ACTION_REQUIRED', 'UNKNOWN') AND worked_until < :now
    ORDER BY worked_until LIMIT :most
    """,
    Attempt,
)
#: Tenders whose authorization nobody knows and whose attempt is over: if money is held after all, it has to be let go.
_LIST_ORPHANED_PAYMENTS = rows(
    """
    SELECT payments.id FROM payments JOIN checkout_attempts AS attempt ON attempt.id = payments.attempt_id
    WHERE payments.status IN ('PENDING', 'UNKNOWN') AND payments.tender = 'CARD' AND attempt.status IN ('FAILED', 'ABANDONED')
      AND payments.updated_at < :before
    ORDER BY payments.updated_at LIMIT :most
    """,
    UUID,
)


async def get_attempt(session: Session, *, attempt_id: UUID) -> Attempt | None:
    """Find an attempt."""
    return await _GET.first(session, id=attempt_id)


async def lock_attempt(uow: UnitOfWork, *, attempt_id: UUID) -> Attempt | None:
    """Lock an attempt. Its cart is locked before it."""
    return await _LOCK.first(uow, id=attempt_id)


async def lock_with_cart(uow: UnitOfWork, *, attempt_id: UUID, with_snapshot: bool) -> LockedAttempt | None:
    """Lock an attempt and, before it, its cart. What was frozen is read for those who do not have it at hand."""
    lock = _LOCK_WITH_CART if with_snapshot else _LOCK_WITH_CART_ALONE
    found = await uow.fetch(lock.sql, [attempt_id])
    if not found:
        return None
    values = list(found[0])
    return LockedAttempt(_make_cart(values[:_CART_WIDTH]), _make_attempt(values[_CART_WIDTH:]))


async def get_attempt_by_key(session: Session, *, scope: str, key: str) -> Attempt | None:
    """Find the attempt that was begun under an idempotency key."""
    return await _GET_BY_KEY.first(session, scope=scope, key=key)


async def insert_attempt(uow: UnitOfWork, *, attempt: Attempt, cart_version: int) -> None:
    """Write a new attempt."""
    await _INSERT.later(
        uow,
        id=attempt.id,
        cart_id=attempt.cart_id,
        cart_version=cart_version,
        status=attempt.status.value,
        currency=attempt.currency,
        total_minor=attempt.total_minor,
        snapshot=attempt.snapshot,
        key_scope=attempt.key_scope,
        key=attempt.key,
        now=uow.now,
        worked_until=attempt.worked_until,
    )


async def update_attempt(
    uow: UnitOfWork,
    *,
    attempt_id: AttemptId,
    status: AttemptStatus,
    order_id: OrderId | None = None,
    failure_code: str | None = None,
    failure: str | None = None,
    worked_until: datetime | None = None,
) -> None:
    """Write where an attempt has got to; when it has ended, its snapshot with the addresses goes."""
    await _UPDATE.later(
        uow,
        id=attempt_id,
        status=status.value,
        order_id=order_id,
        failure_code=failure_code,
        failure=failure,
        now=uow.now,
        worked_until=worked_until,
    )


async def list_unfinished(session: Session, *, now: datetime, most: int) -> list[Attempt]:
    """List attempts that nobody has been working on for longer than a gateway may take."""
    return await _LIST_UNFINISHED.all(session, now=now, most=most)


async def list_orphaned_payments(session: Session, *, before: datetime, most: int) -> list[PaymentId]:
    """List tenders without an answer whose attempt has ended."""
    return [PaymentId(found) for found in await _LIST_ORPHANED_PAYMENTS.all(session, before=before, most=most)]
