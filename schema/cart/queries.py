"""Reading carts."""

from uuid import UUID

import strawberry

from app.cart import queries
from app.cart import service as carts
from app.cart.rules import Cart as CartRow
from app.kernel.actor import ActorKind
from app.kernel.ids import IdKind, decode
from schema.cart.types import Cart, CartLine
from schema.core.context import Context, Info
from schema.core.ids import finds, public_id


@strawberry.type
class CartQuery:
    """Root fields about carts."""

    @strawberry.field
    async def cart(self, info: Info, id: strawberry.ID, token: str | None = None) -> Cart | None:
        """A cart, for its customer, for staff who serve carts, and for guests with the token that cartCreate returned.

        Null when there is none, or the caller may not see it.
        """
        return await visible_cart(info.context, decode(IdKind.CART, id), token)


async def visible_cart(context: Context, key: UUID, token: str | None) -> Cart | None:
    """Find a cart with what it costs now, for whoever may see it."""
    row = await queries.get_cart(context.session, cart_id=key)
    if row is None or not carts.may_see(context.actor, context.keys, row, token):
        return None
    return await shown(context, row, token=_token(context, row, token))


@finds(IdKind.CART)
async def find_cart(context: Context, key: UUID, token: str | None) -> Cart | None:
    """Find a cart, for whoever may see it."""
    return await visible_cart(context, key, token)


@finds(IdKind.CART_LINE)
async def find_line(context: Context, key: UUID, token: str | None) -> CartLine | None:
    """Find a line of a cart, for whoever may see the cart."""
    found = await queries.list_lines_by_id(context.session, line_ids=[key])
    cart = await visible_cart(context, found[0].cart_id, token) if found else None
    wanted = public_id(IdKind.CART_LINE, key)
    return None if cart is None else next((line for line in cart.lines if line.id == wanted), None)


async def created_cart(context: Context, key: UUID) -> Cart | None:
    """Find a cart for whoever has just opened or claimed it: with its token."""
    row = await queries.get_cart(context.session, cart_id=key)
    return None if row is None else await shown(context, row, token=_derived(context, row))


async def shown(context: Context, row: CartRow, *, token: str | None) -> Cart:
    """Price a cart and show it as what it is by now."""
    row = row.as_of(context.now)
    quote = await carts.quote(context.session, cart=row, now=context.now)
    return Cart.of(row, quote, token=token, now=context.now)


def _token(context: Context, row: CartRow, given: str | None) -> str | None:
    """Show the token to whoever has it, to the cart's customer, and to the member of staff who opened it."""
    actor, own = context.actor, _derived(context, row)
    if given is not None and context.keys.verifies(given, "cart", row.id, generation=row.token_generation):
        return own
    if row.customer_id is not None and row.customer_id == actor.customer_id:
        return own
    return own if actor.kind is not ActorKind.ANONYMOUS and row.created_by == actor.label else None


def _derived(context: Context, row: CartRow) -> str:
    return context.keys.token("cart", row.id, generation=row.token_generation)
