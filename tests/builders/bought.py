"""Lines of orders and of returns that stand in no database, for tests of rules."""

from datetime import UTC, datetime

from app.delivery.states import DeliveryMethod
from app.kernel.ids import (
    CartId,
    ChannelId,
    LocationId,
    OrderId,
    OrderLineId,
    ReturnId,
    ReturnLineId,
    VariantId,
    new_id,
)
from app.orders.rules import Order, OrderDelivery, OrderLine, OrderWithLines
from app.orders.states import FulfillmentStatus, OrderPaymentStatus, OrderStatus, ReturnProgress
from app.returns.rules import Return, ReturnLine, ReturnWithLines
from app.returns.states import RefundMethod, ReturnReason, ReturnStatus

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
ORDER_ID = OrderId(new_id())


def bought(
    *,
    ordered: int = 3,
    fulfilled: int | None = None,
    cancelled: int = 0,
    returned: int = 0,
    total: int = 1000,
    tax: int = 167,
    delivery: DeliveryMethod = DeliveryMethod.SHIPPING,
    store_id: LocationId | None = None,
) -> OrderLine:
    """Make a line of an order; all of it has left unless said otherwise."""
    gone = ordered - cancelled if fulfilled is None else fulfilled
    return OrderLine(
        id=OrderLineId(new_id()), order_id=ORDER_ID, position=0, variant_id=VariantId(new_id()), product_name="Mug",
        sku="mug", options=[], delivery=delivery, store_id=store_id, ordered=ordered, unallocated=0, backordered=0,
        allocated=ordered - cancelled - gone, fulfilled=gone, cancelled=cancelled, returned=returned,
        unit_price_minor=0, subtotal_minor=0, discount_minor=0, tax_minor=tax, total_minor=total, discounts=[],
        tax_included=True,
    )  # fmt: skip


def delivered(*, price: int = 499, tax: int = 83, store_id: LocationId | None = None) -> OrderDelivery:
    """Make what a delivery cost; to the door unless it is to a store."""
    method = DeliveryMethod.SHIPPING if store_id is None else DeliveryMethod.PICKUP
    return OrderDelivery(
        id=new_id(), order_id=ORDER_ID, method=method, store_id=store_id, option_code="standard",
        option_name="Standard", price_minor=price, discount_minor=0, tax_minor=tax, total_minor=price, discounts=[],
    )  # fmt: skip


def order_of(*lines: OrderLine, deliveries: tuple[OrderDelivery, ...] = ()) -> OrderWithLines:
    """Make an order of lines."""
    order = Order(
        id=ORDER_ID, number="ABC", channel_id=ChannelId(new_id()), cart_id=CartId(new_id()), customer_id=None, email=None,
        currency="GBP", tax_included=True, status=OrderStatus.FULFILLED, payment_status=OrderPaymentStatus.CAPTURED,
        fulfillment_status=FulfillmentStatus.FULFILLED, return_status=ReturnProgress.NONE, started=True,
        shipping_address=None, billing_address=None, subtotal_minor=0, discount_minor=0, delivery_minor=0, tax_minor=0,
        total_minor=0, token_generation=0, placed_at=NOW, updated_at=NOW,
    )  # fmt: skip
    return OrderWithLines(order, lines, deliveries)


def return_of(line: OrderLine, quantity: int) -> ReturnWithLines:
    """Make an approved return of units of a line."""
    header = Return(
        id=ReturnId(new_id()), number="R1", order_id=ORDER_ID, status=ReturnStatus.APPROVED,
        refund_method=RefundMethod.ORIGINAL, decline_reason=None, currency="GBP", refund_lines_minor=0,
        refund_tax_minor=0, refund_delivery_minor=0, refund_total_minor=0, created_at=NOW, updated_at=NOW,
    )  # fmt: skip
    expected = ReturnLine(
        id=ReturnLineId(new_id()), return_id=header.id, order_line_id=line.id, variant_id=line.variant_id,
        quantity=quantity, reason=ReturnReason.UNWANTED, note=None, received=0, accepted=0, refund_minor=0,
        refund_tax_minor=0,
    )  # fmt: skip
    return ReturnWithLines(header, (expected,))
