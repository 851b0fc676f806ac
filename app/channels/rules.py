"""What a channel is, and which descriptions of one are refused."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.channels.states import CaptureAt, CaptureDelivery, ReserveAt, TenderKind
from app.kernel.changes import LEFT_OUT, LeftOut
from app.kernel.errors import Invalid
from app.kernel.ids import ChannelId
from app.kernel.money import currencies
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


@dataclass(frozen=True, slots=True)
class Channel:
    """Where we sell. `display_cap` is the most units shown as available, `threshold` the units kept from selling.

    `reserve_at` says when units are first held, `reserve_partially` that fewer than were asked for are held too. Where
    there are too few for everybody, whoever buys in the channel of the higher `priority` is served first. Orders keep the
    `capture_at` and `capture_delivery` that they were placed under. Gift cards sold here can be spent for
    `gift_card_ttl_days`, or for ever. Carts that nobody touches live `cart_ttl_days`, those of customers
    `customer_cart_ttl_days` or for ever; `recovery_url` opens one anew.
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
    tenders: tuple[TenderKind, ...]
    gift_card_ttl_days: int | None
    cart_ttl_days: int
    customer_cart_ttl_days: int | None
    recovery_url: str | None
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
    tenders: tuple[TenderKind, ...] = USUAL_TENDERS
    gift_card_ttl_days: int | None = None
    cart_ttl_days: int = 90
    customer_cart_ttl_days: int | None = None
    recovery_url: str | None = None
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
    tenders: tuple[TenderKind, ...] | LeftOut | None = LEFT_OUT
    gift_card_ttl_days: int | LeftOut | None = LEFT_OUT
    cart_ttl_days: int | LeftOut | None = LEFT_OUT
    customer_cart_ttl_days: int | LeftOut | None = LEFT_OUT
    recovery_url: str | LeftOut | None = LEFT_OUT
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
