"""Refusals of pickups."""

from app.kernel.errors import DomainError, ErrorCode, NotFound


class PickupNotFound(NotFound):
    """There is no such pickup, or the caller may not see it."""


class PickupCodeWrong(DomainError):
    """The code does not open this pickup. The attempt is counted."""

    code = ErrorCode.PICKUP_CODE_WRONG


class CollectedTooLate(DomainError):
    """The goods were not collected in time."""

    code = ErrorCode.PICKUP_EXPIRED


class SlotFull(DomainError):
    """The pickup slot has no place left, or is not a slot of the store any more."""

    code = ErrorCode.SLOT_FULL
