"""Statements about the ledger: what moved, and what there was at any moment."""

from uuid import UUID

from app.inventory import models  # noqa: F401  # The statements below are about these tables.
from app.inventory.rules import Movement
from app.kernel.sql import Session, rows

_LIST_MOVEMENTS = rows(
    """
    SELECT variant_id, location_id, bucket, level_version, delta, balance, reason, cause_kind, cause_id, note, actor, at
    FROM movements
    WHERE variant_id = :variant_id AND (:location_id::uuid IS NULL OR location_id = :location_id)
    ORDER BY at DESC, level_version DESC, bucket LIMIT :most
    """,
    Movement,
)


async def list_movements(
    session: Session, *, variant_id: UUID, location_id: UUID | None = None, most: int = 100
) -> list[Movement]:
    """List the latest entries of a variant's ledger, newest first."""
    return await _LIST_MOVEMENTS.all(session, variant_id=variant_id, location_id=location_id, most=most)
