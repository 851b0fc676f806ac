"""Compares a settlement report with a ledger of as many steps, beside the least SQL that could do it, in one run.

    python bench/reconcile.py --rows 1000000

The ledger has half of its steps with names that the report tells, and half with our keys alone; one row in a thousand has
another amount, and one step in a thousand is not told of. The limit is raw asyncpg: the report's rows read with the csv module,
COPY into a temporary table, one join and one anti-join; it keeps nothing, and reads no report but its own. CPU is what the
operating system counted for this process and for its one connection's PostgreSQL process; memory is this process's largest.
Without --url the database is an embedded one, in memory where there is any.
"""

import argparse
import asyncio
import contextlib
import csv
import hashlib
import os
import resource
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

HOUSE = Path(__file__).parents[1]
sys.path.insert(0, str(HOUSE))

from app.kernel import embedded  # noqa: E402  # The house has to be found first.
from app.kernel.actor import SYSTEM  # noqa: E402
from app.kernel.clock import utc_now  # noqa: E402
from app.kernel.db import Database  # noqa: E402
from app.payments.gateways.test import TestGateway  # noqa: E402
from app.payments.rules.reconciling import Report  # noqa: E402
from app.payments.service import reconciling  # noqa: E402
from app.settings import Settings  # noqa: E402
from tests.builders.postgres import migrate  # noqa: E402

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  # Where the disk does not count.
KEYS = Settings.from_environment({"STOA_ENV": "test", "STOA_SECRET": "a benchmark has no secrets from anybody"}).keys
FIRST = datetime(2026, 10, 1, tzinfo=UTC)
STEPS_EACH = 2
SPOILED = 1_000

_PAYMENTS = """
    INSERT INTO payments (id, attempt_id, position, gateway, status, currency, amount_minor, authorized_minor, released_minor,
        capturing_minor, captured_minor, refunding_minor, refunded_minor, gateway_reference, created_at, updated_at)
    SELECT id, id, 0, 'test', 'CAPTURED', 'GBP', 2000, 2000, 0, 0, 2000, 0, 0, 'auth_' || n, $2, $2
    FROM (SELECT n, ('0192f000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid AS id FROM generate_series(1, $1::int) AS n) AS p
"""
_STEPS = f"""
    INSERT INTO payment_transactions (id, payment_id, kind, state, amount_minor, gateway, authorization_reference, gateway_reference,
        requested_at, settled_at)
    SELECT ('0192f001-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
        ('0192f000-0000-7000-8000-' || lpad(to_hex((n - 1) / {STEPS_EACH} + 1), 12, '0'))::uuid,
        'CAPTURE', 'SUCCEEDED', 1000 + n % 977, 'test', 'auth_' || ((n - 1) / {STEPS_EACH} + 1),
        CASE WHEN n % 2 = 0 THEN 'ref_' || n END, at, at
    FROM generate_series(1, $1::int) AS n, LATERAL (SELECT $2::timestamptz + n * interval '1 second') AS moment (at)
"""
_COMPARE = """
    SELECT count(*) FILTER (WHERE step.id IS NULL), count(*) FILTER (WHERE step.amount_minor <> told.amount_minor)
    FROM told LEFT JOIN payment_transactions AS step ON {on} WHERE told.key IS {no} NULL
"""
_UNTOLD = """
    SELECT count(*) FROM payment_transactions AS step
    WHERE NOT EXISTS (SELECT FROM told WHERE told.key = step.id)
      AND NOT EXISTS (SELECT FROM told WHERE told.reference = step.gateway_reference)
"""


@dataclass(frozen=True, slots=True)
class Spent:
    """What one comparison cost, and what it found: amounts that differ, and steps that are not told of."""

    seconds: float
    client_cpu: float
    server_cpu: float
    found: tuple[int, int]


def write_report(path: Path, rows: int) -> None:
    """Write the report, spoiled here and there."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["kind", "at", "amount_minor", "currency", "fee_minor", "key", "reference", "authorization"])
        for n in range(1, rows + 1):
            if n % SPOILED == 0:
                continue
            amount = 1000 + n % 977 + (n % SPOILED == 1)
            key = "" if n % 2 == 0 else str(UUID(f"0192f001-0000-7000-8000-{n:012x}"))
            at = (FIRST + timedelta(seconds=n)).isoformat()
            writer.writerow(
                [
                    "CAPTURE",
                    at,
                    amount,
                    "GBP",
                    20,
                    key,
                    f"ref_{n}" if n % 2 == 0 else "",
                    f"auth_{(n - 1) // STEPS_EACH + 1}",
                ]
            )


async def ours(database: Database, path: Path, told: Callable[[int], None]) -> tuple[int, int]:
    """Compare as `stoa reconcile` does."""
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()

    def lines() -> Iterator[str]:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from file

    run = await database.begin(SYSTEM).run(
        lambda uow: reconciling.reconcile(
            uow,
            {"test": TestGateway(database)},
            Report(path.name, sha256, lines),
            gateway="test",
            asked_from=FIRST,
            asked_to=FIRST + timedelta(days=400),
            listener=told,
        )
    )
    async with database.read() as session:
        found = dict(
            await session.fetch(
                "SELECT kind, count(*) FROM reconciliation_differences WHERE reconciliation_id = $1 GROUP BY kind",
                [run.id],
            )
        )
    return found.get("AMOUNT_DIFFERS", 0), found.get("MISSING_THERE", 0)


async def limit(connection: Any, path: Path) -> tuple[int, int]:
    """Do the least that finds the same."""

    def records() -> Iterator[tuple[object, ...]]:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                yield (
                    row["kind"], datetime.fromisoformat(row["at"]), int(row["amount_minor"]), row["currency"],
                    UUID(row["key"]) if row["key"] else None, row["reference"] or None,
                )  # fmt: skip

    async with connection.transaction():
        await connection.execute(
            "CREATE TEMP TABLE told (kind text, at timestamptz, amount_minor bigint, currency text, key uuid, reference text)"
            " ON COMMIT DROP"
        )
        await connection.copy_records_to_table("told", records=records())
        await connection.execute("ANALYZE told")
        by_name = "step.gateway = 'test' AND step.kind = told.kind AND step.gateway_reference = told.reference"
        parts = [
            await connection.fetchrow(_COMPARE.format(on=on, no=no), timeout=600)
            for on, no in (("step.id = told.key", "NOT"), (by_name, ""))
        ]
        untold = await connection.fetchval(_UNTOLD, timeout=600)
    return sum(part[1] for part in parts), untold


async def measured(pid: int, work: Callable[[], Awaitable[tuple[int, int]]]) -> Spent:
    """Say what work cost on both sides."""
    server, client, began = cpu_of(pid), time.process_time(), time.perf_counter()
    found = await work()
    return Spent(time.perf_counter() - began, time.process_time() - client, cpu_of(pid) - server, found)


def cpu_of(pid: int) -> float:
    """Read how much CPU a process has had; nothing where it is not of this machine."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def run(dsn: str, rows: int, directory: Path) -> None:
    """Grow a ledger, and compare it both ways."""
    console = Console()
    connection = await asyncpg.connect(dsn)
    path = directory / "report.csv"
    with console.status(f"writing {rows:,} steps and their report"):
        await connection.execute(_PAYMENTS, rows // STEPS_EACH + 1, FIRST, timeout=600)
        await connection.execute(_STEPS, rows, FIRST, timeout=600)
        await connection.execute("ANALYZE payments, payment_transactions", timeout=600)
        write_report(path, rows)
    database = Database(dsn, keys=KEYS, clock=utc_now, pool_size=1)
    await database.connect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    columns = (TextColumn("comparing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("comparing", total=rows)
        async with database.read() as session:
            [[pid]] = await session.fetch("SELECT pg_backend_pid()", [])
        mine = await measured(pid, lambda: ours(database, path, lambda done: bar.update(task, completed=done)))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    least = await measured(await connection.fetchval("SELECT pg_backend_pid()"), lambda: limit(connection, path))
    await database.close()
    await connection.close()
    assert mine.found == least.found, (mine.found, least.found)
    print(
        f"{rows:,} rows, {path.stat().st_size / 2**20:.0f} MiB; found {mine.found[0]:,} amounts and {mine.found[1]:,} steps"
    )
    print(f"memory of this process: {before / 1024:.0f} MiB before, {after / 1024:.0f} MiB at most while comparing")
    print("| | seconds | rows a second | CPU, client + PostgreSQL |\n|---|---|---|---|")
    for name, spent in (("ours", mine), ("limit", least)):
        print(
            f"| {name} | {spent.seconds:.1f} | {rows / spent.seconds:,.0f} | {spent.client_cpu:.1f} + {spent.server_cpu:.1f} s |"
        )


def main() -> None:
    """Read what was asked, and find a database."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--url", help="an empty database that may be filled")
    asked = parser.parse_args()
    where = str(SHARED_MEMORY) if SHARED_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=where) as directory, contextlib.ExitStack() as stack:
        url = asked.url
        if url is None:
            url = embedded.start(Path(directory) / "postgres").dsn
            stack.callback(embedded.stop, Path(directory) / "postgres", immediately=True)
        migrate(url)
        asyncio.run(run(url, asked.rows, Path(directory)))


if __name__ == "__main__":
    main()
