"""Opening hours: what the clock on the wall says, turned into instants.

A location is open from one local time to another, also over midnight. Clocks that are put forward or back make a day of
23 or 25 hours; whoever stands before the door goes by the clock, and so do these rules.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import repeat
from zoneinfo import ZoneInfo

MINUTES_OF_DAY = 1440
#: However long a preparation takes, a place whose hours are minutes a week is not searched for years.
LONGEST_SEARCH_DAYS = 400
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


class DayOfWeek(StrEnum):
    """Days as locations count them, from Monday."""

    MONDAY = "MONDAY"
    """The first day of the week."""
    TUESDAY = "TUESDAY"
    """The second day of the week."""
    WEDNESDAY = "WEDNESDAY"
    """The third day of the week."""
    THURSDAY = "THURSDAY"
    """The fourth day of the week."""
    FRIDAY = "FRIDAY"
    """The fifth day of the week."""
    SATURDAY = "SATURDAY"
    """The sixth day of the week."""
    SUNDAY = "SUNDAY"
    """The seventh day of the week."""


@dataclass(frozen=True, slots=True)
class Opening:
    """One opening of a week. Minutes after local midnight; over 1440 when it closes on the next day. Monday is 0."""

    day: int
    opens_minute: int
    closes_minute: int

    @property
    def day_of_week(self) -> DayOfWeek:
        """The day on which it opens."""
        return tuple(DayOfWeek)[self.day]


def clock_time(minute: int) -> str:
    """Write minutes after midnight as the clock shows them: 570 -> 09:30, and 1500, on the next day, -> 01:00."""
    hour, rest = divmod(minute % MINUTES_OF_DAY, 60)
    return f"{hour:02}:{rest:02}"


def minute_of(text: str) -> int | None:
    """Read what the clock shows as minutes after midnight: 09:30 -> 570; None for what no clock shows."""
    read = _CLOCK.fullmatch(text)
    return None if read is None else int(read[1]) * 60 + int(read[2])


def openings_between(
    hours: Sequence[Opening], timezone: str, start: datetime, end: datetime
) -> list[tuple[datetime, datetime]]:
    """List when a place is open from `start` until before `end`, cut to these, in UTC and in order.

    Openings that touch or overlap are one. A local time that a clock skips is the instant of the change.
    """
    zone = _zone(timezone)
    by_day: dict[int, list[Opening]] = {}
    for opening in hours:
        by_day.setdefault(opening.day, []).append(opening)
    # An opening of the day before may still go on after midnight.
    day = start.astimezone(zone).date() - timedelta(days=1)
    last = end.astimezone(zone).date()
    found: list[tuple[datetime, datetime]] = []
    while day <= last:
        for opening in by_day.get(day.weekday(), ()):
            opens = max(start, _instant(zone, day, opening.opens_minute))
            closes = min(end, _instant(zone, day, opening.closes_minute))
            if opens < closes:
                found.append((opens.astimezone(UTC), closes.astimezone(UTC)))
        day += timedelta(days=1)
    return _merged(found)


def is_open(hours: Sequence[Opening], timezone: str, at: datetime) -> bool:
    """Say whether a place is open at a moment; at its closing time it is closed."""
    return bool(openings_between(hours, timezone, at, at + timedelta(microseconds=1)))


def ready_at(hours: Sequence[Opening], timezone: str, *, at: datetime, lead_minutes: int) -> datetime | None:
    """Say when work that takes so many open minutes, begun at `at`, is done; None for a place that never opens.

    Work without any minutes is done at once if the place is open, else when it opens. Work that ends with the day is
    done at closing time, not on the next morning.
    """
    if not hours:
        return None
    left = timedelta(minutes=lead_minutes)
    start = at
    # Most preparations are done within a day; what is not is looked for a fortnight at a time.
    for days in (1, *repeat(14, LONGEST_SEARCH_DAYS // 14)):
        end = start + timedelta(days=days)
        for opens, closes in openings_between(hours, timezone, start, end):
            if left <= closes - opens:
                return opens + left
            left -= closes - opens
        start = end
    return None


def _merged(found: list[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    merged: list[tuple[datetime, datetime]] = []
    for opens, closes in sorted(found):
        if merged and opens <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], closes))
        else:
            merged.append((opens, closes))
    return merged


def _instant(zone: ZoneInfo, day: date, minute: int) -> datetime:
    """Find the instant at which a local clock shows so many minutes after the midnight that `day` began with."""
    days, rest = divmod(minute, MINUTES_OF_DAY)
    local = datetime.combine(day + timedelta(days=days), time(rest // 60, rest % 60), zone)
    instant = local.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return instant
    # The clock skipped this time. Read with the offset of after the change it is an instant before it, so that
    # what lies between both readings has the change in it; the change is the first instant of the new offset.
    return _change_within(zone, local.replace(fold=1).astimezone(UTC), instant)


def _change_within(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    before = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)


@lru_cache(maxsize=600)
def _zone(timezone: str) -> ZoneInfo:
    return ZoneInfo(timezone)
