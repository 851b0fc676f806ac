"""The payment ledger: captured as goods leave, let go as they are cancelled, given back, and never twice."""

import asyncio
from datetime import timedelta

import pytest

from app.kernel.ids import new_id
from app.orders.errors import OrderOnHold
from app.orders.states import OrderPaymentStatus
from app.payments import queries
from app.payments import service as payments
from app.payments.errors import RefundExceeded
from app.payments.rules import Payment
from app.payments.service import UNANSWERED_AFTER
from app.payments.states import PaymentStatus, TransactionState
from tests.builders.buyers import broken
from tests.builders.clock import StoppedClock
from tests.builders.paid import Paid, buy
from tests.builders.patience import PATIENCE_SECONDS
from tests.builders.shop import Shop

pytestmark = pytest.mark.anyio

MUG, DELIVERY = 1200, 499
THREE_MUGS = 3 * MUG + DELIVERY
#: What all tenders but the last pay.
FIRST_TENDER = 100


async def only(order: Paid) -> Payment:
    """Read its one tender."""
    [tender] = await order.tenders()
    return tender


class TestCapture:
    async def test_takes_what_has_left_with_the_delivery_first(self, shop: Shop) -> None:
        order = await buy(shop)

        await order.ship(1)
        asked = await only(order)
        await order.settle()

        assert (asked.status, asked.capturing_minor, asked.captured_minor) == ("AUTHORIZED", MUG + DELIVERY, 0)
        taken = await only(order)
        assert (taken.status, taken.capturing_minor, taken.captured_minor) == ("PARTIALLY_CAPTURED", 0, MUG + DELIVERY)
        assert await order.status() is OrderPaymentStatus.PARTIALLY_CAPTURED
        assert await broken(shop) == []

    async def test_of_the_rest_completes_it(self, shop: Shop) -> None:
        order = await buy(shop)

        for mugs in (1, 2):
            await order.ship(mugs)
            await order.settle()

        assert [step.amount_minor for step in await order.steps()] == [MUG + DELIVERY, 2 * MUG]
        assert (await only(order)).status is PaymentStatus.CAPTURED
        assert await order.status() is OrderPaymentStatus.CAPTURED
        assert await order.at_the_provider() == {"AUTHORIZATION": THREE_MUGS, "CAPTURE": THREE_MUGS}
        assert await broken(shop) == []

    async def test_fills_tenders_in_their_order(self, shop: Shop) -> None:
        order = await buy(shop, tokens=("tok_ok", "tok_ok", "tok_ok"))

        await order.ship(1)
        await order.settle()

        assert [tender.captured_minor for tender in await order.tenders()] == [
            FIRST_TENDER,
            FIRST_TENDER,
            MUG + DELIVERY - 2 * FIRST_TENDER,
        ]
        assert [tender.status for tender in await order.tenders()] == ["CAPTURED", "CAPTURED", "PARTIALLY_CAPTURED"]
        assert await broken(shop) == []

    async def test_that_is_declined_takes_nothing_and_holds_the_order(self, shop: Shop) -> None:
        order = await buy(shop, tokens=("tok_no_capture",))

        await order.ship(1)
        assert await order.settle() == [True]

        [step] = await order.steps()
        assert (step.state, step.settled_at is None) == (TransactionState.FAILED, False)
        assert "declined the capture" in (step.failure or "")
        now = await only(order)
        assert (now.status, now.capturing_minor, now.captured_minor) == ("AUTHORIZED", 0, 0)
        assert await order.status() is OrderPaymentStatus.AUTHORIZED
        assert any("refused by the payment service" in message for message in await order.timeline())
        [settled] = await shop.fetch("SELECT payload FROM outbox WHERE name = 'PaymentStepSettled'")
        assert settled["payload"]["state"] == "FAILED"
        [hold] = await shop.fetch("SELECT reason, status FROM order_holds")
        assert tuple(hold) == ("CAPTURE_FAILED", "APPLIED")
        with pytest.raises(OrderOnHold, match="could not be captured"):
            await order.ship(2)
        assert await broken(shop) == []

    async def test_of_an_authorization_that_holds_no_more_is_asked_of_a_new_one(self, shop: Shop) -> None:
        order = await buy(shop)
        tender = await only(order)
        assert tender.gateway_reference is not None
        # The provider let the authorization go behind our back.
        await order.gateway.void(
            key="elsewhere", reference=tender.gateway_reference, amount_minor=THREE_MUGS, currency="GBP"
        )

        await order.ship(1)
        assert [await order.settle() for _ in range(3)] == [[True], [True], [True]]

        kinds = [(step.kind, step.state) for step in await order.steps(but_initial=True)]
        assert kinds == [
            ("CAPTURE", "FAILED"),
            ("EXPIRATION", "SUCCEEDED"),
            ("AUTHORIZATION", "SUCCEEDED"),
            ("CAPTURE", "SUCCEEDED"),
        ]
        now = await only(order)
        assert (now.captured_minor, now.status) == (MUG + DELIVERY, "PARTIALLY_CAPTURED")
        assert now.gateway_reference != tender.gateway_reference
        assert await shop.fetch("SELECT 1 FROM order_holds") == []
        assert await broken(shop) == []


class TestLostAnswer:
    async def test_is_asked_for_again_under_the_same_key_and_never_taken_twice(self, shop: Shop) -> None:
        order = await buy(shop)
        await order.ship(3)
        order.gateway.answers_to_lose = 2

        answered = [await order.settle() for _ in range(2)]
        between = await only(order)
        answered.append(await order.settle())
        answered.append(await order.settle())

        assert answered == [[False], [False], [True], []]
        assert (between.capturing_minor, between.captured_minor) == (THREE_MUGS, 0)
        [step] = await order.steps()
        assert set(order.gateway.keys) == {str(step.id)}
        assert (step.state, step.attempts) == (TransactionState.SUCCEEDED, 3)
        assert (await only(order)).captured_minor == THREE_MUGS
        assert (await order.at_the_provider())["CAPTURE"] == THREE_MUGS
        assert await broken(shop) == []

    async def test_is_unknown_and_found_by_the_timer(self, shop: Shop, clock: StoppedClock) -> None:
        order = await buy(shop)
        await order.ship(3)
        order.gateway.answers_to_lose = 1
        await order.settle()
        assert [step.state for step in await order.steps()] == [TransactionState.UNKNOWN]

        too_soon = await payments.carry_out_unanswered(shop.begin(), order.gateways)
        clock.advance(seconds=(UNANSWERED_AFTER + timedelta(seconds=1)).total_seconds())
        in_time = await payments.carry_out_unanswered(shop.begin(), order.gateways)

        assert (too_soon, in_time) == (0, 1)
        assert [step.state for step in await order.steps()] == [TransactionState.SUCCEEDED]

    async def test_that_cannot_be_read_keeps_no_other_from_being_found(self, shop: Shop, clock: StoppedClock) -> None:
        orders = [await buy(shop, mugs=1) for _ in range(2)]
        for order in orders:
            await order.ship(1)
            order.gateway.answers_to_lose = 1
            await order.settle()
            clock.advance(seconds=1)
        gateway = orders[0].gateway
        [unreadable] = await orders[0].steps()
        gateway.unreadable = {str(unreadable.id)}

        clock.at += UNANSWERED_AFTER
        with pytest.raises(ExceptionGroup):
            await payments.carry_out_unanswered(shop.begin(), orders[0].gateways)

        [found] = await orders[1].steps()
        assert found.state is TransactionState.SUCCEEDED
        gateway.unreadable = set()
        assert await payments.carry_out_unanswered(shop.begin(), orders[0].gateways) == 1
        assert await broken(shop) == []

    async def test_after_which_nothing_happened_is_asked_for_again(self, shop: Shop) -> None:
        order = await buy(shop)
        await order.ship(3)
        order.gateway.calls_to_fail = 1

        assert [await order.settle() for _ in range(2)] == [[False], [True]]

        assert (await order.at_the_provider())["CAPTURE"] == THREE_MUGS
        assert await broken(shop) == []

    async def test_of_many_workers_at_once_takes_the_money_once(self, shop: Shop) -> None:
        order = await buy(shop)
        await order.ship(3)
        [step] = await order.steps()

        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.gather(*(payments.carry_out(shop.begin(), order.gateways, step_id=step.id) for _ in range(5)))

        assert (await only(order)).captured_minor == THREE_MUGS
        assert (await order.at_the_provider())["CAPTURE"] == THREE_MUGS
        assert len(await shop.fetch("SELECT 1 FROM outbox WHERE name = 'PaymentStepSettled'")) == 1
        assert await broken(shop) == []


class TestRelease:
    async def test_of_all_voids_every_tender(self, shop: Shop) -> None:
        order = await buy(shop, tokens=("tok_ok", "tok_ok"))

        await order.cancel(3)
        await order.settle()

        assert [tender.status for tender in await order.tenders()] == ["VOIDED", "VOIDED"]
        assert await order.status() is OrderPaymentStatus.VOIDED
        assert (await order.at_the_provider())["VOID"] == THREE_MUGS
        assert await broken(shop) == []

    async def test_of_a_part_lets_the_last_tender_go_first(self, shop: Shop) -> None:
        order = await buy(shop, tokens=("tok_ok", "tok_ok"))

        await order.cancel(1)
        await order.settle()

        first, last = await order.tenders()
        assert (first.released_minor, last.released_minor) == (0, MUG)
        assert [first.status, last.status] == ["AUTHORIZED", "AUTHORIZED"]
        assert await order.status() is OrderPaymentStatus.AUTHORIZED
        assert await broken(shop) == []

    async def test_of_what_was_never_taken_completes_the_capture(self, shop: Shop) -> None:
        order = await buy(shop)
        await order.ship(1)
        await order.settle()

        await order.cancel(2)
        await order.settle()

        tender = await only(order)
        assert (tender.captured_minor, tender.released_minor) == (MUG + DELIVERY, 2 * MUG)
        assert tender.status is PaymentStatus.CAPTURED
        assert await order.status() is OrderPaymentStatus.CAPTURED
        assert await broken(shop) == []

    async def test_while_a_capture_is_on_its_way_leaves_that_alone(self, shop: Shop) -> None:
        order = await buy(shop)
        await order.ship(1)

        await order.cancel(2)
        await order.settle()

        tender = await only(order)
        assert (tender.captured_minor, tender.released_minor) == (MUG + DELIVERY, 2 * MUG)
        assert tender.status is PaymentStatus.CAPTURED
        assert await broken(shop) == []


class TestRefund:
    async def test_gives_a_part_back_and_then_the_rest(self, shop: Shop) -> None:
        order, cause = await self.captured(shop), new_id()

        await order.refund(MUG, cause=cause)
        asked = await only(order)
        await order.settle()
        part = await only(order)
        status = await order.status()
        await order.refund(THREE_MUGS - MUG, cause=cause)
        await order.settle()

        assert (asked.status, asked.refunding_minor, asked.refunded_minor) == ("CAPTURED", MUG, 0)
        assert (part.status, part.refunding_minor, part.refunded_minor) == ("PARTIALLY_REFUNDED", 0, MUG)
        assert status is OrderPaymentStatus.PARTIALLY_REFUNDED
        assert (await only(order)).status is PaymentStatus.REFUNDED
        assert await order.status() is OrderPaymentStatus.REFUNDED
        assert (await order.at_the_provider())["REFUND"] == THREE_MUGS
        assert await broken(shop) == []

    async def test_goes_to_the_tenders_it_came_from(self, shop: Shop) -> None:
        order, cause = await self.captured(shop, tokens=("tok_ok", "tok_ok")), new_id()

        await order.refund(MUG, cause=cause)
        await order.settle()

        assert [tender.refunded_minor for tender in await order.tenders()] == [FIRST_TENDER, MUG - FIRST_TENDER]
        assert [tender.status for tender in await order.tenders()] == ["REFUNDED", "PARTIALLY_REFUNDED"]
        async with shop.database.read() as session:
            given = await queries.refunded_for_cause(session, cause_ids=[cause, new_id()])
        assert {key: (value.requested_minor, value.refunded_minor) for key, value in given.items()} == {
            cause: (MUG, MUG)
        }
        assert await broken(shop) == []

    async def test_gives_no_more_than_was_taken(self, shop: Shop) -> None:
        order = await self.captured(shop)

        await order.refund(THREE_MUGS - 1, cause=new_id())
        with pytest.raises(RefundExceeded) as refused:
            await order.refund(2, cause=new_id())
        await order.refund(1, cause=new_id())
        await order.settle()

        assert "0.01 GBP" in refused.value.message
        assert (await only(order)).refunded_minor == THREE_MUGS
        assert await broken(shop) == []

    async def test_of_what_was_only_held_is_none(self, shop: Shop) -> None:
        order = await buy(shop)

        with pytest.raises(RefundExceeded):
            await order.refund(MUG, cause=new_id())

        assert await shop.fetch("SELECT 1 FROM refunds") == []

    async def test_of_all_that_was_taken_does_not_end_a_tender_that_still_holds_money(self, shop: Shop) -> None:
        order = await buy(shop)
        await order.ship(1)
        await order.settle()
        for amount in (MUG, DELIVERY):
            await order.refund(amount, cause=new_id())
            await order.settle()
        refunded = await only(order)

        await order.ship(2)
        assert await order.settle() == [True]

        assert (refunded.status, refunded.refundable) == (PaymentStatus.REFUNDED, 0)
        now = await only(order)
        assert (now.captured_minor, now.status) == (THREE_MUGS, PaymentStatus.PARTIALLY_REFUNDED)
        assert await order.status() is OrderPaymentStatus.PARTIALLY_REFUNDED
        assert await broken(shop) == []

    async def test_of_all_that_was_taken_stays_so_when_the_rest_is_cancelled(self, shop: Shop) -> None:
        order = await buy(shop)
        await order.ship(1)
        await order.settle()
        await order.refund(MUG + DELIVERY, cause=new_id())
        await order.settle()

        await order.cancel(2)
        assert await order.settle() == [True]

        assert (await only(order)).status is PaymentStatus.REFUNDED
        assert await order.status() is OrderPaymentStatus.REFUNDED
        assert await broken(shop) == []

    async def captured(self, shop: Shop, *, tokens: tuple[str, ...] = ("tok_ok",)) -> Paid:
        """Buy three mugs that have left and are paid for."""
        order = await buy(shop, tokens=tokens)
        await order.ship(3)
        await order.settle()
        return order


class TestHistory:
    async def test_names_every_move_of_a_tender(self, shop: Shop) -> None:
        order = await buy(shop)
        await order.ship(1)
        await order.settle()
        await order.ship(2)
        await order.settle()
        tender = await only(order)

        moves = await shop.fetch(
            "SELECT before, after, action FROM state_changes WHERE kind = 'payment' AND subject_id = $1 ORDER BY id",
            tender.id,
        )

        assert [tuple(move) for move in moves] == [
            ("PENDING", "AUTHORIZED", "authorize"),
            ("AUTHORIZED", "PARTIALLY_CAPTURED", "capture_to_partially_captured"),
            ("PARTIALLY_CAPTURED", "CAPTURED", "capture_to_captured"),
        ]

    async def test_keeps_no_token_of_the_gateway(self, shop: Shop) -> None:
        await buy(shop, tokens=("tok_ok", "tok_ok"))

        assert {record[0] for record in await shop.fetch("SELECT token FROM payments")} == {None}
