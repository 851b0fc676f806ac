"""The tenders of orders as clients see them, and the ledger of each."""

from datetime import datetime

import strawberry

from app.channels.states import TenderKind
from app.kernel.ids import IdKind
from app.kernel.permissions import Permission
from app.payments.rules import Payment as PaymentRow
from app.payments.rules import Step
from app.payments.states import PaymentStatus, TransactionKind, TransactionState
from schema.core.context import Info
from schema.core.ids import Node, public_id
from schema.core.money import Money

# Orders, fulfillment orders and returns show each other: modules in a circle are named, and their types met at run time.
from schema.orders.loaders import StepsByPaymentId

strawberry.enum(PaymentStatus)
strawberry.enum(TransactionKind)
strawberry.enum(TransactionState)


@strawberry.type
class PaymentTransaction:
    """A step of a tender's ledger: something that was asked of whoever holds the money, or that they did by themselves."""

    id: strawberry.ID
    """Names the step to us; `node` does not find it: it is shown with its tender."""
    kind: TransactionKind
    """What it does."""
    state: TransactionState
    """How it went."""
    amount: Money
    """How much it is about."""
    gateway_reference: str | None
    """What the payment service calls it; null until it said so."""
    failure: str | None
    """Why it failed; null unless it did."""
    requested_at: datetime
    """When it was asked for."""
    settled_at: datetime | None
    """When it succeeded or failed; null while nobody knows."""

    @classmethod
    def of(cls, row: Step, currency: str) -> "PaymentTransaction":
        """Show a step."""
        return cls(
            id=public_id(IdKind.PAYMENT_TRANSACTION, row.id),
            kind=row.kind,
            state=row.state,
            amount=Money.of(row.amount_minor, currency),
            gateway_reference=row.gateway_reference,
            failure=row.failure,
            requested_at=row.requested_at,
            settled_at=row.settled_at,
        )


@strawberry.type
class Payment(Node):
    """One tender of an order."""

    row: strawberry.Private[PaymentRow]
    tender: TenderKind
    """What kind of money it is."""
    gateway: str
    """Who holds the money: a payment service; for money that needs none, the kind of tender in lower case."""
    status: PaymentStatus
    """Where the tender has got to."""
    amount: Money
    """What it was to pay of the order."""
    authorized: Money
    """Held, including what was taken, let go, or has run out since."""
    captured: Money
    """Taken."""
    refunded: Money
    """Given back."""
    charged_back: Money
    """Fetched back through the shopper's bank, and not given to us again."""

    @classmethod
    def kind(cls) -> IdKind:
        """Say which prefix these ids have."""
        return IdKind.PAYMENT

    @classmethod
    def of(cls, row: PaymentRow) -> "Payment":
        """Show a tender; never its token."""
        return cls(
            id=public_id(IdKind.PAYMENT, row.id),
            row=row,
            tender=row.tender,
            gateway=row.gateway,
            status=row.status,
            amount=Money.of(row.amount_minor, row.currency),
            charged_back=Money.of(row.charged_back_minor, row.currency),
            authorized=Money.of(row.authorized_minor, row.currency),
            captured=Money.of(row.captured_minor, row.currency),
            refunded=Money.of(row.refunded_minor, row.currency),
        )

    @strawberry.field
    def holds_until(self, info: Info) -> datetime | None:
        """Until when the payment service holds the money. Null where it holds none, and for callers without orders:read."""
        return self.row.holds_until if info.context.actor.may(Permission.ORDERS_READ) else None

    @strawberry.field
    async def transactions(self, info: Info) -> list[PaymentTransaction] | None:
        """Every step of its ledger, oldest first; null for callers without orders:read."""
        if not info.context.actor.may(Permission.ORDERS_READ):
            return None
        steps = await info.context.load(StepsByPaymentId, self.row.id)
        return [PaymentTransaction.of(step, self.row.currency) for step in steps]
