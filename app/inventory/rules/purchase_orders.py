"""What a purchase order is: lines that are announced, and its state, which follows from what came of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from app.inventory.errors import WouldOversell
from app.inventory.rules.supply import Supply
from app.inventory.states import PURCHASE_ORDER, Bucket, PurchaseOrderStatus
from app.kernel.errors import Conflict, Invalid, NotFound, QuantityExceeded
from app.kernel.ids import LocationId, PurchaseOrderId

#: Of one line, announced or received at once.
MOST_UNITS = 1_000_000
MOST_LINES = 1_000
_LONGEST_TEXT = 100
_LONGEST_NOTE = 500


@dataclass(frozen=True, slots=True)
class PurchaseOrder:
    """What a supplier is to deliver to one location."""

    id: PurchaseOrderId
    number: str
    supplier: str
    location_id: LocationId
    status: PurchaseOrderStatus
    note: str | None
    created_at: datetime
    updated_at: datetime

    @property
    def is_open(self) -> bool:
        """Say whether anything may still come of it."""
        return bool(PURCHASE_ORDER.actions(self.status))


@dataclass(frozen=True, slots=True)
class AnnouncedLine:
    """Units of a variant that a supplier announces, by when, and how many may be promised before they come.

    None leaves what is in force, which is nothing for a new line.
    """

    variant_id: UUID
    expected: int
    expected_at: datetime | None
    sold_ahead: int | None = None


@dataclass(frozen=True, slots=True)
class AnnouncedOrder:
    """A purchase order as somebody writes it. Lines that are not named stay as they are."""

    number: str
    supplier: str
    location_id: LocationId
    lines: tuple[AnnouncedLine, ...]
    note: str | None = None


@dataclass(frozen=True, slots=True)
class ReceivedLine:
    """Units of a variant that were unloaded, and the bucket they went into."""

    variant_id: UUID
    quantity: int
    bucket: Bucket = Bucket.SELLABLE


@dataclass(frozen=True, slots=True)
class BackorderLimit:
    """How many units of a level may be ordered beyond what is there; None ends it."""

    variant_id: UUID
    location_id: LocationId
    limit: int | None


def checked(order: AnnouncedOrder) -> AnnouncedOrder:
    """Tidy what somebody wrote.

    Raises: Invalid naming the field at fault.
    """
    if len(order.lines) > MOST_LINES:
        raise Invalid(f"at most {MOST_LINES} lines", field=("lines",))
    seen: set[UUID] = set()
    for i, line in enumerate(order.lines):
        if line.variant_id in seen:
            raise Invalid("this variant was named twice", field=("lines", str(i), "variantId"))
        seen.add(line.variant_id)
        for name, units in (("expected", line.expected), ("soldAhead", line.sold_ahead)):
            if units is not None and not 0 <= units <= MOST_UNITS:
                raise Invalid(f"from 0 to {MOST_UNITS}", field=("lines", str(i), name))
    return AnnouncedOrder(
        number=_text(order.number, "number", longest=_LONGEST_TEXT),
        supplier=_text(order.supplier, "supplier", longest=_LONGEST_TEXT),
        location_id=order.location_id,
        lines=order.lines,
        note=None if order.note is None else _text(order.note, "note", longest=_LONGEST_NOTE, least=0) or None,
    )


def announced(order: AnnouncedOrder, known: PurchaseOrder | None, supplies: Sequence[Supply]) -> list[AnnouncedLine]:
    """Say which lines differ from what is known of them.

    Raises: Conflict for an order that goes elsewhere; Invalid for a new line without units; QuantityExceeded below what
    came; WouldOversell below what customers were promised.
    """
    if known is not None and known.location_id != order.location_id:
        raise Conflict("a purchase order of this number goes to another location", field=("locationId",))
    before = {supply.variant_id: supply for supply in supplies}
    changed: list[AnnouncedLine] = []
    for i, written in enumerate(order.lines):
        supply = before.get(written.variant_id)
        if supply is None:
            if written.expected < 1:
                raise Invalid("at least 1", field=("lines", str(i), "expected"))
            changed.append(replace(written, sold_ahead=written.sold_ahead or 0))
            continue
        sold_ahead = supply.sold_ahead if written.sold_ahead is None else written.sold_ahead
        line = replace(written, sold_ahead=sold_ahead)
        if (line.expected, line.expected_at, line.sold_ahead) == (
            supply.expected,
            supply.expected_at,
            supply.sold_ahead,
        ):
            continue
        if line.expected < supply.expected and line.expected < supply.received + supply.lost:
            raise QuantityExceeded(f"{supply.received} have come", field=("lines", str(i), "expected"))
        if line.expected < supply.expected and line.expected - supply.received - supply.lost < supply.reserved:
            raise WouldOversell(f"{supply.reserved} are promised to customers", field=("lines", str(i), "expected"))
        if sold_ahead < supply.reserved:
            raise WouldOversell(f"{supply.reserved} are promised to customers", field=("lines", str(i), "soldAhead"))
        changed.append(line)
    return changed


def is_later(before: datetime | None, now: datetime | None) -> bool:
    """Say whether a date slips: a later one, or none where there was one."""
    return before is not None and (now is None or now > before)


def unloaded(lines: Sequence[ReceivedLine], supplies: Mapping[UUID, Supply]) -> dict[UUID, dict[Bucket, int]]:
    """Say how many units came of each supply, by bucket. More than announced is taken in too.

    Raises: NotFound and Invalid naming the line at fault.
    """
    if not lines:
        raise Invalid("name at least one line", field=("lines",))
    if len(lines) > MOST_LINES:
        raise Invalid(f"at most {MOST_LINES} lines", field=("lines",))
    units: dict[UUID, dict[Bucket, int]] = {}
    for i, line in enumerate(lines):
        if line.variant_id not in supplies:
            raise NotFound("this variant is not on the purchase order", field=("lines", str(i), "variantId"))
        if not 1 <= line.quantity <= MOST_UNITS:
            raise Invalid(f"from 1 to {MOST_UNITS}", field=("lines", str(i), "quantity"))
        buckets = units.setdefault(supplies[line.variant_id].id, {})
        if line.bucket in buckets:
            raise Invalid("this variant was named twice for the same bucket", field=("lines", str(i), "bucket"))
        buckets[line.bucket] = line.quantity
    return units


def action_after(supplies: Sequence[Supply]) -> str | None:
    """Say which move a purchase order makes once its lines are these; None while nothing came and all may come."""
    came = any(supply.received for supply in supplies)
    if any(supply.outstanding for supply in supplies):
        return "receivePart" if came else None
    if any(supply.lost for supply in supplies):
        return "close" if came else "cancel"
    return "receiveAll" if came else "cancel"


def next_actions(order: PurchaseOrder) -> list[str]:
    """Say which mutations an order allows in its state."""
    actions = ["purchaseOrderPut", "purchaseOrderReceive"] if order.is_open else []
    if PURCHASE_ORDER.allows(order.status, "close"):
        actions.append("purchaseOrderClose")
    if PURCHASE_ORDER.allows(order.status, "cancel"):
        actions.append("purchaseOrderCancel")
    return actions


def checked_limits(limits: Sequence[BackorderLimit]) -> None:
    """Refuse limits that make no sense.

    Raises: Invalid naming the line at fault.
    """
    if not 1 <= len(limits) <= MOST_LINES:
        raise Invalid(f"from 1 to {MOST_LINES} lines", field=("lines",))
    seen: set[tuple[UUID, UUID]] = set()
    for i, line in enumerate(limits):
        if (line.variant_id, line.location_id) in seen:
            raise Invalid("this level was named twice", field=("lines", str(i)))
        seen.add((line.variant_id, line.location_id))
        if line.limit is not None and not 0 <= line.limit <= MOST_UNITS:
            raise Invalid(f"from 0 to {MOST_UNITS}", field=("lines", str(i), "limit"))


def _text(text: str, field: str, *, longest: int, least: int = 1) -> str:
    tidy = " ".join(text.split())
    if not least <= len(tidy) <= longest:
        raise Invalid(f"from {least} to {longest} characters", field=(field,))
    return tidy
