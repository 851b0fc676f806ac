"""Scalars: exact decimals as strings, instants in UTC, and the codes of ISO standards."""

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import NewType

import strawberry
from graphql import GraphQLError, StringValueNode, ValueNode
from strawberry.types.scalar import ScalarDefinition

from app.kernel.money import currencies
from app.kernel.territories import is_country

CurrencyCode = NewType("CurrencyCode", str)
CountryCode = NewType("CountryCode", str)

#: Beyond these, adding a week or going to another time zone leaves what a datetime can hold.
_FIRST_YEAR, _LAST_YEAR = 1900, 9000
_LONGEST_DECIMAL = 40


def _parse_decimal(value: object) -> Decimal:
    # A JSON number has already been through a float somewhere, so it is refused rather than rounded.
    if not isinstance(value, str):
        raise GraphQLError('a Decimal is written as a string, such as "12.90"', extensions={"code": "INVALID"})
    try:
        number = Decimal(value)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or len(value) > _LONGEST_DECIMAL:
        raise GraphQLError(f"{value[:_LONGEST_DECIMAL]!r} is not a decimal number", extensions={"code": "INVALID"})
    return number


def _parse_instant(value: object) -> datetime:
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) else None
        # The first and last hours of all years have no moment in UTC.
        instant = None if instant is None or instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        instant = None
    if instant is None:
        raise GraphQLError(
            "a DateTime is RFC 3339 with its offset, such as 2026-11-21T16:08:00Z", extensions={"code": "INVALID"}
        )
    if not _FIRST_YEAR <= instant.year <= _LAST_YEAR:
        raise GraphQLError(f"a DateTime is from {_FIRST_YEAR} to {_LAST_YEAR}", extensions={"code": "INVALID"})
    return instant


def _serialize_instant(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _parse_currency(value: object) -> CurrencyCode:
    if not isinstance(value, str) or value not in currencies():
        raise GraphQLError("not a currency code of ISO 4217", extensions={"code": "INVALID"})
    return CurrencyCode(value)


def _parse_country(value: object) -> CountryCode:
    if not isinstance(value, str) or not is_country(value):
        raise GraphQLError("not a country code of ISO 3166-1", extensions={"code": "INVALID"})
    return CountryCode(value)


def _parse_decimal_literal(node: ValueNode, _variables: object = None) -> Decimal:
    # graphql-core would turn a float literal into a Python float before we see it.
    return _parse_decimal(node.value if isinstance(node, StringValueNode) else None)


SCALARS: dict[object, ScalarDefinition] = {
    Decimal: strawberry.scalar(
        name="Decimal",
        description='Exact decimal as a string: "12.90". Never a float.',
        serialize=lambda value: format(value, "f"),
        parse_value=_parse_decimal,
        parse_literal=_parse_decimal_literal,
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        description='RFC 3339 in UTC: "2026-11-21T16:08:00Z".',
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=_serialize_instant,
        parse_value=_parse_instant,
    ),
    CurrencyCode: strawberry.scalar(
        name="CurrencyCode", description="ISO 4217 alphabetic code.", serialize=str, parse_value=_parse_currency
    ),
    CountryCode: strawberry.scalar(
        name="CountryCode", description="ISO 3166-1 alpha-2 code.", serialize=str, parse_value=_parse_country
    ),
}
