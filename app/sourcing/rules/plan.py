"""The rule: everything from one location if possible, else from as few as possible, else nearest first.

Pure: the same demand and candidates give the same plan, so a stored decision can be replayed and compared.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from uuid import UUID

RULE = "fewest-splits-then-nearest"
RULE_VERSION = 1

#: Sets of locations are searched exactly while that costs at most so many comparisons; beyond, greedily. For a cart of
#: five lines that is every set of three among sixty locations.
_MOST_COMPARISONS = 200_000
_LARGEST_EXACT_SET = 3


@dataclass(frozen=True, slots=True)
class Demand:
    """A line that wants units sent to its customer."""

    line_id: UUID
    variant_id: UUID
    quantity: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A location that might supply, what it could promise, and how far it is; None when nobody knows."""

    location_id: UUID
    code: str
    distance_km: float | None
    available: Mapping[UUID, int]


@dataclass(frozen=True, slots=True)
class Part:
    """Units that one location supplies for one line."""

    line_id: UUID
    variant_id: UUID
    location_id: UUID
    quantity: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a candidate supplies or does not."""

    location_id: UUID
    code: str
    distance_km: float | None
    units_possible: int
    units_assigned: int
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Which location supplies what; `unfilled` says how many units of a variant no location has."""

    parts: tuple[Part, ...]
    verdicts: tuple[Verdict, ...]
    unfilled: Mapping[UUID, int]


def plan(demand: Sequence[Demand], candidates: Sequence[Candidate]) -> Plan:
    """Decide which locations supply a demand.

    When not all of it can be supplied, the plan covers what can, and `unfilled` the rest.
    """
    wanted = _per_variant(demand)
    ranked = sorted(candidates, key=_nearest_first)
    coverable = {
        variant: min(units, sum(c.available.get(variant, 0) for c in ranked)) for variant, units in wanted.items()
    }
    chosen = _fewest(coverable, ranked)
    parts = _assign(demand, chosen)
    assigned: dict[UUID, int] = {}
    for part in parts:
        assigned[part.location_id] = assigned.get(part.location_id, 0) + part.quantity
    return Plan(
        parts=tuple(parts),
        verdicts=tuple(_verdict(candidate, wanted, assigned, len(chosen)) for candidate in ranked),
        unfilled={variant: wanted[variant] - units for variant, units in coverable.items() if wanted[variant] > units},
    )


def _per_variant(demand: Sequence[Demand]) -> dict[UUID, int]:
    wanted: dict[UUID, int] = {}
    for line in demand:
        wanted[line.variant_id] = wanted.get(line.variant_id, 0) + line.quantity
    return wanted


def _nearest_first(candidate: Candidate) -> tuple[bool, float, str]:
    return (candidate.distance_km is None, candidate.distance_km or 0.0, candidate.code)


def _fewest(wanted: Mapping[UUID, int], ranked: Sequence[Candidate]) -> list[Candidate]:
    """Find the smallest set of locations that covers `wanted`, nearest first among equals."""
    useful = [c for c in ranked if any(c.available.get(variant, 0) > 0 for variant in wanted)]
    needed = {variant: units for variant, units in wanted.items() if units}
    if not needed:
        return []
    comparisons = 0
    for size in range(1, _LARGEST_EXACT_SET + 1):
        # Combinations of a list that is sorted by distance come nearest first by their members.
        covering: list[tuple[Candidate, ...]] = []
        for group in combinations(useful, size):
            comparisons += len(needed)
            if comparisons > _MOST_COMPARISONS:
                return _greedy(needed, useful)
            if _covers(group, needed):
                covering.append(group)
                if size == 1:
                    break
        if covering:
            return list(min(covering, key=_total_distance))
    return _greedy(needed, useful)


def _covers(group: Sequence[Candidate], needed: Mapping[UUID, int]) -> bool:
    return all(sum(c.available.get(variant, 0) for c in group) >= units for variant, units in needed.items())


def _total_distance(group: Iterable[Candidate]) -> tuple[bool, float, tuple[str, ...]]:
    members = list(group)
    unknown = any(c.distance_km is None for c in members)
    return (unknown, sum(c.distance_km or 0.0 for c in members), tuple(c.code for c in members))


def _greedy(needed: Mapping[UUID, int], useful: Sequence[Candidate]) -> list[Candidate]:
    """Take the location that supplies most of what is still missing, again and again; ties go to the nearer."""
    missing = dict(needed)
    left = list(useful)
    chosen: list[Candidate] = []
    while any(missing.values()) and left:
        best = max(left, key=lambda c: sum(min(units, c.available.get(v, 0)) for v, units in missing.items()))
        left.remove(best)
        chosen.append(best)
        missing = {variant: units - min(units, best.available.get(variant, 0)) for variant, units in missing.items()}
    return sorted(chosen, key=_nearest_first)


def _assign(demand: Sequence[Demand], chosen: Sequence[Candidate]) -> list[Part]:
    """Give each line to one of the chosen locations where one has it whole, nearest first; else split it."""
    left = {c.location_id: dict(c.available) for c in chosen}
    parts: list[Part] = []
    # Larger lines first: a small one finds a place beside them more easily than the other way round.
    for line in sorted(demand, key=lambda line: (-line.quantity, line.line_id)):
        missing = line.quantity
        whole = [c for c in chosen if left[c.location_id].get(line.variant_id, 0) >= missing]
        for candidate in whole[:1] or chosen:
            stock = left[candidate.location_id]
            taken = min(missing, stock.get(line.variant_id, 0))
            if taken:
                stock[line.variant_id] -= taken
                missing -= taken
                parts.append(Part(line.line_id, line.variant_id, candidate.location_id, taken))
    position = {line.line_id: i for i, line in enumerate(demand)}
    return sorted(parts, key=lambda part: position[part.line_id])


def _verdict(candidate: Candidate, wanted: Mapping[UUID, int], assigned: Mapping[UUID, int], splits: int) -> Verdict:
    possible = sum(min(units, candidate.available.get(variant, 0)) for variant, units in wanted.items())
    total = sum(wanted.values())
    units = assigned.get(candidate.location_id, 0)
    if units == total:
        reason = "supplies everything, and is the nearest that can"
    elif units:
        reason = f"supplies {units} of {total} units, one of {splits} locations: the fewest that can"
    elif possible == total:
        reason = "could supply everything, but another is nearer"
    elif possible:
        reason = "would not make the splits fewer, or is farther"
    else:
        reason = "has nothing of it"
    return Verdict(candidate.location_id, candidate.code, candidate.distance_km, possible, units, reason)
