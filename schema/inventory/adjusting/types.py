"""What changes by hand led to, as those who made them see it."""

import strawberry

from schema.core.errors import UserError
from schema.inventory.levels.types import StockLevel, StockMovement


@strawberry.type
class StockChangePayload:
    """The answer to a change of stock by hand."""

    levels: list[StockLevel]
    """The levels that it changed, as they are now; empty when refused."""
    movements: list[StockMovement]
    """What it wrote into the ledger; empty when refused."""
    errors: list[UserError]
    """Why it was refused."""
