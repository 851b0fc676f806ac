"""Column types and checks that every domain's tables share, so that each is written one way."""

from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Uuid


def id_column() -> Column[object]:
    """Make the primary key: a UUIDv7 made in the app."""
    return Column("id", Uuid, primary_key=True)


def minor(name: str, *, nullable: bool = False, default: int | None = None) -> Column[int]:
    """Make an amount of money: integer minor units; the currency stands on the aggregate."""
    return Column(name, BigInteger, nullable=nullable, server_default=None if default is None else str(default))


def instant(name: str, *, nullable: bool = False) -> Column[object]:
    """Make a moment in time, in UTC."""
    return Column(name, DateTime(timezone=True), nullable=nullable)


def one_of(column: str, values: type[StrEnum]) -> CheckConstraint:
    """Let a text column hold the values of an enum alone."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def each_of(column: str, values: type[StrEnum]) -> CheckConstraint:
    """Let the elements of a text array be values of an enum alone."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} <@ ARRAY[{listed}]", name=column)


def not_negative(*columns: str) -> list[CheckConstraint]:
    """Keep each of these columns at zero or above."""
    return [CheckConstraint(f"{column} >= 0", name=f"{column}_not_negative") for column in columns]
