"""Where `near` is: by its degrees, or by its postal code."""

from app.kernel.errors import Invalid
from app.locations.rules import Near
from schema.channels.loaders import ChannelRef, channel_of, chosen
from schema.core.context import Context
from schema.locations.inputs import NearInput


async def nearby(context: Context, near: NearInput | None, *, channel: ChannelRef | str) -> Near | None:
    """Say what a client measures distances from, if it asked for distances at all.

    A postal code without its country is of the only one that the channel sells in.
    Raises: Invalid naming what is missing or out of range; UnknownChannel.
    """
    if near is None:
        return None
    if near.postal_code is None or near.latitude is not None or near.longitude is not None:
        return Near(near.point())
    country: str | None = near.country
    if country is None:
        sold_in = await (chosen(context, channel) if isinstance(channel, str) else channel_of(context, channel))
        if len(sold_in.countries) != 1:
            raise Invalid("a postal code needs its country", field=("near", "country"))
        [country] = sold_in.countries
    return Near(country=country, postal_code=near.postal_code)
