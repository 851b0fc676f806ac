"""Payments without a database: balances, what an order's tenders amount to, and how amounts are spread over tenders."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.kernel.ids import OrderId, PaymentId
from app.orders.states import OrderPaymentStatus
from app.payments.states import PaymentStatus, TransactionKind, TransactionState


@dataclass(frozen=True, slots=True)
class Payment:
    """One tender of one order."""

    id: PaymentId
    attempt_id: UUID
    order_id: OrderId | None
    position: int
    gateway: str
    token: str | None
    status: PaymentStatus
    currency: str
    amount_minor: int
    authorized_minor: int
    released_minor: int
    capturing_minor: int
    captured_minor: int
    refunding_minor: int
    refunded_minor: int
    gateway_reference: str | None
    action_url: str | None
    created_at: datetime
    updated_at: datetime

    @property
    def capturable(self) -> int:
        """What is held and neither taken, about to be taken, nor let go."""
        return self.authorized_minor - self.released_minor - self.captured_minor - self.capturing_minor

    @property
    def refundable(self) -> int:
        """What was taken and neither given back nor about to be."""
        return self.captured_minor - self.refunded_minor - self.refunding_minor


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the payment ledger."""

    id: UUID
    payment_id: PaymentId
    refund_id: UUID | None
    kind: TransactionKind
    state: TransactionState
    amount_minor: int
    gateway_reference: str | None
    failure: str | None
    attempts: int
    requested_at: datetime
    settled_at: datetime | None


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
    """Derive what has been paid of an order from its tenders. `due_minor` is its worth without cancelled units."""
    if not payments:
        return OrderPaymentStatus.NOT_REQUIRED
    captured = sum(payment.captured_minor for payment in payments)
    refunded = sum(payment.refunded_minor for payment in payments)
    authorized = sum(payment.authorized_minor for payment in payments)
    released = sum(payment.released_minor for payment in payments)
    if refunded:
        return (
            OrderPaymentStatus.REFUNDED if refunded == captured >= due_minor else OrderPaymentStatus.PARTIALLY_REFUNDED
        )
    if captured:
        return OrderPaymentStatus.CAPTURED if captured >= due_minor else OrderPaymentStatus.PARTIALLY_CAPTURED
    if not authorized:
        return OrderPaymentStatus.PENDING
    if released == authorized:
        return OrderPaymentStatus.VOIDED
    held = authorized - released
    return OrderPaymentStatus.AUTHORIZED if held >= due_minor else OrderPaymentStatus.PARTIALLY_AUTHORIZED
