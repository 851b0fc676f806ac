"""Running the totals of a cart on the terms of this moment."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.cart import queries
from app.cart.rules import Cart, Quote, Terms, quoted
from app.catalog.rules import Goods
from app.channels import queries as channels
from app.channels.rules import Channel
from app.kernel.errors import BrokenInvariant
from app.kernel.ids import ChannelId
from app.kernel.sql import Session
from app.locations import queries as locations


async def quote(session: Session, *, cart: Cart, now: datetime) -> Quote:
    """Say what a cart costs at this moment: fresh prices, promotions, delivery and tax. Writes nothing.

    One statement for a cart that is shipped, one more when a store hands lines over, whatever the number of lines.
    """
    return (await quote_in_channel(session, cart=cart, now=now)).quote


@dataclass(frozen=True, slots=True)
class Priced:
    """What a cart costs, in which channel as it is now, and what its goods are called where that was asked for."""

    quote: Quote
    channel: Channel
    goods: Mapping[UUID, Goods]


async def quote_in_channel(session: Session, *, cart: Cart, now: datetime, with_goods: bool = False) -> Priced:
    """Say what a cart costs at this moment, and in which channel."""
    basis = await queries.get_basis(
        session, cart_id=cart.id, channel_id=cart.channel_id, codes=cart.promotion_codes, at=now, with_goods=with_goods
    )
    contents, offers = basis.contents, basis.offers
    terms = await _terms(session, offers, contents)
    destination = cart.shipping_address.country if cart.shipping_address else None
    quote = quoted(cart.id, contents.lines, selections=contents.selections, destination=destination, terms=terms)
    return Priced(quote, offers.channel, contents.goods)


async def get_channel(session: Session, *, channel_id: ChannelId) -> Channel:
    """Find the channel of a cart, which is there because the cart points to it."""
    channel = await channels.get_channel(session, channel_id=channel_id)
    if channel is None:
        raise BrokenInvariant(f"channel {channel_id} has carts and is gone")
    return channel


async def _terms(session: Session, offers: queries.Offers, contents: queries.Contents) -> Terms:
    channel = offers.channel
    stores = {line.store_id for line in contents.lines if line.store_id is not None}
    return Terms(
        currency=channel.currency,
        tax_included=channel.tax_included,
        countries=frozenset(channel.countries),
        home=_home(channel),
        prices=contents.prices,
        promotions=offers.promotions,
        options=offers.options,
        rates={rate.country: rate for rate in offers.rates},
        store_countries=await _store_countries(session, stores),
    )


def _home(channel: Channel) -> str:
    """The country that goods are taken to go to until there is an address."""
    return channel.countries[0] if channel.countries else ""


async def _store_countries(session: Session, store_ids: Collection[UUID]) -> dict[UUID, str]:
    if not store_ids:
        return {}
    return {
        location.id: location.address.country
        for location in await locations.list_locations(session, location_ids=store_ids)
        if location.address is not None
    }
