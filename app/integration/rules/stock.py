"""Rows of stock: how many units of a SKU are at a location."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from app.integration.rules.rows import MappedRow, RowProblem, RowReader, text_of
from app.integration.rules.units import whole_number

LONGEST_CODE = 64
#: What an integer column holds; no shelf does.
MOST_UNITS = 2_000_000_000


@dataclass(frozen=True, slots=True)
class StockRow:
    """Units of a SKU at a location, as one row of a file says."""

    row: int
    sku: str
    location: str
    quantity: int


def read(row: MappedRow, *, may_be_negative: bool = False) -> StockRow | list[RowProblem]:
    """Read a row of stock, or say what is wrong with it. Negative quantities make sense only as a change."""
    fields = RowReader(row)
    sku = fields.needed("sku", text_of(LONGEST_CODE))
    location = fields.needed("location", text_of(LONGEST_CODE))
    lowest = -MOST_UNITS if may_be_negative else 0
    quantity = fields.needed("quantity", partial(whole_number, lowest=lowest, highest=MOST_UNITS))
    if sku is None or location is None or quantity is None:
        return fields.refusals
    return StockRow(row.number, sku, location, quantity)


def repeated(rows: Iterable[StockRow]) -> list[tuple[int, ...]]:
    """List the rows that speak of the same SKU at the same location, in the order of the file.

    When stock is set, only one of them can be right; when it is changed, they add up.
    """
    by_place: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for row in rows:
        by_place[row.sku, row.location].append(row.row)
    return sorted(tuple(sorted(numbers)) for numbers in by_place.values() if len(numbers) > 1)
