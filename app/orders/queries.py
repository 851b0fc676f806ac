"""Every statement about orders."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson

from app.kernel.db import UnitOfWork
from app.kernel.ids import ChannelId, CustomerId, LocationId, OrderId, new_id
from app.kernel.paging import PageRequest, bound
from app.kernel.plain import as_text
from app.kernel.sql import Session, Statement, rows, statement
from app.orders import models  # noqa: F401  # The statements below are about these tables.
from app.orders.rules import Hold, Order, OrderDelivery, OrderEvent, OrderLine, Statuses
from app.orders.states import FulfillmentStatus, HoldReason, HoldStatus, OrderPaymentStatus, OrderStatus

_ORDER = """orders.id, orders.number, orders.channel_id, orders.cart_id, orders.customer_id, orders.email, orders.currency,
    orders.tax_included, orders.status, orders.payment_status, orders.fulfillment_status, orders.return_status, orders.started,
    orders.shipping_address, orders.billing_address, orders.subtotal_minor, orders.discount_minor, orders.delivery_minor,
    orders.tax_minor, orders.total_minor, orders.token_generation, orders.placed_at, orders.updated_at, orders.capture_at,
    orders.capture_delivery"""
_LINE = """id, order_id, position, variant_id, product_name, sku, options, delivery, store_id, ordered, unallocated, backordered,
    allocated, fulfilled, cancelled, returned, unit_price_minor, subtotal_minor, discount_minor, tax_minor, total_minor, discounts,
    tax_included, bundle_id, gift_card, note, gift_message"""
_DELIVERY = """id, order_id, method, store_id, option_code, option_name, price_minor, discount_minor, tax_minor, total_minor,
    discounts"""

_LOCK = rows(f"SELECT {_ORDER} FROM orders WHERE id = :id FOR NO KEY UPDATE", Order)
_LOCK_ALL = rows(f"SELECT {_ORDER} FROM orders WHERE id = ANY(:ids::uuid[]) ORDER BY id FOR NO KEY UPDATE", Order)
_LIST = rows(f"SELECT {_ORDER} FROM orders WHERE id = ANY(:ids::uuid[])", Order)
_BY_NUMBER = rows(f"SELECT {_ORDER} FROM orders WHERE number = :number", Order)
_LIST_BY_CART = rows(f"SELECT {_ORDER} FROM orders WHERE cart_id = ANY(:cart_ids::uuid[])", Order)
_LIST_LINES = rows(
    f"SELECT {_LINE} FROM order_lines WHERE order_id = ANY(:order_ids::uuid[]) ORDER BY order_id, position", OrderLine
)
_LINES_BY_ID = rows(f"SELECT {_LINE} FROM order_lines WHERE id = ANY(:ids::uuid[])", OrderLine)
#: Whoever ordered first is looked after first.
_LIST_UNALLOCATED = rows(
    """
    SELECT DISTINCT order_id FROM order_lines
    WHERE variant_id = :variant_id AND unallocated > 0 AND delivery = 'SHIPPING'
    ORDER BY order_id LIMIT :most
    """,
    UUID,
)
_LIST_DELIVERIES = rows(
    f"SELECT {_DELIVERY} FROM order_deliveries WHERE order_id = ANY(:order_ids::uuid[]) ORDER BY order_id, id",
    OrderDelivery,
)
_LIST_EVENTS = rows(
    """
    SELECT id, order_id, kind, message, actor, at FROM order_events
    WHERE order_id = ANY(:order_ids::uuid[]) ORDER BY order_id, id
    """,
    OrderEvent,
)

#: A whole new order in one round trip: header, lines, deliveries, and the first entry of its timeline. The LIMIT takes
#: nothing away: without it PostgreSQL would plan the statement anew for each order. bench/checkout.py measures it.
_INSERT = statement(
    """
    WITH placed AS (
        INSERT INTO orders (id, number, channel_id, cart_id, customer_id, email, currency, tax_included, status, payment_status,
            fulfillment_status, return_status, started, shipping_address, billing_address, subtotal_minor, discount_minor,
            delivery_minor, tax_minor, total_minor, token_generation, placed_at, updated_at, capture_at, capture_delivery)
        VALUES (:id::uuid, :number, :channel_id, :cart_id, :customer_id, :email, :currency, :tax_included::bool, :status,
            :payment_status, :fulfillment_status, :return_status, :started, :shipping_address, :billing_address, :subtotal_minor,
            :discount_minor, :delivery_minor, :tax_minor, :total_minor, :token_generation, :placed_at::timestamptz, :updated_at,
            :capture_at, :capture_delivery)
    ), placed_line AS (
        INSERT INTO order_lines (id, order_id, position, variant_id, product_name, sku, options, delivery, store_id, ordered,
            unallocated, backordered, allocated, fulfilled, cancelled, returned, unit_price_minor, subtotal_minor, discount_minor,
            tax_minor, total_minor, discounts, tax_included, bundle_id, gift_card, note, gift_message)
        SELECT id, :id::uuid, position, variant_id, product_name, sku, options::jsonb, delivery, store_id, ordered, 0, backordered,
            ordered - backordered, 0, 0, 0, unit_price_minor, unit_price_minor * ordered, discount_minor, tax_minor, total_minor, discounts::jsonb,
            :tax_included::bool, bundle_id, (SELECT gift_card FROM variants WHERE variants.id = line.variant_id), note,
            gift_message
        FROM unnest(:line_ids::uuid[], :positions::int[], :variants::uuid[], :names::text[], :skus::text[], :options::text[],
            :line_methods::text[], :line_stores::uuid[], :quantities::int[], :backordered::int[], :prices::bigint[],
            :line_discounts::bigint[], :line_taxes::bigint[], :line_totals::bigint[], :line_parts::text[],
            :line_bundles::uuid[], :line_notes::text[], :line_gift_messages::text[])
            AS line (id, position, variant_id, product_name, sku, options, delivery, store_id, ordered, backordered,
                unit_price_minor, discount_minor, tax_minor, total_minor, discounts, bundle_id, note, gift_message)
        LIMIT cardinality(:line_ids::uuid[])
    ), placed_delivery AS (
        INSERT INTO order_deliveries (id, order_id, method, store_id, option_code, option_name, price_minor, discount_minor,
            tax_minor, total_minor, discounts)
        SELECT id, :id::uuid, method, store_id, option_code, option_name, price_minor, discount_minor, tax_minor, total_minor,
            discounts::jsonb
        FROM unnest(:delivery_ids::uuid[], :methods::text[], :stores::uuid[], :codes::text[], :option_names::text[],
            :delivery_prices::bigint[], :delivery_discounts::bigint[], :delivery_taxes::bigint[], :delivery_totals::bigint[],
            :delivery_parts::text[])
            AS delivery (id, method, store_id, option_code, option_name, price_minor, discount_minor, tax_minor, total_minor,
                discounts)
    )
    INSERT INTO order_events (id, order_id, kind, message, actor, at)
    VALUES (:event_id, :id::uuid, 'PLACED', :message, :actor, :placed_at::timestamptz)
    """
)
_INSERT_EVENT = statement(
    """
    INSERT INTO order_events (id, order_id, kind, message, actor, at)
    VALUES (:id, :order_id, :kind, :message, :actor, :at)
    """
)
_INSERT_EVENTS = statement(
    """
    INSERT INTO order_events (id, order_id, kind, message, actor, at)
    SELECT id, order_id, :kind::text, message, :actor::text, :at::timestamptz
    FROM unnest(:ids::uuid[], :order_ids::uuid[], :messages::text[]) AS entry (id, order_id, message)
    """
)
_TOUCH = statement("UPDATE orders SET updated_at = :now WHERE id = ANY(:order_ids::uuid[])")
_UPDATE_LINES = statement(
    """
    UPDATE order_lines AS line SET unallocated = now.unallocated, backordered = now.backordered, allocated = now.allocated,
        fulfilled = now.fulfilled, cancelled = now.cancelled, returned = now.returned
    FROM unnest(:ids::uuid[], :unallocated::int[], :backordered::int[], :allocated::int[], :fulfilled::int[], :cancelled::int[],
        :returned::int[]) AS now (id, unallocated, backordered, allocated, fulfilled, cancelled, returned)
    WHERE line.id = now.id
    """
)
_UPDATE_STATUSES = statement(
    """
    UPDATE orders SET status = :status, fulfillment_status = :fulfillment_status, return_status = :return_status,
        started = :started, updated_at = :now
    WHERE id = :id
    """
)
_UPDATE_PAYMENT_STATUS = statement(
    "UPDATE orders SET payment_status = :payment_status, updated_at = :now WHERE id = :id"
)
_HOLD = "id, order_id, reason, message, blocks, status, applied_by, applied_at, ended_by, ended_at"
_LIST_HOLDS = rows(
    f"SELECT {_HOLD} FROM order_holds WHERE order_id = ANY(:order_ids::uuid[]) ORDER BY order_id, id", Hold
)
_HOLDS_BY_ID = rows(f"SELECT {_HOLD} FROM order_holds WHERE id = ANY(:ids::uuid[])", Hold)
#: An order is held once for each reason; the first to say so is the one who is heard.
_INSERT_HOLD = statement(
    """
    INSERT INTO order_holds (id, order_id, reason, message, blocks, status, applied_by, applied_at)
    VALUES (:id, :order_id, :reason, :message, :blocks, 'APPLIED', :actor, :now)
    ON CONFLICT (order_id, reason) WHERE status = 'APPLIED' DO NOTHING
    """
)
_END_HOLDS = rows(
    f"""
    UPDATE order_holds SET status = :status, ended_by = :actor, ended_at = :now
    WHERE order_id = :order_id AND status = 'APPLIED' AND reason = ANY(:reasons::text[])
    RETURNING {_HOLD}
    """,
    Hold,
)


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """What orders are asked for. `location_ids` limits to those with work at these locations.

    `on_hold` asks whether they are held now; `hold_reasons`, whether they are held for any of these reasons.
    """

    statuses: Sequence[OrderStatus] | None = None
    payment_statuses: Sequence[OrderPaymentStatus] | None = None
    fulfillment_statuses: Sequence[FulfillmentStatus] | None = None
    channel_id: ChannelId | None = None
    location_ids: Collection[LocationId] | None = None
    customer_id: CustomerId | None = None
    placed_from: datetime | None = None
    placed_to: datetime | None = None
    query: str | None = None
    on_hold: bool | None = None
    hold_reasons: Sequence[HoldReason] | None = None

    @property
    def is_of_held(self) -> bool:
        """Say whether it can only be met by orders that are held."""
        return self.on_hold is True or self.hold_reasons is not None


_WHERE = """
    (:statuses::text[] IS NULL OR orders.status = ANY(:statuses))
    AND (:payment_statuses::text[] IS NULL OR orders.payment_status = ANY(:payment_statuses))
    AND (:fulfillment_statuses::text[] IS NULL OR orders.fulfillment_status = ANY(:fulfillment_statuses))
    AND (:channel_id::uuid IS NULL OR orders.channel_id = :channel_id)
    AND (:customer_id::uuid IS NULL OR orders.customer_id = :customer_id)
    AND (:placed_from::timestamptz IS NULL OR orders.placed_at >= :placed_from)
    AND (:placed_to::timestamptz IS NULL OR orders.placed_at < :placed_to)
    AND (:query::text IS NULL OR orders.number = upper(:query) OR orders.email = lower(:query))
    AND (:location_ids::uuid[] IS NULL OR orders.id IN (
        SELECT order_id FROM fulfillment_orders WHERE location_id = ANY(:location_ids)))
    AND (:on_hold::bool IS NULL OR :on_hold = EXISTS (
        SELECT FROM order_holds AS hold WHERE hold.order_id = orders.id AND hold.status = 'APPLIED'))
    AND (:hold_reasons::text[] IS NULL OR EXISTS (
        SELECT FROM order_holds AS hold WHERE hold.order_id = orders.id AND hold.status = 'APPLIED'
            AND hold.reason = ANY(:hold_reasons)))
"""
#: The few that are held are found by their holds, not among all that ever were.
_HELD = f"{_WHERE} AND orders.id IN (SELECT order_id FROM order_holds WHERE status = 'APPLIED')"


def _page_statement(key: str, key_type: str, where: str, *, descending: bool) -> Statement[Order]:
    order = "DESC" if descending else "ASC"
    beyond = "<" if descending else ">"
    return rows(
        f"""
        SELECT {_ORDER} FROM orders WHERE {where}
        AND (:after_id::uuid IS NULL OR (orders.{key}, orders.id) {beyond} (:after_key::{key_type}, :after_id))
        AND (:before_id::uuid IS NULL OR (orders.{key}, orders.id) {"<" if beyond == ">" else ">"} (:before_key::{key_type}, :before_id))
        ORDER BY orders.{key} {order}, orders.id {order} LIMIT :most
        """,
        Order,
    )


#: By sort key, by whether the list is walked downward, as one that is asked for from its end walks the other way, and by
#: whether only those can be meant that are held.
_PAGES = {
    (key, descending, held): _page_statement(key, key_type, where, descending=descending)
    for key, key_type in (("placed_at", "timestamptz"), ("total_minor", "bigint"))
    for descending in (True, False)
    for held, where in ((False, _WHERE), (True, _HELD))
}
_COUNTS = {
    held: rows(f"SELECT count(*)::int FROM orders WHERE {where}", int)
    for held, where in ((False, _WHERE), (True, _HELD))
}


async def lock(uow: UnitOfWork, *, order_id: UUID) -> Order | None:
    """Lock one order."""
    return await _LOCK.first(uow, id=order_id)


async def lock_all(uow: UnitOfWork, *, order_ids: Collection[UUID]) -> list[Order]:
    """Lock several orders, in the order of their ids."""
    return await _LOCK_ALL.all(uow, ids=list(order_ids))


async def list_orders(session: Session, *, order_ids: Collection[UUID]) -> list[Order]:
    """List orders by id, in no order."""
    return await _LIST.all(session, ids=list(order_ids))


async def get_by_number(session: Session, *, number: str) -> Order | None:
    """Find an order by its number."""
    return await _BY_NUMBER.first(session, number=number.strip().upper())


async def list_by_cart(session: Session, *, cart_ids: Collection[UUID]) -> list[Order]:
    """List the orders that these carts became, in no order."""
    return await _LIST_BY_CART.all(session, cart_ids=list(cart_ids))


async def list_lines(session: Session, *, order_ids: Collection[UUID]) -> list[OrderLine]:
    """List the lines of orders, by order and position."""
    return await _LIST_LINES.all(session, order_ids=list(order_ids))


async def list_lines_by_id(session: Session, *, line_ids: Collection[UUID]) -> list[OrderLine]:
    """List order lines by id, in no order."""
    return await _LINES_BY_ID.all(session, ids=list(line_ids))


async def list_unallocated_order_ids(session: Session, *, variant_id: UUID, most: int) -> list[OrderId]:
    """List orders that wait for a location to ship a variant, the oldest first."""
    return [OrderId(found) for found in await _LIST_UNALLOCATED.all(session, variant_id=variant_id, most=most)]


async def list_deliveries(session: Session, *, order_ids: Collection[UUID]) -> list[OrderDelivery]:
    """List what the deliveries of orders cost."""
    return await _LIST_DELIVERIES.all(session, order_ids=list(order_ids))


async def list_events(session: Session, *, order_ids: Collection[UUID]) -> list[OrderEvent]:
    """List the timelines of orders, oldest entry first."""
    return await _LIST_EVENTS.all(session, order_ids=list(order_ids))


async def list_page(
    session: Session, *, wanted: OrderFilter, key: str, descending: bool, request: PageRequest
) -> list[Order]:
    """List one more order than the page holds, in the direction of the request."""
    after, before = _bound(key, request.after, "after"), _bound(key, request.before, "before")
    if request.backward:
        # Walked from the end: what bounds the page from below now bounds the walk from above.
        after, before = before, after
    return await _PAGES[key, descending != request.backward, wanted.is_of_held].all(
        session,
        **_filters(wanted),
        after_key=after[0],
        after_id=after[1],
        before_key=before[0],
        before_id=before[1],
        most=request.size + 1,
    )


async def count(session: Session, *, wanted: OrderFilter) -> int:
    """Count the orders that a filter lets through."""
    return await _COUNTS[wanted.is_of_held].one(session, **_filters(wanted))


async def insert(
    uow: UnitOfWork, *, order: Order, lines: Sequence[OrderLine], deliveries: Sequence[OrderDelivery], message: str
) -> None:
    """Write a new order with its lines, allocated but for what waits for supply, its deliveries, and that it was placed."""
    header = {name: getattr(order, name) for name in Order.__dataclass_fields__}
    await _INSERT.later(
        uow,
        **header
        | {
            "shipping_address": None if order.shipping_address is None else order.shipping_address.to_json(),
            "billing_address": None if order.billing_address is None else order.billing_address.to_json(),
        },
        line_ids=[line.id for line in lines],
        positions=[line.position for line in lines],
        variants=[line.variant_id for line in lines],
        names=[line.product_name for line in lines],
        skus=[line.sku for line in lines],
        options=[as_text(line.options) for line in lines],
        line_methods=[line.delivery.value for line in lines],
        line_stores=[line.store_id for line in lines],
        quantities=[line.ordered for line in lines],
        backordered=[line.backordered for line in lines],
        prices=[line.unit_price_minor for line in lines],
        line_discounts=[line.discount_minor for line in lines],
        line_taxes=[line.tax_minor for line in lines],
        line_totals=[line.total_minor for line in lines],
        line_bundles=[line.bundle_id for line in lines],
        line_notes=[line.note for line in lines],
        line_gift_messages=[line.gift_message for line in lines],
        line_parts=[as_text(line.discounts) for line in lines],
        delivery_ids=[delivery.id for delivery in deliveries],
        methods=[delivery.method.value for delivery in deliveries],
        stores=[delivery.store_id for delivery in deliveries],
        codes=[delivery.option_code for delivery in deliveries],
        option_names=[delivery.option_name for delivery in deliveries],
        delivery_prices=[delivery.price_minor for delivery in deliveries],
        delivery_discounts=[delivery.discount_minor for delivery in deliveries],
        delivery_taxes=[delivery.tax_minor for delivery in deliveries],
        delivery_totals=[delivery.total_minor for delivery in deliveries],
        delivery_parts=[as_text(delivery.discounts) for delivery in deliveries],
        event_id=new_id(),
        message=message,
        actor=uow.actor.label,
    )


async def insert_event(uow: UnitOfWork, *, order_id: OrderId, kind: str, message: str) -> None:
    """Write an entry of the timeline."""
    await _INSERT_EVENT.run(
        uow, id=new_id(), order_id=order_id, kind=kind, message=message, actor=uow.actor.label, at=uow.now
    )


async def insert_events(uow: UnitOfWork, *, messages: Mapping[OrderId, str], kind: str) -> None:
    """Write an entry of each of several timelines."""
    await _INSERT_EVENTS.run(
        uow,
        ids=[new_id() for _ in messages],
        order_ids=list(messages),
        messages=list(messages.values()),
        kind=kind,
        actor=uow.actor.label,
        at=uow.now,
    )


async def touch(uow: UnitOfWork, *, order_ids: Collection[UUID]) -> None:
    """Note when orders changed, whose statuses stay as they are."""
    await _TOUCH.run(uow, order_ids=list(order_ids), now=uow.now)


async def update_lines(uow: UnitOfWork, *, lines: Sequence[OrderLine]) -> None:
    """Write the quantities of lines."""
    columns: dict[str, list[Any]] = {
        name: [getattr(line, name) for line in lines]
        for name in ("unallocated", "backordered", "allocated", "fulfilled", "cancelled", "returned")
    }
    await _UPDATE_LINES.run(uow, ids=[line.id for line in lines], **columns)


async def update_statuses(uow: UnitOfWork, *, order_id: OrderId, derived: Statuses, started: bool) -> None:
    """Write the derived statuses of a header."""
    await _UPDATE_STATUSES.run(
        uow,
        id=order_id,
        status=derived.status.value,
        fulfillment_status=derived.fulfillment_status.value,
        return_status=derived.return_status.value,
        started=started,
        now=uow.now,
    )


async def update_payment_status(uow: UnitOfWork, *, order_id: UUID, payment_status: OrderPaymentStatus) -> None:
    """Write what has been paid."""
    await _UPDATE_PAYMENT_STATUS.run(uow, id=order_id, payment_status=payment_status.value, now=uow.now)


async def list_holds(session: Session, *, order_ids: Collection[UUID]) -> list[Hold]:
    """List the holds on orders, oldest first, ended ones too."""
    return await _LIST_HOLDS.all(session, order_ids=list(order_ids))


async def list_holds_by_id(session: Session, *, hold_ids: Collection[UUID]) -> list[Hold]:
    """List holds by id, in no order."""
    return await _HOLDS_BY_ID.all(session, ids=list(hold_ids))


async def insert_hold(
    uow: UnitOfWork, *, hold_id: UUID, order_id: OrderId, reason: HoldReason, message: str, blocks: Sequence[str]
) -> bool:
    """Hold an order; answers False when it is held for that reason already."""
    return bool(
        await _INSERT_HOLD.run(
            uow,
            id=hold_id,
            order_id=order_id,
            reason=reason.value,
            message=message,
            blocks=list(blocks),
            actor=uow.actor.label,
            now=uow.now,
        )
    )


async def end_holds(
    uow: UnitOfWork, *, order_id: OrderId, reasons: Collection[HoldReason], status: HoldStatus
) -> list[Hold]:
    """End the holds on an order that it has for these reasons; answers them."""
    return await _END_HOLDS.all(
        uow,
        order_id=order_id,
        reasons=[reason.value for reason in reasons],
        status=status.value,
        actor=uow.actor.label,
        now=uow.now,
    )


def _json(value: Sequence[Mapping[str, Any]]) -> str:
    # An array of JSON lists would reach the driver as a list of lists, which it takes for an array of two dimensions.
    return orjson.dumps(value).decode()


def _filters(wanted: OrderFilter) -> dict[str, object]:
    return {
        "statuses": _values(wanted.statuses),
        "payment_statuses": _values(wanted.payment_statuses),
        "fulfillment_statuses": _values(wanted.fulfillment_statuses),
        "channel_id": wanted.channel_id,
        "customer_id": wanted.customer_id,
        "placed_from": wanted.placed_from,
        "placed_to": wanted.placed_to,
        "query": wanted.query,
        "location_ids": None if wanted.location_ids is None else list(wanted.location_ids),
        "on_hold": wanted.on_hold,
        "hold_reasons": _values(wanted.hold_reasons),
    }


def _values(wanted: Iterable[StrEnum] | None) -> list[str] | None:
    return None if wanted is None else [one.value for one in wanted]


def _bound(key: str, cursor: tuple[str | int | float, ...] | None, name: str) -> tuple[object, UUID | None]:
    found = bound(cursor, datetime, name=name) if key == "placed_at" else bound(cursor, int, name=name)
    return found or (None, None)
