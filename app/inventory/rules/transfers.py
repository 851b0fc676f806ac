"""Goods sent from one location to another: what a transfer is, and how far its lines may go."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.inventory.rules.lines import refuse_length, refuse_quantity
from app.inventory.rules.stock import Units
from app.inventory.states import TRANSFER, Bucket, TransferCause, TransferStatus
from app.kernel.actor import Actor
from app.kernel.errors import Invalid, NotFound, QuantityExceeded
from app.kernel.ids import LocationId, TransferId, TransferLineId, VariantId
from app.kernel.permissions import Permission


@dataclass(frozen=True, slots=True)
class Transfer:
    """Goods on their way from one location to another, under a number."""

    id: TransferId
    number: str
    from_location_id: LocationId
    to_location_id: LocationId
    status: TransferStatus
    cause: TransferCause
    note: str | None
    settled_note: str | None
    expected_at: datetime | None
    created_at: datetime
    updated_at: datetime
    shipped_at: datetime | None
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class TransferLine:
    """Units of one variant in a transfer."""

    id: TransferLineId
    transfer_id: TransferId
    variant_id: VariantId
    requested: int
    shipped: int
    received: int
    written_back: int
    written_off: int

    @property
    def outstanding(self) -> int:
        """Units that left and of which nobody has said yet where they are."""
        return self.shipped - self.received - self.written_back - self.written_off


@dataclass(frozen=True, slots=True)
class TransferWithLines:
    """A transfer and what is in it."""

    header: Transfer
    lines: tuple[TransferLine, ...]

    def units(self, quantities: Mapping[TransferLineId, int]) -> list[Units]:
        """Name units of lines where they are sent from."""
        return [
            Units(line.id, line.variant_id, self.header.from_location_id, quantities[line.id])
            for line in self.lines
            if quantities.get(line.id)
        ]


@dataclass(frozen=True, slots=True)
class ToStore:
    """Units that an order was promised somewhere, the store where its customer collects them, and when they are there."""

    units: Units
    store_id: UUID
    expected_at: datetime


@dataclass(frozen=True, slots=True)
class WantedLine:
    """Units of a variant that are to be sent."""

    variant_id: VariantId
    quantity: int


@dataclass(frozen=True, slots=True)
class LineUnits:
    """Units of a line that are told about, and the bucket in which they end up where they do."""

    line_id: TransferLineId
    quantity: int
    bucket: Bucket = Bucket.SELLABLE


def wanted(lines: Sequence[WantedLine]) -> dict[VariantId, int]:
    """Say how many units of each variant are to be sent.

    Raises: Invalid naming the line at fault.
    """
    refuse_length(lines)
    quantities: dict[VariantId, int] = {}
    for i, line in enumerate(lines):
        refuse_quantity(line.quantity, field=("lines", str(i), "quantity"))
        if line.variant_id in quantities:
            raise Invalid("this variant is named twice", field=("lines", str(i), "variantId"))
        quantities[line.variant_id] = line.quantity
    return quantities


def leaving(lines: Sequence[TransferLine], named: Sequence[LineUnits] | None) -> dict[TransferLineId, int]:
    """Say how many units of each line leave: all, or those that are named; of lines that are not named, none.

    Raises: NotFound, Invalid and QuantityExceeded naming the line at fault.
    """
    if named is None:
        return {line.id: line.requested for line in lines}
    refuse_length(named)
    requested = {line.id: line.requested for line in lines}
    quantities: dict[TransferLineId, int] = {}
    for i, part in enumerate(named):
        _refuse_unknown(part.line_id, requested, i)
        if part.line_id in quantities:
            raise Invalid("this line is named twice", field=("lines", str(i), "transferLineId"))
        if part.quantity < 0:
            raise Invalid("at least 0", field=("lines", str(i), "quantity"))
        if part.quantity > requested[part.line_id]:
            raise QuantityExceeded(
                f"at most {requested[part.line_id]} were requested", field=("lines", str(i), "quantity")
            )
        quantities[part.line_id] = part.quantity
    if not any(quantities.values()):
        raise Invalid("nothing would be sent; cancel the transfer instead", field=("lines",))
    return quantities


def told(lines: Sequence[TransferLine], named: Sequence[LineUnits] | None) -> list[LineUnits]:
    """Say of which units on their way it is now known where they are: of all, or of those that are named.

    A line may stand several times, with other buckets. Raises: NotFound, Invalid and QuantityExceeded naming the line at
    fault.
    """
    if named is None:
        return [LineUnits(line.id, line.outstanding) for line in lines if line.outstanding]
    refuse_length(named)
    left = {line.id: line.outstanding for line in lines}
    for i, part in enumerate(named):
        field = ("lines", str(i), "quantity")
        _refuse_unknown(part.line_id, left, i)
        if part.quantity < 1:
            raise Invalid("at least 1", field=field)
        if part.quantity > left[part.line_id]:
            raise QuantityExceeded(f"at most {left[part.line_id]} more are on their way", field=field)
        left[part.line_id] -= part.quantity
    return list(named)


def per_transfer_line(parts: Sequence[LineUnits]) -> dict[TransferLineId, int]:
    """Add up units of the same line."""
    sums: dict[TransferLineId, int] = {}
    for part in parts:
        sums[part.line_id] = sums.get(part.line_id, 0) + part.quantity
    return sums


def is_settled(lines: Sequence[TransferLine]) -> bool:
    """Say whether nothing is on its way any more."""
    return not any(line.outstanding for line in lines)


def may_read(actor: Actor, transfer: Transfer) -> bool:
    """Say whether somebody may see a transfer: whoever sees stock at one of its ends."""
    return any(
        actor.may(Permission.INVENTORY_READ, at=location_id)
        for location_id in (transfer.from_location_id, transfer.to_location_id)
    )


def next_actions(actor: Actor, transfer: Transfer) -> list[str]:
    """List the mutations that would be accepted from somebody now."""
    sends = actor.may(Permission.INVENTORY_ADJUST, at=transfer.from_location_id)
    takes = actor.may(Permission.INVENTORY_ADJUST, at=transfer.to_location_id)
    moves = TRANSFER.actions(transfer.status)
    actions = [action for action in moves if action.startswith("transfer") and sends]
    actions += ["transferReceive"] if takes and "receivePart" in moves else []
    actions += ["transferWriteBack"] if sends and "settlePart" in moves else []
    actions += ["transferWriteOff"] if takes and "settlePart" in moves else []
    return actions


def _refuse_unknown(line_id: TransferLineId, known: Collection[TransferLineId], i: int) -> None:
    if line_id not in known:
        raise NotFound("no such line in this transfer", field=("lines", str(i), "transferLineId"))
