"""Where an address or a postal code is, as nearly as can be told without a network.

The surest way is a table of postal codes: those that the shop imported, then those of the US that come with the package.
Else those of our own locations that share the postal code, the city or the postal area tell, and the mean of them is near
enough to tell the near store from the far one. Where none does, the place is unknown.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.locations.rules.places import Point
from app.locations.rules.postal_codes import PostalCode, packaged, ways_to_find


@dataclass(frozen=True, slots=True)
class Place:
    """A known place: what its address says, and where it is."""

    country: str
    city: str
    postal_code: str | None
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Near:
    """What distances are measured from: a point, or a postal code of a country."""

    point: Point | None = None
    country: str | None = None
    postal_code: str | None = None

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes under which it may have been imported, the surest first; none for a point."""
        return () if self.country is None else ways_to_find(self.country, self.postal_code)

    @property
    def known(self) -> Point | None:
        """The point, as far as it is known without asking the shop's own tables."""
        return self.point or (packaged(self.country, self.postal_code) if self.country else None)


def locate(
    known: Sequence[Place],
    *,
    country: str,
    city: str | None,
    postal_code: str | None,
    imported: Sequence[PostalCode] = (),
) -> Point | None:
    """Say where something is: where its postal code is, else our places of that code, of its city, of its postal area.

    `imported` are rows of the shop's own table, which go before those of the package.
    """
    by_table = _imported(imported, country, postal_code) or packaged(country, postal_code)
    if by_table is not None:
        return by_table
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


def _imported(imported: Sequence[PostalCode], country: str, postal_code: str | None) -> Point | None:
    by_code = {row.code: row for row in imported if row.country == country}
    row = next((by_code[code] for code in ways_to_find(country, postal_code) if code in by_code), None)
    return None if row is None else Point(row.latitude, row.longitude)


def _plain(text: str | None) -> str:
    return re.sub(r"[^0-9a-z]", "", (text or "").casefold())


def _area(code: str) -> str:
    """Cut a postal code to its region: the letters of a British one, the first three digits of others."""
    letters = re.match(r"[a-z]+", code)
    return letters.group() if letters else code[:3]
