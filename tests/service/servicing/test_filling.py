"""Goods come that customers wait for, or do not come."""

import asyncio
from datetime import timedelta

import pytest

from app.fulfillment import service as fulfillment
from app.fulfillment.states import FulfillmentOrderStatus, RejectionReason
from app.inventory import service as inventory
from app.inventory.errors import OutOfStock, PurchaseOrderNotFound, WouldOversell
from app.inventory.rules import Ahead
from app.inventory.states import Bucket, PurchaseOrderStatus
from app.kernel.actor import ANONYMOUS
from app.kernel.errors import (
    Conflict,
    DomainError,
    Forbidden,
    IllegalTransition,
    Invalid,
    NotFound,
    QuantityExceeded,
    Unauthenticated,
)
from app.kernel.ids import OrderId, PurchaseOrderId, new_id
from app.orders.states import OrderStatus
from app.pickup.states import PickupStatus
from app.servicing import service as servicing
from app.servicing.rules import OrderLineQuantity
from app.worker import Means, Relay
from tests.builders.clock import StoppedClock
from tests.builders.expected import NEXT_WEEK, announce, backorder_of, limit, receive, supply_of
from tests.builders.placed import Placed, broken_rules, collected, place, shipped, waiting
from tests.builders.shop import LOCATIONS, VARIANTS, Shop
from tests.builders.stocked import TTL, Shelves, broken_stock

pytestmark = pytest.mark.anyio


async def awaited(shop: Shop, units: int, *, of: PurchaseOrderId, sku: str = "kettle") -> Placed:
    """Place an order for units that a purchase order brings to the warehouse."""
    return await place(shop, waiting(shipped(sku, units), on=(await supply_of(shop, of, sku)).id))


async def tell(shop: Shop) -> None:
    """Tell whoever subscribes what happened."""
    await Relay(Means(shop.begin(), {})).drain()


class TestReceivePurchaseOrder:
    async def test_serves_an_order_that_waits_and_opens_its_work(self, shop: Shop) -> None:
        purchase = await announce(shop, {"kettle": 10})
        order = await awaited(shop, 3, of=purchase.id)

        received = await receive(shop, purchase.id, {"kettle": 10})

        line = await order.line("kettle")
        assert (line.backordered, line.allocated) == (0, 3)
        assert (await order.work()).status is FulfillmentOrderStatus.OPEN
        assert await shop.available("kettle") == 7
        assert received.status is PurchaseOrderStatus.RECEIVED
        assert "3 × Whistling Kettle came to Warehouse" in await order.timeline()
        assert await broken_rules(shop) == []

    async def test_of_a_part_serves_who_waits_longest(self, shop: Shop, clock: StoppedClock) -> None:
        purchase = await announce(shop, {"kettle": 5})
        first = await awaited(shop, 2, of=purchase.id)
        clock.advance(seconds=1)
        second = await awaited(shop, 3, of=purchase.id)

        received = await receive(shop, purchase.id, {"kettle": 3})

        assert (await first.line("kettle")).allocated == 2
        line = await second.line("kettle")
        assert (line.backordered, line.allocated) == (2, 1)
        assert received.status is PurchaseOrderStatus.PARTIALLY_RECEIVED
        assert await broken_rules(shop) == []

        await receive(shop, purchase.id, {"kettle": 2})

        assert (await second.line("kettle")).allocated == 3
        assert [work.status for work in await second.works()] == [FulfillmentOrderStatus.OPEN] * 2
        assert await broken_rules(shop) == []

    async def test_serves_higher_priority_first(self, shop: Shop, clock: StoppedClock) -> None:
        purchase = await announce(shop, {"kettle": 2})
        first = await awaited(shop, 1, of=purchase.id)
        clock.advance(seconds=1)
        second = await awaited(shop, 1, of=purchase.id)
        await shop.begin().run(
            lambda uow: uow.execute("UPDATE reservations SET priority = 9 WHERE demand_id = $1", [second.id])
        )

        await receive(shop, purchase.id, {"kettle": 1})

        assert (await first.line("kettle")).backordered == 1
        assert (await second.line("kettle")).allocated == 1

    async def test_of_more_than_announced_may_be_sold(self, shop: Shop) -> None:
        purchase = await announce(shop, {"kettle": 2})
        order = await awaited(shop, 2, of=purchase.id)

        await receive(shop, purchase.id, {"kettle": 5})

        assert (await order.line("kettle")).allocated == 2
        assert await shop.available("kettle") == 3
        assert (await supply_of(shop, purchase.id, "kettle")).received == 5
        assert await broken_rules(shop) == []

    async def test_tells_a_store_that_its_customer_collects(self, shop: Shop) -> None:
        purchase = await announce(shop, {"kettle": 2}, at="camden")
        supply = await supply_of(shop, purchase.id, "kettle")
        order = await place(shop, waiting(collected("kettle", 1), on=supply.id))

        await receive(shop, purchase.id, {"kettle": 2})

        assert (await order.pickup()).status is PickupStatus.PREPARING
        assert await broken_rules(shop) == []

    async def test_of_damaged_units_breaks_promises_that_nothing_is_left_for(
        self, shop: Shop, clock: StoppedClock
    ) -> None:
        purchase = await announce(shop, {"kettle": 3})
        first = await awaited(shop, 2, of=purchase.id)
        clock.advance(seconds=1)
        second = await awaited(shop, 1, of=purchase.id)

        await receive(shop, purchase.id, {"kettle": 1}, bucket=Bucket.DAMAGED)

        assert (await first.line("kettle")).backordered == 2
        line = await second.line("kettle")
        assert (line.backordered, line.unallocated) == (0, 1)
        assert "PromiseBroken" in await second.events()
        assert await shop.on_hand("kettle") == 1
        assert await broken_rules(shop) == []

    async def test_lets_a_checkout_hold_units_that_are_there_now(self, shop: Shop) -> None:
        purchase = await announce(shop, {"kettle": 3})
        supply = await supply_of(shop, purchase.id, "kettle")
        checkout = OrderId(new_id())
        ahead = [Ahead(new_id(), supply.id, supply.variant_id, supply.location_id, 3)]
        begin = shop.begin()
        await begin.run(
            lambda uow: inventory.reserve_ahead(uow, demand_id=checkout, parts=ahead, expires_at=uow.now + TTL)
        )

        await receive(shop, purchase.id, {"kettle": 2})

        assert await Shelves(shop).counters("kettle", "warehouse") == (2, 2, 0)
        assert await begin.run(lambda uow: inventory.promote(uow, order_id=checkout, units=3))
        assert await Shelves(shop).counters("kettle", "warehouse") == (2, 0, 2)
        assert (await supply_of(shop, purchase.id, "kettle")).reserved == 1
        assert await broken_stock(shop) == []

    async def test_serves_nobody_whose_time_is_over(self, shop: Shop, clock: StoppedClock) -> None:
        purchase = await announce(shop, {"kettle": 3})
        supply = await supply_of(shop, purchase.id, "kettle")
        ahead = [Ahead(new_id(), supply.id, supply.variant_id, supply.location_id, 3)]
        await shop.begin().run(
            lambda uow: inventory.reserve_ahead(uow, demand_id=new_id(), parts=ahead, expires_at=uow.now + TTL)
        )
        clock.advance(seconds=TTL.seconds)

        await receive(shop, purchase.id, {"kettle": 3})

        assert await shop.available("kettle") == 3
        assert await broken_rules(shop) == []

    async def test_again_once_all_has_come_is_refused(self, shop: Shop) -> None:
        purchase = await announce(shop, {"kettle": 2})
        await receive(shop, purchase.id, {"kettle": 2})

        with pytest.raises(IllegalTransition):
            await receive(shop, purchase.id, {"kettle": 2})

        assert await shop.on_hand("kettle") == 2

    @pytest.mark.parametrize(
        ("sku", "units", "refusal", "field"),
        [
            ("mug", 1, NotFound, ("lines", "0", "variantId")),
            ("kettle", 0, Invalid, ("lines", "0", "quantity")),
            ("kettle", 1_000_001, Invalid, ("lines", "0", "quantity")),
        ],
    )
    async def test_of_nonsense_is_refused(
        self, shop: Shop, sku: str, units: int, refusal: type[DomainError], field: tuple[str, ...]
    ) -> None:
        purchase = await announce(shop, {"kettle": 2})

        with pytest.raises(refusal) as refused:
            await receive(shop, purchase.id, {sku: units})

        assert refused.value.field == field

    async def test_is_for_those_who_work_there(self, shop: Shop) -> None:
        purchase = await announce(shop, {"kettle": 2})

        with pytest.raises(PurchaseOrderNotFound):
            await receive(shop, purchase.id, {"kettle": 2}, by="manager")
        with pytest.raises(Forbidden):
            await receive(shop, purchase.id, {"kettle": 2}, by="associate")
        with pytest.raises(Unauthenticated):
            await shop.database.begin(ANONYMOUS).run(
                lambda uow: servicing.close_purchase_order(uow, purchase_order_id=purchase.id)
            )


class TestEndPurchaseOrder:
    async def test_short_tells_who_waits_and_looks_elsewhere(self, shop: Shop) -> None:
        purchase = await announce(shop, {"mug": 5})
        order = await awaited(shop, 4, of=purchase.id, sku="mug")
        await receive(shop, purchase.id, {"mug": 1})

        closed = await shop.begin("operator").run(
            lambda uow: servicing.close_purchase_order(uow, purchase_order_id=purchase.id)
        )

        line = await order.line("mug")
        assert (line.allocated, line.unallocated) == (1, 3)
        assert closed.status is PurchaseOrderStatus.CLOSED
        assert "3 × Stoneware Mug: will not come (PO-1 came short)" in await order.timeline()
        assert await broken_rules(shop) == []

        await tell(shop)

        assert (await order.line("mug")).allocated == 4
        assert await broken_rules(shop) == []

    async def test_before_anything_came_is_a_cancellation(self, shop: Shop) -> None:
        purchase = await announce(shop, {"kettle": 5})
        order = await awaited(shop, 4, of=purchase.id)
        begin = shop.begin("operator")

        with pytest.raises(IllegalTransition):
            await begin.run(lambda uow: servicing.close_purchase_order(uow, purchase_order_id=purchase.id))
        cancelled = await begin.run(lambda uow: servicing.cancel_purchase_order(uow, purchase_order_id=purchase.id))

        assert cancelled.status is PurchaseOrderStatus.CANCELLED
        assert (await order.line("kettle")).unallocated == 4
        await tell(shop)
        # No other location has any.
        assert (await order.line("kettle")).unallocated == 4
        assert await broken_rules(shop) == []

    async def test_once_something_came_is_no_cancellation(self, shop: Shop) -> None:
        purchase = await announce(shop, {"kettle": 5})
        await receive(shop, purchase.id, {"kettle": 1})

        with pytest.raises(IllegalTransition):
            await shop.begin("operator").run(
                lambda uow: servicing.cancel_purchase_order(uow, purchase_order_id=purchase.id)
            )


class TestPutPurchaseOrder:
    async def test_again_changes_nothing(self, shop: Shop) -> None:
        first = await announce(shop, {"kettle": 5})

        again = await announce(shop, {"kettle": 5})

        assert again == first
        [[events]] = await shop.fetch("SELECT count(*) FROM outbox WHERE aggregate_id = $1", first.id)
        assert events == 1

    async def test_at_once_by_two_is_one(self, shop: Shop) -> None:
        orders = await asyncio.gather(*(announce(shop, {"kettle": 5}) for _ in range(6)))

        assert len({order.id for order in orders}) == 1
        assert await broken_rules(shop) == []

    async def test_raises_and_lowers_lines(self, shop: Shop) -> None:
        purchase = await announce(shop, {"kettle": 5})
        await receive(shop, purchase.id, {"kettle": 3})

        await announce(shop, {"kettle": 8, "mug": 2})
        assert (await supply_of(shop, purchase.id, "kettle")).outstanding == 5
        await announce(shop, {"mug": 0}, sold_ahead=0)
        lowered = await announce(shop, {"kettle": 3}, sold_ahead=0)

        assert lowered.status is PurchaseOrderStatus.RECEIVED
        assert await broken_rules(shop) == []

    async def test_below_what_came_or_is_promised_is_refused(self, shop: Shop) -> None:
        purchase = await announce(shop, {"kettle": 5})
        await receive(shop, purchase.id, {"kettle": 2})
        await awaited(shop, 2, of=purchase.id)

        with pytest.raises(QuantityExceeded) as came:
            await announce(shop, {"kettle": 1}, sold_ahead=5)
        with pytest.raises(WouldOversell) as promised:
            await announce(shop, {"kettle": 3}, sold_ahead=5)
        with pytest.raises(WouldOversell) as limited:
            await announce(shop, {"kettle": 5}, sold_ahead=1)

        assert came.value.field == promised.value.field == ("lines", "0", "expected")
        assert limited.value.field == ("lines", "0", "soldAhead")

    async def test_to_another_location_is_refused(self, shop: Shop) -> None:
        await announce(shop, {"kettle": 5})

        with pytest.raises(Conflict):
            await announce(shop, {"kettle": 5}, at="camden")

    async def test_of_one_that_is_over_is_refused(self, shop: Shop) -> None:
        purchase = await announce(shop, {"kettle": 1})
        await receive(shop, purchase.id, {"kettle": 1})

        await announce(shop, {"kettle": 1})
        with pytest.raises(IllegalTransition):
            await announce(shop, {"kettle": 9})

    async def test_with_a_later_date_tells_the_orders_that_wait(self, shop: Shop) -> None:
        purchase = await announce(shop, {"kettle": 5, "mug": 1})
        order = await awaited(shop, 2, of=purchase.id)

        await announce(shop, {"kettle": 5}, expected_at=NEXT_WEEK + timedelta(days=2))

        [[event]] = await shop.fetch("SELECT payload FROM outbox WHERE name = 'PromiseBroken'")
        assert event["order_id"] == str(order.id)
        assert (event["units"], event["cause"]) == (2, "SUPPLY_LATE")
        assert event["expected_at"].startswith("2026-12-03")
        assert (await order.line("kettle")).backordered == 2
        assert (await order.timeline())[-1].startswith("2 × Whistling Kettle: expected later than promised")

        await announce(shop, {"kettle": 5}, expected_at=NEXT_WEEK)

        assert len(await shop.fetch("SELECT 1 FROM outbox WHERE name = 'PromiseBroken'")) == 1


class TestBackorders:
    async def test_are_limited(self, shop: Shop) -> None:
        supply_id = await limit(shop, "kettle", 2)
        await place(shop, waiting(shipped("kettle", 1), on=supply_id))

        with pytest.raises(OutOfStock) as refused:
            await place(shop, waiting(shipped("kettle", 2), on=supply_id))

        [shortage] = refused.value.shortages
        assert (shortage.requested, shortage.available) == (2, 1)
        assert await broken_rules(shop) == []

    async def test_are_served_by_what_a_delivery_brings_beyond_its_own(self, shop: Shop) -> None:
        supply_id = await limit(shop, "kettle", 5)
        backordered = await place(shop, waiting(shipped("kettle", 3), on=supply_id))
        purchase = await announce(shop, {"kettle": 4})
        ahead = await awaited(shop, 2, of=purchase.id)

        await receive(shop, purchase.id, {"kettle": 4})

        assert (await ahead.line("kettle")).allocated == 2
        line = await backordered.line("kettle")
        assert (line.allocated, line.backordered) == (2, 1)
        assert (await backorder_of(shop, supply_id)).reserved == 1
        assert await broken_rules(shop) == []

    async def test_are_served_when_stock_is_found(self, shop: Shop) -> None:
        supply_id = await limit(shop, "kettle", 5)
        order = await place(shop, waiting(shipped("kettle", 3), on=supply_id))

        await shop.begin("operator").run(
            lambda uow: inventory.adjust(
                uow, variant_id=VARIANTS["kettle"], location_id=LOCATIONS["warehouse"], delta=2
            )
        )
        await tell(shop)

        line = await order.line("kettle")
        assert (line.allocated, line.backordered) == (2, 1)
        assert await broken_rules(shop) == []

    async def test_are_served_by_units_that_others_gave_back(self, shop: Shop) -> None:
        supply_id = await limit(shop, "tent", 5)
        holder = await place(shop, shipped("tent", 1))
        order = await place(shop, waiting(shipped("tent", 1), on=supply_id))

        await shop.begin("service").run(lambda uow: servicing.cancel(uow, order_id=holder.id))
        await tell(shop)

        assert (await order.line("tent")).allocated == 1
        assert await broken_rules(shop) == []

    async def test_are_found_by_the_timer(self, shop: Shop) -> None:
        supply_id = await limit(shop, "mug", 5)
        order = await place(shop, waiting(shipped("mug", 2), on=supply_id))

        assert await servicing.fill_waiting(shop.begin()) == 1
        assert await servicing.fill_waiting(shop.begin()) == 0

        assert (await order.line("mug")).allocated == 2
        assert await broken_rules(shop) == []

    async def test_leave_safety_stock_alone(self, shop: Shop) -> None:
        supply_id = await limit(shop, "mug", 5)
        order = await place(shop, waiting(shipped("mug", 2), on=supply_id))
        await shop.begin().run(lambda uow: uow.execute("UPDATE levels SET safety_stock = 9", []))

        await servicing.fill_waiting(shop.begin())

        assert (await order.line("mug")).allocated == 1

    async def test_end_once_nobody_waits(self, shop: Shop) -> None:
        supply_id = await limit(shop, "kettle", 5)
        order = await place(shop, waiting(shipped("kettle", 3), on=supply_id))

        for units in (None, 2):
            with pytest.raises(WouldOversell) as refused:
                await limit(shop, "kettle", units)
            assert refused.value.field == ("lines", "0", "limit")
        await shop.begin("service").run(lambda uow: servicing.cancel(uow, order_id=order.id))
        await limit(shop, "kettle", None)

        assert (await backorder_of(shop, supply_id)).closed_at is not None
        assert await limit(shop, "kettle", 1) != supply_id
        assert await broken_rules(shop) == []


class TestPlanAgain:
    async def test_ships_what_no_location_had(self, shop: Shop) -> None:
        order = await place(shop, shipped("tent", 1))
        work = await order.work()
        await shop.begin("picker").run(
            lambda uow: fulfillment.reject(uow, fulfillment_order_id=work.id, reason=RejectionReason.NOT_FOUND)
        )
        purchase = await announce(shop, {"tent": 1})

        await receive(shop, purchase.id, {"tent": 1})
        await tell(shop)

        line = await order.line("tent")
        assert (line.unallocated, line.allocated) == (0, 1)
        assert (await order.work()).status is FulfillmentOrderStatus.OPEN
        assert await broken_rules(shop) == []


class TestCancelOrder:
    async def test_gives_back_what_it_waits_for(self, shop: Shop) -> None:
        purchase = await announce(shop, {"kettle": 5})
        order = await awaited(shop, 3, of=purchase.id)

        await shop.begin("service").run(lambda uow: servicing.cancel(uow, order_id=order.id))

        assert (await supply_of(shop, purchase.id, "kettle")).reserved == 0
        assert (await order.order()).status is OrderStatus.CANCELLED
        assert await broken_rules(shop) == []

    async def test_in_part_gives_back_some(self, shop: Shop) -> None:
        purchase = await announce(shop, {"kettle": 5})
        order = await awaited(shop, 3, of=purchase.id)
        await receive(shop, purchase.id, {"kettle": 1})
        lines = [OrderLineQuantity((await order.line("kettle")).id, 1)]

        await shop.begin("service").run(lambda uow: servicing.cancel(uow, order_id=order.id, lines=lines))

        line = await order.line("kettle")
        assert (line.cancelled, line.backordered, line.allocated) == (1, 1, 1)
        assert (await supply_of(shop, purchase.id, "kettle")).reserved == 1
        assert await broken_rules(shop) == []


class TestRaces:
    async def test_of_two_receipts_serve_everybody_once(self, shop: Shop) -> None:
        purchase = await announce(shop, {"kettle": 12})
        orders = [await awaited(shop, 2, of=purchase.id) for _ in range(6)]

        await asyncio.gather(*(receive(shop, purchase.id, {"kettle": 3}) for _ in range(4)))

        assert [(await order.line("kettle")).allocated for order in orders] == [2] * 6
        assert await shop.on_hand("kettle") == 12
        assert await broken_rules(shop) == []

    async def test_of_ordering_and_receiving_lose_nothing(self, shop: Shop) -> None:
        purchase = await announce(shop, {"kettle": 8})
        supply_id = (await supply_of(shop, purchase.id, "kettle")).id

        async def order(_: int) -> Placed | None:
            try:
                return await place(shop, waiting(shipped("kettle", 1), on=supply_id))
            except OutOfStock:
                return None

        async def unload(_: int) -> None:
            await receive(shop, purchase.id, {"kettle": 2})

        steps = [step(n) for n in range(4) for step in (order, unload, order, order)]
        done = await asyncio.gather(*steps)

        placed = [found for found in done if isinstance(found, Placed)]
        assert await shop.on_hand("kettle") == 8
        assert sum([(await one.line("kettle")).allocated for one in placed]) == len(placed)
        assert await broken_rules(shop) == []

    async def test_of_cancelling_and_receiving_lose_nothing(self, shop: Shop) -> None:
        purchase = await announce(shop, {"kettle": 8})
        orders = [await awaited(shop, 2, of=purchase.id) for _ in range(4)]

        async def cancel(order: Placed) -> None:
            await shop.begin("service").run(lambda uow: servicing.cancel(uow, order_id=order.id))

        unloading = [receive(shop, purchase.id, {"kettle": 2}) for _ in range(4)]
        await asyncio.gather(*(step for pair in zip(map(cancel, orders), unloading, strict=True) for step in pair))

        assert await shop.on_hand("kettle") == 8
        assert await shop.available("kettle") == 8
        assert await broken_rules(shop) == []

    async def test_of_closing_and_ordering_break_no_promise_silently(self, shop: Shop) -> None:
        purchase = await announce(shop, {"kettle": 8})
        supply_id = (await supply_of(shop, purchase.id, "kettle")).id
        await receive(shop, purchase.id, {"kettle": 1})

        async def order() -> Placed | None:
            try:
                return await place(shop, waiting(shipped("kettle", 1), on=supply_id))
            except OutOfStock:
                return None

        async def close() -> None:
            await shop.begin("operator").run(
                lambda uow: servicing.close_purchase_order(uow, purchase_order_id=purchase.id)
            )

        placed = [one for one in await asyncio.gather(*(order() for _ in range(6)), close()) if one]

        for one in placed:
            line = await one.line("kettle")
            assert ("PromiseBroken" in await one.events()) == (line.unallocated == 1)
        assert await broken_rules(shop) == []


class TestAudit:
    @pytest.mark.parametrize(
        ("defect", "rule"),
        [
            (
                "UPDATE purchase_orders SET status = 'RECEIVED'",
                "the state of a purchase order follows from what came of its lines",
            ),
            (
                "UPDATE supplies SET closed_at = now()",
                "a line of a purchase order is closed when nothing of it is outstanding, and not before",
            ),
            (
                "UPDATE purchase_orders SET location_id = (SELECT id FROM locations WHERE code = 'leeds')",
                "the lines of a purchase order come to its location, one for each variant",
            ),
            (
                "UPDATE purchase_orders SET status = 'CANCELLED'",
                "the last state change of a purchase order is the state it is in",
            ),
        ],
    )
    async def test_finds_what_is_wrong_with_a_purchase_order(self, shop: Shop, defect: str, rule: str) -> None:
        await announce(shop, {"kettle": 5})
        assert await broken_rules(shop) == []

        await shop.begin().run(lambda uow: uow.execute(defect, []))

        assert rule in await broken_rules(shop)
