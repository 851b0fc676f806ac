"""How often one caller may call: a rate they can keep up, and a burst on top of it.

The generic cell rate algorithm: for each caller one number, the time at which they would be even again. It is kept in
the process, so a caller of n processes has n times the rate; what has to be exact, such as log-ins, counts in the
database. Source: ITU-T I.371, annex A.
"""

from collections.abc import Callable
from dataclasses import dataclass

_MOST_REMEMBERED = 50_000


@dataclass(frozen=True, slots=True)
class Rate:
    """So many calls a second for ever, and so many at once."""

    per_second: float
    burst: int


class Rates:
    """Counts the calls of each caller."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._even_at: dict[str, float] = {}

    def wait_seconds(self, caller: str, rate: Rate) -> float:
        """Count one call; answers 0 when it may go on, else how long to wait, and then it is not counted."""
        now = self._seconds()
        even_at = max(self._even_at.get(caller, now), now) + 1 / rate.per_second
        ahead = even_at - now - rate.burst / rate.per_second
        if ahead > 0:
            return ahead
        if len(self._even_at) >= _MOST_REMEMBERED:
            self._even_at = {name: at for name, at in self._even_at.items() if at > now}
        self._even_at[caller] = even_at
        return 0.0
