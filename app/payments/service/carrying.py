"""Steps are carried out: the gateway is asked with no transaction open, and what it answers is written down."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog

from app.kernel.db import Begin, UnitOfWork
from app.kernel.errors import BrokenInvariant
from app.kernel.ids import OrderId, PaymentId, new_id
from app.kernel.money import Money
from app.kernel.turns import in_turn
from app.orders import service as orders
from app.orders.states import HoldReason
from app.payments import queries
from app.payments.events import PaymentStepSettled
from app.payments.gateway import Abilities, Answer, Gateway, GatewayFailed, Gateways, GatewayTimeout, Outcome
from app.payments.queries import NewStep
from app.payments.rules import Payment, Step, renewal_moment
from app.payments.service.charging import Books, open_books, settle_accounts, settle_without_asking
from app.payments.service.moves import Moves
from app.payments.states import TRANSACTION, AuthorizationCause, TransactionKind

log = structlog.get_logger()

#: A step that has had no answer for so long is asked about again.
UNANSWERED_AFTER = timedelta(seconds=30)

_DONE = {
    TransactionKind.CAPTURE: "captured",
    TransactionKind.VOID: "let go",
    TransactionKind.REFUND: "refunded",
    TransactionKind.AUTHORIZATION: "authorized anew",
    TransactionKind.EXPIRATION: "held no more",
}


@dataclass(frozen=True, slots=True)
class _Found:
    """What a tender and its order are, locked, with the step that is being settled."""

    step: Step
    books: Books | None
    moves: Moves
    payment: Payment

    @property
    def is_about_the_last(self) -> bool:
        """Say whether the step is about the authorization that holds the tender's money now, and not one before it."""
        return self.step.authorization_reference == self.payment.gateway_reference


async def carry_out(begin: Begin, gateways: Gateways, *, step_id: UUID) -> bool:
    """Ask the gateway for a step that is due, and record its answer. May be called again and again.

    Answers False when the step still has no answer. The gateway is called with no transaction open.
    """

    async def read(uow: UnitOfWork) -> tuple[Step, Payment] | None:
        step = await queries.get_step(uow, step_id=step_id)
        if step is None or step.settled_at is not None or step.cause is AuthorizationCause.INITIAL:
            return None
        (payment,) = await queries.list_by_id(uow, payment_ids=[step.payment_id])
        return step, payment

    found = await begin.run(read)
    if found is None or not found[1].asks_gateway:
        # Nobody can be asked for what a person does at a till.
        return True
    step, payment = found
    gateway = gateways.get(payment.gateway)
    if gateway is None:
        log.error("a payment service is needed that is switched off", gateway=payment.gateway, step=str(step_id))
        return False
    answer = await _ask(gateway, step, payment)
    return await begin.run(lambda uow: settle(uow, step, payment.order_id, answer, abilities=gateway.abilities))


async def carry_out_unanswered(begin: Begin, gateways: Gateways, *, most: int = 50) -> int:
    """Ask again for steps whose answer was lost; answers how many were settled."""
    open_steps = await begin.run(lambda uow: queries.list_open_steps(uow, before=uow.now - UNANSWERED_AFTER, most=most))
    return await in_turn(open_steps, lambda step: carry_out(begin, gateways, step_id=step.id))


async def _ask(gateway: Gateway, step: Step, payment: Payment) -> Answer | None:
    if step.authorization_reference is None:
        raise BrokenInvariant(f"step {step.id} is about no authorization")
    question: dict[str, Any] = {
        "key": str(step.id),
        "reference": step.authorization_reference,
        "amount_minor": step.amount_minor,
        "currency": payment.currency,
    }
    try:
        match step.kind:
            case TransactionKind.CAPTURE:
                return await gateway.capture(**question, final=not payment.capturable)
            case TransactionKind.VOID | TransactionKind.EXPIRATION:
                return await gateway.void(**question)
            case TransactionKind.REFUND:
                return await gateway.refund(**question)
            case TransactionKind.AUTHORIZATION:
                return await _hold(gateway, step, question)
    except GatewayTimeout:
        return None
    except GatewayFailed:
        # Nothing happened: the same step is asked for again later, under the same key.
        return None
    raise BrokenInvariant(f"nobody is asked for a {step.kind}")


async def _hold(gateway: Gateway, step: Step, question: Mapping[str, Any]) -> Answer:
    if _adds(step, gateway.abilities):
        return await gateway.increment(**question)
    if not gateway.abilities.reauthorizes:
        return Answer(Outcome.DECLINED, message=f"{gateway.name} cannot hold money without the shopper")
    return await gateway.reauthorize(**question)


def _adds(step: Step, abilities: Abilities) -> bool:
    """Say whether a step adds to an authorization; what a payment service cannot add to, another one replaces."""
    return step.cause is AuthorizationCause.INCREMENT and abilities.increments


async def settle(
    uow: UnitOfWork, asked: Step, order_id: OrderId | None, answer: Answer | None, *, abilities: Abilities
) -> bool:
    """Write down how a step went, and what follows for its order; answers False for one without an answer.

    A step that is settled already stays as it is. Locks: order, payments, accounts. Emits PaymentStepSettled, and what
    follows.
    """
    found = await _lock(uow, asked.id, asked.payment_id, order_id)
    step = found.step
    if step.settled_at is not None:
        return True
    if answer is None or answer.outcome is Outcome.PENDING:
        state = TRANSACTION.next(step.state, "lose")
        await queries.update_step(uow, step_id=step.id, state=state, reference=None, failure=None)
        return False
    succeeded = answer.outcome is Outcome.SUCCEEDED
    state = TRANSACTION.next(step.state, "succeed" if succeeded else "fail")
    # The new name of an authorization; what was added to one goes by its old name, which is known already.
    reference = None if _adds(step, abilities) else answer.reference
    await queries.update_step(
        uow, step_id=step.id, state=state, reference=reference, failure=None if succeeded else answer.message
    )
    uow.emit(PaymentStepSettled(payment_id=step.payment_id, transaction_id=step.id, state=state.value))
    _EFFECTS[step.kind](uow, found, answer, abilities)
    if found.books is None:
        await found.moves.write(uow)
        return True
    await _note(uow, found, answer)
    await _reread(uow, found.books)
    if succeeded:
        # Where a capture let the rest go, what is sent later is held anew now, and not when it leaves.
        lets_go = step.kind is TransactionKind.CAPTURE and abilities.captures_once
        await settle_accounts(uow, found.books, surplus_minor=_held_in_vain(found), for_later=lets_go)
    elif answer.lapsed or _is_lost(found):
        await settle_accounts(uow, found.books, for_later=True)
    else:
        # Asking again at once would be refused again: people decide when to, with `retry`.
        await settle_without_asking(uow, found.books)
    if not succeeded:
        await _hold_order(uow, found, answer)
    return True


async def _lock(uow: UnitOfWork, step_id: UUID, payment_id: PaymentId, order_id: OrderId | None) -> _Found:
    if order_id is None:
        payment = await queries.lock(uow, payment_id=payment_id)
        if payment is None:
            raise BrokenInvariant(f"payment {payment_id} is gone")
        books, moves = None, Moves([payment])
    else:
        books = await open_books(uow, await orders.lock(uow, order_id=order_id))
        moves = books.moves
    step = await queries.lock_step(uow, step_id=step_id)
    if step is None:
        raise BrokenInvariant(f"payment step {step_id} is gone")
    return _Found(step, books, moves, moves.of(payment_id))


async def _reread(uow: UnitOfWork, books: Books) -> None:
    """What was charged and credited is paid by other sums than before the step was settled."""
    order_ids = [books.order.order.id]
    books.charges = await queries.list_charges(uow, order_ids=order_ids)
    books.refunds = await queries.list_refunds(uow, order_ids=order_ids)


def _captured(_uow: UnitOfWork, found: _Found, answer: Answer, abilities: Abilities) -> None:
    moves, amount = found.moves, found.step.amount_minor
    if answer.outcome is Outcome.SUCCEEDED:
        now = moves.move(found.payment, found.payment.changed(capturing=-amount, captured=amount), "capture")
        if abilities.captures_once and now.capturable and found.is_about_the_last:
            # What the capture left of the authorization was let go with it.
            moves.run_out(now, now.capturable)
        return
    now = moves.put(found.payment.changed(capturing=-amount))
    if _is_lost(found):
        # Another authorization holds the rest; what this one was asked for stands in neither.
        moves.run_out(now, amount, about=found.step.authorization_reference, ask=True)
    elif answer.lapsed:
        _lapsed(moves, now)


def _is_lost(found: _Found) -> bool:
    """Say whether money that could not be taken is held no more, as another authorization has taken the place of its own."""
    return found.step.kind is TransactionKind.CAPTURE and not found.is_about_the_last


def _lapsed(moves: Moves, payment: Payment) -> None:
    if payment.capturable:
        moves.put(replace(moves.run_out(payment, payment.capturable), holds_until=None, renews_at=None))


def _refunded(_uow: UnitOfWork, found: _Found, answer: Answer, _abilities: Abilities) -> None:
    amount = found.step.amount_minor
    if answer.outcome is Outcome.SUCCEEDED:
        found.moves.move(found.payment, found.payment.changed(refunding=-amount, refunded=amount), "refund")
    else:
        found.moves.put(found.payment.changed(refunding=-amount))


def _held(uow: UnitOfWork, found: _Found, answer: Answer, abilities: Abilities) -> None:
    step, payment = found.step, found.payment
    if answer.outcome is not Outcome.SUCCEEDED:
        now = found.moves.put(payment.changed(authorizing=-step.amount_minor))
        if answer.lapsed and found.is_about_the_last:
            _lapsed(found.moves, now)
    elif _adds(step, abilities):
        _added(uow, found, answer)
    else:
        _replaced(uow, found, answer)


def _added(uow: UnitOfWork, found: _Found, answer: Answer) -> None:
    moves, step, payment = found.moves, found.step, found.payment
    now = payment.changed(authorizing=-step.amount_minor, authorized=step.amount_minor)
    if not found.is_about_the_last:
        # It was added to what another authorization has replaced meanwhile.
        now = moves.move(payment, now, "renew")
        moves.run_out(now, step.amount_minor, about=step.authorization_reference, ask=True)
        return
    now = replace(now, amount_minor=max(now.amount_minor, now.authorized_minor - now.expired_minor))
    if answer.holds_until is not None:
        now = replace(now, holds_until=answer.holds_until, renews_at=renewal_moment(uow.now, answer.holds_until))
    moves.move(payment, now, "renew")


def _replaced(uow: UnitOfWork, found: _Found, answer: Answer) -> None:
    """Let a new authorization take the place of what is left of the old one; no more is held than the tender is to pay."""
    moves, step, payment = found.moves, found.step, found.payment
    replaced = payment.capturable
    now = replace(
        payment.changed(authorizing=-step.amount_minor, authorized=step.amount_minor),
        gateway_reference=answer.reference,
        holds_until=answer.holds_until,
        renews_at=renewal_moment(uow.now, answer.holds_until),
    )
    if step.cause is AuthorizationCause.INCREMENT:
        now = replace(now, amount_minor=max(now.amount_minor, now.authorized_minor - now.expired_minor - replaced))
    now = moves.move(payment, now, "renew")
    if replaced:
        now = moves.run_out(now, replaced, about=payment.gateway_reference, ask=True)
    # What was taken or let go of the old one while the new one was asked for is not needed a second time.
    excess = now.authorized_minor - now.expired_minor - now.amount_minor
    if excess > 0:
        moves.run_out(now, excess, ask=True)


def _held_in_vain(found: _Found) -> int:
    """Say how much of what was held anew may be let go, if the order turns out to need less by now.

    What people had added they may have added for what the order does not say yet, unless it needs nothing more at all.
    """
    assert found.books is not None
    if found.step.kind is not TransactionKind.AUTHORIZATION:
        return 0
    if found.step.cause is AuthorizationCause.INCREMENT and found.books.still_due:
        return 0
    return found.step.amount_minor


def _counted_already(_uow: UnitOfWork, _found: _Found, _answer: Answer, _abilities: Abilities) -> None:
    """What is let go counts as gone from when it was asked for, so that nothing captured what was on its way out."""


_EFFECTS: Mapping[TransactionKind, Callable[[UnitOfWork, _Found, Answer, Abilities], None]] = {
    TransactionKind.AUTHORIZATION: _held,
    TransactionKind.CAPTURE: _captured,
    TransactionKind.REFUND: _refunded,
    TransactionKind.VOID: _counted_already,
    TransactionKind.EXPIRATION: _counted_already,
}


async def _hold_order(uow: UnitOfWork, found: _Found, answer: Answer) -> None:
    """Keep an order from going on whose money was refused, saying why and for how much."""
    assert found.books is not None
    step, books = found.step, found.books
    amount = Money(step.amount_minor, found.payment.currency)
    reason, message = None, ""
    if step.kind is TransactionKind.CAPTURE and any(charge.missing for charge in books.charges):
        # What is held no more is asked for anew; should no tender be able to, the order is held for that.
        if not answer.lapsed and not _is_lost(found):
            reason, message = HoldReason.CAPTURE_FAILED, f"{amount} could not be captured: {answer.message}"
    elif step.kind is TransactionKind.REFUND and any(refund.missing for refund in books.refunds):
        reason, message = HoldReason.REFUND_FAILED, f"{amount} could not be refunded: {answer.message}"
    elif step.kind is TransactionKind.AUTHORIZATION and _is_needed(found):
        reason = HoldReason.AUTHORIZATION_EXPIRED
        message = f"{amount} is held no more and could not be held anew: {answer.message}"
    if reason is not None:
        await orders.apply_hold(uow, books.order.order.id, reason=reason, message=message)


def _is_needed(found: _Found) -> bool:
    """Say whether an order lacks the money that could not be held anew; while the first authorization stands it does not."""
    assert found.books is not None
    held = sum(payment.capturable for payment in found.moves.payments)
    return found.step.cause is AuthorizationCause.RENEWAL and held < found.books.still_due


async def _note(uow: UnitOfWork, found: _Found, answer: Answer) -> None:
    assert found.books is not None
    step = found.step
    succeeded = answer.outcome is Outcome.SUCCEEDED
    amount = Money(step.amount_minor, found.payment.currency)
    failure = f"asked for ({step.kind.value.lower()}), and refused by the payment service: {answer.message}"
    await orders.note(
        uow,
        found.books.order.order.id,
        kind=f"PAYMENT_{step.kind.value}_{'SUCCEEDED' if succeeded else 'FAILED'}",
        message=f"{amount} {_DONE[step.kind] if succeeded else failure}",
    )


def reversal(payment: Payment, step: Step, *, reference: str | None) -> NewStep:
    """Write down that a refund that had succeeded did not arrive."""
    return NewStep(
        new_id(),
        payment,
        TransactionKind.REFUND_REVERSAL,
        step.amount_minor,
        refund_id=step.refund_id,
        about=step.authorization_reference,
        reference=reference,
        settled=True,
    )
