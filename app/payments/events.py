"""Facts about payments."""

from dataclasses import dataclass
from uuid import UUID

from app.kernel.events import Event
from app.kernel.ids import CreditAccountId, InvoiceId, OrderId, OrderLineId, PaymentId


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentStepRequested(Event):
    """A capture, void or refund is to be asked of the gateway."""

    payment_id: PaymentId
    transaction_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentStepSettled(Event):
    """A capture, void or refund succeeded or failed for good."""

    payment_id: PaymentId
    transaction_id: UUID
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationHeard(Event):
    """A gateway told by itself what became of an authorization that a checkout waits for."""

    payment_id: PaymentId
    attempt_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class GiftCardIssued(Event):
    """A gift card was sold or given; whoever it is for is told, and shown the code."""

    account_id: CreditAccountId
    order_line_id: OrderLineId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditChanged(Event):
    """The balance of a gift card or of store credit changed, or whether it can be spent."""

    account_id: CreditAccountId
    status: str
    kind: str | None
    """Of the entry in its ledger; None when the balance stayed as it was."""
    number: int
    """Of its last entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountsSettled(Event):
    """What an order owed was settled against what it was owed, without money that moves."""

    order_id: OrderId


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceIssued(Event):
    """An invoice or a credit note was written."""

    order_id: OrderId
    invoice_id: InvoiceId
    kind: str
