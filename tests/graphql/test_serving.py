"""The server answers as GraphQL over HTTP says, and refuses what is beyond its limits."""

from tests.builders.client import Client
from tests.builders.shop import Shop


class TestHealth:
    async def test_is_live_and_ready(self, client: Client) -> None:
        live = await client.http.get("/health/live")
        ready = await client.http.get("/health/ready")

        assert (live.status_code, ready.status_code) == (200, 200)


class TestGraphQL:
    async def test_answers_a_query(self, client: Client, shop: Shop) -> None:
        data = await client.query("{ __typename }")

        assert data == {"__typename": "Query"}
        assert await shop.available("mug") == shop.opening_stock("mug")
