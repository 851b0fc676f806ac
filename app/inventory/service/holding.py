"""Soft reservations: units held for a cart or a checkout, until it is placed, let go, or its time is over."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.inventory import queries
from app.inventory.errors import OutOfStock, Shortage
from app.inventory.rules import Change, Level, Units, held_in_part, lines_by_variant, per_level, per_line
from app.inventory.service.moving import change, lock_in_order
from app.inventory.states import DemandKind
from app.kernel.db import UnitOfWork
from app.kernel.ids import OrderId


@dataclass(frozen=True, slots=True)
class Held:
    """What was held, and what could not be, with what is left of it."""

    units: tuple[Units, ...]
    shortages: tuple[Shortage, ...]


async def reserve_soft(
    uow: UnitOfWork,
    *,
    demand_id: UUID,
    units: Sequence[Units],
    expires_at: datetime,
    kind: DemandKind = DemandKind.ORDER,
    priority: int = 0,
    instead_of: UUID | None = None,
    besides: Collection[UUID] = (),
) -> None:
    """Hold units until a demand is placed, let go, or its time is over. All of them or none.

    What `instead_of` holds, such as the cart that a checkout began from, is given back first, under the same locks, and so
    is what `besides` hold, such as a cart that goes into this one.
    Units that others hold beyond their time are taken back before anybody is refused.
    Locks: levels. Raises: OutOfStock, with what is left of each variant.
    """
    wanted, parts = _wanted(units), per_line(units)
    await _lock(uow, wanted, [*_given_up(instead_of), *besides])
    bearing = await queries.hold(
        uow,
        demand_kind=kind,
        demand_id=demand_id,
        changes=wanted,
        units=parts,
        expires_at=expires_at,
        priority=priority,
    )
    if len(bearing) == len(wanted):
        return
    held = {level.key: level for level in bearing}
    await refuse_shortage(uow, wanted, await reclaim_missing(uow, wanted, held), units)
    await queries.insert_soft(
        uow, demand_kind=kind, demand_id=demand_id, units=parts, expires_at=expires_at, priority=priority
    )


async def reserve_in_part(
    uow: UnitOfWork,
    *,
    demand_id: UUID,
    units: Sequence[Units],
    expires_at: datetime,
    kind: DemandKind = DemandKind.ORDER,
    priority: int = 0,
    instead_of: UUID | None = None,
) -> Held:
    """Hold as many units as there are, earlier lines first, and say what is left of the others.

    Locks: levels.
    """
    wanted = _wanted(units)
    keys = [part.level for part in wanted]
    await queries.lock_stock_of_demand(uow, demand_ids=_given_up(instead_of), levels=keys)
    if instead_of is not None:
        await queries.release_soft(uow, demand_ids=[instead_of])
    await queries.expire_soft(uow, levels=keys)
    left = {level.key: level.available for level in await queries.lock_levels(uow, levels=keys)}
    parts = held_in_part(units, left)
    if parts:
        await queries.hold(
            uow,
            demand_kind=kind,
            demand_id=demand_id,
            changes=_wanted(parts),
            units=per_line(parts),
            expires_at=expires_at,
            priority=priority,
        )
    lines = lines_by_variant(units)
    shortages = [
        Shortage(part.variant_id, part.soft, left.get(part.level, 0), lines[part.variant_id])
        for part in wanted
        if part.soft > left.get(part.level, 0)
    ]
    return Held(tuple(parts), tuple(shortages))


async def extend_soft(uow: UnitOfWork, *, demand_id: UUID, expires_at: datetime) -> int:
    """Hold a demand's units longer, such as for as long as the payment gateway may take; answers how many reservations.

    Never shorter: a time that is earlier than theirs changes nothing.
    Locks: levels, then supply, then reservations: whoever gives back what has lapsed meets them in another order.
    """
    await queries.lock_stock_of_demand(uow, demand_ids=[demand_id])
    return await queries.extend_soft(uow, demand_id=demand_id, expires_at=expires_at)


async def promote(uow: UnitOfWork, *, order_id: OrderId, units: int, on_one_level: bool = False) -> bool:
    """Make the units held for a checkout an order's own. Answers False when they had lapsed; then the caller rolls back.

    `on_one_level` says that all of them are of one variant at one location, which costs a statement less.

    Locks: levels, then supply, then reservations.
    """
    if on_one_level:
        # The statement locks its one level by itself.
        promoted = await queries.promote_on_one_level(uow, demand_id=order_id, units=units)
    else:
        await queries.lock_stock_of_demand(uow, demand_ids=[order_id])
        promoted = await queries.promote(uow, demand_id=order_id, units=units)
    if promoted:
        return True
    # Whoever needed some of them took those back when their time was over. The rest is given back too, so that all
    # are planned anew together.
    await queries.release_soft(uow, demand_ids=[order_id])
    return False


async def release_soft(uow: UnitOfWork, *, demand_id: UUID) -> bool:
    """Give back whatever a cart or a checkout still holds; answers whether it held anything.

    Locks: levels, then supply, then reservations.
    """
    return bool(await release_soft_of(uow, demand_ids=[demand_id]))


async def release_soft_of(uow: UnitOfWork, *, demand_ids: Collection[UUID]) -> int:
    """Give back whatever these carts and checkouts still hold; answers how many reservations ended.

    Locks: levels, then supply, then reservations.
    """
    await queries.lock_stock_of_demand(uow, demand_ids=demand_ids)
    return len(await queries.release_soft(uow, demand_ids=demand_ids))


async def sweep_expired(uow: UnitOfWork, *, most: int = 500) -> int:
    """Give back units whose holders' time is over; answers how many reservations ended.

    Locks: levels, then supply, then reservations.
    """
    return await _give_back(uow, await queries.list_expired(uow, now=uow.now, most=most))


async def reclaim(uow: UnitOfWork, *, variant_ids: Collection[UUID]) -> int:
    """Give back units of these variants whose holders' time is over; answers how many reservations ended.

    Locks: levels, then supply, then reservations.
    """
    return await _give_back(uow, await queries.list_expired(uow, now=uow.now, variant_ids=variant_ids))


async def reclaim_missing(
    uow: UnitOfWork, wanted: Sequence[Change], held: dict[tuple[UUID, UUID], Level]
) -> dict[tuple[UUID, UUID], Level]:
    """Give the levels that could not bear their change a second try, without what others hold beyond their time."""
    missing = [part for part in wanted if part.level not in held]
    if missing:
        # A level that was refused is not locked yet when it was the only one asked for: it may have units again by now.
        levels = [part.level for part in missing]
        left = {level.key: level.available for level in await queries.lock_levels(uow, levels=levels)}
        again = any(left.get(part.level, 0) >= part.soft + part.firm for part in missing)
        if await queries.expire_soft(uow, levels=levels) or again:
            return held | await change(uow, missing)
    return held


async def refuse_shortage(
    uow: UnitOfWork, wanted: Sequence[Change], held: dict[tuple[UUID, UUID], Level], units: Sequence[Units]
) -> None:
    """Refuse when a level could not bear what was wanted of it.

    Raises: OutOfStock, with what is left of each variant.
    """
    missing = {part.level: part.soft + part.firm for part in wanted if part.level not in held}
    if missing:
        levels = await queries.lock_levels(uow, levels=list(missing))
        left = {level.key: level.available for level in levels}
        lines = lines_by_variant(units)
        raise OutOfStock(
            [Shortage(key[0], requested, left.get(key, 0), lines[key[0]]) for key, requested in missing.items()]
        )


def _wanted(units: Sequence[Units]) -> list[Change]:
    return per_level(Change(part.variant_id, part.location_id, soft=part.quantity) for part in units)


async def _lock(uow: UnitOfWork, wanted: Sequence[Change], given_up: Sequence[UUID]) -> None:
    if not given_up:
        # One row locks itself in the update; several have to be locked in order first.
        await lock_in_order(uow, wanted)
        return
    await queries.lock_stock_of_demand(uow, demand_ids=given_up, levels=[part.level for part in wanted])
    await queries.release_soft(uow, demand_ids=given_up)


def _given_up(instead_of: UUID | None) -> list[UUID]:
    return [] if instead_of is None else [instead_of]


async def _give_back(uow: UnitOfWork, expired: Sequence[queries.OpenReservation]) -> int:
    if not expired:
        return 0
    levels = sorted({(part.variant_id, part.location_id) for part in expired if part.supply_id is None})
    supply_ids = sorted({part.supply_id for part in expired if part.supply_id is not None})
    await queries.lock_levels(uow, levels=levels)
    if supply_ids:
        await queries.lock_supplies(uow, supply_ids=supply_ids)
    return len(await queries.expire_soft(uow, levels=levels, supply_ids=supply_ids))
