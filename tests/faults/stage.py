"""Starting, asking and losing processes, as the harness sees it."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import IO, Any, Self

import httpx2
import orjson

from tests.builders.client import Client
from tests.builders.patience import PATIENCE_SECONDS
from tests.builders.postgres import HOUSE

Json = dict[str, Any]
_LONGEST_LOG = 4000


class Died(Exception):
    """The process is gone."""


class Launcher:
    """The parent of all processes, itself a process of its own."""

    def __init__(self, pid: int, control: socket.socket, log: IO[bytes]) -> None:
        self.pid = pid
        self._control = control
        self._log = log

    async def start(self, role: str, *, dsn: str, at: datetime, planted: Sequence[str] = ()) -> "Process":
        """Start a process that waits to be told what to do."""
        ours, theirs = socket.socketpair()
        wish = {"role": role, "dsn": dsn, "at": at.isoformat(), "planted": list(planted)}
        with theirs:
            socket.send_fds(self._control, [orjson.dumps(wish)], [theirs.fileno()])
        # To fork takes so few milliseconds that nobody has to be let in between.
        assert self._control.recv(1), f"the launcher has ended: {self.complaints()}"
        reader, writer = await asyncio.open_connection(sock=ours, limit=2**24)
        return await Process(role, reader, writer).started()

    def complaints(self) -> str:
        """Read the last of what processes wrote to their logs."""
        # The processes write at the place where this file stands, so it must not be moved.
        log = self._log.fileno()
        return os.pread(log, _LONGEST_LOG, max(0, os.fstat(log).st_size - _LONGEST_LOG)).decode(errors="replace")


@contextmanager
def launching() -> Iterator[Launcher]:
    """Have a launcher for the length of the block; no process outlives it."""
    ours, theirs = socket.socketpair()
    with ours, tempfile.TemporaryFile() as log:
        with theirs:
            parent = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.launcher", str(theirs.fileno())],
                cwd=HOUSE,
                env={name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "STOA_FAULTS"}},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            ours.settimeout(PATIENCE_SECONDS)
            assert ours.recv(1) == b"!", "the launcher did not start"
            yield Launcher(parent.pid, ours, log)
        finally:
            parent.kill()
            parent.wait(PATIENCE_SECONDS)


class Process:
    """A server or a worker, on the other end of a channel."""

    def __init__(self, role: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.role = role
        self.pid = 0
        self.client: Client | None = None
        self._reader = reader
        self._writer = writer
        self._turn = asyncio.Lock()

    async def started(self) -> Self:
        """Wait until it lives."""
        self.pid = (await self._read())["pid"]
        return self

    async def tell(self, do: str, **wish: object) -> Json:
        """Have it do something, and hear how that went.

        Raises: Died; AssertionError when it says that it could not.
        """
        try:
            async with self._turn:
                self._writer.write(orjson.dumps({"do": do, **wish}) + b"\n")
                answer = await self._read()
        except ConnectionError as error:
            raise Died(self.role) from error
        assert "error" not in answer, f"{self.role}: {answer['error']}"
        return answer

    async def serve(self) -> None:
        """Have it serve, and speak with it from now on."""
        port = (await self.tell("serve"))["port"]
        http = httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_SECONDS, trust_env=False)
        self.client = Client(http)

    async def end(self) -> None:
        """End it, whatever it is doing."""
        if self.client is not None:
            await self.client.http.aclose()
        with contextlib.suppress(ProcessLookupError):
            if not self._reader.at_eof():
                os.kill(self.pid, signal.SIGKILL)
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()

    async def _read(self) -> Json:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                line = await self._reader.readline()
        except TimeoutError:
            raise AssertionError(f"the {self.role} hangs: it has not answered for {PATIENCE_SECONDS} s") from None
        if not line:
            raise Died(self.role)
        answer: Json = orjson.loads(line)
        return answer
