"""Tables that grow for ever are cut by month: the months ahead are opened in time, by the worker and by migrations.

A month that is not there yet is no error: its rows wait in the table's rest. So nothing is lost when no worker runs,
and a month whose rows are in the rest already stays there.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from app.kernel.db import Begin
from app.kernel.sql import rows

#: Which tables are cut, and by which of their columns.
CUT_BY: Final[Mapping[str, str]] = {"movements": "at", "reservation_endings": "ended_at"}
#: This month, and those after it.
MONTHS_OPEN: Final = 4
#: The parts that PostgreSQL lists as tables of their own: `movements_2026_11`, `movements_rest`.
_PART = re.compile(rf"^({'|'.join(CUT_BY)})_(\d{{4}}_\d{{2}}|rest)$")

_OPEN_MONTH = rows("SELECT open_month(:parent, :cut_by, :month::date)", bool)
_IS_THERE = rows("SELECT to_regclass(:part) IS NOT NULL", bool)


@dataclass(frozen=True, slots=True)
class Opened:
    """Parts that are new, and parts that cannot be opened, because rows of their month are in the rest already."""

    new: tuple[str, ...]
    kept_in_rest: tuple[str, ...]


def described(name: str | None, kind: str, _parents: Mapping[str, str | None]) -> bool:
    """Say whether a table is described by the models, rather than a part of one that is."""
    return kind != "table" or name is None or _PART.match(name) is None


def months_from(now: datetime) -> Sequence[date]:
    """List the first days of this month and the next, in UTC."""
    today = now.astimezone(UTC).date()
    first = today.year * 12 + today.month - 1
    return [date(month // 12, month % 12 + 1, 1) for month in range(first, first + MONTHS_OPEN)]


async def open_months(begin: Begin) -> Opened:
    """Open this month and the next three of every table that is cut; those that are open already stay as they are.

    Each month is a transaction of its own, because it locks the table's rest for a moment.
    Raises: Busy when others hold the rest for too long.
    """
    new: list[str] = []
    kept: list[str] = []
    for parent, cut_by in CUT_BY.items():
        for month in months_from(begin.now):
            part = f"{parent}_{month:%Y_%m}"
            if await begin.run(lambda uow, part=part: _IS_THERE.one(uow, part=part)):  # type: ignore[misc]
                continue
            opened = await begin.run(
                lambda uow, parent=parent, cut_by=cut_by, month=month: _OPEN_MONTH.one(  # type: ignore[misc]
                    uow, parent=parent, cut_by=cut_by, month=month
                )
            )
            (new if opened else kept).append(part)
    return Opened(tuple(new), tuple(kept))
