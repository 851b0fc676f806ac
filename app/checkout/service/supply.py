"""Which location supplies each line of an order to be."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from app.cart import service as cart_service
from app.checkout.rules import Snapshot, SnapshotLine, Supply
from app.inventory import queries as stock
from app.inventory import service as inventory
from app.inventory.errors import OutOfStock, Shortage
from app.inventory.rules import Units, lines_by_variant
from app.kernel.db import UnitOfWork
from app.kernel.ids import LocationId, OrderLineId, VariantId
from app.sourcing import service as sourcing
from app.sourcing.rules import Demand


async def supply(
    uow: UnitOfWork,
    lines: Sequence[SnapshotLine],
    *,
    snapshot: Snapshot,
    own: Mapping[tuple[UUID, UUID], int] | None = None,
) -> tuple[list[Supply], dict[str, Any] | None]:
    """Decide which location supplies each line: its store for pickup and carry-out, the plan's for shipping.

    `own` are units that the cart holds already. Units that others hold beyond their time are taken back before anybody
    is refused.
    Raises: OutOfStock, with what could be promised of each variant.
    """
    try:
        return await _decide(uow, lines, snapshot, own or {})
    except OutOfStock as refused:
        if await inventory.reclaim(uow, variant_ids=[shortage.variant_id for shortage in refused.shortages]):
            left = await cart_service.own_units(uow, demand_id=snapshot.cart_id) if own else {}
            return await _decide(uow, lines, snapshot, left)
        raise


async def _decide(
    uow: UnitOfWork, lines: Sequence[SnapshotLine], snapshot: Snapshot, own: Mapping[tuple[UUID, UUID], int]
) -> tuple[list[Supply], dict[str, Any] | None]:
    shipped = [line for line in lines if line.store_id is None]
    supplies = [
        Supply(line.id, line.variant_id, line.store_id, line.quantity) for line in lines if line.store_id is not None
    ]
    shelves = _per_shelf(supplies)
    await _refuse_empty_shelves(uow, shelves, lines, own)
    if not shipped:
        return supplies, None
    decided = await sourcing.decide(
        uow,
        channel_id=snapshot.channel_id,
        demand=[Demand(line.id, line.variant_id, line.quantity) for line in shipped],
        destination=snapshot.shipping_address,
        spoken_for=shelves,
        own=own,
    )
    if decided.plan.unfilled:
        raise _out_of_stock(shipped, decided.plan.unfilled)
    supplies += [
        Supply(OrderLineId(part.line_id), VariantId(part.variant_id), LocationId(part.location_id), part.quantity)
        for part in decided.plan.parts
    ]
    return supplies, decided.record


def _per_shelf(supplies: Sequence[Supply]) -> dict[tuple[UUID, UUID], int]:
    shelves: dict[tuple[UUID, UUID], int] = {}
    for part in supplies:
        shelf = (part.variant_id, part.location_id)
        shelves[shelf] = shelves.get(shelf, 0) + part.quantity
    return shelves


async def _refuse_empty_shelves(
    uow: UnitOfWork,
    shelves: Mapping[tuple[UUID, UUID], int],
    lines: Sequence[SnapshotLine],
    own: Mapping[tuple[UUID, UUID], int],
) -> None:
    if not shelves:
        return
    found = await stock.list_at_locations(
        uow, variant_ids={variant_id for variant_id, _ in shelves}, location_ids={shelf[1] for shelf in shelves}
    )
    available = {(level.variant_id, level.location_id): level.available for level in found}
    missing: dict[UUID, int] = {}
    for shelf, units in shelves.items():
        short = units - available.get(shelf, 0) - own.get(shelf, 0)
        if short > 0:
            missing[shelf[0]] = missing.get(shelf[0], 0) + short
    if missing:
        raise _out_of_stock([line for line in lines if line.store_id is not None], missing)


def _out_of_stock(lines: Sequence[SnapshotLine], missing: Mapping[UUID, int]) -> OutOfStock:
    wanted: dict[UUID, int] = {}
    for line in lines:
        wanted[line.variant_id] = wanted.get(line.variant_id, 0) + line.quantity
    # Refusals speak of the cart's lines, which the client knows; the order's are not there yet.
    asking = lines_by_variant(
        [Units(line.cart_line_id, line.variant_id, line.store_id or line.cart_line_id, line.quantity) for line in lines]
    )
    return OutOfStock(
        [
            Shortage(variant_id, wanted[variant_id], wanted[variant_id] - units, asking[variant_id])
            for variant_id, units in missing.items()
        ]
    )
