"""Making and moving categories."""

import pytest

from app.catalog import queries
from app.catalog.errors import CategoryLoop, UnknownCategory
from app.catalog.rules import CategoryInput, CategoryStep, ProductInput
from app.catalog.service import put_categories, put_products
from app.kernel.actor import SYSTEM
from app.kernel.db import Database
from app.kernel.puts import Put

HOME, KITCHEN, GARDEN = (
    CategoryInput("home", "Home"),
    CategoryInput("kitchen", "Kitchen", "home"),
    CategoryInput("garden", "Garden"),
)
MUG = ProductInput(slug="mug", name="Mug", category=(CategoryStep("kitchen", "Kitchen"),))


async def put(database: Database, *categories: CategoryInput) -> list[Put]:
    """Put categories as the system."""
    rows = await database.begin(SYSTEM).run(lambda uow: put_categories(uow, categories=categories))
    return [row.effect for row in rows]


async def roots(database: Database) -> list[str]:
    """List the slugs of the top of the tree."""
    async with database.read() as session:
        return [category.slug for category in await queries.list_root_categories(session)]


class TestPutCategories:
    async def test_makes_a_tree_in_any_order_once(self, database: Database) -> None:
        assert await put(database, KITCHEN, HOME, GARDEN) == [Put.INSERTED] * 3
        assert await put(database, KITCHEN, HOME, GARDEN) == [Put.UNCHANGED] * 3

        assert await roots(database) == ["home", "garden"]

    async def test_orders_siblings(self, database: Database) -> None:
        await put(database, HOME, GARDEN)

        assert await put(database, CategoryInput("home", "Home", position=5)) == [Put.UPDATED]

        assert await roots(database) == ["garden", "home"]

    async def test_lets_products_be_found_by_the_new_name(self, database: Database) -> None:
        await put(database, HOME, KITCHEN)
        await database.begin(SYSTEM).run(lambda uow: put_products(uow, products=[MUG]))

        await put(database, CategoryInput("home", "House"))

        async with database.read() as session:
            [[keywords]] = await session.fetch("SELECT keywords FROM products WHERE slug = 'mug'", [])
        assert keywords == "House Kitchen"

    async def test_refuses_a_loop(self, database: Database) -> None:
        await put(database, HOME, KITCHEN)

        with pytest.raises(CategoryLoop) as refused:
            await put(database, CategoryInput("home", "Home", "kitchen"))

        assert refused.value.field == ("categories", "0", "parentSlug")

    async def test_refuses_an_unknown_parent(self, database: Database) -> None:
        with pytest.raises(UnknownCategory):
            await put(database, KITCHEN)


class TestPathOfAProduct:
    async def test_leaves_a_category_where_it_is(self, database: Database) -> None:
        await put(database, HOME, KITCHEN)

        await database.begin(SYSTEM).run(lambda uow: put_products(uow, products=[MUG]))

        assert await roots(database) == ["home"]
