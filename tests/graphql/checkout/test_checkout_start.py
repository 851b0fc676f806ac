"""`checkoutStart` as a client meets it: what is held, for how long, and what is left."""

from datetime import timedelta

import pytest

from app.kernel.ids import IdKind, encode
from tests.builders.buyers import Buyer, broken
from tests.builders.carts import write
from tests.builders.client import Client
from tests.builders.clock import StoppedClock
from tests.builders.shop import Shop

pytestmark = pytest.mark.anyio

START = """
mutation Start($input: CheckoutStartInput!) {
  checkoutStart(input: $input) {
    cart { version reservedUntil lines { quantity reserved variant { sku } } }
    shortages { requested available variant { sku } }
    errors { __typename code field ... on OutOfStockError { variant { sku } requested available } }
  }
}"""
ADD = """
mutation Add($input: CartLinesAddInput!) {
  cartLinesAdd(input: $input) {
    cart { reservedUntil lines { quantity reserved } }
    errors { __typename code ... on OutOfStockError { requested available } }
  }
}"""


def asked(cart_id: object, token: str | None, key: str = "first", **more: object) -> dict[str, object]:
    """Write what a guest sends."""
    return {"input": {"cartId": cart_id, "token": token, "idempotencyKey": key} | more}


class TestCheckoutStart:
    async def test_holds_and_says_until_when(self, shop: Shop, client: Client, clock: StoppedClock) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"tent": 1})

        payload = await client.mutate(START, asked(encode(IdKind.CART, cart.id), buyer.token(cart.id)))

        until = (clock() + timedelta(seconds=600)).strftime("%Y-%m-%dT%H:%M:%SZ")
        assert payload == {
            "cart": {
                "version": cart.version,
                "reservedUntil": until,
                "lines": [{"quantity": 1, "reserved": 1, "variant": {"sku": "tent"}}],
            },
            "shortages": [],
            "errors": [],
        }

    async def test_refuses_with_what_is_left_and_the_cart(self, shop: Shop, client: Client) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"tent": 3})

        payload = (await client.query(START, asked(encode(IdKind.CART, cart.id), buyer.token(cart.id))))[
            "checkoutStart"
        ]

        assert payload["errors"] == [
            {
                "__typename": "OutOfStockError",
                "code": "OUT_OF_STOCK",
                "field": None,
                "variant": {"sku": "tent"},
                "requested": 3,
                "available": 1,
            }
        ]
        assert payload["cart"]["reservedUntil"] is None
        assert payload["cart"]["lines"][0]["reserved"] == 0

    async def test_holds_a_part_and_answers_the_same_when_repeated(self, shop: Shop, client: Client) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"tent": 3})
        variables = asked(encode(IdKind.CART, cart.id), buyer.token(cart.id), partially=True)

        first = await client.mutate(START, variables)
        again = await client.mutate(START, variables)

        assert first == again
        assert first["shortages"] == [{"requested": 3, "available": 1, "variant": {"sku": "tent"}}]
        assert first["cart"]["lines"][0]["reserved"] == 1
        assert await broken(shop) == []

    async def test_is_over_when_its_time_is(self, shop: Shop, client: Client, clock: StoppedClock) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"tent": 1})
        cart_id = encode(IdKind.CART, cart.id)
        await client.mutate(START, asked(cart_id, buyer.token(cart.id)))

        clock.advance(seconds=601)

        read = await client.query(
            "query($id: ID!, $token: String) { cart(id: $id, token: $token) { reservedUntil lines { reserved } } }",
            {"id": cart_id, "token": buyer.token(cart.id)},
        )
        assert read["cart"] == {"reservedUntil": None, "lines": [{"reserved": 0}]}

    async def test_is_not_found_with_a_wrong_token(self, shop: Shop, client: Client) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"tent": 1})

        payload = (await client.query(START, asked(encode(IdKind.CART, cart.id), "wrong")))["checkoutStart"]

        assert [error["code"] for error in payload["errors"]] == ["NOT_FOUND"]
        assert payload["cart"] is None


class TestCartLinesAdd:
    async def test_holds_where_the_channel_does(self, shop: Shop, client: Client) -> None:
        await write(shop, "UPDATE channels SET reserve_at = 'CART'")
        buyer, other = Buyer(shop), Buyer(shop)
        cart, late = await buyer.cart({"mug": 1}), await other.cart({"mug": 1})
        tent = {"variantId": shop.variant_ref("tent"), "quantity": 1}

        def more(whose: Buyer, cart_id: object) -> dict[str, object]:
            return {"input": {"cartId": encode(IdKind.CART, cart_id), "token": whose.token(cart_id), "lines": [tent]}}  # type: ignore[arg-type]

        won = await client.mutate(ADD, more(buyer, cart.id))
        lost = (await client.query(ADD, more(other, late.id)))["cartLinesAdd"]

        assert [line["reserved"] for line in won["cart"]["lines"]] == [1, 1]
        assert lost["errors"] == [
            {"__typename": "OutOfStockError", "code": "OUT_OF_STOCK", "requested": 1, "available": 0}
        ]
        assert [line["reserved"] for line in lost["cart"]["lines"]] == [1]
        assert await broken(shop) == []
