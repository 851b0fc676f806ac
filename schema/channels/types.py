"""Channels as clients see them."""

import strawberry

from app.channels import rules
from app.channels.states import CaptureAt, CaptureDelivery, RefundSequence, ReserveAt, TenderKind
from app.kernel.ids import IdKind
from schema.core.address import Address
from schema.core.context import Info
from schema.core.errors import UserError
from schema.core.ids import Node, public_id
from schema.core.scalars import CountryCode, CurrencyCode

strawberry.enum(ReserveAt)
strawberry.enum(CaptureAt)
strawberry.enum(CaptureDelivery)
strawberry.enum(RefundSequence)
strawberry.enum(TenderKind)


@strawberry.type
class Seller:
    """Who sells in a channel, as invoices name them."""

    name: str
    """The business."""
    address: Address | None
    """Where it has its seat; null when not said."""
    vat_id: str | None
    """Its VAT number; null when not said."""
    email: str | None
    """Where questions about an invoice go; null when not said."""
    footer: str | None
    """What is said below invoices; null when nothing."""

    @classmethod
    def maybe(cls, row: rules.Seller | None) -> "Seller | None":
        """Show who sells, or nothing."""
        if row is None:
            return None
        return cls(
            name=row.name, address=Address.maybe(row.address), vat_id=row.vat_id, email=row.email, footer=row.footer
        )


@strawberry.type
class Channel(Node):
    """Where the shop sells: its web shop, its app, the tills of its stores."""

    row: strawberry.Private[rules.Channel]
    code: str
    """What other fields' `channel` argument takes; never changes."""
    name: str
    """For people."""
    currency: CurrencyCode
    """What everything in the channel is priced in."""
    tax_included: bool
    """Whether prices are shown with tax."""
    countries: list[CountryCode]
    """Where the channel delivers to."""
    is_default: bool
    """Whether queries mean this channel when they name none."""
    closed: bool
    """Whether nothing is sold here any more."""
    return_window_days: int
    """For how many days goods that were bought here can come back."""
    tenders: list[TenderKind]
    """Every kind of money that is taken here."""
    gift_card_ttl_days: int | None
    """For how many days gift cards that were bought here can be spent; null when for ever."""
    cart_ttl_days: int
    """For how many days a guest's cart lives that nobody touches."""
    customer_cart_ttl_days: int | None
    """For how many days a customer's cart lives that nobody touches; null when it lives for ever."""
    recovery_url: str | None
    """The storefront's page that opens a cart by a recovery link, with {token} in it; null where there is none."""
    language: str
    """What its invoices are written in."""
    timezone: str
    """Whose days and years its invoices have, by the IANA database."""
    seller: Seller | None
    """Who sells; null when not said, and then invoices say the name of the channel."""

    @classmethod
    def kind(cls) -> IdKind:
        """Its ids begin with chn."""
        return IdKind.CHANNEL

    @classmethod
    def of(cls, row: rules.Channel) -> "Channel":
        """Show a channel."""
        return cls(
            row=row,
            id=public_id(IdKind.CHANNEL, row.id),
            code=row.code,
            name=row.name,
            currency=CurrencyCode(row.currency),
            tax_included=row.tax_included,
            countries=[CountryCode(country) for country in row.countries],
            is_default=row.is_default,
            closed=row.closed,
            return_window_days=row.return_window_days,
            tenders=list(row.tenders),
            gift_card_ttl_days=row.gift_card_ttl_days,
            cart_ttl_days=row.cart_ttl_days,
            customer_cart_ttl_days=row.customer_cart_ttl_days,
            recovery_url=row.recovery_url,
            language=row.language,
            timezone=row.timezone,
            seller=Seller.maybe(row.seller),
        )

    @strawberry.field
    def display_cap(self, info: Info) -> int | None:
        """The most units that are shown as available; null where all are, and for callers who may not see stock."""
        return self.row.display_cap if info.context.sees_arrangements else None

    @strawberry.field
    def threshold(self, info: Info) -> int | None:
        """Units of each variant that are kept from selling here; null for callers who may not see stock."""
        return self.row.threshold if info.context.sees_arrangements else None

    @strawberry.field
    def reservation_ttl_seconds(self, info: Info) -> int | None:
        """How long units are held for a shopper; null for callers who may not see stock."""
        return self.row.reservation_ttl_seconds if info.context.sees_arrangements else None

    @strawberry.field
    def reserve_at(self, info: Info) -> ReserveAt | None:
        """When units are first held for a shopper; null for callers who may not see stock."""
        return self.row.reserve_at if info.context.sees_arrangements else None

    @strawberry.field
    def reserve_partially(self, info: Info) -> bool | None:
        """Whether fewer units than were asked for are held too; null for callers who may not see stock."""
        return self.row.reserve_partially if info.context.sees_arrangements else None

    @strawberry.field
    def invoice_prefix(self, info: Info) -> str | None:
        """What the numbers of its invoices begin with, from next year on where this year has some.

        Null for callers who may not see stock.
        """
        return rules.prefix_of(self.row.code, self.row.invoice_prefix) if info.context.sees_arrangements else None

    @strawberry.field
    def capture_at(self, info: Info) -> CaptureAt | None:
        """When money is taken; null for callers who may not see stock."""
        return self.row.capture_at if info.context.sees_arrangements else None

    @strawberry.field
    def capture_delivery(self, info: Info) -> CaptureDelivery | None:
        """With which goods delivery is charged; null for callers who may not see stock."""
        return self.row.capture_delivery if info.context.sees_arrangements else None

    @strawberry.field
    def refund_sequence(self, info: Info) -> RefundSequence | None:
        """Where money goes back to first, of refunds from now on; null for callers who may not see stock."""
        return self.row.refund_sequence if info.context.sees_arrangements else None

    @strawberry.field
    def priority(self, info: Info) -> int | None:
        """Who is served first where there are too few units: the higher; null for callers who may not see stock."""
        return self.row.priority if info.context.sees_arrangements else None


@strawberry.type
class ChannelPayload:
    """The answer to a mutation about a channel."""

    channel: Channel | None
    """As it is now; null when refused."""
    errors: list[UserError]
    """Why it was refused."""
