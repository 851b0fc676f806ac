"""The bench of the test gateway, which plays the provider in our own database."""

import csv
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import orjson
import pytest

from app.kernel.db import Database
from app.payments.gateway import Answer, Gateway
from app.payments.gateways.test import TestGateway
from tests.builders.clock import StoppedClock
from tests.conformance.benches.bench import Bench, Letter, Taken


class TestBench(Bench):
    """The test gateway."""

    __test__ = False  # Its name is a bench's, not a test class's.
    ok = "tok_ok"
    declined = "tok_declined"
    asks = "tok_action"
    unknown = "tok_of_nobody"

    def __init__(self, database: Database, clock: StoppedClock) -> None:
        self._database = database
        self._clock = clock
        self.gateway: TestGateway = TestGateway(database)

    def now(self) -> datetime:
        """Read the clock that the test moves."""
        return self._clock.at

    async def act(self, answer: Answer) -> None:
        """Go where the answer says, and agree."""
        assert answer.action is not None
        assert answer.action.url is not None
        assert await self.gateway.confirm(reference=answer.action.url.rpartition("/")[2])

    @asynccontextmanager
    async def without_answer(self) -> AsyncIterator[tuple[Gateway, str]]:
        """Choose the card whose answers are lost."""
        yield self.gateway, "tok_timeout"

    @asynccontextmanager
    async def cut_off(self) -> AsyncIterator[tuple[Gateway, str]]:
        """Choose the card on which the provider fails."""
        yield self.gateway, "tok_error"

    async def news_of(self, taken: Taken) -> Letter:
        """Sign what it remembers."""
        sent = await self.gateway.news_of(taken.key)
        return Letter(sent.headers, sent.body)

    async def again_after(self, letter: Letter, later: timedelta) -> Letter:
        """Let time pass, and sign the same again."""
        self._clock.at += later
        sent = self.gateway.signed(orjson.loads(letter.body))
        return Letter(sent.headers, sent.body)

    async def idle_news(self) -> Letter | None:
        """Tell nothing: all its news are of money."""
        return None

    async def report_of(self, taken: Taken) -> Sequence[Mapping[str, str]]:
        """Report all it remembers."""
        return list(csv.DictReader(io.StringIO(await self.gateway.settlement_report())))

    def idle_row(self) -> Mapping[str, str] | None:
        """Write nothing: all its rows are of money."""
        return None


@asynccontextmanager
async def opened(request: pytest.FixtureRequest, database: Database) -> AsyncIterator[Bench]:
    """Set the bench up."""
    yield TestBench(database, request.getfixturevalue("clock"))
