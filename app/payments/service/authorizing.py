"""The first authorization of a tender: asked with no transaction open, then written down; the checkout journey leads."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import structlog

from app.kernel.db import UnitOfWork
from app.kernel.ids import OrderId
from app.payments import queries
from app.payments.gateway import Answer, Gateway, GatewayFailed, Gateways, GatewayTimeout, Outcome
from app.payments.queries import NewTender
from app.payments.rules import Payment, renewal_moment
from app.payments.states import PAYMENT, TRANSACTION, PaymentStatus, TransactionState

log = structlog.get_logger()


async def ask_authorization(
    gateways: Gateways,
    tender: NewTender,
    *,
    currency: str,
    reusable: bool,
    return_url: str | None,
    again: bool = False,
) -> Answer | None:
    """Ask a gateway to hold a tender's money, with no transaction open. None: the answer was lost.

    `reusable` asks for money that can be held anew without the shopper; a shopper who has to act comes back to `return_url`.
    `again` says that it may have been asked before, so that a call which never arrives says nothing of the first one.
    """
    gateway = _switched_on(gateways, tender.gateway, tender.step_id)
    if gateway is None:
        return None
    try:
        return await gateway.authorize(
            key=str(tender.step_id),
            token=tender.token or "",
            amount_minor=tender.amount_minor,
            currency=currency,
            reusable=reusable,
            return_url=return_url,
        )
    except GatewayTimeout:
        return None
    except GatewayFailed as failure:
        if again:
            return None
        return Answer(Outcome.DECLINED, message=f"the payment service failed, nothing was charged: {failure}")


async def ask_again(gateways: Gateways, payment: Payment, step_id: UUID, *, waits: bool = False) -> Answer | None:
    """Ask a gateway what became of an authorization. None: still no answer.

    One that never arrived counts as declined, unless it `waits` to be asked for.
    """
    gateway = _switched_on(gateways, payment.gateway, step_id)
    if gateway is None:
        return None
    try:
        found = await gateway.find(key=str(step_id), asked_at=payment.created_at)
    except GatewayTimeout:
        return None
    if found is None and not waits:
        return Answer(Outcome.DECLINED, message="the payment never reached the payment service")
    return found


def _switched_on(gateways: Gateways, name: str, step_id: UUID | None) -> Gateway | None:
    gateway = gateways.get(name)
    if gateway is None:
        # Whether it holds money for us is known when it is switched on again.
        log.error("a payment service is needed that is switched off", gateway=name, step=str(step_id))
    return gateway


async def record_authorization(
    uow: UnitOfWork, payment: Payment, answer: Answer | None, *, order_id: OrderId | None = None
) -> Payment:
    """Write down what a gateway answered about an authorization, or that the answer was lost. Locks nothing itself."""
    move = _move(payment, answer)
    step_state = TransactionState.UNKNOWN if payment.status is PaymentStatus.UNKNOWN else TransactionState.REQUESTED
    if move is not None:
        step_state = TRANSACTION.next(step_state, _STEP_MOVES[move])
    status = payment.status if move is None else PAYMENT.next(payment.status, move)
    held = move == "authorize"
    action = answer.action if answer and answer.outcome is Outcome.ACTION_REQUIRED else None
    holds_until = answer.holds_until if answer and held else payment.holds_until
    now = replace(
        payment,
        status=status,
        order_id=order_id or payment.order_id,
        authorizing_minor=0 if move in {"authorize", "fail"} else payment.authorizing_minor,
        authorized_minor=payment.amount_minor if held else payment.authorized_minor,
        action_kind=action.kind if action else None,
        action_url=action.url if action else None,
        action_secret=action.client_secret if action else None,
        holds_until=holds_until,
        renews_at=renewal_moment(uow.now, holds_until) if held else payment.renews_at,
        gateway_reference=(answer.reference if answer else None) or payment.gateway_reference,
    )
    await queries.record_authorization(
        uow,
        payment=now,
        step_state=step_state,
        reference=answer.reference if answer else None,
        failure=answer.message or None if answer else None,
        order_id=order_id,
    )
    if move is not None and status is not payment.status:
        uow.moved("payment", payment.id, before=payment.status.value, after=status.value, action=move)
    return now


#: What a move of the payment, when its authorization is answered, is to the step that asked for it.
_STEP_MOVES = {"authorize": "succeed", "fail": "fail", "lose": "lose", "act": "ask"}


def _move(payment: Payment, answer: Answer | None) -> str | None:
    if answer is None or answer.outcome is Outcome.PENDING:
        return "lose"
    if answer.outcome is Outcome.SUCCEEDED:
        return "authorize"
    if answer.outcome is Outcome.DECLINED:
        return "fail"
    # A lost answer turns out to have been a question to the shopper; else the shopper is asked, and nothing moves.
    return "act" if payment.status is PaymentStatus.UNKNOWN else None


async def join_order(uow: UnitOfWork, payments: Sequence[Payment], *, order_id: OrderId) -> list[Payment]:
    """Give tenders that are authorized, or promised, the order that was placed with them."""
    if payments:
        await queries.set_order(uow, payment_ids=[payment.id for payment in payments], order_id=order_id)
    return [replace(payment, order_id=order_id) for payment in payments]
