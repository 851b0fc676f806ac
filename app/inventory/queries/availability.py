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

_LIST_AT_LOCATIONS = rows(
    """
    SELECT variant_id, location_id, greatest(0, sellable - soft - firm - safety_stock)
    FROM levels WHERE variant_id = ANY(:variant_ids::uuid[]) AND location_id = ANY(:location_ids::uuid[])
    """,
    Available,
)

#: Every location that may supply the channel, by what it may do; archived ones do nothing.
_LIST_PROMISES = rows(
    """
    SELECT level.variant_id,
        greatest(0, coalesce(sum(greatest(0, sellable - soft - firm - safety_stock)) FILTER (WHERE supply.ships), 0)
            - channel.threshold)::int,
        bool_or(supply.hands_out AND location.pickup_enabled AND sellable - soft - firm - safety_stock > 0)
    FROM levels AS level
    JOIN channel_locations AS supply ON supply.channel_id = :channel_id AND supply.location_id = level.location_id
    JOIN locations AS location ON location.id = level.location_id AND location.archived_at IS NULL
    JOIN channels AS channel ON channel.id = supply.channel_id
    WHERE level.variant_id = ANY(:variant_ids::uuid[])
    GROUP BY level.variant_id, channel.threshold
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
