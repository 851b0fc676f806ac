"""Which units of an order may still be cancelled, and which of them stand in work."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.delivery.states import DeliveryMethod
from app.kernel.errors import Invalid, NotFound, QuantityExceeded
from app.kernel.ids import CartId, ChannelId, OrderId, OrderLineId, VariantId, new_id
from app.orders.rules import Order, OrderLine, OrderWithLines
from app.orders.states import FulfillmentStatus, OrderPaymentStatus, OrderStatus, ReturnProgress
from app.servicing import rules
from app.servicing.errors import NothingToCancel
from app.servicing.rules import OrderLineQuantity

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def line(**quantities: int) -> OrderLine:
    ordered = sum(quantities.values())
    where: dict[str, Any] = {"unallocated": 0, "backordered": 0, "allocated": 0, "fulfilled": 0, "cancelled": 0}
    return OrderLine(
        id=OrderLineId(new_id()), order_id=OrderId(new_id()), position=0, variant_id=VariantId(new_id()),
        product_name="Mug", sku="mug", options=[], delivery=DeliveryMethod.SHIPPING, store_id=None, ordered=ordered,
        returned=0, unit_price_minor=100, subtotal_minor=100 * ordered, discount_minor=0, tax_minor=0,
        total_minor=100 * ordered, discounts=[], tax_included=True, **(where | quantities),
    )  # fmt: skip


def order_of(*lines: OrderLine) -> OrderWithLines:
    header: dict[str, Any] = {
        "id": OrderId(new_id()), "number": "7KQ2M9XWA", "channel_id": ChannelId(new_id()), "cart_id": CartId(new_id()),
        "customer_id": None, "email": None, "currency": "GBP", "tax_included": True, "status": OrderStatus.PLACED,
        "payment_status": OrderPaymentStatus.AUTHORIZED, "fulfillment_status": FulfillmentStatus.UNFULFILLED,
        "return_status": ReturnProgress.NONE, "started": False, "shipping_address": None, "billing_address": None,
        "subtotal_minor": 0, "discount_minor": 0, "delivery_minor": 0, "tax_minor": 0, "total_minor": 0,
        "token_generation": 0, "placed_at": NOON, "updated_at": NOON,
    }  # fmt: skip
    return OrderWithLines(Order(**header), lines)


class TestCancellable:
    def test_is_everything_that_has_not_left(self) -> None:
        mixed = line(unallocated=1, backordered=1, allocated=2, fulfilled=3, cancelled=1)
        gone = line(fulfilled=2)

        assert rules.cancellable(order_of(mixed, gone), None) == {mixed.id: 4}

    def test_is_what_was_named(self) -> None:
        mug, bowl = line(allocated=3), line(allocated=1)

        assert rules.cancellable(order_of(mug, bowl), [OrderLineQuantity(mug.id, 2)]) == {mug.id: 2}

    def test_is_nothing_once_everything_has_left(self) -> None:
        with pytest.raises(NothingToCancel):
            rules.cancellable(order_of(line(fulfilled=1, cancelled=1)), None)

    @pytest.mark.parametrize(
        ("quantities", "refusal"),
        [([4], QuantityExceeded), ([0], Invalid), ([1, 1], Invalid), ([], Invalid)],
        ids=["too many", "none", "the same line twice", "no line"],
    )
    def test_refuses(self, quantities: list[int], refusal: type[Exception]) -> None:
        mug = line(allocated=3)

        with pytest.raises(refusal):
            rules.cancellable(order_of(mug), [OrderLineQuantity(mug.id, quantity) for quantity in quantities])

    def test_refuses_lines_of_other_orders(self) -> None:
        with pytest.raises(NotFound):
            rules.cancellable(order_of(line(allocated=1)), [OrderLineQuantity(line(allocated=1).id, 1)])


class TestCutFromWork:
    def test_is_what_does_not_wait_anyway(self) -> None:
        mug = line(unallocated=1, backordered=1, allocated=3)

        assert rules.cut_from_work(order_of(mug), {mug.id: 4}) == {mug.id: 2}
        assert rules.cut_from_work(order_of(mug), {mug.id: 2}) == {}
