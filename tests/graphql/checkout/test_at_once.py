"""One cart, bought thirty times at once: one order, and everybody is told the truth."""

import asyncio
from collections import Counter

import pytest

from tests.builders.buyers import broken
from tests.builders.client import Client
from tests.builders.credited import gift_card
from tests.builders.patience import PATIENCE_SECONDS
from tests.builders.paying import CARD, Basket, Front, gift
from tests.builders.shop import Shop

pytestmark = pytest.mark.anyio

TIMES = 30
#: What somebody hears who is too late: the cart is being paid for, was bought, or is asked for by too many at once.
TOO_LATE = {"PAYMENT_PENDING", "ILLEGAL_TRANSITION", "BUSY"}


async def the_one_order(front: Front) -> str:
    """Look for the only order there is, whose money was held once."""
    [order] = await front.shop.fetch("SELECT number FROM orders")
    assert await front.at_the_provider() == {"AUTHORIZATION": 1699}
    assert await front.shop.available("mug") == front.shop.opening_stock("mug") - 1
    assert await broken(front.shop) == []
    return str(order["number"])


class TestCheckoutComplete:
    async def test_with_one_key_answers_everybody_the_same_order(self, client: Client, shop: Shop) -> None:
        front = Front(client, shop)
        basket = await front.basket({"mug": 1})

        async with asyncio.timeout(PATIENCE_SECONDS):
            answers = await asyncio.gather(*(front.answer(basket, CARD) for _ in range(TIMES)))
            # Whoever heard that it is under way, or that too many ask, sends the same call again, as they are told to.
            answers = [one if one["order"] else await front.answer(basket, CARD) for one in answers]

        number = await the_one_order(front)
        assert [one["errors"] for one in answers] == [[]] * TIMES
        assert {one["order"]["number"] for one in answers} == {number}

    async def test_with_thirty_keys_answers_one_the_order_and_the_others_that_they_are_late(
        self, client: Client, shop: Shop
    ) -> None:
        front = Front(client, shop)
        basket = await front.basket({"mug": 1})
        keys = [f"key {i}" for i in range(TIMES)]

        async with asyncio.timeout(PATIENCE_SECONDS):
            answers = await asyncio.gather(*(front.answer(basket, CARD, key=key) for key in keys))
        later = [await front.answer(basket, CARD, key=key) for key in keys]

        number = await the_one_order(front)
        assert [one["order"]["number"] for one in answers if one["order"]] == [number]
        assert {error["code"] for one in answers for error in one["errors"]} <= TOO_LATE
        assert Counter(one["order"]["number"] if one["order"] else one["errors"][0]["code"] for one in later) == {
            number: 1, "ILLEGAL_TRANSITION": TIMES - 1,
        }  # fmt: skip
        assert {one["cart"]["status"] for one in later if one["cart"]} == {"ORDERED"}

    async def test_from_two_devices_buys_once(self, client: Client, shop: Shop) -> None:
        front = Front(client, shop)
        basket = await front.basket({"mug": 1}, by="ada")
        devices = [Basket(basket.key, None, basket.total, "ada"), basket]

        async with asyncio.timeout(PATIENCE_SECONDS):
            answers = await asyncio.gather(
                *(
                    front.answer(device, CARD, key=f"{name} {attempt % 3}")
                    for name, device in zip(("phone", "laptop"), devices, strict=True)
                    for attempt in range(TIMES // 2)
                )
            )

        number = await the_one_order(front)
        assert {one["order"]["number"] for one in answers if one["order"]} == {number}
        assert {error["code"] for one in answers for error in one["errors"]} <= TOO_LATE

    async def test_of_many_carts_with_one_gift_card_spends_it_once(self, client: Client, shop: Shop) -> None:
        front, gifted = Front(client, shop), await gift_card(shop, "16.99")
        code = await gifted.code()
        baskets = [await front.basket({"mug": 1}) for _ in range(6)]

        async with asyncio.timeout(PATIENCE_SECONDS):
            answers = await asyncio.gather(*(front.answer(basket, gift(code, "16.99")) for basket in baskets))

        assert sum(one["order"] is not None for one in answers) == 1
        lost = [(error["code"], error["field"][0]) for one in answers for error in one["errors"]]
        assert lost == [("PAYMENT_DECLINED", "payments")] * (len(baskets) - 1)
        assert await gifted.balance() == (1699, 1699)
        assert await broken(shop) == []
