"""Money as clients see it."""

from decimal import Decimal

import strawberry

from app.kernel.money import exponent_of
from schema.core.scalars import CurrencyCode


@strawberry.type
class Money:
    """An exact amount in one currency."""

    amount: Decimal
    """In major units, with all the digits that the currency has."""
    currency: CurrencyCode
    """What it is an amount of."""

    @classmethod
    def of(cls, minor: int, currency: str) -> "Money":
        """Write integer minor units for a client."""
        return cls(amount=Decimal(minor).scaleb(-exponent_of(currency)), currency=CurrencyCode(currency))

    @classmethod
    def maybe(cls, minor: int | None, currency: str) -> "Money | None":
        """Write integer minor units, or nothing."""
        return None if minor is None else cls.of(minor, currency)
