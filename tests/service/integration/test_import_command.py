"""`stoa import` says what became of every row, and leaves with a code that scripts can go by."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import orjson
from typer.testing import CliRunner

from app.cli import cli
from app.kernel.db import Database

TAKEN, REFUSED, OF_NO_USE = 0, 1, 2
GOODS = "sku,name,price\nCOSY,Tea Cosy,12.00\nPOT,Tea Pot,nothing\nCUP,Tea Cup,3.50\n"


@dataclass(frozen=True, slots=True)
class Left:
    """How a command left. `orderly` when it left by itself, and not by an exception that nobody caught."""

    exit_code: int
    output: str
    orderly: bool


async def stoa(dsn: str, *words: str | Path) -> Left:
    """Run the command beside the test's event loop, as a process would have one of its own."""

    def run() -> Left:
        result = CliRunner().invoke(cli, ["import", *map(str, words)], env={"DATABASE_URL": dsn, "STOA_ENV": "test"})
        return Left(
            result.exit_code, result.output, result.exception is None or isinstance(result.exception, SystemExit)
        )

    return await asyncio.to_thread(run)


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


async def count(database: Database, table: str) -> int:
    async with database.read() as session:
        return int((await session.fetch(f"SELECT count(*) FROM {table}", []))[0][0])


class TestImportProducts:
    async def test_takes_good_rows_and_tells_of_the_others(self, dsn: str, database: Database, tmp_path: Path) -> None:
        report = tmp_path / "report.jsonl"

        result = await stoa(
            dsn, "products", written(tmp_path / "goods.csv", GOODS), "--currency", "GBP", "--report", report
        )

        assert result.exit_code == REFUSED
        assert "2 SKUs taken: 2 new" in result.output
        assert "row 3 'nothing'" in result.output
        (line,) = report.read_bytes().splitlines()
        assert orjson.loads(line) == {
            "row": 3, "kind": "refused", "field": "price", "value": "nothing", "reason": "not an amount of money",
        }  # fmt: skip
        assert await count(database, "variants") == 2

    async def test_leaves_with_0_when_all_is_taken(self, dsn: str, tmp_path: Path) -> None:
        file = written(tmp_path / "goods.csv", GOODS.replace("nothing", "20.00"))

        first = await stoa(dsn, "products", file, "--currency", "GBP")
        again = await stoa(dsn, "products", file, "--currency", "GBP")

        assert (first.exit_code, again.exit_code) == (TAKEN, TAKEN)
        assert "3 as they were" in again.output

    async def test_takes_a_mapping_and_pairs_that_win_over_it(
        self, dsn: str, database: Database, tmp_path: Path
    ) -> None:
        file = written(tmp_path / "goods.txt", "No;What;Costs\nCOSY;Tea Cosy;12.00\n")
        mapping = written(tmp_path / "mapping", "# ours\nsku=No\nname=No\nprice=Costs\n")

        result = await stoa(
            dsn, "products", file, "--format", "csv", "--mapping", mapping, "--map", "name=What", "--currency", "gbp"
        )

        assert result.exit_code == TAKEN, result.output
        async with database.read() as session:
            assert [tuple(row) for row in await session.fetch("SELECT name FROM products", [])] == [("Tea Cosy",)]

    async def test_keeps_nothing_of_a_dry_run(self, dsn: str, database: Database, tmp_path: Path) -> None:
        result = await stoa(dsn, "products", written(tmp_path / "goods.csv", GOODS), "--currency", "GBP", "--dry-run")

        assert "2 SKUs would be taken" in result.output
        assert await count(database, "variants") == 0

    async def test_leaves_with_2_when_nothing_can_be_done(self, dsn: str, tmp_path: Path) -> None:
        goods, binary = written(tmp_path / "goods.csv", GOODS), tmp_path / "goods.xlsx.csv"
        binary.write_bytes(b"PK\x03\x04 and so on")
        attempts: list[tuple[str | Path, ...]] = [
            (tmp_path / "none.csv",),
            (tmp_path,),
            (binary, "--currency", "GBP"),
            (goods, "--map", "sku=Nothing"),
            (goods, "--map", "nonsense"),
            (goods, "--mapping", tmp_path / "none"),
            (goods, "--format", "pdf"),
            (goods, "--currency", "XYZZY"),
            (goods,),
            (goods, "--currency", "GBP", "--report", tmp_path / "none" / "report"),
        ]

        results = [await stoa(dsn, "products", *attempt) for attempt in attempts]

        assert [result.exit_code for result in results] == [OF_NO_USE] * len(attempts)
        assert all(result.orderly and "stoa: " in result.output for result in results)

    async def test_leaves_with_2_without_a_database(self, tmp_path: Path) -> None:
        nowhere = f"postgresql://nobody@/none?host={tmp_path}"

        result = await stoa(nowhere, "products", written(tmp_path / "goods.csv", GOODS), "--currency", "GBP")

        assert result.orderly
        assert result.exit_code != TAKEN


class TestImportStock:
    async def test_counts_changes_once(self, dsn: str, database: Database, tmp_path: Path) -> None:
        shelves = "code,name,address,city,country,timezone\nbath,Bath,1 Bridge,Bath,GB,Europe/London\n"
        await stoa(dsn, "products", written(tmp_path / "goods.csv", GOODS), "--currency", "GBP")
        await stoa(dsn, "stores", written(tmp_path / "stores.csv", shelves))
        changes = written(tmp_path / "stock.csv", "sku,store,quantity\nCOSY,bath,5\nCUP,bath,2\n")

        results = [await stoa(dsn, "stock", changes, "--delta") for _ in range(2)]
        third = await stoa(dsn, "stock", changes, "--delta", "--again")

        assert [result.exit_code for result in (*results, third)] == [TAKEN, OF_NO_USE, TAKEN]
        async with database.read() as session:
            assert (await session.fetch("SELECT sum(sellable)::int FROM levels", []))[0][0] == 14

    async def test_takes_jsonl_with_buckets_and_writes_down_what_it_refused(
        self, dsn: str, database: Database, tmp_path: Path
    ) -> None:
        shelves = "code,name,address,city,country,timezone\nbath,Bath,1 Bridge,Bath,GB,Europe/London\n"
        await stoa(dsn, "products", written(tmp_path / "goods.csv", GOODS), "--currency", "GBP")
        await stoa(dsn, "stores", written(tmp_path / "stores.csv", shelves))
        lines = [
            {"sku": "COSY", "location": "bath", "quantity": 5},
            {"sku": "COSY", "location": "bath", "quantity": 2, "bucket": "damaged"},
            {"sku": "CUP", "location": "bath", "quantity": 1.5},
            {"sku": "CUP", "location": "bath", "quantity": 1, "bucket": "attic"},
            {"sku": "NONE", "location": "bath", "quantity": 1},
        ]
        file, report = tmp_path / "stock.jsonl", tmp_path / "refused.jsonl"
        file.write_bytes(b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines))

        result = await stoa(dsn, "stock", file, "--report", report)

        assert result.exit_code == REFUSED
        assert "2 rows of stock taken" in result.output
        refused = [orjson.loads(line) for line in report.read_bytes().splitlines()]
        assert [(line["row"], line["field"]) for line in refused] == [(3, "quantity"), (4, "bucket"), (5, "sku")]
        async with database.read() as session:
            found = await session.fetch("SELECT sum(sellable)::int, sum(damaged)::int FROM levels", [])
        assert tuple(found[0]) == (5, 2)
