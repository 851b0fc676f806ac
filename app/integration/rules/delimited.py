"""CSV as people really send it: any of four delimiters, quoted line ends, stray quotation marks, uneven rows.

A stray mark would swallow the lines up to the next one. Those lines are given back and read again, so that it costs the
one row where it stands.
"""

import csv
import re
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from itertools import islice

from app.integration.rules.rows import BadRow, SourceRow, Unreadable

DELIMITERS = (",", ";", "\t", "|")
LONGEST_VALUE = 16 << 20
#: A quoted value over more lines than this is a quotation mark that somebody forgot to close.
MOST_LINES_A_ROW = 5_000
LINES_LOOKED_AT = 50
#: What the readme beside GeoNames' exports of postal codes says that they are.
GEONAMES_COLUMNS = (
    "country code", "postal code", "place name", "admin name1", "admin code1", "admin name2", "admin code2", "admin name3",
    "admin code3", "latitude", "longitude", "accuracy",
)  # fmt: skip
LONGEST_LINE_LOOKED_AT = 1 << 16

_EXCEL_HINT = re.compile(r"sep=(.)\s*", re.IGNORECASE)
_NEVER_CLOSED = "a quotation mark opens here and is never closed"


def columns(lines: Iterator[str]) -> list[str]:
    """Read the names in the first line that has any; a name that comes again gets a number, a nameless column its place.

    Raises: Unreadable when there is no such line.
    """
    return _open(lines)[1]


def rows(lines: Iterator[str]) -> Iterator[SourceRow | BadRow]:
    """Stream the rows below the header. Blank lines are passed over; empty values beyond the last column are ignored."""
    reader, header = _open(lines)
    for number, values in reader.records():
        if isinstance(values, str):
            yield BadRow(number, values)
        elif len(values) < len(header) or any(value.strip() for value in values[len(header) :]):
            yield BadRow(number, f"has {_values(len(values))}, where the header has {len(header)}")
        else:
            yield SourceRow(number, dict(zip(header, values, strict=False)))


def geonames_rows(lines: Iterator[str]) -> Iterator[SourceRow | BadRow]:
    """Stream the rows of GeoNames' postal codes. The last column, the accuracy, may be left out."""
    for number, line in enumerate(lines, 1):
        values = line.rstrip("\r\n").split("\t")
        if not line.strip():
            continue
        if not len(GEONAMES_COLUMNS) - 1 <= len(values) <= len(GEONAMES_COLUMNS):
            yield BadRow(number, f"has {_values(len(values))} between tabs, where GeoNames has {len(GEONAMES_COLUMNS)}")
        else:
            yield SourceRow(number, dict(zip(GEONAMES_COLUMNS, values, strict=False)))


def delimiter_of(lines: Sequence[str]) -> str:
    """Find the delimiter under which the most lines have as many values as the first.

    Example: ["a;b", "1,5;2"] -> ";". A file of one column has none, and any will do.
    """
    best, best_score = DELIMITERS[0], (0, 0)
    for delimiter in DELIMITERS:
        try:
            widths = [len(values) for values in csv.reader(lines, delimiter=delimiter) if values]
        except csv.Error:
            continue
        score = (widths.count(widths[0]), widths[0]) if widths and widths[0] > 1 else (0, 0)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _open(lines: Iterator[str]) -> "tuple[_Records, list[str]]":
    # The limit belongs to the process, and its default of 128 kB refuses honest descriptions.
    csv.field_size_limit(LONGEST_VALUE)
    beginning = list(islice(lines, LINES_LOOKED_AT))
    source = _Lines(beginning, lines)
    hint = _EXCEL_HINT.fullmatch(beginning[0]) if beginning else None
    if hint:
        next(source)
    # Lines of megabytes tell no more of the delimiter than others, and cost four readings.
    short = [line for line in beginning if len(line) < LONGEST_LINE_LOOKED_AT]
    reader = _Records(source, hint[1] if hint else delimiter_of(short or beginning))
    for _, values in reader.records():
        if isinstance(values, str):
            raise Unreadable(f"the header cannot be read: {values}")
        return reader, _names(values)
    raise Unreadable("the file has no header line")


def _names(header: Sequence[str]) -> list[str]:
    while header and not header[-1].strip():
        header = header[:-1]
    names: list[str] = []
    seen: Counter[str] = Counter()
    for place, raw in enumerate(header, 1):
        name = " ".join(raw.split()) or f"column {place}"
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return names


def _values(count: int) -> str:
    return "1 value" if count == 1 else f"{count} values"


class _Lines:
    """Lines with their number, that can be given back."""

    def __init__(self, beginning: Sequence[str], rest: Iterator[str]) -> None:
        self._again = deque(beginning)
        self._rest = rest
        self._of_this_row: list[str] = []
        self.number = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        if len(self._of_this_row) >= MOST_LINES_A_ROW:
            raise csv.Error(_NEVER_CLOSED)
        line = self._again.popleft() if self._again else next(self._rest)
        self._of_this_row.append(line)
        self.number += 1
        return line

    def begin_row(self) -> None:
        """Forget the lines of the row before."""
        self._of_this_row.clear()

    def give_back_all_but_first(self) -> None:
        """Let the lines after the first of this row be read again."""
        later = self._of_this_row[1:]
        self._again.extendleft(reversed(later))
        self.number -= len(later)


class _Records:
    """The values of each row, or the reason why there are none."""

    def __init__(self, lines: _Lines, delimiter: str) -> None:
        self._lines = lines
        self._reader = csv.reader(lines, delimiter=delimiter, strict=True)

    def records(self) -> Iterator[tuple[int, list[str] | str]]:
        """Go on from where the last one ended."""
        while True:
            self._lines.begin_row()
            first = self._lines.number + 1
            try:
                values = next(self._reader)
            except StopIteration:
                return
            except csv.Error as error:
                self._lines.give_back_all_but_first()
                yield first, _in_words(error)
                continue
            if any(value.strip() for value in values):
                yield first, values


def _in_words(error: csv.Error) -> str:
    message = str(error)
    if "expected after" in message:
        return "a quotation mark stands in the middle of a value"
    if "field limit" in message:
        return f"a value is longer than {LONGEST_VALUE >> 20} MB, or {_NEVER_CLOSED}"
    return _NEVER_CLOSED if "end of data" in message else message
