"""Stock comes that somebody waits for: their orders are served, and the work on them begins.

Locks: the document that brings it, the orders that wait by their ids, levels, supply. Orders are looked for before they
can be locked; when somebody ordered meanwhile, the work begins anew.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from app.delivery.states import DeliveryMethod
from app.fulfillment import service as fulfillment
from app.fulfillment.rules import Allocation
from app.inventory import queries as stock
from app.inventory import service as inventory
from app.inventory.events import PromiseBroken, StockArrived
from app.inventory.rules import Cause, Part, Receipt, Received
from app.inventory.states import MovementReason
from app.kernel.db import Begin, Overtaken, UnitOfWork
from app.kernel.errors import BrokenInvariant
from app.kernel.ids import LocationId, OrderId, OrderLineId, VariantId
from app.locations import queries as locations
from app.orders import queries as order_queries
from app.orders import service as orders
from app.orders.rules import OrderWithLines
from app.pickup import service as pickups

#: Work that nobody has promised a time for is due within a day.
SHIP_WITHIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Breach:
    """Why promises of supply are broken: what kind of reason, which document, and how people are told."""

    cause: str
    cause_id: UUID
    told: str


async def receive(
    uow: UnitOfWork,
    *,
    receipts: Sequence[Receipt],
    cause: Cause,
    breach: Breach,
    reason: MovementReason = MovementReason.RECEIVED,
) -> Received:
    """Take in what came of supply: orders that wait for it are served and worked on, those it fails wait on.

    The caller has locked the document, and may do this. Locks: orders, levels, supply. Writes the ledger.
    Emits OrderChanged, FulfillmentOrderOpened, PromiseBroken, and StockArrived where orders wait for any location.
    """
    ids = [receipt.supply_id for receipt in receipts]
    levels = {supply.id: supply.level for supply in await stock.list_supplies(uow, supply_ids=ids)}
    waiting = await stock.list_waiting_orders(uow, supply_ids=ids, levels=sorted(set(levels.values())))
    locked = await orders.lock_all(uow, order_ids=[OrderId(order_id) for order_id in waiting])
    received = await inventory.receive_supply(uow, receipts=receipts, reason=reason, cause=cause)
    _refuse_overtaken(locked, (*received.served, *received.broken))
    after = await _serve(uow, locked, received.served)
    await tell_broken(uow, after, received.broken, breach=breach)
    came = {levels[receipt.supply_id] for receipt in receipts if receipt.sellable}
    for variant_id, location_id in sorted(came):
        if await order_queries.list_unallocated_order_ids(uow, variant_id=variant_id, most=1):
            uow.emit(StockArrived(variant_id=VariantId(variant_id), location_id=LocationId(location_id)))
    return received


async def fill_backorders(uow: UnitOfWork, *, levels: Sequence[tuple[UUID, UUID]]) -> int:
    """Serve orders that wait at these levels without a date from what is there now; answers how many units.

    Locks: orders, levels, supply. Emits OrderChanged, FulfillmentOrderOpened.
    """
    waiting = await stock.list_waiting_orders(uow, supply_ids=[], levels=levels)
    locked = await orders.lock_all(uow, order_ids=[OrderId(order_id) for order_id in waiting])
    received = await inventory.fill_backorders(uow, levels=levels)
    _refuse_overtaken(locked, received.served)
    await _serve(uow, locked, received.served)
    return sum(part.quantity for part in received.served)


async def fill_waiting(begin: Begin, *, most: int = 100) -> int:
    """Serve whoever waits without a date where there are units, one level each; answers how many levels those were.

    What came with a document was given out with it. This finds what came otherwise, such as from holds that lapsed.
    """
    fillable = await begin.run(lambda uow: stock.list_fillable(uow, most=most))
    filled = 0
    for level in fillable:

        async def fill(uow: UnitOfWork, level: tuple[UUID, UUID] = level) -> int:
            return await fill_backorders(uow, levels=[level])

        filled += bool(await begin.run(fill))
    return filled


async def tell_broken(
    uow: UnitOfWork, locked: Mapping[OrderId, OrderWithLines], broken: Sequence[Part], *, breach: Breach
) -> None:
    """Let units of locked orders wait for any location, because their supply fails. Emits PromiseBroken."""
    ordered = [part for part in broken if part.waiting.is_ordered]
    if not ordered:
        return
    await orders.record_backorders_lost(uow, locked.values(), _per_line(ordered))
    await tell_promises(uow, locked, ordered, breach=breach, expected_at=None)


async def tell_promises(
    uow: UnitOfWork,
    locked: Mapping[OrderId, OrderWithLines],
    parts: Sequence[Part],
    *,
    breach: Breach,
    expected_at: datetime | None,
) -> None:
    """Tell each order that units will not come when they were to: an event for each level, a note for each order."""
    units: dict[tuple[OrderId, UUID, UUID], int] = {}
    for part in parts:
        key = (OrderId(part.waiting.demand_id), part.waiting.variant_id, part.waiting.location_id)
        units[key] = units.get(key, 0) + part.quantity
    for (order_id, variant_id, location_id), quantity in sorted(units.items()):
        uow.emit(
            PromiseBroken(
                order_id=order_id,
                variant_id=VariantId(variant_id),
                location_id=LocationId(location_id),
                units=quantity,
                units_waiting=quantity,
                cause=breach.cause,
                cause_id=breach.cause_id,
                expected_at=expected_at,
            )
        )
    messages = {
        order_id: f"{_described(locked[order_id], own)}: {breach.told}" for order_id, own in _per_order(parts).items()
    }
    await orders.notes(uow, messages, kind="PROMISE_BROKEN")


async def _serve(
    uow: UnitOfWork, locked: Mapping[OrderId, OrderWithLines], served: Sequence[Part]
) -> dict[OrderId, OrderWithLines]:
    """Count served units as promised, and open the work on them, order by order; answers the orders as they are now."""
    ordered = [part for part in served if part.waiting.is_ordered]
    if not ordered:
        return dict(locked)
    changed = await orders.record_backorders_filled(uow, locked.values(), _per_line(ordered))
    after = dict(locked) | {order.order.id: order for order in changed}
    names = {
        place.id: place.name
        for place in await locations.list_locations(
            uow, location_ids={LocationId(part.waiting.location_id) for part in ordered}
        )
    }
    messages: dict[OrderId, str] = {}
    for order_id, parts in _per_order(ordered).items():
        allocations = _allocations(after[order_id], parts)
        shipped = [part for part in allocations if part.method is DeliveryMethod.SHIPPING]
        collected = [part for part in allocations if part.method is DeliveryMethod.PICKUP]
        if shipped:
            await fulfillment.open_work(uow, after[order_id], shipped, due_at=uow.now + SHIP_WITHIN)
        if collected:
            await pickups.open_pickups(uow, after[order_id], collected, slots={})
        where = " and ".join(sorted({names[LocationId(part.waiting.location_id)] for part in parts}))
        messages[order_id] = f"{_described(after[order_id], parts)} came to {where}"
    await orders.notes(uow, messages, kind="BACKORDER_FILLED")
    return after


def _refuse_overtaken(locked: Mapping[OrderId, OrderWithLines], parts: Iterable[Part]) -> None:
    late = {part.waiting.demand_id for part in parts if part.waiting.is_ordered} - set(locked)
    if late:
        raise Overtaken(f"{len(late)} orders")


def _allocations(order: OrderWithLines, parts: Sequence[Part]) -> list[Allocation]:
    allocations = []
    for part in parts:
        line = order.line(part.waiting.line_id)
        if line is None or line.delivery is DeliveryMethod.CARRY_OUT:
            raise BrokenInvariant(f"line {part.waiting.line_id} of order {order.order.id} cannot wait for supply")
        allocations.append(
            Allocation(
                order_line_id=line.id,
                variant_id=VariantId(part.waiting.variant_id),
                sku=line.sku,
                product_name=line.product_name,
                location_id=LocationId(part.waiting.location_id),
                quantity=part.quantity,
                method=line.delivery,
            )
        )
    return allocations


def _per_order(parts: Iterable[Part]) -> dict[OrderId, list[Part]]:
    found: dict[OrderId, list[Part]] = {}
    for part in parts:
        found.setdefault(OrderId(part.waiting.demand_id), []).append(part)
    return dict(sorted(found.items()))


def _per_line(parts: Iterable[Part]) -> dict[OrderLineId, int]:
    units: dict[OrderLineId, int] = {}
    for part in parts:
        line_id = OrderLineId(part.waiting.line_id)
        units[line_id] = units.get(line_id, 0) + part.quantity
    return units


def _described(order: OrderWithLines, parts: Iterable[Part]) -> str:
    units = _per_line(parts)
    return ", ".join(f"{units[line.id]} × {line.product_name}" for line in order.lines if line.id in units)
