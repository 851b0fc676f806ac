"""A whole cart or order: lines that are shipped and lines that a store hands out, from what is there and what will be."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from app.inventory.rules import Ahead, Units

KeyT = TypeVar("KeyT")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Units for a line: shipped from wherever, or handed out by a store. Who carries goods out cannot wait for them."""

    line_id: UUID
    variant_id: UUID
    quantity: int
    store_id: UUID | None = None
    may_wait: bool = True


@dataclass(frozen=True, slots=True)
class Sendable:
    """What one location could send to a store of a variant, and how long it would be under way."""

    from_location_id: UUID
    store_id: UUID
    variant_id: UUID
    available: int
    lead_minutes: int


@dataclass(frozen=True, slots=True)
class Sent:
    """Units of a line that another location has to send to the store that hands them out."""

    line_id: UUID
    variant_id: UUID
    from_location_id: UUID
    store_id: UUID
    quantity: int
    lead_minutes: int


@dataclass(frozen=True, slots=True)
class Own:
    """What a demand holds already: units of a (variant, location), and units of supply. To others it is gone."""

    units: Mapping[tuple[UUID, UUID], int] = field(default_factory=dict)
    ahead: Mapping[UUID, int] = field(default_factory=dict)

    def plus(self, other: "Own") -> "Own":
        """Add up what two demands hold."""
        return Own(_summed(self.units, other.units), _summed(self.ahead, other.ahead))


@dataclass(frozen=True, slots=True)
class Sourced:
    """Where everything comes from; `missing` says how many units of a variant come from nowhere."""

    units: tuple[Units, ...]
    sent: tuple[Sent, ...]
    ahead: tuple[Ahead, ...]
    missing: Mapping[UUID, int]
    record: dict[str, Any] | None

    @property
    def on_shelves(self) -> list[Units]:
        """List the units that are there, wherever they are handed out."""
        return [*self.units, *(Units(s.line_id, s.variant_id, s.from_location_id, s.quantity) for s in self.sent)]


def sendings(
    lacking: Sequence[Wanted], sendable: Sequence[Sendable], own: Mapping[tuple[UUID, UUID], int]
) -> list[Sent]:
    """Let other locations send what stores lack: the soonest first, and no unit twice."""
    left = {
        (part.variant_id, part.from_location_id): part.available + own.get((part.variant_id, part.from_location_id), 0)
        for part in sendable
    }
    sent: list[Sent] = []
    for line in lacking:
        missing = line.quantity
        fitting = [part for part in sendable if (part.variant_id, part.store_id) == (line.variant_id, line.store_id)]
        for part in sorted(fitting, key=lambda part: (part.lead_minutes, part.from_location_id)):
            level = (part.variant_id, part.from_location_id)
            taken = min(missing, max(0, left[level]))
            if taken:
                left[level] -= taken
                missing -= taken
                sent.append(
                    Sent(line.line_id, line.variant_id, part.from_location_id, part.store_id, taken, part.lead_minutes)
                )
    return sent


def lacking(wanted: Iterable[Wanted], *given: Iterable[Units | Sent | Ahead]) -> list[Wanted]:
    """Say what lines still want after they were given units."""
    got: dict[tuple[UUID, UUID], int] = {}
    for part in (part for parts in given for part in parts):
        key = (part.line_id, part.variant_id)
        got[key] = got.get(key, 0) + part.quantity
    return [
        Wanted(line.line_id, line.variant_id, missing, line.store_id, line.may_wait)
        for line in wanted
        if (missing := line.quantity - got.get((line.line_id, line.variant_id), 0)) > 0
    ]


def per_variant(wanted: Iterable[Wanted]) -> dict[UUID, int]:
    """Add up what lines want of each variant."""
    units: dict[UUID, int] = {}
    for line in wanted:
        units[line.variant_id] = units.get(line.variant_id, 0) + line.quantity
    return units


def per_shelf(units: Iterable[Units]) -> dict[tuple[UUID, UUID], int]:
    """Add up units of each (variant, location)."""
    shelves: dict[tuple[UUID, UUID], int] = {}
    for part in units:
        shelf = (part.variant_id, part.location_id)
        shelves[shelf] = shelves.get(shelf, 0) + part.quantity
    return shelves


def _summed(one: Mapping[KeyT, int], other: Mapping[KeyT, int]) -> dict[KeyT, int]:
    return {key: one.get(key, 0) + other.get(key, 0) for key in one.keys() | other.keys()}
