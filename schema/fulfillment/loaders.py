"""Relations of fulfillment orders, each read for all parents at once."""

from collections.abc import Sequence
from uuid import UUID

from app.fulfillment import queries
from app.fulfillment.rules import FulfillmentOrder, FulfillmentOrderLine, Shipment
from schema.core.batches import by_id, grouped
from schema.core.context import Batch, Context


async def _works(context: Context, ids: list[UUID]) -> Sequence[FulfillmentOrder | None]:
    """Fulfillment orders by id."""
    return by_id(await queries.list_fulfillment_orders(context.session, fulfillment_order_ids=ids), ids)


async def _works_of_orders(context: Context, order_ids: list[UUID]) -> Sequence[list[FulfillmentOrder]]:
    """Fulfillment orders by order, oldest first."""
    found = await queries.list_for_orders(context.session, order_ids=order_ids)
    return grouped(found, order_ids, lambda row: row.order_id)


async def _lines(context: Context, work_ids: list[UUID]) -> Sequence[list[FulfillmentOrderLine]]:
    """Lines by fulfillment order."""
    found = await queries.list_lines(context.session, fulfillment_order_ids=work_ids)
    return grouped(found, work_ids, lambda row: row.fulfillment_order_id)


async def _line(context: Context, ids: list[UUID]) -> Sequence[FulfillmentOrderLine | None]:
    """Lines by id."""
    return by_id(await queries.list_lines_by_id(context.session, line_ids=ids), ids)


async def _shipments(context: Context, work_ids: list[UUID]) -> Sequence[list[Shipment]]:
    """Shipments by fulfillment order, oldest first."""
    found = await queries.list_shipments(context.session, fulfillment_order_ids=work_ids)
    return grouped(found, work_ids, lambda row: row.fulfillment_order_id)


async def _shipment(context: Context, ids: list[UUID]) -> Sequence[Shipment | None]:
    """Shipments by id."""
    return by_id(await queries.list_shipments_by_id(context.session, shipment_ids=ids), ids)


FulfillmentOrderById = Batch(_works)
FulfillmentOrdersByOrderId = Batch(_works_of_orders)
LinesByFulfillmentOrderId = Batch(_lines)
FulfillmentOrderLineById = Batch(_line)
ShipmentsByFulfillmentOrderId = Batch(_shipments)
ShipmentById = Batch(_shipment)
