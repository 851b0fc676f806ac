"""Keyset pagination: pages found by the sort key of the last row seen, so page 1,000 costs what page 1 costs."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar
from uuid import UUID

import orjson

from app.kernel.errors import Invalid

ItemT = TypeVar("ItemT")
SortT = TypeVar("SortT", bound=str | int | float | datetime)
MOST = 100
#: What a bigint column can be compared with.
_LARGEST_INT = 2**63 - 1
USUAL = 20


@dataclass(frozen=True, slots=True)
class PageRequest:
    """How many rows, from where, in which direction. `after` and `before` are the sort keys of rows, decoded."""

    size: int
    after: tuple[str | int | float, ...] | None = None
    before: tuple[str | int | float, ...] | None = None
    backward: bool = False


@dataclass(frozen=True, slots=True)
class Page(Generic[ItemT]):
    """Rows in the list's own order, with the cursor of each."""

    items: list[ItemT]
    cursors: list[str]
    has_next: bool
    has_previous: bool


def page_request(
    *, first: int | None, after: str | None, last: int | None = None, before: str | None = None
) -> PageRequest:
    """Read a connection's arguments.

    Raises: Invalid naming the argument: out of 0..100, both directions at once, a cursor that is none of ours.
    """
    if first is not None and last is not None:
        raise Invalid("ask for the first or the last, not both", field=("last",))
    for name, size in (("first", first), ("last", last)):
        if size is not None and not 0 <= size <= MOST:
            raise Invalid(f"from 0 to {MOST}", field=(name,))
    return PageRequest(
        size=last if last is not None else first if first is not None else USUAL,
        after=_decode(after, "after"),
        before=_decode(before, "before"),
        backward=last is not None,
    )


def page(found: Sequence[ItemT], request: PageRequest, key: Callable[[ItemT], tuple[object, ...]]) -> Page[ItemT]:
    """Cut rows that were fetched as `size + 1` in the direction of the request into a page in the list's order."""
    more = len(found) > request.size
    items = list(found[: request.size])
    if request.backward:
        items.reverse()
    return Page(
        items=items,
        cursors=[encode_cursor(key(item)) for item in items],
        has_next=request.before is not None if request.backward else more,
        has_previous=more if request.backward else request.after is not None,
    )


def bound(cursor: tuple[str | int | float, ...] | None, kind: type[SortT], *, name: str) -> tuple[SortT, UUID] | None:
    """Read a decoded cursor of a list that is ordered by one value of `kind` and then by id.

    Raises: Invalid naming the argument, when it is the cursor of a list in another order.
    """
    if cursor is None:
        return None
    try:
        written, row_id = cursor
        value: object = written
        if kind is datetime:
            value = _moment(written)
        elif kind is float and isinstance(written, int):
            value = float(written)
        if type(value) is not kind or "\0" in str(value):
            raise TypeError(name)
        if isinstance(value, int) and abs(value) > _LARGEST_INT:
            raise OverflowError(name)
        return value, UUID(row_id)  # type: ignore[arg-type]  # Refused below when it is no text.
    except (ValueError, TypeError, AttributeError, OverflowError):
        raise Invalid("this is not a cursor of this list", field=(name,)) from None


def _moment(written: object) -> datetime:
    """Read a moment that the database can compare: one with its zone, and of a year that UTC has too."""
    moment = datetime.fromisoformat(written) if isinstance(written, str) else None
    if moment is None or moment.tzinfo is None:
        raise ValueError(written)
    return moment.astimezone(UTC)


def encode_cursor(key: tuple[object, ...]) -> str:
    """Write a sort key as an opaque cursor."""
    return urlsafe_b64encode(orjson.dumps(key, default=str)).decode()


def _decode(cursor: str | None, name: str) -> tuple[str | int | float, ...] | None:
    if cursor is None:
        return None
    try:
        key = orjson.loads(urlsafe_b64decode(cursor.encode()))
    except (Base64Error, orjson.JSONDecodeError, ValueError):
        key = None
    if not isinstance(key, list) or not all(isinstance(part, str | int | float) for part in key):
        raise Invalid("this is not a cursor of this list", field=(name,))
    return tuple(key)
