"""Every root field, asked by everybody about everybody's things, against the one table in `expectations`."""

import asyncio
from collections.abc import Mapping
from inspect import isawaitable

import pytest
from graphql import GraphQLObjectType, GraphQLSchema, build_schema

from app.kernel.actor import SYSTEM
from app.kernel.db import Database
from app.kernel.news import Notice, tell
from app.settings import Settings
from schema.build import sdl
from tests.builders.client import Answer, Client
from tests.builders.fingerprint import changed, fingerprint
from tests.builders.junk import document
from tests.builders.patience import PATIENCE_SECONDS
from tests.builders.scene import ROLES, Scene, Things, advance, set_scene
from tests.builders.shop import Shop
from tests.graphql.expectations import MUTATIONS, QUERIES, SUBSCRIPTIONS, Ask, Input, Row
from tests.graphql.expected_fields import INSIDE, Inside
from tests.graphql.test_following import connected

pytestmark = pytest.mark.anyio

LET_THROUGH = "A"
_LETTERS = {"UNAUTHENTICATED": "U", "FORBIDDEN": "F", "NOT_FOUND": "N"}


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    """Read the schema as its clients do."""
    return build_schema(sdl())


def letter_of(answer: Answer) -> str:
    """Say in the table's letters what became of a call; `?` for what no table should hold."""
    codes = answer.codes
    if codes:
        return _LETTERS.get(codes[0], "?") if len(codes) == 1 else "?"
    (found,) = (answer.data or {"": None}).values()
    if found is None:
        return "-"
    refusals = [error["code"] for error in found["errors"]] if "errors" in found else []
    return next((_LETTERS[code] for code in refusals if code in _LETTERS), LET_THROUGH)


async def arguments_of(row: Row, ask: Ask) -> Input:
    """Write what a role sends."""
    given = row.arguments(ask)
    return await given if isawaitable(given) else given


def told(row: Row, whose: str, found: Mapping[str, str]) -> list[str]:
    """Say where the table is wrong."""
    return [
        f"{row.name}, {whose}'s, by {role}: {found[role]} instead of {wanted}"
        for role, wanted in row.expected(whose).items()
        if found[role] != wanted
    ]


class TestTable:
    @pytest.mark.parametrize(
        ("root", "rows"), [("query", QUERIES), ("mutation", MUTATIONS), ("subscription", SUBSCRIPTIONS)]
    )
    def test_has_every_root_field(self, schema: GraphQLSchema, root: str, rows: tuple[Row, ...]) -> None:
        fields = getattr(schema, f"{root}_type").fields

        assert {row.field for row in rows} == set(fields)


class TestQueries:
    async def test_show_what_the_table_says(self, client: Client, shop: Shop, schema: GraphQLSchema) -> None:
        scene = await set_scene(shop)
        root = root_of(schema, "query")
        wrong = []
        for row in QUERIES:
            text = document("query", row.field, root.fields[row.field], schema)
            for whose in row.owners:
                found = {}
                for role in ROLES:
                    ask = Ask(scene, client, scene.of[whose], role)
                    answer = await client.execute(text, await arguments_of(row, ask), token=scene.access(role))
                    found[role] = letter_of(answer)
                wrong += told(row, whose, found)

        assert wrong == []


class TestFields:
    async def test_show_themselves_to_whom_the_table_says(self, client: Client, shop: Shop) -> None:
        scene = await set_scene(shop)
        wrong = []
        for field in INSIDE:
            for whose, things in scene.of.items():
                if field.after:
                    await advance(shop, things, *field.after)
                found = {role: await self.seen(client, scene, field, things, role) for role in ROLES}
                wrong += [
                    f"{field.path}, {whose}'s, by {role}: {found[role]} instead of {wanted}"
                    for role, wanted in field.expected(whose).items()
                    if found[role] != wanted
                ]

        assert wrong == []

    async def test_of_a_customer_are_not_for_who_holds_a_token_of_theirs(self, client: Client, shop: Shop) -> None:
        ada = (await set_scene(shop)).of["ada"]
        read = "customer { id email addresses { address { line1 } } }"
        document = """query($cart: ID!, $carts: String, $order: ID!, $orders: String) {
            cart(id: $cart, token: $carts) { id %s } order(id: $order, token: $orders) { id email %s returns { order { %s } } }
        }"""
        variables = {
            "cart": ada.ids["cart"], "carts": ada.cart_token, "order": ada.ids["order"], "orders": ada.order_token,
        }  # fmt: skip

        found = await client.query(document % (read, read, read), variables)

        assert found["cart"] == {"id": ada.ids["cart"], "customer": None}
        assert found["order"]["email"] == "ada@shop.test"
        assert found["order"]["customer"] is None
        assert found["order"]["returns"] == [{"order": {"customer": None}}]

    async def seen(self, client: Client, scene: Scene, field: Inside, things: Things, role: str) -> str:
        """Walk to the field; say whether there was anything."""
        given = {"id": things.ids[field.thing], "token": scene.tokens(role)[field.token]}
        found = (await client.query(field.document, given, token=scene.access(role)))["node"]
        for name in field.path.split(".")[1:]:
            found = None if found is None else found[name]
        return "-" if found is None else LET_THROUGH

    async def test_of_goods_that_are_sold_no_more_are_null(self, client: Client, shop: Shop) -> None:
        scene = await set_scene(shop)
        asked = Inside("order line tee-l", "OrderLine.variant.sku", "", "")
        async with shop.database.unit(SYSTEM) as uow:
            await uow.execute("UPDATE products SET archived_at = now() WHERE id = $1", [shop.products["tee"]])

        assert await self.seen(client, scene, asked, scene.of["ada"], "owner") == "-"


class TestMutations:
    @pytest.mark.parametrize("row", MUTATIONS, ids=lambda row: row.name)
    async def test_do_what_the_table_says(self, client: Client, shop: Shop, schema: GraphQLSchema, row: Row) -> None:
        scene = await set_scene(shop)
        text = document("mutation", row.field, root_of(schema, "mutation").fields[row.field], schema, depth=2)
        for whose in row.owners:
            await self.ask_everybody(client, scene, row, whose, text)

    async def ask_everybody(self, client: Client, scene: Scene, row: Row, whose: str, text: str) -> None:
        """Have those who are refused go first: they change nothing, so the first who is not has to succeed."""
        things = scene.of[whose]
        if row.after:
            await advance(scene.shop, things, *row.after)
        expected = row.expected(whose)
        found: dict[str, str] = {}
        refusals: list[list[str]] = []
        for passes in (False, True):
            asks = [Ask(scene, client, things, role) for role in ROLES if (expected[role] == LET_THROUGH) is passes]
            inputs = [await arguments_of(row, ask) for ask in asks]
            before = await fingerprint(scene.shop)
            for ask, given in zip(asks, inputs, strict=True):
                answer = await client.execute(text, given, token=scene.access(ask.role))
                found[ask.role] = letter_of(answer)
                if passes:
                    refusals.append([error["code"] for error in (answer.data or {})[row.field]["errors"]])
            if not passes:
                assert changed(before, await fingerprint(scene.shop)) == []

        assert told(row, whose, found) == []
        assert refusals[:1] in ([], [[]]), f"{row.name}: the first who may was refused"


class TestSubscriptions:
    @pytest.mark.parametrize("row", SUBSCRIPTIONS, ids=lambda row: row.name)
    async def test_let_follow_whom_the_table_says(
        self, client: Client, settings: Settings, database: Database, shop: Shop, schema: GraphQLSchema, row: Row
    ) -> None:
        scene = await set_scene(shop)
        text = document("subscription", row.field, root_of(schema, "subscription").fields[row.field], schema, depth=1)
        wrong = []
        for whose in row.owners:
            found = {}
            for role in ROLES:
                given = await arguments_of(row, Ask(scene, client, scene.of[whose], role))
                found[role] = await self.first_answer(
                    settings, database, text, given, scene.access(role), scene.of[whose]
                )
            wrong += told(row, whose, found)

        assert wrong == []

    async def first_answer(
        self, settings: Settings, database: Database, text: str, given: Input, token: str | None, things: Things
    ) -> str:
        """Follow, and have something happen once the caller was let in; answer what they are told first."""
        async with connected(settings, database, payload={"token": token} if token else None) as socket:
            await socket.next()
            await socket.send({"id": "1", "type": "subscribe", "payload": {"query": text, "variables": given}})
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not socket.news.followers and socket.received.empty():
                    await asyncio.sleep(0)
            async with database.unit(SYSTEM) as uow:
                await tell(uow, [Notice("FulfillmentOrderMoved", things.notice)])
            answer = await socket.next()
        payload = answer["payload"]
        refused = answer["type"] == "error"
        errors = payload if refused else payload.get("errors", [])
        data = None if refused else payload.get("data")
        return letter_of(Answer(status=200, headers={}, data=data, errors=errors, extensions={}))


def root_of(schema: GraphQLSchema, kind: str) -> GraphQLObjectType:
    """Find the type of a kind of operation's root fields."""
    root = getattr(schema, f"{kind}_type")
    assert isinstance(root, GraphQLObjectType)
    return root
