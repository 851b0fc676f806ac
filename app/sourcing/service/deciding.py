"""Deciding which location supplies what, and keeping the decision with everything that was weighed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from app.kernel.address import Address
from app.kernel.db import UnitOfWork
from app.kernel.ids import ChannelId
from app.kernel.plain import to_plain
from app.kernel.sql import Session
from app.locations.rules import Point, distance_km, locate
from app.sourcing import queries
from app.sourcing.rules import RULE, RULE_VERSION, Candidate, Demand, Plan, plan


@dataclass(frozen=True, slots=True)
class Decided:
    """A plan with the inputs it was made from, in JSON's terms, ready to be stored."""

    plan: Plan
    record: dict[str, Any]


async def decide(
    session: Session,
    *,
    channel_id: ChannelId,
    demand: Sequence[Demand],
    destination: Address | None,
    excluding: Collection[UUID] = (),
    spoken_for: Mapping[tuple[UUID, UUID], int] | None = None,
    own: Mapping[tuple[UUID, UUID], int] | None = None,
) -> Decided:
    """Choose the locations that ship a demand to a destination. Locks nothing: who reserves checks again.

    `spoken_for` are units of a (variant, location) that other lines of the same order will take, such as pickups; `own`
    are units that the demand holds already, such as those of the cart that it comes from.
    """
    around = await queries.list_surroundings(
        session,
        channel_id=channel_id,
        variant_ids={line.variant_id for line in demand},
        destination=destination,
        excluding=excluding,
        own=own,
    )
    supplies = _without(around.supplies, spoken_for or {})
    point = None
    if destination is not None:
        point = locate(
            around.places,
            country=destination.country,
            city=destination.city,
            postal_code=destination.postal_code,
            imported=around.imported,
        )
    candidates = _candidates(supplies, point)
    made = plan(demand, candidates)
    return Decided(plan=made, record=_record(demand, candidates, made, point))


async def record_decision(uow: UnitOfWork, *, subject_id: UUID, cause: str, record: dict[str, Any]) -> None:
    """Keep a decision with its rule, its candidates and why each won or lost."""
    await queries.insert_decision(
        uow,
        subject_id=subject_id,
        cause=cause,
        rule=RULE,
        rule_version=RULE_VERSION,
        demand=record["demand"],
        candidates=record["candidates"],
        plan=record["plan"],
    )


async def replan(
    uow: UnitOfWork,
    *,
    order_id: UUID,
    channel_id: ChannelId,
    demand: Sequence[Demand],
    destination: Address | None,
    excluding: Collection[UUID],
    cause: str,
    spoken_for: Mapping[tuple[UUID, UUID], int] | None = None,
) -> Plan:
    """Choose other locations for work that one refused or could not find, and keep the decision."""
    decided = await decide(
        uow,
        channel_id=channel_id,
        demand=demand,
        destination=destination,
        excluding=excluding,
        spoken_for=spoken_for,
    )
    await record_decision(uow, subject_id=order_id, cause=cause, record=decided.record)
    return decided.plan


def _without(supplies: Sequence[queries.Supply], spoken_for: Mapping[tuple[UUID, UUID], int]) -> list[queries.Supply]:
    left = [
        replace(supply, available=supply.available - spoken_for.get((supply.variant_id, supply.location_id), 0))
        for supply in supplies
    ]
    return [supply for supply in left if supply.available > 0]


def _candidates(supplies: Sequence[queries.Supply], point: Point | None) -> list[Candidate]:
    available: dict[UUID, dict[UUID, int]] = {}
    about: dict[UUID, queries.Supply] = {}
    for supply in supplies:
        available.setdefault(supply.location_id, {})[supply.variant_id] = supply.available
        about[supply.location_id] = supply
    return [
        Candidate(
            location_id=location_id,
            code=about[location_id].code,
            distance_km=_distance(about[location_id], point),
            available=stock,
        )
        for location_id, stock in available.items()
    ]


def _distance(supply: queries.Supply, point: Point | None) -> float | None:
    if point is None or supply.latitude is None or supply.longitude is None:
        return None
    # Rounded, so that the stored decision replays to itself.
    return round(distance_km(point.latitude, point.longitude, supply.latitude, supply.longitude), 1)


def _record(
    demand: Sequence[Demand], candidates: Sequence[Candidate], made: Plan, point: Point | None
) -> dict[str, Any]:
    stock = {candidate.location_id: candidate.available for candidate in candidates}
    return {
        "demand": {
            "lines": [to_plain(line) for line in demand],
            # A tenth of a degree is about ten kilometres: enough to explain a choice, too little to find a home.
            "destination": None if point is None else [round(point.latitude, 1), round(point.longitude, 1)],
        },
        "candidates": [
            to_plain(verdict) | {"available": {str(v): units for v, units in stock[verdict.location_id].items()}}
            for verdict in made.verdicts
        ],
        "plan": {
            "parts": [to_plain(part) for part in made.parts],
            "unfilled": {str(variant): units for variant, units in made.unfilled.items()},
        },
    }
