"""Which descriptions of products and categories are refused."""

from dataclasses import replace

import pytest

from app.catalog.errors import CategoryLoop
from app.catalog.rules import (
    MOST_VARIANTS,
    AttributeInput,
    CategoryInput,
    CategoryStep,
    MediaInput,
    ProductInput,
    VariantInput,
    check_categories,
    check_products,
    check_tree,
)
from app.kernel.errors import Invalid

RED = AttributeInput("color", "Color", "red", "Red")
BLUE = AttributeInput("color", "Color", "blue", "Blue")
MUG = ProductInput(slug="mug", name="Mug", variants=(VariantInput(sku="mug-1", name="Mug"),))


def _with(variant: VariantInput) -> ProductInput:
    return replace(MUG, variants=(variant,))


class TestProducts:
    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            (replace(MUG, slug=""), ("slug",)),
            (replace(MUG, name="m" * 256), ("name",)),
            (replace(MUG, description="d" * 20_001), ("description",)),
            (replace(MUG, category=(CategoryStep("kitchen", ""),)), ("category", "0", "name")),
            (replace(MUG, media=(MediaInput(""),)), ("media", "0", "url")),
            (replace(MUG, attributes=(RED, RED)), ("attributes", "1", "code")),
            (_with(VariantInput(sku=" ", name="Mug")), ("variants", "0", "sku")),
            (_with(VariantInput(sku="mug-1", name="Mug", gtin="123")), ("variants", "0", "gtin")),
            (
                _with(VariantInput(sku="mug-1", name="Mug", options=(RED, BLUE))),
                ("variants", "0", "options", "1", "code"),
            ),
        ],
    )
    def test_are_refused_with_the_field_at_fault(self, wrong: ProductInput, field: tuple[str, ...]) -> None:
        with pytest.raises(Invalid) as refused:
            check_products([wrong])

        assert refused.value.field == ("products", "0", *field)

    def test_have_one_slug_each(self) -> None:
        with pytest.raises(Invalid) as refused:
            check_products([MUG, replace(MUG, variants=())])

        assert refused.value.field == ("products", "1", "slug")

    def test_share_no_sku(self) -> None:
        with pytest.raises(Invalid) as refused:
            check_products([MUG, replace(MUG, slug="other-mug")])

        assert refused.value.field == ("products", "1", "variants", "0", "sku")

    def test_have_so_many_variants_and_no_more(self) -> None:
        variants = tuple(VariantInput(sku=f"mug-{n}", name="Mug") for n in range(MOST_VARIANTS + 1))

        check_products([replace(MUG, variants=variants[:-1])])
        with pytest.raises(Invalid):
            check_products([replace(MUG, variants=variants)])

    def test_may_have_several_values_of_one_attribute(self) -> None:
        check_products([replace(MUG, attributes=(RED, BLUE))])


class TestCategories:
    def test_have_one_slug_each(self) -> None:
        with pytest.raises(Invalid):
            check_categories([CategoryInput("home", "Home"), CategoryInput("home", "House")])

    def test_never_stand_below_themselves(self) -> None:
        home, kitchen = CategoryInput("home", "Home", parent_slug="kitchen"), CategoryInput("kitchen", "Kitchen")

        check_tree({"home": "kitchen", "kitchen": None}, [home, kitchen])
        with pytest.raises(CategoryLoop):
            check_tree({"home": "kitchen", "kitchen": "home"}, [home])
