"""Idempotency keys: a call repeated with its key gets the first call's answer and has no second effect.

The key is claimed by inserting it in the transaction that does the work. A repetition that arrives meanwhile waits on
that row; when the first one rolls back, because it was refused, the key is free again. Kept are the id of the object
and the little else the answer is made of; fields are read fresh.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson

from app.kernel import tables  # noqa: F401  # The statements below are about these tables.
from app.kernel.db import UnitOfWork
from app.kernel.errors import IdempotencyMismatch, Invalid
from app.kernel.sql import rows, statement

LONGEST_KEY = 64
_KEY_FIELD = ("idempotencyKey",)


@dataclass(frozen=True, slots=True)
class Kept:
    """What an earlier call with the same key left. `object_id` is None while that call is between its transactions."""

    input_hash: bytes
    object_id: UUID | None
    result: dict[str, Any] | None
    created_at: datetime


_CLAIM = statement(
    """
    INSERT INTO idempotency_keys (scope, key, input_hash, created_at) VALUES (:scope, :key, :input_hash, :now)
    ON CONFLICT (scope, key) DO NOTHING
    """
)
_GET = rows(
    "SELECT input_hash, object_id, result, created_at FROM idempotency_keys WHERE scope = :scope AND key = :key FOR UPDATE",
    Kept,
)
_IS_TAKEN = rows("SELECT true FROM idempotency_keys WHERE scope = :scope AND key = :key", bool)
_RELEASE = statement("DELETE FROM idempotency_keys WHERE scope = :scope AND key = :key")
DELETE_OLD = statement(
    """
    DELETE FROM idempotency_keys WHERE (scope, key) IN (
        SELECT scope, key FROM idempotency_keys WHERE created_at < :before ORDER BY created_at LIMIT :most
        FOR UPDATE SKIP LOCKED
    )
    """
)


@dataclass(frozen=True, slots=True)
class Key:
    """One attempt's name, within the mutation and the actor it belongs to, and the hash of its input."""

    scope: str
    key: str
    input_hash: bytes


def key_for(scope: str, key: str, call: object) -> Key:
    """Name an attempt. `call` is whatever the caller asked for, in JSON's terms.

    Raises: Invalid when the key is empty or longer than 64 characters.
    """
    if not key.strip() or len(key) > LONGEST_KEY:
        raise Invalid(f"an idempotency key has 1 to {LONGEST_KEY} characters", field=_KEY_FIELD)
    canonical = orjson.dumps(call, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS, default=str)
    return Key(scope=scope, key=key, input_hash=sha256(canonical).digest())


async def claim(uow: UnitOfWork, key: Key) -> Kept | None:
    """Take the key for this unit of work, or answer what an earlier call left under it.

    Locks: the key's row, first of all locks. Raises: IdempotencyMismatch when it was used with other input.
    """
    if await _CLAIM.run(uow, scope=key.scope, key=key.key, input_hash=key.input_hash, now=uow.now):
        return None
    kept = await _GET.first(uow, scope=key.scope, key=key.key)
    if kept is None:
        # The holder was rolled back between our two statements: the key is free, so it is ours to take.
        return await claim(uow, key)
    if kept.input_hash != key.input_hash:
        raise IdempotencyMismatch("this key was already used with other input", field=_KEY_FIELD)
    return kept


async def is_taken(uow: UnitOfWork, key: Key) -> bool:
    """Say whether an earlier call has left something under the key. One that is under way now is not waited for."""
    return bool(await _IS_TAKEN.first(uow, scope=key.scope, key=key.key))


def keep(uow: UnitOfWork, key: Key, *, object_id: UUID | None, result: dict[str, Any]) -> None:
    """Store the answer under the key, when the work commits."""
    uow.answer(key.scope, key.key, object_id=object_id, result=result)


async def release(uow: UnitOfWork, key: Key) -> None:
    """Free the key: the call was refused before it had any effect."""
    await _RELEASE.run(uow, scope=key.scope, key=key.key)
