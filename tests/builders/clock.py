"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta

#: A Tuesday morning on which every store of the test shop is open, and no clock changes are near.
OPENING = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


class StoppedClock:
    """What time it is, as the test says."""

    def __init__(self, at: datetime = OPENING) -> None:
        self.at = at

    def __call__(self) -> datetime:
        """Read the clock."""
        return self.at

    def advance(self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> datetime:
        """Let time pass; answers what time it is then."""
        self.at += timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        return self.at
