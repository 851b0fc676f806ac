"""Imports of a retailer's real data, that nobody on this project made up: what becomes sellable, and what is reported."""

import os
import re
from pathlib import Path

import pytest

from app.integration.rules import hours, mapping, products, stores
from app.integration.rules.products import ProductOptions, ProductRow
from app.integration.rules.reading import open_source
from app.integration.rules.rows import RowProblem, SourceRow
from app.integration.rules.stores import StoreRow

RETAIL = Path(os.environ.get("STOA_RETAIL_DATA") or Path(__file__).parents[4] / "shared" / "data" / "retail")
STORES_IN_FILE = 1_252
GOAL = 0.95
#: Looked at one by one: these are goods.
NAMES_IN_SMALL_LETTERS = {"Dr. Jam's Arouzer Stress Ball", "Dad's Cab Electronic Meter", "*Boombox Ipod Classic"}


def rows_of(name: str) -> tuple[list[SourceRow], tuple[str, ...]]:
    path = RETAIL / name
    if not path.exists():
        pytest.skip(f"the retail data is not at {RETAIL}; set STOA_RETAIL_DATA to where it is")
    source = open_source(path)
    rows = [row for row in source.rows() if isinstance(row, SourceRow)]
    return rows, source.columns


def read_sales(*, skip_service_codes: bool = False) -> tuple[list[SourceRow], list[ProductRow], list[RowProblem]]:
    rows, columns = rows_of("sales.csv")
    plan = mapping.plan(mapping.PRODUCTS, columns=columns, wanted={}, columns_are_all=True)
    options = ProductOptions("GBP", skip_service_codes=skip_service_codes)
    results = [products.read(plan.apply(row), options) for row in rows]
    taken = [result for result in results if isinstance(result, ProductRow)]
    problems = [problem for result in results if isinstance(result, list) for problem in result]
    return rows, taken, problems


def describes_goods(row: SourceRow) -> bool:
    """Judge a line by other means than the rules do: a price, and a name with capitals, as all names of this retailer have."""
    name, price = str(row.fields["Description"]), float(str(row.fields["UnitPrice"]))
    return price > 0 and re.search(r"[A-Z]{3}", name) is not None


class TestSales:
    def test_nearly_every_described_and_priced_code_becomes_sellable(self) -> None:
        rows, taken, _ = read_sales()
        described = {str(row.fields["StockCode"]) for row in rows if describes_goods(row)}

        sellable = {product.sku for product in products.consolidate(taken)}

        assert len(described & sellable) / len(described) >= GOAL

    def test_nearly_every_one_still_does_without_the_service_codes(self) -> None:
        rows, taken, _ = read_sales(skip_service_codes=True)
        described = {str(row.fields["StockCode"]) for row in rows if describes_goods(row)}

        sellable = {product.sku for product in products.consolidate(taken)}

        assert len(described & sellable) / len(described) >= GOAL
        assert sellable.isdisjoint({"POST", "DOT", "M", "m", "D", "S", "BANK CHARGES", "AMAZONFEE", "CRUK", "B", "C2"})

    def test_no_note_becomes_a_name(self) -> None:
        _, taken, _ = read_sales(skip_service_codes=True)

        names = {product.name for product in products.consolidate(taken)}

        assert {name for name in names if not re.search(r"[A-Z]{3}", name)} == NAMES_IN_SMALL_LETTERS

    def test_every_line_is_taken_or_reported(self) -> None:
        rows, taken, problems = read_sales()

        numbers = {product.row for product in taken} | {problem.row for problem in problems}

        assert numbers == {row.number for row in rows}

    def test_codes_that_differ_only_in_case_can_be_made_one(self) -> None:
        _, taken, _ = read_sales()

        merged = products.consolidate(taken, ignore_case=True)

        spelled = {product.sku for product in merged}
        assert len({sku.upper() for sku in spelled}) == len(spelled)
        assert {sku for sku in spelled if sku.upper() == "85123A"} == {"85123A"}


class TestStores:
    def test_all_can_be_opened(self) -> None:
        rows, columns = rows_of("stores.json")
        plan = mapping.plan(
            mapping.STORES, columns=columns, wanted=mapping.wishes(["country='US'"]), columns_are_all=False
        )

        opened = [stores.read(plan.apply(row)) for row in rows]

        assert len(opened) == STORES_IN_FILE
        assert all(isinstance(store, StoreRow) for store in opened)

    def test_all_of_their_hours_are_understood(self) -> None:
        rows, _ = rows_of("stores.json")

        weeks = [hours.parse(str(row.fields["hours"])) for row in rows]

        assert [week.not_understood for week in weeks if week.not_understood] == []
        assert all(week.openings for week in weeks)

    def test_none_opens_at_night_or_for_a_moment(self) -> None:
        rows, _ = rows_of("stores.json")

        openings = {opening for row in rows for opening in hours.parse(str(row.fields["hours"])).openings}

        by_day = {opening for opening in openings if opening.closes_minute - opening.opens_minute < hours.DAY}
        assert all(9 * 60 <= opening.opens_minute <= 13 * 60 for opening in by_day)
        assert all(17 * 60 <= opening.closes_minute <= 22 * 60 for opening in by_day)

    def test_time_zones_agree_with_the_states(self) -> None:
        rows, columns = rows_of("stores.json")
        plan = mapping.plan(
            mapping.STORES, columns=columns, wanted=mapping.wishes(["country:=US"]), columns_are_all=False
        )

        opened = [store for row in rows if isinstance(store := stores.read(plan.apply(row)), StoreRow)]

        zones = {
            region: {s.timezone for s in opened if s.address.region == region}
            for region in ("PR", "HI", "AZ", "CA", "NY")
        }
        assert zones == {
            "PR": {"America/Puerto_Rico"},
            "HI": {"Pacific/Honolulu"},
            "AZ": {"America/Phoenix"},
            "CA": {"America/Los_Angeles"},
            "NY": {"America/New_York"},
        }
