"""Relations of supply, each read for all parents at once."""

from collections.abc import Sequence
from uuid import UUID

from app.inventory import queries
from app.inventory.rules import PurchaseOrder, Supply
from schema.core.batches import by_id, grouped
from schema.core.context import Batch, Context


async def _purchase_orders(context: Context, ids: list[UUID]) -> Sequence[PurchaseOrder | None]:
    """Purchase orders by id."""
    return by_id(await queries.list_purchase_orders(context.session, purchase_order_ids=ids), ids)


async def _supplies(context: Context, ids: list[UUID]) -> Sequence[Supply | None]:
    """Supply by id."""
    return by_id(await queries.list_supplies(context.session, supply_ids=ids), ids)


async def _lines(context: Context, ids: list[UUID]) -> Sequence[list[Supply]]:
    """Lines by purchase order."""
    found = await queries.list_for_purchase_orders(context.session, purchase_order_ids=ids)
    return grouped(found, ids, lambda row: row.purchase_order_id)


PurchaseOrderById = Batch(_purchase_orders)
SupplyById = Batch(_supplies)
LinesByPurchaseOrderId = Batch(_lines)
