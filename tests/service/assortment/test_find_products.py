"""Finding products among what a channel sells."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.assortment.queries import count_products, find_products, list_facets
from app.assortment.rules import AttributeWanted, ProductSort, Wanted, words_of
from app.catalog.rules import AttributeInput, CategoryStep, ProductInput, VariantInput
from app.catalog.service import put_products
from app.kernel.errors import Invalid
from app.kernel.ids import CategoryId
from app.kernel.paging import page_request
from app.pricing.rules import PriceInput, PriceListInput
from app.pricing.service import put_price_lists, put_prices
from tests.builders.clock import OPENING
from tests.builders.shop import CATEGORIES, COLLECTION_ID, Shop

SIZES = {"s": "S", "m": "M"}


@dataclass(frozen=True, slots=True)
class Garment:
    """A shirt to be found: variants are (size, color, price, in stock at the warehouse)."""

    slug: str
    name: str
    variants: tuple[tuple[str, str, int], ...]


def _input(garment: Garment, *, n: int) -> ProductInput:
    return ProductInput(
        slug=garment.slug,
        name=garment.name,
        category=(CategoryStep("clothing", "Clothing"), CategoryStep("shirts", "Shirts")),
        created_at=OPENING + timedelta(seconds=n),
        variants=tuple(
            VariantInput(
                sku=f"{garment.slug}-{size}-{color}",
                name=size,
                options=(
                    AttributeInput("size", "Size", size, size.upper()),
                    AttributeInput("color", "Color", color, color.capitalize()),
                ),
            )
            for size, color, _ in garment.variants
        ),
    )


async def stock(shop: Shop, *garments: Garment) -> None:
    """Bring garments into the shop, with prices."""
    await shop.begin().run(
        lambda uow: put_products(uow, products=[_input(garment, n=n) for n, garment in enumerate(garments)])
    )
    prices = [
        PriceInput(f"{garment.slug}-{size}-{color}", price)
        for garment in garments
        for size, color, price in garment.variants
    ]
    await shop.begin().run(lambda uow: put_prices(uow, price_list="retail", prices=prices))


async def find(shop: Shop, wanted: Wanted | None = None, sort: ProductSort = ProductSort.NAME_ASC) -> list[str]:
    """List the slugs of what is found."""
    async with shop.database.read() as session:
        page = await find_products(
            session,
            channel_id=shop.channel_id,
            wanted=wanted or Wanted(),
            sort=sort,
            request=page_request(first=100, after=None),
        )
        count = await count_products(session, channel_id=shop.channel_id, wanted=wanted or Wanted())
    assert count == len(page.items)
    return [product.slug for product in page.items]


async def facets(shop: Shop, wanted: Wanted) -> dict[str, dict[str, int]]:
    """Count what is found by attributes."""
    async with shop.database.read() as session:
        found = await list_facets(session, channel_id=shop.channel_id, wanted=wanted)
    counts: dict[str, dict[str, int]] = {}
    for row in found:
        counts.setdefault(row.code, {})[row.value_code] = row.count
    return counts


def having(code: str, *values: str) -> AttributeWanted:
    """Want one of these values."""
    return AttributeWanted(code, values)


class TestWords:
    @pytest.mark.parametrize(
        ("typed", "expected"),
        [
            ("mug", ["mug"]),
            ("MUGS", ["mug"]),
            ("stonew", ["mug"]),
            ("whistli", ["kettle"]),
            ("mug stone", ["mug"]),
            ("blue", ["lamp", "mug"]),
            ("blue mug", ["mug"]),
            ("organic", ["tee"]),
            ("cotton shi", ["tee"]),
            ("tee-s", ["tee"]),
            ("TEE-", ["tee"]),
            ("the mug", ["mug"]),
            ("mug the", ["mug"]),
            ("kitchen", ["mug", "kettle"]),
            ("zebra", []),
            ("mug zebra", []),
            ("!!!", []),
            ("mug & ! | <-> :* '", ["mug"]),
            ("%", []),
            ("t_e", []),
        ],
    )
    async def test_find_names_labels_categories_descriptions_and_codes(
        self, shop: Shop, typed: str, expected: list[str]
    ) -> None:
        assert await find(shop, Wanted(words=words_of(typed))) == expected

    async def test_find_a_gtin(self, shop: Shop) -> None:
        bottle = ProductInput(
            slug="bottle", name="Bottle", variants=(VariantInput(sku="bottle-1", name="Bottle", gtin="2000000000015"),)
        )
        await shop.begin().run(lambda uow: put_products(uow, products=[bottle]))
        await shop.begin().run(lambda uow: put_prices(uow, price_list="retail", prices=[PriceInput("bottle-1", 900)]))

        assert await find(shop, Wanted(words=words_of("2000000000015"))) == ["bottle"]

    async def test_put_a_code_and_a_name_before_a_description(self, shop: Shop) -> None:
        about_mugs = ProductInput(
            slug="book",
            name="A Book",
            description="All about the mug.",
            variants=(VariantInput(sku="book", name="Book"),),
        )
        await shop.begin().run(lambda uow: put_products(uow, products=[about_mugs]))
        await shop.begin().run(lambda uow: put_prices(uow, price_list="retail", prices=[PriceInput("book", 900)]))

        assert await find(shop, Wanted(words=words_of("mug")), ProductSort.RELEVANCE) == ["mug", "book"]

    @settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    @given(typed=st.text(max_size=60))
    async def test_never_fail(self, shop: Shop, typed: str) -> None:
        encodable = typed.encode("utf-8", "ignore").decode()

        await find(shop, Wanted(words=words_of(encodable)), ProductSort.RELEVANCE)


class TestConditions:
    async def test_reach_below_a_category(self, shop: Shop) -> None:
        assert await find(shop, Wanted(category_id=CATEGORIES["home"])) == ["lamp", "mug", "kettle"]
        assert await find(shop, Wanted(category_id=CATEGORIES["kitchen"])) == ["mug", "kettle"]
        assert await find(shop, Wanted(category_id=CategoryId(COLLECTION_ID))) == []

    async def test_choose_collections_and_ids(self, shop: Shop) -> None:
        assert await find(shop, Wanted(collection_id=COLLECTION_ID)) == ["lamp", "mug"]
        assert await find(shop, Wanted(ids=(shop.products["tent"], COLLECTION_ID))) == ["tent"]
        assert await find(shop, Wanted(ids=())) == []

    async def test_divide_what_can_be_bought_from_what_cannot(self, shop: Shop) -> None:
        assert await find(shop, Wanted(in_stock=False)) == ["kettle"]
        assert await find(shop, Wanted(in_stock=True)) == ["lamp", "tee", "mug", "tent"]

    async def test_keep_within_prices(self, shop: Shop) -> None:
        assert await find(shop, Wanted(price_min_minor=1200, price_max_minor=2000)) == ["tee", "mug"]
        assert await find(shop, Wanted(price_min_minor=4501)) == ["tent"]

    async def test_go_by_the_price_that_is_asked(self, shop: Shop) -> None:
        sale = PriceListInput(code="sale", name="Sale", currency="GBP", channels=("web",), asked_first=True)
        await shop.begin().run(lambda uow: put_price_lists(uow, price_lists=[sale]))
        await shop.begin().run(lambda uow: put_prices(uow, price_list="sale", prices=[PriceInput("tent", 999)]))

        assert await find(shop, Wanted(price_max_minor=1200)) == ["mug", "tent"]
        assert (await find(shop, sort=ProductSort.PRICE_ASC))[0] == "tent"

    async def test_choose_any_value_of_each_attribute(self, shop: Shop) -> None:
        assert await find(shop, Wanted(attributes=(having("color", "blue", "red"),))) == ["lamp", "mug", "kettle"]
        assert await find(shop, Wanted(attributes=(having("color", "white"), having("size", "m")))) == ["tee"]
        assert await find(shop, Wanted(attributes=(having("color", "blue"), having("size", "m")))) == []

    async def test_are_met_by_one_and_the_same_variant(self, shop: Shop) -> None:
        await stock(
            shop,
            Garment("oxford", "Oxford", (("s", "red", 3000), ("m", "blue", 9000))),
            Garment("polo", "Polo", (("m", "red", 4000),)),
        )
        red_m = (having("color", "red"), having("size", "m"))

        assert await find(shop, Wanted(attributes=red_m)) == ["polo"]
        assert await find(shop, Wanted(attributes=(having("size", "m"),), price_max_minor=5000)) == ["tee", "polo"]
        assert await find(shop, Wanted(attributes=(having("color", "red"),), in_stock=True)) == []

    async def test_leave_out_what_the_channel_does_not_sell(self, shop: Shop) -> None:
        await shop.begin().run(lambda uow: put_prices(uow, price_list="retail", prices=[PriceInput("mug", None)]))

        assert "mug" not in await find(shop)

    async def test_leave_out_what_is_archived(self, shop: Shop) -> None:
        await shop.begin().run(
            lambda uow: put_products(uow, products=[ProductInput(slug="mug", name="Mug", archived=True)])
        )

        assert "mug" not in await find(shop)


class TestSorts:
    @pytest.mark.parametrize(
        ("sort", "expected"),
        [
            (ProductSort.NAME_ASC, ["lamp", "tee", "mug", "tent", "kettle"]),
            (ProductSort.NAME_DESC, ["kettle", "tent", "mug", "tee", "lamp"]),
            (ProductSort.PRICE_ASC, ["mug", "tee", "kettle", "lamp", "tent"]),
            (ProductSort.PRICE_DESC, ["tent", "lamp", "kettle", "tee", "mug"]),
            (ProductSort.NEWEST, ["kettle", "tent", "lamp", "tee", "mug"]),
            (ProductSort.RELEVANCE, ["kettle", "tent", "lamp", "tee", "mug"]),
        ],
    )
    async def test_put_products_in_order(self, shop: Shop, sort: ProductSort, expected: list[str]) -> None:
        assert await find(shop, sort=sort) == expected

    async def test_go_by_the_prices_of_what_was_asked_for(self, shop: Shop) -> None:
        await stock(
            shop,
            Garment("oxford", "Oxford", (("s", "red", 3000), ("m", "blue", 9000))),
            Garment("polo", "Polo", (("m", "red", 4000),)),
        )

        in_medium = Wanted(attributes=(having("size", "m"),))

        assert await find(shop, in_medium, ProductSort.PRICE_ASC) == ["tee", "polo", "oxford"]


class TestPages:
    @pytest.mark.parametrize("sort", list(ProductSort))
    @pytest.mark.parametrize("typed", [None, "shirt"])
    @pytest.mark.parametrize("size", [1, 3])
    async def test_meet_every_product_once_in_both_directions(
        self, shop: Shop, sort: ProductSort, typed: str | None, size: int
    ) -> None:
        # Names, prices and moments that are alike leave the order to the ids.
        await stock(shop, *(Garment(f"shirt-{n}", f"Shirt {n // 3}", (("s", "red", 1000 + n % 2),)) for n in range(7)))
        wanted = Wanted(words=words_of(typed))
        everything = await find(shop, wanted, sort)

        forward: list[str] = []
        backward: list[str] = []
        async with shop.database.read() as session:
            after: str | None = None
            before: str | None = None
            for _ in range(len(everything) // size + 1):
                page = await find_products(
                    session,
                    channel_id=shop.channel_id,
                    wanted=wanted,
                    sort=sort,
                    request=page_request(first=size, after=after),
                )
                assert page.has_previous is (after is not None)
                forward += [product.slug for product in page.items]
                assert page.has_next is (len(forward) < len(everything))
                after = page.cursors[-1] if page.cursors else after
                page = await find_products(
                    session,
                    channel_id=shop.channel_id,
                    wanted=wanted,
                    sort=sort,
                    request=page_request(first=None, after=None, last=size, before=before),
                )
                backward = [product.slug for product in page.items] + backward
                assert page.has_previous is (len(backward) < len(everything))
                before = page.cursors[0] if page.cursors else before

        assert forward == everything
        assert backward == everything

    async def test_refuse_the_cursor_of_another_order(self, shop: Shop) -> None:
        async with shop.database.read() as session:
            by_name = await find_products(
                session,
                channel_id=shop.channel_id,
                wanted=Wanted(),
                sort=ProductSort.NAME_ASC,
                request=page_request(first=1, after=None),
            )
            with pytest.raises(Invalid) as refused:
                await find_products(
                    session,
                    channel_id=shop.channel_id,
                    wanted=Wanted(),
                    sort=ProductSort.PRICE_ASC,
                    request=page_request(first=1, after=by_name.cursors[0]),
                )

        assert refused.value.field == ("after",)


class TestFacets:
    async def test_count_products_and_not_variants(self, shop: Shop) -> None:
        assert await facets(shop, Wanted()) == {
            "color": {"blue": 2, "green": 1, "red": 1, "white": 1},
            "size": {"l": 1, "m": 1, "s": 1},
        }

    async def test_keep_to_what_was_found(self, shop: Shop) -> None:
        assert await facets(shop, Wanted(words=words_of("mug"))) == {"color": {"blue": 1}}
        assert await facets(shop, Wanted(in_stock=False)) == {"color": {"red": 1}}
        assert await facets(shop, Wanted(category_id=CATEGORIES["kitchen"])) == {"color": {"blue": 1, "red": 1}}

    async def test_show_the_other_values_of_a_chosen_attribute(self, shop: Shop) -> None:
        chosen = Wanted(attributes=(having("color", "blue"),))

        assert await facets(shop, chosen) == {"color": {"blue": 2, "green": 1, "red": 1, "white": 1}}

    async def test_say_how_many_a_further_choice_would_find(self, shop: Shop) -> None:
        await stock(
            shop,
            Garment("oxford", "Oxford", (("s", "red", 3000), ("m", "blue", 9000))),
            Garment("polo", "Polo", (("m", "red", 4000),)),
        )
        red = having("color", "red")

        counts = await facets(shop, Wanted(attributes=(red,)))

        for code, values in counts.items():
            for value, count in values.items():
                attributes = (having(code, value),) if code == "color" else (red, having(code, value))
                assert len(await find(shop, Wanted(attributes=attributes))) == count, (code, value)
        assert counts["size"] == {"m": 1, "s": 1}
