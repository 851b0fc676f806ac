"""Notes and gift messages, from the cart to whoever packs the goods."""

import pytest

from app.cart.rules import Cart as Row
from app.kernel.ids import IdKind, encode
from tests.builders.buyers import Buyer
from tests.builders.client import Client, Json
from tests.builders.shop import Shop

pytestmark = pytest.mark.anyio

ADD = """
mutation($input: CartLinesAddInput!) {
  cartLinesAdd(input: $input) { cart { lines { id quantity note giftMessage } } errors { code field } }
}
"""
CHANGE = """
mutation($input: CartLinesUpdateInput!) {
  cartLinesUpdate(input: $input) { cart { lines { id quantity note giftMessage } } errors { code field } }
}
"""
WORK = """
query($id: ID!, $token: String) {
  order(id: $id, token: $token) {
    lines { sku note giftMessage }
    fulfillmentOrders { lines { sku note giftMessage } }
  }
}
"""
QUEUE = "{ fulfillmentOrders(first: 5) { nodes { lines { sku note giftMessage } } } }"


class Cart:
    """A guest's cart, edited by its token."""

    def __init__(self, client: Client, shop: Shop, cart_id: str, token: str) -> None:
        self.client = client
        self.shop = shop
        self.proof: Json = {"cartId": cart_id, "token": token}

    async def add(self, **texts: str | None) -> list[Json]:
        """Put a mug in; answers the lines."""
        line = {"variantId": self.shop.variant_ref("mug"), "quantity": 1, **texts}
        payload = await self.client.mutate(ADD, {"input": self.proof | {"lines": [line]}})
        return without_ids(payload)

    async def change(self, line_id: str, **change: object) -> list[Json]:
        """Change a line; answers them all."""
        lines = [{"lineId": line_id, **change}]
        return without_ids(await self.client.mutate(CHANGE, {"input": self.proof | {"lines": lines}}))


def without_ids(payload: Json) -> list[Json]:
    return [{name: part for name, part in line.items() if name != "id"} for line in payload["cart"]["lines"]]


async def begun(client: Client, shop: Shop, buyer: Buyer | None = None) -> tuple[Row, Cart, str]:
    """Put a tent into a new cart; answers the cart as it is stored and as it is shown, and the line."""
    buyer = buyer or Buyer(shop)
    cart = await buyer.cart({"tent": 1})
    [[line_id]] = await shop.fetch("SELECT id FROM cart_lines WHERE cart_id = $1", cart.id)
    shown = Cart(client, shop, encode(IdKind.CART, cart.id), buyer.token(cart.id))
    return cart, shown, encode(IdKind.CART_LINE, line_id)


class TestLineTexts:
    async def test_are_shown_tidied_and_keep_lines_apart(self, client: Client, shop: Shop) -> None:
        _, cart, tent = await begun(client, shop)
        await cart.add(note=" for Eve ", giftMessage="")
        await cart.add(note="for Eve")

        lines = await cart.change(tent, giftMessage="Love")

        assert lines == [
            {"quantity": 1, "note": None, "giftMessage": "Love"},
            {"quantity": 2, "note": "for Eve", "giftMessage": None},
        ]

    async def test_stay_when_left_out_and_go_when_null(self, client: Client, shop: Shop) -> None:
        _, cart, tent = await begun(client, shop)
        await cart.change(tent, note="no box", giftMessage="Love")

        assert await cart.change(tent, quantity=2) == [{"quantity": 2, "note": "no box", "giftMessage": "Love"}]
        assert await cart.change(tent, note=None) == [{"quantity": 2, "note": None, "giftMessage": "Love"}]

    @pytest.mark.parametrize("name", ["note", "giftMessage"])
    async def test_are_refused_by_name(self, client: Client, shop: Shop, name: str) -> None:
        _, cart, tent = await begun(client, shop)
        added = {"variantId": shop.variant_ref("mug"), "quantity": 1, name: "x" * 501}
        changed = {"lineId": tent, name: "x" * 501}

        adding = await client.refused(ADD, {"input": cart.proof | {"lines": [added]}})
        changing = await client.refused(CHANGE, {"input": cart.proof | {"lines": [changed]}})

        assert adding == changing == [{"code": "INVALID", "field": ["lines", "0", name]}]

    async def test_are_seen_by_the_buyer_and_whoever_packs(self, client: Client, shop: Shop) -> None:
        buyer = Buyer(shop)
        row, cart, tent = await begun(client, shop, buyer)
        await cart.change(tent, note="no box", giftMessage="Love, Ada")
        placed = await buyer.buy(row)
        assert placed.order_id is not None
        token = shop.database.keys.token("order", placed.order_id)

        seen = await client.query(WORK, {"id": encode(IdKind.ORDER, placed.order_id), "token": token})
        packed = await client.query(QUEUE, token=shop.token("picker"))

        line = {"sku": "tent", "note": "no box", "giftMessage": "Love, Ada"}
        assert seen["order"] == {"lines": [line], "fulfillmentOrders": [{"lines": [line]}]}
        assert packed["fulfillmentOrders"]["nodes"] == [{"lines": [line]}]
