"""Every statement that reads reconciliations and what they found."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.kernel.ids import ReconciliationId
from app.kernel.paging import PageRequest, bound
from app.kernel.sql import Session, rows
from app.payments import models  # noqa: F401  # The statements below are about these tables.
from app.payments.queries.reconciling import DIFFERENCE, RUN
from app.payments.rules.reconciling import Difference, Reconciliation
from app.payments.states import DifferenceKind

_LIST_BY_ID = rows(f"SELECT {RUN} FROM reconciliations WHERE id = ANY(:ids::uuid[])", Reconciliation)
_WANTED = """
    (:gateway::text IS NULL OR gateway = :gateway) AND (:start::timestamptz IS NULL OR period_to > :start)
    AND (:end::timestamptz IS NULL OR period_from < :end)
    AND (:with_differences::bool IS NULL OR (differences > 0) = :with_differences)
"""
_LIST_NEWEST = rows(
    f"""
    SELECT {RUN} FROM reconciliations
    WHERE {_WANTED} AND (:after_at::timestamptz IS NULL OR (created_at, id) < (:after_at, :after_id::uuid))
    ORDER BY created_at DESC, id DESC LIMIT :most
    """,
    Reconciliation,
)
_COUNT = rows(f"SELECT count(*)::int FROM reconciliations WHERE {_WANTED}", int)
#: All kinds, or each kind by itself: an index has either in this order.
_LIST_DIFFERENCES = rows(
    f"""
    SELECT {DIFFERENCE} FROM reconciliation_differences
    WHERE reconciliation_id = :reconciliation_id AND (:kind::text IS NULL OR kind = :kind)
      AND (:after_id::uuid IS NULL OR id > :after_id)
    ORDER BY id LIMIT :most
    """,
    Difference,
)


@dataclass(frozen=True, slots=True)
class Counted:
    """How many differences of one kind a run has, and how many of these the report has settled since."""

    reconciliation_id: ReconciliationId
    kind: DifferenceKind
    count: int
    settled: int


_COUNT_DIFFERENCES = rows(
    """
    SELECT reconciliation_id, kind, count(*)::int, (count(*) FILTER (WHERE effect IN ('APPLIED', 'KNOWN')))::int AS settled
    FROM reconciliation_differences WHERE reconciliation_id = ANY(:ids::uuid[])
    GROUP BY reconciliation_id, kind ORDER BY reconciliation_id, kind
    """,
    Counted,
)


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs are asked for: those whose period has something of this one."""

    gateway: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    with_differences: bool | None = None


async def list_reconciliations(session: Session, *, reconciliation_ids: Collection[UUID]) -> list[Reconciliation]:
    """List runs by id, in no order."""
    return await _LIST_BY_ID.all(session, ids=list(reconciliation_ids))


async def list_newest_reconciliations(
    session: Session, *, wanted: RunFilter, request: PageRequest
) -> list[Reconciliation]:
    """List runs, newest first, one more than the page holds.

    Raises: Invalid when the cursor is not one of this list.
    """
    after = bound(request.after, datetime, name="after")
    return await _LIST_NEWEST.all(
        session,
        after_at=None if after is None else after[0],
        after_id=None if after is None else after[1],
        most=request.size + 1,
        **_filters(wanted),
    )


async def count_reconciliations(session: Session, *, wanted: RunFilter) -> int:
    """Count the runs that a filter asks for."""
    return await _COUNT.one(session, **_filters(wanted))


def reconciliation_key(run: Reconciliation) -> tuple[object, ...]:
    """Write where a run stands in its list."""
    return (run.created_at.isoformat(), str(run.id))


async def list_differences(
    session: Session, *, reconciliation_id: UUID, kind: DifferenceKind | None, request: PageRequest
) -> list[Difference]:
    """List the differences of a run in the order in which they were found, one more than the page holds.

    Raises: Invalid when the cursor is not one of this list.
    """
    after = bound(request.after, int, name="after")
    return await _LIST_DIFFERENCES.all(
        session,
        reconciliation_id=reconciliation_id,
        kind=None if kind is None else kind.value,
        after_id=None if after is None else after[1],
        most=request.size + 1,
    )


def difference_key(difference: Difference) -> tuple[object, ...]:
    """Write where a difference stands in its list."""
    return (0, str(difference.id))


async def count_differences(session: Session, *, reconciliation_ids: Collection[UUID]) -> list[Counted]:
    """Count the differences of runs, by kind."""
    return await _COUNT_DIFFERENCES.all(session, ids=list(reconciliation_ids))


def _filters(wanted: RunFilter) -> dict[str, object]:
    return {
        "gateway": wanted.gateway,
        "start": wanted.start,
        "end": wanted.end,
        "with_differences": wanted.with_differences,
    }
