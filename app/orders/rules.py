"""What an order is, without a database: its quantities, its statuses derived from them, and what is due when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from app.channels.states import CaptureAt, CaptureDelivery
from app.delivery.states import DeliveryMethod
from app.kernel.address import Address
from app.kernel.errors import BrokenInvariant, QuantityExceeded
from app.kernel.ids import CartId, ChannelId, CustomerId, LocationId, OrderId, OrderLineId, VariantId
from app.kernel.money import share
from app.orders.states import FulfillmentStatus, HoldReason, HoldStatus, OrderPaymentStatus, OrderStatus, ReturnProgress


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A variant bought, its price frozen, and where its units have got to."""

    id: OrderLineId
    order_id: OrderId
    position: int
    variant_id: VariantId
    product_name: str
    sku: str
    options: list[dict[str, str]]
    delivery: DeliveryMethod
    store_id: LocationId | None
    ordered: int
    unallocated: int
    backordered: int
    allocated: int
    fulfilled: int
    cancelled: int
    returned: int
    unit_price_minor: int
    subtotal_minor: int
    discount_minor: int
    tax_minor: int
    total_minor: int
    discounts: list[dict[str, Any]]
    tax_included: bool
    #: The bundle that was bought, of which this line is a part.
    bundle_id: VariantId | None = None
    #: Whether each unit becomes a gift card once it has left.
    gift_card: bool = False
    #: What the shopper wrote: for the shop, and for whoever gets the goods.
    note: str | None = None
    gift_message: str | None = None

    @property
    def cancellable(self) -> int:
        """Units that have not left."""
        return self.unallocated + self.backordered + self.allocated

    @property
    def remaining(self) -> int:
        """Units that were not cancelled."""
        return self.ordered - self.cancelled

    def value(self, units: int) -> int:
        """Say what the first `units` of the line are worth, discounts and tax included."""
        return share(self.total_minor, part=units, whole=self.ordered)

    def tax_of(self, units: int) -> int:
        """Say how much tax is in the first `units` of the line."""
        return share(self.tax_minor, part=units, whole=self.ordered)


@dataclass(frozen=True, slots=True)
class OrderDelivery:
    """What one delivery of an order cost: one method, and for pickup one store."""

    id: UUID
    order_id: OrderId
    method: DeliveryMethod
    store_id: LocationId | None
    option_code: str
    option_name: str
    price_minor: int
    discount_minor: int
    tax_minor: int
    total_minor: int
    discounts: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Order:
    """The header of an order."""

    id: OrderId
    number: str
    channel_id: ChannelId
    cart_id: CartId
    customer_id: CustomerId | None
    email: str | None
    currency: str
    tax_included: bool
    status: OrderStatus
    payment_status: OrderPaymentStatus
    fulfillment_status: FulfillmentStatus
    return_status: ReturnProgress
    started: bool
    shipping_address: Address | None
    billing_address: Address | None
    subtotal_minor: int
    discount_minor: int
    delivery_minor: int
    tax_minor: int
    total_minor: int
    token_generation: int
    placed_at: datetime
    updated_at: datetime
    capture_at: CaptureAt = CaptureAt.SHIPMENT
    capture_delivery: CaptureDelivery = CaptureDelivery.FIRST


@dataclass(frozen=True, slots=True)
class Hold:
    """Why an order may not go on, and which of its steps are blocked meanwhile."""

    id: UUID
    order_id: OrderId
    reason: HoldReason
    message: str
    blocks: tuple[str, ...]
    status: HoldStatus
    applied_by: str
    applied_at: datetime
    ended_by: str | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """An entry of an order's timeline."""

    id: UUID
    order_id: OrderId
    kind: str
    message: str
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OrderWithLines:
    """An order, locked, with what its rules need."""

    order: Order
    lines: tuple[OrderLine, ...]
    deliveries: tuple[OrderDelivery, ...] = field(default=())

    def line(self, line_id: UUID) -> OrderLine | None:
        """Find one line."""
        return next((line for line in self.lines if line.id == line_id), None)


@dataclass(frozen=True, slots=True)
class Statuses:
    """The derived statuses of a header, but for the payment's."""

    status: OrderStatus
    fulfillment_status: FulfillmentStatus
    return_status: ReturnProgress


def statuses(lines: Sequence[OrderLine], *, started: bool) -> Statuses:
    """Derive an order's statuses from its quantities: the one function that does."""
    ordered = sum(line.ordered for line in lines)
    cancelled = sum(line.cancelled for line in lines)
    fulfilled = sum(line.fulfilled for line in lines)
    returned = sum(line.returned for line in lines)
    due = ordered - cancelled
    if ordered == cancelled:
        status = OrderStatus.CANCELLED
    elif fulfilled == due:
        status = OrderStatus.FULFILLED
    elif fulfilled:
        status = OrderStatus.PARTIALLY_FULFILLED
    else:
        status = OrderStatus.PROCESSING if started else OrderStatus.PLACED
    if not fulfilled:
        fulfillment = FulfillmentStatus.UNFULFILLED
    else:
        fulfillment = FulfillmentStatus.FULFILLED if fulfilled == due else FulfillmentStatus.PARTIALLY_FULFILLED
    if not returned:
        returns = ReturnProgress.NONE
    else:
        returns = ReturnProgress.RETURNED if returned == fulfilled == due else ReturnProgress.PARTIALLY_RETURNED
    return Statuses(status, fulfillment, returns)


def value_remaining(order: OrderWithLines) -> int:
    """Say what the order is worth without its cancelled units; a delivery with nothing left to deliver costs nothing."""
    lines = sum(line.value(line.remaining) for line in order.lines)
    return lines + sum(d.total_minor for d in order.deliveries if _units(order, d, lambda line: line.remaining))


def _units(order: OrderWithLines, delivery: OrderDelivery, count: Any) -> int:
    return sum(
        count(line) for line in order.lines if line.delivery is delivery.method and line.store_id == delivery.store_id
    )


Quantities = Mapping[OrderLineId, int]


def fulfilled(line: OrderLine, units: int) -> OrderLine:
    """Move units from allocated to fulfilled."""
    return _moved(line, allocated=-units, fulfilled=units)


def unallocated(line: OrderLine, units: int) -> OrderLine:
    """Move units from allocated back to waiting."""
    return _moved(line, allocated=-units, unallocated=units)


def allocated(line: OrderLine, units: int) -> OrderLine:
    """Move units from waiting to allocated."""
    return _moved(line, unallocated=-units, allocated=units)


def filled(line: OrderLine, units: int) -> OrderLine:
    """Move units from backordered to allocated: what they waited for has come."""
    return _moved(line, backordered=-units, allocated=units)


def let_down(line: OrderLine, units: int) -> OrderLine:
    """Move units from backordered to waiting: what they waited for will not come."""
    return _moved(line, backordered=-units, unallocated=units)


def returned(line: OrderLine, units: int) -> OrderLine:
    """Count units that came back."""
    if line.returned + units > line.fulfilled:
        raise QuantityExceeded("more units than the customer was given")
    return replace(line, returned=line.returned + units)


def cancelled(line: OrderLine, units: int) -> OrderLine:
    """Cancel units that have not left: first those that wait, then those on backorder, then allocated ones."""
    if units > line.cancellable:
        raise QuantityExceeded("more units than can still be cancelled")
    waiting = min(units, line.unallocated)
    backordered = min(units - waiting, line.backordered)
    return _moved(
        line,
        unallocated=-waiting,
        backordered=-backordered,
        allocated=-(units - waiting - backordered),
        cancelled=units,
    )


def _moved(line: OrderLine, **deltas: int) -> OrderLine:
    moved = replace(line, **{name: getattr(line, name) + delta for name, delta in deltas.items()})
    if min(moved.unallocated, moved.backordered, moved.allocated, moved.fulfilled, moved.cancelled) < 0:
        raise BrokenInvariant(f"order line {line.id} has no such units to move: {deltas}")
    return moved
