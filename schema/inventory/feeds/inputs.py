"""What clients say about stock, many lines at a time."""

from enum import StrEnum

import strawberry

import schema.inventory.counts.inputs  # noqa: F401  # The enum of buckets is declared there.
from app.inventory.states import Bucket


@strawberry.enum
class StockFeedMode(StrEnum):
    """What the numbers of a feed mean."""

    SNAPSHOT = "SNAPSHOT"
    """Units that are there. Of several lines about the same stock the last one counts."""
    DELTA = "DELTA"
    """Units that came or, below zero, went. Lines about the same stock add up."""


@strawberry.input
class StockFeedLineInput:
    """Units of a variant at a location."""

    quantity: int
    """How many are there, or how many came or went."""
    sku: str | None = None
    """The SKU of the variant; goes without `variantId`."""
    variant_id: strawberry.ID | None = None
    """The id of the variant; goes without `sku`."""
    location_code: str | None = None
    """The code of the location; goes without `locationId`."""
    location_id: strawberry.ID | None = None
    """The id of the location; goes without `locationCode`."""
    bucket: Bucket | None = None
    """Where on the location's floor; SELLABLE when left out."""


@strawberry.input
class StockFeedInput:
    """Stock as another system counts it."""

    mode: StockFeedMode
    """What the numbers mean."""
    lines: list[StockFeedLineInput]
    """1,000 at most. A line that cannot be taken costs the others nothing."""
    idempotency_key: str
    """The client's own name for this attempt."""
    source: str | None = None
    """Where the numbers come from, such as the name of a file; kept with the movements. Up to 200 characters."""
