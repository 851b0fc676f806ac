"""Units that come, go and change their bucket, and the ledger that can never be rewritten."""

from dataclasses import replace

import asyncpg
import pytest

from app.inventory import queries
from app.inventory import service as inventory
from app.inventory.errors import WouldOversell
from app.inventory.rules import Level, StockLine, Units
from app.inventory.states import Bucket, MovementReason
from app.kernel.errors import ErrorCode, Forbidden, Invalid
from app.kernel.ids import new_id
from tests.builders.shop import LOCATIONS, PEOPLE, VARIANTS, Shop
from tests.builders.stocked import Shelves, broken_stock

pytestmark = pytest.mark.anyio

MUGS = ("mug", "camden")
LAMPS = ("lamp", "warehouse")


@pytest.fixture
def shelves(shop: Shop) -> Shelves:
    """The shelves of the test shop, with their opening stock."""
    return Shelves(shop)


class TestTakeOut:
    async def test_lets_promised_units_leave(self, shop: Shop, shelves: Shelves) -> None:
        order = await shelves.promise({MUGS: 3})

        await shelves.ship(order, {MUGS: 2})

        assert await shelves.counters(*MUGS) == (3, 0, 1)
        assert await shelves.ledger(*MUGS) == [("SELLABLE", -2, 3, "SHIPPED")]
        await shelves.ship(order, {MUGS: 1})
        assert await shelves.states(order) == {"CONSUMED": 3}
        assert await shelves.ledger(*MUGS) == [("SELLABLE", -2, 3, "SHIPPED"), ("SELLABLE", -1, 2, "SHIPPED")]
        assert await broken_stock(shop) == []

    async def test_writes_who_and_why(self, shop: Shop, shelves: Shelves) -> None:
        order = await shelves.promise({MUGS: 1})
        await shop.begin("picker").run(
            lambda uow: inventory.take_out(
                uow, demand_id=order.id, units=order.units, reason=MovementReason.HANDED_OVER
            )
        )

        async with shop.database.read() as session:
            latest, opening = await queries.list_movements(
                session, variant_id=VARIANTS["mug"], location_id=LOCATIONS["camden"]
            )

        assert (latest.cause_kind, latest.cause_id) == ("order", order.id)
        assert latest.actor == f"STAFF:{PEOPLE['picker'].user_id}"
        assert latest.reason is MovementReason.HANDED_OVER
        assert latest.bucket is Bucket.SELLABLE
        assert opening.reason is MovementReason.OPENING

    async def test_costs_the_same_however_long_the_list(self, shelves: Shelves, shop: Shop) -> None:
        everything = {(sku, "warehouse"): 1 for sku in ("mug", "tee-s", "tee-m", "tee-l", "lamp", "tent")}
        order = await shelves.promise(everything)

        await shelves.ship(order)

        for sku, location in everything:
            level = await shelves.level(sku, location)
            assert level.on_hand == shop.opening_stock(sku, location) - 1
        assert await broken_stock(shop) == []


class TestWriteOff:
    async def test_of_what_was_not_found_takes_it_off(self, shop: Shop, shelves: Shelves) -> None:
        order = await shelves.promise({MUGS: 3})

        await shelves.write_off(order, {MUGS: 2})

        assert await shelves.counters(*MUGS) == (3, 0, 1)
        assert await shelves.ledger(*MUGS) == [("SELLABLE", -2, 3, "NOT_FOUND")]
        assert await shelves.states(order) == {"FIRM": 1, "RELEASED": 2}
        assert await broken_stock(shop) == []

    async def test_of_what_is_damaged_keeps_it_on_hand(self, shop: Shop, shelves: Shelves) -> None:
        order = await shelves.promise({MUGS: 3})

        await shelves.write_off(order, reason=MovementReason.DAMAGED)

        level = await shelves.level(*MUGS)
        assert (level.sellable, level.damaged, level.firm, level.on_hand) == (2, 3, 0, 5)
        assert sorted(await shelves.ledger(*MUGS)) == [
            ("DAMAGED", 3, 3, "DAMAGED"),
            ("SELLABLE", -3, 2, "DAMAGED"),
        ]
        assert await shelves.states(order) == {"RELEASED": 3}
        assert await broken_stock(shop) == []


class TestReceiveReturn:
    async def test_puts_units_where_their_disposition_says(self, shop: Shop, shelves: Shelves) -> None:
        return_id, line = new_id(), new_id()
        back = Units(line, VARIANTS["mug"], LOCATIONS["camden"], 1)
        new_here = Units(line, VARIANTS["kettle"], LOCATIONS["leeds"], 4)

        await shelves.begin.run(
            lambda uow: inventory.receive_return(
                uow,
                return_id=return_id,
                units=[
                    (back, Bucket.SELLABLE),
                    (back, Bucket.DAMAGED),
                    (back, Bucket.QUALITY),
                    (new_here, Bucket.QUALITY),
                ],
            )
        )

        mugs, kettles = await shelves.level(*MUGS), await shelves.level("kettle", "leeds")
        assert (mugs.sellable, mugs.damaged, mugs.quality) == (6, 1, 1)
        assert (kettles.sellable, kettles.quality, kettles.available) == (0, 4, 0)
        assert sorted(await shelves.ledger(*MUGS)) == [
            ("DAMAGED", 1, 1, "RETURNED"),
            ("QUALITY", 1, 1, "RETURNED"),
            ("SELLABLE", 1, 6, "RETURNED"),
        ]
        causes = await shop.fetch("SELECT DISTINCT cause_kind, cause_id FROM movements WHERE reason = 'RETURNED'")
        assert [tuple(cause) for cause in causes] == [("return", return_id)]
        assert await broken_stock(shop) == []


class TestSetLevels:
    async def test_makes_levels_what_was_counted_and_skips_the_unchanged(self, shop: Shop, shelves: Shelves) -> None:
        changed = await shelves.count({MUGS: 9, LAMPS: 5, ("tent", "leeds"): 2, ("mug", "soho"): 0})

        assert changed == 3
        assert await shelves.counters(*MUGS) == (9, 0, 0)
        assert await shelves.counters("tent", "leeds") == (2, 0, 0)
        assert await shelves.ledger(*MUGS) == [("SELLABLE", 4, 9, "FEED")]
        assert await shelves.ledger("mug", "soho") == [("SELLABLE", -3, 0, "FEED")]
        assert await shelves.ledger(*LAMPS) == []
        assert await broken_stock(shop) == []

    async def test_said_twice_changes_nothing(self, shop: Shop, shelves: Shelves) -> None:
        await shelves.count({MUGS: 9})

        assert await shelves.count({MUGS: 9}) == 0
        assert len(await shelves.ledger(*MUGS)) == 1

    async def test_goes_down_to_what_is_promised(self, shop: Shop, shelves: Shelves) -> None:
        await shelves.promise({MUGS: 2})
        await shelves.hold({MUGS: 1})

        await shelves.count({MUGS: 3})

        assert (await shelves.level(*MUGS)).available == 0

    async def test_refuses_less_than_is_promised_and_names_the_line(self, shop: Shop, shelves: Shelves) -> None:
        await shelves.promise({MUGS: 2})
        await shelves.hold({MUGS: 1})

        with pytest.raises(WouldOversell) as refused:
            await shelves.count({LAMPS: 1, MUGS: 2})

        assert refused.value.code is ErrorCode.OUT_OF_STOCK
        assert refused.value.field == ("lines", "1", "quantity")
        assert await shelves.counters(*LAMPS) == (5, 0, 0)
        assert await shelves.ledger(*LAMPS) == []
        assert await broken_stock(shop) == []

    async def test_refuses_fewer_than_none(self, shelves: Shelves) -> None:
        with pytest.raises(WouldOversell):
            await shelves.count({MUGS: -1})

    async def test_needs_the_right_at_every_location(self, shop: Shop, shelves: Shelves) -> None:
        assert await shelves.count({MUGS: 6}, by="manager") == 1
        with pytest.raises(Forbidden):
            await shelves.count({MUGS: 7, ("mug", "soho"): 7}, by="manager")
        with pytest.raises(Forbidden):
            await shelves.count({MUGS: 7}, by="ada")

        assert await shelves.counters(*MUGS) == (6, 0, 0)

    async def test_of_nothing_is_nothing(self, shelves: Shelves) -> None:
        assert await shelves.count({}) == 0


class TestAdjust:
    async def adjust(self, shop: Shop, delta: int, *, by: str = "manager") -> Level:
        """Correct the mugs of Camden."""
        return await shop.begin(by).run(
            lambda uow: inventory.adjust(uow, variant_id=VARIANTS["mug"], location_id=LOCATIONS["camden"], delta=delta)
        )

    async def test_corrects_up_and_down(self, shop: Shop, shelves: Shelves) -> None:
        await self.adjust(shop, 3)
        level = await self.adjust(shop, -4)

        assert level.sellable == 4
        assert await shelves.ledger(*MUGS) == [("SELLABLE", 3, 8, "ADJUSTED"), ("SELLABLE", -4, 4, "ADJUSTED")]
        assert await broken_stock(shop) == []

    async def test_refuses_to_take_what_is_promised(self, shop: Shop, shelves: Shelves) -> None:
        await shelves.promise({MUGS: 3})

        with pytest.raises(WouldOversell) as refused:
            await self.adjust(shop, -3)

        assert refused.value.field == ("delta",)
        assert await shelves.counters(*MUGS) == (5, 0, 3)

    async def test_needs_the_right_there(self, shop: Shop) -> None:
        with pytest.raises(Forbidden):
            await self.adjust(shop, 1, by="other_associate")


class TestLedger:
    @pytest.mark.parametrize(
        "statement", ["UPDATE movements SET delta = 1000", "DELETE FROM movements", "UPDATE movements SET at = now()"]
    )
    async def test_is_never_rewritten(self, shop: Shop, statement: str) -> None:
        with pytest.raises(asyncpg.RestrictViolationError):
            await shop.begin().run(lambda uow: uow.execute(statement, []))

        assert await broken_stock(shop) == []

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE levels SET soft = sellable + 1",
            "UPDATE levels SET firm = sellable - soft + 1",
            "UPDATE levels SET sellable = -1, soft = 0, firm = 0",
            "UPDATE levels SET damaged = -1",
            "UPDATE levels SET soft = -1",
        ],
    )
    async def test_and_its_levels_are_guarded_by_the_database_itself(self, shop: Shop, statement: str) -> None:
        with pytest.raises(asyncpg.CheckViolationError):
            await shop.begin().run(lambda uow: uow.execute(statement, []))


class TestStockLine:
    async def test_of_an_unknown_variant_reaches_no_level(self, shop: Shop) -> None:
        unknown = StockLine(new_id(), LOCATIONS["camden"], 1)

        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await shop.begin().run(lambda uow: inventory.set_levels(uow, lines=[unknown], reason=MovementReason.FEED))


class TestSetLevelsTwice:
    async def test_refuses_a_level_that_is_named_twice(self, shop: Shop) -> None:
        mugs = StockLine(shop.variants["mug"], shop.locations["camden"], 7)
        lines = [mugs, replace(mugs, quantity=8)]

        with pytest.raises(Invalid) as refused:
            await shop.begin().run(lambda uow: inventory.set_levels(uow, lines=lines, reason=MovementReason.FEED))

        assert refused.value.field == ("lines", "1")
        assert await shop.on_hand("mug", "camden") == shop.opening_stock("mug", "camden")
