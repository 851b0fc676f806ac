"""Telling that units came to where somebody waits for them."""

from collections.abc import Sequence
from uuid import UUID

from app.inventory import queries
from app.inventory.events import StockArrived
from app.kernel.db import UnitOfWork
from app.kernel.ids import LocationId, VariantId


async def tell_arrived(uow: UnitOfWork, *, levels: Sequence[tuple[UUID, UUID]]) -> None:
    """Tell that sellable units came to these levels, of those where somebody waits for units without a date.

    Emits StockArrived. Whoever orders at the same moment is found by the timer that looks for levels to fill.
    """
    if not levels:
        return
    for variant_id, location_id in await queries.list_backordered(uow, levels=sorted(set(levels))):
        uow.emit(StockArrived(variant_id=VariantId(variant_id), location_id=LocationId(location_id)))
