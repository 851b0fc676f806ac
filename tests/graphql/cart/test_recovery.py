"""Links back to a cart, as a shop sends them and shoppers follow them."""

from datetime import datetime, timedelta

import pytest

from tests.builders.client import Client, Json
from tests.builders.clock import StoppedClock
from tests.builders.shop import Shop

pytestmark = pytest.mark.anyio

CREATE = """
mutation($input: CartCreateInput!) { cartCreate(input: $input) { cart { id token version } errors { code } } }
"""
LINK = """
mutation($input: CartRecoveryLinkInput!) {
  cartRecoveryLink(input: $input) { cart { id version token } token url expiresAt errors { code field } }
}
"""
RECOVER = """
mutation($input: CartRecoverInput!) {
  cartRecover(input: $input) { cart { id token version lines { quantity } } errors { code field } }
}
"""
PUT = "mutation($input: ChannelPutInput!) { channelPut(input: $input) { errors { code field } } }"


async def opened(client: Client, shop: Shop, *, by: str | None = None) -> Json:
    given = {"input": {"lines": [{"variantId": shop.variant_ref("mug"), "quantity": 2}]}}
    cart: Json = (await client.mutate(CREATE, given, token=by and shop.token(by)))["cart"]
    return cart


async def linked(client: Client, shop: Shop, cart: Json, *, key: str | None = None) -> Json:
    given = {"input": {"cartId": cart["id"], "idempotencyKey": key}}
    return await client.mutate(LINK, given, token=shop.token("associate"))


class TestCartRecoveryLink:
    async def test_answers_a_token_and_the_whole_link_where_the_channel_has_a_page(
        self, client: Client, shop: Shop, clock: StoppedClock
    ) -> None:
        cart = await opened(client, shop)
        plain = await linked(client, shop, cart)
        page = {"code": "web", "recoveryUrl": "https://shop.test/cart?t={token}", "idempotencyKey": "page"}
        await client.mutate(PUT, {"input": page}, token=shop.token("merchandiser"))
        whole = await linked(client, shop, cart)

        assert (plain["url"], whole["url"]) == (None, f"https://shop.test/cart?t={whole['token']}")
        assert whole["cart"] == {"id": cart["id"], "version": 1, "token": None}
        assert datetime.fromisoformat(whole["expiresAt"]) == clock() + timedelta(days=14)

    async def test_answers_the_same_link_for_the_same_key_and_stores_it_nowhere(
        self, client: Client, shop: Shop
    ) -> None:
        cart = await opened(client, shop)

        first = await linked(client, shop, cart, key="mail 7")
        again = await linked(client, shop, cart, key="mail 7")

        assert first == again
        [[kept]] = await shop.fetch("SELECT result::text FROM idempotency_keys WHERE key = 'mail 7'")
        assert first["token"].rpartition(".")[2] not in kept
        await client.mutate(RECOVER, {"input": {"token": first["token"]}})

    async def test_answers_nothing_when_it_is_refused(self, client: Client, shop: Shop) -> None:
        cart = await opened(client, shop)

        payload = (await client.query(LINK, {"input": {"cartId": cart["id"]}}))["cartRecoveryLink"]

        assert [error["code"] for error in payload.pop("errors")] == ["UNAUTHENTICATED"]
        assert set(payload.values()) == {None}


class TestCartRecover:
    async def test_answers_a_guests_cart_with_its_own_token(self, client: Client, shop: Shop) -> None:
        cart = await opened(client, shop)
        token = (await linked(client, shop, cart))["token"]

        recovered = (await client.mutate(RECOVER, {"input": {"token": token}}))["cart"]

        assert recovered == {**cart, "lines": [{"quantity": 2}]}

    async def test_logs_nobody_in(self, client: Client, shop: Shop) -> None:
        cart = await opened(client, shop, by="ada")
        given = {"input": {"token": (await linked(client, shop, cart))["token"]}}

        guests = await client.refused(RECOVER, given)
        bobs = await client.refused(RECOVER, given, token=shop.token("bob"))
        adas = await client.mutate(RECOVER, given, token=shop.token("ada"))

        assert guests == [{"code": "UNAUTHENTICATED", "field": ["token"]}]
        assert bobs == [{"code": "FORBIDDEN", "field": ["token"]}]
        assert adas["cart"]["id"] == cart["id"]

    async def test_refuses_links_that_are_no_good_by_name(
        self, client: Client, shop: Shop, clock: StoppedClock
    ) -> None:
        cart = await opened(client, shop)
        older = (await linked(client, shop, cart))["token"]
        newer = (await linked(client, shop, cart))["token"]

        wrong = await client.refused(RECOVER, {"input": {"token": newer + "x"}})
        replaced = await client.refused(RECOVER, {"input": {"token": older}})
        clock.advance(days=14)
        over = await client.refused(RECOVER, {"input": {"token": newer}})

        assert wrong == [{"code": "NOT_FOUND", "field": ["token"]}]
        assert replaced == over == [{"code": "ILLEGAL_TRANSITION", "field": ["token"]}]
