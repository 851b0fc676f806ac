"""Phase one: price, source, hold stock and write the intent to pay, in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from app.cart import queries as carts
from app.cart import service as cart_service
from app.cart.errors import CartNotActive, CartNotFound, PaymentPending
from app.cart.rules import Cart, Quote, QuotedDiscount, QuotedGroup, QuotedLine
from app.cart.states import CartStatus
from app.catalog import queries as catalog
from app.catalog.rules import Goods
from app.channels.rules import Channel
from app.channels.states import CaptureAt, ReserveAt, TenderKind
from app.checkout import queries
from app.checkout.errors import PriceChanged
from app.checkout.rules import (
    AT_TILLS,
    OF_CUSTOMERS,
    Attempt,
    Discount,
    Offered,
    Part,
    Snapshot,
    SnapshotDelivery,
    SnapshotLine,
    Tender,
    given_codes,
    offered,
    refuse_unfit,
    refuse_unready,
    shared_out,
    supplied,
    unbundled,
)
from app.checkout.service.attempts import GATEWAY_PATIENCE
from app.checkout.service.conclude import abandon_for_edit
from app.checkout.service.supply import supply
from app.checkout.states import AttemptStatus
from app.delivery.states import DeliveryMethod
from app.inventory import service as inventory
from app.inventory.errors import OutOfStock
from app.kernel.db import UnitOfWork
from app.kernel.errors import BrokenInvariant, DomainError, VersionConflict
from app.kernel.idempotency import Key
from app.kernel.ids import AttemptId, CartId, OrderId, OrderLineId, PaymentId, VariantId, new_id
from app.kernel.money import Money
from app.kernel.permissions import Permission
from app.kernel.plain import to_plain
from app.orders import service as orders
from app.payments import queries as payments
from app.payments.errors import CreditInsufficient, PaymentMismatch
from app.payments.gateway import Gateways
from app.payments.queries import NewTender
from app.payments.queries import accounts as account_queries
from app.payments.rules import AT_ONCE, Payment
from app.payments.rules.accounts import CreditAccount, GivenCode
from app.payments.service import accounts, codes
from app.payments.states import CreditKind, PaymentStatus
from app.pickup import service as pickup
from app.pricing import queries as pricing


@dataclass(frozen=True, slots=True)
class CompleteCheckout:
    """What a shopper sends to buy: the cart, the tenders, and the total they saw."""

    cart_id: CartId
    token: str | None
    version: int | None
    tenders: tuple[Tender, ...]
    expected_total: Decimal
    key: Key
    #: Where a shopper who has to act elsewhere, as in 3-D Secure, is sent back to.
    return_url: str | None = None
    #: Whatever the door knows the caller by: wrong codes of gift cards are counted for it.
    origin: str = "unknown"


@dataclass(frozen=True, slots=True)
class Prepared:
    """An attempt that holds its stock, the cart that it holds, and its tenders: those that a gateway has to be asked for too."""

    cart: Cart
    attempt: Attempt
    snapshot: Snapshot
    tenders: tuple[NewTender, ...]

    @property
    def asks_gateway(self) -> bool:
        """Say whether somebody else has to be asked before the order can be placed."""
        return asks_gateway(self.tenders)

    @property
    def payments(self) -> list[Payment]:
        """The tenders as they were written."""
        attempt = self.attempt
        return [tender.payment(attempt.id, attempt.currency, attempt.created_at) for tender in self.tenders]


def asks_gateway(tenders: Sequence[NewTender]) -> bool:
    """Say whether somebody else has to be asked for the money."""
    return any(tender.tender is TenderKind.CARD for tender in tenders)


#: The gift cards that tenders are to be paid with, by the tender's place in the shopper's list.
Cards = Mapping[int, CreditAccount]


class PlanLost(Exception):
    """What was found before the cart was locked is so no more, such as units that others took; look again."""


async def prepare(
    uow: UnitOfWork, gateways: Gateways, request: CompleteCheckout, *, cards: Cards | DomainError | None
) -> Prepared:
    """Begin an attempt: everything is checked, stock and pickup places are held, and the tenders are written.

    `cards` are those whose codes were given, or why they cannot be had, which is told where they are needed.
    Locks: cart, gift cards and store credit, slots, levels. Raises: CartNotFound; CartNotActive; VersionConflict; PaymentPending;
    CartEmpty; DeliveryRequired; DeliveryUnavailable; PriceChanged; PaymentMismatch; GiftCardExpired; GiftCardForeign;
    Forbidden for what only a till can take; SlotFull; OutOfStock; PlanLost when it is worth trying again.
    """
    cart = await _lock(uow, request)
    priced = await cart_service.quote_in_channel(uow, cart=cart, now=uow.now, with_goods=True)
    quote, channel = priced.quote, priced.channel
    cart_service.check_open(uow, channel)
    refuse_unready(cart, quote, expected_total=request.expected_total)
    tenders, places = await _tenders(uow, cart, channel, quote, request, gateways, cards)
    snapshot = await _freeze(uow, cart, channel, quote, priced.goods)
    if any(tender.tender in AT_ONCE for tender in tenders):
        # Whoever pays at a till pays for all of it now.
        snapshot = replace(snapshot, capture_at=CaptureAt.PLACEMENT)
    snapshot = replace(snapshot, return_url=request.return_url, tender_places=places)

    held_until = uow.now + max(timedelta(seconds=channel.reservation_ttl_seconds), GATEWAY_PATIENCE)
    attempt = Attempt(
        id=AttemptId(new_id()),
        cart_id=cart.id,
        order_id=None,
        status=AttemptStatus.AUTHORIZING,
        currency=quote.currency,
        total_minor=quote.total_minor,
        # Where nobody has to be asked, the attempt ends in the step that it begins in: nobody reads what it froze.
        snapshot=to_plain(snapshot) if asks_gateway(tenders) else None,
        key_scope=request.key.scope,
        key=request.key.key,
        failure_code=None,
        failure=None,
        created_at=uow.now,
        updated_at=uow.now,
        worked_until=uow.now + GATEWAY_PATIENCE,
    )
    await _hold_credit(uow, tenders, snapshot)
    await queries.insert_attempt(uow, attempt=attempt, cart_version=cart.version)
    if tenders:
        await payments.insert(uow, attempt_id=attempt.id, currency=quote.currency, tenders=tenders)
    held = await cart_service.hold_for_attempt(
        uow, cart=cart, attempt_id=attempt.id, reserved_until=held_until if snapshot.holds_stock else None
    )
    await pickup.take_places(uow, slots=snapshot.slots())
    if snapshot.holds_stock:
        await _hold(uow, snapshot, until=held_until)
    return Prepared(cart=held, attempt=attempt, snapshot=snapshot, tenders=tuple(tenders))


async def _hold(uow: UnitOfWork, snapshot: Snapshot, *, until: datetime) -> None:
    # The levels come last: the time that a connection holds a hot one is what limits everybody.
    try:
        await inventory.reserve_soft(
            uow,
            demand_id=snapshot.order_id,
            units=snapshot.units(),
            expires_at=until,
            priority=snapshot.priority,
            instead_of=None if snapshot.cart_held_until is None else snapshot.cart_id,
        )
        await inventory.reserve_ahead(
            uow,
            demand_id=snapshot.order_id,
            parts=snapshot.units_ahead(),
            expires_at=until,
            priority=snapshot.priority,
        )
    except OutOfStock as lost:
        raise PlanLost from lost


async def _lock(uow: UnitOfWork, request: CompleteCheckout) -> Cart:
    cart = await carts.lock_cart(uow, cart_id=request.cart_id)
    if cart is None:
        raise CartNotFound("there is no such cart", field=("cartId",))
    cart_service.authorize(uow, cart, request.token)
    if cart.attempt_id is not None:
        # A shopper who was asked to act and starts anew with another key has given the first try up.
        if not await abandon_for_edit(uow, cart.attempt_id):
            raise PaymentPending(cart.attempt_id, field=("cartId",))
        return await _lock(uow, request)
    cart = cart.as_of(uow.now)
    if cart.status is not CartStatus.ACTIVE:
        raise CartNotActive(f"a cart that is {cart.status} cannot be bought", field=("cartId",))
    if request.version is not None and request.version != cart.version:
        raise VersionConflict("the cart has changed meanwhile", field=("version",))
    return cart


async def _freeze(uow: UnitOfWork, cart: Cart, channel: Channel, quote: Quote, goods: Mapping[UUID, Goods]) -> Snapshot:
    if any(goods[line.variant_id].archived for line in quote.lines):
        raise PriceChanged(
            "a line of the cart is not sold any more; remove it",
            field=("cartId",),
            total=Money(quote.total_minor, quote.currency),
            unsold=tuple(line.line_id for line in quote.lines if goods[line.variant_id].archived),
        )
    whole = [
        SnapshotLine(
            id=OrderLineId(new_id()),
            cart_line_id=line.line_id,
            variant_id=line.variant_id,
            product_name=goods[line.variant_id].product_name,
            sku=goods[line.variant_id].sku,
            options=tuple(goods[line.variant_id].options),
            delivery=line.delivery,
            store_id=line.store_id,
            quantity=line.quantity,
            unit_price_minor=line.unit_price_minor,
            subtotal_minor=line.subtotal_minor,
            discount_minor=line.discount_minor,
            tax_minor=line.tax_minor,
            total_minor=line.total_minor,
            discounts=_discounts(line),
            note=line.note,
            gift_message=line.gift_message,
        )
        for line in quote.lines
    ]
    lines = await _unbundled(uow, whole, [line.id for line in goods.values() if line.bundle], channel)
    for line in lines:
        if line.delivery is DeliveryMethod.CARRY_OUT:
            uow.actor.require(Permission.CARTS_SERVE, at=line.store_id)
    snapshot = Snapshot(
        order_id=OrderId(new_id()),
        number=orders.new_number(),
        cart_id=cart.id,
        channel_id=channel.id,
        channel_code=channel.code,
        customer_id=cart.customer_id,
        email=cart.email,
        currency=quote.currency,
        tax_included=quote.tax_included,
        shipping_address=cart.shipping_address,
        billing_address=cart.billing_address,
        subtotal_minor=quote.subtotal_minor,
        discount_minor=quote.discount_minor,
        delivery_minor=quote.delivery_minor,
        tax_minor=quote.tax_minor,
        total_minor=quote.total_minor,
        lines=lines,
        deliveries=tuple(_delivery(group) for group in quote.groups),
        supplies=(),
        decision=None,
        holds_stock=channel.reserve_at is not ReserveAt.NEVER,
        priority=channel.priority,
        cart_held_until=cart.reserved_until,
        capture_at=channel.capture_at,
        capture_delivery=channel.capture_delivery,
    )
    held_by = None if cart.reserved_until is None else cart.id
    return supplied(snapshot, await supply(uow, lines, snapshot=snapshot, held_by=held_by))


async def _unbundled(
    uow: UnitOfWork, lines: Sequence[SnapshotLine], bundle_ids: Sequence[VariantId], channel: Channel
) -> tuple[SnapshotLine, ...]:
    if not bundle_ids:
        return tuple(lines)
    bundles = await catalog.list_bundles(uow, variant_ids=bundle_ids)
    ids = {component.variant_id for components in bundles.values() for component in components}
    goods = await catalog.list_goods(uow, variant_ids=ids)
    prices = await pricing.list_prices(uow, channel_id=channel.id, variant_ids=list(ids))
    parts = {
        bundle_id: [
            Part(
                variant_id=goods[component.variant_id].id,
                quantity=component.quantity,
                sku=goods[component.variant_id].sku,
                product_name=goods[component.variant_id].product_name,
                options=tuple(goods[component.variant_id].options),
                price_minor=prices[component.variant_id].amount_minor if component.variant_id in prices else 0,
            )
            for component in components
        ]
        for bundle_id, components in bundles.items()
    }
    return tuple(unbundled(lines, parts))


def _delivery(group: QuotedGroup) -> SnapshotDelivery:
    if group.selected is None:
        raise BrokenInvariant(f"delivery group {group.group_id} has no option")
    return SnapshotDelivery(
        id=new_id(),
        method=group.method,
        store_id=group.store_id,
        slot_starts_at=group.slot_starts_at,
        option_code=group.selected.code,
        option_name=group.selected.name,
        min_days=group.selected.min_days,
        price_minor=group.selected.price_minor,
        discount_minor=group.discount_minor,
        tax_minor=group.tax_minor,
        total_minor=group.total_minor,
        discounts=_discounts(group),
    )


def _discounts(quoted: QuotedLine | QuotedGroup) -> tuple[Discount, ...]:
    def written(discount: QuotedDiscount) -> Discount:
        return Discount(discount.name, discount.code, discount.amount_minor)

    return tuple(written(discount) for discount in quoted.discounts)


async def _tenders(
    uow: UnitOfWork,
    cart: Cart,
    channel: Channel,
    quote: Quote,
    request: CompleteCheckout,
    gateways: Gateways,
    cards: Cards | DomainError | None,
) -> tuple[list[NewTender], tuple[int, ...]]:
    """Say what each tender pays, and where it stands in the shopper's list.

    Money that asks no gateway is held with that; a promise to pay is only written down.
    """
    tenders = offered(request.tenders, currency=quote.currency, gateways=gateways, taken=channel.tenders)
    # Whoever has the token of a customer's cart may fill it, and pay for it, but not with what is the customer's.
    for_staff = AT_TILLS if uow.actor.customer_id == cart.customer_id else AT_TILLS | OF_CUSTOMERS
    refuse_unfit(tenders, methods={line.delivery for line in quote.lines}, knows_customer=cart.customer_id is not None)
    for tender in tenders:
        if tender.kind in for_staff:
            _require_serving(uow, tender)
    gift_cards = _gift_cards(given_codes(request.tenders), cards, currency=quote.currency, now=uow.now)
    known = {**gift_cards, **await _store_credit(uow, cart, quote, tenders, gift_cards)}
    _refuse_empty(uow, tenders, known, quote)
    available = {at: account.available_minor(uow.now) for at, account in known.items()}
    amounts = shared_out(tenders, total_minor=quote.total_minor, currency=quote.currency, available=available)
    written = [
        _new_tender(i, tender, amount, known.get(tender.at))
        for i, (tender, amount) in enumerate(zip(tenders, amounts, strict=True))
    ]
    return written, tuple(tender.at for tender in tenders)


def _gift_cards(
    given: Mapping[int, GivenCode], cards: Cards | DomainError | None, *, currency: str, now: datetime
) -> Cards:
    """Say which gift card each tender is that pays with one."""
    if not given:
        return {}
    if isinstance(cards, DomainError):
        raise cards
    if cards is None:
        # The call had been made before when the codes were to be looked up, and has not been now.
        raise PlanLost
    for at, code in given.items():
        codes.refuse_unusable(cards[at], code, currency=currency, now=now)
    return cards


async def _store_credit(uow: UnitOfWork, cart: Cart, quote: Quote, tenders: Sequence[Offered], cards: Cards) -> Cards:
    """Lock what the cart's customer has of store credit, where it is to pay, in turn with the gift cards that pay too."""
    tender = next((tender for tender in tenders if tender.kind is TenderKind.STORE_CREDIT), None)
    if tender is None or cart.customer_id is None:
        return {}
    locked = await account_queries.lock_of(
        uow,
        account_ids=[card.id for card in cards.values()],
        customer_ids=[cart.customer_id],
        currency=quote.currency,
    )
    account = next((account for account in locked if account.kind is CreditKind.STORE_CREDIT), None)
    if account is None:
        raise PaymentMismatch("there is no store credit in this currency", field=(*tender.field, "gateway"))
    return {tender.at: account}


def _require_serving(uow: UnitOfWork, tender: Offered) -> None:
    try:
        uow.actor.require(Permission.CARTS_SERVE)
    except DomainError as refusal:
        raise refusal.below(*tender.field, "gateway") from None


def _refuse_empty(uow: UnitOfWork, tenders: Sequence[Offered], known: Cards, quote: Quote) -> None:
    """Refuse what was to pay as much as it has, and has nothing, as what has too little is refused."""
    for tender in tenders:
        account = known.get(tender.at)
        if account is None or tender.amount_minor is not None or account.available_minor(uow.now) > 0:
            continue
        raise CreditInsufficient(
            account.id,
            requested=Money(quote.total_minor, quote.currency),
            available=Money(0, quote.currency),
            field=tender.field,
        )


async def _hold_credit(uow: UnitOfWork, tenders: Sequence[NewTender], snapshot: Snapshot) -> None:
    wanted = [(tender.account_id, tender.amount_minor) for tender in tenders if tender.account_id is not None]
    if wanted:
        try:
            await accounts.hold(uow, wanted)
        except CreditInsufficient as refusal:
            at = next(tender.position for tender in tenders if tender.account_id == refusal.account_id)
            raise refusal.below(*snapshot.field_of(at)) from None


def _new_tender(position: int, tender: Offered, amount_minor: int, account: CreditAccount | None) -> NewTender:
    asks = tender.kind is TenderKind.CARD
    promise = tender.kind is TenderKind.PAY_IN_STORE
    return NewTender(
        id=PaymentId(new_id()),
        step_id=None if promise else new_id(),
        position=position,
        tender=tender.kind,
        gateway=tender.gateway,
        token=tender.token if asks else None,
        amount_minor=amount_minor,
        status=PaymentStatus.PENDING if asks or promise else PaymentStatus.AUTHORIZED,
        reference=tender.token if tender.kind is TenderKind.CARD_PRESENT else None,
        account_id=None if account is None else account.id,
    )
