"""The statement behind snapshots of stock: levels locked, compared and set, with the ledger of what that moved."""

from collections.abc import Sequence

from app.inventory import models  # noqa: F401  # The statements below are about these tables.
from app.inventory.rules import Cause, LevelAsItWas, Target
from app.inventory.states import MovementReason
from app.kernel.db import UnitOfWork
from app.kernel.sql import rows

#: What a level is is known once it is locked, so what it lacks is reckoned from the locked row, and no snapshot ever takes
#: away what somebody bought meanwhile. Sellable units that are promised stay; the other buckets are set nevertheless.
#: Every column of the rules is written as it was locked: PostgreSQL checks a new row before it finds out that the one it
#: was made from is older than the lock, and a difference reckoned from the newer row would not fit the older one.
_SET_UNITS = rows(
    """
    WITH locked AS MATERIALIZED (
        SELECT level.variant_id, level.location_id, level.soft + level.firm AS promised,
            coalesce(target.sellable < level.soft + level.firm, false) AS refused,
            coalesce(target.sellable - level.sellable, 0) AS sellable,
            coalesce(target.damaged - level.damaged, 0) AS damaged,
            coalesce(target.quality - level.quality, 0) AS quality,
            level.sellable AS old_sellable, level.damaged AS old_damaged, level.quality AS old_quality, level.soft, level.firm
        FROM levels AS level
        JOIN unnest(:variants::uuid[], :locations::uuid[], :sellables::int[], :damageds::int[], :qualities::int[])
            AS target (variant_id, location_id, sellable, damaged, quality)
            ON target.variant_id = level.variant_id AND target.location_id = level.location_id
        ORDER BY level.variant_id, level.location_id
        FOR NO KEY UPDATE OF level
    ), change AS (
        SELECT variant_id, location_id, CASE WHEN refused THEN 0 ELSE sellable END AS sellable, damaged, quality,
            old_sellable, old_damaged, old_quality, soft, firm
        FROM locked WHERE (NOT refused AND sellable <> 0) OR damaged <> 0 OR quality <> 0
    ), changed AS (
        UPDATE levels AS level SET
            sellable = change.old_sellable + change.sellable,
            damaged = change.old_damaged + change.damaged,
            quality = change.old_quality + change.quality,
            soft = change.soft,
            firm = change.firm,
            version = level.version + 1,
            moved_at = greatest(level.moved_at, :at::timestamptz)
        FROM change WHERE level.variant_id = change.variant_id AND level.location_id = change.location_id
        RETURNING level.variant_id, level.location_id, level.sellable, level.damaged, level.quality, level.version,
            level.moved_at, change.sellable AS sellable_delta, change.damaged AS damaged_delta,
            change.quality AS quality_delta
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
    SELECT locked.variant_id, locked.location_id, locked.promised, locked.refused, changed.version IS NOT NULL AS changed
    FROM locked LEFT JOIN changed USING (variant_id, location_id)
    WHERE locked.refused OR changed.version IS NULL
    """,
    LevelAsItWas,
)


async def set_units(
    uow: UnitOfWork, *, targets: Sequence[Target], reason: MovementReason, cause: Cause
) -> list[LevelAsItWas]:
    """Lock levels and make their buckets what is wanted; answers those that were not changed, or not as wanted.

    Levels that do not exist are passed over.
    """
    return await _SET_UNITS.all(
        uow,
        variants=[target.variant_id for target in targets],
        locations=[target.location_id for target in targets],
        sellables=[target.sellable for target in targets],
        damageds=[target.damaged for target in targets],
        qualities=[target.quality for target in targets],
        reason=reason.value,
        cause_kind=cause.kind,
        cause_id=cause.id,
        note=cause.note,
        actor=uow.actor.label,
        at=uow.now,
    )
