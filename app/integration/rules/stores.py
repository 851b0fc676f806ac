"""Rows of stores: address, place, time zone and opening hours, or the reasons why a store cannot be opened from a row."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from app.integration.rules import hours, timezones
from app.integration.rules.hours import Opening
from app.integration.rules.rows import (
    YES_OR_NO,
    MappedRow,
    RowProblem,
    RowReader,
    Unreadable,
    is_blank,
    text_of,
    yes_or_no,
)
from app.kernel.address import Address
from app.kernel.address import checked as checked_address
from app.kernel.errors import Invalid
from app.locations.states import PickupSupply

LONGEST_CODE = 64
LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class StoreRow:
    """A store that can be opened. `hours` is None where the file does not speak of them, empty where it is always closed.

    `pickup` and `pickup_supply` are None where the file does not say. `notes` tell of fields that were left out or mended.
    """

    row: int
    code: str
    name: str
    address: Address
    timezone: str
    latitude: float | None = None
    longitude: float | None = None
    hours: tuple[Opening, ...] | None = None
    pickup: bool | None = None
    pickup_supply: PickupSupply | None = None
    notes: tuple[RowProblem, ...] = ()


def read(row: MappedRow, *, default_timezone: str | None = None) -> StoreRow | list[RowProblem]:
    """Read a row as a store, or say everything that keeps it from being one.

    The time zone is the one that is given, else that of the coordinates, else `default_timezone`.
    """
    fields = RowReader(row)
    code = fields.needed("code", text_of(LONGEST_CODE))
    name = fields.needed("name", text_of(LONGEST_NAME))
    address = _address(fields)
    place = _place(fields)
    timezone = _timezone(fields, place, default_timezone)
    if code is None or name is None or address is None or timezone is None or fields.refusals:
        return fields.refusals
    week = fields.wanted("hours", _week)
    for fragment in week.not_understood if week else ():
        fields.note("hours", f"not understood: {fragment}")
    return StoreRow(
        row=row.number,
        code=code,
        name=name,
        address=address,
        timezone=timezone,
        latitude=place[0] if place else None,
        longitude=place[1] if place else None,
        # Hours of which nothing was understood are unknown; "always closed" would be a lie.
        hours=week.openings if week and (week.openings or not week.not_understood) else None,
        pickup=fields.wanted("pickup", yes_or_no),
        pickup_supply=fields.wanted("pickup_supply", _pickup_supply),
        notes=tuple(fields.notes),
    )


def _address(fields: RowReader) -> Address | None:
    text = text_of(200)
    line1, city = fields.needed("line1", text), fields.needed("city", text)
    country = fields.needed("country", lambda value: text(value).upper())
    postal_code = fields.wanted("postal_code", text)
    if country == "US" and postal_code and re.fullmatch(r"[0-9]{3,4}(-[0-9]{4})?", postal_code):
        # A spreadsheet took "02128" for a number. Every US code has five digits, so there is one way back.
        mended = postal_code.rjust(5, "0") if "-" not in postal_code else postal_code.rjust(10, "0")
        fields.note("postal_code", f"mended to {mended}: a spreadsheet took the leading zero")
        postal_code = mended
    line2, region, phone = fields.wanted("line2", text), fields.wanted("region", text), fields.wanted("phone", text)
    if line1 is None or city is None or country is None:
        return None
    address = Address(
        line1=line1, line2=line2, city=city, region=region, postal_code=postal_code, country=country, phone=phone
    )
    try:
        return checked_address(address, field=())
    except Invalid as invalid:
        # The lengths were checked above, so that what is left to refuse is the country.
        fields.refuse("country", invalid.message)
        return None


def _place(fields: RowReader) -> tuple[float, float] | None:
    latitude, longitude = fields.wanted("latitude", _degrees), fields.wanted("longitude", _degrees)
    if (latitude is None) != (longitude is None):
        fields.note("latitude" if latitude is None else "longitude", "missing, so the other says nothing")
    if latitude is None or longitude is None:
        return None
    try:
        timezones.at(latitude=latitude, longitude=longitude)
    except Unreadable as unreadable:
        fields.note("latitude", f"{latitude}, {longitude} {unreadable}")
        return None
    return latitude, longitude


def _timezone(fields: RowReader, place: tuple[float, float] | None, default: str | None) -> str | None:
    given = fields.wanted("timezone", lambda value: timezones.checked(text_of(LONGEST_CODE)(value)))
    if given:
        return given
    if place:
        return timezones.at(latitude=place[0], longitude=place[1])
    if default:
        return timezones.checked(default)
    fields.refuse("timezone", "neither a time zone nor coordinates that tell one")
    return None


def _degrees(value: object) -> float:
    """Read degrees. A float is right here: a place is measured, not counted."""
    try:
        degrees = Decimal(str(value).strip()) if isinstance(value, int | Decimal | str) else Decimal("NaN")
    except InvalidOperation:
        degrees = Decimal("NaN")
    if isinstance(value, bool) or not degrees.is_finite() or abs(degrees) > 180:
        raise Unreadable("not degrees between -180 and 180")
    return float(degrees)


def _week(value: object) -> hours.Hours:
    if isinstance(value, Mapping):
        value = "; ".join(f"{day}: {times}" for day, times in value.items() if not is_blank(times))
    elif isinstance(value, list):
        value = "; ".join(map(str, value))
    if not isinstance(value, str):
        raise Unreadable("not a text such as Mon-Sat: 10-9; Sun: 11-7")
    return hours.parse(value)


def _pickup_supply(value: object) -> PickupSupply:
    folded = str(value).strip().upper()
    if folded in set(PickupSupply):
        return PickupSupply(folded)
    # "Ship to store: yes" is how others say it.
    answer = YES_OR_NO.get(folded.casefold())
    if answer is None:
        raise Unreadable("neither OWN nor TRANSFER")
    return PickupSupply.TRANSFER if answer else PickupSupply.OWN
