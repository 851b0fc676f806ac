"""Rows of postal codes: where each of them is."""

import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import partial

from app.integration.rules.rows import MappedRow, RowProblem, RowReader, Unreadable, text_of
from app.kernel.territories import is_country
from app.locations.rules.postal_codes import LONGEST, PostalCode, normalized
from app.locations.rules.postal_codes.codes import US_ZIP_COUNTRIES

_LONGEST_TEXT = 64
_MOST_LATITUDE, _MOST_LONGITUDE = 90, 180


@dataclass(frozen=True, slots=True)
class PostalCodeRow:
    """Where a postal code is, as one row of a file says."""

    row: int
    postal_code: PostalCode
    notes: tuple[RowProblem, ...] = ()


def read(row: MappedRow) -> PostalCodeRow | list[RowProblem]:
    """Read a row of postal codes, or say everything that is wrong with it."""
    fields = RowReader(row)
    country = fields.needed("country", _country)
    code = fields.needed("code", _code)
    latitude = fields.needed("latitude", partial(_degrees, most=_MOST_LATITUDE))
    longitude = fields.needed("longitude", partial(_degrees, most=_MOST_LONGITUDE))
    if country is None or code is None or latitude is None or longitude is None:
        return fields.refusals
    if country in US_ZIP_COUNTRIES and re.fullmatch(r"[0-9]{3,4}", code):
        # A spreadsheet took "02128" for a number. Every US code has five digits, so there is one way back.
        code = code.rjust(5, "0")
        fields.note("code", f"mended to {code}: a spreadsheet took the leading zero")
    return PostalCodeRow(row.number, PostalCode(country, code, latitude, longitude), tuple(fields.notes))


class Gathered:
    """The postal codes of a file, each once: where several rows speak of one, it is in the middle of what they say.

    Files name a code for each place in it, not always one after the other, and the largest have millions of rows; so what
    is kept of each is a few numbers.
    """

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        self._rows = array("q")
        self._counts = array("q")
        self._latitudes = array("d")
        self._longitudes = array("d")

    def __len__(self) -> int:
        return len(self._places)

    def gather(self, row: PostalCodeRow) -> None:
        """Take a row in."""
        at = row.postal_code
        key = at.country + at.code
        place = self._places.get(key)
        if place is None:
            self._places[key] = len(self._places)
            self._rows.append(row.row)
            self._counts.append(1)
            self._latitudes.append(at.latitude)
            self._longitudes.append(at.longitude)
        else:
            self._counts[place] += 1
            self._latitudes[place] += at.latitude
            self._longitudes[place] += at.longitude

    def rows(self, *, from_row: int = 1) -> Iterator[PostalCodeRow]:
        """Give each code with the first row that speaks of it, in the order of the file; not those before `from_row`."""
        for key, place in self._places.items():
            if self._rows[place] >= from_row:
                count = self._counts[place]
                # To a decimetre: sums of floats end in noise that nobody measured.
                latitude, longitude = (round(sums[place] / count, 6) for sums in (self._latitudes, self._longitudes))
                yield PostalCodeRow(self._rows[place], PostalCode(key[:2], key[2:], latitude, longitude))

    def due(self, *, from_row: int) -> int:
        """Count the codes that `rows` gives."""
        return sum(row >= from_row for row in self._rows)


def _country(value: object) -> str:
    country = text_of(_LONGEST_TEXT)(value).upper()
    if not is_country(country):
        raise Unreadable("not a country code of ISO 3166-1, such as DE")
    return country


def _code(value: object) -> str:
    code = normalized(text_of(_LONGEST_TEXT)(value))
    if not code:
        raise Unreadable("has no letter and no digit")
    if len(code) > LONGEST:
        raise Unreadable(f"longer than {LONGEST} characters")
    return code


def _degrees(value: object, *, most: int) -> float:
    """Read degrees. A float is right here: a place is measured, not counted."""
    try:
        degrees = Decimal(str(value).strip()) if isinstance(value, int | Decimal | str) else Decimal("NaN")
    except InvalidOperation:
        degrees = Decimal("NaN")
    if isinstance(value, bool) or not degrees.is_finite() or abs(degrees) > most:
        raise Unreadable(f"not degrees between -{most} and {most}")
    return float(degrees)
