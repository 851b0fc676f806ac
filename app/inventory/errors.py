"""Refusals of stock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from app.kernel.errors import Conflict, DomainError, ErrorCode, NotFound
from app.kernel.ids import CountLineId


@dataclass(frozen=True, slots=True)
class Shortage:
    """One variant that cannot be promised in full, with the lines that come short of it."""

    variant_id: UUID
    requested: int
    available: int
    line_ids: tuple[UUID, ...] = ()


class OutOfStock(DomainError):
    """Fewer units can be promised than were asked for; `of_cart` says that the lines are those of a cart."""

    code: ClassVar[ErrorCode] = ErrorCode.OUT_OF_STOCK

    def __init__(self, shortages: Sequence[Shortage], *, of_cart: bool = False) -> None:
        super().__init__("not enough in stock")
        self.shortages = tuple(shortages)
        self.of_cart = of_cart


class BundleStocked(Conflict):
    """A bundle has no stock of its own."""


class WouldOversell(DomainError):
    """Taking these units away would leave less than is promised to customers."""

    code: ClassVar[ErrorCode] = ErrorCode.OUT_OF_STOCK


class CountNotFound(NotFound):
    """There is no such count, or the caller does not work at its location."""


class CountLinesRefused(DomainError):
    """Some lines of a count stand in the way; `lines` says for each why."""

    def __init__(self, message: str, *, lines: Mapping[CountLineId, str]) -> None:
        super().__init__(message, field=("countId",))
        self.lines = dict(lines)


class CountIncomplete(CountLinesRefused):
    """Some lines were not counted yet. A line of which nothing was found is counted as 0, by whoever looked."""

    code: ClassVar[ErrorCode] = ErrorCode.ILLEGAL_TRANSITION


class CountOutdated(CountLinesRefused):
    """More units left since they were counted than the count found; they have to be counted again."""

    code: ClassVar[ErrorCode] = ErrorCode.ILLEGAL_TRANSITION


class CountBelowPacked(CountLinesRefused):
    """Fewer units were counted than are packed for customers, or on their way out in another way that cannot be undone."""

    code: ClassVar[ErrorCode] = ErrorCode.OUT_OF_STOCK


class TransferNotFound(NotFound):
    """There is no such transfer, or the caller works at neither of its ends."""


class PurchaseOrderNotFound(NotFound):
    """No purchase order has this id, or it belongs to a location where the caller does not work."""
