"""What is asked of a channel."""

import strawberry

from app.channels.rules import ChannelChange, Seller
from app.channels.states import CaptureAt, CaptureDelivery, RefundSequence, ReserveAt, TenderKind
from schema.core.address import AddressInput
from schema.core.changes import said
from schema.core.scalars import CountryCode, CurrencyCode


@strawberry.input
class SellerInput:
    """Who sells in a channel, whole: what is left out is not said on invoices."""

    name: str
    """The business, up to 200 characters."""
    address: AddressInput | None = strawberry.UNSET
    """Where it has its seat."""
    vat_id: str | None = strawberry.UNSET
    """Its VAT number, with its check digits right. Of the country of the address, or of the one it begins with."""
    email: str | None = strawberry.UNSET
    """Where questions about an invoice go."""
    footer: str | None = strawberry.UNSET
    """What the law or the business wants said below, such as a register and its number; up to 1,000 characters."""

    def seller(self) -> Seller:
        """Read it as who sells, not checked yet."""
        return Seller(
            name=self.name,
            address=self.address.to_address() if self.address else None,
            vat_id=self.vat_id or None,
            email=self.email or None,
            footer=self.footer or None,
        )


@strawberry.input
class ChannelPutInput:
    """A channel as it shall be. What is left out stays as it is, and null goes back to what a new channel has."""

    code: str
    """Which channel; one that is not there yet is opened."""
    idempotency_key: str
    """The client's own name for this attempt."""
    name: str | None = strawberry.UNSET
    """For people. A new channel needs one."""
    currency: CurrencyCode | None = strawberry.UNSET
    """What everything in the channel is priced in. A new channel needs it, and keeps it."""
    tax_included: bool | None = strawberry.UNSET
    """Whether prices are shown with tax. A new channel needs to know."""
    countries: list[CountryCode] | None = strawberry.UNSET
    """All the countries that the channel delivers to. A new channel needs to know; an empty list is none."""
    is_default: bool | None = strawberry.UNSET
    """Whether queries mean this channel when they name none; true takes that over from the one that was. Else false."""
    closed: bool | None = strawberry.UNSET
    """Whether nothing is sold here any more; false opens it again. Else false."""
    display_cap: int | None = strawberry.UNSET
    """The most units that are shown as available, at least 1. Else all are shown."""
    threshold: int | None = strawberry.UNSET
    """Units of each variant that are kept from selling here, over all locations. Else 0."""
    reservation_ttl_seconds: int | None = strawberry.UNSET
    """How long units are held for a shopper, at least 1. Else 900."""
    reserve_at: ReserveAt | None = strawberry.UNSET
    """When units are first held for a shopper. Else CHECKOUT."""
    reserve_partially: bool | None = strawberry.UNSET
    """Whether fewer units than were asked for are held too. Else false."""
    priority: int | None = strawberry.UNSET
    """Who is served first where there are too few units: the higher, from 0 to 100. Else 0."""
    return_window_days: int | None = strawberry.UNSET
    """For how many days goods can come back, 3,650 at most. Else 30."""
    capture_at: CaptureAt | None = strawberry.UNSET
    """When money is taken; orders keep what they were placed under. Else SHIPMENT."""
    capture_delivery: CaptureDelivery | None = strawberry.UNSET
    """Whether delivery is charged with the first goods or with the last; orders keep what they were placed under. Else FIRST."""
    refund_sequence: RefundSequence | None = strawberry.UNSET
    """Where money goes back to first; refunds keep what they were asked for under. Else AS_CHARGED."""
    tenders: list[TenderKind] | None = strawberry.UNSET
    """Every kind of money that is taken here. Else all but PAY_IN_STORE and INVOICE."""
    gift_card_ttl_days: int | None = strawberry.UNSET
    """For how many days gift cards that are bought here can be spent, from 1 to 36,500. Else for ever."""
    cart_ttl_days: int | None = strawberry.UNSET
    """For how many days a guest's cart lives that nobody touches, from 1 to 3,650. Else 90."""
    customer_cart_ttl_days: int | None = strawberry.UNSET
    """For how many days a customer's cart lives that nobody touches, from 1 to 3,650. Else for ever."""
    recovery_url: str | None = strawberry.UNSET
    """The storefront's page that opens a cart by a recovery link, with {token} in it. Under https, or on localhost. Else none."""

    language: str | None = strawberry.UNSET
    """What its invoices are written in: a language tag such as de or pt-BR. Else en."""
    timezone: str | None = strawberry.UNSET
    """Whose days and years its invoices have, by the IANA database. Else UTC."""
    invoice_prefix: str | None = strawberry.UNSET
    """What the numbers of its invoices begin with, from next year on where this year has some: 20 of A to Z, 0 to 9 and single
    hyphens at most, and no other channel's. Else its code in capitals."""
    seller: SellerInput | None = strawberry.UNSET
    """Who sells, as its invoices from now on say. Else the name of the channel."""

    def change(self) -> ChannelChange:
        """Read it as what somebody says of a channel."""
        countries, tenders, seller = said(self.countries), said(self.tenders), said(self.seller)
        return ChannelChange(
            code=self.code,
            name=said(self.name),
            currency=said(self.currency),
            tax_included=said(self.tax_included),
            countries=tuple(countries) if isinstance(countries, list) else countries,
            is_default=said(self.is_default),
            closed=said(self.closed),
            display_cap=said(self.display_cap),
            threshold=said(self.threshold),
            reservation_ttl_seconds=said(self.reservation_ttl_seconds),
            reserve_at=said(self.reserve_at),
            reserve_partially=said(self.reserve_partially),
            priority=said(self.priority),
            return_window_days=said(self.return_window_days),
            capture_at=said(self.capture_at),
            capture_delivery=said(self.capture_delivery),
            refund_sequence=said(self.refund_sequence),
            tenders=tuple(tenders) if isinstance(tenders, list) else tenders,
            gift_card_ttl_days=said(self.gift_card_ttl_days),
            cart_ttl_days=said(self.cart_ttl_days),
            customer_cart_ttl_days=said(self.customer_cart_ttl_days),
            recovery_url=said(self.recovery_url),
            language=said(self.language),
            timezone=said(self.timezone),
            invoice_prefix=said(self.invoice_prefix),
            seller=seller.seller() if isinstance(seller, SellerInput) else seller,
        )
