"""The time zone of a place, from its coordinates and without asking anyone outside."""

import math
from functools import lru_cache
from zoneinfo import available_timezones

import tzfpy

from app.integration.rules.rows import Unreadable


@lru_cache(maxsize=1)
def known() -> frozenset[str]:
    """List the time zones that this machine can calculate with."""
    return frozenset(available_timezones())


def checked(name: str) -> str:
    """Take a time zone by its IANA name. Raises: Unreadable when there is none of that name."""
    if name not in known():
        raise Unreadable("not a time zone of the IANA database, such as Europe/London")
    return name


def at(*, latitude: float, longitude: float) -> str:
    """Find the time zone of a place on land.

    Raises: Unreadable when the coordinates are out of range, or at sea, where zones are only bands of longitude: a store
    there has a wrong sign or swapped coordinates, and 0/0 is how a missing place is often written.
    """
    if not (math.isfinite(latitude) and -90 <= latitude <= 90):
        raise Unreadable("a latitude lies between -90 and 90")
    if not (math.isfinite(longitude) and -180 <= longitude <= 180):
        raise Unreadable("a longitude lies between -180 and 180")
    name = tzfpy.get_tz(longitude, latitude)
    if not name or name.startswith("Etc/"):
        raise Unreadable("lies at sea, where no store is; are latitude and longitude swapped, or a sign lost?")
    if name not in known():
        raise Unreadable(f"lies in {name}, which the time zone database of this machine does not know")
    return name
