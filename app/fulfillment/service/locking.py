"""Finding and locking work: who starts from the work reads its order without a lock, locks the order, then the work."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.fulfillment import queries
from app.fulfillment.errors import FulfillmentOrderNotFound
from app.fulfillment.events import FulfillmentOrderMoved
from app.fulfillment.rules import FulfillmentOrder, FulfillmentOrderLine, Work
from app.fulfillment.states import FULFILLMENT_ORDER, FulfillmentOrderStatus
from app.inventory.rules import Units
from app.kernel.db import UnitOfWork
from app.kernel.errors import BrokenInvariant
from app.kernel.ids import FulfillmentOrderId, FulfillmentOrderLineId, OrderLineId
from app.kernel.permissions import Permission
from app.orders import service as orders
from app.orders.rules import OrderWithLines

#: What the history of states calls work.
KIND = "fulfillment order"


@dataclass(frozen=True, slots=True)
class Locked:
    """Work and its order, both locked."""

    order: OrderWithLines
    work: Work


async def visible(
    uow: UnitOfWork,
    *,
    fulfillment_order_id: FulfillmentOrderId,
    permission: Permission = Permission.FULFILLMENT_WORK,
) -> FulfillmentOrder:
    """Find work that the caller may do, without locking it.

    Raises: Unauthenticated, Forbidden; FulfillmentOrderNotFound, for work of other locations too.
    """
    uow.actor.require(permission)
    work = await queries.get_fulfillment_order(uow, fulfillment_order_id=fulfillment_order_id)
    if work is None or not uow.actor.works_at(work.location_id):
        raise FulfillmentOrderNotFound("there is no such fulfillment order", field=("fulfillmentOrderId",))
    return work


async def lock(uow: UnitOfWork, *, fulfillment_order_id: FulfillmentOrderId) -> Locked:
    """Lock work that the caller may do, its order first.

    Raises: as `visible`.
    """
    found = await visible(uow, fulfillment_order_id=fulfillment_order_id)
    order = await orders.lock(uow, order_id=found.order_id)
    return Locked(order, await lock_of_order(uow, fulfillment_order_id=found.id))


async def lock_of_order(uow: UnitOfWork, *, fulfillment_order_id: FulfillmentOrderId) -> Work:
    """Lock work whose order the caller has locked."""
    header = await queries.lock_fulfillment_order(uow, fulfillment_order_id=fulfillment_order_id)
    if header is None:
        raise BrokenInvariant(f"fulfillment order {fulfillment_order_id} is gone")
    return Work(header, tuple(await queries.list_lines(uow, fulfillment_order_ids=[fulfillment_order_id])))


async def write(uow: UnitOfWork, before: Work, now: Work, *actions: str) -> Work:
    """Write lines that changed, and the state that `actions` lead to. Emits FulfillmentOrderMoved.

    Raises: IllegalTransition.
    """
    known = {line.id: line for line in before.lines}
    changed = [line for line in now.lines if line != known[line.id]]
    if changed:
        await queries.update_lines(uow, lines=changed)
    status = before.header.status
    for action in actions:
        after = FULFILLMENT_ORDER.next(status, action)
        if after is not status:
            uow.moved(KIND, before.header.id, before=status.value, after=after.value, action=action)
        status = after
    await queries.update_statuses(uow, statuses={before.header.id: status})
    told(uow, before.header, status)
    return replace(now, header=replace(now.header, status=status, updated_at=uow.now))


def told(uow: UnitOfWork, header: FulfillmentOrder, status: FulfillmentOrderStatus) -> None:
    """Tell that work changed."""
    uow.emit(
        FulfillmentOrderMoved(
            fulfillment_order_id=header.id,
            order_id=header.order_id,
            location_id=header.location_id,
            status=status.value,
        )
    )


def units_of(work: Work, quantities: Mapping[FulfillmentOrderLineId, int]) -> list[Units]:
    """Say which stock these units of work are."""
    return [
        Units(line.order_line_id, line.variant_id, work.header.location_id, quantities[line.id])
        for line in work.lines
        if quantities.get(line.id)
    ]


def per_order_line(work: Work, quantities: Mapping[FulfillmentOrderLineId, int]) -> dict[OrderLineId, int]:
    """Say which units of the order these units of work are."""
    return {line.order_line_id: quantities[line.id] for line in work.lines if quantities.get(line.id)}


def named(work: Work, quantities: Mapping[FulfillmentOrderLineId, int]) -> list[tuple[FulfillmentOrderLine, int]]:
    """Pair lines with their units, in the order of lines."""
    return [(line, quantities[line.id]) for line in work.lines if quantities.get(line.id)]
