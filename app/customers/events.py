"""Facts about customers."""

from dataclasses import dataclass

from app.kernel.events import Event
from app.kernel.ids import CustomerId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerRegistered(Event):
    """Somebody became a customer with a log-in of their own. Their e-mail address is not verified yet."""

    customer_id: CustomerId
    user_id: UserId
