"""What is asked for a placed order."""

from decimal import Decimal

import strawberry

from app.channels.states import TenderKind
from app.orders.states import HoldReason


@strawberry.input
class OrderLineQuantityInput:
    """Units of one order line."""

    order_line_id: strawberry.ID
    """The line; it may be named once."""
    quantity: int
    """How many units, at least 1."""


@strawberry.input
class OrderCancelInput:
    """Units that are not to leave."""

    order_id: strawberry.ID
    """The order."""
    idempotency_key: str
    """The client's own name for this attempt."""
    token: str | None = None
    """A guest's proof: the token of the order."""
    lines: list[OrderLineQuantityInput] | None = None
    """All that can still be cancelled, when left out."""
    reason: str | None = None
    """Why, for the timeline; up to 500 characters."""


@strawberry.input
class OrderHoldEndInput:
    """A hold to be released or rejected."""

    order_id: strawberry.ID
    """The order."""
    reason: HoldReason
    """What it is held for."""
    idempotency_key: str
    """The client's own name for this attempt."""


@strawberry.input
class OrderPaymentRetryInput:
    """An order whose money is to be asked for again."""

    order_id: strawberry.ID
    """The order."""
    idempotency_key: str
    """The client's own name for this attempt."""
    refund_to: list[strawberry.ID] | None = None
    """Payments of the order that what is to be given back goes to this time: in this order, each as far as it was taken of it,
    and to no others. Where the refunds themselves say, when left out."""


@strawberry.input
class PaymentAuthorizeMoreInput:
    """A tender of which more is to be held."""

    payment_id: strawberry.ID
    """The tender: one of a payment service."""
    amount: Decimal
    """How much more, in the order's currency."""
    idempotency_key: str
    """The client's own name for this attempt."""


@strawberry.input
class PaymentReceiveInput:
    """Money that was promised and is paid in a store."""

    payment_id: strawberry.ID
    """The promise: a tender of the kind PAY_IN_STORE."""
    tender: TenderKind
    """What it is paid with: CASH or CARD_PRESENT."""
    location_id: strawberry.ID
    """The store whose till takes it."""
    idempotency_key: str
    """The client's own name for this attempt."""
    reference: str | None = None
    """What the terminal calls its receipt; needed for CARD_PRESENT."""


@strawberry.input
class PaymentTransactionRecordInput:
    """A refund that a person made at a terminal."""

    transaction_id: strawberry.ID
    """The step that asks for it."""
    succeeded: bool
    """Whether the terminal did it."""
    idempotency_key: str
    """The client's own name for this attempt."""
    reference: str | None = None
    """What the terminal calls it."""
