"""Every statement about stock: locks, guarded updates, the ledger, reservations, and what can be promised."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.inventory import models  # noqa: F401  # The statements below are about these tables.
from app.inventory.rules import Available, Change, Level, Movement, Promise, Units
from app.inventory.states import Bucket, MovementReason
from app.kernel.db import UnitOfWork
from app.kernel.ids import ChannelId, OrderId, new_id
from app.kernel.sql import Session, rows, statement

_LEVEL = "variant_id, location_id, sellable, damaged, quality, soft, firm, safety_stock"

_LOCK_LEVELS = rows(
    f"""
    SELECT {_LEVEL} FROM levels
    WHERE (variant_id, location_id) IN (SELECT * FROM unnest(:variants::uuid[], :locations::uuid[]))
    ORDER BY variant_id, location_id
    FOR NO KEY UPDATE
    """,
    Level,
)

_LOCK_LEVELS_OF_DEMAND = rows(
    f"""
    SELECT {_LEVEL} FROM levels
    WHERE (variant_id, location_id) IN (
        SELECT variant_id, location_id FROM reservations WHERE demand_id = :demand_id AND closed_at IS NULL
    )
    ORDER BY variant_id, location_id
    FOR NO KEY UPDATE
    """,
    Level,
)

#: The guard stands in the statement: a level that cannot bear its change is left as it is and not answered.
_CHANGE_LEVELS = rows(
    """
    UPDATE levels AS level SET
        sellable = level.sellable + change.sellable,
        damaged = level.damaged + change.damaged,
        quality = level.quality + change.quality,
        soft = level.soft + change.soft,
        firm = level.firm + change.firm
    FROM unnest(
        :variants::uuid[], :locations::uuid[], :sellables::int[], :damageds::int[], :qualities::int[], :softs::int[], :firms::int[]
    ) AS change (variant_id, location_id, sellable, damaged, quality, soft, firm)
    WHERE level.variant_id = change.variant_id AND level.location_id = change.location_id
      AND level.sellable + change.sellable - (level.soft + change.soft) - (level.firm + change.firm) >= 0
      AND level.sellable + change.sellable >= 0
      AND level.damaged + change.damaged >= 0
      AND level.quality + change.quality >= 0
    RETURNING level.variant_id, level.location_id, level.sellable, level.damaged, level.quality, level.soft, level.firm,
        level.safety_stock
    """,
    Level,
)

_OPEN_LEVELS = statement(
    """
    INSERT INTO levels (variant_id, location_id)
    SELECT * FROM unnest(:variants::uuid[], :locations::uuid[]) AS level (variant_id, location_id)
    ORDER BY 1, 2
    ON CONFLICT (variant_id, location_id) DO NOTHING
    """
)

_INSERT_MOVEMENTS = statement(
    """
    INSERT INTO movements (id, variant_id, location_id, bucket, delta, balance, reason, cause_kind, cause_id, actor, at)
    SELECT id, variant_id, location_id, bucket, delta, balance, :reason::text, :cause_kind::text, :cause_id::uuid,
        :actor::text, :at::timestamptz
    FROM unnest(:ids::uuid[], :variants::uuid[], :locations::uuid[], :buckets::text[], :deltas::int[], :balances::int[])
        AS movement (id, variant_id, location_id, bucket, delta, balance)
    """
)

_INSERT_RESERVATIONS = statement(
    """
    INSERT INTO reservations (id, variant_id, location_id, state, reserved, quantity, demand_id, line_id, created_at, expires_at)
    SELECT id, variant_id, location_id, :state::text, quantity, quantity, :demand_id::uuid, line_id, :at::timestamptz,
        :expires_at::timestamptz
    FROM unnest(:ids::uuid[], :lines::uuid[], :variants::uuid[], :locations::uuid[], :quantities::int[])
        AS reservation (id, line_id, variant_id, location_id, quantity)
    """
)

#: Hold units of several levels and write down for whom, when every level bears it; else the levels that do are changed
#: and nothing is written down, and the caller takes back what others hold beyond their time.
_HOLD = rows(
    """
    WITH changed AS (
        UPDATE levels AS level SET soft = level.soft + change.soft
        FROM unnest(:level_variants::uuid[], :level_locations::uuid[], :softs::int[]) AS change (variant_id, location_id, soft)
        WHERE level.variant_id = change.variant_id AND level.location_id = change.location_id
          AND level.sellable - level.soft - level.firm >= change.soft
        RETURNING level.variant_id, level.location_id, level.sellable, level.damaged, level.quality, level.soft, level.firm,
            level.safety_stock
    ), reservation AS (
        INSERT INTO reservations (id, variant_id, location_id, state, reserved, quantity, demand_id, line_id, created_at, expires_at)
        SELECT id, variant_id, location_id, 'SOFT', quantity, quantity, :demand_id::uuid, line_id, :at::timestamptz,
            :expires_at::timestamptz
        FROM unnest(:ids::uuid[], :lines::uuid[], :variants::uuid[], :locations::uuid[], :quantities::int[])
            AS reservation (id, line_id, variant_id, location_id, quantity)
        WHERE (SELECT count(*) FROM changed) = cardinality(:softs::int[])
    )
    SELECT variant_id, location_id, sellable, damaged, quality, soft, firm, safety_stock FROM changed
    """,
    Level,
)

#: Units already promised to a line at a location are raised, not promised a second time.
_RAISE_FIRM = statement(
    """
    INSERT INTO reservations AS held (id, variant_id, location_id, state, reserved, quantity, demand_id, line_id, created_at)
    SELECT id, variant_id, location_id, 'FIRM', quantity, quantity, :demand_id::uuid, line_id, :at::timestamptz
    FROM unnest(:ids::uuid[], :lines::uuid[], :variants::uuid[], :locations::uuid[], :quantities::int[])
        AS reservation (id, line_id, variant_id, location_id, quantity)
    ON CONFLICT (line_id, location_id) WHERE state = 'FIRM'
    DO UPDATE SET reserved = held.reserved + excluded.quantity, quantity = held.quantity + excluded.quantity
    """
)

_LOWER_FIRM = rows(
    """
    UPDATE reservations AS held SET
        quantity = held.quantity - units.quantity,
        state = CASE WHEN held.quantity = units.quantity THEN :closed_state::text ELSE held.state END,
        closed_at = CASE WHEN held.quantity = units.quantity THEN :at::timestamptz END
    FROM unnest(:lines::uuid[], :locations::uuid[], :quantities::int[]) AS units (line_id, location_id, quantity)
    WHERE held.line_id = units.line_id AND held.location_id = units.location_id AND held.state = 'FIRM'
      AND held.demand_id = :demand_id AND held.quantity >= units.quantity
    RETURNING held.line_id
    """,
    UUID,
)


@dataclass(frozen=True, slots=True)
class OpenReservation:
    """Units that are promised."""

    line_id: UUID
    variant_id: UUID
    location_id: UUID
    quantity: int


_RELEASE_SOFT = rows(
    """
    UPDATE reservations AS held SET state = 'RELEASED', quantity = 0, expires_at = NULL, closed_at = :at
    FROM reservations AS before
    WHERE before.id = held.id AND held.demand_id = :demand_id AND held.state = 'SOFT'
    RETURNING held.line_id, held.variant_id, held.location_id, before.quantity
    """,
    OpenReservation,
)

#: A demand's soft units become firm in their reservations and on their levels, which the caller has locked.
_PROMOTE = rows(
    """
    WITH held AS (
        UPDATE reservations SET state = 'FIRM', expires_at = NULL WHERE demand_id = :demand_id AND state = 'SOFT'
        RETURNING variant_id, location_id, quantity
    ), summed AS (
        SELECT variant_id, location_id, sum(quantity)::int AS quantity FROM held GROUP BY variant_id, location_id
    ), changed AS (
        UPDATE levels SET soft = soft - summed.quantity, firm = firm + summed.quantity FROM summed
        WHERE levels.variant_id = summed.variant_id AND levels.location_id = summed.location_id
        RETURNING summed.quantity
    )
    SELECT coalesce(sum(quantity), 0)::int FROM changed
    """,
    int,
)

_EXPIRE_SOFT = rows(
    """
    UPDATE reservations AS held SET state = 'EXPIRED', quantity = 0, expires_at = NULL, closed_at = :at
    FROM reservations AS before
    WHERE before.id = held.id AND held.state = 'SOFT' AND held.expires_at <= :at
      AND (held.variant_id, held.location_id) IN (SELECT * FROM unnest(:variants::uuid[], :locations::uuid[]))
    RETURNING held.line_id, held.variant_id, held.location_id, before.quantity
    """,
    OpenReservation,
)

_EXTEND_SOFT = statement(
    """
    UPDATE reservations SET expires_at = :expires_at
    WHERE demand_id = :demand_id AND state = 'SOFT' AND expires_at < :expires_at
    """
)

_LEVELS_WITH_EXPIRED = statement(
    """
    SELECT variant_id, location_id FROM reservations
    WHERE state = 'SOFT' AND expires_at <= :now AND (:variant_ids::uuid[] IS NULL OR variant_id = ANY(:variant_ids))
    ORDER BY expires_at LIMIT :most
    """
)

_LIST_LEVELS = rows(
    f"SELECT {_LEVEL} FROM levels WHERE variant_id = ANY(:variant_ids::uuid[]) ORDER BY variant_id, location_id", Level
)

_LIST_AT_LOCATIONS = rows(
    """
    SELECT variant_id, location_id, greatest(0, sellable - soft - firm - safety_stock)
    FROM levels WHERE variant_id = ANY(:variant_ids::uuid[]) AND location_id = ANY(:location_ids::uuid[])
    """,
    Available,
)

#: Every location that may supply the channel, by what it may do; archived ones do nothing.
_LIST_PROMISES = rows(
    """
    SELECT level.variant_id,
        greatest(0, coalesce(sum(greatest(0, sellable - soft - firm - safety_stock)) FILTER (WHERE supply.ships), 0)
            - channel.threshold)::int,
        bool_or(supply.hands_out AND location.pickup_enabled AND sellable - soft - firm - safety_stock > 0)
    FROM levels AS level
    JOIN channel_locations AS supply ON supply.channel_id = :channel_id AND supply.location_id = level.location_id
    JOIN locations AS location ON location.id = level.location_id AND location.archived_at IS NULL
    JOIN channels AS channel ON channel.id = supply.channel_id
    WHERE level.variant_id = ANY(:variant_ids::uuid[])
    GROUP BY level.variant_id, channel.threshold
    """,
    Promise,
)

_LIST_MOVEMENTS = rows(
    """
    SELECT id, variant_id, location_id, bucket, delta, balance, reason, cause_kind, cause_id, actor, at FROM movements
    WHERE variant_id = :variant_id AND (:location_id::uuid IS NULL OR location_id = :location_id)
    ORDER BY id DESC LIMIT :most
    """,
    Movement,
)

_LIST_OPEN_FOR_DEMAND = rows(
    """
    SELECT line_id, variant_id, location_id, quantity FROM reservations
    WHERE demand_id = :demand_id AND closed_at IS NULL ORDER BY line_id, location_id
    """,
    OpenReservation,
)


async def lock_levels(uow: UnitOfWork, *, levels: Sequence[tuple[UUID, UUID]]) -> list[Level]:
    """Lock levels in the order of their ids; those that do not exist yet are not answered."""
    return await _LOCK_LEVELS.all(
        uow, variants=[level[0] for level in levels], locations=[level[1] for level in levels]
    )


async def lock_levels_of_demand(uow: UnitOfWork, *, demand_id: UUID) -> list[Level]:
    """Lock the levels that a demand holds units of."""
    return await _LOCK_LEVELS_OF_DEMAND.all(uow, demand_id=demand_id)


async def change_levels(uow: UnitOfWork, *, changes: Sequence[Change]) -> list[Level]:
    """Apply changes and answer the levels as they are now; one that cannot bear its change is missing in the answer."""
    return await _CHANGE_LEVELS.all(
        uow,
        variants=[change.variant_id for change in changes],
        locations=[change.location_id for change in changes],
        sellables=[change.sellable for change in changes],
        damageds=[change.damaged for change in changes],
        qualities=[change.quality for change in changes],
        softs=[change.soft for change in changes],
        firms=[change.firm for change in changes],
    )


async def open_levels(uow: UnitOfWork, *, levels: Sequence[tuple[UUID, UUID]]) -> None:
    """Make empty levels where there are none yet."""
    await _OPEN_LEVELS.run(uow, variants=[level[0] for level in levels], locations=[level[1] for level in levels])


async def insert_movements(
    uow: UnitOfWork,
    *,
    movements: Sequence[tuple[UUID, UUID, Bucket, int, int]],
    reason: MovementReason,
    cause_kind: str,
    cause_id: UUID | None,
) -> None:
    """Write the ledger: (variant, location, bucket, delta, balance afterwards) each."""
    await _INSERT_MOVEMENTS.run(
        uow,
        ids=[new_id() for _ in movements],
        variants=[movement[0] for movement in movements],
        locations=[movement[1] for movement in movements],
        buckets=[movement[2].value for movement in movements],
        deltas=[movement[3] for movement in movements],
        balances=[movement[4] for movement in movements],
        reason=reason.value,
        cause_kind=cause_kind,
        cause_id=cause_id,
        actor=uow.actor.label,
        at=uow.now,
    )


async def insert_soft(uow: UnitOfWork, *, demand_id: UUID, units: Sequence[Units], expires_at: datetime) -> None:
    """Write soft reservations."""
    await _INSERT_RESERVATIONS.run(
        uow, state="SOFT", demand_id=demand_id, expires_at=expires_at, at=uow.now, **_columns(units)
    )


async def hold(
    uow: UnitOfWork, *, demand_id: UUID, changes: Sequence[Change], units: Sequence[Units], expires_at: datetime
) -> list[Level]:
    """Hold units softly; answers the levels that bear it. Only when all do, the reservations are written."""
    return await _HOLD.all(
        uow,
        level_variants=[change.variant_id for change in changes],
        level_locations=[change.location_id for change in changes],
        softs=[change.soft for change in changes],
        demand_id=demand_id,
        expires_at=expires_at,
        at=uow.now,
        **_columns(units),
    )


async def raise_firm(uow: UnitOfWork, *, order_id: OrderId, units: Sequence[Units]) -> None:
    """Write firm reservations, or raise those that the line already has at the location."""
    await _RAISE_FIRM.run(uow, demand_id=order_id, at=uow.now, **_columns(units))


async def lower_firm(uow: UnitOfWork, *, order_id: OrderId, units: Sequence[Units], closed_state: str) -> int:
    """Take units off firm reservations, close the empty ones, and answer how many reservations bore it."""
    columns = _columns(units)
    return len(
        await _LOWER_FIRM.all(
            uow,
            demand_id=order_id,
            closed_state=closed_state,
            at=uow.now,
            lines=columns["lines"],
            locations=columns["locations"],
            quantities=columns["quantities"],
        )
    )


async def promote(uow: UnitOfWork, *, demand_id: UUID) -> int:
    """Make a demand's soft units firm, in reservations and on locked levels; answers how many units that were."""
    return await _PROMOTE.one(uow, demand_id=demand_id)


async def release_soft(uow: UnitOfWork, *, demand_id: UUID) -> list[OpenReservation]:
    """Release a demand's soft reservations; answers what they held."""
    return await _RELEASE_SOFT.all(uow, demand_id=demand_id, at=uow.now)


async def expire_soft(uow: UnitOfWork, *, levels: Sequence[tuple[UUID, UUID]]) -> list[OpenReservation]:
    """End the soft reservations of these levels whose time is over; answers what they held."""
    return await _EXPIRE_SOFT.all(
        uow, at=uow.now, variants=[level[0] for level in levels], locations=[level[1] for level in levels]
    )


async def extend_soft(uow: UnitOfWork, *, demand_id: UUID, expires_at: datetime) -> int:
    """Let a demand's soft reservations live longer; answers how many there were."""
    return await _EXTEND_SOFT.run(uow, demand_id=demand_id, expires_at=expires_at)


async def list_levels_with_expired(
    session: Session, *, now: datetime, most: int = 5_000, variant_ids: Collection[UUID] | None = None
) -> list[tuple[UUID, UUID]]:
    """List levels, of these variants or of all, that hold units for somebody whose time is over."""
    wanted = None if variant_ids is None else list(variant_ids)
    found = await _LEVELS_WITH_EXPIRED.all(session, now=now, most=most, variant_ids=wanted)
    return sorted({(record[0], record[1]) for record in found})


async def list_levels(session: Session, *, variant_ids: Collection[UUID]) -> list[Level]:
    """List all levels of these variants."""
    return await _LIST_LEVELS.all(session, variant_ids=list(variant_ids))


async def list_at_locations(
    session: Session, *, variant_ids: Collection[UUID], location_ids: Collection[UUID]
) -> list[Available]:
    """Say what these locations could promise of these variants; a pair without a level is not answered."""
    return await _LIST_AT_LOCATIONS.all(session, variant_ids=list(variant_ids), location_ids=list(location_ids))


async def list_promises(
    session: Session, *, channel_id: ChannelId, variant_ids: Collection[UUID]
) -> dict[UUID, Promise]:
    """Say what a channel can promise of these variants; one that is stocked nowhere is not answered."""
    found = await _LIST_PROMISES.all(session, channel_id=channel_id, variant_ids=list(variant_ids))
    return {promise.variant_id: promise for promise in found}


async def list_movements(
    session: Session, *, variant_id: UUID, location_id: UUID | None = None, most: int = 100
) -> list[Movement]:
    """List the latest entries of a variant's ledger, newest first."""
    return await _LIST_MOVEMENTS.all(session, variant_id=variant_id, location_id=location_id, most=most)


async def list_open_for_demand(session: Session, *, demand_id: UUID) -> list[OpenReservation]:
    """List what is promised to one checkout or order."""
    return await _LIST_OPEN_FOR_DEMAND.all(session, demand_id=demand_id)


def _columns(units: Sequence[Units]) -> dict[str, list[object]]:
    return {
        "ids": [new_id() for _ in units],
        "lines": [part.line_id for part in units],
        "variants": [part.variant_id for part in units],
        "locations": [part.location_id for part in units],
        "quantities": [part.quantity for part in units],
    }
