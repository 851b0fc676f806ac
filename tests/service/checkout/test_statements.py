"""How many statements a checkout sends: few for one line, and no more for fifty."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

import pytest

from app.cart import service as carts
from app.cart.rules import AddLine, Cart
from app.checkout.rules import Tender
from app.checkout.service import CompleteCheckout
from app.kernel.db import UnitOfWork
from tests.builders.buyers import Buyer, broken
from tests.builders.credited import gift_card
from tests.builders.shop import VARIANTS, Shop
from tests.builders.statements import Sent

pytestmark = pytest.mark.anyio

Counting = Callable[[], AbstractAsyncContextManager[Sent]]
#: What stands for the payment service writes down by itself what it was asked.
FOREIGN = "test_gateway_operations"
#: Those of the service included. What a well-known peer sends is 130.
FEW = 10
#: With a gift card, whose code is looked up first.
FEW_WITH_A_CODE = 13
#: How often PostgreSQL plans a statement for its values before it may settle on one plan for all.
PLANNED_ANEW = 5
#: Variants and how many lines of each, one unit a line: the shop has so many.
FIFTY = {"mug": 10, "tee-s": 14, "tee-m": 14, "tee-l": 12}


async def of_many_lines(buyer: Buyer, lines: Mapping[str, int]) -> Cart:
    """Fill a cart with lines that differ in their notes."""
    cart = await buyer.cart({"lamp": 1})
    added = [AddLine(VARIANTS[sku], 1, note=f"the {n}th") for sku, count in lines.items() for n in range(count)]

    async def add(uow: UnitOfWork) -> Cart:
        return await carts.add_lines(uow, cart_id=cart.id, token=buyer.token(cart.id), version=None, lines=added)

    return await buyer.begin.run(add)


async def sent_for(buyer: Buyer, cart: Cart, statements: Counting) -> Sent:
    """Buy a cart, and keep what was sent meanwhile."""
    request = await buyer.request(cart)
    async with statements() as sent:
        done = await buyer.send(request)
    assert done.order_id is not None
    return sent


def paid_with(request: CompleteCheckout, code: str) -> CompleteCheckout:
    """Pay with a gift card instead."""
    return replace(request, tenders=(Tender("gift_card", code, None),))


class TestCheckout:
    async def test_of_one_line_sends_few_statements_in_two_transactions(self, shop: Shop, statements: Counting) -> None:
        buyer = Buyer(shop)

        sent = await sent_for(buyer, await buyer.cart({"mug": 1}), statements)

        assert sent.count <= FEW, "\n".join(" ".join(one.split())[:100] for one in sent.statements)
        assert [word for word in sent.transactions if word.startswith("BEGIN")] == ["BEGIN;"] * 2
        assert sum(FOREIGN in one for one in sent.statements) == 1

    async def test_of_fifty_lines_sends_no_more_for_each(self, shop: Shop, statements: Counting) -> None:
        buyer = Buyer(shop)
        few = await of_many_lines(buyer, {"mug": 2, "tee-s": 2})
        many = await of_many_lines(
            buyer, {sku: count - 2 if sku in {"mug", "tee-s"} else count for sku, count in FIFTY.items()}
        )

        of_few = await sent_for(buyer, few, statements)
        of_many = await sent_for(buyer, many, statements)

        assert of_many.count == of_few.count
        assert await broken(shop) == []

    async def test_that_asks_nobody_is_one_transaction(self, shop: Shop, statements: Counting) -> None:
        buyer, card = Buyer(shop), await gift_card(shop, "100.00")
        cart = await buyer.cart({"mug": 1})
        request = await buyer.request(cart)
        code = await card.code()

        async with statements() as sent:
            done = await buyer.send(paid_with(request, code))

        assert done.order_id is not None
        # The code is looked up apart, so that wrong ones stay counted.
        assert [word for word in sent.transactions if word.startswith("BEGIN")] == ["BEGIN;"] * 2
        assert sent.count <= FEW_WITH_A_CODE, "\n".join(" ".join(one.split())[:100] for one in sent.statements)
        assert await broken(shop) == []


class TestStatements:
    async def test_are_planned_once_and_not_for_each_order(self, shop: Shop, statements: Counting) -> None:
        buyer = Buyer(shop)

        for _ in range(PLANNED_ANEW + 3):
            sent = await sent_for(buyer, await buyer.cart({"mug": 1}), statements)

        planned = await shop.fetch(
            "SELECT statement, custom_plans FROM pg_prepared_statements WHERE statement = ANY($1)", sent.statements
        )
        assert len(planned) == len(set(sent.statements))
        assert [row["statement"] for row in planned if row["custom_plans"] > PLANNED_ANEW] == []
