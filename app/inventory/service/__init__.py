"""The events that may touch a level, one function each; nothing else writes stock.

All take whole lists of units and cost a fixed number of statements however long the list.
"""

from app.inventory.service.arriving import tell_arrived
from app.inventory.service.breaking import break_promises, lock_supplies_of_transfers, lock_transfers, lower_transfers
from app.inventory.service.correcting import adjust, set_levels
from app.inventory.service.counts import (
    CountWithLines,
    create_count,
    lock_count,
    record_count,
    recount,
    reject_count,
    submit_count,
    write_posted,
)
from app.inventory.service.feeding import move_units, set_units
from app.inventory.service.holding import (
    Held,
    extend_soft,
    promote,
    reclaim,
    release_soft,
    release_soft_of,
    reserve_in_part,
    reserve_soft,
    sweep_expired,
)
from app.inventory.service.moving import open_levels
from app.inventory.service.promising import allocate, receive_return, release_firm, take_out, write_off
from app.inventory.service.purchase_orders import (
    Announcement,
    PurchaseOrderWithLines,
    begin_announcement,
    finish_announcement,
    lock_purchase_order,
    settle_purchase_order,
)
from app.inventory.service.sending import send_to_stores
from app.inventory.service.supply import fill_backorders, limit_backorders, receive_supply, release_ahead, reserve_ahead

__all__ = [
    "Announcement",
    "CountWithLines",
    "Held",
    "PurchaseOrderWithLines",
    "adjust",
    "allocate",
    "begin_announcement",
    "break_promises",
    "create_count",
    "extend_soft",
    "fill_backorders",
    "finish_announcement",
    "limit_backorders",
    "lock_count",
    "lock_purchase_order",
    "lock_supplies_of_transfers",
    "lock_transfers",
    "lower_transfers",
    "move_units",
    "open_levels",
    "promote",
    "receive_return",
    "receive_supply",
    "reclaim",
    "record_count",
    "recount",
    "reject_count",
    "release_ahead",
    "release_firm",
    "release_soft",
    "release_soft_of",
    "reserve_ahead",
    "reserve_in_part",
    "reserve_soft",
    "send_to_stores",
    "set_levels",
    "set_units",
    "settle_purchase_order",
    "submit_count",
    "sweep_expired",
    "take_out",
    "tell_arrived",
    "write_off",
    "write_posted",
]
