"""The points at which a process can be stopped, and the watch that counts them as they are reached.

A point is a moment of something that is said to the outside: a statement to PostgreSQL, or a call to a gateway. It is named
by what is said and by how often that was said before, so that what happens beside it does not change its name.
"""

import os
import re
import signal
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, NoReturn

_LONGEST_LABEL = 72


class Moment(StrEnum):
    """When, of a statement or a call, something goes wrong."""

    STATEMENT_BEFORE = "statement, before"
    """The process ends before the statement is sent."""
    STATEMENT_AFTER = "statement, after"
    """PostgreSQL has done it, and the process ends before it hears so."""
    CALL_BEFORE = "call, before"
    """The process ends before the provider is called."""
    CALL_DURING = "call, during"
    """The provider has done it, and the process ends while the answer is on its way."""
    CALL_AFTER = "call, after"
    """The answer has come, and the process ends at once."""
    CALL_LOST = "call, answer lost"
    """The provider has done it; the process lives, and hears nothing."""
    CALL_UNHEARD = "call, never heard"
    """The provider was never reached; the process lives, and hears nothing."""


#: The process bears these, and goes on.
SURVIVED = frozenset({Moment.CALL_LOST, Moment.CALL_UNHEARD})


@dataclass(frozen=True, slots=True)
class Point:
    """One moment of the `nth` time that `role` says `label`."""

    role: str
    moment: Moment
    label: str
    nth: int

    def __str__(self) -> str:
        return f"{self.role} · {self.moment} · {self.label} · {self.nth}"

    def to_json(self) -> dict[str, Any]:
        """Write it as JSON."""
        return asdict(self)

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> "Point":
        """Read it from JSON."""
        return Point(value["role"], Moment(value["moment"]), value["label"], value["nth"])


class Watch:
    """Counts the points that one process reaches from when it is armed, and says which of them is the one."""

    def __init__(self, role: str) -> None:
        self.role = role
        self.seen: list[Point] = []
        self.struck = False
        self._armed = False
        self._fault: Point | None = None
        self._times: Counter[tuple[Moment, str]] = Counter()

    def arm(self, fault: Point | None) -> None:
        """Begin to count, and to look out for a point, or for none."""
        self._armed, self._fault = True, fault

    def rest(self) -> None:
        """Stop counting."""
        self._armed = False

    def reach(self, moment: Moment, label: str) -> bool:
        """Count a point; answers whether it is the one."""
        if not self._armed:
            return False
        self._times[moment, label] += 1
        point = Point(self.role, moment, label, self._times[moment, label])
        self.seen.append(point)
        if point != self._fault:
            return False
        self.struck = True
        return True

    def reach_or_die(self, moment: Moment, label: str) -> None:
        """Count a point; if it is the one, this is the end."""
        if self.reach(moment, label):
            die()


def die() -> NoReturn:
    """End this process as a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("nobody survives this")


def label_of(sql: str) -> str:
    """Name a statement by its first words."""
    return re.sub(r"\s+", " ", sql).strip()[:_LONGEST_LABEL].rstrip()
