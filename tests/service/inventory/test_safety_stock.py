"""Safety stock: what is kept from selling by hand and by rules, and that each level always carries what holds."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import pytest

from app.catalog.rules import CategoryInput, CategoryStep, ProductInput
from app.catalog.service import put_categories, put_products
from app.inventory.rules.safety import SafetyStockLine, SafetyStockRuleInput
from app.inventory.service import safety
from app.kernel.errors import Forbidden, Invalid, NotFound
from app.kernel.ids import CategoryId, LocationGroupId, SafetyStockRuleId, new_id
from app.worker import Means, Relay
from tests.builders.shop import CATEGORIES, LOCATIONS, VARIANTS, Shop
from tests.builders.stocked import Shelves
from tests.builders.supplied import group, kept_back, rule, safety_stock, set_own


async def told(shop: Shop) -> None:
    """Let the worker tell everybody what happened."""
    await Relay(Means(shop.begin(), {})).drain()


async def move(shop: Shop, slug: str, *path: str) -> None:
    """Put a product into another category."""
    steps = tuple(CategoryStep(step, step.capitalize()) for step in path)
    wanted = ProductInput(slug=slug, name=slug.capitalize(), category=steps)
    await shop.begin().run(lambda uow: put_products(uow, products=[wanted]))


class TestRules:
    async def test_keep_units_of_what_is_below_their_category(self, shop: Shop) -> None:
        await rule(shop, 3, category="home")

        assert [await kept_back(shop, sku, "warehouse") for sku in ("lamp", "mug", "tee-s")] == [3, 3, 0]

    async def test_of_the_deepest_category_hold(self, shop: Shop) -> None:
        await rule(shop, 9)
        await rule(shop, 5, category="home")
        await rule(shop, 1, category="kitchen")

        assert [await kept_back(shop, sku, "camden") for sku in ("mug", "tee-s")] == [1, 9]
        assert await kept_back(shop, "lamp", "soho") == 5

    async def test_with_the_most_units_hold_among_equals(self, shop: Shop) -> None:
        london = await group(shop, "london", "camden", "soho")
        south = await group(shop, "south", "camden")
        await rule(shop, 2, category="kitchen", at=london)
        await rule(shop, 4, category="kitchen", at=south)
        await rule(shop, 3, category="kitchen")

        assert [await kept_back(shop, "mug", code) for code in ("camden", "soho", "warehouse")] == [4, 3, 3]

    async def test_can_be_changed_and_taken_away(self, shop: Shop) -> None:
        ours = await rule(shop, 3, category="kitchen")
        assert await rule(shop, 2, category="kitchen") == ours
        assert await kept_back(shop, "mug", "camden") == 2

        await shop.begin().run(lambda uow: safety.delete_safety_stock_rules(uow, rule_ids=[SafetyStockRuleId(ours)]))

        assert await kept_back(shop, "mug", "camden") == 0

    async def test_promise_no_more_than_is_left(self, shop: Shop) -> None:
        await rule(shop, 4, category="kitchen")

        async with shop.database.read() as session:
            found = await session.fetch("SELECT safety_stock FROM levels WHERE variant_id = $1", [VARIANTS["mug"]])
        assert [record[0] for record in found] == [4, 4, 4]

    @pytest.mark.parametrize(
        ("wanted", "field"),
        [
            (SafetyStockRuleInput(None, None, -1), "units"),
            (SafetyStockRuleInput(CategoryId(new_id()), None, 1), "categoryId"),
            (SafetyStockRuleInput(None, LocationGroupId(new_id()), 1), "groupId"),
        ],
    )
    async def test_refuse_what_cannot_be(self, shop: Shop, wanted: SafetyStockRuleInput, field: str) -> None:
        with pytest.raises((Invalid, NotFound)) as refused:
            await shop.begin().run(lambda uow: safety.put_safety_stock_rules(uow, rules=[wanted]))

        assert refused.value.field == ("rules", "0", field)

    async def test_are_no_matter_of_the_shop_floor(self, shop: Shop) -> None:
        wanted = SafetyStockRuleInput(None, None, 1)

        with pytest.raises(Forbidden):
            await shop.begin("manager").run(lambda uow: safety.put_safety_stock_rules(uow, rules=[wanted]))


class TestSetByHand:
    async def test_holds_over_every_rule_until_it_is_cleared(self, shop: Shop) -> None:
        await rule(shop, 3, category="kitchen")

        assert await set_own(shop, {("mug", "camden"): 0}, by="manager") == 1
        await rule(shop, 4, category="kitchen")
        assert (await safety_stock(shop, "mug", "camden")).in_force == 0

        assert await set_own(shop, {("mug", "camden"): None}, by="manager") == 1
        assert await set_own(shop, {("mug", "camden"): None}, by="manager") == 0
        assert await kept_back(shop, "mug", "camden") == 4

    async def test_opens_a_level_where_there_was_none(self, shop: Shop) -> None:
        await set_own(shop, {("kettle", "camden"): 2})

        assert await kept_back(shop, "kettle", "camden") == 2

    async def test_is_for_those_who_work_there(self, shop: Shop) -> None:
        with pytest.raises(Forbidden):
            await set_own(shop, {("mug", "soho"): 1}, by="manager")
        with pytest.raises(Forbidden):
            await set_own(shop, {("mug", "camden"): 1}, by="associate")

    async def test_refuses_what_cannot_be(self, shop: Shop) -> None:
        camden = LOCATIONS["camden"]
        wrong: Sequence[tuple[SafetyStockLine, str]] = [
            (SafetyStockLine(VARIANTS["mug"], camden, -1), "units"),
            (SafetyStockLine(new_id(), camden, 1), "variantId"),
            (SafetyStockLine(VARIANTS["mug"], new_id(), 1), "locationId"),
        ]
        for line, field in wrong:
            with pytest.raises((Invalid, NotFound)) as refused:
                await shop.begin().run(lambda uow, line=line: safety.set_safety_stock(uow, lines=[line]))  # type: ignore[misc]
            assert refused.value.field == ("lines", "0", field)


class TestLevels:
    async def test_are_opened_with_what_holds(self, shop: Shop) -> None:
        await rule(shop, 3, category="kitchen")
        await Shelves(shop).count({("kettle", "soho"): 5})

        assert await kept_back(shop, "kettle", "soho") == 3

    async def test_follow_their_product_to_another_category(self, shop: Shop) -> None:
        await rule(shop, 3, category="kitchen")

        await move(shop, "mug", "outdoors")
        assert await kept_back(shop, "mug", "camden") == 3
        await told(shop)

        assert await kept_back(shop, "mug", "camden") == 0

    async def test_follow_their_category_through_the_tree(self, shop: Shop) -> None:
        await rule(shop, 3, category="outdoors")
        kitchen = CategoryInput("kitchen", "Kitchen", parent_slug="outdoors")

        await shop.begin().run(lambda uow: put_categories(uow, categories=[kitchen]))
        await told(shop)

        assert [await kept_back(shop, "mug", "camden"), await kept_back(shop, "lamp", "soho")] == [3, 0]

    async def test_follow_their_location_into_groups_and_out(self, shop: Shop) -> None:
        london = await group(shop, "london", "camden")
        await rule(shop, 3, at=london)
        assert await kept_back(shop, "mug", "camden") == 3

        await group(shop, "london", "soho")
        await told(shop)

        assert [await kept_back(shop, "mug", code) for code in ("camden", "soho")] == [0, 3]

    async def test_are_all_put_right_by_the_worker(self, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        # Chunks of one variant each, and nothing at once, as if the shop were large.
        monkeypatch.setattr(safety, "_AT_ONCE", 0)
        monkeypatch.setattr(safety, "_IN_TURN", 1)
        monkeypatch.setattr(safety, "_TURNS", 2)

        await rule(shop, 2)
        assert await kept_back(shop, "tee-s", "camden") == 0
        await told(shop)

        found = await shop.fetch("SELECT DISTINCT safety_stock FROM levels")
        assert [record[0] for record in found] == [2]


@dataclass
class Model:
    """What safety stock is, in plain Python."""

    parents: dict[UUID, UUID | None]
    category_of: dict[UUID, UUID | None]
    members: dict[UUID, set[UUID]]
    rules: dict[tuple[UUID | None, UUID | None], int]
    own: dict[tuple[UUID, UUID], int]

    def in_force(self, variant_id: UUID, location_id: UUID) -> int:
        """Choose among the rules by the book."""
        if (variant_id, location_id) in self.own:
            return self.own[variant_id, location_id]
        path: list[UUID | None] = []
        category = self.category_of[variant_id]
        while category is not None:
            path.append(category)
            category = self.parents[category]
        for step in (*path, None):
            fitting = [
                units
                for (about, at), units in self.rules.items()
                if about == step and (at is None or location_id in self.members[at])
            ]
            if fitting:
                return max(fitting)
        return 0


class TestNumberInForce:
    @pytest.mark.parametrize("seed", range(3))
    async def test_is_what_the_rules_say_after_whatever_happened_at_once(self, shop: Shop, seed: int) -> None:
        dice = random.Random(seed)
        codes = list(LOCATIONS)
        groups = [await group(shop, code, *dice.sample(codes, 2)) for code in ("one", "two")]
        slugs = [None, *CATEGORIES]

        async def something() -> None:
            match dice.randrange(5):
                case 0:
                    await rule(shop, dice.randrange(5), category=dice.choice(slugs), at=dice.choice([None, *groups]))
                case 1:
                    shelf = (dice.choice(list(VARIANTS)), dice.choice(codes))
                    await set_own(shop, {shelf: dice.choice([None, 0, 1, 7])})
                case 2:
                    await group(shop, dice.choice(["one", "two"]), *dice.sample(codes, dice.randrange(4)))
                case 3:
                    await move(shop, dice.choice(["mug", "tee", "lamp", "kettle"]), dice.choice(list(CATEGORIES)))
                case _:
                    shelf = (dice.choice(list(VARIANTS)), dice.choice(codes))
                    await Shelves(shop).count({shelf: dice.randrange(9)})

        for _ in range(4):
            await asyncio.gather(*(something() for _ in range(8)), told(shop))
        await told(shop)

        model = await self.model(shop)
        found = await shop.fetch("SELECT variant_id, location_id, safety_stock FROM levels")
        assert {(row[0], row[1]): row[2] for row in found} == {
            (row[0], row[1]): model.in_force(row[0], row[1]) for row in found
        }

    async def model(self, shop: Shop) -> Model:
        """Read what the numbers follow from."""
        members: dict[UUID, set[UUID]] = {}
        for record in await shop.fetch("SELECT id FROM location_groups"):
            members[record[0]] = set()
        for record in await shop.fetch("SELECT group_id, location_id FROM location_group_members"):
            members[record[0]].add(record[1])
        sources = "SELECT variant.id, category_id FROM variants AS variant JOIN products ON products.id = product_id"
        own = "SELECT variant_id, location_id, own_safety_stock FROM levels WHERE own_safety_stock IS NOT NULL"
        return Model(
            parents={record[0]: record[1] for record in await shop.fetch("SELECT id, parent_id FROM categories")},
            category_of={record[0]: record[1] for record in await shop.fetch(sources)},
            members=members,
            rules={
                (record[0], record[1]): record[2]
                for record in await shop.fetch("SELECT category_id, group_id, units FROM safety_stock_rules")
            },
            own={(record[0], record[1]): record[2] for record in await shop.fetch(own)},
        )
