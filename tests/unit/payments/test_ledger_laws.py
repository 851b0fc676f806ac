"""Laws of one tender: whatever happens to its balances, it stands somewhere, and there is a way there."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from app.channels.states import TenderKind
from app.kernel.ids import PaymentId
from app.payments.rules import RENEW_BEFORE, Payment, moved, renewal_moment, standing
from app.payments.states import PaymentStatus

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HELD = Payment(
    id=PaymentId(UUID(int=1)), attempt_id=UUID(int=2), order_id=None, position=0, tender=TenderKind.CARD,
    account_id=None, gateway="test", token=None, status=PaymentStatus.AUTHORIZED, currency="GBP", amount_minor=100, authorizing_minor=0,
    authorized_minor=100, released_minor=0, expired_minor=0, capturing_minor=0, captured_minor=0, refunding_minor=0,
    refunded_minor=0, charged_back_minor=0, gateway_reference="r", action_kind=None, action_url=None, action_secret=None,
    holds_until=None, renews_at=None, created_at=NOON, updated_at=NOON,
)  # fmt: skip

lucks = st.integers(0, 2**64).map(Random)


def part(luck: Random, most: int) -> int:
    """Choose some of it or, as often, all of it."""
    return luck.choice((most, luck.randint(1, most)))


def happens(payment: Payment, luck: Random) -> Payment:  # noqa: PLR0911  # One return for each event.
    """Let one of the things happen to a tender that may happen to it now."""
    event = luck.choice(("ask", "take", "decline", "release", "expire", "renew", "add", "refund", "reverse"))
    if event == "ask" and payment.capturable:
        return payment.changed(capturing=part(luck, payment.capturable))
    if event == "take" and payment.capturing_minor:
        amount = part(luck, payment.capturing_minor)
        return moved(payment, payment.changed(capturing=-amount, captured=amount), "capture")[0]
    if event == "decline" and payment.capturing_minor:
        return payment.changed(capturing=-part(luck, payment.capturing_minor))
    if event == "release" and payment.capturable:
        return moved(payment, payment.changed(released=part(luck, payment.capturable)), "release")[0]
    if event == "expire" and payment.capturable:
        return moved(payment, payment.changed(expired=part(luck, payment.capturable)), "expire")[0]
    if event == "renew":
        return renewed(payment, luck.randint(1, payment.amount_minor))
    if event == "add":
        now = payment.changed(authorized=luck.randint(1, 50))
        amount = max(now.amount_minor, now.authorized_minor - now.expired_minor)
        return moved(payment, replace(now, amount_minor=amount), "renew")[0]
    if event == "refund" and payment.refundable:
        return moved(payment, payment.changed(refunded=part(luck, payment.refundable)), "refund")[0]
    if event == "reverse" and payment.refunded_minor:
        return moved(payment, payment.changed(refunded=-part(luck, payment.refunded_minor)), "reverse")[0]
    return payment


def renewed(payment: Payment, amount: int) -> Payment:
    """Let another authorization take the place of what is left of the first, and no more than the tender is to pay."""
    now, _ = moved(payment, payment.changed(authorized=amount), "renew")
    if payment.capturable:
        now, _ = moved(now, now.changed(expired=payment.capturable), "expire")
    excess = now.authorized_minor - now.expired_minor - now.amount_minor
    if excess > 0:
        now, _ = moved(now, now.changed(expired=excess), "expire")
    return now


class TestTender:
    @given(lucks, st.integers(0, 40))
    def test_gets_wherever_its_balances_say(self, luck: Random, events: int) -> None:
        payment = HELD

        for _ in range(events):
            payment = happens(payment, luck)

            assert payment.status is standing(payment)
            assert payment.captured_minor + payment.capturing_minor <= payment.held <= payment.amount_minor
            assert 0 <= payment.refunded_minor <= payment.captured_minor
            assert min(payment.capturable, payment.missing, payment.refundable) >= 0

    @given(lucks, st.integers(0, 40))
    def test_is_captured_only_when_nothing_more_can_be_taken(self, luck: Random, events: int) -> None:
        payment = HELD
        for _ in range(events):
            payment = happens(payment, luck)

        if payment.status is PaymentStatus.CAPTURED:
            assert payment.capturable + payment.capturing_minor == 0
        if payment.status in {PaymentStatus.VOIDED, PaymentStatus.EXPIRED}:
            assert payment.held == payment.captured_minor == 0

    @given(lucks, st.integers(0, 40))
    def test_lacks_what_it_was_to_pay_and_neither_holds_nor_let_go(self, luck: Random, events: int) -> None:
        payment = HELD
        for _ in range(events):
            payment = happens(payment, luck)

        if payment.status is not PaymentStatus.VOIDED:
            assert payment.held + payment.released_minor + payment.missing == payment.amount_minor


class TestRenewalMoment:
    @given(st.integers(1, 10**7))
    def test_is_before_the_end_and_not_before_now(self, seconds: int) -> None:
        ends = NOON + timedelta(seconds=seconds)

        at = renewal_moment(NOON, ends)

        assert at is not None
        assert NOON <= at < ends
        assert ends - at <= RENEW_BEFORE

    def test_is_never_for_what_does_not_end(self) -> None:
        assert renewal_moment(NOON, None) is None
