"""Many edit one cart through the API at once, and every call is sent twice, as by clients that lost the answer."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Iterable
from typing import Any

import httpx2
import pytest

from app.main import create_app
from app.settings import Settings
from tests.builders.buyers import broken
from tests.builders.client import Client, Json
from tests.builders.clock import StoppedClock
from tests.builders.crowd import Crowd
from tests.builders.shop import Shop

pytestmark = pytest.mark.anyio

EDITS = 60
CONNECTIONS = 12

CART = "cart { id token version email lines { id quantity note variant { sku } } } errors { code field }"
CREATE = f"mutation($input: CartCreateInput!) {{ cartCreate(input: $input) {{ {CART} }} }}"
ADD = f"mutation($input: CartLinesAddInput!) {{ cartLinesAdd(input: $input) {{ {CART} }} }}"
CHANGE = f"mutation($input: CartLinesUpdateInput!) {{ cartLinesUpdate(input: $input) {{ {CART} }} }}"
UPDATE = f"mutation($input: CartUpdateInput!) {{ cartUpdate(input: $input) {{ {CART} }} }}"
READ = """
query($id: ID!, $token: String) {
  cart(id: $id, token: $token) { version email lines { quantity note variant { sku } } }
}
"""


@pytest.fixture
async def crowd(shop: Shop, dsn: str, clock: StoppedClock) -> AsyncIterator[Crowd]:
    """Gather many with a dozen connections, in the furnished shop."""
    assert shop.database
    async with Crowd(dsn, clock, connections=CONNECTIONS) as crowd:
        yield crowd


@pytest.fixture
async def client(settings: Settings, crowd: Crowd) -> AsyncIterator[Client]:
    """Speak GraphQL with a server over the connections of the crowd."""
    app = create_app(settings, database=crowd.database)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://shop.test") as http,
    ):
        yield Client(http)


class Guests:
    """Many with one cart."""

    def __init__(self, client: Client, cart: Json) -> None:
        self.client = client
        self.proof: Json = {"cartId": cart["id"], "token": cart["token"]}

    async def send(self, document: str, **given: object) -> Json:
        """Send a call until it is answered with something final."""
        while True:
            [payload] = (await self.client.query(document, {"input": self.proof | given})).values()
            answer: Json = payload
            if [error["code"] for error in answer["errors"]] != ["BUSY"]:
                return answer


async def together(calls: Iterable[Coroutine[Any, Any, Json]]) -> list[Json]:
    return list(await asyncio.gather(*calls))


class TestOneCart:
    async def test_is_edited_by_many_at_once_and_nothing_is_lost(
        self, client: Client, crowd: Crowd, shop: Shop
    ) -> None:
        lamp = {"variantId": shop.variant_ref("lamp"), "quantity": 1}
        cart = (await client.mutate(CREATE, {"input": {"lines": [lamp]}}))["cart"]
        guests = Guests(client, cart)
        mug, tee = shop.variant_ref("mug"), shop.variant_ref("tee-s")
        [line] = cart["lines"]

        added = [
            guests.send(
                ADD,
                lines=[{"variantId": mug, "quantity": 1, "note": ("", "for Eve", "for Bob")[n % 3]}],
                idempotencyKey=f"mug {n}",
            )
            for n in range(EDITS // 2)
            for _ in range(2)
        ]
        careful = [
            guests.send(ADD, lines=[{"variantId": tee, "quantity": 1}], version=1 + n % 4) for n in range(EDITS // 6)
        ]
        changed = [guests.send(CHANGE, lines=[{"lineId": line["id"], "quantity": 1 + n}]) for n in range(EDITS // 6)]
        told = [guests.send(UPDATE, email=f"number{n}@shop.test") for n in range(EDITS // 6)]
        twice, by_version, recounts, letters = await crowd.at_once(
            together(calls) for calls in (added, careful, changed, told)
        )

        now = (await client.query(READ, {"id": cart["id"], "token": cart["token"]}))["cart"]
        assert [answer["errors"] for answer in twice] == [[]] * EDITS
        refused = [error["code"] for answer in by_version for error in answer["errors"]]
        assert set(refused) <= {"VERSION_CONFLICT"}
        tees = len(by_version) - len(refused)
        assert now["version"] == 1 + len(twice) // 2 + tees + len(recounts) + len(letters)
        lines = Counter({(one["variant"]["sku"], one["note"]): one["quantity"] for one in now["lines"]})
        lamps = lines.pop(("lamp", None))
        per_note = EDITS // 6
        wanted = {("mug", note): per_note for note in (None, "for Eve", "for Bob")}
        assert lines == Counter(wanted | ({("tee-s", None): tees} if tees else {}))
        assert lamps in range(1, 1 + len(recounts))
        assert now["email"] in {f"number{n}@shop.test" for n in range(len(letters))}
        assert await broken(crowd.shop) == []
        assert await crowd.deadlocks() == 0
