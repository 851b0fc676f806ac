"""Refusals of payments."""

from collections.abc import Sequence
from typing import ClassVar

from app.kernel.errors import DomainError, ErrorCode, NotFound, RateLimited
from app.kernel.ids import CreditAccountId
from app.kernel.money import Money
from app.kernel.plain import counted


class PaymentDeclined(DomainError):
    """The provider said no; nothing was charged."""

    code: ClassVar[ErrorCode] = ErrorCode.PAYMENT_DECLINED


class PaymentMismatch(DomainError):
    """The tenders do not add up, or one of them cannot be used here."""

    code: ClassVar[ErrorCode] = ErrorCode.PAYMENT_MISMATCH


class PaymentNotFound(NotFound):
    """There is no such payment, or the caller may not see it."""


class PaymentRequired(DomainError):
    """The goods have to be paid for first."""

    code: ClassVar[ErrorCode] = ErrorCode.PAYMENT_REQUIRED


class RefundExceeded(DomainError):
    """More would be given back than was charged."""

    code: ClassVar[ErrorCode] = ErrorCode.PAYMENT_MISMATCH


class CreditAccountNotFound(NotFound):
    """There is no such gift card or store credit, or the caller may not see it."""


class GiftCardUnknown(NotFound):
    """No gift card that can be used has this code; whether there is one that cannot is not told."""

    def __init__(self, *, field: Sequence[str] = ("code",)) -> None:
        super().__init__("no gift card has this code", field=field)


class GiftCardExpired(PaymentMismatch):
    """The time of this gift card is over."""


class GiftCardForeign(PaymentMismatch):
    """The gift card is of another currency."""


class CreditInsufficient(PaymentDeclined):
    """Less is left on a gift card or of store credit than was asked for. `available` says how much."""

    def __init__(
        self, account_id: CreditAccountId, *, requested: Money, available: Money, field: Sequence[str] = ()
    ) -> None:
        super().__init__(f"{requested} was asked for, and {available} is left", field=field)
        self.account_id = account_id
        self.requested = requested
        self.available = available


class TooManyWrongCodes(RateLimited):
    """Too many codes were tried that no gift card has; even a right one has to wait."""

    def __init__(self, wait_seconds: int, *, field: Sequence[str] = ("code",)) -> None:
        minutes = max(1, -(-wait_seconds // 60))
        super().__init__(
            f"too many wrong codes; wait {counted(minutes, 'minute')} before trying again",
            wait_seconds=wait_seconds,
            field=field,
        )


class ReconciliationNotFound(NotFound):
    """There is no such reconciliation, or the caller may not see it."""
