"""Rows of settlement reports, read and compared without a database."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.errors import BrokenInvariant, Invalid
from app.kernel.ids import PaymentId
from app.payments.gateway import Gateway, Settlement, SettlementUnreadable
from app.payments.gateways.test import TestGateway
from app.payments.rules import misfit
from app.payments.rules.reconciling import (
    LATE_WITHIN,
    LedgerStep,
    PassedOver,
    Period,
    Report,
    Row,
    Unreadable,
    compare,
    period_of,
    read,
    unreported,
)
from app.payments.states import DifferenceKind, TransactionKind, TransactionState

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ROW = Row(2, TransactionKind.CAPTURE, NOON, 500, "GBP", 0, None, "r", "a")
STEP = LedgerStep(
    2, UUID(int=1), PaymentId(UUID(int=2)), None, TransactionKind.CAPTURE, TransactionState.SUCCEEDED, 500, "GBP", "r", "a", NOON
)  # fmt: skip
GATEWAY = TestGateway(cast("Any", None))
SETTLED = Settlement(TransactionKind.CAPTURE, NOON, 500, "GBP")


class _Hasty:
    """A gateway that reads its whole report before it tells of any row, and forgets or makes up some."""

    name = "hasty"

    def __init__(self, told: int) -> None:
        self.told = told

    def read_settlement(self, rows: Iterable[Mapping[str, str]]) -> Iterator[Settlement | SettlementUnreadable | None]:
        """Tell of so many rows."""
        list(rows)
        yield from [SETTLED] * self.told


def told(text: str) -> list[Row | Unreadable | PassedOver]:
    """Read a report of the test gateway."""
    return list(read(GATEWAY, Report.of_text(text)))


class TestRead:
    def test_counts_rows_as_people_see_them(self) -> None:
        text = (
            "kind,at,amount_minor,currency\nVOID,2026-01-01T12:00Z,1,GBP\n\nnonsense\nCAPTURE,2026-01-01T12:00Z,1,GBP\n"
        )

        rows = told(text)

        assert [(type(row), row.number) for row in rows] == [(PassedOver, 2), (Unreadable, 4), (Row, 5)]

    @pytest.mark.parametrize("delimiter", [",", ";", "\t"])
    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_takes_what_spreadsheets_write(self, delimiter: str, end: str) -> None:
        lines = ["\ufeffkind, at ,amount_minor,currency,reference", '"CAPTURE",2026-01-01T12:00Z,1,GBP,"a ""b"""', ""]

        [row] = told(end.join(lines).replace(",", delimiter))

        assert isinstance(row, Row)
        assert (row.kind, row.reference) == (TransactionKind.CAPTURE, 'a "b"')

    def test_goes_on_behind_a_cell_that_is_too_long(self) -> None:
        head = "kind,at,amount_minor,currency\n"
        good = "CAPTURE,2026-01-01T12:00Z,1,GBP\n"

        rows = told(head + "x" * 200_000 + ",,,\n" + good)

        assert [type(row) for row in rows] == [Unreadable, Row]

    @pytest.mark.parametrize("rows_told", [0, 1, 3])
    def test_finds_out_a_gateway_that_does_not_tell_of_every_row(self, rows_told: int) -> None:
        with pytest.raises(BrokenInvariant, match="rows than it was given"):
            list(read(cast("Gateway", _Hasty(rows_told)), Report.of_text("a,b\n1,2\n3,4\n")))

    def test_bears_a_gateway_that_reads_ahead(self) -> None:
        rows = list(read(cast("Gateway", _Hasty(2)), Report.of_text("a,b\n1,2\nx\n3,4\n")))

        assert sorted((row.number, type(row).__name__) for row in rows) == [(2, "Row"), (3, "Unreadable"), (4, "Row")]

    def test_refuses_what_is_not_text(self) -> None:
        def lines() -> Iterator[str]:
            yield "a,b\n"
            raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")

        with pytest.raises(Invalid, match="not text in UTF-8"):
            list(read(GATEWAY, Report(None, "0" * 64, lines)))

    @given(text=st.text(alphabet=st.characters(codec="utf-8"), max_size=200))
    def test_never_fails_otherwise_than_by_saying_why(self, text: str) -> None:
        try:
            rows = told("kind,at,amount_minor,currency\n" + text)
        except Invalid:
            return
        assert [row.number for row in rows] == sorted({row.number for row in rows})


class TestCompare:
    def test_finds_nothing_where_both_say_the_same(self) -> None:
        assert compare(ROW, STEP) == []

    @pytest.mark.parametrize("state", [TransactionState.REQUESTED, TransactionState.UNKNOWN, TransactionState.FAILED])
    def test_tells_a_state_apart_from_the_money(self, state: TransactionState) -> None:
        step = LedgerStep(
            2, STEP.id, STEP.payment_id, None, STEP.kind, state, 400, "GBP", None, "a", None
        )  # fmt: skip

        found = compare(ROW, step)

        assert [one.kind for one in found] == [DifferenceKind.AMOUNT_DIFFERS, DifferenceKind.STATE_DIFFERS]
        assert {(one.ours_minor, one.theirs_minor, one.state) for one in found} == {(400, 500, state)}


class TestKey:
    @pytest.mark.parametrize("key", ["", "pi_123", "not-a-uuid", "\0", "é" * 40])
    def test_that_is_none_of_ours_names_no_step(self, key: str) -> None:
        assert Row(2, TransactionKind.CAPTURE, NOON, 1, "GBP", 0, key, None, None).step_id is None

    def test_of_a_capture_does_not_name_what_a_bank_fetched_back(self) -> None:
        assert Row(2, TransactionKind.CHARGEBACK, NOON, 1, "GBP", 0, str(STEP.id), None, None).step_id is None


class TestPeriod:
    def test_is_what_was_asked_before_it_is_what_the_rows_say(self) -> None:
        assert period_of(NOON, NOON + DAY, None, None) == Period(NOON, NOON + DAY)
        assert period_of(None, NOON + DAY, NOON, NOON) == Period(NOON, NOON + DAY)
        assert period_of(NOON - DAY, None, NOON, NOON).start == NOON - DAY

    def test_has_its_last_row_in_it(self) -> None:
        period = period_of(None, None, NOON, NOON)

        assert period.start <= NOON < period.end

    def test_has_to_be_said_by_somebody(self) -> None:
        with pytest.raises(Invalid, match="say it"):
            period_of(NOON, None, None, None)


class TestUnreported:
    @given(before_end=st.timedeltas(min_value=timedelta(microseconds=1), max_value=timedelta(days=30)))
    def test_is_late_within_two_days_of_the_end_and_missing_before(self, before_end: timedelta) -> None:
        period = Period(NOON - 30 * DAY, NOON)
        step = LedgerStep(
            0, STEP.id, STEP.payment_id, None, STEP.kind, STEP.state, 5, "GBP", None, None, NOON - before_end
        )

        kind = unreported(step, period).kind

        assert (kind is DifferenceKind.LATE) is (before_end <= LATE_WITHIN)


class TestMisfit:
    def test_lets_what_is_sane_pass(self) -> None:
        assert misfit(SETTLED) is None

    @pytest.mark.parametrize(
        "wrong",
        [
            {"amount_minor": -1}, {"amount_minor": 10**13}, {"fee_minor": -(10**13)}, {"currency": "gbp"},
            {"currency": "G1P"}, {"currency": "ÄÖÜ"}, {"key": "\0"}, {"reference": "x" * 256},
            {"authorization": "\ud800"}, {"at": NOON.replace(tzinfo=None)}, {"at": NOON.replace(year=900)},
        ],
        ids=str,
    )  # fmt: skip
    def test_says_why_nothing_else_does(self, wrong: dict[str, Any]) -> None:
        fine: dict[str, Any] = {"kind": SETTLED.kind, "at": NOON, "amount_minor": 500, "currency": "GBP"}

        assert misfit(Settlement(**(fine | wrong)))
