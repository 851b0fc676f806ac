"""Every statement about fulfillment orders and shipments."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.delivery.states import DeliveryMethod
from app.fulfillment import models  # noqa: F401  # The statements below are about these tables.
from app.fulfillment.rules import FulfillmentOrder, FulfillmentOrderLine, Shipment
from app.fulfillment.states import FINISHED, FulfillmentOrderStatus, RejectionReason
from app.kernel.db import UnitOfWork
from app.kernel.ids import FulfillmentOrderId, FulfillmentOrderLineId, LocationId, OrderId, OrderLineId
from app.kernel.paging import PageRequest, bound
from app.kernel.sql import Session, Statement, rows, statement

_HEADER = """id, number, order_id, location_id, predecessor_id, method, status, rejection_reason, note, due_at,
    created_at, updated_at"""
_LINE = """id, fulfillment_order_id, order_line_id, variant_id, sku, product_name, quantity, picked, packed, fulfilled,
    rejected, cancelled"""
_SHIPMENT = "id, fulfillment_order_id, carrier, tracking_number, tracking_url, status, shipped_at, delivered_at"
_FINISHED = "('FULFILLED', 'REJECTED', 'CANCELLED')"

_LIST = rows(f"SELECT {_HEADER} FROM fulfillment_orders WHERE id = ANY(:ids::uuid[])", FulfillmentOrder)
_LOCK = rows(
    f"SELECT {_HEADER} FROM fulfillment_orders WHERE id = ANY(:ids::uuid[]) ORDER BY id FOR NO KEY UPDATE",
    FulfillmentOrder,
)
_LOCK_OPEN = rows(
    f"""
    SELECT {_HEADER} FROM fulfillment_orders WHERE order_id = ANY(:order_ids::uuid[]) AND status NOT IN {_FINISHED}
    ORDER BY id FOR NO KEY UPDATE
    """,
    FulfillmentOrder,
)
_LIST_FOR_ORDERS = rows(
    f"SELECT {_HEADER} FROM fulfillment_orders WHERE order_id = ANY(:order_ids::uuid[]) ORDER BY order_id, id",
    FulfillmentOrder,
)
_LIST_LINES = rows(
    f"""
    SELECT {_LINE} FROM fulfillment_order_lines WHERE fulfillment_order_id = ANY(:ids::uuid[])
    ORDER BY fulfillment_order_id, id
    """,
    FulfillmentOrderLine,
)
_LINES_BY_ID = rows(f"SELECT {_LINE} FROM fulfillment_order_lines WHERE id = ANY(:ids::uuid[])", FulfillmentOrderLine)
_LIST_SHIPMENTS = rows(
    f"""
    SELECT {_SHIPMENT} FROM shipments WHERE fulfillment_order_id = ANY(:ids::uuid[])
    ORDER BY fulfillment_order_id, id
    """,
    Shipment,
)
_LOCK_SHIPMENT = rows(f"SELECT {_SHIPMENT} FROM shipments WHERE id = :id FOR NO KEY UPDATE", Shipment)
_UPDATE_SHIPMENT = statement("UPDATE shipments SET status = :status, delivered_at = :delivered_at WHERE id = :id")


@dataclass(frozen=True, slots=True)
class OnTheWay:
    """Units of an order line that a carrier has."""

    order_line_id: UUID
    units: int


_LIST_ON_THE_WAY = rows(
    """
    SELECT line.order_line_id, sum(part.quantity)::int
    FROM fulfillment_order_lines AS line
    JOIN shipment_lines AS part ON part.fulfillment_order_line_id = line.id
    JOIN shipments AS shipment ON shipment.id = part.shipment_id
    WHERE line.order_line_id = ANY(:order_line_ids::uuid[]) AND shipment.status <> 'DELIVERED'
    GROUP BY line.order_line_id
    """,
    OnTheWay,
)
_SHIPMENTS_BY_ID = rows(f"SELECT {_SHIPMENT} FROM shipments WHERE id = ANY(:ids::uuid[])", Shipment)

#: Where a line was refused once it is not sent again, or two locations could pass it to each other for ever.
_LIST_REFUSERS = rows(
    """
    SELECT DISTINCT work.location_id FROM fulfillment_order_lines AS line
    JOIN fulfillment_orders AS work ON work.id = line.fulfillment_order_id
    WHERE line.order_line_id = ANY(:order_line_ids::uuid[]) AND line.rejected > 0
    """,
    UUID,
)

_LIST_UNPACKED = statement(
    f"""
    SELECT line.order_line_id, sum(line.quantity - line.rejected - line.cancelled - line.packed)::int
    FROM fulfillment_order_lines AS line JOIN fulfillment_orders AS work ON work.id = line.fulfillment_order_id
    WHERE line.order_line_id = ANY(:order_line_ids::uuid[]) AND work.location_id = :location_id
      AND work.status NOT IN {_FINISHED}
    GROUP BY line.order_line_id
    HAVING sum(line.quantity - line.rejected - line.cancelled - line.packed) > 0
    """
)

#: New work with its lines in one round trip. The order's row is locked or new, so nobody else counts its work meanwhile.
_INSERT = rows(
    f"""
    WITH work_line AS (
        INSERT INTO fulfillment_order_lines (id, fulfillment_order_id, order_line_id, variant_id, sku, product_name,
            quantity, picked, packed, fulfilled)
        SELECT id, fulfillment_order_id, order_line_id, variant_id, sku, product_name, quantity, done, done, done
        FROM unnest(:line_ids::uuid[], :line_works::uuid[], :order_lines::uuid[], :variants::uuid[], :skus::text[],
            :names::text[], :quantities::int[], :done::int[])
            AS line (id, fulfillment_order_id, order_line_id, variant_id, sku, product_name, quantity, done)
    )
    INSERT INTO fulfillment_orders (id, number, order_id, location_id, predecessor_id, method, status, due_at,
        created_at, updated_at)
    SELECT id, :order_number::text || '-' || (position
            + (SELECT count(*) FROM fulfillment_orders WHERE order_id = :order_id::uuid)),
        :order_id::uuid, location_id, :predecessor_id::uuid, method, :status::text, :due_at::timestamptz,
        :now::timestamptz, :now::timestamptz
    FROM unnest(:ids::uuid[], :locations::uuid[], :methods::text[]) WITH ORDINALITY
        AS work (id, location_id, method, position)
    RETURNING {_HEADER}
    """,
    FulfillmentOrder,
)
_UPDATE_LINES = statement(
    """
    UPDATE fulfillment_order_lines AS line SET picked = now.picked, packed = now.packed, fulfilled = now.fulfilled,
        rejected = now.rejected, cancelled = now.cancelled
    FROM unnest(:ids::uuid[], :picked::int[], :packed::int[], :fulfilled::int[], :rejected::int[], :cancelled::int[])
        AS now (id, picked, packed, fulfilled, rejected, cancelled)
    WHERE line.id = now.id
    """
)
_UPDATE_STATUSES = statement(
    """
    UPDATE fulfillment_orders AS work SET status = now.status, updated_at = :at::timestamptz
    FROM unnest(:ids::uuid[], :statuses::text[]) AS now (id, status) WHERE work.id = now.id
    """
)
_UPDATE_REJECTION = statement(
    "UPDATE fulfillment_orders SET rejection_reason = :reason, note = :note, updated_at = :at WHERE id = :id"
)
_INSERT_SHIPMENT = statement(
    f"""
    INSERT INTO shipments ({_SHIPMENT})
    VALUES (:id, :fulfillment_order_id, :carrier, :tracking_number, :tracking_url, :status, :shipped_at, :delivered_at)
    """
)
_INSERT_SHIPMENT_LINES = statement(
    """
    INSERT INTO shipment_lines (shipment_id, fulfillment_order_line_id, quantity)
    SELECT :shipment_id, line_id, quantity FROM unnest(:lines::uuid[], :quantities::int[]) AS line (line_id, quantity)
    """
)


@dataclass(frozen=True, slots=True)
class FulfillmentOrderFilter:
    """What work is asked for. `location_ids` is where the caller works; None means everywhere."""

    location_ids: Collection[LocationId] | None = None
    statuses: Sequence[FulfillmentOrderStatus] | None = None
    method: DeliveryMethod | None = None


_WANTED = """(:statuses::text[] IS NULL OR status = ANY(:statuses)) AND (:method::text IS NULL OR method = :method)"""


def _queue(*, finished: bool, everywhere: bool) -> Statement[FulfillmentOrder]:
    """Write the statement for one part of the list: open work, most urgent first, or finished work, latest first.

    Over many locations each is asked for its own first rows, because one index scan per location is all that costs.
    """
    state, direction, beyond = ("IN", "DESC", "<") if finished else ("NOT IN", "ASC", ">")
    part = f"""
        SELECT {_HEADER} FROM fulfillment_orders WHERE status {state} {_FINISHED} AND {_WANTED}
        AND (:after_due::timestamptz IS NULL OR (due_at, id) {beyond} (:after_due, :after_id::uuid))
    """
    order = f"ORDER BY due_at {direction}, id {direction} LIMIT :most"
    if everywhere:
        return rows(f"{part} {order}", FulfillmentOrder)
    return rows(
        f"""
        SELECT work.* FROM unnest(:locations::uuid[]) AS place (id)
        CROSS JOIN LATERAL ({part} AND location_id = place.id {order}) AS work {order}
        """,
        FulfillmentOrder,
    )


_QUEUES = {
    (finished, everywhere): _queue(finished=finished, everywhere=everywhere)
    for finished in (False, True)
    for everywhere in (False, True)
}
_COUNT = rows(
    f"""
    SELECT count(*)::int FROM fulfillment_orders
    WHERE (:locations::uuid[] IS NULL OR location_id = ANY(:locations)) AND {_WANTED}
    """,
    int,
)


async def get_fulfillment_order(session: Session, *, fulfillment_order_id: UUID) -> FulfillmentOrder | None:
    """Find work by its id."""
    return await _LIST.first(session, ids=[fulfillment_order_id])


async def list_fulfillment_orders(
    session: Session, *, fulfillment_order_ids: Collection[UUID]
) -> list[FulfillmentOrder]:
    """List work by its ids, in no order."""
    return await _LIST.all(session, ids=list(fulfillment_order_ids))


async def list_for_orders(session: Session, *, order_ids: Collection[UUID]) -> list[FulfillmentOrder]:
    """List all work of these orders, oldest first."""
    return await _LIST_FOR_ORDERS.all(session, order_ids=list(order_ids))


async def lock_fulfillment_order(uow: UnitOfWork, *, fulfillment_order_id: UUID) -> FulfillmentOrder | None:
    """Lock one piece of work; its order is locked already."""
    return await _LOCK.first(uow, ids=[fulfillment_order_id])


async def lock_open(uow: UnitOfWork, *, order_ids: Collection[OrderId]) -> list[FulfillmentOrder]:
    """Lock the work of orders that is not over."""
    return await _LOCK_OPEN.all(uow, order_ids=list(order_ids))


async def list_unpacked(session: Session, *, order_line_ids: Collection[UUID], location_id: UUID) -> dict[UUID, int]:
    """Say how many units of order lines a location has not put into parcels; a line without any is not answered."""
    found = await _LIST_UNPACKED.all(session, order_line_ids=list(order_line_ids), location_id=location_id)
    return {record[0]: record[1] for record in found}


async def list_lines(session: Session, *, fulfillment_order_ids: Collection[UUID]) -> list[FulfillmentOrderLine]:
    """List the lines of these pieces of work, in their order."""
    return await _LIST_LINES.all(session, ids=list(fulfillment_order_ids))


async def list_lines_by_id(session: Session, *, line_ids: Collection[UUID]) -> list[FulfillmentOrderLine]:
    """List lines by their ids, in no order."""
    return await _LINES_BY_ID.all(session, ids=list(line_ids))


async def list_shipments(session: Session, *, fulfillment_order_ids: Collection[UUID]) -> list[Shipment]:
    """List what left with a carrier for these pieces of work, oldest first."""
    return await _LIST_SHIPMENTS.all(session, ids=list(fulfillment_order_ids))


async def list_shipments_by_id(session: Session, *, shipment_ids: Collection[UUID]) -> list[Shipment]:
    """List shipments by their ids, in no order."""
    return await _SHIPMENTS_BY_ID.all(session, ids=list(shipment_ids))


async def list_refuser_ids(session: Session, *, order_line_ids: Collection[OrderLineId]) -> set[UUID]:
    """List the locations that refused units of these order lines."""
    return set(await _LIST_REFUSERS.all(session, order_line_ids=list(order_line_ids)))


def queue_key(work: FulfillmentOrder) -> tuple[object, ...]:
    """Write the sort key of work in its list."""
    return (int(work.status in FINISHED), work.due_at.isoformat(), str(work.id))


async def list_queue(
    session: Session, *, wanted: FulfillmentOrderFilter, request: PageRequest
) -> list[FulfillmentOrder]:
    """List work, one row more than the page holds: open work most urgent first, then finished work, latest first.

    Raises: Invalid when the cursor is not one of this list.
    """
    part, due, work_id = _bound(request)
    params = _filters(wanted)
    found: list[FulfillmentOrder] = []
    for finished in (False, True)[part:]:
        if len(found) > request.size:
            break
        found += await _QUEUES[finished, wanted.location_ids is None].all(
            session, **params, after_due=due, after_id=work_id, most=request.size + 1 - len(found)
        )
        due = work_id = None
    return found


async def count_queue(session: Session, *, wanted: FulfillmentOrderFilter) -> int:
    """Count the work that a filter asks for."""
    return await _COUNT.one(session, **_filters(wanted))


async def insert_works(
    uow: UnitOfWork,
    *,
    order_id: OrderId,
    order_number: str,
    places: Mapping[FulfillmentOrderId, tuple[LocationId, DeliveryMethod]],
    lines: Sequence[FulfillmentOrderLine],
    status: FulfillmentOrderStatus,
    due_at: datetime,
    predecessor_id: FulfillmentOrderId | None,
) -> list[FulfillmentOrder]:
    """Write new work of an order with its lines, numbered on from what there is."""
    inserted = await _INSERT.all(
        uow,
        order_id=order_id,
        order_number=order_number,
        status=status.value,
        due_at=due_at,
        predecessor_id=predecessor_id,
        now=uow.now,
        **_columns(places, lines),
    )
    return sorted(inserted, key=lambda work: work.id)


async def put_first_works(
    uow: UnitOfWork,
    *,
    order_id: OrderId,
    order_number: str,
    places: Mapping[FulfillmentOrderId, tuple[LocationId, DeliveryMethod]],
    lines: Sequence[FulfillmentOrderLine],
    due_at: datetime,
) -> None:
    """Write the first work of a new order with its lines, together with what else nobody waits for."""
    await _INSERT.later(
        uow,
        order_id=order_id,
        order_number=order_number,
        status=FulfillmentOrderStatus.OPEN.value,
        due_at=due_at,
        predecessor_id=None,
        now=uow.now,
        **_columns(places, lines),
    )


def _columns(
    places: Mapping[FulfillmentOrderId, tuple[LocationId, DeliveryMethod]], lines: Sequence[FulfillmentOrderLine]
) -> dict[str, Sequence[object]]:
    return {
        "ids": list(places),
        "locations": [location_id for location_id, _ in places.values()],
        "methods": [method.value for _, method in places.values()],
        "line_ids": [line.id for line in lines],
        "line_works": [line.fulfillment_order_id for line in lines],
        "order_lines": [line.order_line_id for line in lines],
        "variants": [line.variant_id for line in lines],
        "skus": [line.sku for line in lines],
        "names": [line.product_name for line in lines],
        "quantities": [line.quantity for line in lines],
        "done": [line.fulfilled for line in lines],
    }


async def update_lines(uow: UnitOfWork, *, lines: Sequence[FulfillmentOrderLine]) -> None:
    """Write how far lines have got."""
    await _UPDATE_LINES.run(
        uow,
        ids=[line.id for line in lines],
        picked=[line.picked for line in lines],
        packed=[line.packed for line in lines],
        fulfilled=[line.fulfilled for line in lines],
        rejected=[line.rejected for line in lines],
        cancelled=[line.cancelled for line in lines],
    )


async def update_statuses(uow: UnitOfWork, *, statuses: Mapping[FulfillmentOrderId, FulfillmentOrderStatus]) -> None:
    """Write where work has got to."""
    await _UPDATE_STATUSES.run(
        uow, ids=list(statuses), statuses=[status.value for status in statuses.values()], at=uow.now
    )


async def update_rejection(
    uow: UnitOfWork, *, fulfillment_order_id: FulfillmentOrderId, reason: RejectionReason, note: str | None
) -> None:
    """Write why a location last refused work or some of it."""
    await _UPDATE_REJECTION.run(uow, id=fulfillment_order_id, reason=reason.value, note=note, at=uow.now)


async def list_on_the_way(session: Session, *, order_line_ids: Collection[UUID]) -> dict[OrderLineId, int]:
    """Say how many units of order lines a carrier has and has not delivered."""
    found = await _LIST_ON_THE_WAY.all(session, order_line_ids=list(order_line_ids))
    return {OrderLineId(part.order_line_id): part.units for part in found}


async def lock_shipment(uow: UnitOfWork, *, shipment_id: UUID) -> Shipment | None:
    """Lock a shipment; the order and the work that it is of are locked before it."""
    return await _LOCK_SHIPMENT.first(uow, id=shipment_id)


async def update_shipment(uow: UnitOfWork, *, shipment: Shipment) -> None:
    """Write where a shipment has got to."""
    await _UPDATE_SHIPMENT.run(uow, id=shipment.id, status=shipment.status.value, delivered_at=shipment.delivered_at)


async def insert_shipment(
    uow: UnitOfWork, *, shipment: Shipment, quantities: Mapping[FulfillmentOrderLineId, int]
) -> None:
    """Write a shipment and what is in it."""
    await _INSERT_SHIPMENT.run(
        uow,
        id=shipment.id,
        fulfillment_order_id=shipment.fulfillment_order_id,
        carrier=shipment.carrier,
        tracking_number=shipment.tracking_number,
        tracking_url=shipment.tracking_url,
        status=shipment.status.value,
        shipped_at=shipment.shipped_at,
        delivered_at=shipment.delivered_at,
    )
    await _INSERT_SHIPMENT_LINES.run(
        uow, shipment_id=shipment.id, lines=list(quantities), quantities=list(quantities.values())
    )


def _filters(wanted: FulfillmentOrderFilter) -> dict[str, object]:
    return {
        "locations": None if wanted.location_ids is None else list(wanted.location_ids),
        "statuses": None if wanted.statuses is None else [status.value for status in wanted.statuses],
        "method": None if wanted.method is None else wanted.method.value,
    }


def _bound(request: PageRequest) -> tuple[int, datetime | None, UUID | None]:
    if request.after is None:
        return 0, None, None
    found = bound(request.after[1:], datetime, name="after")
    due, work_id = found or (None, None)
    return (1 if request.after[0] else 0), due, work_id
