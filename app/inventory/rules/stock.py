"""Levels, changes to them, and how changes of one level add up."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.inventory.states import Bucket, MovementReason


@dataclass(frozen=True, slots=True)
class Units:
    """Units of one variant at one location, for one line of a cart or an order."""

    line_id: UUID
    variant_id: UUID
    location_id: UUID
    quantity: int


@dataclass(frozen=True, slots=True)
class Level:
    """What one location has of one variant."""

    variant_id: UUID
    location_id: UUID
    sellable: int
    damaged: int
    quality: int
    soft: int
    firm: int
    safety_stock: int

    @property
    def key(self) -> tuple[UUID, UUID]:
        """Name the level: its variant and its location."""
        return self.variant_id, self.location_id

    @property
    def on_hand(self) -> int:
        """Units physically there."""
        return self.sellable + self.damaged + self.quality

    @property
    def available(self) -> int:
        """Units there that nobody was promised."""
        return self.sellable - self.soft - self.firm

    def holds(self, bucket: Bucket) -> int:
        """Say how many units one bucket holds."""
        return {Bucket.SELLABLE: self.sellable, Bucket.DAMAGED: self.damaged, Bucket.QUALITY: self.quality}[bucket]


@dataclass(frozen=True, slots=True)
class Change:
    """What an event does to one level; positive adds."""

    variant_id: UUID
    location_id: UUID
    sellable: int = 0
    damaged: int = 0
    quality: int = 0
    soft: int = 0
    firm: int = 0

    @property
    def level(self) -> tuple[UUID, UUID]:
        """Name the level: its variant and its location."""
        return self.variant_id, self.location_id

    @property
    def moves(self) -> bool:
        """Say whether units physically come, go or change their bucket."""
        return bool(self.sellable or self.damaged or self.quality)


@dataclass(frozen=True, slots=True)
class Available:
    """Units of a variant at a location that nobody was promised, safety stock taken off."""

    variant_id: UUID
    location_id: UUID
    available: int


@dataclass(frozen=True, slots=True)
class Promise:
    """What a channel can promise of one variant: units to ship, and whether a store could hand some out."""

    variant_id: UUID
    shippable: int
    collectable: bool


@dataclass(frozen=True, slots=True)
class Cause:
    """What made stock move: the kind of thing, which one, and why in the words of who did it."""

    kind: str
    id: UUID | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Movement:
    """One entry of the ledger. `level_version` says which physical change of its level it is part of."""

    variant_id: UUID
    location_id: UUID
    bucket: Bucket
    level_version: int
    delta: int
    balance: int
    reason: MovementReason
    cause_kind: str
    cause_id: UUID | None
    note: str | None
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class StockLine:
    """A line of a stock feed: how many units a location has, or how many came or went."""

    variant_id: UUID
    location_id: UUID
    quantity: int


def per_level(changes: Iterable[Change]) -> list[Change]:
    """Add changes of the same level together, in the order in which levels are locked.

    Two lines that share a variant are one demand on its level: checked apart, each might fit while both do not.
    """
    sums: dict[tuple[UUID, UUID], list[int]] = {}
    for change in changes:
        parts = sums.setdefault((change.variant_id, change.location_id), [0, 0, 0, 0, 0])
        for i, part in enumerate((change.sellable, change.damaged, change.quality, change.soft, change.firm)):
            parts[i] += part
    return [Change(*level, *sums[level]) for level in sorted(sums)]


def per_line(units: Iterable[Units]) -> list[Units]:
    """Add units of the same line and location together, in the order of lines."""
    sums: dict[tuple[UUID, UUID, UUID], int] = {}
    for part in units:
        key = (part.line_id, part.variant_id, part.location_id)
        sums[key] = sums.get(key, 0) + part.quantity
    return [Units(*key, quantity) for key, quantity in sorted(sums.items()) if quantity]


def lines_by_variant(units: Sequence[Units]) -> dict[UUID, tuple[UUID, ...]]:
    """Say which lines ask for each variant."""
    lines: dict[UUID, list[UUID]] = {}
    for part in units:
        lines.setdefault(part.variant_id, []).append(part.line_id)
    return {variant: tuple(dict.fromkeys(ids)) for variant, ids in lines.items()}


def held_in_part(units: Sequence[Units], left: Mapping[tuple[UUID, UUID], int]) -> list[Units]:
    """Give each line what is left for it, earlier lines first; a line that gets nothing is not answered."""
    remaining = dict(left)
    parts: list[Units] = []
    for part in units:
        level = (part.variant_id, part.location_id)
        quantity = min(part.quantity, max(0, remaining.get(level, 0)))
        if quantity:
            remaining[level] -= quantity
            parts.append(Units(part.line_id, part.variant_id, part.location_id, quantity))
    return parts
