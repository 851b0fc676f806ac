"""Refusals of orders."""

from app.kernel.errors import NotFound


class OrderNotFound(NotFound):
    """There is no such order, or the caller may not see it."""
