"""The whole of `checkoutComplete`: begin or continue an attempt, ask the gateways, conclude."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from app.channels.states import CaptureAt
from app.checkout import queries
from app.checkout.errors import Kept
from app.checkout.rules import Attempt, Snapshot, given_codes
from app.checkout.service.attempts import (
    GATEWAY_ANSWERS_WITHIN,
    GATEWAY_PATIENCE,
    GIVE_UP_AFTER,
    Completed,
    Held,
    PaymentAsked,
    ended,
    lock,
    snapshot_of,
)
from app.checkout.service.conclude import conclude, give_back
from app.checkout.service.placing import Lapsed, place
from app.checkout.service.prepare import Cards, CompleteCheckout, PlanLost, Prepared, prepare
from app.checkout.states import ATTEMPT, LIVE, AttemptStatus
from app.inventory.errors import OutOfStock
from app.kernel import idempotency
from app.kernel.db import Begin, UnitOfWork
from app.kernel.errors import Busy, DomainError
from app.kernel.ids import CartId, OrderId, PaymentId
from app.payments import queries as payment_queries
from app.payments import service as payments
from app.payments.errors import TooManyWrongCodes
from app.payments.gateway import Answer, Gateways, Outcome
from app.payments.queries import NewTender
from app.payments.rules import Payment
from app.payments.rules.accounts import CreditAccount
from app.payments.service import codes
from app.payments.states import PaymentStatus, TransactionKind

__all__ = ["CompleteCheckout", "Completed", "PaymentAsked", "complete", "resume"]

_PLANS = 8
#: How long a repeated call waits for the first one before it answers that the payment is pending.
_WAIT_SECONDS = 10.0
_LOOK_EVERY_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class _Taken:
    """An attempt that this call now works on, with its tenders and the steps they were asked under."""

    attempt: Attempt
    tenders: tuple[tuple[Payment, UUID | None], ...]


async def complete(begin: Begin, gateways: Gateways, request: CompleteCheckout) -> Completed:
    """Turn a cart into a paid order, once, whatever is repeated and whoever dies in between.

    Raises: what `prepare` refuses, with nothing changed; refusals after a gateway answered are in the answer.
    """
    begun = await _begun(begin, gateways, request)
    if isinstance(begun, Completed):
        return begun
    if isinstance(begun, Attempt):
        return await resume(begin, gateways, begun, wait_seconds=_WAIT_SECONDS, may_ask_anew=True)
    answers: dict[PaymentId, Answer | None] = {}
    for tender, payment in zip(begun.tenders, begun.payments, strict=True):
        if not payment.asks_gateway:
            continue
        if not _has_time(begun.attempt, begin.now):
            break
        answers[tender.id] = answer = await _authorize(gateways, begun.snapshot, tender)
        if answer is None or answer.outcome is not Outcome.SUCCEEDED:
            break
    held = Held(begun.attempt.id, request.cart_id, begun.snapshot)
    return await _concluded(begin, held, begun.payments, answers)


async def resume(
    begin: Begin, gateways: Gateways, attempt: Attempt, *, wait_seconds: float, may_ask_anew: bool
) -> Completed:
    """Go on with an attempt that was left: by the shopper's repeated call, or by the worker.

    An authorization that never reached its gateway is asked for again only where the shopper is there to want it. One that
    stands behind another that was answered was told to its shopper as pending: it is left to them until the attempt is given up.
    """
    held = Held(attempt.id, attempt.cart_id)
    taken = await _take(begin, held, wait_seconds=wait_seconds)
    if isinstance(taken, Completed):
        return taken
    anew = may_ask_anew and begin.now - attempt.created_at <= GIVE_UP_AFTER
    answers: dict[PaymentId, Answer | None] = {}
    told = False
    for payment, step_id in taken.tenders:
        unasked = told and not _was_answered(payment)
        told = told or _was_answered(payment)
        if payment.status is PaymentStatus.AUTHORIZED or step_id is None:
            continue
        if not _has_time(taken.attempt, begin.now):
            break
        answer = await _ask(gateways, attempt, payment, step_id, anew=anew, unasked=unasked)
        if answer is None and unasked and not anew:
            break
        answers[payment.id] = answer
        if answer is None or answer.outcome is not Outcome.SUCCEEDED:
            break
    return await _concluded(begin, held, [payment for payment, _ in taken.tenders], answers)


async def _begun(begin: Begin, gateways: Gateways, request: CompleteCheckout) -> Prepared | Attempt | Completed:
    async def work(uow: UnitOfWork) -> Prepared | Attempt | Completed:
        kept = await idempotency.claim(uow, request.key)
        if kept is None:
            prepared = await prepare(uow, gateways, request, cards=cards)
            # Where nobody has to be asked for money, everything is one transaction.
            return prepared if prepared.asks_gateway else await _placed_at_once(uow, prepared)
        if kept.result is not None:
            return _replayed(request.cart_id, kept)
        attempt = await queries.get_attempt_by_key(uow, scope=request.key.scope, key=request.key.key)
        if attempt is None:
            raise Busy("this call is under way; send it again")
        return attempt

    cards = await _cards(begin, request)
    for _ in range(_PLANS):
        try:
            return await begin.run(work)
        except PlanLost:
            # Others were faster. The next look either finds the units elsewhere, or says how few are left.
            cards = await _cards(begin, request) if cards is None else cards
    raise Busy("others are buying the same goods right now; try again")


async def _cards(begin: Begin, request: CompleteCheckout) -> Cards | DomainError | None:
    """Find the gift cards that a call is to be paid with, or say why they cannot be had.

    Apart from the checkout, so that wrong codes stay counted when it is refused. None for a call that was made before: it
    is answered as it was, whatever has become of its cards.
    """
    given = given_codes(request.tenders)
    if not given:
        return {}

    async def work(uow: UnitOfWork) -> list[CreditAccount] | DomainError | None:
        if await idempotency.is_taken(uow, request.key):
            return None
        return await codes.find(uow, codes=list(given.values()), origin=request.origin)

    try:
        found = await begin.run(work)
    except TooManyWrongCodes as refusal:
        return refusal
    return dict(zip(given, found, strict=True)) if isinstance(found, list) else found


async def _placed_at_once(uow: UnitOfWork, prepared: Prepared) -> Completed:
    try:
        return await place(uow, prepared.cart, prepared.attempt, prepared.snapshot, prepared.payments)
    except Lapsed as lost:
        # A channel that never holds stock: others were faster since the plan was made.
        raise PlanLost from lost


def _replayed(cart_id: CartId, kept: idempotency.Kept) -> Completed:
    result = kept.result or {}
    if "order" in result:
        return Completed(cart_id, order_id=OrderId(UUID(result["order"])))
    refusal = result["refusal"]
    return Completed(cart_id, refusal=Kept(refusal["code"], refusal["message"], refusal["field"]))


async def _take(begin: Begin, held: Held, *, wait_seconds: float) -> _Taken | Completed:
    """Become the one who works on an attempt; while another does, wait for how it ends."""

    async def work(uow: UnitOfWork) -> _Taken | Completed | None:
        _, attempt = await lock(uow, held)
        if attempt.status not in LIVE:
            return await ended(uow, attempt)
        if attempt.status is AttemptStatus.AUTHORIZING:
            if attempt.worked_until is not None and attempt.worked_until > uow.now:
                return None
            status = AttemptStatus(attempt.status)
        else:
            status = ATTEMPT.next(attempt.status, "authorize")
            uow.moved(
                "checkout attempt", attempt.id, before=attempt.status.value, after=status.value, action="authorize"
            )
        until = uow.now + GATEWAY_PATIENCE
        await queries.update_attempt(uow, attempt_id=attempt.id, status=status, worked_until=until)
        tenders = await payment_queries.list_for_attempt(uow, attempt_id=attempt.id)
        return _Taken(replace(attempt, status=status, worked_until=until), await _with_steps(uow, tenders))

    async def look(uow: UnitOfWork) -> Completed | None:
        attempt = await queries.get_attempt(uow, attempt_id=held.attempt_id)
        working = attempt is not None and attempt.status is AttemptStatus.AUTHORIZING
        return None if attempt is None or working else await ended(uow, attempt)

    taken = await begin.run(work)
    if taken is not None:
        return taken
    seen = await _until(lambda: begin.run(look), wait_seconds)
    if seen is not None:
        return seen

    async def pending(uow: UnitOfWork) -> Completed:
        attempt = await queries.get_attempt(uow, attempt_id=held.attempt_id)
        assert attempt is not None
        return await ended(uow, attempt)

    return await begin.run(pending)


async def _until(look: Callable[[], Awaitable[Completed | None]], seconds: float) -> Completed | None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while loop.time() < deadline:
        await asyncio.sleep(_LOOK_EVERY_SECONDS)
        found = await look()
        if found is not None:
            return found
    return None


async def _with_steps(uow: UnitOfWork, tenders: Sequence[Payment]) -> tuple[tuple[Payment, UUID | None], ...]:
    steps = await payment_queries.list_steps(uow, payment_ids=[tender.id for tender in tenders])
    first = {step.payment_id: step.id for step in steps if step.kind is TransactionKind.AUTHORIZATION}
    return tuple((tender, first.get(tender.id)) for tender in tenders)


def _has_time(attempt: Attempt, now: datetime) -> bool:
    """Say whether a gateway that is asked now answers while the attempt is still ours.

    Others take over an attempt whose time is over. What they do not find at a gateway they count as never asked, so it
    must not be asked for afterwards.
    """
    return attempt.worked_until is not None and now + GATEWAY_ANSWERS_WITHIN <= attempt.worked_until


def _was_answered(payment: Payment) -> bool:
    """Say whether a gateway was asked for a tender, and what came of that was written down."""
    never = payment.status is PaymentStatus.PENDING and payment.gateway_reference is None
    return payment.asks_gateway and not never


async def _authorize(
    gateways: Gateways, snapshot: Snapshot, tender: NewTender, *, again: bool = False
) -> Answer | None:
    return await payments.ask_authorization(
        gateways,
        tender,
        currency=snapshot.currency,
        # What is taken later may have to be held anew by then, and nobody will be there to ask.
        reusable=snapshot.capture_at is not CaptureAt.PLACEMENT,
        return_url=snapshot.return_url,
        again=again,
    )


async def _ask(
    gateways: Gateways, attempt: Attempt, payment: Payment, step_id: UUID, *, anew: bool, unasked: bool
) -> Answer | None:
    if anew and not _was_answered(payment):
        # Never answered and perhaps never asked: asking under the same key is right in both cases.
        tender = NewTender(
            payment.id,
            step_id,
            payment.position,
            payment.tender,
            payment.gateway,
            payment.token,
            payment.amount_minor,
        )
        return await _authorize(gateways, snapshot_of(attempt), tender, again=True)
    return await payments.ask_again(gateways, payment, step_id, waits=unasked)


async def _concluded(
    begin: Begin, held: Held, tenders: Sequence[Payment], answers: dict[PaymentId, Answer | None]
) -> Completed:
    try:
        return await begin.run(lambda uow: conclude(uow, held, tenders, answers))
    except Lapsed:
        pass
    for _ in range(_PLANS):
        try:
            return await begin.run(lambda uow: conclude(uow, held, tenders, answers, resupply=True))
        except OutOfStock as shortage:
            lost = shortage
    return await begin.run(lambda uow: _give_up(uow, held, answers, lost))


async def _give_up(uow: UnitOfWork, held: Held, answers: dict[PaymentId, Answer | None], lost: OutOfStock) -> Completed:
    """The stock was gone when the money was there: let the money go."""
    cart, attempt = await lock(uow, held)
    if attempt.status is not AttemptStatus.AUTHORIZING:
        return await ended(uow, attempt)
    tenders = await payment_queries.lock_for_attempt(uow, attempt_id=attempt.id)
    recorded = [
        await payments.record_authorization(uow, tender, answers[tender.id]) if tender.id in answers else tender
        for tender in tenders
    ]
    snapshot = held.snapshot or snapshot_of(attempt)
    return await give_back(uow, cart, attempt, snapshot, recorded, "fail", lost)
