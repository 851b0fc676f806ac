"""Refusals of payments."""

from typing import ClassVar

from app.kernel.errors import DomainError, ErrorCode


class PaymentDeclined(DomainError):
    """The provider said no; nothing was charged."""

    code: ClassVar[ErrorCode] = ErrorCode.PAYMENT_DECLINED


class PaymentMismatch(DomainError):
    """The tenders do not add up, or one of them cannot be used here."""

    code: ClassVar[ErrorCode] = ErrorCode.PAYMENT_MISMATCH
