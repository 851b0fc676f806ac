"""`stoa invoices export` writes what the books are kept by."""

import asyncio
import csv
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.cli import cli
from app.kernel.ids import new_id
from app.payments.rules.sheets import pdf
from tests.builders.invoiced import tell
from tests.builders.paid import buy
from tests.builders.shop import Shop

pytestmark = pytest.mark.anyio

KEPT = Decimal("27.49")  # Two mugs and their delivery, less what a chip in the glaze took off.


async def stoa(dsn: str, *words: str | Path) -> Result:
    """Run the command beside the test's event loop, as a process would have one of its own."""
    named = ["invoices", "export", *map(str, words)]
    return await asyncio.to_thread(CliRunner().invoke, cli, named, env={"DATABASE_URL": dsn, "STOA_ENV": "test"})


async def sold(shop: Shop) -> None:
    """Have two invoices and a credit note written."""
    order = await buy(shop, mugs=2)
    for _ in range(2):
        await order.ship(1)
        await order.settle()
    await order.refund(150, cause=new_id())
    await tell(shop, order.gateways)


def journal_in(directory: Path) -> list[dict[str, str]]:
    """Read the journal that stands in a directory by itself."""
    [path] = directory.iterdir()
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


class TestExport:
    @pytest.mark.parametrize(("form", "begins"), [("pdf", b"%PDF"), ("html", b"<!doctype html>")])
    async def test_writes_each_document_and_a_journal_of_them(
        self, shop: Shop, dsn: str, tmp_path: Path, form: str, begins: bytes
    ) -> None:
        await sold(shop)
        target = tmp_path / "books" / "2026"

        result = await stoa(dsn, "--year", "2026", "--channel", "web", "--dir", target, "--form", form)

        assert (result.exit_code, "3 documents of 2026" in result.output) == (0, True)
        names = [f"WEB-2026-000001.{form}", f"WEB-2026-000002.{form}", f"WEB-2026-C000001.{form}"]
        assert sorted(path.name for path in target.iterdir()) == [*names, "journal-WEB-2026.csv"]
        assert all((target / name).read_bytes().startswith(begins) for name in names)

    async def test_keeps_a_journal_that_adds_up(self, shop: Shop, dsn: str, tmp_path: Path) -> None:
        await sold(shop)

        result = await stoa(dsn, "--year", "2026", "--dir", tmp_path, "--form", "none")

        assert result.exit_code == 0
        rows = journal_in(tmp_path)
        assert sum(Decimal(row["gross"]) for row in rows) == KEPT
        assert all(Decimal(row["net"]) + Decimal(row["tax_amount"]) == Decimal(row["gross"]) for row in rows)
        assert rows[0]["rate_percent"] == "20"
        assert (rows[-1]["kind"], rows[-1]["gross"]) == ("CREDIT_NOTE", "-1.50")
        assert rows[-1]["corrects"] == "WEB-2026-000001 WEB-2026-000002"

    async def test_writes_a_journal_of_nothing(self, shop: Shop, dsn: str, tmp_path: Path) -> None:
        result = await stoa(dsn, "--year", "2031", "--dir", tmp_path)

        assert (result.exit_code, "0 documents of 2031" in result.output) == (0, True)

    async def test_tells_what_cannot_be(
        self, shop: Shop, dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        nowhere = tmp_path / "file"
        nowhere.write_text("")

        unknown = await stoa(dsn, "--year", "2026", "--dir", tmp_path, "--channel", "moon")
        blocked = await stoa(dsn, "--year", "2026", "--dir", nowhere)
        # As where the extra is not installed.
        monkeypatch.setattr(pdf, "typst", None)
        without = await stoa(dsn, "--year", "2026", "--dir", tmp_path)

        assert [result.exit_code for result in (unknown, blocked, without)] == [1, 1, 1]
        assert "'moon' is not a channel" in unknown.output
        assert "cannot write there" in blocked.output
        assert "--form html writes pages" in without.output
