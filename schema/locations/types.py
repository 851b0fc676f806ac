"""Locations as clients see them."""

from asyncio import gather
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from app.kernel.errors import Invalid
from app.kernel.ids import ChannelId, IdKind, decode
from app.kernel.paging import Page
from app.locations import queries
from app.locations import rules as locations
from app.locations.queries import FoundStore
from app.locations.rules import DayOfWeek, clock_time, is_open
from app.locations.states import LocationKind
from app.pickup.rules import Slot, slot_window
from schema.catalog import types as catalog
from schema.catalog.loaders import VariantById
from schema.core.address import Address
from schema.core.connections import PageInfo
from schema.core.context import Info
from schema.core.ids import Node, public_id
from schema.locations.inputs import LineInput
from schema.locations.loaders import HoursByLocationId, ReadyAtByLocation, SlotsByStoreId, StockAtLocations

strawberry.enum(DayOfWeek)

#: A cart has no more lines than this; no question about a store does.
MOST_LINES = 1200

if TYPE_CHECKING:
    from schema.catalog.types import ProductVariant

Variant = Annotated["ProductVariant", strawberry.lazy("schema.catalog.types")]


@strawberry.interface
class Location(Node):
    """A place that holds or hands out stock."""

    code: str
    """The shop's own short name for it; never changes."""
    name: str
    """For people."""
    address: Address | None
    """Null where the shop has not said."""
    timezone: str
    """IANA time zone; its hours are told in it."""


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
            id=public_id(IdKind.LOCATION, row.id),
            code=row.code,
            name=row.name,
            address=Address.maybe(row.address),
            timezone=row.timezone,
        )


@strawberry.type
class OpeningHours:
    """One opening of the week, by the store's own clock."""

    day: DayOfWeek
    """The day on which it opens."""
    opens: str
    """Hours and minutes: "09:30"."""
    closes: str
    """Hours and minutes; when not after `opens`, on the next day. "00:00" is the midnight at the day's end."""


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
    """Units that the store has and has promised to nobody."""

    @strawberry.field
    async def variant(self, info: Info) -> Variant:
        """The variant that was asked for."""
        row = await info.context.load(VariantById, self.key)
        assert row is not None  # `Store.availability` refuses what the shop does not know.
        return catalog.ProductVariant.of(row, None)


@strawberry.type
class StoreAvailability:
    """Whether a store can hand over what was asked for, from its own stock."""

    complete: bool
    """Whether it has all of it."""
    ready_at: datetime | None
    """When a pickup ordered now would be ready; null when it is not complete, or the store has no pickup."""
    lines: list[StoreLineAvailability]
    """One for each variant that was asked for, in their order."""


@strawberry.type
class Store(Location):
    """A location that customers can enter."""

    row: strawberry.Private[locations.Location]
    address: Address
    """Where it is."""
    latitude: float | None
    """WGS 84 degrees; null when not known."""
    longitude: float | None
    """WGS 84 degrees; null when not known."""
    pickup_enabled: bool
    """Whether customers can collect here what they ordered elsewhere."""

    @classmethod
    def kind(cls) -> IdKind:
        """Its ids begin with loc."""
        return IdKind.LOCATION

    @classmethod
    def of(cls, row: locations.Location) -> "Store":
        """Show a store."""
        assert row.address is not None
        return cls(
            row=row,
            id=public_id(IdKind.LOCATION, row.id),
            code=row.code,
            name=row.name,
            address=Address.of(row.address),
            latitude=row.latitude,
            longitude=row.longitude,
            timezone=row.timezone,
            pickup_enabled=row.pickup_enabled and row.archived_at is None,
        )

    @strawberry.field
    async def open_now(self, info: Info) -> bool:
        """Whether it is open at this moment."""
        hours = await info.context.load(HoursByLocationId, self.row.id)
        return self.row.archived_at is None and is_open(hours, self.row.timezone, info.context.now)

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
    async def availability(self, info: Info, lines: list[LineInput]) -> StoreAvailability:
        """Can this store hand over all of these lines, and when? One call answers a whole cart."""
        asked = _asked(lines)
        known = await gather(*(info.context.load(VariantById, line.variant_id) for line in asked))
        for line, variant in zip(asked, known, strict=True):
            if variant is None:
                field = ("lines", str(line.position), "variantId")
                raise Invalid("the shop does not know this variant", field=field)
        here = (self.row.id,)
        stock = await gather(*(info.context.load(StockAtLocations, (line.variant_id, here)) for line in asked))
        # A place that is closed for good hands nothing over, whatever is still counted there.
        units = [0 if self.row.archived_at is not None else available for (available,) in stock]
        complete = all(available >= line.requested for line, available in zip(asked, units, strict=True))
        return StoreAvailability(
            complete=complete,
            ready_at=await info.context.load(ReadyAtByLocation, self.row) if complete else None,
            lines=[
                StoreLineAvailability(key=line.variant_id, requested=line.requested, available=available)
                for line, available in zip(asked, units, strict=True)
            ],
        )


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

    channel_id: strawberry.Private[ChannelId]
    edges: list[StoreEdge]
    """Stores with their cursors and distances."""
    nodes: list[Store]
    """The stores alone."""
    page_info: PageInfo
    """Where the page stands in the list."""

    @classmethod
    def of(cls, page: Page[FoundStore], channel_id: ChannelId) -> "StoreConnection":
        """Show a page of stores."""
        nodes = [Store.of(found.location) for found in page.items]
        return cls(
            channel_id=channel_id,
            edges=[
                StoreEdge(cursor=cursor, node=node, distance_km=rounded(found.distance_km))
                for cursor, node, found in zip(page.cursors, nodes, page.items, strict=True)
            ],
            nodes=nodes,
            page_info=PageInfo.of(page),
        )

    @strawberry.field
    async def total_count(self, info: Info) -> int:
        """How many stores there are in all. Counted only when asked for."""
        return await queries.count_stores(info.context.session, channel_id=self.channel_id)


def location_of(row: locations.Location) -> Location:
    """Show a location as what it is."""
    return Store.of(row) if row.kind is LocationKind.STORE else Warehouse.of(row)


def rounded(distance_km: float | None) -> float | None:
    """Cut a distance to tens of meters: more digits would claim to know where the shopper stands."""
    return None if distance_km is None else round(distance_km, 2)


@dataclass(frozen=True, slots=True)
class _Asked:
    variant_id: UUID
    requested: int
    position: int


def _asked(lines: Sequence[LineInput]) -> list[_Asked]:
    """Add up lines of the same variant, in the order in which variants were first named."""
    if len(lines) > MOST_LINES:
        raise Invalid(f"at most {MOST_LINES} lines", field=("lines",))
    sums: dict[UUID, _Asked] = {}
    for i, line in enumerate(lines):
        key = decode(IdKind.VARIANT, line.variant_id, field=("lines", str(i), "variantId"))
        if line.quantity < 1:
            raise Invalid("at least 1", field=("lines", str(i), "quantity"))
        known = sums.get(key, _Asked(key, 0, i))
        sums[key] = _Asked(key, known.requested + line.quantity, known.position)
    return list(sums.values())
