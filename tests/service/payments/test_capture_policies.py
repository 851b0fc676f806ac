"""Goods are charged when their channel says, each once and for what it is worth, and delivery with the first or the last."""

import pytest

from app.channels.states import CaptureAt, CaptureDelivery
from app.fulfillment import service as fulfillment
from app.fulfillment.errors import ShipmentNotFound
from app.kernel.actor import ANONYMOUS
from app.kernel.errors import DomainError, Forbidden, Unauthenticated
from app.orders.states import OrderPaymentStatus
from tests.builders.buyers import Buyer, broken
from tests.builders.shop import Shop
from tests.builders.tendered import DELIVERY, MUG, TEE, Way, arrange, buy_with

pytestmark = pytest.mark.anyio

THREE_MUGS = 3 * MUG + DELIVERY
PLACEMENT, SHIPMENT, HAND_OVER = CaptureAt
FIRST, LAST = CaptureDelivery


class TestPlacement:
    async def test_charges_the_whole_order_at_once(self, shop: Shop) -> None:
        order = await buy_with(shop, way=Way(PLACEMENT))
        asked = await order.tenders()
        await order.work_off()

        await order.ship(1)
        await order.ship(2)

        assert [tender.capturing_minor for tender in asked] == [THREE_MUGS]
        assert await order.charged() == [("PLACEMENT", THREE_MUGS)]
        assert await order.status() is OrderPaymentStatus.CAPTURED
        assert await order.open_steps() == []
        assert await broken(shop) == []

    async def test_gives_back_what_is_cancelled_after_it_was_taken(self, shop: Shop) -> None:
        order = await buy_with(shop, way=Way(PLACEMENT))
        await order.work_off()

        await order.cancel(1)
        await order.work_off()
        part = await order.sums()
        await order.cancel(2)
        await order.work_off()

        assert part == {"held": THREE_MUGS, "captured": THREE_MUGS, "refunded": MUG, "released": 0}
        assert [refund.amount_minor for refund in await order.refunds()] == [MUG, 2 * MUG + DELIVERY]
        assert await order.status() is OrderPaymentStatus.REFUNDED
        assert await order.at_the_provider() == {
            "AUTHORIZATION": THREE_MUGS,
            "CAPTURE": THREE_MUGS,
            "REFUND": THREE_MUGS,
        }
        assert await broken(shop) == []

    async def test_gives_back_what_is_cancelled_before_the_worker_ran(self, shop: Shop) -> None:
        order = await buy_with(shop, way=Way(PLACEMENT))

        await order.cancel(3)
        waiting = await order.refunds()
        await order.work_off()

        assert [(refund.missing, refund.is_settled) for refund in waiting] == [(THREE_MUGS, False)]
        assert await order.sums() == {
            "held": THREE_MUGS,
            "captured": THREE_MUGS,
            "refunded": THREE_MUGS,
            "released": 0,
        }
        assert await order.status() is OrderPaymentStatus.REFUNDED
        assert await broken(shop) == []

    async def test_moves_no_money_for_what_is_cancelled_when_the_capture_fails(self, shop: Shop) -> None:
        order = await buy_with(shop, way=Way(PLACEMENT))
        order.moody.declined = {"capture"}
        await order.cancel(3)

        await order.work_off()

        [charge], [refund] = await order.charges(), await order.refunds()
        assert (charge.waived_minor, refund.waived_minor) == (THREE_MUGS, THREE_MUGS)
        assert await order.holds() == []
        assert await order.sums() == {"held": 0, "captured": 0, "refunded": 0, "released": THREE_MUGS}
        assert await order.status() is OrderPaymentStatus.VOIDED
        assert await order.at_the_provider() == {"AUTHORIZATION": THREE_MUGS, "VOID": THREE_MUGS}
        assert await broken(shop) == []

    async def test_still_owes_for_what_is_kept_when_the_capture_fails(self, shop: Shop) -> None:
        order = await buy_with(shop, way=Way(PLACEMENT))
        order.moody.declined = {"capture"}
        await order.cancel(1)
        await order.work_off()
        held = await order.holds()

        order.moody.declined = set()
        await order.retry()

        assert held == ["CAPTURE_FAILED"]
        assert await order.holds() == []
        assert await order.sums() == {
            "held": THREE_MUGS - MUG,
            "captured": THREE_MUGS - MUG,
            "refunded": 0,
            "released": MUG,
        }
        assert await broken(shop) == []

    async def test_tells_what_was_paid_once(self, shop: Shop) -> None:
        await buy_with(shop, way=Way(PLACEMENT))

        told = await shop.fetch("SELECT before, after FROM state_changes WHERE kind = 'order payment'")
        assert told == []


class TestShipment:
    async def test_charges_each_shipment_with_the_delivery_first(self, shop: Shop) -> None:
        order = await buy_with(shop, way=Way(SHIPMENT))

        for mugs in (1, 1, 1):
            await order.ship(mugs)
            await order.work_off()

        assert [amount for _, amount in await order.charged()] == [MUG + DELIVERY, MUG, MUG]
        assert await order.status() is OrderPaymentStatus.CAPTURED
        assert await broken(shop) == []

    async def test_charges_each_shipment_with_the_delivery_last(self, shop: Shop) -> None:
        order = await buy_with(shop, way=Way(SHIPMENT, LAST))

        for mugs in (1, 1, 1):
            await order.ship(mugs)
            await order.work_off()

        assert [amount for _, amount in await order.charged()] == [MUG, MUG, MUG + DELIVERY]
        assert await broken(shop) == []

    async def test_charges_the_delivery_with_the_last_when_the_rest_is_cancelled(self, shop: Shop) -> None:
        order = await buy_with(shop, way=Way(SHIPMENT, LAST))
        await order.ship(1)
        await order.work_off()

        await order.cancel(2)
        await order.work_off()

        assert await order.charged() == [("SHIPMENT", MUG), ("CANCELLATION", DELIVERY)]
        assert await order.sums() == {
            "held": MUG + DELIVERY,
            "captured": MUG + DELIVERY,
            "refunded": 0,
            "released": 2 * MUG,
        }
        assert await order.status() is OrderPaymentStatus.CAPTURED
        assert await broken(shop) == []

    async def test_charges_no_delivery_of_what_was_cancelled_altogether(self, shop: Shop) -> None:
        order = await buy_with(shop, way=Way(SHIPMENT, LAST))

        await order.cancel(3)
        await order.work_off()

        assert await order.charged() == []
        assert await order.status() is OrderPaymentStatus.VOIDED
        assert await broken(shop) == []

    async def test_charges_what_is_handed_over(self, shop: Shop) -> None:
        order = await buy_with(shop, collected={"tee-s": 2}, way=Way(SHIPMENT))
        await order.ready()

        await order.hand_over()
        await order.work_off()

        assert await order.charged() == [("HAND_OVER", 2 * TEE)]
        assert await order.status() is OrderPaymentStatus.CAPTURED
        assert await broken(shop) == []


class TestHandOver:
    @pytest.mark.parametrize(
        ("delivery", "charged"), [(FIRST, [MUG + DELIVERY, 2 * MUG]), (LAST, [MUG, 2 * MUG + DELIVERY])]
    )
    async def test_charges_what_has_been_delivered(
        self, shop: Shop, delivery: CaptureDelivery, charged: list[int]
    ) -> None:
        order = await buy_with(shop, way=Way(HAND_OVER, delivery))
        await order.ship(1)
        await order.ship(2)
        shipped = await order.charged()

        for _ in range(2):
            await order.deliver()
            await order.work_off()

        assert shipped == []
        assert await order.charged() == [("HAND_OVER", amount) for amount in charged]
        assert await order.status() is OrderPaymentStatus.CAPTURED
        assert await broken(shop) == []

    async def test_charges_a_delivery_that_is_told_again_once(self, shop: Shop) -> None:
        order = await buy_with(shop, way=Way(HAND_OVER))
        await order.ship(3)
        [shipment_id] = await order.on_the_way()

        for _ in range(2):
            await shop.begin().run(lambda uow: fulfillment.deliver(uow, shipment_id=shipment_id))
        await order.work_off()

        assert await order.on_the_way() == []
        assert await order.charged() == [("HAND_OVER", THREE_MUGS)]

    async def test_hears_of_deliveries_from_those_who_sent_them(self, shop: Shop) -> None:
        order = await buy_with(shop, way=Way(HAND_OVER))
        await order.ship(3)
        [shipment_id] = await order.on_the_way()

        refused: dict[str, type[Exception]] = {}
        for name, begin in (
            ("guest", shop.database.begin(ANONYMOUS)),
            ("shopper", shop.begin("ada")),
            ("elsewhere", shop.begin("other_associate")),
        ):
            with pytest.raises(DomainError) as refusal:
                await begin.run(lambda uow: fulfillment.deliver(uow, shipment_id=shipment_id))
            refused[name] = refusal.type

        assert refused == {"guest": Unauthenticated, "shopper": Forbidden, "elsewhere": ShipmentNotFound}
        assert await order.charged() == []

    async def test_charges_a_pickup_and_leaves_what_is_on_its_way(self, shop: Shop) -> None:
        order = await buy_with(shop, shipped={"mug": 1}, collected={"tee-s": 1}, way=Way(HAND_OVER))
        await order.ready()
        await order.hand_over()
        await order.work_off()

        assert await order.charged() == [("HAND_OVER", TEE)]
        assert await order.status() is OrderPaymentStatus.PARTIALLY_CAPTURED
        assert await broken(shop) == []

    async def test_charges_what_comes_back_before_it_was_known_to_have_arrived(self, shop: Shop) -> None:
        order = await buy_with(shop, way=Way(HAND_OVER))
        await order.ship(3)

        await order.refund_returned({"mug": 1})
        await order.work_off()
        waived = await order.sums()
        await order.deliver()
        await order.work_off()

        assert waived == {"held": 2 * MUG + DELIVERY, "captured": DELIVERY, "refunded": 0, "released": MUG}
        assert (await order.sums())["captured"] == 2 * MUG + DELIVERY
        assert await order.status() is OrderPaymentStatus.CAPTURED
        assert await broken(shop) == []


class TestCarryOut:
    @pytest.mark.parametrize("at", list(CaptureAt))
    async def test_is_charged_at_once_whatever_the_policy(self, shop: Shop, at: CaptureAt) -> None:
        await arrange(shop, Way(at))
        associate = Buyer(shop, begin=shop.begin("associate"))
        cart = await associate.carry_out({"mug": 2})

        completed = await associate.buy(cart)
        await associate.settle()

        assert completed.order_id is not None
        charges = await shop.fetch("SELECT amount_minor FROM charges")
        assert [charge["amount_minor"] for charge in charges] == [2 * MUG]
        order = await associate.order_of(cart)
        assert order is not None
        assert (order.status, order.payment_status) == ("FULFILLED", "CAPTURED")
        assert await broken(shop) == []


class TestReturns:
    async def test_before_the_capture_wait_for_it(self, shop: Shop) -> None:
        order = await buy_with(shop)
        await order.ship(3)

        await order.refund_returned({"mug": 3})
        waiting = await order.refunds()
        await order.work_off()

        assert [refund.missing for refund in waiting] == [THREE_MUGS]
        assert await order.sums() == {
            "held": THREE_MUGS,
            "captured": THREE_MUGS,
            "refunded": THREE_MUGS,
            "released": 0,
        }
        assert await order.status() is OrderPaymentStatus.REFUNDED
        assert await broken(shop) == []

    async def test_of_what_could_not_be_captured_move_no_money(self, shop: Shop) -> None:
        order = await buy_with(shop)
        await order.ship(3)
        order.moody.declined = {"capture"}
        await order.refund_returned({"mug": 3})

        await order.work_off()

        assert await order.sums() == {"held": 0, "captured": 0, "refunded": 0, "released": THREE_MUGS}
        assert await order.holds() == []
        assert await order.status() is OrderPaymentStatus.VOIDED
        assert await broken(shop) == []

    async def test_and_cancellations_together_give_back_what_was_paid(self, shop: Shop) -> None:
        order = await buy_with(shop, way=Way(PLACEMENT))
        await order.work_off()
        await order.ship(1)
        await order.refund_returned({"mug": 1})
        await order.cancel(2)

        await order.work_off()

        assert (await order.sums())["refunded"] == 3 * MUG
        assert await broken(shop) == []
