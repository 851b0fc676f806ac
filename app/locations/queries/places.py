"""Statements about locations, their hours, where they are found, and who works there."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.kernel.db import UnitOfWork
from app.kernel.ids import LocationId, UserId
from app.kernel.sql import Session, rows, statement
from app.locations import models  # noqa: F401  # The statements below are about these tables.
from app.locations.errors import UnknownLocation
from app.locations.rules import Location, Opening, Place

_COLUMNS = (
    "id", "code", "name", "kind", "address", "latitude", "longitude", "timezone", "pickup_enabled", "pickup_lead_minutes",
    "pickup_slot_capacity", "pickup_hold_days", "pickup_supply", "created_at", "archived_at",
)  # fmt: skip
_LOCATION = ", ".join(f"location.{column}" for column in _COLUMNS)


@dataclass(frozen=True, slots=True)
class _HoursOf:
    location_id: LocationId
    day: int
    opens_minute: int
    closes_minute: int


@dataclass(frozen=True, slots=True)
class StaffLink:
    """Somebody works somewhere."""

    user_id: UserId
    location_id: LocationId


_LIST_LOCATIONS = rows(
    f"SELECT {_LOCATION} FROM locations AS location WHERE id = ANY(:ids::uuid[]) ORDER BY id", Location
)
_LIST_BY_CODE = rows(f"SELECT {_LOCATION} FROM locations AS location WHERE code = ANY(:codes::text[])", Location)
_LIST_OPEN = rows(f"SELECT {_LOCATION} FROM locations AS location WHERE archived_at IS NULL ORDER BY code", Location)
_LIST_HOURS = rows(
    """
    SELECT location_id, day, opens_minute, closes_minute FROM opening_hours
    WHERE location_id = ANY(:ids::uuid[]) ORDER BY location_id, day, opens_minute
    """,
    _HoursOf,
)
_LIST_STAFF_LOCATION_IDS = rows("SELECT location_id FROM staff_locations WHERE user_id = :user_id", UUID)
_LIST_STAFF_LINKS = rows(
    "SELECT user_id, location_id FROM staff_locations WHERE user_id = ANY(:user_ids::uuid[])", StaffLink
)
#: Writers of locations wait for each other, so that what one of them compares is what it changes.
_LOCK_ALL = statement("LOCK TABLE locations IN SHARE ROW EXCLUSIVE MODE")
_UPSERT = statement(
    f"""
    INSERT INTO locations ({", ".join(_COLUMNS)})
    SELECT * FROM unnest(
        :ids::uuid[], :codes::text[], :names::text[], :kinds::text[], :addresses::jsonb[], :latitudes::float8[],
        :longitudes::float8[], :timezones::text[], :pickup_enableds::bool[], :lead_minutes::int[], :slot_capacities::int[],
        :hold_days::int[], :supplies::text[], :created_ats::timestamptz[], :archived_ats::timestamptz[]
    )
    ON CONFLICT (id) DO UPDATE SET {", ".join(f"{column} = excluded.{column}" for column in _COLUMNS[2:])}
    """
)
_DELETE_HOURS = statement("DELETE FROM opening_hours WHERE location_id = ANY(:ids::uuid[])")
_INSERT_HOURS = statement(
    """
    INSERT INTO opening_hours (location_id, day, opens_minute, closes_minute)
    SELECT * FROM unnest(:ids::uuid[], :days::smallint[], :opens::smallint[], :closes::smallint[])
    """
)
_INSERT_STAFF = statement(
    """
    INSERT INTO staff_locations (user_id, location_id) SELECT * FROM unnest(:users::uuid[], :locations::uuid[])
    ON CONFLICT (user_id, location_id) DO NOTHING
    """
)
_DELETE_STAFF = statement(
    """
    DELETE FROM staff_locations
    WHERE (user_id, location_id) IN (SELECT * FROM unnest(:users::uuid[], :locations::uuid[]))
    """
)


_LIST_PLACES = rows(
    """
    SELECT address ->> 'country', address ->> 'city', address ->> 'postal_code', latitude, longitude FROM locations
    WHERE latitude IS NOT NULL AND longitude IS NOT NULL AND address ->> 'country' = :country
      AND left(lower(address ->> 'postal_code'), 1) = left(lower(:postal_code), 1)
    ORDER BY latitude, longitude
    """,
    Place,
)


async def list_locations(session: Session, *, location_ids: Collection[UUID]) -> list[Location]:
    """List these locations, archived ones too."""
    return await _LIST_LOCATIONS.all(session, ids=list(location_ids))


async def list_locations_by_code(session: Session, *, codes: Collection[str]) -> list[Location]:
    """List the locations with these codes, archived ones too."""
    return await _LIST_BY_CODE.all(session, codes=list(codes))


async def list_open_locations(session: Session) -> list[Location]:
    """List every location that is not archived, by code."""
    return await _LIST_OPEN.all(session)


async def list_hours(session: Session, *, location_ids: Collection[UUID]) -> dict[UUID, list[Opening]]:
    """Say when these locations are open, through the week; one without hours has an empty list."""
    found: dict[UUID, list[Opening]] = {location_id: [] for location_id in location_ids}
    for row in await _LIST_HOURS.all(session, ids=list(location_ids)):
        found[row.location_id].append(Opening(row.day, row.opens_minute, row.closes_minute))
    return found


async def list_staff_location_ids(session: Session, *, user_id: UserId) -> frozenset[LocationId]:
    """Say where somebody works."""
    return frozenset(map(LocationId, await _LIST_STAFF_LOCATION_IDS.all(session, user_id=user_id)))


async def list_staff_links(session: Session, *, user_ids: Collection[UserId]) -> list[StaffLink]:
    """Say where each of these people works."""
    return await _LIST_STAFF_LINKS.all(session, user_ids=list(user_ids))


async def list_places(session: Session, *, country: str, postal_code: str) -> list[Place]:
    """List places of ours that may tell where a postal code is: those of its country that begin with the same letter."""
    return await _LIST_PLACES.all(session, country=country, postal_code=postal_code)


async def lock_locations(uow: UnitOfWork) -> None:
    """Keep others from changing any location until this unit of work ends; readers go on."""
    await _LOCK_ALL.run(uow)


async def upsert_locations(uow: UnitOfWork, *, locations: Sequence[Location]) -> None:
    """Write these locations as they are given."""
    await _UPSERT.run(
        uow,
        ids=[location.id for location in locations],
        codes=[location.code for location in locations],
        names=[location.name for location in locations],
        kinds=[location.kind.value for location in locations],
        addresses=[None if location.address is None else location.address.to_json() for location in locations],
        latitudes=[location.latitude for location in locations],
        longitudes=[location.longitude for location in locations],
        timezones=[location.timezone for location in locations],
        pickup_enableds=[location.pickup_enabled for location in locations],
        lead_minutes=[location.pickup_lead_minutes for location in locations],
        slot_capacities=[location.pickup_slot_capacity for location in locations],
        hold_days=[location.pickup_hold_days for location in locations],
        supplies=[location.pickup_supply.value for location in locations],
        created_ats=[location.created_at for location in locations],
        archived_ats=[location.archived_at for location in locations],
    )


async def replace_hours(uow: UnitOfWork, *, hours: Iterable[tuple[LocationId, Sequence[Opening]]]) -> None:
    """Give these locations new weeks."""
    hours = list(hours)
    flat = [(location_id, opening) for location_id, week in hours for opening in week]
    await _DELETE_HOURS.run(uow, ids=[location_id for location_id, _ in hours])
    await _INSERT_HOURS.run(
        uow,
        ids=[location_id for location_id, _ in flat],
        days=[opening.day for _, opening in flat],
        opens=[opening.opens_minute for _, opening in flat],
        closes=[opening.closes_minute for _, opening in flat],
    )


async def insert_staff_links(uow: UnitOfWork, *, links: Collection[StaffLink]) -> None:
    """Let people work at locations."""
    await _INSERT_STAFF.run(uow, users=[link.user_id for link in links], locations=[link.location_id for link in links])


async def delete_staff_links(uow: UnitOfWork, *, links: Collection[StaffLink]) -> None:
    """Let people work at locations no more."""
    await _DELETE_STAFF.run(uow, users=[link.user_id for link in links], locations=[link.location_id for link in links])


async def locations_by_code(session: Session, *, named: Mapping[tuple[str, ...], str]) -> dict[str, Location]:
    """Find locations by their codes, each of which stands somewhere in the caller's input.

    Raises: UnknownLocation naming where the first unknown one stands.
    """
    known = {location.code: location for location in await list_locations_by_code(session, codes=set(named.values()))}
    for field, code in named.items():
        if code not in known:
            raise UnknownLocation(f"{code[:60]!r} is not a location of this shop", field=field)
    return known
