"""What returns are asked for, decided on and received with."""

import strawberry

from app.returns.states import Disposition, RefundMethod, ReturnReason
from schema.returns import types  # noqa: F401  # It makes the enums known to GraphQL.


@strawberry.input
class ReturnLineInput:
    """Units of an order line that are to come back."""

    order_line_id: strawberry.ID
    """The line; one that stands several times counts once, with all its units and its first reason."""
    quantity: int
    """From 1 to the units that the customer has and that are not on their way back already."""
    reason: ReturnReason
    """Why."""
    note: str | None = None
    """In the customer's words, up to 500 characters."""


@strawberry.input
class ReturnPreviewInput:
    """A return that somebody wants to know about."""

    order_id: strawberry.ID
    """The order."""
    lines: list[ReturnLineInput]
    """What would come back."""
    token: str | None = None
    """The order's token: a guest's proof."""
    refund_method: RefundMethod | None = RefundMethod.ORIGINAL
    """How the money would go back."""


@strawberry.input
class ReturnRequestInput:
    """A return that somebody asks for."""

    order_id: strawberry.ID
    """The order."""
    lines: list[ReturnLineInput]
    """What is to come back."""
    idempotency_key: str
    """The client's own name for this attempt: repeated with it, there is one return."""
    token: str | None = None
    """The order's token: a guest's proof."""
    refund_method: RefundMethod | None = RefundMethod.ORIGINAL
    """How the money is to go back."""


@strawberry.input
class ReturnApproveInput:
    """A return whose goods may come back."""

    return_id: strawberry.ID
    """The return."""
    idempotency_key: str
    """The client's own name for this attempt."""


@strawberry.input
class ReturnDeclineInput:
    """A return that the shop refuses."""

    return_id: strawberry.ID
    """The return."""
    reason: str
    """What the customer is told, up to 500 characters."""
    idempotency_key: str
    """The client's own name for this attempt."""


@strawberry.input
class ReturnReceiveLineInput:
    """Units that came back. A line may stand several times, with other dispositions."""

    return_line_id: strawberry.ID
    """The line of the return."""
    quantity: int
    """From 1 to the units that are still expected."""
    accepted: bool | None = True
    """Units that are not accepted stay out of stock and are not paid back."""
    disposition: Disposition | None = Disposition.RESTOCK
    """Where accepted units go; of no effect for the others."""


@strawberry.input
class ReturnReceiveInput:
    """Goods that came back to a location."""

    return_id: strawberry.ID
    """The return."""
    location_id: strawberry.ID
    """Any location, not only the one that sold or shipped."""
    lines: list[ReturnReceiveLineInput]
    """What came; what is not named is still expected."""
    idempotency_key: str
    """The client's own name for this attempt: repeated with it, the units are counted once."""
