"""The data directory: one start or stop at a time, and there either whole or not at all."""

import contextlib
import fcntl
import glob
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from app.kernel.embedded.account import binaries, owner_for_new
from app.kernel.embedded.failure import OWN_DATABASE, EmbeddedPostgresError, failure

LOG = "server.log"

# What initdb and a server leave in a data directory; a file by another name is someone's own.
KNOWN = ("pg_", "PG_VERSION", "postgresql.", "base", "global", "postmaster.", LOG)


@contextlib.contextmanager
def locked(data_dir: Path) -> Iterator[None]:
    """Keep every other start and stop of `data_dir` out, in this program and in all others."""
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    lock = _open_lock(data_dir.with_name(f"{data_dir.name}.lock"))
    try:
        if os.geteuid() == 0:
            # Root may act for the owner, who must be able to open the same file afterwards.
            owner = (data_dir if data_dir.exists() else data_dir.parent).stat()
            os.fchown(lock, owner.st_uid, owner.st_gid)
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        # The file stays: were it deleted, a third party could lock a new one while the second still waits here.
        os.close(lock)


def is_initialized(data_dir: Path) -> bool:
    """Tell whether `data_dir` holds a database; move what an interrupted initdb left out of the way.

    Raises: EmbeddedPostgresError if it holds anything else, which is not ours to touch.
    """
    if not data_dir.exists() or not any(data_dir.iterdir()):
        return False
    # initdb makes these only once the first database stands.
    if all((data_dir / name).is_file() for name in ("global/pg_control", "base/1/PG_VERSION")):
        return True
    is_unfinished = all(entry.name.startswith(KNOWN) for entry in data_dir.iterdir())
    has_databases = any(entry.name != "1" for entry in data_dir.glob("base/*"))
    if is_unfinished and not has_databases:
        # Moved and not deleted: should we be wrong about it, nothing is lost.
        data_dir.rename(data_dir.with_name(f"{data_dir.name}.unfinished-{time.time_ns()}"))
        return False
    raise EmbeddedPostgresError(
        f"{data_dir} is neither empty nor a whole PostgreSQL data directory, so it was left as it is. Choose another "
        f"directory, restore this one from a backup, or {OWN_DATABASE}."
    )


def initialize(data_dir: Path, *, durable: bool) -> None:
    """Make an empty database in `data_dir`, which must be new or empty.

    Raises: EmbeddedPostgresError.
    """
    if data_dir.is_mount():
        # Only a rename makes a directory appear whole, and a mount point cannot be renamed onto.
        raise EmbeddedPostgresError(f"{data_dir} is a mount point. Choose a directory inside it, or {OWN_DATABASE}.")
    prefix = f".{data_dir.name[:100]}.initdb-"
    for abandoned in data_dir.parent.glob(f"{glob.escape(prefix)}*"):
        shutil.rmtree(abandoned, ignore_errors=True)
    account = owner_for_new(data_dir)
    unfinished = Path(tempfile.mkdtemp(prefix=prefix, dir=data_dir.parent))
    try:
        if os.geteuid() == 0:
            os.chown(unfinished, account.uid, account.gid)
        made = account.run(
            [
                binaries() / "initdb",
                *("--username=postgres", "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                # The private socket directory is the lock on the door. TCP is closed, also to whoever starts these
                # files by hand with a configuration of their own.
                *("--auth-local=trust", "--auth-host=reject"),
                *(() if durable else ("--no-sync",)),
            ],
            data_dir=unfinished,
        )
        if made.returncode != 0:
            raise failure(f"initdb could not make a database in {data_dir}:", output=made.stdout)
        unfinished.rename(data_dir)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    if durable:
        _sync(data_dir.parent)


def _open_lock(path: Path) -> int:
    # Not inheritable, so that the server does not keep the lock for as long as it lives.
    flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
    # In a shared directory Linux refuses O_CREAT on another user's file, even to root: so ask without it first.
    with contextlib.suppress(FileNotFoundError):
        return os.open(path, flags)
    return os.open(path, flags | os.O_CREAT, 0o600)


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
