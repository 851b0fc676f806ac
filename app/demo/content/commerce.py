"""How the demo shop sells: its channels, ways of delivery, taxes and promotions.

Amounts are pence; rates are basis points (2000 is 20 %).
"""

from dataclasses import dataclass

from app.delivery.states import DeliveryMethod
from app.demo.content.places import PLACES, STORES
from app.promotions.states import PromotionKind

CURRENCY = "GBP"
COUNTRIES = ("GB", "IE", "JE", "GI")


@dataclass(frozen=True, slots=True)
class Channel:
    """Where we sell. `ships` and `hands_out` are codes of the places that supply it."""

    code: str
    name: str
    currency: str
    tax_included: bool
    countries: tuple[str, ...]
    is_default: bool
    display_cap: int | None
    threshold: int
    reservation_ttl_seconds: int
    return_window_days: int
    ships: tuple[str, ...]
    hands_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PriceList:
    """The list that holds every price of the catalogue, and the channels that sell by it."""

    code: str
    name: str
    currency: str
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeliveryOption:
    """A way of delivery. `countries` None delivers to every country of the channel; days are working days."""

    channel: str
    code: str
    name: str
    method: DeliveryMethod
    price_minor: int
    free_from_minor: int | None
    countries: tuple[str, ...] | None
    min_days: int
    max_days: int
    position: int


@dataclass(frozen=True, slots=True)
class TaxRate:
    """The tax of one country in one channel."""

    channel: str
    country: str
    name: str
    rate_basis_points: int


@dataclass(frozen=True, slots=True)
class Promotion:
    """A promotion without a clock: whoever seeds it says when it starts."""

    channel: str
    name: str
    code: str | None
    kind: PromotionKind
    percent: int | None
    amount_minor: int | None
    from_subtotal_minor: int


_EVERY_PLACE = tuple(place.code for place in PLACES)
_EVERY_STORE = tuple(store.code for store in STORES)
_PICKUP_STORES = tuple(store.code for store in STORES if store.pickup_enabled)

CHANNELS: tuple[Channel, ...] = (
    Channel(
        code="web",
        name="Web shop",
        currency=CURRENCY,
        tax_included=True,
        countries=COUNTRIES,
        is_default=True,
        display_cap=20,
        threshold=0,
        reservation_ttl_seconds=900,
        return_window_days=30,
        ships=_EVERY_PLACE,
        hands_out=_PICKUP_STORES,
    ),
    Channel(
        code="in-store",
        name="In store",
        currency=CURRENCY,
        tax_included=True,
        countries=COUNTRIES,
        is_default=False,
        display_cap=None,
        threshold=0,
        reservation_ttl_seconds=900,
        return_window_days=30,
        ships=_EVERY_PLACE,
        hands_out=_EVERY_STORE,
    ),
)

PRICE_LIST = PriceList(code="standard-gbp", name="Standard prices", currency=CURRENCY, channels=("web", "in-store"))


def _delivery(channel: str) -> tuple[DeliveryOption, ...]:
    return (
        DeliveryOption(
            channel=channel,
            code="standard",
            name="Standard delivery",
            method=DeliveryMethod.SHIPPING,
            price_minor=395,
            free_from_minor=5000,
            countries=None,
            min_days=2,
            max_days=4,
            position=0,
        ),
        DeliveryOption(
            channel=channel,
            code="express",
            name="Express delivery",
            method=DeliveryMethod.SHIPPING,
            price_minor=695,
            free_from_minor=None,
            countries=None,
            min_days=1,
            max_days=2,
            position=1,
        ),
        DeliveryOption(
            channel=channel,
            code="pickup",
            name="Collect in store",
            method=DeliveryMethod.PICKUP,
            price_minor=0,
            free_from_minor=None,
            countries=None,
            min_days=0,
            max_days=0,
            position=2,
        ),
    )


_CARRY_OUT = DeliveryOption(
    channel="in-store",
    code="carry-out",
    name="Take it with you",
    method=DeliveryMethod.CARRY_OUT,
    price_minor=0,
    free_from_minor=None,
    countries=None,
    min_days=0,
    max_days=0,
    position=3,
)

DELIVERY_OPTIONS: tuple[DeliveryOption, ...] = (*_delivery("web"), *_delivery("in-store"), _CARRY_OUT)

TAX_RATES: tuple[TaxRate, ...] = tuple(
    TaxRate(channel=channel.code, country=country, name=name, rate_basis_points=rate)
    for channel in CHANNELS
    for country, name, rate in (
        ("GB", "VAT 20 %", 2000),
        ("IE", "VAT 23 %", 2300),
        ("JE", "GST 5 %", 500),
        ("GI", "No VAT", 0),
    )
)


def _promotions(channel: str) -> tuple[Promotion, ...]:
    return (
        Promotion(
            channel=channel,
            name="Welcome: 10 % off",
            code="WELCOME10",
            kind=PromotionKind.PERCENT_OFF,
            percent=10,
            amount_minor=None,
            from_subtotal_minor=0,
        ),
        Promotion(
            channel=channel,
            name="Free delivery",
            code="FREESHIP",
            kind=PromotionKind.FREE_DELIVERY,
            percent=None,
            amount_minor=None,
            from_subtotal_minor=0,
        ),
        Promotion(
            channel=channel,
            name="3 % off from £150",
            code=None,
            kind=PromotionKind.PERCENT_OFF,
            percent=3,
            amount_minor=None,
            from_subtotal_minor=15000,
        ),
    )


PROMOTIONS: tuple[Promotion, ...] = (*_promotions("web"), *_promotions("in-store"))
