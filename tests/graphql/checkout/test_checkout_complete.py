"""`checkoutComplete` as a client meets it: what it costs, what it answers, what it refuses."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from app.kernel.ids import IdKind, encode
from tests.builders.buyers import Buyer, broken
from tests.builders.client import Client
from tests.builders.shop import Shop
from tests.builders.statements import Sent

pytestmark = pytest.mark.anyio

COMPLETE = """
mutation Complete($input: CheckoutCompleteInput!) {
  checkoutComplete(input: $input) {
    order { id number token status paymentStatus total { amount currency } }
    cart { id version }
    paymentAction { paymentId kind url }
    errors { __typename code message field ... on OutOfStockError { variant { sku } requested available lineIds } }
  }
}"""
MOST_STATEMENTS = 30


def request(cart_id: str, token: str | None, total: str, **changes: object) -> dict[str, object]:
    """Write the input of a guest who pays with a card that works, with some of it changed."""
    return {
        "input": {
            "cartId": cart_id,
            "token": token,
            "payments": [{"gateway": "test", "token": "tok_ok"}],
            "expectedTotal": total,
            "idempotencyKey": "first",
        }
        | changes
    }


class TestCheckoutComplete:
    async def test_costs_at_most_thirty_statements_for_one_line(
        self, shop: Shop, client: Client, statements: Callable[[], AbstractAsyncContextManager[Sent]]
    ) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"mug": 1})
        variables = request(encode(IdKind.CART, cart.id), buyer.token(cart.id), "16.99")

        async with statements() as sent:
            payload = await client.mutate(COMPLETE, variables)

        assert payload["order"]["status"] == "PLACED"
        assert sent.count + len(sent.transactions) <= MOST_STATEMENTS, sent.statements

    async def test_costs_no_more_for_many_lines(
        self, shop: Shop, client: Client, statements: Callable[[], AbstractAsyncContextManager[Sent]]
    ) -> None:
        buyer = Buyer(shop)
        one = await buyer.cart({"mug": 1})
        many = await buyer.cart({"mug": 1, "tee-s": 2, "tee-m": 1, "tee-l": 3, "lamp": 1})
        counts = []
        for cart, total in ((one, "16.99"), (many, "177.00")):
            variables = request(encode(IdKind.CART, cart.id), buyer.token(cart.id), total)
            async with statements() as sent:
                await client.mutate(COMPLETE, variables)
            counts.append(sent.count)

        # Several levels are locked in order first; one locks itself.
        assert counts[1] <= counts[0] + 3

    async def test_answers_the_order_with_its_token(self, shop: Shop, client: Client) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"mug": 1}, {"mug": 1})

        payload = await client.mutate(COMPLETE, request(encode(IdKind.CART, cart.id), buyer.token(cart.id), "28.99"))

        order = payload["order"]
        read = await client.query(
            """query($id: ID!, $token: String) { order(id: $id, token: $token) {
                number lines { sku delivery quantity quantities { allocated } total { amount } }
                fulfillmentOrders { number method status location { code } lines { sku quantity } pickup { status } }
                payments { gateway status authorized { amount } } timeline { kind message } nextActions } }""",
            {"id": order["id"], "token": order["token"]},
        )
        assert read["order"]["number"] == order["number"]
        assert sorted(work["method"] for work in read["order"]["fulfillmentOrders"]) == ["PICKUP", "SHIPPING"]
        assert read["order"]["payments"] == [
            {"gateway": "test", "status": "AUTHORIZED", "authorized": {"amount": "28.99"}}
        ]
        assert read["order"]["nextActions"] == ["orderCancel"]

    async def test_asks_the_shopper_to_act_and_goes_on_afterwards(self, shop: Shop, client: Client) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"mug": 1})
        variables = request(
            encode(IdKind.CART, cart.id), buyer.token(cart.id), "16.99",
            payments=[{"gateway": "test", "token": "tok_action"}],
        )  # fmt: skip

        asked = (await client.query(COMPLETE, variables))["checkoutComplete"]
        await client.http.post(asked["paymentAction"]["url"])
        done = (await client.query(COMPLETE, variables))["checkoutComplete"]

        assert [error["code"] for error in asked["errors"]] == ["PAYMENT_ACTION_REQUIRED"]
        assert done["errors"] == []
        assert done["order"]["paymentStatus"] == "AUTHORIZED"

    async def test_says_which_variant_is_short_and_shows_the_cart(self, shop: Shop, client: Client) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"kettle": 1})
        variables = request(encode(IdKind.CART, cart.id), buyer.token(cart.id), "34.99")

        payload = (await client.query(COMPLETE, variables))["checkoutComplete"]

        assert payload["order"] is None
        assert payload["cart"]["id"] == encode(IdKind.CART, cart.id)
        [error] = payload["errors"]
        assert (error["__typename"], error["variant"], error["requested"], error["available"]) == (
            "OutOfStockError", {"sku": "kettle"}, 1, 0,
        )  # fmt: skip

    async def test_says_which_line_is_short_where_only_one_of_two_is(self, shop: Shop, client: Client) -> None:
        buyer = Buyer(shop)
        here = await shop.available("mug", "camden")
        cart = await buyer.cart({"mug": 1}, {"mug": here + 1})
        read = "query ($id: ID!, $token: String) { cart(id: $id, token: $token) { total { amount } lines { id delivery } } }"
        access = {"id": encode(IdKind.CART, cart.id), "token": buyer.token(cart.id)}
        shown = (await client.query(read, access))["cart"]
        variables = request(access["id"], access["token"], shown["total"]["amount"])

        [error] = (await client.query(COMPLETE, variables))["checkoutComplete"]["errors"]

        assert (error["code"], error["requested"], error["available"]) == ("OUT_OF_STOCK", here + 2, here + 1)
        assert error["lineIds"] == [line["id"] for line in shown["lines"] if line["delivery"] == "PICKUP"]

    @pytest.mark.parametrize(
        ("change", "code", "field"),
        [
            ({"cartId": "crt_nonsense"}, "INVALID", ["cartId"]),
            ({"cartId": "ord_01h45y0sxkfmntta78gqs1vsw6"}, "INVALID", ["cartId"]),
            ({"cartId": "crt_01h45y0sxkfmntta78gqs1vsw6"}, "NOT_FOUND", ["cartId"]),
            ({"token": None}, "NOT_FOUND", ["cartId"]),
            ({"token": "k1.foreign"}, "NOT_FOUND", ["cartId"]),
            ({"version": 1}, "VERSION_CONFLICT", ["version"]),
            ({"expectedTotal": "1.00"}, "PRICE_CHANGED", ["expectedTotal"]),
            ({"expectedTotal": "16.999"}, "INVALID", ["expectedTotal"]),
            ({"payments": []}, "PAYMENT_MISMATCH", ["payments"]),
            ({"payments": [{"gateway": "paypal", "token": "x"}]}, "PAYMENT_MISMATCH", ["payments", "0", "gateway"]),
            ({"idempotencyKey": ""}, "INVALID", ["idempotencyKey"]),
            ({"idempotencyKey": "k" * 65}, "INVALID", ["idempotencyKey"]),
        ],
    )
    async def test_refuses_bad_input_naming_the_field(
        self, shop: Shop, client: Client, change: dict[str, object], code: str, field: list[str]
    ) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"mug": 1})
        variables = request(encode(IdKind.CART, cart.id), buyer.token(cart.id), "16.99")
        variables["input"] |= change  # type: ignore[operator]

        [error] = await client.refused(COMPLETE, variables)

        assert (error["code"], error["field"]) == (code, field)
        assert await shop.fetch("SELECT 1 FROM checkout_attempts UNION ALL SELECT 1 FROM orders") == []

    async def test_refuses_a_used_key_with_other_input(self, shop: Shop, client: Client) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"mug": 1})
        variables = request(encode(IdKind.CART, cart.id), buyer.token(cart.id), "16.99")
        await client.mutate(COMPLETE, variables)
        other = request(
            encode(IdKind.CART, cart.id), buyer.token(cart.id), "16.99",
            payments=[{"gateway": "test", "token": "tok_late"}],
        )  # fmt: skip

        [error] = await client.refused(COMPLETE, other)

        assert error["code"] == "IDEMPOTENCY_MISMATCH"
        assert await broken(shop) == []
