"""What a stock feed says of levels, and what becomes of units that came or went line by line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.inventory.rules.stock import Change, Level
from app.inventory.states import Bucket

#: No shelf holds more, and the three buckets of a level still add up to what an integer can say.
MOST_UNITS = 500_000_000


@dataclass(frozen=True, slots=True)
class Target:
    """What the buckets of one level are to hold; None leaves a bucket as it is."""

    variant_id: UUID
    location_id: UUID
    sellable: int | None = None
    damaged: int | None = None
    quality: int | None = None

    @property
    def level(self) -> tuple[UUID, UUID]:
        """Name the level: its variant and its location."""
        return self.variant_id, self.location_id


@dataclass(frozen=True, slots=True)
class LevelAsItWas:
    """A level that a target left alone, wholly or in part.

    It was `refused`, because fewer sellable units than are `promised` would have been left, or somebody else had set it
    already. `changed` says that another of its buckets was set nevertheless.
    """

    variant_id: UUID
    location_id: UUID
    promised: int
    refused: bool
    changed: bool

    @property
    def level(self) -> tuple[UUID, UUID]:
        """Name the level: its variant and its location."""
        return self.variant_id, self.location_id


@dataclass(frozen=True, slots=True)
class Arrival:
    """Units that came to one bucket of a level or, below zero, went."""

    variant_id: UUID
    location_id: UUID
    bucket: Bucket
    delta: int

    @property
    def level(self) -> tuple[UUID, UUID]:
        """Name the level: its variant and its location."""
        return self.variant_id, self.location_id


@dataclass(frozen=True, slots=True)
class TooFewLeft:
    """Why units cannot go: so many would be left, and so many of them are promised; or more would be than can be held."""

    left: int
    promised: int


def add_up(
    arrivals: Sequence[Arrival], levels: Mapping[tuple[UUID, UUID], Level]
) -> tuple[list[Change], list[TooFewLeft | None]]:
    """Let units come and go in their order; answers one change for each level, and for each arrival why it cannot be.

    One that cannot be is passed over, and those after it are judged without it.
    """
    now = {key: {Bucket.SELLABLE: level.sellable, Bucket.DAMAGED: level.damaged, Bucket.QUALITY: level.quality}
           for key, level in levels.items()}  # fmt: skip
    refusals: list[TooFewLeft | None] = []
    for arrival in arrivals:
        level = levels[arrival.level]
        promised = level.soft + level.firm if arrival.bucket is Bucket.SELLABLE else 0
        left = now[arrival.level][arrival.bucket] + arrival.delta
        # What comes is never refused for what was promised before it.
        fits = left >= promised if arrival.delta < 0 else left <= MOST_UNITS
        refusals.append(None if fits else TooFewLeft(left, promised))
        if fits:
            now[arrival.level][arrival.bucket] = left
    changes = [
        Change(
            *key,
            sellable=now[key][Bucket.SELLABLE] - levels[key].sellable,
            damaged=now[key][Bucket.DAMAGED] - levels[key].damaged,
            quality=now[key][Bucket.QUALITY] - levels[key].quality,
        )
        for key in sorted(now)
    ]
    return [part for part in changes if part.moves], refusals
