"""Orders: their quantities and the statuses derived from them, and the lists that staff and customers page through."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import pytest

from app.kernel.actor import ANONYMOUS
from app.kernel.db import UnitOfWork
from app.kernel.errors import BrokenInvariant, Invalid, QuantityExceeded
from app.kernel.ids import ChannelId, OrderId, OrderLineId, new_id
from app.kernel.paging import Page, encode_cursor, page, page_request
from app.orders import queries
from app.orders import service as orders
from app.orders.errors import OrderNotFound
from app.orders.queries import OrderFilter
from app.orders.rules import Order, OrderWithLines
from app.orders.states import FulfillmentStatus, HoldReason, OrderPaymentStatus, OrderStatus, ReturnProgress
from tests.builders.buyers import broken
from tests.builders.clock import StoppedClock
from tests.builders.patience import PATIENCE_SECONDS
from tests.builders.placed import Placed, collected, place, shipped
from tests.builders.shop import CHANNEL_ID, LOCATIONS, PEOPLE, Shop

pytestmark = pytest.mark.anyio

#: The id in a cursor that somebody made up.
SOMEBODY = UUID(int=7)
Record = Callable[[UnitOfWork, OrderWithLines, dict[OrderLineId, int]], Awaitable[OrderWithLines]]


async def record(shop: Shop, order: Placed, what: Record, **units: int) -> OrderWithLines:
    """Record that something became of units, by their SKU."""

    async def go(uow: UnitOfWork) -> OrderWithLines:
        locked = await orders.lock(uow, order_id=order.id)
        lines = {line.sku: line.id for line in locked.lines}
        return await what(uow, locked, {lines[sku]: n for sku, n in units.items()})

    return await shop.begin().run(go)


class TestPlace:
    async def test_writes_the_order_and_tells_of_it(self, shop: Shop, clock: StoppedClock) -> None:
        order = await place(shop, shipped("mug", 2), collected("lamp", 1, at="soho"), customer="ada")

        header = await order.order()
        assert (header.status, header.fulfillment_status) == (OrderStatus.PLACED, FulfillmentStatus.UNFULFILLED)
        assert (header.placed_at, header.customer_id) == (clock.at, PEOPLE["ada"].customer_id)
        mug = await order.line("mug")
        assert (mug.ordered, mug.allocated, mug.product_name) == (2, 2, "Stoneware Mug")
        assert await order.timeline() == ["placed by a test"]
        assert (await order.events())[0] == "OrderPlaced"
        assert await broken(shop) == []

    async def test_numbers_are_for_people_and_not_to_be_guessed(self) -> None:
        numbers = {orders.new_number() for _ in range(1000)}

        assert len(numbers) == 1000
        assert not set("".join(numbers)) & set("01IOL")


class TestQuantities:
    async def test_move_and_the_statuses_follow(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 3), shipped("lamp", 1))
        seen: list[tuple[OrderStatus, FulfillmentStatus, ReturnProgress]] = []
        steps: list[tuple[Record, dict[str, int]]] = [
            (lambda uow, locked, _: orders.record_started(uow, locked), {}),
            (orders.record_fulfilled, {"mug": 1}),
            (orders.record_unallocated, {"mug": 1}),
            (orders.record_allocated, {"mug": 1}),
            (orders.record_unallocated, {"mug": 2}),
            (orders.record_cancelled, {"mug": 2}),
            (orders.record_returned, {"mug": 1}),
            (orders.record_fulfilled, {"lamp": 1}),
            (orders.record_returned, {"lamp": 1}),
        ]

        for what, units in steps:
            answered = (await record(shop, order, what, **units)).order
            stored = await order.order()
            assert (answered.status, answered.fulfillment_status, answered.return_status, answered.started) == (
                stored.status, stored.fulfillment_status, stored.return_status, stored.started,
            )  # fmt: skip
            seen.append((stored.status, stored.fulfillment_status, stored.return_status))

        part, none, full = (
            FulfillmentStatus.PARTIALLY_FULFILLED,
            FulfillmentStatus.UNFULFILLED,
            FulfillmentStatus.FULFILLED,
        )
        assert seen == [
            (OrderStatus.PROCESSING, none, ReturnProgress.NONE),
            *[(OrderStatus.PARTIALLY_FULFILLED, part, ReturnProgress.NONE)] * 5,
            (OrderStatus.PARTIALLY_FULFILLED, part, ReturnProgress.PARTIALLY_RETURNED),
            (OrderStatus.FULFILLED, full, ReturnProgress.PARTIALLY_RETURNED),
            (OrderStatus.FULFILLED, full, ReturnProgress.RETURNED),
        ]
        mug = await order.line("mug")
        assert (mug.ordered, mug.fulfilled, mug.cancelled, mug.returned) == (3, 1, 2, 1)
        assert (mug.allocated, mug.unallocated) == (0, 0)

    async def test_all_cancelled_end_the_order(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 2))

        await record(shop, order, orders.record_cancelled, mug=2)

        assert (await order.order()).status is OrderStatus.CANCELLED
        moves = await shop.fetch(
            "SELECT before, after FROM state_changes WHERE kind = 'order' AND subject_id = $1 ORDER BY id", order.id
        )
        assert [tuple(move) for move in moves] == [(None, "PLACED"), ("PLACED", "CANCELLED")]

    @pytest.mark.parametrize(
        ("what", "refusal"),
        [
            (orders.record_cancelled, QuantityExceeded),
            (orders.record_returned, QuantityExceeded),
            (orders.record_fulfilled, BrokenInvariant),
            (orders.record_unallocated, BrokenInvariant),
            (orders.record_allocated, BrokenInvariant),
        ],
    )
    async def test_never_go_below_none(self, shop: Shop, what: Record, refusal: type[Exception]) -> None:
        order = await place(shop, shipped("mug", 2))

        with pytest.raises(refusal):
            await record(shop, order, what, mug=3)

        mug = await order.line("mug")
        assert (mug.allocated, mug.cancelled, mug.fulfilled, mug.returned) == (2, 0, 0, 0)

    async def test_of_nothing_tell_nothing(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 2))
        before = await order.events()

        await record(shop, order, orders.record_fulfilled)

        assert await order.events() == before

    async def test_of_two_at_once_both_count(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 2))

        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.gather(*(record(shop, order, orders.record_cancelled, mug=1) for _ in range(2)))

        assert (await order.line("mug")).cancelled == 2
        assert (await order.order()).status is OrderStatus.CANCELLED


class TestPaymentStatus:
    async def test_is_stored_once_for_each_change(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 2))

        async def pay(uow: UnitOfWork) -> None:
            for status in (OrderPaymentStatus.AUTHORIZED, OrderPaymentStatus.CAPTURED):
                await orders.record_payment_status(
                    uow, order_id=order.id, payment_status=status, before=OrderPaymentStatus.AUTHORIZED
                )

        await shop.begin().run(pay)

        assert (await order.order()).payment_status is OrderPaymentStatus.CAPTURED
        moves = await shop.fetch("SELECT before, after FROM state_changes WHERE kind = 'order payment'")
        assert [tuple(move) for move in moves] == [("AUTHORIZED", "CAPTURED")]


class TestLock:
    async def test_of_an_unknown_order_is_refused(self, shop: Shop) -> None:
        with pytest.raises(OrderNotFound) as refused:
            await shop.begin().run(lambda uow: orders.lock(uow, order_id=OrderId(new_id())))

        assert refused.value.field == ("orderId",)


class TestMayRead:
    async def test_lets_its_customer_its_token_and_staff_see_it(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 1), customer="ada")
        header, keys = await order.order(), shop.database.keys
        other = keys.token("order", new_id())

        assert orders.may_read(shop.actor("ada"), keys, header, None)
        assert orders.may_read(shop.actor("service"), keys, header, None)
        assert orders.may_read(ANONYMOUS, keys, header, order.token)
        assert not orders.may_read(shop.actor("bob"), keys, header, None)
        assert not orders.may_read(ANONYMOUS, keys, header, None)
        assert not orders.may_read(ANONYMOUS, keys, header, other)
        assert not orders.may_read(ANONYMOUS, keys, header, keys.token("order", order.id, generation=1))
        assert not orders.may_read(ANONYMOUS, keys, header, keys.token("cart", order.id))

    async def test_is_not_for_strangers_of_a_guests_order(self, shop: Shop) -> None:
        guests = await (await place(shop, shipped("mug", 1))).order()

        assert not orders.may_read(ANONYMOUS, shop.database.keys, guests, None)
        assert not orders.may_read(shop.actor("ada"), shop.database.keys, guests, None)


class Shelf:
    """Seven orders to be paged through: three at one moment, and of three different totals."""

    def __init__(self, shop: Shop, placed: list[Placed], headers: list[Order]) -> None:
        self.shop = shop
        self.placed = placed
        self.headers = headers

    def sorted(self, key: str, *, descending: bool) -> list[OrderId]:
        """Say in which order the list has to come."""
        rows = sorted(self.headers, key=lambda row: (getattr(row, key), row.id), reverse=descending)
        return [row.id for row in rows]

    async def page(
        self, key: str, *, descending: bool, wanted: OrderFilter | None = None, **arguments: int | str | None
    ) -> Page[Order]:
        """Read one page, as a connection does."""
        request = page_request(**{"first": None, "after": None, **arguments})  # type: ignore[arg-type]
        async with self.shop.database.read() as session:
            found = await queries.list_page(
                session, wanted=wanted or OrderFilter(), key=key, descending=descending, request=request
            )
        return page(found, request, lambda row: (getattr(row, key), row.id))

    async def ids(self, wanted: OrderFilter) -> set[OrderId]:
        """List what a filter lets through, and see that it counts the same."""
        found = await self.page("placed_at", descending=True, wanted=wanted, first=100)
        async with self.shop.database.read() as session:
            assert await queries.count(session, wanted=wanted) == len(found.items)
        return {row.id for row in found.items}


@pytest.fixture
async def shelf(shop: Shop, clock: StoppedClock) -> Shelf:
    """Place the orders."""
    placed = []
    for number, quantity in enumerate([1, 2, 1, 3, 2, 1, 1]):
        if number not in {2, 3}:
            clock.advance(minutes=10)
        ordered = collected("mug", 1, at="soho") if number == 6 else shipped("tee-s", quantity)
        placed.append(await place(shop, ordered, customer="ada" if number % 2 else None))
    return Shelf(shop, placed, [await order.order() for order in placed])


class TestPages:
    @pytest.mark.parametrize("key", ["placed_at", "total_minor"])
    @pytest.mark.parametrize("descending", [True, False])
    @pytest.mark.parametrize("size", [1, 2, 3, 7])
    async def test_show_every_order_once_in_both_directions(
        self, shelf: Shelf, key: str, descending: bool, size: int
    ) -> None:
        expected = shelf.sorted(key, descending=descending)
        forward: list[OrderId] = []
        backward: list[OrderId] = []

        cut = await shelf.page(key, descending=descending, first=size)
        forward += [row.id for row in cut.items]
        while cut.has_next:
            cut = await shelf.page(key, descending=descending, first=size, after=cut.cursors[-1])
            forward += [row.id for row in cut.items]
        cut = await shelf.page(key, descending=descending, last=size)
        backward = [row.id for row in cut.items] + backward
        while cut.has_previous:
            cut = await shelf.page(key, descending=descending, last=size, before=cut.cursors[0])
            backward = [row.id for row in cut.items] + backward

        assert forward == expected
        assert backward == expected

    async def test_between_two_cursors_show_what_lies_between(self, shelf: Shelf) -> None:
        everything = await shelf.page("placed_at", descending=True, first=100)
        after, before = everything.cursors[1], everything.cursors[5]

        forward = await shelf.page("placed_at", descending=True, first=100, after=after, before=before)
        backward = await shelf.page("placed_at", descending=True, last=2, after=after, before=before)

        assert forward.items == everything.items[2:5]
        assert backward.items == everything.items[3:5]

    async def test_keep_their_place_while_orders_come_in(self, shelf: Shelf, clock: StoppedClock) -> None:
        first = await shelf.page("placed_at", descending=True, first=3)
        clock.advance(minutes=10)
        await place(shelf.shop, shipped("tee-s", 1))

        second = await shelf.page("placed_at", descending=True, first=3, after=first.cursors[-1])

        assert [row.id for row in second.items] == shelf.sorted("placed_at", descending=True)[3:6]

    @pytest.mark.parametrize(
        ("key", "cursor"),
        [
            ("placed_at", encode_cursor((1200, SOMEBODY))),
            ("placed_at", encode_cursor(("2026-11-24T10:00:00", SOMEBODY))),
            ("total_minor", encode_cursor(("2026-11-24T10:00:00+00:00", SOMEBODY))),
            ("total_minor", encode_cursor((1e300, SOMEBODY))),
            ("total_minor", encode_cursor((2**63, SOMEBODY))),
            ("total_minor", encode_cursor((1200,))),
        ],
    )
    async def test_refuse_the_cursor_of_another_list(self, shelf: Shelf, key: str, cursor: str) -> None:
        with pytest.raises(Invalid) as refused:
            await shelf.page(key, descending=True, first=1, after=cursor)

        assert refused.value.field == ("after",)


class TestFilters:
    async def test_let_through_what_they_name(self, shelf: Shelf) -> None:
        rows = {row.id: row for row in shelf.headers}
        await record(shelf.shop, shelf.placed[0], orders.record_cancelled, **{"tee-s": 1})
        at_soho, first = shelf.placed[6], shelf.headers[0]

        assert await shelf.ids(OrderFilter()) == set(rows)
        assert await shelf.ids(OrderFilter(statuses=[OrderStatus.CANCELLED])) == {first.id}
        assert await shelf.ids(OrderFilter(statuses=[])) == set()
        assert await shelf.ids(OrderFilter(channel_id=CHANNEL_ID)) == set(rows)
        assert await shelf.ids(OrderFilter(channel_id=ChannelId(new_id()))) == set()
        assert await shelf.ids(OrderFilter(location_ids=[LOCATIONS["soho"]])) == {at_soho.id}
        assert await shelf.ids(OrderFilter(location_ids=[])) == set()
        assert await shelf.ids(OrderFilter(customer_id=PEOPLE["ada"].customer_id)) == {
            row.id for row in rows.values() if row.customer_id
        }

    async def test_of_holds_know_those_that_hold_now(self, shelf: Shelf) -> None:
        held, twice, released = (shelf.headers[i].id for i in range(3))

        async def hold(uow: UnitOfWork) -> None:
            for order_id, reason in (
                (held, HoldReason.CAPTURE_FAILED),
                (twice, HoldReason.CAPTURE_FAILED),
                (twice, HoldReason.CHARGED_BACK),
                (released, HoldReason.CHARGED_BACK),
            ):
                await orders.apply_hold(uow, order_id, reason=reason, message="the bank says no")
            await orders.end_holds(uow, released, reasons=[HoldReason.CHARGED_BACK])

        await shelf.shop.begin().run(hold)
        everything = {row.id for row in shelf.headers}

        assert await shelf.ids(OrderFilter(on_hold=True)) == {held, twice}
        assert await shelf.ids(OrderFilter(on_hold=False)) == everything - {held, twice}
        assert await shelf.ids(OrderFilter(hold_reasons=[HoldReason.CHARGED_BACK])) == {twice}
        assert await shelf.ids(OrderFilter(hold_reasons=list(HoldReason))) == {held, twice}
        assert await shelf.ids(OrderFilter(hold_reasons=[])) == set()
        assert await shelf.ids(OrderFilter(hold_reasons=list(HoldReason), on_hold=False)) == set()

    async def test_of_money_and_of_goods_let_through_what_stands_so(self, shelf: Shelf) -> None:
        first, *others = (row.id for row in shelf.headers)

        async def change(uow: UnitOfWork) -> None:
            await uow.execute(
                "UPDATE orders SET payment_status = 'CAPTURED', fulfillment_status = 'PARTIALLY_FULFILLED' WHERE id = $1",
                [first],
            )

        await shelf.shop.begin().run(change)

        assert await shelf.ids(OrderFilter(payment_statuses=[OrderPaymentStatus.CAPTURED])) == {first}
        assert await shelf.ids(OrderFilter(payment_statuses=[])) == set()
        assert await shelf.ids(OrderFilter(fulfillment_statuses=[FulfillmentStatus.PARTIALLY_FULFILLED])) == {first}
        assert await shelf.ids(OrderFilter(fulfillment_statuses=[FulfillmentStatus.UNFULFILLED])) == set(others)

    async def test_of_time_include_the_beginning_and_not_the_end(self, shelf: Shelf) -> None:
        moments = sorted({row.placed_at for row in shelf.headers})

        among = await shelf.ids(OrderFilter(placed_from=moments[1], placed_to=moments[2]))

        assert among == {row.id for row in shelf.headers if row.placed_at == moments[1]}
        assert await shelf.ids(OrderFilter(placed_from=moments[-1] + timedelta(seconds=1))) == set()

    async def test_find_a_number_or_an_email_however_it_is_typed(self, shelf: Shelf) -> None:
        first = shelf.headers[0]

        assert await shelf.ids(OrderFilter(query=first.number.lower())) == {first.id}
        assert await shelf.ids(OrderFilter(query="ADA@shop.test")) == {row.id for row in shelf.headers}
        assert await shelf.ids(OrderFilter(query="nobody@shop.test")) == set()
