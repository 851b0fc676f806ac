"""How an import is carried out, and what it tells whoever listens."""

from dataclasses import dataclass
from typing import Protocol

from app.integration.rules.rows import RowProblem
from app.kernel.puts import Put

ROWS_AT_ONCE = 500
#: A chunk of stock is one look without locks, and one statement under them that buyers of the same levels wait for.
STOCK_ROWS_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Terms:
    """How to carry out an import. Rows before `from_row` are passed over; a dry run keeps nothing."""

    rows_at_once: int = ROWS_AT_ONCE
    from_row: int = 1
    dry_run: bool = False


class Listener(Protocol):
    """Hears of every row: it is taken, with its effect, or it is refused, with its reasons."""

    def refused(self, problem: RowProblem) -> None:
        """Hear why a row was not taken."""
        ...

    def noted(self, problem: RowProblem) -> None:
        """Hear that a row was taken, but for one field of it, or mended."""
        ...

    def taken(self, effect: Put, *, row: int) -> None:
        """Hear that a row was taken; it is committed, unless the import is a dry run."""
        ...
