"""The rule for what is not there: units are promised from whatever comes first, each line from one supply if possible.

Pure: the same lines and supply give the same parts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from app.inventory.rules import Ahead, Sellable
from app.sourcing.rules.plan import Demand, Part

#: Of supply without a date, which comes after all that has one.
_SOME_DAY = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Wish:
    """Units of a line that nobody has: shipped from wherever, or handed out at the store that they have to come to."""

    line_id: UUID
    variant_id: UUID
    quantity: int
    store_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class AheadPlan:
    """What is promised from which supply; `unfilled` says how many units of a line nothing that is expected can bring."""

    parts: tuple[Ahead, ...]
    unfilled: Mapping[UUID, int]


def still_wanted(demand: Sequence[Demand], parts: Sequence[Part]) -> list[Wish]:
    """Say what a plan leaves of the lines that are to be shipped."""
    planned: dict[UUID, int] = {}
    for part in parts:
        planned[part.line_id] = planned.get(part.line_id, 0) + part.quantity
    return [
        Wish(line.line_id, line.variant_id, line.quantity - planned.get(line.line_id, 0))
        for line in demand
        if line.quantity > planned.get(line.line_id, 0)
    ]


def plan_ahead(wishes: Sequence[Wish], supplies: Sequence[Sellable]) -> AheadPlan:
    """Decide which supply each line waits for.

    The earliest that has all of a line, else as many as it takes, the earliest first; supply without a date comes last.
    Lines for a store are planned first, as they can only wait for what comes there, then larger ones before smaller.
    """
    left = {supply.supply_id: supply.left for supply in supplies}
    ranked = sorted(supplies, key=_earliest_first)
    parts: dict[UUID, list[Ahead]] = {}
    unfilled: dict[UUID, int] = {}
    for wish in sorted(wishes, key=lambda wish: (wish.store_id is None, -wish.quantity, wish.line_id)):
        missing = wish.quantity
        fitting = [supply for supply in ranked if _serves(supply, wish) and left[supply.supply_id] > 0]
        whole = [supply for supply in fitting if left[supply.supply_id] >= missing]
        for supply in whole[:1] or fitting:
            taken = min(missing, left[supply.supply_id])
            if taken:
                left[supply.supply_id] -= taken
                missing -= taken
                parts.setdefault(wish.line_id, []).append(
                    Ahead(wish.line_id, supply.supply_id, supply.variant_id, supply.location_id, taken)
                )
        if missing:
            unfilled[wish.line_id] = unfilled.get(wish.line_id, 0) + missing
    ordered = dict.fromkeys(wish.line_id for wish in wishes)
    return AheadPlan(tuple(part for line_id in ordered for part in parts.get(line_id, ())), unfilled)


def _earliest_first(supply: Sellable) -> tuple[bool, datetime, UUID]:
    return supply.expected_at is None, supply.expected_at or _SOME_DAY, supply.supply_id


def _serves(supply: Sellable, wish: Wish) -> bool:
    if supply.variant_id != wish.variant_id:
        return False
    if wish.store_id is None:
        return supply.ships
    return supply.location_id == wish.store_id and supply.hands_out
