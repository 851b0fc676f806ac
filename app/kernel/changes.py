"""Changes of what is there: a part that was left out stays, and a part that was given as null is cleared."""

from dataclasses import MISSING, Field, fields
from enum import Enum
from typing import Any, ClassVar, Literal, Protocol, TypeVar

from app.kernel.errors import Invalid, field_name


class LeftOut(Enum):
    """Says that a part of an input was not given, which is not the same as given as null."""

    LEFT_OUT = "left out"


LEFT_OUT: Literal[LeftOut.LEFT_OUT] = LeftOut.LEFT_OUT


class _Dataclass(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


WholeT = TypeVar("WholeT", bound=_Dataclass)


def whole(kind: type[WholeT], change: object, *, known: object | None, at: tuple[str, ...]) -> WholeT:
    """Make the whole out of a change and of what is known; each part has the same name everywhere.

    What was left out is as it is known, or as `kind` has it by default; None is that default too.
    Raises: Invalid, below `at`, naming a part that was not given and has no default.
    """
    parts: dict[str, object] = {}
    for part in fields(kind):
        value = getattr(change, part.name)
        if value is LEFT_OUT and known is not None:
            value = getattr(known, part.name)
        elif value is LEFT_OUT or value is None:
            if part.default is MISSING:
                raise Invalid("this is needed", field=(*at, field_name(part.name)))
            value = part.default
        parts[part.name] = value
    return kind(**parts)
