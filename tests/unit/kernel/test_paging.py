"""Keyset pagination: what a connection's arguments mean, and cursors that are none of ours."""

from base64 import urlsafe_b64encode
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.errors import Invalid
from app.kernel.paging import MOST, USUAL, Page, PageRequest, bound, encode_cursor, page, page_request

ROW = UUID(int=7)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def cursor(*key: object) -> str:
    """Write a cursor as somebody might who knows how."""
    return urlsafe_b64encode(orjson.dumps(key)).decode()


class TestPageRequest:
    def test_is_the_usual_first_page_when_nothing_is_asked(self) -> None:
        assert page_request(first=None, after=None) == PageRequest(size=USUAL)

    def test_reads_both_directions(self) -> None:
        text = encode_cursor((NOON, ROW))

        assert page_request(first=5, after=text) == PageRequest(size=5, after=(str(NOON.isoformat()), str(ROW)))
        backward = page_request(first=None, after=None, last=5, before=text)
        assert backward.backward
        assert backward.before == (NOON.isoformat(), str(ROW))

    @pytest.mark.parametrize("size", [-1, MOST + 1])
    @pytest.mark.parametrize("name", ["first", "last"])
    def test_refuses_a_size_out_of_range_and_names_it(self, name: str, size: int) -> None:
        with pytest.raises(Invalid) as refused:
            page_request(first=size if name == "first" else None, last=size if name == "last" else None, after=None)

        assert refused.value.field == (name,)

    def test_refuses_both_directions_at_once(self) -> None:
        with pytest.raises(Invalid) as refused:
            page_request(first=1, after=None, last=1)

        assert refused.value.field == ("last",)

    @pytest.mark.parametrize("name", ["after", "before"])
    @pytest.mark.parametrize("text", ["", "%", "abc", "bm90IGpzb24=", "eyJhIjoxfQ==", "WyJhIiwgbnVsbF0=", "ü", "MQ=="])
    def test_refuses_a_foreign_cursor_and_names_it(self, name: str, text: str) -> None:
        with pytest.raises(Invalid) as refused:
            page_request(first=1, after=text if name == "after" else None, before=text if name == "before" else None)

        assert refused.value.field == (name,)

    @given(st.text())
    def test_meets_no_text_it_cannot_refuse(self, text: str) -> None:
        with suppress(Invalid):
            page_request(first=1, after=text)


class TestBound:
    @given(st.integers(min_value=1 - 2**63, max_value=2**63 - 1), st.uuids())
    def test_reads_what_a_cursor_was_made_of(self, value: int, row_id: UUID) -> None:
        request = page_request(first=1, after=encode_cursor((value, row_id)))

        assert bound(request.after, int, name="after") == (value, row_id)

    def test_reads_moments_numbers_and_names(self) -> None:
        for value, kind in ((NOON, datetime), (1.5, float), ("mug", str)):
            request = page_request(first=1, after=encode_cursor((value, ROW)))
            assert bound(request.after, kind, name="after") == (value, ROW)

    def test_is_none_without_a_cursor(self) -> None:
        assert bound(None, int, name="after") is None

    @pytest.mark.parametrize(
        ("key", "kind"),
        [
            ((1, str(ROW)), str),
            (("1", str(ROW)), int),
            ((True, str(ROW)), int),
            ((1.0, str(ROW)), int),
            # Neither a moment of any zone nor one before the first year is a moment to the database.
            (("2026-01-01T12:00:00", str(ROW)), datetime),
            (("0001-01-01T00:00:00+05:00", str(ROW)), datetime),
            (("noon", str(ROW)), datetime),
            # A number that JSON can write and a bigint cannot hold.
            ((2**63, str(ROW)), int),
            (("mu\0g", str(ROW)), str),
            ((1, "not an id"), int),
            ((1, 7), int),
            ((1,), int),
            ((1, str(ROW), 1), int),
            ((), int),
        ],
    )
    def test_refuses_a_cursor_of_another_list(self, key: tuple[object, ...], kind: type[int | str | datetime]) -> None:
        request = page_request(first=1, after=None, before=cursor(*key))

        with pytest.raises(Invalid) as refused:
            bound(request.before, kind, name="before")

        assert refused.value.field == ("before",)


class TestPage:
    @given(st.integers(0, 30), st.integers(1, 12))
    def test_forward_from_page_to_page_sees_every_row_once(self, rows: int, size: int) -> None:
        seen: list[int] = []
        after: str | None = None
        while True:
            request = page_request(first=size, after=after)
            start = bound(request.after, int, name="after")
            found = _page(list(range(0 if start is None else start[0] + 1, rows))[: size + 1], request)
            seen += found.items
            assert found.has_previous == (after is not None)
            if not found.has_next:
                break
            after = found.cursors[-1]

        assert seen == list(range(rows))

    def test_backward_answers_rows_in_the_lists_own_order(self) -> None:
        request = page_request(first=None, after=None, last=2, before=cursor(9, str(ROW)))

        found = _page([8, 7, 6], request)

        assert found.items == [7, 8]
        assert (found.has_previous, found.has_next) == (True, True)

    def test_backward_from_the_end_has_no_next(self) -> None:
        found = _page([8, 7], page_request(first=None, after=None, last=2))

        assert found.items == [7, 8]
        assert (found.has_previous, found.has_next) == (False, False)

    def test_of_no_rows_says_whether_there_are_any(self) -> None:
        found = _page([0], page_request(first=0, after=None))

        assert (found.items, found.cursors, found.has_next) == ([], [], True)

    def test_has_a_cursor_for_each_row(self) -> None:
        found = page([NOON, NOON + timedelta(days=1)], page_request(first=2, after=None), lambda moment: (moment, ROW))

        assert found.cursors == [encode_cursor((NOON, ROW)), encode_cursor((NOON + timedelta(days=1), ROW))]


def _page(found: list[int], request: PageRequest) -> Page[int]:
    return page(found, request, lambda number: (number, ROW))
