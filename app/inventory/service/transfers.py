"""Goods sent from one location to another: written, requested, sent, received, and settled where some are missing.

Whoever sends writes, requests, sends, cancels and writes back; whoever they go to receives and writes off. Customers may
wait for what comes, so the steps from sending on are parts of journeys of `app.servicing`, which lock the transfer with
`lock_to_send` or `lock_to_receive`, then orders, levels and supply.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from app.inventory import queries as stock
from app.inventory.errors import TransferNotFound
from app.inventory.events import TransferChanged
from app.inventory.queries import transfers as queries
from app.inventory.rules import Cause, Change
from app.inventory.rules import transfers as rules
from app.inventory.rules.lines import short_note
from app.inventory.rules.transfers import LineUnits, Transfer, TransferLine, TransferWithLines, WantedLine
from app.inventory.service.arriving import tell_arrived
from app.inventory.service.known import refuse_variants
from app.inventory.service.moving import apply
from app.inventory.service.promising import allocate, release_firm, take_out
from app.inventory.states import TRANSFER, DemandKind, MovementReason, TransferCause, TransferStatus
from app.kernel.changes import LEFT_OUT, LeftOut
from app.kernel.db import UnitOfWork
from app.kernel.errors import Invalid, NotFound
from app.kernel.ids import LocationId, TransferId, TransferLineId, new_id
from app.kernel.numbers import new_number
from app.kernel.permissions import Permission
from app.locations import queries as locations

#: What the ledger and the history of states call it.
KIND = "transfer"


async def create(
    uow: UnitOfWork,
    *,
    from_location_id: LocationId,
    to_location_id: LocationId,
    lines: Sequence[WantedLine],
    note: str | None = None,
    expected_at: datetime | None = None,
    cause: TransferCause = TransferCause.MANUAL,
) -> Transfer:
    """Write down what is to be sent; nothing is promised to it yet.

    Emits TransferChanged. Raises: Forbidden; NotFound and Invalid naming the field at fault.
    """
    uow.actor.require(Permission.INVENTORY_ADJUST, at=from_location_id)
    await _refuse_locations(uow, from_location_id, to_location_id)
    quantities = rules.wanted(lines)
    await refuse_variants(uow, variant_ids=[line.variant_id for line in lines])
    _refuse_past(uow, expected_at)
    transfer_id = TransferId(new_id())
    header = Transfer(
        id=transfer_id,
        number=new_number("T"),
        from_location_id=from_location_id,
        to_location_id=to_location_id,
        status=TransferStatus.DRAFT,
        cause=cause,
        note=short_note(note),
        settled_note=None,
        expected_at=expected_at,
        created_at=uow.now,
        updated_at=uow.now,
        shipped_at=None,
        closed_at=None,
    )
    written = tuple(
        TransferLine(TransferLineId(new_id()), transfer_id, variant_id, quantity, 0, 0, 0, 0)
        for variant_id, quantity in quantities.items()
    )
    await queries.insert_transfer(uow, transfer=TransferWithLines(header, written))
    tell(uow, header, before=None, action="transferCreate")
    return header


async def update(
    uow: UnitOfWork,
    *,
    transfer_id: TransferId,
    lines: Sequence[WantedLine] | None = None,
    note: str | LeftOut | None = LEFT_OUT,
    expected_at: datetime | LeftOut | None = LEFT_OUT,
) -> Transfer:
    """Write a draft anew: its lines, which replace the ones that are there, its note, and when it is expected.

    Locks: the transfer. Emits TransferChanged.
    Raises: Forbidden; TransferNotFound; IllegalTransition; NotFound and Invalid naming the field at fault.
    """
    found = await lock_to_send(uow, transfer_id=transfer_id, action="transferUpdate")
    header = _moved(uow, found.header, "transferUpdate")
    if lines is not None:
        quantities = rules.wanted(lines)
        await refuse_variants(uow, variant_ids=[line.variant_id for line in lines])
        await queries.replace_transfer_lines(uow, transfer_id=transfer_id, wanted=quantities)
    if not isinstance(note, LeftOut):
        header = replace(header, note=short_note(note))
    if not isinstance(expected_at, LeftOut):
        _refuse_past(uow, expected_at)
        header = replace(header, expected_at=expected_at)
    await queries.update_transfer(uow, header=header)
    return header


async def request(uow: UnitOfWork, *, transfer_id: TransferId) -> Transfer:
    """Promise a draft its units where they are, all of them or none.

    With a date they are expected at the other end from now on, so that they can be promised there. Nothing is kept back
    for safety: whoever sends decides. Locks: the transfer, levels. Emits TransferChanged.
    Raises: Forbidden; TransferNotFound; IllegalTransition; OutOfStock, with the lines and what is left of each variant.
    """
    found = await lock_to_send(uow, transfer_id=transfer_id, action="transferRequest")
    header = _moved(uow, found.header, "transferRequest")
    units = found.units({line.id: line.requested for line in found.lines})
    await allocate(uow, demand_id=transfer_id, units=units, kind=DemandKind.TRANSFER)
    if header.expected_at is not None:
        expected = {line.variant_id: line.requested for line in found.lines}
        await queries.expect_transfer(uow, header=header, expected=expected)
    await queries.update_transfer(uow, header=header)
    return header


async def lock_to_send(uow: UnitOfWork, *, transfer_id: TransferId, action: str) -> TransferWithLines:
    """Lock a transfer for a step of whoever works where it is sent from.

    Raises: Forbidden; TransferNotFound; IllegalTransition when its state does not allow that step.
    """
    found = await _lock(uow, transfer_id)
    uow.actor.require(Permission.INVENTORY_ADJUST, at=found.header.from_location_id)
    TRANSFER.next(found.header.status, action)
    return found


async def lock_to_receive(uow: UnitOfWork, *, transfer_id: TransferId, action: str) -> TransferWithLines:
    """Lock a transfer for a step of whoever works where it goes.

    Raises: Forbidden; TransferNotFound; IllegalTransition when its state does not allow that step.
    """
    found = await _lock(uow, transfer_id)
    uow.actor.require(Permission.INVENTORY_ADJUST, at=found.header.to_location_id)
    TRANSFER.next(found.header.status, action)
    return found


async def ship(uow: UnitOfWork, found: TransferWithLines, quantities: Mapping[TransferLineId, int]) -> Transfer:
    """Let these units leave; the others are not promised to the transfer any more.

    What was expected at the other end from the request on has been lowered by the caller; else it is expected from now on.
    Locks: levels, supply. Writes the ledger. Emits TransferChanged.
    """
    header = replace(_moved(uow, found.header, "transferShip"), shipped_at=uow.now)
    staying = {line.id: line.requested - quantities.get(line.id, 0) for line in found.lines}
    await _lock_where_sent(uow, found)
    known = await queries.lock_supplies_of_transfer(uow, transfer_id=header.id)
    await take_out(
        uow,
        demand_id=header.id,
        units=found.units(quantities),
        reason=MovementReason.TRANSFER_SHIPPED,
        cause=Cause(KIND, header.id, header.note),
    )
    await release_firm(uow, demand_id=header.id, units=found.units(staying))
    now = [replace(line, shipped=quantities.get(line.id, 0)) for line in found.lines]
    await queries.update_transfer_lines(uow, lines=now)
    if not known:
        left = {line.variant_id: line.shipped for line in now if line.shipped}
        await queries.expect_transfer(uow, header=header, expected=left)
    await queries.update_transfer(uow, header=header)
    return header


async def receive(uow: UnitOfWork, found: TransferWithLines, units: Mapping[TransferLineId, int]) -> Transfer:
    """Write that units came; the caller takes them into stock. Emits TransferChanged."""
    now = [replace(line, received=line.received + units.get(line.id, 0)) for line in found.lines]
    header = _closed(_moved(uow, found.header, "receiveAll" if rules.is_settled(now) else "receivePart"))
    await queries.update_transfer_lines(uow, lines=now)
    await queries.update_transfer(uow, header=header)
    return header


async def write_back(
    uow: UnitOfWork, found: TransferWithLines, came: Sequence[LineUnits], *, note: str | None
) -> Transfer:
    """Take units that came back into the stock of where they had left. They are not expected any more: the caller sees to it.

    Locks: levels. Writes the ledger. Emits TransferChanged, StockArrived. Raises: Invalid.
    """
    units = rules.per_transfer_line(came)
    now = [replace(line, written_back=line.written_back + units.get(line.id, 0)) for line in found.lines]
    header = _settled(uow, found.header, now, short_note(note))
    variants = {line.id: line.variant_id for line in found.lines}
    changes = [
        Change(variants[part.line_id], header.from_location_id, **{part.bucket.value.lower(): part.quantity})
        for part in came
    ]
    cause = Cause(KIND, header.id, short_note(note))
    await apply(uow, changes, reason=MovementReason.TRANSFER_WRITTEN_BACK, cause=cause)
    await tell_arrived(uow, levels=[part.level for part in changes if part.sellable])
    await queries.update_transfer_lines(uow, lines=now)
    await queries.update_transfer(uow, header=header)
    return header


async def write_off(
    uow: UnitOfWork, found: TransferWithLines, units: Mapping[TransferLineId, int], *, note: str
) -> Transfer:
    """Write that units were lost on the way, and why. They are not expected any more: the caller sees to it.

    Emits TransferChanged. Raises: Invalid without a reason.
    """
    why = short_note(note)
    if why is None:
        raise Invalid("somebody will want to know why", field=("note",))
    now = [replace(line, written_off=line.written_off + units.get(line.id, 0)) for line in found.lines]
    header = _settled(uow, found.header, now, why)
    await queries.update_transfer_lines(uow, lines=now)
    await queries.update_transfer(uow, header=header)
    return header


async def cancel(uow: UnitOfWork, found: TransferWithLines) -> Transfer:
    """End a transfer of which nothing has left, and let go what was promised to it.

    It is not expected any more: the caller sees to it. Locks: levels. Emits TransferChanged.
    """
    header = _closed(_moved(uow, found.header, "transferCancel"))
    if found.header.status is TransferStatus.REQUESTED:
        requested = {line.id: line.requested for line in found.lines}
        await release_firm(uow, demand_id=header.id, units=found.units(requested))
    await queries.update_transfer(uow, header=header)
    return header


async def _lock(uow: UnitOfWork, transfer_id: TransferId) -> TransferWithLines:
    """Lock a transfer for somebody who changes stock, and who sees it.

    Raises: Forbidden; TransferNotFound.
    """
    uow.actor.require(Permission.INVENTORY_ADJUST)
    header = await queries.lock_transfer(uow, transfer_id=transfer_id)
    if header is None or not rules.may_read(uow.actor, header):
        raise TransferNotFound("there is no such transfer", field=("transferId",))
    lines = await queries.list_transfer_lines(uow, transfer_ids=[transfer_id])
    return TransferWithLines(header, tuple(lines))


async def _lock_where_sent(uow: UnitOfWork, found: TransferWithLines) -> None:
    """Lock all levels at once: what leaves and what stays may be of different ones."""
    at = found.header.from_location_id
    await stock.lock_levels(uow, levels=sorted((line.variant_id, at) for line in found.lines))


async def _refuse_locations(uow: UnitOfWork, from_location_id: LocationId, to_location_id: LocationId) -> None:
    found = {
        location.id: location
        for location in await locations.list_locations(uow, location_ids=[from_location_id, to_location_id])
    }
    for location_id, field in ((from_location_id, "fromLocationId"), (to_location_id, "toLocationId")):
        if location_id not in found:
            raise NotFound("there is no such location", field=(field,))
    if from_location_id == to_location_id:
        raise Invalid("this is where the goods are already", field=("toLocationId",))
    if found[to_location_id].archived_at is not None:
        raise Invalid("this location is no longer in use", field=("toLocationId",))


def _refuse_past(uow: UnitOfWork, expected_at: datetime | None) -> None:
    if expected_at is not None and expected_at <= uow.now:
        raise Invalid("this moment is over", field=("expectedAt",))


def _moved(uow: UnitOfWork, header: Transfer, action: str) -> Transfer:
    moved = replace(header, status=TRANSFER.next(header.status, action), updated_at=uow.now)
    tell(uow, moved, before=header.status, action=action)
    return moved


def _settled(uow: UnitOfWork, header: Transfer, now: Sequence[TransferLine], note: str | None) -> Transfer:
    moved = _moved(uow, header, "settleAll" if rules.is_settled(now) else "settlePart")
    return _closed(replace(moved, settled_note=note or moved.settled_note))


def _closed(header: Transfer) -> Transfer:
    """Write when a transfer ended, once it has."""
    return header if TRANSFER.actions(header.status) else replace(header, closed_at=header.updated_at)


def tell(uow: UnitOfWork, header: Transfer, *, before: TransferStatus | None, action: str) -> None:
    """Write a step of a transfer into its history, and emit TransferChanged."""
    uow.moved(KIND, header.id, before=before, after=header.status, action=action)
    uow.emit(
        TransferChanged(
            transfer_id=header.id,
            from_location_id=header.from_location_id,
            to_location_id=header.to_location_id,
            status=header.status.value,
        )
    )
