"""Refusals of log-ins and tokens. None says whether an e-mail address is known."""

from app.kernel.errors import RateLimited, Unauthenticated


class WrongCredentials(Unauthenticated):
    """No log-in has this e-mail address and password; which of them is wrong is not told."""

    def __init__(self) -> None:
        super().__init__("wrong e-mail address or password")


class TooManyLogIns(RateLimited):
    """Too many log-ins of this e-mail address have failed; even the right password has to wait."""

    def __init__(self, window_seconds: int) -> None:
        super().__init__(
            f"too many failed log-ins; wait {window_seconds // 60} minutes before trying again",
            wait_seconds=window_seconds,
        )


class AccessTokenRefused(Unauthenticated):
    """The access token is malformed, of another issuer, or its signature is not ours."""

    def __init__(self) -> None:
        super().__init__("this access token is not valid; log in again")


class AccessTokenExpired(Unauthenticated):
    """The access token was ours, and its time is over."""

    def __init__(self) -> None:
        super().__init__("this access token has expired; get a new one with tokenRefresh")


class RefreshTokenRefused(Unauthenticated):
    """The refresh token is unknown, over, or revoked."""

    def __init__(self) -> None:
        super().__init__("this refresh token is not valid; log in again", field=("refreshToken",))
