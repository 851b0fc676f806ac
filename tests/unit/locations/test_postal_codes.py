"""Postal codes: how they are written, and where those of the US are."""

import pytest

from app.locations.rules import Near, Place, Point, PostalCode, distance_km, locate
from app.locations.rules.postal_codes import normalized, packaged, ways_to_find

EMPIRE_STATE_BUILDING = Point(40.748, -73.986)
SEATTLE_LIBRARY = Point(47.607, -122.333)


def apart_km(place: Point | None, other: Point) -> float:
    assert place is not None
    return distance_km(place.latitude, place.longitude, other.latitude, other.longitude)


class TestNormalized:
    @pytest.mark.parametrize(
        ("written", "kept"),
        [(" sw1a 1aa ", "SW1A1AA"), ("1000-205", "1000205"), ("h0h\u00a00h0", "H0H0H0"), (None, ""), ("–", "")],
    )
    def test_is_upper_case_without_blanks_and_hyphens(self, written: str | None, kept: str) -> None:
        assert normalized(written) == kept


class TestWaysToFind:
    @pytest.mark.parametrize(
        ("country", "written", "ways"),
        [
            ("US", "10001-1234", ("10001",)),
            ("US", "100011234", ("10001",)),
            ("US", "10001", ("10001",)),
            ("GB", "m1 1ae", ("M11AE", "M1")),
            ("GB", "SW1A 1AA", ("SW1A1AA", "SW1A")),
            ("GB", "M11", ("M11",)),
            ("JE", "JE2 3AB", ("JE23AB", "JE2")),
            ("CA", "K1A 0B1", ("K1A0B1", "K1A0B", "K1A0", "K1A")),
            ("NL", "1012 AB", ("1012AB", "1012A", "1012", "101")),
            ("IS", "101", ("101",)),
            ("DE", "", ()),
            ("DE", "1234567890123", ()),
        ],
    )
    def test_are_the_code_and_what_it_is_part_of(self, country: str, written: str, ways: tuple[str, ...]) -> None:
        assert ways_to_find(country, written) == ways


class TestPackaged:
    def test_knows_where_american_codes_are(self) -> None:
        assert apart_km(packaged("US", "10001"), EMPIRE_STATE_BUILDING) < 2
        assert apart_km(packaged("US", "98104-2307"), SEATTLE_LIBRARY) < 2

    def test_knows_codes_of_territories_under_their_own_country(self) -> None:
        assert packaged("PR", "00901") == packaged("US", "00901") is not None

    def test_takes_a_post_office_box_for_its_neighbours(self) -> None:
        """10108 is boxes alone, in a post office of Manhattan."""
        assert apart_km(packaged("US", "10108"), EMPIRE_STATE_BUILDING) < 5

    @pytest.mark.parametrize(
        ("country", "code"),
        [
            ("US", "00000"),
            ("US", "99999"),
            ("US", "1000"),
            ("US", "1000A"),
            ("US", "١٠٠٠١"),
            ("US", ""),
            ("DE", "10001"),
        ],
    )
    def test_knows_nothing_of_others(self, country: str, code: str) -> None:
        assert packaged(country, code) is None


class TestLocate:
    OURS = Place("US", "New York", "10001", 40.0, -74.0)

    def test_believes_the_package_before_our_own_places(self) -> None:
        found = locate([self.OURS], country="US", city="New York", postal_code="10001")

        assert apart_km(found, EMPIRE_STATE_BUILDING) < 2

    def test_believes_what_was_imported_before_the_package(self) -> None:
        imported = [PostalCode("US", "10001", 40.5, -74.5)]

        assert locate([self.OURS], country="US", city=None, postal_code="10001-0001", imported=imported) == Point(
            40.5, -74.5
        )

    def test_believes_the_whole_code_before_a_part_of_it(self) -> None:
        imported = [PostalCode("CA", "K1A", 45.0, -75.0), PostalCode("CA", "K1A0B1", 45.4, -75.7)]

        assert locate([], country="CA", city=None, postal_code="K1A 0B1", imported=imported) == Point(45.4, -75.7)
        assert locate([], country="CA", city=None, postal_code="K1A 9Z9", imported=imported) == Point(45.0, -75.0)

    def test_asks_our_own_places_where_no_table_knows(self) -> None:
        assert locate([self.OURS], country="US", city="New York", postal_code="00000") == Point(40.0, -74.0)


class TestNear:
    def test_a_point_is_known_and_has_no_codes(self) -> None:
        near = Near(Point(1.0, 2.0))

        assert (near.known, near.codes) == (Point(1.0, 2.0), ())

    def test_a_code_is_known_where_the_package_knows_it(self) -> None:
        assert apart_km(Near(country="US", postal_code="10001").known, EMPIRE_STATE_BUILDING) < 2
        assert Near(country="GB", postal_code="NW1 9ZZ").known is None
