"""What clients say about places and goods."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from uuid import UUID

import strawberry

from app.inventory.rules.pickups import MOST_UNITS, LineWanted
from app.kernel.errors import Invalid
from app.kernel.ids import IdKind, decode
from app.locations.rules import Point
from schema.core.scalars import CountryCode

#: A cart has no more lines than this; no question about a store does.
MOST_LINES = 1200
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
    """Instead of degrees. Those of the US are known, others once the shop has imported them; else our own places tell."""
    country: CountryCode | None = None
    """The country of the postal code; may be left out in a channel that sells in one country alone."""

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


@dataclass(frozen=True, slots=True)
class Asked:
    """Lines that a client asked about: each variant once, in the order in which they were named, and where each stood."""

    lines: tuple[LineWanted, ...]
    positions: tuple[int, ...]

    def refuse_unknown(self, known: Container[UUID]) -> None:
        """Refuse variants that the shop does not know. Raises: Invalid naming the line."""
        for position, line in zip(self.positions, self.lines, strict=True):
            if line.variant_id not in known:
                field = ("lines", str(position), "variantId")
                raise Invalid("the shop does not know this variant", field=field)


def asked(lines: Sequence[LineInput]) -> Asked:
    """Add up lines of the same variant, in the order in which variants were first named.

    Raises: Invalid naming the line and its field.
    """
    if len(lines) > MOST_LINES:
        raise Invalid(f"at most {MOST_LINES} lines", field=("lines",))
    units: dict[UUID, int] = {}
    positions: dict[UUID, int] = {}
    for i, line in enumerate(lines):
        key = decode(IdKind.VARIANT, line.variant_id, field=("lines", str(i), "variantId"))
        if line.quantity < 1:
            raise Invalid("at least 1", field=("lines", str(i), "quantity"))
        units[key] = units.get(key, 0) + line.quantity
        if units[key] > MOST_UNITS:
            raise Invalid(f"at most {MOST_UNITS} units of a variant", field=("lines", str(i), "quantity"))
        positions.setdefault(key, i)
    return Asked(tuple(LineWanted(*line) for line in units.items()), tuple(positions.values()))
