"""Makers of what imports are given: rows as rules read them, and an ear for what becomes of each."""

from dataclasses import dataclass, field

from app.integration.rules.products import ProductRow
from app.integration.rules.rows import RowProblem
from app.integration.rules.stock import StockRow
from app.kernel.puts import Put


@dataclass(slots=True)
class Heard:
    """Remembers what an import told of each row."""

    effects: dict[int, Put] = field(default_factory=dict)
    refusals: dict[int, str] = field(default_factory=dict)
    notes: dict[int, str] = field(default_factory=dict)

    def refused(self, problem: RowProblem) -> None:
        """Hear why a row was not taken."""
        self.refusals[problem.row] = problem.reason

    def noted(self, problem: RowProblem) -> None:
        """Hear that a row was taken, but for one field of it."""
        self.notes[problem.row] = problem.reason

    def taken(self, effect: Put, *, row: int) -> None:
        """Hear that a row was taken."""
        self.effects[row] = effect

    def counted(self, effect: Put) -> int:
        """Say how many rows had an effect."""
        return list(self.effects.values()).count(effect)


def product(sku: str, *, row: int = 1, name: str = "Tea Cosy", price_minor: int = 1200, **more: object) -> ProductRow:
    """Make a row of a file of products."""
    given = {"product": sku, **more}
    return ProductRow(row=row, sku=sku, name=name, price_minor=price_minor, **given)  # type: ignore[arg-type]


def stock(sku: str, location: str, quantity: int, *, row: int = 1) -> StockRow:
    """Make a row of a file of stock."""
    return StockRow(row, sku, location, quantity)
