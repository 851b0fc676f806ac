"""Promises of units that are not there yet: given, let go, served when units come, and broken when they do not."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from app.inventory import queries
from app.inventory.errors import OutOfStock, Shortage, WouldOversell
from app.inventory.rules import (
    Ahead,
    BackorderLimit,
    Cause,
    Change,
    Part,
    Receipt,
    Received,
    Supply,
    Waiting,
    per_level,
)
from app.inventory.rules.purchase_orders import checked_limits
from app.inventory.rules.supply import broken, let_go, served, without
from app.inventory.service.known import refuse_variants
from app.inventory.service.moving import apply, open_levels
from app.inventory.states import DemandKind, MovementReason, ReservationEnd, ReservationState, SupplyKind
from app.kernel.db import Overtaken, UnitOfWork
from app.kernel.errors import BrokenInvariant, NotFound
from app.kernel.ids import OrderLineId
from app.kernel.permissions import Permission
from app.locations import queries as locations


async def reserve_ahead(
    uow: UnitOfWork,
    *,
    demand_id: UUID,
    parts: Sequence[Ahead],
    expires_at: datetime | None,
    priority: int = 0,
    kind: DemandKind = DemandKind.ORDER,
) -> None:
    """Promise units from what is expected: softly until a moment, or firmly when there is none. All of them or none.

    Units that others hold beyond their time are taken back before anybody is refused.
    Locks: supply, after the levels that the caller needs. Raises: OutOfStock, with what is left of each variant.
    """
    if not parts:
        return
    wanted: dict[UUID, int] = {}
    for part in parts:
        wanted[part.supply_id] = wanted.get(part.supply_id, 0) + part.quantity
    supplies = {supply.id: supply for supply in await queries.lock_supplies(uow, supply_ids=sorted(wanted))}
    if _short(supplies, wanted) and await queries.expire_soft(uow, levels=[], supply_ids=list(wanted)):
        supplies = {supply.id: supply for supply in await queries.lock_supplies(uow, supply_ids=sorted(wanted))}
    if _short(supplies, wanted):
        raise OutOfStock(_shortages(supplies, wanted, parts))
    bearing = await queries.reserve(
        uow, demand_kind=kind, demand_id=demand_id, parts=_per_line(parts), expires_at=expires_at, priority=priority
    )
    if len(bearing) != len(wanted):
        raise BrokenInvariant(f"{len(wanted) - len(bearing)} locked supplies could not bear a promise of {demand_id}")


async def release_ahead(
    uow: UnitOfWork,
    *,
    demand_id: UUID,
    units: Mapping[OrderLineId, int],
    ended: ReservationEnd = ReservationEnd.RELEASED,
) -> None:
    """Let go what lines of an order wait for: so many units of each line, those that would come last first.

    Locks: supply, then reservations. Raises: BrokenInvariant when a line waits for fewer.
    """
    wanted = {line_id: quantity for line_id, quantity in units.items() if quantity}
    if not wanted:
        return
    await queries.lock_supply_of_lines(uow, demand_id=demand_id, line_ids=list(wanted))
    waiting = await queries.list_waiting_of_lines(uow, demand_id=demand_id, line_ids=list(wanted))
    parts = [
        part
        for line_id, quantity in wanted.items()
        for part in let_go([promise for promise in waiting if promise.line_id == line_id], quantity)
    ]
    if sum(part.quantity for part in parts) != sum(wanted.values()):
        raise BrokenInvariant(f"{demand_id} waits for less than is let go")
    await _end(uow, parts, ended)


async def receive_supply(
    uow: UnitOfWork,
    *,
    receipts: Sequence[Receipt],
    reason: MovementReason = MovementReason.RECEIVED,
    cause: Cause,
) -> Received:
    """Take in what came of supply, and serve those who wait for it, higher priority and longer waiting first.

    What comes beyond what is promised may be sold, after those who wait at its level without a date. Units that will not
    come any more, lost or received as unsellable, break the promises that nothing is left for. The caller has locked the
    document that the supply belongs to, and the orders that wait for it. Locks: levels, then supply.
    Writes the ledger.
    """
    ids = sorted({receipt.supply_id for receipt in receipts})
    # Which level a supply comes to never changes, so it may be read before it is locked.
    levels = sorted({supply.level for supply in await queries.list_supplies(uow, supply_ids=ids)})
    await open_levels(uow, levels=levels)
    safe = {level.key: level.available - level.safety_stock for level in await queries.lock_levels(uow, levels=levels)}
    supplies = {supply.id: supply for supply in await queries.lock_served(uow, supply_ids=ids, levels=levels)}
    await queries.expire_soft(uow, levels=[], supply_ids=list(supplies))
    waiting = _per_supply(await queries.list_waiting(uow, supply_ids=list(supplies)))
    given: list[Part] = []
    lost: list[Part] = []
    for receipt in receipts:
        supply = supplies[receipt.supply_id]
        own = served(waiting.get(supply.id, ()), receipt.sellable)
        after = without(waiting.get(supply.id, ()), own)
        lost += broken(after, _units(after) - max(0, supply.outstanding - receipt.received - receipt.lost))
        given += own
        safe[supply.level] += receipt.sellable - sum(part.quantity for part in own)
    for supply in supplies.values():
        if supply.kind is SupplyKind.BACKORDER:
            own = served(waiting.get(supply.id, ()), safe[supply.level])
            given += own
            safe[supply.level] -= sum(part.quantity for part in own)
    changes = [
        Change(*supplies[r.supply_id].level, sellable=r.sellable, damaged=r.damaged, quality=r.quality)
        for r in receipts
    ]
    await _give(uow, changes, given, reason=reason, cause=cause)
    await _end(uow, lost, ReservationEnd.BROKEN)
    await queries.receive(uow, receipts=receipts)
    return Received(tuple(given), tuple(lost))


async def fill_backorders(uow: UnitOfWork, *, levels: Sequence[tuple[UUID, UUID]]) -> Received:
    """Give what these levels have to those who wait there without a date, and leave their safety stock alone.

    The caller has locked the orders that wait. Locks: levels, then supply.
    """
    keys = sorted(set(levels))
    locked = await queries.lock_levels(uow, levels=keys)
    supplies = await queries.lock_served(uow, supply_ids=[], levels=keys)
    await queries.expire_soft(uow, levels=keys, supply_ids=[supply.id for supply in supplies])
    locked = await queries.lock_levels(uow, levels=[level.key for level in locked])
    safe = {level.key: level.available - level.safety_stock for level in locked}
    waiting = _per_supply(await queries.list_waiting(uow, supply_ids=[supply.id for supply in supplies]))
    given = [part for supply in supplies for part in served(waiting.get(supply.id, ()), safe.get(supply.level, 0))]
    await _give(uow, [], given, reason=None, cause=None)
    return Received(tuple(given), ())


async def limit_backorders(uow: UnitOfWork, *, limits: Sequence[BackorderLimit]) -> list[Supply]:
    """Say how many units of levels may be ordered beyond what is there; None ends it. Answers what is in force now.

    Locks: supply. Raises: Forbidden; Invalid; WouldOversell below what is promised already.
    """
    for location_id in {line.location_id for line in limits}:
        uow.actor.require(Permission.INVENTORY_ADJUST, at=location_id)
    checked_limits(limits)
    await _refuse_unknown(uow, limits)
    levels = sorted((line.variant_id, line.location_id) for line in limits)
    found = {supply.level: supply for supply in await queries.lock_served(uow, supply_ids=[], levels=levels)}
    await queries.expire_soft(uow, levels=[], supply_ids=[supply.id for supply in found.values()])
    found = {supply.level: supply for supply in await queries.lock_served(uow, supply_ids=[], levels=levels)}
    for i, line in enumerate(limits):
        known = found.get((line.variant_id, line.location_id))
        if known is not None and (line.limit or 0) < known.reserved:
            raise WouldOversell(f"{known.reserved} are promised to customers", field=("lines", str(i), "limit"))
    ending = [found[level].id for level, line in _by_level(limits).items() if line.limit is None and level in found]
    put = [line for line in limits if line.limit is not None]
    changed = await queries.put_limits(uow, limits=put)
    if len(changed) != len(put):
        raise Overtaken("backorders")
    changed += await queries.close_backorders(uow, supply_ids=ending) if ending else []
    now = {supply.level: supply for supply in changed}
    return [now[level] for level in _by_level(limits) if level in now]


def _by_level(limits: Sequence[BackorderLimit]) -> dict[tuple[UUID, UUID], BackorderLimit]:
    return {(line.variant_id, line.location_id): line for line in limits}


async def _refuse_unknown(uow: UnitOfWork, limits: Sequence[BackorderLimit]) -> None:
    await refuse_variants(uow, variant_ids=[line.variant_id for line in limits])
    places = {found.id for found in await locations.list_locations(uow, location_ids={x.location_id for x in limits})}
    for i, line in enumerate(limits):
        if line.location_id not in places:
            raise NotFound("there is no such location", field=("lines", str(i), "locationId"))


async def _give(
    uow: UnitOfWork,
    changes: Sequence[Change],
    given: Sequence[Part],
    *,
    reason: MovementReason | None,
    cause: Cause | None,
) -> None:
    """Change levels by what came and by what of it is promised, and let the promises be of units that are there."""
    promised = [
        Change(
            part.waiting.variant_id,
            part.waiting.location_id,
            soft=part.quantity if part.waiting.state is ReservationState.SOFT else 0,
            firm=part.quantity if part.waiting.state is ReservationState.FIRM else 0,
        )
        for part in given
    ]
    changed = [part for part in per_level([*changes, *promised]) if part.moves or part.soft or part.firm]
    if changed:
        await apply(uow, changed, reason=reason, cause=cause)
    if given and await queries.move_to_level(uow, parts=given) != len(given):
        raise BrokenInvariant("units were given to somebody who did not wait for them")


async def _end(uow: UnitOfWork, parts: Sequence[Part], ended: ReservationEnd) -> None:
    if parts and await queries.end_waiting(uow, parts=parts, ended=ended) != len(parts):
        raise BrokenInvariant("a promise that was to end does not wait any more")


def _per_supply(waiting: Sequence[Waiting]) -> dict[UUID, list[Waiting]]:
    found: dict[UUID, list[Waiting]] = {}
    for promise in waiting:
        found.setdefault(promise.supply_id, []).append(promise)
    return found


def _units(waiting: Sequence[Waiting]) -> int:
    return sum(promise.quantity for promise in waiting)


def _short(supplies: Mapping[UUID, Supply], wanted: Mapping[UUID, int]) -> list[UUID]:
    return [key for key, units in wanted.items() if key not in supplies or supplies[key].left < units]


def _per_line(parts: Sequence[Ahead]) -> list[Ahead]:
    """Add parts of the same line and supply together: a line has one promise of each supply."""
    sums: dict[tuple[UUID, UUID, UUID, UUID], int] = {}
    for part in parts:
        key = (part.line_id, part.supply_id, part.variant_id, part.location_id)
        sums[key] = sums.get(key, 0) + part.quantity
    return [Ahead(*key, quantity) for key, quantity in sorted(sums.items())]


def _shortages(supplies: Mapping[UUID, Supply], wanted: Mapping[UUID, int], parts: Sequence[Ahead]) -> list[Shortage]:
    """Say of each variant that is short how many were wanted of its supply, and how many are left."""
    short = {part.variant_id for part in parts if part.supply_id in _short(supplies, wanted)}
    shortages = []
    for variant_id in sorted(short):
        own: Collection[UUID] = {part.supply_id for part in parts if part.variant_id == variant_id}
        shortages.append(
            Shortage(
                variant_id,
                sum(wanted[key] for key in own),
                sum(min(wanted[key], supplies[key].left) for key in own if key in supplies),
                tuple(dict.fromkeys(part.line_id for part in parts if part.variant_id == variant_id)),
            )
        )
    return shortages
