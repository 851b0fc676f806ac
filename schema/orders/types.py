"""Orders and their lines as clients see them."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry

from app.channels.states import CaptureAt
from app.delivery.states import DeliveryMethod
from app.kernel.ids import IdKind
from app.kernel.paging import Page
from app.kernel.permissions import Permission
from app.orders import rules
from app.orders.states import FulfillmentStatus, HoldStatus, OrderPaymentStatus, OrderStatus
from app.payments.service import RETRIED
from schema.catalog.loaders import VariantById
from schema.catalog.types import Attribute, ProductVariant
from schema.channels.loaders import ChannelById
from schema.channels.types import Channel
from schema.core.address import Address
from schema.core.connections import PageInfo
from schema.core.context import Context, Info
from schema.core.errors import UserError
from schema.core.ids import Node, public_id
from schema.core.money import Money
from schema.core.scalars import CurrencyCode
from schema.customers.loaders import CustomerById
from schema.customers.types import Customer

# Orders, fulfillment orders and returns show each other: modules in a circle are named, and their types met at run time.
from schema.fulfillment import types as fulfillment_types
from schema.fulfillment.loaders import FulfillmentOrdersByOrderId
from schema.orders.holds import Hold
from schema.orders.loaders import EventsByOrderId, ExpectedByLine, HoldsByOrderId, LinesByOrderId, PaymentsByOrderId
from schema.orders.payments import Payment
from schema.payments.invoices import types as invoice_types
from schema.payments.invoices.loaders import InvoicesByOrderId
from schema.payments.loaders import GiftCardsByLineId
from schema.payments.types import BoughtGiftCard
from schema.promotions.types import Discount
from schema.returns import types as return_types
from schema.returns.loaders import RequestableByOrderId, ReturnsByOrderId
from schema.sourcing.loaders import DecisionsByOrderId
from schema.sourcing.types import RoutingDecision

if TYPE_CHECKING:
    from schema.fulfillment.types import FulfillmentOrder
    from schema.payments.invoices.types import Invoice
    from schema.returns.types import Return

strawberry.enum(OrderStatus)
strawberry.enum(OrderPaymentStatus)
strawberry.enum(FulfillmentStatus)

#: The most entries of a timeline that one request is given.
_MOST_EVENTS = 500


@strawberry.type
class LineQuantities:
    """Where the units of an order line have got to. ordered = cancelled + unallocated + backordered + allocated + fulfilled."""

    ordered: int
    """Units bought."""
    unallocated: int
    """Waiting in the queue that says why."""
    backordered: int
    """Promised from stock that is still to come."""
    allocated: int
    """Promised by a location and not gone yet."""
    fulfilled: int
    """Shipped, handed over or carried out."""
    cancelled: int
    """Ended before they left."""
    returned: int
    """Come back and accepted, of those fulfilled."""


@strawberry.type
class OrderLine(Node):
    """A variant bought, with its price frozen at placement."""

    key: strawberry.Private[UUID]
    row: strawberry.Private[rules.OrderLine]
    channel_key: strawberry.Private[UUID | None]
    holder: strawberry.Private[bool]
    product_name: str
    """As it was called when it was bought."""
    sku: str
    """As it was numbered when it was bought."""
    options: list[Attribute]
    """Size, color and the like, as they were called when it was bought."""
    delivery: DeliveryMethod
    """How the line reaches the customer."""
    quantity: int
    """Units bought."""
    quantities: LineQuantities
    """Where they have got to."""
    unit_price: Money
    """What one unit cost, before discounts."""
    subtotal: Money
    """unitPrice × quantity."""
    discount_total: Money
    """What was taken off the line."""
    tax_total: Money
    """The tax on the line, whether or not prices include it."""
    discounts: list[Discount]
    """What was taken off, promotion by promotion."""
    total: Money
    """After every discount allocated to the line, tax always included: what a full return gives back."""
    note: str | None
    """What the shopper wrote to the shop about this line; null when nothing, and after erasure."""
    gift_message: str | None
    """What the shopper wrote to whoever gets these units; null when nothing, and after erasure."""

    @classmethod
    def kind(cls) -> IdKind:
        """Say which prefix these ids have."""
        return IdKind.ORDER_LINE

    @classmethod
    def of(
        cls, row: rules.OrderLine, currency: str, channel_id: UUID | None = None, *, holder: bool = False
    ) -> "OrderLine":
        """Show a line. `holder` is its buyer."""
        return cls(
            id=public_id(IdKind.ORDER_LINE, row.id),
            key=row.id,
            row=row,
            channel_key=channel_id,
            holder=holder,
            product_name=row.product_name,
            sku=row.sku,
            options=[
                Attribute(code=o["code"], name=o["name"], value=o["value"], value_code=o["valueCode"])
                for o in row.options
            ],
            delivery=row.delivery,
            quantity=row.ordered,
            quantities=LineQuantities(
                ordered=row.ordered,
                unallocated=row.unallocated,
                backordered=row.backordered,
                allocated=row.allocated,
                fulfilled=row.fulfilled,
                cancelled=row.cancelled,
                returned=row.returned,
            ),
            unit_price=Money.of(row.unit_price_minor, currency),
            subtotal=Money.of(row.subtotal_minor, currency),
            discount_total=Money.of(row.discount_minor, currency),
            tax_total=Money.of(row.tax_minor, currency),
            discounts=_discounts(row.discounts, currency),
            total=Money.of(row.total_minor, currency),
            note=row.note,
            gift_message=row.gift_message,
        )

    @strawberry.field
    async def variant(self, info: Info) -> ProductVariant | None:
        """The variant as it is now; null where it is sold no more."""
        row = await info.context.load(VariantById, self.row.variant_id)
        return None if row is None or row.archived else ProductVariant.of(row, self.channel_key)

    @strawberry.field
    async def expected_at(self, info: Info) -> datetime | None:
        """When the last of its backordered units is expected; null when none is backordered, or nobody knows."""
        if not self.row.backordered:
            return None
        return await info.context.load(ExpectedByLine, (self.row.order_id, self.row.id))

    @strawberry.field
    async def bundle(self, info: Info) -> ProductVariant | None:
        """The bundle that was bought, of which this line is a part; null for what was bought by itself."""
        if self.row.bundle_id is None:
            return None
        row = await info.context.load(VariantById, self.row.bundle_id)
        return None if row is None or row.archived else ProductVariant.of(row, self.channel_key)

    @strawberry.field
    async def gift_cards(self, info: Info) -> list[BoughtGiftCard] | None:
        """The gift cards that its units became a moment after they left, with their codes for the buyer.

        Empty for other goods; null for whoever does not read the order as its buyer and has no credit:manage.
        """
        if not self.holder and not info.context.actor.may(Permission.CREDIT_MANAGE):
            return None
        rows = await info.context.load(GiftCardsByLineId, self.row.id) if self.row.gift_card else []
        return [BoughtGiftCard.of(row, self.unit_price, holder=self.holder) for row in rows]


@strawberry.type
class OrderEvent:
    """An entry of an order's timeline."""

    at: datetime
    """When it happened."""
    kind: str
    """What happened, for programs; the list grows."""
    actor: str | None
    """What kind of party did it: CUSTOMER, STAFF, SYSTEM or ANONYMOUS."""
    message: str
    """What happened, for people."""

    @classmethod
    def of(cls, row: rules.OrderEvent) -> "OrderEvent":
        """Show an entry."""
        return cls(at=row.at, kind=row.kind, actor=row.actor.partition(":")[0], message=row.message)


@strawberry.type
class Order(Node):
    """The placed agreement: what was bought at which prices, and what has become of it."""

    key: strawberry.Private[UUID]
    row: strawberry.Private[rules.Order]
    number: str
    """For people: unique in the shop, not sequential."""
    token: str | None
    """Lets a guest read this order. Null for whoever does not read it as its buyer."""
    placed_at: datetime
    """When it was placed."""
    email: str | None
    """Null for an anonymous carry-out and after erasure."""
    currency: CurrencyCode
    """Of every amount in it."""
    tax_included: bool
    """Whether prices include tax."""
    status: OrderStatus
    """Where it has got to, derived from its lines."""
    payment_status: OrderPaymentStatus
    """What has been paid, over all tenders."""
    fulfillment_status: FulfillmentStatus
    """How much has left the building."""
    shipping_address: Address | None
    """Null where nothing is shipped, and after erasure."""
    billing_address: Address | None
    """Null where none was given, and after erasure."""
    subtotal: Money
    """Σ of the lines before discounts."""
    discount_total: Money
    """Everything taken off, delivery included."""
    delivery_total: Money
    """What delivery cost before discounts."""
    tax_total: Money
    """All tax, whether or not prices include it."""
    total: Money
    """subtotal − discountTotal + deliveryTotal, plus taxTotal when taxIncluded is false."""

    @classmethod
    def kind(cls) -> IdKind:
        """Say which prefix these ids have."""
        return IdKind.ORDER

    @classmethod
    def of(cls, row: rules.Order, *, token: str | None = None) -> "Order":
        """Show an order. `token` is for its buyer alone."""
        return cls(
            id=public_id(IdKind.ORDER, row.id),
            key=row.id,
            row=row,
            number=row.number,
            token=token,
            placed_at=row.placed_at,
            email=row.email,
            currency=CurrencyCode(row.currency),
            tax_included=row.tax_included,
            status=row.status,
            payment_status=row.payment_status,
            fulfillment_status=row.fulfillment_status,
            shipping_address=Address.maybe(row.shipping_address),
            billing_address=Address.maybe(row.billing_address),
            subtotal=Money.of(row.subtotal_minor, row.currency),
            discount_total=Money.of(row.discount_minor, row.currency),
            delivery_total=Money.of(row.delivery_minor, row.currency),
            tax_total=Money.of(row.tax_minor, row.currency),
            total=Money.of(row.total_minor, row.currency),
        )

    @classmethod
    def for_buyer(cls, row: rules.Order, context: Context) -> "Order":
        """Show an order to whoever bought it, with its token."""
        return cls.of(row, token=context.keys.token("order", row.id, generation=row.token_generation))

    @strawberry.field
    async def channel(self, info: Info) -> Channel:
        """Where it was sold."""
        row = await info.context.load(ChannelById, self.row.channel_id)
        assert row is not None
        return Channel.of(row)

    @strawberry.field
    async def customer(self, info: Info) -> Customer | None:
        """Null for a guest, and for whoever has the order's token without being the customer."""
        if self.row.customer_id is None:
            return None
        return Customer.shown_to(info.context.actor, await info.context.load(CustomerById, self.row.customer_id))

    @strawberry.field
    async def lines(self, info: Info) -> list[OrderLine]:
        """What was bought, in the order of the cart."""
        rows = await info.context.load(LinesByOrderId, self.key)
        holder = self.token is not None
        return [OrderLine.of(row, self.row.currency, self.row.channel_id, holder=holder) for row in rows]

    @strawberry.field
    async def fulfillment_orders(
        self, info: Info
    ) -> list[Annotated["FulfillmentOrder", strawberry.lazy("schema.fulfillment.types")]]:
        """The work of locations, oldest first."""
        rows = await info.context.load(FulfillmentOrdersByOrderId, self.key)
        return [fulfillment_types.FulfillmentOrder.of(row, holder=self.token is not None) for row in rows]

    @strawberry.field
    async def payments(self, info: Info) -> list[Payment]:
        """The tenders, in the order in which they are charged."""
        return [Payment.of(row) for row in await info.context.load(PaymentsByOrderId, self.key)]

    @strawberry.field
    async def holds(self, info: Info) -> list[Hold] | None:
        """Why it may not go on, oldest first, ended holds too. Null for callers without orders:read."""
        if not info.context.actor.may(Permission.ORDERS_READ):
            return None
        return [Hold.of(row) for row in await info.context.load(HoldsByOrderId, self.key)]

    @strawberry.field
    def capture_at(self) -> CaptureAt:
        """When its money is taken: as its channel did when it was placed, and at once for what was paid at a till."""
        return self.row.capture_at

    @strawberry.field
    async def returns(self, info: Info) -> list[Annotated["Return", strawberry.lazy("schema.returns.types")]]:
        """What is coming or has come back, oldest first."""
        rows = await info.context.load(ReturnsByOrderId, self.key)
        return [return_types.Return.of(row, for_buyer=self.token is not None) for row in rows]

    @strawberry.field
    async def invoices(
        self, info: Info
    ) -> list[Annotated["Invoice", strawberry.lazy("schema.payments.invoices.types")]]:
        """Its invoices and credit notes, oldest first; the worker writes them a moment after their money has moved."""
        rows = await info.context.load(InvoicesByOrderId, self.key)
        return [invoice_types.Invoice.of(row, order_token=self.token) for row in rows]

    @strawberry.field
    async def refunded_total(self, info: Info) -> Money:
        """Refunds that succeeded; the worker may carry them out a moment after the mutation."""
        payments = await info.context.load(PaymentsByOrderId, self.key)
        return Money.of(sum(payment.refunded_minor for payment in payments), self.row.currency)

    @strawberry.field
    async def timeline(self, info: Info, first: int | None = 100) -> list[OrderEvent]:
        """What happened, oldest first; at most 500 entries."""
        rows = await info.context.load(EventsByOrderId, self.key)
        return [OrderEvent.of(row) for row in rows[: max(0, min(100 if first is None else first, _MOST_EVENTS))]]

    @strawberry.field
    async def routing_decisions(self, info: Info) -> list[RoutingDecision] | None:
        """Which locations were weighed to supply it, and why each won or lost, oldest decision first.

        Null for callers without orders:read.
        """
        if not info.context.actor.may(Permission.ORDERS_READ):
            return None
        return [RoutingDecision.of(row) for row in await info.context.load(DecisionsByOrderId, self.key)]

    @strawberry.field
    async def next_actions(self, info: Info) -> list[str]:
        """The mutations about the whole order that would be accepted from this caller now."""
        lines = await info.context.load(LinesByOrderId, self.key)
        actor = info.context.actor
        owns = self.token is not None
        actions = []
        if any(line.cancellable for line in lines) and (owns or actor.may(Permission.ORDERS_CANCEL)):
            actions.append("orderCancel")
        if (owns or actor.may(Permission.RETURNS_REQUEST)) and await info.context.load(RequestableByOrderId, self.key):
            actions.append("returnRequest")
        if actor.may(Permission.PAYMENTS_MANAGE) and actor.may(Permission.ORDERS_READ):
            holds = await info.context.load(HoldsByOrderId, self.key)
            if any(hold.status is HoldStatus.APPLIED and hold.reason in RETRIED for hold in holds):
                actions.append("orderPaymentRetry")
        return actions


@strawberry.type
class OrderEdge:
    """An order in a list."""

    cursor: str
    """Where in the list it stands."""
    node: Order
    """The order."""


@strawberry.type
class OrderConnection:
    """A page of orders."""

    edges: list[OrderEdge]
    """The orders with their cursors."""
    nodes: list[Order]
    """The orders alone."""
    page_info: PageInfo
    """Where the page stands in the list."""
    count: strawberry.Private[Any]

    @classmethod
    def of(cls, page: Page[rules.Order], orders: Sequence[Order], count: Any) -> "OrderConnection":
        """Show a page; `count` counts the whole list when asked."""
        return cls(
            edges=[OrderEdge(cursor=cursor, node=node) for cursor, node in zip(page.cursors, orders, strict=True)],
            nodes=list(orders),
            page_info=PageInfo.of(page),
            count=count,
        )

    @strawberry.field
    async def total_count(self) -> int:
        """How many orders the filter lets through; counted only when asked for."""
        return int(await self.count())


@strawberry.type
class OrderPayload:
    """The answer to a mutation about one order."""

    order: Order | None
    """As it is now; null when refused."""
    errors: list[UserError]
    """Why it was refused."""


def _discounts(discounts: Sequence[dict[str, Any]], currency: str) -> list[Discount]:
    return [
        Discount(name=part["name"], code=part["code"], amount=Money.of(part["amount_minor"], currency))
        for part in discounts
    ]
