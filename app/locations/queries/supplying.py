"""Statements about what locations do for channels and for each other: links, groups and transfer lanes.

`channel_locations` is what is in force. A row of the location's own holds whatever its groups say; the other rows follow
from the groups, and `settle_channel_locations` makes them do so in the same transaction.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.kernel.db import UnitOfWork
from app.kernel.errors import Invalid
from app.kernel.ids import ChannelId, LocationGroupId, LocationId
from app.kernel.paging import Page, PageRequest, bound, page
from app.kernel.sql import Session, rows, statement
from app.locations import models  # noqa: F401  # The statements below are about these tables.
from app.locations.errors import UnknownLocationGroup
from app.locations.rules import ChannelLocation, LocationGroup, TransferLane


@dataclass(frozen=True, slots=True)
class ChannelLink:
    """What one location does for one channel; `own` when that was said of the location itself."""

    channel_id: ChannelId
    location_id: LocationId
    ships: bool
    hands_out: bool
    own: bool = True


@dataclass(frozen=True, slots=True)
class GroupLink:
    """What the members of a group do for one channel."""

    channel_id: ChannelId
    group_id: LocationGroupId
    ships: bool
    hands_out: bool


@dataclass(frozen=True, slots=True)
class Member:
    """A location that belongs to a group."""

    group_id: LocationGroupId
    location_id: LocationId


_LIST_CHANNEL_LOCATIONS = rows(
    """
    SELECT link.location_id, link.ships, link.hands_out FROM channel_locations AS link
    JOIN locations AS location ON location.id = link.location_id AND location.archived_at IS NULL
    WHERE link.channel_id = :channel_id AND (link.ships OR link.hands_out) ORDER BY link.location_id
    """,
    ChannelLocation,
)
_LIST_LINKS = rows(
    """
    SELECT channel_id, location_id, ships, hands_out, own FROM channel_locations
    WHERE (channel_id, location_id) IN (SELECT * FROM unnest(:channels::uuid[], :locations::uuid[]))
    """,
    ChannelLink,
)
_UPSERT_OWN = statement(
    """
    INSERT INTO channel_locations (channel_id, location_id, ships, hands_out, own)
    SELECT *, true FROM unnest(:channels::uuid[], :locations::uuid[], :ships::bool[], :hands_outs::bool[])
    ON CONFLICT (channel_id, location_id)
    DO UPDATE SET ships = excluded.ships, hands_out = excluded.hands_out, own = true
    """
)
_DELETE_OWN = statement(
    """
    DELETE FROM channel_locations
    WHERE (channel_id, location_id) IN (SELECT * FROM unnest(:channels::uuid[], :locations::uuid[])) AND own
    """
)
_SETTLE_CHANNEL_LOCATIONS = statement(
    """
    WITH following AS (
        SELECT link.channel_id, member.location_id, bool_or(link.ships) AS ships, bool_or(link.hands_out) AS hands_out
        FROM channel_location_groups AS link JOIN location_group_members AS member ON member.group_id = link.group_id
        GROUP BY link.channel_id, member.location_id
    ), gone AS (
        DELETE FROM channel_locations AS held
        WHERE NOT own AND (channel_id, location_id) NOT IN (SELECT channel_id, location_id FROM following)
    )
    INSERT INTO channel_locations AS held (channel_id, location_id, ships, hands_out, own)
    SELECT channel_id, location_id, ships, hands_out, false FROM following
    ON CONFLICT (channel_id, location_id) DO UPDATE SET ships = excluded.ships, hands_out = excluded.hands_out
    WHERE NOT held.own AND (held.ships, held.hands_out) <> (excluded.ships, excluded.hands_out)
    """
)

_GROUP = "id, code, name, created_at"
_LIST_GROUPS = rows(f"SELECT {_GROUP} FROM location_groups ORDER BY code", LocationGroup)
_LIST_GROUPS_BY_ID = rows(f"SELECT {_GROUP} FROM location_groups WHERE id = ANY(:ids::uuid[])", LocationGroup)
_LIST_GROUPS_BY_CODE = rows(f"SELECT {_GROUP} FROM location_groups WHERE code = ANY(:codes::text[])", LocationGroup)
_COUNT_GROUPS = rows("SELECT count(*)::int FROM location_groups", int)
_LIST_MEMBERS = rows(
    """
    SELECT member.group_id, member.location_id FROM location_group_members AS member
    JOIN locations AS location ON location.id = member.location_id
    WHERE member.group_id = ANY(:ids::uuid[]) ORDER BY member.group_id, location.code
    """,
    Member,
)
_LIST_GROUP_LINKS = rows(
    """
    SELECT channel_id, group_id, ships, hands_out FROM channel_location_groups
    WHERE group_id = ANY(:ids::uuid[]) ORDER BY group_id, channel_id
    """,
    GroupLink,
)
_UPSERT_GROUPS = statement(
    """
    INSERT INTO location_groups (id, code, name, created_at)
    SELECT * FROM unnest(:ids::uuid[], :codes::text[], :names::text[], :created_ats::timestamptz[])
    ON CONFLICT (id) DO UPDATE SET name = excluded.name
    """
)
_INSERT_MEMBERS = statement(
    """
    INSERT INTO location_group_members (group_id, location_id) SELECT * FROM unnest(:groups::uuid[], :locations::uuid[])
    """
)
_DELETE_MEMBERS = statement(
    """
    DELETE FROM location_group_members
    WHERE (group_id, location_id) IN (SELECT * FROM unnest(:groups::uuid[], :locations::uuid[]))
    """
)
_UPSERT_GROUP_LINKS = statement(
    """
    INSERT INTO channel_location_groups (channel_id, group_id, ships, hands_out)
    SELECT * FROM unnest(:channels::uuid[], :groups::uuid[], :ships::bool[], :hands_outs::bool[])
    ON CONFLICT (channel_id, group_id) DO UPDATE SET ships = excluded.ships, hands_out = excluded.hands_out
    """
)
_DELETE_GROUP_LINKS = statement(
    """
    DELETE FROM channel_location_groups
    WHERE (channel_id, group_id) IN (SELECT * FROM unnest(:channels::uuid[], :groups::uuid[]))
    """
)

_LIST_LANES = rows(
    """
    SELECT from_location_id, to_location_id, lead_minutes FROM transfer_lanes
    WHERE (to_location_id, from_location_id) IN (SELECT * FROM unnest(:tos::uuid[], :froms::uuid[]))
    """,
    TransferLane,
)
#: Lanes into a location, the quickest first.
_LIST_LANES_TO = rows(
    """
    SELECT from_location_id, to_location_id, lead_minutes FROM transfer_lanes
    WHERE to_location_id = ANY(:ids::uuid[]) ORDER BY to_location_id, lead_minutes, from_location_id
    """,
    TransferLane,
)
_FIND_LANES = rows(
    """
    SELECT from_location_id, to_location_id, lead_minutes FROM transfer_lanes
    WHERE (:from_id::uuid IS NULL OR from_location_id = :from_id) AND (:to_id::uuid IS NULL OR to_location_id = :to_id)
      AND (:after_to::uuid IS NULL OR (to_location_id, from_location_id) > (:after_to, :after_from::uuid))
    ORDER BY to_location_id, from_location_id LIMIT :most
    """,
    TransferLane,
)
_COUNT_LANES = rows(
    """
    SELECT count(*)::int FROM transfer_lanes
    WHERE (:from_id::uuid IS NULL OR from_location_id = :from_id) AND (:to_id::uuid IS NULL OR to_location_id = :to_id)
    """,
    int,
)
_UPSERT_LANES = statement(
    """
    INSERT INTO transfer_lanes (from_location_id, to_location_id, lead_minutes)
    SELECT * FROM unnest(:froms::uuid[], :tos::uuid[], :leads::int[])
    ON CONFLICT (to_location_id, from_location_id) DO UPDATE SET lead_minutes = excluded.lead_minutes
    """
)
_DELETE_LANES = statement(
    """
    DELETE FROM transfer_lanes
    WHERE (to_location_id, from_location_id) IN (SELECT * FROM unnest(:tos::uuid[], :froms::uuid[]))
    """
)


async def list_channel_locations(session: Session, *, channel_id: ChannelId) -> list[ChannelLocation]:
    """List what the locations of a channel do for it; archived ones do nothing any more."""
    return await _LIST_CHANNEL_LOCATIONS.all(session, channel_id=channel_id)


async def list_links(session: Session, *, pairs: Iterable[tuple[ChannelId, LocationId]]) -> list[ChannelLink]:
    """List what these locations do for these channels, pair by pair."""
    pairs = list(pairs)
    return await _LIST_LINKS.all(session, channels=[pair[0] for pair in pairs], locations=[pair[1] for pair in pairs])


async def upsert_links(uow: UnitOfWork, *, links: Sequence[ChannelLink]) -> None:
    """Write what these locations themselves do for these channels, whatever their groups do."""
    await _UPSERT_OWN.run(
        uow,
        channels=[link.channel_id for link in links],
        locations=[link.location_id for link in links],
        ships=[link.ships for link in links],
        hands_outs=[link.hands_out for link in links],
    )


async def delete_links(uow: UnitOfWork, *, pairs: Iterable[tuple[ChannelId, LocationId]]) -> None:
    """Forget what was said of these locations themselves."""
    pairs = list(pairs)
    await _DELETE_OWN.run(uow, channels=[pair[0] for pair in pairs], locations=[pair[1] for pair in pairs])


async def settle_channel_locations(uow: UnitOfWork) -> None:
    """Let every location of which nothing else was said do for each channel what any of its groups does."""
    await _SETTLE_CHANNEL_LOCATIONS.run(uow)


async def list_groups(session: Session) -> list[LocationGroup]:
    """List every group of locations, by code."""
    return await _LIST_GROUPS.all(session)


async def list_groups_by_id(session: Session, *, group_ids: Collection[UUID]) -> list[LocationGroup]:
    """List these groups of locations."""
    return await _LIST_GROUPS_BY_ID.all(session, ids=list(group_ids))


async def list_groups_by_code(session: Session, *, codes: Collection[str]) -> list[LocationGroup]:
    """List the groups of locations with these codes."""
    return await _LIST_GROUPS_BY_CODE.all(session, codes=list(codes))


async def count_groups(session: Session) -> int:
    """Count the groups of locations."""
    return await _COUNT_GROUPS.one(session)


async def list_members(session: Session, *, group_ids: Collection[UUID]) -> list[Member]:
    """List the members of these groups, by the codes of the locations."""
    return await _LIST_MEMBERS.all(session, ids=list(group_ids))


async def list_group_links(session: Session, *, group_ids: Collection[UUID]) -> list[GroupLink]:
    """List what the members of these groups do for channels."""
    return await _LIST_GROUP_LINKS.all(session, ids=list(group_ids))


async def upsert_groups(uow: UnitOfWork, *, groups: Sequence[LocationGroup]) -> None:
    """Write these groups as they are given."""
    await _UPSERT_GROUPS.run(
        uow,
        ids=[group.id for group in groups],
        codes=[group.code for group in groups],
        names=[group.name for group in groups],
        created_ats=[group.created_at for group in groups],
    )


async def insert_members(uow: UnitOfWork, *, members: Collection[Member]) -> None:
    """Let locations belong to groups."""
    await _INSERT_MEMBERS.run(
        uow, groups=[member.group_id for member in members], locations=[member.location_id for member in members]
    )


async def delete_members(uow: UnitOfWork, *, members: Collection[Member]) -> None:
    """Let locations belong to groups no more."""
    await _DELETE_MEMBERS.run(
        uow, groups=[member.group_id for member in members], locations=[member.location_id for member in members]
    )


async def upsert_group_links(uow: UnitOfWork, *, links: Sequence[GroupLink]) -> None:
    """Write what the members of these groups do for these channels."""
    await _UPSERT_GROUP_LINKS.run(
        uow,
        channels=[link.channel_id for link in links],
        groups=[link.group_id for link in links],
        ships=[link.ships for link in links],
        hands_outs=[link.hands_out for link in links],
    )


async def delete_group_links(uow: UnitOfWork, *, links: Sequence[GroupLink]) -> None:
    """Let the members of these groups do nothing for these channels on the groups' account."""
    await _DELETE_GROUP_LINKS.run(
        uow, channels=[link.channel_id for link in links], groups=[link.group_id for link in links]
    )


async def list_lanes(session: Session, *, pairs: Iterable[tuple[LocationId, LocationId]]) -> list[TransferLane]:
    """List the lanes between these locations, each pair being from and to."""
    pairs = list(pairs)
    return await _LIST_LANES.all(session, froms=[pair[0] for pair in pairs], tos=[pair[1] for pair in pairs])


async def list_lanes_to(session: Session, *, location_ids: Collection[UUID]) -> list[TransferLane]:
    """List the lanes that end at these locations, the quickest of each first."""
    return await _LIST_LANES_TO.all(session, ids=list(location_ids))


async def find_lanes(
    session: Session, *, from_id: LocationId | None, to_id: LocationId | None, request: PageRequest
) -> Page[TransferLane]:
    """Page through lanes, all or those from or to one location, by where they end.

    Raises: Invalid when the cursor is of another list.
    """
    after = bound(request.after, str, name="after")
    found = await _FIND_LANES.all(
        session,
        from_id=from_id,
        to_id=to_id,
        after_to=after and _location(after[0]),
        after_from=after and after[1],
        most=request.size + 1,
    )
    return page(found, request, lambda lane: (lane.to_location_id, lane.from_location_id))


async def count_lanes(session: Session, *, from_id: LocationId | None, to_id: LocationId | None) -> int:
    """Count lanes, all or those of one location."""
    return await _COUNT_LANES.one(session, from_id=from_id, to_id=to_id)


async def upsert_lanes(uow: UnitOfWork, *, lanes: Sequence[TransferLane]) -> None:
    """Write these lanes as they are given."""
    await _UPSERT_LANES.run(
        uow,
        froms=[lane.from_location_id for lane in lanes],
        tos=[lane.to_location_id for lane in lanes],
        leads=[lane.lead_minutes for lane in lanes],
    )


async def delete_lanes(uow: UnitOfWork, *, pairs: Iterable[tuple[LocationId, LocationId]]) -> None:
    """Take lanes away, each pair being from and to."""
    pairs = list(pairs)
    await _DELETE_LANES.run(uow, froms=[pair[0] for pair in pairs], tos=[pair[1] for pair in pairs])


async def groups_by_code(session: Session, *, named: dict[tuple[str, ...], str]) -> dict[str, LocationGroup]:
    """Find groups by their codes, each of which stands somewhere in the caller's input.

    Raises: UnknownLocationGroup naming where the first unknown one stands.
    """
    known = {group.code: group for group in await list_groups_by_code(session, codes=set(named.values()))}
    for field, code in named.items():
        if code not in known:
            raise UnknownLocationGroup(f"{code[:60]!r} is not a group of locations of this shop", field=field)
    return known


def _location(written: str) -> UUID:
    try:
        return UUID(written)
    except ValueError:
        raise Invalid("this is not a cursor of this list", field=("after",)) from None
