"""The outbox: events written in the transaction that made them true, and claimed by the relay afterwards.

At least once, in order for each aggregate: an event is claimed only when no earlier one of its aggregate waits. A claim
is a lease, counted as an attempt, so a relay that dies gives its events back when the lease ends.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.kernel import tables  # noqa: F401  # The statements below are about these tables.
from app.kernel.events import Event
from app.kernel.plain import as_text, from_plain, to_plain
from app.kernel.sql import rows, statement

#: All that a unit of work has to tell, in one round trip: its state changes and its events, each in their order, and the
#: answer to be kept under the caller's idempotency key, where there is one.
INSERT_FACTS = statement(
    """
    WITH changes AS (
        INSERT INTO state_changes (id, kind, subject_id, before, after, action, actor, at)
        SELECT id, kind, subject_id, before, after, action, :actor::text, :at::timestamptz
        FROM unnest(:change_ids::uuid[], :kinds::text[], :subjects::uuid[], :befores::text[], :afters::text[], :actions::text[])
            AS change (id, kind, subject_id, before, after, action)
    ), answer AS (
        UPDATE idempotency_keys SET object_id = :kept_id::uuid, result = :kept_result::jsonb
        WHERE scope = :kept_scope::text AND key = :kept_key::text
    )
    INSERT INTO outbox (id, aggregate_id, name, payload, actor, at, due_at)
    SELECT id, aggregate_id, name, payload::jsonb, :actor::text, :at::timestamptz, :at::timestamptz
    FROM unnest(:event_ids::uuid[], :aggregates::uuid[], :names::text[], :payloads::text[])
        WITH ORDINALITY AS event (id, aggregate_id, name, payload, position)
    ORDER BY position
    """
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event on its way to its subscribers."""

    id: UUID
    aggregate_id: UUID
    name: str
    payload: dict[str, Any]
    at: datetime
    attempts: int


CLAIM = rows(
    """
    WITH due AS (
        SELECT id FROM outbox AS event
        WHERE delivered_at IS NULL AND due_at <= :now
          AND NOT EXISTS (
              SELECT FROM outbox AS earlier
              WHERE earlier.aggregate_id = event.aggregate_id AND earlier.seq < event.seq AND earlier.delivered_at IS NULL
          )
        ORDER BY due_at, seq
        LIMIT :most
        FOR UPDATE SKIP LOCKED
    )
    UPDATE outbox SET attempts = attempts + 1, due_at = :lease_until
    FROM due WHERE outbox.id = due.id
    RETURNING outbox.id, aggregate_id, name, payload, at, attempts
    """,
    Delivery,
)

MARK_DELIVERED = statement("UPDATE outbox SET delivered_at = :now, last_error = NULL WHERE id = ANY(:ids::uuid[])")

MARK_FAILED = statement("UPDATE outbox SET due_at = :due_at, last_error = :error WHERE id = :id")

COUNT_WAITING = rows("SELECT count(*)::int FROM outbox WHERE delivered_at IS NULL", int)

DELETE_DELIVERED = statement(
    """
    DELETE FROM outbox WHERE id IN (
        SELECT id FROM outbox WHERE delivered_at < :before ORDER BY delivered_at LIMIT :most FOR UPDATE SKIP LOCKED
    )
    """
)


def event_payload(event: Event) -> str:
    """Write an event's fields as JSON."""
    return as_text(to_plain(event))


def event_from(kinds: Mapping[str, type[Event]], delivery: Delivery) -> Event:
    """Read an event back from its stored form."""
    return from_plain(kinds[delivery.name], delivery.payload)
