"""Promises of units: held softly, made firm, given back, and taken back from whoever let their time pass."""

import asyncpg
import pytest

from app.inventory import queries
from app.inventory import service as inventory
from app.inventory.errors import OutOfStock
from app.inventory.rules import Ahead, BackorderLimit, Units
from app.inventory.states import MovementReason
from app.kernel.errors import BrokenInvariant
from app.kernel.ids import OrderId, new_id
from tests.builders.buyers import broken
from tests.builders.clock import StoppedClock
from tests.builders.shop import CHANNEL_ID, LOCATIONS, VARIANTS, Shop
from tests.builders.stocked import TTL, Held, Shelves, broken_stock

pytestmark = pytest.mark.anyio

MUGS = ("mug", "camden")
LAMPS = ("lamp", "warehouse")


@pytest.fixture
def shelves(shop: Shop) -> Shelves:
    """The shelves of the test shop, with their opening stock."""
    return Shelves(shop)


class TestReserveSoft:
    async def test_counts_as_soft_and_moves_nothing(self, shop: Shop, shelves: Shelves) -> None:
        held = await shelves.hold({MUGS: 2})

        assert await shelves.counters(*MUGS) == (5, 2, 0)
        assert await shelves.states(held) == {"SOFT": 2}
        assert await shelves.ledger(*MUGS) == []
        assert await broken_stock(shop) == []

    async def test_is_all_or_nothing(self, shop: Shop, shelves: Shelves) -> None:
        with pytest.raises(OutOfStock) as refused:
            await shelves.hold({MUGS: 2, LAMPS: 6, ("kettle", "soho"): 1})

        assert {(s.variant_id, s.requested, s.available) for s in refused.value.shortages} == {
            (VARIANTS["lamp"], 6, 5),
            (VARIANTS["kettle"], 1, 0),
        }
        assert await shelves.counters(*MUGS) == (5, 0, 0)
        assert await shop.fetch("SELECT 1 FROM reservations") == []

    async def test_sums_lines_that_share_a_shelf_before_it_looks(self, shop: Shop, shelves: Shelves) -> None:
        first, second = new_id(), new_id()
        asked = [Units(line, VARIANTS["mug"], LOCATIONS["camden"], 3) for line in (first, second)]

        with pytest.raises(OutOfStock) as refused:
            await shelves.begin.run(
                lambda uow: inventory.reserve_soft(uow, demand_id=new_id(), units=asked, expires_at=uow.now + TTL)
            )

        [shortage] = refused.value.shortages
        assert (shortage.requested, shortage.available, set(shortage.line_ids)) == (6, 5, {first, second})

    async def test_takes_the_last_unit_and_no_more(self, shelves: Shelves) -> None:
        await shelves.hold({MUGS: 5})

        with pytest.raises(OutOfStock):
            await shelves.hold({MUGS: 1})

        assert (await shelves.level(*MUGS)).available == 0

    async def test_takes_back_what_others_let_lapse(self, shop: Shop, shelves: Shelves, clock: StoppedClock) -> None:
        late = await shelves.hold({MUGS: 4})
        clock.advance(seconds=TTL.seconds)

        prompt = await shelves.hold({MUGS: 3})

        assert await shelves.counters(*MUGS) == (5, 3, 0)
        assert await shelves.states(late) == {"EXPIRED": 4}
        assert await shelves.states(prompt) == {"SOFT": 3}
        assert await broken_stock(shop) == []

    async def test_takes_back_on_every_shelf_that_lacks_units(
        self, shop: Shop, shelves: Shelves, clock: StoppedClock
    ) -> None:
        await shelves.hold({MUGS: 5, LAMPS: 5})
        clock.advance(seconds=TTL.seconds)

        await shelves.hold({MUGS: 5, LAMPS: 5, ("tee-s", "leeds"): 1})

        assert await shelves.counters(*MUGS) == (5, 5, 0)
        assert await broken_stock(shop) == []

    async def test_takes_nothing_back_a_moment_too_soon(self, shelves: Shelves, clock: StoppedClock) -> None:
        await shelves.hold({MUGS: 5})
        clock.advance(seconds=TTL.seconds - 1)

        with pytest.raises(OutOfStock):
            await shelves.hold({MUGS: 1})

    async def test_leaves_safety_stock_to_those_who_promise(self, shop: Shop, shelves: Shelves) -> None:
        await shelves.begin.run(lambda uow: uow.execute("UPDATE levels SET safety_stock = 4", []))

        async with shop.database.read() as session:
            [at_camden] = await queries.list_at_locations(
                session, variant_ids=[VARIANTS["mug"]], location_ids=[LOCATIONS["camden"]]
            )
            promises = await queries.list_promises(session, channel_id=CHANNEL_ID, variant_ids=[VARIANTS["mug"]])

        assert at_camden.available == 1
        # Ten in the warehouse, five in Camden, three in Soho: what Soho lacks is not taken from the others.
        assert promises[VARIANTS["mug"]].shippable == 6 + 1


class TestExtendSoft:
    async def test_lets_units_be_held_longer_and_never_shorter(self, shelves: Shelves, clock: StoppedClock) -> None:
        held = await shelves.hold({MUGS: 5})
        until = clock.at + 2 * TTL
        await shelves.begin.run(lambda uow: inventory.extend_soft(uow, demand_id=held.id, expires_at=until))
        await shelves.begin.run(lambda uow: inventory.extend_soft(uow, demand_id=held.id, expires_at=uow.now))
        clock.advance(seconds=TTL.seconds + 1)

        assert await shelves.sweep() == 0
        assert await shelves.promote(held)


class TestPromote:
    async def test_turns_soft_into_firm(self, shop: Shop, shelves: Shelves) -> None:
        held = await shelves.hold({MUGS: 2, LAMPS: 1})

        assert await shelves.promote(held)

        assert await shelves.counters(*MUGS) == (5, 0, 2)
        assert await shelves.counters(*LAMPS) == (5, 0, 1)
        assert await shelves.states(held) == {"FIRM": 3}
        assert await broken_stock(shop) == []

    async def test_is_in_time_until_somebody_took_the_units_back(self, shelves: Shelves, clock: StoppedClock) -> None:
        held = await shelves.hold({MUGS: 2})
        clock.advance(seconds=TTL.seconds + 60)

        assert await shelves.promote(held)

    async def test_adds_up_what_a_line_holds_in_parts(self, shop: Shop, shelves: Shelves) -> None:
        # One unit was there; for the other the line waited without a date, until it came.
        await shelves.count({MUGS: 1})
        held = await shelves.hold({MUGS: 1})
        [line] = held.units
        [supply] = await shelves.begin.run(
            lambda uow: inventory.limit_backorders(
                uow, limits=[BackorderLimit(VARIANTS["mug"], LOCATIONS["camden"], 5)]
            )
        )
        part = Ahead(line.line_id, supply.id, line.variant_id, line.location_id, 1)
        await shelves.begin.run(
            lambda uow: inventory.reserve_ahead(uow, demand_id=held.id, parts=[part], expires_at=uow.now + TTL)
        )
        await shelves.count({MUGS: 2})
        await shelves.begin.run(
            lambda uow: inventory.fill_backorders(uow, levels=[(line.variant_id, line.location_id)])
        )

        assert await shelves.begin.run(lambda uow: inventory.promote(uow, order_id=held.id, units=2))

        assert await shelves.counters(*MUGS) == (2, 0, 2)
        assert await shelves.states(held) == {"FIRM": 2}
        await shelves.ship(held, {MUGS: 2})
        assert await broken_stock(shop) == []

    async def test_says_so_when_all_had_lapsed(self, shop: Shop, shelves: Shelves, clock: StoppedClock) -> None:
        held = await shelves.hold({MUGS: 2})
        clock.advance(seconds=TTL.seconds)
        await shelves.sweep()

        assert not await shelves.promote(held)

        assert await shelves.counters(*MUGS) == (5, 0, 0)
        assert await broken_stock(shop) == []

    async def test_promises_nothing_when_a_part_had_lapsed(
        self, shop: Shop, shelves: Shelves, clock: StoppedClock
    ) -> None:
        held = await shelves.hold({MUGS: 4, LAMPS: 1})
        clock.advance(seconds=TTL.seconds)
        await shelves.hold({MUGS: 5})

        assert not await shelves.promote(held)

        assert await shelves.counters(*LAMPS) == (5, 0, 0)
        assert await shelves.counters(*MUGS) == (5, 5, 0)
        assert await broken_stock(shop) == []


class TestReleaseSoft:
    async def test_gives_all_back_and_is_done_twice_without_harm(self, shop: Shop, shelves: Shelves) -> None:
        held = await shelves.hold({MUGS: 2, LAMPS: 1})

        await shelves.let_go(held)
        await shelves.let_go(held)

        assert await shelves.counters(*MUGS) == (5, 0, 0)
        assert await shelves.states(held) == {"RELEASED": 3}
        assert await broken_stock(shop) == []

    async def test_leaves_firm_promises_alone(self, shelves: Shelves) -> None:
        held = await shelves.hold({MUGS: 2})
        await shelves.promote(held)

        await shelves.let_go(held)

        assert await shelves.counters(*MUGS) == (5, 0, 2)


class TestSweepExpired:
    async def test_gives_back_what_nobody_waits_for(self, shop: Shop, shelves: Shelves, clock: StoppedClock) -> None:
        late = await shelves.hold({MUGS: 2, LAMPS: 1})
        clock.advance(seconds=TTL.seconds / 2)
        prompt = await shelves.hold({MUGS: 1})
        clock.advance(seconds=TTL.seconds / 2)

        assert await shelves.sweep() == 2

        assert await shelves.states(late) == {"EXPIRED": 3}
        assert await shelves.states(prompt) == {"SOFT": 1}
        assert await shelves.counters(*MUGS) == (5, 1, 0)
        assert await shelves.sweep() == 0
        assert await broken_stock(shop) == []

    async def test_goes_on_where_it_stopped(self, shop: Shop, shelves: Shelves, clock: StoppedClock) -> None:
        await shelves.hold({MUGS: 1, LAMPS: 1, ("tent", "warehouse"): 1})
        clock.advance(seconds=TTL.seconds)

        swept = [await shelves.sweep(most=1) for _ in range(4)]

        assert swept == [1, 1, 1, 0]
        assert await broken_stock(shop) == []


class TestAllocate:
    async def test_promises_firmly_at_once(self, shop: Shop, shelves: Shelves) -> None:
        order = await shelves.promise({MUGS: 2})

        assert await shelves.counters(*MUGS) == (5, 0, 2)
        assert await shelves.states(order) == {"FIRM": 2}
        assert await broken_stock(shop) == []

    async def test_raises_what_the_line_has_there_already(self, shop: Shop, shelves: Shelves) -> None:
        order = await shelves.promise({MUGS: 2})

        await shelves.promise({MUGS: 1}, to=order)

        assert await shelves.counters(*MUGS) == (5, 0, 3)
        assert len(await shop.fetch("SELECT 1 FROM reservations")) == 1
        assert await broken_stock(shop) == []

    async def test_takes_back_what_others_let_lapse(self, shelves: Shelves, clock: StoppedClock) -> None:
        await shelves.hold({MUGS: 5})
        clock.advance(seconds=TTL.seconds)

        await shelves.promise({MUGS: 5})

        assert await shelves.counters(*MUGS) == (5, 0, 5)

    async def test_is_refused_without_a_trace(self, shop: Shop, shelves: Shelves) -> None:
        with pytest.raises(OutOfStock):
            await shelves.promise({MUGS: 6})

        assert await shelves.counters(*MUGS) == (5, 0, 0)
        assert await shop.fetch("SELECT 1 FROM reservations") == []

    async def test_moves_a_promise_to_another_location(self, shop: Shop, shelves: Shelves) -> None:
        order = await shelves.promise({MUGS: 2})
        there = [Units(order.units[0].line_id, VARIANTS["mug"], LOCATIONS["soho"], 2)]

        await shelves.cancel(order)
        await shelves.begin.run(lambda uow: inventory.allocate(uow, demand_id=order.id, units=there))

        assert await shelves.counters(*MUGS) == (5, 0, 0)
        assert await shelves.counters("mug", "soho") == (3, 0, 2)
        assert await broken_stock(shop) == []


class TestReleaseFirm:
    async def test_gives_a_part_back_and_then_the_rest(self, shop: Shop, shelves: Shelves) -> None:
        order = await shelves.promise({MUGS: 3})

        await shelves.cancel(order, {MUGS: 1})
        assert await shelves.counters(*MUGS) == (5, 0, 2)
        assert await shelves.states(order) == {"FIRM": 2, "RELEASED": 1}

        await shelves.cancel(order, {MUGS: 2})
        assert await shelves.counters(*MUGS) == (5, 0, 0)
        assert await shelves.states(order) == {"RELEASED": 3}
        assert await broken_stock(shop) == []

    @pytest.mark.parametrize("too_much", [{MUGS: 4}, {MUGS: 6}])
    async def test_of_more_than_was_promised_cannot_be(
        self, shop: Shop, shelves: Shelves, too_much: dict[tuple[str, str], int]
    ) -> None:
        order = await shelves.promise({MUGS: 3})
        await shelves.promise({MUGS: 2})

        # The house says so of an order's own units, and the database of everybody's.
        with pytest.raises((BrokenInvariant, asyncpg.CheckViolationError)):
            await shelves.cancel(order, too_much)

        assert await shelves.counters(*MUGS) == (5, 0, 5)
        assert await broken_stock(shop) == []

    async def test_of_anothers_units_cannot_be(self, shelves: Shelves) -> None:
        theirs = await shelves.promise({MUGS: 2})
        thief = Held(OrderId(new_id()), theirs.units)

        with pytest.raises(BrokenInvariant):
            await shelves.cancel(thief)
        with pytest.raises(BrokenInvariant):
            await shelves.ship(thief)


class TestListOpenForDemand:
    async def test_says_what_is_still_promised(self, shop: Shop, shelves: Shelves) -> None:
        order = await shelves.promise({MUGS: 3, LAMPS: 1})
        await shelves.begin.run(
            lambda uow: inventory.take_out(
                uow, demand_id=order.id, units=order.of({MUGS: 1, LAMPS: 1}), reason=MovementReason.SHIPPED
            )
        )

        async with shop.database.read() as session:
            [left] = await queries.list_open_for_demand(session, demand_id=order.id)

        assert (left.variant_id, left.location_id, left.quantity) == (VARIANTS["mug"], LOCATIONS["camden"], 2)


class TestAudit:
    async def test_finds_a_reservation_that_nobody_took_back(
        self, shop: Shop, shelves: Shelves, clock: StoppedClock
    ) -> None:
        await shelves.hold({MUGS: 1})
        in_time = await broken(shop)
        clock.advance(seconds=TTL.seconds + 61)

        late = await broken(shop)

        assert in_time == []
        assert [found.split(":")[0] for found in late] == ["20"]

    async def test_finds_a_counter_that_its_reservations_do_not_explain(self, shop: Shop, shelves: Shelves) -> None:
        await shelves.begin.run(lambda uow: uow.execute("UPDATE levels SET soft = 1 WHERE sellable > 0", []))
        await shelves.begin.run(lambda uow: uow.execute("UPDATE levels SET damaged = 1", []))

        assert {found.split(":")[0] for found in await broken(shop)} == {"3", "4"}
