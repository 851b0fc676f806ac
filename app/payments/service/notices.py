"""News that gateways send by themselves: each is heard once, whatever order they come in and however late.

What we asked for is settled by them, as by an answer; what others did (a bank that fetches money back, an authorization that
ran out, a refund that did not arrive) is written into the ledger. What contradicts the ledger changes nothing: it is kept,
and reconciliation lists it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

import structlog

from app.kernel.db import Begin, Overtaken, UnitOfWork
from app.kernel.ids import PaymentId, new_id
from app.kernel.money import Money
from app.orders import service as orders
from app.orders.rules import OrderWithLines
from app.orders.states import HoldReason
from app.payments import queries
from app.payments.events import AuthorizationHeard, PaymentStepRequested
from app.payments.gateway import Abilities, Answer, Gateway, Notice, NoticeRefused, Outcome
from app.payments.queries import NewStep
from app.payments.rules import Payment, Step, misfit, undone
from app.payments.service.carrying import reversal, settle
from app.payments.service.charging import Books, derive, open_books, settle_accounts
from app.payments.states import AuthorizationCause, NoticeEffect, TransactionKind, TransactionState

log = structlog.get_logger()

#: What a gateway says of a step of which nothing is known for good yet.
_NOT_YET = frozenset({Outcome.PENDING, Outcome.ACTION_REQUIRED})
#: What nobody asks a gateway for: a key of ours that comes with it names the step that the money had come, or gone, by.
_UNASKED = frozenset({TransactionKind.REFUND_REVERSAL, TransactionKind.CHARGEBACK, TransactionKind.CHARGEBACK_REVERSAL})
#: To a gateway these are the same: held money is let go.
_LET_GO = frozenset({TransactionKind.VOID, TransactionKind.EXPIRATION})


@dataclass(frozen=True, slots=True)
class _Heard:
    """What came of news, and the step of the ledger that they are about."""

    effect: NoticeEffect
    step_id: UUID | None = None


async def hear(begin: Begin, gateway: Gateway, *, headers: Mapping[str, str], body: bytes) -> NoticeEffect | None:
    """Take in news as they came over the wire; None for what nobody has to know. May be called again and again.

    Raises: NoticeRefused when they are not the gateway's.
    """
    notice = gateway.read_notice(headers=headers, body=body, now=begin.now)
    if notice is None:
        return None
    unfit = misfit(notice)
    if unfit is not None:
        raise NoticeRefused(unfit)
    effect = await begin.run(lambda uow: take_in(uow, gateway, notice))
    write = log.warning if effect in {NoticeEffect.CONTRADICTED, NoticeEffect.UNMATCHED} else log.info
    write("news of a payment", gateway=gateway.name, notice=notice.id, kind=notice.kind.value, effect=effect.value)
    return effect


async def take_in(uow: UnitOfWork, gateway: Gateway, notice: Notice) -> NoticeEffect:
    """Take in news once, whoever brought them: what was heard under their id before is KNOWN.

    Locks: the news, order, payments, accounts. Emits AuthorizationHeard, PaymentStepSettled, and what follows.
    """
    if not await queries.insert_notice(uow, gateway=gateway.name, notice=notice):
        return NoticeEffect.KNOWN
    effect = await _hear(uow, gateway, notice)
    if effect is NoticeEffect.APPLIED and notice.kind is TransactionKind.CHARGEBACK:
        # The bank had given it to us again, and those news came first: now they make sense.
        for early in await queries.list_contradicted(
            uow, gateway=gateway.name, kind=TransactionKind.CHARGEBACK_REVERSAL, about=notice.authorization
        ):
            await _hear(uow, gateway, early)
    return effect


async def _hear(uow: UnitOfWork, gateway: Gateway, notice: Notice) -> NoticeEffect:
    heard = await _weigh(uow, gateway, notice)
    await queries.set_effect(
        uow, gateway=gateway.name, notice=notice, effect=heard.effect, transaction_id=heard.step_id
    )
    return heard.effect


async def _weigh(uow: UnitOfWork, gateway: Gateway, notice: Notice) -> _Heard:
    step = await _find_step(uow, gateway.name, notice)
    payment_id = await _find_payment(uow, gateway.name, notice) if step is None else step.payment_id
    if payment_id is None:
        return _Heard(NoticeEffect.UNMATCHED)
    order = await _lock(uow, payment_id)
    # What an answer, or other news of the same, wrote down meanwhile is seen only once the lock is ours.
    step = await _find_step(uow, gateway.name, notice)
    if step is not None:
        return await _about(uow, gateway, notice, step, order)
    return await _about_unknown(uow, notice, payment_id, order)


async def _lock(uow: UnitOfWork, payment_id: PaymentId) -> OrderWithLines | None:
    """Lock the order that a tender is of; the tender itself, where there is no order yet."""
    (payment,) = await queries.list_by_id(uow, payment_ids=[payment_id])
    if payment.order_id is not None:
        return await orders.lock(uow, order_id=payment.order_id)
    locked = await queries.lock(uow, payment_id=payment_id)
    if locked is None or locked.order_id is not None:
        raise Overtaken
    return None


async def _find_step(uow: UnitOfWork, gateway: str, notice: Notice) -> Step | None:
    step = None
    if notice.key is not None and notice.kind not in _UNASKED:
        try:
            step = await queries.get_step(uow, step_id=UUID(notice.key))
        except ValueError:
            step = None
    if step is None and notice.reference is not None:
        step = await queries.get_step_by_reference(uow, gateway=gateway, kind=notice.kind, reference=notice.reference)
    # A key of ours that a stranger tells about is no key of theirs.
    return step if step is not None and step.gateway == gateway else None


async def _find_payment(uow: UnitOfWork, gateway: str, notice: Notice) -> PaymentId | None:
    if notice.authorization is None:
        return None
    return await queries.find_by_reference(uow, gateway=gateway, reference=notice.authorization)


async def _about(uow: UnitOfWork, gateway: Gateway, notice: Notice, step: Step, order: OrderWithLines | None) -> _Heard:
    """Hear of a step that the ledger has."""
    (payment,) = await queries.list_by_id(uow, payment_ids=[step.payment_id])
    succeeded = notice.outcome is Outcome.SUCCEEDED
    same = step.kind is notice.kind or {step.kind, notice.kind} == _LET_GO
    if not same or payment.currency != notice.currency or (succeeded and notice.amount_minor != step.amount_minor):
        return _Heard(NoticeEffect.CONTRADICTED, step.id)
    if step.settled_at is None:
        return await _about_open(uow, gateway, notice, step, payment)
    if notice.outcome in _NOT_YET or succeeded == (step.state is TransactionState.SUCCEEDED):
        return _Heard(NoticeEffect.KNOWN, step.id)
    opposite = Outcome.DECLINED if succeeded else Outcome.SUCCEEDED
    if await queries.was_heard(uow, step_id=step.id, outcome=opposite, since=notice.at):
        # These news are older than those that the ledger has heard already.
        return _Heard(NoticeEffect.KNOWN, step.id)
    if not succeeded and step.kind is TransactionKind.REFUND and order is not None:
        return await _refund_came_back(uow, await open_books(uow, order), step, notice)
    return _Heard(NoticeEffect.CONTRADICTED, step.id)


async def _about_open(uow: UnitOfWork, gateway: Gateway, notice: Notice, step: Step, payment: Payment) -> _Heard:
    """Hear what became of a step that waits for its answer."""
    if step.cause is AuthorizationCause.INITIAL:
        if notice.outcome is Outcome.PENDING:
            return _Heard(NoticeEffect.KNOWN, step.id)
        # The checkout that waits for it asks the gateway itself, and has more to do than the ledger knows.
        uow.emit(AuthorizationHeard(payment_id=payment.id, attempt_id=payment.attempt_id))
        return _Heard(NoticeEffect.APPLIED, step.id)
    if notice.outcome in _NOT_YET:
        return _Heard(NoticeEffect.KNOWN, step.id)
    if notice.reference is not None:
        named = await queries.get_step_by_reference(
            uow, gateway=gateway.name, kind=step.kind, reference=notice.reference
        )
        if named is not None and named.id != step.id:
            return _Heard(NoticeEffect.CONTRADICTED, step.id)
    if (
        step.kind is TransactionKind.AUTHORIZATION
        and notice.outcome is Outcome.SUCCEEDED
        and notice.holds_until is None
    ):
        # These news do not say until when money is held; the answer to our question does.
        uow.emit(PaymentStepRequested(payment_id=payment.id, transaction_id=step.id))
        return _Heard(NoticeEffect.APPLIED, step.id)
    answer = Answer(notice.outcome, reference=notice.reference, message=notice.message, holds_until=notice.holds_until)
    await settle(uow, step, payment.order_id, answer, abilities=gateway.abilities)
    return _Heard(NoticeEffect.APPLIED, step.id)


async def _about_unknown(
    uow: UnitOfWork, notice: Notice, payment_id: PaymentId, order: OrderWithLines | None
) -> _Heard:
    """Hear of what nobody here asked for."""
    if notice.outcome is not Outcome.SUCCEEDED or order is None:
        return _Heard(NoticeEffect.UNMATCHED)
    books = await open_books(uow, order)
    if books.moves.of(payment_id).currency != notice.currency:
        return _Heard(NoticeEffect.CONTRADICTED)
    match notice.kind:
        case TransactionKind.CHARGEBACK | TransactionKind.CHARGEBACK_REVERSAL:
            return await _charged_back(uow, books, payment_id, notice)
        case TransactionKind.EXPIRATION | TransactionKind.VOID:
            return await _ran_out(uow, books, payment_id, notice)
        case TransactionKind.REFUND_REVERSAL:
            return await _some_refund_came_back(uow, books, payment_id, notice)
        case _:
            # Somebody moved money in the provider's own console.
            return _Heard(NoticeEffect.UNMATCHED)


async def _charged_back(uow: UnitOfWork, books: Books, payment_id: PaymentId, notice: Notice) -> _Heard:
    """Write down that a bank fetched money back, or gave it to us again; the order is held meanwhile."""
    payment, order_id = books.moves.of(payment_id), books.order.order.id
    back = notice.kind is TransactionKind.CHARGEBACK
    delta = notice.amount_minor if back else -notice.amount_minor
    if not delta or not 0 <= payment.charged_back_minor + delta <= payment.captured_minor:
        return _Heard(NoticeEffect.CONTRADICTED)
    step = _step_of(payment, notice)
    books.moves.record(step)
    books.moves.put(payment.changed(charged_back=delta))
    await books.moves.write(uow)
    amount = Money(notice.amount_minor, payment.currency)
    if back:
        message = f"{amount} was fetched back through the shopper's bank"
        await orders.apply_hold(uow, order_id, reason=HoldReason.CHARGED_BACK, message=message)
    else:
        await orders.note(uow, order_id, kind="PAYMENT_CHARGEBACK_REVERSAL", message=f"{amount} was given to us again")
        # What the customer is owed and could not be given while the bank had the money can be given now.
        await settle_accounts(uow, books)
        if not any(tender.charged_back_minor for tender in books.moves.payments):
            await orders.end_holds(uow, order_id, reasons=[HoldReason.CHARGED_BACK])
    return _Heard(NoticeEffect.APPLIED, step.id)


async def _ran_out(uow: UnitOfWork, books: Books, payment_id: PaymentId, notice: Notice) -> _Heard:
    """Write down that an authorization is held no more, and hold anew what the order still needs."""
    payment = books.moves.of(payment_id)
    if payment.gateway_reference != notice.authorization or not payment.capturable:
        # Another authorization has taken its place, or nothing is held any more.
        return _Heard(NoticeEffect.KNOWN)
    if notice.kind is TransactionKind.VOID and notice.amount_minor < payment.capturable:
        # A part was let go in the provider's own console; of how much of it goods are to be paid, people know.
        return _Heard(NoticeEffect.CONTRADICTED)
    books.moves.run_out(payment, payment.capturable)
    books.moves.put(replace(books.moves.of(payment_id), holds_until=None, renews_at=None))
    await orders.note(
        uow,
        books.order.order.id,
        kind="PAYMENT_EXPIRATION_SUCCEEDED",
        message=f"{Money(payment.capturable, payment.currency)} is held no more",
    )
    await settle_accounts(uow, books, for_later=True)
    return _Heard(NoticeEffect.APPLIED)


async def _some_refund_came_back(uow: UnitOfWork, books: Books, payment_id: PaymentId, notice: Notice) -> _Heard:
    """Hear that a refund did not arrive: the one that our key names, or one of which only authorization and amount are known."""
    steps = await queries.list_steps(uow, payment_ids=[payment_id])
    named = next((one for one in steps if one.kind is TransactionKind.REFUND and str(one.id) == notice.key), None)
    if named is not None:
        return await _named_refund_came_back(uow, books, named, notice)
    alike = (notice.authorization, notice.amount_minor)
    if any(
        one.kind is TransactionKind.REFUND
        and one.settled_at is None
        and (one.authorization_reference, one.amount_minor) == alike
        for one in steps
    ):
        # It may be one that waits for its answer; which of them it is, people know.
        return _Heard(NoticeEffect.CONTRADICTED)
    known = undone(steps)
    for step in reversed(steps):
        if (
            step.kind is TransactionKind.REFUND
            and step.state is TransactionState.SUCCEEDED
            and step.id not in known
            and (step.authorization_reference, step.amount_minor) == alike
        ):
            return await _refund_came_back(uow, books, step, notice)
    return _Heard(NoticeEffect.CONTRADICTED)


async def _named_refund_came_back(uow: UnitOfWork, books: Books, step: Step, notice: Notice) -> _Heard:
    """Hear that one refund did not arrive, also where its success was not written down before."""
    if notice.amount_minor != step.amount_minor:
        return _Heard(NoticeEffect.CONTRADICTED, step.id)
    if step.state is TransactionState.SUCCEEDED:
        return await _refund_came_back(uow, books, step, notice)
    if step.settled_at is not None:
        return _Heard(NoticeEffect.KNOWN, step.id)
    answer = Answer(Outcome.DECLINED, message=notice.message or "the refund did not arrive")
    await settle(uow, step, books.order.order.id, answer, abilities=Abilities())
    return _Heard(NoticeEffect.APPLIED, step.id)


async def _refund_came_back(uow: UnitOfWork, books: Books, step: Step, notice: Notice) -> _Heard:
    """Write down that a refund did not arrive after all: the customer is owed it again, and the order says so."""
    payment, order_id = books.moves.of(step.payment_id), books.order.order.id
    reference = notice.reference or str(step.id)
    if step.id in undone(await queries.list_steps(uow, payment_ids=[payment.id])):
        # It was heard before, perhaps as news of another kind.
        return _Heard(NoticeEffect.KNOWN, step.id)
    back = reversal(payment, step, reference=reference)
    books.moves.record(back)
    books.moves.move(payment, payment.changed(refunded=-step.amount_minor), "reverse")
    await books.moves.write(uow)
    await derive(uow, books)
    amount = Money(step.amount_minor, payment.currency)
    await orders.apply_hold(
        uow,
        order_id,
        reason=HoldReason.REFUND_FAILED,
        message=f"{amount} that was refunded did not arrive: {notice.message or 'the payment service gives no reason'}",
    )
    return _Heard(NoticeEffect.APPLIED, back.id)


def _step_of(payment: Payment, notice: Notice) -> NewStep:
    return NewStep(
        new_id(),
        payment,
        notice.kind,
        notice.amount_minor,
        about=notice.authorization,
        reference=notice.reference,
        settled=True,
    )
