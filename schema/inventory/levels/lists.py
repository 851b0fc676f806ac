"""Lists of levels: whose caller may see them, of which goods and places, and of which moment."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import strawberry

from app.inventory import queries
from app.inventory.queries import StockLevelFilter as Wanted
from app.kernel.errors import Invalid
from app.kernel.ids import IdKind, LocationId, decode
from app.kernel.paging import page, page_request
from app.kernel.permissions import Permission
from schema.core.context import Context

# Goods and places import this for their levels, whose types import those of goods and places.
from schema.inventory.levels import types as shown
from schema.inventory.levels.loaders import LevelsByLocationId, LevelsByVariantId, LevelsWanted

MOST_NAMED = 250


def past(context: Context, as_of: datetime | None) -> datetime | None:
    """Take a moment that stock is asked about.

    Raises: Invalid for one that has not come yet.
    """
    if as_of is not None and as_of > context.now:
        raise Invalid("this moment has not come yet", field=("asOf",))
    return None if as_of is None else as_of.astimezone(UTC)


def readable(
    context: Context, location_ids: Sequence[strawberry.ID] | None, *, field: Sequence[str]
) -> frozenset[LocationId] | None:
    """Say where the caller may see stock, within the places that were named; None means everywhere.

    Raises: Unauthenticated; Forbidden for a place where they do not work; Invalid.
    """
    context.actor.require(Permission.INVENTORY_READ)
    if location_ids is None:
        return context.actor.location_ids
    few(location_ids, field)
    named = frozenset(
        LocationId(decode(IdKind.LOCATION, text, field=(*field, str(i)))) for i, text in enumerate(location_ids)
    )
    for location_id in named:
        context.actor.require(Permission.INVENTORY_READ, at=location_id)
    return named


def few(named: Sequence[object], field: Sequence[str]) -> None:
    """Refuse lists that are too long to be meant. Raises: Invalid."""
    if len(named) > MOST_NAMED:
        raise Invalid(f"at most {MOST_NAMED}", field=field)


async def of_variant(
    context: Context,
    variant_id: UUID,
    *,
    as_of: datetime | None,
    location_ids: Sequence[strawberry.ID] | None,
    first: int | None,
    after: str | None,
) -> "shown.StockLevelConnection | None":
    """Page through the levels of a variant; None for callers who may not see stock."""
    if not context.actor.may(Permission.INVENTORY_READ):
        return None
    places = readable(context, location_ids, field=("locationIds",))
    asked = LevelsWanted(variant_id, places, past(context, as_of), page_request(first=first, after=after))
    rows = await context.load(LevelsByVariantId, asked)
    wanted = Wanted(location_ids=places, variant_ids=(variant_id,), as_of=asked.as_of)
    return _connection(context, rows, asked, wanted)


async def of_location(
    context: Context, location_id: UUID, *, as_of: datetime | None, first: int | None, after: str | None
) -> "shown.StockLevelConnection | None":
    """Page through the levels of a location; None for callers who may not see its stock."""
    if not context.actor.may(Permission.INVENTORY_READ, at=location_id):
        return None
    asked = LevelsWanted(location_id, None, past(context, as_of), page_request(first=first, after=after))
    rows = await context.load(LevelsByLocationId, asked)
    wanted = Wanted(location_ids=(LocationId(location_id),), as_of=asked.as_of)
    return _connection(context, rows, asked, wanted)


def _connection(
    context: Context, rows: Sequence[queries.StockLevel], asked: LevelsWanted, wanted: Wanted
) -> "shown.StockLevelConnection":
    return shown.StockLevelConnection.of(
        page(rows, asked.request, queries.stock_levels_key),
        lambda: queries.count_stock_levels(context.session, wanted=wanted),
    )
