"""What a refusal is, and the one list of codes a client may meet.

A `DomainError` says no in shop words; it knows neither HTTP nor GraphQL. The schema turns it into a payload's `errors`.
Whatever else is raised is a bug: masked for the client and logged with an id.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import ClassVar


class ErrorCode(StrEnum):
    """Why something was refused; clients switch on it."""

    NOT_FOUND = "NOT_FOUND"
    """Nothing with this id or code exists, or the caller may not see it."""
    INVALID = "INVALID"
    """A value is malformed, out of range or of the wrong kind."""
    FORBIDDEN = "FORBIDDEN"
    """The caller is known, and may not do this."""
    UNAUTHENTICATED = "UNAUTHENTICATED"
    """The caller has to log in, or gave a token that is wrong or expired."""
    CONFLICT = "CONFLICT"
    """Something of the same name or kind is already there."""
    VERSION_CONFLICT = "VERSION_CONFLICT"
    """The object has changed since the version that was sent."""
    BUSY = "BUSY"
    """Others are changing the same thing right now; send the same call again."""
    RATE_LIMITED = "RATE_LIMITED"
    """Too many calls or attempts; wait before trying again."""
    IDEMPOTENCY_MISMATCH = "IDEMPOTENCY_MISMATCH"
    """This idempotency key was already used with other input."""
    ILLEGAL_TRANSITION = "ILLEGAL_TRANSITION"
    """The object's state does not allow this action now."""
    OUT_OF_STOCK = "OUT_OF_STOCK"
    """Fewer units can be promised than were asked for."""
    PRICE_CHANGED = "PRICE_CHANGED"
    """The total is no longer the one that the shopper saw."""
    CART_EMPTY = "CART_EMPTY"
    """There is nothing in the cart."""
    DELIVERY_REQUIRED = "DELIVERY_REQUIRED"
    """An address, a delivery option or an email is missing."""
    DELIVERY_UNAVAILABLE = "DELIVERY_UNAVAILABLE"
    """These lines cannot be delivered or handed over this way."""
    SLOT_FULL = "SLOT_FULL"
    """The pickup slot has no place left."""
    PAYMENT_DECLINED = "PAYMENT_DECLINED"
    """The payment provider said no, or too little is left on a gift card or of store credit; nothing was charged."""
    PAYMENT_ACTION_REQUIRED = "PAYMENT_ACTION_REQUIRED"
    """The shopper has to act, such as in 3-D Secure; call again with the same key afterwards."""
    PAYMENT_PENDING = "PAYMENT_PENDING"
    """A payment is under way and its result not yet known; call again with the same key."""
    PAYMENT_MISMATCH = "PAYMENT_MISMATCH"
    """The tenders do not add up to the total, or one of them is not taken here, lacks something or is of another currency."""
    PAYMENT_REQUIRED = "PAYMENT_REQUIRED"
    """The goods have to be paid for first."""
    ORDER_ON_HOLD = "ORDER_ON_HOLD"
    """The order may not go on; its holds say why, and what would release them."""
    PROMOTION_CODE_INVALID = "PROMOTION_CODE_INVALID"
    """No promotion runs under this code."""
    PICKUP_CODE_WRONG = "PICKUP_CODE_WRONG"
    """The pickup code does not match."""
    PICKUP_EXPIRED = "PICKUP_EXPIRED"
    """The pickup was not collected in time."""
    RETURN_NOT_ALLOWED = "RETURN_NOT_ALLOWED"
    """These goods cannot be returned, or not any more."""
    QUANTITY_EXCEEDED = "QUANTITY_EXCEEDED"
    """More units were named than there are."""


class DomainError(Exception):
    """A refusal that a client is expected to handle.

    `field` is the path into the caller's input, such as ("lines", "0", "quantity"); empty when no one field is at fault.
    """

    code: ClassVar[ErrorCode] = ErrorCode.INVALID

    def __init__(self, message: str, *, field: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.field = tuple(field)

    def below(self, *path: str) -> "DomainError":
        """Put this refusal under a longer input path, as when one element of a list was at fault; answers itself."""
        self.field = (*path, *self.field)
        return self


class NotFound(DomainError):
    """Nothing with this id or code exists, or the caller may not see it."""

    code = ErrorCode.NOT_FOUND


class Invalid(DomainError):
    """A value is malformed, out of range or of the wrong kind."""

    code = ErrorCode.INVALID


class Forbidden(DomainError):
    """The caller is known, and may not do this."""

    code = ErrorCode.FORBIDDEN


class Unauthenticated(DomainError):
    """The caller has to log in, or gave a token that is wrong or expired."""

    code = ErrorCode.UNAUTHENTICATED


class Conflict(DomainError):
    """Something of the same name or kind is already there."""

    code = ErrorCode.CONFLICT


class VersionConflict(DomainError):
    """The object has changed since the version that was sent."""

    code = ErrorCode.VERSION_CONFLICT


class Busy(DomainError):
    """Others are changing the same thing right now; the same call may be sent again."""

    code = ErrorCode.BUSY


class RateLimited(DomainError):
    """Too many calls or attempts in too short a time; after `wait_seconds` it may be tried again."""

    code = ErrorCode.RATE_LIMITED

    def __init__(self, message: str, *, wait_seconds: int, field: Sequence[str] = ()) -> None:
        super().__init__(message, field=field)
        self.wait_seconds = wait_seconds


class IdempotencyMismatch(DomainError):
    """An idempotency key came back with other input."""

    code = ErrorCode.IDEMPOTENCY_MISMATCH


class IllegalTransition(DomainError):
    """The object's state does not allow this action now."""

    code = ErrorCode.ILLEGAL_TRANSITION


class QuantityExceeded(DomainError):
    """More units were named than there are."""

    code = ErrorCode.QUANTITY_EXCEEDED


def field_name(name: str) -> str:
    """Write a name of ours as clients' inputs have it: postal_code -> postalCode."""
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)


class BrokenInvariant(AssertionError):
    """Something that cannot be, is. Never caught: the transaction dies, the log gets the story."""


class DatabaseUnavailable(Exception):
    """The database does not answer. The call changed nothing that was confirmed, and may be sent again."""
