"""Refusals of checkout."""

from typing import ClassVar

from app.kernel.errors import DomainError, ErrorCode


class CartEmpty(DomainError):
    """There is nothing in the cart."""

    code: ClassVar[ErrorCode] = ErrorCode.CART_EMPTY


class DeliveryRequired(DomainError):
    """An address, a delivery option or an email is missing."""

    code: ClassVar[ErrorCode] = ErrorCode.DELIVERY_REQUIRED


class PriceChanged(DomainError):
    """The total is no longer the one that the shopper saw."""

    code: ClassVar[ErrorCode] = ErrorCode.PRICE_CHANGED


class PaymentPending(DomainError):
    """The result of the payment is not known yet; the same call may be sent again."""

    code: ClassVar[ErrorCode] = ErrorCode.PAYMENT_PENDING


class PaymentActionRequired(DomainError):
    """The shopper has to act; the same call may be sent again afterwards."""

    code: ClassVar[ErrorCode] = ErrorCode.PAYMENT_ACTION_REQUIRED


class Kept(DomainError):
    """A refusal that was given before, under the same key."""

    def __init__(self, code: str, message: str, field: list[str]) -> None:
        super().__init__(message, field=field)
        self.code = ErrorCode(code)  # type: ignore[misc]  # This one's code is whatever the first answer's was.
