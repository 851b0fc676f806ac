"""What travels between reading, mapping and the three kinds of import: rows on their way in, and problems on their way out.

`RowReader` is how the rules take fields from a row, so that every one reports the same way: a needed field that cannot be
read refuses the row, another is left out and noted.
"""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

#: Reports are read by people; a value of ten megabytes is shown by its beginning.
LONGEST_SHOWN = 80
#: How people write that something is so, or is not.
YES_OR_NO = dict.fromkeys(("yes", "y", "true", "t", "1", "on"), True) | dict.fromkeys(
    ("no", "n", "false", "f", "0", "off"), False
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One row as the file has it. `number` is the line (CSV, JSONL) or the element (JSON) that a person can find, from 1."""

    number: int
    fields: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class BadRow:
    """A place in the file that could not be read as a row at all."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class MappedRow:
    """One row under our own names; a target that the file does not give is absent."""

    number: int
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What one row said in one field, and why it was not taken."""

    row: int
    field: str
    value: str
    reason: str


class Unreadable(ValueError):
    """A value that cannot be taken; the message says why, in words for the person who owns the file."""


class RowReader:
    """Takes fields out of one row and keeps what was wrong with them.

    `refusals` cost the row; `notes` cost one field of it.
    """

    __slots__ = ("_row", "notes", "refusals")

    def __init__(self, row: MappedRow) -> None:
        self._row = row
        self.refusals: list[RowProblem] = []
        self.notes: list[RowProblem] = []

    def needed(self, field: str, parse: Callable[[object], T]) -> T | None:
        """Read a field that the row cannot do without; None once it has been refused."""
        value = self._row.values.get(field)
        if is_blank(value):
            self.refuse(field, "missing")
            return None
        try:
            return parse(value)
        except Unreadable as unreadable:
            self.refuse(field, str(unreadable))
            return None

    def wanted(self, field: str, parse: Callable[[object], T]) -> T | None:
        """Read a field that the row can do without; None when it is blank or was noted."""
        value = self._row.values.get(field)
        if is_blank(value):
            return None
        try:
            return parse(value)
        except Unreadable as unreadable:
            self.note(field, str(unreadable))
            return None

    def refuse(self, field: str, reason: str) -> None:
        """Give up the row, naming the field that is at fault."""
        self.refusals.append(self.problem(field, reason))

    def note(self, field: str, reason: str) -> None:
        """Keep the row, and tell that this field of it was left out or mended."""
        self.notes.append(self.problem(field, reason))

    def problem(self, field: str, reason: str) -> RowProblem:
        """Name what this row says in `field`, with a reason."""
        return RowProblem(self._row.number, field, shown(self._row.values.get(field)), reason)


def is_blank(value: object) -> bool:
    """Say whether a field says nothing: absent, null, or only white space."""
    return value is None or (isinstance(value, str) and not value.strip())


def shown(value: object) -> str:
    """Write a value for a report, by its beginning if it is long."""
    text = "" if value is None else str(value)
    # What a terminal would act on instead of showing has no place in a report.
    tidy = "".join(character if character.isprintable() else " " for character in text[: LONGEST_SHOWN + 1])
    return tidy if len(text) <= LONGEST_SHOWN else f"{tidy[: LONGEST_SHOWN - 1]}…"


def yes_or_no(value: object) -> bool:
    """Read an answer. Raises: Unreadable for anything else."""
    answer = YES_OR_NO.get(str(value).strip().casefold())
    if answer is None:
        raise Unreadable("neither yes nor no")
    return answer


def text_of(longest: int) -> Callable[[object], str]:
    """Make a reader of one-line texts: white space becomes single spaces, letters and accents are composed (NFC)."""

    def read(value: object) -> str:
        tidy = " ".join(_characters(value).split())
        if len(tidy) > longest:
            raise Unreadable(f"longer than {longest} characters")
        return tidy

    return read


def prose_of(longest: int) -> Callable[[object], str]:
    """Make a reader of texts that may run over lines, which are kept."""

    def read(value: object) -> str:
        tidy = "\n".join(line.rstrip() for line in _characters(value).strip().splitlines())
        if len(tidy) > longest:
            raise Unreadable(f"longer than {longest} characters")
        return tidy

    return read


def _characters(value: object) -> str:
    """Read a value as text that PostgreSQL can hold: no NUL, no lone surrogate, no control character."""
    match value:
        case str():
            text = unicodedata.normalize("NFC", value)
        case bool():
            raise Unreadable("true or false, where a text belongs")
        case int() | Decimal():
            text = format(value, "f") if isinstance(value, Decimal) else str(value)
        case _:
            raise Unreadable("a list or an object, where a text belongs")
    # Most texts are printable throughout, and looking at each of their characters would be half the cost of an import.
    if not text.isprintable():
        for character in text:
            if unicodedata.category(character) in {"Cc", "Cs"} and not character.isspace():
                raise Unreadable(f"contains the character U+{ord(character):04X}, which is no text")
    return text
