"""A sheet as a PDF for archives (PDF/A), by the library `typst`, which comes with the extra `pdf`.

The sheet is handed to the layout as values: nothing in it is read as markup. The same sheet gives the same bytes.
"""

from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import orjson

from app.payments.rules.sheets.sheet import Sheet

try:
    import typst
except ImportError:  # The extra is not installed: documents are pages alone.
    typst = None  # type: ignore[assignment]  # It is a module wherever it is there.

_LAYOUT = (Path(__file__).parent / "invoice.typ").read_bytes()
_ARCHIVED: Final = "a-2b"


def can_make_pdf() -> bool:
    """Say whether the library for PDFs is installed."""
    return typst is not None


@lru_cache(maxsize=1)
def _fonts() -> Any:
    """Look for fonts once: those of the library, and those of the system for scripts that it has none of."""
    return typst.Fonts(include_system_fonts=True, include_embedded_fonts=True)


def to_pdf(sheet: Sheet, *, written_at: datetime) -> bytes:
    """Lay a sheet out as a PDF. It takes a processor for a moment, and up to a second for a thousand lines.

    A sheet with letters that no font here has cannot be archived, and is laid out all the same: it shows boxes for them.
    """
    values = {"sheet": orjson.dumps(sheet).decode()}
    # The library refuses a moment with microseconds: a PDF knows whole seconds.
    timestamp = written_at.replace(microsecond=0)
    try:
        return typst.compile(
            _LAYOUT, font_paths=_fonts(), sys_inputs=values, timestamp=timestamp, pdf_standards=[_ARCHIVED]
        )
    except typst.TypstError:
        return typst.compile(_LAYOUT, font_paths=_fonts(), sys_inputs=values, timestamp=timestamp)
