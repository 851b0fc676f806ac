"""Statuses of an order: all of them derived from quantities and money, none set by hand; and the holds on it."""

from enum import StrEnum

from app.kernel.machine import Machine


class OrderStatus(StrEnum):
    """Where an order has got to."""

    PLACED = "PLACED"
    """Nobody has started on it."""
    PROCESSING = "PROCESSING"
    """A location has taken up some of it."""
    PARTIALLY_FULFILLED = "PARTIALLY_FULFILLED"
    """Some of it has left the building."""
    FULFILLED = "FULFILLED"
    """All of it has left the building."""
    CLOSED = "CLOSED"
    """Fulfilled, paid, and past the time for returns."""
    CANCELLED = "CANCELLED"
    """All of it was cancelled."""


class OrderPaymentStatus(StrEnum):
    """What has been paid of an order, over all its tenders."""

    NOT_REQUIRED = "NOT_REQUIRED"
    """The order costs nothing."""
    PENDING = "PENDING"
    """Nothing is authorized yet."""
    PARTIALLY_AUTHORIZED = "PARTIALLY_AUTHORIZED"
    """Less than the total is authorized."""
    AUTHORIZED = "AUTHORIZED"
    """The money is held, none of it taken."""
    PARTIALLY_CAPTURED = "PARTIALLY_CAPTURED"
    """Some of the money was taken, usually for what has left."""
    CAPTURED = "CAPTURED"
    """All the money that is due was taken."""
    PARTIALLY_REFUNDED = "PARTIALLY_REFUNDED"
    """Some of the money was given back."""
    REFUNDED = "REFUNDED"
    """All the money was given back."""
    VOIDED = "VOIDED"
    """The authorizations were let go unused."""


class FulfillmentStatus(StrEnum):
    """How much of an order has left the building."""

    UNFULFILLED = "UNFULFILLED"
    """Nothing yet."""
    PARTIALLY_FULFILLED = "PARTIALLY_FULFILLED"
    """Some of it."""
    FULFILLED = "FULFILLED"
    """All that was not cancelled."""


class ReturnProgress(StrEnum):
    """How much of an order has come back."""

    NONE = "NONE"
    PARTIALLY_RETURNED = "PARTIALLY_RETURNED"
    RETURNED = "RETURNED"


class HoldReason(StrEnum):
    """Why an order may not go on."""

    CAPTURE_FAILED = "CAPTURE_FAILED"
    """Money for goods was asked for, and refused."""
    AUTHORIZATION_EXPIRED = "AUTHORIZATION_EXPIRED"
    """Money that is still needed is not held any more, and could not be held anew."""
    REFUND_FAILED = "REFUND_FAILED"
    """Money that was to be given back did not arrive."""
    CHARGED_BACK = "CHARGED_BACK"
    """The shopper's bank fetched money back."""


class HoldStatus(StrEnum):
    """Whether a hold still holds."""

    APPLIED = "APPLIED"
    """The order may not go on."""
    RELEASED = "RELEASED"
    """What it was applied for is settled."""
    REJECTED = "REJECTED"
    """Somebody decided that the order shall not go on."""


_H = HoldStatus
HOLD = Machine("hold", {(_H.APPLIED, "release"): _H.RELEASED, (_H.APPLIED, "reject"): _H.REJECTED})

#: What an order may not do while it is held for this reason: names of mutations.
BLOCKED = {
    HoldReason.CAPTURE_FAILED: ("fulfillmentOrderShip", "pickupHandOver"),
    HoldReason.AUTHORIZATION_EXPIRED: ("fulfillmentOrderShip", "pickupHandOver"),
    HoldReason.REFUND_FAILED: (),
    HoldReason.CHARGED_BACK: ("fulfillmentOrderShip", "pickupHandOver"),
}
