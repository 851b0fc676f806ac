"""What the work of one location is, without a database: its lines, what each step may still take, and what is left.

Units go one way: picked off the shelf, packed, fulfilled. Rejected and cancelled units leave the work; when they had
been picked already they go back to the shelf, so a line never counts more units picked than it has left to deliver.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app.delivery.states import DeliveryMethod
from app.fulfillment.errors import NothingToDo
from app.fulfillment.states import FINISHED, FULFILLMENT_ORDER, FulfillmentOrderStatus, RejectionReason, ShipmentStatus
from app.kernel.errors import Invalid, NotFound, QuantityExceeded
from app.kernel.ids import (
    FulfillmentOrderId,
    FulfillmentOrderLineId,
    LocationId,
    OrderId,
    OrderLineId,
    ShipmentId,
    VariantId,
)


@dataclass(frozen=True, slots=True)
class FulfillmentOrder:
    """Work for one location by one delivery method."""

    id: FulfillmentOrderId
    number: str
    order_id: OrderId
    location_id: LocationId
    predecessor_id: FulfillmentOrderId | None
    method: DeliveryMethod
    status: FulfillmentOrderStatus
    rejection_reason: RejectionReason | None
    note: str | None
    due_at: datetime
    created_at: datetime
    updated_at: datetime

    @property
    def order_number(self) -> str:
        """The number of the order, which the work's own number begins with."""
        return self.number.rpartition("-")[0]


@dataclass(frozen=True, slots=True)
class FulfillmentOrderLine:
    """Units of one order line that one location has to deliver, and how far they have got."""

    id: FulfillmentOrderLineId
    fulfillment_order_id: FulfillmentOrderId
    order_line_id: OrderLineId
    variant_id: VariantId
    sku: str
    product_name: str
    quantity: int
    picked: int
    packed: int
    fulfilled: int
    rejected: int
    cancelled: int

    @property
    def left(self) -> int:
        """Units that this location delivers: those it was given, without the rejected and the cancelled."""
        return self.quantity - self.rejected - self.cancelled

    @property
    def to_pick(self) -> int:
        """Units still on the shelf."""
        return self.left - self.picked

    @property
    def to_pack(self) -> int:
        """Units off the shelf and not yet in a parcel."""
        return self.picked - self.packed

    @property
    def to_hand_on(self) -> int:
        """Units packed that have not left."""
        return self.packed - self.fulfilled

    @property
    def open(self) -> int:
        """Units that have not left."""
        return self.left - self.fulfilled


@dataclass(frozen=True, slots=True)
class Work:
    """A fulfillment order with its lines."""

    header: FulfillmentOrder
    lines: tuple[FulfillmentOrderLine, ...]

    def changed(self, changed: Mapping[FulfillmentOrderLineId, FulfillmentOrderLine]) -> "Work":
        """Answer the work with some of its lines replaced."""
        return replace(self, lines=tuple(changed.get(line.id, line) for line in self.lines))


@dataclass(frozen=True, slots=True)
class LineQuantity:
    """Units of one line of a fulfillment order that a step is about."""

    line_id: FulfillmentOrderLineId
    quantity: int


@dataclass(frozen=True, slots=True)
class Allocation:
    """Units of an order line that a location will deliver, as the sourcing plan said."""

    order_line_id: OrderLineId
    variant_id: VariantId
    sku: str
    product_name: str
    location_id: LocationId
    quantity: int
    method: DeliveryMethod


@dataclass(frozen=True, slots=True)
class Shipment:
    """Goods that left together with a carrier."""

    id: ShipmentId
    fulfillment_order_id: FulfillmentOrderId
    carrier: str | None
    tracking_number: str | None
    tracking_url: str | None
    status: ShipmentStatus
    shipped_at: datetime
    delivered_at: datetime | None


Quantities = dict[FulfillmentOrderLineId, int]

_LONGEST_TEXT = 100
_TRACKING_PAGES = {
    "dhl": "https://www.dhl.com/global-en/home/tracking.html?tracking-id=",
    "dpd": "https://tracking.dpd.de/status/en_US/parcel/",
    "fedex": "https://www.fedex.com/fedextrack/?trknbr=",
    "gls": "https://gls-group.com/track/",
    "ups": "https://www.ups.com/track?tracknum=",
    "usps": "https://tools.usps.com/go/TrackConfirmAction?tLabels=",
}


def asked(
    work: Work,
    lines: Sequence[LineQuantity] | None,
    limit: Callable[[FulfillmentOrderLine], int],
    *,
    least: int = 1,
) -> Quantities:
    """Say how many units of which lines a step takes: those named, or all that it can when none are.

    Raises: NothingToDo when it can take none; NotFound, Invalid and QuantityExceeded naming the line at fault.
    """
    limits = {line.id: limit(line) for line in work.lines}
    if not any(limits.values()):
        raise NothingToDo("there is nothing left that this could be done to")
    if lines is None:
        return {line_id: units for line_id, units in limits.items() if units}
    if not lines:
        raise Invalid("name at least one line, or leave the lines out to mean all", field=("lines",))
    quantities: Quantities = {}
    for i, line in enumerate(lines):
        if line.line_id not in limits:
            raise NotFound("no such line in this work", field=("lines", str(i), "fulfillmentOrderLineId"))
        if line.line_id in quantities:
            raise Invalid("this line was named twice", field=("lines", str(i), "fulfillmentOrderLineId"))
        if line.quantity < least:
            raise Invalid(f"at least {least}", field=("lines", str(i), "quantity"))
        if line.quantity > limits[line.line_id]:
            raise QuantityExceeded(f"at most {limits[line.line_id]}", field=("lines", str(i), "quantity"))
        quantities[line.line_id] = line.quantity
    return quantities


def picked(line: FulfillmentOrderLine, units: int) -> FulfillmentOrderLine:
    """Take units off the shelf; what was to be picked and is not there is rejected."""
    return replace(line, picked=line.picked + units, rejected=line.rejected + line.to_pick - units)


def packed(line: FulfillmentOrderLine, units: int) -> FulfillmentOrderLine:
    """Put units in a parcel."""
    return replace(line, packed=line.packed + units)


def fulfilled(line: FulfillmentOrderLine, units: int) -> FulfillmentOrderLine:
    """Let units leave."""
    return replace(line, fulfilled=line.fulfilled + units)


def rejected(line: FulfillmentOrderLine, units: int) -> FulfillmentOrderLine:
    """Give units back that this location will not deliver; those still on the shelf first."""
    return _shelved(replace(line, rejected=line.rejected + units))


def cancelled(line: FulfillmentOrderLine, units: int) -> FulfillmentOrderLine:
    """Give units back that nobody wants any more; those still on the shelf first."""
    return _shelved(replace(line, cancelled=line.cancelled + units))


def _shelved(line: FulfillmentOrderLine) -> FulfillmentOrderLine:
    return replace(line, picked=min(line.picked, line.left), packed=min(line.packed, line.left))


def all_open(line: FulfillmentOrderLine) -> int:
    """Say how many units of a line have not left; all of them may be rejected or cancelled."""
    return line.open


def unpacked(line: FulfillmentOrderLine) -> int:
    """Say how many units of a line are not in a parcel; those may still be sent from elsewhere."""
    return line.left - line.packed


def rejects(work: Work, quantities: Mapping[FulfillmentOrderLineId, int]) -> Work:
    """Take units off work that its location does not have."""
    return work.changed(
        {line.id: rejected(line, quantities[line.id]) for line in work.lines if quantities.get(line.id)}
    )


def is_empty(lines: Iterable[FulfillmentOrderLine]) -> bool:
    """Say whether nothing of the work is left to this location."""
    return all(line.left == 0 for line in lines)


def is_fulfilled(lines: Iterable[FulfillmentOrderLine]) -> bool:
    """Say whether everything that the location delivers has left."""
    return all(line.open == 0 for line in lines)


def is_packed(lines: Iterable[FulfillmentOrderLine]) -> bool:
    """Say whether everything that the location delivers is in a parcel."""
    return all(line.to_pick == 0 and line.to_pack == 0 for line in lines)


def rejects_everything(work: Work, lines: Sequence[LineQuantity] | None) -> bool:
    """Say whether rejecting these lines would leave nothing of the work."""
    return _leaves_nothing(work, asked(work, lines, all_open), rejected)


def picks_nothing(work: Work, lines: Sequence[LineQuantity] | None) -> bool:
    """Say whether a pick of so little would leave nothing of the work."""
    return _leaves_nothing(work, asked(work, lines, lambda line: line.to_pick, least=0), picked)


def _leaves_nothing(
    work: Work, quantities: Quantities, rule: Callable[[FulfillmentOrderLine, int], FulfillmentOrderLine]
) -> bool:
    return is_empty(rule(line, quantities[line.id]) if line.id in quantities else line for line in work.lines)


def cuts(
    works: Sequence[Work],
    wanted: Mapping[OrderLineId, int],
    limit: Callable[[FulfillmentOrderLine], int] = all_open,
) -> Quantities:
    """Say which units of open work to take off it, so that as little as possible of what was done is undone.

    Work that is least far along goes first, and of equals the youngest. Units that the work has not are left out.
    """
    order = list(FulfillmentOrderStatus)
    missing = dict(wanted)
    quantities: Quantities = {}
    for work in sorted(works, key=lambda work: (order.index(work.header.status), -work.header.id.int)):
        if work.header.status in FINISHED:
            continue
        for line in work.lines:
            units = min(limit(line), missing.get(line.order_line_id, 0))
            if units:
                quantities[line.id] = units
                missing[line.order_line_id] -= units
    return quantities


def described(lines: Iterable[tuple[FulfillmentOrderLine, int]]) -> str:
    """Name units for people: `2 × Mug, 1 × Bowl`."""
    return ", ".join(f"{units} × {line.product_name}" for line, units in lines if units)


def short_text(text: str | None, *, field: str, longest: int = _LONGEST_TEXT) -> str | None:
    """Tidy a text that a person typed.

    Raises: Invalid when it is too long.
    """
    tidy = " ".join(text.split()) if text else ""
    if len(tidy) > longest:
        raise Invalid(f"at most {longest} characters", field=(field,))
    return tidy or None


def tracking_url(carrier: str | None, tracking_number: str | None) -> str | None:
    """Say where a customer follows a parcel; None for carriers that we do not know and numbers that are none."""
    if not carrier or not tracking_number or not tracking_number.isalnum() or not tracking_number.isascii():
        return None
    page = _TRACKING_PAGES.get(carrier.lower().split()[0])
    return None if page is None else page + tracking_number


def cancels_everything(work: Work, quantities: Mapping[FulfillmentOrderLineId, int]) -> bool:
    """Say whether cancelling these units would leave nothing of the work."""
    return is_empty(cancelled(line, quantities[line.id]) if line.id in quantities else line for line in work.lines)


def next_steps(work: Work) -> list[str]:
    """Name the mutations that the state of work and the units of its lines allow now, whoever asks."""
    own = {
        "fulfillmentOrderReady": work.header.method is DeliveryMethod.PICKUP,
        "fulfillmentOrderShip": work.header.method is DeliveryMethod.SHIPPING
        and any(line.to_hand_on for line in work.lines),
        "fulfillmentOrderPick": any(line.to_pick for line in work.lines),
        "fulfillmentOrderPack": any(line.to_pack for line in work.lines),
        # These two are what orderCancel and a cancelled remainder lead to, no steps of their own.
        "cancel": False,
        "close": False,
    }
    return [action for action in FULFILLMENT_ORDER.actions(work.header.status) if own.get(action, True)]
