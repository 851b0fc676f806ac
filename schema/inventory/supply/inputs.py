"""What is asked of supply and purchase orders."""

from datetime import datetime

import strawberry

from app.inventory.states import Bucket, PurchaseOrderStatus
from schema.inventory.counts import inputs as count_inputs  # noqa: F401  # It makes the buckets known to GraphQL.
from schema.inventory.supply import types  # noqa: F401  # It makes the enums known to GraphQL.


@strawberry.input
class PurchaseOrderFilter:
    """Which purchase orders to list; what is left out lets everything through."""

    location_id: strawberry.ID | None = None
    """Those that go to this location; to all the caller's locations when left out."""
    status: list[PurchaseOrderStatus] | None = None
    """Any of these."""
    number: str | None = None
    """The one of this number."""


@strawberry.input
class SupplyFilter:
    """Which supply to list; what is left out lets everything through."""

    location_id: strawberry.ID | None = None
    """What comes to this location; to all the caller's locations when left out."""
    variant_id: strawberry.ID | None = None
    """What there will be of this variant."""
    late: bool | None = None
    """With true: what should have come by now."""
    open: bool | None = True
    """With true: what may still come, or be ordered. With null, what is over too."""


@strawberry.input
class PurchaseOrderLineInput:
    """Units of a variant that a supplier announces."""

    variant_id: strawberry.ID
    """The variant; it may be named once."""
    expected: int
    """How many units in all, with those that have come; never fewer than came or are promised."""
    expected_at: datetime | None = None
    """When they are to come; null when nobody knows. Customers who wait are told when it becomes later."""
    sold_ahead: int | None = None
    """How many may be promised before they come. Left out, it stays; a new line begins with 0."""


@strawberry.input
class PurchaseOrderPutInput:
    """A purchase order as it is announced. One of the same number is changed, and the same again changes nothing."""

    number: str
    """The ERP's number, or our own: unique in the shop, up to 100 characters."""
    supplier: str
    """Who delivers; up to 100 characters."""
    location_id: strawberry.ID
    """Where it goes; never changes."""
    lines: list[PurchaseOrderLineInput]
    """What it brings; 1,000 lines at most. Lines that are not named stay as they are."""
    idempotency_key: str
    """The client's own name for this attempt."""
    note: str | None = None
    """For colleagues, of goods and never of people; up to 500 characters. Left out, it stays."""


@strawberry.input
class PurchaseOrderReceiveLineInput:
    """Units of a variant that were unloaded."""

    variant_id: strawberry.ID
    """The variant, which has to be on the purchase order."""
    quantity: int
    """How many came; more than announced is taken in too."""
    bucket: Bucket = Bucket.SELLABLE
    """Where they go. A variant may stand once for each bucket."""


@strawberry.input
class PurchaseOrderReceiveInput:
    """A delivery, or some of it."""

    purchase_order_id: strawberry.ID
    """The purchase order."""
    lines: list[PurchaseOrderReceiveLineInput]
    """What came; what is not named is still expected."""
    idempotency_key: str
    """The client's own name for this attempt: repeated with it, the units are counted once."""


@strawberry.input
class PurchaseOrderCloseInput:
    """A purchase order that ends short."""

    purchase_order_id: strawberry.ID
    """The purchase order."""
    idempotency_key: str
    """The client's own name for this attempt."""


@strawberry.input
class PurchaseOrderCancelInput:
    """A purchase order of which nothing will come."""

    purchase_order_id: strawberry.ID
    """The purchase order."""
    idempotency_key: str
    """The client's own name for this attempt."""


@strawberry.input
class BackorderLimitLineInput:
    """How many units of a variant may be ordered from a location beyond what is there."""

    variant_id: strawberry.ID
    """The variant."""
    location_id: strawberry.ID
    """The location, which supplies them once it has them."""
    limit: int | None
    """Units that may wait at the same time, never fewer than do. Null ends it, once nobody waits."""


@strawberry.input
class BackorderLimitSetInput:
    """What may be ordered without a date."""

    lines: list[BackorderLimitLineInput]
    """Variants at locations, each once; 1,000 at most."""
    idempotency_key: str
    """The client's own name for this attempt."""
