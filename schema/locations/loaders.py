"""Relations of locations, each read for all parents at once."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app.inventory import queries as inventory
from app.locations import queries
from app.locations.rules import Location, Opening, ready_at
from app.pickup import queries as pickup
from app.pickup.rules import Slot
from schema.core.batches import by_id
from schema.core.context import Batch, Context

#: A store's slots between two moments.
SlotsWanted = tuple[UUID, datetime, datetime]
#: A variant's units at each of these locations.
StockWanted = tuple[UUID, tuple[UUID, ...]]


async def _locations(context: Context, ids: list[UUID]) -> Sequence[Location | None]:
    """Locations by id, archived ones too."""
    return by_id(await queries.list_locations(context.session, location_ids=ids), ids)


async def _hours(context: Context, location_ids: list[UUID]) -> Sequence[list[Opening]]:
    """Opening hours by location, through the week."""
    found = await queries.list_hours(context.session, location_ids=location_ids)
    return [found[location_id] for location_id in location_ids]


async def _ready(context: Context, keys: list[Location]) -> Sequence[datetime | None]:
    """When a pickup ordered now would be ready, by location; None where there are no pickups, or no hours."""
    hours = await queries.list_hours(context.session, location_ids=[location.id for location in keys])
    return [
        ready_at(hours[location.id], location.timezone, at=context.now, lead_minutes=location.pickup_lead_minutes)
        if location.pickup_enabled and location.archived_at is None
        else None
        for location in keys
    ]


async def _stock(context: Context, keys: list[StockWanted]) -> Sequence[list[int]]:
    """Units that each location could hand out of a variant, in the order in which the locations were named."""
    found = await inventory.list_at_locations(
        context.session,
        variant_ids={variant_id for variant_id, _ in keys},
        location_ids={location_id for _, location_ids in keys for location_id in location_ids},
    )
    units = {(row.variant_id, row.location_id): row.available for row in found}
    return [
        [units.get((variant_id, location_id), 0) for location_id in location_ids] for variant_id, location_ids in keys
    ]


async def _slots(context: Context, keys: list[SlotsWanted]) -> Sequence[list[Slot]]:
    """Pickup slots by store and window; a document seldom asks for more than one window."""
    found: dict[SlotsWanted, list[Slot]] = {}
    for start, end in {(start, end) for _, start, end in keys}:
        store_ids = [store_id for store_id, *window in keys if window == [start, end]]
        slots = await pickup.list_slots(context.session, store_ids=store_ids, start=start, end=end, now=context.now)
        found |= {(store_id, start, end): listed for store_id, listed in slots.items()}
    return [found.get(key, []) for key in keys]


LocationById = Batch(_locations)
HoursByLocationId = Batch(_hours)
ReadyAtByLocation = Batch(_ready)
StockAtLocations = Batch(_stock)
SlotsByStoreId = Batch(_slots)
