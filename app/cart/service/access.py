"""Who may see a cart, and the one door through which every edit goes."""

from uuid import UUID

from app.cart import queries
from app.cart.errors import CartNotActive, CartNotFound, PaymentPending
from app.cart.rules import Cart
from app.cart.states import CartStatus
from app.kernel.actor import Actor
from app.kernel.db import UnitOfWork
from app.kernel.errors import VersionConflict
from app.kernel.permissions import Permission
from app.kernel.tokens import KeyRing

TOKEN_KIND = "cart"  # noqa: S105  # A kind of token, not one.


def may_see(actor: Actor, keys: KeyRing, cart: Cart, token: str | None) -> bool:
    """Say whether a caller may see and change a cart: by its token, as its customer, or as staff who serve carts."""
    if cart.customer_id is not None and cart.customer_id == actor.customer_id:
        return True
    if actor.may(Permission.CARTS_SERVE):
        return True
    return token is not None and keys.verifies(token, TOKEN_KIND, cart.id, generation=cart.token_generation)


def authorize(uow: UnitOfWork, cart: Cart, token: str | None) -> None:
    """Let whoever may see the cart pass.

    Raises: CartNotFound for everybody else, so that nobody learns which carts there are.
    """
    if not may_see(uow.actor, uow.keys, cart, token):
        raise CartNotFound("there is no such cart", field=("cartId",))


async def lock_for_edit(uow: UnitOfWork, *, cart_id: UUID, token: str | None, version: int | None) -> Cart:
    """Lock a cart for a change and raise its version, once per unit of work.

    Answers the cart with its new version. `version` is the one that the caller saw, or None not to ask.
    Locks: the cart. Raises: CartNotFound; VersionConflict; CartNotActive; PaymentPending, before anything was changed.
    """
    stepped = await queries.step_cart(uow, cart_id=cart_id, version=version)
    if stepped is not None:
        authorize(uow, stepped, token)
        return stepped
    cart = await queries.lock_cart(uow, cart_id=cart_id)
    if cart is None:
        raise CartNotFound("there is no such cart", field=("cartId",))
    authorize(uow, cart, token)
    _refuse_edit(cart.as_of(uow.now), version)
    # Whatever spoke against it ended between the two statements; now the lock is ours.
    return await lock_for_edit(uow, cart_id=cart_id, token=token, version=version)


def _refuse_edit(cart: Cart, version: int | None) -> None:
    if cart.status is not CartStatus.ACTIVE:
        raise CartNotActive(f"a cart that is {cart.status} cannot be changed", field=("cartId",))
    if version is not None and cart.version != version:
        raise VersionConflict(f"the cart is at version {cart.version} by now", field=("version",))
    if cart.attempt_id is not None:
        raise PaymentPending(cart.attempt_id, field=("cartId",))
