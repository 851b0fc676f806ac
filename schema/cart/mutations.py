"""Opening, claiming and changing carts."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import strawberry

from app.cart import service as carts
from app.cart.errors import PaymentPending
from app.cart.rules import LEFT_OUT, AddLine, Cart, CartChanges, ChangeLine, LeftOut, RecoveryLink, Select, Slot
from app.checkout.service import abandon_for_edit
from app.delivery.states import DeliveryMethod
from app.kernel.address import Address
from app.kernel.db import UnitOfWork
from app.kernel.errors import DomainError, ErrorCode, Invalid
from app.kernel.ids import CustomerId, IdKind, LocationId, VariantId, decode
from app.pickup import queries as pickups
from app.pickup.rules import LONGEST_WINDOW, parse_slot_id
from schema.cart import ids
from schema.cart.inputs import (
    CartClaimInput,
    CartCreateInput,
    CartDeliverySelectInput,
    CartLineChangeInput,
    CartLineInput,
    CartLinesAddInput,
    CartLinesUpdateInput,
    CartRecoverInput,
    CartRecoveryLinkInput,
    CartUpdateInput,
    DeliverySelectionInput,
)
from schema.cart.queries import created_cart, visible_cart
from schema.cart.types import CartPayload, CartRecoveryLinkPayload
from schema.channels.loaders import ChannelById
from schema.core.address import AddressInput
from schema.core.context import Context, Info
from schema.core.mutations import Done, Outcome, perform

#: Refusals after which a client has to look at the cart as it is now.
_LOOK_AGAIN = frozenset({ErrorCode.VERSION_CONFLICT, ErrorCode.PRICE_CHANGED, ErrorCode.OUT_OF_STOCK})


@dataclass(frozen=True, slots=True)
class _Named:
    """Which cart a call is about, and how the caller proves their right to it."""

    cart_id: str
    token: str | None


@strawberry.type
class CartMutation:
    """Root fields that change carts."""

    @strawberry.mutation
    async def cart_create(self, info: Info, input: CartCreateInput) -> CartPayload:
        """Open a cart. A customer has one in each channel: it is answered, with the lines added to it."""

        async def command(uow: UnitOfWork) -> Cart:
            customer_id = input.customer_id
            return await carts.create(
                uow,
                channel=input.channel,
                email=input.email,
                customer_id=None
                if customer_id is None
                else CustomerId(decode(IdKind.CUSTOMER, customer_id, field=("customerId",))),
                lines=_lines(input.lines or ()),
            )

        outcome = await perform(info.context, "cartCreate", input, _edit(command))
        return await _owned(info.context, outcome)

    @strawberry.mutation
    async def cart_claim(self, info: Info, input: CartClaimInput) -> CartPayload:
        """After log-in: the guest's cart becomes the customer's, merged into the one they have.

        The token given ends; claiming the same cart again answers the same.
        """

        async def command(uow: UnitOfWork) -> Cart:
            return await carts.claim(uow, cart_id=_cart_id(input.cart_id), token=input.token)

        outcome = await perform(info.context, "cartClaim", input, _edit(command))
        return await _owned(info.context, outcome)

    @strawberry.mutation
    async def cart_recovery_link(self, info: Info, input: CartRecoveryLinkInput) -> CartRecoveryLinkPayload:
        """Make a link that opens a cart on another device, good for 14 days; it ends the links made before.

        Needs carts:serve. A customer's cart opens for that customer alone, who has to be logged in.
        """
        context = info.context

        async def command(uow: UnitOfWork) -> Done:
            link = await carts.make_recovery_link(uow, cart_id=_cart_id(input.cart_id))
            return Done(link.cart_id, {"generation": link.generation, "expires": link.expires})

        outcome = await perform(context, "cartRecoveryLink", input, command, key=input.idempotency_key)
        cart = None if outcome.object_id is None else await visible_cart(context, outcome.object_id, None)
        if outcome.object_id is None or cart is None:
            return CartRecoveryLinkPayload(cart=None, token=None, url=None, expires_at=None, errors=outcome.errors)
        # The token is never kept: it is derived anew, for a repeated call too.
        link = RecoveryLink(outcome.object_id, **outcome.result)
        token = link.token(context.keys)
        channel = await context.load(ChannelById, cart.channel_key)
        return CartRecoveryLinkPayload(
            cart=cart,
            token=token,
            url=None if channel is None else channel.recovery_link(token),
            expires_at=link.expires_at,
            errors=[],
        )

    @strawberry.mutation
    async def cart_recover(self, info: Info, input: CartRecoverInput) -> CartPayload:
        """Open a cart by a recovery link: it is answered with its own token. Nobody is logged in by it."""

        async def command(uow: UnitOfWork) -> Done:
            return Done((await carts.recover(uow, token=input.token)).id)

        outcome = await perform(info.context, "cartRecover", input, command)
        return await _owned(info.context, outcome)

    @strawberry.mutation
    async def cart_lines_add(self, info: Info, input: CartLinesAddInput) -> CartPayload:
        """Put units into a cart. Stock is not asked here: checkout reserves it."""

        async def command(uow: UnitOfWork) -> Cart:
            return await carts.add_lines(
                uow,
                cart_id=_cart_id(input.cart_id),
                token=input.token,
                version=input.version,
                lines=_lines(input.lines),
            )

        outcome = await perform(
            info.context, "cartLinesAdd", input, _edit(command), key=input.idempotency_key, subject=input.cart_id
        )
        return await _changed(info.context, outcome, _Named(input.cart_id, input.token))

    @strawberry.mutation
    async def cart_lines_update(self, info: Info, input: CartLinesUpdateInput) -> CartPayload:
        """Change how many of a line there are and how it is delivered; a quantity of 0 removes it."""

        async def command(uow: UnitOfWork) -> Cart:
            return await carts.change_lines(
                uow,
                cart_id=_cart_id(input.cart_id),
                token=input.token,
                version=input.version,
                changes=[_change(line, ("lines", str(i))) for i, line in enumerate(input.lines)],
            )

        outcome = await perform(info.context, "cartLinesUpdate", input, _edit(command))
        return await _changed(info.context, outcome, _Named(input.cart_id, input.token))

    @strawberry.mutation
    async def cart_update(self, info: Info, input: CartUpdateInput) -> CartPayload:
        """Change whom a cart is for, where it goes, and which promotion codes it has."""

        async def command(uow: UnitOfWork) -> Cart:
            return await carts.update(
                uow,
                cart_id=_cart_id(input.cart_id),
                token=input.token,
                version=input.version,
                changes=CartChanges(
                    email=LEFT_OUT if input.email is strawberry.UNSET else input.email,
                    shipping_address=_address(input.shipping_address),
                    billing_address=_address(input.billing_address),
                    promotion_codes=LEFT_OUT if input.promotion_codes is strawberry.UNSET else input.promotion_codes,
                ),
            )

        outcome = await perform(info.context, "cartUpdate", input, _edit(command))
        return await _changed(info.context, outcome, _Named(input.cart_id, input.token))

    @strawberry.mutation
    async def cart_delivery_select(self, info: Info, input: CartDeliverySelectInput) -> CartPayload:
        """Choose how delivery groups are delivered, and when a pickup is collected.

        A place in a pickup slot is taken only when the order is placed.
        """

        async def command(uow: UnitOfWork) -> Cart:
            selections = [_selection(one, ("selections", str(i))) for i, one in enumerate(input.selections)]
            return await carts.select_delivery(
                uow,
                cart_id=_cart_id(input.cart_id),
                token=input.token,
                version=input.version,
                selections=selections,
                places_left=await _places_left(uow, selections),
            )

        outcome = await perform(info.context, "cartDeliverySelect", input, _edit(command))
        return await _changed(info.context, outcome, _Named(input.cart_id, input.token))


def _edit(command: Callable[[UnitOfWork], Awaitable[Cart]]) -> Callable[[UnitOfWork], Awaitable[Done | DomainError]]:
    """Run an edit; a checkout attempt that waits for its shopper is given up first, as they came back to the cart."""

    async def work(uow: UnitOfWork) -> Done | DomainError:
        try:
            return Done((await command(uow)).id)
        except PaymentPending as pending:
            if not await abandon_for_edit(uow, pending.attempt_id):
                raise
        return await work(uow)

    return work


async def _owned(context: Context, outcome: Outcome) -> CartPayload:
    cart = None if outcome.object_id is None else await created_cart(context, outcome.object_id)
    return CartPayload(cart=cart, errors=outcome.errors)


async def _changed(context: Context, outcome: Outcome, named: _Named) -> CartPayload:
    key = outcome.object_id
    if outcome.refusal is not None and outcome.refusal.code in _LOOK_AGAIN:
        key = _cart_id(named.cart_id)
    return CartPayload(
        cart=None if key is None else await visible_cart(context, key, named.token), errors=outcome.errors
    )


def _cart_id(text: str) -> UUID:
    return decode(IdKind.CART, text, field=("cartId",))


def _lines(lines: Sequence[CartLineInput]) -> list[AddLine]:
    return [
        AddLine(
            variant_id=VariantId(decode(IdKind.VARIANT, line.variant_id, field=("lines", str(i), "variantId"))),
            quantity=line.quantity,
            delivery=line.delivery or DeliveryMethod.SHIPPING,
            store_id=_store_id(line.store_id, ("lines", str(i), "storeId")),
            note=line.note,
            gift_message=line.gift_message,
        )
        for i, line in enumerate(lines)
    ]


def _change(line: CartLineChangeInput, at: tuple[str, ...]) -> ChangeLine:
    if line.quantity is None:
        raise Invalid("a line has a quantity; 0 removes it", field=(*at, "quantity"))
    if line.delivery is None:
        raise Invalid("a line is delivered somehow", field=(*at, "delivery"))
    return ChangeLine(
        line_id=decode(IdKind.CART_LINE, line.line_id, field=(*at, "lineId")),
        quantity=LEFT_OUT if line.quantity is strawberry.UNSET else line.quantity,
        delivery=LEFT_OUT if line.delivery is strawberry.UNSET else line.delivery,
        store_id=LEFT_OUT if line.store_id is strawberry.UNSET else _store_id(line.store_id, (*at, "storeId")),
        note=LEFT_OUT if line.note is strawberry.UNSET else line.note,
        gift_message=LEFT_OUT if line.gift_message is strawberry.UNSET else line.gift_message,
    )


def _store_id(text: str | None, field: tuple[str, ...]) -> LocationId | None:
    return None if text is None else LocationId(decode(IdKind.LOCATION, text, field=field))


def _address(given: AddressInput | None) -> Address | LeftOut | None:
    if given is strawberry.UNSET:
        return LEFT_OUT
    return None if given is None else given.to_address()


def _selection(given: DeliverySelectionInput, at: tuple[str, ...]) -> Select:
    return Select(
        group_id=ids.read(ids.GROUP, given.group_id, field=(*at, "groupId")),
        option_id=ids.read(ids.OPTION, given.option_id, field=(*at, "optionId")),
        slot=LEFT_OUT
        if given.pickup_slot_id is strawberry.UNSET
        else _slot(given.pickup_slot_id, (*at, "pickupSlotId")),
    )


def _slot(text: str | None, field: tuple[str, ...]) -> Slot | None:
    return None if text is None else Slot(*parse_slot_id(text, field=field))


async def _places_left(uow: UnitOfWork, selections: Sequence[Select]) -> carts.PlacesLeft:
    """Say how many places the chosen slots have; those of the past and of next year are not looked for."""
    chosen = [
        one.slot
        for one in selections
        if isinstance(one.slot, Slot) and uow.now < one.slot.starts_at < uow.now + LONGEST_WINDOW
    ]
    if not chosen:
        return {}
    starts = [slot.starts_at for slot in chosen]
    found = await pickups.list_slots(
        uow,
        store_ids={slot.store_id for slot in chosen},
        start=min(starts),
        end=max(starts) + timedelta(minutes=1),
        now=uow.now,
    )
    return {(slot.store_id, slot.starts_at): slot.remaining for slots in found.values() for slot in slots}
