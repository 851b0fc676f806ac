"""What log-ins are asked with."""

import strawberry


@strawberry.input
class LoginInput:
    """Who wants to enter."""

    email: str
    """The e-mail address of the log-in; upper and lower case are the same."""
    password: str
    """Its password."""


@strawberry.input
class TokenRefreshInput:
    """What the next pair of tokens is asked with."""

    refresh_token: str
    """The refresh token of the latest pair."""


@strawberry.input
class LogoutInput:
    """Which log-in is to end."""

    refresh_token: str
    """Any refresh token of the log-in."""
