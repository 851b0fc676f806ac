"""Statements about stock changed by hand."""

from collections.abc import Collection
from uuid import UUID

from app.inventory import models  # noqa: F401  # The statements below are about these tables.
from app.inventory.rules import Movement
from app.kernel.sql import Session, rows

_LIST_BY_ADJUSTMENT = rows(
    """
    SELECT variant_id, location_id, bucket, level_version, delta, balance, reason, cause_kind, cause_id, note, actor, at
    FROM movements WHERE cause_id = ANY(:ids::uuid[]) AND cause_kind = 'adjustment'
    ORDER BY cause_id, variant_id, bucket
    """,
    Movement,
)


async def list_by_adjustment(session: Session, *, adjustment_ids: Collection[UUID]) -> list[Movement]:
    """List what these adjustments, moves and deliveries wrote into the ledger."""
    return await _LIST_BY_ADJUSTMENT.all(session, ids=list(adjustment_ids))
