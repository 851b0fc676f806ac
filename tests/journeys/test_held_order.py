"""The held order of docs/payments.md can be made as it is written, word for word, behind the first steps of the README."""

import asyncio

from app.audit import audit
from app.kernel.db import Database
from tests.builders.documents import HOUSE, README, operations, section
from tests.builders.patience import PATIENCE_SECONDS
from tests.journeys.test_first_purchase import open_demo
from tests.journeys.test_readme import FIRST_PURCHASE, Reader

FILLING_A_CART = 4
STEPS = 5


async def test_a_held_order_can_be_made_by_hand(dsn: str, database: Database) -> None:
    filling = list(operations(section(README.read_text(encoding="utf-8"), FIRST_PURCHASE)))[:FILLING_A_CART]
    payments = (HOUSE / "docs" / "payments.md").read_text(encoding="utf-8")
    *leaving, look, release = operations(section(payments, "A held order, by hand"))

    async with open_demo(dsn, database) as shop:
        reader = Reader(shop)
        for step in [*filling, *leaving]:
            await reader.do(step)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (held := (await reader.do(look))["order"])["holds"]:
                await asyncio.sleep(0.05)
        released = (await reader.do(release))["orderHoldRelease"]["order"]

    assert len(leaving) + 2 == STEPS
    assert [hold["reason"] for hold in held["holds"]] == ["CAPTURE_FAILED"]
    assert held["nextActions"][-1] == "orderPaymentRetry"
    last = held["payments"][0]["transactions"][-1]
    assert (last["kind"], last["state"]) == ("CAPTURE", "FAILED")
    assert [hold["status"] for hold in released["holds"]] == ["RELEASED"]
    assert [finding.invariant.name async for finding in audit(database) if finding.rows] == []
