"""Opening files that others wrote."""

import csv
import io
import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.integration.rules.delimited import LONGEST_VALUE, delimiter_of
from app.integration.rules.reading import Format, UnreadableFile, open_source
from app.integration.rules.rows import BadRow, SourceRow

TEN_MEGABYTES = 10 << 20


def written(tmp_path: Path, name: str, content: str | bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(path: Path, file_format: Format | None = None) -> list[SourceRow | BadRow]:
    return list(open_source(path, file_format=file_format).rows())


class TestCsv:
    @pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
    def test_finds_the_delimiter(self, tmp_path: Path, delimiter: str) -> None:
        lines = [["sku", "name"], ["mug", "Mug, large; blue | white"], ["cup", 'Cup "A"']]
        text = io.StringIO()
        csv.writer(text, delimiter=delimiter).writerows(lines)

        rows = read(written(tmp_path, "goods.csv", text.getvalue()))

        assert rows == [
            SourceRow(2, {"sku": "mug", "name": "Mug, large; blue | white"}),
            SourceRow(3, {"sku": "cup", "name": 'Cup "A"'}),
        ]

    def test_takes_decimal_commas_for_no_delimiter(self) -> None:
        assert delimiter_of(["sku;price\n", "mug;1,50\n", "cup;2,50\n"]) == ";"

    @pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
    def test_knows_every_line_ending(self, tmp_path: Path, ending: str) -> None:
        rows = read(written(tmp_path, "goods.csv", ending.join(["sku,name", "mug,Mug", ""])))

        assert rows == [SourceRow(2, {"sku": "mug", "name": "Mug"})]

    def test_drops_the_byte_order_mark_and_obeys_excels_hint(self, tmp_path: Path) -> None:
        rows = read(written(tmp_path, "goods.csv", "\ufeffsep=;\nsku;name\nmug;Mug\n"))

        assert rows == [SourceRow(3, {"sku": "mug", "name": "Mug"})]

    def test_numbers_rows_by_the_line_they_begin_in(self, tmp_path: Path) -> None:
        rows = read(written(tmp_path, "goods.csv", 'sku,name\nmug,"Mug\nof two lines"\n\ncup,Cup\n'))

        assert rows == [
            SourceRow(2, {"sku": "mug", "name": "Mug\nof two lines"}),
            SourceRow(5, {"sku": "cup", "name": "Cup"}),
        ]

    def test_reports_uneven_rows_and_takes_the_others(self, tmp_path: Path) -> None:
        rows = read(written(tmp_path, "goods.csv", "sku,name\nmug\nmug,Mug,Cup\nmug,Mug,,\n"))

        assert rows == [
            BadRow(2, "has 1 value, where the header has 2"),
            BadRow(3, "has 3 values, where the header has 2"),
            SourceRow(4, {"sku": "mug", "name": "Mug"}),
        ]

    def test_loses_only_the_row_with_the_stray_quotation_mark(self, tmp_path: Path) -> None:
        rows = read(written(tmp_path, "goods.csv", 'sku,name\nmug,"Mug\ncup,Cup\njug,"Jug"\npan,"Pan\npot,Pot\n'))

        assert [row.number for row in rows if isinstance(row, BadRow)] == [2, 5]
        assert [row.fields["sku"] for row in rows if isinstance(row, SourceRow)] == ["cup", "jug", "pot"]

    def test_tells_columns_of_the_same_name_apart(self, tmp_path: Path) -> None:
        assert open_source(written(tmp_path, "goods.csv", "sku,,price,price,\n1,2,3,4,\n")).columns == (
            "sku",
            "column 2",
            "price",
            "price (2)",
        )

    def test_survives_nul_bytes_and_huge_values(self, tmp_path: Path) -> None:
        huge = "x" * TEN_MEGABYTES

        rows = read(
            written(
                tmp_path, "goods.csv", f"sku,name\nm\0g,Mug\ncup,{huge}\njug,{'x' * (LONGEST_VALUE + 1)}\npot,Pot\n"
            )
        )

        assert [row.number for row in rows if isinstance(row, BadRow)] == [4]
        taken = [row for row in rows if isinstance(row, SourceRow)]
        assert taken[0].fields["sku"] == "m\0g"
        assert taken[1].fields["name"] == huge
        assert taken[2].fields["sku"] == "pot"

    @given(
        table=st.integers(1, 4).flatmap(
            lambda width: st.lists(
                st.lists(
                    st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=8),
                    min_size=width,
                    max_size=width,
                ),
                max_size=6,
            )
        )
    )
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    def test_gives_back_what_was_written(self, tmp_path: Path, table: list[list[str]]) -> None:
        header = [f"c{place}" for place in range(len(table[0]) if table else 1)]
        text = io.StringIO()
        csv.writer(text, delimiter=";", quoting=csv.QUOTE_ALL).writerows([header, *table])

        rows = read(written(tmp_path, "goods.csv", "sep=;\n" + text.getvalue()))

        expected = [values for values in table if any(value.strip() for value in values)]
        assert [list(row.fields.values()) for row in rows if isinstance(row, SourceRow)] == expected
        assert not [row for row in rows if isinstance(row, BadRow)]


class TestJson:
    def test_streams_an_array_and_keeps_every_digit(self, tmp_path: Path) -> None:
        rows = read(
            written(tmp_path, "goods.json", '[{"sku": "mug", "price": 0.1000000000000000055}, 7, {"sku": "cup"}]')
        )

        assert rows == [
            SourceRow(1, {"sku": "mug", "price": Decimal("0.1000000000000000055")}),
            BadRow(2, "not an object"),
            SourceRow(3, {"sku": "cup"}),
        ]

    def test_finds_the_one_array_in_an_object(self, tmp_path: Path) -> None:
        rows = read(written(tmp_path, "goods.json", '{"total": 1, "products": [{"sku": "mug"}]}'))

        assert rows == [SourceRow(1, {"sku": "mug"})]

    @pytest.mark.parametrize("document", ['{"a": [], "b": []}', '{"a": 1}', '"text"', '{"a": [}'])
    def test_refuses_what_has_no_rows_to_find(self, tmp_path: Path, document: str) -> None:
        with pytest.raises(UnreadableFile):
            open_source(written(tmp_path, "goods.json", document))

    def test_says_where_an_array_breaks_off(self, tmp_path: Path) -> None:
        rows = read(written(tmp_path, "goods.json", '[{"sku": "mug"}, {"sku": }, {"sku": "cup"}]'))

        assert rows[0] == SourceRow(1, {"sku": "mug"})
        assert isinstance(rows[1], BadRow)
        assert rows[1].number == 2
        assert "nothing from here on" in rows[1].reason

    def test_names_nested_fields_with_dots(self, tmp_path: Path) -> None:
        source = open_source(
            written(tmp_path, "stores.json", '[{"id": 1, "at": {"lat": 1.5, "lon": 2}, "tags": ["a"]}]')
        )

        assert source.columns == ("id", "at.lat", "at.lon", "tags")

    @given(
        elements=st.lists(
            st.dictionaries(st.text(max_size=5), st.text() | st.integers() | st.lists(st.booleans()), max_size=4)
        ),
        indent=st.sampled_from([None, 2]),
        filler=st.integers(0, 3),
    )
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
    def test_gives_back_what_was_written(
        self, tmp_path: Path, elements: list[dict[str, object]], indent: int | None, filler: int
    ) -> None:
        # The filler makes elements lie across the pieces in which a file is read.
        elements = [{"filler": "\u00e9" * 40_000 * filler}, *elements]

        rows = read(written(tmp_path, "goods.json", json.dumps(elements, indent=indent)))

        assert rows == [SourceRow(number, element) for number, element in enumerate(elements, 1)]

    @pytest.mark.parametrize("number", ["NaN", "1e99999999999999999999", "9" * 5_000, "[" * 100_000])
    def test_takes_no_number_that_cannot_be_held(self, tmp_path: Path, number: str) -> None:
        rows = read(written(tmp_path, "goods.jsonl", f'{{"price": {number}}}\n{{"sku": "mug"}}\n'))

        assert isinstance(rows[0], BadRow)
        assert rows[1] == SourceRow(2, {"sku": "mug"})


class TestJsonLines:
    def test_reports_a_malformed_line_and_takes_the_others(self, tmp_path: Path) -> None:
        rows = read(written(tmp_path, "goods.jsonl", '{"sku": "mug"}\n\n{"sku": \n[1]\n{"sku": "cup"}'))

        assert [row.number for row in rows if isinstance(row, BadRow)] == [3, 4]
        assert [row.number for row in rows if isinstance(row, SourceRow)] == [1, 5]


class TestFile:
    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            ("sku,name\nmug,Caf\u00e9\n".encode("latin-1"), "line 2 is not UTF-8"),
            ("sku,name\n".encode("utf-16"), "UTF-16"),
            ("sku,name\n".encode("utf-16-le"), "UTF-16"),
            (b"PK\x03\x04rest", "Excel"),
            (b" \n", "empty"),
            ("sku\nCaf\u00e9".encode()[:-1], "cut off"),
        ],
    )
    def test_refuses_what_is_not_utf8_text(self, tmp_path: Path, content: bytes, reason: str) -> None:
        with pytest.raises(UnreadableFile, match=reason):
            open_source(written(tmp_path, "goods.csv", content))

    def test_refuses_an_unknown_extension_unless_told_the_format(self, tmp_path: Path) -> None:
        path = written(tmp_path, "goods.dat", "sku,name\nmug,Mug\n")

        with pytest.raises(UnreadableFile, match="csv, json, jsonl"):
            open_source(path)
        assert read(path, Format.CSV) == [SourceRow(2, {"sku": "mug", "name": "Mug"})]

    def test_refuses_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(UnreadableFile, match="No such file"):
            open_source(tmp_path / "goods.csv")

    @pytest.mark.parametrize("name", ["goods.csv", "goods.jsonl"])
    def test_tells_how_far_it_has_come(self, tmp_path: Path, name: str) -> None:
        source = open_source(written(tmp_path, name, '{"sku":1}\n' * 50_000))
        told: list[int] = []

        for _ in source.rows(on_bytes=told.append):
            pass

        assert len(told) > 2
        assert told == sorted(told)
        assert told[-1] == source.size_bytes
