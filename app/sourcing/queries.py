"""Statements about candidates and decisions."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.kernel.address import Address
from app.kernel.db import UnitOfWork
from app.kernel.ids import ChannelId, new_id
from app.kernel.sql import Session, rows, statement
from app.locations.rules import Place, PostalCode, ways_to_find
from app.sourcing import models  # noqa: F401  # The statements below are about these tables.
from app.sourcing.rules import Sendable


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
class Surroundings:
    """What could be shipped from where, and what may tell where the destination is: places of ours, and its postal code."""

    supplies: tuple[Supply, ...]
    places: tuple[Place, ...]
    imported: tuple[PostalCode, ...] = ()


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


@dataclass(frozen=True, slots=True)
class _Found:
    location_id: UUID | None
    code: str | None
    latitude: float | None
    longitude: float | None
    variant_id: UUID | None
    available: int | None
    address: Address | None


#: What could be shipped, and what may tell where the destination is: its postal code, if it was imported, and places of
#: ours in its country that share the city or the first letter of the postal code. Asked together, as every decision needs
#: both. Rows of places have an address and no location, those of postal codes neither. A LIMIT of the list's own length
#: changes nothing but PostgreSQL's guess, so that one plan serves lists of any length.
_LIST_SUPPLIES_AND_PLACES = rows(
    """
    SELECT location.id AS location_id, location.code, location.latitude, location.longitude, level.variant_id,
        level.sellable - level.soft - level.firm - level.safety_stock + coalesce(own.units, 0) AS available,
        NULL::jsonb AS address
    FROM (SELECT * FROM unnest(:variant_ids::uuid[]) LIMIT cardinality(:variant_ids::uuid[])) AS wanted (variant_id)
    JOIN levels AS level ON level.variant_id = wanted.variant_id
    LEFT JOIN unnest(:own_variants::uuid[], :own_locations::uuid[], :own_units::int[]) AS own (variant_id, location_id, units)
        ON own.variant_id = level.variant_id AND own.location_id = level.location_id
    JOIN channel_locations AS supply ON supply.location_id = level.location_id AND supply.channel_id = :channel_id AND supply.ships
    JOIN locations AS location ON location.id = level.location_id AND location.archived_at IS NULL
    WHERE level.sellable - level.soft - level.firm - level.safety_stock + coalesce(own.units, 0) > 0
      AND location.id <> ALL(:excluding::uuid[])
    UNION ALL
    SELECT NULL, NULL, latitude, longitude, NULL, NULL, address FROM locations
    WHERE latitude IS NOT NULL AND longitude IS NOT NULL AND address ->> 'country' = :country
      AND (lower(address ->> 'city') = lower(:city)
        OR left(lower(address ->> 'postal_code'), 1) = left(lower(:postal_code), 1))
    UNION ALL
    SELECT NULL, code, latitude, longitude, NULL, NULL, NULL FROM postal_codes
    WHERE country = :country AND code = ANY(:postal_codes::text[])
    ORDER BY code, variant_id, latitude, longitude
    """,
    _Found,
)

#: What others could send to stores that let their pickups be supplied so; also where all of it is spoken for, as that may
#: be by the very demand that asks.
_LIST_SENDABLE = rows(
    """
    SELECT lane.from_location_id, lane.to_location_id AS store_id, level.variant_id,
        level.sellable - level.soft - level.firm - level.safety_stock AS available, lane.lead_minutes
    FROM transfer_lanes AS lane
    JOIN locations AS store ON store.id = lane.to_location_id AND store.pickup_supply = 'TRANSFER' AND store.pickup_enabled
    JOIN locations AS source ON source.id = lane.from_location_id AND source.archived_at IS NULL
    JOIN levels AS level ON level.location_id = lane.from_location_id AND level.variant_id = ANY(:variant_ids::uuid[])
    WHERE lane.to_location_id = ANY(:store_ids::uuid[])
    """,
    Sendable,
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


async def list_surroundings(
    session: Session,
    *,
    channel_id: ChannelId,
    variant_ids: Collection[UUID],
    destination: Address | None,
    excluding: Collection[UUID] = (),
    own: Mapping[tuple[UUID, UUID], int] | None = None,
) -> Surroundings:
    """List what the channel's shipping locations could ship of these variants, and the places near a destination.

    `own` are units of a (variant, location) that are held for the demand already, and so count as available to it.
    """
    held = own or {}
    found = await _LIST_SUPPLIES_AND_PLACES.all(
        session,
        channel_id=channel_id,
        variant_ids=list(variant_ids),
        excluding=list(excluding),
        own_variants=[variant_id for variant_id, _ in held],
        own_locations=[location_id for _, location_id in held],
        own_units=list(held.values()),
        country=destination.country if destination else None,
        city=destination.city if destination else "",
        postal_code=(destination.postal_code or "") if destination else "",
        postal_codes=list(ways_to_find(destination.country, destination.postal_code)) if destination else [],
    )
    supplies = tuple(
        Supply(row.location_id, row.code, row.latitude, row.longitude, row.variant_id, row.available)
        for row in found
        if row.location_id is not None and row.code is not None and row.variant_id is not None and row.available
    )
    places = tuple(
        Place(row.address.country, row.address.city, row.address.postal_code, row.latitude, row.longitude)
        for row in found
        if row.address is not None and row.latitude is not None and row.longitude is not None
    )
    imported = tuple(
        PostalCode(destination.country, row.code, row.latitude, row.longitude)
        for row in found
        if destination is not None and row.location_id is None and row.address is None
        if row.code is not None and row.latitude is not None and row.longitude is not None
    )
    return Surroundings(supplies, places, imported)


async def list_sendable(
    session: Session, *, store_ids: Collection[UUID], variant_ids: Collection[UUID]
) -> list[Sendable]:
    """List what other locations could send to these stores of these variants, and how long it would take."""
    return await _LIST_SENDABLE.all(session, store_ids=list(store_ids), variant_ids=list(variant_ids))


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
    await _INSERT_DECISION.later(
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
