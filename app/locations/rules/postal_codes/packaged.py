"""Where US postal codes are, as the Census Bureau measured it; the file beside this one says whose it is.

Read when first asked for, in some 50 ms, and kept in less than half a megabyte.
"""

import gzip
from array import array
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from app.locations.rules.places import Point
from app.locations.rules.postal_codes.codes import US_ZIP_COUNTRIES, ways_to_find

_THOUSANDTHS = 1000


@dataclass(frozen=True, slots=True)
class _Table:
    """Codes as numbers, ascending, and thousandths of a degree beside them."""

    codes: "array[int]"
    latitudes: "array[int]"
    longitudes: "array[int]"

    def middle(self, first: int, last: int) -> Point | None:
        """Give the middle of the codes from `first` to `last`; None where there are none."""
        start, end = bisect_left(self.codes, first), bisect_left(self.codes, last + 1)
        if start == end:
            return None
        count = (end - start) * _THOUSANDTHS
        return Point(sum(self.latitudes[start:end]) / count, sum(self.longitudes[start:end]) / count)


def packaged(country: str, text: str | None) -> Point | None:
    """Say where a US postal code is; None for one that is not known, or of another country.

    One without an area of its own, such as a post office box or a single building, is where the codes that share its first
    four digits are: half of them lie within 15 km of there.
    """
    if country not in US_ZIP_COUNTRIES:
        return None
    code = next(iter(ways_to_find(country, text)), "")
    if len(code) != 5 or not code.isdecimal() or not code.isascii():
        return None
    table, number = _table(), int(code)
    ten = number - number % 10
    return table.middle(number, number) or table.middle(ten, ten + 9)


@lru_cache(maxsize=1)
def _table() -> _Table:
    table = _Table(array("I"), array("i"), array("i"))
    written = files(__package__).joinpath("us.csv.gz").read_bytes()
    for line in gzip.decompress(written).decode("ascii").splitlines():
        code, latitude, longitude = line.split(",")
        table.codes.append(int(code))
        table.latitudes.append(round(float(latitude) * _THOUSANDTHS))
        table.longitudes.append(round(float(longitude) * _THOUSANDTHS))
    return table
