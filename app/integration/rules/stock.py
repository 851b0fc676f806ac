"""Lines of stock: how many units of a SKU are at a location, or how many came or went."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from app.integration.rules.rows import MappedRow, RowProblem, RowReader, Unreadable, text_of
from app.integration.rules.units import whole_number
from app.inventory.rules import MOST_UNITS
from app.inventory.states import Bucket
from app.kernel.errors import ErrorCode

LONGEST_CODE = 64


@dataclass(frozen=True, slots=True)
class StockRow:
    """Units of a SKU at a location, as one row of a file says."""

    row: int
    sku: str
    location: str
    quantity: int
    bucket: Bucket = Bucket.SELLABLE


@dataclass(frozen=True, slots=True)
class StockLine:
    """A line of a feed that came through the API. It names its variant and its location each in one of two ways."""

    quantity: int
    bucket: Bucket = Bucket.SELLABLE
    sku: str | None = None
    variant_id: UUID | None = None
    location: str | None = None
    location_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class LineProblem:
    """Why a line was not taken: which of its parts is at fault, for programs and for people."""

    field: str
    code: ErrorCode
    message: str


def read(row: MappedRow, *, may_be_negative: bool = False) -> StockRow | list[RowProblem]:
    """Read a row of stock, or say what is wrong with it. Negative quantities make sense only as a change."""
    fields = RowReader(row)
    sku = fields.needed("sku", text_of(LONGEST_CODE))
    location = fields.needed("location", text_of(LONGEST_CODE))
    lowest = -MOST_UNITS if may_be_negative else 0
    quantity = fields.needed("quantity", partial(whole_number, lowest=lowest, highest=MOST_UNITS))
    bucket = fields.needed("bucket", _bucket) if row.values.get("bucket") else Bucket.SELLABLE
    if sku is None or location is None or quantity is None or bucket is None:
        return fields.refusals
    return StockRow(row.number, sku, location, quantity, bucket)


def repeated(rows: Iterable[StockRow]) -> list[tuple[int, ...]]:
    """List the rows that speak of the same SKU at the same location, in the order of the file.

    When stock is set, only one of them can be right; when it is changed, they add up.
    """
    by_place: defaultdict[tuple[str, str, Bucket], list[int]] = defaultdict(list)
    for row in rows:
        by_place[row.sku, row.location, row.bucket].append(row.row)
    return sorted(tuple(sorted(numbers)) for numbers in by_place.values() if len(numbers) > 1)


def _bucket(value: object) -> Bucket:
    try:
        return Bucket(str(value).strip().upper())
    except ValueError:
        raise Unreadable(f"not one of {', '.join(Bucket).lower()}") from None
