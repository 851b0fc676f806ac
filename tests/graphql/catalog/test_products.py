"""What clients see of the catalogue."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from app.catalog.rules import AttributeInput, CategoryStep, MediaInput, ProductInput, VariantInput
from app.catalog.service import put_products
from app.channels.rules import ChannelInput
from app.channels.service import put_channels
from app.pricing.rules import PriceInput
from app.pricing.service import put_prices
from tests.builders.client import Client, Json
from tests.builders.shop import CATEGORIES, Shop
from tests.builders.statements import Sent

#: channel, products, variants, options, attributes, media, prices, promises.
MOST_STATEMENTS = 8
PAGE = 24
LIST = """
query List($first: Int, $after: String, $last: Int, $before: String, $filter: ProductFilter, $sort: ProductSort, $query: String) {
  products(first: $first, after: $after, last: $last, before: $before, filter: $filter, sort: $sort, query: $query) {
    edges { cursor node { slug } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    nodes {
      id slug name description inStock
      media { url alt }
      attributes { code name value valueCode }
      priceRange { min { amount currency } max { amount currency } }
      variants {
        id sku gtin name
        options { code name value valueCode }
        price { amount currency }
        listPrice { amount }
        availability { inStock shippable }
      }
    }
  }
}
"""
SLUGS = """
query Slugs($filter: ProductFilter, $query: String, $sort: ProductSort, $channel: String) {
  products(filter: $filter, query: $query, sort: $sort, channel: $channel) { totalCount nodes { slug } }
}
"""
PRODUCT = """
query Product($id: ID, $slug: String, $channel: String) {
  product(id: $id, slug: $slug, channel: $channel) {
    id name category { slug parent { slug parent { slug } } } priceRange { min { amount } max { amount } } inStock
    variants { sku price { amount } listPrice { amount } product { slug } }
  }
}
"""
VARIANT = """
query Variant($id: ID, $sku: String) {
  variant(id: $id, sku: $sku) {
    id sku price { amount currency } listPrice { amount currency } options { code valueCode } product { slug }
    availability { inStock shippable }
  }
}
"""
PICKUP = """
query Pickup($sku: String!, $near: NearInput, $first: Int) {
  variant(sku: $sku) { availability { pickup(near: $near, first: $first) {
    store { code } quantity readyAt distanceKm
  } } }
}
"""
TRAFALGAR_SQUARE = {"latitude": 51.508, "longitude": -0.1281}


def slugs(data: Json) -> list[str]:
    """Name the products of a page."""
    return [node["slug"] for node in data["products"]["nodes"]]


async def fill(shop: Shop, *, products: int) -> None:
    """Bring more products into the shop."""
    inputs = [
        ProductInput(
            slug=f"shirt-{n}",
            name=f"Shirt {n}",
            category=(CategoryStep("clothing", "Clothing"),),
            attributes=(AttributeInput("material", "Material", "wool", "Wool"),),
            media=(MediaInput("https://cdn.test/shirt.svg", "A shirt"),),
            variants=tuple(
                VariantInput(
                    sku=f"shirt-{n}-{size}", name=size, options=(AttributeInput("size", "Size", size, size.upper()),)
                )
                for size in ("s", "m", "l")
            ),
        )
        for n in range(products)
    ]
    prices = [PriceInput(variant.sku, 2500) for product in inputs for variant in product.variants]
    await shop.begin().run(lambda uow: put_products(uow, products=inputs))
    await shop.begin().run(lambda uow: put_prices(uow, price_list="retail", prices=prices))


class TestProducts:
    async def test_show_everything_a_list_page_needs(self, client: Client, shop: Shop) -> None:
        data = await client.query(LIST, {"query": "tee"})

        [tee] = data["products"]["nodes"]
        small, *_ = tee["variants"]
        assert tee["priceRange"] == {key: {"amount": "20.00", "currency": "GBP"} for key in ("min", "max")}
        assert tee["inStock"] is True
        assert tee["attributes"] == [{"code": "color", "name": "Color", "value": "White", "valueCode": "white"}]
        assert [variant["sku"] for variant in tee["variants"]] == ["tee-s", "tee-m", "tee-l"]
        assert small["options"] == [{"code": "size", "name": "Size", "value": "S", "valueCode": "s"}]
        assert (small["price"]["amount"], small["listPrice"]) == ("20.00", {"amount": "25.00"})
        assert small["availability"] == {"inStock": True, "shippable": 28}

    async def test_cost_the_same_statements_whatever_there_is(
        self, client: Client, shop: Shop, statements: Callable[[], AbstractAsyncContextManager[Sent]]
    ) -> None:
        await fill(shop, products=40)
        await client.query(LIST, {"first": PAGE})

        async with statements() as sent:
            data = await client.query(LIST, {"first": PAGE})

        assert len(data["products"]["nodes"]) == PAGE
        assert sent.count <= MOST_STATEMENTS, "\n".join(sent.statements)

    async def test_count_only_when_asked(
        self, client: Client, shop: Shop, statements: Callable[[], AbstractAsyncContextManager[Sent]]
    ) -> None:
        async with statements() as plain:
            await client.query("{ products { nodes { slug } } }")
        async with statements() as counted:
            await client.query("{ products { totalCount facets { code values { code count } } nodes { slug } } }")

        assert counted.count == plain.count + 2

    async def test_are_paged_forward_and_backward(self, client: Client, shop: Shop) -> None:
        first = await client.query(LIST, {"first": 3, "sort": "NAME_ASC"})
        second = await client.query(
            LIST, {"first": 3, "after": first["products"]["pageInfo"]["endCursor"], "sort": "NAME_ASC"}
        )
        back = await client.query(
            LIST, {"last": 2, "before": second["products"]["pageInfo"]["startCursor"], "sort": "NAME_ASC"}
        )

        assert slugs(first) == ["lamp", "tee", "mug"]
        assert slugs(second) == ["tent", "kettle"]
        assert slugs(back) == ["tee", "mug"]
        assert first["products"]["pageInfo"]["hasNextPage"] is True
        assert second["products"]["pageInfo"]["hasNextPage"] is False
        assert back["products"]["pageInfo"]["hasPreviousPage"] is True
        assert [edge["node"]["slug"] for edge in first["products"]["edges"]] == slugs(first)

    @pytest.mark.parametrize(
        ("chosen", "expected"),
        [
            ({"inStock": False}, ["kettle"]),
            ({"price": {"min": "12.00", "max": "20"}}, ["tee", "mug"]),
            ({"attributes": [{"code": "size", "values": ["m"]}]}, ["tee"]),
            ({"ids": []}, []),
            ({"categoryId": None, "ids": None, "inStock": None, "price": {"min": None}, "attributes": []}, None),
        ],
    )
    async def test_are_filtered(self, client: Client, shop: Shop, chosen: Json, expected: list[str] | None) -> None:
        data = await client.query(SLUGS, {"filter": chosen, "sort": "NAME_ASC"})

        assert slugs(data) == (expected if expected is not None else ["lamp", "tee", "mug", "tent", "kettle"])
        assert data["products"]["totalCount"] == len(slugs(data))

    async def test_are_filtered_by_category_and_ids(self, client: Client, shop: Shop) -> None:
        [home] = [
            node for node in (await client.query("{ categories { id slug } }"))["categories"] if node["slug"] == "home"
        ]

        in_home = await client.query(SLUGS, {"filter": {"categoryId": home["id"]}, "sort": "NAME_ASC"})
        one = await client.query(SLUGS, {"filter": {"ids": [shop.product_ref("tent")]}})

        assert slugs(in_home) == ["lamp", "mug", "kettle"]
        assert slugs(one) == ["tent"]

    @pytest.mark.parametrize(
        ("variables", "field"),
        [
            ({"channel": "moon"}, ["channel"]),
            ({"query": "x" * 201}, ["query"]),
            ({"filter": {"categoryId": "ord_01h455vb4pex5vsknk084sn02q"}}, ["filter", "categoryId"]),
            ({"filter": {"ids": ["nonsense"]}}, ["filter", "ids", "0"]),
            ({"filter": {"price": {"min": "1.234"}}}, ["filter", "price", "min"]),
            ({"filter": {"attributes": [{"code": "size", "values": []}]}}, ["filter", "attributes", "0", "values"]),
        ],
    )
    async def test_name_the_argument_at_fault(
        self, client: Client, shop: Shop, variables: Json, field: list[str]
    ) -> None:
        answer = await client.execute(SLUGS, variables)

        assert answer.data == {"products": None}
        assert answer.errors[0]["extensions"] == {"code": "INVALID", "field": field}

    @pytest.mark.parametrize(
        ("arguments", "field"),
        [
            ("first: 101", "first"),
            ("first: -1", "first"),
            ("last: 101", "last"),
            ("first: 1, last: 1", "last"),
            ('after: "x"', "after"),
        ],
    )
    async def test_refuse_impossible_pages(self, client: Client, shop: Shop, arguments: str, field: str) -> None:
        [error] = await client.errors(f"{{ products({arguments}) {{ nodes {{ slug }} }} }}")

        assert error["extensions"] == {"code": "INVALID", "field": [field]}

    async def test_count_facets(self, client: Client, shop: Shop) -> None:
        data = await client.query('{ products(query: "blue") { facets { code name values { code label count } } } }')

        assert data["products"]["facets"] == [
            {"code": "color", "name": "Color", "values": [{"code": "blue", "label": "Blue", "count": 2}]}
        ]


class TestProduct:
    async def test_is_found_by_slug_or_id(self, client: Client, shop: Shop) -> None:
        by_slug = await client.query(PRODUCT, {"slug": "mug"})
        by_id = await client.query(PRODUCT, {"id": shop.product_ref("mug")})

        assert by_slug == by_id
        assert by_slug["product"]["category"] == {"slug": "kitchen", "parent": {"slug": "home", "parent": None}}
        assert by_slug["product"]["variants"][0]["product"] == {"slug": "mug"}

    @pytest.mark.parametrize("wanted", [{"slug": "jug"}, {"id": "prd_01h455vb4pex5vsknk084sn02q"}])
    async def test_is_null_when_there_is_none(self, client: Client, shop: Shop, wanted: Json) -> None:
        assert (await client.query(PRODUCT, wanted))["product"] is None

    async def test_is_null_when_it_is_archived(self, client: Client, shop: Shop) -> None:
        await shop.begin().run(
            lambda uow: put_products(uow, products=[ProductInput(slug="mug", name="Mug", archived=True)])
        )

        assert (await client.query(PRODUCT, {"slug": "mug"}))["product"] is None
        assert (await client.query(VARIANT, {"sku": "mug"}))["variant"] is None

    async def test_has_no_price_where_it_is_not_sold(self, client: Client, shop: Shop) -> None:
        euro = ChannelInput(code="ie", name="Ireland", currency="EUR", tax_included=True, countries=("IE",))
        await shop.begin().run(lambda uow: put_channels(uow, channels=[euro]))

        product = (await client.query(PRODUCT, {"slug": "mug", "channel": "ie"}))["product"]

        assert product["priceRange"] is None
        assert product["inStock"] is False
        assert product["variants"] == [{"sku": "mug", "price": None, "listPrice": None, "product": {"slug": "mug"}}]

    @pytest.mark.parametrize("wanted", [{}, {"slug": "mug", "id": "prd_01h455vb4pex5vsknk084sn02q"}])
    async def test_is_named_in_one_way(self, client: Client, shop: Shop, wanted: Json) -> None:
        [error] = await client.errors(PRODUCT, wanted)

        assert error["extensions"] == {"code": "INVALID", "field": ["id"]}

    async def test_is_a_node(self, client: Client, shop: Shop) -> None:
        document = "query Node($id: ID!) { node(id: $id) { __typename id ... on Product { slug priceRange { min { amount } } } } }"

        data = await client.query(document, {"id": shop.product_ref("mug")})

        assert data["node"]["__typename"] == "Product"
        assert data["node"]["priceRange"] == {"min": {"amount": "12.00"}}


class TestVariant:
    async def test_is_found_by_sku_or_id(self, client: Client, shop: Shop) -> None:
        by_sku = await client.query(VARIANT, {"sku": "tee-m"})
        by_id = await client.query(VARIANT, {"id": shop.variant_ref("tee-m")})

        assert by_sku == by_id
        assert by_sku["variant"]["listPrice"] == {"amount": "25.00", "currency": "GBP"}
        assert by_sku["variant"]["options"] == [{"code": "size", "valueCode": "m"}]

    async def test_is_a_node(self, client: Client, shop: Shop) -> None:
        document = "query Node($id: ID!) { node(id: $id) { ... on ProductVariant { sku price { amount } } } }"

        data = await client.query(document, {"id": shop.variant_ref("mug")})

        assert data["node"] == {"sku": "mug", "price": {"amount": "12.00"}}


class TestAvailability:
    async def test_is_capped_at_what_the_channel_shows(self, client: Client, shop: Shop) -> None:
        web = ChannelInput(
            code="web", name="Web", currency="GBP", tax_included=True, countries=("GB",), is_default=True, display_cap=5
        )
        await shop.begin().run(lambda uow: put_channels(uow, channels=[web]))

        mug = (await client.query(VARIANT, {"sku": "mug"}))["variant"]
        tent = (await client.query(VARIANT, {"sku": "tent"}))["variant"]

        assert mug["availability"] == {"inStock": True, "shippable": 5}
        assert tent["availability"] == {"inStock": True, "shippable": 1}

    async def test_names_the_nearest_stores_first(self, client: Client, shop: Shop) -> None:
        data = await client.query(PICKUP, {"sku": "mug", "near": TRAFALGAR_SQUARE, "first": 5})

        soho, camden = data["variant"]["availability"]["pickup"]
        assert (soho["store"]["code"], soho["quantity"], soho["readyAt"]) == ("soho", 3, "2026-11-24T12:00:00Z")
        assert (camden["store"]["code"], camden["quantity"]) == ("camden", 5)
        assert 0 < soho["distanceKm"] < camden["distanceKm"] < 5

    async def test_promises_no_time_for_what_is_not_there(self, client: Client, shop: Shop) -> None:
        data = await client.query(PICKUP, {"sku": "tent", "first": 1})

        assert data["variant"]["availability"]["pickup"] == [
            {"store": {"code": "camden"}, "quantity": 0, "readyAt": None, "distanceKm": None}
        ]

    async def test_costs_the_same_statements_for_one_variant_and_many(
        self, client: Client, shop: Shop, statements: Callable[[], AbstractAsyncContextManager[Sent]]
    ) -> None:
        await fill(shop, products=30)
        document = """
          query Pickup($first: Int, $near: NearInput) { products(first: $first) { nodes { variants {
            availability { inStock pickup(near: $near, first: 3) { store { code openNow } quantity readyAt } } } } } }
        """

        async with statements() as for_one:
            await client.query(document, {"first": 1, "near": TRAFALGAR_SQUARE})
        async with statements() as for_many:
            await client.query(document, {"first": PAGE, "near": TRAFALGAR_SQUARE})

        assert for_many.count == for_one.count

    @pytest.mark.parametrize(
        ("near", "field", "message"),
        [
            ({"postalCode": "ZE1 0AA", "country": "GB"}, "postalCode", "nobody here knows where this postal code is"),
            ({"latitude": 51.5}, "longitude", "go together"),
            ({"longitude": 0.0}, "latitude", "go together"),
            ({"latitude": 91.0, "longitude": 0.0}, "latitude", "from -90 to 90"),
            ({}, "latitude", "go together"),
        ],
    )
    async def test_refuses_to_be_near_nowhere(
        self, client: Client, shop: Shop, near: Json, field: str, message: str
    ) -> None:
        [error] = await client.errors(PICKUP, {"sku": "mug", "near": near})

        assert error["extensions"] == {"code": "INVALID", "field": ["near", field]}
        assert message in error["message"]


class TestCategories:
    async def test_are_a_tree(
        self, client: Client, shop: Shop, statements: Callable[[], AbstractAsyncContextManager[Sent]]
    ) -> None:
        document = "{ categories { slug parent { slug } children { slug parent { slug } } } }"
        await client.query(document)

        async with statements() as sent:
            data = await client.query(document)

        assert data["categories"] == [
            {"slug": "home", "parent": None, "children": [{"slug": "kitchen", "parent": {"slug": "home"}}]},
            {"slug": "clothing", "parent": None, "children": []},
            {"slug": "outdoors", "parent": None, "children": []},
        ]
        assert sent.count == len(["channel", "roots", "children", "parents"])

    async def test_are_found_by_slug_id_and_as_nodes(self, client: Client, shop: Shop) -> None:
        home = (await client.query('{ category(slug: "home") { id slug } }'))["category"]
        by_id = await client.query("query C($id: ID) { category(id: $id) { id slug } }", {"id": home["id"]})
        node = await client.query(
            "query N($id: ID!) { node(id: $id) { ... on Category { id slug } } }", {"id": home["id"]}
        )

        assert by_id["category"] == node["node"] == home
        assert (await client.query('{ category(slug: "garage") { id } }'))["category"] is None
        assert len(CATEGORIES) == len(["home", "kitchen", "clothing", "outdoors"])

    async def test_refuse_an_unknown_channel(self, client: Client, shop: Shop) -> None:
        answer = await client.execute('{ categories(channel: "moon") { slug } collections { slug name } }')

        assert answer.data == {"categories": None, "collections": [{"slug": "gifts", "name": "Gifts"}]}
        assert answer.errors[0]["extensions"] == {"code": "INVALID", "field": ["channel"]}


class TestChannels:
    async def test_are_listed_with_the_default_first(self, client: Client, shop: Shop) -> None:
        app = ChannelInput(code="app", name="App", currency="GBP", tax_included=True, countries=("GB",))
        gone = ChannelInput(code="gone", name="Gone", currency="GBP", tax_included=True, countries=(), closed=True)
        await shop.begin().run(lambda uow: put_channels(uow, channels=[app, gone]))

        data = await client.query("{ channels { code name currency taxIncluded countries } }")

        assert [channel["code"] for channel in data["channels"]] == ["web", "app"]
        assert data["channels"][0] == {
            "code": "web", "name": "Web", "currency": "GBP", "taxIncluded": True, "countries": ["GB", "IE"],
        }  # fmt: skip

    async def test_refuse_one_that_is_closed(self, client: Client, shop: Shop) -> None:
        gone = ChannelInput(code="gone", name="Gone", currency="GBP", tax_included=True, countries=(), closed=True)
        await shop.begin().run(lambda uow: put_channels(uow, channels=[gone]))

        [error] = await client.errors(SLUGS, {"channel": "gone"})

        assert error["extensions"] == {"code": "INVALID", "field": ["channel"]}
