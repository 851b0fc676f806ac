"""Stock changed by hand: what is said, which reasons fit it, and what it does to levels."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.inventory.errors import WouldOversell
from app.inventory.rules.lines import refuse_length, refuse_quantity
from app.inventory.rules.stock import Change, Level, per_level
from app.inventory.states import Bucket, MovementReason
from app.kernel.errors import Invalid, QuantityExceeded
from app.kernel.ids import LocationId, VariantId

#: What a level's column can hold.
_MOST_ON_HAND = 2**31 - 1

#: Why somebody may add units to a bucket or take some away; +1 and -1 for reasons that go one way alone.
_ADJUSTMENTS: Mapping[MovementReason, int] = {
    MovementReason.ADJUSTED: 0,
    MovementReason.FOUND: 1,
    MovementReason.LOST: -1,
    MovementReason.STOLEN: -1,
    MovementReason.DAMAGED: 0,
    MovementReason.DISPLAY: 0,
    MovementReason.USED: -1,
    MovementReason.DESTROYED: -1,
    MovementReason.VENDOR: -1,
    MovementReason.OPENING: 1,
}
#: Why somebody may move units between buckets, and where they end up; None where that may be any.
_MOVES: Mapping[MovementReason, Bucket | None] = {
    MovementReason.ADJUSTED: None,
    MovementReason.INSPECTED: None,
    MovementReason.DISPLAY: None,
    MovementReason.DAMAGED: Bucket.DAMAGED,
    MovementReason.REPAIRED: Bucket.SELLABLE,
}


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Units added to a bucket, or taken from it when negative."""

    variant_id: VariantId
    delta: int
    bucket: Bucket = Bucket.SELLABLE


@dataclass(frozen=True, slots=True)
class BucketMove:
    """Units that go from one bucket of a level to another."""

    variant_id: VariantId
    origin: Bucket
    target: Bucket
    quantity: int


@dataclass(frozen=True, slots=True)
class Delivered:
    """Units that somebody brought."""

    variant_id: VariantId
    quantity: int
    bucket: Bucket = Bucket.SELLABLE


@dataclass(frozen=True, slots=True)
class Step:
    """What one line does to its level, and which field of it says how much."""

    change: Change
    field: tuple[str, ...]


def adjustments(location_id: LocationId, lines: Sequence[Adjustment], reason: MovementReason) -> list[Step]:
    """Say what adjustments do to levels.

    Raises: Invalid naming the reason when it is none for hand work, and the line at fault.
    """
    if reason not in _ADJUSTMENTS:
        raise Invalid(f"{reason} is no reason to adjust stock by hand: {_listed(_ADJUSTMENTS)}", field=("reason",))
    refuse_length(lines)
    seen: set[tuple[VariantId, Bucket]] = set()
    for i, line in enumerate(lines):
        field = ("lines", str(i), "delta")
        if not line.delta:
            raise Invalid("0 changes nothing", field=field)
        refuse_quantity(abs(line.delta), field=field)
        if line.delta * _ADJUSTMENTS[reason] < 0:
            raise Invalid(f"{reason} only {'adds' if _ADJUSTMENTS[reason] > 0 else 'takes away'}", field=field)
        if (line.variant_id, line.bucket) in seen:
            raise Invalid("this variant is named twice for the same bucket", field=("lines", str(i), "variantId"))
        seen.add((line.variant_id, line.bucket))
    return [
        Step(_change(line.variant_id, location_id, {line.bucket: line.delta}), ("lines", str(i), "delta"))
        for i, line in enumerate(lines)
    ]


def moves(location_id: LocationId, lines: Sequence[BucketMove], reason: MovementReason) -> list[Step]:
    """Say what moves between buckets do to levels.

    Raises: Invalid naming the reason when it is none for such moves, and the line at fault.
    """
    if reason not in _MOVES:
        raise Invalid(f"{reason} is no reason to move units: {_listed(_MOVES)}", field=("reason",))
    refuse_length(lines)
    seen: set[tuple[VariantId, Bucket, Bucket]] = set()
    for i, line in enumerate(lines):
        refuse_quantity(line.quantity, field=("lines", str(i), "quantity"))
        if line.origin is line.target:
            raise Invalid("they are there already", field=("lines", str(i), "to"))
        if (_MOVES[reason] or line.target) is not line.target:
            raise Invalid(f"what is {reason} goes to {_MOVES[reason]}", field=("lines", str(i), "to"))
        if (line.variant_id, line.origin, line.target) in seen:
            raise Invalid("this move is named twice", field=("lines", str(i), "variantId"))
        seen.add((line.variant_id, line.origin, line.target))
    return [
        Step(
            _change(line.variant_id, location_id, {line.origin: -line.quantity, line.target: line.quantity}),
            ("lines", str(i), "quantity"),
        )
        for i, line in enumerate(lines)
    ]


def deliveries(location_id: LocationId, lines: Sequence[Delivered]) -> list[Step]:
    """Say what a delivery does to levels.

    Raises: Invalid naming the line at fault.
    """
    refuse_length(lines)
    seen: set[tuple[VariantId, Bucket]] = set()
    for i, line in enumerate(lines):
        refuse_quantity(line.quantity, field=("lines", str(i), "quantity"))
        if (line.variant_id, line.bucket) in seen:
            raise Invalid("this variant is named twice for the same bucket", field=("lines", str(i), "variantId"))
        seen.add((line.variant_id, line.bucket))
    return [
        Step(_change(line.variant_id, location_id, {line.bucket: line.quantity}), ("lines", str(i), "quantity"))
        for i, line in enumerate(lines)
    ]


def together(steps: Iterable[Step]) -> list[Change]:
    """Add up what lines do, in the order in which levels are locked; levels that stay as they are left out."""
    return [change for change in per_level(step.change for step in steps) if change.moves]


def refuse_what_is_not_there(steps: Sequence[Step], levels: Iterable[Level]) -> None:
    """Refuse to take more from a bucket than is in it, and to put more there than anybody can count.

    Raises: QuantityExceeded and Invalid naming the line at fault.
    """
    found = {level.key: level for level in levels}
    for change in together(steps):
        level = found[change.level]
        for name in ("sellable", "damaged", "quality"):
            there, delta = getattr(level, name), getattr(change, name)
            if there + delta < 0:
                raise QuantityExceeded(
                    f"{there} are {name} here", field=_at_fault(steps, change.level, name, takes=True)
                )
            if there + delta > _MOST_ON_HAND:
                raise Invalid("more than can be counted", field=_at_fault(steps, change.level, name, takes=False))


def would_oversell(steps: Sequence[Step], level: Level) -> WouldOversell:
    """Refuse to take what is promised to customers, naming the line at fault."""
    return WouldOversell(
        f"{level.available} of {level.sellable} are promised to nobody",
        field=_at_fault(steps, level.key, "sellable", takes=True),
    )


def _at_fault(steps: Sequence[Step], level: tuple[UUID, UUID], bucket: str, *, takes: bool) -> tuple[str, ...]:
    """Name the first line that takes from a bucket, or that adds to it."""
    sign = -1 if takes else 1
    return next(step.field for step in steps if step.change.level == level and getattr(step.change, bucket) * sign > 0)


def _change(variant_id: VariantId, location_id: LocationId, units: Mapping[Bucket, int]) -> Change:
    return Change(variant_id, location_id, **{bucket.value.lower(): delta for bucket, delta in units.items()})


def _listed(reasons: Iterable[MovementReason]) -> str:
    return ", ".join(reasons)
