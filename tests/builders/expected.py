"""Goods that are on their way to the test shop: announced by a supplier, or to be ordered without a date."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from app.inventory import queries as stock
from app.inventory import service as inventory
from app.inventory.rules import AnnouncedLine, AnnouncedOrder, BackorderLimit, PurchaseOrder, ReceivedLine, Supply
from app.inventory.states import Bucket
from app.kernel.ids import PurchaseOrderId
from app.servicing import service as servicing
from tests.builders.clock import OPENING
from tests.builders.shop import LOCATIONS, VARIANTS, Shop

NEXT_WEEK = OPENING + timedelta(days=7)


async def announce(
    shop: Shop,
    units: Mapping[str, int],
    *,
    number: str = "PO-1",
    at: str = "warehouse",
    by: str = "operator",
    expected_at: datetime | None = NEXT_WEEK,
    sold_ahead: int | None = None,
) -> PurchaseOrder:
    """Announce a delivery, all of which may be sold before it comes unless a limit is given."""
    lines = tuple(
        AnnouncedLine(VARIANTS[sku], n, expected_at, n if sold_ahead is None else sold_ahead)
        for sku, n in units.items()
    )
    announced = AnnouncedOrder(number, "Potters & Co", LOCATIONS[at], lines)
    return await shop.begin(by).run(lambda uow: servicing.put_purchase_order(uow, announced=announced))


async def receive(
    shop: Shop,
    order_id: PurchaseOrderId,
    units: Mapping[str, int],
    *,
    bucket: Bucket = Bucket.SELLABLE,
    by: str = "operator",
) -> PurchaseOrder:
    """Unload a delivery, or some of it."""
    lines = [ReceivedLine(VARIANTS[sku], n, bucket) for sku, n in units.items()]
    return await shop.begin(by).run(
        lambda uow: servicing.receive_purchase_order(uow, purchase_order_id=order_id, lines=lines)
    )


async def limit(shop: Shop, sku: str, units: int | None, *, at: str = "warehouse", by: str = "operator") -> UUID:
    """Let units be ordered without a date; answers the supply that they wait for."""
    lines = [BackorderLimit(VARIANTS[sku], LOCATIONS[at], units)]
    supplies = await shop.begin(by).run(lambda uow: inventory.limit_backorders(uow, limits=lines))
    return supplies[0].id


async def supply_of(shop: Shop, order_id: PurchaseOrderId, sku: str) -> Supply:
    """Read a line of a purchase order."""
    async with shop.database.read() as session:
        lines = await stock.list_for_purchase_orders(session, purchase_order_ids=[order_id])
    return next(line for line in lines if line.variant_id == VARIANTS[sku])


async def backorder_of(shop: Shop, supply_id: UUID) -> Supply:
    """Read supply by its id."""
    async with shop.database.read() as session:
        (found,) = await stock.list_supplies(session, supply_ids=[supply_id])
    return found
