"""Stock held for a cart: when its channel says so at the first line, else when its shopper goes to pay."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from app.cart import queries
from app.cart.rules import Cart, CartLine
from app.catalog import queries as catalog
from app.channels.rules import Channel
from app.channels.states import ReserveAt
from app.inventory import queries as stock
from app.inventory import service as inventory
from app.inventory.errors import OutOfStock, Shortage
from app.inventory.rules import Units, held_in_part
from app.inventory.states import DemandKind
from app.kernel.db import Overtaken, UnitOfWork
from app.sourcing import service as sourcing
from app.sourcing.rules import Demand


@dataclass(frozen=True, slots=True)
class HeldCart:
    """A cart with what is held for it now, and what of it is not there, with what is left."""

    cart: Cart
    shortages: tuple[Shortage, ...]


async def hold(uow: UnitOfWork, *, cart: Cart, channel: Channel, partially: bool) -> HeldCart:
    """Hold what is in a locked cart, each line where it would be bought, for as long as the channel says.

    What the cart held before is given back in the same step, so it is right after any change, and holding again holds
    longer. With `partially` the units there are, earlier lines first; else all of them or none.
    Locks: levels. Raises: OutOfStock, with what is left of each variant; Overtaken.
    """
    lines = await queries.list_lines(uow, cart_ids=[cart.id])
    parts = await _parts(uow, lines)
    own = await own_units(uow, demand_id=cart.id)
    units, missing = await _planned(uow, cart, channel, lines, parts, own)
    if missing and await inventory.reclaim(uow, variant_ids=list(missing)):
        own = await own_units(uow, demand_id=cart.id)
        units, missing = await _planned(uow, cart, channel, lines, parts, own)
    shortages = _shortages(parts, missing)
    if shortages and not partially:
        raise OutOfStock(shortages)
    until = uow.now + timedelta(seconds=channel.reservation_ttl_seconds)
    if units:
        await _reserve(uow, cart, channel, units, until=until)
    elif own:
        await inventory.release_soft(uow, demand_id=cart.id)
    held = replace(cart, reserved_until=until if units else None)
    await queries.save_cart(uow, cart=held)
    return HeldCart(held, tuple(shortages))


async def list_shortages(uow: UnitOfWork, *, cart: Cart, channel: Channel) -> list[Shortage]:
    """Say what of a cart is not there now, with what is left. Holds nothing."""
    lines = await queries.list_lines(uow, cart_ids=[cart.id])
    parts = await _parts(uow, lines)
    _, missing = await _planned(uow, cart, channel, lines, parts, await own_units(uow, demand_id=cart.id))
    return _shortages(parts, missing)


async def hold_after_change(uow: UnitOfWork, *, cart: Cart, channel: Channel) -> Cart:
    """Let what is held follow a change of a locked cart's lines, where its channel or its shopper asked for holding.

    Locks: levels. Raises: OutOfStock where the channel holds all or nothing; Overtaken.
    """
    wanted = channel.reserve_at is ReserveAt.CART
    if not wanted and (cart.reserved_until is None or channel.reserve_at is ReserveAt.NEVER):
        return cart
    if not wanted and cart.reserved_until is not None and cart.reserved_until <= uow.now:
        return cart
    held = await hold(uow, cart=cart, channel=channel, partially=channel.reserve_partially)
    return held.cart


async def let_units_go(uow: UnitOfWork, *, cart: Cart) -> None:
    """Give back whatever a cart holds, such as when its lines go into another.

    Locks: levels.
    """
    if cart.reserved_until is not None:
        await inventory.release_soft(uow, demand_id=cart.id)


async def own_units(uow: UnitOfWork, *, demand_id: UUID) -> dict[tuple[UUID, UUID], int]:
    """Say how many units of each (variant, location) a demand holds already."""
    own: dict[tuple[UUID, UUID], int] = {}
    for part in await stock.list_open_for_demand(uow, demand_id=demand_id):
        if part.supply_id is None:
            level = (part.variant_id, part.location_id)
            own[level] = own.get(level, 0) + part.quantity
    return own


async def _planned(
    uow: UnitOfWork,
    cart: Cart,
    channel: Channel,
    lines: Sequence[CartLine],
    parts: Mapping[UUID, Sequence[Demand]],
    own: Mapping[tuple[UUID, UUID], int],
) -> tuple[list[Units], dict[UUID, int]]:
    """Say where each line would come from, and how many units of which variant nobody has."""
    at_stores = [
        Units(part.line_id, part.variant_id, line.store_id, part.quantity)
        for line in lines
        if line.store_id is not None
        for part in parts[line.id]
    ]
    units, missing = await _on_shelves(uow, at_stores, own)
    shipped = [part for line in lines if line.store_id is None for part in parts[line.id]]
    if shipped:
        decided = await sourcing.decide(
            uow,
            channel_id=channel.id,
            demand=shipped,
            destination=cart.shipping_address,
            spoken_for=_per_shelf(units),
            own=own,
        )
        units += [Units(part.line_id, part.variant_id, part.location_id, part.quantity) for part in decided.plan.parts]
        for variant_id, quantity in decided.plan.unfilled.items():
            missing[variant_id] = missing.get(variant_id, 0) + quantity
    return units, missing


async def _parts(uow: UnitOfWork, lines: Sequence[CartLine]) -> dict[UUID, list[Demand]]:
    """Say which units each line needs: its own, or those that its bundles are made of."""
    bundles = await catalog.list_bundles(uow, variant_ids={line.variant_id for line in lines}) if lines else {}
    return {
        line.id: [Demand(line.id, part.variant_id, part.quantity * line.quantity) for part in bundles[line.variant_id]]
        if line.variant_id in bundles
        else [Demand(line.id, line.variant_id, line.quantity)]
        for line in lines
    }


async def _on_shelves(
    uow: UnitOfWork, wanted: Sequence[Units], own: Mapping[tuple[UUID, UUID], int]
) -> tuple[list[Units], dict[UUID, int]]:
    if not wanted:
        return [], {}
    found = await stock.list_at_locations(
        uow,
        variant_ids={part.variant_id for part in wanted},
        location_ids={part.location_id for part in wanted},
    )
    left = {(level.variant_id, level.location_id): level.available for level in found}
    for level, units in own.items():
        left[level] = left.get(level, 0) + units
    parts = held_in_part(wanted, left)
    missing: dict[UUID, int] = {}
    for part in wanted:
        missing[part.variant_id] = missing.get(part.variant_id, 0) + part.quantity
    for part in parts:
        missing[part.variant_id] -= part.quantity
    return parts, {variant_id: units for variant_id, units in missing.items() if units}


async def _reserve(uow: UnitOfWork, cart: Cart, channel: Channel, units: Sequence[Units], *, until: datetime) -> None:
    try:
        await inventory.reserve_soft(
            uow,
            demand_id=cart.id,
            units=units,
            expires_at=until,
            kind=DemandKind.CART,
            priority=channel.priority,
            instead_of=cart.id,
        )
    except OutOfStock as lost:
        # They were there when we looked. The next look finds them elsewhere, or says how few are left.
        raise Overtaken from lost


def _per_shelf(units: Sequence[Units]) -> dict[tuple[UUID, UUID], int]:
    shelves: dict[tuple[UUID, UUID], int] = {}
    for part in units:
        shelf = (part.variant_id, part.location_id)
        shelves[shelf] = shelves.get(shelf, 0) + part.quantity
    return shelves


def _shortages(parts: Mapping[UUID, Sequence[Demand]], missing: Mapping[UUID, int]) -> list[Shortage]:
    wanted: dict[UUID, int] = {}
    lines: dict[UUID, list[UUID]] = {}
    for part in (part for needed in parts.values() for part in needed):
        wanted[part.variant_id] = wanted.get(part.variant_id, 0) + part.quantity
        lines.setdefault(part.variant_id, []).append(part.line_id)
    return [
        Shortage(variant_id, wanted[variant_id], wanted[variant_id] - units, tuple(dict.fromkeys(lines[variant_id])))
        for variant_id, units in missing.items()
    ]
