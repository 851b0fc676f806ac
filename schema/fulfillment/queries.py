"""Reading the work of locations."""

from uuid import UUID

import strawberry

from app.fulfillment import queries, rules
from app.fulfillment.queries import FulfillmentOrderFilter as Wanted
from app.kernel.ids import IdKind, LocationId, decode
from app.kernel.paging import page, page_request
from app.kernel.permissions import Permission
from app.orders.service import may_read
from schema.core.context import Context, Info
from schema.core.ids import Node, finds
from schema.fulfillment.inputs import FulfillmentOrderFilter
from schema.fulfillment.loaders import FulfillmentOrderById, FulfillmentOrderLineById, ShipmentById
from schema.fulfillment.types import FulfillmentOrder, FulfillmentOrderConnection, FulfillmentOrderLine, Shipment
from schema.orders.loaders import OrderById


@strawberry.type
class FulfillmentQuery:
    """Root fields about the work of locations."""

    @strawberry.field
    async def fulfillment_orders(
        self,
        info: Info,
        filter: FulfillmentOrderFilter | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> FulfillmentOrderConnection | None:
        """Work of the caller's locations, most urgent first; finished work follows, latest first."""
        context = info.context
        wanted = _wanted(context, filter or FulfillmentOrderFilter())
        request = page_request(first=first, after=after)
        cut = page(
            await queries.list_queue(context.session, wanted=wanted, request=request), request, queries.queue_key
        )
        return FulfillmentOrderConnection.of(
            cut,
            [FulfillmentOrder.of(row) for row in cut.items],
            lambda: queries.count_queue(context.session, wanted=wanted),
        )


def _wanted(context: Context, given: FulfillmentOrderFilter) -> Wanted:
    context.actor.require(Permission.FULFILLMENT_READ)
    location_ids = context.actor.location_ids
    if given.location_id is not None:
        location_id = LocationId(decode(IdKind.LOCATION, given.location_id, field=("filter", "locationId")))
        context.actor.require(Permission.FULFILLMENT_READ, at=location_id)
        location_ids = frozenset({location_id})
    return Wanted(location_ids=location_ids, statuses=given.status, method=given.method)


async def visible_fulfillment_order(context: Context, key: UUID, token: str | None = None) -> FulfillmentOrder | None:
    """Show work to a caller who may see it: staff of its location, and whoever may see its order."""
    row = await context.load(FulfillmentOrderById, key)
    return None if row is None else await _shown(context, row, token)


async def _shown(context: Context, row: rules.FulfillmentOrder, token: str | None) -> FulfillmentOrder | None:
    order = await context.load(OrderById, row.order_id)
    if order is None:
        return None
    # Staff who send along whatever token are not its buyer: the token itself has to hold.
    holder = token is not None and context.keys.verifies(token, "order", order.id, generation=order.token_generation)
    may_see = context.actor.may(Permission.FULFILLMENT_READ, at=row.location_id)
    if not (holder or may_see or may_read(context.actor, context.keys, order, None)):
        return None
    return FulfillmentOrder.of(row, holder=holder)


@finds(IdKind.FULFILLMENT_ORDER)
async def _work_node(context: Context, key: UUID, token: str | None) -> Node | None:
    return await visible_fulfillment_order(context, key, token)


@finds(IdKind.FULFILLMENT_ORDER_LINE)
async def _line_node(context: Context, key: UUID, token: str | None) -> Node | None:
    line = await context.load(FulfillmentOrderLineById, key)
    work = None if line is None else await visible_fulfillment_order(context, line.fulfillment_order_id, token)
    return None if line is None or work is None else FulfillmentOrderLine.of(line, holder=work.holder)


@finds(IdKind.SHIPMENT)
async def _shipment_node(context: Context, key: UUID, token: str | None) -> Node | None:
    shipment = await context.load(ShipmentById, key)
    work = None if shipment is None else await visible_fulfillment_order(context, shipment.fulfillment_order_id, token)
    return None if shipment is None or work is None else Shipment.of(shipment)
