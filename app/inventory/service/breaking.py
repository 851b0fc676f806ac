"""Promises that cannot be kept, because fewer units are there than were promised."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from app.inventory import queries
from app.inventory.events import TransferChanged
from app.inventory.queries import transfers as transferring
from app.inventory.rules import Broken
from app.inventory.rules.transfers import TransferWithLines
from app.inventory.states import TRANSFER
from app.kernel.db import UnitOfWork
from app.kernel.errors import BrokenInvariant
from app.kernel.ids import TransferId


async def break_promises(uow: UnitOfWork, *, broken: Sequence[Broken]) -> None:
    """Take units off promises, soft and firm; what their holders do without is for the caller to say.

    The levels are locked by the caller, and so are the orders and transfers that hold units firmly.
    Raises: BrokenInvariant when a promise is not what it was.
    """
    if broken and await queries.break_promises(uow, broken=broken) != len(broken):
        raise BrokenInvariant("promises changed while their levels were locked")


async def lock_transfers(uow: UnitOfWork, *, transfer_ids: Collection[UUID]) -> dict[UUID, TransferWithLines]:
    """Lock transfers that may have to send less, in the order of their ids, before any order."""
    found: dict[UUID, TransferWithLines] = {}
    for transfer_id in sorted(transfer_ids):
        header = await transferring.lock_transfer(uow, transfer_id=TransferId(transfer_id))
        if header is None:
            raise BrokenInvariant(f"transfer {transfer_id} is promised units and does not exist")
        lines = await transferring.list_transfer_lines(uow, transfer_ids=[transfer_id])
        found[transfer_id] = TransferWithLines(header, tuple(lines))
    return found


async def lock_supplies_of_transfers(uow: UnitOfWork, *, transfer_ids: Collection[UUID]) -> None:
    """Lock what locked transfers bring, after the levels."""
    for transfer_id in sorted(transfer_ids):
        await transferring.lock_supplies_of_transfer(uow, transfer_id=TransferId(transfer_id))


async def lower_transfers(
    uow: UnitOfWork, *, transfers: Mapping[UUID, TransferWithLines], broken: Sequence[Broken]
) -> None:
    """Let transfers send fewer units, whose promises are broken; one of which nothing is left is cancelled.

    Transfers, levels and their supply are locked by the caller. Emits TransferChanged for those that end.
    """
    for transfer_id, transfer in transfers.items():
        units: dict[UUID, int] = {}
        for part in broken:
            if part.promise.demand_id == transfer_id:
                units[part.promise.line_id] = units.get(part.promise.line_id, 0) + part.units
        if not units:
            continue
        if all(units.get(line.id) == line.requested for line in transfer.lines):
            await _cancel(uow, transfer)
        elif await queries.lower_transfer_lines(uow, units=units) != len(units):
            raise BrokenInvariant(f"transfer {transfer_id} asks for less than it was promised")
        told = {line.variant_id: (0, units[line.id]) for line in transfer.lines if units.get(line.id)}
        expected = await queries.list_free_of_transfers(uow, transfer_ids=[transfer_id])
        if expected and len(
            await transferring.settle_supply_of_transfer(uow, transfer_id=TransferId(transfer_id), told=told)
        ) != len(told):
            raise BrokenInvariant(f"customers wait for units that transfer {transfer_id} does not send")


async def _cancel(uow: UnitOfWork, transfer: TransferWithLines) -> None:
    before = transfer.header
    header = replace(
        before, status=TRANSFER.next(before.status, "transferCancel"), updated_at=uow.now, closed_at=uow.now
    )
    await transferring.update_transfer(uow, header=header)
    uow.moved("transfer", header.id, before=before.status, after=header.status, action="transferCancel")
    uow.emit(
        TransferChanged(
            transfer_id=header.id,
            from_location_id=header.from_location_id,
            to_location_id=header.to_location_id,
            status=header.status.value,
        )
    )
