"""Frozen records to JSON values and back, by their type hints: what is kept in JSONB columns is read as what it was."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import orjson

RecordT = TypeVar("RecordT")


def to_plain(value: Any) -> Any:
    """Write a record, or anything made of records, as JSON values."""
    if is_dataclass(value) and not isinstance(value, type):
        return {column.name: to_plain(getattr(value, column.name)) for column in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return value


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
    hints = _hints(kind)  # type: ignore[arg-type]  # Every class is hashable.
    return kind(**{name: read_as(hints[name], item) for name, item in value.items()})


def read_as(hint: Any, value: Any) -> Any:
    """Read one JSON value as the type that a hint names."""
    hint = getattr(hint, "__supertype__", hint)
    origin = get_origin(hint)
    if value is None:
        return None
    if origin in {Union, UnionType}:
        return read_as(next(member for member in get_args(hint) if member is not NoneType), value)
    if origin is tuple:
        return tuple(read_as(get_args(hint)[0], item) for item in value)
    if origin is not None or not isinstance(hint, type):
        return value
    if is_dataclass(hint):
        return from_plain(hint, value)
    if issubclass(hint, datetime):
        return datetime.fromisoformat(value)
    if issubclass(hint, UUID | Enum):
        return hint(value)
    return value


@lru_cache(maxsize=256)
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
