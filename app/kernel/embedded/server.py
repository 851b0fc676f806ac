"""The server of a data directory: where it listens, whether it lives, how it is launched and ended."""

import contextlib
import hashlib
import os
import shlex
import signal
import socket
import stat
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from app.kernel.embedded.account import binaries, owner_of
from app.kernel.embedded.directory import LOG
from app.kernel.embedded.failure import OWN_DATABASE, EmbeddedPostgresError, failure

START_SECONDS = 300
STOP_SECONDS = 300
ORPHANS_SECONDS = 30
ANSWER_SECONDS = 5
POLL_SECONDS = 0.01
LOG_BYTES = 8_000_000

PORT = 5432
SOCKET = f".s.PGSQL.{PORT}"
PROC = Path("/proc")
PROGRAMS = ("postgres", "pg_ctl", "unshare")


@dataclass(frozen=True, slots=True)
class EmbeddedPostgres:
    """Where a server keeps its rows and where it listens."""

    data_dir: Path
    socket_dir: Path

    @property
    def dsn(self) -> str:
        """Address of the maintenance database, as libpq and asyncpg read it."""
        return self.dsn_for("postgres")

    def dsn_for(self, database: str) -> str:
        """Address of `database` on this server."""
        return f"postgresql://postgres@/{quote(database, safe='')}?host={quote(str(self.socket_dir), safe='')}"


@dataclass(frozen=True, slots=True)
class Listener:
    """The postmaster behind a socket that answers; its pid is 0 where the system does not tell."""

    pid: int
    is_ready: bool


def of(data_dir: Path) -> EmbeddedPostgres:
    """Return the address of the one server that `data_dir` can have, running or not.

    Raises: EmbeddedPostgresError if we may not act for its owner.
    """
    # A socket path is limited to 107 bytes, so the data directory gives it a name and not a place. Not in
    # XDG_RUNTIME_DIR: a logout empties that while the server lives on, and cron, sudo and ssh each see another one,
    # so the same rows would have several addresses. The directory is 0700 and checked to be its owner's.
    place = Path("/tmp")  # noqa: S108
    name = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    return EmbeddedPostgres(data_dir, place / f"stoa-{owner_of(data_dir).uid}-{name}")


def find_listener(server: EmbeddedPostgres) -> Listener | None:
    """Ask who answers on the server's socket; None means that nobody listens.

    Raises: EmbeddedPostgresError if the socket directory is another user's.
    """
    if not _is_private(server):
        return None
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(ANSWER_SECONDS)
        try:
            client.connect(str(server.socket_dir / SOCKET))
        except (FileNotFoundError, ConnectionRefusedError):
            return None
        except (BlockingIOError, TimeoutError):
            # Someone holds the socket and is too busy to take us: alive, whatever else.
            return Listener(pid=0, is_ready=False)
        return Listener(_postmaster_behind(client, server), is_ready=_accepts_queries(client))


def serves(listener: Listener, server: EmbeddedPostgres) -> bool:
    """Tell whether `listener` serves the directory that is there now, and not a deleted one of the same name."""
    if not PROC.exists():
        return (server.data_dir / "postmaster.pid").exists()
    try:
        return os.path.samestat((PROC / str(listener.pid) / "cwd").stat(), server.data_dir.stat())
    except OSError:
        # It ended meanwhile, or is invisible from here: the next question will tell.
        return True


def is_up_once_settled(server: EmbeddedPostgres) -> bool:
    """Wait until the server answers, or until none of its processes is left; tell which.

    A postmaster that was killed leaves children that may still write for a moment: a second server beside them would
    destroy the database, so there is none before the last is gone.
    Raises: EmbeddedPostgresError if it comes to neither.
    """
    for waited_seconds in _polling(START_SECONDS):
        listener = find_listener(server)
        if listener is None:
            left = _processes_of(server)
            if not left:
                return False
            if waited_seconds > ORPHANS_SECONDS:
                pids = " ".join(map(str, left))
                raise EmbeddedPostgresError(
                    f"PostgreSQL processes {pids} hold {server.data_dir}, yet none answers on {server.socket_dir}. "
                    f"End them with `kill -QUIT {pids}` and start again, or {OWN_DATABASE}."
                )
        elif not serves(listener, server):
            _end_stray(listener)
        elif listener.is_ready:
            return True
    raise failure(f"PostgreSQL in {server.data_dir} was not ready in {START_SECONDS} s:", output=_log_of(server))


def launch(server: EmbeddedPostgres, *, settings: Mapping[str, str]) -> None:
    """Start the server, which must have no process left, and wait until it answers.

    Raises: EmbeddedPostgresError.
    """
    account = owner_of(server.data_dir)
    if not _is_private(server):
        server.socket_dir.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(server.socket_dir, account.uid, account.gid)
    # These name the dead. Their pids may be anyone's by now, and PostgreSQL would refuse to start for their sake.
    for stale in (server.data_dir / "postmaster.pid", *server.socket_dir.iterdir()):
        stale.unlink(missing_ok=True)
    log = server.data_dir / LOG
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_name(f"{LOG}.old"))
    read_already = log.stat().st_size if log.exists() else 0
    address = {
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": str(server.socket_dir),
        # Shown by `ps` for every process, and how they are found where there is no /proc.
        "cluster_name": server.socket_dir.name,
        "log_destination": "stderr",
    }
    options = shlex.join(f"--{name}={value}" for name, value in {**settings, **address}.items())
    patience = ("--wait", f"--timeout={START_SECONDS}")
    started = account.run(
        [binaries() / "pg_ctl", "start", *patience, f"--log={LOG}", f"--options={options}"],
        data_dir=server.data_dir,
    )
    listener = find_listener(server)
    if started.returncode != 0 or listener is None or not listener.is_ready:
        output = _log_of(server, since=read_already) or started.stdout
        with contextlib.suppress(OSError):
            server.socket_dir.rmdir()
        raise failure(f"PostgreSQL did not start in {server.data_dir}. It wrote (see {log}):", output=output)


def end(server: EmbeddedPostgres, listener: Listener, *, by: signal.Signals) -> None:
    """Signal the postmaster and wait until the last process of the server is gone.

    Raises: EmbeddedPostgresError.
    """
    if listener.pid <= 0:
        raise EmbeddedPostgresError(
            f"PostgreSQL in {server.data_dir} answers on {server.socket_dir}, but its process cannot be seen from "
            "here or does not respond. Stop it where it was started (another container?)."
        )
    with contextlib.suppress(ProcessLookupError):
        os.kill(listener.pid, by)
    for _ in _polling(STOP_SECONDS):
        if find_listener(server) is None and not _processes_of(server):
            return
    raise failure(f"PostgreSQL in {server.data_dir} did not end in {STOP_SECONDS} s:", output=_log_of(server))


def _is_private(server: EmbeddedPostgres) -> bool:
    """Tell whether the socket directory exists; refuse one that others could have put there or can enter."""
    try:
        found = server.socket_dir.lstat()
    except FileNotFoundError:
        return False
    expected_uid = owner_of(server.data_dir).uid
    if stat.S_ISDIR(found.st_mode) and found.st_uid == expected_uid and stat.S_IMODE(found.st_mode) == stat.S_IRWXU:
        return True
    raise EmbeddedPostgresError(
        f"{server.socket_dir} is not a directory of user {expected_uid} alone (mode 0700), so a server there cannot be "
        f"trusted. Remove it, choose another data directory, or {OWN_DATABASE}."
    )


def _postmaster_behind(client: socket.socket, server: EmbeddedPostgres) -> int:
    if sys.platform == "linux":
        # Linux names whoever called listen(), which is the postmaster and not the child that answers.
        credentials = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        pid, _uid, _gid = struct.unpack("3i", credentials)
        return int(pid)
    # Elsewhere the file is all there is. The server has just answered, and one that lives guards its own file.
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int((server.data_dir / "postmaster.pid").read_text().splitlines()[0])
    return 0


def _accepts_queries(client: socket.socket) -> bool:
    """Open a session and end it; a server that starts up or shuts down says so with SQLSTATE 57P03."""
    parameters = b"user\0postgres\0database\0postgres\0\0"
    protocol = 3 << 16
    startup = struct.pack("!ii", 8 + len(parameters), protocol) + parameters
    terminate = struct.pack("!ci", b"X", 4)
    reply = b""
    # A connection cut short says what silence says: not yet.
    with contextlib.suppress(TimeoutError, ConnectionError):
        client.sendall(startup + terminate)
        while part := client.recv(4096):
            reply += part
    return reply != b"" and b"C57P03\0" not in reply


def _processes_of(server: EmbeddedPostgres) -> list[int]:
    """List the live processes of the server, orphans of a killed postmaster included."""
    if not PROC.exists():
        return _processes_named(server.socket_dir.name)
    directory = server.data_dir.stat()
    return [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit() and _runs_in(entry, directory)]


def _runs_in(entry: Path, directory: os.stat_result) -> bool:
    try:
        # A zombie has no directory, and a shell that someone left standing here is no server.
        program = (entry / "exe").readlink().name.removesuffix(" (deleted)")
        return program in PROGRAMS and os.path.samestat((entry / "cwd").stat(), directory)
    except OSError:
        return False


def _processes_named(cluster: str) -> list[int]:
    listed = subprocess.run(["/bin/ps", "-axww", "-o", "pid=,command="], capture_output=True, text=True, check=True)
    rows = [row.split(maxsplit=1) for row in listed.stdout.splitlines()]
    return [int(pid) for pid, command in rows if cluster in command and "postgres" in command]


def _end_stray(listener: Listener) -> None:
    """End a server whose data directory was deleted under it, and wait: its last act is to remove its socket."""
    if not PROC.exists() or listener.pid <= 0:
        # It notices within a minute by itself; whoever asks goes on asking.
        return
    standing = PROC / str(listener.pid) / "cwd"
    for _ in _polling(ANSWER_SECONDS):
        try:
            standing.stat()
            os.kill(listener.pid, signal.SIGQUIT)
        except (FileNotFoundError, ProcessLookupError):
            return


def _log_of(server: EmbeddedPostgres, *, since: int = 0) -> str:
    with contextlib.suppress(OSError), (server.data_dir / LOG).open("rb") as log:
        log.seek(since)
        return log.read().decode(errors="replace")
    return ""


def _polling(seconds: float) -> Iterator[float]:
    """Yield the seconds gone by, every few milliseconds, until `seconds` are over."""
    began = time.monotonic()
    while (waited_seconds := time.monotonic() - began) < seconds:
        yield waited_seconds
        time.sleep(POLL_SECONDS)
