"""Lists of lines that people type or scan: how long they may be, how many units a line is about, and their notes."""

from collections.abc import Collection, Sequence
from uuid import UUID

from app.kernel.errors import Invalid

#: What one call names at most: lines, units of a line, characters of a note.
MOST_LINES = 500
MOST_UNITS = 1_000_000
LONGEST_NOTE = 500


def refuse_length(lines: Collection[object]) -> None:
    """Refuse a list that names nothing, or too much at once.

    Raises: Invalid.
    """
    if not lines:
        raise Invalid("name at least one line", field=("lines",))
    if len(lines) > MOST_LINES:
        raise Invalid(f"at most {MOST_LINES} lines at once", field=("lines",))


def refuse_quantity(quantity: int, *, field: Sequence[str]) -> None:
    """Refuse a number of units that is none, or more than one line can be about.

    Raises: Invalid.
    """
    if not 1 <= quantity <= MOST_UNITS:
        raise Invalid(f"from 1 to {MOST_UNITS}", field=field)


def short_note(text: str | None, *, field: str = "note") -> str | None:
    """Tidy a note that a person typed.

    Raises: Invalid when it is too long.
    """
    tidy = " ".join(text.split()) if text else ""
    if len(tidy) > LONGEST_NOTE:
        raise Invalid(f"at most {LONGEST_NOTE} characters", field=(field,))
    return tidy or None


def first_of(variant_ids: Sequence[UUID], at_fault: Collection[UUID]) -> tuple[str, str, str]:
    """Name the first line whose variant is at fault."""
    return ("lines", str(next(i for i, key in enumerate(variant_ids) if key in at_fault)), "variantId")
