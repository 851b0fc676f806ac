"""What is expected, who waits for it, and who is served first when some of it comes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from app.inventory.states import DemandKind, ReservationState, SupplyKind


@dataclass(frozen=True, slots=True)
class Supply:
    """Units of a variant that are expected at a location, or may be ordered there without a date."""

    id: UUID
    variant_id: UUID
    location_id: UUID
    kind: SupplyKind
    purchase_order_id: UUID | None
    transfer_id: UUID | None
    expected: int
    received: int
    lost: int
    reserved: int
    sold_ahead: int
    expected_at: datetime | None
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None

    @property
    def level(self) -> tuple[UUID, UUID]:
        """Name the level that it comes to: its variant and its location."""
        return self.variant_id, self.location_id

    @property
    def outstanding(self) -> int:
        """Units still to come."""
        return max(0, self.expected - self.received - self.lost)

    @property
    def left(self) -> int:
        """Units that can still be promised from it."""
        return 0 if self.closed_at else max(0, min(self.sold_ahead, self.outstanding) - self.reserved)

    def is_late(self, now: datetime) -> bool:
        """Say whether it should have come by now."""
        return (
            self.closed_at is None and self.expected_at is not None and self.expected_at < now and self.outstanding > 0
        )


@dataclass(frozen=True, slots=True)
class Ahead:
    """Units of one line that are promised from what is expected, before they are there."""

    line_id: UUID
    supply_id: UUID
    variant_id: UUID
    location_id: UUID
    quantity: int


@dataclass(frozen=True, slots=True)
class Sellable:
    """What a channel can still promise from one supply, and how its location may deliver it; no date means nobody knows."""

    supply_id: UUID
    variant_id: UUID
    location_id: UUID
    kind: SupplyKind
    expected_at: datetime | None
    left: int
    ships: bool
    hands_out: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """A promise that waits for supply."""

    id: UUID
    supply_id: UUID
    variant_id: UUID
    location_id: UUID
    state: ReservationState
    quantity: int
    demand_kind: DemandKind
    demand_id: UUID
    line_id: UUID
    priority: int
    created_at: datetime
    expected_at: datetime | None

    @property
    def is_ordered(self) -> bool:
        """Say whether an order's line waits, and not a cart, a checkout or a transfer."""
        return self.state is ReservationState.FIRM and self.demand_kind is DemandKind.ORDER


@dataclass(frozen=True, slots=True)
class Part:
    """Some units of a promise that waits: to be served, to be broken, or to be let go."""

    waiting: Waiting
    quantity: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """Units of a supply that came, by the bucket they went into, and those that will not come."""

    supply_id: UUID
    sellable: int = 0
    damaged: int = 0
    quality: int = 0
    lost: int = 0

    @property
    def received(self) -> int:
        """Units that came, in whatever state."""
        return self.sellable + self.damaged + self.quality


@dataclass(frozen=True, slots=True)
class Received:
    """What receipts led to: promises served, which are now of units that are there, and promises broken."""

    served: tuple[Part, ...]
    broken: tuple[Part, ...]


def served(waiting: Iterable[Waiting], units: int) -> list[Part]:
    """Give units to those who wait: higher priority first, then whoever waits longer."""
    return _taken(sorted(waiting, key=lambda promise: (-promise.priority, promise.created_at, promise.id)), units)


def broken(waiting: Iterable[Waiting], units: int) -> list[Part]:
    """Take promises off units that will not come: held ones before firm ones, then lower priority, then the latest."""
    return _taken(
        sorted(
            sorted(waiting, key=lambda promise: (promise.created_at, promise.id), reverse=True),
            key=lambda promise: (promise.state is ReservationState.FIRM, promise.priority),
        ),
        units,
    )


def let_go(waiting: Iterable[Waiting], units: int) -> list[Part]:
    """Give a line's promises back: those that would be kept last go first, and those without a date before all."""

    def latest_first(promise: Waiting) -> tuple[bool, float, UUID]:
        return (
            promise.expected_at is not None,
            -(promise.expected_at.timestamp() if promise.expected_at else 0),
            promise.id,
        )

    return _taken(sorted(waiting, key=latest_first), units)


def without(waiting: Iterable[Waiting], parts: Sequence[Part]) -> list[Waiting]:
    """Say who still waits, and for how much, once these parts are taken away."""
    taken: dict[UUID, int] = {}
    for part in parts:
        taken[part.waiting.id] = taken.get(part.waiting.id, 0) + part.quantity
    return [
        replace(promise, quantity=promise.quantity - taken.get(promise.id, 0))
        for promise in waiting
        if promise.quantity > taken.get(promise.id, 0)
    ]


def _taken(waiting: Iterable[Waiting], units: int) -> list[Part]:
    parts: list[Part] = []
    for promise in waiting:
        quantity = min(promise.quantity, units)
        if quantity > 0:
            parts.append(Part(promise, quantity))
            units -= quantity
    return parts
