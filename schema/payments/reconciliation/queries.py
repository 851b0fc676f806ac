"""Reading reconciliations."""

from uuid import UUID

import strawberry

from app.kernel.ids import IdKind, decode
from app.kernel.paging import page, page_request
from app.kernel.permissions import Permission
from app.payments.queries import reconciled as queries
from app.payments.queries.reconciled import RunFilter
from schema.core.context import Context, Info
from schema.core.ids import Node, finds
from schema.payments.reconciliation.inputs import ReconciliationFilter
from schema.payments.reconciliation.loaders import ReconciliationById
from schema.payments.reconciliation.types import Reconciliation, ReconciliationConnection


async def visible_reconciliation(context: Context, key: UUID) -> Reconciliation | None:
    """Show a run to those who manage payments."""
    if not context.actor.may(Permission.PAYMENTS_MANAGE):
        return None
    row = await context.load(ReconciliationById, key)
    return None if row is None else Reconciliation.of(row)


@strawberry.type
class ReconciliationQuery:
    """Root fields about reconciliations."""

    @strawberry.field
    async def reconciliations(
        self,
        info: Info,
        filter: ReconciliationFilter | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> ReconciliationConnection | None:
        """Settlement reports that were compared with the ledger, newest first. Needs payments:manage."""
        context = info.context
        context.actor.require(Permission.PAYMENTS_MANAGE)
        given = filter or ReconciliationFilter()
        wanted = RunFilter(given.gateway, given.from_, given.to, given.with_differences)
        request = page_request(first=first, after=after)
        found = await queries.list_newest_reconciliations(context.session, wanted=wanted, request=request)
        cut = page(found, request, queries.reconciliation_key)
        return ReconciliationConnection.of(
            cut,
            [Reconciliation.of(row) for row in cut.items],
            lambda: queries.count_reconciliations(context.session, wanted=wanted),
        )

    @strawberry.field
    async def reconciliation(self, info: Info, id: strawberry.ID) -> Reconciliation | None:
        """One report that was compared, for those who manage payments."""
        return await visible_reconciliation(info.context, decode(IdKind.RECONCILIATION, id))


@finds(IdKind.RECONCILIATION)
async def _reconciliation_node(context: Context, key: UUID, _token: str | None) -> Node | None:
    return await visible_reconciliation(context, key)
