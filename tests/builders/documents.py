"""The documents of the house, and what stands in them: blocks of code, links, tables between marks."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

HOUSE: Final = Path(__file__).parents[2]
README: Final = HOUSE / "README.md"
#: Words such as <CART_ID>, for what an earlier answer said.
PLACEHOLDER: Final = re.compile(r"<([A-Z_]+)>")
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Block:
    """A block of code in a document; `starts` and `ends` are where it stands."""

    language: str
    text: str
    starts: int
    ends: int


@dataclass(frozen=True, slots=True)
class Operation:
    """A GraphQL document in a guide, with the variables and headers that stand behind it, and the prose until the next one."""

    text: str
    variables: Json
    headers: Json
    prose: str


def documents() -> list[Path]:
    """List everything that is written for people."""
    return [*sorted(HOUSE.glob("*.md")), *sorted((HOUSE / "docs").rglob("*.md"))]


def name_of(path: Path) -> str:
    """Name a document as a reader would."""
    return str(path.relative_to(HOUSE))


def blocks(text: str, *languages: str) -> list[Block]:
    """List blocks of code, of some languages or of all."""
    found = (Block(match[1], match[2], match.start(), match.end()) for match in _FENCE.finditer(text))
    return [block for block in found if not languages or block.language in languages]


def without_blocks(text: str) -> str:
    """Leave the prose."""
    return _FENCE.sub("", text)


def operations(text: str) -> Iterator[Operation]:
    """List the GraphQL documents of a guide, in its order."""
    asked = blocks(text, "graphql")
    ends = [*(block.starts for block in asked[1:]), len(text)]
    for block, end in zip(asked, ends, strict=False):
        rest = text[block.ends : end]
        given = [read_json(json.text) for json in blocks(rest, "json")]
        variables = next((json for json in given if "Authorization" not in json), {})
        headers = next((json for json in given if "Authorization" in json), {})
        yield Operation(block.text, variables, headers, without_blocks(rest))


def read_json(text: str) -> Json:
    """Read a block of JSON."""
    read: Json = orjson.loads(text)
    return read


def section(text: str, heading: str) -> str:
    """Take the section of a document under a heading of the second level."""
    _, found, rest = text.partition(f"\n## {heading}\n")
    assert found, f"there is no section {heading!r}"
    return rest.partition("\n## ")[0]


def anchors(text: str) -> set[str]:
    """List the names by which the headings of a document can be linked to."""
    titles = _HEADING.findall(without_blocks(text))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table the way documents have it."""
    lines = [head, ["---"] * len(head), *rows]
    written = ("|" + "|".join(line) + "|" if line[0] == "---" else f"| {' | '.join(line)} |" for line in lines)
    return "\n".join(re.sub(r"\|\s+\|", "| |", line) for line in written)


def filled(value: Any, known: Mapping[str, str]) -> Any:
    """Put what is known in the place of placeholders, at whatever depth."""
    match value:
        case str():
            return PLACEHOLDER.sub(lambda found: known[found[1]], value)
        case dict():
            return {name: filled(part, known) for name, part in value.items()}
        case list():
            return [filled(part, known) for part in value]
        case _:
            return value
