"""On what terms tokens are issued and log-ins refused; settings choose the numbers."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class TokenTerms:
    """Who issues tokens, for whom, and how long they hold."""

    issuer: str = "stoa"
    audience: str = "stoa"
    access_seconds: int = 15 * 60
    refresh_days: int = 30

    def access_until(self, now: datetime) -> datetime:
        """Say when an access token issued now ends."""
        return now + timedelta(seconds=self.access_seconds)

    def refresh_until(self, now: datetime) -> datetime:
        """Say when a refresh token issued now ends."""
        return now + timedelta(days=self.refresh_days)


@dataclass(frozen=True, slots=True)
class LogInThrottle:
    """How many failed log-ins of one e-mail address are borne within one window, counted from the first failure."""

    failures: int = 5
    window_seconds: int = 15 * 60

    def window_start(self, now: datetime) -> datetime:
        """Say before which moment failures are forgotten."""
        return now - timedelta(seconds=self.window_seconds)

    def blocks(self, failures: int, window_started_at: datetime, now: datetime) -> bool:
        """Say whether so many failures since then are too many."""
        return failures >= self.failures and window_started_at > self.window_start(now)


class PasswordCost(StrEnum):
    """How much time and memory one hash takes."""

    STANDARD = "standard"
    """19 MiB, two passes. Source: OWASP Password Storage Cheat Sheet."""
    STRONG = "strong"
    """64 MiB, three passes, four lanes. Source: RFC 9106, second recommended option."""
    CHEAPEST = "cheapest"
    """For tests: protects nothing."""
