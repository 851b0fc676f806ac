"""Opening hours as shopkeepers write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.integration.rules.hours import DAY, Opening, parse, written

WEEK = range(7)
WEEKDAYS = range(5)


def openings(days: range | list[int], *spans: tuple[float, float]) -> list[Opening]:
    return sorted(Opening(day, round(opens * 60), round(closes * 60)) for day in days for opens, closes in spans)


class TestParse:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            (
                "Mon: 10-9:30; Thurs: 9-9; Sun: 11-7",
                openings([0], (10, 21.5)) + openings([3], (9, 21)) + openings([6], (11, 19)),
            ),
            ("Mon-Sat: 10-9", openings(range(6), (10, 21))),
            ("10am-9pm", openings(WEEK, (10, 21))),
            ("10:00-21:00", openings(WEEK, (10, 21))),
            ("Open daily 10 a.m. – 9 p.m.", openings(WEEK, (10, 21))),
            ("24 hours", openings(WEEK, (0, 24))),
            ("24/7", openings(WEEK, (0, 24))),
            ("0-11:59", openings(WEEK, (0, 24))),
            ("9am-9am", openings(WEEK, (9, 33))),
            ("Fri-Sun 6pm-2am", openings([4, 5, 6], (18, 26))),
            ("Sat-Mon 22:00-02:00", openings([0, 5, 6], (22, 26))),
            ("Mo-Fr 09:00-13:00, 14:00-18:00; Sa off", openings(WEEKDAYS, (9, 13), (14, 18))),
            ("Mon, Wed & Fri 9-5, Sat 10-4", openings([0, 2, 4], (9, 17)) + openings([5], (10, 16))),
            ("9-5 Mon-Fri", openings(WEEKDAYS, (9, 17))),
            (
                "weekdays 8.30-17.30\nweekends noon to midnight",
                openings(WEEKDAYS, (8.5, 17.5)) + openings([5, 6], (12, 24)),
            ),
            ("Daily 9-9; Sun closed", openings(range(6), (9, 21))),
            ("Daily 9-9; Sun 11-6", openings(range(6), (9, 21)) + openings([6], (11, 18))),
            ("Mon 9-12; Mon 14-18", openings([0], (9, 12), (14, 18))),
            ("9-12, 1-5", openings(WEEK, (9, 12), (13, 17))),
            ("Store hours: Mon-Fri 1000-2100", openings(WEEKDAYS, (10, 21))),
            ("10h30-21h", openings(WEEK, (10.5, 21))),
            ("09:00-11:00", openings(WEEK, (9, 11))),
            ("9-11", openings(WEEK, (9, 23))),
            ("1-6", openings(WEEK, (13, 18))),
            ("12-12", openings(WEEK, (12, 24))),
            ("9pm-2", openings(WEEK, (21, 26))),
            ("Closed", []),
            ("", []),
        ],
    )
    def test_understands(self, text: str, expected: list[Opening]) -> None:
        week = parse(text)

        assert week.not_understood == ()
        assert list(week.openings) == sorted(expected)

    @pytest.mark.parametrize(
        ("text", "fragment"),
        [
            ("Mon: 9-late; Tue: 10-8", "Mon: 9-late"),
            ("by appointment; Tue 10-8", "by appointment"),
            ("Mon: 25-30, Tue: 10-8", "Mon: 25-30"),
            ("Mon; Tue: 10-8", "Mon"),
            ("Mon: 13pm-2; Tue: 10-8", "Mon: 13pm-2"),
            ("Mon 9-17, 12-18; Tue: 10-8", "Mon 9-17, 12-18"),
            ("Tue 10-8; PH off", "PH off"),
        ],
    )
    def test_names_what_it_does_not_understand_and_takes_the_other_days(self, text: str, fragment: str) -> None:
        week = parse(text)

        assert week.not_understood == (fragment,)
        assert list(week.openings) == openings([1], (10, 20))

    def test_takes_nothing_from_a_novel(self) -> None:
        week = parse("Mon: 10-9; " * 1_000)

        assert week.openings == ()
        assert len(week.not_understood[0]) < 50

    @given(
        week=st.lists(
            st.tuples(st.integers(0, 6), st.integers(0, DAY - 1), st.integers(1, DAY))
            .map(lambda drawn: Opening(drawn[0], drawn[1], drawn[1] + drawn[2]))
            # One minute to midnight is read as midnight, on purpose.
            .filter(lambda opening: opening.closes_minute % DAY != DAY - 1),
            unique_by=lambda opening: opening.day,
        )
    )
    def test_gives_back_what_was_written(self, week: list[Opening]) -> None:
        assert list(parse(written(week)).openings) == sorted(week)

    @given(text=st.text(alphabet="MonTuewdSatiy0123459-–:;,. apm&/", max_size=60) | st.text(max_size=40))
    def test_takes_any_text_and_only_possible_openings(self, text: str) -> None:
        for opening in parse(text).openings:
            assert 0 <= opening.day <= 6
            assert 0 <= opening.opens_minute < DAY
            assert opening.opens_minute < opening.closes_minute <= opening.opens_minute + DAY
