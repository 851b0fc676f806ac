"""Counting stock: begun, counted, handed in, looked at, posted or rejected."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from app.inventory import service as inventory
from app.inventory.errors import CountIncomplete, CountNotFound, CountOutdated
from app.inventory.rules import MOST_COUNT_LINES, MOST_COUNTED, Counted
from app.inventory.states import Bucket, CountStatus, MovementReason
from app.kernel.db import UnitOfWork
from app.kernel.errors import Forbidden, IllegalTransition, Invalid, NotFound
from app.kernel.ids import CountId, CountLineId, LocationId, VariantId, new_id
from tests.builders.counted import begin_count, post
from tests.builders.placed import broken_rules
from tests.builders.shop import LOCATIONS, VARIANTS, Shop
from tests.builders.statements import Sent
from tests.builders.stocked import Shelves

pytestmark = pytest.mark.anyio

Statements = Callable[[], AbstractAsyncContextManager[Sent]]


class TestCreate:
    async def test_names_a_line_for_each_variant(self, shop: Shop) -> None:
        counting = await begin_count(shop, "mug", "tee-s", note=" shelf  4 ")

        count = await counting.count()
        assert (count.status, count.bucket, count.blind, count.note) == (
            CountStatus.CREATED,
            Bucket.SELLABLE,
            False,
            "shelf 4",
        )
        assert {sku: (line.expected, line.counted) for sku, line in (await counting.lines()).items()} == {
            "mug": (None, None),
            "tee-s": (None, None),
        }
        assert await broken_rules(shop) == []

    async def test_of_everything_names_what_is_there(self, shop: Shop) -> None:
        counting = await begin_count(shop, at="camden")

        assert set(await counting.lines()) == {"mug", "tee-s", "tee-m", "tee-l"}

    async def test_of_everything_where_nothing_is_is_refused(self, shop: Shop) -> None:
        with pytest.raises(Invalid) as refused:
            await begin_count(shop, at="camden", bucket=Bucket.DAMAGED)

        assert refused.value.field == ("variantIds",)

    @pytest.mark.parametrize(
        ("variant_ids", "field"),
        [
            ([], ("variantIds",)),
            ([VARIANTS["mug"], VariantId(new_id())], ("variantIds", "1")),
            ([VARIANTS["mug"], VARIANTS["mug"]], ("variantIds", "1")),
            ([VARIANTS["mug"]] * (MOST_COUNT_LINES + 1), ("variantIds",)),
        ],
        ids=["none", "unknown", "twice", "too many"],
    )
    async def test_of_bad_variants_is_refused(
        self, shop: Shop, variant_ids: list[VariantId], field: tuple[str, ...]
    ) -> None:
        with pytest.raises((Invalid, NotFound)) as refused:
            await shop.begin("operator").run(
                lambda uow: inventory.create_count(uow, location_id=LOCATIONS["camden"], variant_ids=variant_ids)
            )

        assert refused.value.field == field

    async def test_at_an_unknown_location_is_refused(self, shop: Shop) -> None:
        with pytest.raises(NotFound) as refused:
            await shop.begin("operator").run(lambda uow: inventory.create_count(uow, location_id=LocationId(new_id())))

        assert refused.value.field == ("locationId",)

    async def test_with_a_long_note_is_refused(self, shop: Shop) -> None:
        with pytest.raises(Invalid) as refused:
            await begin_count(shop, "mug", note="n" * 501)

        assert refused.value.field == ("note",)

    async def test_of_a_bundle_is_refused(self, shop: Shop) -> None:
        async with shop.database.unit(shop.actor("system")) as uow:
            await uow.execute(
                "INSERT INTO bundle_components (bundle_id, component_id, quantity) VALUES ($1, $2, 2)",
                [VARIANTS["kettle"], VARIANTS["mug"]],
            )

        with pytest.raises(Invalid) as refused:
            await begin_count(shop, "mug", "kettle")

        assert refused.value.field == ("variantIds", "1")


class TestPermissions:
    async def test_let_an_associate_count_and_hand_in(self, shop: Shop) -> None:
        counting = await begin_count(shop, "mug", at="camden", by="associate")

        await counting.record({"mug": 5})
        count = await counting.submit()

        assert count.status is CountStatus.REVIEW

    async def test_let_an_associate_neither_post_nor_reject_nor_ask_again(self, shop: Shop) -> None:
        counting = await (await begin_count(shop, "mug", at="camden", by="associate")).found({"mug": 4})

        for step in (counting.post, counting.reject, counting.recount):
            with pytest.raises(Forbidden):
                await step()
        await counting.post(by="manager")

        assert await shop.on_hand("mug", "camden") == 4

    async def test_keep_counts_from_those_who_work_elsewhere(self, shop: Shop) -> None:
        counting = await begin_count(shop, "mug", at="camden")

        with pytest.raises(Forbidden):
            await begin_count(shop, "mug", at="camden", by="other_associate")
        with pytest.raises(CountNotFound):
            await counting.record({"mug": 5}, by="other_associate")
        with pytest.raises(CountNotFound):
            await counting.submit(by="picker")

    async def test_of_a_count_that_is_none_say_so(self, shop: Shop) -> None:
        with pytest.raises(CountNotFound) as refused:
            await shop.begin("operator").run(lambda uow: inventory.submit_count(uow, count_id=CountId(new_id())))

        assert refused.value.field == ("countId",)


class TestRecord:
    async def test_keeps_what_the_ledger_says_at_that_moment(self, shop: Shop) -> None:
        shelves = Shelves(shop)
        counting = await begin_count(shop, "mug", "tee-s")

        await counting.record({"mug": 9})
        await shelves.ship(await shelves.promise({("tee-s", "warehouse"): 3}))
        await counting.record({"tee-s": 17})

        lines = await counting.lines()
        assert (lines["mug"].expected, lines["mug"].counted, lines["mug"].variance) == (10, 9, -1)
        assert (lines["tee-s"].expected, lines["tee-s"].counted, lines["tee-s"].variance) == (17, 17, 0)
        assert lines["mug"].counted_by == shop.actor("operator").label
        assert lines["mug"].counted_at is not None
        assert (await counting.count()).status is CountStatus.COUNTING

    async def test_again_replaces_what_was_said(self, shop: Shop) -> None:
        counting = await begin_count(shop, "mug")

        await counting.record({"mug": 9})
        await counting.record({"mug": 8}, by="picker")

        line = (await counting.lines())["mug"]
        assert (line.counted, line.counted_by, line.recounts) == (8, shop.actor("picker").label, 0)

    async def test_of_what_was_never_there_expects_none(self, shop: Shop) -> None:
        counting = await begin_count(shop, "kettle")

        await counting.record({"kettle": 2})

        assert (await counting.lines())["kettle"].expected == 0

    async def test_counts_the_bucket_that_was_asked_for(self, shop: Shop) -> None:
        shelves = Shelves(shop)
        await shelves.write_off(await shelves.promise({("mug", "warehouse"): 2}), reason=MovementReason.DAMAGED)

        await post(shop, {"mug": 5}, bucket=Bucket.DAMAGED)

        level = await shelves.level("mug", "warehouse")
        assert (level.sellable, level.damaged) == (8, 5)
        assert await broken_rules(shop) == []

    @pytest.mark.parametrize("units", [-1, MOST_COUNTED + 1])
    async def test_of_impossible_numbers_is_refused(self, shop: Shop, units: int) -> None:
        counting = await begin_count(shop, "tee-s", "mug")

        with pytest.raises(Invalid) as refused:
            await counting.record({"mug": 1, "tee-s": units})

        assert refused.value.field == ("lines", "1", "counted")
        assert (await counting.lines())["mug"].counted is None

    async def test_of_lines_that_are_not_its_own_is_refused(self, shop: Shop) -> None:
        counting, other = await begin_count(shop, "mug"), await begin_count(shop, "mug")
        line, foreign = (await counting.lines())["mug"], (await other.lines())["mug"]

        async def record(*line_ids: CountLineId) -> None:
            counted = [Counted(line_id, 1) for line_id in line_ids]
            await shop.begin("operator").run(
                lambda uow: inventory.record_count(uow, count_id=counting.id, counted=counted)
            )

        with pytest.raises(NotFound) as unknown:
            await record(line.id, foreign.id)
        with pytest.raises(Invalid) as twice:
            await record(line.id, line.id)
        with pytest.raises(Invalid) as none:
            await record()

        assert unknown.value.field == ("lines", "1", "countLineId")
        assert twice.value.field == ("lines", "1", "countLineId")
        assert none.value.field == ("lines",)

    async def test_after_it_was_handed_in_is_refused(self, shop: Shop) -> None:
        counting = await (await begin_count(shop, "mug")).found({"mug": 9})

        with pytest.raises(IllegalTransition) as refused:
            await counting.record({"mug": 8})

        assert refused.value.field == ("countId",)


class TestSubmit:
    async def test_with_lines_left_is_refused_naming_them(self, shop: Shop) -> None:
        counting = await begin_count(shop, "mug", "tee-s")
        await counting.record({"mug": 10})

        with pytest.raises(CountIncomplete) as refused:
            await counting.submit()

        assert set(refused.value.lines) == {(await counting.lines())["tee-s"].id}
        assert (await counting.count()).status is CountStatus.COUNTING

    async def test_of_what_nobody_has_begun_is_refused(self, shop: Shop) -> None:
        counting = await begin_count(shop, "mug")

        with pytest.raises(IllegalTransition):
            await counting.submit()


class TestRecount:
    async def test_asks_for_what_differs(self, shop: Shop) -> None:
        counting = await (await begin_count(shop, "mug", "tee-s")).found({"mug": 9, "tee-s": 20})

        await counting.recount()

        lines = await counting.lines()
        assert [(line.recount_asked, line.recounts) for line in (lines["mug"], lines["tee-s"])] == [
            (True, 1),
            (False, 0),
        ]
        with pytest.raises(CountIncomplete):
            await counting.submit()
        await counting.found({"mug": 10})
        assert not (await counting.lines())["mug"].recount_asked
        assert await broken_rules(shop) == []

    async def test_asks_for_what_is_named(self, shop: Shop) -> None:
        counting = await (await begin_count(shop, "mug", "tee-s")).found({"mug": 9, "tee-s": 20})

        await counting.recount("tee-s")

        assert [sku for sku, line in (await counting.lines()).items() if line.recount_asked] == ["tee-s"]

    async def test_where_nothing_differs_has_to_name_lines(self, shop: Shop) -> None:
        counting = await (await begin_count(shop, "mug")).found({"mug": 10})

        with pytest.raises(Invalid) as refused:
            await counting.recount()

        assert refused.value.field == ("lineIds",)

    async def test_of_lines_that_are_not_there_is_refused(self, shop: Shop) -> None:
        counting = await (await begin_count(shop, "mug")).found({"mug": 9})
        line = (await counting.lines())["mug"]

        async def ask(*line_ids: CountLineId) -> None:
            await shop.begin("operator").run(
                lambda uow: inventory.recount(uow, count_id=counting.id, line_ids=line_ids)
            )

        for line_ids, field in (
            ((CountLineId(new_id()),), ("lineIds", "0")),
            ((line.id, line.id), ("lineIds", "1")),
            ((), ("lineIds",)),
        ):
            with pytest.raises((Invalid, NotFound)) as refused:
                await ask(*line_ids)
            assert refused.value.field == field


class TestPost:
    async def test_adds_the_difference_to_the_balance_of_now(self, shop: Shop) -> None:
        shelves = Shelves(shop)
        counting = await (await begin_count(shop, "mug", "tee-s", "tee-m", note="spring")).found(
            {"mug": 9, "tee-s": 22, "tee-m": 20}
        )
        await shelves.ship(await shelves.promise({("mug", "warehouse"): 4}))

        posted = await counting.post()

        assert posted.broken == ()
        assert await shop.on_hand("mug", "warehouse") == 10 - 4 - 1
        assert await shop.on_hand("tee-s", "warehouse") == 22
        assert (await shelves.ledger("mug", "warehouse"))[-1] == ("SELLABLE", -1, 5, "COUNTED")
        assert await shelves.ledger("tee-m", "warehouse") == []
        assert {sku: line.posted for sku, line in (await counting.lines()).items()} == {
            "mug": -1,
            "tee-s": 2,
            "tee-m": 0,
        }
        assert (await counting.count()).closed_at is not None
        causes = await shop.fetch("SELECT cause_kind, cause_id, note FROM movements WHERE reason = 'COUNTED'")
        assert {tuple(record) for record in causes} == {("count", counting.id, "spring")}
        # The shipped units belong to no order that was written.
        assert [rule for rule in await broken_rules(shop) if "count" in rule] == []

    async def test_opens_a_level_that_was_not_there(self, shop: Shop) -> None:
        await post(shop, {"kettle": 3}, at="leeds")

        assert await shop.available("kettle", "leeds") == 3
        assert await broken_rules(shop) == []

    async def test_twice_is_refused(self, shop: Shop) -> None:
        counting = await (await begin_count(shop, "mug")).found({"mug": 9})
        await counting.post()

        with pytest.raises(IllegalTransition) as refused:
            await counting.post()

        assert refused.value.field == ("countId",)
        assert await shop.on_hand("mug", "warehouse") == 9

    async def test_before_it_was_handed_in_is_refused(self, shop: Shop) -> None:
        counting = await begin_count(shop, "mug")
        await counting.record({"mug": 9})

        with pytest.raises(IllegalTransition):
            await counting.post()

    async def test_of_which_more_has_left_since_than_was_found_is_refused(self, shop: Shop) -> None:
        shelves = Shelves(shop)
        counting = await (await begin_count(shop, "tee-s", "mug")).found({"mug": 2, "tee-s": 20})
        await shelves.ship(await shelves.promise({("mug", "warehouse"): 5}))

        with pytest.raises(CountOutdated) as refused:
            await counting.post()

        assert list(refused.value.lines) == [(await counting.lines())["mug"].id]
        assert await shop.on_hand("mug", "warehouse") == 5
        assert (await counting.count()).status is CountStatus.REVIEW

    async def test_takes_as_many_statements_however_many_lines(self, shop: Shop, statements: Statements) -> None:
        few = await (await begin_count(shop, "mug", "lamp")).found({"mug": 9, "lamp": 4})
        many = await (await begin_count(shop, "mug", "tee-s", "tee-m", "tee-l", "lamp", "tent")).found(
            {"mug": 8, "tee-s": 19, "tee-m": 21, "tee-l": 20, "lamp": 5, "tent": 0}
        )

        async with statements() as first:
            await few.post()
        async with statements() as second:
            await many.post()

        assert first.count == second.count


class TestReject:
    async def test_changes_no_stock(self, shop: Shop) -> None:
        counting = await (await begin_count(shop, "mug")).found({"mug": 1})

        count = await counting.reject()

        assert count.status is CountStatus.REJECTED
        assert await shop.on_hand("mug", "warehouse") == 10
        with pytest.raises(IllegalTransition):
            await counting.post()
        assert await broken_rules(shop) == []

    async def test_ends_what_nobody_has_begun(self, shop: Shop) -> None:
        counting = await begin_count(shop, "mug")

        assert (await counting.reject()).closed_at is not None
        assert await broken_rules(shop) == []


class TestAudit:
    async def test_sees_a_count_that_moved_something_else(self, shop: Shop) -> None:
        counting = await (await begin_count(shop, "mug", "tee-s")).found({"mug": 9, "tee-s": 20})
        await counting.post()

        async def plant(uow: UnitOfWork) -> None:
            await uow.execute("UPDATE count_lines SET counted = 8, posted = -2 WHERE posted = -1", [])

        await shop.begin().run(plant)

        assert await broken_rules(shop) == ["a posted count moved exactly what it found against what was expected"]
