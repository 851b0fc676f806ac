"""News of payments: heard once, in whatever order, however late, and whatever is in them."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.kernel.actor import SYSTEM
from app.kernel.ids import new_id
from app.orders.errors import OrderOnHold
from app.orders.states import OrderPaymentStatus
from app.payments import service as payments
from app.payments.gateway import NoticeRefused, Outcome
from app.payments.gateways.test import Sent, TestGateway
from app.payments.rules import Payment, Step
from app.payments.states import NoticeEffect, PaymentStatus, TransactionKind, TransactionState
from app.worker import Means, Relay
from tests.builders.buyers import Buyer, broken
from tests.builders.clock import OPENING, StoppedClock
from tests.builders.paid import Paid, buy
from tests.builders.patience import PATIENCE_SECONDS
from tests.builders.shop import Shop

pytestmark = pytest.mark.anyio

MUG, DELIVERY = 1200, 499
THREE_MUGS = 3 * MUG + DELIVERY
CLIENTS = 20
APPLIED, KNOWN = NoticeEffect.APPLIED, NoticeEffect.KNOWN
CONTRADICTED, UNMATCHED = NoticeEffect.CONTRADICTED, NoticeEffect.UNMATCHED


async def hear(shop: Shop, gateway: TestGateway, sent: Sent) -> NoticeEffect | None:
    """Let news arrive."""
    return await payments.hear(shop.begin(), gateway, headers=sent.headers, body=sent.body)


async def only(order: Paid) -> Payment:
    """Read its one tender."""
    [tender] = await order.tenders()
    return tender


async def one(order: Paid, kind: str) -> Step:
    """Read its one step of a kind."""
    [step] = await order.steps(lambda step: step.kind == kind, but_initial=True)
    return step


async def held(shop: Shop) -> list[str]:
    """Say why orders are on hold now."""
    return [record[0] for record in await shop.fetch("SELECT reason FROM order_holds WHERE status = 'APPLIED'")]


async def captured(shop: Shop) -> Paid:
    """Buy three mugs that have left and are paid for."""
    order = await buy(shop)
    await order.ship(3)
    await order.settle()
    return order


async def refunded(shop: Shop) -> Paid:
    """Buy three mugs of which one was given back."""
    order = await captured(shop)
    await order.refund(MUG, cause=new_id())
    await order.settle()
    return order


async def lost(order: Paid) -> Step:
    """Let the answer of the step that waits get lost; the gateway has done it."""
    order.gateway.answers_to_lose = 1
    await order.settle()
    [step] = await order.steps(lambda step: step.settled_at is None, but_initial=True)
    assert step.state is TransactionState.UNKNOWN
    return step


def about(tender: Payment, **told: object) -> dict[str, object]:
    """Write news about a tender's authorization."""
    return {
        "id": str(new_id()), "outcome": "SUCCEEDED", "at": OPENING.isoformat(), "amount": MUG, "currency": "GBP",
        "authorization": tender.gateway_reference, **told,
    }  # fmt: skip


class TestSignature:
    async def test_of_another_secret_is_refused_and_nothing_kept(self, shop: Shop) -> None:
        order = await captured(shop)
        real = order.gateway.real
        sent = await real.news_of(str((await one(order, "CAPTURE")).id))
        at = sent.headers["x-test-signature"].partition(",")[0]
        forged = [
            Sent({**sent.headers, "x-test-signature": f"{at},v1={'0' * 64}"}, sent.body),
            Sent(sent.headers, sent.body.replace(b"GBP", b"EUR")),
            Sent({}, sent.body),
            Sent({"x-test-signature": "t=²,v1=é"}, sent.body),
        ]

        for news in forged:
            with pytest.raises(NoticeRefused, match="signature is wrong"):
                await hear(shop, real, news)

        assert await shop.fetch("SELECT 1 FROM gateway_notices") == []

    async def test_that_is_old_is_refused(self, shop: Shop, clock: StoppedClock) -> None:
        order = await captured(shop)
        sent = await order.gateway.real.news_of(str((await one(order, "CAPTURE")).id))
        clock.advance(minutes=6)

        with pytest.raises(NoticeRefused, match="too old"):
            await hear(shop, order.gateway.real, sent)

    async def test_may_be_new_on_news_that_are_years_old(self, shop: Shop) -> None:
        order = await buy(shop)
        await order.ship(3)
        step = await lost(order)
        long_ago = about(
            await only(order), kind="CAPTURE", key=str(step.id), amount=THREE_MUGS, at="1999-12-31T23:59:59Z"
        )

        assert await hear(shop, order.gateway.real, order.gateway.real.signed(long_ago)) is APPLIED

        assert (await only(order)).captured_minor == THREE_MUGS
        assert [row[0] for row in await shop.fetch("SELECT at FROM gateway_notices")] == [
            datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC)
        ]
        assert await broken(shop) == []


class TestAnswers:
    async def test_that_were_lost_come_as_news(self, shop: Shop) -> None:
        order = await buy(shop)
        await order.ship(3)
        step = await lost(order)
        sent = await order.gateway.real.news_of(str(step.id))

        effects = [await hear(shop, order.gateway.real, sent) for _ in range(2)]

        assert effects == [APPLIED, KNOWN]
        settled = await one(order, "CAPTURE")
        assert (settled.state, settled.gateway_reference is None) == (TransactionState.SUCCEEDED, False)
        assert (await only(order)).captured_minor == THREE_MUGS
        assert await broken(shop) == []

    async def test_that_are_recorded_after_the_news_change_nothing(self, shop: Shop) -> None:
        order = await buy(shop)
        await order.ship(3)
        step = await one(order, "CAPTURE")
        # The gateway has done it, and tells of it before the worker has read its answer.
        tender = await only(order)
        assert tender.gateway_reference is not None
        await order.gateway.real.capture(
            key=str(step.id), reference=tender.gateway_reference, amount_minor=THREE_MUGS, currency="GBP", final=True
        )
        effect = await hear(shop, order.gateway.real, await order.gateway.real.news_of(str(step.id)))

        assert effect is APPLIED
        assert await payments.carry_out(shop.begin(), order.gateways, step_id=step.id)
        assert (await only(order)).captured_minor == THREE_MUGS
        assert len(await shop.fetch("SELECT 1 FROM outbox WHERE name = 'PaymentStepSettled'")) == 1
        assert await broken(shop) == []

    async def test_that_come_with_the_news_of_twenty_clients_settle_once(self, shop: Shop) -> None:
        order = await buy(shop)
        await order.ship(3)
        step = await lost(order)
        sent = await order.gateway.real.news_of(str(step.id))

        async with asyncio.timeout(PATIENCE_SECONDS):
            *effects, _ = await asyncio.gather(
                *(hear(shop, order.gateway.real, sent) for _ in range(CLIENTS)),
                payments.carry_out(shop.begin(), order.gateways, step_id=step.id),
            )

        assert sorted(str(effect) for effect in effects) in (
            ["APPLIED", *["KNOWN"] * (CLIENTS - 1)],
            ["KNOWN"] * CLIENTS,
        )
        assert (await only(order)).captured_minor == THREE_MUGS
        assert len(await shop.fetch("SELECT 1 FROM gateway_notices")) == 1
        assert len(await shop.fetch("SELECT 1 FROM outbox WHERE name = 'PaymentStepSettled'")) == 1
        assert await broken(shop) == []

    async def test_in_the_wrong_order_leave_the_same_ledger(self, shop: Shop) -> None:
        order = await captured(shop)
        await order.refund(MUG, cause=new_id())
        refund, capture = await lost(order), await one(order, "CAPTURE")
        news = [await order.gateway.real.news_of(str(step.id)) for step in (refund, capture)]

        assert [await hear(shop, order.gateway.real, sent) for sent in news] == [APPLIED, KNOWN]

        tender = await only(order)
        assert (tender.captured_minor, tender.refunded_minor) == (THREE_MUGS, MUG)
        assert await broken(shop) == []

    async def test_that_money_was_declined_hold_the_order(self, shop: Shop) -> None:
        order = await buy(shop, tokens=("tok_no_capture",))
        await order.ship(3)
        step = await lost(order)

        assert await hear(shop, order.gateway.real, await order.gateway.real.news_of(str(step.id))) is APPLIED

        assert (await one(order, "CAPTURE")).state is TransactionState.FAILED
        assert await held(shop) == ["CAPTURE_FAILED"]
        assert await broken(shop) == []

    async def test_that_held_money_went_are_heard_under_either_name(self, shop: Shop, clock: StoppedClock) -> None:
        order = await buy(shop)
        clock.advance(days=6, hours=1)
        await payments.renew(shop.begin())
        await order.settle()
        # The first authorization was replaced, and the gateway is asked to let it go.
        gone = await lost(order)

        assert gone.kind is TransactionKind.EXPIRATION
        assert await hear(shop, order.gateway.real, await order.gateway.real.news_of(str(gone.id))) is APPLIED
        assert (await one(order, "EXPIRATION")).state is TransactionState.SUCCEEDED
        assert await broken(shop) == []

    async def test_that_money_is_held_anew_say_until_when(self, shop: Shop, clock: StoppedClock) -> None:
        order = await buy(shop)
        clock.advance(days=6, hours=1)
        await payments.renew(shop.begin())
        renewal = await lost(order)

        assert await hear(shop, order.gateway.real, await order.gateway.real.news_of(str(renewal.id))) is APPLIED

        assert (await only(order)).holds_until == clock.at + timedelta(days=7)
        assert await broken(shop) == []


class TestNotYet:
    @pytest.mark.parametrize("outcome", ["PENDING", "ACTION_REQUIRED"])
    async def test_is_no_answer(self, shop: Shop, outcome: str) -> None:
        order = await buy(shop)
        await order.ship(3)
        step = await one(order, "CAPTURE")
        news = about(await only(order), kind="CAPTURE", key=str(step.id), amount=THREE_MUGS, outcome=outcome)

        assert await hear(shop, order.gateway.real, order.gateway.real.signed(news)) is KNOWN

        assert await one(order, "CAPTURE") == step

    async def test_said_late_of_a_refund_undoes_nothing(self, shop: Shop) -> None:
        order = await refunded(shop)
        refund = await one(order, "REFUND")
        news = about(await only(order), kind="REFUND", key=str(refund.id), outcome="PENDING")

        assert await hear(shop, order.gateway.real, order.gateway.real.signed(news)) is KNOWN

        assert (await only(order)).refunded_minor == MUG
        assert await held(shop) == []

    async def test_said_of_a_checkout_wakes_nobody(self, shop: Shop) -> None:
        buyer = Buyer(shop)
        await buyer.buy(await buyer.cart({"mug": 1}), tokens=("tok_late",))
        [[key]] = await shop.fetch("SELECT id FROM payment_transactions")

        assert await hear(shop, buyer.gateway, await buyer.gateway.news_of(str(key))) is KNOWN

        assert await shop.fetch("SELECT 1 FROM outbox WHERE name = 'AuthorizationHeard'") == []


class TestAuthorization:
    async def test_that_a_checkout_waits_for_lets_the_worker_finish_it(self, shop: Shop, clock: StoppedClock) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"mug": 1})
        await buyer.buy(cart, tokens=("tok_late",))
        assert await buyer.order_of(cart) is None
        [[key]] = await shop.fetch("SELECT id FROM payment_transactions")
        clock.advance(seconds=61)

        effect = await hear(shop, buyer.gateway, await buyer.gateway.news_of(str(key)))
        await Relay(Means(shop.database.begin(SYSTEM), buyer.gateways)).drain()

        assert effect is APPLIED
        order = await buyer.order_of(cart)
        assert order is not None
        assert order.payment_status is OrderPaymentStatus.AUTHORIZED
        assert await broken(shop) == []

    async def test_that_was_recorded_by_then_is_known(self, shop: Shop) -> None:
        order = await buy(shop)
        [[key]] = await shop.fetch("SELECT id FROM payment_transactions")

        assert await hear(shop, order.gateway.real, await order.gateway.real.news_of(str(key))) is KNOWN

    async def test_of_another_amount_wakes_nobody(self, shop: Shop) -> None:
        buyer = Buyer(shop)
        await buyer.buy(await buyer.cart({"mug": 1}), tokens=("tok_late",))
        [[key]] = await shop.fetch("SELECT id FROM payment_transactions")
        [tender] = await shop.fetch("SELECT * FROM payments")
        news = {
            "id": "1", "kind": "AUTHORIZATION", "outcome": "SUCCEEDED", "at": OPENING.isoformat(), "amount": 1,
            "currency": "GBP", "key": str(key), "reference": "test_1", "authorization": tender["gateway_reference"],
        }  # fmt: skip

        assert await hear(shop, buyer.gateway, buyer.gateway.signed(news)) is CONTRADICTED

        assert await shop.fetch("SELECT 1 FROM outbox WHERE name = 'AuthorizationHeard'") == []

    async def test_that_ended_at_the_provider_is_replaced(self, shop: Shop) -> None:
        order = await buy(shop)
        tender = await only(order)
        news = about(tender, kind="EXPIRATION", reference="gone", amount=THREE_MUGS)

        effects = [
            await hear(shop, order.gateway.real, order.gateway.real.signed(news | {"id": name})) for name in ("1", "2")
        ]
        assert [step.kind for step in await order.steps(but_initial=True)] == ["EXPIRATION", "AUTHORIZATION"]
        assert await order.settle() == [True]
        effects.append(await hear(shop, order.gateway.real, order.gateway.real.signed(news | {"id": "3"})))

        assert effects == [APPLIED, KNOWN, KNOWN]
        now = await only(order)
        assert (now.held, now.status) == (THREE_MUGS, PaymentStatus.AUTHORIZED)
        assert now.gateway_reference != tender.gateway_reference
        assert await held(shop) == []
        assert await broken(shop) == []

    async def test_that_ended_and_cannot_be_replaced_holds_the_order(self, shop: Shop) -> None:
        order = await buy(shop, tokens=("tok_short_once",))
        news = about(await only(order), kind="EXPIRATION", reference="gone", amount=THREE_MUGS)

        assert await hear(shop, order.gateway.real, order.gateway.real.signed(news)) is APPLIED
        await order.settle()

        assert await held(shop) == ["AUTHORIZATION_EXPIRED"]
        with pytest.raises(OrderOnHold):
            await order.ship(1)
        assert await broken(shop) == []

    async def test_of_which_a_part_was_let_go_by_hand_is_for_people(self, shop: Shop) -> None:
        order = await buy(shop)
        news = about(await only(order), kind="VOID", reference="by hand", amount=MUG)

        assert await hear(shop, order.gateway.real, order.gateway.real.signed(news)) is CONTRADICTED

        assert (await only(order)).held == THREE_MUGS


class TestWhatOthersDid:
    async def test_to_another_shops_payment_is_kept_and_changes_nothing(self, shop: Shop) -> None:
        order = await captured(shop)
        before = await only(order)
        stranger = {
            "id": "1", "kind": "CAPTURE", "outcome": "SUCCEEDED", "at": OPENING.isoformat(), "amount": 5, "currency": "GBP",
            "key": str(new_id()), "reference": "test_else", "authorization": "test_elsewhere",
        }  # fmt: skip

        assert await hear(shop, order.gateway.real, order.gateway.real.signed(stranger)) is UNMATCHED

        [kept] = await shop.fetch("SELECT effect, transaction_id, amount_minor FROM gateway_notices")
        assert tuple(kept) == ("UNMATCHED", None, 5)
        assert await only(order) == before

    @pytest.mark.parametrize("kind", ["CAPTURE", "REFUND", "AUTHORIZATION"])
    async def test_in_the_providers_console_is_for_people(self, shop: Shop, kind: str) -> None:
        order = await buy(shop)
        news = about(await only(order), kind=kind, reference="by hand")

        assert await hear(shop, order.gateway.real, order.gateway.real.signed(news)) is UNMATCHED

        assert await order.steps() == []
        assert await broken(shop) == []

    @pytest.mark.parametrize(
        "wrong", [{"amount": MUG}, {"currency": "EUR"}, {"kind": "REFUND"}, {"outcome": "DECLINED"}], ids=str
    )
    async def test_otherwise_than_the_ledger_says_changes_nothing(self, shop: Shop, wrong: dict[str, object]) -> None:
        order = await captured(shop)
        capture, before = await one(order, "CAPTURE"), await only(order)
        news = about(before, kind="CAPTURE", key=str(capture.id), amount=THREE_MUGS) | wrong

        assert await hear(shop, order.gateway.real, order.gateway.real.signed(news)) is CONTRADICTED

        assert (await only(order), await one(order, "CAPTURE")) == (before, capture)

    @pytest.mark.parametrize("wrong", [{"amount": MUG}, {"currency": "EUR"}, {"kind": "REFUND"}], ids=str)
    async def test_otherwise_than_was_asked_for_settles_nothing(self, shop: Shop, wrong: dict[str, object]) -> None:
        order = await buy(shop)
        await order.ship(3)
        capture = await one(order, "CAPTURE")
        news = about(await only(order), kind="CAPTURE", key=str(capture.id), amount=THREE_MUGS) | wrong

        assert await hear(shop, order.gateway.real, order.gateway.real.signed(news)) is CONTRADICTED

        assert await one(order, "CAPTURE") == capture

    async def test_under_the_name_of_another_step_settles_nothing(self, shop: Shop) -> None:
        order = await buy(shop)
        for mugs in (1, 2):
            await order.ship(mugs)
            if mugs == 1:
                await order.settle()
        first, second = await order.steps()
        news = about(
            await only(order), kind="CAPTURE", key=str(second.id), amount=2 * MUG, reference=first.gateway_reference
        )

        assert await hear(shop, order.gateway.real, order.gateway.real.signed(news)) is CONTRADICTED

        assert (await order.steps())[1] == second

    async def test_before_what_is_known_already_is_known(self, shop: Shop) -> None:
        order = await buy(shop, tokens=("tok_no_capture",))
        await order.ship(3)
        step = await lost(order)
        declined = about(
            await only(order), kind="CAPTURE", key=str(step.id), amount=THREE_MUGS, outcome="DECLINED",
            at=(OPENING + timedelta(hours=1)).isoformat(),
        )  # fmt: skip
        earlier = declined | {"id": "earlier", "outcome": "SUCCEEDED", "at": OPENING.isoformat()}

        real = order.gateway.real
        assert [await hear(shop, real, real.signed(news)) for news in (declined, earlier)] == [APPLIED, KNOWN]


class TestRefund:
    async def test_that_did_not_arrive_is_owed_again(self, shop: Shop, clock: StoppedClock) -> None:
        order = await refunded(shop)
        refund = await one(order, "REFUND")
        assert refund.gateway_reference is not None
        clock.advance(days=400)
        await order.gateway.real.fail_refund(reference=refund.gateway_reference)
        sent = await order.gateway.real.news_of(str(refund.id))

        effects = [await hear(shop, order.gateway.real, sent) for _ in range(2)]

        assert effects == [APPLIED, KNOWN]
        tender = await only(order)
        assert (tender.refunded_minor, tender.status) == (0, PaymentStatus.CAPTURED)
        assert await order.status() is OrderPaymentStatus.CAPTURED
        assert await held(shop) == ["REFUND_FAILED"]
        assert any("did not arrive: the account it went to is closed" in line for line in await order.timeline())
        assert await broken(shop) == []

    async def test_that_did_not_arrive_is_given_back_when_somebody_asks(self, shop: Shop) -> None:
        order = await refunded(shop)
        refund = await one(order, "REFUND")
        assert refund.gateway_reference is not None
        await order.gateway.real.fail_refund(reference=refund.gateway_reference)
        await hear(shop, order.gateway.real, await order.gateway.real.news_of(str(refund.id)))

        await shop.begin("operator").run(lambda uow: payments.retry(uow, order_id=order.id))
        assert await order.settle() == [True]

        assert (await only(order)).refunded_minor == MUG
        assert await order.status() is OrderPaymentStatus.PARTIALLY_REFUNDED
        assert await held(shop) == []
        assert await order.at_the_provider() == {
            "AUTHORIZATION": THREE_MUGS, "CAPTURE": THREE_MUGS, "REFUND": 2 * MUG, "REFUND_REVERSAL": MUG,
        }  # fmt: skip
        assert await broken(shop) == []

    @pytest.mark.parametrize("first", ["as the refund", "as a fact of its own"])
    async def test_that_did_not_arrive_is_written_down_once_whatever_news_tell_it(self, shop: Shop, first: str) -> None:
        order = await refunded(shop)
        refund = await one(order, "REFUND")
        assert refund.gateway_reference is not None
        real = order.gateway.real
        failure = await real.fail_refund(reference=refund.gateway_reference)
        keys = [str(refund.id), failure.idempotency_key]

        for key in keys if first == "as the refund" else reversed(keys):
            await hear(shop, real, await real.news_of(key))

        tender = await only(order)
        assert (tender.refunded_minor, tender.status) == (0, PaymentStatus.CAPTURED)
        assert len([step for step in await order.steps() if step.kind is TransactionKind.REFUND_REVERSAL]) == 1
        assert await held(shop) == ["REFUND_FAILED"]
        assert await broken(shop) == []

    async def test_whose_failure_is_heard_before_its_success_was_recorded_is_owed(self, shop: Shop) -> None:
        order = await captured(shop)
        await order.refund(MUG, cause=new_id())
        asked = await lost(order)
        [[reference]] = await shop.fetch("SELECT reference FROM test_gateway_operations WHERE kind = 'REFUND'")
        early = await order.gateway.real.news_of(str(asked.id))
        await order.gateway.real.fail_refund(reference=reference)
        late = await order.gateway.real.news_of(str(asked.id))

        async with asyncio.timeout(PATIENCE_SECONDS):
            effects = await asyncio.gather(*(hear(shop, order.gateway.real, sent) for sent in (late, early)))

        # Whichever was written down first, the money is with us and the customer is owed it.
        assert effects[0] is APPLIED
        assert (await only(order)).refunded_minor == 0
        assert await held(shop) == ["REFUND_FAILED"]
        assert await broken(shop) == []

    async def test_that_did_not_arrive_is_the_one_that_was_named_and_not_another_of_the_same_amount(
        self, shop: Shop
    ) -> None:
        order = await refunded(shop)
        arrived = await one(order, "REFUND")
        await order.refund(MUG, cause=new_id())
        pending = await lost(order)
        back = about(await only(order), kind="REFUND_REVERSAL", reference="re_2_failed", key=str(pending.id))

        effects = [await self.hear_of(order, back | {"id": str(i)}) for i in range(2)]

        assert effects == [APPLIED, KNOWN]
        states = {step.id: step.state for step in await order.steps(lambda step: step.kind is TransactionKind.REFUND)}
        assert states == {arrived.id: TransactionState.SUCCEEDED, pending.id: TransactionState.FAILED}
        assert (await only(order)).refunded_minor == MUG
        assert await held(shop) == ["REFUND_FAILED"]
        assert await broken(shop) == []

    async def test_that_did_not_arrive_and_is_not_named_is_for_people_while_others_like_it_wait(
        self, shop: Shop
    ) -> None:
        order = await refunded(shop)
        await order.refund(MUG, cause=new_id())
        await lost(order)

        effect = await self.hear_of(order, about(await only(order), kind="REFUND_REVERSAL", reference="re_2_failed"))

        assert effect is CONTRADICTED
        tender = await only(order)
        assert (tender.refunded_minor, tender.refunding_minor) == (MUG, MUG)
        assert await broken(shop) == []

    async def test_that_is_named_did_not_arrive_whichever_of_two_it_is(self, shop: Shop) -> None:
        order = await refunded(shop)
        first = await one(order, "REFUND")
        await order.refund(MUG, cause=new_id())
        await order.settle()
        back = about(await only(order), kind="REFUND_REVERSAL", reference="re_1_failed", key=str(first.id))

        effects = [await self.hear_of(order, back | {"id": str(i)}) for i in range(2)]

        assert effects == [APPLIED, KNOWN]
        [came_back] = await order.steps(lambda step: step.kind is TransactionKind.REFUND_REVERSAL)
        assert came_back.refund_id == first.refund_id
        assert await broken(shop) == []

    @pytest.mark.parametrize("wrong", [{"amount": MUG - 1}, {"currency": "EUR"}])
    async def test_that_is_named_otherwise_than_it_was_is_for_people(
        self, shop: Shop, wrong: dict[str, object]
    ) -> None:
        order = await refunded(shop)
        refund = await one(order, "REFUND")
        back = about(await only(order), kind="REFUND_REVERSAL", reference="re_1_failed", key=str(refund.id), **wrong)

        assert await self.hear_of(order, back) is CONTRADICTED

        assert (await only(order)).refunded_minor == MUG
        assert await broken(shop) == []

    async def hear_of(self, order: Paid, news: dict[str, object]) -> NoticeEffect | None:
        """Let news arrive that the provider signed."""
        gateway = order.gateway.real
        return await hear(order.shop, gateway, gateway.signed(news))


class TestChargeback:
    async def test_is_written_down_and_holds_the_order_until_it_is_given_back(self, shop: Shop) -> None:
        order = await buy(shop)
        await order.ship(1)
        await order.settle()
        tender = await only(order)
        real, about_it = order.gateway.real, tender.gateway_reference
        assert about_it is not None
        await real.charge_back(reference=about_it, amount_minor=MUG, key="dispute 1")
        await real.charge_back(reference=about_it, amount_minor=MUG, key="dispute 1 won", reverse=True)

        fetched = await hear(shop, real, await real.news_of("dispute 1"))
        meanwhile = await only(order)
        with pytest.raises(OrderOnHold, match="fetched back through the shopper's bank"):
            await order.ship(1)
        given = await hear(shop, real, await real.news_of("dispute 1 won"))

        assert (fetched, given) == (APPLIED, APPLIED)
        assert (meanwhile.charged_back_minor, meanwhile.refundable) == (MUG, DELIVERY)
        assert (await only(order)).charged_back_minor == 0
        assert await held(shop) == []
        await order.ship(1)
        assert await broken(shop) == []

    async def test_and_its_reversal_in_the_wrong_order_end_as_in_the_right_one(self, shop: Shop) -> None:
        order = await captured(shop)
        real, about_it = order.gateway.real, (await only(order)).gateway_reference
        assert about_it is not None
        await real.charge_back(reference=about_it, amount_minor=MUG, key="dispute 1")
        await real.charge_back(reference=about_it, amount_minor=MUG, key="dispute 1 won", reverse=True)

        effects = [await hear(shop, real, await real.news_of(key)) for key in ("dispute 1 won", "dispute 1")]

        assert effects == [CONTRADICTED, APPLIED]
        assert {row[0] for row in await shop.fetch("SELECT effect FROM gateway_notices")} == {"APPLIED"}
        assert (await only(order)).charged_back_minor == 0
        assert await held(shop) == []
        assert await broken(shop) == []

    async def test_of_which_two_news_come_at_once_counts_once(self, shop: Shop) -> None:
        order = await captured(shop)
        real, tender = order.gateway.real, await only(order)
        news = about(tender, kind="CHARGEBACK", reference="dispute 1")

        async with asyncio.timeout(PATIENCE_SECONDS):
            effects = await asyncio.gather(
                *(hear(shop, real, real.signed(news | {"id": f"news {i}"})) for i in range(CLIENTS))
            )

        assert sorted(map(str, effects)) == ["APPLIED", *["KNOWN"] * (CLIENTS - 1)]
        assert (await only(order)).charged_back_minor == MUG
        assert await broken(shop) == []

    async def test_that_carries_the_key_of_the_capture_is_still_a_chargeback(self, shop: Shop) -> None:
        order = await captured(shop)
        capture = await one(order, "CAPTURE")
        news = about(await only(order), kind="CHARGEBACK", reference="dispute 1", key=str(capture.id))

        assert await hear(shop, order.gateway.real, order.gateway.real.signed(news)) is APPLIED

        assert (await only(order)).charged_back_minor == MUG

    @pytest.mark.parametrize("amount", [0, THREE_MUGS + 1])
    async def test_of_nothing_or_of_more_than_was_taken_is_for_people(self, shop: Shop, amount: int) -> None:
        order = await captured(shop)
        news = about(await only(order), kind="CHARGEBACK", reference="dispute 1", amount=amount)

        assert await hear(shop, order.gateway.real, order.gateway.real.signed(news)) is CONTRADICTED

        assert (await only(order)).charged_back_minor == 0


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
_INSTANTS = st.datetimes(timezones=st.just(UTC)).map(lambda at: at.isoformat()) | st.text(max_size=20)


#: A step of the ledger, by where it stands; it is put in once the ledger is known.
_STEPS = st.integers(min_value=0, max_value=4).map(lambda number: ("step", number))
_NEWS = st.fixed_dictionaries(
    {
        "id": st.text(max_size=300) | _JSON,
        "kind": st.sampled_from([*TransactionKind, "NOTHING"]),
        "outcome": st.sampled_from([*Outcome, "NOTHING"]),
        "at": _INSTANTS,
        "amount": st.sampled_from([0, 1, MUG, THREE_MUGS, -1, 2**63, 2**80]) | _JSON,
        "currency": st.sampled_from(["GBP", "EUR", "gbp", "", "£££"]),
    },
    optional={
        "key": _STEPS | _JSON,
        "reference": _STEPS | st.text(max_size=300),
        "authorization": _STEPS | _JSON,
        "holds_until": _INSTANTS | _JSON,
        "message": _JSON,
    },
)


class TestGarbage:
    @pytest.fixture
    async def orders(self, shop: Shop) -> list[Paid]:
        """Buy mugs that wait to be captured, were captured, and of which one was given back."""
        waiting = await buy(shop, mugs=2)
        await waiting.ship(1)
        return [waiting, await refunded(shop)]

    @settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    @given(news=_NEWS)
    async def test_that_is_signed_is_refused_or_kept_and_the_books_add_up(
        self, shop: Shop, orders: list[Paid], news: dict[str, Any]
    ) -> None:
        real = orders[0].gateway.real
        steps = await shop.fetch("SELECT id::text AS key, gateway_reference FROM payment_transactions ORDER BY id")
        for name, column in (
            ("key", "key"),
            ("reference", "gateway_reference"),
            ("authorization", "gateway_reference"),
        ):
            if isinstance(news.get(name), tuple):
                news[name] = steps[news[name][1]][column]
        try:
            sent = real.signed(news)
        except TypeError:
            # What is no JSON cannot be sent.
            return

        with suppress(NoticeRefused):
            assert await hear(shop, real, sent) in set(NoticeEffect)

        assert await broken(shop) == []

    @settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    @given(
        body=st.binary(max_size=200),
        headers=st.dictionaries(st.sampled_from(["x-test-signature", "content-type"]), st.text(max_size=80)),
    )
    async def test_that_is_not_signed_is_refused(self, shop: Shop, body: bytes, headers: dict[str, str]) -> None:
        with pytest.raises(NoticeRefused):
            await hear(shop, TestGateway(shop.database), Sent(headers, body))

    @settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    @given(body=_JSON)
    async def test_that_is_signed_and_no_news_is_refused(self, shop: Shop, body: Any) -> None:
        gateway = TestGateway(shop.database)

        with pytest.raises(NoticeRefused, match="not news of this provider"):
            await hear(shop, gateway, gateway.signed(body))
