"""Amounts over tenders, and what an order's tenders amount to."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.channels.states import TenderKind
from app.kernel.ids import PaymentId
from app.orders.states import OrderPaymentStatus
from app.payments.rules import Payment, order_payment_status, spread
from app.payments.states import PaymentStatus

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HELD = Payment(
    id=PaymentId(UUID(int=1)), attempt_id=UUID(int=2), order_id=None, position=0, tender=TenderKind.CARD, account_id=None,
    gateway="test", token=None, status=PaymentStatus.AUTHORIZED, currency="GBP", amount_minor=100, authorizing_minor=0,
    authorized_minor=100, released_minor=0, expired_minor=0, capturing_minor=0, captured_minor=0, refunding_minor=0,
    refunded_minor=0, charged_back_minor=0, gateway_reference="r", action_kind=None, action_url=None, action_secret=None,
    holds_until=None, renews_at=None, created_at=NOON, updated_at=NOON,
)  # fmt: skip


class TestSpread:
    def test_fills_tenders_in_their_order(self) -> None:
        assert spread(70, [50, 50]) == [50, 20]

    @given(st.integers(0, 1000), st.lists(st.integers(0, 400), max_size=6))
    def test_takes_all_there_is_room_for_and_no_more(self, amount: int, rooms: list[int]) -> None:
        parts = spread(amount, rooms)

        assert sum(parts) == min(amount, sum(rooms))
        assert all(0 <= part <= room for part, room in zip(parts, rooms, strict=True))


class TestOrderPaymentStatus:
    @pytest.mark.parametrize(
        ("changes", "due", "status"),
        [
            ({"authorized_minor": 0}, 100, OrderPaymentStatus.PENDING),
            ({}, 100, OrderPaymentStatus.AUTHORIZED),
            ({"released_minor": 40}, 100, OrderPaymentStatus.PARTIALLY_AUTHORIZED),
            ({"released_minor": 40}, 60, OrderPaymentStatus.AUTHORIZED),
            ({"released_minor": 100, "status": PaymentStatus.VOIDED}, 0, OrderPaymentStatus.VOIDED),
            ({"expired_minor": 100, "status": PaymentStatus.EXPIRED}, 100, OrderPaymentStatus.PENDING),
            ({"expired_minor": 60}, 100, OrderPaymentStatus.PARTIALLY_AUTHORIZED),
            ({"captured_minor": 60}, 100, OrderPaymentStatus.PARTIALLY_CAPTURED),
            ({"captured_minor": 60, "released_minor": 40}, 60, OrderPaymentStatus.CAPTURED),
            ({"captured_minor": 100, "refunded_minor": 30}, 100, OrderPaymentStatus.PARTIALLY_REFUNDED),
            ({"captured_minor": 100, "refunded_minor": 100}, 100, OrderPaymentStatus.REFUNDED),
        ],
    )
    def test_follows_from_the_balances(self, changes: dict[str, Any], due: int, status: OrderPaymentStatus) -> None:
        assert order_payment_status([replace(HELD, **changes)], due_minor=due) is status

    def test_is_not_required_without_tenders(self) -> None:
        assert order_payment_status([], due_minor=0) is OrderPaymentStatus.NOT_REQUIRED
