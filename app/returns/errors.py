"""Refusals of returns."""

from typing import ClassVar

from app.kernel.errors import DomainError, ErrorCode, NotFound


class ReturnNotFound(NotFound):
    """There is no such return, or the caller may not see it."""


class ReturnNotAllowed(DomainError):
    """These goods cannot be returned, or not any more."""

    code: ClassVar[ErrorCode] = ErrorCode.RETURN_NOT_ALLOWED
