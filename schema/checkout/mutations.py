"""The mutation that turns a cart into an order."""

from urllib.parse import urlsplit

import strawberry

from app.checkout import service as checkout
from app.checkout.rules import Tender
from app.checkout.service import CompleteCheckout, Completed
from app.inventory.errors import Shortage
from app.kernel.db import UnitOfWork
from app.kernel.errors import BrokenInvariant, DomainError, ErrorCode, Invalid
from app.kernel.idempotency import key_for
from app.kernel.ids import CartId, IdKind, decode
from app.kernel.plain import from_plain, to_plain
from schema.cart.queries import visible_cart
from schema.checkout.inputs import CheckoutCompleteInput, CheckoutStartInput
from schema.checkout.types import CheckoutCompletePayload, CheckoutStartPayload, PaymentAction
from schema.core.context import Context, Info
from schema.core.errors import user_errors
from schema.core.mutations import Done, as_json, perform, scope
from schema.inventory.types import shortages_of
from schema.orders.loaders import OrderById
from schema.orders.types import Order

_LONGEST_URL = 2_000


@strawberry.type
class CheckoutMutation:
    """Root fields that buy."""

    @strawberry.mutation
    async def checkout_start(self, info: Info, input: CheckoutStartInput) -> CheckoutStartPayload:
        """Hold what is in a cart while its shopper pays, for as long as the channel says.

        Call it when the checkout page opens, and again with another key to hold longer. Nothing has to be held to buy:
        checkoutComplete holds what is not held yet. A channel that never holds stock only answers what is short.
        """

        async def command(uow: UnitOfWork) -> Done:
            cart_id = decode(IdKind.CART, input.cart_id, field=("cartId",))
            held = await checkout.start(
                uow, cart_id=cart_id, token=input.token, version=input.version, partially=input.partially
            )
            return Done(held.cart.id, {"shortages": to_plain(held.shortages)})

        context = info.context
        outcome = await perform(
            context, "checkoutStart", input, command, key=input.idempotency_key, subject=input.cart_id
        )
        key = outcome.object_id
        if outcome.refusal is not None and outcome.refusal.code in {ErrorCode.OUT_OF_STOCK, ErrorCode.VERSION_CONFLICT}:
            key = decode(IdKind.CART, input.cart_id, field=("cartId",))
        return CheckoutStartPayload(
            cart=None if key is None else await visible_cart(context, key, input.token),
            shortages=shortages_of(from_plain(Shortage, shortage) for shortage in outcome.result.get("shortages", ())),
            errors=outcome.errors,
        )

    @strawberry.mutation
    async def checkout_complete(self, info: Info, input: CheckoutCompleteInput) -> CheckoutCompletePayload:
        """Buy what is in a cart: price it, hold the stock, ask the payment services, place and route the order.

        Send it again with the same key when the answer was lost, when a payment is pending, or after the shopper has
        acted: it continues the same attempt and never charges twice.
        """
        context = info.context
        try:
            cart_id = CartId(decode(IdKind.CART, input.cart_id, field=("cartId",)))
        except DomainError as refusal:
            return CheckoutCompletePayload(order=None, cart=None, payment_action=None, errors=user_errors(refusal))
        await context.renew()
        try:
            request = _request(context, input, cart_id)
            completed = await checkout.complete(context.begin, context.services.gateways, request)
        except DomainError as refusal:
            completed = Completed(cart_id, refusal=refusal)
        finally:
            await context.renew()
        return await _payload(context, completed, input.token)


def _request(context: Context, given: CheckoutCompleteInput, cart_id: CartId) -> CompleteCheckout:
    return CompleteCheckout(
        cart_id=cart_id,
        token=given.token,
        version=given.version,
        tenders=tuple(Tender(tender.gateway, tender.token, tender.amount) for tender in given.payments),
        expected_total=given.expected_total,
        return_url=_return_url(given.return_url),
        origin=context.origin,
        key=key_for(scope(context, "checkoutComplete", str(cart_id)), given.idempotency_key, as_json(given)),
    )


def _return_url(text: str | None) -> str | None:
    """Read where a shopper comes back to: an address that a payment service may send them to."""
    if text is None:
        return None
    parts = urlsplit(text)
    local = parts.scheme == "http" and parts.hostname in {"localhost", "127.0.0.1"}
    if len(text) > _LONGEST_URL or not parts.hostname or not (parts.scheme == "https" or local):
        raise Invalid("an https address is needed", field=("returnUrl",))
    return text


async def _payload(context: Context, completed: Completed, token: str | None) -> CheckoutCompletePayload:
    if completed.order_id is not None:
        row = completed.order or await context.load(OrderById, completed.order_id)
        if row is None:
            raise BrokenInvariant(f"order {completed.order_id} was placed and is gone")
        return CheckoutCompletePayload(order=Order.for_buyer(row, context), cart=None, payment_action=None, errors=[])
    return CheckoutCompletePayload(
        order=None,
        cart=await visible_cart(context, completed.cart_id, token),
        payment_action=None if completed.action is None else PaymentAction.of(completed.action),
        errors=[] if completed.refusal is None else user_errors(completed.refusal),
    )
