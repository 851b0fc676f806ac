"""Many runs: the points of a scenario found by playing it undisturbed, then one run for each point, several at a time."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle
from typing import Final

from tests.builders.documents import table
from tests.builders.postgres import Server
from tests.faults.points import SURVIVED, Moment, Point
from tests.faults.run import Comeback, Ending, Template, play, prepared
from tests.faults.scenarios import DONE, Scenario
from tests.faults.stage import Launcher

#: Runs at a time. A run waits for its processes half of the time.
LANES: Final = 3
#: How often a point that was not met is looked for again: two steps of the worker may come in either order.
_TRIES: Final = 3


_STARTS: Final = frozenset({Moment.STATEMENT_BEFORE, Moment.CALL_BEFORE})
HEAD: Final = ("scenario", "points", "runs", "done", "refused", "not met", "complaints")


@dataclass(frozen=True, slots=True)
class Fault:
    """A point at which a process is stopped, and who comes first afterwards."""

    point: Point
    comeback: Comeback

    def __str__(self) -> str:
        return f"{self.point} · then {self.comeback}"


@dataclass(slots=True)
class Tally:
    """What became of a scenario's runs."""

    scenario: str
    points: int
    runs: int = 0
    endings: Counter[str] = field(default_factory=Counter)
    missed: list[Fault] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def cells(self) -> list[str]:
        """Write it as a row of a table."""
        done = self.endings[DONE]
        numbers = (self.points, self.runs, done, self.runs - done, len(self.missed), len(self.complaints))
        return [self.scenario, *map(str, numbers)]

    def count(self, fault: Fault, ending: Ending) -> None:
        """Take in how one run ended."""
        self.runs += 1
        self.endings[ending.ending] += 1
        if not ending.struck:
            self.missed.append(fault)
        self.complaints += [f"{self.scenario} · {fault}\n    {complaint}" for complaint in ending.complaints]


class Campaign:
    """One scenario on its template, in the hands of a launcher."""

    def __init__(self, launcher: Launcher, template: Template, *, planted: Sequence[str] = ()) -> None:
        self._launcher = launcher
        self.template = template
        self._planted = planted

    async def points(self) -> list[Point]:
        """Play the scenario undisturbed, and list every point that it passes.

        Raises: AssertionError when it does not even end well like that.
        """
        scenario = self.template.scenario
        ending = await play(self._launcher, self.template, planted=self._planted)
        assert ending.complaints == [], [scenario.name, *ending.complaints, self._launcher.complaints()]
        assert ending.ending == scenario.undisturbed, [scenario.name, ending.ending]
        return ending.points

    async def run(
        self, faults: Iterable[Fault], *, points: int, tell: Callable[[Tally], None] = lambda _: None
    ) -> Tally:
        """Play the scenario once for each fault, several at a time."""
        tally = Tally(self.template.scenario.name, points)
        waiting = iter(faults)

        async def lane() -> None:
            for fault in waiting:
                tally.count(fault, await self._met(fault))
                tell(tally)

        async with asyncio.TaskGroup() as group:
            for _ in range(LANES):
                group.create_task(lane())
        return tally

    async def _met(self, fault: Fault) -> Ending:
        for _ in range(_TRIES):
            ending = await play(
                self._launcher, self.template, fault=fault.point, comeback=fault.comeback, planted=self._planted
            )
            if ending.struck or ending.complaints:
                break
        return ending


@asynccontextmanager
async def begun(
    launcher: Launcher, server: Server, furnished: str, scenario: Scenario, *, planted: Sequence[str] = ()
) -> AsyncIterator[Campaign]:
    """Bring a shop to where a scenario begins, for the length of the block."""
    template = await prepared(server, furnished, scenario)
    try:
        yield Campaign(launcher, template, planted=planted)
    finally:
        async with server.admin() as admin:
            await admin.execute(f'DROP DATABASE "{template.name}" WITH (FORCE)')


def every(points: Sequence[Point]) -> list[Fault]:
    """List every moment that others can tell apart, and everybody who may come first after it.

    Between a statement's end and the next one's start the process has said nothing: to stop it at either is the same to
    everybody else, so that the second is left out. Who bore the fault needs nobody to come back.
    """
    borne = [Fault(point, Comeback.CLIENT) for point in points if point.moment in SURVIVED]
    ends = [point for point in points if point.moment not in SURVIVED]
    told_apart = [
        point
        for before, point in zip([None, *ends], ends, strict=False)
        if before is None
        or (point.role, point.moment in _STARTS, before.moment) != (before.role, True, Moment.STATEMENT_AFTER)
    ]
    return borne + [Fault(point, comeback) for point in told_apart for comeback in Comeback]


def once(points: Sequence[Point]) -> list[Fault]:
    """List every point, told apart or not, with whoever comes first afterwards in turn."""
    return [Fault(point, comeback) for point, comeback in zip(points, cycle(Comeback), strict=False)]


def sampled(points: Sequence[Point], seed: str, most: int) -> list[Fault]:
    """Draw some points by a seed: as many of each moment as there is room for, so that calls are not outnumbered."""
    chance = random.Random(seed)
    piles = {moment: [point for point in points if point.moment is moment] for moment in Moment}
    for pile in piles.values():
        chance.shuffle(pile)
    drawn: list[Fault] = []
    comebacks = cycle(chance.sample([*Comeback], len(Comeback)))
    while len(drawn) < most and any(piles.values()):
        drawn += [Fault(pile.pop(), next(comebacks)) for pile in piles.values() if pile]
    return drawn[:most]


def summary(tallies: Sequence[Tally]) -> str:
    """Write what became of the runs as a table."""
    return table(HEAD, [tally.cells() for tally in tallies])
