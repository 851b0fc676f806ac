"""The journey from cart to order. `complete` begins or continues an attempt, `recover` finishes what was left lying."""

from app.checkout.service.complete import CompleteCheckout, Completed, PaymentAsked, complete
from app.checkout.service.conclude import abandon_for_edit
from app.checkout.service.recover import look_after, recover
from app.checkout.service.start import start

__all__ = [
    "CompleteCheckout",
    "Completed",
    "PaymentAsked",
    "abandon_for_edit",
    "complete",
    "look_after",
    "recover",
    "start",
]
