"""The first purchase of the README can be made as it is written, word for word."""

import asyncio
import re
from collections.abc import Mapping
from typing import Any

from app.audit import audit
from app.demo.journey import ShopWindow
from app.kernel.db import Database
from tests.builders.documents import README, Operation, filled, operations, section
from tests.builders.patience import PATIENCE_SECONDS
from tests.journeys.test_first_purchase import open_demo

FIRST_PURCHASE = "Your first purchase, by hand"
STEPS = 11
_KEEP = re.compile(r"`([\w.]+)`\s+as\s+`<([A-Z_]+)>`")


class Reader:
    """Does what the README says, and remembers what it says to keep."""

    def __init__(self, shop: ShopWindow) -> None:
        self._shop = shop
        self._kept: dict[str, str] = {}
        self._bearer: str | None = None

    async def do(self, step: Operation) -> Mapping[str, Any]:
        """Run one step; nothing in it may be refused."""
        answer = await self._shop.ask(step.text, bearer=self._bearer, **filled(step.variables, self._kept))
        for payload in answer.values():
            assert payload.get("errors", []) == [], step.text
        for path, name in _KEEP.findall(step.prose):
            self._kept[name] = str(at(answer, path))
        if step.headers:
            self._bearer = filled(step.headers, self._kept)["Authorization"].removeprefix("Bearer ")
        return answer


def at(answer: Any, path: str) -> Any:
    """Follow a path such as `products.nodes.0.id`."""
    for part in path.split("."):
        answer = answer[int(part)] if part.isdigit() else answer[part]
    return answer


async def test_the_first_purchase_can_be_made_by_hand(dsn: str, database: Database) -> None:
    steps = list(operations(section(README.read_text(encoding="utf-8"), FIRST_PURCHASE)))
    look = next(step for step in steps if "query SeeOrder" in step.text)

    async with open_demo(dsn, database) as shop:
        reader = Reader(shop)
        answers = [await reader.do(step) for step in steps]
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (order := (await reader.do(look))["order"])["paymentStatus"] != "CAPTURED":
                await asyncio.sleep(0.05)

    assert len(answers) == STEPS
    assert (order["status"], order["fulfillmentStatus"]) == ("FULFILLED", "FULFILLED")
    assert [finding.invariant.name async for finding in audit(database) if finding.rows] == []
