"""Facts about log-ins."""

from dataclasses import dataclass
from uuid import UUID

from app.kernel.events import Event
from app.kernel.ids import UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshTokenReplayed(Event):
    """A refresh token came back after it had been used: somebody else may hold it. Its family has been revoked."""

    user_id: UserId
    family_id: UUID
