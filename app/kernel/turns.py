"""Many pieces of work by one timer: what goes wrong with one of them keeps none of the others from its turn."""

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from app.kernel.errors import Busy, DatabaseUnavailable

ItemT = TypeVar("ItemT")


async def in_turn(items: Iterable[ItemT], work: Callable[[ItemT], Awaitable[int]]) -> int:
    """Do the work for each item; answers the sum of what it answered.

    Raises: DatabaseUnavailable and Busy at once; ExceptionGroup of whatever else went wrong, once all have had their turn.
    """
    done, failures = 0, []
    for item in items:
        try:
            done += await work(item)
        except (DatabaseUnavailable, Busy):
            raise
        except Exception as failure:  # noqa: BLE001  # It is raised below: a bug stays one, and is not everybody's.
            failures.append(failure)
    if failures:
        raise ExceptionGroup("some had their turn in vain", failures)
    return done
