"""Every statement that is compiled at import can be run on the tables of today, and answers the rows it says."""

import importlib
import pkgutil
from dataclasses import fields, is_dataclass
from types import ModuleType

import asyncpg
import pytest

import app
from app.kernel.sql import STATEMENTS, Statement

#: Whatever starts a process or reads its environment has no statements, and is not to be imported for its effects.
DOORS = ("app.main", "app.cli")
#: Libraries that come with an extra.
EXTRAS = ("stripe", "typst")


def every_module(package: ModuleType) -> None:
    """Import a whole package, so that every statement is known; what is there for an extra only where that is installed."""
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if found.name.startswith(DOORS):
            continue
        try:
            importlib.import_module(found.name)
        except ModuleNotFoundError as missing:
            if missing.name not in EXTRAS:
                raise


every_module(app)


def named(statement: Statement[object]) -> str:
    """Name a statement by its beginning."""
    return " ".join(statement.sql.split())[:60]


async def test_every_statement_can_be_prepared_and_answers_its_row(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    problems = []
    try:
        for statement in STATEMENTS:
            try:
                prepared = await connection.prepare(statement.sql)
            except asyncpg.PostgresError as error:
                problems.append(f"{named(statement)}: {error}")
                continue
            columns = [attribute.name for attribute in prepared.get_attributes()]
            problems += problems_of(statement, columns)
    finally:
        await connection.close()

    assert problems == []


def problems_of(statement: Statement[object], columns: list[str]) -> list[str]:
    """Compare the columns of a statement with the fields of its row."""
    row = statement.row
    if row is None:
        return []
    if not is_dataclass(row):
        return [] if len(columns) == 1 else [f"{named(statement)}: {len(columns)} columns for one value"]
    expected = [column.name for column in fields(row) if column.init]
    if len(columns) != len(expected):
        return [f"{named(statement)}: {columns} are not the {len(expected)} fields of {row.__name__}: {expected}"]
    return [
        f"{named(statement)}: column {column} stands where {row.__name__} has {name}"
        for column, name in zip(columns, expected, strict=True)
        # A column without a name of its own cannot be compared; one that has another field's name is misplaced.
        if column != name and column in expected
    ]


def test_statements_are_known() -> None:
    if len(STATEMENTS) < 100:
        pytest.fail(f"only {len(STATEMENTS)} statements were found: was everything imported?")
