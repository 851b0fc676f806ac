"""A database that goes away is told of in the answers, and the same server serves again once it is back."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from app.kernel import embedded
from app.main import create_app
from tests.builders import postgres
from tests.builders.client import Client
from tests.builders.shop import furnish, settings

pytestmark = [pytest.mark.anyio, pytest.mark.embedded]

CREATE = "mutation { cartCreate(input: {}) { cart { version } errors { code } } }"


@pytest.fixture
async def directory(tmp_path: Path) -> AsyncIterator[Path]:
    """Lend a server of one's own, with the shop in it, to be stopped and started."""
    # A crash has to keep what was committed.
    server = await asyncio.to_thread(embedded.start, tmp_path)
    await asyncio.to_thread(postgres.migrate, server.dsn)
    await furnish(server.dsn)
    yield tmp_path
    await asyncio.to_thread(embedded.stop, tmp_path, immediately=True)


async def ready(client: Client) -> int:
    """Ask whether the server can serve."""
    return (await client.http.get("/health/ready")).status_code


class TestOutage:
    @pytest.mark.parametrize("immediately", [True, False], ids=["crash", "shutdown"])
    async def test_is_told_and_gone_by_itself(self, directory: Path, immediately: bool) -> None:
        app = create_app(settings((await asyncio.to_thread(embedded.start, directory)).dsn))
        async with (
            app.router.lifespan_context(app),
            httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://shop.test") as http,
        ):
            client = Client(http)
            before = await client.query("{ channels { code } }")
            assert await ready(client) == 200
            # Idle connections of the pool are met dead, and so are new ones not made.
            await asyncio.gather(*(client.mutate(CREATE) for _ in range(5)))

            await asyncio.to_thread(embedded.stop, directory, immediately=immediately)
            asked = [await client.execute("{ channels { code } }") for _ in range(3)]
            sent = [await client.execute(CREATE) for _ in range(3)]
            live = (await client.http.get("/health/live")).status_code
            away = await ready(client)

            await asyncio.to_thread(embedded.start, directory)
            after = await client.query("{ channels { code } }")
            payload = await client.mutate(CREATE)
            back = await ready(client)

        assert [answer.status for answer in (*asked, *sent)] == [503] * 6
        assert {code for answer in (*asked, *sent) for code in answer.codes} == {"UNAVAILABLE"}
        assert all(answer.headers["retry-after"] for answer in (*asked, *sent))
        assert (live, away, back) == (200, 503, 200)
        assert after == before == {"channels": [{"code": "web"}]}
        assert payload["cart"] == {"version": 1}
