"""Where an address or a postal code is, as nearly as the shop's own places tell without a network.

Neither has coordinates. Those of our locations that share the postal code, the city or the postal area do, and the mean of
them is near enough to tell the near store from the far one. Where none does, the place is unknown.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.locations.rules.places import Point


@dataclass(frozen=True, slots=True)
class Place:
    """A known place: what its address says, and where it is."""

    country: str
    city: str
    postal_code: str | None
    latitude: float
    longitude: float


def locate(known: Sequence[Place], *, country: str, city: str | None, postal_code: str | None) -> Point | None:
    """Say where something is: where the same postal code is, else the same city, else the same postal area."""
    in_country = [place for place in known if place.country == country]
    code, town = _plain(postal_code), _plain(city)
    area = _area(code)
    ways: tuple[Callable[[Place], bool], ...] = (
        lambda place: bool(code) and _plain(place.postal_code) == code,
        lambda place: bool(town) and _plain(place.city) == town,
        lambda place: bool(area) and _area(_plain(place.postal_code)) == area,
    )
    for is_near in ways:
        near = [place for place in in_country if is_near(place)]
        if near:
            return Point(
                sum(place.latitude for place in near) / len(near),
                sum(place.longitude for place in near) / len(near),
            )
    return None


def _plain(text: str | None) -> str:
    return re.sub(r"[^0-9a-z]", "", (text or "").casefold())


def _area(code: str) -> str:
    """Cut a postal code to its region: the letters of a British one, the first three digits of others."""
    letters = re.match(r"[a-z]+", code)
    return letters.group() if letters else code[:3]
