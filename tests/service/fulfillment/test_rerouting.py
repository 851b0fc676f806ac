"""What becomes of units that a location cannot deliver."""

import asyncio
import contextlib
from collections.abc import Sequence

import pytest

from app.fulfillment import service as fulfillment
from app.fulfillment.rules import LineQuantity
from app.fulfillment.service import Worked
from app.fulfillment.states import FulfillmentOrderStatus, RejectionReason
from app.inventory.errors import OutOfStock
from app.kernel.errors import IllegalTransition, QuantityExceeded
from app.orders.states import OrderStatus
from app.pickup import service as pickups
from app.pickup.states import PickupStatus
from tests.builders.placed import Placed, broken_rules, collected, place, shipped
from tests.builders.shop import Shop

pytestmark = pytest.mark.anyio


async def pick(
    shop: Shop,
    order: Placed,
    lines: Sequence[tuple[str, int]] | None = None,
    *,
    at: str = "warehouse",
    by: str = "picker",
) -> Worked:
    work = await order.work(at=at)
    named = None
    if lines is not None:
        named = [LineQuantity((await order.work_line(sku, at=at)).id, quantity) for sku, quantity in lines]
    begin = shop.begin(by)
    if work.status is FulfillmentOrderStatus.OPEN:
        await begin.run(lambda uow: fulfillment.accept(uow, fulfillment_order_id=work.id))
    return await begin.run(lambda uow: pickups.pick_work(uow, fulfillment_order_id=work.id, lines=named))


async def reject(
    shop: Shop,
    order: Placed,
    reason: RejectionReason,
    lines: Sequence[tuple[str, int]] | None = None,
    *,
    at: str = "warehouse",
    by: str = "picker",
) -> Worked:
    work = await order.work(at=at)
    named = None
    if lines is not None:
        named = [LineQuantity((await order.work_line(sku, at=at)).id, quantity) for sku, quantity in lines]
    return await shop.begin(by).run(
        lambda uow: pickups.reject_work(uow, fulfillment_order_id=work.id, reason=reason, lines=named, note="shelf 4")
    )


class TestPick:
    async def test_takes_everything_when_nothing_is_named(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 3), shipped("lamp", 1))

        worked = await pick(shop, order)

        assert [line.picked for line in worked.work.lines] == [3, 1]
        assert worked.successors == ()
        assert await broken_rules(shop) == []

    async def test_of_one_line_leaves_the_others_for_another_pick(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 3), shipped("lamp", 1))

        first = await pick(shop, order, [("mug", 3)])
        second = await pick(shop, order)

        assert first.successors == ()
        assert [line.picked for line in second.work.lines] == [3, 1]

    async def test_that_comes_up_short_sends_the_rest_elsewhere(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 3))

        worked = await pick(shop, order, [("mug", 1)])

        (successor,) = worked.successors
        assert successor.predecessor_id == worked.work.header.id
        assert successor.location_id in {shop.locations["camden"], shop.locations["soho"]}
        assert worked.work.header.status is FulfillmentOrderStatus.PICKING
        assert (worked.work.lines[0].picked, worked.work.lines[0].rejected) == (1, 2)
        assert await shop.available("mug", "warehouse") == shop.opening_stock("mug", "warehouse") - 1
        assert await shop.available("mug") == shop.opening_stock("mug") - 3
        assert (await order.line("mug")).allocated == 3
        assert await broken_rules(shop) == []

    async def test_that_finds_nothing_ends_the_work(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 3))

        worked = await pick(shop, order, [("mug", 0)])

        assert worked.work.header.status is FulfillmentOrderStatus.REJECTED
        assert len(worked.successors) == 1
        assert await broken_rules(shop) == []

    async def test_that_completes_what_was_packed_makes_it_packed(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 3), shipped("tent", 1))
        work = await order.work()
        await pick(shop, order, [("mug", 3)])
        await shop.begin("picker").run(lambda uow: fulfillment.pack(uow, fulfillment_order_id=work.id))

        worked = await pick(shop, order, [("tent", 0)])

        assert worked.work.header.status is FulfillmentOrderStatus.PACKED
        assert await broken_rules(shop) == []

    async def test_of_more_than_there_is_is_refused(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 3))

        with pytest.raises(QuantityExceeded):
            await pick(shop, order, [("mug", 4)])

    async def test_before_it_is_accepted_is_refused(self, shop: Shop) -> None:
        work = await (await place(shop, shipped("mug", 3))).work()

        with pytest.raises(IllegalTransition):
            await shop.begin("picker").run(lambda uow: fulfillment.pick(uow, fulfillment_order_id=work.id))

    async def test_of_a_pickup_that_comes_up_short_waits_at_its_store(self, shop: Shop) -> None:
        order = await place(shop, collected("mug", 3))

        worked = await pick(shop, order, [("mug", 2)], at="camden", by="associate")

        assert worked.successors == ()
        line = await order.line("mug")
        assert (line.allocated, line.unallocated) == (2, 1)
        assert (await order.pickup()).status is PickupStatus.PREPARING
        assert any("they have to be handed over there" in message for message in await order.timeline())
        assert await broken_rules(shop) == []

    async def test_of_a_pickup_that_finds_nothing_ends_the_pickup(self, shop: Shop) -> None:
        order = await place(shop, collected("mug", 3))

        await pick(shop, order, [("mug", 0)], at="camden", by="associate")

        assert (await order.pickup()).status is PickupStatus.CANCELLED
        assert (await order.line("mug")).unallocated == 3
        assert await broken_rules(shop) == []


class TestReject:
    @pytest.mark.parametrize("reason", [RejectionReason.NO_CAPACITY, RejectionReason.CLOSED, RejectionReason.OTHER])
    async def test_gives_the_work_to_another_location(self, shop: Shop, reason: RejectionReason) -> None:
        order = await place(shop, shipped("tee-s", 2))

        worked = await reject(shop, order, reason)

        (successor,) = worked.successors
        assert worked.work.header.status is FulfillmentOrderStatus.REJECTED
        assert (await order.works())[0].rejection_reason is reason
        assert successor.location_id != shop.locations["warehouse"]
        assert successor.due_at == worked.work.header.due_at
        assert await shop.available("tee-s", "warehouse") == shop.opening_stock("tee-s", "warehouse")
        assert await shop.available("tee-s") == shop.opening_stock("tee-s") - 2
        assert await broken_rules(shop) == []

    async def test_of_units_not_found_writes_them_off(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 2))

        await reject(shop, order, RejectionReason.NOT_FOUND)

        assert await shop.on_hand("mug", "warehouse") == shop.opening_stock("mug", "warehouse") - 2
        assert await broken_rules(shop) == []

    async def test_of_damaged_units_keeps_them_off_sale(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 2))

        await reject(shop, order, RejectionReason.DAMAGED)

        assert await shop.on_hand("mug", "warehouse") == shop.opening_stock("mug", "warehouse")
        assert await shop.available("mug", "warehouse") == shop.opening_stock("mug", "warehouse") - 2
        assert await broken_rules(shop) == []

    async def test_of_some_units_keeps_the_others(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 3), shipped("lamp", 1))

        worked = await reject(shop, order, RejectionReason.DAMAGED, [("mug", 1)])

        assert worked.work.header.status is FulfillmentOrderStatus.OPEN
        assert [line.left for line in worked.work.lines] == [2, 1]
        assert len(worked.successors) == 1
        assert await broken_rules(shop) == []

    async def test_of_what_only_this_location_has_waits_and_says_why(self, shop: Shop) -> None:
        order = await place(shop, shipped("tent", 1))

        worked = await reject(shop, order, RejectionReason.NOT_FOUND)

        assert worked.successors == ()
        line = await order.line("tent")
        assert (line.unallocated, line.allocated) == (1, 0)
        assert any("1 of them wait, because no other location has them" in text for text in await order.timeline())
        assert await broken_rules(shop) == []

    async def test_never_goes_back_to_who_refused_before(self, shop: Shop) -> None:
        order = await place(shop, shipped("lamp", 1))
        await reject(shop, order, RejectionReason.NO_CAPACITY)
        first = (await order.works())[-1]
        await reject(shop, order, RejectionReason.NO_CAPACITY, at=_code(shop, first.location_id), by="operator")
        second = (await order.works())[-1]

        last = await reject(shop, order, RejectionReason.NO_CAPACITY, at=_code(shop, second.location_id), by="operator")

        assert last.successors == ()
        assert {first.location_id, second.location_id} == {shop.locations["soho"], shop.locations["leeds"]}
        assert await broken_rules(shop) == []

    async def test_of_a_pickup_ends_it(self, shop: Shop) -> None:
        order = await place(shop, collected("mug", 2))

        worked = await reject(shop, order, RejectionReason.OTHER, at="camden", by="associate")

        assert worked.successors == ()
        assert (await order.pickup()).status is PickupStatus.CANCELLED
        assert (await order.line("mug")).unallocated == 2
        assert (await order.order()).status is OrderStatus.PLACED
        assert await broken_rules(shop) == []

    async def test_of_some_of_a_pickup_keeps_it(self, shop: Shop) -> None:
        order = await place(shop, collected("mug", 2))

        await reject(shop, order, RejectionReason.DAMAGED, [("mug", 1)], at="camden", by="associate")

        assert (await order.pickup()).status is PickupStatus.PREPARING
        assert await broken_rules(shop) == []

    async def test_of_packed_work_is_refused(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 2))
        await order.packed()

        with pytest.raises(IllegalTransition):
            await reject(shop, order, RejectionReason.OTHER)

    async def test_of_picked_units_puts_them_back(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 3))
        await pick(shop, order)

        worked = await reject(shop, order, RejectionReason.DAMAGED, [("mug", 1)])

        assert (worked.work.lines[0].picked, worked.work.lines[0].left) == (2, 2)
        assert await broken_rules(shop) == []

    async def test_while_others_buy_never_oversells(self, shop: Shop) -> None:
        orders = [await place(shop, shipped("mug", 2, at=at)) for at in ("warehouse", "camden", "warehouse", "camden")]

        async def buy() -> None:
            with contextlib.suppress(OutOfStock):
                await place(shop, shipped("mug", 1, at="soho"))

        refusals = [
            reject(shop, order, RejectionReason.NO_CAPACITY, at=at, by="operator")
            for order, at in zip(orders, ("warehouse", "camden", "warehouse", "camden"), strict=True)
        ]
        await asyncio.gather(*refusals, buy(), buy(), buy())

        assert await broken_rules(shop) == []


def _code(shop: Shop, location_id: object) -> str:
    return next(code for code, found in shop.locations.items() if found == location_id)
