"""Reconciliations, as those who look after the shop's money see them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import strawberry

import schema.payments.reconciliation.inputs  # noqa: F401  # The enums are declared there.
from app.kernel.ids import IdKind
from app.kernel.paging import Page, page, page_request
from app.kernel.permissions import Permission
from app.payments.queries import reconciled as queries
from app.payments.queries.reconciled import Counted
from app.payments.rules import reconciling as rules
from app.payments.states import DifferenceKind, NoticeEffect, TransactionKind
from schema.core.connections import PageInfo
from schema.core.context import Info
from schema.core.errors import UserError
from schema.core.ids import Node, public_id
from schema.core.money import Money
from schema.orders.loaders import OrderById
from schema.orders.types import Order
from schema.payments.reconciliation.loaders import CountsByReconciliationId


@strawberry.type
class ReconciliationSum:
    """What moved within the period, of one kind and currency, on both sides."""

    kind: TransactionKind
    """What the money did."""
    ours: Money
    """What the ledger says."""
    ours_count: int
    """In how many steps."""
    theirs: Money
    """What the report says."""
    theirs_count: int
    """In how many rows."""
    difference: Money
    """Theirs less ours."""
    fees: Money
    """What the payment service kept for it."""

    @classmethod
    def of(cls, row: rules.Sum) -> "ReconciliationSum":
        """Show a sum."""
        return cls(
            kind=row.kind,
            ours=Money.of(row.ours_minor, row.currency),
            ours_count=row.ours_count,
            theirs=Money.of(row.theirs_minor, row.currency),
            theirs_count=row.theirs_count,
            difference=Money.of(row.theirs_minor - row.ours_minor, row.currency),
            fees=Money.of(row.fees_minor, row.currency),
        )


@strawberry.type
class ReconciliationDifferenceCount:
    """How many differences of one kind there are."""

    kind: DifferenceKind
    """Of which kind."""
    count: int
    """How many were found."""
    settled: int
    """How many of them the report has settled since."""

    @classmethod
    def of(cls, row: Counted) -> "ReconciliationDifferenceCount":
        """Show a count."""
        return cls(kind=row.kind, count=row.count, settled=row.settled)


@strawberry.type
class ReconciliationDifference:
    """Something that the report and the ledger do not agree about."""

    row: strawberry.Private[rules.Difference]
    kind: DifferenceKind
    """How they differ."""
    message: str
    """What a person may read, in English."""
    movement: TransactionKind | None
    """What they say that the money did; what we say, where they say nothing. Null for a row that cannot be read."""
    row_number: int | None
    """The row of the report, whose header is row 1; null where no row tells of it."""
    at: datetime | None
    """When they say that it happened; when we say so, where they say nothing. Null for a row that cannot be read."""
    ours: Money | None
    """What the ledger says; null where it knows nothing of it."""
    theirs: Money | None
    """What they say; null where they say nothing."""
    key: str | None
    """Our name for the step, where it is told; null else."""
    reference: str | None
    """The payment service's name for it; null where it is not known."""
    authorization: str | None
    """The payment service's name for the authorization that it is about; null where it is not known."""
    payment_id: strawberry.ID | None
    """The payment whose ledger has the step; null where there is none."""
    applied_at: datetime | None
    """When the report settled the step; null when it has not."""
    effect: NoticeEffect | None
    """What came of that; null when nobody has asked for it."""

    @classmethod
    def of(cls, row: rules.Difference) -> "ReconciliationDifference":
        """Show a difference."""
        return cls(
            row=row,
            kind=row.kind,
            message=row.message,
            movement=row.movement,
            row_number=row.row_number,
            at=row.at,
            ours=None if row.ours_currency is None else Money.maybe(row.ours_minor, row.ours_currency),
            theirs=None if row.theirs_currency is None else Money.maybe(row.theirs_minor, row.theirs_currency),
            key=row.key,
            reference=row.reference,
            authorization=row.authorization,
            payment_id=None if row.payment_id is None else public_id(IdKind.PAYMENT, row.payment_id),
            applied_at=row.applied_at,
            effect=row.effect,
        )

    @strawberry.field
    async def order(self, info: Info) -> Order | None:
        """The order that was paid; null where there is none, and for who sees no orders."""
        if self.row.order_id is None or not info.context.actor.may(Permission.ORDERS_READ):
            return None
        row = await info.context.load(OrderById, self.row.order_id)
        return None if row is None else Order.of(row)


@strawberry.type
class ReconciliationDifferenceEdge:
    """A difference in a list."""

    cursor: str
    """Where in the list it stands."""
    node: ReconciliationDifference
    """The difference."""


@strawberry.type
class ReconciliationDifferenceConnection:
    """A page of differences."""

    edges: list[ReconciliationDifferenceEdge]
    """The differences with their cursors."""
    nodes: list[ReconciliationDifference]
    """The differences alone."""
    page_info: PageInfo
    """Where the page stands in the list."""

    @classmethod
    def of(cls, found: Page[rules.Difference]) -> "ReconciliationDifferenceConnection":
        """Show a page."""
        nodes = [ReconciliationDifference.of(row) for row in found.items]
        return cls(
            edges=[
                ReconciliationDifferenceEdge(cursor=cursor, node=node)
                for cursor, node in zip(found.cursors, nodes, strict=True)
            ],
            nodes=nodes,
            page_info=PageInfo.of(found),
        )


@strawberry.type
class Reconciliation(Node):
    """A settlement report that was compared with the ledger."""

    row: strawberry.Private[rules.Reconciliation]
    gateway: str
    """Whose report it is."""
    file_name: str | None
    """What the report is called; null when nobody said."""
    sha256: str
    """The hash of what it says, in hexadecimal digits."""
    # The name is a word of Python's.
    from_: datetime = strawberry.field(name="from")
    """Where its period begins."""
    to: datetime
    """Up to where, and without which, it goes."""
    rows_read: int
    """Rows of the report, without its header."""
    rows_matched: int
    """Rows that tell of a step of the ledger, whether they agree with it or not."""
    rows_missing: int
    """Rows about which the ledger knows nothing."""
    rows_duplicated: int
    """Rows that tell of what an earlier row told of."""
    rows_unreadable: int
    """Rows that say nothing that can be compared."""
    rows_passed_over: int
    """Rows that move no money of a payment."""
    rows_outside: int
    """Rows outside the period."""
    difference_count: int
    """How many differences were found, without what is only late."""
    late_count: int
    """How many steps were settled so shortly before the end that the next report may tell of them."""
    sums: list[ReconciliationSum]
    """What moved, by kind and currency."""
    created_at: datetime
    """When it was compared."""

    @classmethod
    def kind(cls) -> IdKind:
        """Say which prefix these ids have."""
        return IdKind.RECONCILIATION

    @classmethod
    def of(cls, row: rules.Reconciliation) -> "Reconciliation":
        """Show a run."""
        return cls(
            id=public_id(IdKind.RECONCILIATION, row.id),
            row=row,
            gateway=row.gateway,
            file_name=row.file_name,
            sha256=row.sha256,
            from_=row.period_from,
            to=row.period_to,
            rows_read=row.rows_read,
            rows_matched=row.rows_matched,
            rows_missing=row.rows_missing,
            rows_duplicated=row.rows_duplicated,
            rows_unreadable=row.rows_unreadable,
            rows_passed_over=row.rows_passed_over,
            rows_outside=row.rows_outside,
            difference_count=row.differences,
            late_count=row.late,
            sums=[ReconciliationSum.of(one) for one in row.sums],
            created_at=row.created_at,
        )

    @strawberry.field
    async def difference_counts(self, info: Info) -> list[ReconciliationDifferenceCount]:
        """How many differences of each kind there are; kinds of which there is none are left out."""
        found = await info.context.load(CountsByReconciliationId, self.row.id)
        return [ReconciliationDifferenceCount.of(row) for row in found]

    @strawberry.field
    async def differences(
        self, info: Info, kind: DifferenceKind | None = None, first: int | None = None, after: str | None = None
    ) -> ReconciliationDifferenceConnection:
        """What differs, in the order in which it was found."""
        request = page_request(first=first, after=after)
        found = await queries.list_differences(
            info.context.session, reconciliation_id=self.row.id, kind=kind, request=request
        )
        return ReconciliationDifferenceConnection.of(page(found, request, queries.difference_key))


@strawberry.type
class ReconciliationEdge:
    """A run in a list."""

    cursor: str
    """Where in the list it stands."""
    node: Reconciliation
    """The run."""


@strawberry.type
class ReconciliationConnection:
    """A page of runs."""

    edges: list[ReconciliationEdge]
    """The runs with their cursors."""
    nodes: list[Reconciliation]
    """The runs alone."""
    page_info: PageInfo
    """Where the page stands in the list."""
    count: strawberry.Private[Any]

    @classmethod
    def of(
        cls, found: Page[rules.Reconciliation], nodes: Sequence[Reconciliation], count: Any
    ) -> "ReconciliationConnection":
        """Show a page; `count` counts the whole list when asked."""
        return cls(
            edges=[
                ReconciliationEdge(cursor=cursor, node=node) for cursor, node in zip(found.cursors, nodes, strict=True)
            ],
            nodes=list(nodes),
            page_info=PageInfo.of(found),
            count=count,
        )

    @strawberry.field
    async def total_count(self) -> int:
        """How many runs the filter lets through; counted only when asked for."""
        return int(await self.count())


@strawberry.type
class PaymentReconcilePayload:
    """The answer to a report that was to be compared."""

    reconciliation: Reconciliation | None
    """What was found; null when refused."""
    settled: int
    """How many steps the report has settled now."""
    errors: list[UserError]
    """Why it was refused."""
