"""Running servers and workers."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator

import structlog
import uvicorn
from starlette.applications import Starlette
from uvicorn.supervisors import Multiprocess

from app import worker
from app.cli.work.place import settings_from, with_database
from app.main import create_app, database_of, gateways_of, hang_up, settle_memory
from app.settings import Settings

try:
    import uvloop
except ImportError:  # There is none for Windows.
    uvloop = None  # type: ignore[assignment]

log = structlog.get_logger()

_GRACE_SECONDS = 15
_FACTORY = "app.main:from_environment"


def serve(*, host: str, port: int, workers: int, with_worker: bool, data_dir: str | None) -> None:
    """Serve until told to stop."""
    with with_database(settings_from(os.environ), data_dir) as settings:
        if workers > 1:
            _serve_in_processes(settings, host=host, port=port, workers=workers, with_worker=with_worker)
        else:
            run_until_stopped(lambda stop: serve_here(settings, stop, host=host, port=port, with_worker=with_worker))


def work(*, data_dir: str | None) -> None:
    """Work until told to stop."""
    with with_database(settings_from(os.environ), data_dir) as settings:
        run_until_stopped(lambda stop: _work(settings, stop))


async def serve_here(
    settings: Settings,
    stop: asyncio.Event,
    *,
    host: str,
    port: int,
    with_worker: bool,
    app: Starlette | None = None,
    listener: socket.socket | None = None,
) -> None:
    """Serve in this process until `stop`, and work beside it where that is wanted.

    A `listener` is a socket that listens already, on whatever address it was bound to.
    """
    server = _Server(_config(settings, app or create_app(settings), host=host, port=port))
    settle_memory()
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(server.serve([listener] if listener else None))
        if with_worker:
            group.create_task(_work(settings, stop))

        async def end() -> None:
            await stop.wait()
            server.should_exit = True

        ending = group.create_task(end())
        await serving
        # A server that could not listen ends by itself; then there is nothing to work beside.
        stop.set()
        await ending
    if not server.started:
        raise SystemExit(1)


def run_until_stopped(run: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run until SIGINT or SIGTERM, then let it finish what is under way."""

    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError):
                loop.add_signal_handler(number, stop.set)
        await run(stop)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop if uvloop else None) as runner:
        runner.run(main())


class _Server(uvicorn.Server):
    """A server that leaves signals to us, because a worker may have to stop with it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


async def _work(settings: Settings, stop: asyncio.Event) -> None:
    database = database_of(settings)
    gateways = gateways_of(settings, database)
    await database.connect()
    try:
        log.info("working", environment=settings.environment.value)
        await worker.run(database, gateways, stop, throttle=settings.throttle)
    finally:
        await hang_up(gateways)
        await database.close()


def _serve_in_processes(settings: Settings, *, host: str, port: int, workers: int, with_worker: bool) -> None:
    assert settings.database_url is not None
    os.environ["DATABASE_URL"] = settings.database_url
    with tempfile.TemporaryDirectory(prefix="stoa-metrics-") as metrics:
        # The counters of all processes are added up from files here.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = metrics
        beside = subprocess.Popen([sys.executable, "-m", "app.cli", "worker"]) if with_worker else None
        try:
            config = _config(settings, _FACTORY, host=host, port=port, workers=workers)
            Multiprocess(config, [config.bind_socket()]).run()
        finally:
            if beside is not None:
                beside.terminate()
                beside.wait(_GRACE_SECONDS)


def _config(
    settings: Settings, app: Starlette | str, *, host: str, port: int, workers: int | None = None
) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        factory=isinstance(app, str),
        host=host,
        port=port,
        workers=workers,
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=settings.limits.body_bytes,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=60,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
