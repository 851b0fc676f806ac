"""What a log-in answers."""

from datetime import datetime

import strawberry

from app.identity.rules.tokens import IssuedTokens
from schema.core.errors import UserError


@strawberry.type
class AuthTokens:
    """A pair of tokens: one for calls, one to get the next pair with."""

    access_token: str
    """Send it as `Authorization: Bearer …`. It holds for minutes."""
    refresh_token: str
    """For tokenRefresh, once. Keep it secret: using it a second time ends the whole log-in."""
    expires_at: datetime
    """When the access token ends."""

    @classmethod
    def of(cls, tokens: IssuedTokens) -> "AuthTokens":
        """Show tokens to whom they were issued."""
        return cls(access_token=tokens.access_token, refresh_token=tokens.refresh_token, expires_at=tokens.expires_at)


@strawberry.type
class AuthPayload:
    """The answer to login and tokenRefresh."""

    tokens: AuthTokens | None
    """Null when refused."""
    errors: list[UserError]
    """Why it was refused."""


@strawberry.type
class LogoutPayload:
    """The answer to logout."""

    errors: list[UserError]
    """Why it was refused."""
