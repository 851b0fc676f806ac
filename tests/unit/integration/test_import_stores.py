"""Rows of stores and of stock, and time zones."""

import math
from decimal import Decimal

import pytest

from app.integration.rules import stock, stores, timezones
from app.integration.rules.hours import Opening
from app.integration.rules.rows import MappedRow, RowProblem, Unreadable
from app.integration.rules.stock import StockRow
from app.integration.rules.stores import StoreRow
from app.locations.states import PickupSupply

HOPKINS: dict[str, object] = {
    "code": 4,
    "name": "Minnetonka",
    "line1": "13513 Ridgedale Dr",
    "city": "Hopkins",
    "region": "MN",
    "country": "us",
    "latitude": Decimal("44.969658"),
    "longitude": "-93.449539",
}


def read(**fields: object) -> StoreRow | list[RowProblem]:
    return stores.read(MappedRow(1, {**HOPKINS, **fields}))


def taken(**fields: object) -> StoreRow:
    row = read(**fields)
    assert isinstance(row, StoreRow)
    return row


class TestStore:
    def test_is_opened_in_the_time_zone_of_its_place(self) -> None:
        store = taken(hours="Mon: 10-9", pickup="no")

        assert (store.code, store.address.country, store.timezone) == ("4", "US", "America/Chicago")
        assert (store.latitude, store.longitude) == (44.969658, -93.449539)
        assert (store.hours, store.pickup, store.notes) == ((Opening(0, 600, 1260),), False, ())

    def test_prefers_the_time_zone_it_was_given(self) -> None:
        assert taken(timezone="America/Detroit").timezone == "America/Detroit"

    @pytest.mark.parametrize(
        ("fields", "refused"),
        [
            ({"code": ""}, "code"),
            ({"name": None}, "name"),
            ({"line1": " "}, "line1"),
            ({"city": None}, "city"),
            ({"country": "USA"}, "country"),
            ({"country": None}, "country"),
            ({"latitude": None, "longitude": None}, "timezone"),
        ],
    )
    def test_is_refused_without_what_a_store_needs(self, fields: dict[str, object], refused: str) -> None:
        problems = read(**fields)

        assert isinstance(problems, list)
        assert [problem.field for problem in problems] == [refused]

    @pytest.mark.parametrize(
        ("fields", "noted"),
        [
            ({"timezone": "Mars/Olympus"}, ["timezone"]),
            ({"hours": "Mon: 10-9; by appointment"}, ["hours"]),
            ({"hours": 7}, ["hours"]),
            ({"pickup": "perhaps"}, ["pickup"]),
            ({"pickup_supply": "the moon"}, ["pickup_supply"]),
            ({"latitude": "north", "timezone": "America/Chicago"}, ["latitude", "latitude"]),
            ({"latitude": "-93.4", "longitude": "44.9", "timezone": "America/Chicago"}, ["latitude"]),
        ],
    )
    def test_is_opened_without_what_could_not_be_read(self, fields: dict[str, object], noted: list[str]) -> None:
        assert [note.field for note in taken(**fields).notes] == noted

    @pytest.mark.parametrize(
        ("written", "supply"),
        [(None, None), ("own", PickupSupply.OWN), ("TRANSFER", PickupSupply.TRANSFER), ("yes", PickupSupply.TRANSFER)],
    )
    def test_says_where_its_pickups_come_from(self, written: object, supply: PickupSupply | None) -> None:
        assert taken(pickup_supply=written).pickup_supply is supply

    def test_knows_unknown_hours_from_closed_ones(self) -> None:
        assert taken().hours is None
        assert taken(hours="by appointment").hours is None
        assert taken(hours="Closed").hours == ()
        assert taken(hours={"monday": "10-9", "sunday": ""}).hours == (Opening(0, 600, 1260),)

    @pytest.mark.parametrize(("sent", "mended"), [("2128", "02128"), (961, "00961"), ("2128-1000", "02128-1000")])
    def test_gives_back_the_zero_a_spreadsheet_took_from_a_us_postal_code(self, sent: object, mended: str) -> None:
        store = taken(postal_code=sent)

        assert store.address.postal_code == mended
        assert [note.field for note in store.notes] == ["postal_code"]

    def test_leaves_postal_codes_of_other_countries_alone(self) -> None:
        assert taken(postal_code="2128", country="NO").address.postal_code == "2128"


class TestTimeZone:
    @pytest.mark.parametrize(
        ("latitude", "longitude", "zone"),
        [(51.5, -0.12, "Europe/London"), (18.39, -66.1, "America/Puerto_Rico"), (61.2, -149.9, "America/Anchorage")],
    )
    def test_is_that_of_the_place(self, latitude: float, longitude: float, zone: str) -> None:
        assert timezones.at(latitude=latitude, longitude=longitude) == zone

    @pytest.mark.parametrize(
        ("latitude", "longitude"), [(0, 0), (30, -155.5), (91, 0), (0, 181), (math.nan, 0), (0, math.inf)]
    )
    def test_is_refused_at_sea_and_off_the_earth(self, latitude: float, longitude: float) -> None:
        with pytest.raises(Unreadable):
            timezones.at(latitude=latitude, longitude=longitude)


class TestStock:
    def test_is_taken_as_whole_units(self) -> None:
        row = stock.read(MappedRow(3, {"sku": "mug", "location": 4, "quantity": "12.0"}))

        assert row == StockRow(row=3, sku="mug", location="4", quantity=12)

    @pytest.mark.parametrize("quantity", [None, "-1", "1.5", "some", "3000000000"])
    def test_is_refused_when_no_shelf_can_hold_it(self, quantity: object) -> None:
        problems = stock.read(MappedRow(3, {"sku": "mug", "location": "L1", "quantity": quantity}))

        assert isinstance(problems, list)
        assert [(problem.row, problem.field) for problem in problems] == [(3, "quantity")]

    def test_may_be_negative_as_a_change(self) -> None:
        row = stock.read(MappedRow(3, {"sku": "mug", "location": "L1", "quantity": "-1"}), may_be_negative=True)

        assert isinstance(row, StockRow)

    def test_names_rows_that_speak_of_the_same_shelf(self) -> None:
        rows = [StockRow(number, sku, "L1", 1) for number, sku in [(2, "mug"), (3, "cup"), (4, "mug"), (1, "cup")]]

        assert stock.repeated(rows) == [(1, 3), (2, 4)]
