"""Replays a retailer's real baskets as carts and orders through the public API, several shoppers at once.

    python bench/replay.py --baskets 500 --shoppers 8
    python bench/replay.py --url http://127.0.0.1:8000 --baskets 200

Without --url it opens a shop of its own from ../shared/data/retail (or $STOA_RETAIL_DATA): a server process with its
worker over an embedded PostgreSQL, every product of sales.csv, every store of stores.json, stock in six of them. Baskets
are shipped, collected at a store, or both, in turn; the longest one is among them. Prints one table, and asks
`stoa audit` afterwards. CPU is what the operating system counted for the server and for PostgreSQL.
"""

import argparse
import asyncio
import contextlib
import csv
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2

from app.kernel import embedded

HOUSE = Path(__file__).parents[1]
RETAIL = Path(os.environ.get("STOA_RETAIL_DATA") or HOUSE.parent / "shared" / "data" / "retail")
#: The first one ships; the others hand out.
STOCKED_STORES = 6
UNITS_IN_THE_FIRST, UNITS_ELSEWHERE = 100_000, 2_000
ASKED_AT_ONCE = 40
MOST_LINES = 1_200
READY_SECONDS = 60
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  # What --not-durable is about.
ADDRESS = {"firstName": "Robin", "lastName": "Guest", "line1": "7 Imaginary Lane", "city": "London", "country": "GB"}

CART = "fragment cart on CartPayload { cart { id token total { amount } deliveryGroups { id options { id } } } errors { code } }"
CREATE = "mutation ($input: CartCreateInput!) { cartCreate(input: $input) { ...cart } }" + CART
UPDATE = "mutation ($input: CartUpdateInput!) { cartUpdate(input: $input) { ...cart } }" + CART
SELECT = "mutation ($input: CartDeliverySelectInput!) { cartDeliverySelect(input: $input) { ...cart } }" + CART
CHECKOUT = """
mutation ($input: CheckoutCompleteInput!) {
  checkoutComplete(input: $input) { order { number lines { id } fulfillmentOrders { id } } errors { code } }
}
"""
STORES = """
query ($after: String) { stores(first: 100, after: $after) { nodes { id code pickupEnabled } pageInfo { hasNextPage endCursor } } }
"""


@dataclass(frozen=True, slots=True)
class Basket:
    """What somebody bought together, by SKU, each once."""

    skus: tuple[str, ...]


@dataclass(slots=True)
class Tally:
    """What became of the baskets."""

    orders: int = 0
    lines: int = 0
    works: int = 0
    calls: int = 0
    longest_ordered: int = 0
    longest_seconds: float = 0.0
    refusals: Counter[str] = field(default_factory=Counter)
    checkout_seconds: list[float] = field(default_factory=list)
    basket_seconds: list[float] = field(default_factory=list)


class Refused(Exception):
    """The shop refused a call with a code."""


class Shopper:
    """Buys baskets, one after the other."""

    def __init__(
        self, client: httpx2.AsyncClient, variants: Mapping[str, str], stores: Sequence[str], tally: Tally
    ) -> None:
        self._client = client
        self._variants = variants
        self._stores = stores
        self._tally = tally

    async def buy(self, basket: Basket, *, number: int) -> None:
        """Turn a basket into an order: shipped, collected, or both, by its number."""
        lines = self._lines(basket, number)
        if not lines:
            self._tally.refusals["nothing of it is sold"] += 1
            return
        began = time.perf_counter()
        try:
            order = await self._order(lines)
        except Refused as refused:
            self._tally.refusals[str(refused)] += 1
            return
        seconds = time.perf_counter() - began
        tally = self._tally
        tally.orders += 1
        tally.lines += len(order["lines"])
        tally.works += len(order["fulfillmentOrders"])
        tally.basket_seconds.append(seconds)
        if len(order["lines"]) > tally.longest_ordered:
            tally.longest_ordered, tally.longest_seconds = len(order["lines"]), seconds

    async def _order(self, lines: list[dict[str, object]]) -> Mapping[str, Any]:
        cart = (await self._call("cartCreate", CREATE, {"email": "robin@example.com", "lines": lines}))["cart"]
        proof = {"cartId": cart["id"], "token": cart["token"]}
        cart = (await self._call("cartUpdate", UPDATE, {**proof, "shippingAddress": ADDRESS}))["cart"]
        if not all(group["options"] for group in cart["deliveryGroups"]):
            raise Refused("no way of delivery")
        selections = [
            {"groupId": group["id"], "optionId": group["options"][0]["id"]} for group in cart["deliveryGroups"]
        ]
        cart = (await self._call("cartDeliverySelect", SELECT, {**proof, "selections": selections}))["cart"]
        wanted = {
            **proof,
            "payments": [{"gateway": "test", "token": "tok_ok"}],
            "expectedTotal": cart["total"]["amount"],
            "idempotencyKey": str(uuid4()),
        }
        began = time.perf_counter()
        order: Mapping[str, Any] = (await self._call("checkoutComplete", CHECKOUT, wanted))["order"]
        self._tally.checkout_seconds.append(time.perf_counter() - began)
        if order is None:
            raise Refused("an answer without an order")
        return order

    async def _call(self, name: str, document: str, wanted: Mapping[str, object]) -> Mapping[str, Any]:
        self._tally.calls += 1
        answer = (await self._client.post("/graphql", json={"query": document, "variables": {"input": wanted}})).json()
        if answer.get("errors"):
            error = answer["errors"][0]
            raise Refused(f"{name}: {error.get('extensions', {}).get('code', 'ERROR')} {error['message'][:60]}")
        payload: Mapping[str, Any] = answer["data"][name]
        if payload["errors"]:
            raise Refused(f"{name}: {payload['errors'][0]['code']}")
        return payload

    def _lines(self, basket: Basket, number: int) -> list[dict[str, object]]:
        store = self._stores[number % len(self._stores)] if self._stores else None
        lines: list[dict[str, object]] = []
        for place, sku in enumerate(basket.skus[:MOST_LINES]):
            if sku not in self._variants:
                continue
            line: dict[str, object] = {"variantId": self._variants[sku], "quantity": 1}
            kind = number % 3
            if store is not None and (kind == 1 or (kind == 2 and place % 2)):
                line |= {"delivery": "PICKUP", "storeId": store}
            lines.append(line)
        return lines


@dataclass(frozen=True, slots=True)
class Served:
    """A shop that was opened for the replay."""

    url: str
    dsn: str
    server: int
    postmaster: int


@contextlib.contextmanager
def own_shop(*, durable: bool) -> Iterator[Served]:
    """Open a shop with the retailer's data, and close it again."""
    memory = None if durable or not SHARED_MEMORY.is_dir() else SHARED_MEMORY
    with tempfile.TemporaryDirectory(prefix="stoa-replay-", dir=memory) as parent:
        # Others may pass through, for a server that runs as somebody else.
        Path(parent).chmod(0o755)
        server = embedded.start(Path(parent) / "postgres", durable=durable)
        environment = {**os.environ, "DATABASE_URL": server.dsn, "STOA_LOG_LEVEL": "error", "STOA_ENV": "development"}
        process: subprocess.Popen[bytes] | None = None
        try:
            began = time.perf_counter()
            _stoa(
                environment,
                "import",
                "products",
                RETAIL / "sales.csv",
                "--currency",
                "GBP",
                "--ignore-case",
                "--skip-services",
            )
            _stoa(environment, "import", "stores", RETAIL / "stores.json", "--map", "country='US'", "--ships")
            _stoa(environment, "import", "stock", _stock_file(Path(parent)), "--ignore-case")
            print(f"imported in {time.perf_counter() - began:.1f} s", file=sys.stderr)
            port = _free_port()
            process = subprocess.Popen(  # noqa: S603  # Our own command.
                [sys.executable, "-m", "app.cli", "serve", "--port", str(port), "--with-worker"],
                cwd=HOUSE,
                env=environment,
                stdout=subprocess.DEVNULL,
            )
            url = f"http://127.0.0.1:{port}"
            _wait_until_ready(url)
            postmaster = int((server.data_dir / "postmaster.pid").read_text().splitlines()[0])
            yield Served(url, server.dsn, process.pid, postmaster)
        finally:
            if process is not None:
                process.terminate()
                process.wait(30)
            embedded.stop(server.data_dir, immediately=True)


def baskets(count: int, *, longest: bool, seed: int) -> list[Basket]:
    """Choose baskets at random, the same ones every time, and the longest one besides."""
    with (RETAIL / "baskets.csv").open(newline="") as lines:
        # A code that stands twice in a basket is one line of it.
        every = [
            Basket(tuple(dict.fromkeys(code.strip().upper() for code in row if code.strip())))
            for row in csv.reader(lines)
        ]
    chosen = random.Random(seed).sample(every, min(count, len(every)))
    if longest and chosen:
        # In the middle, where the others are under way.
        chosen[len(chosen) // 2] = max(every, key=lambda basket: len(basket.skus))
    return chosen


async def replay(url: str, chosen: Sequence[Basket], *, shoppers: int) -> tuple[Tally, float]:
    """Let shoppers buy the baskets; answers what became of them, and the seconds it took."""
    limits = httpx2.Limits(max_connections=shoppers + 4)
    async with httpx2.AsyncClient(base_url=url, timeout=120, trust_env=False, limits=limits) as client:
        variants = await _variants(client, sorted({sku for basket in chosen for sku in basket.skus}))
        stores = await _stores(client, set(_stocked_codes()))
        tally, queue = Tally(), iter(enumerate(chosen))

        async def shop() -> None:
            shopper = Shopper(client, variants, stores, tally)
            for number, basket in queue:
                await shopper.buy(basket, number=number)

        began = time.perf_counter()
        await asyncio.gather(*(shop() for _ in range(shoppers)))
        return tally, time.perf_counter() - began


async def _variants(client: httpx2.AsyncClient, skus: Sequence[str]) -> dict[str, str]:
    """Find the variants of these SKUs that are sold."""
    found: dict[str, str] = {}
    for first in range(0, len(skus), ASKED_AT_ONCE):
        chunk = skus[first : first + ASKED_AT_ONCE]
        declared = ", ".join(f"$s{n}: String" for n in range(len(chunk)))
        asked = " ".join(f"v{n}: variant(sku: $s{n}) {{ id price {{ amount }} }}" for n in range(len(chunk)))
        variables = {f"s{n}": sku for n, sku in enumerate(chunk)}
        answer = (
            await client.post("/graphql", json={"query": f"query ({declared}) {{ {asked} }}", "variables": variables})
        ).json()
        for n, sku in enumerate(chunk):
            variant = answer["data"][f"v{n}"]
            if variant is not None and variant["price"] is not None:
                found[sku] = variant["id"]
    return found


async def _stores(client: httpx2.AsyncClient, codes: set[str]) -> list[str]:
    """Find the stores with these codes, page by page; where there are none of them, any that hand out."""
    of_codes: list[str] = []
    any_others: list[str] = []
    after: str | None = None
    while True:
        answer = (await client.post("/graphql", json={"query": STORES, "variables": {"after": after}})).json()
        page = answer["data"]["stores"]
        of_codes.extend(node["id"] for node in page["nodes"] if node["code"] in codes)
        any_others.extend(node["id"] for node in page["nodes"] if node["pickupEnabled"])
        if not page["pageInfo"]["hasNextPage"]:
            return of_codes or any_others
        after = page["pageInfo"]["endCursor"]


def _stocked_codes() -> list[str]:
    """Choose the stores that hold stock: the first ones of the file."""
    return [str(store["id"]) for store in json.loads((RETAIL / "stores.json").read_text())[:STOCKED_STORES]]


def _stock_file(directory: Path) -> Path:
    """Write down how much of every SKU that is sold lies in the stocked stores."""
    with (RETAIL / "sales.csv").open(newline="") as lines:
        skus = sorted({row["StockCode"].strip().upper() for row in csv.DictReader(lines)})
    path = directory / "stock.csv"
    with path.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(("sku", "location", "quantity"))
        for place, code in enumerate(_stocked_codes()):
            writer.writerows((sku, code, UNITS_ELSEWHERE if place else UNITS_IN_THE_FIRST) for sku in skus)
    return path


def _stoa(environment: Mapping[str, str], *words: str | Path) -> None:
    """Run a command; one that refuses some rows has done its work."""
    done = subprocess.run(  # noqa: S603  # Our own command.
        [sys.executable, "-m", "app.cli", *map(str, words)],
        cwd=HOUSE,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in {0, 1}:
        raise SystemExit(f"stoa {' '.join(map(str, words))} failed:\n{done.stderr}")


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


def _wait_until_ready(url: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx2.HTTPError):
            if httpx2.get(f"{url}/health/ready", timeout=5, trust_env=False).status_code == 200:
                return
        time.sleep(0.1)
    raise SystemExit(f"{url} was not ready after {READY_SECONDS} s")


def cpu_seconds(pid: int, *, with_children: bool) -> float:
    """Ask the operating system how much CPU a process has used, and with it its children, ended ones too."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        used = sum(int(fields[n]) for n in ((11, 12, 13, 14) if with_children else (11, 12)))
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split() if with_children else []
    except OSError:
        return 0.0
    return used / os.sysconf("SC_CLK_TCK") + sum(cpu_seconds(int(child), with_children=True) for child in children)


def table(
    tally: Tally,
    seconds: float,
    *,
    baskets_count: int,
    shoppers: int,
    server_cpu: float,
    database_cpu: float,
    audit: str,
) -> str:
    """Write the one table."""

    def percentile(values: Sequence[float], share: float) -> str:
        return "-" if not values else f"{sorted(values)[min(len(values) - 1, int(len(values) * share))] * 1000:,.0f} ms"

    per_order = 1000 / max(1, tally.orders)
    rows = [
        ("baskets, shoppers at once", f"{baskets_count:,}, {shoppers}"),
        ("orders, lines, fulfillment orders", f"{tally.orders:,}, {tally.lines:,}, {tally.works:,}"),
        ("seconds", f"{seconds:,.1f}"),
        ("orders a second", f"{tally.orders / seconds:,.1f}"),
        ("lines a second", f"{tally.lines / seconds:,.0f}"),
        ("calls a second", f"{tally.calls / seconds:,.0f}"),
        (
            "checkoutComplete, median and 95 %",
            f"{percentile(tally.checkout_seconds, 0.5)}, {percentile(tally.checkout_seconds, 0.95)}",
        ),
        (
            "whole basket, median and 95 %",
            f"{percentile(tally.basket_seconds, 0.5)}, {percentile(tally.basket_seconds, 0.95)}",
        ),
        ("longest order", f"{tally.longest_ordered:,} lines in {tally.longest_seconds:,.1f} s"),
        (
            "CPU an order, server · PostgreSQL",
            f"{server_cpu * per_order:,.1f} ms · {database_cpu * per_order:,.1f} ms" if server_cpu else "-",
        ),
        *((f"refused: {reason}", f"{count:,}") for reason, count in tally.refusals.most_common()),
        ("stoa audit", audit),
    ]
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"| {name:<{width}} | {value} |" for name, value in rows)


def _audit(dsn: str | None) -> str:
    if dsn is None:
        return "not asked: set DATABASE_URL to the server's"
    environment = {**os.environ, "DATABASE_URL": dsn, "STOA_LOG_LEVEL": "error"}
    done = subprocess.run(  # Our own command.
        [sys.executable, "-m", "app.cli", "audit"],
        cwd=HOUSE,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return (done.stdout or done.stderr).strip().splitlines()[-1]


def main() -> int:
    """Replay, print the table, and leave with 1 when a rule is broken or nothing could be bought."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--baskets", type=int, default=500)
    parser.add_argument("--shoppers", type=int, default=8)
    parser.add_argument("--url", help="a running server with the retailer's products; else one is started")
    parser.add_argument("--seed", type=int, default=20261121)
    parser.add_argument("--no-longest", action="store_true", help="leave the longest basket out")
    parser.add_argument("--not-durable", action="store_true", help="keep the database in memory, without fsync")
    asked = parser.parse_args()
    if not RETAIL.exists():
        raise SystemExit(f"the retail data is not at {RETAIL}; set STOA_RETAIL_DATA to where it is")
    chosen = baskets(asked.baskets, longest=not asked.no_longest, seed=asked.seed)
    with contextlib.ExitStack() as stack:
        served = None if asked.url else stack.enter_context(own_shop(durable=not asked.not_durable))
        before = _cpu(served)
        tally, seconds = asyncio.run(
            replay(asked.url or (served.url if served else ""), chosen, shoppers=asked.shoppers)
        )
        after = _cpu(served)
        audit = _audit(served.dsn if served else os.environ.get("DATABASE_URL"))
    print(
        table(
            tally, seconds, baskets_count=len(chosen), shoppers=asked.shoppers, server_cpu=after[0] - before[0],
            database_cpu=after[1] - before[1], audit=audit,
        )
    )  # fmt: skip
    return 0 if tally.orders and "BROKEN" not in audit else 1


def _cpu(served: Served | None) -> tuple[float, float]:
    if served is None:
        return 0.0, 0.0
    return cpu_seconds(served.server, with_children=False), cpu_seconds(served.postmaster, with_children=True)


if __name__ == "__main__":
    raise SystemExit(main())
