"""Where an import sells: the channel that it names, and the price list that its prices go into."""

from dataclasses import dataclass

from babel.core import get_global

from app.channels import queries as channels_queries
from app.channels import service as channels
from app.channels.errors import UnknownChannel
from app.channels.rules import Channel, ChannelInput
from app.delivery import service as delivery
from app.delivery.rules import DeliveryOptionInput
from app.delivery.states import DeliveryMethod
from app.integration import queries
from app.kernel.db import UnitOfWork
from app.kernel.errors import Conflict, Invalid
from app.kernel.ids import ChannelId
from app.kernel.permissions import Permission
from app.kernel.territories import is_country
from app.pricing import service as pricing
from app.pricing.rules import PriceListInput

FIRST_CHANNEL = "web"


@dataclass(frozen=True, slots=True)
class Selling:
    """A channel, its currency, and the price list that it asks first."""

    channel_id: ChannelId
    channel: str
    currency: str
    price_list: str
    is_new: bool


async def channel_to_sell_in(uow: UnitOfWork, *, code: str | None, currency: str | None) -> Selling:
    """Find the channel that an import sells in, the default one if it names none; a shop without any gets its first.

    That first channel delivers, free of charge, to the countries that pay in its currency. A channel without a price list
    gets one. Raises: Forbidden; UnknownChannel; Conflict when the prices are in another currency than the channel sells in;
    Invalid when a first channel would have none.
    """
    uow.actor.require(Permission.CATALOG_WRITE)
    there = await channels_queries.list_channels(uow)
    is_new = not there
    if is_new:
        await _open_first(uow, code=code or FIRST_CHANNEL, currency=currency)
    channel = await channels.choose(uow, code=code)
    if currency is not None and currency != channel.currency:
        message = f"the prices are in {currency}, and the channel {channel.code!r} sells in {channel.currency}"
        raise Conflict(message, field=("currency",))
    sold_by = await queries.get_price_list(uow, channel_id=channel.id)
    price_list = sold_by.code if sold_by is not None else await _open_price_list(uow, channel)
    return Selling(channel.id, channel.code, channel.currency, price_list, is_new)


async def _open_first(uow: UnitOfWork, *, code: str, currency: str | None) -> None:
    if currency is None:
        raise Invalid(
            "the shop has no channel yet: say in which currency it sells (--currency GBP)", field=("currency",)
        )
    countries = _countries_paying_in(currency)
    (opened,) = await channels.put_channels(
        uow,
        channels=[
            ChannelInput(
                code=code, name="Web shop", currency=currency, tax_included=True, countries=countries, is_default=True
            )
        ],
    )
    # Without a way of delivery nothing could be bought; the shop sets its own terms afterwards.
    await delivery.put_delivery_options(
        uow,
        channel_id=ChannelId(opened.id),
        options=[
            DeliveryOptionInput(
                code="standard", name="Standard delivery", method=DeliveryMethod.SHIPPING, price_minor=0, min_days=2,
                max_days=4, position=0,
            ),
            DeliveryOptionInput(
                code="pickup", name="Collect in store", method=DeliveryMethod.PICKUP, price_minor=0, min_days=0, max_days=0,
                position=1,
            ),
        ],
    )  # fmt: skip


async def _open_price_list(uow: UnitOfWork, channel: Channel) -> str:
    code = f"{channel.code}-{channel.currency}".lower()[:64]
    name = f"{channel.name}, {channel.currency}"
    await pricing.put_price_lists(
        uow,
        price_lists=[PriceListInput(code=code, name=name[:200], currency=channel.currency, channels=(channel.code,))],
    )
    return code


def _countries_paying_in(currency: str) -> tuple[str, ...]:
    """List the countries whose legal tender a currency is today. Source: CLDR, as babel packages it."""
    by_country = get_global("territory_currencies")
    return tuple(
        sorted(
            country
            for country, history in by_country.items()
            if is_country(country)
            and any(code == currency and end is None and tender for code, _, end, tender in history)
        )
    )


__all__ = ["FIRST_CHANNEL", "Selling", "UnknownChannel", "channel_to_sell_in"]
