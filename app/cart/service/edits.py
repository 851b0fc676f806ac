"""Changes to a cart: lines, address, codes, and the choice of delivery."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from app.cart import queries
from app.cart.errors import DeliveryUnavailable, PromotionCodeInvalid, SlotFull, TooManyUnits
from app.cart.rules import (
    MOST_CODES,
    MOST_LINES,
    MOST_UNITS,
    AddLine,
    Cart,
    CartChanges,
    CartLine,
    ChangeLine,
    LeftOut,
    QuotedGroup,
    Select,
    Slot,
    merged,
    refuse_too_many_lines,
    rewritten,
    sameness,
)
from app.cart.service.access import lock_for_edit
from app.cart.service.checks import Place, check_open, check_places, check_variants
from app.cart.service.holding import hold_after_change
from app.cart.service.pricing import get_channel, quote
from app.channels.rules import Channel
from app.delivery.states import DeliveryMethod
from app.kernel import email as emails
from app.kernel.address import Address, checked
from app.kernel.db import UnitOfWork
from app.kernel.errors import Invalid, NotFound
from app.promotions import queries as promotions
from app.promotions.rules import LONGEST_CODE, normal_code

#: How many pickups each slot that can be chosen still takes, by store and start.
PlacesLeft = Mapping[tuple[UUID, datetime], int]


async def add_lines(
    uow: UnitOfWork, *, cart_id: UUID, token: str | None, version: int | None, lines: Sequence[AddLine]
) -> Cart:
    """Put units into a cart; the same variant, delivery, store, note and gift message raise the line that is there.

    Where the channel holds stock for carts, the units are held at once; else stock is not asked here.
    Costs the same number of statements for one line and for a thousand.
    Locks: the cart, levels. Raises: see `lock_for_edit`; Invalid; NotFound; ChannelClosed; VariantNotSold;
    DeliveryUnavailable; TooManyLines; TooManyUnits; OutOfStock.
    """
    cart = await lock_for_edit(uow, cart_id=cart_id, token=token, version=version)
    channel = await get_channel(uow, channel_id=cart.channel_id)
    check_open(uow, channel)
    await put_lines(uow, cart, channel, lines)
    return await hold_after_change(uow, cart=cart, channel=channel) if lines else cart


async def put_lines(uow: UnitOfWork, cart: Cart, channel: Channel, lines: Sequence[AddLine]) -> None:
    """Check lines and write them into a cart that is locked."""
    if not lines:
        return
    refuse_too_many_lines(len(lines))
    summed = merged(lines)
    await check_variants(uow, channel=channel, lines=lines)
    places = {(line.delivery, line.store_id): i for i, line in reversed(list(enumerate(lines)))}
    await check_places(uow, channel=channel, places=[Place(i, *place) for place, i in sorted(places.items(), key=_at)])
    added = await queries.add_lines(
        uow, cart_id=cart.id, lines=[replace(line, quantity=units) for line, (units, _) in summed.items()]
    )
    if len(added) < len(summed):
        written = {sameness(line) for line in added}
        at = min(first for line, (_, first) in summed.items() if sameness(line) not in written)
        raise TooManyUnits(f"at most {MOST_UNITS} units of a line", field=("lines", str(at), "quantity"))
    refuse_too_many_lines(added[0].lines_before + sum(line.inserted for line in added))


async def change_lines(
    uow: UnitOfWork, *, cart_id: UUID, token: str | None, version: int | None, changes: Sequence[ChangeLine]
) -> Cart:
    """Change how many of a line there are, how it reaches the customer and what goes with it; 0 units remove it.

    A line that becomes like another is added to it. What is held for the cart follows the change.
    Locks: the cart, levels. Raises: see `lock_for_edit`; Invalid; NotFound for a line that is not in the cart;
    ChannelClosed; DeliveryUnavailable; TooManyUnits; OutOfStock.
    """
    cart = await lock_for_edit(uow, cart_id=cart_id, token=token, version=version)
    if len(changes) > MOST_LINES:
        refuse_too_many_lines(len(changes))
    lines = await queries.list_lines(uow, cart_ids=[cart.id])
    settled = rewritten(lines, changes)
    before: dict[UUID, CartLine] = {line.id: line for line in lines}
    places = [
        _place(i, change, before[change.line_id].delivery, before[change.line_id].store_id)
        for i, change in enumerate(changes)
        if not (isinstance(change.delivery, LeftOut) and isinstance(change.store_id, LeftOut)) and change.quantity != 0
    ]
    channel = await get_channel(uow, channel_id=cart.channel_id)
    if places:
        check_open(uow, channel)
        await check_places(uow, channel=channel, places=places)
    await queries.rewrite_lines(uow, cart_id=cart.id, change=settled)
    return await hold_after_change(uow, cart=cart, channel=channel)


async def update(
    uow: UnitOfWork, *, cart_id: UUID, token: str | None, version: int | None, changes: CartChanges
) -> Cart:
    """Change whom a cart is for, where it goes, and which promotion codes it has.

    Locks: the cart. Raises: see `lock_for_edit`; Invalid; PromotionCodeInvalid naming the code.
    """
    cart = await lock_for_edit(uow, cart_id=cart_id, token=token, version=version)
    changed = replace(
        cart,
        email=cart.email if isinstance(changes.email, LeftOut) else _email(changes.email),
        shipping_address=_address(changes.shipping_address, cart.shipping_address, "shippingAddress"),
        billing_address=_address(changes.billing_address, cart.billing_address, "billingAddress"),
        promotion_codes=cart.promotion_codes
        if isinstance(changes.promotion_codes, LeftOut)
        else await _codes(uow, cart, changes.promotion_codes or ()),
    )
    return await queries.save_cart(uow, cart=changed)


async def select_delivery(
    uow: UnitOfWork,
    *,
    cart_id: UUID,
    token: str | None,
    version: int | None,
    selections: Sequence[Select],
    places_left: PlacesLeft,
) -> Cart:
    """Choose how each delivery group is delivered, and for a pickup when it is collected.

    `places_left` names every slot that may be chosen; a place is taken only when the order is placed.
    Locks: the cart. Raises: see `lock_for_edit`; NotFound for a group or an option that is not offered; Invalid;
    SlotFull.
    """
    cart = await lock_for_edit(uow, cart_id=cart_id, token=token, version=version)
    groups = {group.group_id: group for group in (await quote(uow, cart=cart, now=uow.now)).groups}
    seen: set[UUID] = set()
    for i, selection in enumerate(selections):
        at = ("selections", str(i))
        group = groups.get(selection.group_id)
        if group is None:
            raise NotFound("the cart has no such delivery group", field=(*at, "groupId"))
        if selection.group_id in seen:
            raise Invalid("a group may be named once", field=(*at, "groupId"))
        seen.add(selection.group_id)
        if selection.option_id not in {option.option_id for option in group.options}:
            raise DeliveryUnavailable("this option is not offered for the group", field=(*at, "optionId"))
        if isinstance(selection.slot, Slot):
            _check_slot(uow, selection.slot, group, places_left, (*at, "pickupSlotId"))
    if selections:
        await queries.put_selections(uow, cart_id=cart.id, selections=selections)
    return cart


def _check_slot(
    uow: UnitOfWork, slot: Slot, group: QuotedGroup, places_left: PlacesLeft, field: tuple[str, ...]
) -> None:
    if group.method is not DeliveryMethod.PICKUP:
        raise Invalid("only a pickup has a slot", field=field)
    if slot.store_id != group.store_id:
        raise Invalid("this is a slot of another store", field=field)
    if slot.starts_at <= uow.now:
        raise Invalid("this slot is over", field=field)
    left = places_left.get((slot.store_id, slot.starts_at))
    if left is None:
        raise Invalid("the store has no such slot", field=field)
    if left <= 0:
        raise SlotFull("this slot has no place left", field=field)


def _place(i: int, change: ChangeLine, delivery: DeliveryMethod, store_id: UUID | None) -> Place:
    """Say how and where a changed line is handed over, as `rewritten` understands it."""
    method = delivery if isinstance(change.delivery, LeftOut) else change.delivery
    if not isinstance(change.store_id, LeftOut):
        return Place(i, method, change.store_id)
    return Place(i, method, None if method is DeliveryMethod.SHIPPING else store_id)  # type: ignore[arg-type]


def _at(item: tuple[object, int]) -> int:
    return item[1]


def _email(email: str | None) -> str | None:
    return None if email is None else emails.normalized(email)


def _address(given: Address | LeftOut | None, kept: Address | None, name: str) -> Address | None:
    if isinstance(given, LeftOut):
        return kept
    return None if given is None else checked(given, field=(name,))


async def _codes(uow: UnitOfWork, cart: Cart, given: Sequence[str]) -> tuple[str, ...]:
    if len(given) > MOST_CODES:
        raise Invalid(f"at most {MOST_CODES} codes", field=("promotionCodes",))
    codes = [normal_code(code) for code in given]
    running = {
        promotion.code
        for promotion in await promotions.list_running(
            uow, channel_id=cart.channel_id, codes=[code for code in codes if len(code) <= LONGEST_CODE], at=uow.now
        )
    }
    for i, code in enumerate(codes):
        if code not in running:
            raise PromotionCodeInvalid("no promotion runs under this code", field=("promotionCodes", str(i)))
    return tuple(dict.fromkeys(codes))
