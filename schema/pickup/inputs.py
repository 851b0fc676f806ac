"""What pickups are told."""

import strawberry


@strawberry.input
class PickupCheckInInput:
    """A customer is coming, or there."""

    pickup_id: strawberry.ID
    """The pickup."""
    arrived: bool
    """Whether they are there; otherwise they have set out."""
    token: str | None = None
    """A guest's proof: the token of the order."""
    spot: str | None = None
    """Where they are parked. Left out: as said before."""
    vehicle: str | None = None
    """What they came with. Left out: as said before."""


@strawberry.input
class PickupHandOverInput:
    """Goods are given to whoever knows their code."""

    pickup_id: strawberry.ID
    """The pickup."""
    code: str
    """The six digits that the customer says. Five wrong ones make the code void; the customer then finds another on the pickup."""
    idempotency_key: str
    """The client's own name for this attempt."""
    collected_by: str | None = None
    """Who took the goods, when it was somebody else."""
