"""How carts begin, change hands and end."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from app.cart import queries
from app.cart.errors import CartNotActive, CartNotFound, PaymentPending
from app.cart.events import CartExpired, CartMerged
from app.cart.rules import MOST_CODES, AddLine, Cart, refuse_too_many_lines
from app.cart.service.access import TOKEN_KIND, lock_for_edit
from app.cart.service.edits import put_lines
from app.cart.service.holding import hold_after_change
from app.cart.service.pricing import get_channel
from app.cart.states import CART, CartStatus
from app.channels import service as channels
from app.channels.rules import Channel
from app.customers import queries as customers
from app.inventory import service as inventory
from app.kernel import email as emails
from app.kernel.db import Overtaken, UnitOfWork
from app.kernel.errors import NotFound, Unauthenticated
from app.kernel.ids import AttemptId, CartId, ChannelId, CustomerId, new_id
from app.kernel.permissions import Permission


async def create(
    uow: UnitOfWork,
    *,
    channel: str | None = None,
    email: str | None = None,
    customer_id: CustomerId | None = None,
    lines: Sequence[AddLine] = (),
) -> Cart:
    """Open a cart in a channel, the default one when none is named, and put lines into it.

    A customer has one cart per channel: it is answered, with the lines added. Staff may open a cart for a customer.
    Locks: the cart that is there. Raises: UnknownChannel; Forbidden or Unauthenticated for another's customer id; as
    `add_lines` and `lock_for_edit`.
    """
    owner = _owner(uow, customer_id)
    where = await channels.choose(uow, code=channel)
    given = None if email is None else emails.normalized(email)
    # Asked even where it is not needed, because it refuses a customer who is not there.
    usual = await _email_of(uow, owner)
    cart = _new_cart(uow, where, owner, given or usual)
    new = await queries.insert_cart(uow, cart=cart)
    ended = None if new or owner is None else await _end_over(uow, customer_id=owner, channel_id=where.id)
    if ended is not None:
        new = await queries.insert_cart(uow, cart=cart)
    cart = new or await _reuse(uow, cart, email=given, change=bool(lines))
    await put_lines(uow, cart, where, lines)
    return await hold_after_change(uow, cart=cart, channel=where, besides=ended or ()) if lines or ended else cart


def _new_cart(uow: UnitOfWork, channel: Channel, customer_id: CustomerId | None, email: str | None) -> Cart:
    return Cart(
        id=CartId(new_id()),
        channel_id=channel.id,
        customer_id=customer_id,
        status=CartStatus.ACTIVE,
        version=1,
        currency=channel.currency,
        email=email,
        shipping_address=None,
        billing_address=None,
        promotion_codes=(),
        token_generation=0,
        attempt_id=None,
        created_by=uow.actor.label,
        created_at=uow.now,
        updated_at=uow.now,
        reserved_until=None,
        expires_at=None,
    )


async def _email_of(uow: UnitOfWork, customer_id: CustomerId | None) -> str | None:
    """Say where news for a cart's customer goes unless the cart says otherwise."""
    if customer_id is None:
        return None
    customer = await customers.get_customer(uow, customer_id=customer_id)
    if customer is None:
        raise NotFound("there is no such customer", field=("customerId",))
    return customer.email


async def claim(uow: UnitOfWork, *, cart_id: UUID, token: str | None) -> Cart:
    """Make a guest's cart the customer's own, or put its lines into the one they have; answers the cart to go on with.

    The guest's token ends with it. Claiming again answers the same cart. Both versions rise; an emptied cart is MERGED.
    Locks: both carts, levels. Raises: Unauthenticated for somebody who is no customer; CartNotFound; CartNotActive;
    PaymentPending; TooManyLines; Overtaken.
    """
    customer_id = uow.actor.customer_id
    if customer_id is None:
        raise Unauthenticated("log in as a customer to claim a cart")
    found = await queries.get_cart(uow, cart_id=cart_id)
    if found is None:
        raise CartNotFound("there is no such cart", field=("cartId",))
    _refuse_foreign(uow, found, customer_id, token)
    own = await _own_cart(uow, found, customer_id)
    locked = await queries.lock_carts(uow, cart_ids={cart_id} | ({own.id} if own else set()))
    cart = locked[cart_id].as_of(uow.now)
    own = None if own is None else locked[own.id]
    _refuse_foreign(uow, cart, customer_id, token)
    if cart.customer_id == customer_id:
        return _already_claimed(cart, None if own is None else own.as_of(uow.now))
    _refuse_move(cart)
    if own is None:
        return await _hand_over(uow, cart, customer_id)
    if own.status is not CartStatus.ACTIVE:
        # It ended before we had its lock, and by now the customer may have another one.
        raise Overtaken
    if own.is_over(uow.now):
        holding = await _expire(uow, [own])
        cart = await _hand_over(uow, cart, customer_id)
        await _give_back(uow, holding)
        return cart
    _refuse_move(own)
    return await _merge(uow, cart, own)


async def hold_for_attempt(
    uow: UnitOfWork, *, cart: Cart, attempt_id: AttemptId, reserved_until: datetime | None
) -> Cart:
    """Keep a locked cart from being edited while a checkout attempt is under way."""
    await queries.hold_for_attempt(uow, cart_id=cart.id, attempt_id=attempt_id, reserved_until=reserved_until)
    return replace(cart, attempt_id=attempt_id, reserved_until=reserved_until)


async def let_go(uow: UnitOfWork, *, cart: Cart, reserved_until: datetime | None = None) -> Cart:
    """Let a locked cart be edited again: its checkout attempt has ended without an order. It lives on from now.

    `reserved_until` says until when the cart still holds what it held before the attempt.
    """
    return await queries.save_cart(uow, cart=replace(cart, attempt_id=None, reserved_until=reserved_until))


async def record_ordered(uow: UnitOfWork, *, cart: Cart) -> Cart:
    """End a locked cart: it became an order.

    Raises: IllegalTransition when it had ended before.
    """
    status = CART.next(cart.status, "order")
    await queries.end_as_ordered(uow, cart_id=cart.id, status=status)
    uow.moved("cart", cart.id, before=cart.status, after=status, action="order")
    return replace(cart, status=status, attempt_id=None, reserved_until=None, expires_at=None, updated_at=uow.now)


async def expire_due(uow: UnitOfWork, *, most: int = 500) -> int:
    """End carts that nobody touched for as long as their channels keep them; answers how many.

    What they held goes back to the shelf, and whom they were for is forgotten. Emits CartExpired for each.
    Locks: those carts, skipping any that are in use; levels, supply, reservations.
    """
    due = await queries.lock_due(uow, most=most)
    if due:
        await _give_back(uow, await _expire(uow, due))
    return len(due)


async def _expire(uow: UnitOfWork, carts: Sequence[Cart]) -> list[CartId]:
    """End carts that are locked and whose time is over; answers which of them held units, which are still to be given back."""
    await queries.expire_carts(uow, cart_ids=[cart.id for cart in carts])
    for cart in carts:
        uow.moved("cart", cart.id, before=cart.status, after=cart.expired().status, action="expire")
        uow.emit(CartExpired(cart_id=cart.id))
    return [cart.id for cart in carts if cart.reserved_until is not None]


async def _give_back(uow: UnitOfWork, holding: Sequence[CartId]) -> None:
    if holding:
        # All at once, so that levels are locked in the one order however many carts held them.
        await inventory.release_soft_of(uow, demand_ids=holding)


async def _end_over(uow: UnitOfWork, *, customer_id: CustomerId, channel_id: ChannelId) -> list[CartId] | None:
    """End the customer's cart whose time is over, as it stands in the way of a new one; whoever comes second finds that done.

    Answers which carts held units that are still to be given back; None when there was nothing to end.
    """
    found = await queries.get_active_cart(uow, customer_id=customer_id, channel_id=channel_id)
    if found is None or not found.is_over(uow.now):
        return None
    locked = await queries.lock_cart(uow, cart_id=found.id)
    return await _expire(uow, [locked]) if locked is not None and locked.is_over(uow.now) else None


def _owner(uow: UnitOfWork, customer_id: CustomerId | None) -> CustomerId | None:
    own = uow.actor.customer_id
    if customer_id is not None:
        if customer_id != own:
            uow.actor.require(Permission.CARTS_SERVE)
        return customer_id
    # At a till the associate's own account must not gather the carts of passers-by.
    return None if uow.actor.may(Permission.CARTS_SERVE) else own


async def _reuse(uow: UnitOfWork, wanted: Cart, *, email: str | None, change: bool) -> Cart:
    """Answer the cart that the customer has, or the wanted one when that was ordered meanwhile."""
    customer_id, channel_id = wanted.customer_id, wanted.channel_id
    assert customer_id is not None
    found = await _active_or_insert(uow, wanted, customer_id, channel_id)
    if found.id == wanted.id or not (change or (email is not None and email != found.email)):
        return found
    cart = await lock_for_edit(uow, cart_id=found.id, token=None, version=None)
    if email is not None:
        cart = await queries.save_cart(uow, cart=replace(cart, email=email))
    return cart


async def _active_or_insert(uow: UnitOfWork, wanted: Cart, customer_id: CustomerId, channel_id: ChannelId) -> Cart:
    found = await queries.get_active_cart(uow, customer_id=customer_id, channel_id=channel_id)
    if found is not None and found.is_over(uow.now):
        # Whoever comes second looks again when the first has ended it.
        raise Overtaken
    if found is not None:
        return found
    inserted = await queries.insert_cart(uow, cart=wanted)
    if inserted is not None:
        return inserted
    return await _active_or_insert(uow, wanted, customer_id, channel_id)


def _refuse_foreign(uow: UnitOfWork, cart: Cart, customer_id: CustomerId, token: str | None) -> None:
    """Only a guest's cart can be claimed, by its token; it does not matter what else the caller may see."""
    if cart.customer_id == customer_id:
        return
    valid = token is not None and uow.keys.verifies(token, TOKEN_KIND, cart.id, generation=cart.token_generation)
    if cart.customer_id is not None or not valid:
        raise CartNotFound("there is no such cart", field=("cartId",))


def _already_claimed(cart: Cart, own: Cart | None) -> Cart:
    if cart.status is CartStatus.ACTIVE:
        return cart
    if cart.status is CartStatus.MERGED and own is not None and own.status is CartStatus.ACTIVE:
        return own
    raise CartNotActive(f"a cart that is {cart.status} cannot be claimed", field=("cartId",))


def _refuse_move(cart: Cart) -> None:
    if cart.status is not CartStatus.ACTIVE:
        raise CartNotActive(f"a cart that is {cart.status} cannot be claimed", field=("cartId",))
    if cart.attempt_id is not None:
        raise PaymentPending(cart.attempt_id, field=("cartId",))


async def _own_cart(uow: UnitOfWork, guest: Cart, customer_id: CustomerId) -> Cart | None:
    """Find the customer's active cart in the channel; where there is none, keep others from opening one meanwhile.

    A cart that another unit is just opening is not seen by a query, but it is waited for by an insert. So one is put in
    and taken out again: whoever comes later waits for us on the same entry of the index.
    """
    found = await queries.get_active_cart(uow, customer_id=customer_id, channel_id=guest.channel_id)
    if found is not None:
        return found
    stand_in = replace(guest, id=CartId(new_id()), customer_id=customer_id, status=CartStatus.ACTIVE, attempt_id=None)
    if await queries.insert_cart(uow, cart=stand_in):
        await queries.delete_cart(uow, cart_id=stand_in.id)
        return None
    return await _own_cart(uow, guest, customer_id)


async def _hand_over(uow: UnitOfWork, cart: Cart, customer_id: CustomerId) -> Cart:
    handed = replace(
        cart,
        customer_id=customer_id,
        email=cart.email or await _email_of(uow, customer_id),
        version=cart.version + 1,
        token_generation=cart.token_generation + 1,
        updated_at=uow.now,
    )
    return await queries.save_cart(uow, cart=handed)


async def _merge(uow: UnitOfWork, guest: Cart, own: Cart) -> Cart:
    """What the customer's cart says wins over what the guest's said; codes add up."""
    refuse_too_many_lines(await queries.move_lines(uow, from_id=guest.id, into_id=own.id))
    into = replace(
        own,
        version=own.version + 1,
        email=own.email or guest.email,
        shipping_address=own.shipping_address or guest.shipping_address,
        billing_address=own.billing_address or guest.billing_address,
        promotion_codes=tuple(dict.fromkeys((*own.promotion_codes, *guest.promotion_codes)))[:MOST_CODES],
        updated_at=uow.now,
    )
    emptied = replace(
        guest,
        customer_id=own.customer_id,
        status=CART.next(guest.status, "merge"),
        version=guest.version + 1,
        token_generation=guest.token_generation + 1,
        updated_at=uow.now,
        reserved_until=None,
        email=None,
        shipping_address=None,
        billing_address=None,
    )
    await queries.save_cart(uow, cart=emptied)
    into = await queries.save_cart(uow, cart=into)
    uow.moved("cart", guest.id, before=guest.status, after=emptied.status, action="merge")
    uow.emit(CartMerged(cart_id=guest.id, into_cart_id=own.id))
    return await _hold_together(uow, guest, into)


async def _hold_together(uow: UnitOfWork, guest: Cart, into: Cart) -> Cart:
    """Hold for the customer's cart what both held; nobody is refused their log-in because some of it is gone."""
    channel = await get_channel(uow, channel_id=into.channel_id)
    held_until = into.reserved_until or guest.reserved_until
    return await hold_after_change(
        uow,
        cart=replace(into, reserved_until=held_until),
        channel=replace(channel, reserve_partially=True),
        besides=[] if guest.reserved_until is None else [guest.id],
    )
