"""Clients follow changes over graphql-transport-ws, and are told after the commit."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from starlette.types import Message

from app.kernel.actor import SYSTEM
from app.kernel.db import Database
from app.kernel.ids import IdKind, encode
from app.kernel.news import GAP, News, Notice, tell
from app.main import create_app
from app.settings import Settings
from app.worker import Means, Relay
from tests.builders.patience import PATIENCE_SECONDS
from tests.builders.placed import place, shipped
from tests.builders.shop import Shop, fixed_id


class Socket:
    """A client's end of a socket, spoken to in the terms of ASGI."""

    def __init__(self, news: News) -> None:
        self.news = news
        self.sent: asyncio.Queue[Message] = asyncio.Queue()
        self.received: asyncio.Queue[Message] = asyncio.Queue()

    async def send(self, message: dict[str, Any]) -> None:
        """Send one message."""
        await self.sent.put({"type": "websocket.receive", "text": orjson.dumps(message).decode()})

    async def next(self) -> dict[str, Any]:
        """Wait for the next message, or for the end of the socket."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            message = await self.received.get()
        if message["type"] == "websocket.close":
            return {"type": "closed", "code": message["code"]}
        answer: dict[str, Any] = orjson.loads(message["text"])
        return answer


@asynccontextmanager
async def connected(
    settings: Settings,
    database: Database,
    *,
    payload: Mapping[str, object] | None = None,
    protocol: str = "graphql-transport-ws",
) -> AsyncIterator[Socket]:
    """Open a socket, and greet."""
    app = create_app(settings, database=database)
    socket = Socket(app.state.services.news)
    scope = {
        "type": "websocket", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "ws", "path": "/graphql",
        "raw_path": b"/graphql", "query_string": b"", "root_path": "", "headers": [(b"host", b"shop.test")],
        "client": ("127.0.0.1", 5), "server": ("shop.test", 80), "subprotocols": [protocol],
    }  # fmt: skip
    async with app.router.lifespan_context(app):
        # Whoever follows from the first moment on is told of the gap before it.
        await socket.news.listening()
        await socket.sent.put({"type": "websocket.connect"})
        task = asyncio.create_task(app(scope, socket.sent.get, socket.received.put))
        async with asyncio.timeout(PATIENCE_SECONDS):
            opened = await socket.received.get()
        if opened["type"] == "websocket.accept":
            await socket.send({"type": "connection_init", "payload": payload or {}})
        else:
            await socket.received.put(opened)
        yield socket
        await socket.sent.put({"type": "websocket.disconnect", "code": 1000})
        await task


class TestSocket:
    async def test_answers_queries(self, settings: Settings, database: Database) -> None:
        async with connected(settings, database) as socket:
            acknowledged = await socket.next()
            await socket.send({"id": "1", "type": "subscribe", "payload": {"query": "{ __typename }"}})
            answer, complete = await socket.next(), await socket.next()

        assert acknowledged == {"type": "connection_ack"}
        assert answer == {"id": "1", "type": "next", "payload": {"data": {"__typename": "Query"}}}
        assert complete == {"id": "1", "type": "complete"}

    async def test_knows_who_opened_it(self, settings: Settings, database: Database, shop: Shop) -> None:
        bearer = {"authorization": f"Bearer {shop.token('ada')}"}
        async with connected(settings, database, payload=bearer) as socket:
            await socket.next()
            await socket.send({"id": "1", "type": "subscribe", "payload": {"query": "{ me { email } }"}})
            answer = await socket.next()

        assert answer["payload"]["data"] == {"me": {"email": "ada@shop.test"}}

    async def test_is_closed_to_bad_tokens(self, settings: Settings, database: Database) -> None:
        async with connected(settings, database, payload={"token": "nonsense"}) as socket:
            closed = await socket.next()

        assert closed == {"type": "closed", "code": 4403}

    async def test_does_not_speak_the_old_protocol(self, settings: Settings, database: Database) -> None:
        async with connected(settings, database, protocol="graphql-ws") as socket:
            closed = await socket.next()

        assert closed == {"type": "closed", "code": 4406}

    async def test_says_what_is_wrong_with_a_document(self, settings: Settings, database: Database) -> None:
        async with connected(settings, database) as socket:
            await socket.next()
            await socket.send({"id": "1", "type": "subscribe", "payload": {"query": "{ nothing"}})
            answer = await socket.next()

        assert answer["type"] == "error"
        assert answer["payload"][0]["extensions"] == {"code": "INVALID"}


class TestFollowing:
    @pytest.mark.parametrize(
        ("document", "code"),
        [
            ("subscription { orderChanged(id: %s) { number } }", "NOT_FOUND"),
            ("subscription { fulfillmentOrderChanged(locationId: %s) { number } }", "UNAUTHENTICATED"),
        ],
    )
    async def test_is_for_those_who_may_see(
        self, settings: Settings, database: Database, shop: Shop, document: str, code: str
    ) -> None:
        subject = "ord_01h455vb4pex5vsknk084sn02q" if "orderChanged" in document else shop.location_ref("camden")
        async with connected(settings, database) as socket:
            await socket.next()
            query = document % f'"{subject}"'
            await socket.send({"id": "1", "type": "subscribe", "payload": {"query": query}})
            answer = await socket.next()

        errors = answer["payload"] if answer["type"] == "error" else answer["payload"]["errors"]
        assert [error["extensions"]["code"] for error in errors] == [code]

    async def test_an_order_tells_its_changes(self, settings: Settings, database: Database, shop: Shop) -> None:
        order = await place(shop, shipped("mug", 2))
        document = "subscription ($id: ID!, $token: String) { orderChanged(id: $id, token: $token) { id status } }"
        variables = {"id": encode(IdKind.ORDER, order.id), "token": order.token}
        async with connected(settings, database) as socket:
            await socket.next()
            await socket.send({"id": "1", "type": "subscribe", "payload": {"query": document, "variables": variables}})
            await followed(socket)
            await order.packed()
            await told(database)
            answer = await socket.next()

        assert answer["payload"] == {"data": {"orderChanged": {"id": variables["id"], "status": "PROCESSING"}}}

    async def test_a_location_is_told_of_its_work_alone(
        self, settings: Settings, database: Database, shop: Shop
    ) -> None:
        await told(database)
        query = f'subscription {{ fulfillmentOrderChanged(locationId: "{shop.location_ref("camden")}") {{ status }} }}'
        bearer = {"token": shop.token("associate")}
        async with connected(settings, database, payload=bearer) as socket:
            await socket.next()
            await socket.send({"id": "1", "type": "subscribe", "payload": {"query": query}})
            await followed(socket)
            await place(shop, shipped("mug", 1, at="soho"))
            await place(shop, shipped("mug", 1, at="camden"))
            await told(database)
            answer = await socket.next()
            await socket.send({"id": "1", "type": "complete"})

        assert answer["payload"] == {"data": {"fulfillmentOrderChanged": {"status": "OPEN"}}}
        assert socket.received.empty()


async def followed(socket: Socket) -> None:
    """Wait until somebody follows the news."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not socket.news.followers:
            await asyncio.sleep(0)


async def told(database: Database) -> None:
    """Have the relay tell everything there is to tell."""
    await Relay(Means(database.begin(SYSTEM), {})).drain()


class TestNews:
    async def test_are_told_to_those_who_want_them(self, database: Database) -> None:
        news = News(database.dsn)
        await news.start()
        wanted = Notice("OrderPlaced", {"order_id": str(fixed_id(99, 1))})
        with news.subscribed(lambda notice: notice.name == "OrderPlaced") as subscriber:
            first = await subscriber.next()
            async with database.unit(SYSTEM) as uow:
                await tell(uow, [Notice("OrderChanged"), wanted, wanted])
            async with asyncio.timeout(PATIENCE_SECONDS):
                second = await subscriber.next()
        await news.close()

        assert first == [GAP]
        assert second == [wanted]

    async def test_fit_however_many_they_are(self, database: Database) -> None:
        news = News(database.dsn)
        await news.start()
        notices = [Notice("OrderPlaced", {"order_id": str(fixed_id(99, number))}) for number in range(400)]
        heard: list[Notice] = []
        with news.subscribed(lambda _: True) as subscriber:
            await subscriber.next()
            async with database.unit(SYSTEM) as uow:
                await tell(uow, notices)
            async with asyncio.timeout(PATIENCE_SECONDS):
                while len(heard) < len(notices):
                    heard += await subscriber.next()
        await news.close()

        assert heard == notices

    async def test_say_that_some_may_be_missing_after_the_listener_was_cut_off(self, database: Database) -> None:
        news = News(database.dsn)
        await news.start()
        with news.subscribed(lambda _: True) as subscriber:
            await subscriber.next()
            async with database.unit(SYSTEM) as uow:
                await uow.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE application_name = 'stoa news' AND datname = current_database()",
                    (),
                )
            async with asyncio.timeout(PATIENCE_SECONDS):
                heard = await subscriber.next()
        await news.close()

        assert heard == [GAP]
