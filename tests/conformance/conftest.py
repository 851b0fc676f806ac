"""The gateways that the laws are put to, each on a bench of its own."""

from collections.abc import AsyncIterator, Iterator
from importlib import import_module

import pytest

from app.kernel.db import Database
from tests.conformance.benches.bench import Bench

#: Every adapter, with what has to be installed to put it on its bench.
BENCHES = {"test": (), "stripe": ("stripe", "localstripe")}


@pytest.fixture(scope="session")
def localstripe_url() -> Iterator[str]:
    """Run one localstripe for all tests of this process."""
    with import_module("tests.conformance.benches.stripe").localstripe() as url:
        yield url


@pytest.fixture(params=BENCHES)
async def bench(request: pytest.FixtureRequest, database: Database) -> AsyncIterator[Bench]:
    """Put one gateway after the other on its bench."""
    for needed in BENCHES[request.param]:
        pytest.importorskip(needed, reason=f"{needed} is not installed; it comes with the extra [dev]")
    async with import_module(f"tests.conformance.benches.{request.param}").opened(request, database) as bench:
        yield bench
