"""Counting: people say how many units they found, and the stock follows once somebody has looked at the differences.

Counting and handing in needs `inventory:count` at the location; asking again, posting and rejecting `inventory:adjust`.
Locks: the count, then levels. Posting may break promises to orders, so its journey is `app.servicing.post_count`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.catalog import queries as catalog
from app.inventory import queries
from app.inventory.errors import CountIncomplete, CountNotFound
from app.inventory.events import CountMoved
from app.inventory.rules import (
    MOST_COUNT_LINES,
    Cause,
    Change,
    Count,
    Counted,
    CountLine,
    counted_lines,
    lines_to_recount,
)
from app.inventory.service.moving import apply
from app.inventory.states import COUNT, Bucket, CountStatus, MovementReason
from app.kernel.db import UnitOfWork
from app.kernel.errors import IllegalTransition, Invalid, NotFound
from app.kernel.ids import CountId, CountLineId, LocationId, VariantId, new_id
from app.kernel.numbers import new_number
from app.kernel.permissions import Permission
from app.locations import queries as locations

_KIND = "count"
_LONGEST_NOTE = 500


@dataclass(frozen=True, slots=True)
class CountWithLines:
    """A count, locked, with its lines."""

    count: Count
    lines: tuple[CountLine, ...]


async def create_count(
    uow: UnitOfWork,
    *,
    location_id: LocationId,
    bucket: Bucket = Bucket.SELLABLE,
    variant_ids: Sequence[VariantId] | None = None,
    blind: bool = False,
    note: str | None = None,
) -> Count:
    """Plan a count of some variants, or of everything that a bucket of a location holds units of.

    Emits CountMoved. Raises: Forbidden; NotFound; Invalid naming the variant, for too many of them, for bundles, and
    when nothing is there.
    """
    uow.actor.require(Permission.INVENTORY_COUNT, at=location_id)
    if not await locations.list_locations(uow, location_ids=[location_id]):
        raise NotFound("there is no such location", field=("locationId",))
    tidy = " ".join((note or "").split()) or None
    if tidy is not None and len(tidy) > _LONGEST_NOTE:
        raise Invalid(f"at most {_LONGEST_NOTE} characters", field=("note",))
    count = Count(
        id=CountId(new_id()),
        number=new_number("C"),
        location_id=location_id,
        bucket=bucket,
        blind=blind,
        status=CountStatus.CREATED,
        note=tidy,
        created_at=uow.now,
        updated_at=uow.now,
        closed_at=None,
    )
    chosen = await (_stocked(uow, count) if variant_ids is None else _chosen(uow, variant_ids))
    await queries.insert_count(uow, count=count, variant_ids=chosen)
    uow.moved(_KIND, count.id, before=None, after=count.status.value, action="countCreate")
    _tell(uow, count)
    return count


async def record_count(uow: UnitOfWork, *, count_id: CountId, counted: Sequence[Counted]) -> Count:
    """Write down what somebody found of some lines, beside what the ledger says at this very moment.

    Said again while the count goes on, it replaces what was said before. Locks: the count, levels. Emits CountMoved.
    Raises: CountNotFound; Forbidden; IllegalTransition; Invalid and NotFound naming the line.
    """
    locked = await lock_count(uow, count_id=count_id, action="countRecord", permission=Permission.INVENTORY_COUNT)
    found = counted_lines(locked.lines, counted)
    keys = sorted((line.variant_id, locked.count.location_id) for line, _ in found)
    levels = {level.variant_id: level for level in await queries.lock_levels(uow, levels=keys)}
    expected = [
        levels[line.variant_id].holds(locked.count.bucket) if line.variant_id in levels else 0 for line, _ in found
    ]
    await queries.record_counted(uow, lines=found, expected=expected)
    return await _move(uow, locked.count, "countRecord")


async def submit_count(uow: UnitOfWork, *, count_id: CountId) -> Count:
    """Hand a count in, for somebody to look at what differs. Every line has to be counted.

    Locks: the count. Emits CountMoved. Raises: CountNotFound; Forbidden; IllegalTransition; CountIncomplete.
    """
    locked = await lock_count(uow, count_id=count_id, action="countSubmit", permission=Permission.INVENTORY_COUNT)
    due = [line for line in locked.lines if line.is_due]
    if due:
        raise CountIncomplete(
            "count every line first; a line of which nothing was found is counted as 0",
            lines={line.id: "asked to be counted again" if line.recount_asked else "not counted yet" for line in due},
        )
    return await _move(uow, locked.count, "countSubmit")


async def recount(uow: UnitOfWork, *, count_id: CountId, line_ids: Sequence[CountLineId] | None = None) -> Count:
    """Have lines counted once more: those named, or all that differ from what was expected.

    Locks: the count. Emits CountMoved. Raises: CountNotFound; Forbidden; IllegalTransition; Invalid, NotFound.
    """
    locked = await lock_count(uow, count_id=count_id, action="countRecount")
    await queries.ask_again(uow, lines=lines_to_recount(locked.lines, line_ids))
    return await _move(uow, locked.count, "countRecount")


async def reject_count(uow: UnitOfWork, *, count_id: CountId) -> Count:
    """End a count that is not to change any stock.

    Locks: the count. Emits CountMoved. Raises: CountNotFound; Forbidden; IllegalTransition.
    """
    locked = await lock_count(uow, count_id=count_id, action="countReject")
    return await _move(uow, locked.count, "countReject", closed=True)


async def lock_count(
    uow: UnitOfWork,
    *,
    count_id: CountId,
    action: str,
    permission: Permission = Permission.INVENTORY_ADJUST,
) -> CountWithLines:
    """Lock a count for an action that its state allows, before anything else is locked.

    Raises: CountNotFound, for counts of other locations too; Unauthenticated, Forbidden; IllegalTransition.
    """
    uow.actor.require(permission)
    found = await queries.get_count(uow, count_id=count_id)
    if found is None or not uow.actor.works_at(found.location_id):
        raise CountNotFound("there is no such count", field=("countId",))
    count = await queries.lock_count(uow, count_id=count_id)
    assert count is not None, "counts are never deleted"
    try:
        COUNT.next(count.status, action)
    except IllegalTransition as refusal:
        raise refusal.below("countId") from None
    return CountWithLines(count, tuple(await queries.list_count_lines(uow, count_ids=[count_id])))


async def write_posted(uow: UnitOfWork, count: Count, changes: Sequence[Change]) -> Count:
    """Let the stock follow a count: its levels, which are locked and bear it, change by what the count found.

    Writes the ledger. Emits CountMoved.
    """
    await apply(uow, changes, reason=MovementReason.COUNTED, cause=Cause(_KIND, count.id, count.note))
    await queries.post_lines(uow, count_id=count.id)
    return await _move(uow, count, "countPost", closed=True)


async def _chosen(uow: UnitOfWork, variant_ids: Sequence[VariantId]) -> list[VariantId]:
    if not variant_ids:
        raise Invalid("name at least one variant, or leave them out to mean all", field=("variantIds",))
    if len(variant_ids) > MOST_COUNT_LINES:
        raise Invalid(f"at most {MOST_COUNT_LINES} variants", field=("variantIds",))
    known = {variant.id for variant in await catalog.list_variants(uow, variant_ids=variant_ids)}
    bundles = await catalog.list_bundles(uow, variant_ids=variant_ids)
    seen: set[VariantId] = set()
    for i, variant_id in enumerate(variant_ids):
        at = ("variantIds", str(i))
        if variant_id not in known:
            raise NotFound("there is no such variant", field=at)
        if variant_id in seen:
            raise Invalid("this variant was named twice", field=at)
        if variant_id in bundles:
            raise Invalid("a bundle has no stock of its own; count what it is made of", field=at)
        seen.add(variant_id)
    return list(variant_ids)


async def _stocked(uow: UnitOfWork, count: Count) -> list[VariantId]:
    found = await queries.list_stocked_variant_ids(
        uow, location_id=count.location_id, bucket=count.bucket, most=MOST_COUNT_LINES + 1
    )
    if not found:
        raise Invalid("nothing is there by the ledger; name the variants to be counted", field=("variantIds",))
    if len(found) > MOST_COUNT_LINES:
        raise Invalid(
            f"more than {MOST_COUNT_LINES} variants are there; name those to be counted in one go",
            field=("variantIds",),
        )
    return [VariantId(variant_id) for variant_id in found]


async def _move(uow: UnitOfWork, before: Count, action: str, *, closed: bool = False) -> Count:
    status = COUNT.next(before.status, action)
    await queries.update_count_status(uow, count_id=before.id, status=status, closed=closed)
    if status is not before.status:
        uow.moved(_KIND, before.id, before=before.status.value, after=status.value, action=action)
    after = replace(before, status=status, updated_at=uow.now, closed_at=uow.now if closed else None)
    _tell(uow, after)
    return after


def _tell(uow: UnitOfWork, count: Count) -> None:
    uow.emit(CountMoved(count_id=count.id, location_id=count.location_id, status=count.status.value))
