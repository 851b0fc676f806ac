"""Statements about what is expected, and about promises that wait for it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from app.inventory import models  # noqa: F401  # The statements below are about these tables.
from app.inventory.queries.reservations import HISTORY
from app.inventory.rules import Ahead, BackorderLimit, Part, Receipt, Sellable, Supply, Waiting
from app.inventory.states import DemandKind, ReservationEnd
from app.kernel.db import UnitOfWork
from app.kernel.ids import ChannelId, LocationId, new_id
from app.kernel.sql import Session, rows, statement

_SUPPLY = (
    "id, variant_id, location_id, kind, purchase_order_id, transfer_id, expected, received, lost, reserved, sold_ahead,"
    " expected_at, created_at, updated_at, closed_at"
)
#: Where supply without a date stands in a list by date.
_SOME_DAY = datetime(9999, 12, 31, tzinfo=UTC)

_LOCK_SUPPLIES = rows(
    f"SELECT {_SUPPLY} FROM supplies WHERE id = ANY(:supply_ids::uuid[]) ORDER BY id FOR NO KEY UPDATE", Supply
)

_LIST_SUPPLIES = rows(f"SELECT {_SUPPLY} FROM supplies WHERE id = ANY(:supply_ids::uuid[])", Supply)

#: These supplies, and what may be ordered without a date at the levels they come to, as that is served too.
_LOCK_SERVED = rows(
    f"""
    SELECT {_SUPPLY} FROM supplies
    WHERE id = ANY(:supply_ids::uuid[])
       OR (kind = 'BACKORDER' AND closed_at IS NULL
           AND (variant_id, location_id) IN (SELECT * FROM unnest(:variants::uuid[], :locations::uuid[])))
    ORDER BY id
    FOR NO KEY UPDATE
    """,
    Supply,
)

_LOCK_SUPPLY_OF_LINES = rows(
    """
    SELECT id FROM supplies WHERE id IN (
        SELECT supply_id FROM reservations
        WHERE demand_id = :demand_id AND line_id = ANY(:line_ids::uuid[]) AND state = 'FIRM' AND supply_id IS NOT NULL
    )
    ORDER BY id
    FOR NO KEY UPDATE
    """,
    UUID,
)

_LIST_FOR_PURCHASE_ORDERS = rows(
    f"""
    SELECT {_SUPPLY} FROM supplies WHERE purchase_order_id = ANY(:purchase_order_ids::uuid[])
    ORDER BY purchase_order_id, id
    """,
    Supply,
)

_WAITING = """held.id, held.supply_id, held.variant_id, held.location_id, held.state, held.quantity, held.demand_kind,
    held.demand_id, held.line_id, held.priority, held.created_at, supply.expected_at"""

_LIST_WAITING = rows(
    f"""
    SELECT {_WAITING} FROM reservations AS held JOIN supplies AS supply ON supply.id = held.supply_id
    WHERE held.supply_id = ANY(:supply_ids::uuid[])
    ORDER BY held.priority DESC, held.created_at, held.id
    """,
    Waiting,
)

_LIST_WAITING_OF_LINES = rows(
    f"""
    SELECT {_WAITING} FROM reservations AS held JOIN supplies AS supply ON supply.id = held.supply_id
    WHERE held.demand_id = :demand_id AND held.line_id = ANY(:line_ids::uuid[]) AND held.state = 'FIRM'
    ORDER BY held.line_id, held.id
    """,
    Waiting,
)

#: Who may have to be told of what comes or does not: the orders that wait for these supplies, or for these levels at all.
_LIST_WAITING_ORDERS = rows(
    """
    SELECT DISTINCT held.demand_id FROM reservations AS held JOIN supplies AS supply ON supply.id = held.supply_id
    WHERE held.state = 'FIRM' AND held.demand_kind = 'ORDER'
      AND (supply.id = ANY(:supply_ids::uuid[]) OR (supply.kind = 'BACKORDER' AND supply.closed_at IS NULL
        AND (supply.variant_id, supply.location_id) IN (SELECT * FROM unnest(:variants::uuid[], :locations::uuid[]))))
    ORDER BY held.demand_id
    """,
    UUID,
)

#: The guard stands in the statement: supply that cannot bear it is left as it is and not answered. Only when all can, the
#: reservations are written.
_RESERVE = rows(
    f"""
    WITH changed AS (
        UPDATE supplies AS supply SET reserved = supply.reserved + wanted.quantity
        FROM unnest(:supply_ids::uuid[], :wanted::int[]) AS wanted (id, quantity)
        WHERE supply.id = wanted.id AND supply.closed_at IS NULL
          AND supply.reserved + wanted.quantity
              <= least(supply.sold_ahead, supply.expected - supply.received - supply.lost)
        RETURNING {", ".join(f"supply.{name}" for name in _SUPPLY.split(", "))}
    ), reservation AS (
        INSERT INTO reservations AS held (id, variant_id, location_id, supply_id, state, quantity, demand_kind, demand_id,
            line_id, priority, created_at, expires_at)
        SELECT part.id, changed.variant_id, changed.location_id, changed.id,
            CASE WHEN :expires_at::timestamptz IS NULL THEN 'FIRM' ELSE 'SOFT' END, part.quantity, :demand_kind::text,
            :demand_id::uuid, part.line_id, :priority::smallint, :at::timestamptz, :expires_at::timestamptz
        FROM unnest(:ids::uuid[], :lines::uuid[], :part_supplies::uuid[], :quantities::int[])
            AS part (id, line_id, supply_id, quantity)
        JOIN changed ON changed.id = part.supply_id
        WHERE (SELECT count(*) FROM changed) = cardinality(:wanted::int[])
        ON CONFLICT (line_id, supply_id) WHERE state = 'FIRM' AND supply_id IS NOT NULL
        DO UPDATE SET quantity = held.quantity + excluded.quantity
    )
    SELECT {_SUPPLY} FROM changed
    """,
    Supply,
)

#: Units of open promises, each part with whatever the statement that follows needs of it.
_GONE = """
    part AS (
        SELECT * FROM unnest(:ids::uuid[], :quantities::int[], :new_ids::uuid[]) AS part (id, quantity, new_id)
    ), lowered AS (
        UPDATE reservations AS held SET quantity = held.quantity - part.quantity FROM part
        WHERE held.id = part.id AND held.quantity > part.quantity
        RETURNING held.id, held.variant_id, held.location_id, held.supply_id, held.state, part.quantity, held.demand_kind,
            held.demand_id, held.line_id, held.priority, held.created_at, held.expires_at, part.new_id
    ), closed AS (
        DELETE FROM reservations AS held USING part WHERE held.id = part.id AND held.quantity = part.quantity
        RETURNING held.id, held.variant_id, held.location_id, held.supply_id, held.state, held.quantity, held.demand_kind,
            held.demand_id, held.line_id, held.priority, held.created_at, held.expires_at, part.new_id
    ), gone AS (
        SELECT * FROM lowered UNION ALL SELECT * FROM closed
    ), supplied AS (
        UPDATE supplies SET reserved = reserved - taken.quantity
        FROM (SELECT supply_id, sum(quantity)::int AS quantity FROM gone GROUP BY supply_id) AS taken
        WHERE supplies.id = taken.supply_id
    )
"""

#: What waited for supply is promised from the level now: what is held stays held, and what a line has already is raised.
_MOVE_TO_LEVEL = rows(
    f"""
    WITH {_GONE}, soft AS (
        INSERT INTO reservations (id, variant_id, location_id, state, quantity, demand_kind, demand_id, line_id, priority,
            created_at, expires_at)
        SELECT new_id, variant_id, location_id, state, quantity, demand_kind, demand_id, line_id, priority, created_at,
            expires_at
        FROM gone WHERE state = 'SOFT'
    ), firm AS (
        INSERT INTO reservations AS held (id, variant_id, location_id, state, quantity, demand_kind, demand_id, line_id,
            priority, created_at)
        SELECT (array_agg(new_id))[1], variant_id, location_id, 'FIRM', sum(quantity)::int, demand_kind, demand_id, line_id,
            max(priority), min(created_at)
        FROM gone WHERE state = 'FIRM' GROUP BY variant_id, location_id, demand_kind, demand_id, line_id
        ON CONFLICT (line_id, location_id) WHERE state = 'FIRM' AND supply_id IS NULL
        DO UPDATE SET quantity = held.quantity + excluded.quantity
    )
    SELECT id FROM gone
    """,
    UUID,
)

_END_WAITING = rows(f"WITH {_GONE}, {HISTORY} SELECT id FROM gone", UUID)

#: What came or will not come, and with it the end of supply of which nothing is outstanding any more.
_RECEIVE = rows(
    f"""
    UPDATE supplies AS supply SET
        received = supply.received + receipt.received,
        lost = supply.lost + receipt.lost,
        updated_at = :at::timestamptz,
        closed_at = CASE
            WHEN supply.expected <= supply.received + receipt.received + supply.lost + receipt.lost
            THEN coalesce(supply.closed_at, :at::timestamptz) END
    FROM unnest(:supply_ids::uuid[], :received::int[], :lost::int[]) AS receipt (id, received, lost)
    WHERE supply.id = receipt.id
    RETURNING {", ".join(f"supply.{name}" for name in _SUPPLY.split(", "))}
    """,
    Supply,
)

#: Levels of these, or of all, where somebody waits for units without a date.
_LIST_BACKORDERED = statement(
    """
    SELECT DISTINCT variant_id, location_id FROM supplies
    WHERE closed_at IS NULL AND kind = 'BACKORDER' AND reserved > 0
      AND (variant_id, location_id) IN (SELECT * FROM unnest(:variants::uuid[], :locations::uuid[]))
    ORDER BY variant_id, location_id
    """,
)

_LIST_FILLABLE = statement(
    """
    SELECT level.variant_id, level.location_id FROM supplies AS supply
    JOIN levels AS level ON level.variant_id = supply.variant_id AND level.location_id = supply.location_id
    WHERE supply.closed_at IS NULL AND supply.kind = 'BACKORDER' AND supply.reserved > 0
      AND level.sellable - level.soft - level.firm - level.safety_stock > 0
    ORDER BY level.variant_id, level.location_id LIMIT :most
    """,
)

_PUT_LIMITS = rows(
    f"""
    INSERT INTO supplies AS supply (id, variant_id, location_id, kind, expected, sold_ahead, created_at, updated_at)
    SELECT id, variant_id, location_id, 'BACKORDER', units, units, :at::timestamptz, :at::timestamptz
    FROM unnest(:ids::uuid[], :variants::uuid[], :locations::uuid[], :limits::int[])
        AS backorder (id, variant_id, location_id, units)
    ORDER BY variant_id, location_id
    ON CONFLICT (variant_id, location_id) WHERE kind = 'BACKORDER' AND closed_at IS NULL
    DO UPDATE SET expected = excluded.expected, sold_ahead = excluded.sold_ahead, updated_at = excluded.updated_at
        WHERE supply.reserved <= excluded.sold_ahead
    RETURNING {", ".join(f"supply.{name}" for name in _SUPPLY.split(", "))}
    """,
    Supply,
)

_CLOSE_BACKORDERS = rows(
    f"""
    UPDATE supplies SET expected = 0, sold_ahead = 0, closed_at = :at, updated_at = :at
    WHERE id = ANY(:supply_ids::uuid[])
    RETURNING {_SUPPLY}
    """,
    Supply,
)

#: Every location that may supply the channel, by what it may do; archived ones do nothing.
_LIST_AHEAD = rows(
    """
    SELECT supply.id AS supply_id, supply.variant_id, supply.location_id, supply.kind, supply.expected_at,
        least(supply.sold_ahead, supply.expected - supply.received - supply.lost) - supply.reserved AS left,
        place.ships, place.hands_out AND location.pickup_enabled AS hands_out
    FROM supplies AS supply
    JOIN channel_locations AS place ON place.channel_id = :channel_id AND place.location_id = supply.location_id
    JOIN locations AS location ON location.id = supply.location_id AND location.archived_at IS NULL
    WHERE supply.variant_id = ANY(:variant_ids::uuid[]) AND supply.closed_at IS NULL
      AND (supply.reserved < least(supply.sold_ahead, supply.expected - supply.received - supply.lost)
        OR supply.id = ANY(:also::uuid[]))
    ORDER BY supply.variant_id, supply.expected_at NULLS LAST, supply.id
    """,
    Sellable,
)

#: One unit without a date, and nobody knows when the last will come.
_EXPECTED_BY_LINE = statement(
    """
    SELECT held.line_id, CASE WHEN bool_and(supply.expected_at IS NOT NULL) THEN max(supply.expected_at) END AS expected_at
    FROM reservations AS held JOIN supplies AS supply ON supply.id = held.supply_id
    WHERE held.demand_id = ANY(:demand_ids::uuid[])
    GROUP BY held.line_id
    """
)

_WANTED = """
    (:location_ids::uuid[] IS NULL OR location_id = ANY(:location_ids))
    AND (:variant_id::uuid IS NULL OR variant_id = :variant_id)
    AND (:open::bool IS NULL OR (closed_at IS NULL) = :open)
    AND (:late::bool IS NULL OR (
        closed_at IS NULL AND expected_at IS NOT NULL AND expected_at < :now::timestamptz
        AND expected > received + lost) = :late)
"""
_FIND = rows(
    f"""
    SELECT {_SUPPLY} FROM supplies WHERE {_WANTED}
      AND (:after_at::timestamptz IS NULL
        OR (coalesce(expected_at, :some_day::timestamptz), id) > (:after_at::timestamptz, :after_id::uuid))
    ORDER BY coalesce(expected_at, :some_day::timestamptz), id LIMIT :most
    """,
    Supply,
)
_COUNT = rows(f"SELECT count(*)::int FROM supplies WHERE {_WANTED}", int)


@dataclass(frozen=True, slots=True)
class SupplyFilter:
    """What supply is asked for. `location_ids` is where the caller works; None means everywhere."""

    now: datetime
    location_ids: Collection[LocationId] | None = None
    variant_id: UUID | None = None
    late: bool | None = None
    open: bool | None = None


async def lock_supplies(uow: UnitOfWork, *, supply_ids: Collection[UUID]) -> list[Supply]:
    """Lock supply, after levels, in the order of its ids."""
    return await _LOCK_SUPPLIES.all(uow, supply_ids=list(supply_ids))


async def lock_served(
    uow: UnitOfWork, *, supply_ids: Collection[UUID], levels: Sequence[tuple[UUID, UUID]]
) -> list[Supply]:
    """Lock supply, and with it what may be ordered without a date at these levels; in the order of ids."""
    return await _LOCK_SERVED.all(uow, supply_ids=list(supply_ids), **_levels(levels))


async def lock_supply_of_lines(uow: UnitOfWork, *, demand_id: UUID, line_ids: Collection[UUID]) -> list[UUID]:
    """Lock the supply that lines of a demand wait for."""
    return await _LOCK_SUPPLY_OF_LINES.all(uow, demand_id=demand_id, line_ids=list(line_ids))


async def list_supplies(session: Session, *, supply_ids: Collection[UUID]) -> list[Supply]:
    """List supply by its ids, in no order."""
    return await _LIST_SUPPLIES.all(session, supply_ids=list(supply_ids))


async def list_for_purchase_orders(session: Session, *, purchase_order_ids: Collection[UUID]) -> list[Supply]:
    """List the lines of purchase orders, in the order in which they were announced."""
    return await _LIST_FOR_PURCHASE_ORDERS.all(session, purchase_order_ids=list(purchase_order_ids))


async def list_waiting(session: Session, *, supply_ids: Collection[UUID]) -> list[Waiting]:
    """List who waits for these supplies, in the order in which they are served."""
    return await _LIST_WAITING.all(session, supply_ids=list(supply_ids))


async def list_waiting_of_lines(session: Session, *, demand_id: UUID, line_ids: Collection[UUID]) -> list[Waiting]:
    """List what lines of a demand wait for."""
    return await _LIST_WAITING_OF_LINES.all(session, demand_id=demand_id, line_ids=list(line_ids))


async def list_waiting_orders(
    session: Session, *, supply_ids: Collection[UUID], levels: Sequence[tuple[UUID, UUID]] = ()
) -> list[UUID]:
    """List the orders that wait for these supplies, or for units of these levels without a date; by their ids."""
    return await _LIST_WAITING_ORDERS.all(session, supply_ids=list(supply_ids), **_levels(levels))


async def reserve(
    uow: UnitOfWork,
    *,
    demand_kind: DemandKind,
    demand_id: UUID,
    parts: Sequence[Ahead],
    expires_at: datetime | None,
    priority: int,
) -> list[Supply]:
    """Promise units from supply; answers the supply that bears it. Only when all does, the promises are written."""
    wanted: dict[UUID, int] = {}
    for part in parts:
        wanted[part.supply_id] = wanted.get(part.supply_id, 0) + part.quantity
    return await _RESERVE.all(
        uow,
        supply_ids=list(wanted),
        wanted=list(wanted.values()),
        ids=[new_id() for _ in parts],
        lines=[part.line_id for part in parts],
        part_supplies=[part.supply_id for part in parts],
        quantities=[part.quantity for part in parts],
        demand_kind=demand_kind.value,
        demand_id=demand_id,
        expires_at=expires_at,
        priority=priority,
        at=uow.now,
    )


async def move_to_level(uow: UnitOfWork, *, parts: Sequence[Part]) -> int:
    """Let promises be of units that are there now, off their supply; answers how many bore it."""
    return len(await _MOVE_TO_LEVEL.all(uow, **_parts(parts)))


async def end_waiting(uow: UnitOfWork, *, parts: Sequence[Part], ended: ReservationEnd) -> int:
    """End promises that wait, off their supply; answers how many bore it."""
    return len(await _END_WAITING.all(uow, **_parts(parts), ended=ended.value, at=uow.now))


async def receive(uow: UnitOfWork, *, receipts: Sequence[Receipt]) -> list[Supply]:
    """Count what came and what will not come; answers the supply as it is now."""
    return await _RECEIVE.all(
        uow,
        supply_ids=[receipt.supply_id for receipt in receipts],
        received=[receipt.received for receipt in receipts],
        lost=[receipt.lost for receipt in receipts],
        at=uow.now,
    )


async def list_backordered(session: Session, *, levels: Sequence[tuple[UUID, UUID]]) -> list[tuple[UUID, UUID]]:
    """List those of these levels where somebody waits for units without a date."""
    return [(found[0], found[1]) for found in await _LIST_BACKORDERED.all(session, **_levels(levels))]


async def list_fillable(session: Session, *, most: int) -> list[tuple[UUID, UUID]]:
    """List levels that have units, and somebody who waits for them without a date."""
    return [(found[0], found[1]) for found in await _LIST_FILLABLE.all(session, most=most)]


async def put_limits(uow: UnitOfWork, *, limits: Sequence[BackorderLimit]) -> list[Supply]:
    """Write how many units of levels may be ordered without a date."""
    return await _PUT_LIMITS.all(
        uow,
        ids=[new_id() for _ in limits],
        variants=[line.variant_id for line in limits],
        locations=[line.location_id for line in limits],
        limits=[line.limit for line in limits],
        at=uow.now,
    )


async def close_backorders(uow: UnitOfWork, *, supply_ids: Collection[UUID]) -> list[Supply]:
    """End the right to order without a date; nobody waits there any more."""
    return await _CLOSE_BACKORDERS.all(uow, supply_ids=list(supply_ids), at=uow.now)


async def list_ahead(
    session: Session, *, channel_id: ChannelId, variant_ids: Collection[UUID], also: Collection[UUID] = ()
) -> dict[UUID, list[Sellable]]:
    """List what a channel can promise of these variants before it is there: the earliest first, without a date last.

    `also` names supply of which nothing may be left, because whoever asks holds units of it.
    """
    found: dict[UUID, list[Sellable]] = {}
    for supply in await _LIST_AHEAD.all(session, channel_id=channel_id, variant_ids=list(variant_ids), also=list(also)):
        found.setdefault(supply.variant_id, []).append(supply)
    return found


async def list_expected_by_line(session: Session, *, demand_ids: Collection[UUID]) -> dict[UUID, datetime | None]:
    """Say of lines that wait for supply when the last of it is expected; None when nobody knows."""
    found = await _EXPECTED_BY_LINE.all(session, demand_ids=list(demand_ids))
    return {record["line_id"]: record["expected_at"] for record in found}


async def find_supplies(
    session: Session, *, wanted: SupplyFilter, after: tuple[datetime, UUID] | None, most: int
) -> list[Supply]:
    """Page through supply: the earliest first, without a date last."""
    return await _FIND.all(
        session,
        **_filters(wanted),
        some_day=_SOME_DAY,
        after_at=after and after[0],
        after_id=after and after[1],
        most=most,
    )


async def count_supplies(session: Session, *, wanted: SupplyFilter) -> int:
    """Count the supply that a filter lets through."""
    return await _COUNT.one(session, **_filters(wanted))


def supply_key(supply: Supply) -> tuple[object, ...]:
    """Say where supply stands in its list."""
    return supply.expected_at or _SOME_DAY, supply.id


def _filters(wanted: SupplyFilter) -> dict[str, object]:
    return {
        "location_ids": None if wanted.location_ids is None else list(wanted.location_ids),
        "variant_id": wanted.variant_id,
        "late": wanted.late,
        "open": wanted.open,
        "now": wanted.now,
    }


def _levels(levels: Sequence[tuple[UUID, UUID]]) -> dict[str, object]:
    return {"variants": [level[0] for level in levels], "locations": [level[1] for level in levels]}


def _parts(parts: Sequence[Part]) -> dict[str, object]:
    return {
        "ids": [part.waiting.id for part in parts],
        "quantities": [part.quantity for part in parts],
        "new_ids": [new_id() for _ in parts],
    }
