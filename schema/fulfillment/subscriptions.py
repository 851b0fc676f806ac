"""Following a location's queue."""

from collections.abc import AsyncGenerator
from uuid import UUID

import strawberry

from app.fulfillment import queries
from app.fulfillment.queries import FulfillmentOrderFilter
from app.kernel.ids import IdKind, LocationId, decode
from app.kernel.news import Notice
from app.kernel.paging import MOST, PageRequest
from app.kernel.permissions import Permission
from schema.core.context import Context, Info
from schema.fulfillment.loaders import FulfillmentOrderById
from schema.fulfillment.types import FulfillmentOrder


@strawberry.type
class FulfillmentSubscription:
    """Subscriptions to the work of locations."""

    @strawberry.subscription
    async def fulfillment_order_changed(
        self, info: Info, location_id: strawberry.ID
    ) -> AsyncGenerator[FulfillmentOrder, None]:
        """Work arriving at or leaving a location's queue, or moving in it. Needs fulfillment:read there.

        After the server was cut off from news for a moment, what is in the queue is sent once more.
        """
        context = info.context
        at = LocationId(decode(IdKind.LOCATION, location_id, field=("locationId",)))
        context.actor.require(Permission.FULFILLMENT_READ, at=at)

        def wanted(notice: Notice) -> bool:
            return notice.ids.get("location_id") == str(at) and "fulfillment_order_id" in notice.ids

        with context.services.news.subscribed(wanted) as changes:
            while notices := await changes.next():
                keys = dict.fromkeys(
                    UUID(notice.ids["fulfillment_order_id"]) for notice in notices if not notice.is_gap
                )
                if any(notice.is_gap for notice in notices):
                    keys |= dict.fromkeys(await _queued(context, at))
                for key in keys:
                    row = await context.load(FulfillmentOrderById, key)
                    if row is not None:
                        yield FulfillmentOrder.of(row)


async def _queued(context: Context, location_id: LocationId) -> list[UUID]:
    wanted = FulfillmentOrderFilter(location_ids=frozenset({location_id}), statuses=None, method=None)
    found = await queries.list_queue(context.session, wanted=wanted, request=PageRequest(size=MOST))
    return [row.id for row in found[:MOST]]
