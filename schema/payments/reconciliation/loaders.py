"""Relations of reconciliations, each read for all parents at once."""

from collections.abc import Sequence
from uuid import UUID

from app.payments.queries import reconciled as queries
from app.payments.queries.reconciled import Counted
from app.payments.rules.reconciling import Reconciliation
from schema.core.batches import by_id, grouped
from schema.core.context import Batch, Context


async def _reconciliations(context: Context, ids: list[UUID]) -> Sequence[Reconciliation | None]:
    """Runs by id."""
    return by_id(await queries.list_reconciliations(context.session, reconciliation_ids=ids), ids)


async def _counts(context: Context, ids: list[UUID]) -> Sequence[list[Counted]]:
    """How many differences of each kind there are, by run."""
    found = await queries.count_differences(context.session, reconciliation_ids=ids)
    return grouped(found, ids, lambda row: row.reconciliation_id)


ReconciliationById = Batch(_reconciliations)
CountsByReconciliationId = Batch(_counts)
