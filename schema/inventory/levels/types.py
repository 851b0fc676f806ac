"""Levels and the ledger, as people who work here see them."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry

from app.inventory import queries, rules
from app.inventory.states import Bucket, MovementReason
from app.kernel.actor import ActorKind
from app.kernel.ids import IdKind
from app.kernel.paging import Page, page, page_request

# Goods and places show their levels, and levels their goods and places: modules in a circle are named, and their types
# met at run time.
from schema.catalog import types as catalog
from schema.catalog.loaders import VariantById
from schema.core.connections import PageInfo
from schema.core.context import Info
from schema.core.ids import public_id
from schema.inventory.levels.inputs import StockCause
from schema.inventory.levels.loaders import IncomingByLevel, MovementsByLevel, MovementsWanted
from schema.locations import types as locations
from schema.locations.loaders import LocationById

if TYPE_CHECKING:
    from schema.catalog.types import ProductVariant
    from schema.locations.types import Location

strawberry.enum(ActorKind)

_Variant = Annotated["ProductVariant", strawberry.lazy("schema.catalog.types")]
_Location = Annotated["Location", strawberry.lazy("schema.locations.types")]
#: What the id of each kind of cause names.
CAUSES: Mapping[StockCause, IdKind] = {
    StockCause.ORDER: IdKind.ORDER,
    StockCause.RETURN: IdKind.RETURN,
    StockCause.TRANSFER: IdKind.TRANSFER,
    StockCause.COUNT: IdKind.COUNT,
    StockCause.SUPPLY: IdKind.PURCHASE_ORDER,
    StockCause.FEED: IdKind.STOCK_FEED,
}


@strawberry.type
class StockMovement:
    """An entry of the ledger: units that came to one bucket of a level, went from it, or changed it. Never rewritten."""

    variant_key: strawberry.Private[UUID]
    location_key: strawberry.Private[UUID]
    bucket: Bucket
    """Where on the location's floor."""
    delta: int
    """Units that came or, below zero, went."""
    balance: int
    """Units in the bucket afterwards."""
    reason: MovementReason
    """Why."""
    cause_kind: StockCause
    """What made it happen."""
    cause_id: strawberry.ID | None
    """The order, return, transfer, count, purchase order or feed that made it happen; null where there is none."""
    note: str | None
    """Why, in the words of who did it; null when they said nothing."""
    actor: ActorKind
    """What kind of party did it."""
    actor_id: strawberry.ID | None
    """Whose log-in it was; null for the system."""
    at: datetime
    """When. Within a level it never runs backwards."""

    @classmethod
    def of(cls, row: rules.Movement) -> "StockMovement":
        """Show an entry."""
        cause = StockCause(row.cause_kind)
        kind, _, user = row.actor.partition(":")
        return cls(
            variant_key=row.variant_id,
            location_key=row.location_id,
            bucket=row.bucket,
            delta=row.delta,
            balance=row.balance,
            reason=row.reason,
            cause_kind=cause,
            cause_id=public_id(CAUSES[cause], row.cause_id) if cause in CAUSES and row.cause_id is not None else None,
            note=row.note,
            actor=ActorKind(kind),
            actor_id=public_id(IdKind.USER, UUID(user)) if user else None,
            at=row.at,
        )

    @strawberry.field
    async def variant(self, info: Info) -> _Variant:
        """What moved."""
        row = await info.context.load(VariantById, self.variant_key)
        assert row is not None  # Levels reference their variants.
        return catalog.ProductVariant.of(row, None)

    @strawberry.field
    async def location(self, info: Info) -> _Location:
        """Where it moved."""
        row = await info.context.load(LocationById, self.location_key)
        assert row is not None  # Levels reference their locations.
        return locations.location_of(row)


@strawberry.type
class StockMovementEdge:
    """An entry in its place in a list."""

    cursor: str
    """Where the list can be taken up again."""
    node: StockMovement
    """The entry."""


@strawberry.type
class StockMovementConnection:
    """A page of the ledger, newest first. The ledger only grows, so that nothing is counted here."""

    edges: list[StockMovementEdge]
    """Entries with their cursors."""
    nodes: list[StockMovement]
    """The entries alone."""
    page_info: PageInfo
    """Where the page stands in the list."""

    @classmethod
    def of(cls, cut: Page[rules.Movement]) -> "StockMovementConnection":
        """Show a page of entries."""
        nodes = [StockMovement.of(row) for row in cut.items]
        return cls(
            edges=[
                StockMovementEdge(cursor=cursor, node=node) for cursor, node in zip(cut.cursors, nodes, strict=True)
            ],
            nodes=nodes,
            page_info=PageInfo.of(cut),
        )


@strawberry.type
class StockLevel:
    """What a location has of a variant; with `asOf`, what was physically there at that moment."""

    row: strawberry.Private[queries.StockLevel]
    as_of: datetime | None
    """The moment that was asked about; null for now."""
    sellable: int
    """Units that can be sold, promised ones among them."""
    damaged: int
    """Units that are broken, soiled or past their date."""
    quality: int
    """Units in inspection."""
    on_hand: int
    """Units physically there: sellable, damaged and in inspection."""
    soft: int | None
    """Sellable units held for carts and checkouts until their time is over; null with `asOf`."""
    firm: int | None
    """Sellable units promised to orders and transfers; null with `asOf`."""
    available: int | None
    """Sellable units promised to nobody, safety stock among them; null with `asOf`."""
    safety_stock: int | None
    """Units kept back from selling, by its own number or by rule; null with `asOf`."""
    own_safety_stock: int | None
    """The number that was set for this level by hand; null when it follows the rules, and with `asOf`."""
    moved_at: datetime | None
    """When units last came, went or changed their bucket; null when they never did, and with `asOf`."""

    @classmethod
    def of(cls, row: queries.StockLevel) -> "StockLevel":
        """Show a level."""
        return cls(
            row=row,
            as_of=row.as_of,
            sellable=row.sellable,
            damaged=row.damaged,
            quality=row.quality,
            on_hand=row.on_hand,
            soft=row.soft,
            firm=row.firm,
            available=row.available,
            safety_stock=row.safety_stock,
            own_safety_stock=row.own_safety_stock,
            moved_at=row.moved_at,
        )

    @strawberry.field
    async def variant(self, info: Info) -> _Variant:
        """What there is."""
        row = await info.context.load(VariantById, self.row.variant_id)
        assert row is not None  # A foreign key says so.
        return catalog.ProductVariant.of(row, None)

    @strawberry.field
    async def location(self, info: Info) -> _Location:
        """Where it is."""
        row = await info.context.load(LocationById, self.row.location_id)
        assert row is not None  # A foreign key says so.
        return locations.location_of(row)

    @strawberry.field
    async def incoming(self, info: Info) -> int | None:
        """Units that open purchase orders and transfers are still to bring; null with `asOf`."""
        if self.as_of is not None:
            return None
        return await info.context.load(IncomingByLevel, self.row.key)

    @strawberry.field
    async def movements(
        self, info: Info, first: int | None = None, after: str | None = None
    ) -> StockMovementConnection | None:
        """Its ledger, newest first; with `asOf`, up to that moment."""
        request = page_request(first=first, after=after)
        rows = await info.context.load(MovementsByLevel, MovementsWanted(self.row.key, self.as_of, request))
        return StockMovementConnection.of(page(rows, request, queries.movements_key))


@strawberry.type
class StockLevelEdge:
    """A level in its place in a list."""

    cursor: str
    """Where the list can be taken up again."""
    node: StockLevel
    """The level."""


@strawberry.type
class StockLevelConnection:
    """A page of levels, by variant and location."""

    edges: list[StockLevelEdge]
    """Levels with their cursors."""
    nodes: list[StockLevel]
    """The levels alone."""
    page_info: PageInfo
    """Where the page stands in the list."""
    count: strawberry.Private[Any]

    @classmethod
    def of(cls, cut: Page[queries.StockLevel], count: Any) -> "StockLevelConnection":
        """Show a page of levels; `count` counts the whole list when asked."""
        nodes = [StockLevel.of(row) for row in cut.items]
        return cls(
            edges=[StockLevelEdge(cursor=cursor, node=node) for cursor, node in zip(cut.cursors, nodes, strict=True)],
            nodes=nodes,
            page_info=PageInfo.of(cut),
            count=count,
        )

    @strawberry.field
    async def total_count(self) -> int:
        """How many levels the filter lets through. Counted only when asked for."""
        return int(await self.count())
