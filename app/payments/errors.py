"""Refusals of payments."""

from typing import ClassVar

from app.kernel.errors import DomainError, ErrorCode, NotFound


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


class ReconciliationNotFound(NotFound):
    """There is no such reconciliation, or the caller may not see it."""
