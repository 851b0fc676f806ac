"""Refusals of stock."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from app.kernel.errors import DomainError, ErrorCode


@dataclass(frozen=True, slots=True)
class Shortage:
    """One variant that cannot be promised in full, with the lines that asked for it."""

    variant_id: UUID
    requested: int
    available: int
    line_ids: tuple[UUID, ...] = ()


class OutOfStock(DomainError):
    """Fewer units can be promised than were asked for."""

    code: ClassVar[ErrorCode] = ErrorCode.OUT_OF_STOCK

    def __init__(self, shortages: Sequence[Shortage]) -> None:
        super().__init__("not enough in stock")
        self.shortages = tuple(shortages)


class WouldOversell(DomainError):
    """Taking these units away would leave less than is promised to customers."""

    code: ClassVar[ErrorCode] = ErrorCode.OUT_OF_STOCK
