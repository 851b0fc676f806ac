"""Laws of giving back: whatever tenders an order has and whatever became of them, each gets its own, in the sequence chosen."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from app.channels.states import RefundSequence, TenderKind
from app.kernel.ids import CreditAccountId, PaymentId, new_id
from app.payments.rules import Payment, Refund, RefundPart, in_sequence, refund_parts, spread
from app.payments.states import PaymentStatus
from tests.builders.bought import NOW, ORDER_ID

MOST_TENDERS = 5
OWN = (TenderKind.CARD, TenderKind.CASH, TenderKind.CARD_PRESENT, TenderKind.INVOICE)
#: As the checkout charges them: what the shop owes first.
CHARGED = (TenderKind.GIFT_CARD, TenderKind.STORE_CREDIT, *OWN)

amounts = st.integers(0, 100_000)
sequences = st.sampled_from(RefundSequence)


def tender(kind: TenderKind, position: int, *, captured: int = 0, capturing: int = 0) -> Payment:
    """Make a tender that holds what is taken of it, or being taken."""
    credit = kind in {TenderKind.GIFT_CARD, TenderKind.STORE_CREDIT}
    return Payment(
        id=PaymentId(new_id()), attempt_id=UUID(int=2), order_id=ORDER_ID, position=position, tender=kind,
        account_id=CreditAccountId(new_id()) if credit else None, gateway="test", token=None, status=PaymentStatus.CAPTURED,
        currency="GBP", amount_minor=captured + capturing, authorizing_minor=0, authorized_minor=captured + capturing,
        released_minor=0, expired_minor=0, capturing_minor=capturing, captured_minor=captured, refunding_minor=0,
        refunded_minor=0, charged_back_minor=0, gateway_reference="r", action_kind=None, action_url=None, action_secret=None,
        holds_until=None, renews_at=None, created_at=NOW, updated_at=NOW,
    )  # fmt: skip


def refund(amount: int, sequence: RefundSequence = RefundSequence.AS_CHARGED) -> Refund:
    """Make a refund of which nothing was given back yet."""
    return Refund(
        new_id(), ORDER_ID, new_id(), "x", amount, 0, to_store_credit=False, sequence=sequence, lines=(), requested_at=NOW,
        refunded_minor=0, refunding_minor=0,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Order:
    """Tenders in the order in which they were charged, and what was taken of which of their authorizations."""

    payments: tuple[Payment, ...]
    taken: dict[UUID, dict[str | None, int]]

    @property
    def refundable(self) -> int:
        """What can be given back now."""
        return sum(payment.refundable for payment in self.payments)

    @property
    def awaited(self) -> int:
        """What may yet be here to be given back."""
        return sum(payment.awaited for payment in self.payments)

    def given(self, parts: Sequence[RefundPart]) -> "Order":
        """Give these parts back."""
        payments = {payment.id: payment for payment in self.payments}
        taken = {payment_id: dict(of) for payment_id, of in self.taken.items()}
        for part in parts:
            payments[part.payment_id] = payments[part.payment_id].changed(refunded=part.amount_minor)
            taken[part.payment_id][part.about] -= part.amount_minor
        return Order(tuple(payments.values()), taken)

    def arrived(self) -> "Order":
        """Let what is being taken be here, and banks give again what they fetched back."""
        taken = {payment_id: dict(of) for payment_id, of in self.taken.items()}
        for payment in self.payments:
            taken[payment.id]["last"] = taken[payment.id].get("last", 0) + payment.capturing_minor
        here = (
            payment.changed(
                captured=payment.capturing_minor,
                capturing=-payment.capturing_minor,
                charged_back=-payment.charged_back_minor,
            )
            for payment in self.payments
        )
        return Order(tuple(here), taken)


@st.composite
def orders(draw: st.DrawFn) -> Order:
    """Make an order's tenders: some of it taken of one authorization or of two, some given back, some fetched back by banks."""
    kinds = sorted(draw(st.lists(st.sampled_from(CHARGED), min_size=1, max_size=MOST_TENDERS)), key=CHARGED.index)
    payments: list[Payment] = []
    taken: dict[UUID, dict[str | None, int]] = {}
    for position, kind in enumerate(kinds):
        payment = tender(kind, position, captured=draw(amounts), capturing=draw(st.just(0) | amounts))
        payment = payment.changed(refunded=draw(st.integers(0, payment.captured_minor)))
        payment = payment.changed(refunding=draw(st.integers(0, payment.refundable)))
        left = payment.refundable
        payment = payment.changed(charged_back=draw(st.just(0) | st.integers(0, payment.captured_minor)))
        first = draw(st.integers(0, left))
        payments.append(payment)
        taken[payment.id] = {"first": first, "last": left - first}
    return Order(tuple(payments), taken)


@st.composite
def wanted(draw: st.DrawFn) -> list[Refund]:
    """Make some refunds, each in a sequence of its own."""
    return [refund(amount, draw(sequences)) for amount in draw(st.lists(st.integers(1, 100_000), max_size=3))]


def missing_after(refunds: Sequence[Refund], parts: Sequence[RefundPart]) -> list[Refund]:
    """Say what is left of refunds."""
    return [
        replace(one, refunded_minor=sum(part.amount_minor for part in parts if part.refund_id == one.id))
        for one in refunds
    ]


def by_tender(order: Order, parts: Sequence[RefundPart]) -> list[int]:
    """Add up what each tender gives back."""
    return [sum(part.amount_minor for part in parts if part.payment_id == payment.id) for payment in order.payments]


def total(parts: Sequence[RefundPart]) -> int:
    """Add up what is given back."""
    return sum(part.amount_minor for part in parts)


class TestSequence:
    @given(orders(), sequences)
    def test_has_every_tender_once(self, order: Order, sequence: RefundSequence) -> None:
        ordered = in_sequence(order.payments[::-1], sequence)

        assert sorted(payment.position for payment in ordered) == [payment.position for payment in order.payments]

    @given(orders())
    def test_as_charged_is_the_order_of_charging(self, order: Order) -> None:
        assert in_sequence(order.payments[::-1], RefundSequence.AS_CHARGED) == list(order.payments)

    @given(orders())
    def test_credit_last_has_peoples_own_money_before_what_the_shop_owes(self, order: Order) -> None:
        ordered = in_sequence(order.payments[::-1], RefundSequence.CREDIT_LAST)

        own = [payment for payment in order.payments if payment.tender in OWN]
        credit = [payment for payment in order.payments if payment.tender not in OWN]
        assert ordered == [*own, *credit]


class TestRefundParts:
    @given(orders(), wanted())
    def test_are_no_more_than_was_taken_of_a_tender_or_of_an_authorization(
        self, order: Order, refunds: list[Refund]
    ) -> None:
        parts = refund_parts(refunds, order.payments, order.taken)

        assert all(part.amount_minor > 0 for part in parts)
        for payment, given_back in zip(order.payments, by_tender(order, parts), strict=True):
            assert given_back <= payment.refundable
        for payment_id, of in order.given(parts).taken.items():
            assert min(of.values()) >= 0, payment_id

    @given(orders(), wanted())
    def test_are_no_more_than_the_refund(self, order: Order, refunds: list[Refund]) -> None:
        parts = refund_parts(refunds, order.payments, order.taken)

        assert all(one.missing >= 0 for one in missing_after(refunds, parts))

    @given(orders(), st.integers(1, 500_000), sequences)
    def test_add_up_to_the_refund_as_far_as_there_is_money(
        self, order: Order, amount: int, sequence: RefundSequence
    ) -> None:
        here = order.arrived()

        parts = refund_parts([refund(amount, sequence)], here.payments, here.taken)

        assert total(parts) == min(amount, here.refundable)

    @given(orders(), st.integers(1, 500_000), sequences)
    def test_lack_no_more_than_what_is_awaited_or_nowhere(
        self, order: Order, amount: int, sequence: RefundSequence
    ) -> None:
        parts = refund_parts([refund(amount, sequence)], order.payments, order.taken)

        assert amount - total(parts) <= max(order.awaited, amount - order.refundable)

    @given(orders(), st.integers(1, 500_000), sequences)
    def test_leave_a_later_tender_alone_while_an_earlier_one_has_something_or_awaits_it(
        self, order: Order, amount: int, sequence: RefundSequence
    ) -> None:
        parts = refund_parts([refund(amount, sequence)], order.payments, order.taken)

        ordered = in_sequence(order.payments, sequence)
        given_back = {part.payment_id: 0 for part in parts}
        for part in parts:
            given_back[part.payment_id] += part.amount_minor
        for i, payment in enumerate(ordered):
            if given_back.get(payment.id):
                earlier = ordered[:i]
                assert all(given_back.get(one.id, 0) == one.refundable for one in earlier)
                assert amount > sum(one.refundable + one.awaited for one in earlier)

    @given(orders(), st.integers(1, 500_000), amounts, sequences)
    def test_wait_for_a_tender_of_which_some_is_about_to_be_taken(
        self, order: Order, amount: int, owed: int, sequence: RefundSequence
    ) -> None:
        held = tuple(payment.changed(authorized=1000, amount=1000) for payment in order.payments)
        soon = dict(zip((one.id for one in held), spread(owed, [one.capturable for one in held]), strict=True))

        parts = refund_parts([refund(amount, sequence)], held, order.taken, owed_minor=owed)

        ordered = in_sequence(held, sequence)
        gives = {part.payment_id for part in parts}
        for i, payment in enumerate(ordered):
            if payment.id in gives:
                assert amount > sum(one.refundable + one.awaited + soon[one.id] for one in ordered[:i])

    @given(orders(), wanted())
    def test_asked_for_again_are_nothing(self, order: Order, refunds: list[Refund]) -> None:
        parts = refund_parts(refunds, order.payments, order.taken)
        now = order.given(parts)

        assert refund_parts(missing_after(refunds, parts), now.payments, now.taken) == []

    @given(orders(), st.lists(st.integers(1, 100_000), max_size=3), sequences)
    def test_end_as_if_all_the_money_had_been_here_from_the_first(
        self, order: Order, wants: list[int], sequence: RefundSequence
    ) -> None:
        refunds = [refund(amount, sequence) for amount in wants]
        early = refund_parts(refunds, order.payments, order.taken)
        then = order.given(early).arrived()
        late = refund_parts(missing_after(refunds, early), then.payments, then.taken)

        here = order.arrived()
        at_once = refund_parts(refunds, here.payments, here.taken)
        assert by_tender(order, [*early, *late]) == by_tender(order, at_once)

    @given(orders(), wanted(), st.integers(0, 2**32).map(Random))
    def test_go_where_people_say_and_nowhere_else(self, order: Order, refunds: list[Refund], luck: Random) -> None:
        chosen = luck.sample(order.payments, luck.randint(1, len(order.payments)))

        parts = refund_parts(refunds, order.payments, order.taken, to=[payment.id for payment in chosen])

        rooms = [payment.refundable for payment in chosen]
        expected = dict(
            zip((one.id for one in chosen), spread(sum(one.missing for one in refunds), rooms), strict=True)
        )
        assert by_tender(order, parts) == [expected.get(payment.id, 0) for payment in order.payments]


class TestLettingGo:
    @given(st.lists(amounts, max_size=MOST_TENDERS), st.data())
    def test_from_the_last_tender_on_leaves_what_a_smaller_order_would_have_held(
        self, held: list[int], data: st.DataObject
    ) -> None:
        surplus = data.draw(st.integers(0, sum(held)))

        let_go = spread(surplus, held[::-1])[::-1]

        left = [room - part for room, part in zip(held, let_go, strict=True)]
        assert left == spread(sum(held) - surplus, held)
