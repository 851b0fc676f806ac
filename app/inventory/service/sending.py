"""Goods sent to the store where a customer collects them."""

from collections.abc import Sequence
from uuid import UUID

from app.inventory.queries import transfers as transfer_queries
from app.inventory.rules import Ahead
from app.inventory.rules.transfers import ToStore, Transfer, TransferLine, TransferWithLines
from app.inventory.service.promising import allocate, release_firm
from app.inventory.service.supply import reserve_ahead
from app.inventory.service.transfers import tell
from app.inventory.states import DemandKind, TransferCause, TransferStatus
from app.kernel.db import UnitOfWork
from app.kernel.ids import LocationId, OrderId, TransferId, TransferLineId, VariantId, new_id
from app.kernel.numbers import new_number


async def send_to_stores(uow: UnitOfWork, *, order_id: OrderId, parts: Sequence[ToStore], priority: int = 0) -> None:
    """Ask the locations that have an order's units to send them to its store, where the order now waits for them.

    Their promise moves from the order to the transfer, and the order is promised what the transfer brings. The caller
    holds the levels, on which the order's firm promises lie; so nothing here can be refused.
    Locks: levels. Emits TransferChanged.
    """
    routes: dict[tuple[UUID, UUID], list[ToStore]] = {}
    for part in parts:
        routes.setdefault((part.units.location_id, part.store_id), []).append(part)
    await release_firm(uow, demand_id=order_id, units=[part.units for part in parts])
    ahead: list[Ahead] = []
    for (from_id, store_id), group in sorted(routes.items()):
        found = _requested(uow, LocationId(from_id), LocationId(store_id), group)
        await transfer_queries.insert_transfer(uow, transfer=found)
        tell(uow, found.header, before=None, action="transferRequest")
        requested = {line.id: line.requested for line in found.lines}
        await allocate(
            uow, demand_id=found.header.id, units=found.units(requested), kind=DemandKind.TRANSFER, priority=priority
        )
        supply = await transfer_queries.expect_transfer(
            uow,
            header=found.header,
            expected={line.variant_id: line.requested for line in found.lines},
            sold_ahead=True,
        )
        ahead += [
            Ahead(p.units.line_id, supply[p.units.variant_id], p.units.variant_id, store_id, p.units.quantity)
            for p in group
        ]
    await reserve_ahead(uow, demand_id=order_id, parts=ahead, expires_at=None, priority=priority)


def _requested(uow: UnitOfWork, from_id: LocationId, to_id: LocationId, parts: Sequence[ToStore]) -> TransferWithLines:
    transfer_id = TransferId(new_id())
    units: dict[VariantId, int] = {}
    for part in parts:
        variant_id = VariantId(part.units.variant_id)
        units[variant_id] = units.get(variant_id, 0) + part.units.quantity
    header = Transfer(
        id=transfer_id,
        number=new_number("T"),
        from_location_id=from_id,
        to_location_id=to_id,
        status=TransferStatus.REQUESTED,
        cause=TransferCause.PICKUP,
        note=None,
        settled_note=None,
        expected_at=max(part.expected_at for part in parts),
        created_at=uow.now,
        updated_at=uow.now,
        shipped_at=None,
        closed_at=None,
    )
    lines = tuple(
        TransferLine(TransferLineId(new_id()), transfer_id, variant_id, quantity, 0, 0, 0, 0)
        for variant_id, quantity in units.items()
    )
    return TransferWithLines(header, lines)
