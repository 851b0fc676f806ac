"""What became of a row that was put: written for the first time, changed, or found as it was."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Put(StrEnum):
    """The effect of putting one row. Putting it again has the effect UNCHANGED."""

    INSERTED = "INSERTED"
    UPDATED = "UPDATED"
    UNCHANGED = "UNCHANGED"


@dataclass(frozen=True, slots=True)
class PutRow:
    """One row that was put: the key the caller knows it by, the id it has here, and what became of it."""

    key: str
    id: UUID
    effect: Put


def effect_of(*, known: bool, changed: bool) -> Put:
    """Say what putting does to a row that was known before or not, and differs from it or not."""
    if not known:
        return Put.INSERTED
    return Put.UPDATED if changed else Put.UNCHANGED
