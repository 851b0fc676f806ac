"""Finding stores and other locations."""

from uuid import UUID

import strawberry

from app.kernel.ids import IdKind, decode
from app.kernel.paging import page_request
from app.locations import queries
from app.locations.states import LocationKind
from schema.channels.loaders import chosen
from schema.core.context import Context, Info
from schema.core.ids import finds
from schema.locations.inputs import NearInput
from schema.locations.loaders import LocationById
from schema.locations.nearby import nearby
from schema.locations.types import Location, Store, StoreConnection, Warehouse, location_of


@strawberry.type
class LocationQuery:
    """Where the shop is."""

    @strawberry.field
    async def stores(
        self,
        info: Info,
        channel: str | None = None,
        near: NearInput | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> StoreConnection | None:
        """Page through the stores of a channel: nearest first when `near` is given, else by name."""
        request = page_request(first=first, after=after)
        point = await nearby(info.context, near)
        sold_in = await chosen(info.context, channel)
        page = await queries.find_stores(info.context.session, channel_id=sold_in.id, near=point, request=request)
        return StoreConnection.of(page, sold_in.id)

    @strawberry.field
    async def store(self, info: Info, id: strawberry.ID) -> Store | None:
        """Find a store by its id; null when there is none, or it is closed for good."""
        row = await info.context.load(LocationById, decode(IdKind.LOCATION, id))
        if row is None or row.kind is not LocationKind.STORE or row.archived_at is not None:
            return None
        return Store.of(row)


@finds(IdKind.LOCATION)
async def find_location(context: Context, key: UUID, _token: str | None) -> Location | None:
    """Find a location. Stores are for everybody, also closed ones, which old orders name; other places for staff."""
    row = await context.load(LocationById, key)
    found = None if row is None else location_of(row)
    return None if isinstance(found, Warehouse) and not context.actor.is_staff else found
