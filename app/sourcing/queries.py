"""Statements about candidates and decisions."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.kernel.address import Address
from app.kernel.db import UnitOfWork
from app.kernel.ids import ChannelId, new_id
from app.kernel.sql import Session, rows, statement
from app.sourcing import models  # noqa: F401  # The statements below are about these tables.


@dataclass(frozen=True, slots=True)
class Supply:
    """What one location could ship of one variant, and where it stands."""

    location_id: UUID
    code: str
    latitude: float | None
    longitude: float | None
    variant_id: UUID
    available: int


@dataclass(frozen=True, slots=True)
class KnownPlace:
    """A location's address and coordinates."""

    address: Address | None
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Decision:
    """A stored routing decision."""

    id: UUID
    subject_id: UUID
    cause: str
    rule: str
    rule_version: int
    demand: dict[str, Any]
    candidates: list[dict[str, Any]]
    plan: dict[str, Any]
    actor: str
    decided_at: datetime


_LIST_SUPPLIES = rows(
    """
    SELECT location.id, location.code, location.latitude, location.longitude, level.variant_id,
        greatest(0, level.sellable - level.soft - level.firm - level.safety_stock)
    FROM levels AS level
    JOIN channel_locations AS supply ON supply.location_id = level.location_id AND supply.channel_id = :channel_id AND supply.ships
    JOIN locations AS location ON location.id = level.location_id AND location.archived_at IS NULL
    WHERE level.variant_id = ANY(:variant_ids::uuid[]) AND level.sellable - level.soft - level.firm - level.safety_stock > 0
      AND location.id <> ALL(:excluding::uuid[])
    ORDER BY location.code, level.variant_id
    """,
    Supply,
)

#: Every location that shares the destination's country and could be near it: the whole list would be thousands.
_LIST_PLACES = rows(
    """
    SELECT address, latitude, longitude FROM locations
    WHERE latitude IS NOT NULL AND longitude IS NOT NULL AND address ->> 'country' = :country
      AND (lower(address ->> 'city') = lower(:city) OR left(lower(address ->> 'postal_code'), 1) = left(lower(:postal_code), 1))
    """,
    KnownPlace,
)

_INSERT_DECISION = statement(
    """
    INSERT INTO routing_decisions (id, subject_id, cause, rule, rule_version, demand, candidates, plan, actor, decided_at)
    VALUES (:id, :subject_id, :cause, :rule, :rule_version, :demand, :candidates, :plan, :actor, :now)
    """
)

_LIST_DECISIONS = rows(
    """
    SELECT id, subject_id, cause, rule, rule_version, demand, candidates, plan, actor, decided_at
    FROM routing_decisions WHERE subject_id = ANY(:subject_ids::uuid[]) ORDER BY id
    """,
    Decision,
)


async def list_supplies(
    session: Session, *, channel_id: ChannelId, variant_ids: Collection[UUID], excluding: Collection[UUID] = ()
) -> list[Supply]:
    """List what the channel's shipping locations could ship of these variants."""
    return await _LIST_SUPPLIES.all(
        session, channel_id=channel_id, variant_ids=list(variant_ids), excluding=list(excluding)
    )


async def list_places(session: Session, *, near: Address) -> list[KnownPlace]:
    """List our places that may tell where an address is."""
    return await _LIST_PLACES.all(session, country=near.country, city=near.city, postal_code=near.postal_code or "")


async def insert_decision(
    uow: UnitOfWork,
    *,
    subject_id: UUID,
    cause: str,
    rule: str,
    rule_version: int,
    demand: dict[str, Any],
    candidates: list[dict[str, Any]],
    plan: dict[str, Any],
) -> None:
    """Store a decision with what it was made from."""
    await _INSERT_DECISION.run(
        uow,
        id=new_id(),
        subject_id=subject_id,
        cause=cause,
        rule=rule,
        rule_version=rule_version,
        demand=demand,
        candidates=candidates,
        plan=plan,
        actor=uow.actor.label,
        now=uow.now,
    )


async def list_decisions(session: Session, *, subject_ids: Collection[UUID]) -> list[Decision]:
    """List the decisions about these orders, oldest first."""
    return await _LIST_DECISIONS.all(session, subject_ids=list(subject_ids))
