"""Reserves stock with many clients at once, beside the least SQL that could do it, in one run.

    python bench/stock.py --clients 64 --seconds 3 --rounds 3

Three things are measured: one unit of one of some 800 levels (spread), one unit of one level for everybody (hot), and a
unit that is reserved and given back (both). Ours is the inventory's service in a unit of work, as a cart or a checkout
calls it: all or nothing, with what is left in the answer, the reservation written, and later its end. The limit is a
guarded UPDATE … RETURNING of the level and an INSERT of the reservation in one transaction, on raw asyncpg and, where it
is installed, with pgbench; and, as the last word, both in one statement that is its own transaction.

All of them write the same tables, wait for the commit to be durable (synchronous_commit is on), and take turns; the table
has the median of the rounds. Clients are asyncio tasks, spread over --processes. Ours share the connections of a pool, as
a server's requests do; at the limit each has a connection of its own. CPU is what the operating system counted for the
clients and for PostgreSQL; where others use the machine too, it says more than the rate. The database is an embedded
one: in memory where there is any, as a disk without any delay would be, or on the disk with --disk. Asks the rules of
stock afterwards.
"""

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import asyncpg
import uvloop

HOUSE = Path(__file__).parents[1]
sys.path.insert(0, str(HOUSE))

from app.inventory import service as inventory  # noqa: E402  # The house has to be found first.
from app.inventory.invariants import INVARIANTS  # noqa: E402
from app.inventory.rules import StockLine, Units  # noqa: E402
from app.inventory.states import MovementReason  # noqa: E402
from app.kernel import embedded  # noqa: E402
from app.kernel.actor import SYSTEM  # noqa: E402
from app.kernel.clock import utc_now  # noqa: E402
from app.kernel.db import Begin, Database  # noqa: E402
from app.kernel.ids import new_id  # noqa: E402
from app.settings import Settings  # noqa: E402
from tests.builders.grown import Size, grow, numbered  # noqa: E402
from tests.builders.postgres import migrate  # noqa: E402

KEYS = Settings.from_environment({"STOA_ENV": "test", "STOA_SECRET": "a benchmark has no secrets from anybody"}).keys
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  # Where the disk does not count.
PLACE = numbered("location", 1)
#: Decimal numbers that are read as hexadecimal ones, so that pgbench finds the same levels without much ado.
SPREAD = [numbered("variant", int(str(n), 16)) for n in range(1, 800)]
HOT = numbered("variant", int("900", 16))
VARIANTS = 0x900
#: Orders that are open all the while, each with a unit of its own.
OPEN_ORDERS = 2_000
PLENTY = 1_000_000
TTL = timedelta(days=1)
#: PostgreSQL plans a statement anew the first five times.
WARM_UP = 8
READY_SECONDS = 300

_UPDATE = """
    UPDATE levels SET soft = soft + 1
    WHERE variant_id = $1 AND location_id = $2 AND sellable - soft - firm >= 1
    RETURNING sellable, soft, firm
"""
_INSERT = """
    INSERT INTO reservations (id, variant_id, location_id, state, quantity, demand_kind, demand_id, line_id, created_at,
        expires_at)
    VALUES ($1, $2, $3, 'SOFT', 1, 'ORDER', $4, $5, $6, $7)
"""
_BOTH = """
    WITH level AS (
        UPDATE levels SET soft = soft + 1
        WHERE variant_id = $2 AND location_id = $3 AND sellable - soft - firm >= 1
        RETURNING sellable, soft, firm
    ), reservation AS (
        INSERT INTO reservations (id, variant_id, location_id, state, quantity, demand_kind, demand_id, line_id, created_at,
            expires_at)
        SELECT $1, $2, $3, 'SOFT', 1, 'ORDER', $4, $5, $6, $7 FROM level
    )
    SELECT sellable, soft, firm FROM level
"""
_DELETE = "DELETE FROM reservations WHERE demand_id = $1 RETURNING quantity"
_LOWER = "UPDATE levels SET soft = soft - $3 WHERE variant_id = $1 AND location_id = $2"
_RELEASE = """
    WITH gone AS (DELETE FROM reservations WHERE demand_id = $1 RETURNING quantity)
    UPDATE levels SET soft = soft - gone.quantity FROM gone WHERE variant_id = $2 AND location_id = $3
"""

_PGBENCH_VARIANT = "('01900002-0000-7000-8000-' || lpad(:v::text, 12, '0'))::uuid"
_PGBENCH_PLACE = f"'{PLACE}'::uuid"
_PGBENCH_UPDATE = f"""UPDATE levels SET soft = soft + 1 WHERE variant_id = {_PGBENCH_VARIANT} AND location_id = {_PGBENCH_PLACE}
    AND sellable - soft - firm >= 1 RETURNING sellable, soft, firm"""
_PGBENCH_VALUES = (
    f"gen_random_uuid(), {_PGBENCH_VARIANT}, {_PGBENCH_PLACE}, 'SOFT', 1, 'ORDER', gen_random_uuid(), gen_random_uuid(),"
    " now(), now() + interval '1 day'"
)
_PGBENCH_INSERT = f"""INSERT INTO reservations (id, variant_id, location_id, state, quantity, demand_kind, demand_id, line_id,
    created_at, expires_at) SELECT {_PGBENCH_VALUES}"""
PGBENCH = {
    "pgbench, transaction": f"BEGIN;\n{_PGBENCH_UPDATE};\n{_PGBENCH_INSERT};\nCOMMIT;\n",
    "pgbench, one statement": (
        f"WITH level AS ({_PGBENCH_UPDATE}), reservation AS ({_PGBENCH_INSERT} FROM level) SELECT sellable, soft, firm FROM level;\n"
    ),
}

#: Does one thing on one level for one client.
Step = Callable[[UUID], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Spent:
    """What one round came to."""

    done: int
    seconds: float
    client_cpu: float
    server_cpu: float

    @property
    def per_second(self) -> float:
        """How many were done each second."""
        return self.done / self.seconds

    @property
    def client_us(self) -> float:
        """CPU of the clients for each, in microseconds."""
        return self.client_cpu / max(1, self.done) * 1e6

    @property
    def server_us(self) -> float:
        """CPU of PostgreSQL for each, in microseconds."""
        return self.server_cpu / max(1, self.done) * 1e6

    @property
    def cpu_us(self) -> float:
        """CPU of both sides for each, in microseconds."""
        return self.client_us + self.server_us


@dataclass(frozen=True, slots=True)
class Work:
    """What the clients of one process do."""

    side: str
    dsn: str
    variants: tuple[UUID, ...]
    release: bool
    clients: int
    seconds: float
    seed: int
    pool: int


def variants_of(what: str) -> tuple[UUID, ...]:
    """Choose the levels that are wanted."""
    return (HOT,) if what == "hot" else tuple(SPREAD)


async def ours(begin: Begin, variant: UUID, *, release: bool) -> None:
    """Reserve a unit as a checkout does, and give it back when asked to."""
    demand, units = new_id(), [Units(new_id(), variant, PLACE, 1)]
    await begin.run(lambda uow: inventory.reserve_soft(uow, demand_id=demand, units=units, expires_at=uow.now + TTL))
    if release:
        assert await begin.run(lambda uow: inventory.release_soft(uow, demand_id=demand))


async def transaction(connection: Any, variant: UUID, *, release: bool) -> None:
    """Reserve a unit with two statements in a transaction."""
    demand, now = new_id(), utc_now()
    async with connection.transaction():
        assert await connection.fetchrow(_UPDATE, variant, PLACE)
        await connection.execute(_INSERT, new_id(), variant, PLACE, demand, new_id(), now, now + TTL)
    if release:
        async with connection.transaction():
            units = await connection.fetchval(_DELETE, demand)
            await connection.execute(_LOWER, variant, PLACE, units)


async def one_statement(connection: Any, variant: UUID, *, release: bool) -> None:
    """Reserve a unit with one statement."""
    demand, now = new_id(), utc_now()
    assert await connection.fetchrow(_BOTH, new_id(), variant, PLACE, demand, new_id(), now, now + TTL)
    if release:
        await connection.execute(_RELEASE, demand, variant, PLACE)


SIDES: dict[str, Callable[..., Awaitable[None]]] = {
    "asyncpg, transaction": transaction,
    "asyncpg, one statement": one_statement,
}


async def _clients(work: Work, ready: Any) -> tuple[int, float]:
    """Let clients do their work for a while; answers how often they did it, and the CPU that took."""
    async with contextlib.AsyncExitStack() as stack:
        steps: list[Step] = []
        if work.side == "ours":
            database = Database(work.dsn, keys=KEYS, clock=utc_now, pool_size=work.pool)
            await database.connect()
            stack.push_async_callback(database.close)
            steps = [partial(ours, database.begin(SYSTEM), release=work.release)] * work.clients
        else:
            for _ in range(work.clients):
                connection = await asyncpg.connect(work.dsn)
                stack.push_async_callback(connection.close)
                steps.append(partial(SIDES[work.side], connection, release=work.release))
        chance = random.Random(work.seed)
        # Connections are opened, statements prepared and their plans settled before the clock runs: a server's live long.
        for _ in range(WARM_UP):
            await asyncio.gather(*(step(chance.choice(work.variants)) for step in steps))
        await asyncio.to_thread(ready.wait)
        began, cpu = time.perf_counter(), time.process_time()
        deadline = began + work.seconds

        async def client(step: Step, own: random.Random) -> int:
            for done in count():
                if time.perf_counter() >= deadline:
                    return done
                await step(own.choice(work.variants))
            raise AssertionError

        done = await asyncio.gather(*(client(step, random.Random(chance.random())) for step in steps))
        return sum(done), time.process_time() - cpu


def _process(work: Work, ready: Any, answers: Any) -> None:
    answers.put(uvloop.run(_clients(work, ready)))


def measure(work: Work, *, processes: int, postmaster: int) -> Spent:
    """Let processes of clients do their work at the same time."""
    context = multiprocessing.get_context("spawn")
    ready, answers = context.Barrier(processes + 1), context.Queue()
    own = [
        Work(
            work.side,
            work.dsn,
            work.variants,
            work.release,
            work.clients // processes,
            work.seconds,
            work.seed + n,
            work.pool,
        )
        for n in range(processes)
    ]
    running = [context.Process(target=_process, args=(part, ready, answers)) for part in own]
    for process in running:
        process.start()
    ready.wait(READY_SECONDS)
    began, server = time.perf_counter(), cpu_seconds(postmaster)
    found = [answers.get(timeout=work.seconds + 60) for _ in running]
    spent = Spent(
        sum(done for done, _ in found),
        time.perf_counter() - began,
        sum(cpu for _, cpu in found),
        cpu_seconds(postmaster) - server,
    )
    for process in running:
        process.join(30)
    return spent


def measure_pgbench(
    program: str, script: str, dsn: str, what: str, *, clients: int, seconds: float, processes: int, postmaster: int
) -> Spent:
    """Let pgbench do it."""
    chosen = "\\set v 900\n" if what == "hot" else "\\set v random(1, 799)\n"
    address = urlsplit(dsn)
    query = {name: values[0] for name, values in parse_qs(address.query).items()}
    environment = {
        **os.environ,
        "PGHOST": query.get("host") or address.hostname or "",
        "PGUSER": address.username or "postgres",
        "PGPASSWORD": address.password or "",
        "PGDATABASE": address.path.lstrip("/") or "postgres",
    }
    if address.port:
        environment["PGPORT"] = str(address.port)
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(chosen + script)
        file.flush()
        words = [
            program,
            "-n",
            "-M",
            "prepared",
            "-c",
            str(clients),
            "-j",
            str(processes),
            "-T",
            str(max(1, round(seconds))),
        ]
        before, server = _children_cpu(), cpu_seconds(postmaster)
        done = subprocess.run(  # noqa: S603  # What the caller named.
            [*words, "-f", file.name], env=environment, capture_output=True, text=True, check=False
        )
    if done.returncode:
        raise SystemExit(f"pgbench failed:\n{done.stderr}")
    said = {line.split(":")[0].split(" = ")[0]: line for line in done.stdout.splitlines()}
    transactions = int(said["number of transactions actually processed"].rpartition(" ")[2].split("/")[0])
    per_second = float(said["tps"].split(" = ")[1].split()[0])
    return Spent(transactions, transactions / per_second, _children_cpu() - before, cpu_seconds(postmaster) - server)


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def cpu_seconds(pid: int) -> float:
    """Ask the operating system how much CPU a process and its children have used, ended ones too."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0.0
    used = sum(int(fields[n]) for n in (11, 12, 13, 14)) / os.sysconf("SC_CLK_TCK")
    return used + sum(cpu_seconds(int(child)) for child in children)


@contextlib.contextmanager
def own_database(*, disk: bool) -> Iterator[tuple[str, int]]:
    """Start a PostgreSQL that keeps what it has promised to keep; answers its address and its first process."""
    memory = SHARED_MEMORY if SHARED_MEMORY.is_dir() and not disk else Path(tempfile.gettempdir())
    with tempfile.TemporaryDirectory(prefix="stoa-bench-", dir=memory) as directory:
        # Others may pass through, for a server that runs as somebody else.
        Path(directory).chmod(0o755)
        place = Path(directory) / "postgres"
        server = embedded.start(place, durable=True)
        try:
            yield server.dsn, int((server.data_dir / "postmaster.pid").read_text().splitlines()[0])
        finally:
            embedded.stop(place, immediately=True)


async def furnish(dsn: str) -> None:
    """Make the goods, and put more units on every shelf than anybody will ask for."""
    connection = await asyncpg.connect(dsn)
    try:
        await grow(
            connection, Size(variants=VARIANTS, locations=1, moves_each=2, reservations=OPEN_ORDERS), now=utc_now()
        )
    finally:
        await connection.close()
    database = Database(dsn, keys=KEYS, clock=utc_now)
    await database.connect()
    lines = [StockLine(variant, PLACE, PLENTY) for variant in (*SPREAD, HOT)]
    async with database.unit(SYSTEM) as uow:
        await inventory.set_levels(uow, lines=lines, reason=MovementReason.FEED)
    await database.close()
    await tidy(dsn)


async def tidy(dsn: str) -> None:
    """Let every side begin with tables that are alike: without what the last one left behind, and with statistics."""
    connection = await asyncpg.connect(dsn)
    async with connection.transaction():
        await connection.execute("DELETE FROM reservations WHERE state = 'SOFT'")
        await connection.execute("UPDATE levels SET soft = 0 WHERE soft > 0")
    for table in ("reservations", "levels", "reservation_endings"):
        await connection.execute(f"VACUUM (ANALYZE) {table}")
    await connection.execute("CHECKPOINT")
    await connection.close()


async def broken(dsn: str) -> str:
    """Ask whether every rule of levels, their ledger and their reservations holds. The orders were never written."""
    connection = await asyncpg.connect(dsn)
    try:
        return (
            "; ".join([rule.name for rule in INVARIANTS if not rule.timed and await connection.fetch(rule.sql)])
            or "silent"
        )
    finally:
        await connection.close()


def table(measured: Mapping[tuple[str, str], Sequence[Spent]]) -> str:
    """Write a row for each side, with the median of its rounds, and what ours is of each limit: by rate, and by CPU."""
    lines = [
        "| | | a second | CPU each, clients + PostgreSQL | ours: rate | ours: CPU |",
        "|---|---|---|---|---|---|",
    ]
    for (what, side), rounds in measured.items():
        mine = measured[what, "ours"]
        rate, cpu = _median(rounds, "per_second"), _median(rounds, "cpu_us")
        client, server = (_median(rounds, name) for name in ("client_us", "server_us"))
        shares = (
            "| | |"
            if side == "ours"
            else f"| {_median(mine, 'per_second') / rate:.0%} | {cpu / _median(mine, 'cpu_us'):.0%} |"
        )
        lines.append(f"| {what} | {side} | {rate:,.0f} | {client:,.0f} + {server:,.0f} µs {shares}")
    return "\n".join(lines)


def _median(rounds: Sequence[Spent], name: str) -> float:
    return float(statistics.median(getattr(spent, name) for spent in rounds))


def main() -> int:
    """Measure, print the table, and leave with 1 when a rule is broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--pool", type=int, default=10, help="connections of each of our processes, as STOA_POOL_SIZE")
    parser.add_argument("--processes", type=int, default=2, help="of clients; pgbench gets as many threads")
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=("spread", "hot", "both"), action="append")
    parser.add_argument("--disk", action="store_true", help="keep the database on the disk, and wait for it")
    parser.add_argument("--pgbench", help="where it is; else it is looked for")
    parser.add_argument("--json", type=Path, help="write every round there as well")
    asked = parser.parse_args()
    program = asked.pgbench or shutil.which("pgbench")
    if program is None:
        print("pgbench is not installed: measured beside asyncpg alone", file=sys.stderr)
    measured: dict[tuple[str, str], list[Spent]] = defaultdict(list)
    load = os.getloadavg()[0]
    with own_database(disk=asked.disk) as (dsn, postmaster):
        migrate(dsn)
        asyncio.run(furnish(dsn))
        for turn in range(asked.rounds):
            for what in asked.only or ("spread", "hot", "both"):
                for side in _sides(what, pgbench=program is not None):
                    asyncio.run(tidy(dsn))
                    if side in PGBENCH:
                        spent = measure_pgbench(
                            program or "", PGBENCH[side], dsn, what, clients=asked.clients, seconds=asked.seconds,
                            processes=asked.processes, postmaster=postmaster,
                        )  # fmt: skip
                    else:
                        work = Work(
                            side,
                            dsn,
                            variants_of(what),
                            what == "both",
                            asked.clients,
                            asked.seconds,
                            turn * 1_000,
                            asked.pool,
                        )
                        spent = measure(work, processes=asked.processes, postmaster=postmaster)
                    measured[what, side].append(spent)
                    print(f"{turn + 1} {what}, {side}: {spent.per_second:,.0f}/s", file=sys.stderr)
        rules = asyncio.run(broken(dsn))
    print(table(measured))
    print(f"\nload before: {load:.1f}; on {'the disk' if asked.disk else 'memory'}; audit: {rules}")
    if asked.json:
        asked.json.write_text(json.dumps([[*key, [_plain(s) for s in rounds]] for key, rounds in measured.items()]))
    return 0 if rules == "silent" else 1


def _sides(what: str, *, pgbench: bool) -> Sequence[str]:
    """Say who takes turns. Giving back what it reserved is too much for a script of pgbench."""
    return ("ours", *SIDES, *(PGBENCH if pgbench and what != "both" else ()))


def _plain(spent: Spent) -> dict[str, float]:
    return {"done": spent.done, "seconds": spent.seconds, "client": spent.client_cpu, "server": spent.server_cpu}


if __name__ == "__main__":
    raise SystemExit(main())
