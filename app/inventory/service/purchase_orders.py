"""Purchase orders: what a supplier announced, and what became of it.

Whoever changes one locks it first, then the customers' orders that wait for it, then levels and supply. What a change
means for those orders is told by the journey above.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from app.inventory import queries
from app.inventory.errors import PurchaseOrderNotFound
from app.inventory.events import PurchaseOrderChanged
from app.inventory.rules import AnnouncedLine, AnnouncedOrder, PurchaseOrder, Supply, Waiting
from app.inventory.rules.purchase_orders import action_after, announced, checked, is_later
from app.inventory.service.known import refuse_variants
from app.inventory.states import PURCHASE_ORDER, PurchaseOrderStatus
from app.kernel.db import Overtaken, UnitOfWork
from app.kernel.errors import IllegalTransition, NotFound
from app.kernel.ids import PurchaseOrderId
from app.kernel.permissions import Permission
from app.locations import queries as locations

#: What the history of states calls it.
KIND = "purchase order"


@dataclass(frozen=True, slots=True)
class Announcement:
    """A purchase order as it is to be, locked, and what of it is new; `slipping` is supply whose date becomes later."""

    order: PurchaseOrder
    lines: tuple[AnnouncedLine, ...]
    slipping: tuple[UUID, ...]
    changed: bool


@dataclass(frozen=True, slots=True)
class PurchaseOrderWithLines:
    """A purchase order, locked, with its lines as they were read."""

    order: PurchaseOrder
    lines: tuple[Supply, ...]


async def lock_purchase_order(uow: UnitOfWork, *, purchase_order_id: PurchaseOrderId) -> PurchaseOrderWithLines:
    """Lock a purchase order that the caller may change, and read its lines.

    Raises: Unauthenticated, Forbidden; PurchaseOrderNotFound, for those of other locations too.
    """
    uow.actor.require(Permission.INVENTORY_ADJUST)
    order = await queries.lock_purchase_order(uow, purchase_order_id=purchase_order_id)
    if order is None or not uow.actor.works_at(order.location_id):
        raise PurchaseOrderNotFound("there is no such purchase order", field=("purchaseOrderId",))
    lines = await queries.list_for_purchase_orders(uow, purchase_order_ids=[order.id])
    return PurchaseOrderWithLines(order, tuple(lines))


async def begin_announcement(uow: UnitOfWork, *, announced_order: AnnouncedOrder) -> Announcement:
    """Find or make the purchase order of a number, lock it, and say what is new about it.

    Locks: the purchase order. Raises: Forbidden; Invalid; NotFound; BundleStocked; Conflict when it goes to another location;
    IllegalTransition when it is over; QuantityExceeded and WouldOversell naming the line at fault.
    """
    uow.actor.require(Permission.INVENTORY_ADJUST, at=announced_order.location_id)
    wanted = checked(announced_order)
    await _refuse_unknown(uow, wanted)
    known = await queries.lock_purchase_order_by_number(uow, number=wanted.number)
    if known is None:
        announced(wanted, None, [])
        made = await queries.insert_purchase_order(
            uow,
            number=wanted.number,
            supplier=wanted.supplier,
            location_id=wanted.location_id,
            status=PurchaseOrderStatus.OPEN,
            note=wanted.note,
        )
        if made is None:
            raise Overtaken(wanted.number)
        uow.moved(KIND, made.id, before=None, after=made.status.value, action="purchaseOrderPut")
        return Announcement(made, wanted.lines, (), changed=True)
    lines = await queries.list_for_purchase_orders(uow, purchase_order_ids=[known.id])
    new = announced(wanted, known, lines)
    order = replace(known, supplier=wanted.supplier, note=known.note if wanted.note is None else wanted.note)
    if not new and order == known:
        return Announcement(known, (), (), changed=False)
    if not known.is_open:
        raise IllegalTransition(f"this purchase order is {known.status}", field=("number",))
    dates = {line.variant_id: line.expected_at for line in new}
    slipping = [
        line.id
        for line in lines
        if line.variant_id in dates and line.reserved and is_later(line.expected_at, dates[line.variant_id])
    ]
    return Announcement(order, wanted.lines, tuple(slipping), changed=True)


async def finish_announcement(
    uow: UnitOfWork, *, announcement: Announcement, locked: Collection[UUID]
) -> tuple[PurchaseOrder, list[Waiting]]:
    """Write what a supplier announces; answers the purchase order, and the promises that will be kept later.

    `locked` are the customers' orders that the caller has locked. Locks: supply. Emits PurchaseOrderChanged.
    Raises: QuantityExceeded; WouldOversell; Overtaken when somebody ordered from a slipping line meanwhile.
    """
    order = announcement.order
    if not announcement.changed:
        return order, []
    ids = [line.id for line in await queries.list_for_purchase_orders(uow, purchase_order_ids=[order.id])]
    before = await queries.lock_supplies(uow, supply_ids=ids)
    if any(line.reserved for line in before) and await queries.expire_soft(uow, levels=[], supply_ids=ids):
        before = await queries.lock_supplies(uow, supply_ids=ids)
    written = AnnouncedOrder(order.number, order.supplier, order.location_id, announcement.lines, order.note)
    new = announced(written, order, before)
    known = {line.variant_id: line for line in before}
    dates = {line.variant_id: line.expected_at for line in new}
    late = [
        line.id
        for line in before
        if line.variant_id in dates and line.reserved and is_later(line.expected_at, dates[line.variant_id])
    ]
    waiting = (
        [promise for promise in await queries.list_waiting(uow, supply_ids=late) if promise.is_ordered] if late else []
    )
    if {promise.demand_id for promise in waiting} - set(locked):
        raise Overtaken(order.number)
    if new:
        await queries.put_lines(
            uow, order=order, lines=new, known={variant: line.id for variant, line in known.items()}
        )
    lines = await queries.list_for_purchase_orders(uow, purchase_order_ids=[order.id])
    return await settle_purchase_order(uow, order=order, lines=lines), [
        replace(promise, expected_at=dates[promise.variant_id]) for promise in waiting
    ]


async def settle_purchase_order(uow: UnitOfWork, *, order: PurchaseOrder, lines: Sequence[Supply]) -> PurchaseOrder:
    """Write a purchase order with the state that follows from its lines. Emits PurchaseOrderChanged.

    Raises: IllegalTransition.
    """
    action = action_after(lines) if lines else None
    status = order.status
    if action is not None:
        status = PURCHASE_ORDER.next(order.status, action)
        if status is not order.status:
            uow.moved(KIND, order.id, before=order.status.value, after=status.value, action=action)
    now = replace(order, status=status, updated_at=uow.now)
    await queries.update_purchase_order(uow, order=now)
    uow.emit(PurchaseOrderChanged(purchase_order_id=order.id, location_id=order.location_id, status=status.value))
    return now


async def _refuse_unknown(uow: UnitOfWork, order: AnnouncedOrder) -> None:
    if not await locations.list_locations(uow, location_ids=[order.location_id]):
        raise NotFound("there is no such location", field=("locationId",))
    await refuse_variants(uow, variant_ids=[line.variant_id for line in order.lines])
