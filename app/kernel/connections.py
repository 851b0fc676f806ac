"""Lending connections: the driver's pool, with those that were just given back kept at hand.

The driver's pool starts a task for each connection that comes back, to be sure of its state. After work that ended well
there is nothing to be sure of, and the task costs as much as a statement: such a connection goes on a shelf, and the next
caller takes it from there.
"""

import asyncio
from collections import deque
from typing import Any

from app.kernel.errors import Busy

#: Connections that nobody needed for so long go back to the pool, which closes them.
_KEPT_SECONDS = 60.0


class Connections:
    """Connections of one pool, lent and given back."""

    __slots__ = ("_closing", "_patience_seconds", "_pool", "_shelf", "_waiting")

    def __init__(self, pool: Any, *, patience_seconds: float) -> None:
        self._pool = pool
        self._patience_seconds = patience_seconds
        self._shelf: deque[tuple[Any, float]] = deque()
        self._waiting = 0
        self._closing = False

    async def take(self) -> Any:
        """Lend a connection, waiting for one a while.

        Raises: Busy when all of them are in use for too long; whatever the driver raises for a database that is away.
        """
        while self._shelf:
            connection, _ = self._shelf.pop()
            if not connection.is_closed():
                return connection
            await self._pool.release(connection)
        self._waiting += 1
        try:
            return await self._pool.acquire(timeout=self._patience_seconds)
        except TimeoutError:
            raise Busy("all connections to the database are in use; try again") from None
        finally:
            self._waiting -= 1

    async def give_back(self, connection: Any, *, clean: bool) -> None:
        """Take a connection back; `clean` says that its last work ended well."""
        if not clean or self._waiting or self._closing or connection.is_closed():
            # Whoever waits is served by the pool alone.
            await self._pool.release(connection)
            return
        now = asyncio.get_running_loop().time()
        self._shelf.append((connection, now))
        if self._shelf[0][1] < now - _KEPT_SECONDS:
            idle, _ = self._shelf.popleft()
            await self._pool.release(idle)

    async def close(self) -> None:
        """Wait for running work, then close every connection."""
        self._closing = True
        while self._shelf:
            connection, _ = self._shelf.pop()
            await self._pool.release(connection)
        await self._pool.close()
