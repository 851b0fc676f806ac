"""What counts are begun, counted and decided with."""

import strawberry

from app.inventory.states import Bucket, CountStatus

strawberry.enum(Bucket)
strawberry.enum(CountStatus)


@strawberry.input
class CountFilter:
    """Which counts to list; what is left out lets everything through."""

    location_id: strawberry.ID | None = None
    """Counts of this location; of all the caller's locations when left out."""
    status: list[CountStatus] | None = None
    """Any of these."""


@strawberry.input
class CountCreateInput:
    """A count to be made."""

    location_id: strawberry.ID
    """Where."""
    idempotency_key: str
    """The client's own name for this attempt."""
    bucket: Bucket | None = Bucket.SELLABLE
    """What is counted: the shelves, when left out."""
    variant_ids: list[strawberry.ID] | None = None
    """What is counted, 1,000 variants at most; everything that is there by the ledger, when left out."""
    blind: bool | None = False
    """Whether nobody sees what is expected until the count is handed in."""
    note: str | None = None
    """For colleagues, and for the ledger; up to 500 characters. Of goods, never of people."""


@strawberry.input
class CountedInput:
    """What somebody found of one line."""

    count_line_id: strawberry.ID
    """The line; it may be named once."""
    counted: int
    """Units found, from 0 to 1,000,000."""


@strawberry.input
class CountRecordInput:
    """Lines that somebody has counted."""

    count_id: strawberry.ID
    """The count."""
    lines: list[CountedInput]
    """What was found; lines that are not named wait. Named again while the count goes on, a line is replaced."""
    idempotency_key: str
    """The client's own name for this attempt."""


@strawberry.input
class CountSubmitInput:
    """A count to be handed in."""

    count_id: strawberry.ID
    """The count, every line of which was counted."""
    idempotency_key: str
    """The client's own name for this attempt."""


@strawberry.input
class CountRecountInput:
    """Lines to be counted once more."""

    count_id: strawberry.ID
    """The count."""
    idempotency_key: str
    """The client's own name for this attempt."""
    line_ids: list[strawberry.ID] | None = None
    """Its lines; all that differ from what was expected, when left out."""


@strawberry.input
class CountPostInput:
    """A count that the stock is to follow."""

    count_id: strawberry.ID
    """The count."""
    idempotency_key: str
    """The client's own name for this attempt."""


@strawberry.input
class CountRejectInput:
    """A count that is to change nothing."""

    count_id: strawberry.ID
    """The count."""
    idempotency_key: str
    """The client's own name for this attempt."""
