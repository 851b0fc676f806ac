"""What is given back: shares of the money on the order's lines, whatever the steps in which the goods come back."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.delivery.states import DeliveryMethod
from app.kernel.ids import LocationId, new_id
from app.orders.rules import returned as come_back
from app.returns import rules
from app.returns.errors import ReturnNotAllowed
from app.returns.rules import CountedLine, Refund
from app.returns.states import RefundMethod
from tests.builders.bought import bought, delivered, order_of, return_of

SOHO = LocationId(new_id())


class TestRefundOfALine:
    """The money of the units of a line."""

    def test_is_the_whole_line_when_all_of_it_comes_back(self) -> None:
        """What a full return gives back is the line's total."""
        line = bought(ordered=3, total=1000, tax=167)

        assert rules.line_refund(line, 3) == Refund(lines_minor=1000, tax_minor=167)

    def test_gives_the_odd_penny_with_the_first_unit(self) -> None:
        """1000 over three units is 334, 333, 333."""
        line = bought(ordered=3, total=1000)

        refunds = [rules.line_refund(replace(line, returned=returned), 1).lines_minor for returned in range(3)]

        assert refunds == [334, 333, 333]

    def test_counts_units_that_others_still_expect_as_back(self) -> None:
        """Two returns under way are not both promised the odd penny."""
        line = bought(ordered=3, total=1000)

        assert rules.line_refund(line, 1, before=1).lines_minor == 333

    @given(
        total=st.integers(0, 10**9),
        tax=st.integers(0, 10**9),
        steps=st.lists(st.integers(1, 9), min_size=1, max_size=12),
    )
    def test_adds_up_to_a_full_return_in_whatever_steps(self, total: int, tax: int, steps: list[int]) -> None:
        """The law: steps give back what one return of all would."""
        line = bought(ordered=sum(steps), total=total, tax=min(tax, total))
        given_back = Refund()

        for units in steps:
            given_back += rules.line_refund(line, units)
            line = come_back(line, units)

        assert given_back == Refund(lines_minor=total, tax_minor=min(tax, total))

    @given(
        total=st.integers(0, 10**6),
        ordered=st.integers(1, 40),
        data=st.data(),
    )
    def test_never_gives_back_more_than_was_paid(self, total: int, ordered: int, data: st.DataObject) -> None:
        """The law: what was taken for the units that left bounds what is given back for them, at every step."""
        fulfilled = data.draw(st.integers(1, ordered))
        line = bought(ordered=ordered, fulfilled=fulfilled, total=total, tax=total // 6)
        paid = line.value(fulfilled)
        given_back = 0

        while line.returned < fulfilled:
            units = data.draw(st.integers(1, fulfilled - line.returned))
            refund = rules.line_refund(line, units)
            line = come_back(line, units)
            given_back += refund.lines_minor
            assert refund.lines_minor >= refund.tax_minor >= 0
            assert given_back <= paid

        assert given_back == paid

    @given(
        steps=st.lists(st.tuples(st.integers(1, 4), st.booleans()), min_size=1, max_size=8), total=st.integers(0, 9999)
    )
    def test_is_kept_by_the_lines_of_a_return(self, steps: list[tuple[int, bool]], total: int) -> None:
        """The law: what a return's line has gathered is the share of its accepted units, refused ones left out."""
        units = sum(quantity for quantity, _ in steps)
        line = bought(ordered=units, total=total, tax=0)
        found = return_of(line, units)

        for quantity, accepted in steps:
            part = CountedLine(found.lines[0].id, quantity, accepted=accepted)
            (changed,) = rules.counted(found, order_of(line), [part])
            line = come_back(line, changed.accepted - found.lines[0].accepted)
            found = replace(found, lines=(changed,))

        assert found.lines[0].refund_minor == line.value(line.returned)
        assert found.lines[0].received == units


class TestRefundOfADelivery:
    """The cost of a delivery."""

    def test_comes_with_the_last_unit(self) -> None:
        """All that was delivered has come back: the shopper paid for delivery in vain."""
        mugs, lamp = bought(ordered=2, total=200, tax=0), bought(ordered=1, total=100, tax=0)
        order = order_of(mugs, lamp, deliveries=(delivered(price=499, tax=83),))

        refund = rules.refund_expected(order, {mugs.id: 2, lamp.id: 1}, pending={})

        assert refund == Refund(lines_minor=300, tax_minor=83, delivery_minor=499)
        assert refund.total_minor == 799

    def test_stays_while_the_customer_keeps_something(self) -> None:
        """One unit kept was worth delivering."""
        mugs = bought(ordered=2, total=200, tax=0)
        order = order_of(mugs, deliveries=(delivered(),))

        assert rules.refund_expected(order, {mugs.id: 1}, pending={}).delivery_minor == 0

    def test_stays_while_something_is_still_to_be_delivered(self) -> None:
        """The rest of the delivery is on its way, and paid for with the same charge."""
        mugs = bought(ordered=2, fulfilled=1)
        order = order_of(mugs, deliveries=(delivered(),))

        assert rules.refund_expected(order, {mugs.id: 1}, pending={}).delivery_minor == 0

    def test_does_not_wait_for_what_was_cancelled(self) -> None:
        """Cancelled units never come."""
        mugs = bought(ordered=2, cancelled=1)
        order = order_of(mugs, deliveries=(delivered(price=499),))

        assert rules.refund_expected(order, {mugs.id: 1}, pending={}).delivery_minor == 499

    def test_counts_what_came_back_before(self) -> None:
        """The last of several returns completes it."""
        mugs = bought(ordered=3, returned=2)
        order = order_of(mugs, deliveries=(delivered(price=499),))

        assert rules.refund_expected(order, {mugs.id: 1}, pending={}).delivery_minor == 499

    def test_is_of_its_own_method_and_store(self) -> None:
        """Goods collected at a store say nothing of the parcel."""
        parcel = bought(ordered=1)
        collected = bought(ordered=1, delivery=DeliveryMethod.PICKUP, store_id=SOHO)
        order = order_of(
            parcel, collected, deliveries=(delivered(price=499), delivered(price=100, tax=0, store_id=SOHO))
        )

        assert rules.refund_expected(order, {collected.id: 1}, pending={}).delivery_minor == 100

    def test_is_not_given_for_a_delivery_that_the_return_is_not_of(self) -> None:
        """What another return completed was given back with that one."""
        parcel = bought(ordered=1, returned=1)
        collected = bought(ordered=1, delivery=DeliveryMethod.PICKUP, store_id=SOHO)
        order = order_of(parcel, collected, deliveries=(delivered(price=499),))

        assert rules.refund_expected(order, {collected.id: 1}, pending={}).delivery_minor == 0

    def test_is_not_completed_by_units_that_are_expected_elsewhere_and_have_not_come(self) -> None:
        """At receipt only what is back counts."""
        mugs = bought(ordered=2, returned=1)
        order = order_of(mugs, deliveries=(delivered(),))

        assert rules.deliveries_completed(order, [mugs.id]) == []


class TestRefundMethod:
    """How money goes back."""

    def test_is_not_store_credit_for_guests(self) -> None:
        """There is nobody to whom it could be given."""
        with pytest.raises(ReturnNotAllowed, match="store credit") as refused:
            rules.refuse_method(RefundMethod.STORE_CREDIT, order=order_of(bought()))

        assert refused.value.field == ("refundMethod",)

    def test_is_the_tenders_that_paid(self) -> None:
        """Nothing to refuse."""
        rules.refuse_method(RefundMethod.ORIGINAL, order=order_of(bought()))
