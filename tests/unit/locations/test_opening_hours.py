"""When a location is open, and when work that it begins is done."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.locations.rules import DayOfWeek, Opening, clock_time, is_open, minute_of, openings_between, ready_at

LONDON = "Europe/London"
MONDAY, SATURDAY, SUNDAY = 0, 5, 6
NINE, SIX = 540, 1080
WEEKDAYS = tuple(Opening(day, NINE, SIX) for day in range(5))
NIGHT_CLUB = (Opening(SATURDAY, 22 * 60, 28 * 60),)
ALWAYS = tuple(Opening(day, 0, 1440) for day in range(7))


def at(day: int, hour: int, minute: int = 0, *, month: int = 11, year: int = 2026) -> datetime:
    """Name a moment in UTC; 23 November 2026 is a Monday."""
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


class TestIsOpen:
    @pytest.mark.parametrize(
        ("moment", "expected"),
        [(at(23, 8, 59), False), (at(23, 9), True), (at(23, 17, 59), True), (at(23, 18), False), (at(28, 12), False)],
    )
    def test_goes_by_the_hours_of_the_day(self, moment: datetime, expected: bool) -> None:
        assert is_open(WEEKDAYS, LONDON, moment) is expected

    def test_goes_by_the_clock_of_the_place(self) -> None:
        assert is_open(WEEKDAYS, "America/New_York", at(23, 22, 30))
        assert not is_open(WEEKDAYS, "America/New_York", at(23, 12))

    def test_goes_on_after_midnight(self) -> None:
        assert is_open(NIGHT_CLUB, LONDON, at(29, 3, 59))
        assert not is_open(NIGHT_CLUB, LONDON, at(29, 4))

    def test_is_never_true_without_hours(self) -> None:
        assert not is_open((), LONDON, at(23, 12))


class TestOpeningsBetween:
    def test_are_cut_to_what_was_asked(self) -> None:
        openings = openings_between(WEEKDAYS, LONDON, at(23, 12), at(24, 10))

        assert openings == [(at(23, 12), at(23, 18)), (at(24, 9), at(24, 10))]

    def test_follow_the_clock_when_it_is_put_forward(self) -> None:
        sunday = (Opening(SUNDAY, NINE, SIX),)

        assert openings_between(sunday, LONDON, at(22, 0, month=3), at(23, 0, month=3)) == [
            (at(22, 9, month=3), at(22, 18, month=3))
        ]
        assert openings_between(sunday, LONDON, at(29, 0, month=3), at(30, 0, month=3)) == [
            (at(29, 8, month=3), at(29, 17, month=3))
        ]

    def test_lose_the_hour_that_the_clock_skips(self) -> None:
        # On 29 March 2026 British clocks went from 01:00 to 02:00.
        night = (Opening(SATURDAY, 23 * 60, 27 * 60),)

        [(opens, closes)] = openings_between(night, LONDON, at(28, 12, month=3), at(29, 12, month=3))

        assert closes - opens == timedelta(hours=3)

    def test_begin_at_the_change_when_the_opening_time_is_skipped(self) -> None:
        early = (Opening(SUNDAY, 90, 300),)

        openings = openings_between(early, LONDON, at(29, 0, month=3), at(30, 0, month=3))

        assert openings == [(at(29, 1, month=3), at(29, 4, month=3))]

    def test_gain_the_hour_that_the_clock_repeats(self) -> None:
        # On 25 October 2026 British clocks go from 02:00 back to 01:00.
        night = (Opening(SATURDAY, 23 * 60, 27 * 60),)

        [(opens, closes)] = openings_between(night, LONDON, at(24, 12, month=10), at(25, 12, month=10))

        assert closes - opens == timedelta(hours=5)

    def test_that_touch_are_one(self) -> None:
        assert openings_between(ALWAYS, LONDON, at(23, 12), at(26, 12)) == [(at(23, 12), at(26, 12))]


class TestReadyAt:
    def test_counts_open_minutes_alone(self) -> None:
        assert ready_at(WEEKDAYS, LONDON, at=at(23, 17), lead_minutes=120) == at(24, 10)

    def test_waits_over_the_weekend(self) -> None:
        assert ready_at(WEEKDAYS, LONDON, at=at(27, 17, 30), lead_minutes=60) == at(30, 9, 30)

    def test_is_closing_time_when_work_ends_with_the_day(self) -> None:
        assert ready_at(WEEKDAYS, LONDON, at=at(23, 16), lead_minutes=120) == at(23, 18)

    def test_is_now_when_nothing_has_to_be_done_and_it_is_open(self) -> None:
        assert ready_at(WEEKDAYS, LONDON, at=at(23, 12), lead_minutes=0) == at(23, 12)

    def test_is_opening_time_when_nothing_has_to_be_done_and_it_is_closed(self) -> None:
        assert ready_at(WEEKDAYS, LONDON, at=at(23, 20), lead_minutes=0) == at(24, 9)

    def test_is_never_for_a_place_without_hours(self) -> None:
        assert ready_at((), LONDON, at=at(23, 12), lead_minutes=0) is None

    def test_comes_even_where_a_place_opens_for_an_hour_a_week(self) -> None:
        hour = (Opening(MONDAY, NINE, NINE + 60),)

        assert ready_at(hour, LONDON, at=at(23, 12), lead_minutes=150) == at(14, 9, 30, month=12)

    @given(
        hours=st.lists(
            st.builds(lambda day, opens, length: Opening(day, opens, opens + length),
                      st.integers(0, 6), st.integers(0, 1439), st.integers(1, 1440)),
            min_size=1, max_size=10,
        ),
        start=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),
        lead=st.integers(0, 600),
        zone=st.sampled_from([LONDON, "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]),
    )  # fmt: skip
    def test_has_the_open_minutes_of_the_work_before_it(
        self, hours: list[Opening], start: datetime, lead: int, zone: str
    ) -> None:
        ready = ready_at(hours, zone, at=start, lead_minutes=lead)

        if ready is not None:
            worked = sum((closes - opens for opens, closes in openings_between(hours, zone, start, ready)), timedelta())
            assert worked == timedelta(minutes=lead)


class TestClockTime:
    @pytest.mark.parametrize(("minute", "shown"), [(0, "00:00"), (570, "09:30"), (1440, "00:00"), (1500, "01:00")])
    def test_is_what_the_clock_shows(self, minute: int, shown: str) -> None:
        assert clock_time(minute) == shown

    @given(st.integers(0, 1439))
    def test_is_read_as_it_is_written(self, minute: int) -> None:
        assert minute_of(clock_time(minute)) == minute

    @pytest.mark.parametrize("text", ["", "9:30", "24:00", "09:60", "09:30 ", "09:30:00", "٠٩:٣٠", "-1:00", "09.30"])
    def test_is_not_read_where_no_clock_shows_it(self, text: str) -> None:
        assert minute_of(text) is None

    def test_belongs_to_the_day_of_opening(self) -> None:
        assert NIGHT_CLUB[0].day_of_week is DayOfWeek.SATURDAY
