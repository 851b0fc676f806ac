"""Whatever is sent, the answer is one that api.md names: never a bug, and never a shop whose books do not add up."""

import os
import time

import pytest
from graphql import GraphQLObjectType, build_schema

from schema.build import sdl
from tests.builders.buyers import broken
from tests.builders.client import Answer, Client
from tests.builders.junk import Junk, document
from tests.builders.scene import ROLES, Scene, good_inputs, set_scene
from tests.builders.shop import Shop

pytestmark = pytest.mark.anyio

#: The same junk in every run; with another seed, and more rounds and seconds, it is a hunt.
SEED = int(os.environ.get("STOA_JUNK_SEED", "20261129"))
ROUNDS = int(os.environ.get("STOA_JUNK_ROUNDS", "12"))
SECONDS = float(os.environ.get("STOA_JUNK_SECONDS", "8"))


async def bombard(client: Client, scene: Scene, kind: str) -> None:
    """Call every root field with junk, as anybody, and stop at the first bug."""
    schema = build_schema(sdl())
    root = schema.query_type if kind == "query" else schema.mutation_type
    assert isinstance(root, GraphQLObjectType)
    junk = Junk(SEED, good_inputs(scene))
    # The one who may do everything gets furthest.
    tokens = [scene.access(role) for role in (*ROLES, *["admin"] * len(ROLES))]
    until = time.monotonic() + SECONDS
    for _ in range(ROUNDS):
        for name, field in root.fields.items():
            variables = junk.values(field.args)
            answer = await client.execute(document(kind, name, field, schema), variables, token=junk.any_of(tokens))
            assert_no_bug(answer, f"{name} {variables!r}")
        if time.monotonic() > until:
            break


def assert_no_bug(answer: Answer, call: str) -> None:
    """Say with which seed a bug was found."""
    codes = [error.get("extensions", {}).get("code", "INTERNAL") for error in answer.errors]
    assert answer.status < 500, f"STOA_JUNK_SEED={SEED}: {call}\n{answer.status} {answer.errors}"
    assert "INTERNAL" not in codes, f"STOA_JUNK_SEED={SEED}: {call}\n{answer.errors}"


class TestJunk:
    async def test_finds_no_bug_in_queries(self, client: Client, shop: Shop) -> None:
        await bombard(client, await set_scene(shop), "query")

    async def test_finds_no_bug_in_mutations_and_leaves_the_books_in_order(self, client: Client, shop: Shop) -> None:
        await bombard(client, await set_scene(shop), "mutation")

        assert await broken(shop) == [], f"STOA_JUNK_SEED={SEED}"
