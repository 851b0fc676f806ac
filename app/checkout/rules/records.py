"""What an attempt freezes."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.checkout.states import AttemptStatus
from app.delivery.states import DeliveryMethod
from app.inventory.rules import Units
from app.kernel.address import Address
from app.kernel.ids import AttemptId, CartId, ChannelId, CustomerId, LocationId, OrderId, OrderLineId, VariantId


@dataclass(frozen=True, slots=True)
class Tender:
    """One kind of money that the shopper pays with; without an amount it pays what remains."""

    gateway: str
    token: str | None
    amount: Decimal | None


@dataclass(frozen=True, slots=True)
class Discount:
    """An amount taken off."""

    name: str
    code: str | None
    amount_minor: int


@dataclass(frozen=True, slots=True)
class SnapshotLine:
    """An order line to be."""

    id: OrderLineId
    cart_line_id: UUID
    variant_id: VariantId
    product_name: str
    sku: str
    options: tuple[dict[str, str], ...]
    delivery: DeliveryMethod
    store_id: LocationId | None
    quantity: int
    unit_price_minor: int
    subtotal_minor: int
    discount_minor: int
    tax_minor: int
    total_minor: int
    discounts: tuple[Discount, ...]
    #: The bundle that the cart's line is of, when this is one of its components.
    bundle_id: VariantId | None = None


@dataclass(frozen=True, slots=True)
class SnapshotDelivery:
    """A delivery of the order to be: one method, and for pickup one store."""

    id: UUID
    method: DeliveryMethod
    store_id: LocationId | None
    slot_starts_at: datetime | None
    option_code: str
    option_name: str
    min_days: int
    price_minor: int
    discount_minor: int
    tax_minor: int
    total_minor: int
    discounts: tuple[Discount, ...]


@dataclass(frozen=True, slots=True)
class Supply:
    """Units of a line that one location supplies."""

    order_line_id: OrderLineId
    variant_id: VariantId
    location_id: LocationId
    quantity: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything the order will be built from, frozen when the attempt began."""

    order_id: OrderId
    number: str
    cart_id: CartId
    channel_id: ChannelId
    channel_code: str
    customer_id: CustomerId | None
    email: str | None
    currency: str
    tax_included: bool
    shipping_address: Address | None
    billing_address: Address | None
    subtotal_minor: int
    discount_minor: int
    delivery_minor: int
    tax_minor: int
    total_minor: int
    lines: tuple[SnapshotLine, ...]
    deliveries: tuple[SnapshotDelivery, ...]
    supplies: tuple[Supply, ...]
    decision: dict[str, Any] | None
    #: Whether the units are held while the gateways are asked; else whoever pays first gets them.
    holds_stock: bool = True
    #: How early the order is served when there is not enough for everybody.
    priority: int = 0
    #: Until when the cart held its units before the attempt took them over.
    cart_held_until: datetime | None = None

    def units(self) -> list[Units]:
        """List what has to be reserved."""
        return [
            Units(supply.order_line_id, supply.variant_id, supply.location_id, supply.quantity)
            for supply in self.supplies
        ]

    def cart_units(self) -> list[Units]:
        """List what the cart's own lines are supplied with, to be held for the cart again."""
        cart_line = {line.id: line.cart_line_id for line in self.lines}
        return [
            Units(cart_line[supply.order_line_id], supply.variant_id, supply.location_id, supply.quantity)
            for supply in self.supplies
        ]

    def slots(self) -> dict[LocationId, datetime | None]:
        """Say which pickup slot was chosen at which store."""
        return {
            delivery.store_id: delivery.slot_starts_at
            for delivery in self.deliveries
            if delivery.method is DeliveryMethod.PICKUP and delivery.store_id is not None
        }


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at turning a cart into an order."""

    id: AttemptId
    cart_id: CartId
    order_id: OrderId | None
    status: AttemptStatus
    currency: str
    total_minor: int
    snapshot: dict[str, Any] | None
    key_scope: str
    key: str
    failure_code: str | None
    failure: str | None
    created_at: datetime
    updated_at: datetime
    worked_until: datetime | None
