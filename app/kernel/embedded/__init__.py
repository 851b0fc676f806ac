"""A PostgreSQL that needs no installing: the binaries come in a wheel, the server is ours to start and stop.

Invariants: one server per data directory, reached over a Unix socket only; no process of ours owns it, so whoever
started it may die and the next `start` finds it; alive means that it answers on its socket, and a pid file is never
believed; nobody's files are deleted and nobody's process is signalled on the word of a file.
"""

import contextlib
import signal
from collections.abc import Mapping
from pathlib import Path

from app.kernel.embedded import directory, server
from app.kernel.embedded.failure import EmbeddedPostgresError, file_errors_told
from app.kernel.embedded.server import EmbeddedPostgres

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError", "is_running", "start", "stop"]

# The address is not among them: finding the server again depends on it.
SETTINGS = {"max_connections": "200", "shared_buffers": "128MB", "timezone": "UTC", "log_timezone": "UTC"}
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def start(data_dir: Path, *, durable: bool = True, settings: Mapping[str, str] | None = None) -> EmbeddedPostgres:
    """Bring up the server of `data_dir`, making the directory if it is new; return the running one if there is one.

    `settings` are PostgreSQL's own and win over ours; a server that already runs keeps those it was started with.
    `durable=False` is for tests: it is faster, and a crash may lose the last commits.
    Locks: `<data_dir>.lock`, so that of two starts at once the second finds what the first made.
    Raises: EmbeddedPostgresError.
    """
    data_dir = data_dir.resolve()
    with file_errors_told(f"Could not start PostgreSQL in {data_dir}"), directory.locked(data_dir):
        if not directory.is_initialized(data_dir):
            directory.initialize(data_dir, durable=durable)
        ours = server.of(data_dir)
        if not server.is_up_once_settled(ours):
            server.launch(ours, settings=SETTINGS | ({} if durable else NOT_DURABLE) | dict(settings or {}))
        return ours


def stop(data_dir: Path, *, immediately: bool = False) -> bool:
    """End the server of `data_dir` and wait until it is gone; return False if none ran.

    Open transactions are rolled back. `immediately` skips the closing checkpoint, so the next start replays the log.
    Raises: EmbeddedPostgresError.
    """
    data_dir = data_dir.resolve()
    if not data_dir.exists():
        return False
    with file_errors_told(f"Could not stop PostgreSQL in {data_dir}"), directory.locked(data_dir):
        ours = server.of(data_dir)
        listener = server.find_listener(ours)
        if listener is None:
            return False
        server.end(ours, listener, by=signal.SIGQUIT if immediately else signal.SIGINT)
        with contextlib.suppress(OSError):
            ours.socket_dir.rmdir()
        return True


def is_running(data_dir: Path) -> bool:
    """Tell whether the server of `data_dir` answers now.

    Raises: EmbeddedPostgresError if that is not ours to ask.
    """
    data_dir = data_dir.resolve()
    if not data_dir.exists():
        return False
    with file_errors_told(f"Could not ask PostgreSQL in {data_dir}"):
        ours = server.of(data_dir)
        listener = server.find_listener(ours)
        return listener is not None and listener.is_ready and server.serves(listener, ours)
