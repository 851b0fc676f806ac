"""A ledger of a year stays as quick as one of a day: every statement that runs often finds its rows by an index."""

import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, Final

import asyncpg
import pytest

from app.inventory.queries import breaking, feeds, ledger, levels, reservations, stock_levels
from app.inventory.queries.availability import _LIST_PROMISES
from app.kernel.db import prepare_connection
from app.kernel.sql import Statement
from tests.builders import postgres
from tests.builders.clock import OPENING
from tests.builders.grown import Size, grow, numbered
from tests.builders.shop import CHANNEL_ID

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

SIZE: Final = Size(variants=1_000, locations=20, moves_each=15, reservations=20_000, endings=100_000)
#: Reading one of these from its beginning to its end is what must never happen, unless it is a month without rows.
GROWS: Final = re.compile(r"^(levels|movements|reservations|reservation_endings)(_\d{4}_\d{2}|_rest)?$")
VARIANTS: Final = [numbered("variant", n) for n in (3, 500, 900)]
LOCATIONS: Final = [numbered("location", n) for n in (1, 7, 20)]
ONE: Final = {"variants": VARIANTS[:1], "locations": LOCATIONS[:1]}
FEW: Final = 100

CHANGE: Final = {
    "variants": VARIANTS, "locations": LOCATIONS, "sellables": [-1, -1, -1], "damageds": [0, 1, 0], "qualities": [0, 0, 0],
    "softs": [0, 0, 0], "firms": [-1, -1, -1], "reason": "SHIPPED", "cause_kind": "order",
    "cause_id": numbered("demand", 2), "note": None, "actor": "SYSTEM", "at": OPENING,
}  # fmt: skip
UNITS: Final = {
    "ids": [numbered("reservation", n) for n in (91, 92, 93)], "lines": [numbered("line", n) for n in (91, 92, 93)],
    "variants": VARIANTS, "locations": LOCATIONS, "quantities": [1, 1, 1],
}  # fmt: skip
ANY_FILTER: Final = dict.fromkeys(
    (
        "locations", "variants", "skus", "sku_like", "in_stock", "below_safety", "after_variant", "after_location", "variant_id",
        "buckets", "reasons", "cause_kind", "cause_id", "since", "until", "after_at", "after_version", "after_bucket",
    )
)  # fmt: skip

#: Every statement that a sale, a delivery, a feed or a look at the stock runs, with what it is given.
HOT: Final[Mapping[str, tuple[Statement[Any], Mapping[str, object]]]] = {
    "change levels, with the ledger": (levels._CHANGE_LEVELS, CHANGE),
    "set levels, with the ledger": (
        feeds._SET_UNITS,
        CHANGE | {"sellables": [7, 8, 9], "damageds": [None] * 3, "qualities": [None] * 3},
    ),
    "lock levels": (levels._LOCK_LEVELS, {"variants": VARIANTS, "locations": LOCATIONS}),
    "hold units": (
        reservations._HOLD,
        UNITS
        | {
            "level_variants": VARIANTS, "level_locations": LOCATIONS, "softs": [1, 1, 1], "demand_kind": "ORDER",
            "demand_id": numbered("demand", 91), "priority": 0, "expires_at": OPENING, "at": OPENING,
        },
    ),
    "make held units firm": (reservations._PROMOTE, {"demand_id": numbered("demand", 9), "units": 1}),
    "promise units": (
        reservations._RAISE_FIRM,
        UNITS | {"demand_kind": "ORDER", "demand_id": numbered("demand", 91), "priority": 0, "at": OPENING},
    ),
    "who is promised units of levels": (breaking._LIST_PROMISED, {"variants": VARIANTS, "locations": LOCATIONS}),
    "take units off firm promises": (
        reservations._LOWER_FIRM,
        {
            "lines": [numbered("line", 2)], "locations": [numbered("location", 1)], "quantities": [1],
            "demand_id": numbered("demand", 2), "ended": "CONSUMED", "at": OPENING,
        },
    ),
    "lock the stock of a demand": (
        reservations._LOCK_STOCK_OF_DEMAND,
        {"demand_ids": [numbered("demand", 2)], "variants": [], "locations": []},
    ),
    "release a demand's units": (
        reservations._RELEASE_SOFT,
        {"demand_ids": [numbered("demand", 9)], "ended": "RELEASED", "at": OPENING},
    ),
    "end what has expired at levels": (
        reservations._EXPIRE_SOFT,
        {"at": OPENING, "ended": "EXPIRED", "supply_ids": [], "variants": VARIANTS, "locations": LOCATIONS},
    ),
    "list what has expired": (reservations._LIST_EXPIRED, {"now": OPENING, "most": 500, "variant_ids": None, "except_for": []}),
    "list what has expired of variants": (
        reservations._LIST_EXPIRED,
        {"now": OPENING, "most": 500, "variant_ids": VARIANTS, "except_for": VARIANTS[:1]},
    ),
    "list what a channel can promise": (_LIST_PROMISES, {"channel_id": CHANNEL_ID, "variant_ids": VARIANTS}),
    "stock of a level as it was": (ledger._LIST_STOCK_AS_OF, ONE | {"moment": OPENING.replace(month=6)}),
    "stock of a location as it was": (
        ledger._LIST_STOCK_AS_OF,
        {"variants": None, "locations": LOCATIONS[:1], "moment": OPENING.replace(month=6)},
    ),
    "stock of a variant as it was": (
        ledger._LIST_STOCK_AS_OF,
        {"variants": VARIANTS[:1], "locations": None, "moment": OPENING.replace(month=6)},
    ),
    "a page of all levels": (
        stock_levels._LISTS["everywhere", False], ANY_FILTER | {"bucket": "SELLABLE", "most": 21},
    ),
    "a page of a location's levels as they were": (
        stock_levels._LISTS["places", True],
        ANY_FILTER
        | {"locations": LOCATIONS[:1], "bucket": "SELLABLE", "most": 21, "as_of": OPENING.replace(month=6)},
    ),
    "a level's ledger": (
        ledger._FIND["variant"], ANY_FILTER | {"variant_id": VARIANTS[0], "locations": LOCATIONS[:1], "most": 21},
    ),
    "a location's ledger": (ledger._FIND["places"], ANY_FILTER | {"locations": LOCATIONS[:1], "most": 21}),
    "everybody's ledger": (ledger._FIND["everywhere"], ANY_FILTER | {"most": 21}),
    "what an order moved": (ledger._FIND["cause"], ANY_FILTER | {"cause_id": numbered("demand", 2), "most": 21}),
}  # fmt: skip


@pytest.fixture(scope="module")
async def grown(furnished_template: tuple[postgres.Server, str]) -> AsyncIterator[asyncpg.Connection]:
    """Let a shop's ledger grow for a year."""
    async with postgres.cloned(*furnished_template) as dsn:
        connection = await asyncpg.connect(dsn, server_settings={"jit": "off", "timezone": "UTC"})
        await prepare_connection(connection)
        await grow(connection, SIZE, now=OPENING)
        yield connection
        await connection.close()


async def never(connection: asyncpg.Connection, plan: Mapping[str, Any]) -> list[str]:
    """Name the tables with rows that a plan reads from their beginning to their end."""
    found = await connection.fetch(
        "SELECT relname FROM pg_class WHERE relname = ANY($1) AND reltuples > $2", read_through(plan), FEW
    )
    return [record["relname"] for record in found]


async def plan_of(connection: asyncpg.Connection, statement: Statement[Any], given: Mapping[str, object]) -> Any:
    """Ask how a statement would be run."""
    found = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {statement.sql}", *statement._args(dict(given)))
    return json.loads(found)[0]["Plan"]


def nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Walk a plan."""
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


def read_through(plan: Mapping[str, Any]) -> list[str]:
    """Name the growing tables that a plan reads from their beginning to their end."""
    return [
        node["Relation Name"]
        for node in nodes(plan)
        if node["Node Type"] == "Seq Scan" and GROWS.match(node["Relation Name"])
    ]


def parts_of(plan: Mapping[str, Any], table: str) -> set[str]:
    """Name the months of a table that a plan reads."""
    return {
        node["Relation Name"]
        for node in nodes(plan)
        if node.get("Relation Name", "").startswith(f"{table}_") and "Scan" in node["Node Type"]
    }


class TestGrownLedger:
    async def test_has_grown(self, grown: asyncpg.Connection) -> None:
        counts = [
            await grown.fetchval(f"SELECT count(*) FROM {table}")
            for table in ("movements", "reservation_endings", "reservations")
        ]

        assert counts[0] >= SIZE.movements
        assert counts[1] == SIZE.endings
        assert counts[2] >= SIZE.reservations

    @pytest.mark.parametrize("name", HOT)
    async def test_is_never_read_through(self, grown: asyncpg.Connection, name: str) -> None:
        plan = await plan_of(grown, *HOT[name])

        assert await never(grown, plan) == []

    @pytest.mark.parametrize("name", HOT)
    async def test_is_never_read_through_by_a_plan_that_is_kept(self, grown: asyncpg.Connection, name: str) -> None:
        statement, given = HOT[name]
        await grown.execute("SET plan_cache_mode = force_generic_plan")
        try:
            plan = await plan_of(grown, statement, given)
        finally:
            await grown.execute("RESET plan_cache_mode")

        assert await never(grown, plan) == []

    async def test_is_looked_at_for_the_months_that_are_asked_about(self, grown: asyncpg.Connection) -> None:
        statement, given = HOT["a location's ledger"]
        span = {"since": OPENING.replace(month=6, day=1), "until": OPENING.replace(month=7, day=1)}

        plan = await plan_of(grown, statement, {**given, **span})

        assert parts_of(plan, "movements") <= {"movements_2026_06", "movements_2026_07"}

    async def test_is_not_looked_at_before_the_moment_that_is_asked_about(self, grown: asyncpg.Connection) -> None:
        statement, given = HOT["stock of a level as it was"]

        plan = await plan_of(grown, statement, {**given, "moment": OPENING.replace(month=10)})

        early = {f"movements_2026_{month:02}" for month in range(1, 10)} | {"movements_2025_12"}
        assert parts_of(plan, "movements") & early == set()

    async def test_knows_a_past_that_adds_up(self, grown: asyncpg.Connection) -> None:
        moment = OPENING.replace(month=3)

        wrong = await grown.fetchval(
            """
            SELECT count(*) FROM stock_as_of($1) AS past
            FULL JOIN (
                SELECT variant_id, location_id, sum(delta) AS units FROM movements WHERE at <= $1 GROUP BY 1, 2
            ) AS ledger USING (variant_id, location_id)
            WHERE coalesce(past.sellable, 0) <> coalesce(ledger.units, 0)
            """,
            moment,
        )

        assert wrong == 0
