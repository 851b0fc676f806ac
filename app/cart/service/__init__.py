"""Commands on carts, and what a cart costs."""

from app.cart.service.access import authorize, lock_for_edit, may_see
from app.cart.service.checks import check_open
from app.cart.service.edits import PlacesLeft, add_lines, change_lines, select_delivery, update
from app.cart.service.holding import HeldCart, hold, list_shortages, shortages_of
from app.cart.service.life import claim, create, expire_due, hold_for_attempt, let_go, record_ordered
from app.cart.service.pricing import quote, quote_in_channel
from app.cart.service.recovery import make_recovery_link, recover

__all__ = [
    "HeldCart",
    "PlacesLeft",
    "add_lines",
    "authorize",
    "change_lines",
    "check_open",
    "claim",
    "create",
    "expire_due",
    "hold",
    "hold_for_attempt",
    "let_go",
    "list_shortages",
    "lock_for_edit",
    "make_recovery_link",
    "may_see",
    "quote",
    "quote_in_channel",
    "record_ordered",
    "recover",
    "select_delivery",
    "shortages_of",
    "update",
]
