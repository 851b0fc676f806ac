"""Shoppers who have to act before their money is held: sent away, and back."""

import pytest

from tests.builders.buyers import broken
from tests.builders.client import Client
from tests.builders.paying import CARD, Front, card
from tests.builders.shop import Shop

pytestmark = pytest.mark.anyio

BACK = "https://storefront.test/checkout/done"


class TestPaymentAction:
    async def test_says_which_tender_asks_and_where_to_go(self, client: Client, shop: Shop) -> None:
        front = Front(client, shop)
        basket = await front.basket({"mug": 1})

        asked = await front.answer(basket, card("tok_action"), returnUrl=BACK)
        again = await front.answer(basket, card("tok_action"), returnUrl=BACK)

        assert [error["code"] for error in asked["errors"]] == ["PAYMENT_ACTION_REQUIRED"]
        action = asked["paymentAction"]
        assert (action["kind"], action["clientSecret"]) == ("REDIRECT", None)
        assert "/gateways/test/actions/" in action["url"]
        assert action["paymentId"].startswith("pay_")
        assert again["paymentAction"] == action
        assert asked["order"] is None

    async def test_is_gone_with_the_order(self, client: Client, shop: Shop) -> None:
        front = Front(client, shop)
        basket = await front.basket({"mug": 1})
        asked = await front.answer(basket, card("tok_action"))
        await client.http.post(asked["paymentAction"]["url"])

        placed = [await front.answer(basket, card("tok_action")) for _ in range(2)]

        assert placed[0] == placed[1]
        assert (placed[0]["paymentAction"], placed[0]["order"]["paymentStatus"]) == (None, "AUTHORIZED")
        assert await broken(shop) == []

    async def test_is_given_up_by_a_shopper_who_starts_anew(self, client: Client, shop: Shop) -> None:
        front = Front(client, shop)
        basket = await front.basket({"mug": 1})
        await front.answer(basket, card("tok_action"))

        order = await front.buy(basket, CARD, key="second")
        late = await front.refused(basket, card("tok_action"))

        assert order["paymentStatus"] == "AUTHORIZED"
        assert late["code"] == "PAYMENT_DECLINED"
        assert await broken(shop) == []

    @pytest.mark.parametrize(
        "url", ["http://storefront.test/done", "javascript:alert(1)", "done", "https://", "https://" + "x" * 2000, ""]
    )
    async def test_sends_nobody_back_to_where_nobody_should_go(self, client: Client, shop: Shop, url: str) -> None:
        front = Front(client, shop)

        error = await front.refused(await front.basket({"mug": 1}), CARD, returnUrl=url)

        assert (error["code"], error["field"]) == ("INVALID", ["returnUrl"])
        assert await shop.fetch("SELECT 1 FROM checkout_attempts") == []
