"""Opening hours as shopkeepers write them, turned into minutes of the week.

    Mon-Sat: 10-9; Sun: 11-7        Mo-Fr 09:00-13:00, 14:00-18:00; Sa off        10am-9pm        24 hours        Closed

What is not understood is named, and the other days are still taken. Of the clock times without am or pm, see `_range`.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

HOUR = 60
HALF_DAY = 12 * HOUR
DAY = 24 * HOUR
LONGEST_TEXT = 2_000


@dataclass(frozen=True, slots=True, order=True)
class Opening:
    """Open from `opens_minute` until `closes_minute` after the midnight that begins `day` (Monday = 0).

    Over 1440 when it closes after midnight; never longer than 24 hours.
    """

    day: int
    opens_minute: int
    closes_minute: int


@dataclass(frozen=True, slots=True)
class Hours:
    """The openings of a week in order, and the fragments that were not understood."""

    openings: tuple[Opening, ...]
    not_understood: tuple[str, ...] = ()


_DAY_NAMES = ("mondays?|mon|mo", "tuesdays?|tues|tue|tu", "wednesdays?|weds|wed|we", "thursdays?|thurs|thur|thu|th",
              "fridays?|fri|fr", "saturdays?|sat|sa", "sundays?|sun|su")  # fmt: skip
_WHOLE_WEEK = r"daily|every\s?day|all week|7 days(?: a week)?"
_ONE_DAY = "|".join(f"(?:{names})" for names in _DAY_NAMES) + rf"|{_WHOLE_WEEK}|weekdays?|weekends?"
_TO = r"\s*(?:-|–|—|−|~|\bto\b|\bthrough\b|\bthru\b|\buntil\b|\btill\b)\s*"
_AND = r"\s*(?:,|&|\+|/|\band\b)\s*"
_DAYS = re.compile(rf"\b(?:{_ONE_DAY})\b\.?(?:(?:{_TO}|{_AND})(?:{_ONE_DAY})\b\.?)*", re.IGNORECASE)
_FIRST_TO_LAST = re.compile(rf"(?P<first>\w+)\.?{_TO}(?P<last>\w+)\.?", re.IGNORECASE)
_TIME = r"(?:noon|midday|midnight|\d{4}|\d{1,2}(?:[:.h]\d{2})?)\s*(?:h|o'clock|uhr)?\s*(?:[ap]\.?(?:m\.?)?)?"
_RANGE = re.compile(rf"(?:from\s+)?(?P<opens>{_TIME}){_TO}(?P<closes>{_TIME})", re.IGNORECASE)
_CLOCK = re.compile(
    r"(?P<hour>\d{1,2}?)(?:[:.h]?(?P<minute>\d{2}))?\s*(?:h|o'clock|uhr)?\s*(?P<half>[ap])?[.m]*", re.IGNORECASE
)
_CLOSED = re.compile(r"(?:is |we are )?(?:closed|off|none|n/a)(?: all day)?", re.IGNORECASE)
_ALL_DAY = re.compile(
    r"(?:open )?(?:24\s?/\s?7|24\s?-?(?:hours?|hrs?|h)(?: a day)?|all day|24 hours,? 7 days(?: a week)?)", re.IGNORECASE
)
_PREAMBLE = re.compile(
    r"^(?:store |opening |open |business |trading )*hours\s*:\s*|^open(?:ing)?\b(?! 24| all)\s*:?\s*", re.IGNORECASE
)
_ENTRY_ENDS = re.compile(r"[;\n|]|<br\s*/?>", re.IGNORECASE)


def parse(text: str) -> Hours:
    """Read a week of opening hours.

    Days that are closed or not named are left out. A later entry replaces what it overlaps, so that
    "Daily 9-9; Sun 11-6" opens at eleven on Sundays, and "Mon 9-12; Mon 14-18" opens twice.
    """
    if len(text) > LONGEST_TEXT:
        return Hours((), (f"{text[:40]}…",))
    week: dict[int, list[Opening]] = {day: [] for day in range(7)}
    not_understood: list[str] = []
    text = _PREAMBLE.sub("", text.strip())
    for entry in _ENTRY_ENDS.split(text):
        for days, times, fragment in _pieces(entry.strip(" ,.")):
            spans = _spans(times)
            if spans is None or not days:
                not_understood.append(fragment)
                continue
            for day in days:
                kept = [old for old in week[day] if spans and not any(_overlap(old, span) for span in spans)]
                week[day] = kept + [Opening(day, *span) for span in spans]
    return Hours(
        tuple(sorted(opening for openings in week.values() for opening in set(openings))), tuple(not_understood)
    )


def written(openings: Iterable[Opening]) -> str:
    """Write openings so that `parse` reads the same ones back: "Mon: 10:00am-9:00pm; Sun: 11:00am-7:00pm"."""
    names = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    return (
        "; ".join(f"{names[o.day]}: {_clock(o.opens_minute)}-{_clock(o.closes_minute)}" for o in sorted(openings))
        or "Closed"
    )


def _clock(minute: int) -> str:
    hour, minutes = divmod(minute % DAY, HOUR)
    return f"{hour % 12 or 12}:{minutes:02}{'am' if hour < 12 else 'pm'}"


def _pieces(entry: str) -> Iterator[tuple[list[int], str, str]]:
    """Cut an entry into days, their times, and both as they stand there."""
    runs = list(_DAYS.finditer(entry))
    if not runs:
        if entry:
            yield list(range(7)), entry, entry
        return
    before = entry[: runs[0].start()].strip(" ,:")
    if before and len(runs) == 1 and runs[0].end() == len(entry):
        yield _days(runs[0][0]), before, entry
        return
    if before:
        yield [], before, before
    for run, following in zip(runs, [*runs[1:], None], strict=True):
        end = following.start() if following else len(entry)
        times = entry[run.end() : end].strip(" ,:")
        yield _days(run[0]), times.removeprefix("- ").strip(" ()"), entry[run.start() : end].strip(" ,")


def _days(run: str) -> list[int]:
    days: list[int] = []
    for part in re.split(_AND, run.strip(), flags=re.IGNORECASE):
        span = _FIRST_TO_LAST.fullmatch(part)
        if span:
            first, last = _day(span["first"])[0], _day(span["last"])[-1]
            days.extend((first + step) % 7 for step in range((last - first) % 7 + 1))
        else:
            days.extend(_day(part))
    return days


def _day(name: str) -> list[int]:
    for day, names in enumerate(_DAY_NAMES):
        if re.fullmatch(names, name.strip(" ."), re.IGNORECASE):
            return [day]
    folded = name.lower()
    return [0, 1, 2, 3, 4] if folded.startswith("weekd") else [5, 6] if folded.startswith("weeke") else list(range(7))


def _spans(times: str) -> list[tuple[int, int]] | None:
    """Read the times of one day as (opens, closes); none when closed, None when not understood."""
    if _CLOSED.fullmatch(times):
        return []
    if _ALL_DAY.fullmatch(times):
        return [(0, DAY)]
    spans: list[tuple[int, int]] = []
    for part in re.split(_AND, times, flags=re.IGNORECASE):
        found = _RANGE.fullmatch(part.strip())
        span = _range(found["opens"], found["closes"]) if found else None
        if span is None or any(_overlap(Opening(0, *other), span) for other in spans):
            return None
        spans.append(span)
    return spans


def _range(opens_text: str, closes_text: str) -> tuple[int, int] | None:
    """Read two clock times.

    A clock of 24 hours is one that says 13 or more, or has both hours in two digits with a leading zero ("09:00-11:00").
    Otherwise a store opens in the morning and closes in the afternoon: without am or pm, an opening at 1 to 4 is pm and at
    5 to 11 am, and a closing is pm, or the half day after if that would not be later ("10-9" is 10:00-21:00, "12-12" noon to
    midnight). 23:59 is how midnight is written into a form that knows no 24:00.
    """
    opens, closes = _time(opens_text), _time(closes_text)
    if opens is None or closes is None:
        return None
    if opens.half is closes.half is None and _is_24_hour(opens, closes):
        start, end = opens.minute % DAY, closes.minute
    else:
        if max(opens.minute, closes.minute) >= 13 * HOUR:
            return None
        start = opens.of_half(
            opens.half or ("p" if HOUR <= opens.minute < 5 * HOUR or opens.minute >= HALF_DAY else "a")
        )
        end = closes.of_half(closes.half or "p") if closes.minute or closes.half else DAY
        if end <= start and closes.half is None:
            end += HALF_DAY
    if end % DAY == DAY - 1:
        end += 1
    if end <= start:
        end += DAY
    return (start, end) if end - start <= DAY else None


@dataclass(frozen=True, slots=True)
class _Time:
    minute: int
    half: str | None
    padded: bool

    def of_half(self, half: str) -> int:
        return self.minute % HALF_DAY + (HALF_DAY if half == "p" else 0)


def _is_24_hour(opens: _Time, closes: _Time) -> bool:
    if opens.minute >= 13 * HOUR or closes.minute >= 13 * HOUR:
        return True
    return (
        opens.padded and closes.padded and min(opens.minute, closes.minute) < 10 * HOUR and opens.minute < closes.minute
    )


def _time(text: str) -> _Time | None:
    folded = text.strip().lower()
    if folded in {"noon", "midday", "midnight"}:
        return _Time(HALF_DAY, "a" if folded == "midnight" else "p", padded=False)
    found = _CLOCK.fullmatch(folded)
    if found is None:
        return None
    hour, minutes = int(found["hour"]), int(found["minute"] or 0)
    half = found["half"]
    if hour > 24 or minutes > 59 or (hour == 24 and minutes) or (half and not 1 <= hour <= 12):
        return None
    return _Time(hour * HOUR + minutes, half, padded=len(found["hour"]) == 2)


def _overlap(opening: Opening, span: tuple[int, int]) -> bool:
    return opening.opens_minute < span[1] and span[0] < opening.closes_minute
