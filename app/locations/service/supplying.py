"""Commands about what locations do for channels and for each other.

Whichever of them changes a group, its members, a link or a location's own say, `channel_locations` says at the end of the
same transaction what is in force.
"""

from collections.abc import Iterable, Sequence

from app.channels import queries as channels
from app.channels.errors import UnknownChannel
from app.channels.rules import Channel
from app.kernel.db import UnitOfWork
from app.kernel.errors import Invalid
from app.kernel.ids import LocationGroupId, LocationId, new_id
from app.kernel.permissions import Permission
from app.kernel.puts import Put, PutRow, effect_of
from app.locations import queries
from app.locations.events import LocationGroupChanged
from app.locations.rules import (
    MOST_GROUPS,
    ChannelLocationGroupInput,
    ChannelLocationInput,
    LocationGroup,
    LocationGroupInput,
    TransferLane,
    TransferLaneInput,
    check_group_links,
    check_groups,
    check_lanes,
    check_links,
)


async def put_channel_locations(uow: UnitOfWork, *, links: Sequence[ChannelLocationInput]) -> list[PutRow]:
    """Say what locations do for channels, whatever their groups do: supply shipments, hand goods out, or nothing at all.

    Of whom nothing is said, not even nothing, does what any of its groups does. Answers one row each, in their order,
    with the location's id. Locks: the locations.
    Raises: Forbidden; Invalid, UnknownChannel and UnknownLocation naming the element.
    """
    uow.actor.require(Permission.CATALOG_WRITE)
    check_links(links)
    await queries.lock_locations(uow)
    channel_of = await _channels(uow, [link.channel for link in links])
    location_of = await queries.locations_by_code(
        uow, named={("links", str(i), "location"): link.location for i, link in enumerate(links)}
    )
    pairs = [(channel_of[link.channel].id, location_of[link.location].id) for link in links]
    known = {(link.channel_id, link.location_id): link for link in await queries.list_links(uow, pairs=pairs)}
    said: list[queries.ChannelLink] = []
    unsaid = []
    answer = []
    for link, pair in zip(links, pairs, strict=True):
        there = known.get(pair)
        effect = Put.UNCHANGED
        if link.ships is not None and link.hands_out is not None:
            own = queries.ChannelLink(*pair, link.ships, link.hands_out)
            if there != own:
                effect = effect_of(known=there is not None, changed=True)
                said.append(own)
        elif there is not None and there.own:
            effect = Put.UPDATED
            unsaid.append(pair)
        answer.append(PutRow(f"{link.channel} {link.location}", pair[1], effect))
    if said:
        await queries.upsert_links(uow, links=said)
    if unsaid:
        await queries.delete_links(uow, pairs=unsaid)
        await queries.settle_channel_locations(uow)
    return answer


async def put_location_groups(uow: UnitOfWork, *, groups: Sequence[LocationGroupInput]) -> list[PutRow]:
    """Make, rename or fill groups of locations, each by its code; answers one row each, in their order.

    What the group does for channels, its members do from now on, and those that left it no more.
    Locks: the locations. Emits: LocationGroupChanged for each location that came or left.
    Raises: Forbidden; Invalid and UnknownLocation naming the element.
    """
    uow.actor.require(Permission.CATALOG_WRITE)
    check_groups(groups)
    await queries.lock_locations(uow)
    location_of = await queries.locations_by_code(
        uow,
        named={
            ("groups", str(i), "locations", str(n)): code
            for i, group in enumerate(groups)
            for n, code in enumerate(group.locations or ())
        },
    )
    known = {
        group.code: group for group in await queries.list_groups_by_code(uow, codes=[group.code for group in groups])
    }
    if await queries.count_groups(uow) + len(groups) - len(known) > MOST_GROUPS:
        raise Invalid(f"a shop has at most {MOST_GROUPS} groups of locations", field=("groups",))
    wanted = [_wanted_group(uow, group, known.get(group.code)) for group in groups]
    there = set(await queries.list_members(uow, group_ids=[group.id for group in known.values()]))
    members = {
        queries.Member(row.id, location_of[code].id)
        for group, row in zip(groups, wanted, strict=True)
        for code in group.locations or ()
    }
    spoken_of = {row.id for group, row in zip(groups, wanted, strict=True) if group.locations is not None}
    gone = {member for member in there - members if member.group_id in spoken_of}
    new = members - there
    moved = {member.group_id for member in gone | new}
    effects = [
        effect_of(known=row.code in known, changed=known.get(row.code) != row or row.id in moved) for row in wanted
    ]
    if changed := [row for row in wanted if known.get(row.code) != row]:
        await queries.upsert_groups(uow, groups=changed)
    if gone:
        await queries.delete_members(uow, members=gone)
    if new:
        await queries.insert_members(uow, members=new)
    if moved:
        await queries.settle_channel_locations(uow)
    for member in sorted(gone | new, key=lambda member: (member.group_id, member.location_id)):
        uow.emit(LocationGroupChanged(location_id=member.location_id, group_id=member.group_id))
    return [PutRow(row.code, row.id, effect) for row, effect in zip(wanted, effects, strict=True)]


async def put_channel_location_groups(uow: UnitOfWork, *, links: Sequence[ChannelLocationGroupInput]) -> list[PutRow]:
    """Say what the members of groups do for channels, except those of which something else was said themselves.

    A location in several groups does what any of them does. Answers one row each, in their order, with the group's id.
    Locks: the locations. Raises: Forbidden; Invalid, UnknownChannel and UnknownLocationGroup naming the element.
    """
    uow.actor.require(Permission.CATALOG_WRITE)
    check_group_links(links)
    await queries.lock_locations(uow)
    channel_of = await _channels(uow, [link.channel for link in links])
    group_of = await queries.groups_by_code(
        uow, named={("links", str(i), "group"): link.group for i, link in enumerate(links)}
    )
    wanted = [
        queries.GroupLink(channel_of[link.channel].id, group_of[link.group].id, link.ships, link.hands_out)
        for link in links
    ]
    known = {
        (link.channel_id, link.group_id): link
        for link in await queries.list_group_links(uow, group_ids={link.group_id for link in wanted})
    }
    effects = [_group_link_effect(link, known.get((link.channel_id, link.group_id))) for link in wanted]
    changed = [link for link, effect in zip(wanted, effects, strict=True) if effect is not Put.UNCHANGED]
    if doing := [link for link in changed if link.ships or link.hands_out]:
        await queries.upsert_group_links(uow, links=doing)
    if idle := [link for link in changed if not (link.ships or link.hands_out)]:
        await queries.delete_group_links(uow, links=idle)
    if changed:
        await queries.settle_channel_locations(uow)
    return [
        PutRow(f"{link.channel} {link.group}", row.group_id, effect)
        for link, row, effect in zip(links, wanted, effects, strict=True)
    ]


async def put_transfer_lanes(uow: UnitOfWork, *, lanes: Sequence[TransferLaneInput]) -> list[PutRow]:
    """Say between which locations goods travel and how long that takes; answers one row each, in their order.

    Each row has the id of the location where the lane ends. Transfers that are under way go on.
    Locks: the locations. Raises: Forbidden; Invalid and UnknownLocation naming the element.
    """
    uow.actor.require(Permission.CATALOG_WRITE)
    check_lanes(lanes)
    await queries.lock_locations(uow)
    location_of = await queries.locations_by_code(
        uow,
        named={
            ("lanes", str(i), name): code
            for i, lane in enumerate(lanes)
            for name, code in (("fromLocation", lane.from_location), ("toLocation", lane.to_location))
        },
    )
    pairs = [(location_of[lane.from_location].id, location_of[lane.to_location].id) for lane in lanes]
    known = {(lane.from_location_id, lane.to_location_id): lane for lane in await queries.list_lanes(uow, pairs=pairs)}
    leading: list[TransferLane] = []
    gone: list[tuple[LocationId, LocationId]] = []
    answer = []
    for lane, pair in zip(lanes, pairs, strict=True):
        there = known.get(pair)
        effect = Put.UNCHANGED
        if lane.lead_minutes is None:
            if there is not None:
                effect = Put.UPDATED
                gone.append(pair)
        elif there is None or there.lead_minutes != lane.lead_minutes:
            effect = effect_of(known=there is not None, changed=True)
            leading.append(TransferLane(*pair, lane.lead_minutes))
        answer.append(PutRow(f"{lane.from_location} {lane.to_location}", pair[1], effect))
    if leading:
        await queries.upsert_lanes(uow, lanes=leading)
    if gone:
        await queries.delete_lanes(uow, pairs=gone)
    return answer


async def _channels(uow: UnitOfWork, codes: Iterable[str]) -> dict[str, Channel]:
    """Find the channels of a list of links. Raises: UnknownChannel naming the element."""
    codes = list(codes)
    found = {channel.code: channel for channel in await channels.list_channels_by_code(uow, codes=set(codes))}
    for i, code in enumerate(codes):
        if code not in found:
            raise UnknownChannel(code).below("links", str(i))
    return found


def _wanted_group(uow: UnitOfWork, group: LocationGroupInput, known: LocationGroup | None) -> LocationGroup:
    return LocationGroup(
        id=known.id if known else LocationGroupId(new_id()),
        code=group.code,
        name=group.name,
        created_at=known.created_at if known else uow.now,
    )


def _group_link_effect(wanted: queries.GroupLink, known: queries.GroupLink | None) -> Put:
    if known is None and not (wanted.ships or wanted.hands_out):
        return Put.UNCHANGED
    return effect_of(known=known is not None, changed=known != wanted)
