"""The schema keeps what clients build against, says what everything is, and is committed as it is."""

import os
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
)
from graphql.utilities import find_breaking_changes

from app.kernel.ids import IdKind
from schema.build import sdl
from schema.core.ids import NODE_FINDERS

HOUSE = Path(__file__).parents[2]
COMMITTED = HOUSE / "schema" / "schema.graphql"
CONTRACT = Path(os.environ.get("STOA_CONTRACT") or HOUSE.parent / "shared" / "design" / "contract.graphql")
#: Kinds of ids that never stand on an object of their own.
NO_NODES = {IdKind.USER, IdKind.ATTEMPT, IdKind.COLLECTION, IdKind.STOCK_FEED, IdKind.PAYMENT_TRANSACTION}


@pytest.fixture(scope="module")
def ours() -> GraphQLSchema:
    """Read our schema the way a client's tools do."""
    return build_schema(sdl())


def test_the_committed_schema_is_of_today() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == sdl(), "run `make schema`"


def test_nothing_that_clients_build_against_is_broken(ours: GraphQLSchema) -> None:
    if not CONTRACT.exists():
        pytest.skip(f"there is no {CONTRACT}; STOA_CONTRACT names another")
    contract = build_schema(CONTRACT.read_text(encoding="utf-8"))

    # Outputs that become non-null, new enum values and new optional arguments are not among breaking changes.
    broken = [change.description for change in find_breaking_changes(contract, ours)]

    assert broken == []


def test_everything_says_what_it_is(ours: GraphQLSchema) -> None:
    silent = []
    for name, kind in ours.type_map.items():
        if name.startswith("__"):
            continue
        if not kind.description and name not in {"String", "Int", "Float", "Boolean", "ID"}:
            silent.append(name)
        if isinstance(kind, GraphQLEnumType):
            silent += [f"{name}.{value}" for value, meaning in kind.values.items() if not meaning.description]
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            silent += [f"{name}.{field}" for field, meaning in kind.fields.items() if not meaning.description]
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            silent += [
                f"{name}.{field}({argument})"
                for field, meaning in kind.fields.items()
                for argument, described in meaning.args.items()
                if not described.description
            ]

    assert silent == []


def test_mutations_are_named_noun_first_and_answer_payloads(ours: GraphQLSchema) -> None:
    assert ours.mutation_type is not None
    for name, mutation in ours.mutation_type.fields.items():
        assert str(mutation.type).endswith("Payload!"), name
        assert list(mutation.args) == ["input"], name


def test_every_kind_of_id_can_be_looked_up() -> None:
    assert set(IdKind) - set(NODE_FINDERS) <= NO_NODES
