"""Goods between locations: every step, every refusal, and stock that adds up at both ends."""

from datetime import timedelta

import pytest

from app.inventory.errors import BundleStocked, OutOfStock
from app.inventory.rules.transfers import LineUnits, WantedLine
from app.inventory.service import transfers
from app.inventory.states import Bucket
from app.kernel.actor import SYSTEM
from app.kernel.errors import DomainError, IllegalTransition, Invalid, NotFound, QuantityExceeded
from app.kernel.ids import LocationId, TransferLineId, VariantId, new_id
from app.servicing import service as servicing
from tests.builders.buyers import broken
from tests.builders.clock import OPENING, StoppedClock
from tests.builders.shop import LOCATIONS, VARIANTS, Shop
from tests.builders.stocked import Shelves, broken_stock
from tests.builders.transferred import draft, requested, shipped

pytestmark = pytest.mark.anyio

MUGS_THERE = ("mug", "warehouse")
MUGS_HERE = ("mug", "camden")
TOMORROW = OPENING + timedelta(days=1)


@pytest.fixture
def shelves(shop: Shop) -> Shelves:
    """The shelves of the test shop, with their opening stock."""
    return Shelves(shop)


class TestCreate:
    async def test_promises_nothing_yet(self, shop: Shop, shelves: Shelves) -> None:
        sent = await draft(shop, {"mug": 4, "lamp": 2}, note="  for the \n window ")

        header, lines = await sent.header(), await sent.lines()
        assert (header.status.value, header.cause.value, header.note) == ("DRAFT", "MANUAL", "for the window")
        assert {sku: line.requested for sku, line in lines.items()} == {"mug": 4, "lamp": 2}
        assert await shelves.counters(*MUGS_THERE) == (10, 0, 0)
        assert await sent.supply() == {}
        assert await broken(shop) == []

    async def test_gives_it_a_number_that_nobody_guesses(self, shop: Shop) -> None:
        numbers = [(await (await draft(shop, {"mug": 1})).header()).number for _ in range(3)]

        assert all(number.startswith("T") and len(number) == 10 for number in numbers)
        assert len(set(numbers)) == 3

    async def test_may_ask_for_more_than_there_is(self, shop: Shop) -> None:
        assert await (await draft(shop, {"tent": 500})).status() == "DRAFT"

    @pytest.mark.parametrize(
        ("lines", "kind", "field"),
        [
            ([], Invalid, ("lines",)),
            ([("mug", 1)] * 501, Invalid, ("lines",)),
            ([("mug", 1), ("lamp", 0)], Invalid, ("lines", "1", "quantity")),
            ([("mug", -1)], Invalid, ("lines", "0", "quantity")),
            ([("mug", 1_000_001)], Invalid, ("lines", "0", "quantity")),
            ([("mug", 1), ("mug", 2)], Invalid, ("lines", "1", "variantId")),
            ([("mug", 1), ("unknown", 2)], NotFound, ("lines", "1", "variantId")),
        ],
    )
    async def test_refuses_lines_that_make_no_sense(
        self, shop: Shop, lines: list[tuple[str, int]], kind: type[DomainError], field: tuple[str, ...]
    ) -> None:
        unknown = VariantId(new_id())
        wanted = [WantedLine(VARIANTS.get(sku, unknown), quantity) for sku, quantity in lines]

        with pytest.raises(kind) as refused:
            await shop.begin().run(
                lambda uow: transfers.create(
                    uow, from_location_id=LOCATIONS["warehouse"], to_location_id=LOCATIONS["camden"], lines=wanted
                )
            )

        assert refused.value.field == field
        assert await shop.fetch("SELECT id FROM transfers") == []

    async def test_refuses_bundles(self, shop: Shop) -> None:
        async with shop.database.unit(SYSTEM) as uow:
            await uow.execute(
                "INSERT INTO bundle_components (bundle_id, component_id, quantity) VALUES ($1, $2, 2)",
                [VARIANTS["kettle"], VARIANTS["mug"]],
            )

        with pytest.raises(BundleStocked) as refused:
            await draft(shop, {"mug": 1, "kettle": 1})

        assert refused.value.field == ("lines", "1", "variantId")

    @pytest.mark.parametrize(
        ("origin", "target", "kind", "field"),
        [
            ("unknown", "camden", NotFound, "fromLocationId"),
            ("camden", "unknown", NotFound, "toLocationId"),
            ("camden", "camden", Invalid, "toLocationId"),
            ("camden", "leeds", Invalid, "toLocationId"),
        ],
    )
    async def test_refuses_places_that_make_no_sense(
        self, shop: Shop, origin: str, target: str, kind: type[DomainError], field: str
    ) -> None:
        unknown = LocationId(new_id())
        async with shop.database.unit(SYSTEM) as uow:
            await uow.execute("UPDATE locations SET archived_at = now() WHERE code = 'leeds'", [])

        with pytest.raises(kind) as refused:
            await shop.begin().run(
                lambda uow: transfers.create(
                    uow,
                    from_location_id=LOCATIONS.get(origin, unknown),
                    to_location_id=LOCATIONS.get(target, unknown),
                    lines=[WantedLine(VARIANTS["mug"], 1)],
                )
            )

        assert refused.value.field == (field,)

    async def test_refuses_a_date_that_is_over_and_a_note_that_is_too_long(self, shop: Shop) -> None:
        with pytest.raises(Invalid) as late:
            await draft(shop, {"mug": 1}, expected_at=OPENING)
        with pytest.raises(Invalid) as long:
            await draft(shop, {"mug": 1}, note="x" * 501)

        assert (late.value.field, long.value.field) == (("expectedAt",), ("note",))


class TestUpdate:
    async def test_replaces_the_lines_of_a_draft_and_keeps_those_that_stay(self, shop: Shop) -> None:
        sent = await draft(shop, {"mug": 4, "lamp": 2}, note="for the window")
        before = await sent.lines()

        await sent.update({"tee-s": 3, "mug": 1})

        after = await sent.lines()
        assert {sku: line.requested for sku, line in after.items()} == {"mug": 1, "tee-s": 3}
        assert after["mug"].id == before["mug"].id
        assert (await sent.header()).note == "for the window"
        assert await broken(shop) == []

    async def test_changes_what_is_named_alone(self, shop: Shop) -> None:
        sent = await draft(shop, {"mug": 4}, note="for the window", expected_at=TOMORROW)

        await sent.update(note=None)
        header = await sent.header()
        assert (header.note, header.expected_at) == (None, TOMORROW)

        await sent.update(expected_at=None)
        assert (await sent.header()).expected_at is None
        assert {sku: line.requested for sku, line in (await sent.lines()).items()} == {"mug": 4}

    async def test_is_over_once_it_was_requested(self, shop: Shop) -> None:
        sent = await requested(shop, {"mug": 4})

        with pytest.raises(IllegalTransition):
            await sent.update({"mug": 5})

    async def test_refuses_what_a_new_one_would_be_refused_for(self, shop: Shop) -> None:
        sent = await draft(shop, {"mug": 4})

        with pytest.raises(Invalid):
            await sent.update({})
        with pytest.raises(Invalid):
            await sent.update({"mug": 0})
        with pytest.raises(Invalid):
            await sent.update(expected_at=OPENING - timedelta(hours=1))

        assert (await sent.lines())["mug"].requested == 4


class TestRequest:
    async def test_promises_the_units_where_they_are(self, shop: Shop, shelves: Shelves) -> None:
        sent = await requested(shop, {"mug": 4, "lamp": 2})

        assert await sent.status() == "REQUESTED"
        assert await shelves.counters(*MUGS_THERE) == (10, 0, 4)
        assert await shelves.counters("lamp", "warehouse") == (5, 0, 2)
        assert await sent.supply() == {}
        assert await broken(shop) == []

    async def test_with_a_date_is_expected_at_the_other_end(self, shop: Shop) -> None:
        sent = await requested(shop, {"mug": 4, "lamp": 2}, expected_at=TOMORROW)

        assert await sent.supply() == {"mug": (4, 0, 0, False), "lamp": (2, 0, 0, False)}
        promised = await shop.fetch("SELECT DISTINCT location_id, sold_ahead, reserved, expected_at FROM supplies")
        assert [tuple(row) for row in promised] == [(LOCATIONS["camden"], 0, 0, TOMORROW)]
        assert await broken(shop) == []

    async def test_of_more_than_there_is_names_the_line_and_promises_nothing(
        self, shop: Shop, shelves: Shelves
    ) -> None:
        await shelves.promise({MUGS_THERE: 8})
        sent = await draft(shop, {"lamp": 1, "mug": 3})

        with pytest.raises(OutOfStock) as refused:
            await sent.request()

        (shortage,) = refused.value.shortages
        assert shortage.line_ids == ((await sent.lines())["mug"].id,)
        assert (shortage.requested, shortage.available) == (3, 2)
        assert await shelves.counters("lamp", "warehouse") == (5, 0, 0)
        assert await sent.status() == "DRAFT"
        assert await broken_stock(shop) == []

    async def test_takes_back_what_others_hold_beyond_their_time(
        self, shop: Shop, shelves: Shelves, clock: StoppedClock
    ) -> None:
        await shelves.hold({MUGS_THERE: 10})
        clock.advance(hours=1)

        sent = await requested(shop, {"mug": 10})

        assert await sent.status() == "REQUESTED"
        assert await shelves.counters(*MUGS_THERE) == (10, 0, 10)

    async def test_twice_is_refused(self, shop: Shop, shelves: Shelves) -> None:
        sent = await requested(shop, {"mug": 4})

        with pytest.raises(IllegalTransition):
            await sent.request()

        assert await shelves.counters(*MUGS_THERE) == (10, 0, 4)


class TestShip:
    async def test_takes_the_units_out_of_stock(self, shop: Shop, shelves: Shelves) -> None:
        sent = await requested(shop, {"mug": 4, "lamp": 2}, note="for the window")

        await sent.ship()

        assert await sent.status() == "IN_TRANSIT"
        assert await shelves.counters(*MUGS_THERE) == (6, 0, 0)
        assert await shelves.ledger(*MUGS_THERE) == [("SELLABLE", -4, 6, "TRANSFER_SHIPPED")]
        assert await sent.supply() == {"mug": (4, 0, 0, False), "lamp": (2, 0, 0, False)}
        causes = await shop.fetch("SELECT cause_kind, cause_id, note FROM movements WHERE reason = 'TRANSFER_SHIPPED'")
        assert {tuple(cause) for cause in causes} == {("transfer", sent.id, "for the window")}
        assert (await sent.header()).shipped_at == OPENING
        assert await broken(shop) == []

    async def test_of_fewer_lets_go_what_stays(self, shop: Shop, shelves: Shelves) -> None:
        sent = await requested(shop, {"mug": 4, "lamp": 2, "tee-s": 1})

        await sent.ship({"mug": 3, "tee-s": 0})

        assert await shelves.counters(*MUGS_THERE) == (7, 0, 0)
        assert await shelves.counters("lamp", "warehouse") == (5, 0, 0)
        assert await shelves.counters("tee-s", "warehouse") == (20, 0, 0)
        assert await sent.supply() == {"mug": (3, 0, 0, False)}
        assert {sku: line.shipped for sku, line in (await sent.lines()).items()} == {"mug": 3, "lamp": 0, "tee-s": 0}
        assert await broken(shop) == []

    async def test_of_fewer_lowers_what_was_expected(self, shop: Shop) -> None:
        sent = await requested(shop, {"mug": 4, "lamp": 2}, expected_at=TOMORROW)

        await sent.ship({"mug": 3})

        assert await sent.supply() == {"mug": (4, 0, 1, False), "lamp": (2, 0, 2, True)}
        assert await broken(shop) == []

    @pytest.mark.parametrize(
        ("units", "kind", "field"),
        [
            ([], Invalid, ("lines",)),
            ([("mug", 0)], Invalid, ("lines",)),
            ([("mug", -1)], Invalid, ("lines", "0", "quantity")),
            ([("lamp", 1), ("mug", 5)], QuantityExceeded, ("lines", "1", "quantity")),
            ([("mug", 1), ("mug", 1)], Invalid, ("lines", "1", "transferLineId")),
            ([("mug", 1), ("unknown", 1)], NotFound, ("lines", "1", "transferLineId")),
        ],
    )
    async def test_refuses_what_was_not_requested(
        self, shop: Shop, units: list[tuple[str, int]], kind: type[DomainError], field: tuple[str, ...]
    ) -> None:
        sent = await requested(shop, {"mug": 4, "lamp": 2})
        unknown = TransferLineId(new_id())
        ids = {sku: line.id for sku, line in (await sent.lines()).items()}
        named = [LineUnits(ids.get(sku, unknown), quantity) for sku, quantity in units]

        with pytest.raises(kind) as refused:
            await shop.begin().run(lambda uow: servicing.ship_transfer(uow, transfer_id=sent.id, lines=named))

        assert refused.value.field == field
        assert await sent.status() == "REQUESTED"

    async def test_needs_a_request_and_happens_once(self, shop: Shop) -> None:
        sent = await draft(shop, {"mug": 4})
        with pytest.raises(IllegalTransition):
            await sent.ship()
        await sent.request()
        await sent.ship()

        with pytest.raises(IllegalTransition):
            await sent.ship()


class TestReceive:
    async def test_puts_the_units_into_stock(self, shop: Shop, shelves: Shelves) -> None:
        sent = await shipped(shop, {"mug": 4, "tent": 1})

        await sent.receive()

        assert await sent.status() == "RECEIVED"
        assert await shelves.counters(*MUGS_HERE) == (9, 0, 0)
        assert await shelves.counters("tent", "camden") == (1, 0, 0)
        assert await shelves.ledger(*MUGS_HERE) == [("SELLABLE", 4, 9, "TRANSFER_RECEIVED")]
        assert await sent.supply() == {"mug": (4, 4, 0, True), "tent": (1, 1, 0, True)}
        assert (await sent.header()).closed_at == OPENING
        assert await broken(shop) == []

    async def test_may_come_in_parts_and_in_any_state(self, shop: Shop, shelves: Shelves) -> None:
        sent = await shipped(shop, {"mug": 4, "lamp": 2})

        await sent.receive({"mug": {Bucket.SELLABLE: 1, Bucket.DAMAGED: 1}})

        level = await shelves.level(*MUGS_HERE)
        assert await sent.status() == "PARTIALLY_RECEIVED"
        assert (level.sellable, level.damaged, level.quality) == (6, 1, 0)
        assert await sent.supply() == {"mug": (4, 2, 0, False), "lamp": (2, 0, 0, False)}
        assert await broken(shop) == []

        await sent.receive({"lamp": {Bucket.QUALITY: 2}})
        assert await sent.status() == "PARTIALLY_RECEIVED"
        await sent.receive({"mug": 2})
        assert await sent.status() == "RECEIVED"
        assert (await shelves.level("lamp", "camden")).quality == 2
        assert await broken(shop) == []

    async def test_of_all_twice_is_refused(self, shop: Shop, shelves: Shelves) -> None:
        sent = await shipped(shop, {"mug": 4})
        await sent.receive()

        with pytest.raises(IllegalTransition):
            await sent.receive()
        with pytest.raises(IllegalTransition):
            await sent.receive({"mug": 1})

        assert await shelves.counters(*MUGS_HERE) == (9, 0, 0)

    @pytest.mark.parametrize(
        ("units", "kind", "field"),
        [
            ([], Invalid, ("lines",)),
            ([("mug", 0)], Invalid, ("lines", "0", "quantity")),
            ([("lamp", 1), ("mug", 4)], QuantityExceeded, ("lines", "1", "quantity")),
            ([("mug", 2), ("mug", 2)], QuantityExceeded, ("lines", "1", "quantity")),
            ([("unknown", 1)], NotFound, ("lines", "0", "transferLineId")),
        ],
    )
    async def test_refuses_more_than_is_on_its_way(
        self, shop: Shop, units: list[tuple[str, int]], kind: type[DomainError], field: tuple[str, ...]
    ) -> None:
        sent = await requested(shop, {"mug": 4, "lamp": 2})
        await sent.ship({"mug": 3, "lamp": 2})
        unknown = TransferLineId(new_id())
        ids = {sku: line.id for sku, line in (await sent.lines()).items()}
        named = [LineUnits(ids.get(sku, unknown), quantity) for sku, quantity in units]

        with pytest.raises(kind) as refused:
            await shop.begin().run(lambda uow: servicing.receive_transfer(uow, transfer_id=sent.id, lines=named))

        assert refused.value.field == field
        assert await sent.status() == "IN_TRANSIT"
        assert await broken(shop) == []

    async def test_needs_goods_on_their_way(self, shop: Shop) -> None:
        sent = await requested(shop, {"mug": 4})

        with pytest.raises(IllegalTransition):
            await sent.receive()


class TestWriteBack:
    async def test_puts_what_came_back_where_it_had_left(self, shop: Shop, shelves: Shelves) -> None:
        sent = await shipped(shop, {"mug": 4, "lamp": 2})
        await sent.receive({"mug": 1})

        await sent.write_back({"mug": {Bucket.SELLABLE: 1, Bucket.DAMAGED: 1}}, note="refused at the door")

        assert await sent.status() == "PARTIALLY_RECEIVED"
        assert await shelves.ledger(*MUGS_THERE) == [
            ("SELLABLE", -4, 6, "TRANSFER_SHIPPED"),
            ("DAMAGED", 1, 1, "TRANSFER_WRITTEN_BACK"),
            ("SELLABLE", 1, 7, "TRANSFER_WRITTEN_BACK"),
        ]
        assert await sent.supply() == {"mug": (4, 1, 2, False), "lamp": (2, 0, 0, False)}
        assert (await sent.header()).settled_note == "refused at the door"
        assert await broken(shop) == []

    async def test_of_everything_ends_it(self, shop: Shop, shelves: Shelves) -> None:
        sent = await shipped(shop, {"mug": 4, "lamp": 2})

        await sent.write_back({"lamp": 2})
        assert await sent.status() == "IN_TRANSIT"
        await sent.write_back()

        assert await sent.status() == "RECEIVED"
        assert await shelves.counters(*MUGS_THERE) == (10, 0, 0)
        assert await sent.supply() == {"mug": (4, 0, 4, True), "lamp": (2, 0, 2, True)}
        assert await broken(shop) == []

    async def test_refuses_more_than_is_on_its_way(self, shop: Shop) -> None:
        sent = await shipped(shop, {"mug": 4})
        await sent.receive({"mug": 3})

        with pytest.raises(QuantityExceeded) as refused:
            await sent.write_back({"mug": 2})
        assert refused.value.field == ("lines", "0", "quantity")

        await sent.receive()
        with pytest.raises(IllegalTransition):
            await sent.write_back()


class TestWriteOff:
    async def test_gives_up_what_was_lost(self, shop: Shop, shelves: Shelves) -> None:
        sent = await shipped(shop, {"mug": 4})
        await sent.receive({"mug": 3})

        await sent.write_off(note="  one  broke on the road ")

        header = await sent.header()
        assert (header.status.value, header.settled_note) == ("RECEIVED", "one broke on the road")
        assert await shop.on_hand("mug") == shop.opening_stock("mug") - 1
        assert await sent.supply() == {"mug": (4, 3, 1, True)}
        assert await shelves.counters(*MUGS_HERE) == (8, 0, 0)
        assert await broken(shop) == []

    async def test_of_some_leaves_the_others_on_their_way(self, shop: Shop) -> None:
        sent = await shipped(shop, {"mug": 4, "lamp": 2})

        await sent.write_off({"mug": 4})

        assert await sent.status() == "IN_TRANSIT"
        assert await sent.supply() == {"mug": (4, 0, 4, True), "lamp": (2, 0, 0, False)}
        assert await broken(shop) == []

    @pytest.mark.parametrize("note", ["", " \n ", "x" * 501])
    async def test_needs_a_reason(self, shop: Shop, note: str) -> None:
        sent = await shipped(shop, {"mug": 4})

        with pytest.raises(Invalid) as refused:
            await sent.write_off(note=note)

        assert refused.value.field == ("note",)

    async def test_needs_goods_on_their_way(self, shop: Shop) -> None:
        sent = await requested(shop, {"mug": 4})

        with pytest.raises(IllegalTransition):
            await sent.write_off()


class TestCancel:
    async def test_of_a_draft_ends_it(self, shop: Shop) -> None:
        sent = await draft(shop, {"mug": 4})

        await sent.cancel()

        assert await sent.status() == "CANCELLED"
        assert await broken(shop) == []

    async def test_of_a_request_lets_its_units_go(self, shop: Shop, shelves: Shelves) -> None:
        sent = await requested(shop, {"mug": 4, "lamp": 2}, expected_at=TOMORROW)

        await sent.cancel()

        assert await shelves.counters(*MUGS_THERE) == (10, 0, 0)
        assert await sent.supply() == {"mug": (4, 0, 4, True), "lamp": (2, 0, 2, True)}
        assert await broken(shop) == []

    async def test_comes_too_late_for_goods_on_their_way(self, shop: Shop) -> None:
        sent = await shipped(shop, {"mug": 4})

        with pytest.raises(IllegalTransition):
            await sent.cancel()
