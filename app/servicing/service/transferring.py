"""Goods sent from one location to another, and the customers who wait for them where they go.

Locks: the transfer, the orders that wait for it, the levels of both ends, supply.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from app.inventory import queries as stock
from app.inventory import service as inventory
from app.inventory.queries import transfers as queries
from app.inventory.rules import Cause, Receipt
from app.inventory.rules import transfers as rules
from app.inventory.rules.transfers import LineUnits, Transfer, TransferWithLines
from app.inventory.service import transfers
from app.inventory.states import Bucket, MovementReason
from app.kernel.db import UnitOfWork
from app.kernel.errors import BrokenInvariant
from app.kernel.ids import OrderId, TransferId, TransferLineId
from app.orders import service as orders
from app.servicing.service.filling import Breach, receive
from app.servicing.service.purchasing import CANCELLED, SHORT


async def ship_transfer(
    uow: UnitOfWork, *, transfer_id: TransferId, lines: Sequence[LineUnits] | None = None
) -> Transfer:
    """Let a transfer's units leave: all, or those that are named; the others are not promised to it any more.

    Who waits for units that stay behind is told. Locks: the transfer, orders, levels, supply. Writes the ledger.
    Emits TransferChanged, PromiseBroken. Raises: Forbidden; TransferNotFound; IllegalTransition; NotFound, Invalid and
    QuantityExceeded naming the line at fault.
    """
    found = await transfers.lock_to_send(uow, transfer_id=transfer_id, action="transferShip")
    quantities = rules.leaving(found.lines, lines)
    staying = {line.id: line.requested - quantities.get(line.id, 0) for line in found.lines}
    await _lose(uow, found, staying, cause=SHORT, told="will not come")
    return await transfers.ship(uow, found, quantities)


async def receive_transfer(
    uow: UnitOfWork, *, transfer_id: TransferId, lines: Sequence[LineUnits] | None = None
) -> Transfer:
    """Take units in where they were sent: all that are on their way, or those named. Who waits for them is served first.

    Locks: the transfer, orders, levels, supply. Writes the ledger. Emits TransferChanged.
    Raises: Forbidden; TransferNotFound; IllegalTransition; NotFound, Invalid and QuantityExceeded naming the line at
    fault.
    """
    found = await transfers.lock_to_receive(uow, transfer_id=transfer_id, action="receivePart")
    came = rules.told(found.lines, lines)
    units: dict[TransferLineId, dict[Bucket, int]] = {}
    for part in came:
        buckets = units.setdefault(part.line_id, {})
        buckets[part.bucket] = buckets.get(part.bucket, 0) + part.quantity
    supplies = await _supplies(uow, found)
    receipts = [
        Receipt(
            supplies[line_id],
            sellable=buckets.get(Bucket.SELLABLE, 0),
            damaged=buckets.get(Bucket.DAMAGED, 0),
            quality=buckets.get(Bucket.QUALITY, 0),
        )
        for line_id, buckets in units.items()
    ]
    await receive(
        uow,
        receipts=receipts,
        cause=Cause(transfers.KIND, transfer_id, found.header.note),
        breach=_breach(found, SHORT, "cannot be sold as it came"),
        reason=MovementReason.TRANSFER_RECEIVED,
    )
    return await transfers.receive(uow, found, rules.per_transfer_line(came))


async def write_back_transfer(
    uow: UnitOfWork, *, transfer_id: TransferId, lines: Sequence[LineUnits] | None = None, note: str | None = None
) -> Transfer:
    """Take units that came back into the stock of where they had left: all that are on their way, or those named.

    Who waits for them is told. Locks: the transfer, orders, levels, supply. Writes the ledger.
    Emits TransferChanged, PromiseBroken. Raises: Forbidden; TransferNotFound; IllegalTransition; NotFound, Invalid and
    QuantityExceeded naming the field at fault.
    """
    found = await transfers.lock_to_send(uow, transfer_id=transfer_id, action="settlePart")
    came = rules.told(found.lines, lines)
    await _lose(uow, found, rules.per_transfer_line(came), cause=SHORT, told="went back to where it came from")
    return await transfers.write_back(uow, found, came, note=note)


async def write_off_transfer(
    uow: UnitOfWork, *, transfer_id: TransferId, note: str, lines: Sequence[LineUnits] | None = None
) -> Transfer:
    """Give up units that were lost on the way, and say why: all that are on their way, or those named.

    Who waits for them is told. Locks: the transfer, orders, levels, supply. Emits TransferChanged, PromiseBroken.
    Raises: Forbidden; TransferNotFound; IllegalTransition; NotFound, Invalid and QuantityExceeded naming the field at
    fault.
    """
    found = await transfers.lock_to_receive(uow, transfer_id=transfer_id, action="settlePart")
    units = rules.per_transfer_line(rules.told(found.lines, lines))
    await _lose(uow, found, units, cause=SHORT, told="was lost on its way")
    return await transfers.write_off(uow, found, units, note=note)


async def cancel_transfer(uow: UnitOfWork, *, transfer_id: TransferId) -> Transfer:
    """End a transfer of which nothing has left, and let go what was promised to it. Who waits for it is told.

    Locks: the transfer, orders, levels, supply. Emits TransferChanged, PromiseBroken.
    Raises: Forbidden; TransferNotFound; IllegalTransition.
    """
    found = await transfers.lock_to_send(uow, transfer_id=transfer_id, action="transferCancel")
    requested = {line.id: line.requested for line in found.lines}
    await _lose(uow, found, requested, cause=CANCELLED, told="will not come")
    return await transfers.cancel(uow, found)


async def _lose(
    uow: UnitOfWork, found: TransferWithLines, units: Mapping[TransferLineId, int], *, cause: str, told: str
) -> None:
    """Take units off what is expected, where anything is, and break the promises that nothing is left for.

    The caller goes on to change levels at the other end, so those of both are locked here, in their order.
    """
    supplies = await _supplies(uow, found)
    receipts = [Receipt(supplies[key], lost=lost) for key, lost in units.items() if lost and key in supplies]
    if not receipts:
        return
    header = found.header
    there = sorted((line.variant_id, header.to_location_id) for line in found.lines if units.get(line.id))
    waiting = await stock.list_waiting_orders(uow, supply_ids=[part.supply_id for part in receipts], levels=there)
    await orders.lock_all(uow, order_ids=[OrderId(order_id) for order_id in waiting])
    await inventory.open_levels(uow, levels=there)
    here = ((line.variant_id, header.from_location_id) for line in found.lines)
    await stock.lock_levels(uow, levels=sorted([*there, *here]))
    await receive(
        uow,
        receipts=receipts,
        cause=Cause(transfers.KIND, header.id, header.note),
        breach=_breach(found, cause, told),
    )


async def _supplies(uow: UnitOfWork, found: TransferWithLines) -> dict[TransferLineId, UUID]:
    """Say which supply each line brings. The transfer is locked, so there will be no other."""
    by_variant = {
        supply.variant_id: supply.id
        for supply in await queries.list_supplies_of_transfer(uow, transfer_id=found.header.id)
    }
    supplies = {line.id: by_variant[line.variant_id] for line in found.lines if line.variant_id in by_variant}
    if any(line.outstanding and line.id not in supplies for line in found.lines):
        raise BrokenInvariant(f"transfer {found.header.id} brings what is not expected")
    return supplies


def _breach(found: TransferWithLines, cause: str, told: str) -> Breach:
    return Breach(cause, found.header.id, f"{told} ({found.header.number})")
