"""Facts about stock."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.kernel.events import Event
from app.kernel.ids import (
    CategoryId,
    CountId,
    LocationGroupId,
    LocationId,
    OrderId,
    ProductId,
    PurchaseOrderId,
    SafetyStockRuleId,
    TransferId,
    VariantId,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyStockRuleChanged(Event):
    """A rule of safety stock was made, changed or taken away; it is about this category and this group, or about all."""

    rule_id: SafetyStockRuleId
    category_id: CategoryId | None
    group_id: LocationGroupId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CountMoved(Event):
    """A count was begun, got further, was posted or rejected."""

    count_id: CountId
    location_id: LocationId
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseBroken(Event):
    """Units that a customer's order was promised will not come from where, or when, they were to."""

    order_id: OrderId
    variant_id: VariantId
    location_id: LocationId
    units: int
    units_waiting: int
    """Those of them that nobody else can supply for now."""
    cause: str
    """What kind of thing broke it, such as a count."""
    cause_id: UUID
    expected_at: datetime | None = None
    """When they are expected now, where supply is late; None when nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferChanged(Event):
    """A transfer was written, got further, was settled or cancelled."""

    transfer_id: TransferId
    from_location_id: LocationId
    to_location_id: LocationId
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StockArrived(Event):
    """Sellable units came to a level where somebody waits for them."""

    variant_id: VariantId
    location_id: LocationId


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseOrderChanged(Event):
    """A purchase order was announced, changed, received or ended."""

    purchase_order_id: PurchaseOrderId
    location_id: LocationId
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyStockUnsettled(Event):
    """A change of safety stock is about more levels than were looked at so far; those of variants behind one are due."""

    run_id: UUID
    category_id: CategoryId | None
    product_id: ProductId | None
    group_id: LocationGroupId | None
    location_id: LocationId | None
    after_variant_id: VariantId
