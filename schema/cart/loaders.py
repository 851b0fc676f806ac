"""Batches that carts ask of other records."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app.catalog import queries as catalog
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


#: A line by its cart, its own id and its variant.
LineKey = tuple[UUID, UUID, UUID]


async def _held(context: Context, keys: list[LineKey]) -> Sequence[int]:
    """Units held for lines; of a bundle, as many as its components suffice for."""
    held = await stock.list_held_by_line(context.session, demand_ids={cart_id for cart_id, _, _ in keys})
    bundled = {variant_id for _, line_id, variant_id in keys if held.get(line_id, {}).keys() - {variant_id}}
    bundles = await catalog.list_bundles(context.session, variant_ids=bundled) if bundled else {}
    return [
        min(held[line_id].get(part.variant_id, 0) // part.quantity for part in bundles[variant_id])
        if variant_id in bundles
        else held.get(line_id, {}).get(variant_id, 0)
        for _, line_id, variant_id in keys
    ]


SlotByStart = Batch(_slots)
HeldByLine = Batch(_held)
