"""The Node interface, and reading clients' ids."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import strawberry

from app.kernel import ids
from app.kernel.ids import IdKind
from schema.core.context import Context


@strawberry.interface
class Node:
    """Something with an id. Ids are TypeIDs (prefix + UUIDv7 in base32, such as ord_01h…): opaque to clients."""

    id: strawberry.ID
    """The TypeID."""

    @classmethod
    def kind(cls) -> IdKind:
        """Say which prefix this type's ids have; each type that is a Node answers its own."""
        raise LookupError(cls.__name__)


def public_id(kind: IdKind, value: UUID) -> strawberry.ID:
    """Write an id for a client."""
    return strawberry.ID(ids.encode(kind, value))


#: How `node(id, token)` finds an object, by the kind of its id. Each domain's queries.py adds its own.
NodeFinder = Callable[[Context, UUID, str | None], Awaitable[Node | None]]
NODE_FINDERS: dict[IdKind, NodeFinder] = {}


def finds(kind: IdKind) -> Callable[[NodeFinder], NodeFinder]:
    """Make a function the way to find nodes of one kind."""

    def register(finder: NodeFinder) -> NodeFinder:
        NODE_FINDERS[kind] = finder
        return finder

    return register
