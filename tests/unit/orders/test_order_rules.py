"""What follows from an order's quantities: statuses, what is due, and which moves there are."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.delivery.states import DeliveryMethod
from app.kernel.errors import BrokenInvariant, QuantityExceeded
from app.kernel.ids import CartId, ChannelId, LocationId, OrderId, OrderLineId, VariantId
from app.orders import rules
from app.orders.rules import Order, OrderDelivery, OrderLine, OrderWithLines
from app.orders.states import FulfillmentStatus, OrderPaymentStatus, OrderStatus, ReturnProgress

ORDER = OrderId(UUID(int=1))
STORE = LocationId(UUID(int=2))
DELIVERY_MINOR = 499


def line(number: int, ordered: int, total_minor: int, store_id: LocationId | None = None) -> OrderLine:
    return OrderLine(
        id=OrderLineId(UUID(int=10 + number)), order_id=ORDER, position=number, variant_id=VariantId(UUID(int=20)),
        product_name="Mug", sku="mug", options=[], delivery=DeliveryMethod.PICKUP if store_id else DeliveryMethod.SHIPPING,
        store_id=store_id, ordered=ordered, unallocated=0, backordered=0, allocated=ordered, fulfilled=0, cancelled=0,
        returned=0, unit_price_minor=0, subtotal_minor=0, discount_minor=0, tax_minor=0, total_minor=total_minor,
        discounts=[], tax_included=True,
    )  # fmt: skip


def order(*lines: OrderLine) -> OrderWithLines:
    header = Order(
        id=ORDER, number="A", channel_id=ChannelId(UUID(int=3)), cart_id=CartId(UUID(int=4)), customer_id=None, email=None,
        currency="GBP", tax_included=True, status=OrderStatus.PLACED, payment_status=OrderPaymentStatus.AUTHORIZED,
        fulfillment_status=FulfillmentStatus.UNFULFILLED, return_status=ReturnProgress.NONE, started=False,
        shipping_address=None, billing_address=None, subtotal_minor=0, discount_minor=0, delivery_minor=0, tax_minor=0,
        total_minor=0, token_generation=0, placed_at=datetime(2026, 1, 1, tzinfo=UTC), updated_at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    places = dict.fromkeys((each.delivery, each.store_id) for each in lines)
    deliveries = tuple(
        OrderDelivery(
            id=UUID(int=30 + i), order_id=ORDER, method=method, store_id=store_id, option_code="x", option_name="X",
            price_minor=DELIVERY_MINOR, discount_minor=0, tax_minor=0, total_minor=DELIVERY_MINOR, discounts=[],
        )
        for i, (method, store_id) in enumerate(places)
    )  # fmt: skip
    return OrderWithLines(header, lines, deliveries)


class TestStatuses:
    def test_follow_the_units_from_placed_to_returned(self) -> None:
        placed = line(0, 3, 100)
        part = rules.fulfilled(placed, 1)
        whole = rules.fulfilled(part, 2)

        def derived(row: OrderLine, *, started: bool = True) -> tuple[str, str, str]:
            found = rules.statuses([row], started=started)
            return found.status.value, found.fulfillment_status.value, found.return_status.value

        assert derived(placed, started=False) == ("PLACED", "UNFULFILLED", "NONE")
        assert derived(placed) == ("PROCESSING", "UNFULFILLED", "NONE")
        assert derived(part) == ("PARTIALLY_FULFILLED", "PARTIALLY_FULFILLED", "NONE")
        assert derived(whole) == ("FULFILLED", "FULFILLED", "NONE")
        assert derived(rules.returned(whole, 1)) == ("FULFILLED", "FULFILLED", "PARTIALLY_RETURNED")
        assert derived(rules.returned(whole, 3)) == ("FULFILLED", "FULFILLED", "RETURNED")

    def test_are_fulfilled_when_the_rest_was_cancelled(self) -> None:
        found = rules.statuses([rules.cancelled(rules.fulfilled(line(0, 3, 100), 1), 2)], started=True)

        assert (found.status, found.fulfillment_status) == (OrderStatus.FULFILLED, FulfillmentStatus.FULFILLED)

    def test_are_cancelled_when_all_was(self) -> None:
        assert rules.statuses([rules.cancelled(line(0, 3, 100), 3)], started=True).status is OrderStatus.CANCELLED


class TestMoves:
    def test_cancel_takes_waiting_units_before_promised_ones(self) -> None:
        waiting = rules.unallocated(line(0, 5, 100), 2)

        cancelled = rules.cancelled(waiting, 3)

        assert (cancelled.unallocated, cancelled.allocated, cancelled.cancelled) == (0, 2, 3)

    def test_refuse_more_than_there_is(self) -> None:
        shipped = rules.fulfilled(line(0, 2, 100), 1)

        with pytest.raises(QuantityExceeded):
            rules.cancelled(shipped, 2)
        with pytest.raises(QuantityExceeded):
            rules.returned(shipped, 2)
        with pytest.raises(BrokenInvariant):
            rules.fulfilled(shipped, 2)

    @given(
        st.lists(
            st.tuples(st.sampled_from(["fulfilled", "cancelled", "unallocated", "allocated"]), st.integers(1, 4)),
            max_size=12,
        )
    )
    def test_quantities_always_add_up(self, moves: list[tuple[str, int]]) -> None:
        row = line(0, 9, 1000)
        for name, units in moves:
            try:
                row = getattr(rules, name)(row, units)
            except (QuantityExceeded, BrokenInvariant):
                continue
            assert row.ordered == row.cancelled + row.unallocated + row.backordered + row.allocated + row.fulfilled
            assert min(row.cancelled, row.unallocated, row.allocated, row.fulfilled) >= 0


class TestValue:
    def test_costs_no_delivery_for_what_was_cancelled_whole(self) -> None:
        shipped, collected = line(0, 2, 101), line(1, 1, 50, STORE)

        assert rules.value_remaining(order(rules.cancelled(shipped, 2), collected)) == 50 + DELIVERY_MINOR
