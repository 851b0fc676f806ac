"""Buys carts through the whole server, beside the service alone and the least SQL that leaves the same rows behind.

    python bench/checkout.py --clients 8 --orders 200 --rounds 5

Four kinds of cart: a line of one of 600 SKUs (spread), a line of one SKU that everybody wants (hot), fifty lines, and a
line that is paid with a gift card, for which nobody is asked (gift card). Each is bought in three ways, which take turns
in every round: over HTTP, with the document that a storefront sends, from one server process; by the service alone, as
the server calls it; and by raw asyncpg, as checkout_limit.py says. The first and the last leave the same number of rows
in every table, which is compared; every answer has to have an order number and no errors; and every round ends with
`stoa audit` finding nothing.

Carts, gift cards and connections are there before the clock runs, and plans are settled. Nobody delivers events
meanwhile: the worker is not running. All ways have as many connections as there are clients, and wait for the commit to
be durable. CPU is what the operating system counted for the program and for PostgreSQL; where others use the machine too,
it says more than the rate. The table has the median of the rounds. The database is in memory where there is any, as a
disk without any delay would be, or on the disk with --disk. Statements are counted for one cart of each kind,
through the whole server in this process: those of the shop, that of the stand-in for a payment service, and the words
that open and close transactions.
"""

import argparse
import asyncio
import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx2
import orjson
import uvloop

HOUSE = Path(__file__).parents[1]
sys.path.insert(0, str(HOUSE))

from app.audit import audit  # noqa: E402  # The house has to be found first.
from app.cart.rules import group_id  # noqa: E402
from app.checkout import service as checkout  # noqa: E402
from app.checkout.rules import Tender  # noqa: E402
from app.checkout.service import CompleteCheckout  # noqa: E402
from app.delivery.states import DeliveryMethod  # noqa: E402
from app.inventory import service as inventory  # noqa: E402
from app.inventory.rules import StockLine  # noqa: E402
from app.inventory.states import MovementReason  # noqa: E402
from app.kernel import logs  # noqa: E402
from app.kernel.actor import ANONYMOUS, SYSTEM  # noqa: E402
from app.kernel.clock import utc_now  # noqa: E402
from app.kernel.db import Database, prepare_connection  # noqa: E402
from app.kernel.idempotency import key_for  # noqa: E402
from app.kernel.ids import CartId, IdKind, encode, new_id  # noqa: E402
from app.main import create_app, settle_memory  # noqa: E402
from app.payments.gateways.test import TestGateway  # noqa: E402
from bench import checkout_limit  # noqa: E402
from bench.checkout_limit import Wish  # noqa: E402
from bench.near_me import cpu_seconds  # noqa: E402
from bench.stock import own_database  # noqa: E402
from tests.builders import shop as shops  # noqa: E402
from tests.builders.credited import gift_card  # noqa: E402
from tests.builders.postgres import migrate  # noqa: E402
from tests.builders.shop import CHANNEL_ID, DELIVERY_OPTIONS, KEYS, LOCATIONS, PRICE_LIST_ID, Shop  # noqa: E402
from tests.builders.statements import StatementLog  # noqa: E402

#: As docs/storefront.md has it.
PAY = """
mutation Pay($input: CheckoutCompleteInput!) {
  checkoutComplete(input: $input) {
    order { id number token total { amount currency } }
    cart { version total { amount currency } reservedUntil }
    paymentAction { paymentId kind url clientSecret }
    errors {
      code
      message
      field
      ... on OutOfStockError { requested available variant { id sku } }
    }
  }
}
"""
KINDS = ("spread", "hot", "fifty lines", "gift card")
WAYS = ("HTTP", "service", "limit")
SKUS = 600
PRICE_MINOR, DELIVERY_MINOR, FREE_FROM_MINOR = 1_200, 499, 5_000
PLENTY = 1_000_000
GIFT = "900000.00"
#: PostgreSQL settles on a plan after five executions on each connection.
WARM_UP = 8
#: Orders of each client before each measurement.
AGAIN = 2
#: Orders that the shop has already when its connections are made. Plans that suit a shop without orders are given up
#: sooner or later, and until then each statement is planned anew for each order.
OPEN_ORDERS = 1_000
READY_SECONDS = 60
#: What a checkout writes to; rows of these are compared between the ways.
TABLES = (
    "checkout_attempts", "credit_accounts", "credit_entries", "fulfillment_order_lines", "fulfillment_orders",
    "idempotency_keys", "order_deliveries", "order_events", "order_lines", "orders", "outbox", "payment_transactions",
    "payments", "reservation_endings", "reservations", "routing_decisions", "state_changes", "test_gateway_operations",
)  # fmt: skip
#: And the rows that it changes.
TOUCHED = (*TABLES, "carts", "cart_lines", "cart_selections", "levels")

Buy = Callable[[Wish], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Spent:
    """What one round came to: CPU of the program and of PostgreSQL in milliseconds an order, and each order's time."""

    per_second: float
    program_ms: float
    database_ms: float
    latencies_ms: tuple[float, ...]

    @property
    def cpu_ms(self) -> float:
        """CPU of an order."""
        return self.program_ms + self.database_ms


@dataclass(frozen=True, slots=True)
class Counted:
    """How many statements one order took."""

    own: int
    stand_in: int
    words: int

    def __str__(self) -> str:
        """Write it for the table."""
        return f"{self.own} + {self.stand_in} + {self.words}"


@dataclass(frozen=True, slots=True)
class Goods:
    """What there is to be bought with: SKUs, and a gift card for each client."""

    variants: tuple[UUID, ...]
    codes: tuple[str, ...]


async def furnish(dsn: str, *, clients: int) -> Goods:
    """Open the shop of the tests, with more SKUs than it has, on the shelves of two locations."""
    await shops.furnish(dsn)
    variants = tuple(new_id() for _ in range(SKUS))
    database = Database(dsn, keys=KEYS, clock=utc_now)
    await database.connect()
    async with database.unit(SYSTEM) as uow:
        await uow.execute(
            "WITH given AS (SELECT * FROM unnest($1::uuid[]) WITH ORDINALITY AS given (id, number)), product AS ("
            " INSERT INTO products (id, slug, name, keywords, created_at, updated_at)"
            " SELECT id, 'mug-' || number, 'Mug ' || number, '', $2::timestamptz, $2 FROM given), variant AS ("
            " INSERT INTO variants (id, product_id, sku, name, position)"
            " SELECT id, id, 'SKU-' || number, 'Mug', 0 FROM given)"
            " INSERT INTO prices (price_list_id, variant_id, amount_minor) SELECT $3, id, $4 FROM given",
            [variants, uow.now, PRICE_LIST_ID, PRICE_MINOR],
        )
        lines = [StockLine(variant, LOCATIONS[at], PLENTY) for variant in variants for at in ("warehouse", "camden")]
        await inventory.set_levels(uow, lines=lines, reason=MovementReason.OPENING)
    shop = Shop(database)
    codes = [await (await gift_card(shop, GIFT)).code() for _ in range(clients)]
    await database.close()
    return Goods(variants, tuple(codes))


async def fill(connection: Any, goods: Goods, kind: str, count: int, *, clients: int, salt: int) -> list[Wish]:
    """Fill carts that lack nothing to be bought."""
    now = utc_now()
    carts = [new_id() for _ in range(count)]
    each = 50 if kind == "fifty lines" else 1
    lines = [
        (new_id(), cart, goods.variants[0 if kind == "hot" else (salt + i * 7 + n * 11) % SKUS])
        for i, cart in enumerate(carts)
        for n in range(each)
    ]
    await connection.execute(
        "INSERT INTO carts (id, channel_id, status, version, currency, email, shipping_address, promotion_codes, created_by,"
        " created_at, updated_at, expires_at)"
        " SELECT id, $2, 'ACTIVE', 3, 'GBP', 'guest@shop.test', $3, '{}', 'ANONYMOUS', $4::timestamptz, $4, $5"
        " FROM unnest($1::uuid[]) AS cart (id)",
        carts, CHANNEL_ID, shops.ADA_AT_HOME.to_json(), now, now + timedelta(days=90),
    )  # fmt: skip
    await connection.execute(
        "INSERT INTO cart_lines (id, cart_id, variant_id, quantity, delivery, created_at)"
        " SELECT id, cart_id, variant_id, 1, 'SHIPPING', $4"
        " FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS line (id, cart_id, variant_id)",
        *(list(column) for column in zip(*lines, strict=True)), now,
    )  # fmt: skip
    await connection.execute(
        "INSERT INTO cart_selections (cart_id, group_id, option_id)"
        " SELECT cart_id, group_id, $3 FROM unnest($1::uuid[], $2::uuid[]) AS chosen (cart_id, group_id)",
        carts, [group_id(cart, DeliveryMethod.SHIPPING, None) for cart in carts], DELIVERY_OPTIONS["standard"],
    )  # fmt: skip
    return [
        Wish(
            cart,
            f"checkoutComplete:guest:{encode(IdKind.CART, cart)}",
            str(new_id()),
            str(cart).encode(),
            goods.codes[i % clients] if kind == "gift card" else None,
        )
        for i, cart in enumerate(carts)
    ]


def total_of(kind: str) -> Decimal:
    """Say what a cart of a kind costs."""
    goods = PRICE_MINOR * (50 if kind == "fifty lines" else 1)
    return Decimal(goods + (0 if goods >= FREE_FROM_MINOR else DELIVERY_MINOR)).scaleb(-2)


def written(wish: Wish, total: Decimal) -> dict[str, object]:
    """Write the variables of the storefront's document."""
    paid = {"gateway": "test", "token": "tok_ok"} if wish.code is None else {"gateway": "gift_card", "token": wish.code}
    return {
        "input": {
            "cartId": encode(IdKind.CART, wish.cart_id),
            "token": KEYS.token("cart", wish.cart_id),
            "payments": [paid],
            "expectedTotal": str(total),
            "idempotencyKey": wish.key,
        }
    }


def check(answer: Any) -> None:
    """Refuse any answer but an order."""
    payload = None if answer.get("errors") else answer["data"]["checkoutComplete"]
    if payload is None or payload["errors"] or not payload["order"]["number"]:
        raise SystemExit(f"WRONG: {orjson.dumps(answer).decode()[:500]}")


class Storefront:
    """A shopper's connection to the server: HTTP as plain as it can be, so that what is measured is the server.

    Each has an address of its own, as shoppers have: wrong codes of gift cards are counted by it.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def at(cls, port: int, number: int) -> "Storefront":
        """Connect."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(f"127.0.0.{2 + number % 250}", 0))
        return cls(reader, writer)

    def close(self) -> None:
        """Hang up."""
        self._writer.close()

    async def buy(self, wish: Wish, *, total: Decimal) -> None:
        """Send the document, and check what comes back."""
        body = orjson.dumps({"query": PAY, "variables": written(wish, total)})
        self._writer.write(
            b"POST /graphql HTTP/1.1\r\nhost: shop.test\r\ncontent-type: application/json\r\n"
            b"accept: application/graphql-response+json\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
        )
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        check(orjson.loads(await self._reader.readexactly(length)))


async def by_service(wish: Wish, *, database: Database, gateway: TestGateway, total: Decimal) -> None:
    """Buy as the server does, without HTTP and GraphQL."""
    variables = written(wish, total)
    tender = Tender("test", "tok_ok", None) if wish.code is None else Tender("gift_card", wish.code, None)
    completed = await checkout.complete(
        database.begin(ANONYMOUS),
        {"test": gateway},
        CompleteCheckout(
            cart_id=CartId(wish.cart_id),
            token=KEYS.token("cart", wish.cart_id),
            version=None,
            tenders=(tender,),
            expected_total=total,
            key=key_for(wish.scope, wish.key, variables),
            origin=wish.code or "unknown",
        ),
    )
    if completed.order_id is None:
        raise SystemExit(f"WRONG: {completed}")


@asynccontextmanager
async def served(dsn: str, *, pool: int) -> AsyncIterator[tuple[int, int]]:
    """Run a server process, as it is run for shoppers; answers its port and its number."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        port = int(asked.getsockname()[1])
    environment = {**os.environ, "DATABASE_URL": dsn, "STOA_ENV": "development", "STOA_SECRET": shops.SECRET, "STOA_POOL_SIZE": str(pool)}  # fmt: skip
    process = subprocess.Popen(  # noqa: ASYNC220, S603  # Our own command; nothing else waits meanwhile.
        [sys.executable, "-m", "app.cli", "serve", "--port", str(port)],
        cwd=HOUSE,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        await _until_ready(f"http://127.0.0.1:{port}/health/ready")
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(30)


async def _until_ready(url: str) -> None:
    async with httpx2.AsyncClient(timeout=5, trust_env=False) as http:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx2.HTTPError):
                if (await http.get(url)).status_code == 200:
                    return
            await asyncio.sleep(0.1)
    raise SystemExit(f"{url} was not ready after {READY_SECONDS} s")


class Bench:
    """A shop with everybody who buys in it, each way on connections of its own."""

    def __init__(
        self, admin: Any, goods: Goods, buyers: Mapping[str, Sequence[Callable[..., Awaitable[object]]]],
        programs: Mapping[str, int], postmaster: int,
    ) -> None:  # fmt: skip
        self._admin, self._goods, self._buyers = admin, goods, buyers
        self._programs, self._postmaster = programs, postmaster
        self._clients, self._salt = len(buyers["limit"]), 0

    async def wishes(self, kind: str, count: int) -> list[Wish]:
        """Fill as many carts."""
        self._salt += count
        return await fill(self._admin, self._goods, kind, count, clients=self._clients, salt=self._salt)

    async def buy(self, way: str, kind: str, wishes: Sequence[Wish]) -> list[float]:
        """Let all clients buy at once; answers how long each cart took, in milliseconds."""
        total = total_of(kind)

        async def client(buy: Callable[..., Awaitable[object]], own: Sequence[Wish]) -> list[float]:
            took = []
            for wish in own:
                began = time.perf_counter()
                await (buy(wish) if way == "limit" else buy(wish, total=total))
                took.append((time.perf_counter() - began) * 1000)
            return took

        buyers = self._buyers[way]
        # Every client has carts of its own, and its own gift card.
        done = await asyncio.gather(*(client(buy, wishes[i :: len(buyers)]) for i, buy in enumerate(buyers)))
        return [latency for one in done for latency in one]

    async def measure(self, way: str, kind: str, orders: int) -> tuple[Spent, dict[str, int]]:
        """Buy carts by the clock; answers what that took, and how many rows it left behind in each table."""
        first, wishes = await self.wishes(kind, AGAIN * self._clients), await self.wishes(kind, orders)
        await tidy(self._admin)
        # Whose statistics have changed is planned anew, on every connection.
        await self.buy(way, kind, first)
        before = await self._rows()
        program, database = self._programs[way], self._postmaster
        cpu = cpu_seconds(program), cpu_seconds(database, with_children=True)
        began = time.perf_counter()
        latencies = await self.buy(way, kind, wishes)
        seconds = time.perf_counter() - began
        # What a server does after its last answer, such as its log, is part of the work.
        await asyncio.sleep(0.01)
        spent = cpu_seconds(program) - cpu[0], cpu_seconds(database, with_children=True) - cpu[1]
        after = await self._rows()
        own, shared = [used / orders * 1000 for used in spent]
        return Spent(orders / seconds, own, shared, tuple(latencies)), {t: after[t] - before[t] for t in TABLES}

    async def _rows(self) -> dict[str, int]:
        counts = ", ".join(f"(SELECT count(*) FROM {name})" for name in TABLES)
        return dict(zip(TABLES, await self._admin.fetchrow(f"SELECT {counts}"), strict=True))


async def tidy(admin: Any) -> None:
    """Let every way begin with tables that are alike: without what the last one left dead, and with statistics."""
    for name in TOUCHED:
        await admin.execute(f"VACUUM (ANALYZE) {name}")
    await admin.execute("CHECKPOINT")


async def count_statements(dsn: str, admin: Any, goods: Goods) -> dict[tuple[str, str], Counted]:
    """Count the statements of one order of each kind, each way, with this process as the server."""
    log = StatementLog()
    database = Database(dsn, keys=KEYS, clock=utc_now, on_statement=log)
    await database.connect()
    gateway = TestGateway(database, late=timedelta(seconds=60))
    app = create_app(shops.settings(dsn), database=database)
    connection = await bare(dsn)
    connection.add_query_logger(log)
    counted = {}
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://shop.test") as http,
    ):
        for kind in KINDS:
            total = total_of(kind)
            wishes = await fill(admin, goods, kind, 2 * len(WAYS), clients=1, salt=0)
            # The second of its kind: the first one finds documents unread and types unknown.
            for n, (way, wish) in enumerate(zip(WAYS * 2, wishes, strict=True)):
                async with log.counting() as sent:
                    if way == "HTTP":
                        answer = await http.post("/graphql", json={"query": PAY, "variables": written(wish, total)})
                        check(answer.json())
                    elif way == "service":
                        await by_service(wish, database=database, gateway=gateway, total=total)
                    else:
                        await checkout_limit.buy(connection, wish)
                if n >= len(WAYS):
                    stand_in = sum("INSERT INTO test_gateway_operations" in one for one in sent.statements)
                    counted[kind, way] = Counted(sent.count - stand_in, stand_in, len(sent.transactions))
    await connection.close()
    await database.close()
    return counted


async def bare(dsn: str) -> Any:
    """Connect as the house does, without it."""
    connection = await asyncpg.connect(dsn, server_settings={"jit": "off", "timezone": "UTC"})
    await prepare_connection(connection)
    return connection


async def broken(database: Database) -> str:
    """Ask whether every rule of the house holds, as `stoa audit` does."""
    found = [finding.invariant.name async for finding in audit(database) if finding.rows]
    return "; ".join(found) or "silent"


def table(measured: Mapping[tuple[str, str], Sequence[Spent]], statements: Mapping[tuple[str, str], Counted]) -> str:
    """Write a row for each way, with the median of its rounds, and its part of the limit's by CPU and by rate."""
    lines = [
        "| | | orders a second | CPU each, program + PostgreSQL | times the limit's CPU | of its rate | p50 / p95 | statements |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for (kind, way), rounds in measured.items():
        limit = measured[kind, "limit"]
        rate = statistics.median(spent.per_second for spent in rounds)
        program, database = (
            statistics.median(getattr(spent, name) for spent in rounds) for name in ("program_ms", "database_ms")
        )
        # Rounds of one turn are compared with each other, since they met the same weather.
        cpu = statistics.median(mine.cpu_ms / its.cpu_ms for mine, its in zip(rounds, limit, strict=True))
        share = statistics.median(mine.per_second / its.per_second for mine, its in zip(rounds, limit, strict=True))
        latencies = sorted(latency for spent in rounds for latency in spent.latencies_ms)
        middle, late = (latencies[int(len(latencies) * part)] for part in (0.5, 0.95))
        ratios = "| | |" if way == "limit" else f"| {cpu:.2f} | {share:.0%} |"
        lines.append(
            f"| {kind} | {way} | {rate:,.0f} | {program:.2f} + {database:.2f} ms {ratios}"
            f" {middle:.0f} / {late:.0f} ms | {statements[kind, way]} |"
        )
    return "\n".join(lines)


async def run(dsn: str, postmaster: int, asked: argparse.Namespace) -> int:
    """Measure every kind of cart, and print the table; answers 1 when something is wrong."""
    load, goods = os.getloadavg()[0], await furnish(dsn, clients=asked.clients)
    admin = await bare(dsn)
    statements = await count_statements(dsn, admin, goods)
    for wish in await fill(admin, goods, "spread", asked.open_orders, clients=1, salt=0):
        await checkout_limit.buy(admin, wish)
    await tidy(admin)
    database = Database(dsn, keys=KEYS, clock=utc_now, pool_size=asked.clients)
    await database.connect()
    gateway = TestGateway(database, late=timedelta(seconds=60))
    measured: dict[tuple[str, str], list[Spent]] = defaultdict(list)
    kinds, wrong = asked.only or KINDS, []
    async with served(dsn, pool=asked.clients) as (port, server):
        settle_memory()
        connections = [await bare(dsn) for _ in range(asked.clients)]
        storefronts = [await Storefront.at(port, n) for n in range(asked.clients)]
        bench = Bench(
            admin,
            goods,
            {
                "HTTP": [storefront.buy for storefront in storefronts],
                "service": [partial(by_service, database=database, gateway=gateway)] * asked.clients,
                "limit": [partial(checkout_limit.buy, connection) for connection in connections],
            },
            {"HTTP": server, "service": os.getpid(), "limit": os.getpid()},
            postmaster,
        )
        for kind in kinds:
            for way in WAYS:
                await bench.buy(way, kind, await bench.wishes(kind, asked.warm_up * asked.clients))
        for turn in range(asked.rounds):
            for kind in kinds:
                left = {}
                # Whoever is first in one round is last in another.
                for way in (*WAYS[turn % 3 :], *WAYS[: turn % 3]):
                    spent, left[way] = await bench.measure(way, kind, asked.orders)
                    measured[kind, way].append(spent)
                    print(
                        f"{turn + 1} {kind}, {way}: {spent.per_second:,.0f}/s, {spent.cpu_ms:.2f} ms", file=sys.stderr
                    )
                for way in WAYS:
                    wrong += [
                        f"{kind}: {way} left {left[way][name]} rows in {name}, the limit {left['limit'][name]}"
                        for name in TABLES
                        if left[way][name] != left["limit"][name]
                    ]
            rules = await broken(database)
            wrong += [f"audit: {rules}"] if rules != "silent" else []
        for storefront in storefronts:
            storefront.close()
    for connection in (admin, *connections):
        await connection.close()
    await database.close()
    shown = {(kind, way): measured[kind, way] for kind in kinds for way in WAYS}
    print(table(shown, statements))
    print(
        f"\n{asked.clients} clients, medians of {asked.rounds} rounds of {asked.orders} orders; load before {load:.1f},"
        f" after {os.getloadavg()[0]:.1f}; on {'the disk' if asked.disk else 'memory'}; audit: {rules}"
    )
    if asked.json:
        asked.json.write_text(
            json.dumps([[*key, [_plain(spent) for spent in rounds]] for key, rounds in shown.items()])
        )
    for problem in wrong[:10]:
        print(f"WRONG: {problem}", file=sys.stderr)
    return 1 if wrong else 0


def _plain(spent: Spent) -> dict[str, float]:
    return {"per_second": spent.per_second, "program_ms": spent.program_ms, "database_ms": spent.database_ms}


def main() -> int:
    """Measure, print the table, and leave with 1 when an answer, a row or a rule is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--clients", type=int, default=8, help="with a connection each")
    parser.add_argument("--orders", type=int, default=200, help="in each round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--open-orders", type=int, default=OPEN_ORDERS, help="that the shop has already")
    parser.add_argument("--warm-up", type=int, default=WARM_UP, help="orders of each client before the clock runs")
    parser.add_argument("--only", choices=KINDS, action="append")
    parser.add_argument("--disk", action="store_true", help="keep the database on the disk, and wait for it")
    parser.add_argument("--json", type=Path, help="write every round there as well")
    asked = parser.parse_args()
    logs.configure(as_json=True, level="error")
    with own_database(disk=asked.disk) as (dsn, postmaster):
        migrate(dsn)
        return uvloop.run(run(dsn, postmaster, asked))


if __name__ == "__main__":
    raise SystemExit(main())
