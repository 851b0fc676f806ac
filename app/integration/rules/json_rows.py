"""JSON and JSONL as rows. Numbers keep every digit they were written with: fractions are `Decimal`, never float."""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import NoReturn

from app.integration.rules.rows import BadRow, SourceRow, Unreadable

#: An object around the one array has to be held in memory; an array alone is streamed.
LARGEST_DOCUMENT = 256 << 20
LARGEST_ELEMENT = 64 << 20
_THE_REST = "nothing from here on can be read"
_SPACE = " \t\r\n"
#: A mistake this close to the end of what has been read may be only a cut: the longest token but a string is "\\uXXXX\\uXXXX".
_MAYBE_CUT = 16


def from_lines(lines: Iterator[str]) -> Iterator[SourceRow | BadRow]:
    """Stream one object a line; blank lines are passed over."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield _row(number, _DECODER.decode(line.strip()))
            except (ValueError, RecursionError) as error:
                yield BadRow(number, _in_words(error))


def from_document(pieces: Iterator[str]) -> Iterator[SourceRow | BadRow]:
    """Stream the objects of a top-level array, or of the one array in a top-level object.

    Raises: Unreadable when the document is neither. Where an array breaks off, a BadRow says so and ends it.
    """
    buffer = _Buffer(pieces)
    match buffer.next_character():
        case "[":
            yield from _elements(buffer)
        case "{":
            yield from _of_object(buffer)
        case _:
            raise Unreadable("JSON has to be an array of objects, or an object with one array")


def paths(fields: Mapping[str, object], *, under: str = "") -> Iterator[str]:
    """Name the fields of an object, those of nested objects with dots: {"at": {"lat": 1}} -> "at.lat"."""
    for name, value in fields.items():
        if isinstance(value, dict) and value and under.count(".") < 5:
            yield from paths(value, under=f"{under}{name}.")
        else:
            yield f"{under}{name}"


def _row(number: int, value: object) -> SourceRow | BadRow:
    if isinstance(value, dict):
        return SourceRow(number, value)
    return BadRow(number, "not an object")


def _elements(buffer: "_Buffer") -> Iterator[SourceRow | BadRow]:
    buffer.skip(1)
    number = 0
    while (character := buffer.next_character()) != "]":
        number += 1
        if number > 1:
            if character != ",":
                yield BadRow(number, f"a comma is missing before it; {_THE_REST}")
                return
            buffer.skip(1)
        try:
            yield _row(number, buffer.value())
        except (ValueError, RecursionError) as error:
            # Positions count from a moving buffer here, and would mislead.
            yield BadRow(number, f"{_in_words(error).split(' at character ')[0]}; {_THE_REST}")
            return
    buffer.skip(1)
    if buffer.next_character():
        yield BadRow(number + 1, "something stands behind the end of the array, and was not read")


def _of_object(buffer: "_Buffer") -> Iterator[SourceRow | BadRow]:
    try:
        document = _DECODER.decode(buffer.everything(LARGEST_DOCUMENT).strip())
    except (ValueError, RecursionError) as error:
        raise Unreadable(_in_words(error)) from None
    arrays = {name: value for name, value in document.items() if isinstance(value, list)}
    if len(arrays) != 1:
        found = f"it has {len(arrays)}: {', '.join(arrays)}" if arrays else "it has none"
        raise Unreadable(f"a JSON object has to have one array in it, and {found}")
    for elements in arrays.values():
        for number, element in enumerate(elements, 1):
            yield _row(number, element)


class _Buffer:
    """Text that arrives in pieces, of which values are taken from the front."""

    def __init__(self, pieces: Iterator[str]) -> None:
        self._pieces = pieces
        self._text = ""
        self._at = 0
        self._ended = False

    def next_character(self) -> str:
        """Say what stands next after white space, without taking it; empty at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _SPACE:
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more(1):
                return ""

    def skip(self, count: int) -> None:
        """Take characters that have been looked at."""
        self._at += count

    def value(self) -> object:
        """Take one JSON value. Raises: ValueError when there is none."""
        self.next_character()
        wanted = 1
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                cut = "Unterminated string" in error.msg or error.pos >= len(self._text) - _MAYBE_CUT
                if not cut or len(self._text) - self._at > LARGEST_ELEMENT or not self._more(wanted):
                    raise
            else:
                # A number that ends with the text may go on in the next piece.
                if end < len(self._text) or not self._more(1):
                    self._at = end
                    return value
            # Doubling keeps the work linear when one element is many pieces long.
            wanted = max(wanted, len(self._text) - self._at)

    def everything(self, limit: int) -> str:
        """Take all that is left. Raises: Unreadable beyond `limit` characters."""
        while self._more(limit):
            if len(self._text) > limit:
                raise Unreadable(f"over {limit >> 20} MB; send an array alone, or JSONL")
        return self._text[self._at :]

    def _more(self, count: int) -> bool:
        """Read on, at least `count` characters if there are so many; False when there was nothing left."""
        pieces = []
        arrived = 0
        while arrived < count and not self._ended:
            piece = next(self._pieces, None)
            if piece is None:
                self._ended = True
            else:
                pieces.append(piece)
                arrived += len(piece)
        if arrived:
            self._text = self._text[self._at :] + "".join(pieces)
            self._at = 0
        return arrived > 0


def _exact(digits: str) -> Decimal:
    try:
        return Decimal(digits)
    except InvalidOperation:
        raise ValueError(f"{digits[:40]} is no number that can be held") from None


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _in_words(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: {error.msg[0].lower()}{error.msg[1:]} at character {error.pos + 1}"
    return str(error)


_DECODER = json.JSONDecoder(parse_float=_exact, parse_constant=_no_number)
