"""Rows of products, and many of them made one."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.integration.rules import goods, products
from app.integration.rules.products import ProductOptions, ProductRow
from app.integration.rules.rows import MappedRow, RowProblem

POUNDS = ProductOptions("GBP")
MUG: dict[str, object] = {"sku": "mug-1", "name": "Blue mug", "price": "4.95"}


def read(reading: ProductOptions = POUNDS, /, **fields: object) -> ProductRow | list[RowProblem]:
    return products.read(MappedRow(1, {**MUG, **fields}), reading)


def taken(**fields: object) -> ProductRow:
    row = read(**fields)
    assert isinstance(row, ProductRow)
    return row


def refused_fields(reading: ProductOptions = POUNDS, /, **fields: object) -> list[str]:
    problems = read(reading, **fields)
    assert isinstance(problems, list)
    return [problem.field for problem in problems]


class TestRead:
    def test_takes_a_product_that_is_its_own_only_variant(self) -> None:
        assert taken() == ProductRow(row=1, sku="mug-1", product="mug-1", name="Blue mug", price_minor=495)

    def test_takes_everything_a_row_can_say(self) -> None:
        row = taken(
            product="mug",
            name="  Blue\n mug ",
            description="First.\nSecond. ",
            category="Kitchen / Mugs",
            list_price=Decimal("6.5"),
            gtin="4006381333931",
            options="Size=M; Colour=Blue",
            image="https://example.com/mug.jpg",
            weight="0.35 kg",
        )

        assert row == ProductRow(
            row=1,
            sku="mug-1",
            product="mug",
            name="Blue mug",
            price_minor=495,
            description="First.\nSecond.",
            category=("Kitchen", "Mugs"),
            list_price_minor=650,
            gtin="4006381333931",
            options=(("Size", "M"), ("Colour", "Blue")),
            image="https://example.com/mug.jpg",
            weight_grams=350,
        )

    @pytest.mark.parametrize(
        ("said", "meant"), [("Yes", True), (True, True), ("0", False), (None, None), ("maybe", None)]
    )
    def test_says_whether_it_is_a_gift_card(self, said: object, meant: bool | None) -> None:
        assert taken(gift_card=said).gift_card is meant

    def test_takes_lists_and_objects_of_json(self) -> None:
        row = taken(
            category=[{"id": "a", "name": "Kitchen"}, "Mugs"], options={"Size": "M", "Litres": Decimal("0.3")}, sku=4711
        )

        assert (row.sku, row.category, row.options) == ("4711", ("Kitchen", "Mugs"), (("Size", "M"), ("Litres", "0.3")))

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("sku", ""),
            ("sku", "x" * 65),
            ("sku", "m\0g"),
            ("sku", "\ud800"),
            ("sku", True),
            ("name", None),
            ("name", ["Mug"]),
            ("name", "x" * (10 << 20)),
            ("name", "?"),
            ("price", None),
            ("price", "0"),
            ("price", "-1"),
            ("price", "1000000.01"),
            ("sold", "-3"),
            ("sold", Decimal(0)),
        ],
    )
    def test_refuses_a_row_without_code_name_price_or_sale(self, field: str, value: object) -> None:
        assert refused_fields(**{field: value}) == [field]

    def test_names_everything_that_is_wrong_at_once(self) -> None:
        assert refused_fields(sku="", name="damaged", price="0.0", sold="-5") == ["sold", "sku", "name", "price"]

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("gtin", "4006381333932"),
            ("gtin", "400638133393"),
            ("options", "large"),
            ("options", "Size=M;size=L"),
            ("image", "javascript:alert(1)"),
            ("weight", "heavy"),
            ("list_price", "4.94"),
            ("category", 7),
            ("description", "x" * 20_001),
        ],
    )
    def test_leaves_out_a_field_it_can_do_without_and_says_so(self, field: str, value: object) -> None:
        row = taken(**{field: value})

        assert [note.field for note in row.notes] == [field]
        assert (row.gtin, row.options, row.image, row.weight_grams, row.list_price_minor) == (
            None,
            (),
            None,
            None,
            None,
        )

    def test_refuses_service_codes_only_on_request(self) -> None:
        assert taken(sku="POST", name="POSTAGE").sku == "POST"
        assert refused_fields(ProductOptions("GBP", skip_service_codes=True), sku="Post", name="POSTAGE") == ["sku"]

    def test_shows_the_beginning_of_a_huge_value(self) -> None:
        problems = read(price="x" * (10 << 20))

        assert isinstance(problems, list)
        assert len(problems[0].value) == 80


class TestNotes:
    @pytest.mark.parametrize(
        "name",
        ["?", "??", "20713", "check", "CHECK", "damaged", "Damages/samples", "wet rusty", "found box", "?lost", "lost??",
         "sold as set on dotcom and amazon",
         "thrown away-can't sell.", "Wet pallet-thrown away", "wrong barcode (22467)", "Unsaleable, destroyed."],
    )  # fmt: skip
    def test_are_known(self, name: str) -> None:
        assert goods.is_note(name)

    @pytest.mark.parametrize(
        "name",
        ["Blue mug", "CHECK SHIRT", "Wet bag", "LOST PROPERTY SIGN", "Guess Who?", "Box", "BROKEN HEART NECKLACE",
         "Test tube vase",
         "blue mug", "Dr. Jam's Arouzer Stress Ball", "Café", "ボックス", "Stock pot", "Display cabinet",
         "Dotcomgiftshop Gift Voucher"],
    )  # fmt: skip
    def test_are_not_seen_in_names(self, name: str) -> None:
        assert not goods.is_note(name)


rows_of_few_skus = st.lists(
    st.builds(
        ProductRow,
        row=st.integers(1, 10_000),
        sku=st.sampled_from(["a", "A", "b"]),
        product=st.just("p"),
        name=st.sampled_from(["Mug", "Mug, blue", "Mug, pink"]),
        price_minor=st.integers(1, 500),
        weight_grams=st.none() | st.integers(1, 5),
    ),
    unique_by=lambda row: row.row,
    max_size=12,
)


class TestConsolidate:
    def test_takes_the_name_most_used_and_of_those_the_longest(self) -> None:
        names = ["Mug", "Mug", "Blue mug", "Blue mug", "Blue mug, chipped, half price"]
        rows = [ProductRow(row=n, sku="mug", product="mug", name=name, price_minor=495) for n, name in enumerate(names)]

        (mug,) = products.consolidate(rows)

        assert (mug.name, mug.lines) == ("Blue mug", 5)

    def test_takes_the_middle_price_that_no_bulk_line_moves(self) -> None:
        rows = [
            ProductRow(row=n, sku="mug", product="mug", name="Mug", price_minor=price)
            for n, price in enumerate([595, 64_950])
        ]

        assert [mug.price_minor for mug in products.consolidate(rows)] == [595]

    def test_merges_spellings_on_request(self) -> None:
        rows = [
            ProductRow(row=n, sku=sku, product=sku, name="Mug", price_minor=1)
            for n, sku in enumerate(["m1", "M1", "M1"])
        ]

        assert len(products.consolidate(rows)) == 2
        assert [(mug.sku, mug.product) for mug in products.consolidate(rows, ignore_case=True)] == [("M1", "M1")]

    @given(rows=rows_of_few_skus, ignore_case=st.booleans(), data=st.data())
    def test_does_not_depend_on_the_order_of_lines(
        self, rows: list[ProductRow], ignore_case: bool, data: st.DataObject
    ) -> None:
        shuffled = data.draw(st.permutations(rows))

        assert products.consolidate(shuffled, ignore_case=ignore_case) == products.consolidate(
            rows, ignore_case=ignore_case
        )

    @given(rows=rows_of_few_skus)
    def test_invents_no_price_and_loses_no_line(self, rows: list[ProductRow]) -> None:
        consolidated = products.consolidate(rows)

        assert sum(row.lines for row in consolidated) == len(rows)
        assert {(row.sku, row.price_minor) for row in consolidated} <= {(row.sku, row.price_minor) for row in rows}
        assert products.consolidate(consolidated) == consolidated
