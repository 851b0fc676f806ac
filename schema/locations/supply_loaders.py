"""Relations of groups of locations, each read for all parents at once."""

from collections.abc import Sequence
from uuid import UUID

from app.locations import queries
from app.locations.queries import GroupLink
from app.locations.rules import Location, LocationGroup
from schema.core.batches import by_id, grouped
from schema.core.context import Batch, Context


async def _groups(context: Context, ids: list[UUID]) -> Sequence[LocationGroup | None]:
    """Groups by id."""
    return by_id(await queries.list_groups_by_id(context.session, group_ids=ids), ids)


async def _members(context: Context, group_ids: list[UUID]) -> Sequence[list[Location]]:
    """Members by group, in the order of their codes."""
    members = await queries.list_members(context.session, group_ids=group_ids)
    found = await queries.list_locations(context.session, location_ids={member.location_id for member in members})
    known = {location.id: location for location in found}
    by_group = grouped(members, group_ids, lambda member: member.group_id)
    return [[known[member.location_id] for member in listed] for listed in by_group]


async def _supplies(context: Context, group_ids: list[UUID]) -> Sequence[list[GroupLink]]:
    """What groups do for channels, by group."""
    found = await queries.list_group_links(context.session, group_ids=group_ids)
    return grouped(found, group_ids, lambda link: link.group_id)


LocationGroupById = Batch(_groups)
MembersByGroupId = Batch(_members)
GroupSupplyByGroupId = Batch(_supplies)
