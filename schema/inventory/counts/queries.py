"""Reading counts."""

from uuid import UUID

import strawberry

from app.inventory import queries
from app.inventory.queries import CountFilter as Wanted
from app.kernel.ids import IdKind, LocationId, decode
from app.kernel.paging import page, page_request
from app.kernel.permissions import Permission
from schema.core.context import Context, Info
from schema.core.ids import Node, finds
from schema.inventory.counts.inputs import CountFilter
from schema.inventory.counts.loaders import CountById, CountLineById
from schema.inventory.counts.types import Count, CountConnection, CountLine


async def visible_count(context: Context, key: UUID) -> Count | None:
    """Show a count to those who see the stock of its location."""
    row = await context.load(CountById, key)
    if row is None or not context.actor.may(Permission.INVENTORY_READ, at=row.location_id):
        return None
    return Count.of(row)


@strawberry.type
class CountQuery:
    """Root fields about counts."""

    @strawberry.field
    async def counts(
        self, info: Info, filter: CountFilter | None = None, first: int | None = None, after: str | None = None
    ) -> CountConnection | None:
        """Counts of the caller's locations, newest first. Needs inventory:read."""
        context = info.context
        wanted = _wanted(context, filter or CountFilter())
        request = page_request(first=first, after=after)
        cut = page(
            await queries.list_count_page(context.session, wanted=wanted, request=request), request, queries.counts_key
        )
        return CountConnection.of(
            cut,
            [Count.of(row) for row in cut.items],
            lambda: queries.count_counts(context.session, wanted=wanted),
        )

    @strawberry.field
    async def count(self, info: Info, id: strawberry.ID) -> Count | None:
        """One count, for staff who see the stock of its location."""
        return await visible_count(info.context, decode(IdKind.COUNT, id))


def _wanted(context: Context, given: CountFilter) -> Wanted:
    context.actor.require(Permission.INVENTORY_READ)
    location_ids = context.actor.location_ids
    if given.location_id is not None:
        location_id = LocationId(decode(IdKind.LOCATION, given.location_id, field=("filter", "locationId")))
        context.actor.require(Permission.INVENTORY_READ, at=location_id)
        location_ids = frozenset({location_id})
    return Wanted(location_ids=location_ids, statuses=given.status)


@finds(IdKind.COUNT)
async def _count_node(context: Context, key: UUID, _token: str | None) -> Node | None:
    return await visible_count(context, key)


@finds(IdKind.COUNT_LINE)
async def _line_node(context: Context, key: UUID, _token: str | None) -> Node | None:
    line = await context.load(CountLineById, key)
    count = None if line is None else await visible_count(context, line.count_id)
    return None if line is None or count is None else CountLine.of(line, count.row)
