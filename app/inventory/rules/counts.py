"""What a count is, without a database: lines counted against what was expected, and what posting them changes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.inventory.rules.stock import Change
from app.inventory.states import COUNT, Bucket, CountStatus
from app.kernel.errors import Invalid, NotFound
from app.kernel.ids import CountId, CountLineId, LocationId, VariantId

#: More lines than anybody counts in one go; larger floors are counted in parts.
MOST_COUNT_LINES = 1_000
#: More than anybody counts by hand of one variant.
MOST_COUNTED = 1_000_000


@dataclass(frozen=True, slots=True)
class Count:
    """People going round a location, finding out how many units of some variants one of its buckets holds."""

    id: CountId
    number: str
    location_id: LocationId
    bucket: Bucket
    blind: bool
    status: CountStatus
    note: str | None
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None

    @property
    def hides_expected(self) -> bool:
        """Say whether what the ledger expects is kept from whoever looks, so that it is not simply repeated."""
        return self.blind and self.status in {CountStatus.CREATED, CountStatus.COUNTING}


@dataclass(frozen=True, slots=True)
class CountLine:
    """One variant of a count: what the bucket held by the ledger at the moment of counting, and what was found."""

    id: CountLineId
    count_id: CountId
    variant_id: VariantId
    expected: int | None
    counted: int | None
    counted_at: datetime | None
    counted_by: str | None
    recounts: int
    recount_asked: bool
    posted: int | None

    @property
    def variance(self) -> int | None:
        """Units found beyond what was expected, negative when some are missing; None while nobody has counted."""
        return None if self.counted is None or self.expected is None else self.counted - self.expected

    @property
    def is_due(self) -> bool:
        """Say whether somebody still has to count it, for the first time or again."""
        return self.counted is None or self.recount_asked


@dataclass(frozen=True, slots=True)
class Counted:
    """Units that somebody found of one line."""

    line_id: CountLineId
    units: int


def counted_lines(lines: Sequence[CountLine], counted: Sequence[Counted]) -> list[tuple[CountLine, int]]:
    """Pair lines with what was found of them.

    Raises: Invalid and NotFound naming the line at fault.
    """
    if not counted:
        raise Invalid("name at least one line", field=("lines",))
    known = {line.id: line for line in lines}
    found: dict[CountLineId, tuple[CountLine, int]] = {}
    for i, part in enumerate(counted):
        line = known.get(part.line_id)
        if line is None:
            raise NotFound("no such line in this count", field=("lines", str(i), "countLineId"))
        if line.id in found:
            raise Invalid("this line was named twice", field=("lines", str(i), "countLineId"))
        if not 0 <= part.units <= MOST_COUNTED:
            raise Invalid(f"from 0 to {MOST_COUNTED}", field=("lines", str(i), "counted"))
        found[line.id] = (line, part.units)
    return list(found.values())


def lines_to_recount(lines: Sequence[CountLine], line_ids: Sequence[CountLineId] | None) -> list[CountLine]:
    """Say which lines are counted again: those named, or all whose count differs from what was expected.

    Raises: Invalid and NotFound naming the line at fault; Invalid when no line differs and none is named.
    """
    if line_ids is None:
        differing = [line for line in lines if line.variance]
        if not differing:
            raise Invalid(
                "nothing differs from what was expected; name the lines to be counted again", field=("lineIds",)
            )
        return differing
    if not line_ids:
        raise Invalid("name at least one line, or leave the lines out to mean all that differ", field=("lineIds",))
    known = {line.id: line for line in lines}
    chosen: dict[CountLineId, CountLine] = {}
    for i, line_id in enumerate(line_ids):
        if line_id not in known:
            raise NotFound("no such line in this count", field=("lineIds", str(i)))
        if line_id in chosen:
            raise Invalid("this line was named twice", field=("lineIds", str(i)))
        chosen[line_id] = known[line_id]
    return list(chosen.values())


def variances(count: Count, lines: Iterable[CountLine]) -> list[Change]:
    """Say what posting a count does to its levels, one change a line that differs.

    What was sold or received since the moment of counting is in the balance of now, so the difference is added to that.
    """
    return [
        Change(line.variant_id, count.location_id, **{count.bucket.value.lower(): line.variance})
        for line in lines
        if line.variance
    ]


def next_steps_of_count(count: Count, lines: Sequence[CountLine]) -> list[str]:
    """Name the mutations that the state of a count and its lines allow now, whoever asks."""
    own = {"countSubmit": not any(line.is_due for line in lines)}
    return [action for action in COUNT.actions(count.status) if own.get(action, True)]
