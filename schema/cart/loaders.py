"""Batches that carts ask of other records."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app.inventory import queries as stock
from app.kernel.ids import LocationId
from app.pickup import queries as pickups
from app.pickup.rules import Slot
from schema.core.context import Batch, Context

#: A slot by its store and its start.
SlotKey = tuple[UUID, datetime]


async def _slots(context: Context, keys: list[SlotKey]) -> Sequence[Slot | None]:
    """The slots that pickups were chosen for, past ones too."""
    slots = [(LocationId(store_id), starts_at) for store_id, starts_at in keys]
    found = {
        (slot.store_id, slot.starts_at): slot
        for slot in await pickups.list_slots_by_start(context.session, slots=slots)
    }
    return [found.get(slot) for slot in slots]


async def _held(context: Context, keys: list[tuple[UUID, UUID]]) -> Sequence[int]:
    """Units held for lines, each by its cart and its own id."""
    held = await stock.list_held_by_line(context.session, demand_ids={cart_id for cart_id, _ in keys})
    return [held.get(line_id, 0) for _, line_id in keys]


SlotByStart = Batch(_slots)
HeldByLine = Batch(_held)
