"""Every statement of a reconciliation that is under way: finding the steps that rows tell of, and keeping what was found."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.kernel.db import UnitOfWork
from app.kernel.ids import ReconciliationId, new_id
from app.kernel.plain import to_plain
from app.kernel.sql import Session, rows, statement
from app.payments import models  # noqa: F401  # The statements below are about these tables.
from app.payments.gateway import Outcome
from app.payments.rules.reconciling import Difference, Found, LedgerStep, Period, Reconciliation, Report, Row, Sum
from app.payments.states import NoticeEffect, TransactionKind

RUN = """id, gateway, file_name, sha256, asked_from, asked_to, period_from, period_to, rows_read, rows_unreadable,
    rows_passed_over, rows_outside, rows_matched, rows_duplicated, rows_missing, differences, late, sums, actor, created_at"""
DIFFERENCE = """id, reconciliation_id, kind, movement, row_number, at, ours_minor, ours_currency, theirs_minor,
    theirs_currency, key, gateway_reference, authorization_reference, order_id, payment_id, transaction_id, state, notice_id,
    message, applied_at, effect"""
_STEP = """step.id, step.payment_id, payment.order_id, step.kind, step.state, step.amount_minor, payment.currency,
    step.gateway_reference, step.authorization_reference, step.settled_at"""
#: Of steps called `step`: those that move money at the gateway. What is given back as store credit moves none.
_MOVES_MONEY = """step.kind IN ('CAPTURE', 'REFUND', 'REFUND_REVERSAL', 'CHARGEBACK', 'CHARGEBACK_REVERSAL')
    AND NOT EXISTS (SELECT FROM refunds WHERE refunds.id = step.refund_id AND refunds.to_store_credit)"""

#: By our key; else by the gateway's name of it; else by that name of what is called something else here.
_FIND_STEPS = rows(
    f"""
    SELECT told.number, {_STEP}
    FROM unnest(:numbers::int[], :keys::uuid[], :kinds::text[], :references::text[]) AS told (number, key, kind, reference)
    JOIN LATERAL (
        SELECT 1 AS place, found.* FROM payment_transactions AS found
        WHERE found.id = told.key AND found.gateway = :gateway::text AND found.kind IN ('CAPTURE', 'REFUND')
        UNION ALL
        SELECT 2, found.* FROM payment_transactions AS found
        WHERE found.gateway = :gateway::text AND found.kind = told.kind AND found.gateway_reference = told.reference
        UNION ALL
        SELECT 3, found.* FROM payment_transactions AS found
        WHERE found.gateway = :gateway::text AND found.gateway_reference = told.reference
          AND found.kind = CASE told.kind WHEN 'CAPTURE' THEN 'REFUND' WHEN 'REFUND' THEN 'CAPTURE' END
        ORDER BY place LIMIT 1
    ) AS step ON true
    JOIN payments AS payment ON payment.id = step.payment_id
    WHERE {_MOVES_MONEY}
    LIMIT :most
    """,
    LedgerStep,
)
#: The only step of an authorization with this kind and amount, of which the gateway has not told by another name; for rows
#: that are the only ones of their kind and amount too. Another report that is not of the same days may have told of it.
_GUESS_STEPS = rows(
    f"""
    SELECT row_number, id, payment_id, order_id, kind, state, amount_minor, currency, gateway_reference,
        authorization_reference, settled_at
    FROM (
        SELECT told.row_number, {_STEP}, count(*) OVER (PARTITION BY told.id) AS choices
        FROM reconciliation_differences AS told
        JOIN reconciliations AS run ON run.id = told.reconciliation_id
        JOIN payment_transactions AS held ON held.gateway = run.gateway AND held.kind = 'AUTHORIZATION'
            AND held.gateway_reference = told.authorization_reference
        JOIN payments AS payment ON payment.id = held.payment_id AND payment.currency = told.theirs_currency
        JOIN payment_transactions AS step ON step.payment_id = held.payment_id AND step.kind = told.movement
            AND step.amount_minor = told.theirs_minor AND step.authorization_reference = told.authorization_reference
            AND step.state <> 'FAILED' AND (step.gateway_reference IS NULL OR told.gateway_reference IS NULL)
        WHERE told.id = ANY(:ids::uuid[]) AND {_MOVES_MONEY}
          AND NOT EXISTS (
              SELECT FROM reconciliation_matches AS match JOIN reconciliations AS other ON other.id = match.reconciliation_id
              WHERE match.transaction_id = step.id AND other.gateway = run.gateway
                AND (other.id = run.id OR other.period_to <= :start::timestamptz OR other.period_from >= :end::timestamptz))
          AND NOT EXISTS (
              SELECT FROM reconciliation_differences AS twin
              WHERE twin.reconciliation_id = told.reconciliation_id AND twin.kind = 'MISSING_HERE' AND twin.id <> told.id
                AND twin.authorization_reference = told.authorization_reference AND twin.movement = told.movement
                AND twin.theirs_minor = told.theirs_minor AND twin.theirs_currency = told.theirs_currency)
    ) AS guess WHERE choices = 1
    """,
    LedgerStep,
)
_CLAIM = rows(
    """
    INSERT INTO reconciliation_matches (transaction_id, reconciliation_id, row_number, within)
    SELECT step_id, :reconciliation_id, number, within
    FROM unnest(:step_ids::uuid[], :numbers::int[], :withins::bool[]) AS told (step_id, number, within)
    ON CONFLICT (transaction_id, reconciliation_id) DO NOTHING
    RETURNING row_number
    """,
    int,
)
#: Within the period this report has to tell of them; near its end another one may have.
_LIST_UNREPORTED = rows(
    f"""
    SELECT 0, {_STEP}
    FROM payment_transactions AS step JOIN payments AS payment ON payment.id = step.payment_id
    WHERE step.gateway = :gateway AND step.state = 'SUCCEEDED' AND {_MOVES_MONEY}
      AND step.settled_at >= :start::timestamptz AND step.settled_at < :end::timestamptz
      AND (step.settled_at, step.id) > (:after_at::timestamptz, :after_id::uuid)
      AND NOT EXISTS (
          SELECT FROM reconciliation_matches AS match
          WHERE match.transaction_id = step.id
            AND (match.reconciliation_id = :reconciliation_id OR step.settled_at >= :late_from::timestamptz))
    ORDER BY step.settled_at, step.id LIMIT :most
    """,
    LedgerStep,
)
#: Steps that were late when earlier reports ended, that no report has told of since, and that nobody was told to miss.
_LIST_STILL_LATE = rows(
    f"""
    SELECT DISTINCT ON (step.settled_at, step.id) 0, {_STEP}
    FROM reconciliations AS earlier
    JOIN reconciliation_differences AS late ON late.reconciliation_id = earlier.id AND late.kind = 'LATE'
    JOIN payment_transactions AS step ON step.id = late.transaction_id
    JOIN payments AS payment ON payment.id = step.payment_id
    WHERE earlier.gateway = :gateway AND earlier.id <> :reconciliation_id AND earlier.period_to >= :back_to
      AND step.settled_at < :start::timestamptz AND (step.settled_at, step.id) > (:after_at::timestamptz, :after_id::uuid)
      AND NOT EXISTS (SELECT FROM reconciliation_matches AS match WHERE match.transaction_id = step.id)
      AND NOT EXISTS (
          SELECT FROM reconciliation_differences AS told
          WHERE told.transaction_id = step.id AND told.kind = 'MISSING_THERE')
    ORDER BY step.settled_at, step.id LIMIT :most
    """,
    LedgerStep,
)
_SUM_STEPS = rows(
    f"""
    SELECT step.kind, payment.currency, count(*), sum(step.amount_minor)::bigint, 0, 0, 0
    FROM payment_transactions AS step JOIN payments AS payment ON payment.id = step.payment_id
    WHERE step.gateway = :gateway AND step.state = 'SUCCEEDED' AND {_MOVES_MONEY}
      AND step.settled_at >= :start::timestamptz AND step.settled_at < :end::timestamptz
    GROUP BY step.kind, payment.currency
    """,
    Sum,
)


@dataclass(frozen=True, slots=True)
class KeptNotice:
    """News that the ledger contradicted, or that matched nothing in it, with the step that they are about."""

    notice_id: str
    kind: TransactionKind
    outcome: Outcome
    effect: NoticeEffect
    at: datetime
    received_at: datetime
    amount_minor: int
    currency: str
    key: str | None
    reference: str | None
    authorization: str | None
    transaction_id: UUID | None
    payment_id: UUID | None
    order_id: UUID | None


_LIST_NOTICES = rows(
    """
    SELECT notice.notice_id, notice.kind, notice.outcome, notice.effect, notice.at, notice.received_at, notice.amount_minor,
        notice.currency, notice.key, notice.gateway_reference, notice.authorization_reference, notice.transaction_id,
        payment.id, payment.order_id
    FROM gateway_notices AS notice
    LEFT JOIN payment_transactions AS step ON step.id = notice.transaction_id
    LEFT JOIN payments AS payment ON payment.id = step.payment_id
    WHERE notice.gateway = :gateway AND notice.effect IN ('CONTRADICTED', 'UNMATCHED')
      AND notice.received_at >= :start AND notice.received_at < :end
      AND (notice.received_at, notice.notice_id) > (:after_at::timestamptz, :after_id::text)
    ORDER BY notice.received_at, notice.notice_id LIMIT :most
    """,
    KeptNotice,
)
_INSERT = rows(
    """
    INSERT INTO reconciliations (id, gateway, file_name, sha256, asked_from, asked_to, period_from, period_to, actor, created_at)
    VALUES (:id, :gateway, :file_name, :sha256, :asked_from, :asked_to, :start, :end, :actor, :now)
    ON CONFLICT DO NOTHING
    RETURNING id
    """,
    UUID,
)
_FIND = rows(
    f"""
    SELECT {RUN} FROM reconciliations
    WHERE gateway = :gateway AND sha256 = :sha256 AND asked_from IS NOT DISTINCT FROM :asked_from::timestamptz
      AND asked_to IS NOT DISTINCT FROM :asked_to::timestamptz
    """,
    Reconciliation,
)
#: What was listed is counted from the list itself.
_FINISH = rows(
    f"""
    UPDATE reconciliations SET period_from = :start, period_to = :end, rows_read = :read, rows_unreadable = :unreadable,
        rows_passed_over = :passed_over, rows_outside = :outside, rows_matched = :matched, rows_duplicated = :duplicated,
        rows_missing = :missing, sums = :sums, differences = listed.open_ones, late = listed.late_ones
    FROM (
        SELECT count(*) FILTER (WHERE kind <> 'LATE') AS open_ones, count(*) FILTER (WHERE kind = 'LATE') AS late_ones
        FROM reconciliation_differences AS difference WHERE difference.reconciliation_id = :id
    ) AS listed
    WHERE id = :id
    RETURNING {RUN}
    """,
    Reconciliation,
)
_INSERT_DIFFERENCES = statement(
    f"""
    INSERT INTO reconciliation_differences ({DIFFERENCE})
    SELECT id, :reconciliation_id, kind, movement, row_number, at, ours_minor, ours_currency, theirs_minor, theirs_currency,
        key, reference, about, order_id, payment_id, transaction_id, state, notice_id, message, NULL, NULL
    FROM unnest(:ids::uuid[], :kinds::text[], :movements::text[], :numbers::int[], :ats::timestamptz[], :ours::bigint[],
        :ours_currencies::text[], :theirs::bigint[], :theirs_currencies::text[], :keys::text[], :references::text[],
        :abouts::text[], :orders::uuid[], :payments::uuid[], :steps::uuid[], :states::text[], :notices::text[],
        :messages::text[])
        AS found (id, kind, movement, row_number, at, ours_minor, ours_currency, theirs_minor, theirs_currency, key, reference,
            about, order_id, payment_id, transaction_id, state, notice_id, message)
    """
)
_DELETE_DIFFERENCES = statement("DELETE FROM reconciliation_differences WHERE id = ANY(:ids::uuid[])")
_LIST_MISSING = rows(
    f"""
    SELECT {DIFFERENCE} FROM reconciliation_differences
    WHERE reconciliation_id = :reconciliation_id AND kind = 'MISSING_HERE' AND id > :after
      AND authorization_reference IS NOT NULL
    ORDER BY id LIMIT :most
    """,
    Difference,
)
_LIST_OPEN = rows(
    f"""
    SELECT {DIFFERENCE} FROM reconciliation_differences
    WHERE reconciliation_id = :reconciliation_id AND kind = 'STATE_DIFFERS' AND id > :after AND applied_at IS NULL
      AND state IN ('REQUESTED', 'UNKNOWN') AND ours_minor = theirs_minor AND ours_currency = theirs_currency
    ORDER BY id LIMIT :most
    """,
    Difference,
)
_LOCK_DIFFERENCE = rows(
    f"SELECT {DIFFERENCE} FROM reconciliation_differences WHERE id = :id FOR NO KEY UPDATE", Difference
)
_SET_APPLIED = statement("UPDATE reconciliation_differences SET applied_at = :now, effect = :effect WHERE id = :id")
_NIL = UUID(int=0)


@dataclass(slots=True)
class Tally:
    """What has become of the rows of a report so far."""

    read: int = 0
    unreadable: int = 0
    passed_over: int = 0
    outside: int = 0
    matched: int = 0
    duplicated: int = 0
    missing: int = 0


async def find_steps(session: Session, *, gateway: str, told: Sequence[Row]) -> dict[int, LedgerStep]:
    """Find the steps that rows tell of by name; answers them by the number of the row."""
    found = await _FIND_STEPS.all(
        session,
        gateway=gateway,
        numbers=[row.number for row in told],
        keys=[row.step_id for row in told],
        kinds=[row.kind.value for row in told],
        # A refund that came back is named by the refund, whose key may be all that they tell.
        references=[
            row.reference or (row.key if row.kind is TransactionKind.REFUND_REVERSAL else None) for row in told
        ],
        most=len(told),
    )
    return {step.number: step for step in found}


async def guess_steps(session: Session, *, missing: Sequence[Difference], period: Period) -> dict[int, LedgerStep]:
    """Find the steps that rows tell of without a name, where only one can be meant; by the number of the row."""
    found = await _GUESS_STEPS.all(
        session, ids=[difference.id for difference in missing], start=period.start, end=period.end
    )
    return {step.number: step for step in found}


async def claim_steps(
    uow: UnitOfWork,
    *,
    reconciliation_id: ReconciliationId,
    steps: Sequence[LedgerStep],
    within: Collection[int],
) -> set[int]:
    """Write which row tells of which step; answers the numbers of the rows that are the first to do so."""
    return set(
        await _CLAIM.all(
            uow,
            reconciliation_id=reconciliation_id,
            step_ids=[step.id for step in steps],
            numbers=[step.number for step in steps],
            withins=[step.number in within for step in steps],
        )
    )


async def list_unreported(
    session: Session,
    *,
    reconciliation_id: ReconciliationId,
    gateway: str,
    period: Period,
    late_from: datetime,
    after: LedgerStep | None,
    most: int,
) -> list[LedgerStep]:
    """List the next steps of a period of which the report does not tell, in the order in which they were settled."""
    return await _LIST_UNREPORTED.all(
        session,
        reconciliation_id=reconciliation_id,
        gateway=gateway,
        start=period.start,
        end=period.end,
        late_from=late_from,
        most=most,
        **_behind(after, period.start),
    )


async def list_still_late(
    session: Session,
    *,
    reconciliation_id: ReconciliationId,
    gateway: str,
    period: Period,
    back_to: datetime,
    after: LedgerStep | None,
    most: int,
) -> list[LedgerStep]:
    """List the next steps of earlier periods that were late then, and of which no report has told since."""
    return await _LIST_STILL_LATE.all(
        session,
        reconciliation_id=reconciliation_id,
        gateway=gateway,
        start=period.start,
        back_to=back_to,
        most=most,
        **_behind(after, datetime.min.replace(tzinfo=period.start.tzinfo)),
    )


async def sum_steps(session: Session, *, gateway: str, period: Period) -> list[Sum]:
    """Add up what the ledger says was moved within a period."""
    return await _SUM_STEPS.all(session, gateway=gateway, start=period.start, end=period.end)


async def list_notices_for_people(
    session: Session, *, gateway: str, period: Period, after: KeptNotice | None, most: int
) -> list[KeptNotice]:
    """List the next news of a period that were contradicted, or matched nothing."""
    return await _LIST_NOTICES.all(
        session,
        gateway=gateway,
        start=period.start,
        end=period.end,
        after_at=period.start if after is None else after.received_at,
        after_id="" if after is None else after.notice_id,
        most=most,
    )


async def insert_reconciliation(
    uow: UnitOfWork,
    *,
    gateway: str,
    report: Report,
    asked_from: datetime | None,
    asked_to: datetime | None,
    period: Period,
) -> ReconciliationId | None:
    """Begin a run; None when there is one of the same report and period. Whoever begins the same one now waits for us."""
    found = await _INSERT.first(
        uow,
        id=new_id(),
        gateway=gateway,
        file_name=report.name,
        sha256=report.sha256,
        asked_from=asked_from,
        asked_to=asked_to,
        start=period.start,
        end=period.end,
        actor=uow.actor.label,
        now=uow.now,
    )
    return None if found is None else ReconciliationId(found)


async def find_reconciliation(
    session: Session, *, gateway: str, report: Report, asked_from: datetime | None, asked_to: datetime | None
) -> Reconciliation | None:
    """Find the run of a report and a period."""
    return await _FIND.first(session, gateway=gateway, sha256=report.sha256, asked_from=asked_from, asked_to=asked_to)


async def finish_reconciliation(
    uow: UnitOfWork, *, reconciliation_id: ReconciliationId, period: Period, tally: Tally, sums: Sequence[Sum]
) -> Reconciliation:
    """Write what became of a report's rows, and what moved; counts what was listed."""
    return await _FINISH.one(
        uow,
        id=reconciliation_id,
        start=period.start,
        end=period.end,
        read=tally.read,
        unreadable=tally.unreadable,
        passed_over=tally.passed_over,
        outside=tally.outside,
        matched=tally.matched,
        duplicated=tally.duplicated,
        missing=tally.missing,
        sums=to_plain(list(sums)),
    )


async def insert_differences(uow: UnitOfWork, *, reconciliation_id: ReconciliationId, found: Sequence[Found]) -> None:
    """Write differences, in their order."""
    if not found:
        return
    await _INSERT_DIFFERENCES.run(
        uow,
        reconciliation_id=reconciliation_id,
        ids=[new_id() for _ in found],
        kinds=[one.kind.value for one in found],
        movements=[None if one.movement is None else one.movement.value for one in found],
        numbers=[one.row_number for one in found],
        ats=[one.at for one in found],
        ours=[one.ours_minor for one in found],
        ours_currencies=[one.ours_currency for one in found],
        theirs=[one.theirs_minor for one in found],
        theirs_currencies=[one.theirs_currency for one in found],
        keys=[one.key for one in found],
        references=[one.reference for one in found],
        abouts=[one.authorization for one in found],
        orders=[one.order_id for one in found],
        payments=[one.payment_id for one in found],
        steps=[one.transaction_id for one in found],
        states=[None if one.state is None else one.state.value for one in found],
        notices=[one.notice_id for one in found],
        messages=[one.message for one in found],
    )


async def delete_differences(uow: UnitOfWork, *, difference_ids: Collection[UUID]) -> None:
    """Take differences back that turned out to be none, before their run is finished."""
    await _DELETE_DIFFERENCES.run(uow, ids=list(difference_ids))


async def list_missing(
    session: Session, *, reconciliation_id: ReconciliationId, after: UUID | None, most: int
) -> list[Difference]:
    """List the next rows of which the ledger knows nothing, and that tell of an authorization."""
    return await _LIST_MISSING.all(session, reconciliation_id=reconciliation_id, after=after or _NIL, most=most)


async def list_open_differences(
    session: Session, *, reconciliation_id: ReconciliationId, after: UUID | None, most: int
) -> list[Difference]:
    """List the next steps without an answer that the report proves to be settled, and that were not settled by it yet."""
    return await _LIST_OPEN.all(session, reconciliation_id=reconciliation_id, after=after or _NIL, most=most)


async def lock_difference(uow: UnitOfWork, *, difference_id: UUID) -> Difference | None:
    """Lock one difference, before any order."""
    return await _LOCK_DIFFERENCE.first(uow, id=difference_id)


async def set_applied(uow: UnitOfWork, *, difference_id: UUID, effect: NoticeEffect) -> None:
    """Write what came of settling a step by its report."""
    await _SET_APPLIED.run(uow, id=difference_id, effect=effect.value, now=uow.now)


def _behind(step: LedgerStep | None, start: datetime) -> dict[str, object]:
    if step is None:
        return {"after_at": start, "after_id": _NIL}
    return {"after_at": step.settled_at, "after_id": step.id}
