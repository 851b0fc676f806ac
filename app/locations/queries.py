"""Every statement about locations, their hours, and who and what belongs to them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.kernel.db import UnitOfWork
from app.kernel.ids import ChannelId, LocationId, UserId
from app.kernel.paging import Page, PageRequest, bound, page
from app.kernel.sql import Session, rows, statement
from app.locations import models  # noqa: F401  # The statements below are about these tables.
from app.locations.errors import UnknownLocation
from app.locations.rules import ChannelLocation, Location, Opening, Place, Point

__all__ = ["ChannelLocation", "FoundStore", "Location", "Opening"]

_COLUMNS = (
    "id", "code", "name", "kind", "address", "latitude", "longitude", "timezone", "pickup_enabled", "pickup_lead_minutes",
    "pickup_slot_capacity", "pickup_hold_days", "created_at", "archived_at",
)  # fmt: skip
_LOCATION = ", ".join(f"location.{column}" for column in _COLUMNS)
#: Stores of unknown place come after all others; nothing on Earth is this far.
UNKNOWN_KM = 99_999.0
_DISTANCE = f"""
    CASE WHEN location.latitude IS NULL OR location.longitude IS NULL THEN {UNKNOWN_KM}
    ELSE 2 * 6371.0088 * asin(least(1, sqrt(
        sin(radians(location.latitude - :latitude::float8) / 2) ^ 2
        + cos(radians(:latitude::float8)) * cos(radians(location.latitude))
            * sin(radians(location.longitude - :longitude::float8) / 2) ^ 2
    ))) END
"""


@dataclass(frozen=True, slots=True)
class FoundStore:
    """A store and how far it is; None where the caller or the store is at no known place."""

    location: Location
    distance_km: float | None


@dataclass(frozen=True, slots=True)
class _Near:
    id: LocationId
    distance: float


@dataclass(frozen=True, slots=True)
class _HoursOf:
    location_id: LocationId
    day: int
    opens_minute: int
    closes_minute: int


@dataclass(frozen=True, slots=True)
class ChannelLink:
    """What one location does for one channel."""

    channel_id: ChannelId
    location_id: LocationId
    ships: bool
    hands_out: bool


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
_LIST_CHANNEL_LOCATIONS = rows(
    """
    SELECT link.location_id, link.ships, link.hands_out FROM channel_locations AS link
    JOIN locations AS location ON location.id = link.location_id AND location.archived_at IS NULL
    WHERE link.channel_id = :channel_id ORDER BY link.location_id
    """,
    ChannelLocation,
)
_LIST_LINKS = rows(
    """
    SELECT channel_id, location_id, ships, hands_out FROM channel_locations
    WHERE (channel_id, location_id) IN (SELECT * FROM unnest(:channels::uuid[], :locations::uuid[]))
    """,
    ChannelLink,
)
_STORES = """
    FROM locations AS location
    WHERE location.kind = 'STORE' AND location.archived_at IS NULL
      AND EXISTS (
          SELECT FROM channel_locations AS link WHERE link.channel_id = :channel_id AND link.location_id = location.id
      )
"""
_FIND_BY_NAME = rows(
    f"""
    SELECT {_LOCATION} {_STORES}
      AND (:after_name::text IS NULL OR (location.name, location.id) > (:after_name, :after_id::uuid))
    ORDER BY location.name, location.id LIMIT :most
    """,
    Location,
)
_FIND_BY_DISTANCE = rows(
    f"""
    SELECT id, distance FROM (SELECT location.id, {_DISTANCE} AS distance {_STORES}) AS near
    WHERE :after_km::float8 IS NULL OR (distance, id) > (:after_km, :after_id::uuid)
    ORDER BY distance, id LIMIT :most
    """,
    _Near,
)
_COUNT_STORES = rows(f"SELECT count(*)::int {_STORES}", int)
_PICKUP_STORES = """
    FROM locations AS location
    JOIN channel_locations AS link ON link.location_id = location.id AND link.channel_id = :channel_id AND link.hands_out
    WHERE location.kind = 'STORE' AND location.archived_at IS NULL AND location.pickup_enabled
"""
_LIST_PICKUP_BY_NAME = rows(
    f"SELECT {_LOCATION} {_PICKUP_STORES} ORDER BY location.name, location.id LIMIT :most", Location
)
_LIST_PICKUP_BY_DISTANCE = rows(
    f"SELECT id, distance FROM (SELECT location.id, {_DISTANCE} AS distance {_PICKUP_STORES}) AS near"
    " ORDER BY distance, id LIMIT :most",
    _Near,
)

#: Writers of locations wait for each other, so that what one of them compares is what it changes.
_LOCK_ALL = statement("LOCK TABLE locations IN SHARE ROW EXCLUSIVE MODE")
_UPSERT = statement(
    f"""
    INSERT INTO locations ({", ".join(_COLUMNS)})
    SELECT * FROM unnest(
        :ids::uuid[], :codes::text[], :names::text[], :kinds::text[], :addresses::jsonb[], :latitudes::float8[],
        :longitudes::float8[], :timezones::text[], :pickup_enableds::bool[], :lead_minutes::int[], :slot_capacities::int[],
        :hold_days::int[], :created_ats::timestamptz[], :archived_ats::timestamptz[]
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
_UPSERT_LINKS = statement(
    """
    INSERT INTO channel_locations (channel_id, location_id, ships, hands_out)
    SELECT * FROM unnest(:channels::uuid[], :locations::uuid[], :ships::bool[], :hands_outs::bool[])
    ON CONFLICT (channel_id, location_id) DO UPDATE SET ships = excluded.ships, hands_out = excluded.hands_out
    """
)
_DELETE_LINKS = statement(
    """
    DELETE FROM channel_locations
    WHERE (channel_id, location_id) IN (SELECT * FROM unnest(:channels::uuid[], :locations::uuid[]))
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


async def list_channel_locations(session: Session, *, channel_id: ChannelId) -> list[ChannelLocation]:
    """List what the locations of a channel do for it; archived ones do nothing any more."""
    return await _LIST_CHANNEL_LOCATIONS.all(session, channel_id=channel_id)


async def list_links(session: Session, *, pairs: Iterable[tuple[ChannelId, LocationId]]) -> list[ChannelLink]:
    """List what these locations do for these channels, pair by pair."""
    pairs = list(pairs)
    return await _LIST_LINKS.all(session, channels=[pair[0] for pair in pairs], locations=[pair[1] for pair in pairs])


async def list_places(session: Session, *, country: str, postal_code: str) -> list[Place]:
    """List places of ours that may tell where a postal code is: those of its country that begin with the same letter."""
    return await _LIST_PLACES.all(session, country=country, postal_code=postal_code)


async def find_stores(
    session: Session, *, channel_id: ChannelId, near: Point | None, request: PageRequest
) -> Page[FoundStore]:
    """Page through the stores of a channel: nearest first when `near` is given, else by name."""
    if near is None:
        by_name = bound(request.after, str, name="after")
        found = [
            FoundStore(location, None)
            for location in await _FIND_BY_NAME.all(
                session,
                channel_id=channel_id,
                after_name=by_name and by_name[0],
                after_id=by_name and by_name[1],
                most=request.size + 1,
            )
        ]
        return page(found, request, lambda store: (store.location.name, store.location.id))
    by_distance = bound(request.after, float, name="after")
    near_by = await _FIND_BY_DISTANCE.all(
        session,
        channel_id=channel_id,
        latitude=near.latitude,
        longitude=near.longitude,
        after_km=by_distance and by_distance[0],
        after_id=by_distance and by_distance[1],
        most=request.size + 1,
    )
    keys = {row.id: row.distance for row in near_by}
    return page(
        await _at_distances(session, near_by), request, lambda store: (keys[store.location.id], store.location.id)
    )


async def count_stores(session: Session, *, channel_id: ChannelId) -> int:
    """Count the stores of a channel."""
    return await _COUNT_STORES.one(session, channel_id=channel_id)


async def list_pickup_stores(
    session: Session, *, channel_id: ChannelId, near: Point | None, most: int
) -> list[FoundStore]:
    """List the stores where a channel's customers can collect: nearest first when `near` is given, else by name."""
    if near is None:
        found = await _LIST_PICKUP_BY_NAME.all(session, channel_id=channel_id, most=most)
        return [FoundStore(location, None) for location in found]
    near_by = await _LIST_PICKUP_BY_DISTANCE.all(
        session, channel_id=channel_id, latitude=near.latitude, longitude=near.longitude, most=most
    )
    return await _at_distances(session, near_by)


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


async def upsert_links(uow: UnitOfWork, *, links: Sequence[ChannelLink]) -> None:
    """Write what these locations do for these channels."""
    await _UPSERT_LINKS.run(
        uow,
        channels=[link.channel_id for link in links],
        locations=[link.location_id for link in links],
        ships=[link.ships for link in links],
        hands_outs=[link.hands_out for link in links],
    )


async def delete_links(uow: UnitOfWork, *, links: Sequence[ChannelLink]) -> None:
    """Take locations out of channels."""
    await _DELETE_LINKS.run(
        uow, channels=[link.channel_id for link in links], locations=[link.location_id for link in links]
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


async def _at_distances(session: Session, near_by: Sequence[_Near]) -> list[FoundStore]:
    known = {
        location.id: location for location in await list_locations(session, location_ids=[row.id for row in near_by])
    }
    return [FoundStore(known[row.id], row.distance if row.distance < UNKNOWN_KM else None) for row in near_by]
