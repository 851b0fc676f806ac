"""A foreign system on this machine: it takes down what it is asked, and answers as it was told, or never."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl

import orjson

from tests.builders.patience import PATIENCE_SECONDS


@dataclass(frozen=True, slots=True)
class Asked:
    """One HTTP request. Names of headers are lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        """Read the body, or what stands behind the question mark, as a form."""
        return dict(parse_qsl(self.body.decode() or self.path.partition("?")[2]))


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP answer."""

    body: object = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class Loopback:
    """A server that answers each request with what `answer` makes of it; None keeps the caller waiting for ever."""

    def __init__(self, answer: Callable[[Asked], Reply | None]) -> None:
        self._answer = answer
        self._closing = asyncio.Event()
        self._most: int | None = None
        self.asked: list[Asked] = []
        self.heard = asyncio.Condition()

    async def __aenter__(self) -> Self:
        """Begin to listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Hang up on everybody."""
        self._closing.set()
        self._server.close()
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        """Where it listens."""
        host, port = self._server.sockets[0].getsockname()
        return f"http://{host}:{port}"

    def stop_listening_after(self, most: int) -> None:
        """Refuse every connection once so much was asked."""
        self._most = most

    async def until(self, heard: Callable[[Asked], bool], *, within: float = PATIENCE_SECONDS) -> Asked:
        """Wait until something was asked."""
        async with asyncio.timeout(within), self.heard:
            await self.heard.wait_for(lambda: any(heard(asked) for asked in self.asked))
        return next(asked for asked in self.asked if heard(asked))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            asked = await _read(reader)
            async with self.heard:
                self.asked.append(asked)
                self.heard.notify_all()
            if len(self.asked) == self._most:
                self._server.close()
            reply = self._answer(asked)
            if reply is None:
                await self._closing.wait()
            else:
                writer.write(_written(reply))
                await writer.drain()
        writer.close()


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    line, *fields = head.strip().split("\r\n")
    method, path, _ = line.split(" ")
    headers = {name.strip().lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Asked(method, path, headers, body)


def _written(reply: Reply) -> bytes:
    body = reply.body if isinstance(reply.body, bytes) else orjson.dumps(reply.body)
    fields = {
        "content-type": "application/json",
        "connection": "close",
        "content-length": str(len(body)),
        **reply.headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {reply.status} Told\r\n{head}\r\n".encode() + body


@asynccontextmanager
async def nobody() -> AsyncIterator[str]:
    """Lend an address on this machine at which nobody listens, and nobody will meanwhile."""
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0, start_serving=False)
    # Bound, but not listening: the system refuses connections, and gives the port to nobody else.
    try:
        host, port = server.sockets[0].getsockname()
        yield f"http://{host}:{port}"
    finally:
        server.close()
