"""What an attempt freezes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from app.channels.states import CaptureAt, CaptureDelivery
from app.checkout.states import AttemptStatus
from app.delivery.states import DeliveryMethod
from app.inventory.rules import Ahead, Units
from app.kernel.address import Address
from app.kernel.ids import AttemptId, CartId, ChannelId, CustomerId, LocationId, OrderId, OrderLineId, VariantId
from app.sourcing.rules import Sourced


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
    note: str | None = None
    gift_message: str | None = None


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
class SentSupply:
    """Units of a line that another location sends to the store that hands them out."""

    order_line_id: OrderLineId
    variant_id: VariantId
    from_location_id: LocationId
    store_id: LocationId
    quantity: int
    lead_minutes: int


@dataclass(frozen=True, slots=True)
class AheadSupply:
    """Units of a line that wait for what is expected at a location."""

    order_line_id: OrderLineId
    supply_id: UUID
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
    sent: tuple[SentSupply, ...] = ()
    #: Where each tender stands in the shopper's list, in the order in which they are charged.
    tender_places: tuple[int, ...] = ()
    ahead: tuple[AheadSupply, ...] = ()
    #: When the order's money is taken, and with which goods its deliveries are.
    capture_at: CaptureAt = CaptureAt.SHIPMENT
    capture_delivery: CaptureDelivery = CaptureDelivery.FIRST
    #: Where a shopper who has to act elsewhere comes back to.
    return_url: str | None = None

    def field_of(self, position: int) -> tuple[str, ...]:
        """Say where the shopper's input names the tender that is charged in this place."""
        return ("payments", str(self.tender_places[position])) if position < len(self.tender_places) else ("payments",)

    def units(self) -> list[Units]:
        """List what has to be reserved of what is there."""
        return [
            *(
                Units(supply.order_line_id, supply.variant_id, supply.location_id, supply.quantity)
                for supply in self.supplies
            ),
            *self.units_sent(),
        ]

    def units_sent(self) -> list[Units]:
        """List what is there, and has to be sent to the store that hands it out."""
        return [Units(part.order_line_id, part.variant_id, part.from_location_id, part.quantity) for part in self.sent]

    def units_ahead(self) -> list[Ahead]:
        """List what has to be reserved of what is expected."""
        return [
            Ahead(part.order_line_id, part.supply_id, part.variant_id, part.location_id, part.quantity)
            for part in self.ahead
        ]

    def on_one_level(self) -> bool:
        """Say whether all of it is of one variant at one location."""
        return not self.ahead and len({(part.variant_id, part.location_id) for part in self.units()}) == 1

    def held(self) -> int:
        """Say how many units are held while the gateways are asked."""
        return sum(part.quantity for part in self.units()) + sum(part.quantity for part in self.ahead)

    def waiting(self) -> dict[OrderLineId, int]:
        """Say how many units of which line are not where they will be handed over or shipped from."""
        units: dict[OrderLineId, int] = {}
        parts: list[SentSupply | AheadSupply] = [*self.sent, *self.ahead]
        for part in parts:
            units[part.order_line_id] = units.get(part.order_line_id, 0) + part.quantity
        return units

    def for_cart(self, units: Sequence[Units]) -> list[Units]:
        """Write units of the order's lines as those of the cart's, to be held for the cart again."""
        cart_line = {line.id: line.cart_line_id for line in self.lines}
        return [
            Units(cart_line[OrderLineId(part.line_id)], part.variant_id, part.location_id, part.quantity)
            for part in units
        ]

    def ahead_for_cart(self) -> list[Ahead]:
        """Write what waits for supply as of the cart's lines."""
        cart_line = {line.id: line.cart_line_id for line in self.lines}
        return [
            Ahead(cart_line[part.order_line_id], part.supply_id, part.variant_id, part.location_id, part.quantity)
            for part in self.ahead
        ]

    def slots(self) -> dict[LocationId, datetime | None]:
        """Say which pickup slot was chosen at which store, where there is something to collect then."""
        there = {supply.location_id for supply in self.supplies}
        return {
            delivery.store_id: delivery.slot_starts_at
            for delivery in self.deliveries
            if delivery.method is DeliveryMethod.PICKUP and delivery.store_id is not None and delivery.store_id in there
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


def supplied(snapshot: Snapshot, sourced: Sourced) -> Snapshot:
    """Write down where everything comes from."""
    return replace(
        snapshot,
        supplies=tuple(
            Supply(OrderLineId(u.line_id), VariantId(u.variant_id), LocationId(u.location_id), u.quantity)
            for u in sourced.units
        ),
        sent=tuple(
            SentSupply(
                OrderLineId(s.line_id),
                VariantId(s.variant_id),
                LocationId(s.from_location_id),
                LocationId(s.store_id),
                s.quantity,
                s.lead_minutes,
            )
            for s in sourced.sent
        ),
        ahead=tuple(
            AheadSupply(
                OrderLineId(a.line_id), a.supply_id, VariantId(a.variant_id), LocationId(a.location_id), a.quantity
            )
            for a in sourced.ahead
        ),
        decision=sourced.record,
    )


def as_held(snapshot: Snapshot, there: Sequence[Units], ahead: Sequence[Ahead]) -> Snapshot:
    """Write down what the order's units are held of by now: what is there, and what still waits for supply."""
    units: dict[tuple[UUID, UUID, UUID], int] = {}
    for part in there:
        key = (part.line_id, part.variant_id, part.location_id)
        units[key] = units.get(key, 0) + part.quantity
    for sent in snapshot.sent:
        units[sent.order_line_id, sent.variant_id, sent.from_location_id] -= sent.quantity
    return replace(
        snapshot,
        supplies=tuple(
            Supply(OrderLineId(line_id), VariantId(variant_id), LocationId(location_id), quantity)
            for (line_id, variant_id, location_id), quantity in units.items()
            if quantity
        ),
        ahead=tuple(
            AheadSupply(
                OrderLineId(part.line_id),
                part.supply_id,
                VariantId(part.variant_id),
                LocationId(part.location_id),
                part.quantity,
            )
            for part in ahead
        ),
    )
