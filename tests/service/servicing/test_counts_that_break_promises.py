"""Fewer units were found than were promised: whose promise is broken, and who keeps it instead."""

import asyncio
from contextlib import suppress
from functools import partial

import pytest

from app.fulfillment import service as fulfillment
from app.fulfillment.rules import LineQuantity
from app.fulfillment.states import FulfillmentOrderStatus, RejectionReason
from app.inventory import service as inventory
from app.inventory.errors import CountBelowPacked, CountOutdated, OutOfStock
from app.inventory.rules.transfers import WantedLine
from app.inventory.service import transfers
from app.inventory.states import CountStatus, TransferStatus
from app.kernel.db import UnitOfWork
from app.kernel.errors import DomainError, IllegalTransition, QuantityExceeded
from app.pickup.states import PickupStatus
from tests.builders.buyers import Buyer
from tests.builders.clock import StoppedClock
from tests.builders.counted import Counting, begin_count, post
from tests.builders.patience import PATIENCE_SECONDS
from tests.builders.placed import Placed, broken_rules, collected, place, shipped
from tests.builders.shop import LOCATIONS, VARIANTS, Shop
from tests.builders.stocked import TTL, Shelves

pytestmark = pytest.mark.anyio

MUGS = ("mug", "warehouse")


async def counted(shop: Shop, found: dict[str, int], *, at: str = "warehouse") -> Counting:
    """Count variants at a location and hand the count in."""
    return await (await begin_count(shop, *found, at=at)).found(found)


async def deadlocks(shop: Shop) -> int:
    [[count]] = await shop.fetch("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    return int(count)


class TestSoftPromises:
    async def test_are_let_go_newest_first(self, shop: Shop, clock: StoppedClock) -> None:
        shelves = Shelves(shop)
        oldest = await shelves.hold({MUGS: 4})
        clock.advance(seconds=1)
        newer = await shelves.hold({MUGS: 3})
        clock.advance(seconds=1)
        newest = await shelves.hold({MUGS: 1})

        posted = await post(shop, {"mug": 5})

        assert posted.broken == ()
        assert await shelves.states(oldest) == {"SOFT": 4}
        assert await shelves.states(newer) == {"SOFT": 1, "BROKEN": 2}
        assert await shelves.states(newest) == {"BROKEN": 1}
        assert await shelves.counters(*MUGS) == (5, 5, 0)
        assert await broken_rules(shop) == []

    async def test_go_before_those_of_orders(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 6))
        held = await Shelves(shop).hold({MUGS: 4})

        posted = await post(shop, {"mug": 6})

        assert posted.broken == ()
        assert await Shelves(shop).states(held) == {"BROKEN": 4}
        assert (await order.work()).status is FulfillmentOrderStatus.OPEN
        assert await broken_rules(shop) == []

    async def test_beyond_their_time_end_as_expired(self, shop: Shop, clock: StoppedClock) -> None:
        shelves = Shelves(shop)
        held = await shelves.hold({MUGS: 10})
        clock.advance(seconds=TTL.seconds)

        await post(shop, {"mug": 3})

        assert await shelves.states(held) == {"EXPIRED": 10}
        assert await shelves.counters(*MUGS) == (3, 0, 0)


class TestOrders:
    async def test_are_sent_from_elsewhere(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 6))

        posted = await post(shop, {"mug": 4})

        work, successor = await order.works()
        (line,) = [await order.line("mug")]
        assert [(one.order_id, one.units, one.waiting) for one in posted.broken] == [(order.id, 2, 0)]
        assert (work.status, work.rejection_reason) == (FulfillmentOrderStatus.OPEN, RejectionReason.NOT_FOUND)
        assert successor.location_id == shop.locations["camden"]
        assert successor.predecessor_id == work.id
        assert (line.allocated, line.unallocated) == (6, 0)
        assert await Shelves(shop).counters(*MUGS) == (4, 0, 4)
        assert await broken_rules(shop) == []

    async def test_of_which_nothing_is_left_reject_their_work(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 2))

        await post(shop, {"mug": 0})

        work, _ = await order.works()
        assert work.status is FulfillmentOrderStatus.REJECTED
        assert await broken_rules(shop) == []

    async def test_wait_where_nobody_else_has_the_goods(self, shop: Shop) -> None:
        order = await place(shop, shipped("tent", 1))

        posted = await post(shop, {"tent": 0})

        line = await order.line("tent")
        assert [(one.units, one.waiting) for one in posted.broken] == [(1, 1)]
        assert (line.allocated, line.unallocated) == (0, 1)
        number = posted.count.number
        assert any(f"promised more than count {number} found" in entry for entry in await order.timeline())
        assert "no other location has them to ship" in (await order.timeline())[-1]
        assert "PromiseBroken" in await order.events()
        assert "FulfillmentOrderRejected" in await order.events()
        assert await broken_rules(shop) == []

    async def test_that_came_last_lose_first(self, shop: Shop, clock: StoppedClock) -> None:
        first = await place(shop, shipped("tee-s", 10))
        clock.advance(seconds=1)
        last = await place(shop, shipped("tee-s", 10))

        posted = await post(shop, {"tee-s": 15})

        assert [(one.order_id, one.units) for one in posted.broken] == [(last.id, 5)]
        assert len(await first.works()) == 1

    async def test_of_higher_priority_lose_last(self, shop: Shop, clock: StoppedClock) -> None:
        first = await place(shop, shipped("tee-s", 10))
        clock.advance(seconds=1)
        dear = await place(shop, shipped("tee-s", 10))

        async def prefer(uow: UnitOfWork) -> None:
            await uow.execute("UPDATE reservations SET priority = 5 WHERE demand_id = $1", [dear.id])

        await shop.begin().run(prefer)

        posted = await post(shop, {"tee-s": 12})

        assert [(one.order_id, one.units) for one in posted.broken] == [(first.id, 8)]

    async def test_keep_their_priority_elsewhere(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 2))

        async def prefer(uow: UnitOfWork) -> None:
            await uow.execute("UPDATE reservations SET priority = 5 WHERE demand_id = $1", [order.id])

        await shop.begin().run(prefer)
        await post(shop, {"mug": 0})

        found = await shop.fetch("SELECT location_id, priority FROM reservations WHERE demand_id = $1", order.id)
        assert [tuple(record) for record in found] == [(LOCATIONS["camden"], 5)]

    async def test_do_not_count_on_the_same_units_elsewhere(self, shop: Shop, clock: StoppedClock) -> None:
        # Camden has five mugs and Soho three, for ten that two orders lose.
        older = await place(shop, shipped("mug", 4))
        clock.advance(seconds=1)
        newer = await place(shop, shipped("mug", 6))

        posted = await post(shop, {"mug": 0})

        lost = {one.order_id: (one.units, one.waiting) for one in posted.broken}
        assert lost == {older.id: (4, 0), newer.id: (6, 2)}
        assert await shop.available("mug") == 0
        assert await broken_rules(shop) == []

    async def test_of_several_lines_and_variants_are_told_apart(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 2), shipped("mug", 1), shipped("tee-s", 2), shipped("lamp", 1))

        posted = await post(shop, {"mug": 0, "tee-s": 1, "lamp": 9})

        lost = {one.variant_id: one.units for one in posted.broken}
        assert lost == {VARIANTS["mug"]: 3, VARIANTS["tee-s"]: 1}
        assert (await order.work_line("lamp")).left == 1
        assert await broken_rules(shop) == []

    async def test_that_are_being_picked_lose_what_is_not_packed(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 6))
        work = await order.work()
        line = await order.work_line("mug")

        async def work_on(uow: UnitOfWork) -> None:
            await fulfillment.accept(uow, fulfillment_order_id=work.id)
            await fulfillment.pick(uow, fulfillment_order_id=work.id)
            await fulfillment.pack(uow, fulfillment_order_id=work.id, lines=[LineQuantity(line.id, 4)])

        await shop.begin("picker").run(work_on)
        await post(shop, {"mug": 4})

        line = await order.work_line("mug")
        assert (line.rejected, line.picked, line.packed) == (2, 4, 4)
        assert (await order.work()).status is FulfillmentOrderStatus.PACKED
        assert await broken_rules(shop) == []


class TestPackedUnits:
    async def test_are_not_sourced_again(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 6))
        await order.packed()
        counting = await counted(shop, {"tee-s": 3, "mug": 5})

        with pytest.raises(CountBelowPacked) as refused:
            await counting.post()

        assert list(refused.value.lines) == [(await counting.lines())["mug"].id]
        assert (await counting.count()).status is CountStatus.REVIEW
        assert await shop.on_hand("tee-s", "warehouse") == 20
        assert await broken_rules(shop) == []

    async def test_leave_the_loss_to_others(self, shop: Shop, clock: StoppedClock) -> None:
        other = await place(shop, shipped("mug", 4))
        clock.advance(seconds=1)
        packed = await place(shop, shipped("mug", 6))
        await packed.packed()

        posted = await post(shop, {"mug": 6})

        assert [(one.order_id, one.units) for one in posted.broken] == [(other.id, 4)]
        assert (await packed.work()).status is FulfillmentOrderStatus.PACKED
        assert await broken_rules(shop) == []


class TestPickups:
    async def test_wait_and_end_when_nothing_is_left(self, shop: Shop) -> None:
        order = await place(shop, collected("mug", 2))

        posted = await post(shop, {"mug": 1, "tee-s": 4}, at="camden")
        assert [(one.units, one.waiting) for one in posted.broken] == [(1, 1)]
        assert (await order.pickup()).status is PickupStatus.PREPARING
        await post(shop, {"mug": 0}, at="camden")

        assert (await order.pickup()).status is PickupStatus.CANCELLED
        assert (await order.work(at="camden")).status is FulfillmentOrderStatus.REJECTED
        assert (await order.line("mug")).unallocated == 2
        assert "they have to be handed over there" in (await order.timeline())[-1]
        assert await broken_rules(shop) == []

    async def test_at_the_counter_stay(self, shop: Shop) -> None:
        order = await place(shop, collected("mug", 2))
        await order.ready()
        counting = await counted(shop, {"mug": 1}, at="camden")

        with pytest.raises(CountBelowPacked):
            await counting.post()

        assert (await order.pickup()).status is PickupStatus.READY


class TestTransfers:
    async def requested(self, shop: Shop, units: dict[str, int]) -> Placed | object:
        lines = [WantedLine(VARIANTS[sku], quantity) for sku, quantity in units.items()]

        async def go(uow: UnitOfWork) -> object:
            made = await transfers.create(
                uow, from_location_id=LOCATIONS["warehouse"], to_location_id=LOCATIONS["leeds"], lines=lines
            )
            return await transfers.request(uow, transfer_id=made.id)

        return await shop.begin("operator").run(go)

    async def status(self, shop: Shop) -> list[tuple[str, int]]:
        found = await shop.fetch(
            "SELECT status, requested FROM transfers JOIN transfer_lines ON transfer_id = transfers.id ORDER BY requested"
        )
        return [tuple(record) for record in found]

    async def test_send_less_before_any_order_waits(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 4))
        await self.requested(shop, {"mug": 6})

        posted = await post(shop, {"mug": 7})

        assert posted.broken == ()
        assert await self.status(shop) == [(TransferStatus.REQUESTED, 3)]
        assert len(await order.works()) == 1
        assert await broken_rules(shop) == []

    async def test_lose_lines_of_which_nothing_is_left(self, shop: Shop) -> None:
        await self.requested(shop, {"mug": 10, "tee-s": 3})

        await post(shop, {"mug": 0})

        assert await self.status(shop) == [(TransferStatus.REQUESTED, 3)]
        assert await broken_rules(shop) == []

    async def test_of_which_nothing_is_left_are_cancelled(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 4))
        await self.requested(shop, {"mug": 6})

        posted = await post(shop, {"mug": 3})

        assert [(one.order_id, one.units) for one in posted.broken] == [(order.id, 1)]
        assert await self.status(shop) == [(TransferStatus.CANCELLED, 6)]
        assert await broken_rules(shop) == []


class TestRaces:
    @pytest.mark.parametrize("left", [0, 3, 7])
    async def test_of_a_count_and_many_buyers_never_oversell(self, shop: Shop, left: int) -> None:
        guests = [Buyer(shop) for _ in range(12)]
        carts = [await guest.cart({"lamp": 1}) for guest in guests]
        counting = await counted(shop, {"lamp": 0})
        again = await counted(shop, {"lamp": left}, at="soho")
        before = await deadlocks(shop)

        async def buy(n: int) -> bool:
            with suppress(OutOfStock):
                return (await guests[n].buy(carts[n])).order_id is not None
            return False

        async with asyncio.timeout(PATIENCE_SECONDS):
            bought, *_ = await asyncio.gather(
                asyncio.gather(*(buy(n) for n in range(len(guests)))), counting.post(), again.post()
            )

        assert await deadlocks(shop) == before
        assert await broken_rules(shop) == []
        [[waiting]] = await shop.fetch("SELECT coalesce(sum(unallocated), 0)::int FROM order_lines")
        [[firm]] = await shop.fetch("SELECT sum(firm)::int FROM levels")
        assert sum(bought) == firm + waiting
        assert await shop.on_hand("lamp", "warehouse") == 0
        assert await shop.on_hand("lamp", "soho") == left

    async def test_of_a_count_and_the_pickers_lose_nothing(self, shop: Shop) -> None:
        placed = [await place(shop, shipped("tee-s", 2)) for _ in range(8)]
        counting = await counted(shop, {"tee-s": 9})
        before = await deadlocks(shop)

        async def work(order: Placed) -> None:
            found = await order.work()
            steps = (fulfillment.accept, fulfillment.pick, fulfillment.pack, fulfillment.ship)
            for step in steps:
                with suppress(IllegalTransition, QuantityExceeded):
                    await shop.begin("picker").run(partial(step, fulfillment_order_id=found.id))

        async def count() -> DomainError | None:
            try:
                await counting.post()
            except (CountBelowPacked, CountOutdated) as refusal:
                return refusal
            return None

        async with asyncio.timeout(PATIENCE_SECONDS):
            *_, refusal = await asyncio.gather(*(work(order) for order in placed), count())

        assert await deadlocks(shop) == before
        assert await broken_rules(shop) == []
        found = await shop.fetch("SELECT coalesce(sum(delta), 0)::int FROM movements WHERE reason = 'COUNTED'")
        assert [found[0][0]] == [-11 if refusal is None else 0]

    async def test_of_several_counts_of_the_same_shelf_add_up(self, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 8), shipped("tee-s", 10))
        counts = [await counted(shop, {"mug": 9, "tee-s": 19}) for _ in range(6)]
        before = await deadlocks(shop)

        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.gather(*(counting.post() for counting in counts))

        assert await deadlocks(shop) == before
        assert await shop.on_hand("mug", "warehouse") == 10 - 6
        assert await shop.on_hand("tee-s", "warehouse") == 20 - 6
        assert (await order.line("mug")).allocated == 8
        assert await broken_rules(shop) == []

    async def test_of_one_count_posted_twice_post_it_once(self, shop: Shop) -> None:
        counting = await counted(shop, {"mug": 9})

        async def go() -> bool:
            with suppress(IllegalTransition):
                await counting.post()
                return True
            return False

        async with asyncio.timeout(PATIENCE_SECONDS):
            done = await asyncio.gather(*(go() for _ in range(6)))

        assert sum(done) == 1
        assert await shop.on_hand("mug", "warehouse") == 9

    async def test_of_counts_and_holds_of_the_same_shelf_leave_no_promise_without_units(self, shop: Shop) -> None:
        shelves = Shelves(shop)
        counts = [await counted(shop, {"mug": 9}) for _ in range(8)]

        async def hold() -> None:
            with suppress(OutOfStock):
                held = await shelves.hold({MUGS: 1, ("tee-s", "warehouse"): 1})
                await shop.begin().run(lambda uow: inventory.release_soft(uow, demand_id=held.id))
            with suppress(OutOfStock):
                await shelves.hold({MUGS: 2})

        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.gather(*(counting.post() for counting in counts), *(hold() for _ in range(16)))

        assert await shelves.counters(*MUGS) == (2, 2, 0)
        assert await broken_rules(shop) == []
