"""What a store can hand over of a cart: from its own stock, and from what other locations send to it.

Bundles have no stock. What there is of one is what its components suffice for, and where several lines want the same
component, all of them together decide.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

#: What clients can be told; no shelf holds more.
MOST_UNITS = 2**31 - 1
_NOTHING: Mapping[UUID, "tuple[Sending, ...]"] = {}


@dataclass(frozen=True, slots=True)
class LineWanted:
    """Units of a variant that somebody would collect."""

    variant_id: UUID
    quantity: int


@dataclass(frozen=True, slots=True)
class Sending:
    """Units of a variant that one location could send to a store, and how long they would be under way."""

    units: int
    lead_minutes: int


@dataclass(frozen=True, slots=True)
class StoreStock:
    """What a store could hand over: its own units by variant, and what others could send it."""

    own: Mapping[UUID, int]
    sent: Mapping[UUID, tuple[Sending, ...]] = field(default_factory=lambda: _NOTHING)


@dataclass(frozen=True, slots=True)
class LineSupply:
    """How much of one line a store could hand over; `from_transfer` of `available` would have to be sent to it first."""

    variant_id: UUID
    requested: int
    available: int
    from_transfer: int


@dataclass(frozen=True, slots=True)
class StoreSupply:
    """How much of a cart a store could hand over. `lead_minutes` pass until what has to be sent is there."""

    complete: bool
    lead_minutes: int
    lines: tuple[LineSupply, ...]


#: Components and their units, by the variant that is a bundle.
Bundles = Mapping[UUID, Mapping[UUID, int]]


def supply_of(stock: StoreStock, lines: Sequence[LineWanted], bundles: Bundles) -> StoreSupply:
    """Say how much of these lines a store could hand over, each variant named once.

    A store hands over its own units first, and of others' those that come soonest.
    """
    if not bundles and not stock.sent:
        own = stock.own.get
        held = tuple([LineSupply(line.variant_id, line.quantity, own(line.variant_id, 0), 0) for line in lines])
        return StoreSupply(all(line.available >= line.requested for line in held), 0, held)
    found = tuple(_line(stock, line, bundles.get(line.variant_id)) for line in lines)
    if any(line.available < line.requested for line in found):
        return StoreSupply(complete=False, lead_minutes=0, lines=found)
    longest = 0
    for variant_id, units in _parts(lines, bundles).items():
        lead = _lead(stock.sent.get(variant_id, ()), missing=units - stock.own.get(variant_id, 0))
        if lead is None:
            return StoreSupply(complete=False, lead_minutes=0, lines=found)
        longest = max(longest, lead)
    return StoreSupply(complete=True, lead_minutes=longest, lines=found)


def _line(stock: StoreStock, line: LineWanted, components: Mapping[UUID, int] | None) -> LineSupply:
    parts = components or {line.variant_id: 1}
    own = min(stock.own.get(variant_id, 0) // units for variant_id, units in parts.items())
    if not stock.sent:
        return LineSupply(line.variant_id, line.quantity, own, 0)
    available = min(
        (stock.own.get(variant_id, 0) + sum(sending.units for sending in stock.sent.get(variant_id, ()))) // units
        for variant_id, units in parts.items()
    )
    available = min(available, MOST_UNITS)
    return LineSupply(line.variant_id, line.quantity, available, available - own)


def _parts(lines: Sequence[LineWanted], bundles: Bundles) -> dict[UUID, int]:
    """Add up the units of each variant that has stock."""
    wanted: dict[UUID, int] = {}
    for line in lines:
        for variant_id, units in (bundles.get(line.variant_id) or {line.variant_id: 1}).items():
            wanted[variant_id] = wanted.get(variant_id, 0) + units * line.quantity
    return wanted


def _lead(sendings: Sequence[Sending], *, missing: int) -> int | None:
    """Say how long it takes until so many missing units are there; None when they never will be."""
    if missing <= 0:
        return 0
    for sending in sorted(sendings, key=lambda sending: sending.lead_minutes):
        missing -= sending.units
        if missing <= 0:
            return sending.lead_minutes
    return None
