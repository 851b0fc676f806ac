"""Going to pay: the cart's units are held while its shopper fills in the rest."""

from uuid import UUID

from app.cart import queries as carts
from app.cart import service as cart_service
from app.cart.errors import CartNotActive, CartNotFound, PaymentPending
from app.cart.rules import Cart
from app.cart.service import HeldCart
from app.cart.states import CartStatus
from app.channels.states import ReserveAt
from app.checkout.errors import CartEmpty
from app.checkout.service.conclude import abandon_for_edit
from app.kernel.db import UnitOfWork
from app.kernel.errors import VersionConflict


async def start(
    uow: UnitOfWork, *, cart_id: UUID, token: str | None, version: int | None = None, partially: bool | None = None
) -> HeldCart:
    """Hold what is in a cart for as long as its channel says; doing it again holds it longer.

    All of it or none, or with `partially` what there is; left out, as the channel does. A channel that never holds says
    what is short, and holds nothing. The cart's version stays: nothing that a shopper sees has changed.
    Locks: cart, levels. Raises: CartNotFound; CartNotActive; VersionConflict; PaymentPending; ChannelClosed; CartEmpty;
    OutOfStock, with what is left of each variant; Overtaken.
    """
    cart = await _lock(uow, cart_id, token, version)
    priced = await cart_service.quote_in_channel(uow, cart=cart, now=uow.now)
    quote, channel = priced.quote, priced.channel
    cart_service.check_open(uow, channel)
    if not quote.lines:
        raise CartEmpty("there is nothing in the cart", field=("cartId",))
    if channel.reserve_at is ReserveAt.NEVER:
        return HeldCart(cart, tuple(await cart_service.list_shortages(uow, cart=cart, channel=channel)))
    wanted = channel.reserve_partially if partially is None else partially
    return await cart_service.hold(uow, cart=cart, channel=channel, partially=wanted)


async def _lock(uow: UnitOfWork, cart_id: UUID, token: str | None, version: int | None) -> Cart:
    cart = await carts.lock_cart(uow, cart_id=cart_id)
    if cart is None:
        raise CartNotFound("there is no such cart", field=("cartId",))
    cart_service.authorize(uow, cart, token)
    if cart.attempt_id is not None:
        if not await abandon_for_edit(uow, cart.attempt_id):
            raise PaymentPending(cart.attempt_id, field=("cartId",))
        return await _lock(uow, cart_id, token, version)
    cart = cart.as_of(uow.now)
    if cart.status is not CartStatus.ACTIVE:
        raise CartNotActive(f"a cart that is {cart.status} cannot be bought", field=("cartId",))
    if version is not None and version != cart.version:
        raise VersionConflict(f"the cart is at version {cart.version} by now", field=("version",))
    return cart
