"""Ids of delivery groups and options: parts of a cart's answer, which `node` does not find."""

from collections.abc import Sequence
from uuid import UUID

import strawberry
from typeid import TypeID
from typeid.errors import TypeIDException

from app.kernel.errors import Invalid

GROUP = "grp"
OPTION = "dop"


def write(prefix: str, value: UUID) -> strawberry.ID:
    """Write the id of a group or option for a client."""
    # The library is typed for another UUID class, and reads `.bytes` alone.
    return strawberry.ID(str(TypeID.from_uuid(suffix=value, prefix=prefix)))  # type: ignore[arg-type]


def read(prefix: str, text: str, *, field: Sequence[str]) -> UUID:
    """Read the id of a group or option.

    Raises: Invalid when it is malformed or of another kind.
    """
    try:
        parsed = TypeID.from_string(text)
    except (TypeIDException, ValueError, IndexError):
        parsed = None
    if parsed is None or parsed.prefix != prefix:
        raise Invalid(f"{text[:60]!r} is not an id that begins with {prefix}_", field=field)
    return UUID(bytes=parsed.uuid.bytes)
