"""A small pool of connections serves many callers: nobody holds one connection while waiting for another."""

import asyncio

import httpx2
import pytest

from app.kernel.db import Database
from app.main import create_app
from app.settings import Settings
from tests.builders import shop as shops
from tests.builders.client import Client
from tests.builders.clock import StoppedClock
from tests.builders.patience import PATIENT
from tests.builders.shop import Shop

pytestmark = pytest.mark.anyio

#: Reads with what the first mutation left, then writes again, in one document.
TWICE = """
mutation {
  one: cartCreate(input: {}) { cart { id version channel { code } } errors { code } }
  two: cartCreate(input: {}) { cart { id version channel { code } } errors { code } }
}"""


class TestSmallPool:
    async def test_serves_more_callers_than_it_has_connections(
        self, shop: Shop, dsn: str, clock: StoppedClock, settings: Settings
    ) -> None:
        database = Database(dsn, keys=shops.KEYS, clock=clock, pool_size=2, patience=PATIENT)
        await database.connect()
        app = create_app(settings, database=database)
        async with (
            app.router.lifespan_context(app),
            httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://shop.test") as http,
        ):
            client = Client(http)
            token = shop.token("associate")

            answers = await asyncio.gather(*(client.query(TWICE, token=token) for _ in range(12)))

        await database.close()
        assert all(answer["two"]["errors"] == [] for answer in answers)
