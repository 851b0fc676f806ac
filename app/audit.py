"""Every invariant of the house, and the run that asks the database whether any is broken."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from app.cart import invariants as cart
from app.fulfillment import invariants as fulfillment
from app.inventory import invariants as inventory
from app.kernel.audit import Invariant
from app.kernel.db import Database
from app.orders import invariants as orders
from app.payments import invariants as payments
from app.pickup import invariants as pickup
from app.returns import invariants as returns
from app.sourcing import invariants as sourcing

#: In the order of their numbers, then of their floors.
INVARIANTS: tuple[Invariant, ...] = tuple(
    sorted(
        (
            *inventory.INVARIANTS,
            *sourcing.INVARIANTS,
            *cart.INVARIANTS,
            *orders.INVARIANTS,
            *payments.INVARIANTS,
            *fulfillment.INVARIANTS,
            *pickup.INVARIANTS,
            *returns.INVARIANTS,
        ),
        key=lambda invariant: invariant.number,
    )
)
_MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """What one invariant found: nothing, when all is well. `rows` are the first twenty."""

    invariant: Invariant
    rows: Sequence[dict[str, Any]]


async def audit(database: Database) -> AsyncIterator[Finding]:
    """Ask every invariant of one snapshot, and answer each as it is known."""
    async with database.read() as session:
        for invariant in INVARIANTS:
            moment = [database.now()] if invariant.timed else []
            found = await session.fetch(f"SELECT * FROM ({invariant.sql}) AS broken LIMIT {_MOST_SHOWN}", moment)
            yield Finding(invariant, [dict(row) for row in found])
