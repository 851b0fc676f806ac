"""Whatever is sent, the answer is one that api.md names: never a bug, and never a shop whose books do not add up."""

import os
import random
from collections.abc import Sequence

import pytest
from graphql import GraphQLObjectType, build_schema

from schema.build import sdl
from tests.builders.buyers import broken
from tests.builders.client import Answer, Client
from tests.builders.junk import Junk, document
from tests.builders.scene import GUEST, ROLES, Scene, set_scene
from tests.builders.shop import PASSWORD, Shop

pytestmark = pytest.mark.anyio

#: Set it to a seed that a failure named.
SEED = int(os.environ.get("STOA_JUNK_SEED", random.randrange(2**32)))  # noqa: S311
CALLS_EACH = int(os.environ.get("STOA_JUNK_CALLS", "30"))


def known(scene: Scene) -> tuple[Sequence[str], Sequence[str]]:
    """List ids and texts that are good for something in the shop."""
    shop = scene.shop
    ids = [ref for things in scene.of.values() for ref in things.ids.values()]
    ids += [shop.variant_ref(sku) for sku in ("mug", "tent")] + [shop.location_ref(code) for code in shop.locations]
    tokens = [scene.of[GUEST].cart_token, scene.of[GUEST].order_token]
    return ids, [*tokens, PASSWORD, "ada@shop.test"]


async def bombard(client: Client, scene: Scene, kind: str) -> None:
    """Call every root field with junk, as anybody, and stop at the first bug."""
    schema = build_schema(sdl())
    root = schema.query_type if kind == "query" else schema.mutation_type
    assert isinstance(root, GraphQLObjectType)
    ids, texts = known(scene)
    junk = Junk(SEED, ids=ids, texts=texts)
    tokens = [scene.access(role) for role in ROLES]
    for _ in range(CALLS_EACH):
        for name, field in root.fields.items():
            variables = junk.values(field.args)
            answer = await client.execute(
                document(kind, name, field, schema), variables, token=junk.any_of([*tokens, None])
            )
            assert_no_bug(answer, f"{name} {variables!r}")


def assert_no_bug(answer: Answer, call: str) -> None:
    """Say with which seed a bug was found."""
    bad = answer.status >= 500 or any(error.get("extensions", {}).get("code", "INTERNAL") == "INTERNAL" for error in answer.errors)
    assert not bad, f"STOA_JUNK_SEED={SEED}: {call}\n{answer.errors}"


class TestJunk:
    async def test_finds_no_bug_in_queries(self, client: Client, shop: Shop) -> None:
        await bombard(client, await set_scene(shop), "query")

    async def test_finds_no_bug_in_mutations_and_leaves_the_books_in_order(self, client: Client, shop: Shop) -> None:
        await bombard(client, await set_scene(shop), "mutation")

        assert await broken(shop) == [], f"STOA_JUNK_SEED={SEED}"
