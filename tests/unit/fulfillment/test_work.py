"""What each step of a location's work may take, and what is left afterwards."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.delivery.states import DeliveryMethod
from app.fulfillment import rules
from app.fulfillment.errors import NothingToDo
from app.fulfillment.rules import FulfillmentOrder, FulfillmentOrderLine, LineQuantity, Work
from app.fulfillment.states import FULFILLMENT_ORDER, FulfillmentOrderStatus
from app.kernel.errors import IllegalTransition, Invalid, NotFound, QuantityExceeded
from app.kernel.ids import (
    FulfillmentOrderId,
    FulfillmentOrderLineId,
    LocationId,
    OrderId,
    OrderLineId,
    VariantId,
    new_id,
)

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
GIVEN = 5


def line_of(quantity: int = GIVEN, *, order_line_id: OrderLineId | None = None) -> FulfillmentOrderLine:
    return FulfillmentOrderLine(
        id=FulfillmentOrderLineId(new_id()),
        fulfillment_order_id=FulfillmentOrderId(new_id()),
        order_line_id=order_line_id or OrderLineId(new_id()),
        variant_id=VariantId(new_id()),
        sku="mug",
        product_name="Mug",
        quantity=quantity,
        picked=0,
        packed=0,
        fulfilled=0,
        rejected=0,
        cancelled=0,
    )


def work_of(
    *lines: FulfillmentOrderLine,
    status: FulfillmentOrderStatus = FulfillmentOrderStatus.OPEN,
    method: DeliveryMethod = DeliveryMethod.SHIPPING,
) -> Work:
    header = FulfillmentOrder(
        id=FulfillmentOrderId(new_id()),
        number="7KQ2M9XWA-2",
        order_id=OrderId(new_id()),
        location_id=LocationId(new_id()),
        predecessor_id=None,
        method=method,
        status=status,
        rejection_reason=None,
        note=None,
        due_at=NOON,
        created_at=NOON,
        updated_at=NOON,
    )
    return Work(header, lines)


class TestNumber:
    def test_begins_with_the_orders(self) -> None:
        assert work_of(line_of()).header.order_number == "7KQ2M9XWA"


class TestLine:
    @given(st.lists(st.tuples(st.sampled_from(["pick", "pack", "fulfill", "reject", "cancel"]), st.integers(0, GIVEN))))
    def test_keeps_its_steps_in_order_whatever_happens(self, steps: list[tuple[str, int]]) -> None:
        line = line_of()
        takes: dict[
            str,
            tuple[Callable[[FulfillmentOrderLine], int], Callable[[FulfillmentOrderLine, int], FulfillmentOrderLine]],
        ] = {
            "pick": (lambda line: line.to_pick, rules.picked),
            "pack": (lambda line: line.to_pack, rules.packed),
            "fulfill": (lambda line: line.to_hand_on, rules.fulfilled),
            "reject": (rules.all_open, rules.rejected),
            "cancel": (rules.all_open, rules.cancelled),
        }

        for step, units in steps:
            limit, rule = takes[step]
            line = rule(line, min(units, limit(line)))

            assert 0 <= line.fulfilled <= line.packed <= line.picked <= line.left <= GIVEN
            assert line.left + line.rejected + line.cancelled == GIVEN
            assert min(line.to_pick, line.to_pack, line.to_hand_on, line.open) >= 0

    def test_that_is_picked_short_gives_the_rest_up(self) -> None:
        picked = rules.picked(line_of(), 3)

        assert (picked.picked, picked.rejected, picked.to_pick) == (3, 2, 0)

    def test_gives_up_what_is_on_the_shelf_before_what_is_picked(self) -> None:
        picked = replace(line_of(), picked=3)

        assert rules.cancelled(picked, 2).picked == 3
        assert rules.cancelled(picked, 3).picked == 2


class TestAsked:
    def test_means_everything_when_no_line_is_named(self) -> None:
        mug, bowl = line_of(2), line_of(1)

        assert rules.asked(work_of(mug, bowl), None, rules.all_open) == {mug.id: 2, bowl.id: 1}

    def test_means_the_named_lines_alone(self) -> None:
        mug, bowl = line_of(2), line_of(1)

        assert rules.asked(work_of(mug, bowl), [LineQuantity(mug.id, 1)], rules.all_open) == {mug.id: 1}

    @pytest.mark.parametrize(
        ("quantities", "refusal", "field"),
        [
            ([3], QuantityExceeded, ("lines", "0", "quantity")),
            ([0], Invalid, ("lines", "0", "quantity")),
            ([1, 1], Invalid, ("lines", "1", "fulfillmentOrderLineId")),
            ([], Invalid, ("lines",)),
        ],
        ids=["too many", "none", "the same line twice", "no line"],
    )
    def test_refuses(self, quantities: list[int], refusal: type[Exception], field: tuple[str, ...]) -> None:
        mug = line_of(2)
        lines = [LineQuantity(mug.id, quantity) for quantity in quantities]

        with pytest.raises(refusal) as refused:
            rules.asked(work_of(mug), lines, rules.all_open)

        assert getattr(refused.value, "field") == field  # noqa: B009

    def test_refuses_lines_of_other_work(self) -> None:
        with pytest.raises(NotFound):
            rules.asked(work_of(line_of()), [LineQuantity(line_of().id, 1)], rules.all_open)

    def test_refuses_a_step_that_has_nothing_to_take(self) -> None:
        with pytest.raises(NothingToDo):
            rules.asked(work_of(line_of()), None, lambda line: line.to_pack)


class TestCuts:
    def test_take_from_the_least_advanced_work_first(self) -> None:
        bought = OrderLineId(new_id())
        packed = replace(line_of(2, order_line_id=bought), picked=2, packed=2)
        waiting = line_of(2, order_line_id=bought)
        works = [work_of(packed, status=FulfillmentOrderStatus.PACKED), work_of(waiting)]

        assert rules.cuts(works, {bought: 3}) == {waiting.id: 2, packed.id: 1}

    def test_never_take_what_has_left(self) -> None:
        bought = OrderLineId(new_id())
        shipped = replace(line_of(3, order_line_id=bought), picked=3, packed=3, fulfilled=2)

        assert rules.cuts([work_of(shipped, status=FulfillmentOrderStatus.PACKED)], {bought: 3}) == {shipped.id: 1}


class TestNextSteps:
    @pytest.mark.parametrize(
        ("status", "method", "expected"),
        [
            (
                FulfillmentOrderStatus.OPEN,
                DeliveryMethod.SHIPPING,
                ["fulfillmentOrderAccept", "fulfillmentOrderReject"],
            ),
            (
                FulfillmentOrderStatus.ACCEPTED,
                DeliveryMethod.PICKUP,
                ["fulfillmentOrderPick", "fulfillmentOrderReject"],
            ),
            (FulfillmentOrderStatus.PICKING, DeliveryMethod.PICKUP, ["fulfillmentOrderPick", "fulfillmentOrderReject"]),
            (FulfillmentOrderStatus.PACKED, DeliveryMethod.PICKUP, ["fulfillmentOrderReady"]),
            (FulfillmentOrderStatus.PACKED, DeliveryMethod.SHIPPING, []),
            (FulfillmentOrderStatus.READY, DeliveryMethod.PICKUP, ["pickupHandOver"]),
            (FulfillmentOrderStatus.FULFILLED, DeliveryMethod.SHIPPING, []),
        ],
    )
    def test_of_unpicked_units(
        self, status: FulfillmentOrderStatus, method: DeliveryMethod, expected: list[str]
    ) -> None:
        assert rules.next_steps(work_of(line_of(), status=status, method=method)) == expected

    def test_of_packed_units_is_to_ship_them(self) -> None:
        packed = replace(line_of(), picked=GIVEN, packed=GIVEN)

        assert rules.next_steps(work_of(packed, status=FulfillmentOrderStatus.PACKED)) == ["fulfillmentOrderShip"]

    def test_of_picked_units_is_to_pack_them(self) -> None:
        picked = replace(line_of(), picked=GIVEN)

        steps = rules.next_steps(work_of(picked, status=FulfillmentOrderStatus.PICKING))

        assert steps == ["fulfillmentOrderPack", "fulfillmentOrderReject"]


class TestMachine:
    @pytest.mark.parametrize("status", [FulfillmentOrderStatus.PACKED, FulfillmentOrderStatus.READY])
    def test_refuses_to_reject_what_is_packed(self, status: FulfillmentOrderStatus) -> None:
        with pytest.raises(IllegalTransition):
            FULFILLMENT_ORDER.next(status, "fulfillmentOrderReject")


class TestTrackingUrl:
    def test_is_known_for_known_carriers(self) -> None:
        assert rules.tracking_url("DHL Express", "JD0002") == (
            "https://www.dhl.com/global-en/home/tracking.html?tracking-id=JD0002"
        )

    @pytest.mark.parametrize(
        ("carrier", "number"), [(None, "1"), ("DHL", None), ("Bob's van", "1"), ("DHL", "1&x=2"), ("DHL", "%0d")]
    )
    def test_is_none_for_others_and_for_what_is_no_number(self, carrier: str | None, number: str | None) -> None:
        assert rules.tracking_url(carrier, number) is None


class TestShortText:
    def test_is_tidied(self) -> None:
        assert rules.short_text("  two \n words ", field="note") == "two words"
        assert rules.short_text("   ", field="note") is None

    def test_refuses_one_that_is_too_long(self) -> None:
        with pytest.raises(Invalid):
            rules.short_text("x" * 101, field="carrier")
