"""Stock held for a cart: when its channel says so at the first line, else when its shopper goes to pay."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from app.cart import queries
from app.cart.rules import Cart, CartLine
from app.catalog import queries as catalog
from app.channels.rules import Channel
from app.channels.states import ReserveAt
from app.delivery.states import DeliveryMethod
from app.inventory import service as inventory
from app.inventory.errors import OutOfStock, Shortage
from app.inventory.states import DemandKind
from app.kernel.db import Overtaken, UnitOfWork
from app.sourcing import service as sourcing
from app.sourcing.rules import Own, Sourced, Wanted, lacking, per_variant


@dataclass(frozen=True, slots=True)
class HeldCart:
    """A cart with what is held for it now, and what of it is not there, with what is left."""

    cart: Cart
    shortages: tuple[Shortage, ...]


async def hold(
    uow: UnitOfWork, *, cart: Cart, channel: Channel, partially: bool, besides: Collection[UUID] = ()
) -> HeldCart:
    """Hold what is in a locked cart, each line where it would be bought, for as long as the channel says.

    What the cart held before is given back in the same step, so it is right after any change, and holding again holds
    longer; the same becomes of what carts `besides` held that give way to it. With `partially` the units there are, earlier lines first; else all of them or none.
    Locks: levels, supply. Raises: OutOfStock, with what is left of each variant; Overtaken.
    """
    wanted = await _wanted(uow, await queries.list_lines(uow, cart_ids=[cart.id]))
    sourced = await _sourced(uow, cart, channel, wanted, besides)
    if sourced.missing:
        # What others hold too long is taken back by the reserving, not before it: levels are locked once.
        gone = [cart.id, *besides]
        lapsed = await sourcing.lapsed_units(uow, variant_ids=sourced.missing, now=uow.now, except_for=gone)
        if lapsed != Own():
            sourced = await _sourced(uow, cart, channel, wanted, besides, lapsed=lapsed)
    shortages = shortages_of(wanted, sourced)
    if shortages and not partially:
        raise OutOfStock(shortages, of_cart=True)
    until = uow.now + timedelta(seconds=channel.reservation_ttl_seconds)
    await _reserve(uow, cart, channel, sourced, until=until, besides=besides)
    held = await queries.save_cart(
        uow, cart=replace(cart, reserved_until=until if sourced.on_shelves or sourced.ahead else None)
    )
    return HeldCart(held, tuple(shortages))


async def list_shortages(uow: UnitOfWork, *, cart: Cart, channel: Channel) -> list[Shortage]:
    """Say what of a cart is not there now, with what is left. Holds nothing."""
    wanted = await _wanted(uow, await queries.list_lines(uow, cart_ids=[cart.id]))
    return shortages_of(wanted, await _sourced(uow, cart, channel, wanted))


async def hold_after_change(uow: UnitOfWork, *, cart: Cart, channel: Channel, besides: Collection[UUID] = ()) -> Cart:
    """Let what is held follow a change of a locked cart's lines, where its channel or its shopper asked for holding.

    What carts `besides` held that give way to it is given back in the same step, or else by itself: levels are locked once.
    Locks: levels, supply. Raises: OutOfStock where the channel holds all or nothing; Overtaken.
    """
    held_now = cart.reserved_until is not None and cart.reserved_until > uow.now
    if channel.reserve_at is ReserveAt.CART or (held_now and channel.reserve_at is ReserveAt.CHECKOUT):
        partially = channel.reserve_partially
        return (await hold(uow, cart=cart, channel=channel, partially=partially, besides=besides)).cart
    if besides:
        await inventory.release_soft_of(uow, demand_ids=besides)
    return cart


def shortages_of(wanted: Sequence[Wanted], sourced: Sourced) -> list[Shortage]:
    """Say what comes from nowhere, with what is left of it and which lines come short."""
    asked = per_variant(wanted)
    short = lacking(wanted, sourced.units, sourced.sent, sourced.ahead)
    return [
        Shortage(
            variant_id,
            asked[variant_id],
            asked[variant_id] - units,
            tuple(dict.fromkeys(line.line_id for line in short if line.variant_id == variant_id)),
        )
        for variant_id, units in sourced.missing.items()
    ]


async def _wanted(uow: UnitOfWork, lines: Sequence[CartLine]) -> list[Wanted]:
    """Say which units the lines need: their own, or those that their bundles are made of."""
    bundles = await catalog.list_bundles(uow, variant_ids={line.variant_id for line in lines}) if lines else {}
    return [
        Wanted(line.id, variant_id, units * line.quantity, line.store_id, line.delivery is not DeliveryMethod.CARRY_OUT)
        for line in lines
        for variant_id, units in (
            [(part.variant_id, part.quantity) for part in bundles[line.variant_id]]
            if line.variant_id in bundles
            else [(line.variant_id, 1)]
        )
    ]


async def _sourced(
    uow: UnitOfWork,
    cart: Cart,
    channel: Channel,
    wanted: Sequence[Wanted],
    besides: Collection[UUID] = (),
    lapsed: Own | None = None,
) -> Sourced:
    own = await sourcing.own_units(uow, demand_id=cart.id)
    for demand_id in besides:
        own = own.plus(await sourcing.own_units(uow, demand_id=demand_id))
    if lapsed is not None:
        own = own.plus(lapsed)
    return await sourcing.source(uow, channel_id=channel.id, wanted=wanted, destination=cart.shipping_address, own=own)


async def _reserve(
    uow: UnitOfWork, cart: Cart, channel: Channel, sourced: Sourced, *, until: datetime, besides: Collection[UUID]
) -> None:
    try:
        await inventory.reserve_soft(
            uow,
            demand_id=cart.id,
            units=sourced.on_shelves,
            expires_at=until,
            kind=DemandKind.CART,
            priority=channel.priority,
            instead_of=cart.id,
            besides=besides,
        )
        await inventory.reserve_ahead(
            uow,
            demand_id=cart.id,
            parts=sourced.ahead,
            expires_at=until,
            kind=DemandKind.CART,
            priority=channel.priority,
        )
    except OutOfStock as lost:
        # They were there when we looked. The next look finds them elsewhere, or says how few are left.
        raise Overtaken from lost
