"""Says whether stock gets slower while its ledger grows: the same work on a small ledger and on a large one, in one run.

    python bench/growth.py --rows 10000000

Two databases on one server have the same levels; the ledger of one is of its opening, that of the other a year old. Units
are reserved, promised and shipped, level by level at random, in rounds that take turns between the two; beside that, a
page of a level's ledger is read, and a location's stock as it was some time ago. CPU is what the operating system counted
for this process and for the connection's PostgreSQL process. Without --url the server is an embedded one, in memory where
there is any.
"""

import argparse
import asyncio
import contextlib
import random
import statistics
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from stock_feed import KEYS, Spent, measure, own_database

sys.path.insert(0, str(Path(__file__).parents[1]))

from app.inventory import queries  # The house has to be found first.
from app.inventory import service as inventory
from app.inventory.queries import MovementFilter
from app.inventory.rules import Units
from app.inventory.states import MovementReason
from app.kernel.actor import SYSTEM
from app.kernel.clock import utc_now
from app.kernel.db import Database, UnitOfWork
from app.kernel.ids import LocationId, OrderId, new_id
from app.kernel.paging import PageRequest
from tests.builders.grown import Size, grow, numbered
from tests.builders.postgres import Server, migrate

VARIANTS, LOCATIONS = 2_500, 20
MOST_RESERVATIONS = 20_000
A_PAGE = PageRequest(size=20)
TTL = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Shop:
    """A database with a ledger of some length."""

    name: str
    size: Size
    database: Database
    backend: int


async def sell(shop: Shop, chance: random.Random) -> None:
    """Reserve a unit somewhere, promise it, and ship it: what an order does to stock, in three transactions."""
    begin, order = shop.database.begin(SYSTEM), OrderId(new_id())
    variant = numbered("variant", chance.randrange(VARIANTS) + 1)
    units = [Units(new_id(), variant, numbered("location", chance.randrange(LOCATIONS) + 1), 1)]
    await begin.run(lambda uow: inventory.reserve_soft(uow, demand_id=order, units=units, expires_at=uow.now + TTL))
    await begin.run(lambda uow: inventory.promote(uow, order_id=order, units=1))
    await begin.run(lambda uow: inventory.take_out(uow, demand_id=order, units=units, reason=MovementReason.SHIPPED))


async def look(shop: Shop, chance: random.Random) -> None:
    """Read the first page of a level's ledger."""
    wanted = MovementFilter(
        variant_id=numbered("variant", chance.randrange(VARIANTS) + 1),
        location_ids=[LocationId(numbered("location", chance.randrange(LOCATIONS) + 1))],
    )
    async with shop.database.read() as session:
        await queries.find_movements(session, wanted=wanted, request=A_PAGE)


async def look_back(shop: Shop, chance: random.Random, *, days: int) -> None:
    """Read what a whole location had so many days ago."""
    moment = utc_now() - timedelta(days=days)

    async def work(uow: UnitOfWork) -> object:
        places = [numbered("location", chance.randrange(LOCATIONS) + 1)]
        return await queries.list_stock_as_of(uow, moment=moment, location_ids=places)

    await shop.database.begin(SYSTEM).run(work)


WORK: dict[str, tuple[Callable[[Shop, random.Random], Awaitable[None]], int]] = {
    "reserve, promise and ship a unit": (sell, 400),
    "a page of a level's ledger": (look, 100),
    "a location of 2,500 levels, 20 days ago": (lambda shop, chance: look_back(shop, chance, days=20), 4),
    "a location of 2,500 levels, 200 days ago": (lambda shop, chance: look_back(shop, chance, days=200), 4),
}


async def open_shop(server: Server, name: str, size: Size, told: Callable[[int], None]) -> Shop:
    """Make a database, and let its ledger grow."""
    dsn = server.dsn_for(name)
    connection = await asyncpg.connect(dsn, server_settings={"jit": "off"}, command_timeout=None)
    await grow(connection, size, now=datetime.now(UTC), on_movements=told)
    await connection.execute("CHECKPOINT")
    await connection.close()
    database = Database(dsn, keys=KEYS, clock=utc_now, pool_size=1)
    await database.connect()
    async with database.read() as session:
        ((backend,),) = await session.fetch("SELECT pg_backend_pid()", [])
    return Shop(name, size, database, backend)


async def bench(server: Server, names: Sequence[str], *, rows: int, rounds: int) -> str:
    """Let both ledgers grow, work on them in turns, and write the table."""
    levels = VARIANTS * LOCATIONS
    reservations = min(MOST_RESERVATIONS, levels)
    sizes = [
        Size(VARIANTS, LOCATIONS, moves_each=1, reservations=reservations),
        Size(VARIANTS, LOCATIONS, moves_each=max(2, rows // levels), reservations=reservations, endings=rows // 10),
    ]
    console = Console(stderr=True)
    spent: dict[tuple[str, str], list[Spent]] = {}
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        shops = []
        for name, size in zip(names, sizes, strict=True):
            filling = bar.add_task(f"movements of the {name} ledger", total=size.movements)
            shops.append(
                await open_shop(server, name, size, lambda n, filling=filling: bar.update(filling, completed=n))  # type: ignore[misc]
            )
        working = bar.add_task("rounds of work", total=rounds)
        for number in range(rounds):
            for shop in shops if number % 2 else reversed(shops):
                for what, (work, times) in WORK.items():
                    chance = random.Random(number)
                    if number == 0:
                        await work(shop, chance)  # Plans and pages are warm before anything counts.

                    async def repeat(
                        work: Any = work, times: int = times, shop: Shop = shop, chance: Any = chance
                    ) -> None:
                        for _ in range(times):
                            await work(shop, chance)

                    spent.setdefault((what, shop.name), []).append(await measure(repeat, shop.backend))
            bar.advance(working)
    written = await table(spent, shops)
    for shop in shops:
        await shop.database.close()
    return written


async def table(spent: dict[tuple[str, str], list[Spent]], shops: Sequence[Shop]) -> str:
    """Write the one table."""
    small, large = shops
    sizes = []
    for shop in shops:
        async with shop.database.read() as session:
            ((size,),) = await session.fetch("SELECT pg_size_pretty(pg_database_size(current_database()))", [])
        sizes.append(f"{shop.size.movements:,} movements, {size}")
    lines = [("CPU, ms", *sizes, "ratio")]
    for what, (_, times) in WORK.items():
        costs = [statistics.median(one.cpu for one in spent[what, shop.name]) / times * 1000 for shop in (small, large)]
        ratio = costs[1] / costs[0] if costs[0] else float("nan")
        lines.append((what, f"{costs[0]:,.2f}", f"{costs[1]:,.2f}", f"{ratio:.2f}"))
    widths = [max(len(line[n]) for line in lines) for n in range(4)]
    written = [
        "| " + " | ".join(f"{part:<{width}}" for part, width in zip(line, widths, strict=True)) + " |" for line in lines
    ]
    written.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(written)


async def make_databases(server: Server, names: Sequence[str]) -> None:
    """Make empty databases, in the place of older ones of the same name."""
    async with server.admin() as admin:
        for name in names:
            await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            await admin.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')


def main() -> int:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=10_000_000, help="entries of the large ledger")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--url", help="a server where databases may be made; else one of our own is started")
    asked = parser.parse_args()
    names = ("small", "large")
    with contextlib.ExitStack() as stack:
        server = Server(asked.url or stack.enter_context(own_database()))
        asyncio.run(make_databases(server, names))
        for name in names:
            migrate(server.dsn_for(name))
        written = asyncio.run(bench(server, names, rows=asked.rows, rounds=asked.rounds))
    print(written)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
