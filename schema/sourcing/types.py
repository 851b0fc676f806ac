"""Routing decisions as operations people see them: what was weighed, and why each location won or lost."""

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from app.kernel.errors import BrokenInvariant
from app.sourcing.queries import Decision
from schema.core.context import Info
from schema.locations.loaders import LocationById
from schema.locations.types import Location, location_of


@strawberry.type
class RoutingCandidate:
    """A location that might have supplied the order."""

    key: strawberry.Private[UUID]
    distance_km: float | None
    """From the shipping address, as the crow flies; null when nobody knew where that is."""
    units_possible: int
    """How many of the wanted units it could have supplied."""
    units_assigned: int
    """How many it was given to supply."""
    reason: str
    """Why it won or lost, in words."""

    @classmethod
    def of(cls, candidate: dict[str, Any]) -> "RoutingCandidate":
        """Show a stored candidate."""
        return cls(
            key=UUID(candidate["location_id"]),
            distance_km=candidate["distance_km"],
            units_possible=candidate["units_possible"],
            units_assigned=candidate["units_assigned"],
            reason=candidate["reason"],
        )

    @strawberry.field
    async def location(self, info: Info) -> Location:
        """The location."""
        row = await info.context.load(LocationById, self.key)
        if row is None:
            raise BrokenInvariant(f"location {self.key} was weighed and is gone")
        return location_of(row)


@strawberry.type
class RoutingDecision:
    """One decision which locations supply an order, with everything that was weighed."""

    cause: str
    """Why it was made: PLACEMENT, or because a location refused work or did not find it."""
    rule: str
    """The rule that decided."""
    rule_version: int
    """The version of the rule: the same version, demand and candidates decide the same again."""
    decided_at: datetime
    """When it was made."""
    candidates: list[RoutingCandidate]
    """Every location that was weighed, in the order in which the rule prefers them."""

    @classmethod
    def of(cls, row: Decision) -> "RoutingDecision":
        """Show a stored decision."""
        return cls(
            cause=row.cause,
            rule=row.rule,
            rule_version=row.rule_version,
            decided_at=row.decided_at,
            candidates=[RoutingCandidate.of(candidate) for candidate in row.candidates],
        )
