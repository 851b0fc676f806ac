"""Every statement about returns."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.kernel.db import UnitOfWork
from app.kernel.ids import OrderLineId
from app.kernel.sql import Session, rows, statement
from app.orders.rules import OrderDelivery
from app.returns import models  # noqa: F401  # The statements below are about these tables.
from app.returns.rules import Refund, Return, ReturnLine, ReturnReceipt
from app.returns.states import OPEN

_HEADER = """id, number, order_id, status, refund_method, decline_reason, currency, refund_lines_minor, refund_tax_minor,
    refund_delivery_minor, refund_total_minor, created_at, updated_at"""
_LINE = """id, return_id, order_line_id, variant_id, quantity, reason, note, received, accepted, refund_minor, refund_tax_minor"""
_RECEIPT = "id, return_line_id, location_id, quantity, accepted, disposition, actor, at"

_LIST = rows(f"SELECT {_HEADER} FROM returns WHERE id = ANY(:ids::uuid[])", Return)
_LOCK = rows(f"SELECT {_HEADER} FROM returns WHERE id = :id FOR NO KEY UPDATE", Return)
_LIST_FOR_ORDERS = rows(
    f"SELECT {_HEADER} FROM returns WHERE order_id = ANY(:order_ids::uuid[]) ORDER BY order_id, id", Return
)
_LIST_LINES = rows(
    f"SELECT {_LINE} FROM return_lines WHERE return_id = ANY(:return_ids::uuid[]) ORDER BY return_id, id", ReturnLine
)
_LINES_BY_ID = rows(f"SELECT {_LINE} FROM return_lines WHERE id = ANY(:ids::uuid[])", ReturnLine)
_LIST_RECEIPTS = rows(
    f"""
    SELECT {_RECEIPT} FROM return_receipts WHERE return_line_id = ANY(:line_ids::uuid[]) ORDER BY return_line_id, id
    """,
    ReturnReceipt,
)


@dataclass(frozen=True, slots=True)
class PendingUnits:
    """Units of an order line that returns still expect."""

    order_line_id: OrderLineId
    units: int


_LIST_PENDING = rows(
    """
    SELECT line.order_line_id, sum(line.quantity - line.received)::int AS units
    FROM return_lines AS line JOIN returns ON returns.id = line.return_id
    WHERE returns.order_id = ANY(:order_ids::uuid[]) AND returns.status = ANY(:open::text[])
      AND (:but_id::uuid IS NULL OR returns.id <> :but_id)
    GROUP BY line.order_line_id
    """,
    PendingUnits,
)
_DELIVERIES = rows(
    """
    SELECT 0::bigint AS lines_minor, coalesce(sum(tax_minor), 0)::bigint AS tax_minor,
        coalesce(sum(amount_minor), 0)::bigint AS delivery_minor
    FROM return_deliveries WHERE return_id = :return_id
    """,
    Refund,
)

_INSERT = statement(
    f"""
    INSERT INTO returns ({_HEADER})
    VALUES (:id, :number, :order_id, :status, :refund_method, :decline_reason, :currency, :refund_lines_minor,
        :refund_tax_minor, :refund_delivery_minor, :refund_total_minor, :created_at, :updated_at)
    """
)
_INSERT_LINES = statement(
    """
    INSERT INTO return_lines (id, return_id, order_line_id, variant_id, quantity, reason, note, refund_minor, refund_tax_minor)
    SELECT id, return_id, order_line_id, variant_id, quantity, reason, note, 0, 0
    FROM unnest(:ids::uuid[], :returns::uuid[], :order_lines::uuid[], :variants::uuid[], :quantities::int[], :reasons::text[],
        :notes::text[]) AS line (id, return_id, order_line_id, variant_id, quantity, reason, note)
    """
)
_UPDATE = statement(
    """
    UPDATE returns SET status = :status, decline_reason = :decline_reason, refund_lines_minor = :refund_lines_minor,
        refund_tax_minor = :refund_tax_minor, refund_delivery_minor = :refund_delivery_minor,
        refund_total_minor = :refund_total_minor, updated_at = :now
    WHERE id = :id
    """
)
_UPDATE_LINES = statement(
    """
    UPDATE return_lines AS line SET received = now.received, accepted = now.accepted, refund_minor = now.refund_minor,
        refund_tax_minor = now.refund_tax_minor
    FROM unnest(:ids::uuid[], :received::int[], :accepted::int[], :refunds::bigint[], :taxes::bigint[])
        AS now (id, received, accepted, refund_minor, refund_tax_minor)
    WHERE line.id = now.id
    """
)
_INSERT_RECEIPTS = statement(
    f"""
    INSERT INTO return_receipts ({_RECEIPT})
    SELECT id, return_line_id, location_id, quantity, accepted, disposition, :actor::text, :at::timestamptz
    FROM unnest(:ids::uuid[], :lines::uuid[], :locations::uuid[], :quantities::int[], :accepted::bool[], :dispositions::text[])
        AS receipt (id, return_line_id, location_id, quantity, accepted, disposition)
    """
)
_INSERT_DELIVERIES = statement(
    """
    INSERT INTO return_deliveries (order_delivery_id, return_id, amount_minor, tax_minor)
    SELECT order_delivery_id, :return_id::uuid, amount_minor, tax_minor
    FROM unnest(:ids::uuid[], :amounts::bigint[], :taxes::bigint[]) AS delivery (order_delivery_id, amount_minor, tax_minor)
    """
)


@dataclass(frozen=True, slots=True)
class DeliveryBack:
    """What a return gives back for a delivery of which nothing is left with the customer."""

    order_delivery_id: UUID
    amount_minor: int
    tax_minor: int


_LIST_DELIVERIES = rows(
    "SELECT order_delivery_id, amount_minor, tax_minor FROM return_deliveries WHERE return_id = :return_id",
    DeliveryBack,
)


async def list_returns(session: Session, *, return_ids: Collection[UUID]) -> list[Return]:
    """List returns by id, in no order."""
    return await _LIST.all(session, ids=list(return_ids))


async def list_for_orders(session: Session, *, order_ids: Collection[UUID]) -> list[Return]:
    """List the returns of orders, oldest first."""
    return await _LIST_FOR_ORDERS.all(session, order_ids=list(order_ids))


async def lock(uow: UnitOfWork, *, return_id: UUID) -> Return | None:
    """Lock one return; its order is locked already."""
    return await _LOCK.first(uow, id=return_id)


async def list_lines(session: Session, *, return_ids: Collection[UUID]) -> list[ReturnLine]:
    """List the lines of returns, in their order."""
    return await _LIST_LINES.all(session, return_ids=list(return_ids))


async def list_lines_by_id(session: Session, *, line_ids: Collection[UUID]) -> list[ReturnLine]:
    """List lines by id, in no order."""
    return await _LINES_BY_ID.all(session, ids=list(line_ids))


async def list_receipts(session: Session, *, line_ids: Collection[UUID]) -> list[ReturnReceipt]:
    """List what was counted in for these lines, oldest first."""
    return await _LIST_RECEIPTS.all(session, line_ids=list(line_ids))


async def list_pending(
    session: Session, *, order_ids: Collection[UUID], but_id: UUID | None = None
) -> dict[OrderLineId, int]:
    """Say how many units of each line of these orders returns still expect, one return left aside."""
    pending = await _LIST_PENDING.all(
        session, order_ids=list(order_ids), open=[status.value for status in sorted(OPEN)], but_id=but_id
    )
    return {line.order_line_id: line.units for line in pending}


async def list_deliveries(session: Session, *, return_id: UUID) -> list[DeliveryBack]:
    """List the deliveries whose cost a return gives back."""
    return await _LIST_DELIVERIES.all(session, return_id=return_id)


async def get_delivery_refund(session: Session, *, return_id: UUID) -> Refund:
    """Say what a return gives back for the deliveries that it completed."""
    return await _DELIVERIES.one(session, return_id=return_id)


async def insert(uow: UnitOfWork, *, header: Return, lines: Sequence[ReturnLine]) -> None:
    """Write a new return."""
    await _INSERT.run(
        uow,
        id=header.id,
        number=header.number,
        order_id=header.order_id,
        refund_method=header.refund_method.value,
        currency=header.currency,
        created_at=header.created_at,
        updated_at=header.updated_at,
        **_changeable(header),
    )
    await _INSERT_LINES.run(
        uow,
        ids=[line.id for line in lines],
        returns=[line.return_id for line in lines],
        order_lines=[line.order_line_id for line in lines],
        variants=[line.variant_id for line in lines],
        quantities=[line.quantity for line in lines],
        reasons=[line.reason.value for line in lines],
        notes=[line.note for line in lines],
    )


async def update(uow: UnitOfWork, *, header: Return) -> None:
    """Write where a return has got to, and what it gives back."""
    await _UPDATE.run(uow, id=header.id, now=uow.now, **_changeable(header))


async def update_lines(uow: UnitOfWork, *, lines: Sequence[ReturnLine]) -> None:
    """Write what of these lines came."""
    await _UPDATE_LINES.run(
        uow,
        ids=[line.id for line in lines],
        received=[line.received for line in lines],
        accepted=[line.accepted for line in lines],
        refunds=[line.refund_minor for line in lines],
        taxes=[line.refund_tax_minor for line in lines],
    )


async def insert_receipts(uow: UnitOfWork, *, receipts: Sequence[ReturnReceipt]) -> None:
    """Write what was counted in; it is never changed afterwards."""
    await _INSERT_RECEIPTS.run(
        uow,
        ids=[receipt.id for receipt in receipts],
        lines=[receipt.return_line_id for receipt in receipts],
        locations=[receipt.location_id for receipt in receipts],
        quantities=[receipt.quantity for receipt in receipts],
        accepted=[receipt.accepted for receipt in receipts],
        dispositions=[None if receipt.disposition is None else receipt.disposition.value for receipt in receipts],
        actor=uow.actor.label,
        at=uow.now,
    )


async def insert_deliveries(uow: UnitOfWork, *, return_id: UUID, deliveries: Sequence[OrderDelivery]) -> None:
    """Write which deliveries a return gives back, each of them once and for all."""
    await _INSERT_DELIVERIES.run(
        uow,
        return_id=return_id,
        ids=[delivery.id for delivery in deliveries],
        amounts=[delivery.total_minor for delivery in deliveries],
        taxes=[delivery.tax_minor for delivery in deliveries],
    )


def _changeable(header: Return) -> dict[str, object]:
    return {
        "status": header.status.value,
        "decline_reason": header.decline_reason,
        "refund_lines_minor": header.refund_lines_minor,
        "refund_tax_minor": header.refund_tax_minor,
        "refund_delivery_minor": header.refund_delivery_minor,
        "refund_total_minor": header.refund_total_minor,
    }
