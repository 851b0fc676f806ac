"""How lines change: what adding, changing and merging make of those that are there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Literal
from uuid import UUID

from app.cart.errors import TooManyLines, TooManyUnits
from app.cart.rules.records import LONGEST_NOTE, MOST_LINES, MOST_UNITS, CartLine, sameness
from app.delivery.states import DeliveryMethod
from app.kernel.address import Address
from app.kernel.errors import Invalid, NotFound
from app.kernel.ids import LocationId, VariantId


class LeftOut(Enum):
    """Says that a part of an input was not given, which is not the same as given as null."""

    LEFT_OUT = "left out"


LEFT_OUT: Literal[LeftOut.LEFT_OUT] = LeftOut.LEFT_OUT


@dataclass(frozen=True, slots=True)
class AddLine:
    """Units of a variant to be added."""

    variant_id: VariantId
    quantity: int
    delivery: DeliveryMethod = DeliveryMethod.SHIPPING
    store_id: LocationId | None = None
    note: str | None = None
    gift_message: str | None = None


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """What is to be different about a line; a quantity of 0 removes it."""

    line_id: UUID
    quantity: int | LeftOut = LEFT_OUT
    delivery: DeliveryMethod | LeftOut = LEFT_OUT
    store_id: LocationId | LeftOut | None = LEFT_OUT
    note: str | LeftOut | None = LEFT_OUT
    gift_message: str | LeftOut | None = LEFT_OUT


@dataclass(frozen=True, slots=True)
class CartChanges:
    """What is to be different about a cart; null clears."""

    email: str | LeftOut | None = LEFT_OUT
    shipping_address: Address | LeftOut | None = LEFT_OUT
    billing_address: Address | LeftOut | None = LEFT_OUT
    promotion_codes: Sequence[str] | LeftOut | None = LEFT_OUT


@dataclass(frozen=True, slots=True)
class Slot:
    """An hour of a store in which goods can be collected."""

    store_id: LocationId
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class Select:
    """A delivery option, and for a pickup a slot, to be chosen for a delivery group."""

    group_id: UUID
    option_id: UUID
    slot: Slot | LeftOut | None = LEFT_OUT


@dataclass(frozen=True, slots=True)
class Rewritten:
    """How to write changed lines: these go, these change their quantity, these are other lines from now on."""

    removed: tuple[UUID, ...]
    recounted: tuple[CartLine, ...]
    moved: tuple[CartLine, ...]


def merged(lines: Sequence[AddLine]) -> dict[AddLine, tuple[int, int]]:
    """Add up lines that are the same but for their quantity, their notes and gift messages tidied.

    Answers, for each (with a quantity of 0), how many units there are in all and which element was first.
    Raises: Invalid naming the quantity or the text; TooManyUnits.
    """
    sums: dict[AddLine, tuple[int, int]] = {}
    for i, line in enumerate(lines):
        field = ("lines", str(i), "quantity")
        if line.quantity <= 0:
            raise Invalid("at least 1", field=field)
        key = replace(
            line,
            quantity=0,
            note=tidy(line.note, field=("lines", str(i), "note")),
            gift_message=tidy(line.gift_message, field=("lines", str(i), "giftMessage")),
        )
        units, first = sums.get(key, (0, i))
        if units + line.quantity > MOST_UNITS:
            raise TooManyUnits(f"at most {MOST_UNITS} units of a line", field=field)
        sums[key] = (units + line.quantity, first)
    return sums


def rewritten(lines: Sequence[CartLine], changes: Sequence[ChangeLine]) -> Rewritten:
    """Say what changing some of a cart's lines comes to.

    A line that becomes like another is added to it; the older of the two stays. Moving to SHIPPING gives up the store.
    Raises: NotFound for a line that is not there; Invalid; TooManyUnits.
    """
    before: dict[UUID, CartLine] = {line.id: line for line in lines}
    after: dict[UUID, CartLine | None] = dict(before)
    seen: set[UUID] = set()
    for i, change in enumerate(changes):
        at = ("lines", str(i))
        line = before.get(change.line_id)
        if line is None:
            raise NotFound("this line is not in the cart", field=(*at, "lineId"))
        if change.line_id in seen:
            raise Invalid("a line may be named once", field=(*at, "lineId"))
        seen.add(change.line_id)
        after[change.line_id] = _changed(line, change, at)
    return _settled(before, after, {change.line_id: i for i, change in enumerate(changes)})


def _changed(line: CartLine, change: ChangeLine, at: tuple[str, ...]) -> CartLine | None:
    quantity = line.quantity if isinstance(change.quantity, LeftOut) else change.quantity
    if quantity < 0:
        raise Invalid("zero or above; 0 removes the line", field=(*at, "quantity"))
    if quantity > MOST_UNITS:
        raise TooManyUnits(f"at most {MOST_UNITS} units of a line", field=(*at, "quantity"))
    if quantity == 0:
        return None
    delivery = line.delivery if isinstance(change.delivery, LeftOut) else change.delivery
    store_id = line.store_id if isinstance(change.store_id, LeftOut) else change.store_id
    if delivery is DeliveryMethod.SHIPPING and isinstance(change.store_id, LeftOut):
        store_id = None
    return replace(
        line,
        quantity=quantity,
        delivery=delivery,
        store_id=store_id,
        note=line.note if isinstance(change.note, LeftOut) else tidy(change.note, field=(*at, "note")),
        gift_message=line.gift_message
        if isinstance(change.gift_message, LeftOut)
        else tidy(change.gift_message, field=(*at, "giftMessage")),
    )


def _settled(
    before: Mapping[UUID, CartLine], after: Mapping[UUID, CartLine | None], at: Mapping[UUID, int]
) -> Rewritten:
    kept: dict[tuple[object, ...], CartLine] = {}
    for line_id in sorted(after):
        line = after[line_id]
        if line is None:
            continue
        other = kept.get(sameness(line))
        if other is None:
            kept[sameness(line)] = line
            continue
        units = other.quantity + line.quantity
        if units > MOST_UNITS:
            i = at.get(line_id, at.get(other.id, 0))
            raise TooManyUnits(f"at most {MOST_UNITS} units of a line", field=("lines", str(i), "quantity"))
        kept[sameness(line)] = replace(other, quantity=units)
    final = {line.id: line for line in kept.values()}
    moved = [line for line in final.values() if sameness(line) != sameness(before[line.id])]
    return Rewritten(
        removed=tuple(line_id for line_id in before if line_id not in final),
        recounted=tuple(
            line
            for line in final.values()
            if line.quantity != before[line.id].quantity and sameness(line) == sameness(before[line.id])
        ),
        moved=tuple(moved),
    )


def tidy(text: str | None, *, field: tuple[str, ...]) -> str | None:
    """Tidy what somebody wrote on a line: nothing around it, and a blank text is none; its lines stay as they are.

    Raises: Invalid when it is too long, or holds the one character that no text can.
    """
    tidied = text.strip() if text else ""
    if len(tidied) > LONGEST_NOTE:
        raise Invalid(f"at most {LONGEST_NOTE} characters", field=field)
    if "\0" in tidied:
        raise Invalid("text cannot hold the character U+0000", field=field)
    return tidied or None


def refuse_too_many_lines(count: int) -> None:
    """Raises: TooManyLines when a cart would have more lines than it may."""
    if count > MOST_LINES:
        raise TooManyLines(f"at most {MOST_LINES} lines in a cart", field=("lines",))
