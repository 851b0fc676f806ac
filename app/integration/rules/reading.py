"""Opens a file that somebody else wrote, and streams its rows with numbers a person can find.

CSV of any common dialect, JSON (an array, or an object with one array), JSONL, and GeoNames' postal codes. A file that cannot be read at all is
refused before its first row is given; a broken row inside a good file is a `BadRow`, and the others still come.
"""

import codecs
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from app.integration.rules import delimited, json_rows
from app.integration.rules.rows import BadRow, SourceRow, Unreadable

CHUNK_BYTES = 1 << 20
#: How often the progress is told: often enough for a bar to move, seldom enough to cost nothing.
PROGRESS_BYTES = 1 << 16
#: JSON has no header; the fields of its first rows stand for it.
ROWS_LOOKED_AT = 200
LONGEST_LINE_BYTES = 64 << 20


class UnreadableFile(Unreadable):
    """The file as a whole cannot be read: it is empty, of another format, or not UTF-8."""


class Format(StrEnum):
    """How the rows are written."""

    CSV = "csv"
    JSON = "json"
    JSONL = "jsonl"
    GEONAMES = "geonames"
    """What GeoNames exports of postal codes: tabs, no header, and quotation marks that mean nothing."""


FORMAT_BY_EXTENSION: Mapping[str, Format] = {
    ".csv": Format.CSV,
    ".tsv": Format.CSV,
    ".tab": Format.CSV,
    ".txt": Format.CSV,
    ".json": Format.JSON,
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
}

#: First bytes of what people send instead of text, and what to tell them.
NOT_TEXT: Mapping[bytes, str] = {
    codecs.BOM_UTF16_LE: "UTF-16 text; save it as UTF-8",
    codecs.BOM_UTF16_BE: "UTF-16 text; save it as UTF-8",
    b"PK\x03\x04": "a ZIP or Excel file; save the sheet as CSV in UTF-8",
    b"\xd0\xcf\x11\xe0": "an old Excel file; save the sheet as CSV in UTF-8",
    b"\x1f\x8b": "compressed with gzip; unpack it first",
    b"%PDF": "a PDF",
}


@dataclass(frozen=True, slots=True)
class Source:
    """A file found readable. `columns` are all there are in CSV, and those of the first rows (dotted where nested) in JSON."""

    path: Path
    format: Format
    size_bytes: int
    columns: tuple[str, ...]

    @property
    def columns_are_all(self) -> bool:
        """Say whether no row can have a column that `columns` does not name."""
        return self.format in {Format.CSV, Format.GEONAMES}

    def rows(self, *, on_bytes: Callable[[int], None] = lambda _: None) -> Iterator[SourceRow | BadRow]:
        """Stream the rows from the beginning; may be called again.

        `on_bytes` is told how many of `size_bytes` have been read, from time to time and at the end.
        """
        with self.path.open("rb") as file:
            yield from _rows(_Counted(file, on_bytes), self.format)


def open_source(path: Path, *, file_format: Format | None = None) -> Source:
    """Look at a file and say how it can be read: by its extension, unless told.

    Reads it once to be sure that all of it is UTF-8, so that no import stops in the middle for that.
    Raises: UnreadableFile.
    """
    chosen = file_format or FORMAT_BY_EXTENSION.get(path.suffix.lower())
    if chosen is None:
        raise UnreadableFile(f"{path.name}: say which format it is: {', '.join(Format)}")
    try:
        _refuse_what_is_not_utf8(path)
        source = Source(path, chosen, path.stat().st_size, ())
        return replace(source, columns=tuple(_columns(source)))
    except OSError as error:
        raise UnreadableFile(f"{path.name}: {error.strerror}") from error
    except Unreadable as unreadable:
        raise UnreadableFile(f"{path.name}: {unreadable}") from None


def _rows(file: "_Counted", file_format: Format) -> Iterator[SourceRow | BadRow]:
    match file_format:
        case Format.CSV:
            yield from delimited.rows(file.lines())
        case Format.GEONAMES:
            yield from delimited.geonames_rows(file.lines())
        case Format.JSONL:
            yield from json_rows.from_lines(file.lines())
        case Format.JSON:
            yield from json_rows.from_document(file.text())
    file.finish()


def _columns(source: Source) -> Iterator[str]:
    if source.format is Format.CSV:
        with source.path.open("rb") as file:
            yield from delimited.columns(_Counted(file).lines())
        return
    if source.format is Format.GEONAMES:
        yield from delimited.GEONAMES_COLUMNS
        return
    seen: dict[str, None] = {}
    for row in islice(source.rows(), ROWS_LOOKED_AT):
        if isinstance(row, SourceRow):
            seen.update(dict.fromkeys(json_rows.paths(row.fields)))
    yield from seen


def _refuse_what_is_not_utf8(path: Path) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    line = 1
    with path.open("rb") as file:
        start = file.read(CHUNK_BYTES)
        _refuse_what_is_not_text(start)
        chunk = start
        while chunk:
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                line += error.object.count(b"\n", 0, error.start)
                raise UnreadableFile(
                    f"line {line} is not UTF-8 (byte 0x{error.object[error.start]:02X}); save it as UTF-8"
                ) from None
            line += chunk.count(b"\n")
            chunk = file.read(CHUNK_BYTES)
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            raise UnreadableFile("ends in the middle of a character; it may be cut off") from None


def _refuse_what_is_not_text(start: bytes) -> None:
    if not start.removeprefix(codecs.BOM_UTF8).strip():
        raise UnreadableFile("the file is empty")
    for signature, what in NOT_TEXT.items():
        if start.startswith(signature):
            raise UnreadableFile(f"this is {what}")
    looked_at = start[:4096]
    # UTF-16 without its mark passes as UTF-8 with a NUL beside every letter.
    if looked_at.count(0) * 4 >= len(looked_at):
        raise UnreadableFile("every second byte is NUL: this looks like UTF-16; save it as UTF-8")


class _Counted:
    """Reads a binary file as text and tells how far it has come."""

    def __init__(self, file: BinaryIO, on_bytes: Callable[[int], None] = lambda _: None) -> None:
        self._file = file
        self._on_bytes = on_bytes
        self._read_bytes = 0
        self._told_bytes = 0

    def lines(self) -> Iterator[str]:
        """Give the lines with their ends, whether LF, CRLF or CR alone, without a byte order mark."""
        start = self._file.read(CHUNK_BYTES)
        self._file.seek(0)
        if b"\r" in start and b"\n" not in start:
            yield from io.StringIO("".join(self.text()).replace("\r", "\n"))
            return
        encoding = "utf-8-sig"
        while line := self._file.readline(LONGEST_LINE_BYTES):
            if len(line) == LONGEST_LINE_BYTES:
                raise UnreadableFile(f"a line is longer than {LONGEST_LINE_BYTES >> 20} MB")
            self._advance(len(line))
            yield line.decode(encoding)
            encoding = "utf-8"

    def text(self) -> Iterator[str]:
        """Give the text in pieces, without a byte order mark."""
        decoder = codecs.getincrementaldecoder("utf-8-sig")()
        while chunk := self._file.read(PROGRESS_BYTES):
            self._advance(len(chunk))
            yield decoder.decode(chunk)

    def finish(self) -> None:
        """Tell the final count."""
        self._on_bytes(self._read_bytes)

    def _advance(self, count: int) -> None:
        self._read_bytes += count
        if self._read_bytes - self._told_bytes >= PROGRESS_BYTES:
            self._told_bytes = self._read_bytes
            self._on_bytes(self._read_bytes)
