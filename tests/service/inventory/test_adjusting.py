"""Stock changed by hand: every line or none, nothing taken that is promised, and the ledger says why."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from uuid import UUID

import pytest

from app.inventory.errors import BundleStocked, OutOfStock, WouldOversell
from app.inventory.rules.adjusting import Adjustment, BucketMove, Delivered
from app.inventory.service import adjusting
from app.inventory.states import Bucket, MovementReason
from app.kernel.actor import ANONYMOUS, SYSTEM
from app.kernel.errors import DomainError, ErrorCode, Forbidden, Invalid, NotFound, QuantityExceeded, Unauthenticated
from app.kernel.ids import LocationId, VariantId, new_id
from tests.builders.clock import StoppedClock
from tests.builders.patience import PATIENCE_SECONDS
from tests.builders.shop import LOCATIONS, VARIANTS, Shop
from tests.builders.statements import Sent
from tests.builders.stocked import Shelves, broken_stock

pytestmark = pytest.mark.anyio

MUGS = ("mug", "camden")
SELLABLE, DAMAGED, QUALITY = Bucket.SELLABLE, Bucket.DAMAGED, Bucket.QUALITY


@pytest.fixture
def shelves(shop: Shop) -> Shelves:
    """The shelves of the test shop, with their opening stock."""
    return Shelves(shop)


async def adjust(
    shop: Shop,
    *lines: Adjustment,
    reason: MovementReason = MovementReason.ADJUSTED,
    at: LocationId = LOCATIONS["camden"],
    by: str = "manager",
    note: str | None = None,
) -> UUID:
    """Correct stock by hand."""
    return await shop.begin(by).run(
        lambda uow: adjusting.adjust(uow, location_id=at, reason=reason, lines=lines, note=note)
    )


async def move(
    shop: Shop, *lines: BucketMove, reason: MovementReason = MovementReason.INSPECTED, by: str = "manager"
) -> UUID:
    """Move units between the buckets of Camden."""
    return await shop.begin(by).run(
        lambda uow: adjusting.move(uow, location_id=LOCATIONS["camden"], reason=reason, lines=lines)
    )


async def receive(
    shop: Shop, *lines: Delivered, at: LocationId = LOCATIONS["camden"], by: str = "manager", note: str | None = None
) -> UUID:
    """Take goods in."""
    return await shop.begin(by).run(lambda uow: adjusting.receive(uow, location_id=at, lines=lines, note=note))


def mugs(delta: int, bucket: Bucket = SELLABLE) -> Adjustment:
    """Correct mugs."""
    return Adjustment(VARIANTS["mug"], delta, bucket)


class TestAdjust:
    async def test_corrects_many_lines_up_and_down(self, shop: Shop, shelves: Shelves) -> None:
        adjusted = await adjust(
            shop, mugs(-2), mugs(1, DAMAGED), Adjustment(VARIANTS["lamp"], 3), note="  after \n the flood "
        )

        level = await shelves.level(*MUGS)
        assert (level.sellable, level.damaged) == (3, 1)
        assert await shelves.counters("lamp", "camden") == (3, 0, 0)
        entries = await shop.fetch(
            "SELECT reason, cause_kind, cause_id, note, actor FROM movements WHERE reason = 'ADJUSTED'"
        )
        who = shop.actor("manager").label
        assert {tuple(entry) for entry in entries} == {("ADJUSTED", "adjustment", adjusted, "after the flood", who)}
        assert len(entries) == 3
        assert await broken_stock(shop) == []

    async def test_writes_one_version_for_all_buckets_of_a_level(self, shop: Shop) -> None:
        await adjust(shop, mugs(-1), mugs(2, DAMAGED), mugs(3, QUALITY))

        versions = await shop.fetch("SELECT DISTINCT level_version FROM movements WHERE reason = 'ADJUSTED'")
        assert [version for (version,) in versions] == [2]

    @pytest.mark.parametrize(
        ("reason", "delta"),
        [
            (MovementReason.FOUND, 1),
            (MovementReason.OPENING, 1),
            (MovementReason.LOST, -1),
            (MovementReason.STOLEN, -1),
            (MovementReason.USED, -1),
            (MovementReason.DESTROYED, -1),
            (MovementReason.VENDOR, -1),
        ],
    )
    async def test_has_reasons_that_go_one_way_alone(self, shop: Shop, reason: MovementReason, delta: int) -> None:
        await adjust(shop, mugs(delta), reason=reason)

        with pytest.raises(Invalid) as refused:
            await adjust(shop, mugs(delta), Adjustment(VARIANTS["lamp"], -delta), reason=reason)

        assert refused.value.field == ("lines", "1", "delta")
        assert await shop.on_hand("mug", "camden") == 5 + delta

    @pytest.mark.parametrize("reason", [MovementReason.ADJUSTED, MovementReason.DAMAGED, MovementReason.DISPLAY])
    async def test_has_reasons_that_go_either_way(self, shop: Shop, reason: MovementReason) -> None:
        await adjust(shop, mugs(-1), mugs(1, DAMAGED), reason=reason)

        assert await shop.on_hand("mug", "camden") == 5
        assert await broken_stock(shop) == []

    @pytest.mark.parametrize(
        "reason",
        [
            MovementReason.FEED,
            MovementReason.SHIPPED,
            MovementReason.HANDED_OVER,
            MovementReason.RETURNED,
            MovementReason.RECEIVED,
            MovementReason.TRANSFER_RECEIVED,
            MovementReason.COUNTED,
            MovementReason.REPAIRED,
        ],
    )
    async def test_refuses_reasons_that_are_not_for_hand_work(self, shop: Shop, reason: MovementReason) -> None:
        with pytest.raises(Invalid) as refused:
            await adjust(shop, mugs(1), reason=reason)

        assert refused.value.field == ("reason",)
        assert "FOUND" in refused.value.message

    @pytest.mark.parametrize(
        ("lines", "kind", "field"),
        [
            ([], Invalid, ("lines",)),
            ([("mug", 1, SELLABLE)] * 501, Invalid, ("lines",)),
            ([("mug", 1, SELLABLE), ("lamp", 0, SELLABLE)], Invalid, ("lines", "1", "delta")),
            ([("mug", 1_000_001, SELLABLE)], Invalid, ("lines", "0", "delta")),
            ([("mug", -(2**31), SELLABLE)], Invalid, ("lines", "0", "delta")),
            ([("mug", 1, SELLABLE), ("mug", 2, SELLABLE)], Invalid, ("lines", "1", "variantId")),
            ([("mug", 1, SELLABLE), ("unknown", 2, SELLABLE)], NotFound, ("lines", "1", "variantId")),
            ([("lamp", 1, SELLABLE), ("mug", -6, SELLABLE)], QuantityExceeded, ("lines", "1", "delta")),
            ([("mug", -1, SELLABLE), ("mug", -1, DAMAGED)], QuantityExceeded, ("lines", "1", "delta")),
            ([("mug", 1, SELLABLE), ("tent", -1, QUALITY)], QuantityExceeded, ("lines", "1", "delta")),
        ],
    )
    async def test_refuses_all_when_one_line_is_wrong(
        self,
        shop: Shop,
        lines: Sequence[tuple[str, int, Bucket]],
        kind: type[DomainError],
        field: tuple[str, ...],
    ) -> None:
        unknown = VariantId(new_id())
        given = [Adjustment(VARIANTS.get(sku, unknown), delta, bucket) for sku, delta, bucket in lines]

        with pytest.raises(kind) as refused:
            await adjust(shop, *given)

        assert refused.value.field == field
        assert await shop.on_hand("mug", "camden") == 5
        assert await shop.fetch("SELECT FROM levels WHERE version = 0") == []
        assert await broken_stock(shop) == []

    async def test_refuses_more_than_can_be_counted(self, shop: Shop) -> None:
        async with shop.database.unit(SYSTEM) as uow:
            await uow.execute(
                "INSERT INTO levels (variant_id, location_id, sellable) VALUES ($1, $2, 2147483647)",
                [VARIANTS["lamp"], LOCATIONS["camden"]],
            )

        with pytest.raises(Invalid) as refused:
            await adjust(shop, mugs(1), Adjustment(VARIANTS["lamp"], 1))

        assert refused.value.field == ("lines", "1", "delta")

    async def test_refuses_to_take_what_is_promised(self, shop: Shop, shelves: Shelves) -> None:
        await shelves.promise({MUGS: 2})
        await shelves.hold({MUGS: 1})

        with pytest.raises(WouldOversell) as refused:
            await adjust(shop, Adjustment(VARIANTS["tee-s"], -1), mugs(-3), reason=MovementReason.LOST)

        assert refused.value.code is ErrorCode.OUT_OF_STOCK
        assert refused.value.field == ("lines", "1", "delta")
        assert await shelves.counters("tee-s", "camden") == (4, 0, 0)
        await adjust(shop, mugs(-2), reason=MovementReason.LOST)
        assert await shelves.counters(*MUGS) == (3, 1, 2)

    async def test_takes_back_what_others_hold_beyond_their_time(
        self, shop: Shop, shelves: Shelves, clock: StoppedClock
    ) -> None:
        await shelves.hold({MUGS: 5})
        clock.advance(hours=1)

        await adjust(shop, mugs(-5))

        assert await shelves.counters(*MUGS) == (0, 0, 0)
        assert await broken_stock(shop) == []

    async def test_refuses_bundles(self, shop: Shop) -> None:
        async with shop.database.unit(SYSTEM) as uow:
            await uow.execute(
                "INSERT INTO bundle_components (bundle_id, component_id, quantity) VALUES ($1, $2, 2)",
                [VARIANTS["kettle"], VARIANTS["mug"]],
            )

        with pytest.raises(BundleStocked) as refused:
            await adjust(shop, mugs(1), Adjustment(VARIANTS["kettle"], 1))

        assert refused.value.field == ("lines", "1", "variantId")

    async def test_refuses_a_note_that_is_too_long(self, shop: Shop) -> None:
        with pytest.raises(Invalid) as refused:
            await adjust(shop, mugs(1), note="x" * 501)

        assert refused.value.field == ("note",)

    async def test_needs_the_right_at_a_location_that_exists(self, shop: Shop) -> None:
        with pytest.raises(Forbidden):
            await adjust(shop, mugs(1), at=LOCATIONS["soho"])
        with pytest.raises(Forbidden):
            await adjust(shop, mugs(1), by="associate")
        with pytest.raises(Unauthenticated):
            await shop.database.begin(ANONYMOUS).run(
                lambda uow: adjusting.adjust(
                    uow, location_id=LOCATIONS["camden"], reason=MovementReason.FOUND, lines=[mugs(1)]
                )
            )
        with pytest.raises(NotFound) as refused:
            await adjust(shop, mugs(1), at=LocationId(new_id()), by="operator")

        assert refused.value.field == ("locationId",)

    async def test_costs_the_same_however_long_the_list(
        self, shop: Shop, statements: Callable[[], AbstractAsyncContextManager[Sent]]
    ) -> None:
        counts = []
        for skus in (["mug", "lamp"], list(VARIANTS)):
            async with statements() as sent:
                await adjust(shop, *(Adjustment(VARIANTS[sku], 1) for sku in skus))
            counts.append(sent.count)

        assert counts[0] == counts[1]


class TestMove:
    async def test_changes_the_bucket_and_nothing_else(self, shop: Shop, shelves: Shelves) -> None:
        await move(
            shop,
            BucketMove(VARIANTS["mug"], SELLABLE, QUALITY, 2),
            BucketMove(VARIANTS["mug"], SELLABLE, DAMAGED, 1),
        )

        level = await shelves.level(*MUGS)
        assert (level.sellable, level.damaged, level.quality, level.on_hand) == (2, 1, 2, 5)
        assert sorted(await shelves.ledger(*MUGS)) == [
            ("DAMAGED", 1, 1, "INSPECTED"),
            ("QUALITY", 2, 2, "INSPECTED"),
            ("SELLABLE", -3, 2, "INSPECTED"),
        ]
        await move(shop, BucketMove(VARIANTS["mug"], DAMAGED, SELLABLE, 1), reason=MovementReason.REPAIRED)
        assert (await shelves.level(*MUGS)).sellable == 3
        assert await broken_stock(shop) == []

    @pytest.mark.parametrize(
        ("lines", "reason", "kind", "field"),
        [
            ([(SELLABLE, DAMAGED, 6)], MovementReason.DAMAGED, QuantityExceeded, ("lines", "0", "quantity")),
            ([(SELLABLE, DAMAGED, 0)], MovementReason.DAMAGED, Invalid, ("lines", "0", "quantity")),
            ([(SELLABLE, DAMAGED, -1)], MovementReason.DAMAGED, Invalid, ("lines", "0", "quantity")),
            ([(SELLABLE, DAMAGED, 1_000_001)], MovementReason.DAMAGED, Invalid, ("lines", "0", "quantity")),
            ([(SELLABLE, SELLABLE, 1)], MovementReason.INSPECTED, Invalid, ("lines", "0", "to")),
            ([(SELLABLE, QUALITY, 1)], MovementReason.DAMAGED, Invalid, ("lines", "0", "to")),
            ([(SELLABLE, QUALITY, 1)], MovementReason.REPAIRED, Invalid, ("lines", "0", "to")),
            ([(SELLABLE, DAMAGED, 1)], MovementReason.LOST, Invalid, ("reason",)),
            ([(SELLABLE, DAMAGED, 1)] * 2, MovementReason.DAMAGED, Invalid, ("lines", "1", "variantId")),
            (
                [(SELLABLE, QUALITY, 3), (SELLABLE, DAMAGED, 3)],
                MovementReason.INSPECTED,
                QuantityExceeded,
                ("lines", "0", "quantity"),
            ),
            ([(SELLABLE, QUALITY, 1), (DAMAGED, QUALITY, 1)], MovementReason.INSPECTED, QuantityExceeded,
             ("lines", "1", "quantity")),
        ],
    )  # fmt: skip
    async def test_refuses_what_makes_no_sense(
        self,
        shop: Shop,
        lines: Sequence[tuple[Bucket, Bucket, int]],
        reason: MovementReason,
        kind: type[DomainError],
        field: tuple[str, ...],
    ) -> None:
        given = [BucketMove(VARIANTS["mug"], origin, target, quantity) for origin, target, quantity in lines]

        with pytest.raises(kind) as refused:
            await move(shop, *given, reason=reason)

        assert refused.value.field == field
        assert await broken_stock(shop) == []

    async def test_keeps_what_is_promised_for_sale(self, shop: Shop, shelves: Shelves) -> None:
        await shelves.promise({MUGS: 4})

        with pytest.raises(WouldOversell) as refused:
            await move(shop, BucketMove(VARIANTS["mug"], SELLABLE, QUALITY, 2))

        assert refused.value.field == ("lines", "0", "quantity")
        assert await shelves.counters(*MUGS) == (5, 0, 4)


class TestReceive:
    async def test_takes_goods_in(self, shop: Shop, shelves: Shelves) -> None:
        received = await receive(
            shop,
            Delivered(VARIANTS["mug"], 3),
            Delivered(VARIANTS["mug"], 1, DAMAGED),
            Delivered(VARIANTS["kettle"], 7),
            note="samples",
        )

        level = await shelves.level(*MUGS)
        assert (level.sellable, level.damaged) == (8, 1)
        assert await shelves.counters("kettle", "camden") == (7, 0, 0)
        entries = await shop.fetch("SELECT cause_id, note FROM movements WHERE reason = 'RECEIVED'")
        assert {tuple(entry) for entry in entries} == {(received, "samples")}
        assert await broken_stock(shop) == []

    @pytest.mark.parametrize(
        ("lines", "kind", "field"),
        [
            ([], Invalid, ("lines",)),
            ([("mug", 0)], Invalid, ("lines", "0", "quantity")),
            ([("mug", -1)], Invalid, ("lines", "0", "quantity")),
            ([("mug", 1), ("mug", 1)], Invalid, ("lines", "1", "variantId")),
            ([("unknown", 1)], NotFound, ("lines", "0", "variantId")),
        ],
    )
    async def test_refuses_what_makes_no_sense(
        self, shop: Shop, lines: Sequence[tuple[str, int]], kind: type[DomainError], field: tuple[str, ...]
    ) -> None:
        unknown = VariantId(new_id())

        with pytest.raises(kind) as refused:
            await receive(shop, *(Delivered(VARIANTS.get(sku, unknown), quantity) for sku, quantity in lines))

        assert refused.value.field == field

    async def test_refuses_a_location_that_is_not_in_use(self, shop: Shop) -> None:
        async with shop.database.unit(SYSTEM) as uow:
            await uow.execute("UPDATE locations SET archived_at = now() WHERE code = 'leeds'", [])

        with pytest.raises(Invalid) as refused:
            await receive(shop, Delivered(VARIANTS["mug"], 1), at=LOCATIONS["leeds"], by="operator")
        # What is left there may still be written down.
        await adjust(shop, Adjustment(VARIANTS["lamp"], -2), at=LOCATIONS["leeds"], by="operator")

        assert refused.value.field == ("locationId",)
        assert await shop.on_hand("lamp", "leeds") == 0


class TestManyAtOnce:
    async def test_hands_and_buyers_never_take_the_same_unit(self, shop: Shop, shelves: Shelves) -> None:
        tees = ("tee-s", "camden")

        async def take() -> int:
            try:
                await adjust(shop, mugs(-1), Adjustment(VARIANTS["tee-s"], -1), reason=MovementReason.LOST)
            except (WouldOversell, QuantityExceeded):
                return 0
            return 1

        async def buy() -> int:
            try:
                await shelves.promise({tees: 1, MUGS: 1})
            except OutOfStock:
                return 0
            return 1

        async with asyncio.timeout(PATIENCE_SECONDS):
            done = await asyncio.gather(*(take() if n % 2 else buy() for n in range(24)))

        # There are four shirts, so of five mugs one is left.
        assert sum(done) == 4
        assert (await shelves.level(*tees)).available == 0
        assert (await shelves.level(*MUGS)).available == 1
        assert await broken_stock(shop) == []

    async def test_units_that_come_back_into_sale_can_be_sold(self, shop: Shop, shelves: Shelves) -> None:
        await move(shop, BucketMove(VARIANTS["mug"], SELLABLE, QUALITY, 5))
        with pytest.raises(OutOfStock):
            await shelves.promise({MUGS: 1})

        await move(shop, BucketMove(VARIANTS["mug"], QUALITY, SELLABLE, 5))

        await shelves.promise({MUGS: 5})
        assert await shop.available(*MUGS) == 0
