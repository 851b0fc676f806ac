"""What a provider's adapter has to be told by the settings."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class StripeTerms:
    """Whose account it is, and what this shop is called there. `secrets` sign news; two hold while one is replaced."""

    key: str = field(repr=False)
    secrets: Sequence[str] = field(default=(), repr=False)
    shop: str = "stoa"
    base: str = "https://api.stripe.com"
    seconds: float = 10
    """How long to wait for one answer; a question with all its tries takes half as long again."""
    pauses: Sequence[float] = (0.5, 1)
    """How many seconds lie between tries."""
