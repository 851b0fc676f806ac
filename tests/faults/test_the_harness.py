"""The harness itself: nothing passes it unseen, what it kills is dead, it leaves nothing running, and it finds bugs."""

import asyncio
import inspect
import subprocess
import sys
import time
from pathlib import Path

import asyncpg.protocol
import pytest

from app.kernel.db import Database
from app.payments.gateway import Answer, Gateway, Outcome
from tests.builders.paid import LossyGateway
from tests.builders.patience import PATIENCE_SECONDS
from tests.builders.postgres import HOUSE, Server, cloned
from tests.builders.returned import WillingGateway
from tests.faults.campaign import Campaign, Fault, begun, every, once, sampled
from tests.faults.judge import found_by_checks
from tests.faults.planted import PLANTED
from tests.faults.points import Moment, Point, Watch
from tests.faults.run import SERVER, WORKER, Comeback, Stage, opened, play
from tests.faults.scenarios import DONE, SCENARIOS, SOON, Scenario
from tests.faults.stage import Died, Launcher
from tests.faults.watched import SILENT, SPEAKING, WatchedGateway

pytestmark = pytest.mark.anyio


def named(name: str) -> Scenario:
    return next(scenario for scenario in SCENARIOS if scenario.name == name)


class TestTheWatch:
    def test_is_told_of_all_that_the_driver_can_ask_of_the_database(self) -> None:
        protocol = asyncpg.protocol.Protocol
        asks = {name for name in dir(protocol) if inspect.iscoroutinefunction(getattr(protocol, name))}

        assert {name for name in asks if not name.startswith("_")} == SPEAKING.keys() | SILENT

    async def test_is_told_of_every_call_of_a_gateway(self, database: Database) -> None:
        watch = Watch(SERVER)
        gateway: Gateway = WatchedGateway(WillingGateway(database), watch)
        watch.arm(None)

        answer = await gateway.capture(key="k", reference="r", amount_minor=1, currency="GBP", final=True)

        assert answer == Answer(Outcome.SUCCEEDED, reference="k")
        assert {point.moment for point in watch.seen} == {moment for moment in Moment if moment.name.startswith("CALL")}
        assert isinstance(gateway, WillingGateway)

    async def test_loses_no_answer_of_what_is_not_the_ports(self, database: Database) -> None:
        class Bank(WillingGateway):
            async def confirm(self, *, reference: str) -> bool:
                return bool(reference)

        watch = Watch(SERVER)
        watch.arm(None)

        assert await WatchedGateway(Bank(database), watch).confirm(reference="r")

        assert {point.moment for point in watch.seen} == {
            Moment.CALL_BEFORE, Moment.CALL_DURING, Moment.CALL_AFTER,
        }  # fmt: skip

    async def test_counts_nothing_before_it_is_armed(self, database: Database) -> None:
        watch = Watch(SERVER)

        gateway = WatchedGateway(LossyGateway(WillingGateway(database)), watch)
        await gateway.void(key="k", reference="r", amount_minor=1, currency="GBP")

        assert watch.seen == []

    async def test_finds_the_same_points_each_time(
        self, launcher: Launcher, furnished_template: tuple[Server, str]
    ) -> None:
        async with begun(launcher, *furnished_template, named("card")) as campaign:
            first, second = await campaign.points(), await campaign.points()

        labels = [point.label for point in first]
        assert first == second
        assert {"BEGIN;", "COMMIT;", "test.authorize"} <= set(labels)
        assert any(label.startswith("INSERT INTO test_gateway_operations") for label in labels)

    async def test_finds_points_in_the_worker_too(
        self, launcher: Launcher, furnished_template: tuple[Server, str]
    ) -> None:
        async with begun(launcher, *furnished_template, named("capture")) as campaign:
            points = await campaign.points()

        assert {point.role for point in points} == {SERVER, WORKER}
        assert Point(WORKER, Moment.CALL_DURING, "test.capture", 1) in points


class TestSampling:
    POINTS = tuple(
        Point(SERVER, moment, "it", nth)
        for moment, times in ((Moment.STATEMENT_BEFORE, 50), (Moment.CALL_DURING, 2), (Moment.CALL_LOST, 2))
        for nth in range(times)
    )

    def test_draws_the_same_by_the_same_seed_and_others_by_others(self) -> None:
        assert sampled(self.POINTS, "a", 10) == sampled(self.POINTS, "a", 10)
        assert sampled(self.POINTS, "a", 10) != sampled(self.POINTS, "b", 10)

    def test_leaves_no_moment_out(self) -> None:
        drawn = sampled(self.POINTS, "a", 10)

        assert len({fault.point for fault in drawn}) == 10
        assert {fault.point.moment for fault in drawn} == {point.moment for point in self.POINTS}

    def test_takes_all_there_are_where_these_are_few(self) -> None:
        assert len(sampled(self.POINTS, "a", 1000)) == len(self.POINTS)


class TestTakingAll:
    POINTS = (
        Point(SERVER, Moment.STATEMENT_BEFORE, "BEGIN", 1),
        Point(SERVER, Moment.STATEMENT_AFTER, "BEGIN", 1),
        Point(SERVER, Moment.STATEMENT_BEFORE, "COMMIT", 1),
        Point(SERVER, Moment.STATEMENT_AFTER, "COMMIT", 1),
        Point(SERVER, Moment.CALL_BEFORE, "test.void", 1),
        Point(SERVER, Moment.CALL_UNHEARD, "test.void", 1),
        Point(SERVER, Moment.CALL_DURING, "test.void", 1),
        Point(WORKER, Moment.STATEMENT_BEFORE, "BEGIN", 1),
    )

    def test_stops_everywhere_where_others_can_tell_and_lets_everybody_come_back(self) -> None:
        faults = every(self.POINTS)

        assert {str(fault.point) for fault in faults} == {str(self.POINTS[i]) for i in (0, 1, 3, 5, 6, 7)}
        assert [fault.comeback for fault in faults if fault.point == self.POINTS[1]] == [*Comeback]

    def test_needs_nobody_to_come_back_when_nobody_ended(self) -> None:
        assert [fault.comeback for fault in every(self.POINTS) if fault.point == self.POINTS[5]] == [Comeback.CLIENT]

    def test_can_take_every_point_once(self) -> None:
        assert [fault.point for fault in once(self.POINTS)] == [*self.POINTS]


class TestAStoppedProcess:
    async def test_is_gone_at_the_point_and_not_before(
        self, launcher: Launcher, furnished_template: tuple[Server, str]
    ) -> None:
        point = Point(SERVER, Moment.STATEMENT_AFTER, "COMMIT;", 1)
        async with begun(launcher, *furnished_template, named("card")) as campaign:
            ending = await play(launcher, campaign.template, fault=point)

        assert (ending.struck, ending.ending, ending.complaints) == (True, DONE, [])
        # The dead cannot tell what they saw.
        assert ending.points == []

    async def test_is_recovered_from_by_the_loop_of_a_worker_too(
        self, launcher: Launcher, furnished_template: tuple[Server, str]
    ) -> None:
        async with (
            begun(launcher, *furnished_template, named("card")) as campaign,
            cloned(campaign.template.server, campaign.template.name) as dsn,
            opened(dsn) as shop,
        ):
            stage = Stage(launcher, dsn, shop)
            stage.arm(Point(SERVER, Moment.CALL_DURING, "test.authorize", 1))
            with pytest.raises(Died):
                await stage.send(campaign.template.call)
            await stage.disarm()
            await stage.let_pass(SOON)

            await stage.run_worker()

            async with asyncio.timeout(PATIENCE_SECONDS):
                while await found_by_checks(shop, at_last=True):
                    await asyncio.sleep(0.1)
            placed = await shop.fetch("SELECT status FROM orders")
            await stage.end()
        assert [row[0] for row in placed] == ["PLACED"]

    async def test_is_complained_of_where_nobody_stopped_it(
        self, launcher: Launcher, furnished_template: tuple[Server, str]
    ) -> None:
        async with begun(launcher, *furnished_template, named("card")) as campaign:
            ending = await play(launcher, campaign.template, planted=["ends_by_itself"])

        assert "the server ended, and nobody stopped it" in ending.complaints

    async def test_is_missed_where_there_is_no_such_point(
        self, launcher: Launcher, furnished_template: tuple[Server, str]
    ) -> None:
        async with begun(launcher, *furnished_template, named("card")) as campaign:
            fault = Fault(Point(SERVER, Moment.STATEMENT_AFTER, "TRUNCATE orders", 1), Comeback.CLIENT)

            tally = await campaign.run([fault], points=1)

        assert (tally.missed, tally.complaints) == ([fault], [])

    @pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
    def test_ends_with_whoever_started_it(self) -> None:
        code = (
            "import asyncio, time; from tests.builders.clock import OPENING; from tests.faults.stage import launching\n"
            "with launching() as launcher:\n"
            "    process = asyncio.run(launcher.start('server', dsn='postgresql://nobody/nothing', at=OPENING))\n"
            "    print(launcher.pid, process.pid, flush=True); time.sleep(600)"
        )
        harness = subprocess.Popen([sys.executable, "-c", code], cwd=HOUSE, stdout=subprocess.PIPE, text=True)
        assert harness.stdout is not None
        pids = [int(word) for word in harness.stdout.readline().split()]

        harness.kill()
        harness.communicate()

        deadline = time.monotonic() + PATIENCE_SECONDS
        while any(runs(pid) for pid in pids) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert [len(pids), *filter(runs, pids)] == [2]


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def complaints(campaign: Campaign, moment: Moment, label: str, comeback: Comeback) -> list[str]:
    """Play a scenario with each fault of one kind, and list what the judge says."""
    points = [point for point in await campaign.points() if point.moment is moment and point.label.startswith(label)]
    assert points, f"there is no {moment} of {label}"
    return (await campaign.run([Fault(point, comeback) for point in points], points=len(points))).complaints


class TestABug:
    """Each variant of the shop is broken on purpose, and works well as long as nothing goes wrong."""

    @pytest.mark.parametrize(
        ("bug", "scenario", "moment", "label", "comeback", "story"),
        [
            (
                "new_key_for_each_call", "card", Moment.CALL_DURING, "test.authorize", Comeback.CLIENT,
                "the provider holds money that no tender of ours knows of",
            ),
            (
                "never_recovers", "card", Moment.CALL_BEFORE, "test.authorize", Comeback.LATE,
                "a checkout is left lying, neither placed nor ended",
            ),
            (
                "lets_no_money_go", "two cards", Moment.CALL_UNHEARD, "test.authorize", Comeback.CLIENT,
                "a checkout has ended, and its money is held or taken",
            ),
            (
                "takes_silence_for_a_no", "card", Moment.CALL_LOST, "test.authorize", Comeback.CLIENT,
                "the provider holds money that no tender of ours knows of",
            ),
            (
                "commits_statement_by_statement", "card", Moment.STATEMENT_AFTER, "WITH placed AS", Comeback.LATE,
                "the firm reservations of an order line are its allocated units",
            ),
        ],
        ids=lambda value: value if value in PLANTED else "",
    )  # fmt: skip
    async def test_is_found(
        self,
        bug: str,
        scenario: str,
        moment: Moment,
        label: str,
        comeback: Comeback,
        story: str,
        launcher: Launcher,
        furnished_template: tuple[Server, str],
    ) -> None:
        async with begun(launcher, *furnished_template, named(scenario), planted=[bug]) as campaign:
            found = await complaints(campaign, moment, label, comeback)

        assert any(story in complaint for complaint in found), found

    @pytest.mark.parametrize("moment", [Moment.CALL_DURING, Moment.CALL_BEFORE, Moment.CALL_LOST])
    async def test_is_not_seen_where_there_is_none(
        self, moment: Moment, launcher: Launcher, furnished_template: tuple[Server, str]
    ) -> None:
        async with begun(launcher, *furnished_template, named("card")) as campaign:
            found = await complaints(campaign, moment, "test.authorize", Comeback.LATE)

        assert found == []
