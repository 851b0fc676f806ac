"""Facts about returns."""

from dataclasses import dataclass

from app.kernel.events import Event
from app.kernel.ids import LocationId, OrderId, ReturnId


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnRequested(Event):
    """A customer wants to give goods back."""

    return_id: ReturnId
    order_id: OrderId
    units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnApproved(Event):
    """The goods may come back."""

    return_id: ReturnId
    order_id: OrderId


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnDeclined(Event):
    """The shop will not take the goods back."""

    return_id: ReturnId
    order_id: OrderId


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnReceived(Event):
    """Goods came back to a location."""

    return_id: ReturnId
    order_id: OrderId
    location_id: LocationId
    units: int
    accepted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnClosed(Event):
    """Every unit of a return was decided on, and its money asked to be given back."""

    return_id: ReturnId
    order_id: OrderId
    refund_minor: int
