"""A gateway's settlement report beside the ledger: what its rows say, and how each differs from the step it tells of.

The report is the gateway's word, and nothing of it is believed: it is compared. A step is found by our key, by the gateway's
own name of it, or, where it has told neither, as the only one of an authorization with this kind and amount.
"""

import csv
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from io import StringIO
from typing import Any
from uuid import UUID

from app.kernel.errors import BrokenInvariant, Invalid
from app.kernel.ids import OrderId, PaymentId, ReconciliationId
from app.kernel.money import Money
from app.payments.gateway import Gateway, Settlement, SettlementUnreadable
from app.payments.rules.told import misfit
from app.payments.states import DifferenceKind, NoticeEffect, TransactionKind, TransactionState

#: What was settled so shortly before a period ends may be told of by the next report.
LATE_WITHIN = timedelta(days=2)
#: Kinds of steps that move money, and those of them that a gateway is asked for under a key of ours.
MOVES = (
    TransactionKind.CAPTURE,
    TransactionKind.REFUND,
    TransactionKind.REFUND_REVERSAL,
    TransactionKind.CHARGEBACK,
    TransactionKind.CHARGEBACK_REVERSAL,
)
ASKED = (TransactionKind.CAPTURE, TransactionKind.REFUND)
OPEN = (TransactionState.REQUESTED, TransactionState.UNKNOWN)
_LONGEST_MESSAGE = 300
_DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class Report:
    """A settlement report: its name, the hash of what it says, and its lines, as often as somebody asks for them."""

    name: str | None
    sha256: str
    lines: Callable[[], Iterable[str]] = field(repr=False)

    @classmethod
    def of_text(cls, text: str, *, name: str | None = None) -> "Report":
        """Take a report that is all here."""
        return cls(name, sha256(text.encode("utf-8", "surrogatepass")).hexdigest(), lambda: StringIO(text, newline=""))


@dataclass(frozen=True, slots=True)
class Period:
    """From a moment on, and up to and without another."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a report that moved money. `number` counts the header as the first."""

    number: int
    kind: TransactionKind
    at: datetime
    amount_minor: int
    currency: str
    fee_minor: int
    key: str | None
    reference: str | None
    authorization: str | None

    @property
    def step_id(self) -> UUID | None:
        """The step that was asked for under this key; none for what nobody asks a gateway for."""
        if self.key is None or self.kind not in ASKED:
            return None
        try:
            return UUID(self.key)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row that cannot be compared, and why."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A row that moves no money of a payment."""

    number: int


@dataclass(frozen=True, slots=True)
class LedgerStep:
    """A step of the ledger, with what its tender says of it. `number` is of the row that tells of it; 0 when none does."""

    number: int
    id: UUID
    payment_id: PaymentId
    order_id: OrderId | None
    kind: TransactionKind
    state: TransactionState
    amount_minor: int
    currency: str
    reference: str | None
    authorization: str | None
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Found:
    """A difference as it was found. `movement` is what they say the money did; what we say, where they say nothing."""

    kind: DifferenceKind
    message: str
    movement: TransactionKind | None = None
    row_number: int | None = None
    at: datetime | None = None
    ours_minor: int | None = None
    ours_currency: str | None = None
    theirs_minor: int | None = None
    theirs_currency: str | None = None
    key: str | None = None
    reference: str | None = None
    authorization: str | None = None
    order_id: OrderId | None = None
    payment_id: PaymentId | None = None
    transaction_id: UUID | None = None
    state: TransactionState | None = None
    notice_id: str | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference that is kept. `applied_at` is when its step was settled by the report, `effect` what came of that."""

    id: UUID
    reconciliation_id: ReconciliationId
    kind: DifferenceKind
    movement: TransactionKind | None
    row_number: int | None
    at: datetime | None
    ours_minor: int | None
    ours_currency: str | None
    theirs_minor: int | None
    theirs_currency: str | None
    key: str | None
    reference: str | None
    authorization: str | None
    order_id: OrderId | None
    payment_id: PaymentId | None
    transaction_id: UUID | None
    state: TransactionState | None
    notice_id: str | None
    message: str
    applied_at: datetime | None
    effect: NoticeEffect | None


@dataclass(frozen=True, slots=True)
class Sum:
    """What moved within the period, of one kind and currency, on both sides. Fees are the gateway's."""

    kind: TransactionKind
    currency: str
    ours_count: int = 0
    ours_minor: int = 0
    theirs_count: int = 0
    theirs_minor: int = 0
    fees_minor: int = 0

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Sum":
        """Read it as it is kept."""
        return cls(**{**value, "kind": TransactionKind(value["kind"])})


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """A report that was compared with the ledger: what became of its rows, and what moved on both sides.

    `differences` counts those that have to be looked at, without what is only late.
    """

    id: ReconciliationId
    gateway: str
    file_name: str | None
    sha256: str
    asked_from: datetime | None
    asked_to: datetime | None
    period_from: datetime
    period_to: datetime
    rows_read: int
    rows_unreadable: int
    rows_passed_over: int
    rows_outside: int
    rows_matched: int
    rows_duplicated: int
    rows_missing: int
    differences: int
    late: int
    sums: tuple[Sum, ...]
    actor: str
    created_at: datetime


def read(gateway: Gateway, report: Report) -> Iterator[Row | Unreadable | PassedOver]:
    """Read a report row for row, as its gateway writes them; whatever cannot be read says why.

    Raises: Invalid when it has no header, or is not text.
    """
    # The gateway may ask for a few rows ahead of what it has told.
    numbers: deque[int] = deque()
    strange: deque[Unreadable] = deque()

    def rows() -> Iterator[dict[str, str]]:
        for record in _records(report.lines()):
            if isinstance(record, Unreadable):
                strange.append(record)
            else:
                numbers.append(record[0])
                yield record[1]

    for told in gateway.read_settlement(rows()):
        yield from _drained(strange)
        if not numbers:
            raise BrokenInvariant(f"{gateway.name} tells of more rows than it was given")
        yield _row(numbers.popleft(), told)
    yield from _drained(strange)
    if numbers:
        raise BrokenInvariant(f"{gateway.name} tells of fewer rows than it was given")


def compare(row: Row, step: LedgerStep) -> list[Found]:
    """Say how a row differs from the step that it tells of; nothing, when they agree."""
    found = []
    theirs, ours = Money(row.amount_minor, row.currency), Money(step.amount_minor, step.currency)
    if row.kind is not step.kind:
        found.append(_of(row, step, DifferenceKind.KIND_DIFFERS, f"{_said(row.kind)}, and here {_said(step.kind)}"))
    elif row.currency != step.currency:
        found.append(_of(row, step, DifferenceKind.CURRENCY_DIFFERS, f"{theirs} there, {ours} here"))
    elif row.amount_minor != step.amount_minor:
        found.append(_of(row, step, DifferenceKind.AMOUNT_DIFFERS, f"{theirs} there, {ours} here"))
    if step.state is not TransactionState.SUCCEEDED:
        what = "it was refused" if step.state is TransactionState.FAILED else "nobody has answered yet"
        found.append(_of(row, step, DifferenceKind.STATE_DIFFERS, f"the money moved; the ledger says that {what}"))
    return found


def unknown(row: Row) -> Found:
    """Say that the ledger knows nothing of what a row tells of."""
    return _of(row, None, DifferenceKind.MISSING_HERE, "the ledger knows nothing of it")


def repeated(row: Row, step: LedgerStep) -> Found:
    """Say that an earlier row has told of the same step."""
    return _of(row, step, DifferenceKind.DUPLICATED, "an earlier row tells of the same")


def unreadable(row: Unreadable) -> Found:
    """Say that a row says nothing that can be compared."""
    return Found(DifferenceKind.UNREADABLE, row.reason[:_LONGEST_MESSAGE].replace("\0", "�"), row_number=row.number)


def unreported(step: LedgerStep, period: Period) -> Found:
    """Say that the report does not tell of a step: it is late, or by now it is missing."""
    assert step.settled_at is not None
    late = step.settled_at >= period.end - LATE_WITHIN
    return Found(
        DifferenceKind.LATE if late else DifferenceKind.MISSING_THERE,
        "the next report may tell of it" if late else "the report does not tell of it",
        movement=step.kind,
        at=step.settled_at,
        ours_minor=step.amount_minor,
        ours_currency=step.currency,
        key=str(step.id) if step.kind in ASKED else None,
        reference=step.reference,
        authorization=step.authorization,
        order_id=step.order_id,
        payment_id=step.payment_id,
        transaction_id=step.id,
        state=step.state,
    )


def period_of(
    asked_from: datetime | None, asked_to: datetime | None, first: datetime | None, last: datetime | None
) -> Period:
    """Say which period a report is about: what was asked, else from its first to its last row.

    Raises: Invalid when neither says it.
    """
    start, end = asked_from or first, asked_to or (None if last is None else last + timedelta(microseconds=1))
    if start is None or end is None:
        raise Invalid("the report has no row that says of which period it is; say it", field=("from",))
    return Period(start, max(end, start + timedelta(microseconds=1)))


def _of(row: Row, step: LedgerStep | None, kind: DifferenceKind, message: str) -> Found:
    return Found(
        kind,
        message,
        movement=row.kind,
        row_number=row.number,
        at=row.at,
        ours_minor=None if step is None else step.amount_minor,
        ours_currency=None if step is None else step.currency,
        theirs_minor=row.amount_minor,
        theirs_currency=row.currency,
        key=row.key,
        reference=row.reference,
        authorization=row.authorization,
        order_id=None if step is None else step.order_id,
        payment_id=None if step is None else step.payment_id,
        transaction_id=None if step is None else step.id,
        state=None if step is None else step.state,
    )


def _said(kind: TransactionKind) -> str:
    return f"a {kind.value.lower().replace('_', ' ')}"


def _drained(strange: deque[Unreadable]) -> Iterator[Unreadable]:
    while strange:
        yield strange.popleft()


def _row(number: int, told: Settlement | SettlementUnreadable | None) -> Row | Unreadable | PassedOver:
    if told is None:
        return PassedOver(number)
    if isinstance(told, SettlementUnreadable):
        return Unreadable(number, str(told))
    unfit = misfit(told)
    if unfit is not None:
        return Unreadable(number, unfit)
    if told.kind not in MOVES:
        return PassedOver(number)
    return Row(
        number,
        told.kind,
        told.at,
        told.amount_minor,
        told.currency,
        told.fee_minor,
        told.key,
        told.reference,
        told.authorization,
    )


def _records(lines: Iterable[str]) -> Iterator[tuple[int, dict[str, str]] | Unreadable]:
    """Split a CSV into records by the names of its header; lines without anything in them are counted and left out."""
    source = iter(lines)
    try:
        first = next(source, "")
        delimiter = max(_DELIMITERS, key=first.count)
        names = [name.strip() for name in next(csv.reader([first.removeprefix("\ufeff")], delimiter=delimiter), [])]
        if not any(names) or len(set(names)) < len(names):
            raise Invalid("the first line of a report names its columns, each once", field=("report",))
        reader = csv.reader(source, delimiter=delimiter)
        number = 1
        while True:
            number += 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Unreadable(number, f"not CSV: {error}")
                continue
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(names):
                yield Unreadable(number, f"{len(cells)} columns, and the header has {len(names)}")
                continue
            yield number, dict(zip(names, cells, strict=True))
    except UnicodeDecodeError:
        raise Invalid("the report is not text in UTF-8", field=("report",)) from None


def total(sums: Sequence[Sum], rows: Sequence[Sum]) -> list[Sum]:
    """Put our sums and theirs side by side, by kind and currency."""
    ours = {(one.kind, one.currency): one for one in sums}
    theirs = {(one.kind, one.currency): one for one in rows}
    order = {kind: place for place, kind in enumerate(MOVES)}
    empty = Sum(TransactionKind.CAPTURE, "")
    return [
        Sum(
            kind,
            currency,
            ours.get((kind, currency), empty).ours_count,
            ours.get((kind, currency), empty).ours_minor,
            theirs.get((kind, currency), empty).theirs_count,
            theirs.get((kind, currency), empty).theirs_minor,
            theirs.get((kind, currency), empty).fees_minor,
        )
        for kind, currency in sorted(ours.keys() | theirs.keys(), key=lambda name: (order[name[0]], name[1]))
    ]
