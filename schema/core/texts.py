"""Texts that cannot be kept: the database has no room for the character U+0000, so no input may carry it."""

from collections.abc import Iterator, Mapping
from typing import Any

from graphql import DocumentNode, GraphQLError, StringValueNode, Visitor, visit

_NUL = "\0"


def refuse_nul(variables: Mapping[str, Any] | None) -> None:
    """Refuse variables with the character in them.

    Raises: GraphQLError naming where it stands.
    """
    for path, text in _texts(variables or {}, ()):
        if _NUL in text:
            raise GraphQLError(
                f"Variable '${path[0]}' holds the character U+0000 at {'.'.join(path)}; no text may.",
                extensions={"code": "INVALID", "field": list(path)},
            )


def refuse_nul_literals(document: DocumentNode, text: str) -> None:
    """Refuse a document whose own texts have the character in them; `text` is what it was read from.

    Raises: GraphQLError pointing at it.
    """
    # Walking a document costs more than most of them are worth, and the character is hardly ever written.
    if _NUL in text or "\\u" in text:
        visit(document, _Literals())


class _Literals(Visitor):
    def enter_string_value(self, node: StringValueNode, *_: object) -> None:
        if _NUL in node.value:
            raise GraphQLError("No text may hold the character U+0000.", node, extensions={"code": "INVALID"})


def _texts(value: object, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for name, part in value.items():
            yield from _texts(part, (*path, str(name)))
    elif isinstance(value, list):
        for i, part in enumerate(value):
            yield from _texts(part, (*path, str(i)))
