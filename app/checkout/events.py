"""Facts about checkout attempts."""

from dataclasses import dataclass

from app.kernel.events import Event
from app.kernel.ids import AttemptId, CartId


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutAttemptEnded(Event):
    """An attempt ended without an order."""

    attempt_id: AttemptId
    cart_id: CartId
    status: str
