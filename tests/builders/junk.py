"""Input of the right GraphQL type that nobody sane would send, made from the schema's own input types.

What is sane is mixed in, so that a call sometimes gets past the first thing that would refuse it.
"""

import random
from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLScalarType,
    GraphQLSchema,
    get_named_type,
)

ChoiceT = TypeVar("ChoiceT")
#: Does not get shorter when it is compressed, so no index takes it.
_LONG = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=10_000))
_NO_ID = "7zzzzzzzzzzzzzzzzzzzzzzzzz"
STRINGS: Final = (
    "", " ", "\t\n", "nu\0l", "0", "null", "a", "GB", "a" * 10_000, _LONG, "ß" * 300, "💥" * 201, "'; DROP TABLE orders; --", "%_%", "\\",
    "{}", "[]", "${7*7}", "<script>", "\u202e\u200b", "\ufeff", "\u0301", "\ud7ff\ue000", "\U0010ffff", "\x01\x1f\x7f",
    "../../etc/passwd", "a@b.example", "A@B.EXAMPLE", "@", "a" * 300 + "@b.example", "guest@shop.test", "12,5", "١٢٣",
    "WELCOME10", "welcome10", "test", "tok_ok", "tok_declined", "000000", "mug", "web", "-1", "1e9", "x" * 65, "k",
)  # fmt: skip
IDS: Final = (
    "", "\0", "_", "crt_", "x", "0" * 26, "crt_" + "0" * 26, "crt_" + _NO_ID, "ord_8" + "z" * 25, "ORD_" + _NO_ID, "ord-" + _NO_ID,
    *(f"{kind}_01h455vb4pex5vsknk084sn02q" for kind in ("ord", "oln", "ful", "fln", "pck", "ret", "rln", "var", "loc", "cus")),
    "grp_01h455vb4pex5vsknk084sn02q", "dop_01h455vb4pex5vsknk084sn02q", "psl_", "psl_" + "0" * 32, "psl_" + "v" * 32,
    "crt_01h455vb4pex5vsknk084sn02q\n", "crt_01h455vb4pex5vsknk084sn02é", "a" * 10_000, _LONG, "💥",
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
    """Makes values of input types, always the same ones for the same seed.

    `sane` names values that are good for something, by the name of the field that they are given to.
    """

    def __init__(self, seed: int, sane: Mapping[str, Sequence[object]]) -> None:
        self._random = random.Random(seed)
        self._sane = sane
        self._by_type: Mapping[str, Sequence[object]] = {
            "String": STRINGS,
            "ID": IDS,
            "Int": INTS,
            "Float": FLOATS,
            "Boolean": (False, True),
            "Decimal": DECIMALS,
            "DateTime": INSTANTS,
            "CountryCode": ("GB", "IE", "FR", "XK"),
            "CurrencyCode": ("GBP", "JPY", "KWD", "XXX"),
        }

    def values(self, arguments: Mapping[str, GraphQLArgument] | Mapping[str, GraphQLInputField]) -> dict[str, object]:
        """Make a value for each argument, or leave it out where that is allowed."""
        return {
            name: self._value(name, argument.type)
            for name, argument in arguments.items()
            if isinstance(argument.type, GraphQLNonNull) or self._happens(0.6)
        }

    def any_of(self, choices: Sequence[ChoiceT]) -> ChoiceT:
        """Choose one."""
        return self._random.choice(choices)

    def _happens(self, probability: float) -> bool:
        return self._random.random() < probability

    def _value(self, name: str, kind: GraphQLInputType) -> object:
        if not isinstance(kind, GraphQLNonNull) and self._happens(0.1):
            return None
        given = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
        if isinstance(given, GraphQLList):
            return [self._value(name, given.of_type) for _ in range(self._random.choice((0, 1, 1, 1, 1, 2, 3)))]
        if isinstance(given, GraphQLInputObjectType):
            return self.values(given.fields)
        if isinstance(given, GraphQLEnumType):
            return self._random.choice(list(given.values))
        assert isinstance(given, GraphQLScalarType)
        if name in self._sane and self._happens(0.8):
            return self._random.choice(self._sane[name])
        return self._random.choice(self._by_type[given.name])


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
