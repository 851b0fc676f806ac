"""Refusals of checkout."""

from collections.abc import Sequence
from typing import ClassVar

from app.kernel.errors import DomainError, ErrorCode
from app.kernel.ids import CartLineId
from app.kernel.money import Money


class CartEmpty(DomainError):
    """There is nothing in the cart."""

    code: ClassVar[ErrorCode] = ErrorCode.CART_EMPTY


class DeliveryRequired(DomainError):
    """An address, a delivery option or an email is missing."""

    code: ClassVar[ErrorCode] = ErrorCode.DELIVERY_REQUIRED


class PriceChanged(DomainError):
    """The total is no longer the one that the shopper saw.

    `total` is what it is now, `expected` what they saw; `unsold` names lines of the cart that are not sold any more.
    """

    code: ClassVar[ErrorCode] = ErrorCode.PRICE_CHANGED

    def __init__(
        self,
        message: str,
        *,
        field: Sequence[str],
        total: Money,
        expected: Money | None = None,
        unsold: tuple[CartLineId, ...] = (),
    ) -> None:
        super().__init__(message, field=field)
        self.total = total
        self.expected = expected
        self.unsold = unsold


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
