"""What may happen to the work of locations: it is opened, goes through its steps, is refused and routed again, or ends.

Invariants: who changes work has locked its order first; each step takes whole lists of lines and costs a fixed number
of statements; stock, the order's quantities and the money that is due change in the same transaction.
"""

from app.fulfillment.service.ending import cancel, hand_over, lock_all_open, lock_open
from app.fulfillment.service.locking import Locked, lock, lock_of_order, visible
from app.fulfillment.service.opening import carry_out, open_first_work, open_work, take_carried_out
from app.fulfillment.service.rerouting import Cut, HandedOn, Withdrawn, Worked, hand_on, pick, reject, withdraw
from app.fulfillment.service.steps import accept, deliver, make_ready, pack, ship

__all__ = [
    "Cut",
    "HandedOn",
    "Locked",
    "Withdrawn",
    "Worked",
    "accept",
    "cancel",
    "carry_out",
    "deliver",
    "hand_on",
    "hand_over",
    "lock",
    "lock_all_open",
    "lock_of_order",
    "lock_open",
    "make_ready",
    "open_first_work",
    "open_work",
    "pack",
    "pick",
    "reject",
    "ship",
    "take_carried_out",
    "visible",
    "withdraw",
]
