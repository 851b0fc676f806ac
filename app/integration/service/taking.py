"""Lines of stock taken in one unit of work: each is done, or it is answered why it cannot be, beside those that are."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from app.integration.rules.stock import LineProblem
from app.inventory import service as inventory
from app.inventory.rules import Arrival, Cause, Target, TooFewLeft
from app.inventory.states import Bucket, MovementReason
from app.kernel.db import UnitOfWork
from app.kernel.errors import ErrorCode
from app.kernel.plain import counted
from app.kernel.puts import Put, effect_of

UNKNOWN_SKU = "is not a SKU of this shop"
UNKNOWN_LOCATION = "is not a location of this shop"
NOT_HERE = "you do not work at this location"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A line whose level is known: how many units are in a bucket, or came to it. `there`: it has a level already."""

    level: tuple[UUID, UUID]
    bucket: Bucket
    quantity: int
    there: bool


async def set_lines(uow: UnitOfWork, lines: Sequence[Wanted], *, cause: Cause) -> list[Put | LineProblem]:
    """Make levels what lines say that differ from them; no two speak of the same bucket of a level.

    Locks: levels. Raises: Forbidden.
    """
    buckets: dict[tuple[UUID, UUID], dict[Bucket, int]] = {}
    for line in lines:
        buckets.setdefault(line.level, {})[line.bucket] = line.quantity
    left = await inventory.set_units(
        uow,
        targets=[
            Target(*level, units.get(Bucket.SELLABLE), units.get(Bucket.DAMAGED), units.get(Bucket.QUALITY))
            for level, units in buckets.items()
        ],
        there={line.level for line in lines if line.there},
        reason=MovementReason.FEED,
        cause=cause,
    )
    effects: list[Put | LineProblem] = []
    for line in lines:
        as_it_was = left.get(line.level)
        if as_it_was is not None and as_it_was.refused and line.bucket is Bucket.SELLABLE:
            effects.append(_promised(f"{_promised_units(as_it_was.promised)} promised to customers"))
        else:
            effects.append(effect_of(known=line.there, changed=as_it_was is None or as_it_was.changed))
    return effects


async def move_lines(uow: UnitOfWork, lines: Sequence[Wanted], *, cause: Cause) -> list[Put | LineProblem]:
    """Let units come and go, line by line in their order.

    Locks: levels. Raises: Forbidden.
    """
    refusals = await inventory.move_units(
        uow,
        arrivals=[Arrival(*line.level, line.bucket, line.quantity) for line in lines],
        reason=MovementReason.FEED,
        cause=cause,
    )
    return [
        effect_of(known=line.there, changed=True) if refusal is None else _too_few(refusal)
        for line, refusal in zip(lines, refusals, strict=True)
    ]


def _too_few(refusal: TooFewLeft) -> LineProblem:
    if refusal.promised and refusal.left < refusal.promised:
        promised = _promised_units(refusal.promised)
        return _promised(f"{promised} promised to customers, and {refusal.left} would be left")
    return LineProblem("quantity", ErrorCode.INVALID, f"{counted(refusal.left, 'unit')} would be left")


def _promised_units(units: int) -> str:
    return f"{counted(units, 'unit')} {'is' if units == 1 else 'are'}"


def _promised(message: str) -> LineProblem:
    return LineProblem("quantity", ErrorCode.OUT_OF_STOCK, message)
