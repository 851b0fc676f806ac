"""Statements about what is expected."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.inventory import models  # noqa: F401  # The statements below are about these tables.
from app.inventory.states import SupplyKind
from app.kernel.db import UnitOfWork
from app.kernel.sql import rows


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
    def outstanding(self) -> int:
        """Units still to come."""
        return max(0, self.expected - self.received - self.lost)


_SUPPLY = (
    "id, variant_id, location_id, kind, purchase_order_id, transfer_id, expected, received, lost, reserved, sold_ahead,"
    " expected_at, created_at, updated_at, closed_at"
)

_LOCK_SUPPLIES = rows(
    f"SELECT {_SUPPLY} FROM supplies WHERE id = ANY(:supply_ids::uuid[]) ORDER BY id FOR NO KEY UPDATE", Supply
)


async def lock_supplies(uow: UnitOfWork, *, supply_ids: Collection[UUID]) -> list[Supply]:
    """Lock supply, after levels, in the order of its ids."""
    return await _LOCK_SUPPLIES.all(uow, supply_ids=list(supply_ids))
