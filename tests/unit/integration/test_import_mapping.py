"""Which column feeds which field."""

import pytest

from app.integration.rules.mapping import (
    PRODUCTS,
    STOCK,
    STORES,
    Column,
    Constant,
    MappingRefused,
    plan,
    wishes,
    wishes_in,
)
from app.integration.rules.rows import SourceRow

INVOICE_COLUMNS = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice")


class TestWishes:
    def test_reads_columns_constants_and_nothing(self) -> None:
        assert wishes(["sku=StockCode", "country='US'", "region:=MN", 'city="St. Paul"', "weight="]) == {
            "sku": Column("StockCode"),
            "country": Constant("US"),
            "region": Constant("MN"),
            "city": Constant("St. Paul"),
            "weight": None,
        }

    def test_reads_a_file_of_lines_or_of_json_alike(self) -> None:
        lines = wishes_in("# our till\nsku=StockCode\n\nname = Description\ncountry='US'\n")

        assert lines == wishes_in('{"sku": "StockCode", "name": "Description", "country": "\'US\'"}')

    @pytest.mark.parametrize("pairs", [["sku"], ["=StockCode"], ["sku=a", "sku=b"]])
    def test_refuses_what_is_no_pair_or_comes_twice(self, pairs: list[str]) -> None:
        with pytest.raises(MappingRefused):
            wishes(pairs)

    @pytest.mark.parametrize("text", ['{"sku": 1}', '{"sku": '])
    def test_refuses_json_that_is_no_mapping(self, text: str) -> None:
        with pytest.raises(MappingRefused):
            wishes_in(text)


class TestPlan:
    def test_guesses_a_file_of_invoice_lines(self) -> None:
        planned = plan(PRODUCTS, columns=INVOICE_COLUMNS, wanted={}, columns_are_all=True)

        assert planned.sources == {
            "sku": Column("StockCode"),
            "name": Column("Description"),
            "price": Column("UnitPrice"),
            "invoice": Column("InvoiceNo"),
            "sold": Column("Quantity"),
        }

    def test_takes_a_quantity_for_units_sold_only_beside_an_invoice(self) -> None:
        planned = plan(PRODUCTS, columns=("sku", "name", "price", "quantity"), wanted={}, columns_are_all=True)

        assert "sold" not in planned.sources

    def test_prefers_a_name_of_ours_to_an_alias(self) -> None:
        planned = plan(PRODUCTS, columns=("Description", "ID", "SKU", "Name", "Price"), wanted={}, columns_are_all=True)

        assert planned.sources["sku"] == Column("SKU")
        assert planned.sources["name"] == Column("Name")
        assert planned.sources["description"] == Column("Description")

    def test_does_not_guess_what_was_refused_or_used(self) -> None:
        wanted = wishes(["name=Description", "weight="])

        planned = plan(PRODUCTS, columns=("sku", "Description", "price", "weight"), wanted=wanted, columns_are_all=True)

        assert set(planned.sources) == {"sku", "name", "price"}

    def test_names_the_fields_there_are(self) -> None:
        with pytest.raises(MappingRefused, match="'prize'; the fields are sku, location, quantity"):
            plan(STOCK, columns=("sku",), wanted=wishes(["prize=x"]), columns_are_all=True)

    def test_names_the_columns_there_are_and_how_to_write_a_constant(self) -> None:
        with pytest.raises(MappingRefused, match=r"no column 'US'.*id, name.*country:=US"):
            plan(STORES, columns=("id", "name"), wanted=wishes(["country=US"]), columns_are_all=True)

    def test_remembers_columns_that_json_has_not_shown_yet(self) -> None:
        planned = plan(
            STOCK, columns=("sku", "location", "at.qty"), wanted=wishes(["quantity=at.count"]), columns_are_all=False
        )

        assert planned.unseen == ("at.count",)

    @pytest.mark.parametrize("wanted", [[], ["quantity="]])
    def test_refuses_to_go_without_a_needed_field(self, wanted: list[str]) -> None:
        with pytest.raises(MappingRefused, match="quantity"):
            plan(STOCK, columns=("sku", "location"), wanted=wishes(wanted), columns_are_all=True)


class TestApply:
    def test_follows_paths_into_objects_and_lists(self) -> None:
        fields = {"id": 4, "at": {"lat": 1}, "with.dot": "plain", "shelves": [{"count": 9}]}
        wanted = wishes(["sku=with.dot", "location:=L1", "quantity=shelves.0.count"])

        row = plan(STOCK, columns=("id",), wanted=wanted, columns_are_all=False).apply(SourceRow(7, fields))

        assert (row.number, row.values) == (7, {"sku": "plain", "location": "L1", "quantity": 9})

    @pytest.mark.parametrize("path", ["nowhere", "at.nowhere", "at.lat.deeper", "shelves.9", "shelves.x"])
    def test_gives_none_where_a_path_leads_nowhere(self, path: str) -> None:
        fields = {"at": {"lat": 1}, "shelves": [1]}
        wanted = wishes(["sku:=s", "location:=L1", f"quantity={path}"])

        row = plan(STOCK, columns=("at.lat",), wanted=wanted, columns_are_all=False).apply(SourceRow(1, fields))

        assert row.values["quantity"] is None
