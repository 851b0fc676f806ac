"""What is kept from selling, and what bundles are made of, as those who decide it see it."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from app.kernel.ids import IdKind, encode, new_id
from tests.builders.client import Client, Json
from tests.builders.shop import CATEGORIES, Shop
from tests.builders.statements import Sent
from tests.builders.supplied import bundle, group, kept_back, new_variant

PUT = """
mutation Put($input: SafetyStockRulePutInput!) {
  safetyStockRulePut(input: $input) {
    safetyStockRule { id units category { slug } group { code } } errors { code field }
  }
}
"""
DELETE = """
mutation Delete($input: SafetyStockRuleDeleteInput!) {
  safetyStockRuleDelete(input: $input) { deletedId errors { code field } }
}
"""
RULES = "{ safetyStockRules { id units category { slug } group { code } } }"
SET = """
mutation Set($input: SafetyStockSetInput!) {
  safetyStockSet(input: $input) {
    safetyStocks { variant { sku } location { code } ownUnits units } errors { code field }
  }
}
"""
BUNDLE = """
mutation Put($input: BundlePutInput!) {
  bundlePut(input: $input) {
    variant { sku components { quantity variant { sku } } availability { inStock shippable } } errors { code field }
  }
}
"""
COMPONENTS = "{ products { nodes { variants { sku components { quantity variant { sku price { amount } } } } } } }"


def category_ref(slug: str) -> str:
    """Write a category's id as clients see it."""
    return encode(IdKind.CATEGORY, CATEGORIES[slug])


class TestSafetyStockRules:
    async def test_are_put_listed_and_taken_away(self, client: Client, shop: Shop) -> None:
        token = shop.token("merchandiser")
        london = encode(IdKind.LOCATION_GROUP, await group(shop, "london", "camden"))
        wanted = {"units": 2, "categoryId": category_ref("kitchen"), "groupId": london, "idempotencyKey": "put"}

        put = (await client.mutate(PUT, {"input": wanted}, token=token))["safetyStockRule"]

        assert put | {"id": ""} == {"id": "", "units": 2, "category": {"slug": "kitchen"}, "group": {"code": "london"}}
        assert (await client.query(RULES, token=token))["safetyStockRules"] == [put]
        assert [await kept_back(shop, "mug", code) for code in ("camden", "soho")] == [2, 0]

        gone = {"safetyStockRuleId": put["id"], "idempotencyKey": "delete"}
        for _ in range(2):
            deleted = await client.mutate(DELETE, {"input": gone}, token=token)
            assert deleted["deletedId"] == put["id"]
        assert (await client.query(RULES, token=token))["safetyStockRules"] == []
        assert await kept_back(shop, "mug", "camden") == 0

    async def test_name_what_is_wrong(self, client: Client, shop: Shop) -> None:
        token = shop.token("merchandiser")
        wrong: dict[str, Json] = {
            "units": {"units": -1},
            "categoryId": {"units": 1, "categoryId": encode(IdKind.CATEGORY, new_id())},
            "groupId": {"units": 1, "groupId": encode(IdKind.LOCATION_GROUP, new_id())},
        }
        for field, given in wrong.items():
            [error] = await client.refused(PUT, {"input": {**given, "idempotencyKey": field}}, token=token)
            assert error["field"] == [field]
        nothing = {"safetyStockRuleId": encode(IdKind.SAFETY_STOCK_RULE, new_id()), "idempotencyKey": "delete"}
        [error] = await client.refused(DELETE, {"input": nothing}, token=token)

        assert error == {"code": "NOT_FOUND", "field": ["safetyStockRuleId"]}


class TestSafetyStockSet:
    async def test_holds_until_it_is_cleared(self, client: Client, shop: Shop) -> None:
        token = shop.token("manager")
        level = {"variantId": shop.variant_ref("mug"), "locationId": shop.location_ref("camden")}

        async def put(units: int | None) -> object:
            call = {"lines": [level | {"units": units}], "idempotencyKey": f"set {units}"}
            return (await client.mutate(SET, {"input": call}, token=token))["safetyStocks"]

        named = {"variant": {"sku": "mug"}, "location": {"code": "camden"}}
        assert await put(4) == [named | {"ownUnits": 4, "units": 4}]
        assert await put(None) == [named | {"ownUnits": None, "units": 0}]

    async def test_refuses_what_cannot_be(self, client: Client, shop: Shop) -> None:
        mug, camden = shop.variant_ref("mug"), shop.location_ref("camden")
        nothing, nowhere = encode(IdKind.VARIANT, new_id()), encode(IdKind.LOCATION, new_id())

        async def refused(who: str, *lines: tuple[str, str, int]) -> tuple[str, list[str] | None]:
            given = [{"variantId": line[0], "locationId": line[1], "units": line[2]} for line in lines]
            call = {"lines": given, "idempotencyKey": "set"}
            [error] = await client.refused(SET, {"input": call}, token=shop.token(who))
            return error["code"], error["field"]

        assert await refused("manager", (mug, camden, -1)) == ("INVALID", ["lines", "0", "units"])
        assert await refused("manager", (mug, camden, 1), (mug, camden, 2)) == ("INVALID", ["lines", "1"])
        assert await refused("manager", (mug, shop.location_ref("soho"), 1)) == ("FORBIDDEN", None)
        assert await refused("operator", (nothing, camden, 1)) == ("NOT_FOUND", ["lines", "0", "variantId"])
        assert await refused("operator", (mug, nowhere, 1)) == ("NOT_FOUND", ["lines", "0", "locationId"])
        assert await kept_back(shop, "mug", "camden") == 0


class TestBundles:
    async def test_are_put_and_shown_with_what_can_be_had(self, client: Client, shop: Shop) -> None:
        parts = [{"variantId": shop.variant_ref(sku), "quantity": units} for sku, units in (("mug", 2), ("lamp", 1))]
        call = {"variantId": shop.variant_ref("kettle"), "components": parts, "idempotencyKey": "put"}

        put = await client.mutate(BUNDLE, {"input": call}, token=shop.token("merchandiser"))

        assert put["variant"] == {
            "sku": "kettle",
            "components": [{"quantity": 1, "variant": {"sku": "lamp"}}, {"quantity": 2, "variant": {"sku": "mug"}}],
            "availability": {"inStock": True, "shippable": 6},
        }

    async def test_name_what_is_wrong(self, client: Client, shop: Shop) -> None:
        async def refused(sku: str, variant: str, quantity: int) -> tuple[str, list[str]]:
            call = {
                "variantId": shop.variant_ref(sku),
                "components": [{"variantId": variant, "quantity": quantity}],
                "idempotencyKey": "put",
            }
            [error] = await client.refused(BUNDLE, {"input": call}, token=shop.token("merchandiser"))
            return error["code"], error["field"]

        nothing, mug = encode(IdKind.VARIANT, new_id()), shop.variant_ref("mug")
        first = ["components", "0", "variantId"]
        assert await refused("kettle", nothing, 1) == ("NOT_FOUND", first)
        assert await refused("kettle", shop.variant_ref("kettle"), 1) == ("CONFLICT", first)
        assert await refused("kettle", mug, 0) == ("INVALID", ["components", "0", "quantity"])
        assert await refused("tent", mug, 1) == ("CONFLICT", ["variantId"])

    async def test_are_read_with_their_components_at_once(
        self, client: Client, shop: Shop, statements: Callable[[], AbstractAsyncContextManager[Sent]]
    ) -> None:
        async with statements() as none:
            await client.query(COMPONENTS)
        await new_variant(shop, "breakfast")
        await bundle(shop, "kettle", {"mug": 2, "lamp": 1})
        await bundle(shop, "breakfast", {"mug": 1, "tee-s": 1})
        async with statements() as many:
            found = await client.query(COMPONENTS)

        shown = {row["sku"]: row["components"] for node in found["products"]["nodes"] for row in node["variants"]}
        assert [part["variant"]["sku"] for part in shown["kettle"]] == ["lamp", "mug"]
        # The components' own names and prices, read for all of them at once.
        assert many.count <= none.count + 2
