"""What may happen to a payment. Steps are written first, then asked of the gateway with no transaction open, then recorded.

Captures, voids and refunds are asked for in the transaction that makes them due, and carried out by the worker.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from app.kernel.db import Begin, UnitOfWork
from app.kernel.errors import BrokenInvariant
from app.kernel.ids import OrderId, PaymentId, new_id
from app.kernel.money import Money
from app.orders import rules as order_rules
from app.orders import service as orders
from app.orders.rules import OrderWithLines
from app.payments import queries
from app.payments.events import PaymentStepRequested, PaymentStepSettled
from app.payments.gateway import Answer, Gateway, GatewayFailed, Gateways, GatewayTimeout, Outcome
from app.payments.queries import NewTender
from app.payments.rules import Payment, Step, order_payment_status, spread
from app.payments.states import PAYMENT, TRANSACTION, PaymentStatus, TransactionKind, TransactionState

#: A step that has had no answer for so long is asked about again.
UNANSWERED_AFTER = timedelta(seconds=30)


async def ask_authorization(gateways: Gateways, tender: NewTender, *, currency: str) -> Answer | None:
    """Ask a gateway to hold a tender's money, with no transaction open. None: the answer was lost."""
    gateway = gateways[tender.gateway]
    try:
        return await gateway.authorize(
            key=str(tender.step_id),
            token=tender.token,
            amount_minor=tender.amount_minor,
            currency=currency,
            reusable=False,
            return_url=None,
        )
    except GatewayTimeout:
        return None
    except GatewayFailed as failure:
        return Answer(Outcome.DECLINED, message=f"the payment service failed, nothing was charged: {failure}")


async def ask_again(gateways: Gateways, payment: Payment, step_id: UUID) -> Answer | None:
    """Ask a gateway what became of an authorization. None: still no answer. One that never arrived counts as declined."""
    try:
        found = await gateways[payment.gateway].find(key=str(step_id), asked_at=payment.created_at)
    except GatewayTimeout:
        return None
    return found or Answer(Outcome.DECLINED, message="the payment never reached the payment service")


async def record_authorization(
    uow: UnitOfWork, payment: Payment, answer: Answer | None, *, order_id: OrderId | None = None
) -> Payment:
    """Write down what a gateway answered about an authorization, or that the answer was lost. Locks nothing itself."""
    action = _authorization_move(payment, answer)
    step_state = TransactionState.UNKNOWN if payment.status is PaymentStatus.UNKNOWN else TransactionState.REQUESTED
    if action is not None:
        step_state = TRANSACTION.next(step_state, _STEP_MOVES[action])
    status = payment.status if action is None else PAYMENT.next(payment.status, action)
    now = replace(
        payment,
        status=status,
        order_id=order_id or payment.order_id,
        authorized_minor=payment.amount_minor if action == "authorize" else payment.authorized_minor,
        action_url=answer.action.url if answer and answer.action else None,
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
    if action is not None and status is not payment.status:
        uow.moved("payment", payment.id, before=payment.status.value, after=status.value, action=action)
    return now


#: What a move of the payment, when its authorization is answered, is to the step that asked for it.
_STEP_MOVES = {"authorize": "succeed", "fail": "fail", "lose": "lose", "act": "ask"}


def _authorization_move(payment: Payment, answer: Answer | None) -> str | None:
    if answer is None or answer.outcome is Outcome.PENDING:
        return "lose"
    if answer.outcome is Outcome.SUCCEEDED:
        return "authorize"
    if answer.outcome is Outcome.DECLINED:
        return "fail"
    # A lost answer turns out to have been a question to the shopper; else the shopper is asked, and nothing moves.
    return "act" if payment.status is PaymentStatus.UNKNOWN else None


async def join_order(uow: UnitOfWork, payment: Payment, *, order_id: OrderId) -> Payment:
    """Give a tender that is authorized already the order that was placed with it."""
    await queries.set_order(uow, payment_id=payment.id, order_id=order_id)
    return replace(payment, order_id=order_id)


async def capture_fulfilled(uow: UnitOfWork, order: OrderWithLines) -> None:
    """Ask for the money of what has left the building and was not asked for yet.

    Locks: the order's payments. Emits PaymentStepRequested.
    """
    payments = await queries.lock_for_order(uow, order_id=order.order.id)
    asked = sum(payment.captured_minor + payment.capturing_minor for payment in payments)
    due = order_rules.value_fulfilled(order) - asked
    parts = spread(max(0, due), [payment.capturable for payment in payments])
    wanted = [(payment, part) for payment, part in zip(payments, parts, strict=True) if part]
    if sum(parts) < due:
        raise BrokenInvariant(f"order {order.order.id} holds {due - sum(parts)} minor units less than has left")
    await _request(uow, TransactionKind.CAPTURE, wanted)
    for payment, part in wanted:
        await queries.update_balances(uow, payment=replace(payment, capturing_minor=payment.capturing_minor + part))


async def release_surplus(uow: UnitOfWork, order: OrderWithLines) -> None:
    """Let held money go that nothing is left to be paid with, after a cancellation.

    Locks: the order's payments. Emits PaymentStepRequested.
    """
    payments = await queries.lock_for_order(uow, order_id=order.order.id)
    taken = sum(payment.captured_minor + payment.capturing_minor for payment in payments)
    still_due = max(0, order_rules.value_remaining(order) - taken)
    surplus = sum(payment.capturable for payment in payments) - still_due
    # The tender charged last is let go first.
    backward = list(reversed(payments))
    parts = spread(max(0, surplus), [payment.capturable for payment in backward])
    await release(uow, [(payment, part) for payment, part in zip(backward, parts, strict=True) if part])
    await _derive(uow, order)


async def release(uow: UnitOfWork, wanted: Sequence[tuple[Payment, int]]) -> None:
    """Let held money go. The payments are locked by the caller. Emits PaymentStepRequested."""
    await _request(uow, TransactionKind.VOID, wanted)
    for payment, part in wanted:
        released = replace(payment, released_minor=payment.released_minor + part)
        held = released.authorized_minor - released.released_minor
        taken = held == released.captured_minor
        await _move(uow, payment, released, "void" if not held else "release_rest" if taken else "release_part")


async def request_refund(
    uow: UnitOfWork, order: OrderWithLines, *, amount_minor: int, cause_id: UUID, reason: str
) -> int:
    """Ask for money to be given back to the tenders it came from; answers how much could be asked for.

    Locks: the order's payments. Emits PaymentStepRequested.
    """
    payments = await queries.lock_for_order(uow, order_id=order.order.id)
    parts = spread(amount_minor, [payment.refundable for payment in payments])
    wanted = [(payment, part) for payment, part in zip(payments, parts, strict=True) if part]
    if not wanted:
        return 0
    refund_id = new_id()
    await queries.insert_refund(
        uow, refund_id=refund_id, order_id=order.order.id, cause_id=cause_id, reason=reason, amount_minor=sum(parts)
    )
    await _request(uow, TransactionKind.REFUND, wanted, refund_id=refund_id)
    for payment, part in wanted:
        await queries.update_balances(uow, payment=replace(payment, refunding_minor=payment.refunding_minor + part))
    return sum(parts)


async def carry_out(begin: Begin, gateways: Gateways, *, step_id: UUID) -> bool:
    """Ask the gateway for a capture, void or refund that is due, and record its answer. May be called again and again.

    Answers False when the step still has no answer. The gateway is called with no transaction open.
    """

    async def read(uow: UnitOfWork) -> tuple[Step, Payment] | None:
        step = await queries.get_step(uow, step_id=step_id)
        if step is None or step.settled_at is not None:
            return None
        (payment,) = await queries.list_by_id(uow, payment_ids=[step.payment_id])
        return step, payment

    found = await begin.run(read)
    if found is None:
        return True
    step, payment = found
    answer = await _ask(gateways[payment.gateway], step, payment)
    return await begin.run(lambda uow: _settle(uow, step_id, payment.id, payment.order_id, answer))


async def carry_out_unanswered(begin: Begin, gateways: Gateways, *, most: int = 50) -> int:
    """Ask again for steps whose answer was lost; answers how many were settled."""
    open_steps = await begin.run(lambda uow: queries.list_open_steps(uow, before=uow.now - UNANSWERED_AFTER, most=most))
    settled = 0
    for step in open_steps:
        settled += await carry_out(begin, gateways, step_id=step.id)
    return settled


async def _ask(gateway: Gateway, step: Step, payment: Payment) -> Answer | None:
    if payment.gateway_reference is None:
        raise BrokenInvariant(f"payment {payment.id} was never authorized")
    asked: dict[str, Any] = {
        "key": str(step.id),
        "reference": payment.gateway_reference,
        "amount_minor": step.amount_minor,
        "currency": payment.currency,
    }
    try:
        if step.kind is TransactionKind.CAPTURE:
            return await gateway.capture(**asked, final=False)
        if step.kind is TransactionKind.VOID:
            return await gateway.void(**asked)
        return await gateway.refund(**asked)
    except GatewayTimeout:
        return None
    except GatewayFailed:
        # Nothing happened: the same step is asked for again later, under the same key.
        return None


async def _settle(
    uow: UnitOfWork, step_id: UUID, payment_id: PaymentId, order_id: OrderId | None, answer: Answer | None
) -> bool:
    order = None if order_id is None else await orders.lock(uow, order_id=order_id)
    payment = await queries.lock(uow, payment_id=payment_id)
    step = await queries.lock_step(uow, step_id=step_id)
    if payment is None or step is None:
        raise BrokenInvariant(f"payment step {step_id} is gone")
    if step.settled_at is not None:
        return True
    if answer is None or answer.outcome is Outcome.PENDING:
        state = TRANSACTION.next(step.state, "lose")
        await queries.update_step(uow, step_id=step.id, state=state, reference=None, failure=None)
        return False
    succeeded = answer.outcome is Outcome.SUCCEEDED
    state = TRANSACTION.next(step.state, "succeed" if succeeded else "fail")
    await queries.update_step(
        uow, step_id=step.id, state=state, reference=answer.reference, failure=None if succeeded else answer.message
    )
    now, action = _settled(payment, step, succeeded=succeeded)
    await _move(uow, payment, now, action)
    uow.emit(PaymentStepSettled(payment_id=payment.id, transaction_id=step.id, state=state.value))
    if order is not None:
        await _derive(uow, order)
        verb = {TransactionKind.CAPTURE: "captured", TransactionKind.VOID: "let go", TransactionKind.REFUND: "refunded"}
        await orders.note(
            uow,
            order.order.id,
            kind=f"PAYMENT_{step.kind.value}_{state.value}",
            message=f"{Money(step.amount_minor, payment.currency)} {verb[step.kind] if succeeded else _failure(step, answer)}",
        )
    return True


def _failure(step: Step, answer: Answer) -> str:
    return f"asked for ({step.kind.value.lower()}), and refused by the payment service: {answer.message}"


def _settled(payment: Payment, step: Step, *, succeeded: bool) -> tuple[Payment, str | None]:
    """Say what a tender's balances are after a step, and which move of its state that is."""
    amount = step.amount_minor
    if step.kind is TransactionKind.CAPTURE:
        now = replace(
            payment,
            capturing_minor=payment.capturing_minor - amount,
            captured_minor=payment.captured_minor + (amount if succeeded else 0),
        )
        whole = now.captured_minor == now.authorized_minor - now.released_minor
        return now, ("capture_all" if whole else "capture_part") if succeeded else None
    if step.kind is TransactionKind.REFUND:
        now = replace(
            payment,
            refunding_minor=payment.refunding_minor - amount,
            refunded_minor=payment.refunded_minor + (amount if succeeded else 0),
        )
        whole = now.refunded_minor == now.captured_minor
        return now, ("refund_all" if whole else "refund_part") if succeeded else None
    # A void was counted when it was asked for, so that nothing captured what was on its way out.
    return payment, None


async def _request(
    uow: UnitOfWork,
    kind: TransactionKind,
    wanted: Sequence[tuple[Payment, int]],
    *,
    refund_id: UUID | None = None,
) -> None:
    if not wanted:
        return
    steps = [(new_id(), payment.id, part) for payment, part in wanted]
    await queries.insert_steps(uow, kind=kind, steps=steps, refund_id=refund_id)
    for step_id, payment_id, _ in steps:
        uow.emit(PaymentStepRequested(payment_id=payment_id, transaction_id=step_id))


async def _move(uow: UnitOfWork, before: Payment, now: Payment, action: str | None) -> None:
    status = before.status if action is None else PAYMENT.next(before.status, action)
    await queries.update_balances(uow, payment=replace(now, status=status))
    if status is not before.status:
        uow.moved("payment", before.id, before=before.status.value, after=status.value, action=action or "")


async def _derive(uow: UnitOfWork, order: OrderWithLines) -> None:
    payments = await queries.list_payments(uow, order_ids=[order.order.id])
    status = order_payment_status(payments, due_minor=order_rules.value_remaining(order))
    await orders.record_payment_status(
        uow, order_id=order.order.id, payment_status=status, before=order.order.payment_status
    )
