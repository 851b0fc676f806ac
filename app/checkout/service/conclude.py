"""Phase three: record what the gateways said, and place the order, ask the shopper, wait, or give everything back."""

from collections.abc import Sequence
from datetime import timedelta
from enum import Enum, auto
from uuid import UUID

from app.cart import queries as carts
from app.cart import service as cart_service
from app.cart.rules import Cart
from app.checkout import queries
from app.checkout.errors import PaymentPending
from app.checkout.events import CheckoutAttemptEnded
from app.checkout.rules import Attempt, Snapshot
from app.checkout.service.attempts import (
    ASK_AGAIN_AFTER,
    LOOK_AFTER_SHOPPER,
    Answers,
    Completed,
    Held,
    asking,
    ended,
    key_of,
    lock,
    record_answer,
    snapshot_of,
)
from app.checkout.service.placing import place
from app.checkout.states import ATTEMPT, AttemptStatus
from app.inventory import service as inventory
from app.inventory.states import DemandKind
from app.kernel import idempotency
from app.kernel.db import UnitOfWork
from app.kernel.errors import BrokenInvariant, DomainError
from app.payments import queries as payment_queries
from app.payments import service as payments
from app.payments.errors import PaymentDeclined
from app.payments.gateway import Outcome
from app.payments.rules import Payment
from app.payments.states import PaymentStatus
from app.pickup import service as pickup


class _Verdict(Enum):
    PLACE = auto()
    DECLINE = auto()
    ASK_SHOPPER = auto()
    WAIT = auto()


async def conclude(
    uow: UnitOfWork, held: Held, tenders: Sequence[Payment], answers: Answers, *, resupply: bool = False
) -> Completed:
    """End or suspend an attempt by what its gateways answered. One that has ended meanwhile is answered as it ended.

    Whoever works on an attempt knows its tenders, and nobody else touches them while it holds the attempt.
    Locks: cart, payments, accounts, slots, levels. Raises: Lapsed; and with `resupply`, OutOfStock when nothing is left to promise.
    """
    cart, attempt = await lock(uow, held)
    if attempt.status is not AttemptStatus.AUTHORIZING:
        return await ended(uow, attempt)
    snapshot = held.snapshot or snapshot_of(attempt)
    verdict = _verdict(tenders, answers)
    if verdict is _Verdict.PLACE:
        return await place(uow, cart, attempt, snapshot, tenders, answers, resupply=resupply)
    recorded = [await record_answer(uow, tender, answers) for tender in tenders]
    if verdict is _Verdict.DECLINE:
        return await give_back(uow, cart, attempt, snapshot, recorded, "fail", _declined(snapshot, tenders, answers))
    if verdict is _Verdict.ASK_SHOPPER:
        await _suspend(uow, attempt, "ask_shopper", LOOK_AFTER_SHOPPER)
        asked = next(payment for payment in recorded if payment.action_kind)
        return asking(cart.id, asked)
    await _suspend(uow, attempt, "lose", ASK_AGAIN_AFTER)
    return Completed(
        cart.id, refusal=PaymentPending("the payment's result is not known yet; ask again with the same key")
    )


async def give_back(
    uow: UnitOfWork,
    cart: Cart,
    attempt: Attempt,
    snapshot: Snapshot,
    tenders: Sequence[Payment],
    action: str,
    refusal: DomainError,
) -> Completed:
    """End an attempt without an order: stock, pickup places and held money go back, and the cart is free again."""
    status = ATTEMPT.next(attempt.status, action)
    await queries.update_attempt(
        uow,
        attempt_id=attempt.id,
        status=status,
        failure_code=refusal.code.value,
        failure=refusal.message,
    )
    uow.moved("checkout attempt", attempt.id, before=attempt.status.value, after=status.value, action=action)
    uow.emit(CheckoutAttemptEnded(attempt_id=attempt.id, cart_id=cart.id, status=status.value))
    held_until = snapshot.cart_held_until
    holds_again = snapshot.holds_stock and held_until is not None and held_until > uow.now
    await cart_service.let_go(uow, cart=cart, reserved_until=held_until if holds_again else None)
    await payments.give_up(uow, tenders)
    await payment_queries.redact_tokens(uow, attempt_id=attempt.id)
    await pickup.give_back_places(uow, slots=snapshot.slots())
    if holds_again and held_until is not None:
        # What the cart held before goes back to it: who was declined may pay with another card.
        await inventory.reserve_in_part(
            uow,
            demand_id=cart.id,
            units=snapshot.for_cart(snapshot.units()),
            expires_at=held_until,
            kind=DemandKind.CART,
            priority=snapshot.priority,
            instead_of=snapshot.order_id,
        )
        await inventory.reserve_ahead(
            uow,
            demand_id=cart.id,
            parts=snapshot.ahead_for_cart(),
            expires_at=held_until,
            kind=DemandKind.CART,
            priority=snapshot.priority,
        )
    else:
        await inventory.release_soft(uow, demand_id=snapshot.order_id)
    idempotency.keep(
        uow,
        key_of(attempt),
        object_id=attempt.id,
        result={"refusal": {"code": refusal.code.value, "message": refusal.message, "field": list(refusal.field)}},
    )
    return Completed(cart.id, refusal=refusal)


async def abandon_for_edit(uow: UnitOfWork, attempt_id: UUID) -> bool:
    """Give up an attempt that waits for its shopper, because they went back to the cart. The cart is locked already.

    It waits when they have to act, and when some tenders are held and the others were not asked yet. Answers False for an
    attempt whose payment is under way: its cart may not change.
    """
    attempt = await queries.lock_attempt(uow, attempt_id=attempt_id)
    if attempt is None or attempt.status not in {AttemptStatus.ACTION_REQUIRED, AttemptStatus.UNKNOWN}:
        return False
    cart = await carts.get_cart(uow, cart_id=attempt.cart_id)
    if cart is None:
        raise BrokenInvariant(f"attempt {attempt_id} has no cart")
    tenders = await payment_queries.lock_for_attempt(uow, attempt_id=attempt_id)
    if attempt.status is AttemptStatus.UNKNOWN and any(one.status is PaymentStatus.UNKNOWN for one in tenders):
        return False
    refusal = PaymentDeclined("the payment was given up, because the cart was changed")
    await give_back(uow, cart, attempt, snapshot_of(attempt), tenders, "abandon", refusal)
    return True


def _verdict(tenders: Sequence[Payment], answers: Answers) -> _Verdict:
    outcomes = []
    for tender in tenders:
        if tender.id in answers:
            answer = answers[tender.id]
            outcomes.append(Outcome.PENDING if answer is None else answer.outcome)
        elif tender.status is PaymentStatus.AUTHORIZED or not tender.asks_gateway:
            outcomes.append(Outcome.SUCCEEDED)
        else:
            outcomes.append(Outcome.PENDING)
    if Outcome.DECLINED in outcomes:
        return _Verdict.DECLINE
    if Outcome.ACTION_REQUIRED in outcomes:
        return _Verdict.ASK_SHOPPER
    return _Verdict.WAIT if Outcome.PENDING in outcomes else _Verdict.PLACE


def _declined(snapshot: Snapshot, tenders: Sequence[Payment], answers: Answers) -> PaymentDeclined:
    for tender in tenders:
        answer = answers.get(tender.id)
        if answer is not None and answer.outcome is Outcome.DECLINED:
            return PaymentDeclined(
                answer.message or "the payment was declined", field=snapshot.field_of(tender.position)
            )
    raise BrokenInvariant("no tender was declined")


async def _suspend(uow: UnitOfWork, attempt: Attempt, action: str, pause: timedelta) -> None:
    status = ATTEMPT.next(attempt.status, action)
    await queries.update_attempt(uow, attempt_id=attempt.id, status=status, worked_until=uow.now + pause)
    uow.moved("checkout attempt", attempt.id, before=attempt.status.value, after=status.value, action=action)
