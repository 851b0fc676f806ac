"""Writes joined to one statement, so that what nobody waits for costs one round trip.

A statement that is joined to others becomes a part of their WITH clause, beside the parts of its own. PostgreSQL runs all
of them on one snapshot, in no order that could be counted on, and changes a row once at most. So only those are joined
where neither speaks of a table that the other writes, and neither has a name that the other uses.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

#: Circumstances differ, and with them what is written together; each kind of work knows a handful of ways.
_MOST_KEPT = 1_000

_WITH = re.compile(r"\s*WITH\b", re.IGNORECASE)
_PART = re.compile(r"\s*,?\s*(\w+)\s+AS\s+(?:(?:NOT\s+)?MATERIALIZED\s+)?\(", re.IGNORECASE)
_BRACKETS = re.compile(r"'[^']*'|[()]")
_VERB = re.compile(r"(?:SELECT|INSERT|UPDATE|DELETE)\b", re.IGNORECASE)
_VALUE = re.compile(r"\$(\d+)")
#: Tables that are written; UPDATE is a lock or a part of an INSERT as well.
_WRITTEN = re.compile(r"(?:INSERT\s+INTO|DELETE\s+FROM|(?<!FOR )(?<!KEY )UPDATE)\s+(?!SET\b)(\w+)", re.IGNORECASE)
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class _Taken:
    """A statement taken apart: the parts of its WITH clause, what comes after them, and what it speaks of."""

    parts: str
    rest: str
    names: frozenset[str]
    written: frozenset[str]
    words: frozenset[str]
    values: int


@lru_cache(_MOST_KEPT)
def apart(sql: str, other: str) -> bool:
    """Say whether two statements have nothing to do with each other, so that they may be joined."""
    one, two = _take_apart(sql), _take_apart(other)
    return not ((one.written | one.names) & two.words or (two.written | two.names) & one.words)


@lru_cache(_MOST_KEPT)
def joined(statements: tuple[str, ...]) -> str:
    """Write statements that are apart as one; it takes the values of the first, then those of the second, and so on.

    Example: `INSERT INTO mugs VALUES ($1)` and `DELETE FROM cups WHERE id = $1` ->
    `WITH put_off_0 AS (INSERT INTO mugs VALUES ($1)) DELETE FROM cups WHERE id = $2`.
    """
    if len(statements) == 1:
        return statements[0]
    *before, last = statements
    parts: list[str] = []
    values = 0
    for place, taken in enumerate(map(_take_apart, before)):
        parts += [_shifted(text, values) for text in (taken.parts, f"put_off_{place} AS ({taken.rest})") if text]
        values += taken.values
    taken = _take_apart(last)
    parts += [_shifted(taken.parts, values)] if taken.parts else []
    return f"WITH {', '.join(parts)} {_shifted(taken.rest, values)}"


@lru_cache(_MOST_KEPT)
def _take_apart(sql: str) -> _Taken:
    parts = list(_parts(sql))
    head = _WITH.match(sql)
    begins, ends = (head.end(), parts[-1][1]) if head and parts else (0, 0)
    rest = sql[ends:].strip()
    if not _VERB.match(rest):
        raise ValueError(f"this statement cannot be joined to others: {sql}")
    return _Taken(
        parts=sql[begins:ends].strip(),
        rest=rest,
        names=frozenset(name for name, _ in parts),
        written=frozenset(_WRITTEN.findall(sql)),
        words=frozenset(_WORD.findall(sql)),
        values=max((int(number) for number in _VALUE.findall(sql)), default=0),
    )


def _parts(sql: str) -> Iterator[tuple[str, int]]:
    """Walk through a WITH clause: the name of each part, and where it ends."""
    head = _WITH.match(sql)
    at = head.end() if head else len(sql)
    while part := _PART.match(sql, at):
        at = _closed(sql, part.end())
        yield part.group(1), at


def _closed(sql: str, at: int) -> int:
    """Find where the bracket is closed that is open at a place; brackets within texts are none."""
    depth = 1
    for bracket in _BRACKETS.finditer(sql, at):
        depth += {"(": 1, ")": -1}.get(bracket.group(), 0)
        if not depth:
            return bracket.end()
    raise ValueError(f"a bracket is not closed: {sql}")


def _shifted(sql: str, by: int) -> str:
    return _VALUE.sub(lambda number: f"${int(number.group(1)) + by}", sql)
