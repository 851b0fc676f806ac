"""What a cart is and costs, without a database."""

from app.cart.rules.changes import (
    LEFT_OUT,
    AddLine,
    CartChanges,
    ChangeLine,
    LeftOut,
    Rewritten,
    Select,
    Slot,
    merged,
    refuse_too_many_lines,
    rewritten,
)
from app.cart.rules.records import MOST_CODES, MOST_LINES, MOST_UNITS, Cart, CartLine, Selection, group_id
from app.cart.rules.totals import Quote, QuotedDiscount, QuotedGroup, QuotedLine, QuotedOption, Terms, UnitPrice, quoted

__all__ = [
    "LEFT_OUT",
    "MOST_CODES",
    "MOST_LINES",
    "MOST_UNITS",
    "AddLine",
    "Cart",
    "CartChanges",
    "CartLine",
    "ChangeLine",
    "LeftOut",
    "Quote",
    "QuotedDiscount",
    "QuotedGroup",
    "QuotedLine",
    "QuotedOption",
    "Rewritten",
    "Select",
    "Selection",
    "Slot",
    "Terms",
    "UnitPrice",
    "group_id",
    "merged",
    "quoted",
    "refuse_too_many_lines",
    "rewritten",
]
