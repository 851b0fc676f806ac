"""Two hundred shoppers want fifty units, through HTTP, at once: exactly fifty are sold."""

import asyncio
from collections import Counter

import pytest

from app.inventory import service as inventory
from app.inventory.rules import StockLine
from app.inventory.states import MovementReason
from tests.builders.buyers import broken
from tests.builders.client import Client
from tests.builders.shop import LOCATIONS, VARIANTS, Shop

pytestmark = pytest.mark.anyio

BUYERS = 200
UNITS = 50
AT_ONCE = 40

CREATE = """
mutation Create($input: CartCreateInput!) { cartCreate(input: $input) { cart { id token } errors { code message } } }"""
ADDRESS = """
mutation Address($input: CartUpdateInput!) {
  cartUpdate(input: $input) { cart { deliveryGroups { id options { id name } } } errors { code message } }
}"""
DELIVERY = """
mutation Delivery($input: CartDeliverySelectInput!) {
  cartDeliverySelect(input: $input) { cart { total { amount } } errors { code message } }
}"""
COMPLETE = """
mutation Complete($input: CheckoutCompleteInput!) {
  checkoutComplete(input: $input) {
    order { id number }
    errors { code message ... on OutOfStockError { requested available } }
  }
}"""
HOME = {"line1": "1 Analytical Row", "city": "London", "postalCode": "N1 9ZZ", "country": "GB"}


async def buy_one(client: Client, shop: Shop, number: int) -> str:
    """Go the whole way of one guest; answers what came of it."""
    cart = (
        await client.mutate(
            CREATE,
            {
                "input": {
                    "email": f"guest{number}@shop.test",
                    "lines": [{"variantId": shop.variant_ref("tent"), "quantity": 1}],
                }
            },
        )
    )["cart"]
    guest = {"cartId": cart["id"], "token": cart["token"]}
    addressed = await client.mutate(ADDRESS, {"input": {**guest, "shippingAddress": HOME}})
    [group] = addressed["cart"]["deliveryGroups"]
    standard = next(option for option in group["options"] if option["name"] == "Standard delivery")
    selection = {"groupId": group["id"], "optionId": standard["id"]}
    selected = await client.mutate(DELIVERY, {"input": {**guest, "selections": [selection]}})
    request = {
        **guest,
        "payments": [{"gateway": "test", "token": "tok_ok"}],
        "expectedTotal": selected["cart"]["total"]["amount"],
        "idempotencyKey": f"buyer-{number}",
    }
    while True:
        payload = (await client.query(COMPLETE, {"input": request}))["checkoutComplete"]
        if payload["order"]:
            return "SOLD"
        [error] = payload["errors"]
        # BUSY is not final: the same call with the same key goes on where it was.
        if error["code"] != "BUSY":
            return str(error["code"])


class TestTwoHundredBuyers:
    async def test_of_fifty_units_buy_exactly_fifty(self, shop: Shop, client: Client) -> None:
        tents = StockLine(VARIANTS["tent"], LOCATIONS["warehouse"], UNITS)
        await shop.begin().run(lambda uow: inventory.set_levels(uow, lines=[tents], reason=MovementReason.FEED))
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(number: int) -> str:
            async with gate:
                return await buy_one(client, shop, number)

        outcomes = Counter(await asyncio.gather(*(one(number) for number in range(BUYERS))))

        assert outcomes == {"SOLD": UNITS, "OUT_OF_STOCK": BUYERS - UNITS}
        [[sold]] = await shop.fetch("SELECT sum(ordered)::int FROM order_lines WHERE variant_id = $1", VARIANTS["tent"])
        assert sold == UNITS
        assert await shop.available("tent") == 0
        assert await broken(shop) == []
