"""Counts, as those who count and those who decide see them."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry

from app.inventory import rules
from app.inventory.errors import CountBelowPacked, CountIncomplete, CountLinesRefused, CountOutdated
from app.inventory.states import Bucket, CountStatus
from app.kernel.ids import IdKind
from app.kernel.paging import Page
from app.kernel.permissions import Permission
from app.orders.service import may_read
from schema.catalog.loaders import VariantById
from schema.catalog.types import ProductVariant
from schema.core.connections import PageInfo
from schema.core.context import Info
from schema.core.errors import UserError, written_by
from schema.core.ids import Node, public_id
from schema.inventory.counts.loaders import CountById, CountLineById, LinesByCountId
from schema.locations.loaders import LocationById
from schema.locations.types import Location, location_of
from schema.orders import types as order_types
from schema.orders.loaders import OrderById

if TYPE_CHECKING:
    from schema.orders.types import Order

#: What a caller needs, beyond working at the location, to do what a count allows next.
_NEEDED = {
    "countRecord": Permission.INVENTORY_COUNT,
    "countSubmit": Permission.INVENTORY_COUNT,
    "countRecount": Permission.INVENTORY_ADJUST,
    "countPost": Permission.INVENTORY_ADJUST,
    "countReject": Permission.INVENTORY_ADJUST,
}


@strawberry.type
class CountLine(Node):
    """One variant of a count: what was found, against what the ledger said at that moment."""

    row: strawberry.Private[rules.CountLine]
    expected: int | None
    """Units by the ledger at the moment of counting; null before, and while a blind count goes on."""
    counted: int | None
    """Units found; null before."""
    variance: int | None
    """Units found beyond what was expected, negative when some are missing; null where `expected` is."""
    counted_at: datetime | None
    """When it was last counted; null before."""
    counted_by: str | None
    """Who last counted it: what kind of actor, and their id; null before."""
    recounts: int
    """How often it was asked for once more."""
    recount_asked: bool
    """Whether it waits to be counted once more."""
    posted: int | None
    """Units that posting added or took away; null before."""

    @classmethod
    def kind(cls) -> IdKind:
        """Say which prefix these ids have."""
        return IdKind.COUNT_LINE

    @classmethod
    def of(cls, row: rules.CountLine, count: rules.Count) -> "CountLine":
        """Show a line of a count."""
        hidden = count.hides_expected
        return cls(
            id=public_id(IdKind.COUNT_LINE, row.id),
            row=row,
            expected=None if hidden else row.expected,
            counted=row.counted,
            variance=None if hidden else row.variance,
            counted_at=row.counted_at,
            counted_by=row.counted_by,
            recounts=row.recounts,
            recount_asked=row.recount_asked,
            posted=row.posted,
        )

    @strawberry.field
    async def variant(self, info: Info) -> ProductVariant:
        """What is counted, whether it is still sold or not."""
        row = await info.context.load(VariantById, self.row.variant_id)
        assert row is not None  # A foreign key says so.
        return ProductVariant.of(row, None)


@strawberry.type
class Count(Node):
    """People going round a location, finding out how many units of some variants are there."""

    row: strawberry.Private[rules.Count]
    number: str
    """For people."""
    bucket: Bucket
    """What is counted."""
    blind: bool
    """Whether nobody sees what is expected until the count is handed in."""
    status: CountStatus
    """How far it has come."""
    note: str | None
    """What colleagues were told."""
    created_at: datetime
    """When it was begun."""
    updated_at: datetime
    """When something last happened to it."""
    closed_at: datetime | None
    """When it was posted or rejected; null before."""

    @classmethod
    def kind(cls) -> IdKind:
        """Say which prefix these ids have."""
        return IdKind.COUNT

    @classmethod
    def of(cls, row: rules.Count) -> "Count":
        """Show a count."""
        return cls(
            id=public_id(IdKind.COUNT, row.id),
            row=row,
            number=row.number,
            bucket=row.bucket,
            blind=row.blind,
            status=row.status,
            note=row.note,
            created_at=row.created_at,
            updated_at=row.updated_at,
            closed_at=row.closed_at,
        )

    @strawberry.field
    async def location(self, info: Info) -> Location:
        """Where."""
        row = await info.context.load(LocationById, self.row.location_id)
        assert row is not None  # A foreign key says so.
        return location_of(row)

    @strawberry.field
    async def lines(self, info: Info) -> list[CountLine]:
        """What is counted; 1,000 lines at most."""
        return [CountLine.of(row, self.row) for row in await info.context.load(LinesByCountId, self.row.id)]

    @strawberry.field
    async def lines_left(self, info: Info) -> int:
        """How many lines still have to be counted, for the first time or once more."""
        return sum(row.is_due for row in await info.context.load(LinesByCountId, self.row.id))

    @strawberry.field
    async def next_actions(self, info: Info) -> list[str]:
        """The mutations that would be accepted from this caller now."""
        actor = info.context.actor
        if not actor.works_at(self.row.location_id):
            return []
        lines = await info.context.load(LinesByCountId, self.row.id)
        return [
            step
            for step in rules.next_steps_of_count(self.row, lines)
            if actor.may(_NEEDED[step], at=self.row.location_id)
        ]


@strawberry.type
class CountEdge:
    """A count in a list."""

    cursor: str
    """Where in the list it stands."""
    node: Count
    """The count."""


@strawberry.type
class CountConnection:
    """A page of counts."""

    edges: list[CountEdge]
    """The counts with their cursors."""
    nodes: list[Count]
    """The counts alone."""
    page_info: PageInfo
    """Where the page stands in the list."""
    count: strawberry.Private[Any]

    @classmethod
    def of(cls, page: Page[rules.Count], nodes: Sequence[Count], count: Any) -> "CountConnection":
        """Show a page; `count` counts the whole list when asked."""
        return cls(
            edges=[CountEdge(cursor=cursor, node=node) for cursor, node in zip(page.cursors, nodes, strict=True)],
            nodes=list(nodes),
            page_info=PageInfo.of(page),
            count=count,
        )

    @strawberry.field
    async def total_count(self) -> int:
        """How many counts the filter lets through; counted only when asked for."""
        return int(await self.count())


@strawberry.type
class BrokenPromise:
    """Units that an order was promised and that a count did not find."""

    order_key: strawberry.Private[UUID]
    variant_key: strawberry.Private[UUID]
    units: int
    """Units that it lost where they were counted."""
    units_waiting: int
    """Those of them that no other location can supply for now; the others were taken over."""

    @strawberry.field
    async def order(self, info: Info) -> Annotated["Order", strawberry.lazy("schema.orders.types")] | None:
        """The order; null for callers who may not read orders."""
        row = await info.context.load(OrderById, self.order_key)
        if row is None or not may_read(info.context.actor, info.context.keys, row, None):
            return None
        return order_types.Order.of(row)

    @strawberry.field
    async def variant(self, info: Info) -> ProductVariant:
        """What there was too little of."""
        row = await info.context.load(VariantById, self.variant_key)
        assert row is not None  # A foreign key says so.
        return ProductVariant.of(row, None)


@strawberry.type
class CountPayload:
    """The answer to a mutation about a count."""

    count: Count | None
    """As it is now; null when refused."""
    errors: list[UserError]
    """Why it was refused."""


@strawberry.type
class CountPostPayload:
    """The answer to posting a count."""

    count: Count | None
    """As it is now; null when refused."""
    broken_promises: list[BrokenPromise]
    """What customers were promised and was not found; empty when there was enough."""
    errors: list[UserError]
    """Why it was refused."""


@strawberry.type
class CountLineError(UserError):
    """Returned for each line that stands in the way of a count."""

    line_key: strawberry.Private[UUID]

    @strawberry.field
    async def line(self, info: Info) -> CountLine:
        """The line."""
        row = await info.context.load(CountLineById, self.line_key)
        assert row is not None  # It was read a moment ago, and lines of counts are never deleted.
        count = await info.context.load(CountById, row.count_id)
        assert count is not None  # A foreign key says so.
        return CountLine.of(row, count)


def _written(error: CountLinesRefused) -> Sequence[UserError]:
    return [
        CountLineError(code=error.code, message=why, field=list(error.field) or None, line_key=line_id)
        for line_id, why in error.lines.items()
    ]


written_by(CountIncomplete, _written)
written_by(CountOutdated, _written)
written_by(CountBelowPacked, _written)
