"""Locations as clients see them."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from app.inventory.queries.stores import FoundStores, StoresWanted, count_stores
from app.inventory.rules.pickups import StoreSupply
from app.kernel.ids import IdKind, decode
from app.locations import rules as locations
from app.locations.rules import DayOfWeek, clock_time, is_open
from app.locations.states import LocationKind, PickupSupply
from app.pickup.rules import Slot, slot_window
from schema.catalog import types as catalog
from schema.catalog.loaders import VariantById
from schema.channels.loaders import chosen
from schema.core.address import Address
from schema.core.connections import PageInfo
from schema.core.context import Info
from schema.core.errors import UserError
from schema.core.ids import Node, public_id
from schema.core.lookahead import CameAlong
from schema.inventory.levels import lists as levels
from schema.locations.inputs import LineInput, asked
from schema.locations.loaders import HandOver, HandOverOf, HandOverWanted, HoursByLocationId, SlotsByStoreId, hand_over

strawberry.enum(DayOfWeek)
strawberry.enum(LocationKind)
strawberry.enum(PickupSupply)

if TYPE_CHECKING:
    from schema.catalog.types import ProductVariant
    from schema.inventory.levels.types import StockLevelConnection

Variant = Annotated["ProductVariant", strawberry.lazy("schema.catalog.types")]


@strawberry.type
class OpeningHours:
    """One opening of the week, by the location's own clock."""

    day: DayOfWeek
    """The day on which it opens."""
    opens: str
    """Hours and minutes: "09:30"."""
    closes: str
    """Hours and minutes; when not after `opens`, on the next day. "00:00" is the midnight at the day's end."""


@strawberry.interface
class Location(Node):
    """A place that holds or hands out stock."""

    row: strawberry.Private[locations.Location]
    code: str
    """The shop's own short name for it; never changes."""
    name: str
    """For people."""
    address: Address | None
    """Null where the shop has not said."""
    latitude: float | None
    """WGS 84 degrees; null when not known."""
    longitude: float | None
    """WGS 84 degrees; null when not known."""
    timezone: str
    """IANA time zone; its hours are told in it."""
    archived: bool
    """Whether it is closed for good."""

    @strawberry.field(name="kind")  # type: ignore[untyped-decorator]  # Strawberry types it without arguments alone.
    def what_it_is(self, info: Info) -> LocationKind | None:
        """What it is to the shop; null for callers who may not see stock."""
        return self.row.kind if info.context.sees_arrangements else None

    @strawberry.field
    async def hours(self, info: Info) -> list[OpeningHours]:
        """When it opens and closes, from Monday on."""
        return [
            OpeningHours(
                day=opening.day_of_week,
                opens=clock_time(opening.opens_minute),
                closes=clock_time(opening.closes_minute),
            )
            for opening in await info.context.load(HoursByLocationId, self.row.id)
        ]

    @strawberry.field
    async def stock_levels(
        self,
        info: Info,
        as_of: datetime | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> Annotated["StockLevelConnection", strawberry.lazy("schema.inventory.levels.types")] | None:
        """What it has, or had at a moment that is past; null for callers who may not see its stock."""
        key = decode(IdKind.LOCATION, self.id)
        return await levels.of_location(info.context, key, as_of=as_of, first=first, after=after)


@strawberry.type
class Warehouse(Location):
    """A place that ships stock, and that customers do not enter; a supplier's place is one too."""

    @classmethod
    def kind(cls) -> IdKind:
        """Its ids begin with loc."""
        return IdKind.LOCATION

    @classmethod
    def of(cls, row: locations.Location) -> "Warehouse":
        """Show a warehouse."""
        return cls(
            row=row,
            id=public_id(IdKind.LOCATION, row.id),
            code=row.code,
            name=row.name,
            address=Address.maybe(row.address),
            latitude=row.latitude,
            longitude=row.longitude,
            timezone=row.timezone,
            archived=row.archived,
        )


@strawberry.type
class PickupSlot:
    """An hour in which a store hands out a limited number of pickups."""

    id: strawberry.ID
    """Names the store and the start."""
    starts_at: datetime
    """When it begins."""
    ends_at: datetime
    """When it is over."""
    remaining: int
    """Places left."""

    @classmethod
    def of(cls, slot: Slot) -> "PickupSlot":
        """Show a slot."""
        return cls(id=strawberry.ID(slot.id), starts_at=slot.starts_at, ends_at=slot.ends_at, remaining=slot.remaining)


@strawberry.type
class StoreLineAvailability:
    """How much of one line a store could hand over."""

    key: strawberry.Private[UUID]
    requested: int
    """Units asked for; lines that name the same variant are added up."""
    available: int
    """Units that can be had here: those that the store has and has promised to nobody, and `fromTransfer`."""
    from_transfer: int
    """Units of `available` that other locations would send to the store first; 0 where pickups have its own stock alone."""

    @strawberry.field
    async def variant(self, info: Info) -> Variant:
        """The variant that was asked for."""
        row = await info.context.load(VariantById, self.key)
        assert row is not None  # `Store.availability` refuses what the shop does not know.
        return catalog.ProductVariant.of(row, None)


@strawberry.type
class StoreAvailability:
    """Whether a store can hand over what was asked for, from its own stock or, where the shop does so, a transfer's."""

    complete: bool
    """Whether it can hand over all of it."""
    ready_at: datetime | None
    """When a pickup ordered now would be ready; null when it is not complete, or the store has no pickup."""
    supply: strawberry.Private[StoreSupply]

    @classmethod
    def of(cls, found: HandOver) -> "StoreAvailability":
        """Show what a store could hand over."""
        return cls(complete=found.supply.complete, ready_at=found.ready_at, supply=found.supply)

    @strawberry.field
    def lines(self) -> list[StoreLineAvailability]:
        """One for each variant that was asked for, in their order."""
        return [
            StoreLineAvailability(
                key=line.variant_id,
                requested=line.requested,
                available=line.available,
                from_transfer=line.from_transfer,
            )
            for line in self.supply.lines
        ]


@strawberry.type
class Store(Location):
    """A location that customers can enter."""

    channel_id: strawberry.Private[UUID | None]
    came_along: strawberry.Private[CameAlong | None]
    address: Address
    """Where it is."""
    pickup_enabled: bool
    """Whether customers can collect here what they ordered elsewhere."""
    pickup_lead_minutes: int
    """Minutes, while it is open, from an order to its goods being ready."""
    pickup_hold_days: int
    """For how many days goods wait for their customer."""

    @classmethod
    def kind(cls) -> IdKind:
        """Its ids begin with loc."""
        return IdKind.LOCATION

    @classmethod
    def of(
        cls, row: locations.Location, *, channel_id: UUID | None = None, came_along: CameAlong | None = None
    ) -> "Store":
        """Show a store, as a channel's customers see it, or those of the default channel."""
        assert row.address is not None
        return cls(
            row=row,
            channel_id=channel_id,
            came_along=came_along,
            id=public_id(IdKind.LOCATION, row.id),
            code=row.code,
            name=row.name,
            address=Address.of(row.address),
            latitude=row.latitude,
            longitude=row.longitude,
            timezone=row.timezone,
            archived=row.archived,
            pickup_enabled=row.pickup_enabled and not row.archived,
            pickup_lead_minutes=row.pickup_lead_minutes,
            pickup_hold_days=row.pickup_hold_days,
        )

    @strawberry.field
    def pickup_slot_capacity(self, info: Info) -> int | None:
        """How many pickups an hour can take; null for callers who may not see stock."""
        return self.row.pickup_slot_capacity if info.context.sees_arrangements else None

    @strawberry.field
    def pickup_supply(self, info: Info) -> PickupSupply | None:
        """Where the goods of its pickups may come from; null for callers who may not see stock."""
        return self.row.pickup_supply if info.context.sees_arrangements else None

    @strawberry.field
    async def open_now(self, info: Info) -> bool:
        """Whether it is open at this moment."""
        hours = await info.context.load(HoursByLocationId, self.row.id)
        return self.row.archived_at is None and is_open(hours, self.row.timezone, info.context.now)

    @strawberry.field
    async def pickup_slots(
        self,
        info: Info,
        from_: Annotated[datetime | None, strawberry.argument(name="from")] = None,
        to: datetime | None = None,
    ) -> list[PickupSlot]:
        """When goods can be collected, full slots included: within a week from now, when nothing else is asked."""
        start, end = slot_window(start=from_, end=to, now=info.context.now)
        return [PickupSlot.of(slot) for slot in await info.context.load(SlotsByStoreId, (self.row.id, start, end))]

    @strawberry.field
    async def availability(self, info: Info, lines: list[LineInput], channel: str | None = None) -> StoreAvailability:
        """Can this store hand over all of these lines, and when? One call answers a whole cart.

        To the customers of a channel: the one that is named, else the one in which the store was found.
        """
        wanted = asked(lines)
        channel_id = self.channel_id if channel is None else (await chosen(info.context, channel)).id
        found = await info.context.load(HandOverOf, HandOverWanted(self.row, channel_id, wanted.lines))
        wanted.refuse_unknown(found.known)
        return StoreAvailability.of(found)


@strawberry.type
class LocationPayload:
    """The answer to a mutation about a location."""

    location: Location | None
    """As it is now; null when refused."""
    errors: list[UserError]
    """Why it was refused."""


@strawberry.type
class StoreEdge:
    """A store in its place in a list."""

    cursor: str
    """Where the list can be taken up again."""
    node: Store
    """The store."""
    distance_km: float | None
    """How far it is as the crow flies; null when no place was given, or the store's is not known."""


@strawberry.type
class StoreConnection:
    """A page of stores."""

    wanted: strawberry.Private[StoresWanted]
    edges: list[StoreEdge]
    """Stores with their cursors and distances."""
    nodes: list[Store]
    """The stores alone."""
    page_info: PageInfo
    """Where the page stands in the list."""

    @classmethod
    def of(cls, found: FoundStores, wanted: StoresWanted, *, lines: object, now: datetime) -> "StoreConnection":
        """Show a page of stores, with what was found out about `lines`, as the document has them."""
        nodes = []
        for store in found.page.items:
            came_along = None
            if lines is not None:
                given = hand_over(store.location, store.stock, store.hours, wanted.lines, found.told, now=now)
                came_along = CameAlong({"lines": lines}, StoreAvailability.of(given))
            nodes.append(Store.of(store.location, channel_id=found.channel_id, came_along=came_along))
        return cls(
            wanted=wanted,
            edges=[
                StoreEdge(cursor=cursor, node=node, distance_km=rounded(store.distance_km))
                for cursor, node, store in zip(found.page.cursors, nodes, found.page.items, strict=True)
            ],
            nodes=nodes,
            page_info=PageInfo.of(found.page),
        )

    @strawberry.field
    async def total_count(self, info: Info) -> int:
        """How many stores there are in all. Counted only when asked for."""
        return await count_stores(info.context.session, wanted=self.wanted)


def location_of(row: locations.Location) -> Location:
    """Show a location as what it is."""
    return Store.of(row) if row.kind is LocationKind.STORE else Warehouse.of(row)


def rounded(distance_km: float | None) -> float | None:
    """Cut a distance to tens of meters: more digits would claim to know where the shopper stands."""
    return None if distance_km is None else round(distance_km, 2)
