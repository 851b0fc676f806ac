"""`stoa reconcile` tells what differs, and leaves with a code that scripts can go by."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from app.cli import cli
from app.kernel.ids import IdKind, encode
from tests.builders.buyers import broken
from tests.builders.clock import OPENING
from tests.builders.paid import buy
from tests.builders.reported import Reports, report_of
from tests.builders.shop import SECRET, Shop

pytestmark = pytest.mark.anyio

AGREES, DIFFERS, OF_NO_USE = 0, 1, 2
THREE_MUGS = 4099
DAY = OPENING.date().isoformat()
LATER = (OPENING + timedelta(days=10)).date().isoformat()


@dataclass(frozen=True, slots=True)
class Left:
    """How a command left. `orderly` when it left by itself, and not by an exception that nobody caught."""

    exit_code: int
    output: str
    orderly: bool


async def reconcile(shop: Shop, *words: str | Path) -> Left:
    """Run the command beside the test's event loop, as a process would have one of its own."""

    def run() -> Left:
        environ = {"DATABASE_URL": shop.database.dsn, "STOA_ENV": "test", "STOA_SECRET": SECRET, "COLUMNS": "200"}
        result = CliRunner().invoke(cli, ["reconcile", *map(str, words)], env=environ)
        return Left(
            result.exit_code, result.output, result.exception is None or isinstance(result.exception, SystemExit)
        )

    return await asyncio.to_thread(run)


def written(path: Path, text: str) -> Path:
    """Write a report."""
    path.write_text(text)
    return path


@pytest.fixture
async def file(shop: Shop, tmp_path: Path) -> Path:
    """Buy three mugs that have left and are paid for, and write the true report."""
    order = await buy(shop)
    await order.ship(3)
    await order.settle()
    return written(tmp_path / "november.csv", await Reports(shop).gateway.settlement_report())


class TestReconcile:
    async def test_leaves_with_0_when_both_say_the_same(self, shop: Shop, file: Path) -> None:
        left = await reconcile(shop, file, "--gateway", "test")

        assert left.exit_code == AGREES, left.output
        assert "1 rows: 1 agree or differ from a step" in left.output
        assert "1 × 40.99 GBP" in left.output
        assert "nothing differs" in left.output

    async def test_leaves_with_1_and_tells_what_differs(self, shop: Shop, file: Path, tmp_path: Path) -> None:
        [line] = await Reports(shop).lines()
        strange = [line | {"key": "", "reference": f"strange {number}"} for number in range(3)]
        written(file, report_of([line | {"amount_minor": "4000"}, *strange]))
        report = tmp_path / "differences.jsonl"

        left = await reconcile(
            shop, file, "--gateway", "test", "--from", DAY, "--to", LATER, "--report", report, "--limit", "2"
        )

        assert (left.exit_code, left.orderly) == (DIFFERS, True)
        assert "AMOUNT_DIFFERS" in left.output
        assert "row 2, CAPTURE, ours 40.99 GBP, theirs 40.00 GBP" in left.output
        assert "strange 2" not in left.output
        listed = [orjson.loads(text) for text in report.read_bytes().splitlines()]
        assert [(one["kind"], one["row_number"], one["theirs_minor"]) for one in listed] == [
            ("AMOUNT_DIFFERS", 2, 4000),
            *(("MISSING_HERE", row, THREE_MUGS) for row in (3, 4, 5)),
        ]
        [order] = [encode(IdKind.ORDER, id_) for [id_] in await shop.fetch("SELECT id FROM orders")]
        assert (listed[0]["order_id"], listed[1]["order_id"]) == (order, None)
        assert listed[0]["transaction_id"].startswith("ptx_")
        assert order in left.output
        assert await broken(shop) == []

    async def test_tells_the_same_again(self, shop: Shop, file: Path) -> None:
        written(file, report_of([]))
        words = (file, "--gateway", "test", "--from", DAY, "--to", LATER)

        first, again = [await reconcile(shop, *words) for _ in range(2)]

        assert (first.exit_code, first.output) == (again.exit_code, again.output) == (DIFFERS, first.output)
        assert len(await shop.fetch("SELECT 1 FROM reconciliations")) == 1

    async def test_settles_what_the_report_proves_and_then_agrees(self, shop: Shop, tmp_path: Path) -> None:
        order = await buy(shop)
        await order.ship(3)
        order.gateway.answers_to_lose = 1
        await order.settle()
        file = written(tmp_path / "november.csv", await Reports(shop).gateway.settlement_report())

        before = await reconcile(shop, file, "--gateway", "test")
        applied = await reconcile(shop, file, "--gateway", "test", "--apply")
        after = await reconcile(shop, file, "--gateway", "test")

        assert [left.exit_code for left in (before, applied, after)] == [DIFFERS, AGREES, AGREES]
        assert "nobody has answered yet" in before.output
        assert "1 steps are settled now" in applied.output
        [tender] = await order.tenders()
        assert tender.captured_minor == THREE_MUGS
        assert await broken(shop) == []

    async def test_is_not_troubled_by_what_is_only_late(self, shop: Shop, file: Path) -> None:
        written(file, report_of([]))
        soon = (OPENING + timedelta(days=1)).date().isoformat()

        left = await reconcile(shop, file, "--gateway", "test", "--from", DAY, "--to", soon)

        assert left.exit_code == AGREES
        assert "LATE" in left.output

    async def test_leaves_with_2_when_nothing_can_be_compared(self, shop: Shop, file: Path, tmp_path: Path) -> None:
        binary, nonsense = tmp_path / "binary.csv", tmp_path / "nonsense.csv"
        binary.write_bytes(b"kind,at\n\xff\xfe\n")
        written(nonsense, "a,b\n1,2\n")
        attempts: list[tuple[str | Path, ...]] = [
            (tmp_path / "none.csv", "--gateway", "test"),
            (tmp_path, "--gateway", "test"),
            (file, "--gateway", "nobody"),
            (file, "--gateway", "test", "--from", "yesterday"),
            (file, "--gateway", "test", "--from", LATER, "--to", DAY),
            (file, "--gateway", "test", "--report", tmp_path / "none" / "report"),
            (binary, "--gateway", "test"),
            (nonsense, "--gateway", "test"),
            (file,),
        ]

        results = [await reconcile(shop, *attempt) for attempt in attempts]

        assert [result.exit_code for result in results] == [OF_NO_USE] * len(attempts)
        assert all(result.orderly for result in results)
        assert await shop.fetch("SELECT 1 FROM reconciliations") == []
