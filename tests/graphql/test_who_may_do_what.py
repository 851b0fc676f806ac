"""Every root field, asked by everybody about everybody's things, against the one table in `expectations`."""

from collections.abc import Mapping
from inspect import isawaitable

import pytest
from graphql import GraphQLObjectType, GraphQLSchema, build_schema

from app.kernel.db import Database
from app.settings import Settings
from schema.build import sdl
from tests.builders.client import Answer, Client
from tests.builders.fingerprint import changed, fingerprint
from tests.builders.junk import document
from tests.builders.scene import ROLES, Scene, advance, set_scene
from tests.builders.shop import Shop
from tests.graphql.expectations import MUTATIONS, QUERIES, SUBSCRIPTIONS, Ask, Input, Row
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
                found[role] = await self.first_answer(settings, database, text, given, scene.access(role))
            wrong += told(row, whose, found)

        assert wrong == []

    async def first_answer(
        self, settings: Settings, database: Database, text: str, given: Input, token: str | None
    ) -> str:
        """Follow until the first answer; whoever begins to follow is told at once how things are."""
        async with connected(settings, database, payload={"token": token} if token else None) as socket:
            await socket.next()
            await socket.send({"id": "1", "type": "subscribe", "payload": {"query": text, "variables": given}})
            answer = await socket.next()
        payload = answer["payload"]
        errors = payload if answer["type"] == "error" else payload.get("errors", [])
        data = None if answer["type"] == "error" else payload.get("data")
        return letter_of(Answer(status=200, headers={}, data=data, errors=errors, extensions={}))


def root_of(schema: GraphQLSchema, kind: str) -> GraphQLObjectType:
    """Find the type of a kind of operation's root fields."""
    root = getattr(schema, f"{kind}_type")
    assert isinstance(root, GraphQLObjectType)
    return root
