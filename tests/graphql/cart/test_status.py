"""What a cart shows of its life: until when it lives, and what became of it."""

from datetime import datetime, timedelta

import pytest

from app.cart import service as carts
from app.kernel.ids import IdKind, encode
from tests.builders.buyers import Buyer
from tests.builders.client import Client, Json
from tests.builders.clock import StoppedClock
from tests.builders.shop import Shop

pytestmark = pytest.mark.anyio

READ = """
query($id: ID!, $token: String) {
  cart(id: $id, token: $token) {
    status expiresAt email shippingAddress { line1 } order { number token }
    lines { quantity note giftMessage }
  }
}
"""
CREATE = """
mutation($input: CartCreateInput!) { cartCreate(input: $input) { cart { id token status expiresAt } errors { code } } }
"""
UPDATE = "mutation($input: CartUpdateInput!) { cartUpdate(input: $input) { cart { id } errors { code field } } }"
CLAIM = "mutation($input: CartClaimInput!) { cartClaim(input: $input) { cart { id } errors { code field } } }"


async def opened(client: Client, shop: Shop, *, by: str | None = None) -> Json:
    line = {"variantId": shop.variant_ref("mug"), "quantity": 1, "note": "for Eve", "giftMessage": "Love"}
    given = {"input": {"email": "eve@example.com", "lines": [line]}}
    cart: Json = (await client.mutate(CREATE, given, token=by and shop.token(by)))["cart"]
    return cart


async def read(client: Client, cart: Json, *, by: str | None = None) -> Json:
    found: Json = (await client.query(READ, {"id": cart["id"], "token": cart["token"]}, token=by))["cart"]
    return found


class TestStatus:
    async def test_is_active_until_the_channels_time_is_over(
        self, client: Client, shop: Shop, clock: StoppedClock
    ) -> None:
        cart = await opened(client, shop)

        assert cart["status"] == "ACTIVE"
        assert datetime.fromisoformat(cart["expiresAt"]) == clock() + timedelta(days=90)
        assert (await opened(client, shop, by="ada"))["expiresAt"] is None

    @pytest.mark.parametrize("swept", [False, True])
    async def test_is_expired_from_then_on_and_tells_nothing_of_anybody(
        self, client: Client, shop: Shop, clock: StoppedClock, swept: bool
    ) -> None:
        cart = await opened(client, shop)
        clock.advance(days=90)
        if swept:
            await shop.begin().run(carts.expire_due)

        seen = await read(client, cart)
        [error] = await client.refused(UPDATE, {"input": {"cartId": cart["id"], "token": cart["token"], "email": None}})

        assert seen == {
            "status": "EXPIRED", "expiresAt": cart["expiresAt"], "email": None, "shippingAddress": None, "order": None,
            "lines": [{"quantity": 1, "note": None, "giftMessage": None}],
        }  # fmt: skip
        assert error == {"code": "ILLEGAL_TRANSITION", "field": ["cartId"]}

    async def test_is_merged_after_a_claim(self, client: Client, shop: Shop) -> None:
        await opened(client, shop, by="ada")
        cart = await opened(client, shop)
        await client.mutate(CLAIM, {"input": {"cartId": cart["id"], "token": cart["token"]}}, token=shop.token("ada"))

        seen = await read(client, cart, by=shop.token("associate"))

        assert (seen["status"], seen["expiresAt"], seen["email"], seen["lines"]) == ("MERGED", None, None, [])


class TestOrder:
    async def test_is_shown_to_its_customer_with_its_token_and_to_staff_without(
        self, client: Client, shop: Shop
    ) -> None:
        buyer = Buyer(shop, begin=shop.begin("ada"))
        row = await buyer.cart({"mug": 1})
        await buyer.buy(row)
        order = await buyer.order_of(row)
        assert order is not None
        cart = {"id": encode(IdKind.CART, row.id), "token": None}

        own = await read(client, cart, by=shop.token("ada"))
        served = await read(client, cart, by=shop.token("associate"))

        assert (own["status"], own["expiresAt"]) == ("ORDERED", None)
        assert own["order"] == {"number": order.number, "token": shop.database.keys.token("order", order.id)}
        assert served["order"] == {"number": order.number, "token": None}

    async def test_is_not_shown_for_the_token_of_the_cart(self, client: Client, shop: Shop) -> None:
        buyer = Buyer(shop)
        row = await buyer.cart({"mug": 1})
        await buyer.buy(row)

        seen = await read(client, {"id": encode(IdKind.CART, row.id), "token": buyer.token(row.id)})

        assert (seen["status"], seen["order"]) == ("ORDERED", None)

    async def test_is_not_there_while_the_payment_is_under_way(
        self, client: Client, shop: Shop, clock: StoppedClock
    ) -> None:
        buyer = Buyer(shop)
        row = await buyer.cart({"mug": 1})
        await buyer.buy(row, tokens=["tok_action"])
        clock.advance(days=100)

        seen = await read(client, {"id": encode(IdKind.CART, row.id), "token": buyer.token(row.id)})

        assert (seen["status"], seen["expiresAt"], seen["order"]) == ("ACTIVE", None, None)
