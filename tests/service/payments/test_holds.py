"""Orders that may not go on, as money could not be had or given back, and what lets them go on."""

import pytest

from app.channels.states import CaptureAt
from app.kernel.db import UnitOfWork
from app.kernel.errors import Forbidden
from app.orders.errors import OrderOnHold
from app.orders.states import OrderPaymentStatus
from app.payments import service as payments
from app.payments.states import NoticeEffect
from tests.builders.buyers import broken
from tests.builders.clock import StoppedClock
from tests.builders.shop import Shop
from tests.builders.tendered import DELIVERY, MUG, TEE, Tendered, Way, buy_with, card

pytestmark = pytest.mark.anyio

THREE_MUGS = 3 * MUG + DELIVERY


async def change_token(shop: Shop, token: str) -> None:
    """Let the bank change its mind about a card."""

    async def write(uow: UnitOfWork) -> None:
        await uow.execute("UPDATE test_gateway_operations SET plays = $1 WHERE kind = 'AUTHORIZATION'", [token])

    await shop.begin().run(write)


class TestCaptureThatFails:
    async def test_keeps_goods_from_leaving_until_it_succeeds(self, shop: Shop) -> None:
        order = await buy_with(shop, card("tok_no_capture"))
        await order.ship(1)
        await order.work_off()
        with pytest.raises(OrderOnHold, match=r"16\.99 GBP could not be captured: the bank declined the capture"):
            await order.ship(1)

        await change_token(shop, "tok_ok")
        await order.retry()
        await order.ship(2)
        await order.work_off()

        assert await order.holds() == []
        assert await order.status() is OrderPaymentStatus.CAPTURED
        assert await broken(shop) == []

    async def test_keeps_a_pickup_behind_the_counter(self, shop: Shop) -> None:
        order = await buy_with(shop, card("tok_no_capture"), collected={"tee-s": 1}, way=Way(CaptureAt.PLACEMENT))
        await order.ready()
        await order.work_off()

        with pytest.raises(OrderOnHold):
            await order.hand_over()
        assert (await order.pickup()).status == "READY"

        await change_token(shop, "tok_ok")
        await order.retry()
        await order.hand_over()
        assert (await order.sums())["captured"] == TEE
        assert await broken(shop) == []

    async def test_that_fails_again_keeps_it_held_once(self, shop: Shop) -> None:
        order = await buy_with(shop, card("tok_no_capture"))
        await order.ship(1)
        await order.work_off()

        for _ in range(2):
            await order.retry()

        assert await order.holds() == ["CAPTURE_FAILED"]
        assert [step.state for step in await order.steps()] == ["FAILED"] * 3
        assert await broken(shop) == []

    async def test_of_one_tender_leaves_the_others_alone(self, shop: Shop) -> None:
        order = await buy_with(shop, card("tok_ok", "10.00"), card("tok_no_capture"))
        await order.ship(3)

        await order.work_off()

        assert [tender.captured_minor for tender in await order.tenders()] == [1000, 0]
        assert await order.holds() == ["CAPTURE_FAILED"]
        assert await order.status() is OrderPaymentStatus.PARTIALLY_CAPTURED
        assert await broken(shop) == []

    async def test_ends_with_the_order_when_all_that_it_was_for_came_back(self, shop: Shop) -> None:
        order = await buy_with(shop, card("tok_no_capture"))
        await order.ship(3)
        await order.work_off()

        await order.refund_returned({"mug": 3})
        await order.work_off()

        assert await order.holds() == []
        assert await order.sums() == {"held": 0, "captured": 0, "refunded": 0, "released": THREE_MUGS}
        assert await broken(shop) == []


class TestRefundThatFails:
    async def test_is_told_and_blocks_nothing(self, shop: Shop) -> None:
        order = await self.shipped_and_returned(shop)

        assert await order.holds() == ["REFUND_FAILED"]
        await order.ship(1)
        assert await order.status() is OrderPaymentStatus.PARTIALLY_CAPTURED
        assert await broken(shop) == []

    async def test_is_asked_for_again(self, shop: Shop) -> None:
        order = await self.shipped_and_returned(shop)
        order.moody.declined = set()

        await order.retry()

        assert await order.holds() == []
        assert (await order.sums())["refunded"] == MUG
        assert [step.state for step in await order.steps(lambda step: step.kind == "REFUND")] == ["FAILED", "SUCCEEDED"]
        assert await broken(shop) == []

    async def test_after_all_is_owed_again_and_asked_for_again(self, shop: Shop) -> None:
        order = await self.shipped_and_returned(shop, declined=False)
        [refund] = await order.steps(lambda step: step.kind == "REFUND")
        assert refund.gateway_reference is not None
        failure = await order.moody.fail_refund(reference=refund.gateway_reference)

        effects = [await order.hear_of(failure.idempotency_key) for _ in range(2)]
        back = await order.sums()
        status = await order.status()
        await order.retry()

        assert effects == [NoticeEffect.APPLIED, NoticeEffect.KNOWN]
        assert (back["refunded"], status) == (0, OrderPaymentStatus.PARTIALLY_CAPTURED)
        assert (await order.sums())["refunded"] == MUG
        assert await order.holds() == []
        assert await broken(shop) == []

    async def shipped_and_returned(self, shop: Shop, *, declined: bool = True) -> Tendered:
        """Let two of three mugs leave, and one of them come back; giving its money back is declined."""
        order = await buy_with(shop)
        await order.ship(2)
        await order.work_off()
        if declined:
            order.moody.declined = {"refund"}
        await order.refund_returned({"mug": 1})
        await order.work_off()
        return order


class TestChargeback:
    async def test_holds_the_order_until_the_bank_gives_the_money_again(self, shop: Shop) -> None:
        order = await self.half_shipped(shop)
        await self.charge_back(order, "first", MUG)
        with pytest.raises(OrderOnHold, match=r"12\.00 GBP was fetched back"):
            await order.ship(2)

        await self.charge_back(order, "won", MUG, reverse=True)
        await order.ship(2)

        assert await order.holds() == []
        assert await broken(shop) == []

    async def test_is_written_down_once(self, shop: Shop) -> None:
        order = await self.half_shipped(shop)
        await self.charge_back(order, "first", MUG)

        assert await order.hear_of("first") is NoticeEffect.KNOWN
        [tender] = await order.tenders()
        assert (tender.charged_back_minor, tender.refundable) == (MUG, DELIVERY)
        assert await broken(shop) == []

    async def test_of_more_than_was_taken_is_kept_and_changes_nothing(self, shop: Shop) -> None:
        order = await self.half_shipped(shop)
        [tender] = await order.tenders()
        assert tender.gateway_reference is not None
        await order.moody.charge_back(reference=tender.gateway_reference, amount_minor=THREE_MUGS, key="too much")

        assert await order.hear_of("too much") is NoticeEffect.CONTRADICTED
        assert await order.holds() == []
        assert await broken(shop) == []

    async def test_leaves_a_return_to_be_paid_when_the_money_is_here_again(self, shop: Shop) -> None:
        order = await self.half_shipped(shop)
        await self.charge_back(order, "first", MUG + DELIVERY)
        await order.refund_returned({"mug": 1})
        await order.work_off()
        meanwhile = await order.sums()

        await self.charge_back(order, "won", MUG + DELIVERY, reverse=True)
        await order.work_off()

        assert meanwhile["refunded"] == 0
        assert (await order.sums())["refunded"] == MUG
        assert await order.holds() == []
        assert await broken(shop) == []

    async def half_shipped(self, shop: Shop) -> Tendered:
        """Let one of three mugs leave, and its money be taken."""
        order = await buy_with(shop)
        await order.ship(1)
        await order.work_off()
        return order

    async def charge_back(self, order: Tendered, key: str, amount_minor: int, *, reverse: bool = False) -> None:
        """Let the bank fetch money back, or give it again, and tell of it."""
        [tender] = await order.tenders()
        assert tender.gateway_reference is not None
        await order.moody.charge_back(
            reference=tender.gateway_reference, amount_minor=amount_minor, key=key, reverse=reverse
        )
        assert await order.hear_of(key) is NoticeEffect.APPLIED


class TestRetry:
    async def test_is_for_those_who_look_after_money(self, shop: Shop) -> None:
        order = await buy_with(shop)

        with pytest.raises(Forbidden):
            await shop.begin("associate").run(lambda uow: payments.retry(uow, order_id=order.id))

    async def test_of_an_order_that_owes_nothing_asks_for_nothing(self, shop: Shop, clock: StoppedClock) -> None:
        order = await buy_with(shop)
        await order.ship(3)
        await order.work_off()

        await order.retry()

        assert len(await order.steps()) == 1
        assert await broken(shop) == []
