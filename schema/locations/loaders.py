"""Relations of locations, each read for all parents at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from app.catalog.rules import Variant
from app.inventory.queries.stores import LinesTold, list_store_stock
from app.inventory.rules.pickups import LineWanted, StoreStock, StoreSupply, supply_of
from app.kernel.ids import ChannelId
from app.locations import queries
from app.locations.rules import Location, Opening, ready_at
from app.pickup import queries as pickup
from app.pickup.rules import Slot
from schema.core.batches import by_id
from schema.core.context import Batch, Context

#: A store's slots between two moments.
SlotsWanted = tuple[UUID, datetime, datetime]


@dataclass(frozen=True, slots=True)
class HandOverWanted:
    """Lines that a store would hand over to the customers of a channel, the default one if none is named."""

    store: Location
    channel_id: UUID | None
    lines: tuple[LineWanted, ...]


@dataclass(frozen=True, slots=True)
class HandOver:
    """What a store could hand over, and when. `known` are the variants of the lines, as far as the shop knows them."""

    supply: StoreSupply
    ready_at: datetime | None
    known: Mapping[UUID, Variant]


def hand_over(
    store: Location,
    stock: StoreStock,
    hours: Sequence[Opening],
    lines: Sequence[LineWanted],
    told: LinesTold,
    *,
    now: datetime,
) -> HandOver:
    """Say how much of some lines a store could hand over; and when, if it has pickups and all of it can be had.

    What has to be sent to the store comes first, then the work in its open hours.
    """
    supply = supply_of(stock, lines, told.bundles)
    ready = ready_for_pickup(store, hours, lead_minutes=supply.lead_minutes, now=now) if supply.complete else None
    return HandOver(supply, ready, told.variants)


def ready_for_pickup(store: Location, hours: Sequence[Opening], *, lead_minutes: int, now: datetime) -> datetime | None:
    """Say when a pickup ordered now would be ready, of goods that are there in so many minutes; None without pickups."""
    if not store.pickup_enabled or store.archived_at is not None:
        return None
    there = now + timedelta(minutes=lead_minutes)
    return ready_at(hours, store.timezone, at=there, lead_minutes=store.pickup_lead_minutes)


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
    return [ready_for_pickup(location, hours[location.id], lead_minutes=0, now=context.now) for location in keys]


async def _hand_overs(context: Context, keys: list[HandOverWanted]) -> Sequence[HandOver]:
    """What stores could hand over, and when; a document seldom asks for more than one channel."""
    variant_ids = {line.variant_id for wanted in keys for line in wanted.lines}
    found = {
        channel_id: await list_store_stock(
            context.session,
            channel_id=None if channel_id is None else ChannelId(channel_id),
            store_ids={wanted.store.id for wanted in keys if wanted.channel_id == channel_id},
            variant_ids=variant_ids,
        )
        for channel_id in {wanted.channel_id for wanted in keys}
    }
    answers = []
    for wanted in keys:
        there = found[wanted.channel_id]
        stock, hours = there.stocks[wanted.store.id], there.hours[wanted.store.id]
        answers.append(hand_over(wanted.store, stock, hours, wanted.lines, there.told, now=context.now))
    return answers


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
HandOverOf = Batch(_hand_overs)
SlotsByStoreId = Batch(_slots)
