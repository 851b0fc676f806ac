"""Statements that keep bundles from having stock of their own."""

from collections.abc import Collection
from uuid import UUID

from app.inventory import models  # noqa: F401  # The statements below are about these tables.
from app.kernel.sql import Session, rows

_LIST_STOCKED = rows(
    """
    SELECT variant_id FROM levels WHERE variant_id = ANY(:variant_ids::uuid[])
    UNION
    SELECT variant_id FROM supplies WHERE variant_id = ANY(:variant_ids::uuid[])
    """,
    UUID,
)


async def list_stocked(session: Session, *, variant_ids: Collection[UUID]) -> set[UUID]:
    """Say which of these variants have ever been anywhere, or were ever ordered."""
    return set(await _LIST_STOCKED.all(session, variant_ids=list(variant_ids)))
