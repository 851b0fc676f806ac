"""Whatever process ends at whatever point of a checkout, a capture, a void or a refund: all recover, and all is well.

By itself this draws some points of each scenario, by a seed that it names. STOA_FAULTS=once takes every point once,
STOA_FAULTS=all every point with everybody who may come first afterwards.
"""

import os
from collections.abc import Callable
from shlex import quote

import pytest

from tests.builders.postgres import Server
from tests.faults.campaign import HEAD, begun, every, once, sampled
from tests.faults.points import Moment
from tests.faults.run import SERVER
from tests.faults.scenarios import SCENARIOS, Scenario
from tests.faults.stage import Launcher

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

#: Of each scenario: as many as there are moments at which something can go wrong.
DRAWN = len(Moment)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
async def test_all_recover_from(
    scenario: Scenario,
    launcher: Launcher,
    furnished_template: tuple[Server, str],
    seed: str,
    record_property: Callable[[str, object], None],
) -> None:
    async with begun(launcher, *furnished_template, scenario) as campaign:
        points = await campaign.points()
        how_many = os.environ.get("STOA_FAULTS")
        faults = {"all": every, "once": once}[how_many](points) if how_many else sampled(points, seed, DRAWN)

        tally = await campaign.run(faults, points=len(points))

    counted = (f"{number} {what}" for what, number in zip(HEAD[1:], tally.cells()[1:], strict=True))
    record_property("faults", f"STOA_FAULT_SEED={seed} · {scenario.name}: {', '.join(counted)}")
    again = f"repeat with: python -m tests.faults {quote(scenario.name)} --at TEXT, or STOA_FAULT_SEED={seed}"
    assert tally.complaints == [], "\n".join([*tally.complaints, again, launcher.complaints()])
    # The steps of a worker may end in either order, so that a few of its points are not met each time.
    lost = [str(fault) for fault in tally.missed if fault.point.role == SERVER]
    assert lost == [], "\n".join(["never met again:", *lost, again])
    assert {moment for moment in Moment if moment.name.startswith("STATEMENT")} <= {point.moment for point in points}
