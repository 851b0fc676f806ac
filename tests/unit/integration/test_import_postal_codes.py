"""Rows of postal codes, and files of GeoNames."""

from decimal import Decimal
from pathlib import Path

import pytest

from app.integration.rules import mapping, postal_codes
from app.integration.rules.postal_codes import Gathered, PostalCodeRow
from app.integration.rules.reading import Format, open_source
from app.integration.rules.rows import BadRow, MappedRow, RowProblem, SourceRow
from app.locations.rules.postal_codes import PostalCode

BERLIN: dict[str, object] = {"country": "de", "code": "10115", "latitude": "52.5323", "longitude": Decimal("13.3846")}
GEONAMES = (
    "DE\t01067\tDresden\tSachsen\tSN\t\t00\tDresden, Stadt\t14612\t51.05\t13.71\t6\n"
    '\nDE\t01067\tDresden "Alt\tSachsen\tSN\t\t00\tDresden, Stadt\t14612\t51.07\t13.73\t6\n'
    "DE\tcut off\n"
    "DE\t80331\tMünchen\tBayern\tBY\tOberbayern\t091\tMünchen\t09162\t48.1345\t11.571\t\n"
)


def read(**fields: object) -> PostalCodeRow | list[RowProblem]:
    return postal_codes.read(MappedRow(1, {**BERLIN, **fields}))


def row(code: str, latitude: float, longitude: float, *, number: int) -> PostalCodeRow:
    return PostalCodeRow(number, PostalCode("DE", code, latitude, longitude))


class TestPostalCodeRow:
    def test_is_kept_as_it_is_looked_for(self) -> None:
        assert read(code=" sw1a-1aa ", country="gb") == PostalCodeRow(1, PostalCode("GB", "SW1A1AA", 52.5323, 13.3846))

    @pytest.mark.parametrize(
        ("field", "value", "reason"),
        [
            ("country", "Germany", "not a country code of ISO 3166-1, such as DE"),
            ("country", None, "missing"),
            ("code", " ", "missing"),
            ("code", "---", "has no letter and no digit"),
            ("code", "1234567890123", "longer than 12 characters"),
            ("latitude", "91", "not degrees between -90 and 90"),
            ("latitude", "north", "not degrees between -90 and 90"),
            ("latitude", True, "not degrees between -90 and 90"),
            ("longitude", "-180.5", "not degrees between -180 and 180"),
            ("longitude", "nan", "not degrees between -180 and 180"),
            ("longitude", "", "missing"),
        ],
    )
    def test_is_refused_with_its_reason(self, field: str, value: object, reason: str) -> None:
        refusals = read(**{field: value})

        assert isinstance(refusals, list)
        assert [(problem.field, problem.reason) for problem in refusals] == [(field, reason)]

    def test_gets_back_the_zero_that_a_spreadsheet_took(self) -> None:
        mended = read(country="US", code="2128")

        assert isinstance(mended, PostalCodeRow)
        assert (mended.postal_code.code, len(mended.notes)) == ("02128", 1)


class TestGathered:
    def test_puts_a_code_in_the_middle_of_its_places(self) -> None:
        gathered = Gathered()
        for given in (
            row("A", 50.0, 10.0, number=1),
            row("B", 1.0, 1.0, number=2),
            row("A", 51.0, 11.0, number=3),
        ):
            gathered.gather(given)

        assert list(gathered.rows()) == [row("A", 50.5, 10.5, number=1), row("B", 1.0, 1.0, number=2)]
        assert (len(gathered), gathered.due(from_row=2), list(gathered.rows(from_row=2))) == (
            2,
            1,
            [row("B", 1.0, 1.0, number=2)],
        )


class TestGeoNames:
    def test_is_read_by_its_tabs(self, tmp_path: Path) -> None:
        path = tmp_path / "DE.txt"
        path.write_text(GEONAMES, encoding="utf-8")

        source = open_source(path, file_format=Format.GEONAMES)
        plan = mapping.plan(
            mapping.POSTAL_CODES, columns=source.columns, wanted={}, columns_are_all=source.columns_are_all
        )
        found = list(source.rows())

        assert [given.number for given in found] == [1, 3, 4, 5]
        assert isinstance(found[2], BadRow)
        assert isinstance(found[1], SourceRow)
        assert plan.apply(found[1]).values == {
            "country": "DE", "code": "01067", "latitude": "51.07", "longitude": "13.73",
        }  # fmt: skip
