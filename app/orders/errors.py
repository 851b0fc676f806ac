"""Refusals of orders."""

from typing import ClassVar

from app.kernel.errors import DomainError, ErrorCode, IllegalTransition, NotFound


class OrderNotFound(NotFound):
    """There is no such order, or the caller may not see it."""


class OrderOnHold(DomainError):
    """The order may not go on; its holds say why, and what would release them."""

    code: ClassVar[ErrorCode] = ErrorCode.ORDER_ON_HOLD


class NotHeld(IllegalTransition):
    """The order is not held for this reason."""
