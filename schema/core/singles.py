"""Mutations about one thing, whose command takes a list: refusals speak of the one."""

from collections.abc import Awaitable, Mapping
from typing import TypeVar

from app.kernel.errors import DomainError

AnswerT = TypeVar("AnswerT")
_LISTED = 2


async def single(work: Awaitable[AnswerT], *, renamed: Mapping[str, str] | None = None) -> AnswerT:
    """Do what a command does with a list of one, and name a refused field as the input has it.

    Example: ("links", "0", "location") -> ("locationId",), where `renamed` says so.
    """
    try:
        return await work
    except DomainError as refusal:
        names = renamed or {}
        refusal.field = tuple(names.get(part, part) for part in refusal.field[_LISTED:])
        raise
