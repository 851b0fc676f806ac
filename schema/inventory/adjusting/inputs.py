"""What stock is changed by hand with."""

import strawberry

import schema.inventory.counts.inputs  # noqa: F401  # The enum of buckets is declared there.
from app.inventory.states import Bucket, StockReason

strawberry.enum(StockReason)


@strawberry.input
class StockAdjustLineInput:
    """Units to be added to a bucket, or taken from it."""

    variant_id: strawberry.ID
    """What; a variant may be named once for each bucket. A bundle has no stock of its own."""
    delta: int
    """How many more, or fewer with a minus: never 0, 1,000,000 at most."""
    bucket: Bucket | None = Bucket.SELLABLE
    """Where: what is for sale, when left out."""


@strawberry.input
class StockAdjustInput:
    """Stock that is corrected by hand."""

    location_id: strawberry.ID
    """Where; the caller has to work there."""
    reason: StockReason
    """Why. ADJUSTED, DAMAGED and DISPLAY go either way; FOUND and OPENING only add; LOST, STOLEN, USED, DESTROYED and
    VENDOR only take away. INSPECTED and REPAIRED are for moves."""
    lines: list[StockAdjustLineInput]
    """What; 1 to 500 lines, all of them or none."""
    idempotency_key: str
    """The client's own name for this attempt: repeated with it, stock changes once."""
    note: str | None = None
    """For the ledger, up to 500 characters; of goods, never of people."""


@strawberry.input
class StockMoveLineInput:
    """Units to be moved from one bucket to another."""

    variant_id: strawberry.ID
    """What."""
    from_: Bucket = strawberry.field(name="from")
    """Where they are."""
    to: Bucket
    """Where they belong."""
    quantity: int
    """How many, from 1 to 1,000,000."""


@strawberry.input
class StockMoveInput:
    """Units that are to change their bucket."""

    location_id: strawberry.ID
    """Where; the caller has to work there."""
    reason: StockReason
    """Why. INSPECTED, DISPLAY and ADJUSTED go anywhere; what is DAMAGED goes to DAMAGED, what is REPAIRED to SELLABLE.
    The others are for adjustments."""
    lines: list[StockMoveLineInput]
    """What; 1 to 500 lines, all of them or none."""
    idempotency_key: str
    """The client's own name for this attempt: repeated with it, stock moves once."""
    note: str | None = None
    """For the ledger, up to 500 characters; of goods, never of people."""


@strawberry.input
class StockReceiveLineInput:
    """Units that somebody brought."""

    variant_id: strawberry.ID
    """What; a variant may be named once for each bucket. A bundle has no stock of its own."""
    quantity: int
    """How many, from 1 to 1,000,000."""
    bucket: Bucket | None = Bucket.SELLABLE
    """In which state: for sale, when left out."""


@strawberry.input
class StockReceiveInput:
    """Goods that came without a purchase order or a transfer."""

    location_id: strawberry.ID
    """Where; the caller has to work there."""
    lines: list[StockReceiveLineInput]
    """What; 1 to 500 lines, all of them or none."""
    idempotency_key: str
    """The client's own name for this attempt: repeated with it, they are counted once."""
    note: str | None = None
    """For the ledger, up to 500 characters; of goods, never of people."""
