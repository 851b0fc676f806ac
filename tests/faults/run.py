"""One run: a scenario from its start on a fresh copy of its database, one process stopped at one point, and what became of it."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from os import getpid
from typing import Any, Final

import httpx2

from app.kernel.db import Database
from tests.builders import postgres
from tests.builders.clock import OPENING, StoppedClock
from tests.builders.patience import PATIENT
from tests.builders.postgres import Server
from tests.builders.shop import KEYS, Shop
from tests.faults.judge import found_by_checks, money, units
from tests.faults.points import SURVIVED, Point
from tests.faults.scenarios import DONE, SOON, Call, Scenario
from tests.faults.stage import Died, Launcher, Process
from tests.faults.working import work

Json = dict[str, Any]
SERVER: Final = "server"
WORKER: Final = "worker"
#: What is not the end of a call: the client sends it again.
_PENDING: Final = frozenset({"PAYMENT_PENDING", "BUSY"})
_ACT: Final = "PAYMENT_ACTION_REQUIRED"
#: How often a client sends a call again that is not decided yet.
_TRIES: Final = 8
#: How long nobody is there when nobody is; longer than stock is held, and than a shopper is waited for.
_LONG: Final = timedelta(minutes=20)
#: After so long even a shopper who was asked to act is not asked after any more.
_FOR_GOOD: Final = timedelta(days=8)


class Comeback(StrEnum):
    """Who comes first after a process was stopped, and when."""

    CLIENT = "the client, soon"
    WORKER = "the worker, soon"
    BOTH = "both at once"
    LATE = "the worker, late"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a client was answered: what the object is, and how the call ended."""

    ending: str
    subject: str | None


@dataclass(frozen=True, slots=True)
class Template:
    """A scenario's database to copy, the call that is made on it, and the units that there are."""

    server: Server
    name: str
    scenario: Scenario
    call: Call
    units: dict[str, int]


@dataclass(slots=True)
class Ending:
    """How one run ended. It went well when there is no complaint."""

    ending: str
    struck: bool
    complaints: list[str] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)


async def prepared(server: Server, furnished: str, scenario: Scenario) -> Template:
    """Bring a shop to where a scenario begins."""
    calls: list[Call] = []
    found: dict[str, int] = {}

    async def fill(dsn: str) -> None:
        async with opened(dsn) as shop:
            calls.append(await scenario.prepare(shop))
            await work(shop.database)
            found.update(await units(shop))

    name = f"stoa_fault_{getpid()}_{random.randrange(10**9)}"
    await postgres.make_template(server, name, like=furnished, fill=fill)
    return Template(server, name, scenario, calls[0], found)


@asynccontextmanager
async def opened(dsn: str) -> AsyncIterator[Shop]:
    """Look into a database, and act in it as the shop."""
    database = Database(dsn, keys=KEYS, clock=StoppedClock(), pool_size=4, patience=PATIENT)
    await database.connect()
    try:
        yield Shop(database)
    finally:
        await database.close()


class Stage:
    """The processes of one run, started as they are needed, and the clock that all of them go by."""

    def __init__(self, launcher: Launcher, dsn: str, shop: Shop, *, planted: Sequence[str] = ()) -> None:
        self._launcher = launcher
        self._dsn = dsn
        self._shop = shop
        self._planted = planted
        self._processes: dict[str, Process] = {}
        self._armed = False
        self._fault: Point | None = None
        self.now: datetime = OPENING
        self.answers: list[Answer] = []

    def arm(self, fault: Point | None) -> None:
        """Count the points of processes that are started from now on, and stop one of them at one."""
        self._armed, self._fault = True, fault

    async def let_pass(self, time: timedelta) -> None:
        """Let time pass for everybody."""
        self.now += time
        clock = self._shop.database.now
        assert isinstance(clock, StoppedClock)
        clock.at = self.now
        for process in self._processes.values():
            await process.tell("pass", at=self.now.isoformat())

    async def send(self, call: Call) -> Answer:
        """Have the client send a call, and act where it is asked to, until it hears how that ends.

        Raises: Died.
        """
        answer = await self._send(call)
        for _ in range(_TRIES):
            if answer.ending in _PENDING:
                await self.work()
                await self.let_pass(SOON)
            elif answer.ending != _ACT:
                break
            answer = await self._send(call)
        self.answers.append(answer)
        return answer

    async def _send(self, call: Call) -> Answer:
        process = await self._process(SERVER)
        token = None if call.by is None else self._shop.token(call.by)
        assert process.client is not None
        try:
            answered = await process.client.execute(call.document, {"input": dict(call.given)}, token=token)
            if answered.errors:
                return Answer(f"{answered.status} {answered.codes}", None)
            (payload,) = (answered.data or {}).values()
            codes = [error["code"] for error in payload["errors"]]
            if codes == [_ACT]:
                await process.client.http.post(payload["paymentAction"]["url"])
        except httpx2.TransportError as error:
            # The dead do not answer here either.
            await process.tell("pass")
            raise AssertionError(f"the server lives, and broke a connection: {error!r}") from error
        subject = payload[call.subject]
        return Answer(codes[0] if codes else DONE, None if subject is None else subject["id"])

    async def work(self) -> None:
        """Have the worker do all that is due.

        Raises: Died.
        """
        await (await self._process(WORKER)).tell("work")

    async def send_and_work(self, call: Call) -> None:
        """Have the client send a call while the worker works.

        Raises: Died.
        """
        for role in (SERVER, WORKER):
            await self._process(role)
        await asyncio.gather(self.send(call), self.work())

    async def run_worker(self) -> None:
        """Have the worker work in its own loop from now on, as it does in a shop."""
        await (await self._process(WORKER)).tell("run")

    async def work_long(self, *pauses: timedelta) -> None:
        """Have the worker work after each of some pauses.

        Raises: Died.
        """
        for pause in pauses:
            await self.let_pass(pause)
            await self.work()

    async def _process(self, role: str) -> Process:
        if role not in self._processes:
            process = await self._launcher.start(role, dsn=self._dsn, at=self.now, planted=self._planted)
            self._processes[role] = process
            if role == SERVER:
                await process.serve()
            if self._armed:
                fault = None if self._fault is None else self._fault.to_json()
                await process.tell("arm", fault=fault)
        return self._processes[role]

    async def disarm(self) -> tuple[bool, list[Point]]:
        """Count no more; answers whether the point was met, and the points seen by those who live."""
        self._armed = False
        struck, seen = False, []
        for role, process in list(self._processes.items()):
            try:
                told = await process.tell("rest")
                struck |= told["struck"]
                seen += [Point.from_json(point) for point in told["seen"]]
            except Died:
                struck = True
                await self._processes.pop(role).end()
        return struck, seen

    async def end(self) -> None:
        """End every process."""
        while self._processes:
            _, process = self._processes.popitem()
            await process.end()


async def play(
    launcher: Launcher,
    template: Template,
    *,
    fault: Point | None = None,
    comeback: Comeback = Comeback.CLIENT,
    planted: Sequence[str] = (),
) -> Ending:
    """Play a scenario with one fault or none, let everybody recover, and judge."""
    async with postgres.cloned(template.server, template.name) as dsn, opened(dsn) as shop:
        stage = Stage(launcher, dsn, shop, planted=planted)
        try:
            return await _played(stage, shop, template, fault, comeback)
        finally:
            await stage.end()


async def _played(stage: Stage, shop: Shop, template: Template, fault: Point | None, comeback: Comeback) -> Ending:
    scenario, call = template.scenario, template.call
    died, complaints = False, []
    stage.arm(fault)
    try:
        await stage.send(call)
        if scenario.works:
            await stage.work_long(timedelta(), SOON)
    except Died as error:
        died = True
        if fault is None or fault.moment in SURVIVED:
            complaints = [_unasked(error)]
    except AssertionError as error:
        complaints = [str(error)]
    struck, points = await stage.disarm()
    ending = Ending("", struck, complaints, points)
    try:
        if died or (struck and fault and fault.moment not in SURVIVED):
            ending.complaints += await _come_back(stage, shop, call, comeback)
        await stage.send(call)
        await stage.send(call)
        await stage.work_long(SOON, SOON, _LONG, SOON)
        ending.ending = stage.answers[-1].ending
        if died and comeback is Comeback.CLIENT and ending.ending != scenario.undisturbed:
            ending.complaints.append(f"the client came back, and was answered {ending.ending}")
        ending.complaints += await found_by_checks(shop) + await _money_complaints(shop, scenario, ending.ending)
        if call.buys and ending.ending != DONE and not ending.complaints:
            ending.complaints += await _buy_anew(stage, call)
        await stage.work_long(_FOR_GOOD, SOON)
        await stage.send(call)
        ending.complaints += await found_by_checks(shop, at_last=True) + await _complaints(stage, shop, template)
    except (Died, AssertionError) as error:
        how = _unasked(error) if isinstance(error, Died) else str(error)
        ending.complaints += [how, *await found_by_checks(shop)]
    return ending


def _unasked(error: Died) -> str:
    return f"the {error} ended, and nobody stopped it"


async def _come_back(stage: Stage, shop: Shop, call: Call, comeback: Comeback) -> list[str]:
    if comeback is Comeback.CLIENT:
        await stage.let_pass(SOON)
        return []
    if comeback is Comeback.WORKER:
        await stage.work_long(SOON, SOON)
        return []
    if comeback is Comeback.BOTH:
        await stage.let_pass(SOON)
        await stage.send_and_work(call)
        return []
    await stage.work_long(_LONG, SOON, SOON)
    # All has to be well even if the client never comes back.
    return await found_by_checks(shop)


async def _money_complaints(shop: Shop, scenario: Scenario, ending: str) -> list[str]:
    if ending not in scenario.ends:
        return [f"the call ended as {ending}, and may end as {', '.join(scenario.ends)}"]
    lies, due = await money(shop), scenario.ends[ending]
    return [] if lies == due else [f"after {ending} the provider has {lies}, and should have {due}"]


async def _buy_anew(stage: Stage, call: Call) -> list[str]:
    kept, stage.answers = stage.answers, []
    again = await stage.send(call.anew())
    stage.answers = kept
    return [] if again.ending == DONE else [f"the cart cannot be bought with another card: {again.ending}"]


async def _complaints(stage: Stage, shop: Shop, template: Template) -> list[str]:
    found = []
    if len(set(stage.answers)) > 1:
        found.append(f"the same key was answered in different ways: {stage.answers}")
    if (there := await units(shop)) != template.units:
        found.append(f"units were made or lost: {there}, and there were {template.units}")
    return found
