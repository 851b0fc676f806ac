"""Bringing products into the shop, and changing them."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

import pytest

from app.catalog import queries
from app.catalog.errors import TooManyVariants
from app.catalog.queries import Product, Variant
from app.catalog.rules import AttributeInput, CategoryStep, CollectionInput, MediaInput, ProductInput, VariantInput
from app.catalog.service import put_products
from app.kernel.actor import ANONYMOUS, SYSTEM
from app.kernel.db import Database
from app.kernel.errors import Unauthenticated
from app.kernel.puts import Put
from tests.builders.clock import StoppedClock
from tests.builders.statements import Sent


def color(value: str) -> AttributeInput:
    """Describe a color."""
    return AttributeInput("color", "Color", value, value.capitalize())


COTTON = AttributeInput("material", "Material", "cotton", "Cotton")
KITCHEN = (CategoryStep("home", "Home"), CategoryStep("kitchen", "Kitchen"))
RED_MUG = VariantInput(sku="mug-red", name="Red", gtin="2000000000015", options=(color("red"),))
BLUE_MUG = VariantInput(sku="mug-blue", name="Blue", options=(color("blue"),))
MUG = ProductInput(
    slug="mug",
    name="Mug",
    description="Holds tea.",
    category=KITCHEN,
    collections=(CollectionInput("gifts", "Gifts"),),
    attributes=(COTTON,),
    media=(MediaInput("https://cdn.test/1.svg", "A mug"), MediaInput("https://cdn.test/2.svg")),
    variants=(RED_MUG, BLUE_MUG),
)
BATCH = tuple(
    replace(
        MUG, slug=f"mug-{n}", variants=(replace(RED_MUG, sku=f"mug-{n}-red"), replace(BLUE_MUG, sku=f"mug-{n}-blue"))
    )
    for n in range(300)
)


async def put(database: Database, *products: ProductInput) -> list[Put]:
    """Put products as the system."""
    rows = await database.begin(SYSTEM).run(lambda uow: put_products(uow, products=products))
    return [row.effect for row in rows]


async def product(database: Database, slug: str = "mug") -> Product:
    """Find a product that has to be there, archived or not."""
    async with database.read() as session:
        [[product_id]] = await session.fetch("SELECT id FROM products WHERE slug = $1", [slug])
        [found] = await queries.list_products(session, product_ids=[product_id])
    return found


async def variants(database: Database, slug: str = "mug") -> list[Variant]:
    """List what can be bought of a product."""
    found = await product(database, slug)
    async with database.read() as session:
        return await queries.list_variants_of_products(session, product_ids=[found.id])


def skus(found: Sequence[Variant]) -> list[str]:
    """Name variants by their SKUs."""
    return [variant.sku for variant in found]


async def keywords(database: Database, slug: str = "mug") -> str:
    """Say what a product is found by besides its name."""
    async with database.read() as session:
        [[found]] = await session.fetch("SELECT keywords FROM products WHERE slug = $1", [slug])
    return str(found)


class TestPutProducts:
    async def test_brings_everything_that_belongs_to_one(self, database: Database) -> None:
        assert await put(database, MUG) == [Put.INSERTED]

        found = await product(database)
        async with database.read() as session:
            [category] = await queries.list_categories(session, category_ids=[found.category_id or found.id])
            media = await queries.list_media(session, product_ids=[found.id])
            attributes = await queries.list_attributes(session, product_ids=[found.id])
            sold = await queries.list_variants_of_products(session, product_ids=[found.id])
            options = await queries.list_variant_options(session, variant_ids=[variant.id for variant in sold])
        assert (found.name, found.description, category.slug) == ("Mug", "Holds tea.", "kitchen")
        assert [picture.alt for picture in media] == ["A mug", ""]
        assert [(row.code, row.value) for row in attributes] == [("material", "Cotton")]
        assert [(variant.sku, variant.gtin) for variant in sold] == [("mug-red", "2000000000015"), ("mug-blue", None)]
        assert {row.owner_id: row.value_code for row in options} == {sold[0].id: "red", sold[1].id: "blue"}
        assert await keywords(database) == "Home Kitchen Blue Cotton Red"

    async def test_changes_nothing_the_second_time(self, database: Database, clock: StoppedClock) -> None:
        await put(database, MUG)

        clock.advance(hours=1)

        assert await put(database, MUG) == [Put.UNCHANGED]

    @pytest.mark.parametrize(
        "change",
        [
            {"name": "Cup"},
            {"description": ""},
            {"category": KITCHEN[:1]},
            {"collections": ()},
            {"attributes": (COTTON, color("red"))},
            {"media": MUG.media[:1] if MUG.media else ()},
            {"variants": (BLUE_MUG, RED_MUG)},
            {"variants": (replace(RED_MUG, gtin=""), BLUE_MUG)},
            {"variants": (replace(RED_MUG, options=(color("green"),)), BLUE_MUG)},
            {"variants": (replace(RED_MUG, archived=True), BLUE_MUG)},
            {"archived": True},
        ],
    )
    async def test_notices_every_change_once(self, database: Database, change: dict[str, object]) -> None:
        await put(database, MUG)
        changed = replace(MUG, **change)  # type: ignore[arg-type]  # Each is a field of the product.

        assert await put(database, changed) == [Put.UPDATED]
        assert await put(database, changed) == [Put.UNCHANGED]

    async def test_leaves_what_nobody_speaks_of(self, database: Database) -> None:
        await put(database, MUG)

        effects = await put(
            database, ProductInput(slug="mug", name="Mug", variants=(VariantInput(sku="mug-red", name="Red"),))
        )

        assert effects == [Put.UNCHANGED]
        assert skus(await variants(database)) == ["mug-red", "mug-blue"]

    async def test_adds_variants_behind_those_that_are_there(self, database: Database) -> None:
        await put(database, MUG)
        green = VariantInput(sku="mug-green", name="Green")

        assert await put(database, replace(MUG, variants=(green,))) == [Put.UPDATED]
        assert await put(database, MUG) == [Put.UNCHANGED]

        assert skus(await variants(database)) == ["mug-red", "mug-blue", "mug-green"]

    async def test_orders_variants_when_all_are_named(self, database: Database) -> None:
        await put(database, MUG)

        await put(database, replace(MUG, variants=(BLUE_MUG, RED_MUG)))

        assert skus(await variants(database)) == ["mug-blue", "mug-red"]

    async def test_moves_a_variant_with_its_id(self, database: Database) -> None:
        await put(database, MUG)
        before = (await variants(database))[0]

        await put(
            database, replace(MUG, variants=(BLUE_MUG,)), ProductInput(slug="jug", name="Jug", variants=(RED_MUG,))
        )

        [moved] = await variants(database, "jug")
        assert (moved.id, moved.product_name) == (before.id, "Jug")
        assert skus(await variants(database)) == ["mug-blue"]

    async def test_archives_and_sells_again(self, database: Database) -> None:
        await put(database, replace(MUG, archived=True))
        async with database.read() as session:
            assert await queries.get_product(session, slug="mug") is None
            assert await queries.get_variant(session, sku="mug-red") is None

        await put(database, MUG)

        async with database.read() as session:
            assert await queries.get_product(session, slug="mug") is not None
            assert await queries.get_variant(session, sku="mug-red") is not None

    async def test_lets_a_new_label_be_found_everywhere(self, database: Database) -> None:
        await put(database, MUG, replace(BATCH[0], attributes=()))
        scarlet = AttributeInput("color", "Color", "red", "Scarlet")

        await put(database, replace(MUG, variants=(replace(RED_MUG, options=(scarlet,)), BLUE_MUG)))

        assert await keywords(database) == "Home Kitchen Blue Cotton Scarlet"
        assert await keywords(database, "mug-0") == "Home Kitchen Blue Scarlet"

    async def test_takes_hundreds_in_as_many_statements_as_one(
        self, database: Database, statements: Callable[[], AbstractAsyncContextManager[Sent]]
    ) -> None:
        async with statements() as for_one:
            await put(database, BATCH[0])
        async with statements() as for_many:
            await put(database, *BATCH[1:])

        assert for_many.count <= for_one.count

    async def test_refuses_a_product_that_would_grow_too_big(self, database: Database) -> None:
        many = tuple(VariantInput(sku=f"m-{n}", name="Mug") for n in range(249))
        await put(database, MUG)

        with pytest.raises(TooManyVariants):
            await put(database, replace(MUG, variants=many))

    async def test_is_for_those_who_may(self, database: Database) -> None:
        with pytest.raises(Unauthenticated):
            await database.begin(ANONYMOUS).run(lambda uow: put_products(uow, products=[MUG]))
