"""Who acts. Every unit of work has exactly one actor; every refusal of rights is decided by asking it."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from app.kernel.errors import Forbidden, Unauthenticated
from app.kernel.ids import CustomerId, LocationId, UserId
from app.kernel.permissions import Permission


class ActorKind(StrEnum):
    """What kind of party acts."""

    ANONYMOUS = "ANONYMOUS"
    """Nobody knows who: a guest."""
    CUSTOMER = "CUSTOMER"
    """A customer with an account."""
    STAFF = "STAFF"
    """Somebody who works for the shop, or a program that does."""
    SYSTEM = "SYSTEM"
    """The worker and the command line."""


@dataclass(frozen=True, slots=True)
class Actor:
    """A party with its rights. `location_ids` is where it works; None means every location.

    One log-in may be staff and customer both: then it is STAFF and carries its `customer_id` too.
    """

    kind: ActorKind
    user_id: UserId | None = None
    customer_id: CustomerId | None = None
    permissions: frozenset[Permission] = frozenset()
    location_ids: frozenset[LocationId] | None = frozenset()

    @property
    def label(self) -> str:
        """Name the actor in ledgers and histories: its kind and id, never a name."""
        return self.kind.value if self.user_id is None else f"{self.kind.value}:{self.user_id}"

    @property
    def is_staff(self) -> bool:
        """Say whether the actor works here."""
        return self.kind in {ActorKind.STAFF, ActorKind.SYSTEM}

    def may(self, permission: Permission, *, at: UUID | None = None) -> bool:
        """Say whether the actor holds `permission`, at one location where it is given."""
        return permission in self.permissions and (at is None or self.works_at(at))

    def works_at(self, location_id: UUID) -> bool:
        """Say whether a location is within the actor's scope."""
        return self.location_ids is None or location_id in self.location_ids

    def require(self, permission: Permission, *, at: UUID | None = None) -> None:
        """Let the caller pass, or refuse.

        Raises: Unauthenticated for somebody unknown; Forbidden for somebody who lacks the permission or works elsewhere.
        """
        if self.may(permission, at=at):
            return
        if self.kind is ActorKind.ANONYMOUS:
            raise Unauthenticated("log in to do this")
        if permission in self.permissions:
            raise Forbidden("you do not work at this location")
        raise Forbidden(f"this needs the permission {permission}")


ANONYMOUS = Actor(kind=ActorKind.ANONYMOUS)
#: The worker and the command line: every permission, everywhere.
SYSTEM = Actor(kind=ActorKind.SYSTEM, permissions=frozenset(Permission), location_ids=None)
