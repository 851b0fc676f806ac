"""A settlement report is compared with the ledger: nothing of the ledger changes, and what differs is listed.

The report is read in chunks, and each is found in the ledger by one statement; all of it is one transaction, so that a run is
there whole or not at all. Steps that wait for an answer, and that the report proves to be settled, are settled when somebody
asks for that: each in a transaction of its own, as news would.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from uuid import UUID

from app.kernel.db import Begin, UnitOfWork
from app.kernel.errors import BrokenInvariant, Invalid
from app.kernel.ids import OrderId, PaymentId, ReconciliationId
from app.kernel.permissions import Permission
from app.payments.errors import ReconciliationNotFound
from app.payments.gateway import Gateway, Gateways, Notice, Outcome
from app.payments.queries import reconciling as queries
from app.payments.queries.reconciled import list_reconciliations
from app.payments.queries.reconciling import KeptNotice, Tally
from app.payments.rules import reconciling as rules
from app.payments.rules.reconciling import (
    LATE_WITHIN,
    Difference,
    Found,
    LedgerStep,
    PassedOver,
    Period,
    Reconciliation,
    Report,
    Row,
    Sum,
    Unreadable,
)
from app.payments.service.notices import take_in
from app.payments.states import DifferenceKind, NoticeEffect, TransactionKind

#: Rows that are compared by one statement.
ROWS_AT_ONCE = 5_000
#: How far back what was late before is looked for.
_LOOKED_BACK = timedelta(days=92)
_MOMENT = timedelta(microseconds=1)

#: Is told how many rows have been compared so far.
Listener = Callable[[int], None]


async def reconcile(
    uow: UnitOfWork,
    gateways: Gateways,
    report: Report,
    *,
    gateway: str,
    asked_from: datetime | None = None,
    asked_to: datetime | None = None,
    listener: Listener | None = None,
    rows_at_once: int = ROWS_AT_ONCE,
) -> Reconciliation:
    """Compare a settlement report with the ledger, and list what differs. The same report and period are the same run.

    The period is from the first to the last row, where nobody says another; rows outside it are not compared.
    Locks: nothing of the ledger.
    Raises: Forbidden; Invalid for a report that cannot be read or has no period, or that is of no payment service of ours.
    """
    uow.actor.require(Permission.PAYMENTS_MANAGE)
    reader = gateways.get(gateway)
    if reader is None:
        there = ", ".join(sorted(gateways)) or "none"
        raise Invalid(f"there is no payment service {gateway[:40]!r} here; there are: {there}", field=("gateway",))
    if asked_from is not None and asked_to is not None and asked_from >= asked_to:
        raise Invalid("a period ends after it begins", field=("to",))
    start = asked_from or min(uow.now, asked_to - _MOMENT if asked_to else uow.now)
    reconciliation_id = await queries.insert_reconciliation(
        uow,
        gateway=gateway,
        report=report,
        asked_from=asked_from,
        asked_to=asked_to,
        # What it is in the end is known when the last row has been read.
        period=Period(start, asked_to or start + _MOMENT),
    )
    if reconciliation_id is None:
        found = await queries.find_reconciliation(
            uow, gateway=gateway, report=report, asked_from=asked_from, asked_to=asked_to
        )
        if found is None:
            raise BrokenInvariant("a run is there that cannot be found")
        return found
    run = _Run(uow, gateway, reconciliation_id, asked_from, asked_to)
    read = rules.read(reader, report)
    while chunk := list(islice(read, rows_at_once)):
        await run.compare(chunk)
        if listener is not None:
            listener(run.tally.read)
    return await run.finish(rows_at_once)


async def apply(begin: Begin, gateways: Gateways, *, reconciliation_id: ReconciliationId) -> int:
    """Settle the steps without an answer that a report proves to be settled, as news would; answers of how many.

    May be called again and again. Locks, each time: the difference, order, payments, accounts.
    Raises: Forbidden; ReconciliationNotFound; Invalid where the payment service is switched off.
    """
    gateway = await begin.run(partial(_gateway_of, gateways=gateways, reconciliation_id=reconciliation_id))
    settled, after = 0, None
    while found := await begin.run(partial(_read_open, reconciliation_id=reconciliation_id, after=after)):
        for difference in found:
            settled += await begin.run(partial(_settle, gateway=gateway, found=difference))
        after = found[-1].id
    return settled


async def _gateway_of(uow: UnitOfWork, *, gateways: Gateways, reconciliation_id: ReconciliationId) -> Gateway:
    uow.actor.require(Permission.PAYMENTS_MANAGE)
    run = next(iter(await list_reconciliations(uow, reconciliation_ids=[reconciliation_id])), None)
    if run is None:
        raise ReconciliationNotFound("there is no such reconciliation", field=("reconciliationId",))
    gateway = gateways.get(run.gateway)
    if gateway is None:
        raise Invalid(f"the payment service {run.gateway!r} is switched off", field=("gateway",))
    return gateway


async def _read_open(uow: UnitOfWork, *, reconciliation_id: ReconciliationId, after: UUID | None) -> list[Difference]:
    uow.actor.require(Permission.PAYMENTS_MANAGE)
    return await queries.list_open_differences(uow, reconciliation_id=reconciliation_id, after=after, most=ROWS_AT_ONCE)


async def _settle(uow: UnitOfWork, *, gateway: Gateway, found: Difference) -> bool:
    uow.actor.require(Permission.PAYMENTS_MANAGE)
    difference = await queries.lock_difference(uow, difference_id=found.id)
    if difference is None or difference.applied_at is not None:
        return False
    assert difference.movement is not None
    assert difference.at is not None
    assert difference.theirs_minor is not None
    assert difference.theirs_currency is not None
    notice = Notice(
        id=f"reconciliation {difference.id}",
        kind=difference.movement,
        outcome=Outcome.SUCCEEDED,
        at=difference.at,
        amount_minor=difference.theirs_minor,
        currency=difference.theirs_currency,
        key=str(difference.transaction_id),
        reference=difference.reference,
        authorization=difference.authorization,
    )
    effect = await take_in(uow, gateway, notice)
    await queries.set_applied(uow, difference_id=difference.id, effect=effect)
    return effect is NoticeEffect.APPLIED


class _Run:
    """A report while it is compared: what became of its rows so far, and what moved by them."""

    def __init__(
        self,
        uow: UnitOfWork,
        gateway: str,
        reconciliation_id: ReconciliationId,
        asked_from: datetime | None,
        asked_to: datetime | None,
    ) -> None:
        self._uow = uow
        self._gateway = gateway
        self._id = reconciliation_id
        self._asked_from = asked_from
        self._asked_to = asked_to
        self._first: datetime | None = None
        self._last: datetime | None = None
        self._sums: dict[tuple[TransactionKind, str], list[int]] = {}
        self._reason = ""
        self.tally = Tally()

    async def compare(self, chunk: Sequence[Row | Unreadable | PassedOver]) -> None:
        """Compare the next rows, and keep what differs."""
        found: list[Found] = []
        rows: list[Row] = []
        self.tally.read += len(chunk)
        for one in chunk:
            if isinstance(one, Row):
                rows.append(one)
            elif isinstance(one, Unreadable):
                self.tally.unreadable += 1
                self._reason = self._reason or f"row {one.number}: {one.reason}"
                found.append(rules.unreadable(one))
            else:
                self.tally.passed_over += 1
        within = {row.number for row in rows if self._is_within(row)}
        self.tally.outside += len(rows) - len(within)
        steps = await queries.find_steps(self._uow, gateway=self._gateway, told=rows)
        first = await queries.claim_steps(
            self._uow, reconciliation_id=self._id, steps=list(steps.values()), within=within
        )
        for row in rows:
            if row.number not in within:
                continue
            self._add(row)
            step = steps.get(row.number)
            if step is None:
                self.tally.missing += 1
                found.append(rules.unknown(row))
            elif row.number in first:
                self.tally.matched += 1
                found += rules.compare(row, step)
            else:
                self.tally.duplicated += 1
                found.append(rules.repeated(row, step))
        await queries.insert_differences(self._uow, reconciliation_id=self._id, found=found)

    async def finish(self, at_once: int) -> Reconciliation:
        """Find what rows told of without a name, then what they did not tell of, and add everything up."""
        if self.tally.unreadable and self.tally.unreadable == self.tally.read:
            raise Invalid(f"no row of the report can be read; {self._reason}", field=("report",))
        period = rules.period_of(self._asked_from, self._asked_to, self._first, self._last)
        await self._guess(period, at_once)
        await self._list_unreported(period, at_once)
        await self._list_notices(period, at_once)
        ours = await queries.sum_steps(self._uow, gateway=self._gateway, period=period)
        theirs = [
            Sum(kind, currency, theirs_count=count, theirs_minor=amount, fees_minor=fees)
            for (kind, currency), (count, amount, fees) in self._sums.items()
        ]
        return await queries.finish_reconciliation(
            self._uow, reconciliation_id=self._id, period=period, tally=self.tally, sums=rules.total(ours, theirs)
        )

    def _is_within(self, row: Row) -> bool:
        after_start = self._asked_from is None or row.at >= self._asked_from
        return after_start and (self._asked_to is None or row.at < self._asked_to)

    def _add(self, row: Row) -> None:
        self._first = row.at if self._first is None else min(self._first, row.at)
        self._last = row.at if self._last is None else max(self._last, row.at)
        of_kind = self._sums.setdefault((row.kind, row.currency), [0, 0, 0])
        for place, amount in enumerate((1, row.amount_minor, row.fee_minor)):
            of_kind[place] += amount

    async def _guess(self, period: Period, at_once: int) -> None:
        """Match rows that told no name with steps, where only one can be meant."""
        after = None
        while missing := await queries.list_missing(
            self._uow, reconciliation_id=self._id, after=None if after is None else after.id, most=at_once
        ):
            after = missing[-1]
            steps = await queries.guess_steps(self._uow, missing=missing, period=period)
            guessed = [one for one in missing if one.row_number in steps]
            if not guessed:
                continue
            await queries.claim_steps(
                self._uow, reconciliation_id=self._id, steps=list(steps.values()), within=steps.keys()
            )
            await queries.delete_differences(self._uow, difference_ids=[one.id for one in guessed])
            self.tally.missing -= len(guessed)
            self.tally.matched += len(guessed)
            found = [different for one in guessed for different in rules.compare(_row(one), steps[one.row_number or 0])]
            await queries.insert_differences(self._uow, reconciliation_id=self._id, found=found)

    async def _list_unreported(self, period: Period, at_once: int) -> None:
        after: LedgerStep | None = None
        while steps := await queries.list_still_late(
            self._uow,
            reconciliation_id=self._id,
            gateway=self._gateway,
            period=period,
            back_to=period.start - _LOOKED_BACK,
            after=after,
            most=at_once,
        ):
            await self._keep_unreported(steps, period)
            after = steps[-1]
        after = None
        while steps := await queries.list_unreported(
            self._uow,
            reconciliation_id=self._id,
            gateway=self._gateway,
            period=period,
            late_from=period.end - LATE_WITHIN,
            after=after,
            most=at_once,
        ):
            await self._keep_unreported(steps, period)
            after = steps[-1]

    async def _keep_unreported(self, steps: Sequence[LedgerStep], period: Period) -> None:
        found = [rules.unreported(step, period) for step in steps]
        await queries.insert_differences(self._uow, reconciliation_id=self._id, found=found)

    async def _list_notices(self, period: Period, at_once: int) -> None:
        after = None
        while notices := await queries.list_notices_for_people(
            self._uow, gateway=self._gateway, period=period, after=after, most=at_once
        ):
            found = [_told(notice) for notice in notices]
            await queries.insert_differences(self._uow, reconciliation_id=self._id, found=found)
            after = notices[-1]


def _row(missing: Difference) -> Row:
    """Read a row again from what was kept of it."""
    assert missing.movement is not None
    assert missing.row_number is not None
    assert missing.at is not None
    assert missing.theirs_minor is not None
    assert missing.theirs_currency is not None
    return Row(
        missing.row_number,
        missing.movement,
        missing.at,
        missing.theirs_minor,
        missing.theirs_currency,
        0,
        missing.key,
        missing.reference,
        missing.authorization,
    )


def _told(notice: KeptNotice) -> Found:
    contradicted = notice.effect is NoticeEffect.CONTRADICTED
    said = notice.outcome.value.lower().replace("_", " ")
    return Found(
        DifferenceKind.CONTRADICTED if contradicted else DifferenceKind.UNMATCHED,
        f"news that it was {said}, which the ledger contradicts" if contradicted else f"news that it was {said}",
        movement=notice.kind,
        at=notice.at,
        theirs_minor=notice.amount_minor,
        theirs_currency=notice.currency,
        key=notice.key,
        reference=notice.reference,
        authorization=notice.authorization,
        order_id=None if notice.order_id is None else OrderId(notice.order_id),
        payment_id=None if notice.payment_id is None else PaymentId(notice.payment_id),
        transaction_id=notice.transaction_id,
        notice_id=notice.notice_id,
    )
