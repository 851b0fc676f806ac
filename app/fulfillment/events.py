"""Facts about the work of locations."""

from dataclasses import dataclass

from app.kernel.events import Event
from app.kernel.ids import FulfillmentOrderId, LocationId, OrderId, ShipmentId


@dataclass(frozen=True, slots=True, kw_only=True)
class FulfillmentOrderOpened(Event):
    """Work arrived in a location's queue; goods carried out at once are born fulfilled."""

    fulfillment_order_id: FulfillmentOrderId
    order_id: OrderId
    location_id: LocationId
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FulfillmentOrderMoved(Event):
    """A location's work got further, or some of its units changed."""

    fulfillment_order_id: FulfillmentOrderId
    order_id: OrderId
    location_id: LocationId
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodsShipped(Event):
    """Goods left a location with a carrier; the customer is told."""

    fulfillment_order_id: FulfillmentOrderId
    order_id: OrderId
    location_id: LocationId
    shipment_id: ShipmentId


@dataclass(frozen=True, slots=True, kw_only=True)
class FulfillmentOrderRejected(Event):
    """A location refused work or some of it, or could not find all of it."""

    fulfillment_order_id: FulfillmentOrderId
    order_id: OrderId
    location_id: LocationId
    reason: str
    units: int
    units_waiting: int
    """Units that no other location could take over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodsDelivered(Event):
    """A shipment reached its customer."""

    shipment_id: ShipmentId
    order_id: OrderId
