"""Documents say what the code does: their operations are valid, their commands and links exist, their tables are of today."""

import re
import shlex
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest
import typer.main
from graphql import GraphQLEnumType, GraphQLSchema, OperationDefinitionNode, build_schema, parse, validate
from graphql.execution.values import get_variable_values
from typer.core import TyperGroup

from app.audit import INVARIANTS
from app.cli import cli
from app.demo.content.people import log_ins
from app.demo.journey.client import DEMO_PASSWORD
from app.integration.rules.mapping import POSTAL_CODES, PRODUCTS, STOCK, STORES
from app.payments.gateways.test import TOKENS
from app.settings import VARIABLES
from app.tables import METADATA
from app.worker import SCHEDULE
from schema.build import sdl
from schema.core.limits import LimitCode
from tests.builders.documents import (
    HOUSE,
    PLACEHOLDER,
    README,
    anchors,
    blocks,
    documents,
    filled,
    name_of,
    operations,
    read_json,
    section,
    table,
    without_blocks,
)

DOCS = HOUSE / "docs"
LOG_INS_SHOWN = 7
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
#: Hosts that packages or images come from, and directories of one machine.
_NOBODY_ELSES = re.compile(
    r"pypi|pythonhosted|npmjs|registry\.|index-url|docker\.io|ghcr|quay\.|(?<![\w.~])/(?:work|home|root|tmp|Users|dev/shm|opt)/",
    re.IGNORECASE,
)
_CONSTRAINT = re.compile(r"`((?:ck|uq)_[a-z_]+)`")


@pytest.fixture(scope="module")
def ours() -> GraphQLSchema:
    """Read our schema the way a client's tools do."""
    return build_schema(sdl())


@pytest.fixture(params=documents(), ids=name_of)
def document(request: pytest.FixtureRequest) -> Path:
    """Take one document after the other."""
    path: Path = request.param
    return path


def text_of(path: Path) -> str:
    """Read a document."""
    return path.read_text(encoding="utf-8")


def commands_in(text: str) -> list[list[str]]:
    """List the commands that a document tells people to run, split into words."""
    lines = [line for block in blocks(text, "sh") for line in block.text.splitlines()]
    spans = _SPAN.findall(without_blocks(text))
    parts = [part.strip() for line in [*lines, *spans] for part in line.split("&&")]
    return [
        words for part in parts if part.startswith(("stoa ", "make ")) and (words := shlex.split(part, comments=True))
    ]


def is_known(words: list[str]) -> bool:
    """Say whether a command of ours exists, with every option that is named."""
    if words[0] == "make":
        return all(
            re.search(rf"^{re.escape(word)}:.* ## ", text_of(HOUSE / "Makefile"), re.MULTILINE) for word in words[1:]
        )
    found, rest = typer.main.get_command(cli), words[1:]
    # A changelog names several commands at once: `stoa import products|stores|stock`.
    while isinstance(found, TyperGroup) and rest and set(names := rest[0].split("|")) <= set(found.commands):
        found, rest = found.commands[names[0]], rest[1:]
    options = {name for parameter in found.params for name in (*parameter.opts, *parameter.secondary_opts)}
    return not isinstance(found, TyperGroup) and all(word in options for word in rest if word.startswith("--"))


def error_codes() -> str:
    """Write the table of error codes."""
    kind = build_schema(sdl()).type_map["ErrorCode"]
    assert isinstance(kind, GraphQLEnumType)
    rows = [(f"`{code}`", " ".join((value.description or "").split())) for code, value in kind.values.items()]
    return table(("code", "meaning"), rows)


def settings() -> str:
    """Write the table of settings."""
    rows = [(f"`{name}`", meaning) for name, meaning in VARIABLES.items()]
    return table(("variable", "what it says; what holds without it"), rows)


def timers() -> str:
    """Write the table of timers."""
    rows = [(timer.name, str(timer.every_seconds), (timer.fire.__doc__ or "").splitlines()[0]) for timer in SCHEDULE]
    return table(("timer", "seconds", "what it does"), rows)


def import_fields() -> str:
    """Write the table of what imports take."""
    rows = []
    imports = (("products", PRODUCTS), ("stores", STORES), ("stock", STOCK), ("postcodes", POSTAL_CODES))
    for name, targets in imports:
        needed = [f"`{target.name}`" for target in targets if target.needed]
        others = [f"`{target.name}`" for target in targets if not target.needed]
        rows.append((name, " ".join(needed), " ".join(others)))
    return table(("import", "needed", "may be there"), rows)


def sample_log_ins() -> str:
    """Write the table of people who may enter the demo."""
    rows = []
    for login in log_ins()[:LOG_INS_SHOWN]:
        who = ", ".join(login.roles).lower().replace("_", " ")
        place = "everywhere" if login.every_location else ", ".join(login.location_codes)
        rows.append((f"`{login.email}`", who, place))
    return table(("log-in", "who", "works at"), rows)


class TestDocuments:
    def test_ask_what_the_schema_answers(self, document: Path, ours: GraphQLSchema) -> None:
        problems = []
        for operation in operations(text_of(document)):
            parsed = parse(operation.text)
            problems += [error.message for error in validate(ours, parsed)]
            (asked,) = (node for node in parsed.definitions if isinstance(node, OperationDefinitionNode))
            declared = asked.variable_definitions or ()
            if operation.variables:
                # A number is the one text that every scalar takes.
                names = PLACEHOLDER.findall(str(operation.variables))
                given = filled(operation.variables, dict.fromkeys(names, "1"))
                coerced = get_variable_values(ours, declared, given)
                problems += [error.message for error in coerced] if isinstance(coerced, list) else []
                unknown = set(given) - {definition.variable.name.value for definition in declared}
                problems += [f"no variable is called {name}" for name in unknown]

        assert problems == []

    def test_have_json_that_can_be_read(self, document: Path) -> None:
        for block in blocks(text_of(document), "json"):
            read_json(block.text)

    def test_name_commands_that_exist(self, document: Path) -> None:
        assert [words for words in commands_in(text_of(document)) if not is_known(words)] == []

    def test_link_to_what_is_there(self, document: Path) -> None:
        text = text_of(document)
        broken = []
        for link in _LINK.findall(without_blocks(text)):
            target, _, anchor = link.partition("#")
            if re.match(r"[a-z]+:", target):
                continue
            path = document if not target else (document.parent / target).resolve()
            if not path.exists() or (anchor and anchor not in anchors(text_of(path))):
                broken.append(link)

        assert broken == []

    def test_speak_of_no_one_machine(self, document: Path) -> None:
        assert _NOBODY_ELSES.findall(text_of(document)) == []

    def test_can_all_be_found_from_the_index(self) -> None:
        index = DOCS / "index.md"
        linked = {(DOCS / link.partition("#")[0]).resolve() for link in _LINK.findall(text_of(index))}

        assert set(DOCS.rglob("*.md")) - {index} <= linked


class TestTables:
    @pytest.mark.parametrize(
        ("path", "mark", "write"),
        [
            ("README.md", "settings", settings),
            ("README.md", "log-ins", sample_log_ins),
            ("docs/integrators.md", "error codes", error_codes),
            ("docs/operators.md", "timers", timers),
            ("docs/imports.md", "import fields", import_fields),
        ],
    )
    def test_are_those_of_the_code(self, path: str, mark: str, write: Callable[[], str]) -> None:
        text, written = text_of(HOUSE / path), write()

        assert f"<!-- {mark} -->\n\n{written}\n" in text, f"put this behind <!-- {mark} --> in {path}:\n\n{written}"

    def test_of_outcomes_name_every_token_of_the_gateway(self) -> None:
        rows = re.findall(r"^\| `(tok_\w+)`", section(text_of(README), "When things go wrong"), re.MULTILINE)

        assert rows == list(TOKENS)

    def test_of_codes_name_every_limit(self) -> None:
        named = set(re.findall(r"^\| `([A-Z_]+)`", text_of(DOCS / "integrators.md"), re.MULTILINE))

        assert {code.value for code in LimitCode} <= named


class TestReadme:
    def test_tells_the_password(self) -> None:
        assert f"`{DEMO_PASSWORD}`" in text_of(README)

    def test_maps_the_whole_house(self) -> None:
        map_of = section(text_of(README), "The map of the house")
        packages = {path.parent.name for path in (HOUSE / "app").glob("*/__init__.py")}

        assert {name for name in packages if not re.search(rf"\b{name}/", map_of)} == set()


class TestInvariants:
    def test_stand_under_their_numbers(self) -> None:
        text = text_of(DOCS / "invariants.md")
        written = defaultdict(list)
        for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
            number = int(part.partition(".")[0])
            written[number] = re.findall(r"^- \*(.+)\*$", part, re.MULTILINE)
        asked = defaultdict(list)
        for invariant in INVARIANTS:
            asked[invariant.number].append(invariant.name)

        assert {number: set(names) for number, names in written.items() if names} == {
            number: set(names) for number, names in asked.items()
        }

    def test_name_constraints_that_exist(self) -> None:
        tables = METADATA.tables.values()
        there = {str(rule.name) for found in tables for rule in found.constraints}
        there |= {str(index.name) for found in tables for index in found.indexes}

        assert set(_CONSTRAINT.findall(text_of(DOCS / "invariants.md"))) - there == set()

    def test_name_files_that_exist(self) -> None:
        files = re.findall(
            r"`(app/[\w/]+(?:\.py|/))`", text_of(DOCS / "invariants.md") + text_of(DOCS / "contributors.md")
        )

        assert [name for name in files if not (HOUSE / name).exists()] == []
