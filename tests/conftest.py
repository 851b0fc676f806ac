"""What every test may ask for: a database of its own, a shop, a client, a clock, and a count of statements.

`database` is a fresh copy for each test, of an empty shop, or of the furnished one where the test asks for `shop` too.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from importlib import import_module
from pathlib import Path

import httpx2
import pytest
import structlog
from hypothesis import HealthCheck
from hypothesis import settings as examples

from app.kernel.db import Database
from app.settings import Settings
from tests.builders import postgres
from tests.builders import shop as shops
from tests.builders.client import Client
from tests.builders.clock import StoppedClock
from tests.builders.patience import PATIENT
from tests.builders.shop import Shop
from tests.builders.statements import Sent, StatementLog

_OWNER = pytest.StashKey[bool]()

# What a law says depends neither on how fast a machine is nor on what was drawn today: every run meets the same examples.
examples.register_profile(
    "same", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
# `pytest --hypothesis-profile=hunt tests/unit` looks further, at others every time.
examples.register_profile("hunt", examples.get_profile("same"), derandomize=False, database=None, max_examples=2000)
examples.load_profile("same")


def pytest_configure(config: pytest.Config) -> None:
    """Choose where this run's database server will live, before there are other processes."""
    config.stash[_OWNER] = not hasattr(config, "workerinput")
    if config.stash[_OWNER]:
        postgres.claim_directory()


def pytest_unconfigure(config: pytest.Config) -> None:
    """End this run's database server."""
    if config.stash.get(_OWNER, False):
        postgres.release_directory()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the end what the tests of faults counted, and by which seed they drew."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    counted = [line for report in reports for name, line in report.user_properties if name == "faults"]
    if counted:
        terminalreporter.section("faults")
    for line in counted:
        terminalreporter.line(str(line))


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run asynchronous tests on asyncio alone, as the servers do."""
    return "asyncio"


@pytest.fixture(scope="session")
def empty_template() -> tuple[postgres.Server, str]:
    """Migrate a database once, to be copied."""
    server = postgres.server()
    name = f"stoa_empty_{postgres.hash_of(*postgres.migrations())}"

    async def fill(dsn: str) -> None:
        # Alembic runs an event loop of its own.
        await asyncio.to_thread(postgres.migrate, dsn)

    asyncio.run(postgres.make_template(server, name, like=None, fill=fill))
    return server, name


@pytest.fixture(scope="session")
def furnished_template(empty_template: tuple[postgres.Server, str]) -> tuple[postgres.Server, str]:
    """Furnish a shop once, to be copied."""
    server, empty = empty_template
    name = f"stoa_shop_{postgres.hash_of(*postgres.migrations(), Path(shops.__file__))}"
    asyncio.run(postgres.make_template(server, name, like=empty, fill=shops.furnish))
    return server, name


@pytest.fixture
def clock() -> StoppedClock:
    """Stop time at a Tuesday morning; `clock.advance(minutes=15)` lets it pass."""
    return StoppedClock()


@pytest.fixture
def template(request: pytest.FixtureRequest) -> tuple[postgres.Server, str]:
    """Choose what this test's database is a copy of."""
    wanted = "furnished_template" if "shop" in request.fixturenames else "empty_template"
    chosen: tuple[postgres.Server, str] = request.getfixturevalue(wanted)
    return chosen


@pytest.fixture
async def dsn(template: tuple[postgres.Server, str]) -> AsyncIterator[str]:
    """Lend the address of a database that nobody else uses."""
    async with postgres.cloned(*template) as address:
        yield address


@pytest.fixture
def statement_log() -> StatementLog:
    """Hear of every statement that `database` sends."""
    return StatementLog()


@pytest.fixture
async def database(dsn: str, clock: StoppedClock, statement_log: StatementLog) -> AsyncIterator[Database]:
    """Connect to a database of this test's own."""
    database = Database(dsn, keys=shops.KEYS, clock=clock, patience=PATIENT, on_statement=statement_log)
    await database.connect()
    yield database
    await database.close()


@pytest.fixture
def statements(statement_log: StatementLog) -> Callable[[], AbstractAsyncContextManager[Sent]]:
    """Count the statements sent within a block; `sent.count` says how many, transactions aside."""
    return statement_log.counting


@pytest.fixture
def shop(database: Database) -> Shop:
    """Open the furnished shop."""
    return Shop(database)


@pytest.fixture
def settings(dsn: str) -> Settings:
    """Choose what a test server runs with."""
    return shops.settings(dsn)


@pytest.fixture
async def client(settings: Settings, database: Database) -> AsyncIterator[Client]:
    """Speak GraphQL with a server over `database`."""
    # Service tests do without GraphQL, whose import takes a second.
    app = import_module("app.main").create_app(settings, database=database)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://shop.test") as http,
    ):
        yield Client(http)


@pytest.fixture(autouse=True)
def logs_of_its_own(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have each test log as if it were the first: a command that it runs sets logging up for the whole process."""
    set_up, before = structlog.configure, structlog.get_config()
    # A logger that is cached would go on writing where an earlier test had it write, and nobody could capture it.
    monkeypatch.setattr(structlog, "configure", lambda **how: set_up(**how | {"cache_logger_on_first_use": False}))
    yield
    set_up(**before)
