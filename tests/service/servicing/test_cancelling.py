"""Cancelling what has not left the building."""

import asyncio
from datetime import UTC, datetime

import pytest

from app.fulfillment import service as fulfillment
from app.fulfillment.rules import LineQuantity
from app.fulfillment.states import FulfillmentOrderStatus, RejectionReason
from app.kernel.actor import ANONYMOUS
from app.kernel.errors import Forbidden, Invalid, NotFound, QuantityExceeded
from app.kernel.ids import OrderId, OrderLineId, new_id
from app.orders.errors import OrderNotFound
from app.orders.states import FulfillmentStatus, OrderPaymentStatus, OrderStatus
from app.pickup import queries as pickup_queries
from app.pickup import service as pickups
from app.pickup.states import PickupStatus
from app.servicing import service as servicing
from app.servicing.errors import NothingToCancel
from app.servicing.rules import OrderLineQuantity
from tests.builders.placed import DELIVERY_MINOR, UNIT_PRICE_MINOR, Placed, broken_rules, collected, place, shipped
from tests.builders.shop import Shop

pytestmark = pytest.mark.anyio

AFTERNOON = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)


async def cancel(shop: Shop, order: Placed, quantities: dict[str, int] | None = None, *, by: str = "service") -> None:
    lines = None
    if quantities is not None:
        lines = [OrderLineQuantity((await order.line(sku)).id, units) for sku, units in quantities.items()]
    await shop.begin(by).run(lambda uow: servicing.cancel(uow, order_id=order.id, lines=lines, reason="too late"))


class TestCancelOrder:
    async def test_gives_back_stock_and_money(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 3), shipped("lamp", 1))

        await cancel(shop, order)

        assert (await order.order()).status is OrderStatus.CANCELLED
        assert (await order.order()).payment_status is OrderPaymentStatus.VOIDED
        assert (await order.work()).status is FulfillmentOrderStatus.CANCELLED
        assert await shop.available("mug") == shop.opening_stock("mug")
        assert await order.money() == (0, 4 * UNIT_PRICE_MINOR + DELIVERY_MINOR, 0)
        assert "Cancelled: 3 × Stoneware Mug, 1 × Desk Lamp (too late)" in await order.timeline()
        assert "OrderCancelled" in await order.events()
        assert await broken_rules(shop) == []

    async def test_of_some_units_keeps_the_others(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 3))

        await cancel(shop, order, {"mug": 1})

        line = await order.line("mug")
        assert (line.allocated, line.cancelled) == (2, 1)
        assert (await order.work()).status is FulfillmentOrderStatus.OPEN
        assert await order.money() == (0, UNIT_PRICE_MINOR, 0)
        assert await broken_rules(shop) == []

    async def test_gives_back_only_what_has_not_shipped(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 3))
        work, line = await order.packed(), await order.work_line("mug")
        await shop.begin("picker").run(
            lambda uow: fulfillment.ship(uow, fulfillment_order_id=work.id, lines=[LineQuantity(line.id, 1)])
        )

        await cancel(shop, order)

        assert (await order.work()).status is FulfillmentOrderStatus.FULFILLED
        assert (await order.order()).fulfillment_status is FulfillmentStatus.FULFILLED
        assert await order.money() == (UNIT_PRICE_MINOR + DELIVERY_MINOR, 2 * UNIT_PRICE_MINOR, 0)
        assert await broken_rules(shop) == []

    async def test_takes_units_that_wait_before_those_at_work(self, shop: Shop) -> None:
        order = await place(shop, shipped("tent", 1), shipped("mug", 2))
        work, line = await order.work(), await order.work_line("tent")
        await shop.begin("picker").run(
            lambda uow: fulfillment.reject(
                uow,
                fulfillment_order_id=work.id,
                reason=RejectionReason.NOT_FOUND,
                lines=[LineQuantity(line.id, 1)],
            )
        )

        await cancel(shop, order, {"tent": 1})

        assert (await order.line("tent")).cancelled == 1
        assert (await order.work()).status is FulfillmentOrderStatus.OPEN
        assert await broken_rules(shop) == []

    async def test_undoes_the_least_of_what_was_done(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 3))
        work, line = await order.work(), await order.work_line("mug")
        begin = shop.begin("picker")
        await begin.run(lambda uow: fulfillment.accept(uow, fulfillment_order_id=work.id))
        await begin.run(
            lambda uow: fulfillment.pick(uow, fulfillment_order_id=work.id, lines=[LineQuantity(line.id, 2)])
        )

        await cancel(shop, order, {"mug": 1})

        statuses = [found.status for found in await order.works()]
        assert statuses == [FulfillmentOrderStatus.PICKING, FulfillmentOrderStatus.CANCELLED]
        assert await broken_rules(shop) == []

    async def test_of_the_unpicked_rest_of_packed_goods_makes_them_packed(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 1), shipped("lamp", 1))
        work, line = await order.work(), await order.work_line("mug")
        begin = shop.begin("picker")
        await begin.run(lambda uow: fulfillment.accept(uow, fulfillment_order_id=work.id))
        await begin.run(
            lambda uow: fulfillment.pick(uow, fulfillment_order_id=work.id, lines=[LineQuantity(line.id, 1)])
        )
        await begin.run(lambda uow: fulfillment.pack(uow, fulfillment_order_id=work.id))

        await cancel(shop, order, {"lamp": 1})

        assert (await order.work()).status is FulfillmentOrderStatus.PACKED
        assert await broken_rules(shop) == []

    async def test_ends_pickups_and_frees_their_slots(self, shop: Shop) -> None:
        order = await place(shop, collected("mug", 2), slots={"camden": AFTERNOON})
        await order.ready()

        await cancel(shop, order)

        assert (await order.pickup()).status is PickupStatus.CANCELLED
        async with shop.database.read() as session:
            (slot,) = await pickup_queries.list_slots_by_start(session, slots=[(shop.locations["camden"], AFTERNOON)])
        assert slot.remaining == 2
        assert await broken_rules(shop) == []

    async def test_of_some_of_a_pickup_keeps_it(self, shop: Shop) -> None:
        order = await place(shop, collected("mug", 2))
        await order.ready()

        await cancel(shop, order, {"mug": 1})

        found = await order.pickup()
        assert found.status is PickupStatus.READY
        handed = await shop.begin("associate").run(lambda uow: _hand(uow, found.id, order))
        assert handed
        assert await order.money() == (UNIT_PRICE_MINOR, UNIT_PRICE_MINOR, 0)
        assert await broken_rules(shop) == []

    async def test_of_what_has_left_is_refused(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 1))
        work = await order.packed()
        await shop.begin("picker").run(lambda uow: fulfillment.ship(uow, fulfillment_order_id=work.id))

        with pytest.raises(NothingToCancel):
            await cancel(shop, order)

    async def test_again_is_refused(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 1))
        await cancel(shop, order)

        with pytest.raises(NothingToCancel):
            await cancel(shop, order)

    async def test_of_too_many_units_is_refused(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 1))

        with pytest.raises(QuantityExceeded) as refused:
            await cancel(shop, order, {"mug": 2})

        assert refused.value.field == ("lines", "0", "quantity")

    async def test_of_strange_lines_is_refused(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 1))
        strange = [OrderLineQuantity(OrderLineId(new_id()), 1)]

        with pytest.raises(NotFound):
            await shop.begin("service").run(lambda uow: servicing.cancel(uow, order_id=order.id, lines=strange))
        with pytest.raises(Invalid):
            await shop.begin("service").run(lambda uow: servicing.cancel(uow, order_id=order.id, lines=[]))

    async def test_of_an_unknown_order_is_not_found(self, shop: Shop) -> None:
        with pytest.raises(OrderNotFound):
            await shop.begin("service").run(lambda uow: servicing.cancel(uow, order_id=OrderId(new_id())))


class TestWhoMayCancel:
    async def test_customers_cancel_their_own(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 1), customer="ada")

        await cancel(shop, order, by="ada")

        assert (await order.order()).status is OrderStatus.CANCELLED

    async def test_customers_do_not_find_those_of_others(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 1), customer="ada")

        with pytest.raises(OrderNotFound):
            await cancel(shop, order, by="bob")

    async def test_guests_show_the_token(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 1))
        guest = shop.database.begin(ANONYMOUS)

        with pytest.raises(OrderNotFound):
            await guest.run(lambda uow: servicing.cancel(uow, order_id=order.id, token="k.forged"))
        await guest.run(lambda uow: servicing.cancel(uow, order_id=order.id, token=order.token))

        assert (await order.order()).status is OrderStatus.CANCELLED

    async def test_associates_read_but_do_not_cancel(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 1))

        with pytest.raises(Forbidden):
            await cancel(shop, order, by="associate")


class TestRaces:
    async def test_of_cancelling_and_shipping_lose_nothing(self, shop: Shop) -> None:
        orders = [await place(shop, shipped("mug", 1)) for _ in range(4)]
        works = [await order.packed() for order in orders]

        async def ship(number: int) -> object:
            return await shop.begin("picker").run(
                lambda uow: fulfillment.ship(uow, fulfillment_order_id=works[number].id)
            )

        attempts = [attempt for i in range(4) for attempt in (ship(i), cancel(shop, orders[i]))]
        outcomes = await asyncio.gather(*attempts, return_exceptions=True)

        assert sum(isinstance(outcome, Exception) for outcome in outcomes) == len(orders)
        assert await broken_rules(shop) == []


async def _hand(uow: object, pickup_id: object, order: Placed) -> bool:
    handed = await pickups.hand_over(uow, pickup_id=pickup_id, code=await order.code())  # type: ignore[arg-type]
    return handed is not None
