"""Aligning rows with the keys they were asked for."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Protocol, TypeVar
from uuid import UUID


class HasId(Protocol):
    """A row with an id."""

    @property
    def id(self) -> UUID:
        """The id."""
        ...


RowT = TypeVar("RowT")
IdentifiedT = TypeVar("IdentifiedT", bound=HasId)


def by_id(rows: Iterable[IdentifiedT], ids: Sequence[UUID]) -> list[IdentifiedT | None]:
    """Answer the row of each id, None where there is none."""
    found = {row.id: row for row in rows}
    return [found.get(wanted) for wanted in ids]


def grouped(rows: Iterable[RowT], keys: Sequence[Hashable], key: Callable[[RowT], Hashable]) -> list[list[RowT]]:
    """Answer the rows of each key, in the order in which they came."""
    groups: dict[Hashable, list[RowT]] = {wanted: [] for wanted in keys}
    for row in rows:
        groups[key(row)].append(row)
    return [groups[wanted] for wanted in keys]
