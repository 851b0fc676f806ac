"""What customers are registered with."""

import strawberry


@strawberry.input
class CustomerRegisterInput:
    """Who wants to become a customer."""

    email: str
    """What they will log in with."""
    password: str
    """From 8 to 200 characters, of whatever kind."""
    first_name: str | None = strawberry.UNSET
    """Left out when not told."""
    last_name: str | None = strawberry.UNSET
    """Left out when not told."""
