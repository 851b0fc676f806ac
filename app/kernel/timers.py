"""Timers: one row each, so that of however many workers one fires it.

Whoever raises the row's `due_at` has the turn. A worker that dies in its turn costs that turn: the next comes in time.
"""

from collections.abc import Mapping
from datetime import timedelta

from app.kernel import tables  # noqa: F401  # The statements below are about these tables.
from app.kernel.db import UnitOfWork
from app.kernel.sql import rows, statement

_PUT = statement(
    """
    INSERT INTO timers (name, due_at) SELECT name, :now::timestamptz FROM unnest(:names::text[]) AS timer (name)
    ON CONFLICT (name) DO NOTHING
    """
)

_FIRE = rows(
    """
    UPDATE timers SET due_at = :now::timestamptz + timer.every
    FROM unnest(:names::text[], :everies::interval[]) AS timer (name, every)
    WHERE timers.name = timer.name AND timers.due_at <= :now::timestamptz
    RETURNING timers.name
    """,
    str,
)


async def put(uow: UnitOfWork, *, names: list[str]) -> None:
    """Make sure that these timers exist; new ones fire at once."""
    await _PUT.run(uow, names=sorted(names), now=uow.now)


async def fire(uow: UnitOfWork, *, every: Mapping[str, timedelta]) -> list[str]:
    """Take the turn of every timer that is due; answers their names."""
    return await _FIRE.all(uow, names=list(every), everies=list(every.values()), now=uow.now)
