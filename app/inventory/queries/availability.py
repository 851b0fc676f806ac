"""Statements about what can be promised, and what there is."""

from collections.abc import Collection
from uuid import UUID

from app.inventory import models  # noqa: F401  # The statements below are about these tables.
from app.inventory.rules import Available, Level, Promise
from app.kernel.ids import ChannelId
from app.kernel.sql import Session, rows

_LEVEL = "variant_id, location_id, sellable, damaged, quality, soft, firm, safety_stock"

_LIST_LEVELS = rows(
    f"SELECT {_LEVEL} FROM levels WHERE variant_id = ANY(:variant_ids::uuid[]) ORDER BY variant_id, location_id", Level
)


def _free(at: str = "") -> str:
    """Write what of each variant can be promised at each location where there is any level of it.

    A bundle has no levels of its own: of it a location has as many as the scarcest component makes, and none where one of
    them has never been. For other variants that branch is one look into an index.
    """
    return f"""
        SELECT level.variant_id, level.location_id, greatest(0, sellable - soft - firm - safety_stock) AS units
        FROM levels AS level WHERE level.variant_id = ANY(:variant_ids::uuid[]) {at}
        UNION ALL
        SELECT component.bundle_id, level.location_id,
            min(greatest(0, sellable - soft - firm - safety_stock) / component.quantity)
        FROM bundle_components AS component JOIN levels AS level ON level.variant_id = component.component_id
        WHERE component.bundle_id = ANY(:variant_ids::uuid[]) {at}
        GROUP BY component.bundle_id, level.location_id
        HAVING count(*) = (SELECT count(*) FROM bundle_components AS part WHERE part.bundle_id = component.bundle_id)
    """


_LIST_AT_LOCATIONS = rows(_free(at="AND level.location_id = ANY(:location_ids::uuid[])"), Available)

#: Every location that may supply the channel, by what it may do; archived ones do nothing.
_LIST_PROMISES = rows(
    f"""
    SELECT free.variant_id,
        greatest(0, coalesce(sum(free.units) FILTER (WHERE supply.ships), 0) - channel.threshold)::int,
        bool_or(supply.hands_out AND location.pickup_enabled AND free.units > 0)
    FROM ({_free()}) AS free
    JOIN channel_locations AS supply ON supply.channel_id = :channel_id AND supply.location_id = free.location_id
    JOIN locations AS location ON location.id = free.location_id AND location.archived_at IS NULL
    JOIN channels AS channel ON channel.id = supply.channel_id
    GROUP BY free.variant_id, channel.threshold
    """,
    Promise,
)


async def list_levels(session: Session, *, variant_ids: Collection[UUID]) -> list[Level]:
    """List all levels of these variants."""
    return await _LIST_LEVELS.all(session, variant_ids=list(variant_ids))


async def list_at_locations(
    session: Session, *, variant_ids: Collection[UUID], location_ids: Collection[UUID]
) -> list[Available]:
    """Say what these locations could promise of these variants; a pair without a level is not answered."""
    return await _LIST_AT_LOCATIONS.all(session, variant_ids=list(variant_ids), location_ids=list(location_ids))


async def list_promises(
    session: Session, *, channel_id: ChannelId, variant_ids: Collection[UUID]
) -> dict[UUID, Promise]:
    """Say what a channel can promise of these variants; one that is stocked nowhere is not answered."""
    found = await _LIST_PROMISES.all(session, channel_id=channel_id, variant_ids=list(variant_ids))
    return {promise.variant_id: promise for promise in found}
