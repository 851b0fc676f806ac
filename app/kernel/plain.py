"""Frozen records to JSON values and back, by their type hints: what is kept in JSONB columns is read as what it was.

How a type is written and how a hint is read is found out once; a checkout writes and reads hundreds of values.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import lru_cache, partial
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import orjson

RecordT = TypeVar("RecordT")

#: What JSON has too.
_SCALARS = frozenset({str, int, float, bool, NoneType})


def to_plain(value: Any) -> Any:
    """Write a record, or anything made of records, as JSON values."""
    return value if type(value) in _SCALARS else _writer(type(value))(value)  # type: ignore[arg-type]  # Every class is hashable.


def counted(number: int, thing: str) -> str:
    """Write a number of things for people: "1 line", "2 lines"."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def as_text(value: Any) -> str:
    """Write JSON values as the text of one.

    Lists of JSON values go to the database as lists of such texts: the driver takes a list of lists for a matrix.
    """
    return orjson.dumps(value).decode()


def from_plain(kind: type[RecordT], value: Mapping[str, Any]) -> RecordT:
    """Read a record back from its JSON values. Fields that were not written take their defaults."""
    readers = _readers(kind)  # type: ignore[arg-type]  # Every class is hashable.
    return kind(
        **{
            name: item if item is None or (read := readers[name]) is None else read(item)
            for name, item in value.items()
        }
    )


def read_as(hint: Any, value: Any) -> Any:
    """Read one JSON value as the type that a hint names."""
    read = _reader(hint)
    return value if value is None or read is None else read(value)


@lru_cache(maxsize=256)
def _writer(kind: type) -> Callable[[Any], Any]:
    if is_dataclass(kind):
        names = [column.name for column in fields(kind)]
        return lambda record: {name: to_plain(getattr(record, name)) for name in names}
    if issubclass(kind, Mapping):
        return lambda items: {str(key): to_plain(item) for key, item in items.items()}
    if issubclass(kind, list | tuple):
        return lambda items: [to_plain(item) for item in items]
    if issubclass(kind, Enum):
        return lambda member: member.value
    if issubclass(kind, UUID):
        return str
    if issubclass(kind, datetime):
        return datetime.isoformat
    return lambda value: value


@lru_cache(maxsize=256)
def _readers(kind: type) -> dict[str, Callable[[Any], Any] | None]:
    return {name: _reader(hint) for name, hint in get_type_hints(kind).items()}


@lru_cache(maxsize=1024)
def _reader(hint: Any) -> Callable[[Any], Any] | None:
    """Say how a value that is not null becomes what a hint names; None when it is that already."""
    hint = getattr(hint, "__supertype__", hint)
    origin = get_origin(hint)
    if origin in {Union, UnionType}:
        return _reader(next(member for member in get_args(hint) if member is not NoneType))
    if origin is tuple:
        read = _reader(get_args(hint)[0])
        return tuple if read is None else lambda items: tuple(None if item is None else read(item) for item in items)
    if origin is not None or not isinstance(hint, type):
        return None
    if is_dataclass(hint):
        return partial(from_plain, hint)
    if issubclass(hint, datetime):
        return datetime.fromisoformat
    return hint if issubclass(hint, UUID | Enum) else None
