"""What is asked for a placed order."""

import strawberry


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
