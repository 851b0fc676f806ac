"""What locations do for channels and for each other, as those who work here see it."""

from typing import Any
from uuid import UUID

import strawberry

from app.kernel.ids import IdKind
from app.kernel.paging import Page
from app.locations import rules
from app.locations.queries import GroupLink
from schema.channels.loaders import ChannelById
from schema.channels.types import Channel
from schema.core.connections import PageInfo
from schema.core.context import Info
from schema.core.errors import UserError
from schema.core.ids import Node, public_id
from schema.locations.loaders import LocationById
from schema.locations.supply_loaders import GroupSupplyByGroupId, MembersByGroupId
from schema.locations.types import Location, location_of


@strawberry.type
class GroupSupply:
    """What the members of a group of locations do for a channel, unless something else is said of one of them."""

    channel_key: strawberry.Private[UUID]
    ships: bool
    """Whether they supply its shipments."""
    hands_out: bool
    """Whether they hand goods to its customers."""

    @classmethod
    def of(cls, row: GroupLink) -> "GroupSupply":
        """Show what a group does for a channel."""
        return cls(channel_key=row.channel_id, ships=row.ships, hands_out=row.hands_out)

    @strawberry.field
    async def channel(self, info: Info) -> Channel:
        """The channel."""
        row = await info.context.load(ChannelById, self.channel_key)
        assert row is not None  # A foreign key says so.
        return Channel.of(row)


@strawberry.type
class LocationGroup(Node):
    """Locations that are spoken of together, where it is said who supplies a channel and how much is kept back."""

    key: strawberry.Private[UUID]
    code: str
    """The shop's own short name for it; never changes."""
    name: str
    """For people."""

    @classmethod
    def kind(cls) -> IdKind:
        """Its ids begin with lgr."""
        return IdKind.LOCATION_GROUP

    @classmethod
    def of(cls, row: rules.LocationGroup) -> "LocationGroup":
        """Show a group."""
        return cls(key=row.id, id=public_id(IdKind.LOCATION_GROUP, row.id), code=row.code, name=row.name)

    @strawberry.field
    async def locations(self, info: Info) -> list[Location]:
        """Its members, by their codes; 5,000 at most."""
        return [location_of(row) for row in await info.context.load(MembersByGroupId, self.key)]

    @strawberry.field
    async def supplies(self, info: Info) -> list[GroupSupply]:
        """What its members do for channels; a channel that they do nothing for is left out."""
        return [GroupSupply.of(row) for row in await info.context.load(GroupSupplyByGroupId, self.key)]


@strawberry.type
class LocationGroupPayload:
    """The answer to a mutation about a group of locations."""

    location_group: LocationGroup | None
    """As it is now; null when refused."""
    errors: list[UserError]
    """Why it was refused."""


@strawberry.type
class ChannelSupply:
    """What a location or a group does for a channel."""

    channel_key: strawberry.Private[UUID]
    location_key: strawberry.Private[UUID | None]
    group: LocationGroup | None
    """The group that it was said of; null when it was said of a location."""
    ships: bool
    """Whether it supplies shipments of the channel."""
    hands_out: bool
    """Whether it hands goods to customers of the channel."""
    follows_groups: bool
    """Whether nothing was said of the location itself, so that it does what its groups do."""

    @strawberry.field
    async def channel(self, info: Info) -> Channel:
        """The channel."""
        row = await info.context.load(ChannelById, self.channel_key)
        assert row is not None  # A foreign key says so.
        return Channel.of(row)

    @strawberry.field
    async def location(self, info: Info) -> Location | None:
        """The location that it was said of; null when it was said of a group."""
        row = None if self.location_key is None else await info.context.load(LocationById, self.location_key)
        return None if row is None else location_of(row)


@strawberry.type
class ChannelSupplyPayload:
    """The answer to a mutation about who supplies a channel."""

    channel_supply: ChannelSupply | None
    """What is in force now; null when refused."""
    errors: list[UserError]
    """Why it was refused."""


@strawberry.type
class TransferLane:
    """A way that goods can be sent from one location to another."""

    from_key: strawberry.Private[UUID]
    to_key: strawberry.Private[UUID]
    lead_minutes: int
    """From the request until the goods are there."""

    @classmethod
    def of(cls, row: rules.TransferLane) -> "TransferLane":
        """Show a lane."""
        return cls(from_key=row.from_location_id, to_key=row.to_location_id, lead_minutes=row.lead_minutes)

    @strawberry.field
    async def from_location(self, info: Info) -> Location:
        """Where the goods leave."""
        return await _location(info, self.from_key)

    @strawberry.field
    async def to_location(self, info: Info) -> Location:
        """Where the goods arrive."""
        return await _location(info, self.to_key)


@strawberry.type
class TransferLaneEdge:
    """A lane in its place in a list."""

    cursor: str
    """Where the list can be taken up again."""
    node: TransferLane
    """The lane."""


@strawberry.type
class TransferLaneConnection:
    """A page of lanes."""

    edges: list[TransferLaneEdge]
    """The lanes with their cursors."""
    nodes: list[TransferLane]
    """The lanes alone."""
    page_info: PageInfo
    """Where the page stands in the list."""
    count: strawberry.Private[Any]

    @classmethod
    def of(cls, page: Page[rules.TransferLane], count: Any) -> "TransferLaneConnection":
        """Show a page; `count` counts the whole list when asked."""
        nodes = [TransferLane.of(row) for row in page.items]
        return cls(
            edges=[
                TransferLaneEdge(cursor=cursor, node=node) for cursor, node in zip(page.cursors, nodes, strict=True)
            ],
            nodes=nodes,
            page_info=PageInfo.of(page),
            count=count,
        )

    @strawberry.field
    async def total_count(self) -> int:
        """How many lanes there are in all; counted only when asked for."""
        return int(await self.count())


@strawberry.type
class TransferLanePayload:
    """The answer to a mutation about a lane."""

    transfer_lane: TransferLane | None
    """As it is now; null when it is no more, or when refused."""
    errors: list[UserError]
    """Why it was refused."""


async def _location(info: Info, key: UUID) -> Location:
    row = await info.context.load(LocationById, key)
    assert row is not None  # A foreign key says so.
    return location_of(row)
