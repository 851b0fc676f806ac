"""Whose Stripe account takes payments, and how Stripe counts money."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from app.kernel.money import exponent_of

#: Digits after the point in Stripe's amounts, where there are not two. ISK and UGX have none any more, and are sent with
#: two for compatibility's sake; HUF and TWD have none in payouts alone. Source: https://docs.stripe.com/currencies,
#: "Zero-decimal currencies", "Three-decimal currencies" and "Special cases".
_DIGITS: Final[Mapping[str, int]] = dict.fromkeys(
    ("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"), 0
) | dict.fromkeys(("BHD", "JOD", "KWD", "OMR", "TND"), 3)
_MOST_DIGITS: Final = 3


@dataclass(frozen=True, slots=True)
class StripeTerms:
    """Whose account it is, and what this shop is called there. `secrets` sign news; two hold while one is replaced."""

    key: str = field(repr=False)
    secrets: Sequence[str] = field(default=(), repr=False)
    shop: str = "stoa"
    base: str = "https://api.stripe.com"
    seconds: float = 10
    """How long to wait for one answer; a question with all its calls and tries takes half as long again."""
    pauses: Sequence[float] = (0.5, 1)
    """How many seconds lie between tries."""


def stripe_amount(minor: int, currency: str) -> int:
    """Say an amount as Stripe counts it: 500 JPY -> 500, 5 UGX -> 500, 5120 KWD -> 5120.

    Raises: ValueError for one that Stripe cannot charge.
    """
    digits = _DIGITS.get(currency, 2)
    amount = _scaled(minor, digits - exponent_of(currency))
    # The last of three digits has to be 0: the networks behind Stripe know only two.
    return _scaled(amount, -1) * 10 if digits == _MOST_DIGITS else amount


def minor_amount(amount: int, currency: str) -> int:
    """Say an amount of Stripe's as we count it. Raises: ValueError where something would be lost."""
    return _scaled(amount, exponent_of(currency) - _DIGITS.get(currency, 2))


def _scaled(amount: int, digits: int) -> int:
    whole, rest = (amount * 10**digits, 0) if digits >= 0 else divmod(amount, int(10**-digits))
    if rest:
        raise ValueError(f"{amount} is in smaller steps")
    return whole
