"""Settlement reports as the test gateway writes them, changed on purpose, and what comes of comparing them."""

import csv
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from io import StringIO

from app.kernel.paging import PageRequest
from app.payments.gateway import Gateways
from app.payments.gateways.test import TestGateway
from app.payments.queries import reconciled
from app.payments.rules.reconciling import Difference, Reconciliation, Report
from app.payments.service import reconciling
from tests.builders.shop import Shop

HEADER = ("kind", "at", "amount_minor", "currency", "fee_minor", "key", "reference", "authorization")
Line = dict[str, str]
_ALL = PageRequest(size=10_000)


def lines_of(report: str) -> list[Line]:
    """Read a report's lines."""
    return list(csv.DictReader(StringIO(report)))


def report_of(lines: Sequence[Mapping[str, object]]) -> str:
    """Write a report."""
    text = StringIO()
    writer = csv.DictWriter(text, HEADER)
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


class Reports:
    """What the test gateway settled for a shop, and the runs that compare it."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.gateway = TestGateway(shop.database)
        self.gateways: Gateways = {"test": self.gateway}

    async def lines(self) -> list[Line]:
        """Read what the gateway settled."""
        return lines_of(await self.gateway.settlement_report())

    async def reconcile(
        self,
        report: str | Sequence[Mapping[str, object]] | None = None,
        *,
        asked_from: datetime | None = None,
        asked_to: datetime | None = None,
        name: str | None = "report.csv",
        by: str = "operator",
        gateway: str = "test",
        rows_at_once: int = 3,
        listener: Callable[[int], None] | None = None,
    ) -> Reconciliation:
        """Compare a report with the ledger; the gateway's true one when none is given."""
        text = report_of(await self.lines() if report is None else report) if not isinstance(report, str) else report
        return await self.shop.begin(by).run(
            lambda uow: reconciling.reconcile(
                uow,
                self.gateways,
                Report.of_text(text, name=name),
                gateway=gateway,
                asked_from=asked_from,
                asked_to=asked_to,
                rows_at_once=rows_at_once,
                listener=listener,
            )
        )

    async def apply(self, run: Reconciliation, *, by: str = "operator") -> int:
        """Settle what the report proves to be settled."""
        return await reconciling.apply(self.shop.begin(by), self.gateways, reconciliation_id=run.id)

    async def differences(self, run: Reconciliation) -> list[Difference]:
        """List what differs."""
        async with self.shop.database.read() as session:
            return await reconciled.list_differences(session, reconciliation_id=run.id, kind=None, request=_ALL)

    async def kinds(self, run: Reconciliation) -> dict[str, int]:
        """Count what differs, by kind."""
        return dict(Counter(difference.kind.value for difference in await self.differences(run)))

    async def again(self, run: Reconciliation) -> Reconciliation:
        """Read a run anew."""
        async with self.shop.database.read() as session:
            [found] = await reconciled.list_reconciliations(session, reconciliation_ids=[run.id])
        return found
