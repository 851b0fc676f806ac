"""The events that may touch a level, one function each; nothing else writes stock.

All take whole lists of units and cost a fixed number of statements however long the list.
"""

from app.inventory.service.correcting import adjust, set_levels
from app.inventory.service.holding import (
    Held,
    extend_soft,
    promote,
    reclaim,
    release_soft,
    reserve_in_part,
    reserve_soft,
    sweep_expired,
)
from app.inventory.service.moving import open_levels
from app.inventory.service.promising import allocate, receive_return, release_firm, take_out, write_off

__all__ = [
    "Held",
    "adjust",
    "allocate",
    "extend_soft",
    "open_levels",
    "promote",
    "receive_return",
    "reclaim",
    "release_firm",
    "release_soft",
    "reserve_in_part",
    "reserve_soft",
    "set_levels",
    "sweep_expired",
    "take_out",
    "write_off",
]
