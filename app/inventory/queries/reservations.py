"""Statements about promises: held softly, made firm, served, given back. What ends leaves the table for its history."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.inventory import models  # noqa: F401  # The statements below are about these tables.
from app.inventory.rules import Change, Level, Units
from app.inventory.states import DemandKind, ReservationEnd
from app.kernel.db import UnitOfWork
from app.kernel.ids import new_id
from app.kernel.sql import Session, Statement, rows, statement


@dataclass(frozen=True, slots=True)
class OpenReservation:
    """Units that are promised; `supply_id` says what they wait for, and None that they are there."""

    line_id: UUID
    variant_id: UUID
    location_id: UUID
    supply_id: UUID | None
    quantity: int


_OPEN = "line_id, variant_id, location_id, supply_id, quantity"

#: Write down how the rows of `gone` ended.
HISTORY = """
    history AS (
        INSERT INTO reservation_endings (reservation_id, variant_id, location_id, supply_id, ended, quantity, demand_kind,
            demand_id, line_id, created_at, ended_at)
        SELECT id, variant_id, location_id, supply_id, :ended::text, quantity, demand_kind, demand_id, line_id, created_at,
            :at::timestamptz
        FROM gone
    )
"""

#: Take the soft units of `gone` off their levels, and all of them off their supply.
_GIVEN_BACK = """
    levelled AS (
        UPDATE levels SET soft = soft - part.quantity
        FROM (
            SELECT variant_id, location_id, sum(quantity)::int AS quantity FROM gone WHERE supply_id IS NULL GROUP BY 1, 2
        ) AS part
        WHERE levels.variant_id = part.variant_id AND levels.location_id = part.location_id
    ), supplied AS (
        UPDATE supplies SET reserved = reserved - part.quantity
        FROM (
            SELECT supply_id, sum(quantity)::int AS quantity FROM gone WHERE supply_id IS NOT NULL GROUP BY 1
        ) AS part
        WHERE supplies.id = part.supply_id
    )
"""

#: First the levels, then the supply that a demand holds units of, each in the order of their ids. Levels where it waits
#: for supply are locked too: the units may have come by the time that the demand is looked at again. The LIMITs are there
#: for the reason that `levels` gives.
_LOCK_STOCK_OF_DEMAND = rows(
    """
    WITH held AS MATERIALIZED (
        SELECT variant_id, location_id, supply_id FROM reservations
        WHERE demand_id IN (SELECT * FROM unnest(:demand_ids::uuid[]) LIMIT cardinality(:demand_ids::uuid[]))
    ), levelled AS MATERIALIZED (
        SELECT 1 FROM levels
        WHERE (variant_id, location_id) IN (
            SELECT variant_id, location_id FROM held
            UNION (SELECT * FROM unnest(:variants::uuid[], :locations::uuid[]) LIMIT cardinality(:variants::uuid[]))
        )
        ORDER BY variant_id, location_id
        FOR NO KEY UPDATE
    ), supplied AS MATERIALIZED (
        SELECT 1 FROM supplies
        WHERE (SELECT count(*) FROM levelled) >= 0 AND id IN (SELECT supply_id FROM held)
        ORDER BY id
        FOR NO KEY UPDATE
    )
    SELECT (SELECT count(*) FROM levelled) + (SELECT count(*) FROM supplied)
    """,
    int,
)

_INSERT_RESERVATIONS = statement(
    """
    INSERT INTO reservations (id, variant_id, location_id, state, quantity, demand_kind, demand_id, line_id, priority,
        created_at, expires_at)
    SELECT id, variant_id, location_id, 'SOFT', quantity, :demand_kind::text, :demand_id::uuid, line_id,
        :priority::smallint, :at::timestamptz, :expires_at::timestamptz
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
        FROM (
            SELECT * FROM unnest(:level_variants::uuid[], :level_locations::uuid[], :softs::int[])
                AS change (variant_id, location_id, soft)
            LIMIT cardinality(:softs::int[])
        ) AS change
        WHERE level.variant_id = change.variant_id AND level.location_id = change.location_id
          AND level.sellable - level.soft - level.firm >= change.soft
        RETURNING level.variant_id, level.location_id, level.sellable, level.damaged, level.quality, level.soft, level.firm,
            level.safety_stock
    ), reservation AS (
        INSERT INTO reservations (id, variant_id, location_id, state, quantity, demand_kind, demand_id, line_id, priority,
            created_at, expires_at)
        SELECT id, variant_id, location_id, 'SOFT', quantity, :demand_kind::text, :demand_id::uuid, line_id,
            :priority::smallint, :at::timestamptz, :expires_at::timestamptz
        FROM unnest(:ids::uuid[], :lines::uuid[], :variants::uuid[], :locations::uuid[], :quantities::int[])
            AS reservation (id, line_id, variant_id, location_id, quantity)
        WHERE (SELECT count(*) FROM changed) = cardinality(:softs::int[])
    )
    SELECT variant_id, location_id, sellable, damaged, quality, soft, firm, safety_stock FROM changed
    """,
    Level,
)

#: The same for one line of one level, which is what most carts and checkouts are: half the work for both sides.
_HOLD_ONE = rows(
    """
    WITH changed AS (
        UPDATE levels SET soft = soft + :quantity::int
        WHERE variant_id = :variant_id AND location_id = :location_id AND sellable - soft - firm >= :quantity
        RETURNING variant_id, location_id, sellable, damaged, quality, soft, firm, safety_stock
    ), reservation AS (
        INSERT INTO reservations (id, variant_id, location_id, state, quantity, demand_kind, demand_id, line_id, priority,
            created_at, expires_at)
        SELECT :id::uuid, variant_id, location_id, 'SOFT', :quantity, :demand_kind::text, :demand_id::uuid, :line_id::uuid,
            :priority::smallint, :at::timestamptz, :expires_at::timestamptz
        FROM changed
    )
    SELECT variant_id, location_id, sellable, damaged, quality, soft, firm, safety_stock FROM changed
    """,
    Level,
)

#: Units already promised to a line at a location are raised, not promised a second time.
_RAISE_FIRM = statement(
    """
    INSERT INTO reservations AS held (id, variant_id, location_id, state, quantity, demand_kind, demand_id, line_id, priority,
        created_at)
    SELECT id, variant_id, location_id, 'FIRM', quantity, :demand_kind::text, :demand_id::uuid, line_id,
        :priority::smallint, :at::timestamptz
    FROM unnest(:ids::uuid[], :lines::uuid[], :variants::uuid[], :locations::uuid[], :quantities::int[])
        AS reservation (id, line_id, variant_id, location_id, quantity)
    ON CONFLICT (line_id, location_id) WHERE state = 'FIRM' AND supply_id IS NULL
    DO UPDATE SET quantity = held.quantity + excluded.quantity
    """
)

#: A reservation that is served or given back in part is lowered; one that ends wholly goes. Both parts are remembered.
_LOWER_FIRM = rows(
    """
    WITH units AS (
        SELECT * FROM unnest(:lines::uuid[], :locations::uuid[], :quantities::int[]) AS units (line_id, location_id, quantity)
    ), lowered AS (
        UPDATE reservations AS held SET quantity = held.quantity - units.quantity FROM units
        WHERE held.line_id = units.line_id AND held.location_id = units.location_id AND held.state = 'FIRM'
          AND held.supply_id IS NULL AND held.demand_id = :demand_id AND held.quantity > units.quantity
        RETURNING held.id, held.variant_id, held.location_id, held.supply_id, units.quantity, held.demand_kind,
            held.demand_id, held.line_id, held.created_at
    ), closed AS (
        DELETE FROM reservations AS held USING units
        WHERE held.line_id = units.line_id AND held.location_id = units.location_id AND held.state = 'FIRM'
          AND held.supply_id IS NULL AND held.demand_id = :demand_id AND held.quantity = units.quantity
        RETURNING held.id, held.variant_id, held.location_id, held.supply_id, held.quantity, held.demand_kind,
            held.demand_id, held.line_id, held.created_at
    ), gone AS (
        SELECT * FROM lowered UNION ALL SELECT * FROM closed
    ),
    """
    + HISTORY
    + " SELECT line_id FROM gone",
    UUID,
)

_RELEASE_SOFT = rows(
    f"""
    WITH gone AS (
        DELETE FROM reservations WHERE demand_id = ANY(:demand_ids::uuid[]) AND state = 'SOFT'
        RETURNING id, variant_id, location_id, supply_id, quantity, demand_kind, demand_id, line_id, created_at
    ), {_GIVEN_BACK}, {HISTORY}
    SELECT {_OPEN} FROM gone
    """,
    OpenReservation,
)


#: A demand's soft units become firm in their reservations and on their levels, which the caller has locked: all of them,
#: or when some have lapsed, none. What waits for supply stays counted there. A line that holds units in parts, because
#: some of them came while it waited, is promised their sum.
def _promote(locked: str, condition: str) -> Statement[int]:
    """Write the statement that makes a demand's soft units firm."""
    return rows(
        f"""
    WITH {locked}held AS (
        DELETE FROM reservations WHERE demand_id = :demand_id AND state = 'SOFT'
          AND (SELECT sum(quantity) FROM reservations WHERE demand_id = :demand_id AND state = 'SOFT') = :units::int {condition}
        RETURNING id, variant_id, location_id, supply_id, quantity, demand_kind, line_id, priority, created_at
    ), firm AS (
        SELECT min(id::text)::uuid AS id, variant_id, location_id, supply_id, sum(quantity)::int AS quantity,
            min(demand_kind) AS demand_kind, line_id, max(priority) AS priority, min(created_at) AS created_at
        FROM held GROUP BY variant_id, location_id, supply_id, line_id
    ), there AS (
        INSERT INTO reservations AS known (id, variant_id, location_id, state, quantity, demand_kind, demand_id, line_id,
            priority, created_at)
        SELECT id, variant_id, location_id, 'FIRM', quantity, demand_kind, :demand_id, line_id, priority, created_at
        FROM firm WHERE supply_id IS NULL
        ON CONFLICT (line_id, location_id) WHERE state = 'FIRM' AND supply_id IS NULL
        DO UPDATE SET quantity = known.quantity + excluded.quantity
    ), ahead AS (
        INSERT INTO reservations AS known (id, variant_id, location_id, supply_id, state, quantity, demand_kind, demand_id,
            line_id, priority, created_at)
        SELECT id, variant_id, location_id, supply_id, 'FIRM', quantity, demand_kind, :demand_id, line_id, priority,
            created_at
        FROM firm WHERE supply_id IS NOT NULL
        ON CONFLICT (line_id, supply_id) WHERE state = 'FIRM' AND supply_id IS NOT NULL
        DO UPDATE SET quantity = known.quantity + excluded.quantity
    ), changed AS (
        UPDATE levels SET soft = soft - part.quantity, firm = firm + part.quantity
        FROM (
            SELECT variant_id, location_id, sum(quantity)::int AS quantity FROM held WHERE supply_id IS NULL GROUP BY 1, 2
        ) AS part
        WHERE levels.variant_id = part.variant_id AND levels.location_id = part.location_id
    )
    SELECT coalesce(sum(quantity), 0)::int FROM held
    """,
        int,
    )


_PROMOTE = _promote("", "")
#: Levels before reservations, as everywhere: the level is locked by what the deletion asks first. Units that somebody took
#: back while we waited for it are missing from the sum; then the caller rolls back.
_PROMOTE_ON_ONE_LEVEL = _promote(
    """level AS MATERIALIZED (
        SELECT level.variant_id FROM levels AS level JOIN (
            SELECT variant_id, location_id FROM reservations WHERE demand_id = :demand_id AND state = 'SOFT' LIMIT 1
        ) AS own ON own.variant_id = level.variant_id AND own.location_id = level.location_id
        FOR NO KEY UPDATE OF level
    ), """,
    "AND EXISTS (SELECT FROM level)",
)

#: Two ways to a reservation are two looks into indexes; said as one condition they would be a walk through the table.
_EXPIRE_SOFT = rows(
    f"""
    WITH due AS (
        SELECT held.id FROM unnest(:variants::uuid[], :locations::uuid[]) AS level (variant_id, location_id)
        JOIN reservations AS held ON held.variant_id = level.variant_id AND held.location_id = level.location_id
            AND held.supply_id IS NULL AND held.state = 'SOFT' AND held.expires_at <= :at::timestamptz
        UNION ALL
        SELECT held.id FROM reservations AS held
        WHERE held.supply_id = ANY(:supply_ids::uuid[]) AND held.state = 'SOFT' AND held.expires_at <= :at
    ), gone AS (
        DELETE FROM reservations AS held USING due
        WHERE held.id = due.id AND held.state = 'SOFT' AND held.expires_at <= :at
        RETURNING held.id, held.variant_id, held.location_id, held.supply_id, held.quantity, held.demand_kind,
            held.demand_id, held.line_id, held.created_at
    ), {_GIVEN_BACK}, {HISTORY}
    SELECT {_OPEN} FROM gone
    """,
    OpenReservation,
)

_EXTEND_SOFT = statement(
    """
    UPDATE reservations SET expires_at = :expires_at
    WHERE demand_id = :demand_id AND state = 'SOFT' AND expires_at < :expires_at
    """
)

_LIST_EXPIRED = rows(
    f"""
    SELECT {_OPEN} FROM reservations
    WHERE state = 'SOFT' AND expires_at <= :now AND (:variant_ids::uuid[] IS NULL OR variant_id = ANY(:variant_ids))
      AND demand_id <> ALL(:except_for::uuid[])
    ORDER BY expires_at LIMIT :most
    """,
    OpenReservation,
)

_LIST_OPEN_FOR_DEMAND = rows(
    f"SELECT {_OPEN} FROM reservations WHERE demand_id = :demand_id ORDER BY line_id, location_id, supply_id",
    OpenReservation,
)

_SUM_BY_LINE = statement(
    """
    SELECT line_id, variant_id, sum(quantity)::int AS quantity FROM reservations
    WHERE demand_id = ANY(:demand_ids::uuid[]) GROUP BY line_id, variant_id
    """
)


async def lock_stock_of_demand(
    uow: UnitOfWork, *, demand_ids: Collection[UUID], levels: Sequence[tuple[UUID, UUID]] = ()
) -> None:
    """Lock the levels and then the supply that demands hold units of, and other levels that are needed with them."""
    await _LOCK_STOCK_OF_DEMAND.one(
        uow,
        demand_ids=list(demand_ids),
        variants=[level[0] for level in levels],
        locations=[level[1] for level in levels],
    )


async def insert_soft(
    uow: UnitOfWork,
    *,
    demand_kind: DemandKind,
    demand_id: UUID,
    units: Sequence[Units],
    expires_at: datetime,
    priority: int,
) -> None:
    """Write soft reservations."""
    await _INSERT_RESERVATIONS.run(
        uow,
        demand_kind=demand_kind.value,
        demand_id=demand_id,
        priority=priority,
        expires_at=expires_at,
        at=uow.now,
        **_columns(units),
    )


async def hold(
    uow: UnitOfWork,
    *,
    demand_kind: DemandKind,
    demand_id: UUID,
    changes: Sequence[Change],
    units: Sequence[Units],
    expires_at: datetime,
    priority: int,
) -> list[Level]:
    """Hold units softly; answers the levels that bear it. Only when all do, the reservations are written."""
    if len(changes) == len(units) == 1:
        return await _HOLD_ONE.all(
            uow,
            id=new_id(),
            line_id=units[0].line_id,
            variant_id=units[0].variant_id,
            location_id=units[0].location_id,
            quantity=units[0].quantity,
            demand_kind=demand_kind.value,
            demand_id=demand_id,
            priority=priority,
            expires_at=expires_at,
            at=uow.now,
        )
    return await _HOLD.all(
        uow,
        level_variants=[change.variant_id for change in changes],
        level_locations=[change.location_id for change in changes],
        softs=[change.soft for change in changes],
        demand_kind=demand_kind.value,
        demand_id=demand_id,
        priority=priority,
        expires_at=expires_at,
        at=uow.now,
        **_columns(units),
    )


async def raise_firm(
    uow: UnitOfWork, *, demand_kind: DemandKind, demand_id: UUID, units: Sequence[Units], priority: int
) -> None:
    """Write firm reservations, or raise those that the line already has at the location."""
    await _RAISE_FIRM.run(
        uow, demand_kind=demand_kind.value, demand_id=demand_id, priority=priority, at=uow.now, **_columns(units)
    )


async def lower_firm(uow: UnitOfWork, *, demand_id: UUID, units: Sequence[Units], ended: ReservationEnd) -> int:
    """Take units off firm reservations, end the empty ones, and answer how many reservations bore it."""
    columns = _columns(units)
    return len(
        await _LOWER_FIRM.all(
            uow,
            demand_id=demand_id,
            ended=ended.value,
            at=uow.now,
            lines=columns["lines"],
            locations=columns["locations"],
            quantities=columns["quantities"],
        )
    )


async def promote(uow: UnitOfWork, *, demand_id: UUID, units: int) -> bool:
    """Make a demand's soft units firm, in reservations and on locked levels; False when it holds another number."""
    return await _PROMOTE.one(uow, demand_id=demand_id, units=units) == units


async def promote_on_one_level(uow: UnitOfWork, *, demand_id: UUID, units: int) -> bool:
    """Do the same for units of one level, and lock it by that."""
    return await _PROMOTE_ON_ONE_LEVEL.one(uow, demand_id=demand_id, units=units) == units


async def release_soft(uow: UnitOfWork, *, demand_ids: Collection[UUID]) -> list[OpenReservation]:
    """Release demands' soft reservations, off their levels and supply too; answers what they held."""
    return await _RELEASE_SOFT.all(uow, demand_ids=list(demand_ids), ended=ReservationEnd.RELEASED.value, at=uow.now)


async def expire_soft(
    uow: UnitOfWork, *, levels: Sequence[tuple[UUID, UUID]], supply_ids: Collection[UUID] = ()
) -> list[OpenReservation]:
    """End the soft reservations of these levels and supplies whose time is over; answers what they held."""
    return await _EXPIRE_SOFT.all(
        uow,
        at=uow.now,
        ended=ReservationEnd.EXPIRED.value,
        supply_ids=list(supply_ids),
        variants=[level[0] for level in levels],
        locations=[level[1] for level in levels],
    )


async def extend_soft(uow: UnitOfWork, *, demand_id: UUID, expires_at: datetime) -> int:
    """Let a demand's soft reservations live longer; answers how many there were."""
    return await _EXTEND_SOFT.run(uow, demand_id=demand_id, expires_at=expires_at)


async def list_expired(
    session: Session,
    *,
    now: datetime,
    most: int = 5_000,
    variant_ids: Collection[UUID] | None = None,
    except_for: Collection[UUID] = (),
) -> list[OpenReservation]:
    """List units, of these variants or of all, that are held for somebody whose time is over, but not for these demands."""
    wanted = None if variant_ids is None else list(variant_ids)
    return await _LIST_EXPIRED.all(session, now=now, most=most, variant_ids=wanted, except_for=list(except_for))


async def list_held_by_line(session: Session, *, demand_ids: Collection[UUID]) -> dict[UUID, dict[UUID, int]]:
    """Say how many units of which variant are promised to each line of these carts, orders or transfers."""
    held: dict[UUID, dict[UUID, int]] = {}
    for record in await _SUM_BY_LINE.all(session, demand_ids=list(demand_ids)):
        held.setdefault(record["line_id"], {})[record["variant_id"]] = record["quantity"]
    return held


async def list_open_for_demand(session: Session, *, demand_id: UUID) -> list[OpenReservation]:
    """List what is promised to one cart, checkout, order or transfer."""
    return await _LIST_OPEN_FOR_DEMAND.all(session, demand_id=demand_id)


def _columns(units: Sequence[Units]) -> dict[str, list[object]]:
    return {
        "ids": [new_id() for _ in units],
        "lines": [part.line_id for part in units],
        "variants": [part.variant_id for part in units],
        "locations": [part.location_id for part in units],
        "quantities": [part.quantity for part in units],
    }
