"""Statements about promises that cannot be kept: who holds units of a level, and taking some away."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from app.inventory import models  # noqa: F401  # The statements below are about these tables.
from app.inventory.rules import Broken, Level, Promised
from app.kernel.db import UnitOfWork
from app.kernel.sql import Session, rows, statement

_LIST_PROMISED = rows(
    """
    SELECT id, variant_id, location_id, line_id, state, quantity, demand_kind, demand_id, priority, created_at
    FROM reservations
    WHERE supply_id IS NULL
      AND (variant_id, location_id) IN (SELECT * FROM unnest(:variants::uuid[], :locations::uuid[]))
    """,
    Promised,
)
_LIST_BY_KEY = rows(
    """
    SELECT variant_id, location_id, sellable, damaged, quality, soft, firm, safety_stock FROM levels
    WHERE (variant_id, location_id) IN (SELECT * FROM unnest(:variants::uuid[], :locations::uuid[]))
    """,
    Level,
)

#: A promise that loses some of its units is lowered, one that loses all goes; their levels promise less, and how they
#: ended is written down. The levels are locked by the caller.
_BREAK = rows(
    """
    WITH broken AS (
        SELECT * FROM unnest(:ids::uuid[], :quantities::int[]) AS broken (id, quantity)
    ), lowered AS (
        UPDATE reservations AS held SET quantity = held.quantity - broken.quantity FROM broken
        WHERE held.id = broken.id AND held.supply_id IS NULL AND held.quantity > broken.quantity
        RETURNING held.id, held.variant_id, held.location_id, held.state, broken.quantity, held.demand_kind,
            held.demand_id, held.line_id, held.created_at
    ), closed AS (
        DELETE FROM reservations AS held USING broken
        WHERE held.id = broken.id AND held.supply_id IS NULL AND held.quantity = broken.quantity
        RETURNING held.id, held.variant_id, held.location_id, held.state, held.quantity, held.demand_kind,
            held.demand_id, held.line_id, held.created_at
    ), gone AS (
        SELECT * FROM lowered UNION ALL SELECT * FROM closed
    ), history AS (
        INSERT INTO reservation_endings (reservation_id, variant_id, location_id, supply_id, ended, quantity, demand_kind,
            demand_id, line_id, created_at, ended_at)
        SELECT id, variant_id, location_id, NULL, 'BROKEN', quantity, demand_kind, demand_id, line_id, created_at,
            :at::timestamptz
        FROM gone
    ), levelled AS (
        UPDATE levels SET soft = levels.soft - part.soft, firm = levels.firm - part.firm
        FROM (
            SELECT variant_id, location_id,
                coalesce(sum(quantity) FILTER (WHERE state = 'SOFT'), 0)::int AS soft,
                coalesce(sum(quantity) FILTER (WHERE state = 'FIRM'), 0)::int AS firm
            FROM gone GROUP BY 1, 2
        ) AS part
        WHERE levels.variant_id = part.variant_id AND levels.location_id = part.location_id
    )
    SELECT count(*)::int FROM gone
    """,
    int,
)


#: Units that a transfer does not send after all. A line of which nothing is left goes.
_LOWER_TRANSFER_LINES = rows(
    """
    WITH fewer AS (
        SELECT * FROM unnest(:ids::uuid[], :quantities::int[]) AS fewer (id, quantity)
    ), gone AS (
        DELETE FROM transfer_lines AS line USING fewer WHERE line.id = fewer.id AND line.requested = fewer.quantity
        RETURNING line.id
    ), lowered AS (
        UPDATE transfer_lines AS line SET requested = line.requested - fewer.quantity FROM fewer
        WHERE line.id = fewer.id AND line.requested > fewer.quantity
        RETURNING line.id
    )
    SELECT id FROM gone UNION ALL SELECT id FROM lowered
    """,
    UUID,
)

#: Units that transfers bring and that nobody was promised where they go.
_LIST_FREE_OF_TRANSFERS = statement(
    """
    SELECT transfer_id, variant_id, greatest(0, expected - received - lost) - reserved FROM supplies
    WHERE transfer_id = ANY(:ids::uuid[])
    """
)


async def lower_transfer_lines(uow: UnitOfWork, *, units: Mapping[UUID, int]) -> int:
    """Let lines of locked transfers ask for fewer units; answers how many lines bore it."""
    return len(await _LOWER_TRANSFER_LINES.all(uow, ids=list(units), quantities=list(units.values())))


async def list_free_of_transfers(session: Session, *, transfer_ids: Collection[UUID]) -> dict[tuple[UUID, UUID], int]:
    """Say how many units of a transfer and a variant nobody waits for where they go; not expected ones are left out."""
    found = await _LIST_FREE_OF_TRANSFERS.all(session, ids=list(transfer_ids))
    return {(record[0], record[1]): record[2] for record in found}


async def list_promised(session: Session, *, levels: Sequence[tuple[UUID, UUID]]) -> list[Promised]:
    """List who was promised units of these levels, in no order."""
    return await _LIST_PROMISED.all(
        session, variants=[level[0] for level in levels], locations=[level[1] for level in levels]
    )


async def list_levels_by_key(session: Session, *, levels: Sequence[tuple[UUID, UUID]]) -> list[Level]:
    """List levels by their variant and location, without a lock; those that do not exist are not answered."""
    return await _LIST_BY_KEY.all(
        session, variants=[level[0] for level in levels], locations=[level[1] for level in levels]
    )


async def break_promises(uow: UnitOfWork, *, broken: Sequence[Broken]) -> int:
    """Take units off promises and off what their locked levels promise; answers how many promises bore it."""
    return await _BREAK.one(
        uow,
        ids=[part.promise.id for part in broken],
        quantities=[part.units for part in broken],
        at=uow.now,
    )
