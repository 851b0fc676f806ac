"""Supply and purchase orders as those who work here see them."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Optional
from uuid import UUID

import strawberry

from app.inventory import rules
from app.inventory.rules.purchase_orders import next_actions
from app.inventory.states import PurchaseOrderStatus, SupplyKind
from app.kernel.ids import IdKind
from app.kernel.paging import Page
from app.kernel.permissions import Permission
from schema.catalog.loaders import VariantById
from schema.catalog.types import ProductVariant
from schema.core.connections import PageInfo
from schema.core.context import Info
from schema.core.errors import UserError
from schema.core.ids import Node, public_id
from schema.inventory.supply.loaders import LinesByPurchaseOrderId, PurchaseOrderById
from schema.locations.loaders import LocationById
from schema.locations.types import Location, location_of

strawberry.enum(SupplyKind)
strawberry.enum(PurchaseOrderStatus)


@strawberry.type
class Supply(Node):
    """Units that are expected at a location, or may be ordered there without a date."""

    row: strawberry.Private[rules.Supply]
    kind_: SupplyKind = strawberry.field(name="kind")
    """Where they come from."""
    expected: int
    """Units announced; of a backorder, how many may wait at the same time."""
    received: int
    """Units that have come, whatever bucket they went into."""
    lost: int
    """Units that will not come."""
    outstanding: int
    """Units still to come; of a backorder, its limit."""
    sold_ahead: int
    """Units that may be promised before they come."""
    reserved: int
    """Units promised from it, to orders and to checkouts that go on."""
    left: int
    """Units that can still be promised from it."""
    expected_at: datetime | None
    """When they are to come; null when nobody knows."""
    closed_at: datetime | None
    """When nothing was outstanding any more; null before."""
    updated_at: datetime
    """When it was announced, changed or received last."""

    @classmethod
    def kind(cls) -> IdKind:
        """Say which prefix these ids have."""
        return IdKind.SUPPLY

    @classmethod
    def of(cls, row: rules.Supply) -> "Supply":
        """Show supply."""
        return cls(
            id=public_id(IdKind.SUPPLY, row.id),
            row=row,
            kind_=row.kind,
            expected=row.expected,
            received=row.received,
            lost=row.lost,
            outstanding=row.outstanding,
            sold_ahead=row.sold_ahead,
            reserved=row.reserved,
            left=row.left,
            expected_at=row.expected_at,
            closed_at=row.closed_at,
            updated_at=row.updated_at,
        )

    @strawberry.field
    async def late(self, info: Info) -> bool:
        """Whether it should have come by now."""
        return self.row.is_late(info.context.now)

    @strawberry.field
    async def variant(self, info: Info) -> ProductVariant | None:
        """What is expected; null where it is sold no more."""
        row = await info.context.load(VariantById, self.row.variant_id)
        return None if row is None or row.archived else ProductVariant.of(row, None)

    @strawberry.field
    async def location(self, info: Info) -> Location:
        """Where it comes to."""
        row = await info.context.load(LocationById, self.row.location_id)
        assert row is not None
        return location_of(row)

    @strawberry.field
    async def purchase_order(self, info: Info) -> Optional["PurchaseOrder"]:
        """The purchase order that brings it; null for other kinds."""
        if self.row.purchase_order_id is None:
            return None
        row = await info.context.load(PurchaseOrderById, self.row.purchase_order_id)
        return None if row is None else PurchaseOrder.of(row)


@strawberry.type
class PurchaseOrder(Node):
    """What a supplier is to deliver to one location."""

    row: strawberry.Private[rules.PurchaseOrder]
    number: str
    """The ERP's number, or our own."""
    supplier: str
    """Who delivers."""
    status: PurchaseOrderStatus
    """How far it has come: follows from what came of its lines."""
    note: str | None
    """For colleagues."""
    created_at: datetime
    """When it was announced."""
    updated_at: datetime
    """When it was changed or received last."""

    @classmethod
    def kind(cls) -> IdKind:
        """Say which prefix these ids have."""
        return IdKind.PURCHASE_ORDER

    @classmethod
    def of(cls, row: rules.PurchaseOrder) -> "PurchaseOrder":
        """Show a purchase order."""
        return cls(
            id=public_id(IdKind.PURCHASE_ORDER, row.id),
            row=row,
            number=row.number,
            supplier=row.supplier,
            status=row.status,
            note=row.note,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )

    @strawberry.field
    async def location(self, info: Info) -> Location:
        """Where it goes."""
        row = await info.context.load(LocationById, self.row.location_id)
        assert row is not None
        return location_of(row)

    @strawberry.field
    async def lines(self, info: Info) -> list[Supply]:
        """What it brings, in the order in which it was announced."""
        return [Supply.of(row) for row in await info.context.load(LinesByPurchaseOrderId, self.row.id)]

    @strawberry.field
    async def next_actions(self, info: Info) -> list[str]:
        """The mutations that would be accepted from this caller now."""
        may = info.context.actor.may(Permission.INVENTORY_ADJUST, at=self.row.location_id)
        return next_actions(self.row) if may else []


@strawberry.type
class PurchaseOrderEdge:
    """A purchase order in a list."""

    cursor: str
    """Where in the list it stands."""
    node: PurchaseOrder
    """The purchase order."""


@strawberry.type
class PurchaseOrderConnection:
    """A page of purchase orders."""

    edges: list[PurchaseOrderEdge]
    """The purchase orders with their cursors."""
    nodes: list[PurchaseOrder]
    """The purchase orders alone."""
    page_info: PageInfo
    """Where the page stands in the list."""
    count: strawberry.Private[Callable[[], Awaitable[int]]]

    @classmethod
    def of(cls, page: Page[rules.PurchaseOrder], count: Callable[[], Awaitable[int]]) -> "PurchaseOrderConnection":
        """Show a page; `count` counts the whole list when asked."""
        nodes: Sequence[PurchaseOrder] = [PurchaseOrder.of(row) for row in page.items]
        return cls(
            edges=[PurchaseOrderEdge(cursor=at, node=node) for at, node in zip(page.cursors, nodes, strict=True)],
            nodes=list(nodes),
            page_info=PageInfo.of(page),
            count=count,
        )

    @strawberry.field
    async def total_count(self) -> int:
        """How many purchase orders the filter lets through; counted only when asked for."""
        return await self.count()


@strawberry.type
class SupplyEdge:
    """Supply in a list."""

    cursor: str
    """Where in the list it stands."""
    node: Supply
    """The supply."""


@strawberry.type
class SupplyConnection:
    """A page of supply."""

    edges: list[SupplyEdge]
    """The supply with its cursors."""
    nodes: list[Supply]
    """The supply alone."""
    page_info: PageInfo
    """Where the page stands in the list."""
    count: strawberry.Private[Callable[[], Awaitable[int]]]

    @classmethod
    def of(cls, page: Page[rules.Supply], count: Callable[[], Awaitable[int]]) -> "SupplyConnection":
        """Show a page; `count` counts the whole list when asked."""
        nodes: Sequence[Supply] = [Supply.of(row) for row in page.items]
        return cls(
            edges=[SupplyEdge(cursor=at, node=node) for at, node in zip(page.cursors, nodes, strict=True)],
            nodes=list(nodes),
            page_info=PageInfo.of(page),
            count=count,
        )

    @strawberry.field
    async def total_count(self) -> int:
        """How much supply the filter lets through; counted only when asked for."""
        return await self.count()


@strawberry.type
class PurchaseOrderPayload:
    """The answer to a mutation about one purchase order."""

    purchase_order: PurchaseOrder | None
    """As it is now; null when refused."""
    errors: list[UserError]
    """Why it was refused."""


@strawberry.type
class BackorderLimitPayload:
    """The answer to backorderLimitSet."""

    supplies: list[Supply]
    """What is in force now, in the order of the lines; empty when refused."""
    errors: list[UserError]
    """Why it was refused."""


def key_of(row: rules.PurchaseOrder) -> tuple[str, UUID]:
    """Say where a purchase order stands in its list."""
    return row.number, row.id
