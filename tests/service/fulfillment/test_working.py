"""The work of a location, from its queue to the carrier."""

import pytest

from app.delivery.states import DeliveryMethod
from app.fulfillment import queries
from app.fulfillment import service as fulfillment
from app.fulfillment.errors import FulfillmentOrderNotFound, NothingToDo, WrongDeliveryMethod
from app.fulfillment.queries import FulfillmentOrderFilter
from app.fulfillment.rules import LineQuantity
from app.fulfillment.states import FulfillmentOrderStatus
from app.kernel.actor import ANONYMOUS
from app.kernel.errors import Forbidden, IllegalTransition, Invalid, NotFound, QuantityExceeded, Unauthenticated
from app.kernel.ids import FulfillmentOrderLineId, new_id
from app.kernel.paging import PageRequest, page
from app.orders.states import FulfillmentStatus, OrderStatus
from tests.builders.clock import StoppedClock
from tests.builders.placed import DELIVERY_MINOR, UNIT_PRICE_MINOR, Ordered, broken_rules, collected, place, shipped
from tests.builders.shop import Shop

pytestmark = pytest.mark.anyio


class TestAccept:
    async def test_starts_the_order(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 2))
        work = await order.work()

        await shop.begin("picker").run(lambda uow: fulfillment.accept(uow, fulfillment_order_id=work.id))

        assert (await order.work()).status is FulfillmentOrderStatus.ACCEPTED
        assert (await order.order()).status is OrderStatus.PROCESSING
        assert await broken_rules(shop) == []

    async def test_is_not_done_twice(self, shop: Shop) -> None:
        work = await (await place(shop, shipped("mug", 2))).work()
        await shop.begin("picker").run(lambda uow: fulfillment.accept(uow, fulfillment_order_id=work.id))

        with pytest.raises(IllegalTransition):
            await shop.begin("picker").run(lambda uow: fulfillment.accept(uow, fulfillment_order_id=work.id))

    async def test_of_another_location_is_not_found(self, shop: Shop) -> None:
        work = await (await place(shop, shipped("mug", 2))).work()

        with pytest.raises(FulfillmentOrderNotFound):
            await shop.begin("associate").run(lambda uow: fulfillment.accept(uow, fulfillment_order_id=work.id))

    async def test_needs_the_permission(self, shop: Shop) -> None:
        work = await (await place(shop, shipped("mug", 2))).work()

        with pytest.raises(Forbidden):
            await shop.begin("ada").run(lambda uow: fulfillment.accept(uow, fulfillment_order_id=work.id))
        with pytest.raises(Unauthenticated):
            await shop.database.begin(ANONYMOUS).run(lambda uow: fulfillment.accept(uow, fulfillment_order_id=work.id))


class TestPack:
    async def test_of_some_waits_for_the_rest(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 3))
        work, line = await order.work(), await order.work_line("mug")
        begin = shop.begin("picker")
        await begin.run(lambda uow: fulfillment.accept(uow, fulfillment_order_id=work.id))
        await begin.run(lambda uow: fulfillment.pick(uow, fulfillment_order_id=work.id))

        some = await begin.run(
            lambda uow: fulfillment.pack(uow, fulfillment_order_id=work.id, lines=[LineQuantity(line.id, 2)])
        )
        rest = await begin.run(lambda uow: fulfillment.pack(uow, fulfillment_order_id=work.id))

        assert some.header.status is FulfillmentOrderStatus.PICKING
        assert rest.header.status is FulfillmentOrderStatus.PACKED
        assert await broken_rules(shop) == []

    async def test_of_what_was_not_picked_is_refused(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 3), shipped("lamp", 1))
        work, mug, lamp = await order.work(), await order.work_line("mug"), await order.work_line("lamp")
        begin = shop.begin("picker")
        await begin.run(lambda uow: fulfillment.accept(uow, fulfillment_order_id=work.id))
        await begin.run(
            lambda uow: fulfillment.pick(uow, fulfillment_order_id=work.id, lines=[LineQuantity(mug.id, 3)])
        )

        with pytest.raises(QuantityExceeded) as refused:
            await begin.run(
                lambda uow: fulfillment.pack(
                    uow, fulfillment_order_id=work.id, lines=[LineQuantity(mug.id, 3), LineQuantity(lamp.id, 1)]
                )
            )

        assert refused.value.field == ("lines", "1", "quantity")

    @pytest.mark.parametrize("quantity", [0, -1])
    async def test_of_nothing_is_refused(self, shop: Shop, quantity: int) -> None:
        order = await place(shop, shipped("mug", 3))
        work, line = await order.work(), await order.work_line("mug")
        begin = shop.begin("picker")
        await begin.run(lambda uow: fulfillment.accept(uow, fulfillment_order_id=work.id))
        await begin.run(lambda uow: fulfillment.pick(uow, fulfillment_order_id=work.id))

        with pytest.raises(Invalid):
            await begin.run(
                lambda uow: fulfillment.pack(uow, fulfillment_order_id=work.id, lines=[LineQuantity(line.id, quantity)])
            )

    async def test_of_an_unknown_line_is_refused(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 3))
        work = await order.work()
        begin = shop.begin("picker")
        await begin.run(lambda uow: fulfillment.accept(uow, fulfillment_order_id=work.id))
        await begin.run(lambda uow: fulfillment.pick(uow, fulfillment_order_id=work.id))
        unknown = FulfillmentOrderLineId(new_id())

        with pytest.raises(NotFound):
            await begin.run(
                lambda uow: fulfillment.pack(uow, fulfillment_order_id=work.id, lines=[LineQuantity(unknown, 1)])
            )


class TestShip:
    async def test_lets_stock_leave_and_asks_for_its_money(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 2))
        work = await order.packed()

        await shop.begin("picker").run(
            lambda uow: fulfillment.ship(uow, fulfillment_order_id=work.id, carrier="DHL", tracking_number="JD0002")
        )

        assert (await order.work()).status is FulfillmentOrderStatus.FULFILLED
        assert (await order.order()).fulfillment_status is FulfillmentStatus.FULFILLED
        assert await shop.on_hand("mug", "warehouse") == shop.opening_stock("mug", "warehouse") - 2
        assert await order.money() == (2 * UNIT_PRICE_MINOR + DELIVERY_MINOR, 0, 0)
        async with shop.database.read() as session:
            (shipment,) = await queries.list_shipments(session, fulfillment_order_ids=[work.id])
        assert str(shipment.tracking_url).endswith("JD0002")
        assert "Shipped with DHL: 2 × Stoneware Mug" in await order.timeline()
        assert await broken_rules(shop) == []

    async def test_of_some_leaves_the_work_packed(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 3))
        work, line = await order.packed(), await order.work_line("mug")
        begin = shop.begin("picker")

        first = await begin.run(
            lambda uow: fulfillment.ship(uow, fulfillment_order_id=work.id, lines=[LineQuantity(line.id, 1)])
        )
        second = await begin.run(lambda uow: fulfillment.ship(uow, fulfillment_order_id=work.id))

        assert first.header.status is FulfillmentOrderStatus.PACKED
        assert second.header.status is FulfillmentOrderStatus.FULFILLED
        assert await order.money() == (3 * UNIT_PRICE_MINOR + DELIVERY_MINOR, 0, 0)
        assert await broken_rules(shop) == []

    async def test_of_more_than_was_packed_is_refused(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 2))
        work, line = await order.packed(), await order.work_line("mug")

        with pytest.raises(QuantityExceeded):
            await shop.begin("picker").run(
                lambda uow: fulfillment.ship(uow, fulfillment_order_id=work.id, lines=[LineQuantity(line.id, 3)])
            )

        assert await shop.on_hand("mug", "warehouse") == shop.opening_stock("mug", "warehouse")

    async def test_before_it_is_packed_is_refused(self, shop: Shop) -> None:
        work = await (await place(shop, shipped("mug", 2))).work()

        with pytest.raises(IllegalTransition):
            await shop.begin("picker").run(lambda uow: fulfillment.ship(uow, fulfillment_order_id=work.id))

    async def test_of_a_pickup_is_refused(self, shop: Shop) -> None:
        work = await (await place(shop, collected("mug", 2))).packed(at="camden")

        with pytest.raises(WrongDeliveryMethod):
            await shop.begin("associate").run(lambda uow: fulfillment.ship(uow, fulfillment_order_id=work.id))

    async def test_again_is_refused(self, shop: Shop) -> None:
        work = await (await place(shop, shipped("mug", 2))).packed()
        await shop.begin("picker").run(lambda uow: fulfillment.ship(uow, fulfillment_order_id=work.id))

        with pytest.raises(IllegalTransition):
            await shop.begin("picker").run(lambda uow: fulfillment.ship(uow, fulfillment_order_id=work.id))

    async def test_costs_a_fixed_number_of_statements(self, shop: Shop, statements: object) -> None:
        one = await (await place(shop, shipped("mug", 1))).packed()
        three = await (await place(shop, shipped("mug", 1), shipped("lamp", 1), shipped("tent", 1))).packed()
        begin = shop.begin("picker")

        async with statements() as alone:  # type: ignore[operator]
            await begin.run(lambda uow: fulfillment.ship(uow, fulfillment_order_id=one.id))
        async with statements() as together:  # type: ignore[operator]
            await begin.run(lambda uow: fulfillment.ship(uow, fulfillment_order_id=three.id))

        # Several levels are locked in their order before they change; one locks itself.
        assert together.count == alone.count + 1


class TestCarryOut:
    async def test_is_born_fulfilled(self, shop: Shop) -> None:
        order = await place(shop, Ordered("mug", 2, "camden", DeliveryMethod.CARRY_OUT))

        assert (await order.work(at="camden")).status is FulfillmentOrderStatus.FULFILLED
        assert (await order.order()).status is OrderStatus.FULFILLED
        assert await shop.on_hand("mug", "camden") == shop.opening_stock("mug", "camden") - 2
        assert await order.money() == (2 * UNIT_PRICE_MINOR, 0, 0)
        assert await broken_rules(shop) == []


class TestOpenWork:
    async def test_numbers_work_on_from_the_order(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 1), shipped("tee-s", 1, at="camden"), collected("mug", 1))

        number = (await order.order()).number

        assert [work.number for work in await order.works()] == [f"{number}-1", f"{number}-2", f"{number}-3"]
        assert {work.order_number for work in await order.works()} == {number}

    async def test_of_two_lines_at_one_place_is_one(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 1), shipped("lamp", 1))

        assert len(await order.works()) == 1


class TestQueue:
    async def test_has_the_most_urgent_open_work_first_then_the_finished(self, shop: Shop, clock: StoppedClock) -> None:
        done = await place(shop, shipped("mug", 1))
        work = await done.packed()
        await shop.begin().run(lambda uow: fulfillment.ship(uow, fulfillment_order_id=work.id))
        clock.advance(hours=1)
        early = await place(shop, shipped("mug", 1))
        clock.advance(hours=1)
        late = await place(shop, shipped("mug", 1), shipped("tee-s", 1, at="camden"))
        wanted = FulfillmentOrderFilter(location_ids=[shop.locations["warehouse"]])

        orders = []
        after = None
        async with shop.database.read() as session:
            for _ in range(3):
                request = PageRequest(size=1, after=after)
                found = page(
                    await queries.list_queue(session, wanted=wanted, request=request), request, queries.queue_key
                )
                orders.append(found.items[0].order_id)
                after = tuple(
                    str(part) if i else int(str(part)) for i, part in enumerate(queries.queue_key(found.items[0]))
                )
            everywhere = await queries.list_queue(
                session, wanted=FulfillmentOrderFilter(), request=PageRequest(size=20)
            )
            count = await queries.count_queue(session, wanted=wanted)

        assert orders == [early.id, late.id, done.id]
        assert [one.order_id for one in everywhere] == [early.id, late.id, late.id, done.id]
        assert count == 3

    async def test_is_filtered_by_state_and_method(self, shop: Shop) -> None:
        await place(shop, shipped("mug", 1, at="camden"))
        order = await place(shop, collected("mug", 1))
        await order.ready()

        async with shop.database.read() as session:
            ready = await queries.list_queue(
                session,
                wanted=FulfillmentOrderFilter(statuses=[FulfillmentOrderStatus.READY]),
                request=PageRequest(size=20),
            )
            pickups = await queries.list_queue(
                session, wanted=FulfillmentOrderFilter(method=DeliveryMethod.PICKUP), request=PageRequest(size=20)
            )

        assert [work.order_id for work in ready] == [work.order_id for work in pickups] == [order.id]

    async def test_refuses_a_cursor_of_another_list(self, shop: Shop) -> None:
        async with shop.database.read() as session:
            with pytest.raises(Invalid):
                await queries.list_queue(
                    session, wanted=FulfillmentOrderFilter(), request=PageRequest(size=1, after=("x",))
                )


class TestNothingToDo:
    async def test_is_said_when_all_was_picked(self, shop: Shop) -> None:
        work = await (await place(shop, shipped("mug", 1))).work()
        begin = shop.begin("picker")
        await begin.run(lambda uow: fulfillment.accept(uow, fulfillment_order_id=work.id))
        await begin.run(lambda uow: fulfillment.pick(uow, fulfillment_order_id=work.id))

        with pytest.raises(NothingToDo):
            await begin.run(lambda uow: fulfillment.pick(uow, fulfillment_order_id=work.id))
