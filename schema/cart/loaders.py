"""Batches that carts ask of other records."""

from datetime import datetime
from uuid import UUID

from app.locations import queries as locations
from app.locations.rules import ready_at
from schema.core.context import Batch, Context


async def _ready_times(context: Context, keys: list[UUID]) -> list[datetime | None]:
    """Say when a pickup ordered now would be ready at each store."""
    stores = {store.id: store for store in await locations.list_locations(context.session, location_ids=keys)}
    hours = await locations.list_hours(context.session, location_ids=keys)
    return [
        ready_at(hours[key], store.timezone, at=context.now, lead_minutes=store.pickup_lead_minutes)
        if (store := stores.get(key))  # type: ignore[call-overload]  # A LocationId is a UUID.
        else None
        for key in keys
    ]


ReadyAtByStoreId: Batch[UUID, datetime | None] = Batch(_ready_times)
