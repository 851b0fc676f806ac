"""What an order owes, apart from the money that moves for it: goods are charged, and credited when they come back.

A charge, and a refund, names its lines with their money, so that an invoice, or a credit note, can be written of it. Both are
settled by money that moves; where an order owes for some goods and is owed for others, and no money can move, by each other.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.channels.states import CaptureAt, CaptureDelivery, RefundSequence
from app.kernel.ids import OrderId, OrderLineId
from app.orders.rules import OrderDelivery, OrderLine, OrderWithLines
from app.payments.states import ChargeCause


class ChargedKind(StrEnum):
    """What a line of a charge or refund is for."""

    LINE = "LINE"
    """Units of a line of the order."""
    DELIVERY = "DELIVERY"
    """A delivery of the order."""


@dataclass(frozen=True, slots=True)
class Charged:
    """Units of an order line, or a delivery, and what they are charged or credited with; tax is part of the amount."""

    kind: ChargedKind
    id: UUID
    units: int
    amount_minor: int
    tax_minor: int

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Charged":
        """Read it as it is kept."""
        return cls(
            ChargedKind(value["kind"]), UUID(value["id"]), value["units"], value["amount_minor"], value["tax_minor"]
        )


@dataclass(frozen=True, slots=True)
class Charge:
    """Goods of an order that were charged, and how much of that has been paid.

    `capturing_minor` is being asked for; `waived_minor` is settled against a refund.
    """

    id: UUID
    order_id: OrderId
    cause: ChargeCause
    amount_minor: int
    waived_minor: int
    lines: tuple[Charged, ...]
    requested_at: datetime
    captured_minor: int
    capturing_minor: int

    @property
    def missing(self) -> int:
        """What is owed of it and not being asked for."""
        return self.amount_minor - self.waived_minor - self.captured_minor - self.capturing_minor

    @property
    def is_settled(self) -> bool:
        """Say whether nothing of it is owed any more."""
        return self.captured_minor + self.waived_minor == self.amount_minor


@dataclass(frozen=True, slots=True)
class Refund:
    """Money that an order's customer is to have back, and how much of it they were given.

    `refunding_minor` is being asked for; `waived_minor` is settled against a charge. In its `sequence` tenders are given their
    money back.
    """

    id: UUID
    order_id: OrderId
    cause_id: UUID
    reason: str
    amount_minor: int
    waived_minor: int
    to_store_credit: bool
    sequence: RefundSequence
    lines: tuple[Charged, ...]
    requested_at: datetime
    refunded_minor: int
    refunding_minor: int

    @property
    def missing(self) -> int:
        """What the customer is owed of it and no gateway is being asked for."""
        return self.amount_minor - self.waived_minor - self.refunded_minor - self.refunding_minor

    @property
    def is_settled(self) -> bool:
        """Say whether nothing of it is owed any more."""
        return self.refunded_minor + self.waived_minor == self.amount_minor


Units = Mapping[OrderLineId, int]


def charged_units(charges: Iterable[Charge]) -> dict[UUID, int]:
    """Say how many units of each line were charged; a delivery that was counts one."""
    units: dict[UUID, int] = {}
    for charge in charges:
        for part in charge.lines:
            units[part.id] = units.get(part.id, 0) + part.units
    return units


def chargeable(order: OrderWithLines, *, delivered: Units | None = None) -> dict[OrderLineId, int]:
    """Say how many units of each line are to be charged by now, as the order was placed to be.

    `delivered` are units that have reached their customer, for an order that is charged at hand-over.
    """
    match order.order.capture_at:
        case CaptureAt.PLACEMENT:
            return {line.id: line.remaining for line in order.lines}
        case CaptureAt.HAND_OVER if delivered is not None:
            return {line.id: min(delivered.get(line.id, 0), line.fulfilled) for line in order.lines}
        case CaptureAt.SHIPMENT | CaptureAt.HAND_OVER:
            return {line.id: line.fulfilled for line in order.lines}


def due(order: OrderWithLines, charges: Sequence[Charge], units: Units) -> list[Charged]:
    """List what is to be charged now, when so many units of each line are to be charged in all.

    Units that were charged stay charged. A delivery is charged once, with the first of its units that are, or with the last.
    """
    before = charged_units(charges)
    by_now = {line.id: max(units.get(line.id, 0), before.get(line.id, 0)) for line in order.lines}
    lines = [
        Charged(
            ChargedKind.LINE,
            line.id,
            by_now[line.id] - before.get(line.id, 0),
            line.value(by_now[line.id]) - line.value(before.get(line.id, 0)),
            line.tax_of(by_now[line.id]) - line.tax_of(before.get(line.id, 0)),
        )
        for line in order.lines
        if by_now[line.id] > before.get(line.id, 0)
    ]
    deliveries = [
        Charged(ChargedKind.DELIVERY, delivery.id, 1, delivery.total_minor, delivery.tax_minor)
        for delivery in order.deliveries
        if delivery.id not in before and _brought_along(order, delivery, by_now)
    ]
    return [*lines, *deliveries]


def uncharged(order: OrderWithLines, charges: Sequence[Charge]) -> int:
    """Say what is still to be charged of an order, in minor units, if nothing more of it is cancelled."""
    return sum(part.amount_minor for part in due(order, charges, {line.id: line.remaining for line in order.lines}))


def overcharged(before: OrderWithLines, after: OrderWithLines, charges: Sequence[Charge]) -> list[Charged]:
    """List what was charged of units that a cancellation has just ended, and of deliveries that have nothing left."""
    charged = charged_units(charges)
    lines = []
    for was, line in zip(before.lines, after.lines, strict=True):
        last, first = min(charged.get(line.id, 0), was.remaining), line.remaining
        if last > first:
            lines.append(
                Charged(
                    ChargedKind.LINE,
                    line.id,
                    last - first,
                    line.value(last) - line.value(first),
                    line.tax_of(last) - line.tax_of(first),
                )
            )
    deliveries = [
        Charged(ChargedKind.DELIVERY, delivery.id, 1, delivery.total_minor, delivery.tax_minor)
        for delivery in after.deliveries
        if delivery.id in charged and _remaining(before, delivery) and not _remaining(after, delivery)
    ]
    return [*lines, *deliveries]


def _brought_along(order: OrderWithLines, delivery: OrderDelivery, units: Units) -> bool:
    lines = lines_of(order, delivery)
    if order.order.capture_delivery is CaptureDelivery.FIRST:
        return any(units[line.id] for line in lines)
    return any(units[line.id] for line in lines) and all(units[line.id] >= line.remaining for line in lines)


def _remaining(order: OrderWithLines, delivery: OrderDelivery) -> int:
    return sum(line.remaining for line in lines_of(order, delivery))


def lines_of(order: OrderWithLines, delivery: OrderDelivery) -> list[OrderLine]:
    """List the lines of an order that a delivery brings."""
    return [line for line in order.lines if line.delivery is delivery.method and line.store_id == delivery.store_id]


def waivers(charges: Sequence[Charge], refunds: Sequence[Refund]) -> tuple[dict[UUID, int], dict[UUID, int]]:
    """Settle what an order owes against what it is owed, where no money can move for either; earlier ones first.

    Answers how much of which charge, and of which refund.
    """
    owed = sum(charge.missing for charge in charges)
    amount = min(owed, sum(refund.missing for refund in refunds))
    return _first(charges, amount), _first(refunds, amount)


def _first(parts: Sequence[Charge] | Sequence[Refund], amount: int) -> dict[UUID, int]:
    taken: dict[UUID, int] = {}
    for part in parts:
        share = min(part.missing, amount)
        if share:
            taken[part.id] = share
            amount -= share
    return taken
