"""Where an address is, as nearly as the shop's own places tell without a network.

A postal address has no coordinates. Those of our locations that share its postal code, its postal area or its city do,
and the mean of them is near enough to tell the near warehouse from the far one. Where none does, the place is unknown.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt

from app.kernel.address import Address

EARTH_RADIUS_KM = 6371.0088


@dataclass(frozen=True, slots=True)
class Place:
    """A known place: what its address says, and where it is."""

    country: str
    city: str
    postal_code: str | None
    latitude: float
    longitude: float


def locate(address: Address, known: Sequence[Place]) -> tuple[float, float] | None:
    """Say where an address is: by the same postal code, else the same postal area, else the same city."""
    in_country = [place for place in known if place.country == address.country]
    code = _plain(address.postal_code)
    area = _area(code)
    ways: tuple[Callable[[Place], bool], ...] = (
        lambda place: bool(code) and _plain(place.postal_code) == code,
        lambda place: _plain(place.city) == _plain(address.city),
        lambda place: bool(area) and _area(_plain(place.postal_code)) == area,
    )
    for is_near in ways:
        near = [place for place in in_country if is_near(place)]
        if near:
            return (
                sum(place.latitude for place in near) / len(near),
                sum(place.longitude for place in near) / len(near),
            )
    return None


def distance_km(here: tuple[float, float], there: tuple[float, float]) -> float:
    """Measure the great circle between two (latitude, longitude) points. Source: the haversine formula."""
    lat1, lon1, lat2, lon2 = map(radians, (*here, *there))
    chord = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(chord)))


def _plain(text: str | None) -> str:
    return re.sub(r"[^0-9a-z]", "", (text or "").casefold())


def _area(code: str) -> str:
    """Cut a postal code to its region: the letters of a British one, the first three digits of others."""
    letters = re.match(r"[a-z]+", code)
    return letters.group() if letters else code[:3]
