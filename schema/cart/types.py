"""Carts as clients see them: what is in them, how it is delivered, and what it costs today."""

from datetime import datetime
from uuid import UUID

import strawberry

from app.cart import rules
from app.cart.states import CartStatus
from app.delivery.rules import arrival
from app.delivery.states import DeliveryMethod
from app.kernel.ids import IdKind
from app.orders.service import may_read
from schema.cart import ids
from schema.cart.loaders import HeldByLine, SlotByStart
from schema.catalog.loaders import VariantById
from schema.catalog.types import ProductVariant
from schema.channels.loaders import ChannelById
from schema.channels.types import Channel
from schema.core.address import Address
from schema.core.context import Info
from schema.core.errors import UserError
from schema.core.ids import Node, public_id
from schema.core.money import Money
from schema.core.scalars import CurrencyCode
from schema.customers.loaders import CustomerById
from schema.customers.types import Customer
from schema.delivery import types as delivery  # noqa: F401  # It makes the enum known to GraphQL.
from schema.locations.loaders import LocationById, ReadyAtByLocation
from schema.locations.types import PickupSlot, Store
from schema.orders.loaders import OrderByCartId
from schema.orders.types import Order
from schema.promotions.types import Discount

strawberry.enum(CartStatus)


@strawberry.type
class CartLine(Node):
    """A variant in a cart, and how many of it."""

    variant_key: strawberry.Private[UUID]
    store_key: strawberry.Private[UUID | None]
    held_by: strawberry.Private[tuple[UUID, UUID, UUID] | None]
    being_paid: strawberry.Private[bool]
    channel_key: strawberry.Private[UUID]
    quantity: int
    """From 1 to 10,000."""
    delivery: DeliveryMethod
    """How it is to reach the customer."""
    unit_price: Money
    """Today's price of one unit, promotions not applied."""
    subtotal: Money
    """unitPrice × quantity."""
    discounts: list[Discount]
    """What promotions take off this line."""
    total: Money
    """After every discount allocated to the line, tax always included."""
    sold: bool
    """False when the variant has no price in the channel any more: the line counts nothing and has to be removed."""
    note: str | None
    """What the shopper wrote to the shop about this line; null when nothing."""
    gift_message: str | None
    """What the shopper wrote to whoever gets these units; null when nothing."""

    @classmethod
    def kind(cls) -> IdKind:
        """Say which prefix these ids have."""
        return IdKind.CART_LINE

    @classmethod
    def of(cls, row: rules.QuotedLine, cart: rules.Cart, *, now: datetime) -> "CartLine":
        """Show a line of a cart."""
        currency, channel_id = cart.currency, cart.channel_id
        # An expired cart has forgotten what was written, also while nobody has come to end it yet.
        forgotten = cart.status is CartStatus.EXPIRED
        return cls(
            id=public_id(IdKind.CART_LINE, row.line_id),
            held_by=(cart.id, row.line_id, row.variant_id) if _still(cart.reserved_until, now) else None,
            being_paid=cart.attempt_id is not None,
            variant_key=row.variant_id,
            store_key=row.store_id,
            channel_key=channel_id,
            quantity=row.quantity,
            delivery=row.delivery,
            unit_price=Money.of(row.unit_price_minor, currency),
            subtotal=Money.of(row.subtotal_minor, currency),
            discounts=[Discount.of(discount, currency) for discount in row.discounts],
            total=Money.of(row.total_minor, currency),
            sold=row.sold,
            note=None if forgotten else row.note,
            gift_message=None if forgotten else row.gift_message,
        )

    @strawberry.field
    async def reserved(self, info: Info) -> int:
        """Units held for this line until the cart's `reservedUntil`; all of them while its payment is under way."""
        if self.held_by is None:
            return 0
        return self.quantity if self.being_paid else await info.context.load(HeldByLine, self.held_by)

    @strawberry.field
    async def variant(self, info: Info) -> ProductVariant:
        """What is to be bought."""
        row = await info.context.load(VariantById, self.variant_key)
        assert row is not None
        return ProductVariant.of(row, self.channel_key)

    @strawberry.field
    async def store(self, info: Info) -> Store | None:
        """The store that hands the line over, for PICKUP and CARRY_OUT; null for SHIPPING."""
        return await _store(info, self.store_key)


@strawberry.type
class DeliveryOption:
    """A priced, dated offer to deliver a group."""

    option: strawberry.Private[rules.QuotedOption]
    method: strawberry.Private[DeliveryMethod]
    store_key: strawberry.Private[UUID | None]
    id: strawberry.ID
    """Unique within its group."""
    name: str
    """What the shop calls it."""
    price: Money
    """For this group, before discounts on delivery."""

    @classmethod
    def of(cls, row: rules.QuotedOption, group: rules.QuotedGroup, currency: str) -> "DeliveryOption":
        """Show an option of a group."""
        return cls(
            option=row,
            method=group.method,
            store_key=group.store_id,
            id=ids.write(ids.OPTION, row.option_id),
            name=row.name,
            price=Money.of(row.price_minor, currency),
        )

    @strawberry.field
    async def earliest_at(self, info: Info) -> datetime | None:
        """When goods ordered now arrive at the earliest; for a pickup when they would be ready.

        Null for a store without opening hours.
        """
        if self.method is DeliveryMethod.PICKUP and self.store_key is not None:
            store = await info.context.load(LocationById, self.store_key)
            return None if store is None else await info.context.load(ReadyAtByLocation, store)
        return arrival(info.context.now, self.option.min_days)

    @strawberry.field
    async def latest_at(self, info: Info) -> datetime | None:
        """When goods ordered now arrive at the latest; null for a pickup."""
        return None if self.method is DeliveryMethod.PICKUP else arrival(info.context.now, self.option.max_days)


@strawberry.type
class DeliveryGroup:
    """Lines that travel together: one delivery method, and for pickup one store."""

    store_key: strawberry.Private[UUID | None]
    slot_starts_at: strawberry.Private[datetime | None]
    id: strawberry.ID
    """Stable while its method and store do not change."""
    method: DeliveryMethod
    """How these lines are to reach the customer."""
    lines: list[CartLine]
    """The lines, oldest first."""
    options: list[DeliveryOption]
    """What may be chosen, in the shop's order; empty where the channel does not deliver to the address."""
    selected: DeliveryOption | None
    """What was chosen; a lone option is chosen by itself. Null until then, or when it is not offered any more."""

    @classmethod
    def of(cls, row: rules.QuotedGroup, lines: dict[UUID, CartLine], currency: str) -> "DeliveryGroup":
        """Show a group; `lines` are those of the whole cart."""
        options = [DeliveryOption.of(option, row, currency) for option in row.options]
        return cls(
            store_key=row.store_id,
            slot_starts_at=row.slot_starts_at,
            id=ids.write(ids.GROUP, row.group_id),
            method=row.method,
            lines=[lines[line_id] for line_id in row.line_ids],
            options=options,
            selected=None if row.selected is None else DeliveryOption.of(row.selected, row, currency),
        )

    @strawberry.field
    async def store(self, info: Info) -> Store | None:
        """The store that hands these lines over; null for SHIPPING."""
        return await _store(info, self.store_key)

    @strawberry.field
    async def slot(self, info: Info) -> PickupSlot | None:
        """When the pickup is to be collected; null when no slot was chosen."""
        if self.store_key is None or self.slot_starts_at is None:
            return None
        slot = await info.context.load(SlotByStart, (self.store_key, self.slot_starts_at))
        return None if slot is None else PickupSlot.of(slot)


@strawberry.type
class Cart(Node):
    """What a shopper intends to buy in one channel. Prices are today's at every read, frozen only at checkout."""

    key: strawberry.Private[UUID]
    channel_key: strawberry.Private[UUID]
    customer_key: strawberry.Private[UUID | None]
    token: str | None
    """Proves a guest's right to this cart. Null except for its customer, whoever created it, and whoever gave it."""
    status: CartStatus
    """Where its life has got to; only an ACTIVE cart can be changed or bought."""
    version: int
    """Rises by one with every change; send it back as `version` to refuse lost updates."""
    currency: CurrencyCode
    """The channel's currency."""
    email: str | None
    """Where news of the order goes; null until it is told."""
    lines: list[CartLine]
    """What is in it, oldest first; 1,200 lines at most."""
    delivery_groups: list[DeliveryGroup]
    """The lines by how they travel."""
    shipping_address: Address | None
    """Where shipments go; null until it is told."""
    billing_address: Address | None
    """Where bills go; null until it is told."""
    promotion_codes: list[str]
    """The codes that the shopper gave, in upper case; each applies where its condition is met."""
    total: Money
    """subtotal − discountTotal + deliveryTotal, plus taxTotal when taxIncluded is false."""
    subtotal: Money
    """Σ unitPrice × quantity."""
    discount_total: Money
    """All discounts, those on delivery included."""
    delivery_total: Money
    """What the chosen delivery options cost, before discounts."""
    tax_total: Money
    """The tax on lines and delivery; part of the total already when taxIncluded."""
    tax_included: bool
    """Whether the channel's prices include tax."""
    reserved_until: datetime | None
    """Until when stock is held for this cart; null when nothing is held."""
    expires_at: datetime | None
    """When it expires if nobody changes it until then, or has expired. Null: never, as while its payment is under way."""
    steps: list[str]
    """How the total came about, step by step, for people: price, promote, deliver, tax. The wording may change."""

    @classmethod
    def kind(cls) -> IdKind:
        """Say which prefix these ids have."""
        return IdKind.CART

    @classmethod
    def of(cls, row: rules.Cart, quote: rules.Quote, *, token: str | None, now: datetime) -> "Cart":
        """Show a cart with what it costs. `token` only for those who may have it."""
        currency = quote.currency
        lines: dict[UUID, CartLine] = {line.line_id: CartLine.of(line, row, now=now) for line in quote.lines}
        return cls(
            id=public_id(IdKind.CART, row.id),
            key=row.id,
            channel_key=row.channel_id,
            customer_key=row.customer_id,
            token=token,
            status=row.status,
            version=row.version,
            currency=CurrencyCode(row.currency),
            email=row.email,
            lines=list(lines.values()),
            delivery_groups=[DeliveryGroup.of(group, lines, currency) for group in quote.groups],
            shipping_address=Address.maybe(row.shipping_address),
            billing_address=Address.maybe(row.billing_address),
            promotion_codes=list(row.promotion_codes),
            total=Money.of(quote.total_minor, currency),
            subtotal=Money.of(quote.subtotal_minor, currency),
            discount_total=Money.of(quote.discount_minor, currency),
            delivery_total=Money.of(quote.delivery_minor, currency),
            tax_total=Money.of(quote.tax_minor, currency),
            tax_included=quote.tax_included,
            reserved_until=_still(row.reserved_until, now),
            expires_at=None if row.attempt_id is not None else row.expires_at,
            steps=list(quote.steps),
        )

    @strawberry.field
    async def channel(self, info: Info) -> Channel:
        """Where it is to be bought."""
        row = await info.context.load(ChannelById, self.channel_key)
        assert row is not None
        return Channel.of(row)

    @strawberry.field
    async def customer(self, info: Info) -> Customer | None:
        """Whose cart it is; null for a guest's, and for whoever has its token without being the customer."""
        if self.customer_key is None:
            return None
        return Customer.shown_to(info.context.actor, await info.context.load(CustomerById, self.customer_key))

    @strawberry.field
    async def order(self, info: Info) -> Order | None:
        """What it became; null before, and for whoever may not see the order: a guest reads it with the order's own token."""
        if self.status is not CartStatus.ORDERED:
            return None
        context = info.context
        order = await context.load(OrderByCartId, self.key)
        if order is None or not may_read(context.actor, context.keys, order, None):
            return None
        own = order.customer_id is not None and order.customer_id == context.actor.customer_id
        return Order.for_buyer(order, context) if own else Order.of(order)


@strawberry.type
class CartPayload:
    """The answer to every mutation of a cart."""

    cart: Cart | None
    """The cart as it is now. Null when refused, except where the caller needs it to go on, as with VERSION_CONFLICT."""
    errors: list[UserError]
    """Why it was refused; then nothing was changed."""


@strawberry.type
class CartRecoveryLinkPayload:
    """The answer to cartRecoveryLink."""

    cart: Cart | None
    """The cart that the link opens; null when refused."""
    token: str | None
    """What cartRecover takes. Whoever has it can open a guest's cart: send it to its shopper alone. Null when refused."""
    url: str | None
    """The whole link; null where the channel has no recoveryUrl, and when refused."""
    expires_at: datetime | None
    """From when on it opens nothing; null when refused."""
    errors: list[UserError]
    """Why it was refused; then the links that were made before still hold."""


def _still(until: datetime | None, now: datetime) -> datetime | None:
    return until if until is not None and until > now else None


async def _store(info: Info, store_id: UUID | None) -> Store | None:
    if store_id is None:
        return None
    row = await info.context.load(LocationById, store_id)
    return None if row is None else Store.of(row)
