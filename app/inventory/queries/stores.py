"""The stores of a channel, where they are, and what they have of a whole cart: each time one statement.

How far a store is, how much it has of every line, what other locations could send it, and when it is open come together,
because a storefront asks for them together, of twenty stores out of a thousand. Only the stores of the page are looked into.
Where those alone are wanted that have everything, stores are looked into nearest first, until there are enough.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any
from uuid import UUID

from app.catalog.queries.reading import VARIANT
from app.catalog.rules import Variant
from app.channels.errors import UnknownChannel
from app.inventory import models  # noqa: F401  # The statements below are about these tables.
from app.inventory.rules.pickups import Bundles, LineWanted, Sending, StoreStock
from app.kernel.ids import ChannelId
from app.kernel.paging import Page, PageRequest, bound, page
from app.kernel.sql import Session, Statement, maker, statement
from app.locations.errors import PostalCodeUnknown
from app.locations.queries import list_places
from app.locations.rules import Location, Near, Opening, locate

#: Stores of unknown place come after all others; nothing on Earth is this far.
UNKNOWN_KM = 99_999.0


@dataclass(frozen=True, slots=True)
class StoresWanted:
    """Which stores of a channel, by its id or code, else of the default one.

    Nearest first when `near` is given, else by name. With `within_km` not those beyond, with `pickup` those alone where
    the channel's customers can collect, with `complete` those alone that can hand over all of `lines`.
    """

    channel_id: ChannelId | None = None
    channel: str | None = None
    near: Near | None = None
    within_km: float | None = None
    pickup: bool = False
    lines: tuple[LineWanted, ...] = ()
    complete: bool = False


@dataclass(frozen=True, slots=True)
class FoundStore:
    """A store, how far it is, when it is open, and what it has of the lines that were asked for.

    The distance is None where the caller or the store is at no known place.
    """

    location: Location
    distance_km: float | None
    hours: tuple[Opening, ...]
    stock: StoreStock


@dataclass(frozen=True, slots=True)
class LinesTold:
    """What is known of the variants that were asked for: those that there are, and of what those are made that are bundles."""

    variants: Mapping[UUID, Variant]
    bundles: Bundles


@dataclass(frozen=True, slots=True)
class FoundStores:
    """A page of stores of a channel, and what is known of the variants that were asked for."""

    channel_id: ChannelId
    page: Page[FoundStore]
    told: LinesTold


_LOCATION = tuple(column.name for column in fields(Location))
_location = maker(Location)
_variant = maker(Variant)

_CHANNEL = """channel AS (
    SELECT id FROM channels
    WHERE closed_at IS NULL AND CASE
        WHEN :channel_id::uuid IS NOT NULL THEN id = :channel_id
        WHEN :channel::text IS NOT NULL THEN code = :channel
        ELSE is_default END
)"""
#: A postal code that was imported goes before what the package says, the longest before shorter ones.
_ORIGIN = """origin AS (
    SELECT latitude, longitude FROM (
        SELECT latitude, longitude, length(code) AS exactness FROM postal_codes
        WHERE country = :country AND code = ANY(:codes::text[])
        UNION ALL SELECT :latitude::float8, :longitude::float8, 0 WHERE :latitude::float8 IS NOT NULL
    ) AS known ORDER BY exactness DESC LIMIT 1
)"""
#: What has stock of what is wanted: a bundle's components, else the variant itself, added up.
_PARTS = """part AS (
    SELECT coalesce(component.component_id, line.variant_id) AS variant_id,
        sum(line.quantity * coalesce(component.quantity, 1)) AS quantity
    FROM unnest(:variant_ids::uuid[], :quantities::bigint[]) AS line (variant_id, quantity)
    LEFT JOIN bundle_components AS component ON component.bundle_id = line.variant_id
    GROUP BY 1
)"""
_PART_IDS = "(SELECT array_agg(variant_id) FROM part)::uuid[]"
_KM = f"""CASE WHEN location.latitude IS NULL OR location.longitude IS NULL THEN {UNKNOWN_KM}
        ELSE 2 * 6371.0088 * asin(least(1, sqrt(
            sin(radians(location.latitude - origin.latitude) / 2) ^ 2
            + cos(radians(origin.latitude)) * cos(radians(location.latitude))
                * sin(radians(location.longitude - origin.longitude) / 2) ^ 2
        ))) END"""
_UNITS = "greatest(0, level.sellable - level.soft - level.firm - level.safety_stock)"
#: Levels of what other locations could send to a store whose pickups may be supplied so.
_SENT = """transfer_lanes AS lane
        JOIN locations AS source ON source.id = lane.from_location_id AND source.archived_at IS NULL
        JOIN levels AS level ON level.location_id = lane.from_location_id"""
_MAY_BE_SENT = "store.pickup_supply = 'TRANSFER' AND store.pickup_enabled AND store.hands_out"
#: For a store that lacks something. Asked store by store, and line by line until the first that is short.
_SHORT = f"""
    SELECT FROM part WHERE part.quantity > coalesce((
        SELECT {_UNITS} FROM levels AS level WHERE level.location_id = store.id AND level.variant_id = part.variant_id
    ), 0) + CASE WHEN {_MAY_BE_SENT} THEN coalesce((
        SELECT sum({_UNITS}) FROM {_SENT} AND level.variant_id = part.variant_id WHERE lane.to_location_id = store.id
    ), 0) ELSE 0 END
"""
_HOURS = """
LEFT JOIN LATERAL (
    SELECT array_agg(day ORDER BY day, opens_minute) AS days, array_agg(opens_minute ORDER BY day, opens_minute) AS opens,
        array_agg(closes_minute ORDER BY day, opens_minute) AS closes
    FROM opening_hours WHERE location_id = store.id
) AS hours ON true"""
_NO_STOCK = "NULL::uuid[], NULL::int[], NULL::uuid[], NULL::int[], NULL::int[]"
_STOCK = "own.variants, own.units, sent.variants, sent.units, sent.lead_minutes"
_STOCK_OF_STORE = f"""
LEFT JOIN LATERAL (
    SELECT array_agg(level.variant_id) AS variants, array_agg({_UNITS}) AS units FROM levels AS level
    WHERE level.location_id = store.id AND level.variant_id = ANY({_PART_IDS}) AND store.hands_out
) AS own ON true
LEFT JOIN LATERAL (
    SELECT array_agg(level.variant_id) AS variants, array_agg({_UNITS}) AS units,
        array_agg(lane.lead_minutes) AS lead_minutes
    FROM {_SENT} AND level.variant_id = ANY({_PART_IDS})
    WHERE lane.to_location_id = store.id AND {_MAY_BE_SENT} AND {_UNITS} > 0
) AS sent ON true"""
#: About the lines, and so the same for every store: answered with the first row.
_NO_LINES = "NULL::record[], NULL::record[]"
_LINES = f"""CASE WHEN row_number() OVER first = 1 THEN (
        SELECT array_agg(known) FROM (SELECT {VARIANT} WHERE variant.id = ANY(:variant_ids::uuid[])) AS known
    ) END, CASE WHEN row_number() OVER first = 1 THEN (
        SELECT array_agg(component) FROM (
            SELECT bundle_id, component_id, quantity FROM bundle_components WHERE bundle_id = ANY(:variant_ids::uuid[])
        ) AS component
    ) END"""


@dataclass(frozen=True, slots=True)
class _Shape:
    """Which statement; one that can do everything would be planned for nothing in particular."""

    near: bool
    lines: bool
    complete: bool

    def stores(self, *, conditions: str = "") -> str:
        """Write the stores that are wanted, of a channel and an origin."""
        columns = ", ".join(f"location.{column}" for column in _LOCATION)
        # Ordered before they are looked into, so that it ends with the page.
        sorted_first = f"ORDER BY {'distance' if self.near else 'name'}, id" if self.complete else ""
        short = f"AND store.hands_out AND NOT EXISTS ({_SHORT})" if self.complete else ""
        return f"""
    SELECT * FROM (
        SELECT {columns}, link.hands_out, {_KM if self.near else "NULL::float8"} AS distance
        FROM channel
        JOIN channel_locations AS link ON link.channel_id = channel.id AND (link.ships OR link.hands_out)
        JOIN locations AS location ON location.id = link.location_id
        {"CROSS JOIN origin" if self.near else ""}
        WHERE location.kind = 'STORE' AND location.archived_at IS NULL
            AND (NOT :pickup::bool OR (location.pickup_enabled AND link.hands_out))
        {sorted_first}
    ) AS store
    WHERE {"(:within_km::float8 IS NULL OR distance <= :within_km)" if self.near else "true"} {short} {conditions}"""

    @property
    def known(self) -> str:
        """Write what is known before any store is looked at."""
        return ", ".join([_CHANNEL, *([_ORIGIN] if self.near else []), *([_PARTS] if self.lines else [])])

    def find(self) -> "Statement[Any]":
        """Write the statement that finds a page; it answers one row at least when the channel is known."""
        column = "distance" if self.near else "name"
        after = (
            "AND (:after_km::float8 IS NULL OR (distance, id) > (:after_km, :after_id::uuid))"
            if self.near
            else "AND (:after_name::text IS NULL OR (name, id) > (:after_name, :after_id::uuid))"
        )
        return statement(f"""
WITH {self.known}, store AS ({self.stores(conditions=after)}
    ORDER BY {column}, id LIMIT :most
)
SELECT channel.id, {"origin.latitude, origin.longitude" if self.near else "NULL::float8, NULL::float8"},
    {_LINES if self.lines else _NO_LINES}, store.distance,
    hours.days, hours.opens, hours.closes,
    {_STOCK if self.lines else _NO_STOCK},
    {", ".join(f"store.{column}" for column in _LOCATION)}
FROM channel {"LEFT JOIN origin ON true" if self.near else ""} LEFT JOIN store ON true {_HOURS}
{_STOCK_OF_STORE if self.lines else ""}
WINDOW first AS (ORDER BY store.{column}, store.id) ORDER BY store.{column}, store.id
""")

    def count(self) -> "Statement[Any]":
        """Write the statement that counts the stores that are wanted."""
        return statement(f"WITH {self.known} SELECT count(*)::int FROM ({self.stores()}) AS counted")


#: Columns before those of the location.
_BEFORE_LOCATION = 14
_SHAPES = [
    _Shape(near=near, lines=lines, complete=complete)
    for near in (False, True)
    for lines, complete in ((False, False), (True, False), (True, True))
]
_FIND = {shape: shape.find() for shape in _SHAPES}
_COUNT = {shape: shape.count() for shape in _SHAPES if shape.lines == shape.complete}
#: The same of stores that are known by their ids, archived ones too, of which nothing is handed over.
_LIST_STORE_STOCK = statement(f"""
WITH {_CHANNEL}, {_PARTS}, store AS (
    SELECT location.id, location.pickup_enabled, location.pickup_supply,
        coalesce(link.hands_out, false) AND location.archived_at IS NULL AS hands_out
    FROM locations AS location
    LEFT JOIN channel_locations AS link ON link.location_id = location.id AND link.channel_id = (SELECT id FROM channel)
    WHERE location.id = ANY(:store_ids::uuid[])
)
SELECT store.id, {_LINES}, hours.days, hours.opens, hours.closes, {_STOCK} FROM store {_HOURS} {_STOCK_OF_STORE}
WINDOW first AS (ORDER BY store.id) ORDER BY store.id
""")


@dataclass(frozen=True, slots=True)
class StocksFound:
    """What stores have of some variants, when they are open, and what is known of the variants."""

    stocks: Mapping[UUID, StoreStock]
    hours: Mapping[UUID, tuple[Opening, ...]]
    told: LinesTold


async def find_stores(session: Session, *, wanted: StoresWanted, request: PageRequest) -> FoundStores:
    """Page through the stores of a channel, with what each of them has of the lines that are wanted.

    One statement; two more where only our own places tell where a postal code is.
    Raises: UnknownChannel, also when it is closed; PostalCodeUnknown; Invalid for a cursor of another list.
    """
    near = wanted.near
    after = bound(request.after, str if near is None else float, name="after")
    shape = _Shape(near=near is not None, lines=bool(wanted.lines), complete=wanted.complete)
    params = {
        **_params(wanted),
        **({} if near is None else _origin(near)),
        "after_name": after and after[0],
        "after_km": after and after[0],
        "after_id": after and after[1],
        "most": request.size + 1,
    }
    records = await _FIND[shape].all(session, **params)
    if records and near is not None and records[0][1] is None:
        records = await _FIND[shape].all(session, **params | _origin(await _by_our_places(session, near)))
    if not records:
        raise UnknownChannel(wanted.channel)
    return _found(records, request)


async def count_stores(session: Session, *, wanted: StoresWanted) -> int:
    """Count the stores that are wanted, on every page."""
    near = wanted.near if wanted.within_km is not None else None
    shape = _Shape(near=near is not None, lines=wanted.complete, complete=wanted.complete)
    params = {**_params(wanted), **({} if near is None else _origin(near))}
    [record] = await _COUNT[shape].all(session, **params)
    if record[0] == 0 and near is not None and near.point is None:
        # Perhaps nobody but our own places knows where that is.
        [record] = await _COUNT[shape].all(session, **params | _origin(await _by_our_places(session, near)))
    return int(record[0])


async def list_store_stock(
    session: Session, *, channel_id: ChannelId | None, store_ids: Collection[UUID], variant_ids: Collection[UUID]
) -> StocksFound:
    """Say what each of these stores has of all of these variants to hand over to a channel's customers.

    Without a channel it is the default one. Raises: nothing for a store that is unknown; it is not answered.
    """
    records = await _LIST_STORE_STOCK.all(
        session,
        channel_id=channel_id,
        channel=None,
        store_ids=list(store_ids),
        variant_ids=list(variant_ids),
        quantities=[1] * len(variant_ids),
    )
    return StocksFound(
        stocks={record[0]: _stock(record[6:11]) for record in records},
        hours={record[0]: _hours(record[3:6]) for record in records},
        told=_told(records[0][1], records[0][2]) if records else LinesTold({}, {}),
    )


def _params(wanted: StoresWanted) -> dict[str, object]:
    return {
        "channel_id": wanted.channel_id,
        "channel": wanted.channel,
        "pickup": wanted.pickup,
        "within_km": wanted.within_km,
        "variant_ids": [line.variant_id for line in wanted.lines],
        "quantities": [line.quantity for line in wanted.lines],
    }


def _origin(near: Near) -> dict[str, object]:
    point = near.known
    return {
        "country": near.country,
        "codes": list(near.codes),
        "latitude": point and point.latitude,
        "longitude": point and point.longitude,
    }


async def _by_our_places(session: Session, near: Near) -> Near:
    """Find a postal code that no table knows by our own locations. Raises: PostalCodeUnknown."""
    country, postal_code = near.country or "", near.postal_code or ""
    places = await list_places(session, country=country, postal_code=postal_code)
    point = locate(places, country=country, city=None, postal_code=postal_code)
    if point is None:
        raise PostalCodeUnknown
    return Near(point)


def _found(records: Sequence[Any], request: PageRequest) -> FoundStores:
    keys: dict[UUID, tuple[object, ...]] = {}
    found = []
    for record in records:
        if record[_BEFORE_LOCATION] is None:
            # The one row of a page without stores.
            break
        location = _location(record[_BEFORE_LOCATION:])
        distance: float | None = record[5]
        keys[location.id] = (location.name if distance is None else distance, location.id)
        km = None if distance is None or distance >= UNKNOWN_KM else distance
        found.append(FoundStore(location, km, _hours(record[6:9]), _stock(record[9:14])))
    return FoundStores(
        channel_id=records[0][0],
        page=page(found, request, lambda store: keys[store.location.id]),
        told=_told(records[0][3], records[0][4]),
    )


def _told(variants: Any, components: Any) -> LinesTold:
    bundles: dict[UUID, dict[UUID, int]] = {}
    for bundle_id, variant_id, quantity in components or ():
        bundles.setdefault(bundle_id, {})[variant_id] = quantity
    return LinesTold({variant.id: variant for variant in map(_variant, variants or ())}, bundles)


def _hours(columns: Any) -> tuple[Opening, ...]:
    days, opens, closes = columns
    return () if days is None else tuple(map(Opening, days, opens, closes))


def _stock(columns: Any) -> StoreStock:
    variants, units, sent_variants, sent_units, lead_minutes = columns
    own = {} if variants is None else dict(zip(variants, units, strict=True))
    if sent_variants is None:
        return StoreStock(own)
    sent: dict[UUID, tuple[Sending, ...]] = {}
    for variant_id, number, lead in zip(sent_variants, sent_units, lead_minutes, strict=True):
        sent[variant_id] = (*sent.get(variant_id, ()), Sending(number, lead))
    return StoreStock(own, sent)
