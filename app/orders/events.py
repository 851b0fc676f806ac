"""Facts about orders."""

from dataclasses import dataclass

from app.kernel.events import Event
from app.kernel.ids import OrderId


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPlaced(Event):
    """A cart became an order."""

    order_id: OrderId


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderChanged(Event):
    """Quantities, money or status of an order changed."""

    order_id: OrderId
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCancelled(Event):
    """Units of an order were cancelled before they left."""

    order_id: OrderId
    units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderHeld(Event):
    """An order may not go on."""

    order_id: OrderId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReleased(Event):
    """A hold on an order ended: released, or rejected for good."""

    order_id: OrderId
    reason: str
    status: str
