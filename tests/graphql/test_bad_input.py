"""What is wrong is refused by name, and changes nothing.

Every mutation is sent as the table of `expectations` has it, with one thing in it wrong: an id, a quantity, a text.
"""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLList, GraphQLNonNull, build_schema, get_named_type

from schema.build import sdl
from tests.builders.client import Answer, Client
from tests.builders.fingerprint import changed, fingerprint
from tests.builders.junk import document
from tests.builders.scene import GUEST, advance, set_scene
from tests.builders.shop import Shop
from tests.graphql.expectations import MUTATIONS, Ask, Input, Row

pytestmark = pytest.mark.anyio

Path = tuple[str, ...]
#: Nothing has it.
UNKNOWN = "01h455vb4pex5vsknk084sn02q"
WRONG_KIND = f"chn_{UNKNOWN}"
#: What an unknown id is refused with, where it is not NOT_FOUND.
OTHERWISE = {"optionId": "DELIVERY_UNAVAILABLE"}
#: Mutations of stock, where more units than any cart can hold are nothing unusual.
IN_BULK = ("purchaseOrder", "backorderLimit", "stock", "transfer", "count", "safetyStock")
SCHEMA = build_schema(sdl())


def input_of(field: str) -> GraphQLInputObjectType:
    """Read what a mutation is called with."""
    assert SCHEMA.mutation_type is not None
    kind = get_named_type(SCHEMA.mutation_type.fields[field].args["input"].type)
    assert isinstance(kind, GraphQLInputObjectType)
    return kind


#: Whose lines are told about one by one, so that the good ones are taken: tested beside the feed.
BY_LINE = {"stockFeed"}
ROWS = [row for row in MUTATIONS if "A" in row.guests and row.field not in BY_LINE]
KEYED = [row for row in ROWS if "idempotencyKey" in input_of(row.field).fields]


def leaves(value: object, kind: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Walk over an input, and name where each value stands and what its type is."""
    given = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if isinstance(value, list):
        assert isinstance(given, GraphQLList)
        for i, part in enumerate(value):
            yield from leaves(part, given.of_type, (*path, str(i)))
    elif isinstance(value, dict):
        assert isinstance(given, GraphQLInputObjectType)
        for name, part in value.items():
            yield from leaves(part, given.fields[name].type, (*path, name))
    elif value is not None:
        yield path, str(get_named_type(given))


def replaced(given: Input, path: Path, value: object) -> Input:
    """Write the same input with another value at one place."""
    copy = deepcopy(given)
    *above, last = path
    at: Any = copy
    for step in above:
        at = at[int(step)] if isinstance(at, list) else at[step]
    at[int(last) if isinstance(at, list) else last] = value
    return copy


def value_at(given: Input, path: Path) -> Any:
    """Read the value at one place."""
    at: Any = given
    for step in path:
        at = at[int(step)] if isinstance(at, list) else at[step]
    return at


class Called:
    """One mutation as somebody who may do it sends it, and ways to send it wrongly."""

    def __init__(self, client: Client, shop: Shop, row: Row) -> None:
        assert SCHEMA.mutation_type is not None
        self.client = client
        self.shop = shop
        self.row = row
        self.text = document("mutation", row.field, SCHEMA.mutation_type.fields[row.field], SCHEMA, depth=2)
        self.access: str | None = None
        self.given: Input = {}

    async def prepare(self) -> "Called":
        """Set the scene, and write the input."""
        scene = await set_scene(self.shop)
        if self.row.after:
            await advance(self.shop, scene.of[GUEST], *self.row.after)
        allowed = [role for role, letter in self.row.expected(GUEST).items() if letter == "A"]
        role = "admin" if "admin" in allowed else allowed[0]
        arguments = self.row.arguments(Ask(scene, self.client, scene.of[GUEST], role))
        self.given = arguments if isinstance(arguments, dict) else await arguments
        self.access = scene.access(role)
        return self

    def places(self, *kinds: str) -> list[Path]:
        """List where values of these types stand."""
        return [path for path, kind in leaves(self.given["input"], input_of(self.row.field)) if kind in kinds]

    async def send(self, given: Input) -> Answer:
        """Send it."""
        return await self.client.execute(self.text, given, token=self.access)

    async def with_(self, path: Path, value: object) -> Answer:
        """Send it with another value at one place."""
        return await self.send(replaced(self.given, ("input", *path), value))

    def refusals(self, answer: Answer) -> list[tuple[str, Path]]:
        """Read the codes of a payload's errors, and what they are about."""
        assert answer.errors == [], answer.errors
        assert answer.data is not None
        errors = answer.data[self.row.field]["errors"]
        return [(error["code"], tuple(error["field"] or ())) for error in errors]


@pytest.fixture
async def called(client: Client, shop: Shop, row: Row) -> Called:
    """Have a mutation ready to be sent."""
    return await Called(client, shop, row).prepare()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
class TestMutations:
    async def test_refuse_what_is_wrong_and_change_nothing(self, called: Called) -> None:
        before = await fingerprint(called.shop)

        await self.refuse_ids(called)
        await self.refuse_quantities(called)
        await self.refuse_texts(called)

        assert changed(before, await fingerprint(called.shop)) == []

    async def refuse_ids(self, called: Called) -> None:
        """Unknown ones are not found; those of other kinds are invalid."""
        for path in called.places("ID"):
            kind = str(value_at(called.given["input"], path)).partition("_")[0]
            unknown = await called.with_(path, f"{kind}_{UNKNOWN}")
            wrong = await called.with_(path, WRONG_KIND)
            garbage = await called.with_(path, "7" * 500)

            assert called.refusals(unknown) == [(OTHERWISE.get(path[-1], "NOT_FOUND"), path)]
            assert called.refusals(wrong) == [("INVALID", path)]
            assert called.refusals(garbage) == [("INVALID", path)]

    async def refuse_quantities(self, called: Called) -> None:
        """Less than one and more than there are; what is no number of 32 bits never gets that far."""
        beyond_any_cart = () if called.row.field.startswith(IN_BULK) else (10_001,)
        for path in called.places("Int"):
            for quantity in (-1, -(2**31), *beyond_any_cart, 2**31 - 1):
                (refusal,) = called.refusals(await called.with_(path, quantity))
                assert refusal in {("INVALID", path), ("QUANTITY_EXCEEDED", path)}, (quantity, refusal)
            for beyond in (2**31, -(2**31) - 1, 2**63, 1e30, 1.5, "1", True):
                assert (await called.with_(path, beyond)).codes == ["INVALID"], beyond

    async def refuse_texts(self, called: Called) -> None:
        """The character that no text may hold, wherever it stands."""
        for path in called.places("String", "ID", "Decimal"):
            answer = await called.with_(path, "nu\0l")
            assert [error["extensions"] for error in answer.errors] == [
                {"code": "INVALID", "field": ["input", *path]}
            ], answer.errors

    async def test_bear_texts_of_any_length(self, called: Called) -> None:
        for path in called.places("String"):
            for text in ("x" * 10_000, "", "💥" * 3000, "\u202e\x1b[31m\r\n"):
                answer = await called.with_(path, text)
                assert answer.errors == [], (path, answer.errors)


@pytest.mark.parametrize("row", KEYED, ids=lambda row: row.name)
class TestKeys:
    async def test_that_come_back_do_nothing_twice(self, called: Called) -> None:
        called.given["input"].setdefault("idempotencyKey", "k")
        first = await called.send(called.given)
        before = await fingerprint(called.shop)
        again = await called.send(called.given)
        # What names nothing that is there already says something else instead.
        (path, *_) = [*called.places("ID"), *called.places("String")]
        kind = str(value_at(called.given["input"], path)).partition("_")[0]
        other = await called.with_(path, f"{kind}_{UNKNOWN}")
        too_long = await called.with_(("idempotencyKey",), "k" * 65)
        blank = await called.with_(("idempotencyKey",), " ")

        assert called.refusals(first) == []
        assert again.data == first.data
        assert called.refusals(other) == [("IDEMPOTENCY_MISMATCH", ("idempotencyKey",))]
        assert called.refusals(too_long) == called.refusals(blank) == [("INVALID", ("idempotencyKey",))]
        assert changed(before, await fingerprint(called.shop)) == []
