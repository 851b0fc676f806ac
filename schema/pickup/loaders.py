"""Relations of pickups, each read for all parents at once."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app.kernel.ids import LocationId
from app.pickup import queries
from app.pickup.rules import Pickup, Slot
from schema.core.batches import by_id
from schema.core.context import Batch, Context


async def _pickups(context: Context, ids: list[UUID]) -> Sequence[Pickup | None]:
    """Pickups by id."""
    return by_id(await queries.list_pickups(context.session, pickup_ids=ids), ids)


async def _pickups_of_work(context: Context, work_ids: list[UUID]) -> Sequence[Pickup | None]:
    """Pickups by the fulfillment order that prepares them."""
    found = await queries.list_for_work(context.session, fulfillment_order_ids=work_ids)
    pickups: dict[UUID, Pickup] = {pickup.fulfillment_order_id: pickup for pickup in found}
    return [pickups.get(work_id) for work_id in work_ids]


async def _slots(context: Context, keys: list[tuple[LocationId, datetime]]) -> Sequence[Slot | None]:
    """Slots by store and start, past ones too."""
    found = await queries.list_slots_by_start(context.session, slots=keys)
    slots = {(slot.store_id, slot.starts_at): slot for slot in found}
    return [slots.get(key) for key in keys]


PickupById = Batch(_pickups)
PickupByFulfillmentOrderId = Batch(_pickups_of_work)
SlotByStart = Batch(_slots)
