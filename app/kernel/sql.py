"""Statements compiled once and run on the asyncpg connection, answering typed rows.

SQL is written as SQLAlchemy Core, or as text with `:name` parameters where a set-based statement reads better that way.
Both are compiled at import, so a statement costs at run time what asyncpg costs. Every statement is known to
`STATEMENTS`: a test prepares each against the migrated schema and compares its columns with the fields of its row.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, Generic, Protocol, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from sqlalchemy import Executable
from sqlalchemy.dialects.postgresql import asyncpg as asyncpg_dialect
from sqlalchemy.sql.elements import ClauseElement

RowT = TypeVar("RowT")

_DIALECT = asyncpg_dialect.dialect()  # type: ignore[no-untyped-call]
_NAMED = re.compile(r"(?<![:\w]):([a-z_]\w*)")
STATEMENTS: list["Statement[Any]"] = []


class Session(Protocol):
    """Whatever statements can be run on: a unit of work or a read session."""

    async def fetch(self, sql: str, args: Sequence[object]) -> list[Any]:
        """Run one statement and answer its records."""
        ...

    async def execute(self, sql: str, args: Sequence[object]) -> str:
        """Run one statement and answer its status tag."""
        ...


class Unit(Session, Protocol):
    """A session that can run a statement later: a unit of work."""

    async def put_off(self, sql: str, args: Sequence[object]) -> None:
        """Run one statement that nobody waits for, with others of its kind."""
        ...


class Statement(Generic[RowT]):
    """One SQL statement and the row it answers."""

    __slots__ = ("_defaults", "_make", "_names", "row", "sql")

    def __init__(self, source: str | Executable, row: type[RowT] | None = None) -> None:
        self.sql, self._names, self._defaults = _compile(source)
        self.row = row
        self._make = maker(row)
        STATEMENTS.append(self)

    async def all(self, session: Session, **params: object) -> list[RowT]:
        """Run and answer every row."""
        make = self._make
        return [make(record) for record in await session.fetch(self.sql, self._args(params))]

    async def first(self, session: Session, **params: object) -> RowT | None:
        """Run and answer the first row, or None."""
        records = await session.fetch(self.sql, self._args(params))
        return self._make(records[0]) if records else None

    async def one(self, session: Session, **params: object) -> RowT:
        """Run and answer the one row there has to be."""
        (record,) = await session.fetch(self.sql, self._args(params))
        return self._make(record)

    async def run(self, session: Session, **params: object) -> int:
        """Run and answer how many rows were touched."""
        status = await session.execute(self.sql, self._args(params))
        tail = status.rpartition(" ")[2]
        return int(tail) if tail.isdigit() else 0

    async def later(self, unit: Unit, **params: object) -> None:
        """Run before the next statement that somebody waits for, in one round trip with others that nobody waits for."""
        await unit.put_off(self.sql, self._args(params))

    def _args(self, params: dict[str, object]) -> list[object]:
        defaults = self._defaults
        return [params[name] if name in params else defaults[name] for name in self._names]


def statement(source: str | Executable) -> Statement[Any]:
    """Compile a statement that answers asyncpg records, or nothing."""
    return Statement(source)


def rows(source: str | Executable, row: type[RowT]) -> Statement[RowT]:
    """Compile a statement whose columns are, in order, the fields of the dataclass `row`."""
    return Statement(source, row)


def _compile(source: str | Executable) -> tuple[str, list[str], dict[str, object]]:
    if isinstance(source, str):
        return _compile_text(source)
    assert isinstance(source, ClauseElement)
    compiled = source.compile(dialect=_DIALECT)
    names: list[str] = list(getattr(compiled, "positiontup", None) or ())
    # Values written into the statement, such as a state's name; parameters without a value have to be given.
    defaults = {name: value for name, value in compiled.params.items() if value is not None}
    return str(compiled), names, defaults


def _compile_text(source: str) -> tuple[str, list[str], dict[str, object]]:
    names: list[str] = []

    def number(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}"

    return _NAMED.sub(number, source), names, {}


def maker(row: type[RowT] | None) -> Callable[[Any], RowT]:
    """Say how a record becomes a row, or a part of one, or a record within one: its values in the order of the fields."""
    if row is None:
        return _as_it_is
    if row is UUID:
        # asyncpg's own UUID is one already, and uuid.UUID cannot be made of another UUID.
        return lambda record: record[0]
    if not is_dataclass(row):
        return lambda record: row(record[0])  # type: ignore[call-arg]  # A scalar's type, such as int or str.
    hints = get_type_hints(row)
    readers = {
        position: reader
        for position, column in enumerate(fields(row))
        if column.init and (reader := _reader(hints[column.name])) is not None
    }
    if not readers:
        return lambda record: row(*record)

    def make(record: Any) -> RowT:
        values = list(record)
        for position, read in readers.items():
            values[position] = read(values[position])
        return row(*values)

    return make


def _as_it_is(record: Any) -> Any:
    return record


def _reader(hint: Any) -> Callable[[Any], Any] | None:
    """Say how a column has to be read so that the field is what its type says: enums, tuples and JSONB values."""
    if get_origin(hint) in {Union, UnionType}:
        (inner, *more) = [member for member in get_args(hint) if member is not NoneType]
        reader = None if more else _reader(inner)
        return None if reader is None else lambda value: None if value is None else reader(value)
    if get_origin(hint) is tuple:
        item = _reader(get_args(hint)[0])
        return tuple if item is None else lambda value: tuple(map(item, value))
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return hint
    return getattr(hint, "from_json", None)
