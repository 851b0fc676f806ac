"""States of a return, why goods come back, and where they go."""

from enum import StrEnum

from app.kernel.machine import Machine


class ReturnStatus(StrEnum):
    """Where a return has got to."""

    REQUESTED = "REQUESTED"
    """Waiting for a decision."""
    APPROVED = "APPROVED"
    """The goods may come back."""
    DECLINED = "DECLINED"
    """The shop said no."""
    IN_TRANSIT = "IN_TRANSIT"
    """On their way back."""
    RECEIVED = "RECEIVED"
    """Some of the goods are in; others, or a decision, are still missing."""
    INSPECTED = "INSPECTED"
    """Every line has been decided."""
    CLOSED = "CLOSED"
    """Done, with its refund requested."""
    CANCELLED = "CANCELLED"
    """Withdrawn."""
    EXPIRED = "EXPIRED"
    """The goods never came."""


_S = ReturnStatus
RETURN = Machine(
    "return",
    {
        (_S.REQUESTED, "returnApprove"): _S.APPROVED,
        (_S.REQUESTED, "returnDecline"): _S.DECLINED,
        (_S.APPROVED, "returnReceive"): _S.RECEIVED,
        (_S.IN_TRANSIT, "returnReceive"): _S.RECEIVED,
        (_S.RECEIVED, "returnReceive"): _S.RECEIVED,
        (_S.RECEIVED, "inspect"): _S.INSPECTED,
        (_S.INSPECTED, "close"): _S.CLOSED,
    },
)

#: While a return is in one of these, units of it may still be expected.
OPEN = frozenset({_S.REQUESTED, _S.APPROVED, _S.IN_TRANSIT, _S.RECEIVED})


class ReturnReason(StrEnum):
    """Why a customer gives goods back."""

    UNWANTED = "UNWANTED"
    """A change of mind."""
    DOES_NOT_FIT = "DOES_NOT_FIT"
    """The size is wrong."""
    DEFECTIVE = "DEFECTIVE"
    """It does not work."""
    DAMAGED_IN_TRANSIT = "DAMAGED_IN_TRANSIT"
    """It arrived broken."""
    WRONG_ITEM = "WRONG_ITEM"
    """Something else came."""
    NOT_AS_DESCRIBED = "NOT_AS_DESCRIBED"
    """It is not what was shown."""
    LATE = "LATE"
    """It came too late."""
    OTHER = "OTHER"
    """Something else; the note says what."""


class Disposition(StrEnum):
    """Where returned units go."""

    RESTOCK = "RESTOCK"
    """Back to the shelf, sellable at once."""
    DAMAGED = "DAMAGED"
    """To the damaged stock of the location."""
    QUALITY = "QUALITY"
    """To inspection."""
    VENDOR = "VENDOR"
    """Back to the vendor; they do not enter our stock."""
    DESTROY = "DESTROY"
    """Destroyed; they do not enter our stock."""


class RefundMethod(StrEnum):
    """How the money goes back."""

    ORIGINAL = "ORIGINAL"
    """To the tenders that paid."""
    STORE_CREDIT = "STORE_CREDIT"
    """As credit to spend with us."""
