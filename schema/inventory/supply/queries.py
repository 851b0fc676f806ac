"""Reading supply and purchase orders."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import strawberry

from app.inventory import queries
from app.inventory.queries import PurchaseOrderFilter as WantedOrders
from app.inventory.queries import SupplyFilter as WantedSupply
from app.kernel.ids import IdKind, LocationId, PurchaseOrderId, decode
from app.kernel.paging import bound, page, page_request
from app.kernel.permissions import Permission
from schema.core.context import Context, Info
from schema.core.ids import Node, finds
from schema.inventory.supply.inputs import PurchaseOrderFilter, SupplyFilter
from schema.inventory.supply.loaders import PurchaseOrderById, SupplyById
from schema.inventory.supply.types import PurchaseOrder, PurchaseOrderConnection, Supply, SupplyConnection, key_of


@strawberry.type
class SupplyQuery:
    """Root fields about what is expected."""

    @strawberry.field
    async def purchase_orders(
        self, info: Info, filter: PurchaseOrderFilter | None = None, first: int | None = None, after: str | None = None
    ) -> PurchaseOrderConnection | None:
        """Purchase orders of the caller's locations, newest first."""
        context = info.context
        given = filter or PurchaseOrderFilter()
        wanted = WantedOrders(_scope(context, given.location_id), given.status, given.number)
        request = page_request(first=first, after=after)
        behind = bound(request.after, str, name="after")
        found = await queries.find_purchase_orders(
            context.session,
            wanted=wanted,
            after=None if behind is None else PurchaseOrderId(behind[1]),
            most=request.size + 1,
        )
        return PurchaseOrderConnection.of(
            page(found, request, key_of), lambda: queries.count_purchase_orders(context.session, wanted=wanted)
        )

    @strawberry.field
    async def purchase_order(self, info: Info, id: strawberry.ID) -> PurchaseOrder | None:
        """One purchase order, for those who see the stock of its location."""
        return await visible_purchase_order(info.context, decode(IdKind.PURCHASE_ORDER, id))

    @strawberry.field
    async def supplies(
        self, info: Info, filter: SupplyFilter | None = None, first: int | None = None, after: str | None = None
    ) -> SupplyConnection | None:
        """What is expected at the caller's locations, the earliest first, and without a date last."""
        context = info.context
        given = filter or SupplyFilter()
        wanted = WantedSupply(
            context.now,
            _scope(context, given.location_id),
            None
            if given.variant_id is None
            else decode(IdKind.VARIANT, given.variant_id, field=("filter", "variantId")),
            given.late,
            given.open,
        )
        request = page_request(first=first, after=after)
        found = await queries.find_supplies(
            context.session, wanted=wanted, after=bound(request.after, datetime, name="after"), most=request.size + 1
        )
        return SupplyConnection.of(
            page(found, request, queries.supply_key), lambda: queries.count_supplies(context.session, wanted=wanted)
        )


def _scope(context: Context, given: strawberry.ID | None) -> Collection[LocationId] | None:
    context.actor.require(Permission.INVENTORY_READ)
    if given is None:
        return context.actor.location_ids
    location_id = LocationId(decode(IdKind.LOCATION, given, field=("filter", "locationId")))
    context.actor.require(Permission.INVENTORY_READ, at=location_id)
    return [location_id]


async def visible_purchase_order(context: Context, key: UUID) -> PurchaseOrder | None:
    """Show a purchase order to those who see the stock of its location."""
    row = await context.load(PurchaseOrderById, key)
    if row is None or not context.actor.may(Permission.INVENTORY_READ, at=row.location_id):
        return None
    return PurchaseOrder.of(row)


@finds(IdKind.PURCHASE_ORDER)
async def _purchase_order_node(context: Context, key: UUID, _token: str | None) -> Node | None:
    return await visible_purchase_order(context, key)


@finds(IdKind.SUPPLY)
async def _supply_node(context: Context, key: UUID, _token: str | None) -> Node | None:
    row = await context.load(SupplyById, key)
    if row is None or not context.actor.may(Permission.INVENTORY_READ, at=row.location_id):
        return None
    return Supply.of(row)
