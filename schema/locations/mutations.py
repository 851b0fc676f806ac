"""Mutations about what locations do for channels and for each other."""

from collections.abc import Sequence
from uuid import UUID

import strawberry

from app.channels import queries as channels
from app.kernel.db import UnitOfWork
from app.kernel.errors import Invalid, NotFound
from app.kernel.ids import IdKind, LocationId, decode
from app.kernel.permissions import Permission
from app.locations import queries
from app.locations import service as locations
from app.locations.rules import (
    ChannelLocationGroupInput,
    ChannelLocationInput,
    LocationGroupInput,
    TransferLane,
    TransferLaneInput,
)
from schema.core.context import Context, Info
from schema.core.mutations import Done, Outcome, perform
from schema.core.singles import single
from schema.locations.supply_inputs import ChannelSupplyPutInput, LocationGroupPutInput, TransferLanePutInput
from schema.locations.supply_loaders import LocationGroupById
from schema.locations.supply_types import (
    ChannelSupply,
    ChannelSupplyPayload,
    LocationGroup,
    LocationGroupPayload,
    TransferLanePayload,
)
from schema.locations.supply_types import TransferLane as LaneType


@strawberry.type
class LocationMutation:
    """Root fields that say who supplies whom."""

    @strawberry.mutation
    async def location_group_put(self, info: Info, input: LocationGroupPutInput) -> LocationGroupPayload:
        """Make a group of locations, rename it, or say who belongs to it."""

        async def command(uow: UnitOfWork) -> Done:
            uow.actor.require(Permission.CATALOG_WRITE)
            codes = None if input.location_ids is None else await _codes(uow, input.location_ids)
            wanted = LocationGroupInput(code=input.code, name=input.name, locations=codes)
            [row] = await single(
                locations.put_location_groups(uow, groups=[wanted]), renamed={"locations": "locationIds"}
            )
            return Done(row.id)

        outcome = await perform(info.context, "locationGroupPut", input, command, key=input.idempotency_key)
        group = None if outcome.object_id is None else await info.context.load(LocationGroupById, outcome.object_id)
        return LocationGroupPayload(
            location_group=None if group is None else LocationGroup.of(group), errors=outcome.errors
        )

    @strawberry.mutation
    async def channel_supply_put(self, info: Info, input: ChannelSupplyPutInput) -> ChannelSupplyPayload:
        """Say what a location, or each member of a group, does for a channel. What is said of a location itself holds."""

        async def command(uow: UnitOfWork) -> Done:
            uow.actor.require(Permission.CATALOG_WRITE)
            if (input.location_id is None) == (input.group_id is None):
                raise Invalid("give either a location or a group", field=("locationId",))
            return Done(await (_put_location(uow, input) if input.group_id is None else _put_group(uow, input)))

        outcome = await perform(info.context, "channelSupplyPut", input, command, key=input.idempotency_key)
        return ChannelSupplyPayload(channel_supply=await _supply(info.context, input, outcome), errors=outcome.errors)

    @strawberry.mutation
    async def transfer_lane_put(self, info: Info, input: TransferLanePutInput) -> TransferLanePayload:
        """Say how long goods travel from one location to another, or that they do so no more."""

        async def command(uow: UnitOfWork) -> Done:
            uow.actor.require(Permission.CATALOG_WRITE)
            from_code = await _code(uow, input.from_location_id, "fromLocationId")
            to_code = await _code(uow, input.to_location_id, "toLocationId")
            wanted = TransferLaneInput(from_location=from_code, to_location=to_code, lead_minutes=input.lead_minutes)
            [row] = await single(locations.put_transfer_lanes(uow, lanes=[wanted]), renamed=_LANE)
            return Done(row.id)

        outcome = await perform(info.context, "transferLanePut", input, command, key=input.idempotency_key)
        lane = None if outcome.object_id is None else await _lane(info.context, input)
        return TransferLanePayload(transfer_lane=None if lane is None else LaneType.of(lane), errors=outcome.errors)


_LANE = {"fromLocation": "fromLocationId", "toLocation": "toLocationId"}


async def _put_location(uow: UnitOfWork, input: ChannelSupplyPutInput) -> UUID:
    wanted = ChannelLocationInput(
        channel=input.channel,
        location=await _code(uow, input.location_id or strawberry.ID(""), "locationId"),
        ships=input.ships,
        hands_out=input.hands_out,
    )
    [row] = await single(locations.put_channel_locations(uow, links=[wanted]), renamed={"location": "locationId"})
    return row.id


async def _put_group(uow: UnitOfWork, input: ChannelSupplyPutInput) -> UUID:
    key = decode(IdKind.LOCATION_GROUP, input.group_id or "", field=("groupId",))
    found = await queries.list_groups_by_id(uow, group_ids=[key])
    if not found:
        raise NotFound("no group of locations has this id", field=("groupId",))
    if input.ships is None or input.hands_out is None:
        missing = "ships" if input.ships is None else "handsOut"
        raise Invalid("of a group both have to be said", field=(missing,))
    wanted = ChannelLocationGroupInput(
        channel=input.channel, group=found[0].code, ships=input.ships, hands_out=input.hands_out
    )
    [row] = await single(locations.put_channel_location_groups(uow, links=[wanted]), renamed={"group": "groupId"})
    return row.id


async def _supply(context: Context, input: ChannelSupplyPutInput, outcome: Outcome) -> ChannelSupply | None:
    """Read what is in force for the location or the group."""
    if outcome.object_id is None:
        return None
    [channel] = await channels.list_channels_by_code(context.session, codes=[input.channel])
    if input.group_id is None:
        links = await queries.list_links(context.session, pairs=[(channel.id, LocationId(outcome.object_id))])
        link = links[0] if links else None
        return ChannelSupply(
            channel_key=channel.id,
            location_key=outcome.object_id,
            group=None,
            ships=link is not None and link.ships,
            hands_out=link is not None and link.hands_out,
            follows_groups=link is None or not link.own,
        )
    group = await context.load(LocationGroupById, outcome.object_id)
    said = await queries.list_group_links(context.session, group_ids=[outcome.object_id])
    done = next((link for link in said if link.channel_id == channel.id), None)
    return ChannelSupply(
        channel_key=channel.id,
        location_key=None,
        group=None if group is None else LocationGroup.of(group),
        ships=done is not None and done.ships,
        hands_out=done is not None and done.hands_out,
        follows_groups=False,
    )


async def _lane(context: Context, input: TransferLanePutInput) -> TransferLane | None:
    pair = [LocationId(decode(IdKind.LOCATION, text)) for text in (input.from_location_id, input.to_location_id)]
    found = await queries.list_lanes(context.session, pairs=[(pair[0], pair[1])])
    return found[0] if found else None


async def _code(uow: UnitOfWork, text: strawberry.ID, name: str) -> str:
    key = decode(IdKind.LOCATION, text, field=(name,))
    found = await queries.list_locations(uow, location_ids=[key])
    if not found:
        raise NotFound("no location has this id", field=(name,))
    return found[0].code


async def _codes(uow: UnitOfWork, texts: Sequence[strawberry.ID]) -> tuple[str, ...]:
    keys = [decode(IdKind.LOCATION, text, field=("locationIds", str(i))) for i, text in enumerate(texts)]
    known: dict[UUID, str] = {row.id: row.code for row in await queries.list_locations(uow, location_ids=set(keys))}
    for i, key in enumerate(keys):
        if key not in known:
            raise NotFound("no location has this id", field=("locationIds", str(i)))
    return tuple(known[key] for key in keys)
