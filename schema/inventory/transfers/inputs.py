"""What transfers are written, sent, received and settled with."""

from datetime import datetime

import strawberry

import schema.inventory.counts.inputs  # noqa: F401  # The enum of buckets is declared there.
from app.inventory.states import Bucket, TransferStatus

strawberry.enum(TransferStatus)


@strawberry.input
class TransferFilter:
    """Which transfers to list; what is left out lets everything through."""

    location_id: strawberry.ID | None = None
    """Those that begin or end at this location, where the caller has to work."""
    from_: strawberry.ID | None = strawberry.field(name="from", default=None)
    """Those sent from this location."""
    to: strawberry.ID | None = None
    """Those that go to this location."""
    status: list[TransferStatus] | None = None
    """Any of these."""
    variant_id: strawberry.ID | None = None
    """Those with a line of this variant."""


@strawberry.input
class TransferLineInput:
    """Units that are to be sent."""

    variant_id: strawberry.ID
    """What; a variant may be named once. A bundle has no stock of its own."""
    quantity: int
    """How many, from 1 to 1,000,000. There may be fewer until the transfer is requested."""


@strawberry.input
class TransferCreateInput:
    """Goods that are to be sent from one location to another."""

    from_location_id: strawberry.ID
    """Where they are; the caller has to work there."""
    to_location_id: strawberry.ID
    """Where they are to go."""
    lines: list[TransferLineInput]
    """What; 1 to 500 lines."""
    idempotency_key: str
    """The client's own name for this attempt: repeated with it, there is one transfer."""
    note: str | None = None
    """For colleagues and for the ledger, up to 500 characters; of goods, never of people."""
    expected_at: datetime | None = None
    """When they will be there. With a date they are expected there from the request on, without one once they left."""


@strawberry.input
class TransferUpdateInput:
    """A draft to be written anew."""

    transfer_id: strawberry.ID
    """The transfer."""
    idempotency_key: str
    """The client's own name for this attempt."""
    lines: list[TransferLineInput] | None = None
    """What is to be sent: these replace all lines that are there. Unchanged when left out."""
    note: str | None = strawberry.UNSET
    """For colleagues and for the ledger, up to 500 characters; of goods, never of people."""
    expected_at: datetime | None = strawberry.UNSET
    """When they will be there."""


@strawberry.input
class TransferRequestInput:
    """A draft whose units are to be promised to it."""

    transfer_id: strawberry.ID
    """The transfer."""
    idempotency_key: str
    """The client's own name for this attempt."""


@strawberry.input
class TransferShipLineInput:
    """Units of a line that leave."""

    transfer_line_id: strawberry.ID
    """The line; it may be named once."""
    quantity: int
    """How many, up to those requested; 0 says that none leaves."""


@strawberry.input
class TransferShipInput:
    """Goods that leave."""

    transfer_id: strawberry.ID
    """The transfer."""
    idempotency_key: str
    """The client's own name for this attempt."""
    lines: list[TransferShipLineInput] | None = None
    """All that was requested, when left out. What is not named stays, and is not promised to the transfer any more."""


@strawberry.input
class TransferUnitsInput:
    """Units of a line that came to one of the two ends. A line may stand several times, with other buckets."""

    transfer_line_id: strawberry.ID
    """The line."""
    quantity: int
    """How many, from 1 to those still on their way."""
    bucket: Bucket | None = Bucket.SELLABLE
    """In which state they came: for sale, when left out."""


@strawberry.input
class TransferReceiveInput:
    """Goods that came."""

    transfer_id: strawberry.ID
    """The transfer."""
    idempotency_key: str
    """The client's own name for this attempt: repeated with it, the units are counted once."""
    lines: list[TransferUnitsInput] | None = None
    """All that is on its way, for sale, when left out. What is not named is still expected."""


@strawberry.input
class TransferWriteBackInput:
    """Goods that came back to where they had left."""

    transfer_id: strawberry.ID
    """The transfer."""
    idempotency_key: str
    """The client's own name for this attempt."""
    lines: list[TransferUnitsInput] | None = None
    """All that is on its way, for sale, when left out. What is not named is still expected at the other end."""
    note: str | None = None
    """Why, for colleagues and for the ledger, up to 500 characters; of goods, never of people."""


@strawberry.input
class TransferLostLineInput:
    """Units of a line that were lost."""

    transfer_line_id: strawberry.ID
    """The line; it may be named once or more."""
    quantity: int
    """How many, from 1 to those still on their way."""


@strawberry.input
class TransferWriteOffInput:
    """Goods that were lost on their way."""

    transfer_id: strawberry.ID
    """The transfer."""
    note: str
    """Why, up to 500 characters; of goods, never of people."""
    idempotency_key: str
    """The client's own name for this attempt."""
    lines: list[TransferLostLineInput] | None = None
    """All that is on its way, when left out. What is not named is still expected."""


@strawberry.input
class TransferCancelInput:
    """A transfer of which nothing has left, to be ended."""

    transfer_id: strawberry.ID
    """The transfer."""
    idempotency_key: str
    """The client's own name for this attempt."""
