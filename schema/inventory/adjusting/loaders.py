"""What changes by hand led to, read for all of them at once."""

from collections.abc import Sequence
from uuid import UUID

from app.inventory.queries import adjusting as queries
from app.inventory.rules import Movement
from schema.core.batches import grouped
from schema.core.context import Batch, Context


async def _movements(context: Context, adjustment_ids: list[UUID]) -> Sequence[list[Movement]]:
    """Entries of the ledger by the change by hand that wrote them."""
    found = await queries.list_by_adjustment(context.session, adjustment_ids=adjustment_ids)
    return grouped(found, adjustment_ids, lambda row: row.cause_id)


MovementsByAdjustmentId = Batch(_movements)
