"""The work of locations and their shipments, as clients see them."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from app.delivery.states import DeliveryMethod
from app.fulfillment import rules
from app.fulfillment.rules import Work, next_steps
from app.fulfillment.states import FulfillmentOrderStatus, RejectionReason
from app.kernel.ids import IdKind
from app.kernel.paging import Page
from app.kernel.permissions import Permission
from app.orders import rules as orders
from app.orders.service import may_read
from schema.catalog.loaders import VariantById
from schema.catalog.types import ProductVariant
from schema.core.address import Address
from schema.core.connections import PageInfo
from schema.core.context import Context, Info
from schema.core.errors import UserError
from schema.core.ids import Node, public_id
from schema.fulfillment.loaders import LinesByFulfillmentOrderId, ShipmentsByFulfillmentOrderId
from schema.locations.loaders import LocationById
from schema.locations.types import Location, location_of

# Orders show their work and work shows its order: modules in a circle are named, and their types met at run time.
from schema.orders import types as order_types
from schema.orders.blocked import HAND_OVER, blocked
from schema.orders.loaders import OrderById, OrderLineById
from schema.pickup.loaders import PickupByFulfillmentOrderId
from schema.pickup.types import Pickup

if TYPE_CHECKING:
    from schema.orders.types import Order, OrderLine

strawberry.enum(FulfillmentOrderStatus)
strawberry.enum(RejectionReason)


@strawberry.type
class Shipment(Node):
    """Goods that left a location together, with a carrier."""

    carrier: str | None
    """Null when not told."""
    tracking_number: str | None
    """The carrier's own number; null when not told."""
    tracking_url: str | None
    """Where to follow it; null for carriers that the shop does not know."""
    status: str
    """LABELLED, IN_TRANSIT, OUT_FOR_DELIVERY, DELIVERED, EXCEPTION, RETURNING or RETURNED_TO_SENDER."""
    shipped_at: datetime | None
    """When it left."""
    delivered_at: datetime | None
    """When it came; null before."""

    @classmethod
    def kind(cls) -> IdKind:
        """Say which prefix these ids have."""
        return IdKind.SHIPMENT

    @classmethod
    def of(cls, row: rules.Shipment) -> "Shipment":
        """Show a shipment."""
        return cls(
            id=public_id(IdKind.SHIPMENT, row.id),
            carrier=row.carrier,
            tracking_number=row.tracking_number,
            tracking_url=row.tracking_url,
            status=row.status.value,
            shipped_at=row.shipped_at,
            delivered_at=row.delivered_at,
        )


@strawberry.type
class FulfillmentOrderLine(Node):
    """Units of one order line that one location delivers, and how far they have got."""

    row: strawberry.Private[rules.FulfillmentOrderLine]
    holder: strawberry.Private[bool]
    sku: str
    """As it was numbered when it was bought."""
    product_name: str
    """As it was called when it was bought."""
    quantity: int
    """Units given to this location at first."""
    picked: int
    """Off the shelf."""
    packed: int
    """In a parcel."""
    fulfilled: int
    """Shipped, handed over or carried out."""
    rejected: int
    """Refused or not found: not this location's any more."""
    cancelled: int
    """Ended before they left."""

    @classmethod
    def kind(cls) -> IdKind:
        """Say which prefix these ids have."""
        return IdKind.FULFILLMENT_ORDER_LINE

    @classmethod
    def of(cls, row: rules.FulfillmentOrderLine, *, holder: bool = False) -> "FulfillmentOrderLine":
        """Show a line. `holder` says that the caller proved to be the buyer with the order's token."""
        return cls(
            id=public_id(IdKind.FULFILLMENT_ORDER_LINE, row.id),
            row=row,
            holder=holder,
            sku=row.sku,
            product_name=row.product_name,
            quantity=row.quantity,
            picked=row.picked,
            packed=row.packed,
            fulfilled=row.fulfilled,
            rejected=row.rejected,
            cancelled=row.cancelled,
        )

    @strawberry.field
    async def order_line(self, info: Info) -> Annotated["OrderLine", strawberry.lazy("schema.orders.types")] | None:
        """The line of the order; null for callers who may see the work alone."""
        line = await info.context.load(OrderLineById, self.row.order_line_id)
        order = None if line is None else await info.context.load(OrderById, line.order_id)
        if line is None or order is None or not _may_read(info.context, order, holder=self.holder):
            return None
        return order_types.OrderLine.of(line, order.currency, order.channel_id, holder=self.holder)

    @strawberry.field
    async def note(self, info: Info) -> str | None:
        """What the shopper wrote to the shop about this line; null when nothing, and after erasure."""
        line = await info.context.load(OrderLineById, self.row.order_line_id)
        return None if line is None else line.note

    @strawberry.field
    async def gift_message(self, info: Info) -> str | None:
        """What is to be packed with these units for whoever gets them; null when nothing, and after erasure."""
        line = await info.context.load(OrderLineById, self.row.order_line_id)
        return None if line is None else line.gift_message

    @strawberry.field
    async def variant(self, info: Info) -> ProductVariant | None:
        """The variant as it is now; null where it is sold no more."""
        row = await info.context.load(VariantById, self.row.variant_id)
        line = await info.context.load(OrderLineById, self.row.order_line_id)
        order = None if line is None else await info.context.load(OrderById, line.order_id)
        if row is None or row.archived or order is None:
            return None
        return ProductVariant.of(row, order.channel_id)


@strawberry.type
class FulfillmentOrder(Node):
    """Work for one location by one delivery method."""

    row: strawberry.Private[rules.FulfillmentOrder]
    holder: strawberry.Private[bool]
    number: str
    """For people: the order's number, and which part of it this is."""
    order_number: str
    """The number of the order."""
    method: DeliveryMethod
    """How the goods reach the customer."""
    status: FulfillmentOrderStatus
    """Where it has got to."""
    due_at: datetime
    """When it should have left or be ready: the sooner, the more urgent."""
    rejection_reason: RejectionReason | None
    """Why the location refused it or some of it; null when it did not."""

    @classmethod
    def kind(cls) -> IdKind:
        """Say which prefix these ids have."""
        return IdKind.FULFILLMENT_ORDER

    @classmethod
    def of(cls, row: rules.FulfillmentOrder, *, holder: bool = False) -> "FulfillmentOrder":
        """Show work. `holder` says that the caller proved to be the buyer with the order's token."""
        return cls(
            id=public_id(IdKind.FULFILLMENT_ORDER, row.id),
            row=row,
            holder=holder,
            number=row.number,
            order_number=row.order_number,
            method=row.method,
            status=row.status,
            due_at=row.due_at,
            rejection_reason=row.rejection_reason,
        )

    @strawberry.field
    async def order(self, info: Info) -> Annotated["Order", strawberry.lazy("schema.orders.types")] | None:
        """Null for callers who may see the work alone."""
        order = await info.context.load(OrderById, self.row.order_id)
        if order is None or not _may_read(info.context, order, holder=self.holder):
            return None
        own = self.holder or (order.customer_id is not None and order.customer_id == info.context.actor.customer_id)
        return order_types.Order.for_buyer(order, info.context) if own else order_types.Order.of(order)

    @strawberry.field
    async def destination(self, info: Info) -> Address | None:
        """Where to ship it; null for pickups and carry-outs, and after erasure."""
        if self.row.method is not DeliveryMethod.SHIPPING:
            return None
        order = await info.context.load(OrderById, self.row.order_id)
        return None if order is None else Address.maybe(order.shipping_address)

    @strawberry.field
    async def location(self, info: Info) -> Location:
        """Who does it."""
        row = await info.context.load(LocationById, self.row.location_id)
        assert row is not None
        return location_of(row)

    @strawberry.field
    async def lines(self, info: Info) -> list[FulfillmentOrderLine]:
        """What is to be delivered."""
        rows = await info.context.load(LinesByFulfillmentOrderId, self.row.id)
        return [FulfillmentOrderLine.of(row, holder=self.holder) for row in rows]

    @strawberry.field
    async def shipments(self, info: Info) -> list[Shipment]:
        """What has left with a carrier, oldest first."""
        return [Shipment.of(row) for row in await info.context.load(ShipmentsByFulfillmentOrderId, self.row.id)]

    @strawberry.field
    async def pickup(self, info: Info) -> Pickup | None:
        """How it is collected; null where it is not."""
        if self.row.method is not DeliveryMethod.PICKUP:
            return None
        row = await info.context.load(PickupByFulfillmentOrderId, self.row.id)
        return None if row is None else Pickup.of(row, holder=self.holder)

    @strawberry.field
    async def note(self, info: Info) -> str | None:
        """What the location said when it refused; for staff who see its work, null for others."""
        return self.row.note if info.context.actor.may(Permission.FULFILLMENT_READ, at=self.row.location_id) else None

    @strawberry.field
    async def next_actions(self, info: Info) -> list[str]:
        """The mutations that would be accepted from this caller now."""
        actor = info.context.actor
        works = actor.may(Permission.FULFILLMENT_WORK, at=self.row.location_id)
        hands_over = actor.may(Permission.PICKUPS_HAND_OVER, at=self.row.location_id)
        if not works and not hands_over:
            return []
        lines = await info.context.load(LinesByFulfillmentOrderId, self.row.id)
        steps = next_steps(Work(self.row, tuple(lines)))
        if HAND_OVER in steps:
            pickup = await info.context.load(PickupByFulfillmentOrderId, self.row.id)
            hands_over = hands_over and pickup is not None and not pickup.is_overdue(info.context.now)
        steps = [step for step in steps if (hands_over if step == HAND_OVER else works)]
        if not {HAND_OVER, "fulfillmentOrderShip"} & set(steps):
            return steps
        refused = await blocked(info.context, self.row.order_id)
        return [step for step in steps if step not in refused]


def _may_read(context: Context, order: orders.Order, *, holder: bool) -> bool:
    return holder or may_read(context.actor, context.keys, order, None)


@strawberry.type
class FulfillmentOrderEdge:
    """Work in a list."""

    cursor: str
    """Where in the list it stands."""
    node: FulfillmentOrder
    """The work."""


@strawberry.type
class FulfillmentOrderConnection:
    """A page of work."""

    edges: list[FulfillmentOrderEdge]
    """The work with its cursors."""
    nodes: list[FulfillmentOrder]
    """The work alone."""
    page_info: PageInfo
    """Where the page stands in the list."""
    count: strawberry.Private[Any]

    @classmethod
    def of(
        cls, page: Page[rules.FulfillmentOrder], nodes: Sequence[FulfillmentOrder], count: Any
    ) -> "FulfillmentOrderConnection":
        """Show a page; `count` counts the whole list when asked."""
        return cls(
            edges=[
                FulfillmentOrderEdge(cursor=cursor, node=node) for cursor, node in zip(page.cursors, nodes, strict=True)
            ],
            nodes=list(nodes),
            page_info=PageInfo.of(page),
            count=count,
        )

    @strawberry.field
    async def total_count(self) -> int:
        """How much work the filter lets through; counted only when asked for."""
        return int(await self.count())


@strawberry.type
class FulfillmentOrderPayload:
    """The answer to a mutation about one piece of work."""

    fulfillment_order: FulfillmentOrder | None
    """As it is now; null when refused."""
    successors: list[FulfillmentOrder]
    """Work that took over what was rejected or picked short."""
    errors: list[UserError]
    """Why it was refused."""
