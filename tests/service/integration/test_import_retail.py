"""A retailer's real files become a shop: nearly every code of them is for sale, and every store is open on time."""

import asyncio
import csv
import os
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import cli
from app.kernel.db import Database
from tests.builders.client import Client

RETAIL = Path(os.environ.get("STOA_RETAIL_DATA") or Path(__file__).parents[4] / "shared" / "data" / "retail")
STORES_IN_FILE = 1_252
GOAL = 0.95
ASKED_AT_ONCE = 40


def file(name: str) -> Path:
    path = RETAIL / name
    if not path.exists():
        pytest.skip(f"the retail data is not at {RETAIL}; set STOA_RETAIL_DATA to where it is")
    return path


async def stoa(dsn: str, *words: str | Path) -> int:
    def run() -> int:
        environment = {"DATABASE_URL": dsn, "STOA_ENV": "test"}
        return CliRunner().invoke(cli, ["import", *map(str, words)], env=environment).exit_code

    return await asyncio.to_thread(run)


def usable_codes() -> list[str]:
    """Judge by other means than the import does: a price, and a name with capitals, as all names of this retailer have."""
    with file("sales.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    described = (row for row in rows if float(row["UnitPrice"]) > 0 and re.search(r"[A-Z]{3}", row["Description"]))
    return list(dict.fromkeys(row["StockCode"].upper() for row in described))


class TestRetailer:
    async def test_sells_nearly_every_code_on_the_web(self, dsn: str, client: Client) -> None:
        code = await stoa(dsn, "products", file("sales.csv"), "--currency", "GBP", "--ignore-case")

        skus = usable_codes()
        sellable = 0
        for first in range(0, len(skus), ASKED_AT_ONCE):
            chunk = skus[first : first + ASKED_AT_ONCE]
            asked = " ".join(f"v{n}: variant(sku: ${'s' + str(n)}) {{ price {{ amount }} }}" for n in range(len(chunk)))
            declared = ", ".join(f"$s{n}: String" for n in range(len(chunk)))
            answer = await client.query(
                f"query ({declared}) {{ {asked} }}", {f"s{n}": sku for n, sku in enumerate(chunk)}
            )
            sellable += sum(variant is not None and variant["price"] is not None for variant in answer.values())
        assert code == 1
        assert sellable / len(skus) >= GOAL

    async def test_opens_every_store_with_hours_and_a_time_zone(self, dsn: str, database: Database) -> None:
        code = await stoa(dsn, "stores", file("stores.json"), "--map", "country='US'")

        async with database.read() as session:
            found = await session.fetch(
                "SELECT count(*), count(*) FILTER (WHERE EXISTS (SELECT FROM opening_hours WHERE location_id = locations.id)),"
                " count(DISTINCT timezone) FROM locations WHERE kind = 'STORE'",
                [],
            )
        count, with_hours, zones = found[0]
        assert (code, count, with_hours) == (0, STORES_IN_FILE, STORES_IN_FILE)
        assert zones > 5
