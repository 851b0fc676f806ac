"""Whether and where a variant can be had, as clients see it."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from app.channels.rules import Channel
from app.inventory.rules import Promise
from app.inventory.states import SupplyKind
from app.kernel.errors import Invalid
from app.kernel.paging import MOST, USUAL
from schema.catalog.loaders import AheadInChannel, PickupsInChannel
from schema.core.context import Info
from schema.locations import types as locations
from schema.locations.inputs import NearInput
from schema.locations.nearby import nearby

if TYPE_CHECKING:
    from schema.locations.types import Store

#: More dates than anybody reads.
_MOST_DATES = 50


@strawberry.type
class PickupAvailability:
    """What one store could hand out of a variant."""

    store: Annotated["Store", strawberry.lazy("schema.locations.types")]
    """The store."""
    quantity: int
    """Units that can be had here: those that the store has and has promised to nobody, and `fromTransfer`."""
    from_transfer: int
    """Units of `quantity` that other locations would send to the store first; 0 where pickups have its own stock alone."""
    ready_at: datetime | None
    """When a pickup ordered now would be ready; null when the store has none, or never opens."""
    distance_km: float | None
    """How far the store is; null when no place was given, or the store's is not known."""


@strawberry.enum
class SupplyAvailabilityKind(StrEnum):
    """Why a variant can be ordered before it is there."""

    INCOMING = "INCOMING"
    """Units are expected."""
    BACKORDER = "BACKORDER"
    """It may be ordered without a date."""


@strawberry.type
class SupplyAvailability:
    """Units of a variant that can be ordered for shipping before they are there."""

    kind: SupplyAvailabilityKind
    """Why."""
    quantity: int
    """Units that can still be promised, capped at the channel's display limit."""
    available_at: datetime | None
    """When they are expected; null when nobody knows, as when they should have come already."""


@strawberry.type
class Availability:
    """Whether and where a variant can be had."""

    key: strawberry.Private[UUID]
    channel: strawberry.Private[Channel]
    promised: strawberry.Private[int]
    in_stock: bool
    """Whether it can be shipped, or collected at one store at least."""

    @classmethod
    def of(cls, promise: Promise, channel: Channel) -> "Availability":
        """Show what a channel can promise."""
        return cls(
            key=promise.variant_id,
            channel=channel,
            in_stock=promise.shippable > 0 or promise.collectable,
            promised=promise.shippable,
        )

    @strawberry.field
    async def shippable(self, info: Info, by: datetime | None = None) -> int:
        """Units that can be promised for shipping now, capped at the channel's display limit.

        With `by`, and those that are expected until then and may be sold before they are there.
        """
        if by is None:
            return self.channel.shown(self.promised)
        ahead = await info.context.load(AheadInChannel, (self.channel.id, self.key))
        coming = sum(one.left for one in ahead if one.ships and one.expected_at is not None and one.expected_at <= by)
        return self.channel.shown(self.promised + coming)

    @strawberry.field
    async def ahead(self, info: Info) -> list[SupplyAvailability]:
        """What can be ordered for shipping before it is there, beyond `shippable`: the earliest first, 50 dates at most."""
        units: dict[tuple[SupplyAvailabilityKind, datetime | None], int] = {}
        for one in await info.context.load(AheadInChannel, (self.channel.id, self.key)):
            if one.ships:
                backorder = one.kind is SupplyKind.BACKORDER
                kind = SupplyAvailabilityKind.BACKORDER if backorder else SupplyAvailabilityKind.INCOMING
                late = one.expected_at is not None and one.expected_at <= info.context.now
                key = kind, None if late else one.expected_at
                units[key] = units.get(key, 0) + one.left
        listed = sorted(
            units.items(), key=lambda part: (part[0][1] is None, part[0][1] or info.context.now, part[0][0])
        )
        return [
            SupplyAvailability(kind=kind, quantity=self.channel.shown(left), available_at=at)
            for (kind, at), left in listed[:_MOST_DATES]
        ]

    @strawberry.field
    async def pickup(
        self, info: Info, near: NearInput | None = None, first: int | None = None
    ) -> list[PickupAvailability]:
        """Stores with pickup, also those that have none of it; nearest first when `near` is given, else by name."""
        most = USUAL if first is None else first
        if not 0 <= most <= MOST:
            raise Invalid(f"from 0 to {MOST}", field=("first",))
        point = await nearby(info.context, near, channel=self.channel)
        return [
            PickupAvailability(
                store=locations.Store.of(found.store, channel_id=self.channel.id),
                quantity=found.supply.available,
                from_transfer=found.supply.from_transfer,
                ready_at=found.ready_at,
                distance_km=locations.rounded(found.distance_km),
            )
            for found in await info.context.load(PickupsInChannel, (self.channel.id, point, most, self.key))
        ]
