"""Statements about counts and their lines."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.inventory import models  # noqa: F401  # The statements below are about these tables.
from app.inventory.rules import Count, CountLine
from app.inventory.states import Bucket, CountStatus
from app.kernel.db import UnitOfWork
from app.kernel.ids import CountId, LocationId, VariantId, new_id
from app.kernel.paging import PageRequest, bound
from app.kernel.sql import Session, rows, statement

_COUNT = "id, number, location_id, bucket, blind, status, note, created_at, updated_at, closed_at"
_LINE = "id, count_id, variant_id, expected, counted, counted_at, counted_by, recounts, recount_asked, posted"
_WANTED = "(:statuses::text[] IS NULL OR status = ANY(:statuses))"
_PAGE = f"SELECT {_COUNT} FROM counts WHERE {_WANTED} AND (:after_id::uuid IS NULL OR id < :after_id)"

_LIST = rows(f"SELECT {_COUNT} FROM counts WHERE id = ANY(:ids::uuid[])", Count)
_LOCK = rows(f"SELECT {_COUNT} FROM counts WHERE id = :id FOR NO KEY UPDATE", Count)
_LIST_LINES = rows(
    f"SELECT {_LINE} FROM count_lines WHERE count_id = ANY(:count_ids::uuid[]) ORDER BY count_id, id", CountLine
)
_LINES_BY_ID = rows(f"SELECT {_LINE} FROM count_lines WHERE id = ANY(:ids::uuid[])", CountLine)

#: Ids are made in the order of time, so the newest count has the last one. Over many locations each is asked for its
#: own first rows.
_LIST_EVERYWHERE = rows(f"{_PAGE} ORDER BY id DESC LIMIT :most", Count)
_LIST_AT = rows(
    f"""
    SELECT found.* FROM unnest(:locations::uuid[]) AS place (id)
    CROSS JOIN LATERAL ({_PAGE} AND location_id = place.id ORDER BY id DESC LIMIT :most) AS found
    ORDER BY found.id DESC LIMIT :most
    """,
    Count,
)
_COUNT_ALL = rows(
    f"SELECT count(*)::int FROM counts WHERE {_WANTED} AND (:locations::uuid[] IS NULL OR location_id = ANY(:locations))",
    int,
)
_LIST_STOCKED = rows(
    """
    SELECT variant_id FROM levels
    WHERE location_id = :location_id
      AND CASE :bucket::text WHEN 'SELLABLE' THEN sellable WHEN 'DAMAGED' THEN damaged ELSE quality END > 0
    ORDER BY variant_id LIMIT :most
    """,
    UUID,
)
_INSERT = statement(
    """
    WITH header AS (
        INSERT INTO counts (id, number, location_id, bucket, blind, status, note, created_at, updated_at)
        VALUES (:id::uuid, :number, :location_id, :bucket, :blind, :status, :note, :now::timestamptz, :now::timestamptz)
    )
    INSERT INTO count_lines (id, count_id, variant_id)
    SELECT line.id, :id::uuid, line.variant_id FROM unnest(:line_ids::uuid[], :variants::uuid[]) AS line (id, variant_id)
    """
)
_RECORD = statement(
    """
    UPDATE count_lines AS line SET expected = found.expected, counted = found.counted, counted_at = :at::timestamptz,
        counted_by = :by::text, recount_asked = false
    FROM unnest(:ids::uuid[], :expected::int[], :counted::int[]) AS found (id, expected, counted)
    WHERE line.id = found.id
    """
)
_ASK_AGAIN = statement(
    "UPDATE count_lines SET recounts = recounts + 1, recount_asked = true WHERE id = ANY(:ids::uuid[])"
)
_POST_LINES = statement("UPDATE count_lines SET posted = counted - expected WHERE count_id = :count_id")
_UPDATE_STATUS = statement(
    "UPDATE counts SET status = :status, updated_at = :at, closed_at = :closed_at WHERE id = :id"
)


@dataclass(frozen=True, slots=True)
class CountFilter:
    """Which counts are asked for. `location_ids` is where the caller works; None means everywhere."""

    location_ids: Collection[LocationId] | None = None
    statuses: Sequence[CountStatus] | None = None


async def list_counts(session: Session, *, count_ids: Collection[UUID]) -> list[Count]:
    """List counts by their ids, in no order."""
    return await _LIST.all(session, ids=list(count_ids))


async def get_count(session: Session, *, count_id: UUID) -> Count | None:
    """Find a count by its id."""
    return await _LIST.first(session, ids=[count_id])


async def lock_count(uow: UnitOfWork, *, count_id: UUID) -> Count | None:
    """Lock a count: before orders, and before levels."""
    return await _LOCK.first(uow, id=count_id)


async def list_count_lines(session: Session, *, count_ids: Collection[UUID]) -> list[CountLine]:
    """List the lines of counts, in their order."""
    return await _LIST_LINES.all(session, count_ids=list(count_ids))


async def list_count_lines_by_id(session: Session, *, line_ids: Collection[UUID]) -> list[CountLine]:
    """List lines of counts by their ids, in no order."""
    return await _LINES_BY_ID.all(session, ids=list(line_ids))


def counts_key(count: Count) -> tuple[object, ...]:
    """Write the sort key of a count in its list."""
    return (count.created_at.isoformat(), str(count.id))


async def list_count_page(session: Session, *, wanted: CountFilter, request: PageRequest) -> list[Count]:
    """List counts, newest first, one more than the page holds.

    Raises: Invalid when the cursor is not one of this list.
    """
    after = bound(request.after, str, name="after")
    page = {
        "statuses": None if wanted.statuses is None else [status.value for status in wanted.statuses],
        "after_id": None if after is None else after[1],
        "most": request.size + 1,
    }
    if wanted.location_ids is None:
        return await _LIST_EVERYWHERE.all(session, **page)
    return await _LIST_AT.all(session, **page, locations=list(wanted.location_ids))


async def count_counts(session: Session, *, wanted: CountFilter) -> int:
    """Say how many counts a filter lets through."""
    return await _COUNT_ALL.one(
        session,
        statuses=None if wanted.statuses is None else [status.value for status in wanted.statuses],
        locations=None if wanted.location_ids is None else list(wanted.location_ids),
    )


async def list_stocked_variant_ids(session: Session, *, location_id: UUID, bucket: Bucket, most: int) -> list[UUID]:
    """List the variants of which a bucket of a location holds units."""
    return await _LIST_STOCKED.all(session, location_id=location_id, bucket=bucket.value, most=most)


async def insert_count(uow: UnitOfWork, *, count: Count, variant_ids: Sequence[VariantId]) -> None:
    """Write a new count with a line for each variant."""
    await _INSERT.run(
        uow,
        id=count.id,
        number=count.number,
        location_id=count.location_id,
        bucket=count.bucket.value,
        blind=count.blind,
        status=count.status.value,
        note=count.note,
        now=count.created_at,
        line_ids=[new_id() for _ in variant_ids],
        variants=list(variant_ids),
    )


async def record_counted(uow: UnitOfWork, *, lines: Sequence[tuple[CountLine, int]], expected: Sequence[int]) -> None:
    """Write what was found of lines, beside what the ledger expected at this moment."""
    await _RECORD.run(
        uow,
        ids=[line.id for line, _ in lines],
        expected=list(expected),
        counted=[units for _, units in lines],
        at=uow.now,
        by=uow.actor.label,
    )


async def ask_again(uow: UnitOfWork, *, lines: Sequence[CountLine]) -> None:
    """Have lines counted once more."""
    await _ASK_AGAIN.run(uow, ids=[line.id for line in lines])


async def post_lines(uow: UnitOfWork, *, count_id: CountId) -> None:
    """Write down what posting did to the stock, line by line."""
    await _POST_LINES.run(uow, count_id=count_id)


async def update_count_status(uow: UnitOfWork, *, count_id: CountId, status: CountStatus, closed: bool) -> None:
    """Write how far a count has come."""
    await _UPDATE_STATUS.run(uow, id=count_id, status=status.value, at=uow.now, closed_at=uow.now if closed else None)
