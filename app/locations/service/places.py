"""Commands about places: opening and changing them, and who works there."""

from collections.abc import Sequence

from app.kernel.address import Address
from app.kernel.changes import whole
from app.kernel.db import UnitOfWork
from app.kernel.ids import LocationId, UserId, new_id
from app.kernel.permissions import Permission
from app.kernel.puts import Put, PutRow, effect_of
from app.locations import queries
from app.locations.errors import StaysStore
from app.locations.rules import Location, LocationChange, LocationInput, Opening, StaffLocationsInput, check
from app.locations.states import LocationKind


async def change_locations(uow: UnitOfWork, *, changes: Sequence[LocationChange]) -> list[PutRow]:
    """Open or archive locations, or change what is said of them, each by its code; answers one row each, in their order.

    Locks: the locations. Raises: Forbidden; Invalid naming the element, also where a new one lacks something; StaysStore.
    """
    uow.actor.require(Permission.CATALOG_WRITE)
    await queries.lock_locations(uow)
    codes = [change.code for change in changes]
    known = {location.code: location for location in await queries.list_locations_by_code(uow, codes=codes)}
    wanted = [
        whole(LocationInput, change, known=known.get(change.code), at=("locations", str(i)))
        for i, change in enumerate(changes)
    ]
    return await put_locations(uow, locations=wanted)


async def put_locations(uow: UnitOfWork, *, locations: Sequence[LocationInput]) -> list[PutRow]:
    """Open, change or archive locations, each by its code, with its hours; answers one row each, in their order.

    Locks: the locations. Raises: Forbidden; Invalid and StaysStore naming the element.
    """
    uow.actor.require(Permission.CATALOG_WRITE)
    addresses = check(locations)
    await queries.lock_locations(uow)
    known = {
        location.code: location
        for location in await queries.list_locations_by_code(uow, codes=[location.code for location in locations])
    }
    hours = await queries.list_hours(uow, location_ids=[location.id for location in known.values()])
    wanted = [
        _wanted(uow, i, location, address, known.get(location.code))
        for i, (location, address) in enumerate(zip(locations, addresses, strict=True))
    ]
    weeks: list[tuple[LocationId, list[Opening]]] = []
    effects: list[Put] = []
    for location, row in zip(locations, wanted, strict=True):
        week = (
            None
            if location.hours is None
            else sorted(location.hours, key=lambda opening: (opening.day, opening.opens_minute))
        )
        new_week = week is not None and week != hours.get(row.id, [])
        if new_week and week is not None:
            weeks.append((row.id, week))
        effects.append(effect_of(known=row.code in known, changed=known.get(row.code) != row or new_week))
    changed = [row for row, effect in zip(wanted, effects, strict=True) if effect is not Put.UNCHANGED]
    if changed:
        await queries.upsert_locations(uow, locations=changed)
    if weeks:
        await queries.replace_hours(uow, hours=weeks)
    return [PutRow(row.code, row.id, effect) for row, effect in zip(wanted, effects, strict=True)]


async def put_staff_locations(uow: UnitOfWork, *, staff: Sequence[StaffLocationsInput]) -> list[PutRow]:
    """Say where people work: at these locations, and no more at others; answers one row each, in their order.

    Where somebody works is what they may touch, so this belongs to whoever manages people.
    Locks: the locations. Raises: Forbidden; UnknownLocation naming the element.
    """
    uow.actor.require(Permission.SHOP_ADMINISTER)
    await queries.lock_locations(uow)
    location_of = await queries.locations_by_code(
        uow,
        named={
            ("staff", str(i), "locations", str(n)): code
            for i, person in enumerate(staff)
            for n, code in enumerate(person.locations)
        },
    )
    links = await queries.list_staff_links(uow, user_ids=[person.user_id for person in staff])
    wanted = {queries.StaffLink(person.user_id, location_of[code].id) for person in staff for code in person.locations}
    if gone := set(links) - wanted:
        await queries.delete_staff_links(uow, links=gone)
    if new := wanted - set(links):
        await queries.insert_staff_links(uow, links=new)
    worked: set[UserId] = {link.user_id for link in links}
    moved: set[UserId] = {link.user_id for link in gone | new}
    return [
        PutRow(str(person.user_id), person.user_id, _staff_effect(person.user_id, worked=worked, moved=moved))
        for person in staff
    ]


def _wanted(
    uow: UnitOfWork, i: int, location: LocationInput, address: Address | None, known: Location | None
) -> Location:
    if known is not None and known.kind is LocationKind.STORE and location.kind is not LocationKind.STORE:
        raise StaysStore("a store stays a store; open another location", field=("locations", str(i), "kind"))
    archived_at = (known.archived_at if known else None) or uow.now
    return Location(
        id=known.id if known else LocationId(new_id()),
        code=location.code,
        name=location.name,
        kind=location.kind,
        address=address,
        latitude=location.latitude,
        longitude=location.longitude,
        timezone=location.timezone,
        pickup_enabled=location.pickup_enabled,
        pickup_lead_minutes=location.pickup_lead_minutes,
        pickup_slot_capacity=location.pickup_slot_capacity,
        pickup_hold_days=location.pickup_hold_days,
        pickup_supply=location.pickup_supply,
        created_at=known.created_at if known else uow.now,
        archived_at=archived_at if location.archived else None,
    )


def _staff_effect(user_id: UserId, *, worked: set[UserId], moved: set[UserId]) -> Put:
    return effect_of(known=user_id in worked or user_id not in moved, changed=user_id in moved)
