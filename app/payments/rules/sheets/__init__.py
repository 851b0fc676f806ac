"""Documents as pages, for people: a web page, and a PDF where the library for it is installed.

What a document says is written out once, as a sheet: every amount, date and word in the language of its channel. The page and
the PDF only lay it out. Nothing that anybody typed is ever read as markup.
"""

from app.payments.rules.sheets.edition import EDITION
from app.payments.rules.sheets.html import PAGE_POLICY, to_html
from app.payments.rules.sheets.pdf import can_make_pdf, to_pdf
from app.payments.rules.sheets.sheet import Sheet, sheet_of

__all__ = ["EDITION", "PAGE_POLICY", "Sheet", "can_make_pdf", "sheet_of", "to_html", "to_pdf"]
