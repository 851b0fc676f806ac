"""Laws of what orders owe: over any order, however its units leave, are cancelled and come back, every part adds up."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from app.channels.states import CaptureAt, CaptureDelivery, RefundSequence
from app.delivery.states import DeliveryMethod
from app.kernel.ids import LocationId, OrderLineId, new_id
from app.kernel.money import Money, allocate, exponent_of, parse_minor, round_half_away, share
from app.orders.rules import OrderDelivery, OrderLine, OrderWithLines, cancelled, fulfilled, returned, value_remaining
from app.payments.rules import (
    Charge,
    Charged,
    ChargedKind,
    Refund,
    chargeable,
    charged_units,
    due,
    overcharged,
    spread,
    uncharged,
    waivers,
)
from app.payments.states import ChargeCause
from app.returns.rules import deliveries_completed, delivery_refund, line_refund
from tests.builders.bought import NOW, ORDER_ID, bought, delivered, order_of

STORE = LocationId(UUID(int=7))
#: Yen have no minor unit, pounds a hundred of them, dinars a thousand.
CURRENCIES = ("JPY", "GBP", "KWD")

amounts = st.integers(0, 100_000)


@st.composite
def lines(draw: st.DrawFn) -> OrderLine:
    """Make a line none of whose units has moved; its total need not be a multiple of its units."""
    total = draw(amounts)
    to_store = draw(st.booleans())
    return bought(
        ordered=draw(st.integers(1, 6)),
        fulfilled=0,
        total=total,
        tax=draw(st.integers(0, total)),
        delivery=DeliveryMethod.PICKUP if to_store else DeliveryMethod.SHIPPING,
        store_id=STORE if to_store else None,
    )


@st.composite
def orders(draw: st.DrawFn) -> OrderWithLines:
    """Make an order of some lines, shipped or collected, with what their deliveries cost."""
    chosen = draw(st.lists(lines(), min_size=1, max_size=4))
    deliveries: list[OrderDelivery] = []
    for store_id in dict.fromkeys(line.store_id for line in chosen):
        price = draw(amounts)
        deliveries.append(delivered(price=price, tax=draw(st.integers(0, price)), store_id=store_id))
    order = order_of(*chosen, deliveries=tuple(deliveries))
    header = replace(
        order.order,
        currency=draw(st.sampled_from(CURRENCIES)),
        capture_at=draw(st.sampled_from(CaptureAt)),
        capture_delivery=draw(st.sampled_from(CaptureDelivery)),
    )
    return replace(order, order=header)


class Books:
    """What a whole order was charged and credited, as it lives through its events."""

    def __init__(self, order: OrderWithLines) -> None:
        self.order = order
        self.charges: list[Charge] = []
        self.credits: list[Charged] = []
        self.arrived: dict[OrderLineId, int] = {line.id: 0 for line in order.lines}

    @property
    def charged(self) -> list[Charged]:
        """Every line of every charge."""
        return [part for charge in self.charges for part in charge.lines]

    def charge(self, parts: Sequence[Charged]) -> None:
        """Write a charge down."""
        if parts:
            amount = sum(part.amount_minor for part in parts)
            self.charges.append(
                Charge(
                    new_id(),
                    ORDER_ID,
                    ChargeCause.SHIPMENT,
                    amount,
                    0,
                    tuple(parts),
                    NOW,
                    captured_minor=0,
                    capturing_minor=0,
                )
            )

    def charge_what_is_due(self) -> None:
        """Charge what is to be charged by now."""
        self.charge(due(self.order, self.charges, chargeable(self.order, delivered=self.arrived)))

    def leave(self, line: OrderLine, units: int) -> None:
        """Let units leave, and be charged where that is when."""
        self._change(fulfilled(line, units))
        self.charge_what_is_due()

    def arrive(self, line: OrderLine) -> None:
        """Let all units of a line that left reach their customer."""
        self.arrived[line.id] = line.fulfilled
        self.charge_what_is_due()

    def cancel(self, line: OrderLine, units: int) -> None:
        """Cancel units."""
        before = self.order
        self._change(cancelled(line, units))
        self.credits += overcharged(before, self.order, self.charges)
        self.charge(due(self.order, self.charges, {}))

    def come_back(self, line: OrderLine, units: int) -> None:
        """Take units back, after they were charged, and give back what they were paid with."""
        now = returned(line, units)
        refund = line_refund(line, units)
        self.credits.append(Charged(ChargedKind.LINE, line.id, units, refund.lines_minor, refund.tax_minor))
        self._change(now)
        self.charge(due(self.order, self.charges, {one.id: one.returned for one in self.order.lines}))
        for delivery in deliveries_completed(self.order, [line.id]):
            back = delivery_refund([delivery])
            self.credits.append(Charged(ChargedKind.DELIVERY, delivery.id, 1, back.delivery_minor, back.tax_minor))

    def _change(self, now: OrderLine) -> None:
        self.order = replace(self.order, lines=tuple(now if line.id == now.id else line for line in self.order.lines))


@st.composite
def lives(draw: st.DrawFn, *, come_back: bool = True, cancel: bool = True) -> Books:
    """Let an order live through some events."""
    books = Books(draw(orders()))
    if books.order.order.capture_at is CaptureAt.PLACEMENT:
        books.charge_what_is_due()
    events = ["leave", "leave", "arrive", *(["cancel"] if cancel else []), *(["come back"] if come_back else [])]
    for event in draw(st.lists(st.sampled_from(events), max_size=14)):
        line = draw(st.sampled_from(books.order.lines))
        if event == "leave" and line.allocated:
            books.leave(line, draw(st.integers(1, line.allocated)))
        elif event == "arrive":
            books.arrive(line)
        elif event == "cancel" and line.cancellable:
            books.cancel(line, draw(st.integers(1, line.cancellable)))
        elif event == "come back" and line.fulfilled > line.returned:
            books.come_back(line, draw(st.integers(1, line.fulfilled - line.returned)))
    return books


def finished(books: Books) -> Books:
    """Let all that is left of an order leave and arrive."""
    for line in books.order.lines:
        now = next(one for one in books.order.lines if one.id == line.id)
        if now.allocated:
            books.leave(now, now.allocated)
    for line in books.order.lines:
        books.arrive(line)
    return books


def total(parts: Sequence[Charged]) -> int:
    """Add amounts up."""
    return sum(part.amount_minor for part in parts)


def tax(parts: Sequence[Charged]) -> int:
    """Add taxes up."""
    return sum(part.tax_minor for part in parts)


class TestCharges:
    @given(lives(come_back=False, cancel=False))
    def test_of_any_sequence_of_shipments_add_up_to_the_order(self, books: Books) -> None:
        done = finished(books)

        assert total(done.charged) == value_remaining(done.order)
        assert total(done.charged) == sum(line.total_minor for line in done.order.lines) + sum(
            delivery.total_minor for delivery in done.order.deliveries
        )
        assert uncharged(done.order, done.charges) == 0

    @given(lives(come_back=False, cancel=False))
    def test_carry_the_tax_of_the_order(self, books: Books) -> None:
        done = finished(books)

        assert tax(done.charged) == sum(line.tax_minor for line in done.order.lines) + sum(
            delivery.tax_minor for delivery in done.order.deliveries
        )

    @given(lives(come_back=False))
    def test_less_credits_are_what_remains_is_worth(self, books: Books) -> None:
        done = finished(books)

        assert total(done.charged) - total(done.credits) == value_remaining(done.order)

    @given(lives(come_back=False))
    def test_and_what_is_still_to_be_charged_are_what_remains_at_any_time(self, books: Books) -> None:
        rest = uncharged(books.order, books.charges)

        assert total(books.charged) - total(books.credits) + rest == value_remaining(books.order)

    @given(lives())
    def test_charge_and_credit_each_delivery_once(self, books: Books) -> None:
        done = finished(books)

        for parts in (done.charged, done.credits):
            deliveries = [part.id for part in parts if part.kind is ChargedKind.DELIVERY]
            assert len(deliveries) == len(set(deliveries))
        credited = {part.id for part in done.credits if part.kind is ChargedKind.DELIVERY}
        assert credited <= {part.id for part in done.charged}

    @given(lives())
    def test_charge_no_unit_twice_and_none_early(self, books: Books) -> None:
        units = charged_units(books.charges)

        for line in books.order.lines:
            assert 0 <= units.get(line.id, 0) <= line.ordered
            if books.order.order.capture_at is CaptureAt.SHIPMENT:
                assert units.get(line.id, 0) == line.fulfilled
            if books.order.order.capture_at is CaptureAt.HAND_OVER:
                assert max(books.arrived[line.id], line.returned) == units.get(line.id, 0) <= line.fulfilled

    @given(lives())
    def test_are_never_exceeded_by_credits(self, books: Books) -> None:
        assert total(books.credits) <= total(books.charged)
        assert tax(books.credits) <= tax(books.charged)

    @given(lives())
    def test_ask_for_nothing_twice(self, books: Books) -> None:
        before = len(books.charges)

        books.charge_what_is_due()

        assert len(books.charges) == before

    @given(lives())
    def test_bring_the_delivery_along_first_or_last(self, books: Books) -> None:
        done = finished(books)
        charged = {part.id for part in done.charged}

        for delivery in done.order.deliveries:
            own = [
                one for one in done.order.lines if (one.delivery, one.store_id) == (delivery.method, delivery.store_id)
            ]
            assert (delivery.id in charged) == any(one.id in charged for one in own)


class TestReturns:
    @given(lives(), st.randoms(use_true_random=False))
    def test_of_everything_in_any_order_add_up_to_what_was_paid(self, books: Books, luck: Any) -> None:
        done = finished(books)

        while left := [line for line in done.order.lines if line.fulfilled > line.returned]:
            line = luck.choice(left)
            done.come_back(line, luck.randint(1, line.fulfilled - line.returned))

        # A delivery that brought something is not given back once the rest of it was cancelled instead.
        kept = {part.id for part in done.charged if part.kind is ChargedKind.DELIVERY} - {
            part.id for part in done.credits
        }
        assert total(done.charged) - total(done.credits) == sum(
            delivery.total_minor for delivery in done.order.deliveries if delivery.id in kept
        )
        assert tax(done.charged) - tax(done.credits) == sum(
            delivery.tax_minor for delivery in done.order.deliveries if delivery.id in kept
        )


class TestWaivers:
    @given(st.lists(st.tuples(amounts, amounts)), st.lists(st.tuples(amounts, amounts)))
    def test_settle_the_smaller_side_and_take_as_much_of_either(
        self, owed: list[tuple[int, int]], owing: list[tuple[int, int]]
    ) -> None:
        charges = [_charge(amount + 1, min(paid, amount + 1)) for amount, paid in owed]
        refunds = [_refund(amount + 1, min(paid, amount + 1)) for amount, paid in owing]

        of_charges, of_refunds = waivers(charges, refunds)

        least = min(sum(one.missing for one in charges), sum(one.missing for one in refunds))
        assert sum(of_charges.values()) == sum(of_refunds.values()) == least
        assert all(0 < of_charges.get(one.id, 1) <= one.missing or one.id not in of_charges for one in charges)
        assert all(of_refunds.get(one.id, 0) <= one.missing for one in refunds)


class TestMoney:
    @given(amounts, st.lists(st.integers(0, 1000), min_size=1, max_size=8).filter(any))
    def test_allocated_adds_up_and_is_fair_to_a_minor_unit(self, whole: int, weights: list[int]) -> None:
        parts = allocate(whole, weights)

        assert sum(parts) == whole
        for part, weight in zip(parts, weights, strict=True):
            assert whole * weight // sum(weights) <= part <= -(-whole * weight // sum(weights))
        assert [-part for part in parts] == allocate(-whole, weights)

    @given(amounts, st.integers(1, 50))
    def test_shared_adds_up_in_whatever_steps_and_never_goes_back(self, whole: int, units: int) -> None:
        values = [share(whole, part=part, whole=units) for part in range(units + 1)]
        steps = [after - before for before, after in itertools.pairwise(values)]

        assert (values[0], values[-1]) == (0, whole)
        assert steps == sorted(steps, reverse=True)
        assert max(steps) - min(steps) <= 1

    @given(st.integers(-(10**9), 10**9), st.integers(1, 10**4))
    def test_rounded_is_nearest_and_half_goes_away_from_zero(self, numerator: int, denominator: int) -> None:
        rounded = round_half_away(numerator, denominator)

        assert 2 * abs(rounded * denominator - numerator) <= denominator
        assert round_half_away(-numerator, denominator) == -rounded
        if 2 * abs(rounded * denominator - numerator) == denominator:
            assert abs(rounded) * denominator > abs(numerator)

    @given(st.sampled_from(CURRENCIES), st.integers(0, 10**12))
    def test_written_and_read_is_the_same_in_every_currency(self, currency: str, minor: int) -> None:
        assert parse_minor(Money(minor, currency).decimal(), currency) == minor
        assert exponent_of(currency) == {"JPY": 0, "GBP": 2, "KWD": 3}[currency]


class TestSpread:
    @given(amounts, st.lists(amounts, max_size=6))
    def test_leaves_a_later_tender_alone_while_an_earlier_one_reaches(self, amount: int, rooms: list[int]) -> None:
        parts = spread(amount, rooms)

        for i, part in enumerate(parts):
            if part < rooms[i]:
                assert not any(parts[i + 1 :])

    @given(st.lists(amounts, max_size=6), st.lists(amounts, max_size=6))
    def test_in_steps_fills_as_it_does_at_once(self, steps: list[int], rooms: list[int]) -> None:
        left = list(rooms)
        for step in steps:
            left = [room - part for room, part in zip(left, spread(step, left), strict=True)]

        at_once = spread(sum(steps), rooms)
        assert left == [room - part for room, part in zip(rooms, at_once, strict=True)]


def _charge(amount: int, captured: int) -> Charge:
    return Charge(
        new_id(), ORDER_ID, ChargeCause.SHIPMENT, amount, 0, (), NOW, captured_minor=captured, capturing_minor=0
    )


def _refund(amount: int, refunded: int) -> Refund:
    return Refund(
        new_id(), ORDER_ID, new_id(), "x", amount, 0, to_store_credit=False, sequence=RefundSequence.AS_CHARGED, lines=(), requested_at=NOW,
        refunded_minor=refunded, refunding_minor=0,
    )  # fmt: skip
