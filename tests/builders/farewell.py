"""A line to the database on which the end never arrives: the server's farewell is heard, its hanging up is not.

Between the two a driver holds a connection that is of no use and that it takes for whole. On a plain line that moment lasts
a millisecond, now and then; on this one it lasts as long as the test.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit, urlunsplit


@asynccontextmanager
async def never_hung_up(dsn: str) -> AsyncIterator[str]:
    """Lend another address of the same database, whose connections outlive what the server does to them."""
    callers: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        caller = asyncio.current_task()
        assert caller is not None
        callers.add(caller)
        try:
            from_server, to_server = await _reach(dsn)
            with contextlib.closing(to_server):
                answering = asyncio.create_task(_carry(from_server, writer))
                # Ends when the caller hangs up, and not when the server does.
                await _carry(reader, to_server)
                answering.cancel()
        finally:
            writer.close()
            callers.discard(caller)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    url = urlsplit(dsn)
    user = url.netloc.rpartition("@")[0]
    try:
        yield urlunsplit(url._replace(netloc=f"{user}@{host}:{port}", query=""))
    finally:
        server.close()
        left = list(callers)
        for caller in left:
            caller.cancel()
        await asyncio.gather(*left, return_exceptions=True)


async def _reach(dsn: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    url = urlsplit(dsn)
    (host,) = parse_qs(url.query).get("host", [url.hostname or "localhost"])
    port = url.port or 5432
    if host.startswith("/"):
        return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
    return await asyncio.open_connection(host, port)


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        # Whoever is gone misses it, and nothing else.
        with contextlib.suppress(ConnectionError):
            writer.write(data)
            await writer.drain()
