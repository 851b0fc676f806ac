"""What may still be cancelled of an order, without a database."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from app.fulfillment.rules import Quantities, Work
from app.kernel.errors import Invalid, NotFound, QuantityExceeded
from app.kernel.ids import OrderLineId
from app.orders.rules import OrderWithLines
from app.servicing.errors import NothingToCancel


@dataclass(frozen=True, slots=True)
class OrderLineQuantity:
    """Units of one order line."""

    order_line_id: OrderLineId
    quantity: int


def cancellable(order: OrderWithLines, lines: Sequence[OrderLineQuantity] | None) -> dict[OrderLineId, int]:
    """Say which units are to be cancelled: those named, or all that have not left when none are.

    Raises: NothingToCancel; NotFound, Invalid and QuantityExceeded naming the line at fault.
    """
    limits = {line.id: line.cancellable for line in order.lines}
    if not any(limits.values()):
        raise NothingToCancel("everything has left or was cancelled before", field=("orderId",))
    if lines is None:
        return {line_id: units for line_id, units in limits.items() if units}
    if not lines:
        raise Invalid("name at least one line, or leave the lines out to mean all", field=("lines",))
    wanted: dict[OrderLineId, int] = {}
    for i, line in enumerate(lines):
        if line.order_line_id not in limits:
            raise NotFound("no such line in this order", field=("lines", str(i), "orderLineId"))
        if line.order_line_id in wanted:
            raise Invalid("this line was named twice", field=("lines", str(i), "orderLineId"))
        if line.quantity < 1:
            raise Invalid("at least 1", field=("lines", str(i), "quantity"))
        if line.quantity > limits[line.order_line_id]:
            raise QuantityExceeded(
                f"at most {limits[line.order_line_id]} have not left", field=("lines", str(i), "quantity")
            )
        wanted[line.order_line_id] = line.quantity
    return wanted


def cut_from_work(order: OrderWithLines, wanted: dict[OrderLineId, int]) -> dict[OrderLineId, int]:
    """Say which of the cancelled units stand in work: those beyond what waits or is on backorder, which goes first."""
    standing: dict[OrderLineId, int] = {}
    for line in order.lines:
        units = wanted.get(line.id, 0) - line.unallocated - line.backordered
        if units > 0:
            standing[line.id] = units
    return standing


def waited_for(before: OrderWithLines, after: OrderWithLines) -> dict[OrderLineId, int]:
    """Say which of the cancelled units waited for supply."""
    now = {line.id: line.backordered for line in after.lines}
    return {line.id: line.backordered - now[line.id] for line in before.lines if line.backordered > now[line.id]}


def levels_of(works: Sequence[Work], cuts: Quantities) -> list[tuple[UUID, UUID]]:
    """Name the levels whose units are free again once work was cut."""
    return sorted(
        {(line.variant_id, work.header.location_id) for work in works for line in work.lines if cuts.get(line.id)}
    )
