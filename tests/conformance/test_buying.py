"""An order paid through Stripe, from the browser's call to the money: checkout, the ledger, the adapter and the wire."""

from typing import Any

import httpx2
import pytest

from app.kernel.clock import Clock, utc_now
from app.kernel.db import Database
from app.kernel.ids import IdKind, encode
from app.main import gateways_of, hang_up
from app.settings import Settings
from tests.builders import shop as shops
from tests.builders.buyers import Buyer, broken
from tests.builders.client import Client
from tests.builders.patience import PATIENCE_SECONDS
from tests.builders.shop import Shop

for needed in ("stripe", "localstripe"):
    pytest.importorskip(needed, reason=f"{needed} is not installed; it comes with the extra [dev]")

pytestmark = pytest.mark.anyio

KEY = "sk_test_buying"
TOTAL = "16.99"
COMPLETE = """
mutation Complete($input: CheckoutCompleteInput!) {
  checkoutComplete(input: $input) {
    order { id token status paymentStatus }
    errors { code message }
  }
}"""
ASKING = """
mutation Complete($input: CheckoutCompleteInput!) {
  checkoutComplete(input: $input) {
    order { id paymentStatus }
    paymentAction { kind clientSecret url }
    errors { code message }
  }
}"""
CANCEL = """
mutation Cancel($input: OrderCancelInput!) {
  orderCancel(input: $input) { order { status } errors { code message } }
}"""


@pytest.fixture
def settings(dsn: str, localstripe_url: str) -> Settings:
    """Let Stripe take payments too."""
    return shops.settings(dsn, STOA_STRIPE_KEY=KEY, STOA_STRIPE_API_BASE=localstripe_url, STOA_SHOP="conformance")


@pytest.fixture
def clock() -> Clock:
    """Let time pass: Stripe is asked for payments of the last minutes, and knows no other time than the machine's."""
    return utc_now


def browser(url: str) -> httpx2.AsyncClient:
    """Speak with Stripe as its script does."""
    headers = {"authorization": f"Bearer {KEY}"}
    return httpx2.AsyncClient(base_url=url, headers=headers, verify=False, timeout=PATIENCE_SECONDS)


async def last_payment(url: str) -> dict[str, Any]:
    """Look at the last payment as Stripe knows it."""
    async with browser(url) as http:
        found: dict[str, Any] = (await http.get("/v1/payment_intents", params={"limit": 1})).json()["data"][0]
    return found


async def request(buyer: Buyer, card: str) -> dict[str, object]:
    """Write what a guest's browser sends to buy a mug."""
    cart = await buyer.cart({"mug": 1})
    return {
        "input": {
            "cartId": encode(IdKind.CART, cart.id),
            "token": buyer.token(cart.id),
            "payments": [{"gateway": "stripe", "token": card}],
            "expectedTotal": TOTAL,
            "idempotencyKey": "first",
        }
    }


async def card_that_asks(url: str) -> str:
    """Have Stripe's script in the browser name a card whose bank asks its owner each time."""
    card = {"number": "4000002500003155", "exp_month": "12", "exp_year": "2040", "cvc": "123"}
    told = {"type": "card", **{f"card[{name}]": value for name, value in card.items()}}
    name: str = (await posted(url, "/v1/payment_methods", told))["id"]
    return name


async def acts(url: str, intent: str, secret: str) -> None:
    """Let the shopper confirm on their bank's page, as Stripe's script in the browser would."""
    await posted(url, f"/v1/payment_intents/{intent}/_authenticate", {"client_secret": secret, "success": "true"})


async def posted(url: str, path: str, told: dict[str, str]) -> dict[str, Any]:
    """Tell Stripe something that a browser tells it."""
    async with browser(url) as http:
        answer = await http.post(path, data=told)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
    return found


class TestBuying:
    async def test_holds_the_money_and_lets_it_go_when_the_order_is_cancelled(
        self, shop: Shop, client: Client, settings: Settings, database: Database, localstripe_url: str
    ) -> None:
        buyer = Buyer(shop)
        buyer.gateways = gateways_of(settings, database)
        order = (await client.mutate(COMPLETE, await request(buyer, "pm_card_visa")))["order"]
        held = await last_payment(localstripe_url)

        cancelled = {"orderId": order["id"], "token": order["token"], "reason": "CUSTOMER", "idempotencyKey": "cancel"}
        await client.mutate(CANCEL, {"input": cancelled})
        await buyer.settle()
        await hang_up(buyer.gateways)

        assert order["paymentStatus"] == "AUTHORIZED"
        assert (held["status"], held["amount"], held["currency"]) == ("requires_capture", 1699, "gbp")
        assert (await last_payment(localstripe_url))["status"] == "canceled"
        assert await broken(shop) == []

    async def test_is_declined_with_a_number_in_place_of_a_name(self, shop: Shop, client: Client) -> None:
        refused = (await client.query(COMPLETE, await request(Buyer(shop), "4242424242424242")))["checkoutComplete"]

        assert [error["code"] for error in refused["errors"]] == ["PAYMENT_DECLINED"]
        assert await broken(shop) == []

    async def test_asks_the_shopper_in_3d_secure_and_goes_on_when_they_have_acted(
        self, shop: Shop, client: Client, settings: Settings, database: Database, localstripe_url: str
    ) -> None:
        buyer = Buyer(shop)
        buyer.gateways = gateways_of(settings, database)
        sent = await request(buyer, await card_that_asks(localstripe_url))

        asked = (await client.query(ASKING, sent))["checkoutComplete"]
        again = (await client.query(ASKING, sent))["checkoutComplete"]
        intent = await last_payment(localstripe_url)
        await acts(localstripe_url, intent["id"], asked["paymentAction"]["clientSecret"])
        done = (await client.query(ASKING, sent))["checkoutComplete"]
        await hang_up(buyer.gateways)

        assert [error["code"] for error in asked["errors"]] == ["PAYMENT_ACTION_REQUIRED"]
        assert asked["paymentAction"] == again["paymentAction"]
        assert asked["paymentAction"]["kind"] == "STRIPE_SDK"
        assert done["errors"] == []
        assert done["order"]["paymentStatus"] == "AUTHORIZED"
        assert (await last_payment(localstripe_url))["status"] == "requires_capture"
        [kept] = await shop.fetch("SELECT token, action_secret FROM payments")
        assert tuple(kept) == (None, None)
        assert await broken(shop) == []
