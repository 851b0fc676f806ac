"""Batches of routing decisions."""

from collections.abc import Sequence
from uuid import UUID

from app.sourcing import queries
from app.sourcing.queries import Decision
from schema.core.batches import grouped
from schema.core.context import Batch, Context


async def _decisions(context: Context, order_ids: list[UUID]) -> Sequence[list[Decision]]:
    """Decisions by order, oldest first."""
    found = await queries.list_decisions(context.session, subject_ids=order_ids)
    return grouped(found, order_ids, lambda row: row.subject_id)


DecisionsByOrderId = Batch(_decisions)
