"""Every point of every scenario, or of those named: `python -m tests.faults [--once | --seed SEED --most N] [--at TEXT] [NAME …]`."""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from tests.builders import postgres
from tests.builders import shop as shops
from tests.faults.campaign import Fault, Tally, begun, every, once, sampled, summary
from tests.faults.points import Point
from tests.faults.scenarios import SCENARIOS, Scenario
from tests.faults.stage import Launcher, launching

Choose = Callable[[Sequence[Point]], list[Fault]]


async def _all(launcher: Launcher, wanted: Sequence[Scenario], choose: Choose, at: str) -> list[Tally]:
    server = await asyncio.to_thread(postgres.server)

    async def fill(dsn: str) -> None:
        await asyncio.to_thread(postgres.migrate, dsn)
        await shops.furnish(dsn)

    furnished = f"stoa_faults_{postgres.hash_of(*postgres.migrations(), Path(shops.__file__))}"
    await postgres.make_template(server, furnished, like=None, fill=fill)
    tallies = []
    for scenario in wanted:
        async with begun(launcher, server, furnished, scenario) as campaign:
            points = await campaign.points()
            faults = [fault for fault in choose(points) if at in str(fault)]
            progress = _Progress(scenario.name, len(faults))
            tallies.append(await campaign.run(faults, points=len(points), tell=progress.tell))
            progress.end(tallies[-1])
    return tallies


class _Progress:
    """A line that says how far a scenario is; on a terminal it is written over, elsewhere it comes now and then."""

    def __init__(self, name: str, runs: int) -> None:
        self._name = name
        self._runs = runs
        self._began = time.monotonic()
        self._every = 10 if sys.stderr.isatty() else 200
        self._told = 0

    def tell(self, tally: Tally) -> None:
        """Say how far it is, and at once what is wrong."""
        for complaint in tally.complaints[self._told :]:
            print(complaint, file=sys.stderr, flush=True)  # noqa: T201  # This is a command.
        self._told = len(tally.complaints)
        if tally.runs % self._every == 0:
            self._write(tally, "\r" if sys.stderr.isatty() else "\n")

    def end(self, tally: Tally) -> None:
        """Say that it is done."""
        self._write(tally, "\n")

    def _write(self, tally: Tally, end: str) -> None:
        seconds = time.monotonic() - self._began
        line = f"{self._name}: {tally.runs} of {self._runs}, {seconds:.0f} s, {len(tally.complaints)} complaints"
        print(f"{line:<79}", end=end, file=sys.stderr, flush=True)  # noqa: T201  # This is a command.


def main() -> int:
    """Run, and print the table; fails when there is a complaint."""
    options = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    options.add_argument("names", nargs="*", metavar="NAME", help="scenarios; all of them when none is named")
    options.add_argument("--once", action="store_true", help="each point once, whoever comes first afterwards in turn")
    options.add_argument("--at", metavar="TEXT", help="those points alone whose description has this text in it")
    options.add_argument("--seed", help="draw some points by this seed instead of taking all")
    options.add_argument("--most", type=int, default=40, help="how many points to draw of each scenario")
    asked = options.parse_args()
    unknown = set(asked.names) - {scenario.name for scenario in SCENARIOS}
    if unknown:
        options.error(f"no such scenario: {', '.join(sorted(unknown))}")
    wanted = [scenario for scenario in SCENARIOS if not asked.names or scenario.name in asked.names]
    choose: Choose = once if asked.once else every
    if asked.seed is not None:
        choose = partial(sampled, seed=asked.seed, most=asked.most)
    began = time.monotonic()
    postgres.claim_directory()
    try:
        with launching() as launcher:
            tallies = asyncio.run(_all(launcher, wanted, choose, asked.at or ""))
    finally:
        postgres.release_directory()
    print(summary(tallies))  # noqa: T201  # This is a command.
    print(f"{sum(tally.runs for tally in tallies)} runs in {time.monotonic() - began:.0f} s")  # noqa: T201
    for tally in tallies:
        for complaint in tally.complaints:
            print(complaint)  # noqa: T201
    return 1 if any(tally.complaints for tally in tallies) else 0


if __name__ == "__main__":
    sys.exit(main())
