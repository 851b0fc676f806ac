"""Every statement about pickups, their slots and wrong codes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.kernel.db import UnitOfWork
from app.kernel.ids import LocationId, PickupId
from app.kernel.sql import Session, rows, statement
from app.locations import queries as locations
from app.locations.rules import ready_at
from app.pickup import models  # noqa: F401  # The statements below are about these tables.
from app.pickup.rules import ARRIVED_GRACE, SLOT, STORE_WINDOW, Pickup, Slot, slot_starts

_PICKUP = """id, fulfillment_order_id, order_id, store_id, status, slot_starts_at, slot_ends_at, ready_by, ready_at,
    collect_by, collected_at, code_generation, code_attempts, collected_by, spot, vehicle, created_at, updated_at"""

_LIST = rows(f"SELECT {_PICKUP} FROM pickups WHERE id = ANY(:ids::uuid[])", Pickup)
_LIST_FOR_WORK = rows(f"SELECT {_PICKUP} FROM pickups WHERE fulfillment_order_id = ANY(:ids::uuid[])", Pickup)
_LOCK = rows(f"SELECT {_PICKUP} FROM pickups WHERE id = :id FOR NO KEY UPDATE", Pickup)
_LOCK_FOR_WORK = rows(
    f"SELECT {_PICKUP} FROM pickups WHERE fulfillment_order_id = ANY(:ids::uuid[]) ORDER BY id FOR NO KEY UPDATE",
    Pickup,
)
_LIST_OVERDUE = rows(
    """
    SELECT id FROM pickups WHERE status IN ('READY', 'EN_ROUTE', 'ARRIVED') AND collect_by <= :now
      AND (status <> 'ARRIVED' OR collect_by <= :arrived_before)
    ORDER BY collect_by LIMIT :most
    """,
    UUID,
)
_INSERT = statement(
    """
    INSERT INTO pickups (id, fulfillment_order_id, order_id, store_id, status, slot_starts_at, slot_ends_at, ready_by,
        created_at, updated_at)
    SELECT id, fulfillment_order_id, order_id, store_id, status, slot_starts_at, slot_ends_at, ready_by,
        :now::timestamptz, :now::timestamptz
    FROM unnest(:ids::uuid[], :works::uuid[], :orders::uuid[], :stores::uuid[], :statuses::text[],
        :slot_starts::timestamptz[], :slot_ends::timestamptz[], :ready_bys::timestamptz[])
        AS pickup (id, fulfillment_order_id, order_id, store_id, status, slot_starts_at, slot_ends_at, ready_by)
    """
)
_UPDATE = statement(
    """
    UPDATE pickups SET status = :status, ready_at = :ready_at, collect_by = :collect_by, collected_at = :collected_at,
        collected_by = :collected_by, spot = :spot, vehicle = :vehicle, code_attempts = :code_attempts,
        updated_at = :now
    WHERE id = :id
    """
)
_UPDATE_CODE = statement(
    """
    UPDATE pickups SET code_generation = :generation, code_hash = :code_hash, code_attempts = 0, updated_at = :now
    WHERE id = :id
    """
)
_LIST_LIVE_HASHES = rows(
    """
    SELECT code_hash FROM pickups
    WHERE store_id = :store_id AND id <> :id AND status IN ('READY', 'EN_ROUTE', 'ARRIVED')
      AND code_hash = ANY(:hashes::text[])
    """,
    str,
)

#: The row is locked until the attempt has been judged, so that guesses made at the same time are counted one by one.
_LOCK_FAILURES = rows(
    """
    INSERT INTO pickup_code_attempts AS counted (store_id, failures, window_started_at) VALUES (:store_id, 0, :now)
    ON CONFLICT (store_id) DO UPDATE SET
        failures = CASE WHEN counted.window_started_at <= :stale THEN 0 ELSE counted.failures END,
        window_started_at = CASE WHEN counted.window_started_at <= :stale THEN :now ELSE counted.window_started_at END
    RETURNING failures
    """,
    int,
)
_COUNT_FAILURE = statement("UPDATE pickup_code_attempts SET failures = failures + 1 WHERE store_id = :store_id")

_LIST_USED = statement(
    """
    SELECT store_id, starts_at, used FROM pickup_slots
    WHERE store_id = ANY(:store_ids::uuid[]) AND starts_at >= :start AND starts_at < :end
    """
)
#: The guard stands in the statement: a slot without a place left is not answered.
_TAKE_PLACES = rows(
    """
    INSERT INTO pickup_slots AS slot (store_id, starts_at, capacity, used)
    SELECT store_id, starts_at, capacity, 1
    FROM unnest(:stores::uuid[], :starts::timestamptz[], :capacities::int[]) AS wanted (store_id, starts_at, capacity)
    ORDER BY store_id, starts_at
    ON CONFLICT (store_id, starts_at) DO UPDATE SET used = slot.used + 1, capacity = excluded.capacity
        WHERE slot.used < excluded.capacity
    RETURNING store_id
    """,
    UUID,
)
_LOCK_PLACES = statement(
    """
    SELECT FROM pickup_slots
    WHERE (store_id, starts_at) IN (SELECT * FROM unnest(:stores::uuid[], :starts::timestamptz[]))
    ORDER BY store_id, starts_at FOR NO KEY UPDATE
    """
)
_GIVE_BACK = statement(
    """
    UPDATE pickup_slots AS slot SET used = slot.used - given.places
    FROM (
        SELECT store_id, starts_at, count(*)::int AS places
        FROM unnest(:stores::uuid[], :starts::timestamptz[]) AS place (store_id, starts_at) GROUP BY 1, 2
    ) AS given
    WHERE slot.store_id = given.store_id AND slot.starts_at = given.starts_at
    """
)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a slot, and how many of them the slot has."""

    store_id: LocationId
    starts_at: datetime
    capacity: int


async def get_pickup(session: Session, *, pickup_id: UUID) -> Pickup | None:
    """Find a pickup by its id."""
    return await _LIST.first(session, ids=[pickup_id])


async def list_pickups(session: Session, *, pickup_ids: Collection[UUID]) -> list[Pickup]:
    """List pickups by their ids, in no order."""
    return await _LIST.all(session, ids=list(pickup_ids))


async def list_for_work(session: Session, *, fulfillment_order_ids: Collection[UUID]) -> list[Pickup]:
    """List the pickups that these pieces of work are for."""
    return await _LIST_FOR_WORK.all(session, ids=list(fulfillment_order_ids))


async def lock_pickup(uow: UnitOfWork, *, pickup_id: PickupId) -> Pickup | None:
    """Lock a pickup; its order and its work are locked already."""
    return await _LOCK.first(uow, id=pickup_id)


async def lock_for_work(uow: UnitOfWork, *, fulfillment_order_ids: Collection[UUID]) -> list[Pickup]:
    """Lock the pickups that these pieces of work are for."""
    return await _LOCK_FOR_WORK.all(uow, ids=list(fulfillment_order_ids))


async def list_overdue_ids(session: Session, *, now: datetime, most: int) -> list[PickupId]:
    """List pickups that wait for nobody any more, the longest overdue first."""
    found = await _LIST_OVERDUE.all(session, now=now, arrived_before=now - ARRIVED_GRACE, most=most)
    return [PickupId(pickup_id) for pickup_id in found]


async def insert_pickups(uow: UnitOfWork, *, pickups: Sequence[Pickup]) -> None:
    """Write new pickups."""
    await _INSERT.run(
        uow,
        ids=[pickup.id for pickup in pickups],
        works=[pickup.fulfillment_order_id for pickup in pickups],
        orders=[pickup.order_id for pickup in pickups],
        stores=[pickup.store_id for pickup in pickups],
        statuses=[pickup.status.value for pickup in pickups],
        slot_starts=[pickup.slot_starts_at for pickup in pickups],
        slot_ends=[pickup.slot_ends_at for pickup in pickups],
        ready_bys=[pickup.ready_by for pickup in pickups],
        now=uow.now,
    )


async def update_pickup(uow: UnitOfWork, *, pickup: Pickup) -> None:
    """Write where a pickup has got to."""
    await _UPDATE.run(
        uow,
        id=pickup.id,
        status=pickup.status.value,
        ready_at=pickup.ready_at,
        collect_by=pickup.collect_by,
        collected_at=pickup.collected_at,
        collected_by=pickup.collected_by,
        spot=pickup.spot,
        vehicle=pickup.vehicle,
        code_attempts=pickup.code_attempts,
        now=uow.now,
    )


async def update_code(uow: UnitOfWork, *, pickup_id: PickupId, generation: int, code_hash: str) -> None:
    """Write which code opens a pickup; attempts begin again at none."""
    await _UPDATE_CODE.run(uow, id=pickup_id, generation=generation, code_hash=code_hash, now=uow.now)


async def list_live_hashes(
    session: Session, *, store_id: LocationId, except_id: PickupId, hashes: Collection[str]
) -> set[str]:
    """Say which of these codes open another pickup at the same counter."""
    return set(await _LIST_LIVE_HASHES.all(session, store_id=store_id, id=except_id, hashes=list(hashes)))


async def lock_failures(uow: UnitOfWork, *, store_id: LocationId) -> int:
    """Count the wrong codes tried at a store within the window, and keep others waiting until this one is judged."""
    return await _LOCK_FAILURES.one(uow, store_id=store_id, now=uow.now, stale=uow.now - STORE_WINDOW)


async def count_failure(uow: UnitOfWork, *, store_id: LocationId) -> None:
    """Count one more wrong code at a store."""
    await _COUNT_FAILURE.run(uow, store_id=store_id)


async def list_slots(
    session: Session, *, store_ids: Collection[UUID], start: datetime, end: datetime, now: datetime
) -> dict[UUID, list[Slot]]:
    """List the slots of stores that hand out pickups, in their order: those by whose start goods could be ready.

    The window is one of `rules.slot_window`. A store that hands out nothing has none.
    """
    found: dict[UUID, list[Slot]] = {store_id: [] for store_id in store_ids}
    places = await locations.list_locations(session, location_ids=store_ids)
    weeks = await locations.list_hours(session, location_ids=store_ids)
    used = {
        (record[0], record[1]): record[2]
        for record in await _LIST_USED.all(session, store_ids=list(store_ids), start=start, end=end)
    }
    for place in places:
        hours = weeks[place.id]
        earliest = ready_at(hours, place.timezone, at=now, lead_minutes=place.pickup_lead_minutes)
        if not place.pickup_enabled or place.archived_at is not None or earliest is None:
            continue
        found[place.id] = [
            Slot(
                place.id,
                starts_at,
                starts_at + SLOT,
                max(0, place.pickup_slot_capacity - used.get((place.id, starts_at), 0)),
            )
            for starts_at in slot_starts(hours, place.timezone, start=max(start, earliest), end=end)
        ]
    return found


async def list_slots_by_start(session: Session, *, slots: Collection[tuple[LocationId, datetime]]) -> list[Slot]:
    """Find slots by their stores and starts, past ones too, such as those that pickups have a place in."""
    if not slots:
        return []
    store_ids = {store_id for store_id, _ in slots}
    starts = [starts_at for _, starts_at in slots]
    used = {
        (record[0], record[1]): record[2]
        for record in await _LIST_USED.all(
            session, store_ids=list(store_ids), start=min(starts), end=max(starts) + SLOT
        )
    }
    capacity = {
        place.id: place.pickup_slot_capacity
        for place in await locations.list_locations(session, location_ids=store_ids)
    }
    return [
        Slot(store_id, starts_at, starts_at + SLOT, max(0, capacity[store_id] - used.get((store_id, starts_at), 0)))
        for store_id, starts_at in slots
        if store_id in capacity
    ]


async def take_places(uow: UnitOfWork, *, places: Sequence[Place]) -> set[UUID]:
    """Take one place in each of these slots, of one store each; answers the stores where there was one left."""
    return set(
        await _TAKE_PLACES.all(
            uow,
            stores=[place.store_id for place in places],
            starts=[place.starts_at for place in places],
            capacities=[place.capacity for place in places],
        )
    )


async def give_places_back(uow: UnitOfWork, *, places: Collection[tuple[LocationId, datetime]]) -> None:
    """Free places in slots, locked in the order of stores and starts."""
    columns: Mapping[str, object] = {
        "stores": [store_id for store_id, _ in places],
        "starts": [starts_at for _, starts_at in places],
    }
    if len(places) > 1:
        await _LOCK_PLACES.all(uow, **columns)
    await _GIVE_BACK.run(uow, **columns)
