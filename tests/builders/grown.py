"""A shop whose ledger has grown for a year, written with a few statements however large it is.

Goods and places are numbered; every level opened with the same units, after which they went out and came back, one at a
time. Each of the first levels owes an order one unit, and every fourth of those holds one for a checkout too.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

OPENING_UNITS: Final = 1_000
MONTHS: Final = 12
#: Reservations that are held beyond their time, and never swept here.
EXPIRED_SHARE: Final = 8

_KINDS: Final = {"product": 1, "variant": 2, "location": 3, "demand": 4, "line": 5, "reservation": 6}


@dataclass(frozen=True, slots=True)
class Size:
    """How large the shop has grown. Levels are the first of all pairs of a variant and a location."""

    variants: int
    locations: int
    moves_each: int
    reservations: int = 0
    endings: int = 0

    @property
    def levels(self) -> int:
        """Pairs of a variant and a location."""
        return self.variants * self.locations

    @property
    def movements(self) -> int:
        """Entries of the ledger."""
        return self.levels * self.moves_each


def numbered(kind: str, number: int) -> UUID:
    """Name the thing with this number."""
    return UUID(f"0190{_KINDS[kind]:04x}-0000-7000-8000-{number:012x}")


def _id(kind: str, number: str) -> str:
    return f"('0190{_KINDS[kind]:04x}-0000-7000-8000-' || lpad(to_hex({number}), 12, '0'))::uuid"


_PRODUCTS: Final = f"""
    INSERT INTO products (id, slug, name, created_at, updated_at)
    SELECT {_id("product", "n")}, 'product-' || n, 'Product ' || n, $2, $2 FROM generate_series(1, $1::int) AS n
"""
_VARIANTS: Final = f"""
    INSERT INTO variants (id, product_id, sku, name, position)
    SELECT {_id("variant", "n")}, {_id("product", "n")}, 'SKU-' || lpad(n::text, 6, '0'), 'one size', 0
    FROM generate_series(1, $1::int) AS n
"""
_PLACES: Final = f"""
    INSERT INTO locations (id, code, name, kind, timezone, pickup_enabled, pickup_lead_minutes, pickup_slot_capacity,
        pickup_hold_days, created_at)
    SELECT {_id("location", "n")}, 'P' || lpad(n::text, 4, '0'), 'Place ' || n, 'WAREHOUSE', 'UTC', false, 60, 1, 7, $2
    FROM generate_series(1, $1::int) AS n
"""
_MONTHS: Final = """
    SELECT open_month(parent, cut_by, (date_trunc('month', $1::timestamptz AT TIME ZONE 'UTC') - make_interval(months => n))::date)
    FROM (VALUES ('movements', 'at'), ('reservation_endings', 'ended_at')) AS grown (parent, cut_by),
        generate_series(-1, 12) AS n
"""
#: Versions are spread evenly over the year, and each level's moments a little apart from its neighbour's.
_AT: Final = """
    $3::timestamptz - interval '360 days' * (1 - (v - 1)::float8 / $4::int) + interval '1 millisecond' * (p * 997 + q)
"""
_LEVELS: Final = f"""
    INSERT INTO levels (variant_id, location_id, sellable, version, moved_at)
    SELECT {_id("variant", "p")}, {_id("location", "q")}, {OPENING_UNITS} - CASE WHEN v % 2 = 0 THEN 1 ELSE 0 END, v, {_AT}
    FROM generate_series(1, $1::int) AS p, generate_series(1, $2::int) AS q, (SELECT $4::int) AS last (v)
    ORDER BY p, q
"""
_MOVEMENTS: Final = f"""
    INSERT INTO movements (variant_id, location_id, bucket, level_version, delta, balance, reason, cause_kind, cause_id,
        actor, at)
    SELECT {_id("variant", "p")}, {_id("location", "q")}, 'SELLABLE', v,
        CASE WHEN v = 1 THEN {OPENING_UNITS} WHEN v % 2 = 0 THEN -1 ELSE 1 END,
        {OPENING_UNITS} - CASE WHEN v % 2 = 0 THEN 1 ELSE 0 END,
        CASE WHEN v = 1 THEN 'OPENING' WHEN v % 2 = 0 THEN 'SHIPPED' ELSE 'RETURNED' END,
        CASE WHEN v = 1 THEN 'feed' WHEN v % 2 = 0 THEN 'order' ELSE 'return' END,
        CASE WHEN v > 1 THEN {_id("demand", "(p * 100003 + q * 1009 + v) % 2000000000")} END, 'SYSTEM', {_AT}
    FROM generate_series($5::int, $6::int) AS v, generate_series(1, $1::int) AS p, generate_series(1, $2::int) AS q
"""
#: The first orders each have one line of one unit; every fourth level holds one more for a checkout.
_FIRM: Final = f"""
    WITH held AS (
        SELECT variant_id, location_id, row_number() OVER (ORDER BY variant_id, location_id)::int AS n FROM levels LIMIT $1::int
    ), counted AS (
        UPDATE levels AS level SET firm = 1, soft = CASE WHEN n % 4 = 0 THEN 1 ELSE 0 END FROM held
        WHERE level.variant_id = held.variant_id AND level.location_id = held.location_id
    )
    INSERT INTO reservations (id, variant_id, location_id, state, quantity, demand_kind, demand_id, line_id, created_at,
        expires_at)
    SELECT {_id("reservation", "2 * n + soft")}, variant_id, location_id, CASE soft WHEN 1 THEN 'SOFT' ELSE 'FIRM' END, 1,
        'ORDER', {_id("demand", "2 * n + soft")}, {_id("line", "2 * n + soft")}, $2::timestamptz,
        CASE soft WHEN 1 THEN $2::timestamptz + interval '10 minutes'
            - CASE WHEN n % {EXPIRED_SHARE} = 0 THEN interval '11 minutes' ELSE interval '0' END END
    FROM held CROSS JOIN (VALUES (0), (1)) AS how (soft) WHERE soft = 0 OR n % 4 = 0
"""
_ENDINGS: Final = f"""
    INSERT INTO reservation_endings (reservation_id, variant_id, location_id, ended, quantity, demand_kind, demand_id,
        line_id, created_at, ended_at)
    SELECT {_id("reservation", "1000000000 + n")}, {_id("variant", "1 + n % $3::int")}, {_id("location", "1")}, 'CONSUMED', 1,
        'ORDER', {_id("demand", "1000000000 + n")}, {_id("line", "1000000000 + n")}, at, at
    FROM generate_series(1, $1::int) AS n, LATERAL (SELECT $2::timestamptz - interval '360 days' * n / $1::int) AS ended (at)
"""


async def grow(
    connection: Any, size: Size, *, now: datetime, on_movements: Callable[[int], None] = lambda _: None
) -> None:
    """Write goods, places, levels and a year of their past into an empty, migrated database.

    `on_movements` is told from time to time how many entries of the ledger have been written.
    """
    await connection.execute(_PRODUCTS, size.variants, now)
    await connection.execute(_VARIANTS, size.variants)
    await connection.execute(_PLACES, size.locations, now)
    await connection.fetch(_MONTHS, now)
    await connection.execute(_LEVELS, size.variants, size.locations, now, size.moves_each)
    # Parts of a few hundred thousand rows, so that a bar can move; a part is whole versions of all levels.
    at_once = max(1, 400_000 // size.levels)
    for first in range(1, size.moves_each + 1, at_once):
        last = min(size.moves_each, first + at_once - 1)
        await connection.execute(_MOVEMENTS, size.variants, size.locations, now, size.moves_each, first, last)
        on_movements(last * size.levels)
    if size.reservations:
        await connection.execute(_FIRM, size.reservations, now)
    if size.endings:
        await connection.execute(_ENDINGS, size.endings, now, size.variants)
    await connection.execute("ANALYZE")
