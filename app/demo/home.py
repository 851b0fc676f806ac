"""Where the demo lives when nobody gives it a database: a directory, and a PostgreSQL in it that its users share.

Whoever runs the demo holds a shared lock on the directory. It ends with its process however that ends, so the last one
to go knows that it is the last, and takes the server down with it.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from app.kernel import embedded
from app.kernel.embedded import EmbeddedPostgres, EmbeddedPostgresError

_SERVER = "postgres"
_LOCK = "in-use.lock"


def default_directory() -> Path:
    """Say where the demo keeps its rows: with the other data of whoever runs it."""
    data_home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data_home) / "stoa" / "demo"


@contextlib.contextmanager
def moved_in(directory: Path) -> Iterator[EmbeddedPostgres]:
    """Run the server of `directory` for the length of the block, or share the one that others run.

    Raises: EmbeddedPostgresError.
    """
    directory = directory.expanduser().resolve()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = (directory / _LOCK).open("a")
    except OSError as error:
        message = f"Could not write to {directory}: {error.strerror}. Choose another directory with --data-dir."
        raise EmbeddedPostgresError(message) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield start(directory)
        with contextlib.suppress(BlockingIOError):
            # Others still hold it: the server is theirs from now on.
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            embedded.stop(directory / _SERVER)


def start(directory: Path) -> EmbeddedPostgres:
    """Bring up the server of `directory` if it is down. Raises: EmbeddedPostgresError."""
    return embedded.start(directory / _SERVER)
