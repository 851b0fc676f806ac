"""Opening the demo shop, serving it, and playing a journey through it over HTTP."""

import asyncio
import contextlib
import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import asyncpg
import httpx2
import structlog
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app.audit import audit
from app.cli.work.failures import CannotStart
from app.cli.work.place import settings_from, upgrade
from app.cli.work.seed import fill, is_seeded
from app.cli.work.serving import run_until_stopped, serve_here
from app.demo import home
from app.demo.content.people import log_ins
from app.demo.journey import JourneyFailed, ShopWindow, play
from app.demo.journey.client import DEMO_PASSWORD
from app.kernel.db import Database
from app.kernel.embedded import EmbeddedPostgresError
from app.kernel.errors import DatabaseUnavailable
from app.main import create_app, database_of
from app.settings import Environment, Settings, SettingsError

log = structlog.get_logger()

_READY_SECONDS = 180
_PAUSE_SECONDS = 0.05
_WATCH_SECONDS = 1
_ANSWER_SECONDS = 60
_LOG_INS_SHOWN = 7
_LOCK_JOURNEY = "SELECT pg_try_advisory_lock(7464172)"
_INTERRUPTED = 130
_TRY_THIS = """\
{ products(query: "mug", filter: {inStock: true}, first: 3) { nodes {
    name priceRange { min { amount currency } }
    variants { sku name availability { shippable pickup(near: {latitude: 51.5, longitude: -0.1}, first: 2) {
      store { name } quantity readyAt } } } } } }"""


class PortTaken(CannotStart):
    """Nothing can be served where the demo was asked to."""

    def __init__(self, host: str, port: int, why: str) -> None:
        super().__init__(f"port {port} on {host} cannot be had ({why}); choose another one with --port, or --port 0")


def demo(*, host: str, port: int, data_dir: str | None, once: bool, journey: bool) -> int:
    """Open the shop and serve it until told to stop, or `once`, until the journey has been played; answers the exit code.

    Raises: PortTaken; SettingsError; EmbeddedPostgresError; OtherData when DATABASE_URL names somebody's shop.
    """
    began = time.monotonic()
    settings = _settings()
    console = Console(soft_wrap=True, highlight=False)
    directory = Path(data_dir) if data_dir is not None else home.default_directory()
    with _listening(host, port) as listener, _database(settings, directory) as ready:
        if ready.database_url is None:
            raise AssertionError("a database without an address")
        upgrade(ready.database_url)
        revive = None if settings.database_url is not None else (lambda: home.start(directory.expanduser().resolve()))
        visit = _Visit(ready, console, listener, host=host, began=began, revive=revive)
        run_until_stopped(lambda stop: visit.run(stop, once=once, journey=journey))
    return visit.exit_code


def _settings() -> Settings:
    if os.environ.get("STOA_ENV", "").strip().lower() == Environment.PRODUCTION:
        raise SettingsError(["STOA_ENV is production: the demo's log-ins do not belong there"])
    # Lines of the log would run through the story; who wants them says so.
    return settings_from({"STOA_LOG_LEVEL": "error", **os.environ, "STOA_ENV": Environment.DEMO.value})


@contextlib.contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    """Take the port first of all, so that nobody waits for a database to hear that it is in use."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise PortTaken(host, port, error.strerror or str(error)) from None
    with listener:
        try:
            # A port that was served until a moment ago is free; one that is served now is not.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(1024)
        except (OSError, OverflowError) as error:
            raise PortTaken(host, port, getattr(error, "strerror", None) or str(error)) from None
        yield listener


@contextlib.contextmanager
def _database(settings: Settings, directory: Path) -> Iterator[Settings]:
    if settings.database_url is not None:
        yield settings
        return
    with home.moved_in(directory) as server:
        yield replace(settings, database_url=server.dsn)


class _Visit:
    """One run of the demo."""

    def __init__(
        self,
        settings: Settings,
        console: Console,
        listener: socket.socket,
        *,
        host: str,
        began: float,
        revive: Callable[[], object] | None,
    ) -> None:
        self._settings = settings
        self._console = console
        self._listener = listener
        self._host = host
        self._port: int = listener.getsockname()[1]
        self._began = began
        self._revive = revive
        self.exit_code = 0

    async def run(self, stop: asyncio.Event, *, once: bool, journey: bool) -> None:
        """Fill the shop if it is empty, serve it, tell where it is, and play."""
        database = database_of(self._settings)
        await database.connect()
        try:
            if not await is_seeded(database):
                await fill(database, self._settings, console=self._console)
            await self._serve(database, stop, once=once, journey=journey)
        finally:
            await database.close()

    async def _serve(self, database: Database, stop: asyncio.Event, *, once: bool, journey: bool) -> None:
        app = create_app(self._settings, database=database)
        serving = asyncio.create_task(
            serve_here(
                self._settings,
                stop,
                host=self._host,
                port=self._port,
                with_worker=True,
                app=app,
                listener=self._listener,
            )
        )
        watching = asyncio.create_task(self._watch(database, stop))
        playing = asyncio.create_task(self._play(database, journey=journey or once))
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({playing, stopping, serving}, return_when=asyncio.FIRST_COMPLETED)
            if playing.done() and not serving.done():
                self.exit_code = 0 if playing.result() else 1
                if not once and not stop.is_set():
                    self._console.print("\nThe shop stays open; Ctrl-C closes it.")
                    await asyncio.wait({stopping, serving}, return_when=asyncio.FIRST_COMPLETED)
                    self.exit_code = 0
            elif once and stop.is_set():
                self.exit_code = _INTERRUPTED
        finally:
            stop.set()
            for task in (playing, watching, stopping):
                task.cancel()
            await asyncio.gather(playing, watching, stopping, return_exceptions=True)
            await serving

    async def _play(self, database: Database, *, journey: bool) -> bool:
        """Wait until the shop answers, say where it is, play the journey, audit; answers whether all went well."""
        shown = f"[{self._host}]" if ":" in self._host else self._host
        url = f"http://{'127.0.0.1' if self._host in {'0.0.0.0', '::'} else shown}:{self._port}"  # noqa: S104
        # Proxies that the environment names are for other places than this machine.
        async with httpx2.AsyncClient(base_url=url, timeout=_ANSWER_SECONDS, trust_env=False) as client:
            await _until_ready(client)
            self._welcome(url)
            if not journey:
                return True
            went_well = True
            story = Telling(self._console)
            try:
                async with self._alone():
                    await play(ShopWindow(client), story)
            except JourneyFailed as failed:
                went_well = False
                self._console.print(f"\n[bold red]The journey ends here:[/] {escape(str(failed))}")
            return await self._audit(database) and went_well

    @contextlib.asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """Let one journey be played on a database at a time: each counts the stock before and after.

        The lock is the connection's, so it ends with this process however that ends.
        """
        connection = await asyncpg.connect(self._settings.database_url)
        try:
            if not await connection.fetchval(_LOCK_JOURNEY):
                self._console.print(
                    "\n  Another demo is on its journey through this shop; this one begins when that one has ended."
                )
                # A lock of the database sets no event here.
                while not await connection.fetchval(_LOCK_JOURNEY):  # noqa: ASYNC110
                    await asyncio.sleep(_PAUSE_SECONDS)
            yield
        finally:
            connection.terminate()

    async def _audit(self, database: Database) -> bool:
        """Ask every rule of the house, as `stoa audit` does."""
        self._console.print("\n[bold]stoa audit[/]")
        broken = count = 0
        async for finding in audit(database):
            count += 1
            if finding.rows:
                broken += 1
                self._console.print(f"  [red]BROKEN {finding.invariant.number}: {escape(finding.invariant.name)}[/]")
                for row in finding.rows[:3]:
                    self._console.print(f"    {escape(str(row))}")
        verdict = "[green]every one holds[/]" if not broken else f"[red]{broken} do not hold[/]"
        self._console.print(f"  {count} rules asked of every row: {verdict}")
        return broken == 0

    def _welcome(self, url: str) -> None:
        seconds = time.monotonic() - self._began
        console = self._console
        console.print(f"\n[bold]The demo shop is open[/] after {seconds:.1f} s\n")
        console.print(f"  {url}/               GraphiQL, to try the API out")
        console.print(f"  {url}/graphql        the API")
        console.print(f"  {url}/schema.graphql the schema\n")
        table = Table("log-in", "who", "works at", box=None, pad_edge=False, padding=(0, 3, 0, 0))
        for login in log_ins()[:_LOG_INS_SHOWN]:
            place = "everywhere" if login.every_location else ", ".join(login.location_codes)
            table.add_row(login.email, ", ".join(login.roles).lower().replace("_", " "), place)
        console.print(table)
        console.print(
            f"\n  Everybody's password is {DEMO_PASSWORD}. Cards: tok_ok, tok_declined, tok_action, tok_timeout."
        )
        console.print("  A query to paste:\n")
        console.print("\n".join(f"    {line}" for line in _TRY_THIS.splitlines()), markup=False)

    async def _watch(self, database: Database, stop: asyncio.Event) -> None:
        """Bring our own database up again when it has gone, whoever took it down."""
        while self._revive is not None and not stop.is_set():
            await asyncio.sleep(_WATCH_SECONDS)
            try:
                await database.ping()
            except DatabaseUnavailable:
                try:
                    await asyncio.to_thread(self._revive)
                except EmbeddedPostgresError as error:
                    # It tells in words what to do; where in our code it was raised helps nobody.
                    log.error("the database does not come back", reason=str(error))  # noqa: TRY400


class Telling:
    """Tells a story on a terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._scenes = 0

    def scene(self, title: str) -> None:
        """Begin a new part of the story."""
        self._scenes += 1
        self._console.print(f"\n[bold cyan]{self._scenes}. {escape(title)}[/]")

    def step(self, who: str, what: str, *facts: str) -> None:
        """Say who has just done what, and what the shop answered."""
        self._console.print(f"  [bold]{escape(who)}[/] {escape(what)}")
        for fact in facts:
            self._console.print(f"      {escape(fact)}", style="dim")
        sys.stdout.flush()


async def _until_ready(client: httpx2.AsyncClient) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx2.HTTPError):
            if (await client.get("/health/ready")).status_code == httpx2.codes.OK:
                return
        await asyncio.sleep(_PAUSE_SECONDS)
    raise DatabaseUnavailable(f"the shop was not ready after {_READY_SECONDS} s")
