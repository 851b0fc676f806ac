"""What a location is, how far it is, and which descriptions of one are refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import asin, cos, isfinite, radians, sin, sqrt
from zoneinfo import ZoneInfo

from app.kernel.address import Address, checked
from app.kernel.changes import LEFT_OUT, LeftOut
from app.kernel.errors import Invalid
from app.kernel.ids import LocationId, UserId
from app.locations.rules.hours import MINUTES_OF_DAY, Opening
from app.locations.states import LocationKind, PickupSupply

#: The mean radius of IUGG; what PostgreSQL computes in queries.py uses the same.
EARTH_RADIUS_KM = 6371.0088
LONGEST_CODE = 64
LONGEST_NAME = 200
#: Whatever nobody has collected within a year, nobody will.
LONGEST_HOLD_DAYS = 365
_MOST_OPENINGS = 70


@dataclass(frozen=True, slots=True)
class Point:
    """A place on the globe: WGS 84 degrees."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Location:
    """A place that holds or hands out stock. `pickup_lead_minutes` are open minutes from order to ready."""

    id: LocationId
    code: str
    name: str
    kind: LocationKind
    address: Address | None
    latitude: float | None
    longitude: float | None
    timezone: str
    pickup_enabled: bool
    pickup_lead_minutes: int
    pickup_slot_capacity: int
    pickup_hold_days: int
    pickup_supply: PickupSupply
    created_at: datetime
    archived_at: datetime | None

    @property
    def archived(self) -> bool:
        """Say whether it is closed for good."""
        return self.archived_at is not None


@dataclass(frozen=True, slots=True)
class ChannelLocation:
    """What a location does for a channel: supply its shipments, hand goods to its customers."""

    location_id: LocationId
    ships: bool
    hands_out: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationInput:
    """A location as somebody wants it to be; `code` says which one. `hours` left at None stay as they are."""

    code: str
    name: str
    kind: LocationKind
    timezone: str
    address: Address | None = None
    latitude: float | None = None
    longitude: float | None = None
    pickup_enabled: bool = False
    pickup_lead_minutes: int = 120
    pickup_slot_capacity: int = 10
    pickup_hold_days: int = 7
    pickup_supply: PickupSupply = PickupSupply.OWN
    hours: tuple[Opening, ...] | None = None
    archived: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationChange:
    """What somebody says of a location; `code` says which one. `hours` left at None stay, and without any it never opens.

    Of the others, what is left out stays as it is, or is what a new location has by default; None is that default too.
    """

    code: str
    name: str | LeftOut | None = LEFT_OUT
    kind: LocationKind | LeftOut | None = LEFT_OUT
    timezone: str | LeftOut | None = LEFT_OUT
    address: Address | LeftOut | None = LEFT_OUT
    latitude: float | LeftOut | None = LEFT_OUT
    longitude: float | LeftOut | None = LEFT_OUT
    pickup_enabled: bool | LeftOut | None = LEFT_OUT
    pickup_lead_minutes: int | LeftOut | None = LEFT_OUT
    pickup_slot_capacity: int | LeftOut | None = LEFT_OUT
    pickup_hold_days: int | LeftOut | None = LEFT_OUT
    pickup_supply: PickupSupply | LeftOut | None = LEFT_OUT
    hours: tuple[Opening, ...] | None = None
    archived: bool | LeftOut | None = LEFT_OUT


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelLocationInput:
    """What a location, by its code, shall do for a channel, by its code, whatever its groups do.

    False of both keeps it out of the channel. None of both says nothing of its own: it does what its groups do.
    """

    channel: str
    location: str
    ships: bool | None = None
    hands_out: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffLocationsInput:
    """All the locations, by their codes, where somebody works."""

    user_id: UserId
    locations: tuple[str, ...]


def distance_km(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Measure the great circle between two points given in degrees. Source: the haversine formula."""
    phi1, lambda1, phi2, lambda2 = map(radians, (lat1, lon1, lat2, lon2))
    chord = sin((phi2 - phi1) / 2) ** 2 + cos(phi1) * cos(phi2) * sin((lambda2 - lambda1) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(chord)))


def check(locations: Sequence[LocationInput]) -> list[Address | None]:
    """Refuse descriptions that no location can have; answers their addresses, tidied.

    Raises: Invalid naming the element and its field.
    """
    codes: set[str] = set()
    addresses: list[Address | None] = []
    for i, location in enumerate(locations):
        at = ("locations", str(i))
        if not location.code.strip() or len(location.code) > LONGEST_CODE:
            raise Invalid(f"a code has 1 to {LONGEST_CODE} characters", field=(*at, "code"))
        if location.code in codes:
            raise Invalid(f"{location.code!r} stands here twice", field=(*at, "code"))
        codes.add(location.code)
        if not location.name.strip() or len(location.name) > LONGEST_NAME:
            raise Invalid(f"a name has 1 to {LONGEST_NAME} characters", field=(*at, "name"))
        if location.kind is LocationKind.STORE and location.address is None:
            raise Invalid("a store has an address", field=(*at, "address"))
        _check_place(location, at)
        _check_pickup(location, at)
        _check_hours(location.hours or (), at)
        addresses.append(None if location.address is None else checked(location.address, field=(*at, "address")))
    return addresses


def _check_place(location: LocationInput, at: tuple[str, ...]) -> None:
    if (location.latitude is None) != (location.longitude is None):
        missing = "latitude" if location.latitude is None else "longitude"
        raise Invalid("latitude and longitude go together", field=(*at, missing))
    for name, degrees, most in (("latitude", location.latitude, 90), ("longitude", location.longitude, 180)):
        if degrees is not None and not (isfinite(degrees) and -most <= degrees <= most):
            raise Invalid(f"from -{most} to {most}", field=(*at, name))
    try:
        ZoneInfo(location.timezone)
    except (KeyError, ValueError, OSError):
        raise Invalid("not a time zone of the IANA database", field=(*at, "timezone")) from None


def _check_pickup(location: LocationInput, at: tuple[str, ...]) -> None:
    for name, value, least in (
        ("pickupLeadMinutes", location.pickup_lead_minutes, 0),
        ("pickupSlotCapacity", location.pickup_slot_capacity, 1),
        ("pickupHoldDays", location.pickup_hold_days, 1),
    ):
        if value < least:
            raise Invalid(f"at least {least}", field=(*at, name))
    if location.pickup_hold_days > LONGEST_HOLD_DAYS:
        raise Invalid(f"at most {LONGEST_HOLD_DAYS}", field=(*at, "pickupHoldDays"))


def _check_hours(hours: Sequence[Opening], at: tuple[str, ...]) -> None:
    if len(hours) > _MOST_OPENINGS:
        raise Invalid(f"at most {_MOST_OPENINGS} openings a week", field=(*at, "hours"))
    starts: set[tuple[int, int]] = set()
    for n, opening in enumerate(hours):
        field = (*at, "hours", str(n))
        if not 0 <= opening.day <= 6 or not 0 <= opening.opens_minute < MINUTES_OF_DAY:
            raise Invalid("opens at no time of a week", field=field)
        if not 0 < opening.closes_minute - opening.opens_minute <= MINUTES_OF_DAY:
            raise Invalid("closes after it opens, and within a day", field=field)
        if (opening.day, opening.opens_minute) in starts:
            raise Invalid("opens twice at the same time", field=field)
        starts.add((opening.day, opening.opens_minute))
