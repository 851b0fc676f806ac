"""A link back to a cart: made by staff, sent by the shop, and opened on whatever device its shopper has at hand."""

from uuid import UUID

from app.cart import queries
from app.cart.errors import CartNotActive, CartNotFound, RecoveryLinkExpired, RecoveryLinkReplaced, RecoveryLinkWrong
from app.cart.rules import Cart, RecoveryLink, next_link, read_link
from app.cart.states import CartStatus
from app.kernel.actor import ActorKind
from app.kernel.db import UnitOfWork
from app.kernel.errors import Forbidden, Unauthenticated
from app.kernel.permissions import Permission

_TOKEN = ("token",)


async def make_recovery_link(uow: UnitOfWork, *, cart_id: UUID) -> RecoveryLink:
    """Make the link that opens a cart on another device; the ones made before open it no more.

    The cart's version and the end of its life stay: its shopper has done nothing.
    Locks: the cart. Raises: Unauthenticated; Forbidden; CartNotFound; CartNotActive.
    """
    uow.actor.require(Permission.CARTS_SERVE)
    cart = await queries.lock_cart(uow, cart_id=cart_id)
    if cart is None:
        raise CartNotFound("there is no such cart", field=("cartId",))
    status = cart.as_of(uow.now).status
    if status is not CartStatus.ACTIVE:
        raise CartNotActive(f"a cart that is {status} cannot be opened anew", field=("cartId",))
    raised = await queries.raise_recovery(uow, cart_id=cart.id)
    return next_link(cart.id, generation=raised.recovery_generation, now=uow.now)


async def recover(uow: UnitOfWork, *, token: str) -> Cart:
    """Find the cart that a recovery link opens. It proves the right to a guest's cart, and logs nobody in.

    Raises, all of them naming the token: RecoveryLinkWrong; RecoveryLinkReplaced; RecoveryLinkExpired; Unauthenticated or
    Forbidden for a customer's cart unless that customer is logged in; CartNotActive.
    """
    link = read_link(token, uow.keys)
    cart = None if link is None else await queries.get_cart(uow, cart_id=link.cart_id)
    if link is None or cart is None:
        raise RecoveryLinkWrong("this link opens no cart", field=_TOKEN)
    if link.generation != cart.recovery_generation:
        raise RecoveryLinkReplaced("a newer link was made for this cart", field=_TOKEN)
    if link.expires_at <= uow.now:
        raise RecoveryLinkExpired("the days of this link are over", field=_TOKEN)
    if cart.customer_id is not None and cart.customer_id != uow.actor.customer_id:
        if uow.actor.kind is ActorKind.ANONYMOUS:
            raise Unauthenticated("log in to open your cart", field=_TOKEN)
        raise Forbidden("this is the cart of another customer", field=_TOKEN)
    now = cart.as_of(uow.now)
    if now.status is not CartStatus.ACTIVE:
        raise CartNotActive(f"a cart that is {now.status} cannot be opened anew", field=_TOKEN)
    return now
