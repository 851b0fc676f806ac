"""Editing a cart whose payment is under way: refused, unless the shopper was asked to act and came back instead."""

import pytest

from app.kernel.ids import IdKind, encode
from tests.builders.buyers import Buyer, broken
from tests.builders.client import Client
from tests.builders.shop import Shop

pytestmark = pytest.mark.anyio

ADD = """
mutation Add($input: CartLinesAddInput!) {
  cartLinesAdd(input: $input) { cart { lines { quantity } } errors { code field } }
}"""


def one_more(shop: Shop, buyer: Buyer, cart_id: object) -> dict[str, object]:
    """Write the input that adds a mug."""
    return {
        "input": {
            "cartId": encode(IdKind.CART, cart_id),  # type: ignore[arg-type]
            "token": buyer.token(cart_id),  # type: ignore[arg-type]
            "lines": [{"variantId": shop.variant_ref("mug"), "quantity": 1}],
        }
    }


class TestEditDuringPayment:
    async def test_gives_up_a_payment_that_waits_for_the_shopper(self, shop: Shop, client: Client) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"mug": 1})
        await buyer.buy(cart, tokens=("tok_action",))

        payload = await client.mutate(ADD, one_more(shop, buyer, cart.id))

        assert payload["cart"]["lines"] == [{"quantity": 2}]
        assert (await buyer.cart_now(cart.id)).attempt_id is None
        assert await shop.available("mug") == shop.opening_stock("mug")
        assert (await buyer.buy(cart, key="second")).order_id is not None
        assert await broken(shop) == []

    async def test_is_refused_while_the_result_is_unknown(self, shop: Shop, client: Client) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"mug": 1})
        await buyer.buy(cart, tokens=("tok_timeout",))

        [error] = await client.refused(ADD, one_more(shop, buyer, cart.id))

        assert (error["code"], error["field"]) == ("PAYMENT_PENDING", ["cartId"])
        assert await buyer.buy(cart, tokens=("tok_timeout",))
        assert await buyer.order_of(cart) is not None

    async def test_is_refused_once_the_cart_was_ordered(self, shop: Shop, client: Client) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"mug": 1})
        await buyer.buy(cart)

        [error] = await client.refused(ADD, one_more(shop, buyer, cart.id))

        assert error["code"] == "ILLEGAL_TRANSITION"
