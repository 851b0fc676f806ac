"""What a delivery costs and when it comes, without a database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from app.delivery.states import DeliveryMethod
from app.kernel.ids import ChannelId

_SATURDAY = 5
#: Nothing that a shop sells travels longer than a year.
MOST_DAYS = 260


@dataclass(frozen=True, slots=True)
class DeliveryOption:
    """A way of delivery that a channel offers. `countries` None delivers to every country of the channel.

    Days are working days. From a subtotal of `free_from_minor` it costs nothing.
    """

    id: UUID
    channel_id: ChannelId
    code: str
    name: str
    method: DeliveryMethod
    price_minor: int
    free_from_minor: int | None
    countries: tuple[str, ...] | None
    min_days: int
    max_days: int
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryOptionInput:
    """A delivery option as somebody writes it, before it has an id."""

    code: str
    name: str
    method: DeliveryMethod
    price_minor: int
    free_from_minor: int | None = None
    countries: tuple[str, ...] | None = None
    min_days: int
    max_days: int
    position: int


@dataclass(frozen=True, slots=True)
class Consignment:
    """What is to be delivered: goods of one method, worth a subtotal, into a country that the channel serves or not."""

    method: DeliveryMethod
    country: str
    country_served: bool
    subtotal_minor: int


@dataclass(frozen=True, slots=True)
class Offer:
    """A delivery option with its price for one consignment."""

    option: DeliveryOption
    price_minor: int


def offers(consignment: Consignment, options: Sequence[DeliveryOption]) -> list[Offer]:
    """List what a consignment can be delivered by, in the shop's order, each with its price.

    Countries matter to shipments alone: whoever collects comes to the store.
    """
    fitting = sorted(
        (option for option in options if option.method is consignment.method and _reaches(option, consignment)),
        key=lambda option: (option.position, option.code),
    )
    return [Offer(option, _price(option, consignment.subtotal_minor)) for option in fitting]


def arrival(sent: datetime, working_days: int) -> datetime:
    """Say when goods sent at a moment arrive, so many working days later; Saturdays and Sundays are none."""
    arrived = sent
    while working_days:
        arrived += timedelta(days=1)
        working_days -= arrived.weekday() < _SATURDAY
    return arrived


def _reaches(option: DeliveryOption, consignment: Consignment) -> bool:
    if consignment.method is not DeliveryMethod.SHIPPING:
        return True
    return consignment.country_served and (option.countries is None or consignment.country in option.countries)


def _price(option: DeliveryOption, subtotal_minor: int) -> int:
    free = option.free_from_minor is not None and subtotal_minor >= option.free_from_minor
    return 0 if free else option.price_minor
