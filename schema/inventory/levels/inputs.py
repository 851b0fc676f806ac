"""What is asked of levels and of the ledger."""

from datetime import datetime
from enum import StrEnum

import strawberry

import schema.inventory.counts.inputs  # noqa: F401  # The enum of buckets is declared there.
from app.inventory.states import Bucket, MovementReason

strawberry.enum(MovementReason)


@strawberry.enum
class StockCause(StrEnum):
    """What made units come, go or change their bucket."""

    ORDER = "order"
    """An order's goods were shipped, handed over, carried out, or not found."""
    RETURN = "return"
    """A customer gave goods back."""
    TRANSFER = "transfer"
    """Goods went to another location, or came from there."""
    COUNT = "count"
    """Somebody counted."""
    SUPPLY = "supply"
    """A supplier delivered."""
    ADJUSTMENT = "adjustment"
    """Somebody corrected the stock by hand."""
    FEED = "feed"
    """A feed or a file said so."""


@strawberry.input
class StockLevelFilter:
    """Which levels to list; what is left out lets everything through."""

    location_id: strawberry.ID | None = None
    """Levels at this location; at all the caller's locations when left out."""
    location_ids: list[strawberry.ID] | None = None
    """Levels at these locations; 250 at most."""
    variant_ids: list[strawberry.ID] | None = None
    """Levels of these variants; 250 at most."""
    skus: list[str] | None = None
    """Levels of the variants with these SKUs; 250 at most."""
    sku_prefix: str | None = None
    """Levels of variants whose SKU begins so, in whatever letters."""
    bucket: Bucket | None = None
    """Which bucket `inStock` is about; SELLABLE when left out. Alone it asks for levels that have units in it."""
    in_stock: bool | None = None
    """With true: levels that have units in the bucket; with false: those that have none."""
    below_safety: bool | None = None
    """With true: levels of which less is available than is kept back from selling; with false: the others. Not with
    `asOf`."""


@strawberry.input
class StockMovementFilter:
    """Which entries of the ledger to list; what is left out lets everything through."""

    variant_id: strawberry.ID | None = None
    """Entries about this variant."""
    location_id: strawberry.ID | None = None
    """Entries about this location; about all the caller's locations when left out."""
    bucket: Bucket | None = None
    """Entries about this bucket."""
    reason: list[MovementReason] | None = None
    """Any of these reasons."""
    cause_kind: StockCause | None = None
    """Entries with a cause of this kind."""
    cause_id: strawberry.ID | None = None
    """Entries that this order, return, transfer, count, purchase order or feed caused."""
    from_: datetime | None = strawberry.field(name="from", default=None)
    """From this moment on."""
    to: datetime | None = None
    """Up to, and without, this moment."""
