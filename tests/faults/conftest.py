"""What the tests of faults may ask for: a launcher of processes, and the seed by which points are drawn."""

import os
from collections.abc import Iterator

import pytest

from tests.faults.stage import Launcher, launching


@pytest.fixture(scope="session")
def launcher() -> Iterator[Launcher]:
    """Have a launcher of one's own, as every worker of the test run has."""
    with launching() as started:
        yield started


@pytest.fixture(scope="session")
def seed(testrun_uid: str) -> str:
    """Say by which seed points are drawn: the same for the whole run, another one for each run unless it is given."""
    return os.environ.get("STOA_FAULT_SEED") or testrun_uid[:8]
