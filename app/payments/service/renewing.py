"""Authorizations end: money that is still needed is held anew before that, and missed after it."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial

from app.kernel.db import Begin, UnitOfWork
from app.kernel.errors import IllegalTransition, Invalid
from app.kernel.ids import OrderId, PaymentId
from app.kernel.money import Money, parse_minor
from app.kernel.permissions import Permission
from app.orders import service as orders
from app.orders.states import HoldReason
from app.payments import queries
from app.payments.errors import PaymentMismatch, PaymentNotFound
from app.payments.gateway import Gateways
from app.payments.rules import Payment
from app.payments.service.charging import Books, open_books, settle_accounts
from app.payments.states import AuthorizationCause


async def renew(begin: Begin, *, most: int = 50) -> int:
    """Ask for money to be held anew that soon is not any more, where an order still needs it; answers of how many tenders."""
    due = await begin.run(lambda uow: queries.list_renewable(uow, now=uow.now, most=most))
    return sum([await begin.run(partial(_renew, found=found)) for found in due])


async def miss(begin: Begin, *, most: int = 50) -> int:
    """Write down that money is held no more, and ask for what is still needed to be held anew; answers of how many tenders."""
    due = await begin.run(lambda uow: queries.list_run_out(uow, now=uow.now, most=most))
    return sum([await begin.run(partial(_miss, found=found)) for found in due])


async def retry(uow: UnitOfWork, *, order_id: OrderId, refund_to: Sequence[PaymentId] | None = None) -> None:
    """Ask again for what an order owes and could not be captured, held anew, or given back.

    `refund_to` are the tenders that money is given back to this time, in this order, and no others.
    Locks: order, payments, accounts. Emits PaymentStepRequested, PaymentStepSettled.
    Raises: Forbidden; OrderNotFound; with `refund_to` also Invalid; PaymentNotFound; PaymentMismatch for a tender of which
    nothing is left; IllegalTransition when nothing is to be given back.
    """
    uow.actor.require(Permission.PAYMENTS_MANAGE)
    books = await open_books(uow, await orders.lock(uow, order_id=order_id))
    if refund_to is not None:
        _refuse_refund_to(books, refund_to)
        missing = Money(sum(refund.missing for refund in books.refunds), books.order.order.currency)
        named = ", ".join(books.moves.of(payment_id).gateway.replace("_", " ") for payment_id in refund_to)
        await orders.note(uow, order_id, kind="REFUND_DIRECTED", message=f"{missing} to be given back to: {named}")
    await settle_accounts(uow, books, for_later=True, refund_to=refund_to or ())


async def hold_more(uow: UnitOfWork, gateways: Gateways, *, payment_id: PaymentId, amount: Decimal) -> OrderId:
    """Hold more money of a tender, for an order that has grown; answers the order.

    Where the payment service cannot add to an authorization, a new one takes the place of what is left of the old one.
    Locks: order, payments. Emits PaymentStepRequested.
    Raises: Forbidden; PaymentNotFound; Invalid; PaymentMismatch for money that no payment service holds.
    """
    uow.actor.require(Permission.PAYMENTS_MANAGE)
    found = next(iter(await queries.list_by_id(uow, payment_ids=[payment_id])), None)
    if found is None or found.order_id is None:
        raise PaymentNotFound("there is no such payment", field=("paymentId",))
    amount_minor = parse_minor(amount, found.currency, field=("amount",))
    if amount_minor <= 0:
        raise Invalid("more than nothing", field=("amount",))
    books = await open_books(uow, await orders.lock(uow, order_id=found.order_id))
    payment = books.moves.of(payment_id)
    gateway = gateways.get(payment.gateway)
    if gateway is None or not payment.authorized_minor:
        raise PaymentMismatch("no payment service holds money of this tender", field=("paymentId",))
    if payment.capturable and gateway.abilities.increments:
        books.moves.hold_anew(payment, amount_minor, cause=AuthorizationCause.INCREMENT)
    elif gateway.abilities.reauthorizes and not gateway.abilities.increments:
        books.moves.hold_anew(payment, payment.capturable + amount_minor, cause=AuthorizationCause.INCREMENT)
    elif gateway.abilities.reauthorizes:
        # There is no authorization left to add to.
        books.moves.hold_anew(payment, amount_minor)
    else:
        raise PaymentMismatch(f"{gateway.name} cannot hold more without the shopper", field=("paymentId",))
    await books.moves.write(uow)
    return found.order_id


def _refuse_refund_to(books: Books, chosen: Sequence[PaymentId]) -> None:
    """Refuse tenders that money cannot be given back to."""
    if not chosen or len(set(chosen)) < len(chosen):
        raise Invalid("at least one payment, and none twice", field=("refundTo",))
    tenders = {payment.id: payment for payment in books.moves.payments}
    for i, payment_id in enumerate(chosen):
        if payment_id not in tenders:
            raise PaymentNotFound("the order has no such payment", field=("refundTo", str(i)))
        if not tenders[payment_id].refundable:
            raise PaymentMismatch("nothing that was taken of it is left to be given back", field=("refundTo", str(i)))
    if not any(refund.missing for refund in books.refunds):
        raise IllegalTransition("nothing is to be given back that is not on its way", field=("refundTo",))


async def _renew(uow: UnitOfWork, *, found: Payment) -> bool:
    assert found.order_id is not None
    books = await open_books(uow, await orders.lock(uow, order_id=found.order_id))
    payment = books.moves.of(found.id)
    if payment.renews_at is None or payment.renews_at > uow.now:
        return False
    asks = bool(payment.capturable and books.still_due)
    if asks:
        books.moves.hold_anew(payment, payment.capturable)
    else:
        books.moves.put(replace(payment, renews_at=None))
    await books.moves.write(uow)
    return asks


async def _miss(uow: UnitOfWork, *, found: Payment) -> bool:
    assert found.order_id is not None
    books = await open_books(uow, await orders.lock(uow, order_id=found.order_id))
    payment = books.moves.of(found.id)
    if payment.holds_until is None or payment.holds_until > uow.now:
        return False
    now = books.moves.put(replace(payment, holds_until=None, renews_at=None))
    if now.capturable:
        books.moves.run_out(now, now.capturable)
    await settle_accounts(uow, books, for_later=True)
    return True


#: Why an order is held that `retry` may help.
RETRIED = (HoldReason.CAPTURE_FAILED, HoldReason.AUTHORIZATION_EXPIRED, HoldReason.REFUND_FAILED)
