"""States of reservations, the buckets of a level, and why stock moves."""

from enum import StrEnum

from app.kernel.machine import Machine


class ReservationState(StrEnum):
    """How firmly units are promised."""

    SOFT = "SOFT"
    """Held for a checkout until it expires."""
    FIRM = "FIRM"
    """Bound to an order line and a location: an allocation."""
    RELEASED = "RELEASED"
    EXPIRED = "EXPIRED"
    CONSUMED = "CONSUMED"


RESERVATION = Machine(
    "reservation",
    {
        (ReservationState.SOFT, "promote"): ReservationState.FIRM,
        (ReservationState.SOFT, "release"): ReservationState.RELEASED,
        (ReservationState.SOFT, "expire"): ReservationState.EXPIRED,
        (ReservationState.FIRM, "consume"): ReservationState.CONSUMED,
        (ReservationState.FIRM, "release"): ReservationState.RELEASED,
    },
)


class Bucket(StrEnum):
    """Where on a location's floor units physically are."""

    SELLABLE = "SELLABLE"
    DAMAGED = "DAMAGED"
    QUALITY = "QUALITY"
    """In inspection."""


class MovementReason(StrEnum):
    """Why units came, went or changed their bucket."""

    OPENING = "OPENING"
    """First stock of a new level."""
    FEED = "FEED"
    """An absolute snapshot or delta from outside."""
    SHIPPED = "SHIPPED"
    HANDED_OVER = "HANDED_OVER"
    CARRIED_OUT = "CARRIED_OUT"
    RETURNED = "RETURNED"
    NOT_FOUND = "NOT_FOUND"
    """A picker did not find what the level said."""
    DAMAGED = "DAMAGED"
    ADJUSTED = "ADJUSTED"
