"""What changed between the shopper's last look and the purchase: the price, the goods, the delivery."""

import pytest

from app.kernel.actor import SYSTEM
from app.kernel.ids import IdKind, encode
from app.pricing.rules import PriceInput
from app.pricing.service import put_prices
from tests.builders.buyers import broken
from tests.builders.client import Client, Json
from tests.builders.paying import CARD, Basket, Front
from tests.builders.shop import DELIVERY_OPTIONS, Shop, fixed_id

pytestmark = pytest.mark.anyio

WITHDRAW = "UPDATE delivery_options SET countries = '{IE}' WHERE id = $1"


async def write(shop: Shop, sql: str, *args: object) -> None:
    async with shop.database.unit(SYSTEM) as uow:
        await uow.execute(sql, args)


async def untouched(front: Front, basket: Basket, before: Json) -> bool:
    """Say whether the cart has the lines that it had, and nothing was asked, held or sold."""
    now = await front.cart(basket)
    there = await front.shop.fetch("SELECT 1 FROM checkout_attempts UNION ALL SELECT 1 FROM idempotency_keys")
    same = [(line["id"], line["quantity"]) for line in now["lines"]] == [
        (line["id"], line["quantity"]) for line in before["lines"]
    ]
    return same and now["version"] == before["version"] and there == [] and await broken(front.shop) == []


class TestPriceChanged:
    async def test_says_what_it_costs_now_beside_what_was_seen(self, client: Client, shop: Shop) -> None:
        front = Front(client, shop)
        basket = await front.basket({"mug": 1})
        before = await front.cart(basket)
        await shop.begin().run(lambda uow: put_prices(uow, price_list="retail", prices=[PriceInput("mug", 1301)]))

        payload = await front.answer(basket, CARD)

        [error] = payload["errors"]
        assert (error["__typename"], error["code"], error["field"]) == (
            "PriceChangedError", "PRICE_CHANGED", ["expectedTotal"],
        )  # fmt: skip
        assert (error["total"], error["expected"], error["unsoldLineIds"]) == (
            {"amount": "18.00", "currency": "GBP"}, {"amount": "16.99"}, [],
        )  # fmt: skip
        assert payload["cart"]["total"]["amount"] == "18.00"
        assert await untouched(front, basket, before)
        assert await front.at_the_provider() == {}

    async def test_lets_the_shopper_who_agrees_buy_with_the_new_total(self, client: Client, shop: Shop) -> None:
        front = Front(client, shop)
        basket = await front.basket({"mug": 1})
        await shop.begin().run(lambda uow: put_prices(uow, price_list="retail", prices=[PriceInput("mug", 1301)]))
        error = await front.refused(basket, CARD)

        # The refusal has freed the key.
        order = await front.buy(basket, CARD, expectedTotal=error["total"]["amount"])

        assert order["total"]["amount"] == "18.00"
        assert await broken(shop) == []

    async def test_names_lines_that_are_not_sold_any_more(self, client: Client, shop: Shop) -> None:
        front = Front(client, shop)
        basket = await front.basket({"mug": 1, "lamp": 1})
        before = await front.cart(basket)
        await shop.begin().run(lambda uow: put_prices(uow, price_list="retail", prices=[PriceInput("lamp", None)]))

        error = await front.refused(basket, CARD)

        lamps = await shop.fetch("SELECT id FROM cart_lines WHERE variant_id = $1", shop.variants["lamp"])
        assert (error["__typename"], error["field"], error["expected"]) == ("PriceChangedError", ["cartId"], None)
        assert error["unsoldLineIds"] == [encode(IdKind.CART_LINE, lamps[0]["id"])]
        assert await untouched(front, basket, before)

    async def test_names_lines_whose_product_was_archived(self, client: Client, shop: Shop) -> None:
        front = Front(client, shop)
        basket = await front.basket({"mug": 1})
        before = await front.cart(basket)
        await write(shop, "UPDATE products SET archived_at = $1 WHERE slug = 'mug'", shop.database.now())

        error = await front.refused(basket, CARD)

        assert (error["__typename"], error["code"]) == ("PriceChangedError", "PRICE_CHANGED")
        assert error["unsoldLineIds"] == [before["lines"][0]["id"]]
        assert error["total"]["currency"] == "GBP"
        assert await untouched(front, basket, before)


class TestDelivery:
    async def test_that_is_not_offered_any_more_has_to_be_chosen_anew(self, client: Client, shop: Shop) -> None:
        front = Front(client, shop)
        basket = await front.basket({"mug": 1})
        before = await front.cart(basket)
        await write(
            shop,
            """
            INSERT INTO delivery_options (id, channel_id, code, name, method, price_minor, min_days, max_days, position)
            VALUES ($1, $2, 'saver', 'Saver', 'SHIPPING', 99, 5, 9, 4)
            """,
            fixed_id(10, 5),
            shop.channel_id,
        )
        await write(shop, WITHDRAW, DELIVERY_OPTIONS["standard"])

        error = await front.refused(basket, CARD)

        assert (error["code"], error["field"]) == ("DELIVERY_UNAVAILABLE", ["deliveryGroups"])
        assert "not offered any more" in error["message"]
        assert await untouched(front, basket, before)
        assert await front.at_the_provider() == {}

    async def test_to_where_nothing_is_offered_sends_nobody_to_choose(self, client: Client, shop: Shop) -> None:
        front = Front(client, shop)
        basket = await front.basket({"mug": 1})
        before = await front.cart(basket)
        await write(shop, "UPDATE delivery_options SET countries = '{IE}' WHERE method = 'SHIPPING'")

        error = await front.refused(basket, CARD)

        assert (error["code"], error["field"]) == ("DELIVERY_UNAVAILABLE", ["deliveryGroups"])
        assert "nothing is offered for the lines by SHIPPING" in error["message"]
        assert await untouched(front, basket, before)

    async def test_of_which_one_option_is_left_is_that_one_at_its_price(self, client: Client, shop: Shop) -> None:
        front = Front(client, shop)
        basket = await front.basket({"mug": 1})
        await write(shop, WITHDRAW, DELIVERY_OPTIONS["standard"])

        error = await front.refused(basket, CARD)

        assert (error["code"], error["total"]["amount"]) == ("PRICE_CHANGED", "21.99")
