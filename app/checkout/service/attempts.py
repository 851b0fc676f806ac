"""An attempt among those who work on it: where it has got to, what the gateways said of it, and how long each has time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from app.cart.rules import Cart
from app.checkout import queries
from app.checkout.errors import Kept, PaymentActionRequired, PaymentPending
from app.checkout.rules import Attempt, Snapshot
from app.checkout.states import LIVE, AttemptStatus
from app.kernel import idempotency
from app.kernel.db import UnitOfWork
from app.kernel.errors import BrokenInvariant, DomainError, ErrorCode
from app.kernel.ids import AttemptId, CartId, OrderId, PaymentId
from app.kernel.plain import from_plain
from app.orders.rules import Order
from app.payments import queries as payment_queries
from app.payments import service as payments
from app.payments.gateway import Answer
from app.payments.rules import Payment

#: How long whoever asks the gateways has an attempt for themselves, and so the least that stock is held meanwhile.
GATEWAY_PATIENCE = timedelta(seconds=30)
#: A gateway has answered by then, or its answer is lost.
GATEWAY_ANSWERS_WITHIN = timedelta(seconds=15)
#: How long a shopper may take to act, and a gateway to find out, before the cart is given back.
GIVE_UP_AFTER = timedelta(minutes=15)
#: How soon a lost answer is asked for again, and a shopper who was asked to act is looked after.
ASK_AGAIN_AFTER = timedelta(seconds=5)
LOOK_AFTER_SHOPPER = timedelta(seconds=60)
#: What the gateways said: an answer for each tender that was asked, None where it was lost.
Answers = Mapping[PaymentId, Answer | None]


@dataclass(frozen=True, slots=True)
class PaymentAsked:
    """What the shopper has to do before the payment goes on."""

    payment_id: PaymentId
    kind: str
    url: str | None
    client_secret: str | None


@dataclass(frozen=True, slots=True)
class Completed:
    """Where a checkout has got to: an order, or a refusal, with what the shopper has to do where something is.

    `order` is the order as it stands, where this call placed it and nothing has changed it since.
    """

    cart_id: CartId
    order_id: OrderId | None = None
    order: Order | None = None
    refusal: DomainError | None = None
    action: PaymentAsked | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """An attempt and the cart that it holds, which is locked before it.

    Whoever began the attempt knows what was frozen, and has not to read it again.
    """

    attempt_id: AttemptId
    cart_id: CartId
    snapshot: Snapshot | None = None


async def lock(uow: UnitOfWork, held: Held) -> tuple[Cart, Attempt]:
    """Lock an attempt and, before it, its cart. What `held` knows was frozen is not read again."""
    found = await queries.lock_with_cart(uow, attempt_id=held.attempt_id, with_snapshot=held.snapshot is None)
    if found is None:
        raise BrokenInvariant(f"attempt {held.attempt_id} or its cart is gone")
    return found.cart, found.attempt


async def ended(uow: UnitOfWork, attempt: Attempt) -> Completed:
    """Say how an attempt ended, or what it waits for."""
    if attempt.status is AttemptStatus.PLACED:
        return Completed(attempt.cart_id, order_id=attempt.order_id)
    if attempt.status is AttemptStatus.ACTION_REQUIRED:
        tenders = await payment_queries.list_for_attempt(uow, attempt_id=attempt.id)
        return asking(attempt.cart_id, next(payment for payment in tenders if payment.action_kind))
    if attempt.status in LIVE:
        return Completed(
            attempt.cart_id, refusal=PaymentPending("the payment is under way; ask again with the same key")
        )
    refusal = Kept(attempt.failure_code or ErrorCode.PAYMENT_DECLINED, attempt.failure or "", [])
    return Completed(attempt.cart_id, refusal=refusal)


def snapshot_of(attempt: Attempt) -> Snapshot:
    """Read what an attempt froze."""
    if attempt.snapshot is None:
        raise BrokenInvariant(f"attempt {attempt.id} has ended and forgotten its snapshot")
    return from_plain(Snapshot, attempt.snapshot)


def asking(cart_id: CartId, payment: Payment) -> Completed:
    """Say that the shopper has to act on a payment."""
    return Completed(
        cart_id,
        refusal=PaymentActionRequired("the payment needs the shopper; call again with the same key afterwards"),
        action=PaymentAsked(payment.id, payment.action_kind or "", payment.action_url, payment.action_secret),
    )


async def record_answer(
    uow: UnitOfWork, tender: Payment, answers: Answers, *, order_id: OrderId | None = None
) -> Payment:
    """Write down what its gateway said of a tender, where it was asked."""
    if tender.id in answers:
        return await payments.record_authorization(uow, tender, answers[tender.id], order_id=order_id)
    return tender


def key_of(attempt: Attempt) -> idempotency.Key:
    """Say under which key the call that began an attempt is answered."""
    # The input's hash was stored when the key was claimed; keeping a result needs only its name.
    return idempotency.Key(scope=attempt.key_scope, key=attempt.key, input_hash=b"")
