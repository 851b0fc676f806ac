"""Whose promise is broken when there are fewer units than were promised, without a database."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.inventory.states import DemandKind, ReservationState


@dataclass(frozen=True, slots=True)
class Promised:
    """A promise of units that are there: to whom, how firmly, and since when."""

    id: UUID
    variant_id: UUID
    location_id: UUID
    line_id: UUID
    state: ReservationState
    quantity: int
    demand_kind: DemandKind
    demand_id: UUID
    priority: int
    created_at: datetime

    @property
    def level(self) -> tuple[UUID, UUID]:
        """Name the level: its variant and its location."""
        return self.variant_id, self.location_id

    @property
    def is_order(self) -> bool:
        """Say whether a customer's order holds it firmly."""
        return self.state is ReservationState.FIRM and self.demand_kind is not DemandKind.TRANSFER


@dataclass(frozen=True, slots=True)
class Broken:
    """Units that a promise loses."""

    promise: Promised
    units: int


@dataclass(frozen=True, slots=True)
class Breakage:
    """What is taken from whom, and what nobody can give: units of each level that are packed or further."""

    broken: tuple[Broken, ...]
    missing: Mapping[tuple[UUID, UUID], int]


def in_order(promises: Iterable[Promised]) -> list[Promised]:
    """Put promises in the order in which they are broken.

    Held softly first, then transfers, for no customer waits, then orders: of equals the lowest priority, then the newest.
    """
    newest_first = sorted(promises, key=lambda promise: (promise.created_at, promise.id), reverse=True)
    return sorted(newest_first, key=_rank)


def _rank(promise: Promised) -> tuple[int, int]:
    if promise.state is ReservationState.SOFT:
        return 0, 0
    return (2 if promise.is_order else 1), promise.priority


def breakage(
    shortfalls: Mapping[tuple[UUID, UUID], int],
    promises: Iterable[Promised],
    *,
    limit: Callable[[Promised], int],
    first: Sequence[Broken] = (),
) -> Breakage:
    """Say which promises lose how many units, so that each level promises no more than it has.

    `limit` is how many units of a promise can still be taken back; those that are packed cannot. Firm units named
    `first`, which somebody has chosen and locked before, are taken before other firm ones.
    """
    left = {level: units for level, units in shortfalls.items() if units > 0}
    room: dict[UUID, int] = {}
    ordered = [promise for promise in in_order(promises) if promise.level in left]
    known = {promise.id: promise for promise in ordered}
    taken: dict[UUID, int] = {}

    def take(promise: Promised, most: int) -> None:
        room.setdefault(promise.id, min(promise.quantity, limit(promise)))
        units = min(most, room[promise.id], left[promise.level])
        if units > 0:
            taken[promise.id] = taken.get(promise.id, 0) + units
            room[promise.id] -= units
            left[promise.level] -= units

    for promise in ordered:
        if promise.state is ReservationState.SOFT:
            take(promise, promise.quantity)
    for part in first:
        if part.promise.id in known:
            take(known[part.promise.id], part.units)
    for promise in ordered:
        if promise.state is ReservationState.FIRM:
            take(promise, promise.quantity)
    return Breakage(
        tuple(Broken(promise, taken[promise.id]) for promise in ordered if promise.id in taken),
        {level: units for level, units in left.items() if units},
    )
