"""Money that is held is held anew before it runs out, missed after it did, and taken from where it is."""

import asyncio

import pytest

from app.channels.states import CaptureAt
from app.kernel.errors import Forbidden, Invalid
from app.kernel.money import Money
from app.orders.errors import OrderOnHold
from app.orders.states import OrderPaymentStatus
from app.payments import service as payments
from app.payments.errors import PaymentMismatch
from app.payments.gateway import Abilities
from app.payments.rules import Payment, Step
from app.payments.states import NoticeEffect, PaymentStatus, TransactionKind
from tests.builders.buyers import broken
from tests.builders.clock import StoppedClock
from tests.builders.patience import PATIENCE_SECONDS
from tests.builders.shop import Shop
from tests.builders.tendered import DELIVERY, MUG, Tendered, Way, buy_with, card, cash

pytestmark = pytest.mark.anyio

THREE_MUGS = 3 * MUG + DELIVERY


async def only(order: Tendered) -> Payment:
    """Read its one tender."""
    [tender] = await order.tenders()
    return tender


async def about(order: Tendered, kind: TransactionKind) -> list[tuple[str, int, bool]]:
    """Say of the steps of one kind how they went, about how much, and whether about the authorization that holds now."""
    reference = (await only(order)).gateway_reference
    found = await order.steps(lambda step: step.kind is kind, but_initial=True)
    return [(step.state.value, step.amount_minor, step.authorization_reference == reference) for step in found]


async def held_at_the_provider(order: Tendered) -> dict[str, int]:
    """Say what each authorization still holds, by the provider's own memory; those that hold nothing are left out."""
    found = await order.shop.fetch(
        """
        SELECT held.reference, held.amount_minor + coalesce(sum(CASE step.kind WHEN 'INCREMENT' THEN step.amount_minor
            WHEN 'CAPTURE' THEN -step.amount_minor WHEN 'VOID' THEN -step.amount_minor ELSE 0 END), 0)::bigint AS left
        FROM test_gateway_operations AS held
        LEFT JOIN test_gateway_operations AS step
            ON step.authorization_reference = held.reference AND step.outcome = 'SUCCEEDED'
        WHERE held.kind = 'AUTHORIZATION' AND held.outcome = 'SUCCEEDED' GROUP BY held.reference, held.amount_minor
        """
    )
    return {entry["reference"]: entry["left"] for entry in found if entry["left"]}


class TestRenewal:
    async def test_holds_money_anew_a_day_before_it_runs_out(self, shop: Shop, clock: StoppedClock) -> None:
        order = await buy_with(shop, card("tok_short"))
        first = await only(order)
        clock.advance(hours=23)
        await order.renew()
        early = await only(order)
        clock.advance(hours=1)

        await order.renew()

        now = await only(order)
        assert early.gateway_reference == first.gateway_reference != now.gateway_reference
        assert (now.authorized_minor, now.expired_minor, now.held) == (2 * THREE_MUGS, THREE_MUGS, THREE_MUGS)
        assert now.status is PaymentStatus.AUTHORIZED
        assert now.holds_until is not None
        assert first.holds_until is not None
        assert now.holds_until > first.holds_until
        assert await held_at_the_provider(order) == {now.gateway_reference: THREE_MUGS}
        assert await order.holds() == []
        assert await broken(shop) == []

    async def test_goes_on_for_as_long_as_the_order_waits(self, shop: Shop, clock: StoppedClock) -> None:
        order = await buy_with(shop, card("tok_short"))

        for _ in range(5):
            clock.advance(days=1)
            await order.renew()
        await order.ship(3)
        await order.work_off()

        assert await order.status() is OrderPaymentStatus.CAPTURED
        assert (await only(order)).amount_minor == THREE_MUGS
        assert await broken(shop) == []

    async def test_is_not_asked_for_what_is_paid_or_let_go(self, shop: Shop, clock: StoppedClock) -> None:
        order = await buy_with(shop, card("tok_short"))
        await order.ship(1)
        await order.cancel(2)
        await order.work_off()
        clock.advance(days=3)

        await order.renew()

        assert await about(order, TransactionKind.AUTHORIZATION) == []
        assert (await only(order)).renews_at is None
        assert await broken(shop) == []

    async def test_is_asked_for_once_by_many_workers(self, shop: Shop, clock: StoppedClock) -> None:
        order = await buy_with(shop, card("tok_short"))
        clock.advance(days=1)

        async with asyncio.timeout(PATIENCE_SECONDS):
            asked = await asyncio.gather(*(payments.renew(shop.begin()) for _ in range(4)))
        await order.work_off()

        assert sum(asked) == 1
        assert (await only(order)).held == THREE_MUGS
        assert await broken(shop) == []

    async def test_that_fails_leaves_the_first_one_in_place(self, shop: Shop, clock: StoppedClock) -> None:
        order = await buy_with(shop, card("tok_short_once"))
        clock.advance(days=1)
        await order.renew()
        holds = await order.holds()

        await order.ship(3)
        await order.work_off()

        assert holds == []
        assert await order.status() is OrderPaymentStatus.CAPTURED
        assert await broken(shop) == []

    async def test_whose_answer_is_lost_is_asked_for_again(self, shop: Shop, clock: StoppedClock) -> None:
        order = await buy_with(shop, card("tok_short"))
        clock.advance(days=1)
        order.moody.answers_to_lose = 1
        await payments.renew(shop.begin())
        await order.work_off()
        await order.work_off()
        await order.work_off()

        assert len(await held_at_the_provider(order)) == 1
        assert (await only(order)).held == THREE_MUGS
        assert await broken(shop) == []

    async def test_that_is_told_as_news_is_asked_about_until_when_it_holds(
        self, shop: Shop, clock: StoppedClock
    ) -> None:
        order = await buy_with(shop, card("tok_short"))
        clock.advance(days=1)
        order.moody.answers_to_lose = 1
        await payments.renew(shop.begin())
        await order.work_off()
        [step] = await order.open_steps()

        effect = await order.hear_of(str(step.id))
        await order.work_off()

        assert effect is NoticeEffect.APPLIED
        now = await only(order)
        assert (now.held, now.holds_until is None, now.renews_at is None) == (THREE_MUGS, False, False)
        assert await broken(shop) == []


class TestRenewalUnderWay:
    """What happens between asking for money to be held anew and hearing that it is."""

    async def under_way(self, shop: Shop, clock: StoppedClock) -> tuple[Tendered, Step]:
        order = await buy_with(shop, card("tok_short"))
        clock.advance(days=1)
        await payments.renew(shop.begin())
        [step] = await order.open_steps()
        return order, step

    async def answered(self, order: Tendered, step: Step) -> None:
        await payments.carry_out(order.shop.begin(), order.gateways, step_id=step.id)

    async def test_goods_that_leave_are_taken_from_the_old_one(self, shop: Shop, clock: StoppedClock) -> None:
        order, step = await self.under_way(shop, clock)
        await order.ship(1)

        await self.answered(order, step)
        await order.work_off()

        now = await only(order)
        assert (now.captured_minor, now.held, now.amount_minor) == (MUG + DELIVERY, THREE_MUGS, THREE_MUGS)
        assert await held_at_the_provider(order) == {now.gateway_reference: 2 * MUG}
        assert await broken(shop) == []

    async def test_all_goods_that_leave_need_no_more(self, shop: Shop, clock: StoppedClock) -> None:
        order, step = await self.under_way(shop, clock)
        await order.ship(3)

        await order.work_off()
        await self.answered(order, step)

        now = await only(order)
        assert (now.captured_minor, now.held, now.status) == (THREE_MUGS, THREE_MUGS, "CAPTURED")
        assert await held_at_the_provider(order) == {}
        assert await broken(shop) == []

    async def test_a_capture_of_the_old_one_that_lapses_is_asked_of_the_new_one(
        self, shop: Shop, clock: StoppedClock
    ) -> None:
        order, step = await self.under_way(shop, clock)
        await order.ship(1)
        await self.answered(order, step)
        # The worker comes to the capture only after the old authorization has run out.
        clock.advance(hours=30)

        await order.work_off()

        now = await only(order)
        assert (now.captured_minor, now.held) == (MUG + DELIVERY, THREE_MUGS)
        assert await held_at_the_provider(order) == await self.expected(order)
        assert await order.holds() == []
        assert await broken(shop) == []

    async def expected(self, order: Tendered) -> dict[str, int]:
        """Say what should be held: what has lapsed holds nothing, though the provider does not say so of it."""
        now = await only(order)
        left = await held_at_the_provider(order)
        assert left[now.gateway_reference or ""] == now.capturable
        return left

    async def test_a_capture_of_the_old_one_that_is_declined_is_asked_of_the_new_one(
        self, shop: Shop, clock: StoppedClock
    ) -> None:
        order, step = await self.under_way(shop, clock)
        await order.ship(1)
        await self.answered(order, step)
        order.moody.declined = {"capture"}
        [capture] = await order.steps(lambda one: one.kind is TransactionKind.CAPTURE)
        await self.answered(order, capture)
        order.moody.declined = set()

        await order.work_off()

        now = await only(order)
        assert (now.captured_minor, now.held) == (MUG + DELIVERY, THREE_MUGS)
        assert await held_at_the_provider(order) == {now.gateway_reference: 2 * MUG}
        assert await broken(shop) == []

    async def test_a_cancellation_of_all_lets_everything_go(self, shop: Shop, clock: StoppedClock) -> None:
        order, step = await self.under_way(shop, clock)
        await order.cancel(3)

        await self.answered(order, step)
        await order.work_off()

        now = await only(order)
        assert (now.held, now.status) == (0, PaymentStatus.VOIDED)
        assert await held_at_the_provider(order) == {}
        assert await order.status() is OrderPaymentStatus.VOIDED
        assert await broken(shop) == []

    async def test_a_cancellation_of_a_part_lets_that_go(self, shop: Shop, clock: StoppedClock) -> None:
        order, step = await self.under_way(shop, clock)
        await order.cancel(1)

        await self.answered(order, step)
        await order.work_off()

        now = await only(order)
        assert now.held == 2 * MUG + DELIVERY
        assert await held_at_the_provider(order) == {now.gateway_reference: 2 * MUG + DELIVERY}
        await order.ship(2)
        await order.work_off()
        assert (await only(order)).status is PaymentStatus.CAPTURED
        assert await broken(shop) == []


class TestExpiry:
    async def test_of_what_can_be_held_anew_is_made_good(self, shop: Shop, clock: StoppedClock) -> None:
        order = await buy_with(shop, card("tok_short"))
        clock.advance(days=3)

        await order.renew()

        now = await only(order)
        assert (now.held, now.status) == (THREE_MUGS, PaymentStatus.AUTHORIZED)
        assert await order.holds() == []
        await order.ship(3)
        await order.work_off()
        assert await order.status() is OrderPaymentStatus.CAPTURED
        assert await broken(shop) == []

    async def test_of_what_cannot_be_held_anew_holds_the_order(self, shop: Shop, clock: StoppedClock) -> None:
        order = await self.expired(shop, clock)

        assert await order.holds() == ["AUTHORIZATION_EXPIRED"]
        assert (await only(order)).status is PaymentStatus.EXPIRED
        assert await order.status() is OrderPaymentStatus.PENDING
        with pytest.raises(OrderOnHold, match=r"40\.99 GBP is held no more"):
            await order.ship(1)
        assert await broken(shop) == []

    async def test_ends_its_hold_when_the_money_is_held_again(self, shop: Shop, clock: StoppedClock) -> None:
        order = await self.expired(shop, clock)
        await self.willing(shop)

        await order.retry()

        assert await order.holds() == []
        await order.ship(3)
        await order.work_off()
        assert await order.status() is OrderPaymentStatus.CAPTURED
        assert await broken(shop) == []

    async def test_ends_its_hold_when_the_order_is_cancelled(self, shop: Shop, clock: StoppedClock) -> None:
        order = await self.expired(shop, clock)

        await order.cancel(3)
        await order.work_off()

        assert await order.holds() == []
        assert await order.status() is OrderPaymentStatus.VOIDED
        assert await broken(shop) == []

    async def test_keeps_its_hold_while_what_has_left_is_paid_and_the_rest_is_not_held(
        self, shop: Shop, clock: StoppedClock
    ) -> None:
        order = await buy_with(shop, card("tok_short_once"))
        await order.ship(1)
        await order.work_off()
        clock.advance(days=3)
        await order.renew()

        await order.refund_returned({"mug": 1})
        await order.work_off()

        assert await order.holds() == ["AUTHORIZATION_EXPIRED"]
        assert await broken(shop) == []

    async def test_while_a_capture_waits_takes_it_from_a_new_one(self, shop: Shop, clock: StoppedClock) -> None:
        order = await buy_with(shop, card("tok_short"))
        await order.ship(1)
        clock.advance(days=3)

        await order.work_off()
        await order.renew()

        now = await only(order)
        assert now.captured_minor == MUG + DELIVERY
        assert now.capturable >= 2 * MUG or now.missing == 2 * MUG
        assert await order.holds() == []
        assert await broken(shop) == []

    async def test_of_money_for_goods_charged_at_once_that_are_then_cancelled(
        self, shop: Shop, clock: StoppedClock
    ) -> None:
        order = await buy_with(shop, card("tok_short"), way=Way(CaptureAt.PLACEMENT))
        clock.advance(days=3)
        order.moody.declined = {"capture"}
        await order.work_off()
        order.moody.declined = set()
        await order.renew()

        await order.cancel(3)
        await order.work_off()

        sums = await order.sums()
        assert sums["captured"] == sums["refunded"]
        assert await order.holds() == []
        assert await broken(shop) == []

    async def test_is_heard_as_news(self, shop: Shop, clock: StoppedClock) -> None:
        order = await buy_with(shop, card("tok_short"))
        first = await only(order)
        sent = order.moody.signed(
            {
                "id": "ran out",
                "kind": "EXPIRATION",
                "outcome": "SUCCEEDED",
                "at": clock.at.isoformat(),
                "amount": THREE_MUGS,
                "currency": "GBP",
                "authorization": first.gateway_reference,
            }
        )

        effect = await payments.hear(shop.begin(), order.moody, headers=sent.headers, body=sent.body)
        await order.work_off()

        assert effect is NoticeEffect.APPLIED
        now = await only(order)
        assert (now.held, now.expired_minor) == (THREE_MUGS, THREE_MUGS)
        assert now.gateway_reference != first.gateway_reference
        assert await broken(shop) == []

    async def expired(self, shop: Shop, clock: StoppedClock) -> Tendered:
        """Let the money of an order run out whose bank holds none anew."""
        order = await buy_with(shop, card("tok_short_once"))
        clock.advance(days=3)
        await order.renew()
        return order

    async def willing(self, shop: Shop) -> None:
        """Let the bank hold money anew after all."""
        async with shop.database.unit(shop.actor("system")) as uow:
            await uow.execute("UPDATE test_gateway_operations SET plays = 'tok_short'", [])


class TestHoldMore:
    async def test_adds_to_the_authorization(self, shop: Shop) -> None:
        order = await buy_with(shop)
        before = await only(order)

        await self.hold_more(order, MUG)

        now = await only(order)
        assert (now.held, now.amount_minor) == (THREE_MUGS + MUG, THREE_MUGS + MUG)
        assert (now.gateway_reference, now.holds_until) == (before.gateway_reference, before.holds_until)
        assert now.renews_at == before.renews_at
        assert await held_at_the_provider(order) == {now.gateway_reference: THREE_MUGS + MUG}
        assert await broken(shop) == []

    async def test_replaces_the_authorization_where_nothing_can_be_added(self, shop: Shop) -> None:
        order = await buy_with(shop, abilities=Abilities(reauthorizes=True))
        before = await only(order)

        await self.hold_more(order, MUG)

        now = await only(order)
        assert (now.held, now.amount_minor) == (THREE_MUGS + MUG, THREE_MUGS + MUG)
        assert now.gateway_reference != before.gateway_reference
        assert await held_at_the_provider(order) == {now.gateway_reference: THREE_MUGS + MUG}
        assert await broken(shop) == []

    async def test_is_let_go_when_the_order_was_cancelled_meanwhile(self, shop: Shop) -> None:
        order = await buy_with(shop)
        await self.ask(order, MUG)
        await order.cancel(3)

        await order.work_off()

        assert (await only(order)).held == 0
        assert await held_at_the_provider(order) == {}
        assert await broken(shop) == []

    async def test_is_asked_of_what_a_renewal_replaced_meanwhile_and_let_go_there(
        self, shop: Shop, clock: StoppedClock
    ) -> None:
        order = await buy_with(shop, card("tok_short"))
        clock.advance(days=1)
        await self.ask(order, MUG)
        await payments.renew(shop.begin())
        more, renewal = await order.open_steps()
        await payments.carry_out(shop.begin(), order.gateways, step_id=renewal.id)

        await payments.carry_out(shop.begin(), order.gateways, step_id=more.id)
        await order.work_off()

        now = await only(order)
        assert now.held == THREE_MUGS
        assert await held_at_the_provider(order) == {now.gateway_reference: THREE_MUGS}
        assert await broken(shop) == []

    async def test_is_declined_without_consequences(self, shop: Shop) -> None:
        order = await buy_with(shop)
        order.moody.declined = {"increment"}

        await self.hold_more(order, MUG)

        now = await only(order)
        assert (now.held, now.authorizing_minor, now.amount_minor) == (THREE_MUGS, 0, THREE_MUGS)
        assert await order.holds() == []
        assert await broken(shop) == []

    async def test_is_refused_where_nobody_can(self, shop: Shop) -> None:
        order = await buy_with(shop, abilities=Abilities())
        with pytest.raises(PaymentMismatch, match="without the shopper"):
            await self.ask(order, MUG)
        with pytest.raises(Invalid):
            await self.ask(order, 0)
        with pytest.raises(Forbidden):
            await self.ask(order, MUG, by="associate")
        assert await order.open_steps() == []

    async def test_is_refused_of_money_that_no_service_holds(self, shop: Shop) -> None:
        order = await buy_with(shop, cash(), by="associate")

        with pytest.raises(PaymentMismatch):
            await self.ask(order, MUG)

    async def hold_more(self, order: Tendered, amount_minor: int) -> None:
        await self.ask(order, amount_minor)
        await order.work_off()

    async def ask(self, order: Tendered, amount_minor: int, *, by: str = "service") -> None:
        tender = await only(order)
        amount = Money(amount_minor, tender.currency).decimal()
        await order.shop.begin(by).run(
            lambda uow: payments.hold_more(uow, order.gateways, payment_id=tender.id, amount=amount)
        )


class TestCapturesOnce:
    ABILITIES = Abilities(reauthorizes=True, captures_once=True)

    async def test_what_is_sent_later_is_held_anew_once_the_first_is_taken(self, shop: Shop) -> None:
        order = await buy_with(shop, abilities=self.ABILITIES)
        first = await only(order)
        await order.ship(1)
        await order.work_off()
        taken, between = await only(order), await held_at_the_provider(order)

        await order.ship(2)
        await order.work_off()

        now = await only(order)
        assert (taken.captured_minor, taken.capturable, taken.missing) == (MUG + DELIVERY, 2 * MUG, 0)
        assert between == {taken.gateway_reference: 2 * MUG}
        assert (now.captured_minor, now.status) == (THREE_MUGS, PaymentStatus.CAPTURED)
        assert now.gateway_reference != first.gateway_reference
        assert await held_at_the_provider(order) == {}
        assert await broken(shop) == []

    async def test_two_shipments_before_the_worker_ran_are_taken_one_after_the_other(self, shop: Shop) -> None:
        order = await buy_with(shop, abilities=self.ABILITIES)
        await order.ship(1)
        await order.ship(2)

        await order.work_off()

        assert (await only(order)).captured_minor == THREE_MUGS
        assert await order.holds() == []
        assert await held_at_the_provider(order) == {}
        assert await broken(shop) == []

    async def test_the_rest_of_an_order_waits_where_a_service_holds_nothing_anew(self, shop: Shop) -> None:
        order = await buy_with(shop, abilities=Abilities(captures_once=True))
        await order.ship(1)
        await order.work_off()

        assert await order.holds() == ["AUTHORIZATION_EXPIRED"]
        with pytest.raises(OrderOnHold):
            await order.ship(1)
        assert (await only(order)).captured_minor == MUG + DELIVERY
        assert await broken(shop) == []


class TestRefundAfterRenewal:
    async def test_goes_back_to_the_authorizations_that_it_was_taken_of(self, shop: Shop, clock: StoppedClock) -> None:
        order = await buy_with(shop, card("tok_short"))
        await order.ship(1)
        await order.work_off()
        clock.advance(days=1)
        await order.renew()
        await order.ship(2)
        await order.work_off()

        await order.refund_returned({"mug": 3})
        await order.work_off()

        assert await about(order, TransactionKind.REFUND) == [
            ("SUCCEEDED", MUG + DELIVERY, False),
            ("SUCCEEDED", 2 * MUG, True),
        ]
        assert await order.status() is OrderPaymentStatus.REFUNDED
        assert await broken(shop) == []
