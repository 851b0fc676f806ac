"""Reading levels and the ledger."""

from datetime import datetime

import strawberry

from app.inventory import queries
from app.inventory.queries import MovementFilter
from app.inventory.queries import StockLevelFilter as Wanted
from app.inventory.states import Bucket
from app.kernel.errors import Invalid
from app.kernel.ids import IdKind, decode, decode_any
from app.kernel.paging import page, page_request
from schema.core.context import Context, Info
from schema.inventory.levels.inputs import StockLevelFilter, StockMovementFilter
from schema.inventory.levels.lists import few, past, readable
from schema.inventory.levels.types import CAUSES, StockLevelConnection, StockMovementConnection


@strawberry.type
class StockLevelQuery:
    """Root fields about levels and the ledger."""

    @strawberry.field
    async def stock_levels(
        self,
        info: Info,
        filter: StockLevelFilter | None = None,
        as_of: datetime | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> StockLevelConnection | None:
        """Page through what the caller's locations have, by variant and location.

        With `asOf`, what was physically there at that moment, from the ledger; what was promised then is not known.
        Levels are those that there are now: one that was opened later had nothing.
        """
        context = info.context
        wanted = _wanted(context, filter or StockLevelFilter(), past(context, as_of))
        request = page_request(first=first, after=after)
        rows = await queries.find_stock_levels(context.session, wanted=wanted, request=request)
        return StockLevelConnection.of(
            page(rows, request, queries.stock_levels_key),
            lambda: queries.count_stock_levels(context.session, wanted=wanted),
        )

    @strawberry.field
    async def stock_movements(
        self,
        info: Info,
        filter: StockMovementFilter | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> StockMovementConnection | None:
        """Page through the ledger of the caller's locations, newest first."""
        wanted = _moved(info.context, filter or StockMovementFilter())
        request = page_request(first=first, after=after)
        rows = await queries.find_movements(info.context.session, wanted=wanted, request=request)
        return StockMovementConnection.of(page(rows, request, queries.movements_key))


def _wanted(context: Context, given: StockLevelFilter, as_of: datetime | None) -> Wanted:
    places, field = given.location_ids, ("filter", "locationIds")
    if given.location_id is not None:
        if places is not None:
            raise Invalid("name one location or several, not both", field=("filter", "locationId"))
        decode(IdKind.LOCATION, given.location_id, field=("filter", "locationId"))
        places, field = [given.location_id], ("filter", "locationId")
    if given.below_safety is not None and as_of is not None:
        raise Invalid("what was promised at a moment that is past is not known", field=("filter", "belowSafety"))
    for name, named in (("variantIds", given.variant_ids), ("skus", given.skus)):
        few(named or (), ("filter", name))
    in_stock = True if given.bucket is not None and given.in_stock is None else given.in_stock
    return Wanted(
        location_ids=readable(context, places, field=field),
        variant_ids=None
        if given.variant_ids is None
        else [
            decode(IdKind.VARIANT, text, field=("filter", "variantIds", str(i)))
            for i, text in enumerate(given.variant_ids)
        ],
        skus=given.skus,
        sku_prefix=given.sku_prefix,
        bucket=given.bucket or Bucket.SELLABLE,
        in_stock=in_stock,
        below_safety=given.below_safety,
        as_of=as_of,
    )


def _moved(context: Context, given: StockMovementFilter) -> MovementFilter:
    places = None
    if given.location_id is not None:
        decode(IdKind.LOCATION, given.location_id, field=("filter", "locationId"))
        places = [given.location_id]
    cause_id = None
    if given.cause_id is not None:
        kind, cause_id = decode_any(given.cause_id, field=("filter", "causeId"))
        if kind not in CAUSES.values():
            raise Invalid("nothing of this kind moves stock", field=("filter", "causeId"))
    return MovementFilter(
        location_ids=readable(context, places, field=("filter", "locationId")),
        variant_id=None
        if given.variant_id is None
        else decode(IdKind.VARIANT, given.variant_id, field=("filter", "variantId")),
        buckets=None if given.bucket is None else [given.bucket],
        reasons=given.reason,
        cause_kind=None if given.cause_kind is None else given.cause_kind.value,
        cause_id=cause_id,
        since=given.from_,
        until=given.to,
    )
