"""The ledger of tenders: balances, what an order's tenders amount to, and how amounts are spread over them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from app.channels.states import TenderKind
from app.kernel.errors import BrokenInvariant
from app.kernel.ids import CreditAccountId, OrderId, PaymentId
from app.orders.states import OrderPaymentStatus
from app.payments.states import PAYMENT, AuthorizationCause, PaymentStatus, TransactionKind, TransactionState

#: Money that is held for no longer than this is held anew, while the first authorization still stands.
RENEW_BEFORE = timedelta(days=1)
#: Kinds of money that come in whole when the order is placed: whoever pays at a till pays for all of it.
AT_ONCE = frozenset({TenderKind.CASH, TenderKind.CARD_PRESENT})


@dataclass(frozen=True, slots=True)
class Payment:
    """One tender of one order, in minor units of its currency.

    Held is what was authorized and neither let go (`released_minor`) nor has run out (`expired_minor`). What is being asked
    for counts as taken, given back or let go already, so that nothing is promised twice.
    """

    id: PaymentId
    attempt_id: UUID
    order_id: OrderId | None
    position: int
    tender: TenderKind
    account_id: CreditAccountId | None
    gateway: str
    token: str | None
    status: PaymentStatus
    currency: str
    amount_minor: int
    authorizing_minor: int
    authorized_minor: int
    released_minor: int
    expired_minor: int
    capturing_minor: int
    captured_minor: int
    refunding_minor: int
    refunded_minor: int
    charged_back_minor: int
    gateway_reference: str | None
    action_kind: str | None
    action_url: str | None
    action_secret: str | None
    holds_until: datetime | None
    renews_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @property
    def asks_gateway(self) -> bool:
        """Say whether a payment service moves its money, and not this house."""
        return self.tender is TenderKind.CARD

    @property
    def is_credit(self) -> bool:
        """Say whether it is a gift card or store credit, which the shop owes anyway."""
        return self.account_id is not None

    @property
    def held(self) -> int:
        """What was authorized and neither let go nor has run out; what was taken of it included."""
        return self.authorized_minor - self.released_minor - self.expired_minor

    @property
    def capturable(self) -> int:
        """What is held and neither taken nor about to be."""
        return self.held - self.captured_minor - self.capturing_minor

    @property
    def missing(self) -> int:
        """What this tender was to pay and does not hold any more, nor is asked to hold anew."""
        if self.status is PaymentStatus.VOIDED or not self.authorized_minor:
            return 0
        return max(0, self.amount_minor - (self.authorized_minor - self.expired_minor) - self.authorizing_minor)

    @property
    def refundable(self) -> int:
        """What was taken and neither given back, nor about to be, nor fetched back by the bank."""
        return max(0, self.captured_minor - self.refunded_minor - self.refunding_minor - self.charged_back_minor)

    @property
    def awaited(self) -> int:
        """What may yet become refundable: it is being taken, or the bank has it and may give it to us again."""
        fetched_back = self.captured_minor - self.refunded_minor - self.refunding_minor - self.refundable
        return self.capturing_minor + fetched_back

    def changed(self, **deltas: int) -> "Payment":
        """Change balances by these amounts: `captured=500` adds to `captured_minor`."""
        return replace(
            self, **{f"{name}_minor": getattr(self, f"{name}_minor") + delta for name, delta in deltas.items()}
        )


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the payment ledger. `authorization_reference` is the gateway's name of what it is about."""

    id: UUID
    payment_id: PaymentId
    charge_id: UUID | None
    refund_id: UUID | None
    kind: TransactionKind
    cause: AuthorizationCause | None
    state: TransactionState
    amount_minor: int
    gateway: str
    authorization_reference: str | None
    gateway_reference: str | None
    failure: str | None
    attempts: int
    requested_at: datetime
    settled_at: datetime | None


def standing(payment: Payment) -> PaymentStatus:
    """Say where a tender that was authorized has got to, by its balances alone."""
    if payment.refunded_minor:
        whole = payment.refunded_minor == payment.captured_minor
        return PaymentStatus.REFUNDED if whole else PaymentStatus.PARTIALLY_REFUNDED
    if payment.captured_minor:
        whole = payment.captured_minor >= payment.amount_minor - payment.released_minor
        return PaymentStatus.CAPTURED if whole else PaymentStatus.PARTIALLY_CAPTURED
    if payment.held:
        return PaymentStatus.AUTHORIZED
    return PaymentStatus.VOIDED if payment.released_minor >= payment.amount_minor else PaymentStatus.EXPIRED


def moved(before: Payment, now: Payment, event: str) -> tuple[Payment, str | None]:
    """Give a tender whose balances changed its state; answers it and which move that is, None for none.

    Raises: IllegalTransition when what happened cannot happen to it.
    """
    if not now.authorized_minor:
        raise BrokenInvariant(f"payment {now.id} was never authorized")
    after = standing(now)
    action = f"{event}_to_{after.lower()}"
    if PAYMENT.next(before.status, action) is not after:
        raise BrokenInvariant(f"{action} does not lead to {after}")
    return replace(now, status=after), None if after is before.status else action


def renewal_moment(now: datetime, holds_until: datetime | None) -> datetime | None:
    """Say when money that is held until then is to be held anew: a day before, or after half the time if that is less."""
    if holds_until is None:
        return None
    return max(holds_until - RENEW_BEFORE, now + (holds_until - now) / 2)


def spread(amount_minor: int, rooms: Sequence[int]) -> list[int]:
    """Take an amount from tenders in their order, each as far as it reaches; what no tender bears is left over.

    Example: 70 over rooms of 50 and 50 -> 50, 20.
    """
    parts = []
    for room in rooms:
        part = min(amount_minor, room)
        parts.append(part)
        amount_minor -= part
    return parts


def order_payment_status(payments: Sequence[Payment], *, due_minor: int) -> OrderPaymentStatus:
    """Derive what has been paid of an order from its tenders.

    `due_minor` is what is to be taken in all: what was charged and not waived, and what is still to be charged.
    """
    if not payments:
        return OrderPaymentStatus.NOT_REQUIRED
    captured = sum(payment.captured_minor for payment in payments)
    refunded = sum(payment.refunded_minor for payment in payments)
    held = sum(payment.held for payment in payments)
    if refunded:
        return (
            OrderPaymentStatus.REFUNDED if refunded == captured >= due_minor else OrderPaymentStatus.PARTIALLY_REFUNDED
        )
    if captured:
        return OrderPaymentStatus.CAPTURED if captured >= due_minor else OrderPaymentStatus.PARTIALLY_CAPTURED
    if not held:
        # Nothing is due of an order that was cancelled, even if its money had run out before.
        voided = not due_minor or all(payment.status is PaymentStatus.VOIDED for payment in payments)
        return OrderPaymentStatus.VOIDED if voided else OrderPaymentStatus.PENDING
    return OrderPaymentStatus.AUTHORIZED if held >= due_minor else OrderPaymentStatus.PARTIALLY_AUTHORIZED
