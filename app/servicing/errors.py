"""Refusals of what is asked for a placed order."""

from collections.abc import Mapping
from typing import ClassVar
from uuid import UUID

from app.kernel.errors import DomainError, ErrorCode, IllegalTransition


class NothingToCancel(IllegalTransition):
    """Everything that was asked for has left the building, or was cancelled before."""


class StillPromised(DomainError):
    """Fewer units would be left than are packed or on their way; `missing` says how many of each variant and location."""

    code: ClassVar[ErrorCode] = ErrorCode.OUT_OF_STOCK

    def __init__(self, missing: Mapping[tuple[UUID, UUID], int]) -> None:
        super().__init__("fewer units would be left than are packed")
        self.missing = dict(missing)
