"""Rows become products under addresses of their own, the same ones every time."""

import pytest

from app.integration.rules.grouping import category_steps, chunks, groups, product_input, respelled
from app.integration.rules.names import slug_of, slug_of_path
from tests.builders.imports import product


class TestSlugOf:
    @pytest.mark.parametrize(
        ("name", "slug"),
        [
            ("Crème & Tea", "creme-and-tea"),
            ("  WHITE HANGING  HEART T-LIGHT ", "white-hanging-heart-t-light"),
            ("Straße 7", "strasse-7"),
            ("Łódź", "lodz"),
        ],
    )
    def test_writes_what_an_address_can_hold(self, name: str, slug: str) -> None:
        assert slug_of(name) == slug

    def test_keeps_names_apart_that_have_no_latin_letter(self) -> None:
        assert slug_of("茶壶") != slug_of("茶杯")
        assert slug_of("茶壶") == slug_of("茶壶")

    def test_bounds_paths(self) -> None:
        paths = [[f"{'long ' * 40}{n}" for n in (first, 2, 3)] for first in (1, 2)]

        slugs = [slug_of_path(path) for path in paths]

        assert all(len(slug) <= 240 for slug in slugs)
        assert slugs[0] != slugs[1]


class TestGroups:
    def test_gathers_the_variants_of_a_product_wherever_they_stand(self) -> None:
        rows = [product("A-S", product="A"), product("B", row=2), product("A-M", row=3, product="A")]

        found, _ = groups(rows, slugs={})

        assert [[row.sku for row in group.rows] for group in found] == [["A-S", "A-M"], ["B"]]

    def test_keeps_the_address_of_a_product_that_is_known_by_any_of_its_variants(self) -> None:
        rows = [product("A-S", product="A"), product("A-M", row=2, product="A")]

        found, _ = groups(rows, slugs={"A-M": "an-old-address"})

        assert [group.slug for group in found] == ["an-old-address"]

    def test_gives_different_products_different_addresses(self) -> None:
        found, _ = groups([product("85123A"), product("85123a", row=2)], slugs={})

        assert [group.slug for group in found] == ["tea-cosy-85123a", "tea-cosy-85123a-2"]

    def test_cuts_chunks_between_products(self) -> None:
        found, _ = groups([product(f"{p}-{v}", product=p) for p in "ABC" for v in range(3)], slugs={})

        cut = [[group.rows[0].product for group in chunk] for chunk in chunks(found, rows=6)]

        assert cut == [["A", "B"], ["C"]]


class TestProductInput:
    def test_leaves_out_what_the_rows_do_not_say(self) -> None:
        found, _ = groups([product("A")], slugs={})

        wanted = product_input(found[0], category_slugs={})

        assert (wanted.description, wanted.category, wanted.media, wanted.variants[0].options) == (
            None,
            None,
            None,
            None,
        )

    def test_names_variants_after_their_options(self) -> None:
        options = (("Colour", "Red"), ("Size", "M"))
        found, _ = groups([product("A", options=options)], slugs={})

        (variant,) = product_input(found[0], category_slugs={}).variants

        assert variant.name == "Red / M"
        assert [(option.code, option.value_code) for option in variant.options or ()] == [
            ("colour", "red"),
            ("size", "m"),
        ]

    def test_puts_categories_where_they_are(self) -> None:
        steps = category_steps(("Home", "Tea", "Pots"), {("home",): "house", ("home", "tea"): "all-tea"})

        assert [step.slug for step in steps] == ["house", "all-tea", "home-tea-pots"]


class TestRespelled:
    def test_spells_as_the_shop_does(self) -> None:
        (row,) = respelled([product("85123a")], known={"85123A": "85123A"})

        assert (row.sku, row.product) == ("85123A", "85123A")
