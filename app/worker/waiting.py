"""How the worker waits."""

import asyncio
import contextlib

#: How long what is under way may take when the worker is told to stop.
STOP_SECONDS = 10.0
#: How long a database that is away is left alone.
AWAY_SECONDS = 1.0


async def sleep(stop: asyncio.Event, seconds: float) -> None:
    """Wait so long, or until the worker is told to stop."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
