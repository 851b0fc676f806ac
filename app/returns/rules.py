"""Returns without a database: what may come back, what a receipt counts, and what is given back for it.

Money is only ever a share of what stands on the order's lines, taken in the order in which units come back: the k-th
unit of a line to return is worth what `OrderLine.value` says between k - 1 and k, so that steps add up to the line.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from app.delivery.states import DeliveryMethod
from app.fulfillment.rules import FulfillmentOrder, Shipment
from app.fulfillment.states import FulfillmentOrderStatus
from app.kernel.actor import Actor
from app.kernel.errors import Invalid, NotFound, QuantityExceeded
from app.kernel.ids import LocationId, OrderId, OrderLineId, ReturnId, ReturnLineId, VariantId
from app.kernel.permissions import Permission
from app.orders.rules import OrderDelivery, OrderLine, OrderWithLines
from app.returns.errors import ReturnNotAllowed
from app.returns.states import RETURN, Disposition, RefundMethod, ReturnReason, ReturnStatus

LONGEST_TEXT = 500
_USED = "a gift card that was paid with cannot be given back"

Units = Mapping[OrderLineId, int]


@dataclass(frozen=True, slots=True)
class Return:
    """The header of a return. The refund is what will be given back, and once it is closed what is."""

    id: ReturnId
    number: str
    order_id: OrderId
    status: ReturnStatus
    refund_method: RefundMethod
    decline_reason: str | None
    currency: str
    refund_lines_minor: int
    refund_tax_minor: int
    refund_delivery_minor: int
    refund_total_minor: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ReturnLine:
    """Units of one order line that are to come back, what came, and what the accepted ones were paid with."""

    id: ReturnLineId
    return_id: ReturnId
    order_line_id: OrderLineId
    variant_id: VariantId
    quantity: int
    reason: ReturnReason
    note: str | None
    received: int
    accepted: int
    refund_minor: int
    refund_tax_minor: int

    @property
    def open(self) -> int:
        """Units that have not come yet."""
        return self.quantity - self.received


@dataclass(frozen=True, slots=True)
class ReturnReceipt:
    """Units counted in at a location, and where they went. What was not accepted went nowhere."""

    id: UUID
    return_line_id: ReturnLineId
    location_id: LocationId
    quantity: int
    accepted: bool
    disposition: Disposition | None
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ReturnWithLines:
    """A return with its lines."""

    header: Return
    lines: tuple[ReturnLine, ...]

    @property
    def open_units(self) -> dict[OrderLineId, int]:
        """Units that have not come yet, by order line."""
        return {line.order_line_id: line.open for line in self.lines if line.open}


@dataclass(frozen=True, slots=True)
class RequestedLine:
    """Units of an order line that somebody wants to give back, and why."""

    order_line_id: OrderLineId
    quantity: int
    reason: ReturnReason
    note: str | None = None


@dataclass(frozen=True, slots=True)
class CountedLine:
    """Units of a return line that were counted in. `disposition` is where they go if they are accepted."""

    return_line_id: ReturnLineId
    quantity: int
    accepted: bool = True
    disposition: Disposition = Disposition.RESTOCK


@dataclass(frozen=True, slots=True)
class Refund:
    """What is given back. Tax is within `lines_minor` and `delivery_minor`, whether prices showed it or not."""

    lines_minor: int = 0
    tax_minor: int = 0
    delivery_minor: int = 0

    @property
    def total_minor(self) -> int:
        """All of it; nothing is kept back for fees."""
        return self.lines_minor + self.delivery_minor

    def __add__(self, other: "Refund") -> "Refund":
        return Refund(
            self.lines_minor + other.lines_minor,
            self.tax_minor + other.tax_minor,
            self.delivery_minor + other.delivery_minor,
        )


@dataclass(frozen=True, slots=True)
class Draft:
    """A return that may be made: its lines, and what would be given back."""

    lines: tuple[RequestedLine, ...]
    refund: Refund

    @property
    def units(self) -> dict[OrderLineId, int]:
        """Units that are to come back, by order line."""
        return {line.order_line_id: line.quantity for line in self.lines}


def refuse_method(method: RefundMethod, *, order: OrderWithLines) -> None:
    """Refuse a way of giving money back that cannot be.

    Raises: ReturnNotAllowed.
    """
    if method is RefundMethod.STORE_CREDIT and order.order.customer_id is None:
        raise ReturnNotAllowed("store credit is for customers; this order is a guest's", field=("refundMethod",))


def draft(order: OrderWithLines, asked: Sequence[RequestedLine], *, pending: Units) -> Draft:
    """Work out the return of some lines: who asks and who only wants to know get the same answer.

    `pending` are units that other returns still expect. Raises: see `requested`.
    """
    lines = requested(order, asked, pending=pending)
    units = {line.order_line_id: line.quantity for line in lines}
    return Draft(lines=lines, refund=refund_expected(order, units, pending=pending))


def requested(order: OrderWithLines, asked: Sequence[RequestedLine], *, pending: Units) -> tuple[RequestedLine, ...]:
    """Check what is to come back; a line named several times counts once, with all its units and its first reason.

    Raises, naming the line: Invalid; NotFound; ReturnNotAllowed when the customer has none of its units, or none that are
    not back or on their way; QuantityExceeded when they have fewer.
    """
    if not asked:
        raise Invalid("name at least one line", field=("lines",))
    lines: dict[OrderLineId, RequestedLine] = {}
    for i, wanted in enumerate(asked):
        at = ("lines", str(i))
        if wanted.quantity < 1:
            raise Invalid("at least 1", field=(*at, "quantity"))
        note = short_text(wanted.note, field=(*at, "note"))
        line = order.line(wanted.order_line_id)
        if line is None:
            raise NotFound("no such line in this order", field=(*at, "orderLineId"))
        before = lines.get(line.id)
        units = wanted.quantity + (before.quantity if before else 0)
        _refuse_excess(line, units, returnable=_returnable(line, pending), at=at)
        if before is None:
            lines[line.id] = replace(wanted, note=note)
        else:
            notes = " / ".join(text for text in (before.note, note) if text)
            lines[line.id] = replace(before, quantity=units, note=notes[:LONGEST_TEXT] or None)
    return tuple(lines.values())


def refuse_used_cards(asked: Sequence[RequestedLine], unused: Units) -> None:
    """Refuse gift cards that were paid with. `unused` are units of lines of gift cards that could come back; others may.

    Raises: ReturnNotAllowed naming the line.
    """
    units: dict[OrderLineId, int] = {}
    for i, wanted in enumerate(asked):
        units[wanted.order_line_id] = units.get(wanted.order_line_id, 0) + wanted.quantity
        if units[wanted.order_line_id] > unused.get(wanted.order_line_id, units[wanted.order_line_id]):
            raise ReturnNotAllowed(_USED, field=("lines", str(i), "orderLineId"))


def refuse_used_cards_counted(found: ReturnWithLines, asked: Sequence[CountedLine], unused: Units) -> None:
    """Refuse to accept gift cards that were paid with, as `refuse_used_cards` does.

    Raises: ReturnNotAllowed naming the line.
    """
    sold_with = {line.id: line.order_line_id for line in found.lines}
    units: dict[OrderLineId, int] = {}
    for i, part in enumerate(asked):
        line_id = sold_with[part.return_line_id]
        units[line_id] = units.get(line_id, 0) + (part.quantity if part.accepted else 0)
        if units[line_id] > unused.get(line_id, units[line_id]):
            raise ReturnNotAllowed(_USED, field=("lines", str(i), "returnLineId"))


def _refuse_excess(line: OrderLine, units: int, *, returnable: int, at: tuple[str, str]) -> None:
    if not line.fulfilled:
        raise ReturnNotAllowed("nothing of this line has been handed over yet", field=(*at, "orderLineId"))
    if returnable < 1:
        raise ReturnNotAllowed("all of this line has come back or is on its way", field=(*at, "orderLineId"))
    if units > returnable:
        raise QuantityExceeded(f"at most {returnable} can come back", field=(*at, "quantity"))


def last_left_at(works: Iterable[FulfillmentOrder], shipments: Iterable[Shipment]) -> datetime | None:
    """Say when an order's goods last came to its customer: delivered, or shipped where no carrier tells; else handed over.

    One moment for the whole order, as goods ordered together and delivered apart may all come back until the time of the
    last of them is over. Source: Consumer Contracts Regulations 2013 (UK), regulation 30(4).
    """
    # Work that was handed over or carried out ended with that, and nothing changes work that has ended.
    handed_over = [
        work.updated_at
        for work in works
        if work.status is FulfillmentOrderStatus.FULFILLED and work.method is not DeliveryMethod.SHIPPING
    ]
    shipped = [shipment.delivered_at or shipment.shipped_at for shipment in shipments]
    return max(handed_over + shipped, default=None)


def is_in_time(left_at: datetime | None, *, window_days: int, now: datetime) -> bool:
    """Say whether goods may still come back that the customer has had since `left_at`; None when they have none."""
    return left_at is not None and now < left_at + timedelta(days=window_days)


def refuse_late(left_at: datetime | None, *, window_days: int, now: datetime) -> None:
    """Refuse goods that the customer has had for too long.

    Raises: ReturnNotAllowed.
    """
    if not is_in_time(left_at, window_days=window_days, now=now):
        raise ReturnNotAllowed(f"goods could come back for {window_days} days, which are over", field=("orderId",))


def is_requestable(lines: Iterable[OrderLine], *, pending: Units) -> bool:
    """Say whether the customer has any unit of these lines that is not on its way back."""
    return any(_returnable(line, pending) > 0 for line in lines)


def _returnable(line: OrderLine, pending: Units) -> int:
    return line.fulfilled - line.returned - pending.get(line.id, 0)


def line_refund(line: OrderLine, units: int, *, before: int = 0) -> Refund:
    """Say what the next `units` of a line are worth, when `before` others will have come back by then."""
    first, last = line.returned + before, line.returned + before + units
    return Refund(
        lines_minor=line.value(last) - line.value(first),
        tax_minor=line.tax_of(last) - line.tax_of(first),
    )


def refund_expected(order: OrderWithLines, units: Units, *, pending: Units) -> Refund:
    """Say what will be given back for units that are still to come, after those that others still expect."""
    total = Refund()
    for line in order.lines:
        total += line_refund(line, units.get(line.id, 0), before=pending.get(line.id, 0))
    by_then = {line.id: units.get(line.id, 0) + pending.get(line.id, 0) for line in order.lines}
    return total + delivery_refund(deliveries_completed(order, units, expected=by_then))


def deliveries_completed(
    order: OrderWithLines, units: Collection[OrderLineId], *, expected: Units | None = None
) -> list[OrderDelivery]:
    """List the deliveries that these lines are of, and of which nothing is left with the customer or still to come.

    `expected` are units counted as back that are not yet. The whole cost is given back, also of a dearer delivery than the
    cheapest offered, of which the law asks only that much. Source: Consumer Contracts Regulations 2013 (UK), regulation 34.
    """
    coming = expected or {}

    def is_complete(delivery: OrderDelivery) -> bool:
        lines = _lines_of(order, delivery)
        return any(line.id in units for line in lines) and all(
            not line.cancellable and line.returned + coming.get(line.id, 0) >= line.fulfilled for line in lines
        )

    return [delivery for delivery in order.deliveries if is_complete(delivery)]


def delivery_refund(deliveries: Iterable[OrderDelivery]) -> Refund:
    """Say what is given back for whole deliveries."""
    deliveries = list(deliveries)
    return Refund(
        tax_minor=sum(delivery.tax_minor for delivery in deliveries),
        delivery_minor=sum(delivery.total_minor for delivery in deliveries),
    )


def _lines_of(order: OrderWithLines, delivery: OrderDelivery) -> list[OrderLine]:
    return [line for line in order.lines if line.delivery is delivery.method and line.store_id == delivery.store_id]


def counted(found: ReturnWithLines, order: OrderWithLines, asked: Sequence[CountedLine]) -> tuple[ReturnLine, ...]:
    """Count units in, and fix what the accepted ones were paid with; answers the lines that changed.

    A line may stand several times. Raises, naming the line: Invalid; NotFound; QuantityExceeded.
    """
    if not asked:
        raise Invalid("name at least one line", field=("lines",))
    known = {line.id: line for line in found.lines}
    changed: dict[ReturnLineId, ReturnLine] = {}
    for i, part in enumerate(asked):
        at = ("lines", str(i))
        line = changed.get(part.return_line_id) or known.get(part.return_line_id)
        if line is None:
            raise NotFound("no such line in this return", field=(*at, "returnLineId"))
        if part.quantity < 1:
            raise Invalid("at least 1", field=(*at, "quantity"))
        if part.quantity > line.open:
            raise QuantityExceeded(f"at most {line.open} are still expected", field=(*at, "quantity"))
        changed[line.id] = replace(
            line,
            received=line.received + part.quantity,
            accepted=line.accepted + (part.quantity if part.accepted else 0),
        )
    return tuple(_paid(line, known[line.id], order) for line in changed.values())


def _paid(line: ReturnLine, before: ReturnLine, order: OrderWithLines) -> ReturnLine:
    """Add what the newly accepted units of a line were paid with."""
    bought = order.line(line.order_line_id)
    if bought is None or line.accepted == before.accepted:
        return line
    refund = line_refund(bought, line.accepted - before.accepted)
    return replace(
        line,
        refund_minor=line.refund_minor + refund.lines_minor,
        refund_tax_minor=line.refund_tax_minor + refund.tax_minor,
    )


def refund_accepted(lines: Iterable[ReturnLine]) -> Refund:
    """Say what the units that were accepted are given back with, without deliveries."""
    lines = list(lines)
    return Refund(
        lines_minor=sum(line.refund_minor for line in lines), tax_minor=sum(line.refund_tax_minor for line in lines)
    )


def is_settled(found: ReturnWithLines, receipts: Iterable[ReturnReceipt]) -> bool:
    """Say whether every unit has come and none waits in QUALITY for somebody to look at it."""
    return not found.open_units and all(receipt.disposition is not Disposition.QUALITY for receipt in receipts)


def disposition_of(receipts: Iterable[ReturnReceipt]) -> Disposition | None:
    """Say where the accepted units of a line went; None when to several places, or none was accepted yet."""
    places = {receipt.disposition for receipt in receipts if receipt.disposition is not None}
    return places.pop() if len(places) == 1 else None


#: What each verb needs.
NEEDED = {
    "returnApprove": Permission.RETURNS_APPROVE,
    "returnDecline": Permission.RETURNS_APPROVE,
    "returnReceive": Permission.RETURNS_RECEIVE,
}


def next_actions(found: ReturnWithLines, actor: Actor) -> list[str]:
    """Name the mutations that would be accepted from this caller now."""
    actions = [
        action for action in RETURN.actions(found.header.status) if action in NEEDED and actor.may(NEEDED[action])
    ]
    cannot_receive = not found.open_units or actor.location_ids == frozenset()
    return [action for action in actions if action != "returnReceive" or not cannot_receive]


def is_approved_at_once(actor: Actor) -> bool:
    """Say whether a return that this caller asks for is approved with that: who may take goods in does so in one visit."""
    return actor.is_staff and (actor.may(Permission.RETURNS_APPROVE) or actor.may(Permission.RETURNS_RECEIVE))


def short_text(text: str | None, *, field: Sequence[str]) -> str | None:
    """Tidy a text that a person typed.

    Raises: Invalid when it is too long.
    """
    tidy = " ".join(text.split()) if text else ""
    if len(tidy) > LONGEST_TEXT:
        raise Invalid(f"at most {LONGEST_TEXT} characters", field=field)
    return tidy or None


def described(order: OrderWithLines, units: Units) -> str:
    """Name units for people: `2 × Mug, 1 × Bowl`."""
    return ", ".join(f"{units[line.id]} × {line.product_name}" for line in order.lines if units.get(line.id))
