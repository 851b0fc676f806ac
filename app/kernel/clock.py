"""The one place that asks what time it is. Only the doors call it; everybody else is told (`uow.now`)."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Read the wall clock, in UTC."""
    return datetime.now(UTC)
