"""Statements about purchase orders and their lines."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.inventory import models  # noqa: F401  # The statements below are about these tables.
from app.inventory.rules import AnnouncedLine, PurchaseOrder
from app.inventory.states import PurchaseOrderStatus
from app.kernel.db import UnitOfWork
from app.kernel.ids import LocationId, PurchaseOrderId, new_id
from app.kernel.sql import Session, rows, statement

_ORDER = "id, number, supplier, location_id, status, note, created_at, updated_at"

_LIST = rows(f"SELECT {_ORDER} FROM purchase_orders WHERE id = ANY(:ids::uuid[])", PurchaseOrder)
_LOCK = rows(f"SELECT {_ORDER} FROM purchase_orders WHERE id = :id FOR NO KEY UPDATE", PurchaseOrder)
_LOCK_BY_NUMBER = rows(f"SELECT {_ORDER} FROM purchase_orders WHERE number = :number FOR NO KEY UPDATE", PurchaseOrder)
#: Two who write the same number at once find each other here; the later one goes on with the earlier one's row.
_INSERT = rows(
    f"""
    INSERT INTO purchase_orders ({_ORDER})
    VALUES (:id, :number, :supplier, :location_id, :status, :note, :now::timestamptz, :now::timestamptz)
    ON CONFLICT (number) DO NOTHING
    RETURNING {_ORDER}
    """,
    PurchaseOrder,
)
_UPDATE = statement(
    """
    UPDATE purchase_orders SET supplier = :supplier, note = :note, status = :status, updated_at = :now WHERE id = :id
    """
)

#: A line that is known takes what is announced now; one that nothing is outstanding of is closed, and opened again when
#: more is announced.
_PUT_LINES = statement(
    """
    WITH line AS (
        SELECT * FROM unnest(:ids::uuid[], :known::bool[], :variants::uuid[], :expected::int[], :dates::timestamptz[],
            :sold_ahead::int[]) AS line (id, known, variant_id, expected, expected_at, sold_ahead)
    ), changed AS (
        UPDATE supplies AS supply SET expected = line.expected, expected_at = line.expected_at,
            sold_ahead = line.sold_ahead, updated_at = :now::timestamptz,
            closed_at = CASE WHEN line.expected <= supply.received + supply.lost
                THEN coalesce(supply.closed_at, :now::timestamptz) END
        FROM line WHERE line.known AND supply.id = line.id
    )
    INSERT INTO supplies (id, variant_id, location_id, kind, purchase_order_id, expected, sold_ahead, expected_at,
        created_at, updated_at)
    SELECT id, variant_id, :location_id::uuid, 'PURCHASE_ORDER', :purchase_order_id::uuid, expected, sold_ahead, expected_at,
        :now::timestamptz, :now::timestamptz
    FROM line WHERE NOT known
    """
)

_WANTED = """
    (:location_ids::uuid[] IS NULL OR location_id = ANY(:location_ids))
    AND (:statuses::text[] IS NULL OR status = ANY(:statuses))
    AND (:number::text IS NULL OR number = :number)
"""
#: Ids are made in the order of time, so the newest stand last.
_FIND = rows(
    f"""
    SELECT {_ORDER} FROM purchase_orders WHERE {_WANTED} AND (:after_id::uuid IS NULL OR id < :after_id)
    ORDER BY id DESC LIMIT :most
    """,
    PurchaseOrder,
)
_COUNT = rows(f"SELECT count(*)::int FROM purchase_orders WHERE {_WANTED}", int)


@dataclass(frozen=True, slots=True)
class PurchaseOrderFilter:
    """What purchase orders are asked for. `location_ids` is where the caller works; None means everywhere."""

    location_ids: Collection[LocationId] | None = None
    statuses: Sequence[PurchaseOrderStatus] | None = None
    number: str | None = None


async def list_purchase_orders(session: Session, *, purchase_order_ids: Collection[UUID]) -> list[PurchaseOrder]:
    """List purchase orders by their ids, in no order."""
    return await _LIST.all(session, ids=list(purchase_order_ids))


async def lock_purchase_order(uow: UnitOfWork, *, purchase_order_id: UUID) -> PurchaseOrder | None:
    """Lock a purchase order, before any order of a customer."""
    return await _LOCK.first(uow, id=purchase_order_id)


async def lock_purchase_order_by_number(uow: UnitOfWork, *, number: str) -> PurchaseOrder | None:
    """Lock the purchase order of a number."""
    return await _LOCK_BY_NUMBER.first(uow, number=number)


async def insert_purchase_order(
    uow: UnitOfWork,
    *,
    number: str,
    supplier: str,
    location_id: LocationId,
    status: PurchaseOrderStatus,
    note: str | None,
) -> PurchaseOrder | None:
    """Write a new purchase order; None when somebody has written one of this number."""
    return await _INSERT.first(
        uow,
        id=new_id(),
        number=number,
        supplier=supplier,
        location_id=location_id,
        status=status.value,
        note=note,
        now=uow.now,
    )


async def update_purchase_order(uow: UnitOfWork, *, order: PurchaseOrder) -> None:
    """Write what may change of a purchase order."""
    await _UPDATE.run(
        uow, id=order.id, supplier=order.supplier, note=order.note, status=order.status.value, now=uow.now
    )


async def put_lines(
    uow: UnitOfWork, *, order: PurchaseOrder, lines: Sequence[AnnouncedLine], known: Mapping[UUID, UUID]
) -> None:
    """Write lines as they are announced; `known` says which supply a variant has already."""
    await _PUT_LINES.run(
        uow,
        ids=[known.get(line.variant_id) or new_id() for line in lines],
        known=[line.variant_id in known for line in lines],
        variants=[line.variant_id for line in lines],
        expected=[line.expected for line in lines],
        dates=[line.expected_at for line in lines],
        sold_ahead=[line.sold_ahead for line in lines],
        location_id=order.location_id,
        purchase_order_id=order.id,
        now=uow.now,
    )


async def find_purchase_orders(
    session: Session, *, wanted: PurchaseOrderFilter, after: PurchaseOrderId | None, most: int
) -> list[PurchaseOrder]:
    """Page through purchase orders, the newest first."""
    return await _FIND.all(session, **_filters(wanted), after_id=after, most=most)


async def count_purchase_orders(session: Session, *, wanted: PurchaseOrderFilter) -> int:
    """Count the purchase orders that a filter lets through."""
    return await _COUNT.one(session, **_filters(wanted))


def _filters(wanted: PurchaseOrderFilter) -> dict[str, object]:
    return {
        "location_ids": None if wanted.location_ids is None else list(wanted.location_ids),
        "statuses": None if wanted.statuses is None else [status.value for status in wanted.statuses],
        "number": wanted.number,
    }
