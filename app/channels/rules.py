"""What a channel is, and which descriptions of one are refused."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.core import Locale, UnknownLocaleError
from stdnum.eu import vat as eu_vat
from stdnum.exceptions import ValidationError
from stdnum.util import get_cc_module

from app.channels.states import CaptureAt, CaptureDelivery, RefundSequence, ReserveAt, TenderKind
from app.kernel.address import Address, checked
from app.kernel.changes import LEFT_OUT, LeftOut
from app.kernel.email import normalized
from app.kernel.errors import Conflict, Invalid
from app.kernel.ids import ChannelId
from app.kernel.money import currencies
from app.kernel.plain import from_plain
from app.kernel.territories import is_country

#: What a new channel takes: promises to pay later are a decision of their own.
USUAL_TENDERS = (
    TenderKind.CARD,
    TenderKind.GIFT_CARD,
    TenderKind.STORE_CREDIT,
    TenderKind.CASH,
    TenderKind.CARD_PRESENT,
)
LONGEST_CODE = 64
LONGEST_NAME = 200
LONGEST_FOOTER = 1_000
LONGEST_VAT_ID = 32
LONGEST_PREFIX = 20
HIGHEST_PRIORITY = 100
#: Ten years, which every calendar can bear.
LONGEST_RETURN_WINDOW_DAYS = 3_650
LONGEST_GIFT_CARD_TTL_DAYS = 36_500
LONGEST_CART_TTL_DAYS = 3_650
LONGEST_URL = 2_000
#: A page of the world under https, or one of this machine; Python and PostgreSQL both read it.
RECOVERY_URL = r"(https://[A-Za-z0-9.:-]+|http://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?)[/?#][!-~]*"
#: What the token of a cart takes the place of.
TOKEN_PLACE = "{token}"  # noqa: S105  # A place for a token, not one.

_PREFIX = re.compile(r"[A-Z0-9](-?[A-Z0-9])*")
#: What numbers begin with where the code of a channel has no letter or digit that a number can have.
_PREFIX_OF_LAST_RESORT = "INV"


@dataclass(frozen=True, slots=True)
class Seller:
    """Who sells in a channel, as invoices name them. The footer says what the law wants said below."""

    name: str
    address: Address | None = None
    vat_id: str | None = None
    email: str | None = None
    footer: str | None = None

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Seller":
        """Read it as it is kept."""
        return from_plain(cls, value)


@dataclass(frozen=True, slots=True)
class Channel:
    """Where we sell. `display_cap` is the most units shown as available, `threshold` the units kept from selling.

    `reserve_at` says when units are first held, `reserve_partially` that fewer than were asked for are held too. Where
    there are too few for everybody, whoever buys in the channel of the higher `priority` is served first. Orders keep the
    `capture_at` and `capture_delivery` that they were placed under; refunds keep the `refund_sequence` that they were asked
    for under. Gift cards sold here can be spent for
    `gift_card_ttl_days`, or for ever. Carts that nobody touches live `cart_ttl_days`, those of customers
    `customer_cart_ttl_days` or for ever; `recovery_url` opens one anew. `language`, `timezone`, `invoice_prefix` and `seller`
    are of the invoices that are written from now on.
    """

    id: ChannelId
    code: str
    name: str
    currency: str
    tax_included: bool
    countries: tuple[str, ...]
    is_default: bool
    display_cap: int | None
    threshold: int
    reservation_ttl_seconds: int
    reserve_at: ReserveAt
    reserve_partially: bool
    priority: int
    return_window_days: int
    capture_at: CaptureAt
    capture_delivery: CaptureDelivery
    refund_sequence: RefundSequence
    tenders: tuple[TenderKind, ...]
    gift_card_ttl_days: int | None
    cart_ttl_days: int
    customer_cart_ttl_days: int | None
    recovery_url: str | None
    language: str
    timezone: str
    invoice_prefix: str | None
    seller: Seller | None
    closed_at: datetime | None

    @property
    def closed(self) -> bool:
        """Say whether nothing is sold here any more."""
        return self.closed_at is not None

    def shown(self, available: int) -> int:
        """Cut a number of units to what the channel tells the world."""
        return available if self.display_cap is None else min(available, self.display_cap)

    def recovery_link(self, token: str) -> str | None:
        """Write the address under which the storefront opens a cart anew; None where the channel does not say."""
        return None if self.recovery_url is None else self.recovery_url.replace(TOKEN_PLACE, token)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelInput:
    """A channel as somebody wants it to be; `code` says which one."""

    code: str
    name: str
    currency: str
    tax_included: bool
    countries: tuple[str, ...]
    is_default: bool = False
    display_cap: int | None = None
    threshold: int = 0
    reservation_ttl_seconds: int = 900
    reserve_at: ReserveAt = ReserveAt.CHECKOUT
    reserve_partially: bool = False
    priority: int = 0
    return_window_days: int = 30
    capture_at: CaptureAt = CaptureAt.SHIPMENT
    capture_delivery: CaptureDelivery = CaptureDelivery.FIRST
    refund_sequence: RefundSequence = RefundSequence.AS_CHARGED
    tenders: tuple[TenderKind, ...] = USUAL_TENDERS
    gift_card_ttl_days: int | None = None
    cart_ttl_days: int = 90
    customer_cart_ttl_days: int | None = None
    recovery_url: str | None = None
    language: str = "en"
    timezone: str = "UTC"
    invoice_prefix: str | None = None
    seller: Seller | None = None
    closed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelChange:
    """What somebody says of a channel; `code` says which one.

    What is left out stays as it is, or is what a new channel has by default; None is that default too.
    """

    code: str
    name: str | LeftOut | None = LEFT_OUT
    currency: str | LeftOut | None = LEFT_OUT
    tax_included: bool | LeftOut | None = LEFT_OUT
    countries: tuple[str, ...] | LeftOut | None = LEFT_OUT
    is_default: bool | LeftOut | None = LEFT_OUT
    display_cap: int | LeftOut | None = LEFT_OUT
    threshold: int | LeftOut | None = LEFT_OUT
    reservation_ttl_seconds: int | LeftOut | None = LEFT_OUT
    reserve_at: ReserveAt | LeftOut | None = LEFT_OUT
    reserve_partially: bool | LeftOut | None = LEFT_OUT
    priority: int | LeftOut | None = LEFT_OUT
    return_window_days: int | LeftOut | None = LEFT_OUT
    capture_at: CaptureAt | LeftOut | None = LEFT_OUT
    capture_delivery: CaptureDelivery | LeftOut | None = LEFT_OUT
    refund_sequence: RefundSequence | LeftOut | None = LEFT_OUT
    tenders: tuple[TenderKind, ...] | LeftOut | None = LEFT_OUT
    gift_card_ttl_days: int | LeftOut | None = LEFT_OUT
    cart_ttl_days: int | LeftOut | None = LEFT_OUT
    customer_cart_ttl_days: int | LeftOut | None = LEFT_OUT
    recovery_url: str | LeftOut | None = LEFT_OUT
    language: str | LeftOut | None = LEFT_OUT
    timezone: str | LeftOut | None = LEFT_OUT
    invoice_prefix: str | LeftOut | None = LEFT_OUT
    seller: Seller | LeftOut | None = LEFT_OUT
    closed: bool | LeftOut | None = LEFT_OUT


def check(channels: Sequence[ChannelInput]) -> None:
    """Refuse descriptions that no channel can have.

    Raises: Invalid naming the element and its field.
    """
    codes: set[str] = set()
    for i, channel in enumerate(channels):
        at = ("channels", str(i))
        if not channel.code.strip() or len(channel.code) > LONGEST_CODE:
            raise Invalid(f"a code has 1 to {LONGEST_CODE} characters", field=(*at, "code"))
        if channel.code in codes:
            raise Invalid(f"{channel.code!r} stands here twice", field=(*at, "code"))
        codes.add(channel.code)
        if not channel.name.strip() or len(channel.name) > LONGEST_NAME:
            raise Invalid(f"a name has 1 to {LONGEST_NAME} characters", field=(*at, "name"))
        if channel.currency not in currencies():
            raise Invalid("not a currency code of ISO 4217", field=(*at, "currency"))
        for n, country in enumerate(channel.countries):
            if not is_country(country):
                raise Invalid("not a country code of ISO 3166-1", field=(*at, "countries", str(n)))
        if not channel.tenders or len(set(channel.tenders)) < len(channel.tenders):
            raise Invalid("at least one kind of money, and none twice", field=(*at, "tenders"))
        _check_numbers(channel, at)
        _check_recovery_url(channel, (*at, "recoveryUrl"))
        _check_documents(channel, at)
    if sum(channel.is_default for channel in channels) > 1:
        raise Invalid("only one channel can be the default", field=("channels",))


def _check_numbers(channel: ChannelInput, at: tuple[str, ...]) -> None:
    if channel.display_cap is not None and channel.display_cap < 1:
        raise Invalid("at least 1, or nothing at all", field=(*at, "displayCap"))
    if channel.reservation_ttl_seconds < 1:
        raise Invalid("at least 1", field=(*at, "reservationTtlSeconds"))
    if channel.threshold < 0:
        raise Invalid("not below 0", field=(*at, "threshold"))
    if channel.gift_card_ttl_days is not None and not 1 <= channel.gift_card_ttl_days <= LONGEST_GIFT_CARD_TTL_DAYS:
        raise Invalid(f"from 1 to {LONGEST_GIFT_CARD_TTL_DAYS}, or nothing at all", field=(*at, "giftCardTtlDays"))
    for name, value, most in (
        ("priority", channel.priority, HIGHEST_PRIORITY),
        ("returnWindowDays", channel.return_window_days, LONGEST_RETURN_WINDOW_DAYS),
    ):
        if not 0 <= value <= most:
            raise Invalid(f"from 0 to {most}", field=(*at, name))
    for name, days in (
        ("cartTtlDays", channel.cart_ttl_days),
        ("customerCartTtlDays", channel.customer_cart_ttl_days),
    ):
        if days is not None and not 1 <= days <= LONGEST_CART_TTL_DAYS:
            raise Invalid(f"from 1 to {LONGEST_CART_TTL_DAYS}", field=(*at, name))


def _check_recovery_url(channel: ChannelInput, field: tuple[str, ...]) -> None:
    url = channel.recovery_url
    if url is None:
        return
    if len(url) > LONGEST_URL:
        raise Invalid(f"at most {LONGEST_URL} characters", field=field)
    if not re.fullmatch(RECOVERY_URL, url):
        raise Invalid("an address that begins with https://, or with http://localhost", field=field)
    if url.count(TOKEN_PLACE) != 1:
        raise Invalid(f"say once where the token belongs, as {TOKEN_PLACE}", field=field)


def _check_documents(channel: ChannelInput, at: tuple[str, ...]) -> None:
    try:
        Locale.parse(channel.language, sep="-")
    except (ValueError, UnknownLocaleError):
        raise Invalid("not a language tag of BCP 47, such as en or pt-BR", field=(*at, "language")) from None
    try:
        ZoneInfo(channel.timezone)
    except (ValueError, OSError, KeyError):
        raise Invalid("not a time zone of the IANA database", field=(*at, "timezone")) from None
    prefix = channel.invoice_prefix
    if prefix is not None and (len(prefix) > LONGEST_PREFIX or not _PREFIX.fullmatch(prefix)):
        raise Invalid(
            f"1 to {LONGEST_PREFIX} of A to Z and 0 to 9, with single hyphens between", field=(*at, "invoicePrefix")
        )


def prefix_of(code: str, invoice_prefix: str | None) -> str:
    """Say what the numbers of a channel's documents begin with: what was chosen for it, else what its code makes.

    Example: "web shop" -> "WEB-SHOP".
    """
    if invoice_prefix is not None:
        return invoice_prefix
    made = re.sub(r"[^A-Z0-9]+", "-", code.upper()).strip("-")[:LONGEST_PREFIX].rstrip("-")
    return made or _PREFIX_OF_LAST_RESORT


def refuse_shared_prefixes(wanted: Sequence[Channel], others: Sequence[Channel]) -> None:
    """Refuse a prefix that was chosen for one channel and is another's: their numbers would be the same.

    Raises: Conflict naming the element.
    """
    ours = {channel.code for channel in wanted}
    taken = {prefix_of(channel.code, channel.invoice_prefix) for channel in others if channel.code not in ours}
    for i, channel in enumerate(wanted):
        rest = {prefix_of(other.code, other.invoice_prefix) for n, other in enumerate(wanted) if n != i}
        if channel.invoice_prefix is not None and channel.invoice_prefix in taken | rest:
            raise Conflict("the invoices of another channel begin so", field=("channels", str(i), "invoicePrefix"))


def tidied(seller: Seller, *, at: tuple[str, ...]) -> Seller:
    """Tidy who sells, and refuse what nobody can be called or registered as.

    Raises: Invalid, below `at`.
    """
    name = " ".join(seller.name.split())
    if not name or len(name) > LONGEST_NAME:
        raise Invalid(f"a name has 1 to {LONGEST_NAME} characters", field=(*at, "name"))
    footer = (seller.footer or "").strip()
    if len(footer) > LONGEST_FOOTER:
        raise Invalid(f"at most {LONGEST_FOOTER} characters", field=(*at, "footer"))
    address = None if seller.address is None else checked(seller.address, field=(*at, "address"))
    vat_id = "".join((seller.vat_id or "").upper().split())
    if vat_id and not _is_vat_id(vat_id, "" if address is None else address.country):
        raise Invalid("not a VAT number of the seller's country, nor of the one it begins with", field=(*at, "vatId"))
    email = None if not (seller.email or "").strip() else normalized(seller.email or "", field=(*at, "email"))
    return Seller(name=name, address=address, vat_id=vat_id or None, email=email, footer=footer or None)


def _is_vat_id(vat_id: str, country: str) -> bool:
    """Say whether it can be a VAT number, as far as that is known: sellers are registered abroad too."""
    begins_with = vat_id[:2]
    judges = [
        judge
        for code in (country, begins_with)
        if code.isalpha() and (judge := get_cc_module(code.lower(), "vat")) is not None
    ]
    if begins_with.lower() in eu_vat.MEMBER_STATES or begins_with == "EL":
        judges.append(eu_vat)
    if len(vat_id) > LONGEST_VAT_ID or not vat_id.isascii():
        return False
    return not judges or any(_accepts(judge, vat_id) for judge in judges)


def _accepts(judge: Any, vat_id: str) -> bool:
    try:
        judge.validate(vat_id)
    except ValidationError:
        return False
    return True
