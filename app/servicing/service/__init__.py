"""What happens to placed orders after all, across their work, their pickups, their stock and their money."""

from app.servicing.service.breaking import BrokenPromise, break_promises
from app.servicing.service.cancelling import cancel, may_cancel
from app.servicing.service.counting import PostedCount, post_count
from app.servicing.service.filling import Breach, fill_backorders, fill_waiting, receive
from app.servicing.service.holding import end_hold
from app.servicing.service.planning import plan_again, plan_waiting
from app.servicing.service.purchasing import (
    WILL_NOT_COME,
    cancel_purchase_order,
    close_purchase_order,
    put_purchase_order,
    receive_purchase_order,
)
from app.servicing.service.transferring import (
    cancel_transfer,
    receive_transfer,
    ship_transfer,
    write_back_transfer,
    write_off_transfer,
)

__all__ = [
    "WILL_NOT_COME",
    "Breach",
    "BrokenPromise",
    "PostedCount",
    "break_promises",
    "cancel",
    "cancel_purchase_order",
    "cancel_transfer",
    "close_purchase_order",
    "end_hold",
    "fill_backorders",
    "fill_waiting",
    "may_cancel",
    "plan_again",
    "plan_waiting",
    "post_count",
    "put_purchase_order",
    "receive",
    "receive_purchase_order",
    "receive_transfer",
    "ship_transfer",
    "write_back_transfer",
    "write_off_transfer",
]
