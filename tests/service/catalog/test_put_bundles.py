"""Bundles: variants that are made of others."""

from collections.abc import Mapping

import pytest

from app.catalog import queries
from app.catalog.errors import NestedBundle, UnknownVariant
from app.catalog.rules import BundleInput, ComponentInput
from app.inventory.errors import BundleStocked
from app.inventory.service import bundling
from app.kernel.errors import Forbidden, Invalid
from app.kernel.puts import Put
from tests.builders.shop import VARIANTS, Shop
from tests.builders.supplied import bundle, new_variant, set_own


async def made_of(shop: Shop, sku: str) -> Mapping[str, int]:
    """Say what a variant is made of."""
    async with shop.database.read() as session:
        variants = await queries.list_variants_by_sku(session, skus=[sku])
        found = await queries.list_bundles(session, variant_ids=[variants[sku].id])
    skus = {variant_id: code for code, variant_id in VARIANTS.items()}
    return {skus[part.variant_id]: part.quantity for parts in found.values() for part in parts}  # type: ignore[index]


class TestPutBundles:
    async def test_makes_changes_and_ends_them(self, shop: Shop) -> None:
        await new_variant(shop, "breakfast")

        effects = [
            await bundle(shop, "breakfast", {"mug": 2, "lamp": 1}),
            await bundle(shop, "breakfast", {"lamp": 1, "mug": 2}),
            await bundle(shop, "breakfast", {"mug": 3}),
        ]

        assert effects == [Put.INSERTED, Put.UNCHANGED, Put.UPDATED]
        assert await made_of(shop, "breakfast") == {"mug": 3}
        assert [await bundle(shop, "breakfast", {}) for _ in range(2)] == [Put.UPDATED, Put.UNCHANGED]
        assert await made_of(shop, "breakfast") == {}

    async def test_does_not_nest(self, shop: Shop) -> None:
        await new_variant(shop, "breakfast")
        await new_variant(shop, "brunch")
        await bundle(shop, "breakfast", {"mug": 1})

        with pytest.raises(NestedBundle) as component:
            await bundle(shop, "brunch", {"lamp": 1, "breakfast": 1})
        with pytest.raises(NestedBundle) as itself:
            await bundle(shop, "brunch", {"brunch": 1})

        assert component.value.field == ("bundles", "0", "components", "1", "sku")
        assert itself.value.field == ("bundles", "0", "components", "0", "sku")

    async def test_keeps_components_from_becoming_bundles(self, shop: Shop) -> None:
        await new_variant(shop, "breakfast")
        await new_variant(shop, "saucer")
        await bundle(shop, "breakfast", {"mug": 1, "saucer": 1})

        with pytest.raises(NestedBundle) as refused:
            await bundle(shop, "saucer", {"lamp": 1})

        assert refused.value.field == ("bundles", "0", "sku")

    async def test_judges_the_whole_call(self, shop: Shop) -> None:
        for sku in ("breakfast", "brunch"):
            await new_variant(shop, sku)
        await bundle(shop, "breakfast", {"mug": 1})
        turned = [
            BundleInput(sku="brunch", components=(ComponentInput("breakfast", 1),)),
            BundleInput(sku="breakfast", components=()),
        ]

        rows = await shop.begin().run(lambda uow: bundling.put_bundles(uow, bundles=turned))

        assert [row.effect for row in rows] == [Put.INSERTED, Put.UPDATED]

    async def test_refuses_what_was_ever_stocked(self, shop: Shop) -> None:
        with pytest.raises(BundleStocked) as refused:
            await bundle(shop, "tent", {"mug": 1})

        assert refused.value.field == ("bundles", "0", "sku")
        assert await made_of(shop, "tent") == {}

    async def test_keeps_bundles_from_being_stocked(self, shop: Shop) -> None:
        await bundle(shop, "kettle", {"mug": 1})

        with pytest.raises(BundleStocked):
            await set_own(shop, {("kettle", "camden"): 1})

    async def test_refuses_what_is_not_there(self, shop: Shop) -> None:
        with pytest.raises(UnknownVariant) as unknown:
            await bundle(shop, "kettle", {"unicorn": 1})

        assert unknown.value.field == ("bundles", "0", "components", "0", "sku")

    @pytest.mark.parametrize("quantity", [0, -1, 1001])
    async def test_refuses_numbers_that_make_no_sense(self, shop: Shop, quantity: int) -> None:
        with pytest.raises(Invalid) as refused:
            await bundle(shop, "kettle", {"mug": quantity})

        assert refused.value.field == ("bundles", "0", "components", "0", "quantity")

    async def test_is_for_those_who_may(self, shop: Shop) -> None:
        with pytest.raises(Forbidden):
            await bundle(shop, "kettle", {"mug": 1}, by="manager")
