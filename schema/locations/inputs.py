"""What clients say about places and goods."""

import strawberry

from app.kernel.errors import Invalid
from app.locations.rules import Point
from schema.core.scalars import CountryCode

_MOST_LATITUDE = 90
_MOST_LONGITUDE = 180
#: A tenth of a millimetre. Numbers next to nothing would underflow where distances are computed.
_DIGITS = 9


@strawberry.input
class NearInput:
    """A place to measure distances from."""

    latitude: float | None = None
    """WGS 84 degrees, north positive. Goes with longitude."""
    longitude: float | None = None
    """WGS 84 degrees, east positive. Goes with latitude."""
    postal_code: str | None = None
    """Instead of degrees, with its country: taken to be where our own places of this code or area are."""
    country: CountryCode | None = None
    """The country of the postal code."""

    def point(self) -> Point:
        """Read it as a point.

        Raises: Invalid when a degree is missing or out of range.
        """
        if self.latitude is None or self.longitude is None:
            missing = "latitude" if self.latitude is None else "longitude"
            raise Invalid("latitude and longitude go together", field=("near", missing))
        for name, degrees, most in (
            ("latitude", self.latitude, _MOST_LATITUDE),
            ("longitude", self.longitude, _MOST_LONGITUDE),
        ):
            if not -most <= degrees <= most:
                raise Invalid(f"from -{most} to {most}", field=("near", name))
        return Point(round(self.latitude, _DIGITS), round(self.longitude, _DIGITS))


@strawberry.input
class LineInput:
    """A variant, and how many units of it."""

    variant_id: strawberry.ID
    """The id of the variant."""
    quantity: int
    """Units, at least 1."""
