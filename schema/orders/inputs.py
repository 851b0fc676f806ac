"""What clients ask of orders."""

from datetime import datetime
from enum import StrEnum

import strawberry

from app.orders.states import FulfillmentStatus, HoldReason, OrderPaymentStatus, OrderStatus


@strawberry.input
class OrderFilter:
    """Which orders to list; what is left out lets everything through."""

    status: list[OrderStatus] | None = None
    """Any of these."""
    payment_status: list[OrderPaymentStatus] | None = None
    """Paid for in any of these ways."""
    fulfillment_status: list[FulfillmentStatus] | None = None
    """Gone so far: any of these."""
    channel: str | None = None
    """The code of the channel that sold it."""
    location_id: strawberry.ID | None = None
    """Orders with work at this location."""
    customer_id: strawberry.ID | None = None
    """Orders of this customer."""
    placed_from: datetime | None = None
    """Placed at this moment or later."""
    placed_to: datetime | None = None
    """Placed before this moment."""
    query: str | None = None
    """An order number, or the whole email address of the buyer."""
    on_hold: bool | None = None
    """Whether they are held at this moment, for whatever reason. Needs orders:read."""
    hold_reason: list[HoldReason] | None = None
    """Held at this moment for any of these reasons. Needs orders:read."""


@strawberry.enum
class OrderSort(StrEnum):
    """In which order to list orders."""

    PLACED_DESC = "PLACED_DESC"
    """The newest first."""
    PLACED_ASC = "PLACED_ASC"
    """The oldest first."""
    TOTAL_DESC = "TOTAL_DESC"
    """The dearest first."""
    TOTAL_ASC = "TOTAL_ASC"
    """The cheapest first."""
