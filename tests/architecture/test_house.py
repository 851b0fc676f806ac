"""The rules of the house that no type checker knows."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy import Table

from app import tables as every_table
from app.cli.work.documents import MACHINES, drawings
from app.kernel import permissions
from app.kernel.errors import DomainError, ErrorCode
from app.kernel.machine import Machine

HOUSE = Path(__file__).parents[2]
PACKAGES = ("app", "schema", "migrations", "tests")
#: What starts a process. The clock is read by these alone, through app.kernel.clock.
CLOCK = "app/kernel/clock.py"


def sources(*packages: str) -> list[Path]:
    """List our own source files."""
    return sorted(chain.from_iterable((HOUSE / package).rglob("*.py") for package in packages))


def name_of(path: Path) -> str:
    """Name a file as a reader would."""
    return path.relative_to(HOUSE).as_posix()


@cache
def parsed(path: Path) -> ast.Module:
    """Read a file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """List the functions of a file."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def calls(path: Path, *names: str) -> list[str]:
    """List where attributes of these names are called."""
    return [
        f"{name_of(path)}:{node.lineno}"
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names
    ]


def test_nothing_is_imported_inside_a_function() -> None:
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path in sources(*PACKAGES)
        for function in functions(parsed(path))
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]

    assert found == []


def test_no_module_is_called_after_nothing() -> None:
    found = [name_of(path) for path in sources(*PACKAGES) if path.stem in {"utils", "helpers", "common", "misc"}]

    assert found == []


def test_the_clock_is_read_in_one_place() -> None:
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path in sources("app", "schema")
        if name_of(path) != CLOCK
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id, node.attr)
        in {("datetime", "now"), ("datetime", "utcnow"), ("date", "today"), ("time", "time")}
    ]

    assert found == []


def test_commits_are_made_in_one_place() -> None:
    found = [
        place
        for path in sources("app", "schema")
        if name_of(path) != "app/kernel/db.py"
        for place in calls(path, "commit")
    ]

    assert found == []


def test_no_line_of_sql_stands_outside_its_room() -> None:
    rooms = {"queries", "invariants", "gateways", "kernel", "demo", "analytics"}
    found = [
        name_of(path)
        for path in sources("app")
        if not rooms & {*path.relative_to(HOUSE).parts, path.stem}
        and re.search(r"\b(rows|statement)\(\s*f?\"", path.read_text())
    ]

    assert found == []


FLOORS: dict[str, int] = {
    name: floor
    for floor, names in enumerate(
        [
            ["kernel"],
            ["identity"],
            ["channels"],
            ["catalog", "customers", "locations"],
            ["pricing", "promotions", "delivery", "tax"],
            ["inventory"],
            ["sourcing", "assortment"],
            ["cart"],
            ["orders"],
            ["payments"],
            ["fulfillment"],
            ["pickup"],
            ["checkout"],
            ["returns"],
            ["servicing"],
            ["integration", "analytics", "clienteling"],
        ]
    )
    for name in names
}


def owners() -> dict[str, str]:
    """Say which domain declares each table; a domain's models may be a package."""
    rooms = [
        room
        for module in every_table.MODULES
        for room in (module, *(part for part in vars(module).values() if isinstance(part, ModuleType)))
    ]
    return {
        table.name: room.__name__.split(".")[1]
        for room in rooms
        for table in vars(room).values()
        if isinstance(table, Table)
    }


def test_foreign_keys_point_down() -> None:
    owner = owners()
    found = [
        f"{table.name} of {owner[table.name]} points up to {key.column.table.name} of {owner[key.column.table.name]}"
        for table in every_table.METADATA.tables.values()
        for key in table.foreign_keys
        if FLOORS[owner[key.column.table.name]] > FLOORS[owner[table.name]]
        or (
            FLOORS[owner[key.column.table.name]] == FLOORS[owner[table.name]]
            and owner[key.column.table.name] != owner[table.name]
        )
    ]

    assert found == []


def test_every_table_is_found_by_migrations() -> None:
    declared = {
        path.relative_to(HOUSE).parts[1] for path in sources("app") if "models" in {path.stem, path.parent.name}
    }

    assert declared <= {module.__name__.split(".")[1] for module in every_table.MODULES}


def test_error_codes_are_those_of_the_one_list() -> None:
    def every(kind: type[DomainError]) -> Iterator[type[DomainError]]:
        for subclass in kind.__subclasses__():
            yield subclass
            yield from every(subclass)

    assert all(kind.code in ErrorCode for kind in every(DomainError))


def test_permissions_are_nouns_and_verbs() -> None:
    assert all(re.fullmatch(r"[a-z]+:[a-z-]+", permission) for permission in permissions.Permission)


def test_permissions_are_written_nowhere_else() -> None:
    listed = {str(permission) for permission in permissions.Permission}
    found = [
        f"{name_of(path)}: {node.value}"
        for path in sources("app", "schema")
        if path.name != "permissions.py"
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Constant) and node.value in listed
    ]

    assert found == []


def test_every_machine_is_drawn() -> None:
    declared = {
        path.relative_to(HOUSE).parts[1]
        for path in sources("app")
        if path.name == "states.py" and re.search(r"^[A-Z_]+ = Machine\(", path.read_text(), re.MULTILINE)
    }

    assert len(MACHINES) >= len(declared)
    assert all(isinstance(machine, Machine) for machine in MACHINES)


@pytest.mark.parametrize("path", [*drawings()], ids=lambda path: path.stem)
def test_drawings_are_of_today(path: Path) -> None:
    assert path.exists(), "run `stoa docs`"
    assert path.read_text() == drawings()[path], "run `stoa docs`"
