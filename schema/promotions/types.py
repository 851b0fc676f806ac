"""What promotions take off, as clients see it."""

import strawberry

from app.cart import rules
from schema.core.money import Money


@strawberry.type
class Discount:
    """An amount taken off one line or delivery."""

    name: str
    """The promotion's name."""
    code: str | None
    """The code that unlocked it; null for a promotion that applies by itself."""
    amount: Money
    """What is taken off, as a positive amount."""

    @classmethod
    def of(cls, row: rules.QuotedDiscount, currency: str) -> "Discount":
        """Show a discount."""
        return cls(name=row.name, code=row.code, amount=Money.of(row.amount_minor, currency))
