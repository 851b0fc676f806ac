"""Where `near` is: by its degrees, or by its postal code."""

from app.kernel.errors import Invalid
from app.locations import queries
from app.locations.errors import PostalCodeUnknown
from app.locations.rules import Point, locate
from schema.core.context import Context
from schema.locations.inputs import NearInput


async def nearby(context: Context, near: NearInput | None) -> Point | None:
    """Say where a client measures distances from, if it asked for distances at all.

    Raises: Invalid naming what is missing or out of range; PostalCodeUnknown.
    """
    if near is None:
        return None
    if near.postal_code is None or near.latitude is not None or near.longitude is not None:
        return near.point()
    if near.country is None:
        raise Invalid("a postal code needs its country", field=("near", "country"))
    known = await queries.list_places(context.session, country=near.country, postal_code=near.postal_code)
    point = locate(known, country=near.country, city=None, postal_code=near.postal_code)
    if point is None:
        raise PostalCodeUnknown
    return point
