"""Exact amounts in one currency, and the few ways of splitting them that lose no penny.

Amounts are integers of the currency's minor unit (ISO 4217: JPY has none, KWD three digits). Floats never come near.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, InvalidOperation
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from babel.core import get_global

from app.kernel.errors import Invalid

#: bigint columns could hold more; no honest amount does, and sums of many lines must still fit.
LARGEST_MINOR = 10**15

#: Digits enough for whatever a client may write, so that nothing is rounded before it is refused.
_EXACT = Context(prec=200)


#: Digits of the minor unit where there are not two. Source: ISO 4217, list one. Not CLDR's, which say how amounts are usually
#: shown and change from release to release (HUF had two, then none): what is stored must stay worth what it was.
_DIGITS: Final[Mapping[str, int]] = MappingProxyType(
    dict.fromkeys(
        (
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ),
        0,
    )
    | dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3)
    | dict.fromkeys(("CLF", "UYW"), 4)
)


def exponent_of(currency: str) -> int:
    """Say how many digits the currency's minor unit has: GBP 2, JPY 0, KWD 3."""
    return _DIGITS.get(currency, 2)


@lru_cache(maxsize=1)
def currencies() -> frozenset[str]:
    """List the alphabetic codes of ISO 4217, past and present."""
    return frozenset(get_global("all_currencies"))


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount: `minor` units of `currency`. May be negative where a difference is meant."""

    minor: int
    currency: str

    def __add__(self, other: "Money") -> "Money":
        self._same_currency(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same_currency(other)
        return Money(self.minor - other.minor, self.currency)

    def decimal(self) -> Decimal:
        """Write the amount in major units with all digits of its currency: Money(1290, "GBP") -> 12.90."""
        return Decimal(self.minor).scaleb(-exponent_of(self.currency))

    def __str__(self) -> str:
        return f"{self.decimal():,f} {self.currency}"

    def _same_currency(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not add up")


def parse_minor(amount: Decimal | str, currency: str, *, field: Sequence[str] = ()) -> int:
    """Read a decimal amount as minor units of `currency`, exactly.

    Raises: Invalid when it is no number, has more digits than the currency, or is absurdly large.
    """
    try:
        number = Decimal(amount)
    except InvalidOperation:
        raise Invalid(f"{str(amount)[:40]!r} is not an amount of money", field=field) from None
    # Not `abs`: it computes in a context, whose exponents such as 1E+999999999 are beyond.
    if not number.is_finite() or number.copy_abs() >= LARGEST_MINOR:
        raise Invalid("the amount is out of range", field=field)
    if number and number.adjusted() < -_EXACT.prec:
        raise Invalid(f"{currency} has {exponent_of(currency)} decimal digits", field=field)
    _, _, digits_after_point = number.normalize(_EXACT).as_tuple()
    if isinstance(digits_after_point, int) and -digits_after_point > exponent_of(currency):
        raise Invalid(f"{currency} has {exponent_of(currency)} decimal digits", field=field)
    minor = int(number.scaleb(exponent_of(currency), _EXACT))
    if abs(minor) >= LARGEST_MINOR:
        raise Invalid("the amount is out of range", field=field)
    return minor


def round_half_away(numerator: int, denominator: int) -> int:
    """Divide and round half away from zero: 5/2 -> 3, -5/2 -> -3. The rounding of prices, discounts and taxes."""
    if denominator <= 0:
        raise ValueError("the denominator has to be positive")
    quotient, remainder = divmod(abs(numerator), denominator)
    rounded = quotient + (2 * remainder >= denominator)
    return rounded if numerator >= 0 else -rounded


def allocate(total: int, weights: Sequence[int]) -> list[int]:
    """Split `total` minor units over `weights` so that the parts add up exactly.

    Largest remainder; ties go to the earlier part. Example: 100 over (1, 1, 1) -> 34, 33, 33.
    Raises: ValueError if weights are empty, negative or sum to zero.
    Source: Hamilton's method of apportionment.
    """
    whole = sum(weights)
    if not weights or whole <= 0 or min(weights) < 0:
        raise ValueError("weights have to be non-negative and not all zero")
    sign = -1 if total < 0 else 1
    quotas = [divmod(abs(total) * weight, whole) for weight in weights]
    parts = [quotient for quotient, _ in quotas]
    left = abs(total) - sum(parts)
    by_remainder = sorted(range(len(weights)), key=lambda i: (-quotas[i][1], i))
    for i in by_remainder[:left]:
        parts[i] += 1
    return [sign * part for part in parts]


def share(total: int, *, part: int, whole: int) -> int:
    """Say what the first `part` of `whole` equal units are worth, of `total` minor units.

    The earlier units carry the remainder, so share(part=whole) is the total and the value of any run of units is a
    difference of two shares: captures and refunds of a line, in whatever steps, add up to the line.
    """
    if not 0 <= part <= whole:
        raise ValueError(f"{part} is not a part of {whole}")
    if part == whole:
        return total
    base, extra = divmod(abs(total), whole)
    value = base * part + min(part, extra)
    return value if total >= 0 else -value
