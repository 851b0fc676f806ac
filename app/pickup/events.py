"""Facts about pickups."""

from dataclasses import dataclass

from app.kernel.events import Event
from app.kernel.ids import LocationId, OrderId, PickupId


@dataclass(frozen=True, slots=True, kw_only=True)
class PickupReady(Event):
    """Goods wait at the counter; the customer is told, and given the code."""

    pickup_id: PickupId
    order_id: OrderId
    store_id: LocationId


@dataclass(frozen=True, slots=True, kw_only=True)
class PickupCheckedIn(Event):
    """The customer is on the way, or there."""

    pickup_id: PickupId
    order_id: OrderId
    store_id: LocationId
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PickupCodeReissued(Event):
    """Too many wrong codes were tried: the old one is void, and the customer is sent a new one."""

    pickup_id: PickupId
    order_id: OrderId
    store_id: LocationId


@dataclass(frozen=True, slots=True, kw_only=True)
class PickupCollected(Event):
    """The customer has the goods."""

    pickup_id: PickupId
    order_id: OrderId
    store_id: LocationId


@dataclass(frozen=True, slots=True, kw_only=True)
class PickupExpired(Event):
    """Nobody came in time; the goods may be sold again."""

    pickup_id: PickupId
    order_id: OrderId
    store_id: LocationId


@dataclass(frozen=True, slots=True, kw_only=True)
class PickupCancelled(Event):
    """There is nothing to collect any more."""

    pickup_id: PickupId
    order_id: OrderId
    store_id: LocationId
