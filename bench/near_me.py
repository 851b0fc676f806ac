"""Find the stores near a shopper that have a whole cart: 20 SKUs over 1,000 stores, beside the bare SQL of it.

    python bench/near_me.py [--stores 1000] [--lines 20] [--rounds 30] [--not-durable]

A server with one process and the embedded PostgreSQL serve a chain of stores. Each round asks the server over HTTP what a
list of stores shows, and runs the very statement that the server sends on a bare asyncpg connection, one after the other, so
that whatever else the machine does meets both. CPU is the operating system's count for the processes on both sides: the
server or the process that runs the bare statement, and PostgreSQL. Every answer is checked. One table is printed, and the
command leaves with 1 when an answer is wrong.
"""

import argparse
import asyncio
import contextlib
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx2
import orjson
from alembic import command
from alembic.config import Config

from app.inventory.queries.stores import StoresWanted, find_stores
from app.inventory.rules.pickups import LineWanted
from app.kernel import embedded
from app.kernel.db import prepare_connection
from app.kernel.ids import IdKind, encode
from app.kernel.paging import PageRequest
from app.locations.rules import Near, Point

HOUSE = Path(__file__).parents[1]
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  # Nothing secret goes there.
READY_SECONDS = 60
PAGE = 20
SECRET = "the stores of this benchmark have no secrets"  # noqa: S105  # It guards nothing.
LIST = """
query($near: NearInput, $lines: [LineInput!]!, $first: Int) { stores(near: $near, first: $first) { edges {
  distanceKm node { id name availability(lines: $lines) { complete readyAt } }
} } }
"""
LIST_WITH_LINES = LIST.replace("complete readyAt", "complete readyAt lines { requested available }")
COMPLETE = """
query($near: NearInput, $lines: [LineInput!]!, $first: Int) {
  stores(near: $near, lines: $lines, complete: true, first: $first) { edges {
    distanceKm node { id name availability(lines: $lines) { complete readyAt } }
  } }
}
"""

#: Two in three stores have a given SKU, and one in twenty or so has all twenty of them in plenty.
SEED = """
INSERT INTO channels (id, code, name, currency, tax_included, countries, is_default, threshold, reservation_ttl_seconds,
    return_window_days)
VALUES ('01900000-0000-7000-8000-000000000001', 'web', 'Web', 'USD', false, '{US}', true, 0, 600, 30);
INSERT INTO products (id, slug, name, keywords, created_at, updated_at)
SELECT ('01900000-0000-7000-8001-' || lpad(n::text, 12, '0'))::uuid, 'product-' || n, 'Product ' || n, '', now(), now()
FROM generate_series(1, 200) AS n;
INSERT INTO variants (id, product_id, sku, name, position)
SELECT ('01900000-0000-7000-8002-' || lpad(n::text, 12, '0'))::uuid,
    ('01900000-0000-7000-8001-' || lpad(n::text, 12, '0'))::uuid, 'SKU-' || n, 'One', 0
FROM generate_series(1, 200) AS n;
INSERT INTO locations (id, code, name, kind, address, latitude, longitude, timezone, pickup_enabled, pickup_lead_minutes,
    pickup_slot_capacity, pickup_hold_days, created_at)
SELECT ('01900000-0000-7000-8003-' || lpad(n::text, 12, '0'))::uuid, 'S' || n, 'Store ' || n, 'STORE',
    jsonb_build_object('line1', n || ' Main Street', 'city', 'Springfield', 'region', 'NY', 'country', 'US', 'postal_code', '10001',
        'first_name', null, 'last_name', null, 'company', null, 'line2', null, 'phone', null),
    30 + random() * 15, -120 + random() * 40,
    (ARRAY['America/New_York', 'America/Chicago', 'America/Denver', 'America/Los_Angeles'])[1 + n % 4], true, 120, 10, 7, now()
FROM generate_series(1, {stores}) AS n;
INSERT INTO opening_hours
SELECT id, day, 540, 1080 + 60 * (random() * 3)::int FROM locations, generate_series(0, 6) AS day;
INSERT INTO channel_locations (channel_id, location_id, ships, hands_out)
SELECT '01900000-0000-7000-8000-000000000001', id, true, true FROM locations;
INSERT INTO levels (variant_id, location_id, sellable)
SELECT variants.id, locations.id, CASE WHEN random() < 0.03 THEN 0 ELSE (2 + random() * 30)::int END FROM variants, locations;
ANALYZE;
"""


@dataclass(slots=True)
class Side:
    """What one side used: seconds on the clock, and of CPU in its own process and in PostgreSQL."""

    walls: list[float] = field(default_factory=list)
    own_cpu: float = 0.0
    database_cpu: float = 0.0

    def cpu_ms(self) -> float:
        """CPU of one call."""
        return (self.own_cpu + self.database_cpu) / max(1, len(self.walls)) * 1000

    def wall_ms(self) -> float:
        """The median on the clock."""
        return statistics.median(self.walls) * 1000


@dataclass(frozen=True, slots=True)
class Served:
    """A chain of stores that is open."""

    url: str
    dsn: str
    server: int
    postmaster: int


@dataclass(frozen=True, slots=True)
class Kept:
    """A statement that was sent, to be sent again."""

    sql: str
    args: Sequence[object]


class Keeping:
    """A session that keeps the statements it runs."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.kept: list[Kept] = []

    async def fetch(self, sql: str, args: Sequence[object]) -> list[Any]:
        """Run one statement and answer its records."""
        self.kept.append(Kept(sql, args))
        return await self._connection.fetch(sql, *args)  # type: ignore[no-any-return]

    async def execute(self, sql: str, args: Sequence[object]) -> str:
        """Run one statement and answer its status tag."""
        return await self._connection.execute(sql, *args)  # type: ignore[no-any-return]


@contextlib.contextmanager
def chain(stores: int, *, durable: bool) -> Iterator[Served]:
    """Open a chain of stores with a server, and close it again."""
    memory = None if durable or not SHARED_MEMORY.is_dir() else SHARED_MEMORY
    with tempfile.TemporaryDirectory(prefix="stoa-near-me-", dir=memory) as parent:
        # Others may pass through, for a server that runs as somebody else.
        Path(parent).chmod(0o755)
        database = embedded.start(Path(parent) / "postgres", durable=durable)
        process: subprocess.Popen[bytes] | None = None
        try:
            migrate(database.dsn)
            asyncio.run(_run(database.dsn, SEED.replace("{stores}", str(stores))))
            environment = {
                **os.environ, "DATABASE_URL": database.dsn, "STOA_LOG_LEVEL": "error", "STOA_ENV": "development", "STOA_SECRET": SECRET,
            }  # fmt: skip
            with socket.socket() as asked:
                asked.bind(("127.0.0.1", 0))
                port = int(asked.getsockname()[1])
            process = subprocess.Popen(  # noqa: S603  # Our own command.
                [sys.executable, "-m", "app.cli", "serve", "--port", str(port)],
                cwd=HOUSE,
                env=environment,
                stdout=subprocess.DEVNULL,
            )
            url = f"http://127.0.0.1:{port}"
            _wait_until_ready(url)
            postmaster = int((database.data_dir / "postmaster.pid").read_text().splitlines()[0])
            yield Served(url, database.dsn, process.pid, postmaster)
        finally:
            if process is not None:
                process.terminate()
                process.wait(30)
            embedded.stop(database.data_dir, immediately=True)


def migrate(dsn: str) -> None:
    """Bring an empty database up to today's tables."""
    config = Config(str(HOUSE / "alembic.ini"))
    config.set_main_option("script_location", str(HOUSE / "migrations"))
    address = dsn.replace("postgresql://", "postgresql+asyncpg://", 1).replace("%", "%%")
    config.set_main_option("sqlalchemy.url", address)
    command.upgrade(config, "head")


async def measure(
    served: Served, *, document: str, complete: bool, lines: int, rounds: int, wrong: list[str]
) -> tuple[Side, Side]:
    """Ask the server and run its bare statement in turn; answers what both used."""
    chance = random.Random(20261121)
    skus = [UUID(f"01900000-0000-7000-8002-{number:012}") for number in chance.sample(range(1, 201), lines)]
    cart = tuple(LineWanted(sku, 2) for sku in skus)
    shown = [{"variantId": encode(IdKind.VARIANT, sku), "quantity": 2} for sku in skus]
    connection = await asyncpg.connect(served.dsn, server_settings={"jit": "off", "timezone": "UTC"})
    await prepare_connection(connection)
    through, bare = Side(), Side()
    limits = httpx2.Limits(max_connections=1)
    try:
        async with httpx2.AsyncClient(base_url=served.url, timeout=60, trust_env=False, limits=limits) as client:
            for number in range(-8, rounds):
                place = Point(chance.uniform(31, 44), chance.uniform(-119, -81))
                session = Keeping(connection)
                wanted = StoresWanted(near=Near(place), lines=cart, complete=complete)
                expected = await find_stores(session, wanted=wanted, request=PageRequest(PAGE))
                [kept] = session.kept
                content = orjson.dumps(
                    {
                        "query": document,
                        "variables": {
                            "near": {"latitude": place.latitude, "longitude": place.longitude},
                            "lines": shown,
                            "first": PAGE,
                        },
                    }
                )

                async def ask(content: bytes = content) -> Any:
                    return await client.post("/graphql", content=content, headers={"content-type": "application/json"})

                async def run(kept: Kept = kept) -> Any:
                    return await connection.fetch(kept.sql, *kept.args)

                # The first rounds warm both sides up: connections, plans, the document.
                counted = number >= 0
                answer = await _timed(through if counted else Side(), served.server, served.postmaster, ask)
                records = await _timed(bare if counted else Side(), os.getpid(), served.postmaster, run)
                check(answer.json(), expected.page.items, cart, wrong)
                if len(records) != len(expected.page.items) + expected.page.has_next:
                    wrong.append("the bare statement answered something else")
    finally:
        await connection.close()
    return through, bare


def check(answer: Any, expected: Sequence[Any], cart: Sequence[LineWanted], wrong: list[str]) -> None:
    """Compare an answer with what the statement says: the same stores, as far away, and complete when they are."""
    if answer.get("errors"):
        wrong.append(str(answer["errors"])[:200])
        return
    edges = answer["data"]["stores"]["edges"]
    if [edge["node"]["id"] for edge in edges] != [encode(IdKind.LOCATION, store.location.id) for store in expected]:
        wrong.append("other stores than the statement's")
    for edge, store in zip(edges, expected, strict=False):
        complete = all(store.stock.own.get(line.variant_id, 0) >= line.quantity for line in cart)
        told = edge["node"]["availability"]
        if told["complete"] != complete or (told["readyAt"] is not None) != complete:
            wrong.append(f"{edge['node']['name']}: complete is {told['complete']}")
        units = [line["available"] for line in told.get("lines", ())]
        if units and units != [store.stock.own.get(line.variant_id, 0) for line in cart]:
            wrong.append(f"{edge['node']['name']}: other units than the statement's")


async def _timed(side: Side, own: int, postmaster: int, call: Callable[[], Any]) -> Any:
    # Asking costs CPU too, and must not count as that of the bare side, which is this process.
    database_before = cpu_seconds(postmaster, with_children=True)
    own_before = cpu_seconds(own)
    began = time.perf_counter()
    answer = await call()
    side.walls.append(time.perf_counter() - began)
    if own != os.getpid():
        # What the server does after its answer, such as its log, is part of the work.
        await asyncio.sleep(0.003)
    side.own_cpu += cpu_seconds(own) - own_before
    side.database_cpu += cpu_seconds(postmaster, with_children=True) - database_before
    return answer


def cpu_seconds(pid: int, *, with_children: bool = False) -> float:
    """Ask the operating system how much CPU a process has used, to the nanosecond, and with it its children."""
    try:
        used = sum(
            int((task / "schedstat").read_text().split()[0]) for task in Path(f"/proc/{pid}/task").iterdir()
        ) / 1e9  # fmt: skip
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split() if with_children else []
    except OSError:
        return 0.0
    return used + sum(cpu_seconds(int(child), with_children=True) for child in children)


def table(measured: Sequence[tuple[str, Side, Side]]) -> str:
    """Write the one table."""
    header = (
        "page of 20 stores",
        "server CPU",
        "PostgreSQL CPU",
        "together",
        "bare SQL CPU",
        "ratio",
        "wall",
        "bare wall",
        "ratio",
    )
    rows = [
        (
            name,
            f"{through.own_cpu / len(through.walls) * 1000:.1f} ms",
            f"{through.database_cpu / len(through.walls) * 1000:.1f} ms",
            f"{through.cpu_ms():.1f} ms",
            f"{bare.cpu_ms():.1f} ms",
            f"{through.cpu_ms() / bare.cpu_ms():.2f}",
            f"{through.wall_ms():.1f} ms",
            f"{bare.wall_ms():.1f} ms",
            f"{through.wall_ms() / bare.wall_ms():.2f}",
        )
        for name, through, bare in measured
    ]
    widths = [max(len(row[place]) for row in [header, *rows]) for place in range(len(header))]
    lines = [[header[place].ljust(widths[place]) for place in range(len(header))], ["-" * width for width in widths]]
    lines += [[row[place].ljust(widths[place]) for place in range(len(header))] for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


async def _run(dsn: str, sql: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


def _wait_until_ready(url: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx2.HTTPError):
            if httpx2.get(f"{url}/health/ready", timeout=5, trust_env=False).status_code == 200:
                return
        time.sleep(0.1)
    raise SystemExit(f"{url} was not ready after {READY_SECONDS} s")


def main() -> int:
    """Measure, print the table, and leave with 1 when an answer was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--stores", type=int, default=1_000)
    parser.add_argument("--lines", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--not-durable", action="store_true", help="keep the database in memory, without fsync")
    asked = parser.parse_args()
    wrong: list[str] = []
    measured: list[tuple[str, Side, Side]] = []
    with chain(asked.stores, durable=not asked.not_durable) as served:
        for name, document, complete in (
            ("distance, complete, ready time", LIST, False),
            ("the same, and every line", LIST_WITH_LINES, False),
            ("complete stores alone", COMPLETE, True),
        ):
            through, bare = asyncio.run(
                measure(
                    served, document=document, complete=complete, lines=asked.lines, rounds=asked.rounds, wrong=wrong
                )
            )
            measured.append((name, through, bare))
    print(f"{asked.lines} SKUs over {asked.stores:,} stores, {asked.rounds} rounds")
    print(table(measured))
    for problem in wrong[:10]:
        print(f"WRONG: {problem}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
