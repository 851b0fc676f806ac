"""Statements that lock levels and change them, with the ledger of what physically moved."""

from collections.abc import Sequence
from uuid import UUID

from app.inventory import models  # noqa: F401  # The statements below are about these tables.
from app.inventory.rules import Cause, Change, Level
from app.inventory.states import MovementReason
from app.kernel.db import UnitOfWork
from app.kernel.sql import rows, statement

_LEVEL = "variant_id, location_id, sellable, damaged, quality, soft, firm, safety_stock"

#: A LIMIT of the list's own length changes nothing but PostgreSQL's guess: without it a plan for lists of any length looks
#: dearer than one for each short list, so the statement would be planned anew each time. bench/stock.py measures it.
_LOCK_LEVELS = rows(
    f"""
    SELECT {_LEVEL} FROM levels
    WHERE (variant_id, location_id) IN (
        SELECT * FROM unnest(:variants::uuid[], :locations::uuid[]) LIMIT cardinality(:variants::uuid[])
    )
    ORDER BY variant_id, location_id
    FOR NO KEY UPDATE
    """,
    Level,
)

#: The guard stands in the statement: a level that cannot bear its change is left as it is and not answered. What
#: physically moved is written into the ledger beside it. A level's moments never run backwards: who waited for its lock
#: began earlier than who held it.
_CHANGE_LEVELS = rows(
    """
    WITH changed AS (
        UPDATE levels AS level SET
            sellable = level.sellable + change.sellable,
            damaged = level.damaged + change.damaged,
            quality = level.quality + change.quality,
            soft = level.soft + change.soft,
            firm = level.firm + change.firm,
            version = level.version + change.moves,
            moved_at = CASE change.moves WHEN 1 THEN greatest(level.moved_at, :at::timestamptz) ELSE level.moved_at END
        FROM (
            SELECT *, CASE WHEN sellable = 0 AND damaged = 0 AND quality = 0 THEN 0 ELSE 1 END AS moves
            FROM unnest(
                :variants::uuid[], :locations::uuid[], :sellables::int[], :damageds::int[], :qualities::int[], :softs::int[],
                :firms::int[]
            ) AS change (variant_id, location_id, sellable, damaged, quality, soft, firm)
            LIMIT cardinality(:softs::int[])
        ) AS change
        WHERE level.variant_id = change.variant_id AND level.location_id = change.location_id
          AND level.sellable + change.sellable - (level.soft + change.soft) - (level.firm + change.firm) >= 0
          AND level.sellable + change.sellable >= 0
          AND level.damaged + change.damaged >= 0
          AND level.quality + change.quality >= 0
        RETURNING level.variant_id, level.location_id, level.sellable, level.damaged, level.quality, level.soft, level.firm,
            level.safety_stock, level.version, level.moved_at, change.sellable AS sellable_delta,
            change.damaged AS damaged_delta, change.quality AS quality_delta
    ), ledger AS (
        INSERT INTO movements (variant_id, location_id, bucket, level_version, delta, balance, reason, cause_kind, cause_id,
            note, actor, at)
        SELECT variant_id, location_id, part.bucket, version, part.delta, part.balance, :reason::text, :cause_kind::text,
            :cause_id::uuid, :note::text, :actor::text, moved_at
        FROM changed CROSS JOIN LATERAL (
            VALUES ('SELLABLE', sellable_delta, sellable), ('DAMAGED', damaged_delta, damaged),
                ('QUALITY', quality_delta, quality)
        ) AS part (bucket, delta, balance)
        WHERE part.delta <> 0
    )
    SELECT variant_id, location_id, sellable, damaged, quality, soft, firm, safety_stock FROM changed
    """,
    Level,
)

_OPEN_LEVELS = statement(
    """
    INSERT INTO levels (variant_id, location_id)
    SELECT * FROM unnest(:variants::uuid[], :locations::uuid[]) AS level (variant_id, location_id)
    ORDER BY 1, 2
    ON CONFLICT DO NOTHING
    RETURNING variant_id, location_id
    """
)


async def lock_levels(uow: UnitOfWork, *, levels: Sequence[tuple[UUID, UUID]]) -> list[Level]:
    """Lock levels in the order of their ids; those that do not exist yet are not answered."""
    return await _LOCK_LEVELS.all(
        uow, variants=[level[0] for level in levels], locations=[level[1] for level in levels]
    )


async def change_levels(
    uow: UnitOfWork, *, changes: Sequence[Change], reason: MovementReason | None, cause: Cause | None
) -> list[Level]:
    """Apply changes, write the ledger of what moved, and answer the levels as they are now.

    One that cannot bear its change is left alone and missing in the answer.
    """
    return await _CHANGE_LEVELS.all(
        uow,
        variants=[change.variant_id for change in changes],
        locations=[change.location_id for change in changes],
        sellables=[change.sellable for change in changes],
        damageds=[change.damaged for change in changes],
        qualities=[change.quality for change in changes],
        softs=[change.soft for change in changes],
        firms=[change.firm for change in changes],
        reason=None if reason is None else reason.value,
        cause_kind=None if cause is None else cause.kind,
        cause_id=None if cause is None else cause.id,
        note=None if cause is None else cause.note,
        actor=uow.actor.label,
        at=uow.now,
    )


async def open_levels(uow: UnitOfWork, *, levels: Sequence[tuple[UUID, UUID]]) -> list[tuple[UUID, UUID]]:
    """Make empty levels where there are none yet; answers those that are new."""
    opened = await _OPEN_LEVELS.all(
        uow, variants=[level[0] for level in levels], locations=[level[1] for level in levels]
    )
    return [(record[0], record[1]) for record in opened]
