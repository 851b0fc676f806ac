"""States of fulfillment orders and shipments, and why a location may refuse work."""

from enum import StrEnum

from app.kernel.machine import Machine


class FulfillmentOrderStatus(StrEnum):
    """Where the work of one location has got to."""

    OPEN = "OPEN"
    """Waiting for the location."""
    ACCEPTED = "ACCEPTED"
    """The location has taken it up."""
    PICKING = "PICKING"
    """Goods are coming off the shelf."""
    PACKED = "PACKED"
    """Packed, waiting for the carrier or to be made ready for pickup."""
    READY = "READY"
    """Waiting at the counter for its customer."""
    FULFILLED = "FULFILLED"
    """Shipped, handed over or carried out."""
    REJECTED = "REJECTED"
    """The location said no; other work took over."""
    CANCELLED = "CANCELLED"
    """The order or the customer ended it."""


_S = FulfillmentOrderStatus
FULFILLMENT_ORDER = Machine(
    "fulfillment order",
    {
        (_S.OPEN, "fulfillmentOrderAccept"): _S.ACCEPTED,
        (_S.OPEN, "fulfillmentOrderReject"): _S.REJECTED,
        (_S.ACCEPTED, "fulfillmentOrderPick"): _S.PICKING,
        (_S.ACCEPTED, "fulfillmentOrderReject"): _S.REJECTED,
        (_S.PICKING, "fulfillmentOrderPick"): _S.PICKING,
        (_S.PICKING, "fulfillmentOrderPack"): _S.PACKED,
        (_S.PICKING, "fulfillmentOrderReject"): _S.REJECTED,
        (_S.PACKED, "fulfillmentOrderReady"): _S.READY,
        (_S.PACKED, "fulfillmentOrderShip"): _S.FULFILLED,
        (_S.READY, "pickupHandOver"): _S.FULFILLED,
        # Some of it was shipped, and all that was not has been cancelled.
        (_S.PACKED, "close"): _S.FULFILLED,
        (_S.OPEN, "cancel"): _S.CANCELLED,
        (_S.ACCEPTED, "cancel"): _S.CANCELLED,
        (_S.PICKING, "cancel"): _S.CANCELLED,
        (_S.PACKED, "cancel"): _S.CANCELLED,
        (_S.READY, "cancel"): _S.CANCELLED,
    },
)


class RejectionReason(StrEnum):
    """Why a location cannot do the work."""

    NOT_FOUND = "NOT_FOUND"
    """The units are not where the stock says; the missing ones are written off."""
    DAMAGED = "DAMAGED"
    """The units are damaged; they leave the sellable stock."""
    NO_CAPACITY = "NO_CAPACITY"
    """Nobody has time."""
    CLOSED = "CLOSED"
    """The location is closed."""
    OTHER = "OTHER"
    """Something else; the note says what."""


class ShipmentStatus(StrEnum):
    """Where a shipment has got to."""

    LABELLED = "LABELLED"
    """It has its label and waits for the carrier."""
    IN_TRANSIT = "IN_TRANSIT"
    """The carrier has it."""
    OUT_FOR_DELIVERY = "OUT_FOR_DELIVERY"
    """It comes today."""
    DELIVERED = "DELIVERED"
    """The customer has it."""
    EXCEPTION = "EXCEPTION"
    """Something is in its way."""
    RETURNING = "RETURNING"
    """It is on its way back."""
    RETURNED_TO_SENDER = "RETURNED_TO_SENDER"
    """It came back."""


_P = ShipmentStatus
SHIPMENT = Machine(
    "shipment",
    {
        (_P.LABELLED, "deliver"): _P.DELIVERED,
        (_P.IN_TRANSIT, "deliver"): _P.DELIVERED,
        (_P.OUT_FOR_DELIVERY, "deliver"): _P.DELIVERED,
        (_P.EXCEPTION, "deliver"): _P.DELIVERED,
    },
)

#: Work that is over: nothing more can happen to it.
FINISHED = frozenset({_S.FULFILLED, _S.REJECTED, _S.CANCELLED})
