"""What is asked of the work of locations."""

import strawberry

from app.delivery.states import DeliveryMethod
from app.fulfillment.states import FulfillmentOrderStatus, RejectionReason


@strawberry.input
class FulfillmentOrderFilter:
    """Which work to list; what is left out lets everything through."""

    location_id: strawberry.ID | None = None
    """Work of this location; of all the caller's locations when left out."""
    status: list[FulfillmentOrderStatus] | None = None
    """Any of these."""
    method: DeliveryMethod | None = None
    """Delivered this way."""


@strawberry.input
class FulfillmentOrderLineQuantityInput:
    """Units of one line of the work."""

    fulfillment_order_line_id: strawberry.ID
    """The line; it may be named once."""
    quantity: int
    """How many units the step is about."""


@strawberry.input
class FulfillmentOrderAcceptInput:
    """Work to be taken up."""

    fulfillment_order_id: strawberry.ID
    """The work."""
    idempotency_key: str
    """The client's own name for this attempt."""


@strawberry.input
class FulfillmentOrderPickInput:
    """Units taken off the shelf."""

    fulfillment_order_id: strawberry.ID
    """The work."""
    idempotency_key: str
    """The client's own name for this attempt."""
    lines: list[FulfillmentOrderLineQuantityInput] | None = None
    """All, when left out; fewer is a short pick. Of a named line, what is missing goes elsewhere, and 0 means that
    none was there; lines that are not named wait for another pick."""


@strawberry.input
class FulfillmentOrderPackInput:
    """Units put into a parcel."""

    fulfillment_order_id: strawberry.ID
    """The work."""
    idempotency_key: str
    """The client's own name for this attempt."""
    lines: list[FulfillmentOrderLineQuantityInput] | None = None
    """All that was picked, when left out. Work is PACKED once nothing is left to pick or pack."""


@strawberry.input
class FulfillmentOrderReadyInput:
    """A packed pickup to be put behind the counter."""

    fulfillment_order_id: strawberry.ID
    """The work."""
    idempotency_key: str
    """The client's own name for this attempt."""


@strawberry.input
class FulfillmentOrderShipInput:
    """Packed units given to a carrier."""

    fulfillment_order_id: strawberry.ID
    """The work."""
    idempotency_key: str
    """The client's own name for this attempt."""
    lines: list[FulfillmentOrderLineQuantityInput] | None = None
    """All that was packed, when left out. Work stays PACKED until all of it has left."""
    carrier: str | None = None
    """Who carries it."""
    tracking_number: str | None = None
    """The carrier's own number."""


@strawberry.input
class FulfillmentOrderRejectInput:
    """Work that a location cannot do."""

    fulfillment_order_id: strawberry.ID
    """The work."""
    reason: RejectionReason
    """Why: NOT_FOUND writes the units off, DAMAGED takes them out of the sellable stock."""
    idempotency_key: str
    """The client's own name for this attempt."""
    lines: list[FulfillmentOrderLineQuantityInput] | None = None
    """The whole work, when left out."""
    note: str | None = None
    """For colleagues; up to 500 characters."""


@strawberry.input
class ShipmentDeliverInput:
    """A shipment that has reached its customer."""

    shipment_id: strawberry.ID
    """The shipment."""
    idempotency_key: str
    """The client's own name for this attempt."""
