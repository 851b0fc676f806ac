"""A sheet as a page for a browser, which prints it as well. It loads nothing, runs nothing, and reads nothing as markup."""

import base64
import hashlib
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.payments.rules.sheets.sheet import Sheet

_HERE = Path(__file__).parent
_STYLE = (_HERE / "invoice.css").read_text(encoding="utf-8")
_PAGES = Environment(
    loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_PAGE = _PAGES.get_template("invoice.html")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

#: What a browser may do with the page: apply its one style, and nothing else.
PAGE_POLICY = f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; frame-ancestors 'none'"


def to_html(sheet: Sheet) -> str:
    """Lay a sheet out as a page."""
    return _PAGE.render(sheet=sheet, style=_STYLE)
