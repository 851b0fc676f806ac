"""Statements that show levels to people who work here: as they are, or as they were at a moment."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.inventory import models  # noqa: F401  # The statements below are about these tables.
from app.inventory.states import Bucket
from app.kernel.errors import Invalid
from app.kernel.ids import LocationId
from app.kernel.paging import PageRequest
from app.kernel.sql import Session, Statement, rows

LevelKey = tuple[UUID, UUID]


@dataclass(frozen=True, slots=True)
class StockLevel:
    """What a location has, or had, of a variant. Of a moment that is past, only what was physically there is known."""

    variant_id: UUID
    location_id: UUID
    sellable: int
    damaged: int
    quality: int
    soft: int | None
    firm: int | None
    safety_stock: int | None
    own_safety_stock: int | None
    moved_at: datetime | None
    as_of: datetime | None

    @property
    def key(self) -> LevelKey:
        """Name the level: its variant and its location."""
        return self.variant_id, self.location_id

    @property
    def on_hand(self) -> int:
        """Units physically there."""
        return self.sellable + self.damaged + self.quality

    @property
    def available(self) -> int | None:
        """Units there that nobody was promised; None of a moment that is past."""
        return None if self.soft is None or self.firm is None else self.sellable - self.soft - self.firm


@dataclass(frozen=True, slots=True)
class Incoming:
    """Units of a variant that are still to come to a location."""

    variant_id: UUID
    location_id: UUID
    units: int


@dataclass(frozen=True, slots=True)
class StockLevelFilter:
    """Which levels are asked for. `location_ids` None means everywhere; `in_stock` is about `bucket`."""

    location_ids: Collection[LocationId] | None = None
    variant_ids: Collection[UUID] | None = None
    skus: Collection[str] | None = None
    sku_prefix: str | None = None
    bucket: Bucket = Bucket.SELLABLE
    in_stock: bool | None = None
    below_safety: bool | None = None
    as_of: datetime | None = None

    @property
    def names_goods(self) -> bool:
        """Say whether it is about certain variants."""
        return self.variant_ids is not None or self.skus is not None or self.sku_prefix is not None


def _before(bucket: Bucket) -> str:
    """Write how many units a bucket held at `:as_of`, the way the function `stock_as_of` does."""
    return f"""
        CASE WHEN level.moved_at > :as_of::timestamptz THEN coalesce((
            SELECT m.balance - m.delta FROM movements AS m
            WHERE m.variant_id = level.variant_id AND m.location_id = level.location_id AND m.bucket = '{bucket}'
              AND m.at > :as_of AND m.at <= level.moved_at
            ORDER BY m.at, m.level_version LIMIT 1
        ), level.{bucket.lower()}) ELSE level.{bucket.lower()} END AS {bucket.lower()}
    """


_NOW = """
    level.variant_id, level.location_id, level.sellable, level.damaged, level.quality, level.soft, level.firm,
    level.safety_stock, level.own_safety_stock, level.moved_at, NULL::timestamptz AS as_of
"""
_THEN = """
    level.variant_id, level.location_id, units.sellable, units.damaged, units.quality, NULL::int AS soft, NULL::int AS firm,
    NULL::int AS safety_stock, NULL::int AS own_safety_stock, NULL::timestamptz AS moved_at, :as_of::timestamptz AS as_of
"""
_UNITS_THEN = f"CROSS JOIN LATERAL (SELECT {', '.join(map(_before, Bucket))}) AS units"
_UNITS_NOW = "CROSS JOIN LATERAL (SELECT level.sellable, level.damaged, level.quality) AS units"
_WANTED = """
    (:in_stock::bool IS NULL
        OR (CASE :bucket::text WHEN 'SELLABLE' THEN units.sellable WHEN 'DAMAGED' THEN units.damaged ELSE units.quality END > 0)
            = :in_stock)
    AND (:below_safety::bool IS NULL OR (level.sellable - level.soft - level.firm < level.safety_stock) = :below_safety)
"""
_AFTER = """
    (:after_variant::uuid IS NULL
        OR (level.variant_id, level.location_id) > (:after_variant::uuid, :after_location::uuid))
"""
_GOODS = """
    level.variant_id IN (
        SELECT variant.id FROM variants AS variant
        WHERE (:variants::uuid[] IS NULL OR variant.id = ANY(:variants))
          AND (:skus::text[] IS NULL OR variant.sku = ANY(:skus))
          AND (:sku_like::text IS NULL OR upper(variant.sku) LIKE :sku_like)
    )
    AND (:locations::uuid[] IS NULL OR level.location_id = ANY(:locations))
"""
_ORDER = "ORDER BY level.variant_id, level.location_id LIMIT :most"


def _part(where: str, *, past: bool) -> str:
    return f"""
        SELECT {_THEN if past else _NOW} FROM levels AS level {_UNITS_THEN if past else _UNITS_NOW}
        WHERE {where} AND {_WANTED} AND {_AFTER} {_ORDER}
    """


def _list(scope: str, *, past: bool) -> Statement[StockLevel]:
    """Write the statement that lists levels of certain goods, at certain places, or all of them.

    Over many places each is asked for its own first levels, because one look into the index for each is all that costs.
    """
    if scope == "goods":
        return rows(_part(_GOODS, past=past), StockLevel)
    if scope == "everywhere":
        return rows(_part("true", past=past), StockLevel)
    return rows(
        f"""
        SELECT level.* FROM unnest(:locations::uuid[]) AS place (id)
        CROSS JOIN LATERAL ({_part("level.location_id = place.id", past=past)}) AS level {_ORDER}
        """,
        StockLevel,
    )


def _list_by(owner: str, *, past: bool) -> Statement[StockLevel]:
    """Write the statement that lists the first levels of each variant, or of each location."""
    within = "AND (:locations::uuid[] IS NULL OR level.location_id = ANY(:locations))" if owner == "variant_id" else ""
    return rows(
        f"""
        SELECT level.* FROM unnest(:owners::uuid[]) AS owner (id)
        CROSS JOIN LATERAL ({_part(f"level.{owner} = owner.id {within}", past=past)}) AS level
        ORDER BY level.variant_id, level.location_id
        """,
        StockLevel,
    )


def _count(*, past: bool) -> Statement[int]:
    return rows(
        f"""
        SELECT count(*)::int FROM levels AS level {_UNITS_THEN if past else _UNITS_NOW}
        WHERE (:everything::bool OR {_GOODS})
          AND (:locations::uuid[] IS NULL OR level.location_id = ANY(:locations)) AND {_WANTED}
        """,
        int,
    )


_LISTS = {
    (scope, past): _list(scope, past=past) for scope in ("goods", "places", "everywhere") for past in (False, True)
}
_LISTS_BY = {
    (owner, past): _list_by(owner, past=past) for owner in ("variant_id", "location_id") for past in (False, True)
}
_COUNTS = {past: _count(past=past) for past in (False, True)}
_LIST_INCOMING = rows(
    """
    SELECT wanted.variant_id, wanted.location_id,
        least(2147483647, coalesce(sum(greatest(0, supply.expected - supply.received - supply.lost)), 0))::int AS units
    FROM unnest(:variants::uuid[], :locations::uuid[]) AS wanted (variant_id, location_id)
    JOIN supplies AS supply ON supply.variant_id = wanted.variant_id AND supply.location_id = wanted.location_id
        AND supply.closed_at IS NULL AND supply.kind <> 'BACKORDER'
    GROUP BY 1, 2
    """,
    Incoming,
)


async def find_stock_levels(session: Session, *, wanted: StockLevelFilter, request: PageRequest) -> list[StockLevel]:
    """List levels by variant and location, one row more than the page holds.

    Raises: Invalid when the cursor is not one of this list.
    """
    scope = "goods" if wanted.names_goods else "everywhere" if wanted.location_ids is None else "places"
    return await _LISTS[scope, wanted.as_of is not None].all(session, **_params(wanted), **_page(request))


async def count_stock_levels(session: Session, *, wanted: StockLevelFilter) -> int:
    """Count the levels that a filter asks for."""
    return await _COUNTS[wanted.as_of is not None].one(session, **_params(wanted), everything=not wanted.names_goods)


async def list_levels_of_variants(
    session: Session, *, variant_ids: Sequence[UUID], wanted: StockLevelFilter, request: PageRequest
) -> list[StockLevel]:
    """List the first levels of each of these variants, at the places of the filter, one more than the page holds."""
    statement = _LISTS_BY["variant_id", wanted.as_of is not None]
    return await statement.all(session, owners=list(variant_ids), **_params(wanted), **_page(request))


async def list_levels_of_locations(
    session: Session, *, location_ids: Sequence[UUID], wanted: StockLevelFilter, request: PageRequest
) -> list[StockLevel]:
    """List the first levels of each of these locations, one more than the page holds."""
    statement = _LISTS_BY["location_id", wanted.as_of is not None]
    return await statement.all(session, owners=list(location_ids), **_params(wanted), **_page(request))


async def list_incoming(session: Session, *, levels: Sequence[LevelKey]) -> Mapping[LevelKey, int]:
    """Say how many units are still to come to these levels; backorders bring none."""
    found = await _LIST_INCOMING.all(
        session, variants=[level[0] for level in levels], locations=[level[1] for level in levels]
    )
    return {(part.variant_id, part.location_id): part.units for part in found}


def stock_levels_key(level: StockLevel) -> tuple[object, ...]:
    """Write the sort key of a level in its list."""
    return str(level.variant_id), str(level.location_id)


def _page(request: PageRequest) -> dict[str, object]:
    if request.after is None:
        return {"after_variant": None, "after_location": None, "most": request.size + 1}
    try:
        variant, location = (UUID(part) for part in request.after)  # type: ignore[arg-type]  # Refused when it is no text.
    except (ValueError, TypeError, AttributeError):
        raise Invalid("this is not a cursor of this list", field=("after",)) from None
    return {"after_variant": variant, "after_location": location, "most": request.size + 1}


def _params(wanted: StockLevelFilter) -> dict[str, object]:
    return {
        "locations": None if wanted.location_ids is None else list(wanted.location_ids),
        "variants": None if wanted.variant_ids is None else list(wanted.variant_ids),
        "skus": None if wanted.skus is None else list(wanted.skus),
        "sku_like": None if wanted.sku_prefix is None else _beginning(wanted.sku_prefix),
        "bucket": wanted.bucket.value,
        "in_stock": wanted.in_stock,
        "below_safety": wanted.below_safety,
        "as_of": wanted.as_of,
    }


def _beginning(prefix: str) -> str:
    """Write a pattern of SKUs that begin so, in whatever letters."""
    escaped = prefix.upper().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"{escaped}%"
