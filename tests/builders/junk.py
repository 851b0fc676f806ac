"""Input of the right GraphQL type that nobody sane would send, made from the schema's own input types.

What is sane is mixed in, so that a call sometimes gets past the first thing that would refuse it.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    get_named_type,
)

Arguments = Mapping[str, GraphQLArgument]
_NO_ID = "7zzzzzzzzzzzzzzzzzzzzzzzzz"
STRINGS: Final = (
    "", " ", "\t\n", "0", "null", "a", "GB", "a" * 10_000, "ß" * 300, "💥" * 201, "'; DROP TABLE orders; --", "%_%", "\\",
    "{}", "[]", "${7*7}", "<script>", "\u202e\u200b", "\ufeff", "\u0301", "\ud7ff\ue000", "\U0010ffff", "\x01\x1f\x7f",
    "../../etc/passwd", "a@b.example", "A@B.EXAMPLE", "@", "a" * 300 + "@b.example", "guest@shop.test", "12,5", "١٢٣",
    "WELCOME10", "welcome10", "test", "tok_ok", "tok_declined", "000000", "mug", "web", "-1", "1e9", "x" * 65, "k",
)  # fmt: skip
IDS: Final = (
    "", "_", "crt_", "x", "0" * 26, "crt_" + "0" * 26, "crt_" + _NO_ID, "ord_8" + "z" * 25, "ORD_" + _NO_ID, "ord-" + _NO_ID,
    *(f"{kind}_01h455vb4pex5vsknk084sn02q" for kind in ("ord", "oln", "ful", "fln", "pck", "ret", "rln", "var", "loc", "cus")),
    "grp_01h455vb4pex5vsknk084sn02q", "dop_01h455vb4pex5vsknk084sn02q", "psl_", "psl_" + "0" * 32, "psl_" + "v" * 32,
    "crt_01h455vb4pex5vsknk084sn02q\n", "crt_01h455vb4pex5vsknk084sn02é", "a" * 10_000, "💥",
)  # fmt: skip
INTS: Final = (-(2**31), -10_001, -1, 0, 1, 1, 1, 2, 3, 100, 101, 10_000, 10_001, 2**31 - 1)
FLOATS: Final = (0.0, -0.0, 51.5, -0.14, 90.0, 91.0, -181.0, 1e308, -1e308, 5e-324, 1e22)
DECIMALS: Final = (
    "0", "-0", "-1", "0.00", "16.99", "0.001", "1e2", "9" * 40, "-" + "9" * 38, "1E+400", "1E+999999", "1E+999999999",
    "1e-999999", "0E+999999999", "1_0", " 1 ", "١", "1e15", "999999999999999.99",
)  # fmt: skip
INSTANTS: Final = (
    "2026-11-24T10:00:00Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
    "9999-12-31T23:59:59.999999Z", "2026-11-24T10:00:00.123456789Z", "1969-12-31T23:59:59Z", "2026-W48-2T10:00:00Z",
)  # fmt: skip


class Junk:
    """Makes values of input types, always the same ones for the same seed."""

    def __init__(self, seed: int, *, ids: Sequence[str] = (), texts: Sequence[str] = ()) -> None:
        self._random = random.Random(seed)  # noqa: S311  # Not a secret.
        self._makers: Mapping[str, Callable[[], object]] = {
            "String": lambda: self._often(texts, STRINGS),
            "ID": lambda: self._often(ids, IDS),
            "Int": lambda: self._random.choice(INTS),
            "Float": lambda: self._random.choice(FLOATS),
            "Boolean": lambda: self._random.random() < 0.5,  # noqa: PLR2004
            "Decimal": lambda: self._random.choice(DECIMALS),
            "DateTime": lambda: self._random.choice(INSTANTS),
            "CountryCode": lambda: self._random.choice(("GB", "IE", "FR", "XK")),
            "CurrencyCode": lambda: self._random.choice(("GBP", "JPY", "KWD", "XXX")),
        }

    def values(self, arguments: Arguments | Mapping[str, GraphQLInputField]) -> dict[str, object]:
        """Make a value for each argument, or leave it out where that is allowed."""
        values = {}
        for name, argument in arguments.items():
            required = isinstance(argument.type, GraphQLNonNull)
            if required or self._random.random() < 0.7:  # noqa: PLR2004
                values[name] = self._value(argument.type)
        return values

    def any_of(self, choices: Sequence[Any]) -> Any:
        """Choose one."""
        return self._random.choice(choices)

    def _value(self, kind: Any) -> object:
        if isinstance(kind, GraphQLNonNull):
            return self._value_of(kind.of_type)
        return None if self._random.random() < 0.1 else self._value_of(kind)  # noqa: PLR2004

    def _value_of(self, kind: Any) -> object:
        if isinstance(kind, GraphQLList):
            return [self._value(kind.of_type) for _ in range(self._random.choice((0, 1, 1, 1, 2, 3)))]
        if isinstance(kind, GraphQLInputObjectType):
            return self.values(kind.fields)
        if isinstance(kind, GraphQLEnumType):
            return self._random.choice(list(kind.values))
        return self._makers[kind.name]()

    def _often(self, sane: Sequence[str], junk: Sequence[str]) -> str:
        return self._random.choice(sane if sane and self._random.random() < 0.6 else junk)  # noqa: PLR2004


def document(kind: str, name: str, field: GraphQLField, schema: GraphQLSchema, *, depth: int = 3) -> str:
    """Write an operation of one root field with all its arguments as variables, selecting what needs no argument."""
    declared = ", ".join(f"${key}: {argument.type}" for key, argument in field.args.items())
    passed = ", ".join(f"{key}: ${key}" for key in field.args)
    return (
        f"{kind}{f'({declared})' if declared else ''} "
        f"{{ {name}{f'({passed})' if passed else ''} {selection(field.type, schema, depth)} }}"
    )


def selection(kind: GraphQLOutputType, schema: GraphQLSchema, depth: int) -> str:
    """Select every field of a type that needs no argument, some levels deep; nothing for scalars."""
    named = get_named_type(kind)
    if not isinstance(named, GraphQLObjectType | GraphQLInterfaceType):
        return ""
    parts = ["__typename"]
    for name, field in named.fields.items():
        if any(isinstance(argument.type, GraphQLNonNull) for argument in field.args.values()):
            continue
        below = selection(field.type, schema, depth - 1) if depth > 1 else ""
        if below or not isinstance(get_named_type(field.type), GraphQLObjectType | GraphQLInterfaceType):
            parts.append(f"{name} {below}".strip())
    return "{ " + " ".join(parts) + " }"
