"""What the worker does for checkouts that were left: finish them, give them up, and let stray money go."""

from datetime import timedelta
from functools import partial
from uuid import UUID

from app.checkout import queries
from app.checkout.rules import Attempt
from app.checkout.service.attempts import GIVE_UP_AFTER, Held, lock, snapshot_of
from app.checkout.service.complete import resume
from app.checkout.service.conclude import give_back
from app.checkout.states import LIVE, AttemptStatus
from app.kernel.db import Begin, UnitOfWork
from app.kernel.ids import PaymentId
from app.kernel.turns import in_turn
from app.payments import queries as payment_queries
from app.payments import service as payments
from app.payments.errors import PaymentDeclined
from app.payments.gateway import Answer, Gateways, Outcome
from app.payments.rules import Payment
from app.payments.states import PaymentStatus, TransactionKind

#: How long an authorization that nobody waits for is asked after.
FORGET_AFTER = timedelta(days=7)
_ASK_ORPHANS_EVERY = timedelta(seconds=30)
_AT_ONCE = 50


async def recover(begin: Begin, gateways: Gateways) -> int:
    """Finish checkouts that nobody works on; answers how many ended.

    An order whose money is held is placed even when its shopper never came back: they were told to pay, and did.
    """
    left = await begin.run(lambda uow: queries.list_unfinished(uow, now=uow.now, most=_AT_ONCE))
    orphans = await begin.run(
        lambda uow: queries.list_orphaned_payments(uow, before=uow.now - _ASK_ORPHANS_EVERY, most=_AT_ONCE)
    )
    return await in_turn(
        [
            *(partial(_finish, begin, gateways, attempt) for attempt in left),
            *(partial(_settle_orphan, begin, gateways, payment_id) for payment_id in orphans),
        ],
        lambda finish: finish(),
    )


async def look_after(begin: Begin, gateways: Gateways, *, attempt_id: UUID) -> None:
    """Go on with one attempt at once: a gateway told what became of its authorization. One that has ended stays so."""
    attempt = await begin.run(lambda uow: queries.get_attempt(uow, attempt_id=attempt_id))
    if attempt is not None and attempt.status in LIVE:
        await resume(begin, gateways, attempt, wait_seconds=0, may_ask_anew=False)


async def _finish(begin: Begin, gateways: Gateways, attempt: Attempt) -> bool:
    completed = await resume(begin, gateways, attempt, wait_seconds=0, may_ask_anew=False)
    if completed.order_id is None and begin.now - attempt.created_at > GIVE_UP_AFTER:
        await _give_up(begin, attempt)
        return True
    return completed.order_id is not None


async def _give_up(begin: Begin, found: Attempt) -> None:
    async def work(uow: UnitOfWork) -> None:
        cart, attempt = await lock(uow, Held(found.id, found.cart_id))
        if attempt.status in LIVE and attempt.status is not AttemptStatus.AUTHORIZING:
            tenders = await payment_queries.lock_for_attempt(uow, attempt_id=attempt.id)
            refusal = PaymentDeclined("the payment was given up, as its result never came")
            await give_back(uow, cart, attempt, snapshot_of(attempt), tenders, "abandon", refusal)

    await begin.run(work)


async def _settle_orphan(begin: Begin, gateways: Gateways, payment_id: PaymentId) -> bool:
    """Ask after an authorization whose checkout has ended without it, and let go what is held after all."""

    async def read(uow: UnitOfWork) -> tuple[Payment, UUID]:
        (payment,) = await payment_queries.list_by_id(uow, payment_ids=[payment_id])
        steps = await payment_queries.list_steps(uow, payment_ids=[payment_id])
        step = next(step for step in steps if step.kind is TransactionKind.AUTHORIZATION)
        return payment, step.id

    payment, step_id = await begin.run(read)
    answer = await payments.ask_again(gateways, payment, step_id)
    waiting = answer is None or answer.outcome in {Outcome.PENDING, Outcome.ACTION_REQUIRED}
    if waiting and begin.now - payment.created_at > FORGET_AFTER:
        answer, waiting = Answer(Outcome.DECLINED, message="given up"), False
    if waiting:
        # Nobody is asked to act any more: what would let them is not written down.
        answer = None

    async def settle(uow: UnitOfWork) -> bool:
        locked = await payment_queries.lock(uow, payment_id=payment_id)
        if locked is None or locked.status not in {PaymentStatus.PENDING, PaymentStatus.UNKNOWN}:
            return False
        recorded = await payments.record_authorization(uow, locked, answer)
        await payments.give_up(uow, [recorded])
        return not waiting

    return await begin.run(settle)
