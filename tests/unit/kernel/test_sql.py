"""Statements: how their parameters are numbered, and how records become rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import bindparam, column, select, table

from app.kernel.address import Address
from app.kernel.sql import STATEMENTS, Statement, rows, statement

pytestmark = pytest.mark.anyio
HOME = {"line1": "1 Row", "city": "London", "country": "GB"}


class Color(StrEnum):
    """What a mug may look like."""

    BLUE = "BLUE"


@dataclass(frozen=True, slots=True)
class Mug:
    """A row with whatever columns are made of."""

    id: UUID
    color: Color | None
    tags: tuple[str, ...]
    colors: tuple[Color, ...]
    address: Address | None
    extra: dict[str, Any]


class Recorded:
    """A session that remembers what it was sent and answers what it was given."""

    def __init__(self, records: Sequence[Sequence[object]] = (), status: str = "") -> None:
        self.records = list(records)
        self.status = status
        self.sent: list[tuple[str, Sequence[object]]] = []

    async def fetch(self, sql: str, args: Sequence[object]) -> list[Any]:
        """Answer the records."""
        self.sent.append((sql, args))
        return self.records

    async def execute(self, sql: str, args: Sequence[object]) -> str:
        """Answer the status."""
        self.sent.append((sql, args))
        return self.status


@pytest.fixture(autouse=True)
def forgotten() -> Any:
    """Let the house forget the statements made here, which no schema knows."""
    known = list(STATEMENTS)
    yield
    STATEMENTS[:] = known


class TestText:
    async def test_numbers_each_name_once_and_leaves_casts_alone(self) -> None:
        made = statement("SELECT :a::int, :b::uuid[], :a::text, x::text, '12:30'::time")

        assert made.sql == "SELECT $1::int, $2::uuid[], $1::text, x::text, '12:30'::time"

    async def test_sends_values_in_the_order_of_the_numbers(self) -> None:
        session = Recorded()

        await statement("SELECT :b, :a, :b").all(session, a=1, b=2)

        assert session.sent == [("SELECT $1, $2, $1", [2, 1])]

    async def test_refuses_to_run_without_a_value(self) -> None:
        with pytest.raises(KeyError, match="b"):
            await statement("SELECT :a, :b").all(Recorded(), a=1)


class TestCore:
    async def test_takes_values_that_stand_in_it_and_those_that_are_given(self) -> None:
        mugs = table("mugs", column("color"), column("id"))
        made = statement(select(mugs.c.id).where(mugs.c.color == "BLUE", mugs.c.id == bindparam("wanted", type_=None)))
        session = Recorded()

        await made.all(session, wanted=7)

        [(sql, args)] = session.sent
        assert "$1" in sql
        assert "$2" in sql
        assert sorted(args, key=str) == [7, "BLUE"]


class TestRows:
    async def test_become_what_the_fields_say(self) -> None:
        made: Statement[Mug] = rows("SELECT", Mug)
        session = Recorded(
            [[UUID(int=1), "BLUE", ["a"], ["BLUE"], HOME, {"k": 1}], [UUID(int=2), None, [], [], None, {}]]
        )

        first, second = await made.all(session)

        assert first == Mug(UUID(int=1), Color.BLUE, ("a",), (Color.BLUE,), Address("1 Row", "London", "GB"), {"k": 1})
        assert type(first.color) is Color
        assert (second.color, second.tags, second.address) == (None, (), None)

    async def test_of_one_column_are_values(self) -> None:
        assert await rows("SELECT", int).all(Recorded([[1], [2]])) == [1, 2]
        assert await rows("SELECT", UUID).all(Recorded([[UUID(int=1)]])) == [UUID(int=1)]


class TestFirst:
    async def test_is_none_when_there_is_no_row(self) -> None:
        assert await rows("SELECT", int).first(Recorded()) is None

    async def test_is_the_first_of_many(self) -> None:
        assert await rows("SELECT", int).first(Recorded([[1], [2]])) == 1


class TestOne:
    @pytest.mark.parametrize("found", [[], [[1], [2]]])
    async def test_insists_on_one_row(self, found: list[list[int]]) -> None:
        with pytest.raises(ValueError, match="unpack"):
            await rows("SELECT", int).one(Recorded(found))


class TestRun:
    @pytest.mark.parametrize(
        ("status", "touched"), [("UPDATE 3", 3), ("INSERT 0 1", 1), ("DELETE 0", 0), ("SELECT 2", 2), ("BEGIN", 0)]
    )
    async def test_answers_how_many_rows_were_touched(self, status: str, touched: int) -> None:
        assert await statement("UPDATE").run(Recorded(status=status)) == touched
