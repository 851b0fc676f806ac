"""Carries out one chunk of an import in one transaction, and finds the rows for which that cannot be done."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

import asyncpg

from app.kernel.db import UNAVAILABLE, Begin, UnitOfWork
from app.kernel.errors import DatabaseUnavailable, DomainError

ItemT = TypeVar("ItemT")
EffectT = TypeVar("EffectT")


class _NothingKept(Exception):
    """Ends a dry run's transaction without a commit, carrying what it would have done."""

    def __init__(self, effects: object) -> None:
        super().__init__()
        self.effects = effects


async def put_chunk(
    begin: Begin,
    items: Sequence[ItemT],
    put: Callable[[UnitOfWork, Sequence[ItemT]], Awaitable[EffectT]],
    *,
    dry_run: bool,
    done: Callable[[Sequence[ItemT], EffectT], None],
    refused: Callable[[ItemT, str], None],
) -> None:
    """Put items in one transaction; when it is refused, in two of half the size, down to the one that is at fault.

    Rows were validated before, so that this costs a few more transactions where a rule of the database or a race decides.
    `done` is told of each transaction's items once they are committed. Raises: DatabaseUnavailable.
    """

    async def work(uow: UnitOfWork) -> EffectT:
        effects = await put(uow, items)
        if dry_run:
            raise _NothingKept(effects)
        return effects

    try:
        done(items, await begin.run(work))
    except _NothingKept as end:
        done(items, end.effects)  # type: ignore[arg-type]  # It comes from `work` above.
    except UNAVAILABLE as error:
        raise DatabaseUnavailable(str(error)) from error
    except (DomainError, asyncpg.PostgresError) as error:
        if len(items) == 1:
            refused(items[0], _reason(error))
            return
        middle = len(items) // 2
        for half in (items[:middle], items[middle:]):
            await put_chunk(begin, half, put, dry_run=dry_run, done=done, refused=refused)


def in_chunks(items: Iterable[ItemT], size: int) -> Iterator[list[ItemT]]:
    """Cut a stream into lists of `size`."""
    stream = iter(items)
    while chunk := list(islice(stream, size)):
        yield chunk


def _reason(error: DomainError | asyncpg.PostgresError) -> str:
    if isinstance(error, DomainError):
        return error.message
    constraint = getattr(error, "constraint_name", None)
    return f"the database refuses it: {constraint or str(error).splitlines()[0]}"
