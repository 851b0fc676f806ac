"""Reading what locations do for channels and for each other."""

from uuid import UUID

import strawberry

from app.kernel.ids import IdKind, LocationId, decode
from app.kernel.paging import page_request
from app.kernel.permissions import Permission
from app.locations import queries
from schema.core.context import Context, Info
from schema.core.ids import finds
from schema.locations.supply_loaders import LocationGroupById
from schema.locations.supply_types import LocationGroup, TransferLaneConnection


@strawberry.type
class LocationSupplyQuery:
    """Root fields about who supplies whom."""

    @strawberry.field
    async def location_groups(self, info: Info) -> list[LocationGroup] | None:
        """List the groups of locations by their codes; 1,000 at most. For those who may see stock."""
        info.context.actor.require(Permission.INVENTORY_READ)
        return [LocationGroup.of(row) for row in await queries.list_groups(info.context.session)]

    @strawberry.field
    async def transfer_lanes(
        self,
        info: Info,
        from_location_id: strawberry.ID | None = None,
        to_location_id: strawberry.ID | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> TransferLaneConnection | None:
        """Page through the ways that goods are sent, all or those from or to a location. For those who may see stock."""
        info.context.actor.require(Permission.INVENTORY_READ)
        session = info.context.session
        request = page_request(first=first, after=after)
        from_id, to_id = _key(from_location_id, "fromLocationId"), _key(to_location_id, "toLocationId")
        found = await queries.find_lanes(session, from_id=from_id, to_id=to_id, request=request)
        return TransferLaneConnection.of(found, lambda: queries.count_lanes(session, from_id=from_id, to_id=to_id))


def _key(text: strawberry.ID | None, name: str) -> LocationId | None:
    return None if text is None else LocationId(decode(IdKind.LOCATION, text, field=(name,)))


@finds(IdKind.LOCATION_GROUP)
async def find_location_group(context: Context, key: UUID, _token: str | None) -> LocationGroup | None:
    """Find a group of locations, for those who may see stock."""
    row = await context.load(LocationGroupById, key) if context.actor.may(Permission.INVENTORY_READ) else None
    return None if row is None else LocationGroup.of(row)
