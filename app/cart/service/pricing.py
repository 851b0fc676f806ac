"""Running the totals of a cart on the terms of this moment."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from app.cart import queries
from app.cart.rules import Cart, CartLine, Quote, Terms, UnitPrice, quoted
from app.channels import queries as channels
from app.channels.rules import Channel
from app.kernel.errors import BrokenInvariant
from app.kernel.ids import ChannelId
from app.kernel.sql import Session
from app.locations import queries as locations
from app.pricing import queries as pricing


async def quote(session: Session, *, cart: Cart, now: datetime) -> Quote:
    """Say what a cart costs at this moment: fresh prices, promotions, delivery and tax. Writes nothing.

    Three statements for a cart that is shipped, one more when a store hands lines over, whatever the number of lines.
    """
    quote, _ = await quote_in_channel(session, cart=cart, now=now)
    return quote


async def quote_in_channel(session: Session, *, cart: Cart, now: datetime) -> tuple[Quote, Channel]:
    """Say what a cart costs at this moment, and in which channel as it is now."""
    lines, selections = await queries.list_contents(session, cart_id=cart.id)
    offers = await queries.list_offers(session, channel_id=cart.channel_id, codes=cart.promotion_codes, at=now)
    terms = await _terms(session, offers, lines)
    destination = cart.shipping_address.country if cart.shipping_address else None
    return quoted(cart.id, lines, selections=selections, destination=destination, terms=terms), offers.channel


async def get_channel(session: Session, *, channel_id: ChannelId) -> Channel:
    """Find the channel of a cart, which is there because the cart points to it."""
    channel = await channels.get_channel(session, channel_id=channel_id)
    if channel is None:
        raise BrokenInvariant(f"channel {channel_id} has carts and is gone")
    return channel


async def _terms(session: Session, offers: queries.Offers, lines: Sequence[CartLine]) -> Terms:
    channel = offers.channel
    variant_ids = list({line.variant_id for line in lines})
    prices = await pricing.list_prices(session, channel_id=channel.id, variant_ids=variant_ids) if lines else {}
    return Terms(
        currency=channel.currency,
        tax_included=channel.tax_included,
        countries=frozenset(channel.countries),
        home=_home(channel),
        prices={
            variant_id: UnitPrice(price.amount_minor, price.list_amount_minor) for variant_id, price in prices.items()
        },
        promotions=offers.promotions,
        options=offers.options,
        rates={rate.country: rate for rate in offers.rates},
        store_countries=await _store_countries(session, {line.store_id for line in lines if line.store_id is not None}),
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
