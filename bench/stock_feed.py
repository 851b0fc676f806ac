"""Feeds snapshots of stock through `import_stock`, beside the least SQL that could do it, in one run.

    python bench/stock_feed.py --rows 100000

Three feeds: one that says what is there already, one of which every tenth row differs, and one that differs in every row.
The limit is raw asyncpg: COPY into a temporary table and one UPDATE … FROM; once without a ledger, and once with the
movements written by the same statement. Both are rolled back, so that what is measured next starts from the same stock.
The three take turns, and the table has the median of the rounds. CPU is what the operating system counted for this
process and for the one connection's PostgreSQL process. Without --url the database is an embedded one, in memory where
there is any.
"""

import argparse
import asyncio
import contextlib
import csv
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
from rich.console import Console
from rich.progress import Progress

HOUSE = Path(__file__).parents[1]
sys.path.insert(0, str(HOUSE))

from app.audit import audit  # noqa: E402  # The house has to be found first.
from app.integration.rules import mapping as mappings  # noqa: E402
from app.integration.rules import stock as stock_rules  # noqa: E402
from app.integration.rules.outcome import STOCK_ROWS_AT_ONCE, Terms  # noqa: E402
from app.integration.rules.reading import open_source  # noqa: E402
from app.integration.rules.rows import RowProblem, SourceRow  # noqa: E402
from app.integration.rules.stock import StockRow  # noqa: E402
from app.integration.service import StockTerms, import_stock  # noqa: E402
from app.kernel import embedded  # noqa: E402
from app.kernel.actor import SYSTEM  # noqa: E402
from app.kernel.clock import utc_now  # noqa: E402
from app.kernel.db import Database  # noqa: E402
from app.kernel.puts import Put  # noqa: E402
from app.settings import Settings  # noqa: E402
from tests.builders.grown import OPENING_UNITS, Size, grow  # noqa: E402
from tests.builders.postgres import migrate  # noqa: E402

PLACES = 10
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  # Where the disk does not count.
KEYS = Settings.from_environment({"STOA_ENV": "test", "STOA_SECRET": "a benchmark has no secrets from anybody"}).keys

_UPDATE = """
    UPDATE levels AS level SET sellable = feed.quantity, version = version + 1, moved_at = now()
    FROM feed JOIN variants AS variant ON variant.sku = feed.sku JOIN locations AS location ON location.code = feed.code
    WHERE level.variant_id = variant.id AND level.location_id = location.id AND level.sellable <> feed.quantity
"""
#: What a row was is only known by joining it once more; PostgreSQL 18 could say it in RETURNING.
_UPDATE_WITH_LEDGER = """
    WITH change AS (
        SELECT level.variant_id, level.location_id, feed.quantity - level.sellable AS delta
        FROM feed JOIN variants AS variant ON variant.sku = feed.sku JOIN locations AS location ON location.code = feed.code
        JOIN levels AS level ON level.variant_id = variant.id AND level.location_id = location.id
        WHERE level.sellable <> feed.quantity
    ), changed AS (
        UPDATE levels AS level SET sellable = level.sellable + change.delta, version = version + 1, moved_at = now()
        FROM change WHERE level.variant_id = change.variant_id AND level.location_id = change.location_id
        RETURNING level.variant_id, level.location_id, level.version, change.delta, level.sellable
    )
    INSERT INTO movements (variant_id, location_id, bucket, level_version, delta, balance, reason, cause_kind, actor, at)
    SELECT variant_id, location_id, 'SELLABLE', version, delta, sellable, 'FEED', 'feed', 'SYSTEM', now() FROM changed
"""


@dataclass(frozen=True, slots=True)
class Spent:
    """What one feed cost."""

    seconds: float
    client_cpu: float
    server_cpu: float

    @property
    def cpu(self) -> float:
        """CPU of both sides."""
        return self.client_cpu + self.server_cpu


class Counting:
    """Counts what becomes of rows."""

    def __init__(self, told: Callable[[], None]) -> None:
        self.effects = dict.fromkeys(Put, 0)
        self.refusals = 0
        self._told = told

    def refused(self, _problem: RowProblem) -> None:
        """Count a row that was not taken."""
        self.refusals += 1

    def noted(self, _problem: RowProblem) -> None:
        """Pass over it."""

    def taken(self, effect: Put, *, row: int) -> None:
        """Count a row that was taken."""
        self.effects[effect] += 1
        if row % 1000 == 0:
            self._told()


def cpu_seconds(pid: int) -> float:
    """Ask the operating system how much CPU a process has used; nothing is known of one on another machine."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def measure(work: Callable[[], Awaitable[object]], backend: int) -> Spent:
    """Do work and say what it cost."""
    client, server, began = time.process_time(), cpu_seconds(backend), time.perf_counter()
    await work()
    seconds = time.perf_counter() - began
    return Spent(seconds, time.process_time() - client, cpu_seconds(backend) - server)


@contextlib.contextmanager
def own_database() -> Iterator[str]:
    """Start a PostgreSQL of our own for as long as the benchmark takes."""
    memory = SHARED_MEMORY if SHARED_MEMORY.is_dir() else Path(tempfile.gettempdir())
    with tempfile.TemporaryDirectory(prefix="stoa-bench-", dir=memory) as directory:
        place = Path(directory) / "postgres"
        server = embedded.start(place, durable=False)
        try:
            yield server.dsn
        finally:
            embedded.stop(place, immediately=True)


async def bare(connection: asyncpg.Connection, rows: Sequence[StockRow], sql: str, changing: int) -> None:
    """Do what the feed asks for with the least SQL there is, and take it back."""
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("CREATE TEMPORARY TABLE feed (sku text, code text, quantity int) ON COMMIT DROP")
    await connection.copy_records_to_table("feed", records=[(row.sku, row.location, row.quantity) for row in rows])
    # Without it the planner takes the table for a small one.
    await connection.execute("ANALYZE feed")
    status = await connection.execute(sql)
    assert int(status.rpartition(" ")[2]) == changing, status
    await transaction.rollback()


async def ours(
    database: Database, rows: Sequence[StockRow], chunk: int, changing: int, told: Callable[[], None]
) -> None:
    """Feed the rows as `stoa import stock` does once it has read them."""
    heard = Counting(told)
    await import_stock(
        database.begin(SYSTEM),
        rows=rows,
        counting=StockTerms(source="bench"),
        terms=Terms(rows_at_once=chunk),
        listener=heard,
    )
    assert (heard.effects[Put.UPDATED], heard.refusals) == (changing, 0), heard.effects


def read_file(path: Path) -> list[StockRow]:
    """Read a file the way the command does."""
    source = open_source(path)
    plan = mappings.plan(mappings.STOCK, columns=source.columns, wanted={}, columns_are_all=True)
    found = [stock_rules.read(plan.apply(row)) for row in source.rows() if isinstance(row, SourceRow)]
    return [row for row in found if isinstance(row, StockRow)]


def feed(size: Size, units: dict[tuple[int, int], int], *, every: int) -> tuple[list[StockRow], int]:
    """Write a snapshot of which every so-manieth row differs from what is there; 0 means none."""
    rows = []
    for number, key in enumerate(
        (variant, place) for variant in range(1, size.variants + 1) for place in range(1, size.locations + 1)
    ):
        if every and number % every == 0:
            units[key] += 1 if units[key] <= OPENING_UNITS else -1
        rows.append(StockRow(number + 1, f"SKU-{key[0]:06}", f"P{key[1]:04}", units[key]))
    return rows, -(-len(rows) // every) if every else 0


async def bench(dsn: str, *, rows: int, chunk: int, rounds: int) -> str:
    """Feed, and write the table."""
    size = Size(variants=rows // PLACES, locations=PLACES, moves_each=1)
    connection = await asyncpg.connect(dsn, server_settings={"jit": "off"})
    database = Database(dsn, keys=KEYS, clock=utc_now, pool_size=1)
    await database.connect()
    console = Console(stderr=True)
    spent: dict[tuple[str, str], list[Spent]] = {}
    try:
        await grow(connection, size, now=utc_now())
        units = {(v, p): OPENING_UNITS for v in range(1, size.variants + 1) for p in range(1, size.locations + 1)}
        pids = [record["pid"] for record in await connection.fetch("SELECT pg_backend_pid() AS pid")]
        async with database.read() as session:
            pids.append((await session.fetch("SELECT pg_backend_pid()", []))[0][0])
        with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("feeding", total=rounds * 3 * 3 * size.levels)
            for _ in range(rounds):
                for name, every in (("unchanged", 0), ("10 % changed", 10), ("all changed", 1)):
                    lines, changing = feed(size, units, every=every)
                    for how, sql in (("bare", _UPDATE), ("ledger", _UPDATE_WITH_LEDGER)):
                        cost = await measure(lambda sql=sql: bare(connection, lines, sql, changing), pids[0])  # type: ignore[misc]  # noqa: B023
                        spent.setdefault((name, how), []).append(cost)
                        await connection.execute("VACUUM levels")
                        bar.advance(task, size.levels)
                    cost = await measure(
                        lambda: ours(database, lines, chunk, changing, lambda: bar.advance(task, 1000)),  # noqa: B023
                        pids[1],
                    )
                    spent.setdefault((name, "ours"), []).append(cost)
                    await connection.execute("VACUUM levels")
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "stock.csv"
            with path.open("w", newline="") as out:
                writer = csv.writer(out)
                writer.writerow(("sku", "location", "quantity"))
                writer.writerows((row.sku, row.location, row.quantity) for row in lines)
            began = time.process_time()
            assert len(read_file(path)) == size.levels
            reading = time.process_time() - began
        broken = [finding.invariant.name async for finding in audit(database) if finding.rows]
    finally:
        await database.close()
        await connection.close()
    return table(spent, size.levels, reading, "silent" if not broken else f"BROKEN: {broken}")


def table(spent: dict[tuple[str, str], list[Spent]], rows: int, reading: float, audited: str) -> str:
    """Write the one table."""

    def median(name: str, how: str, of: Callable[[Spent], float]) -> float:
        return statistics.median(of(one) for one in spent[name, how])

    lines: list[tuple[Any, ...]] = [
        ("feed", "how", "rows/s", "CPU/row, us", "of it PostgreSQL", "CPU to bare", "CPU to bare with ledger")
    ]
    names = {"bare": "COPY, UPDATE", "ledger": "COPY, UPDATE, ledger", "ours": "import_stock"}
    for name in dict.fromkeys(key[0] for key in spent):
        for how, label in names.items():
            cpu = median(name, how, lambda one: one.cpu)
            lines.append(
                (
                    name,
                    label,
                    f"{rows / median(name, how, lambda one: one.seconds):,.0f}",
                    f"{cpu / rows * 1e6:,.1f}",
                    f"{median(name, how, lambda one: one.server_cpu) / rows * 1e6:,.1f}",
                    f"{cpu / median(name, 'bare', lambda one: one.cpu):.2f}",
                    f"{cpu / median(name, 'ledger', lambda one: one.cpu):.2f}",
                )
            )
    lines.append(
        ("any", "reading it from CSV", f"{rows / reading:,.0f}", f"{reading / rows * 1e6:,.1f}", "-", "-", "-")
    )
    widths = [max(len(str(line[n])) for line in lines) for n in range(len(lines[0]))]
    written = [
        "| " + " | ".join(f"{part:<{width}}" for part, width in zip(line, widths, strict=True)) + " |" for line in lines
    ]
    written.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join([*written, "", f"stoa audit: {audited}"])


def main() -> int:
    """Measure and print the table; leave with 1 when a rule is broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--chunk", type=int, default=STOCK_ROWS_AT_ONCE)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--url", help="an empty, migrated database; else one of our own is started")
    asked = parser.parse_args()
    with contextlib.ExitStack() as stack:
        dsn = asked.url or stack.enter_context(own_database())
        if not asked.url:
            migrate(dsn)
        written = asyncio.run(bench(dsn, rows=asked.rows, chunk=asked.chunk, rounds=asked.rounds))
    print(written)
    return 1 if "BROKEN" in written else 0


if __name__ == "__main__":
    raise SystemExit(main())
