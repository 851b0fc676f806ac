"""States of reservations, supply, transfers and counts; the buckets of a level, and why stock moves."""

from enum import StrEnum

from app.kernel.machine import Machine


class ReservationState(StrEnum):
    """How firmly units are promised."""

    SOFT = "SOFT"
    """Held for a cart or a checkout until it expires."""
    FIRM = "FIRM"
    """Bound to a line of an order or a transfer, and to one location: an allocation."""


class ReservationEnd(StrEnum):
    """How a promise ended, for some of its units or for all."""

    RELEASED = "RELEASED"
    EXPIRED = "EXPIRED"
    CONSUMED = "CONSUMED"
    """The units left the building."""
    BROKEN = "BROKEN"
    """The units turned out not to be there, or will not come."""


RESERVATION: Machine[ReservationState | ReservationEnd] = Machine(
    "reservation",
    {
        (ReservationState.SOFT, "promote"): ReservationState.FIRM,
        (ReservationState.SOFT, "release"): ReservationEnd.RELEASED,
        (ReservationState.SOFT, "expire"): ReservationEnd.EXPIRED,
        (ReservationState.SOFT, "break"): ReservationEnd.BROKEN,
        (ReservationState.FIRM, "consume"): ReservationEnd.CONSUMED,
        (ReservationState.FIRM, "release"): ReservationEnd.RELEASED,
        (ReservationState.FIRM, "break"): ReservationEnd.BROKEN,
    },
)


class DemandKind(StrEnum):
    """What units are promised to."""

    CART = "CART"
    ORDER = "ORDER"
    """Also while its checkout still goes on."""
    TRANSFER = "TRANSFER"


class Bucket(StrEnum):
    """Where on a location's floor units physically are."""

    SELLABLE = "SELLABLE"
    """On the shelf, to be sold."""
    DAMAGED = "DAMAGED"
    """Broken, soiled or past its date."""
    QUALITY = "QUALITY"
    """In inspection."""


class MovementReason(StrEnum):
    """Why units came, went or changed their bucket."""

    OPENING = "OPENING"
    """First stock of a new level."""
    FEED = "FEED"
    """An absolute snapshot or delta from outside."""
    SHIPPED = "SHIPPED"
    """Sent to a customer."""
    HANDED_OVER = "HANDED_OVER"
    """Collected by a customer."""
    CARRIED_OUT = "CARRIED_OUT"
    """Sold over the counter."""
    RETURNED = "RETURNED"
    """Brought back by a customer."""
    NOT_FOUND = "NOT_FOUND"
    """A picker did not find what the level said."""
    DAMAGED = "DAMAGED"
    """Broken, soiled or past its date: out of the sellable bucket."""
    ADJUSTED = "ADJUSTED"
    """Corrected by hand, for no reason more exact."""
    FOUND = "FOUND"
    """Units turned up that the level did not know of."""
    LOST = "LOST"
    """Units are gone, and nobody knows where to."""
    STOLEN = "STOLEN"
    """Units were stolen."""
    RECEIVED = "RECEIVED"
    """Delivered by a supplier."""
    TRANSFER_SHIPPED = "TRANSFER_SHIPPED"
    """Sent to another location."""
    TRANSFER_RECEIVED = "TRANSFER_RECEIVED"
    """Came from another location."""
    TRANSFER_WRITTEN_BACK = "TRANSFER_WRITTEN_BACK"
    """A transfer came back to where it had left."""
    COUNTED = "COUNTED"
    """A count found more or fewer."""
    INSPECTED = "INSPECTED"
    """Moved between buckets after somebody looked at it."""
    REPAIRED = "REPAIRED"
    """Good again, and sellable."""
    DISPLAY = "DISPLAY"
    """Put on display, or taken off it."""
    USED = "USED"
    """Taken for the shop's own use, such as samples or photographs."""
    DESTROYED = "DESTROYED"
    """Thrown away."""
    VENDOR = "VENDOR"
    """Sent back to the supplier."""


class StockReason(StrEnum):
    """Why somebody changes stock by hand."""

    ADJUSTED = "ADJUSTED"
    """For no reason more exact."""
    FOUND = "FOUND"
    """Units turned up that nobody knew of."""
    LOST = "LOST"
    """Units are gone, and nobody knows where to."""
    STOLEN = "STOLEN"
    """Units were stolen."""
    DAMAGED = "DAMAGED"
    """Broken, soiled or past its date."""
    DISPLAY = "DISPLAY"
    """Put on display, or taken off it."""
    USED = "USED"
    """Taken for the shop's own use, such as samples or photographs."""
    DESTROYED = "DESTROYED"
    """Thrown away."""
    VENDOR = "VENDOR"
    """Sent back to the supplier."""
    OPENING = "OPENING"
    """First stock of a new level."""
    INSPECTED = "INSPECTED"
    """Somebody looked at it."""
    REPAIRED = "REPAIRED"
    """Good again, and sellable."""


class SupplyKind(StrEnum):
    """Where expected units come from."""

    PURCHASE_ORDER = "PURCHASE_ORDER"
    """From a supplier."""
    TRANSFER = "TRANSFER"
    """From another location."""
    BACKORDER = "BACKORDER"
    """From wherever, without a date: how many units may be ordered beyond what is there."""


class PurchaseOrderStatus(StrEnum):
    """How far a supplier's delivery has come."""

    OPEN = "OPEN"
    """Announced; nothing has come."""
    PARTIALLY_RECEIVED = "PARTIALLY_RECEIVED"
    """Some of it has come, and some is still to come."""
    RECEIVED = "RECEIVED"
    """All of it has come."""
    CLOSED = "CLOSED"
    """Ended short: what was missing will not come."""
    CANCELLED = "CANCELLED"
    """Ended before anything came."""


PURCHASE_ORDER = Machine(
    "purchase order",
    {
        (PurchaseOrderStatus.OPEN, "receivePart"): PurchaseOrderStatus.PARTIALLY_RECEIVED,
        (PurchaseOrderStatus.OPEN, "receiveAll"): PurchaseOrderStatus.RECEIVED,
        (PurchaseOrderStatus.OPEN, "cancel"): PurchaseOrderStatus.CANCELLED,
        (PurchaseOrderStatus.PARTIALLY_RECEIVED, "receivePart"): PurchaseOrderStatus.PARTIALLY_RECEIVED,
        (PurchaseOrderStatus.PARTIALLY_RECEIVED, "receiveAll"): PurchaseOrderStatus.RECEIVED,
        (PurchaseOrderStatus.PARTIALLY_RECEIVED, "close"): PurchaseOrderStatus.CLOSED,
    },
)


class TransferStatus(StrEnum):
    """How far a transfer has come."""

    DRAFT = "DRAFT"
    """Being written; nothing is promised to it."""
    REQUESTED = "REQUESTED"
    """Its units are promised where they are, and wait to be sent."""
    IN_TRANSIT = "IN_TRANSIT"
    """On its way, none of it received."""
    PARTIALLY_RECEIVED = "PARTIALLY_RECEIVED"
    """Some of it was received, and some is still on its way."""
    RECEIVED = "RECEIVED"
    """None of it is on its way any more: received, written back or written off."""
    CANCELLED = "CANCELLED"
    """Ended before anything was sent."""


TRANSFER = Machine(
    "transfer",
    {
        (TransferStatus.DRAFT, "transferUpdate"): TransferStatus.DRAFT,
        (TransferStatus.DRAFT, "transferRequest"): TransferStatus.REQUESTED,
        (TransferStatus.DRAFT, "transferCancel"): TransferStatus.CANCELLED,
        (TransferStatus.REQUESTED, "transferShip"): TransferStatus.IN_TRANSIT,
        (TransferStatus.REQUESTED, "transferCancel"): TransferStatus.CANCELLED,
        (TransferStatus.IN_TRANSIT, "receivePart"): TransferStatus.PARTIALLY_RECEIVED,
        (TransferStatus.IN_TRANSIT, "receiveAll"): TransferStatus.RECEIVED,
        (TransferStatus.IN_TRANSIT, "settlePart"): TransferStatus.IN_TRANSIT,
        (TransferStatus.IN_TRANSIT, "settleAll"): TransferStatus.RECEIVED,
        (TransferStatus.PARTIALLY_RECEIVED, "receivePart"): TransferStatus.PARTIALLY_RECEIVED,
        (TransferStatus.PARTIALLY_RECEIVED, "receiveAll"): TransferStatus.RECEIVED,
        (TransferStatus.PARTIALLY_RECEIVED, "settlePart"): TransferStatus.PARTIALLY_RECEIVED,
        (TransferStatus.PARTIALLY_RECEIVED, "settleAll"): TransferStatus.RECEIVED,
    },
)


class TransferCause(StrEnum):
    """Why goods are sent from one location to another."""

    MANUAL = "MANUAL"
    """Somebody decided so."""
    PICKUP = "PICKUP"
    """A customer's order waits for them at the store they go to."""


class CountStatus(StrEnum):
    """How far a count has come."""

    CREATED = "CREATED"
    """Planned; nobody has counted yet."""
    COUNTING = "COUNTING"
    """Somebody has begun to count, or was asked to count again."""
    REVIEW = "REVIEW"
    """Handed in; somebody looks at what differs."""
    POSTED = "POSTED"
    """The stock has followed it."""
    REJECTED = "REJECTED"
    """Ended without changing any stock."""


COUNT = Machine(
    "count",
    {
        (CountStatus.CREATED, "countRecord"): CountStatus.COUNTING,
        (CountStatus.CREATED, "countReject"): CountStatus.REJECTED,
        (CountStatus.COUNTING, "countRecord"): CountStatus.COUNTING,
        (CountStatus.COUNTING, "countSubmit"): CountStatus.REVIEW,
        (CountStatus.COUNTING, "countReject"): CountStatus.REJECTED,
        (CountStatus.REVIEW, "countRecount"): CountStatus.COUNTING,
        (CountStatus.REVIEW, "countPost"): CountStatus.POSTED,
        (CountStatus.REVIEW, "countReject"): CountStatus.REJECTED,
    },
)
