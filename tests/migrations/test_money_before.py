"""What had been captured before charges were written down is charged when they are, for what had left."""

import asyncio
from typing import Any

import pytest
from alembic import command

from tests.builders import postgres
from tests.builders.buyers import broken
from tests.builders.paid import Paid, buy
from tests.builders.returned import give_back
from tests.builders.shop import Shop

pytestmark = pytest.mark.anyio

MUG, DELIVERY = 1200, 499
BEFORE_CHARGES = "0005"


async def there_and_back(shop: Shop) -> None:
    """Take the shop back to when there were no charges, and forward again."""
    config = postgres.alembic_config(shop.database.dsn)
    await asyncio.to_thread(command.downgrade, config, BEFORE_CHARGES)
    await asyncio.to_thread(command.upgrade, config, "head")


async def charged(shop: Shop) -> list[tuple[int, list[Any]]]:
    """Read what is charged: amounts, with what they are for."""
    found = await shop.fetch("SELECT amount_minor, lines FROM charges ORDER BY id")
    return [
        (
            entry["amount_minor"],
            sorted((part["kind"], part["id"], part["units"], part["amount_minor"]) for part in entry["lines"]),
        )
        for entry in found
    ]


async def for_charges(shop: Shop) -> int:
    """Count the captures that are for a charge."""
    [[count]] = await shop.fetch(
        "SELECT count(*) FROM payment_transactions WHERE kind = 'CAPTURE' AND charge_id IS NOT NULL"
    )
    return int(count)


class TestMoneyBefore:
    async def test_of_what_had_left_is_one_charge(self, shop: Shop) -> None:
        order = await buy(shop)
        await order.ship(1)
        await order.settle()
        before = await charged(shop)

        await there_and_back(shop)

        assert await charged(shop) == before
        assert await for_charges(shop) == 1
        assert await broken(shop) == []

    async def test_of_several_shipments_is_one_charge_for_all(self, shop: Shop) -> None:
        order = await buy(shop, tokens=("tok_ok", "tok_ok"))
        await order.ship(1)
        await order.settle()
        await order.ship(2)

        await there_and_back(shop)

        line = await order.line("mug")
        [(amount, parts)] = await charged(shop)
        assert amount == 3 * MUG + DELIVERY
        assert ("LINE", str(line.id), 3, 3 * MUG) in parts
        assert await for_charges(shop) == 3
        assert await broken(shop) == []

    async def test_of_what_had_not_left_is_none(self, shop: Shop) -> None:
        order = await buy(shop)
        await order.cancel(1)

        await there_and_back(shop)

        assert await charged(shop) == []
        assert await broken(shop) == []

    async def test_that_had_been_given_back_is_credited(self, shop: Shop) -> None:
        order = await self.returned(shop)

        await there_and_back(shop)

        [refund] = await shop.fetch("SELECT amount_minor, lines FROM refunds")
        line = await order.line("mug")
        assert refund["amount_minor"] == MUG
        assert [(part["id"], part["units"], part["amount_minor"]) for part in refund["lines"]] == [
            (str(line.id), 1, MUG)
        ]
        assert await broken(shop) == []

    async def test_is_still_taken_and_given_back_afterwards(self, shop: Shop) -> None:
        order = await self.returned(shop)
        await there_and_back(shop)

        await order.ship(1)
        await order.settle()
        await order.cancel(1)
        await order.settle()

        [tender] = await order.tenders()
        assert (tender.captured_minor, tender.refunded_minor, tender.released_minor) == (2 * MUG + DELIVERY, MUG, MUG)
        assert await broken(shop) == []

    async def returned(self, shop: Shop) -> Paid:
        """Let one of three mugs leave and come back."""
        order = await buy(shop)
        await order.ship(1)
        await order.settle()
        await give_back(order, {"mug": 1})
        await order.settle()
        return order
