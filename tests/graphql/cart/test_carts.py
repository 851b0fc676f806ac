"""Carts as a storefront uses them."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.kernel.ids import IdKind, encode, new_id
from app.pickup.rules import slot_id
from tests.builders.client import Client, Json
from tests.builders.clock import StoppedClock
from tests.builders.shop import Shop
from tests.builders.statements import Sent

pytestmark = pytest.mark.anyio

CART = """
fragment Everything on Cart {
  id token version currency email taxIncluded reservedUntil promotionCodes steps
  channel { code }
  customer { email }
  lines {
    id quantity delivery sold
    variant { sku }
    store { code }
    unitPrice { amount currency } subtotal { amount } discounts { name code amount { amount } } total { amount }
  }
  deliveryGroups {
    id method store { code } lines { id }
    options { id name price { amount } earliestAt latestAt }
    selected { id name price { amount } }
    slot { id startsAt endsAt remaining }
  }
  shippingAddress { line1 country } billingAddress { line1 }
  total { amount } subtotal { amount } discountTotal { amount } deliveryTotal { amount } taxTotal { amount }
}
fragment Answer on CartPayload { cart { ...Everything } errors { __typename code message field } }
"""
READ = CART.replace(
    "fragment Answer on CartPayload { cart { ...Everything } errors { __typename code message field } }", ""
) + ("query ($id: ID!, $token: String) { cart(id: $id, token: $token) { ...Everything } }")


def mutation(name: str) -> str:
    return f"{CART} mutation ($input: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $input) {{ ...Answer }} }}"


CREATE, CLAIM = mutation("cartCreate"), mutation("cartClaim")
ADD, CHANGE = mutation("cartLinesAdd"), mutation("cartLinesUpdate")
UPDATE, SELECT = mutation("cartUpdate"), mutation("cartDeliverySelect")


async def opened(client: Client, shop: Shop, *, by: str | None = None, **units: int) -> Json:
    lines = [
        {"variantId": shop.variant_ref(sku.replace("_", "-")), "quantity": quantity} for sku, quantity in units.items()
    ]
    token = shop.token(by) if by else None
    cart: Json = (await client.mutate(CREATE, {"input": {"lines": lines}}, token=token))["cart"]
    return cart


def edit(cart: Json, **fields: Any) -> Json:
    return {"input": {"cartId": cart["id"], "token": cart["token"], **fields}}


def amounts(cart: Json) -> dict[str, str]:
    return {name: cart[name]["amount"] for name in ("subtotal", "discountTotal", "deliveryTotal", "taxTotal", "total")}


class TestCartCreate:
    async def test_answers_a_priced_cart_with_its_token(self, client: Client, shop: Shop) -> None:
        cart = await opened(client, shop, mug=2, tee_s=1)

        assert cart["token"]
        assert (cart["version"], cart["currency"], cart["channel"]) == (1, "GBP", {"code": "web"})
        assert [(line["variant"]["sku"], line["quantity"]) for line in cart["lines"]] == [("mug", 2), ("tee-s", 1)]
        assert amounts(cart) == {
            "subtotal": "44.00", "discountTotal": "0.00", "deliveryTotal": "0.00", "taxTotal": "7.33", "total": "44.00"
        }  # fmt: skip

    async def test_answers_the_customers_own_cart(self, client: Client, shop: Shop) -> None:
        first = await opened(client, shop, by="ada", mug=1)
        second = await opened(client, shop, by="ada", mug=1)

        assert first["id"] == second["id"]
        assert second["customer"] == {"email": shop.people["ada"].email}
        assert [line["quantity"] for line in second["lines"]] == [2]

    async def test_names_the_line_at_fault(self, client: Client, shop: Shop) -> None:
        lines = [{"variantId": shop.variant_ref("mug"), "quantity": 1}, {"variantId": "var_nonsense", "quantity": 1}]

        (error,) = await client.refused(CREATE, {"input": {"lines": lines}})

        assert (error["code"], error["field"]) == ("INVALID", ["lines", "1", "variantId"])

    async def test_refuses_another_customers_id(self, client: Client, shop: Shop) -> None:
        assert shop.people["ada"].customer_id is not None
        given = {"input": {"customerId": encode(IdKind.CUSTOMER, shop.people["ada"].customer_id)}}

        (anonymous,) = await client.refused(CREATE, given)
        (bob,) = await client.refused(CREATE, given, token=shop.token("bob"))
        by_staff = await client.mutate(CREATE, given, token=shop.token("associate"))

        assert (anonymous["code"], bob["code"]) == ("UNAUTHENTICATED", "FORBIDDEN")
        assert by_staff["cart"]["customer"] == {"email": shop.people["ada"].email}


class TestCart:
    async def test_is_shown_to_whoever_holds_the_token(self, client: Client, shop: Shop) -> None:
        cart = await opened(client, shop, mug=1)

        found = await client.query(READ, {"id": cart["id"], "token": cart["token"]})

        assert found["cart"] == cart

    async def test_is_null_to_strangers(self, client: Client, shop: Shop) -> None:
        cart = await opened(client, shop, mug=1)
        other = await opened(client, shop, mug=1)
        for token in (None, "", "nonsense", other["token"]):
            assert await client.query(READ, {"id": cart["id"], "token": token}) == {"cart": None}

        assert await client.query(READ, {"id": encode(IdKind.CART, new_id()), "token": cart["token"]}) == {"cart": None}

    async def test_is_shown_to_its_customer_with_the_token_and_to_staff_without(
        self, client: Client, shop: Shop
    ) -> None:
        cart = await opened(client, shop, by="ada", mug=1)

        ada = await client.query(READ, {"id": cart["id"]}, token=shop.token("ada"))
        bob = await client.query(READ, {"id": cart["id"]}, token=shop.token("bob"))
        associate = await client.query(READ, {"id": cart["id"]}, token=shop.token("associate"))

        assert ada["cart"] == cart
        assert bob["cart"] is None
        assert associate["cart"] == {**cart, "token": None}

    async def test_refuses_an_id_of_another_kind(self, client: Client, shop: Shop) -> None:
        (error,) = await client.errors(READ, {"id": shop.variant_ref("mug")})

        assert error["extensions"]["code"] == "INVALID"
        assert error["extensions"]["field"] == ["id"]

    async def test_is_a_node_and_so_are_its_lines(self, client: Client, shop: Shop) -> None:
        cart = await opened(client, shop, mug=1)
        document = "query ($id: ID!, $token: String) { node(id: $id, token: $token) { __typename id } }"
        for found, name in ((cart, "Cart"), (cart["lines"][0], "CartLine")):
            node = await client.query(document, {"id": found["id"], "token": cart["token"]})
            hidden = await client.query(document, {"id": found["id"]})
            assert node == {"node": {"__typename": name, "id": found["id"]}}
            assert hidden == {"node": None}

    async def test_asks_the_same_statements_for_one_line_and_for_many(
        self, client: Client, shop: Shop, statements: Callable[[], AbstractAsyncContextManager[Sent]]
    ) -> None:
        one = await opened(client, shop, mug=1)
        many = await opened(client, shop, mug=1, lamp=1, tent=1, tee_s=1, tee_m=1)

        async with statements() as for_one:
            await client.query(READ, {"id": one["id"], "token": one["token"]})
        async with statements() as for_many:
            await client.query(READ, {"id": many["id"], "token": many["token"]})

        assert for_many.count == for_one.count


class TestCartLinesAdd:
    async def test_answers_new_totals(self, client: Client, shop: Shop) -> None:
        cart = await opened(client, shop, mug=1)
        line = {"variantId": shop.variant_ref("mug"), "quantity": 2}

        changed = (await client.mutate(ADD, edit(cart, lines=[line], version=1)))["cart"]

        assert (changed["version"], changed["total"]["amount"]) == (2, "36.00")

    async def test_adds_once_for_one_key(self, client: Client, shop: Shop) -> None:
        cart = await opened(client, shop)
        call = edit(cart, lines=[{"variantId": shop.variant_ref("mug"), "quantity": 1}], idempotencyKey="k1")

        first = await client.mutate(ADD, call)
        again = await client.mutate(ADD, call)
        (other,) = await client.refused(ADD, {"input": {**call["input"], "version": 2}})

        assert first == again
        assert [line["quantity"] for line in again["cart"]["lines"]] == [1]
        assert other["code"] == "IDEMPOTENCY_MISMATCH"

    async def test_refuses_an_older_version_with_the_cart_as_it_is(self, client: Client, shop: Shop) -> None:
        cart = await opened(client, shop, mug=1)
        call = edit(cart, lines=[{"variantId": shop.variant_ref("mug"), "quantity": 1}], version=1)
        await client.mutate(ADD, call)

        payload = (await client.query(ADD, call))["cartLinesAdd"]

        assert [(error["code"], error["field"]) for error in payload["errors"]] == [("VERSION_CONFLICT", ["version"])]
        assert (payload["cart"]["version"], payload["cart"]["lines"][0]["quantity"]) == (2, 2)

    @pytest.mark.parametrize("token", [None, "wrong"])
    async def test_knows_no_cart_without_its_token(self, client: Client, shop: Shop, token: str | None) -> None:
        cart = await opened(client, shop)
        call = edit({**cart, "token": token}, lines=[], version=99)

        payload = (await client.query(ADD, call))["cartLinesAdd"]

        assert [error["code"] for error in payload["errors"]] == ["NOT_FOUND"]
        assert payload["cart"] is None

    @pytest.mark.parametrize(
        ("line", "code", "name"),
        [
            ({"quantity": 0}, "INVALID", "quantity"),
            ({"quantity": 10_001}, "INVALID", "quantity"),
            ({"quantity": 1, "delivery": "PICKUP"}, "INVALID", "storeId"),
            ({"quantity": 1, "storeId": "camden"}, "INVALID", "storeId"),
            ({"quantity": 1, "delivery": "PICKUP", "storeId": "leeds"}, "DELIVERY_UNAVAILABLE", "storeId"),
            ({"quantity": 1, "delivery": "CARRY_OUT", "storeId": "camden"}, "UNAUTHENTICATED", "delivery"),
        ],
    )
    async def test_refuses_by_name(
        self, client: Client, shop: Shop, line: dict[str, Any], code: str, name: str
    ) -> None:
        cart = await opened(client, shop)
        if "storeId" in line:
            line = {**line, "storeId": shop.location_ref(line["storeId"])}

        (error,) = await client.refused(ADD, edit(cart, lines=[{"variantId": shop.variant_ref("mug"), **line}]))

        assert (error["code"], error["field"]) == (code, ["lines", "0", name])


class TestCartLinesUpdate:
    async def test_changes_one_line_and_removes_another(self, client: Client, shop: Shop) -> None:
        cart = await opened(client, shop, mug=1, lamp=1)
        mug, lamp = (line["id"] for line in cart["lines"])

        changed = await client.mutate(
            CHANGE, edit(cart, lines=[{"lineId": mug, "quantity": 3}, {"lineId": lamp, "quantity": 0}])
        )

        assert [(line["id"], line["quantity"]) for line in changed["cart"]["lines"]] == [(mug, 3)]

    async def test_moves_a_line_to_a_store(self, client: Client, shop: Shop) -> None:
        cart = await opened(client, shop, mug=1)
        line = {"lineId": cart["lines"][0]["id"], "delivery": "PICKUP", "storeId": shop.location_ref("camden")}

        (moved,) = (await client.mutate(CHANGE, edit(cart, lines=[line])))["cart"]["lines"]

        assert (moved["id"], moved["delivery"], moved["store"]) == (line["lineId"], "PICKUP", {"code": "camden"})

    @pytest.mark.parametrize(("change", "name"), [({"quantity": -1}, "quantity"), ({"quantity": None}, "quantity")])
    async def test_refuses_by_name(self, client: Client, shop: Shop, change: Json, name: str) -> None:
        cart = await opened(client, shop, mug=1)

        (error,) = await client.refused(CHANGE, edit(cart, lines=[{"lineId": cart["lines"][0]["id"], **change}]))

        assert (error["code"], error["field"]) == ("INVALID", ["lines", "0", name])


class TestCartUpdate:
    async def test_changes_what_is_given_and_clears_what_is_null(self, client: Client, shop: Shop) -> None:
        cart = await opened(client, shop, mug=1)
        home = {"line1": "1 High Street", "city": "Dublin", "country": "IE"}
        given = edit(cart, email="Eve@example.com", shippingAddress=home, promotionCodes=["welcome10"])

        changed = (await client.mutate(UPDATE, given))["cart"]
        cleared = (await client.mutate(UPDATE, edit(cart, promotionCodes=None, email=None)))["cart"]

        assert changed["email"] == "eve@example.com"
        assert changed["shippingAddress"] == {"line1": "1 High Street", "country": "IE"}
        assert amounts(changed) == {
            "subtotal": "12.00", "discountTotal": "1.20", "deliveryTotal": "0.00", "taxTotal": "2.02", "total": "10.80"
        }  # fmt: skip
        (line,) = changed["lines"]
        assert line["discounts"] == [{"name": "Welcome", "code": "WELCOME10", "amount": {"amount": "1.20"}}]
        assert line["total"] == {"amount": "10.80"}
        assert (cleared["email"], cleared["promotionCodes"]) == (None, [])
        assert cleared["shippingAddress"] == changed["shippingAddress"]

    @pytest.mark.parametrize(
        ("given", "code", "field"),
        [
            ({"email": "nobody"}, "INVALID", ["email"]),
            ({"promotionCodes": ["WELCOME10", "NOSUCH"]}, "PROMOTION_CODE_INVALID", ["promotionCodes", "1"]),
            (
                {"billingAddress": {"line1": "", "city": "London", "country": "GB"}},
                "INVALID",
                ["billingAddress", "line1"],
            ),
        ],
    )
    async def test_refuses_by_name(self, client: Client, shop: Shop, given: Json, code: str, field: list[str]) -> None:
        cart = await opened(client, shop, mug=1)

        (error,) = await client.refused(UPDATE, edit(cart, **given))

        assert (error["code"], error["field"]) == (code, field)


class TestCartDeliverySelect:
    async def test_prices_the_option(self, client: Client, shop: Shop) -> None:
        cart = await opened(client, shop, mug=1)
        (group,) = cart["deliveryGroups"]
        express = next(option for option in group["options"] if option["name"].startswith("Express"))

        changed = await client.mutate(
            SELECT, edit(cart, selections=[{"groupId": group["id"], "optionId": express["id"]}])
        )

        assert changed["cart"]["deliveryGroups"][0]["selected"] == {
            "id": express["id"], "name": "Express delivery", "price": {"amount": "9.99"}
        }  # fmt: skip
        assert amounts(changed["cart"])["total"] == "21.99"

    async def test_tells_when_goods_arrive(self, client: Client, shop: Shop, clock: StoppedClock) -> None:
        cart = await opened(client, shop, mug=1)

        standard, _ = cart["deliveryGroups"][0]["options"]

        assert datetime.fromisoformat(standard["earliestAt"]) == clock() + timedelta(days=2)
        assert datetime.fromisoformat(standard["latestAt"]) == clock() + timedelta(days=6)

    async def test_chooses_a_slot_of_a_pickup(self, client: Client, shop: Shop, clock: StoppedClock) -> None:
        cart, group = await self.to_collect(client, shop)
        starts_at = clock().replace(hour=14)
        selection = {
            "groupId": group["id"],
            "optionId": group["selected"]["id"],
            "pickupSlotId": slot_id(shop.locations["camden"], starts_at),
        }

        changed = await client.mutate(SELECT, edit(cart, selections=[selection]))

        slot = changed["cart"]["deliveryGroups"][0]["slot"]
        assert (slot["id"], slot["remaining"]) == (selection["pickupSlotId"], 2)
        assert datetime.fromisoformat(slot["startsAt"]) == starts_at

    async def test_refuses_a_slot_by_name(self, client: Client, shop: Shop, clock: StoppedClock) -> None:
        cart, group = await self.to_collect(client, shop)
        now = clock()
        wrong = [
            "nonsense",
            slot_id(shop.locations["soho"], now.replace(hour=14)),
            slot_id(shop.locations["camden"], now.replace(hour=9)),
            slot_id(shop.locations["camden"], now.replace(hour=14, minute=30)),
            slot_id(shop.locations["camden"], now + timedelta(days=40_000)),
        ]
        for slot in wrong:
            selection = {"groupId": group["id"], "optionId": group["selected"]["id"], "pickupSlotId": slot}

            (error,) = await client.refused(SELECT, edit(cart, selections=[selection]))

            assert (error["code"], error["field"]) == ("INVALID", ["selections", "0", "pickupSlotId"])

    async def test_refuses_an_option_by_name(self, client: Client, shop: Shop) -> None:
        cart = await opened(client, shop, mug=1)
        (group,) = cart["deliveryGroups"]

        (swapped,) = await client.refused(
            SELECT, edit(cart, selections=[{"groupId": group["options"][0]["id"], "optionId": group["id"]}])
        )

        assert (swapped["code"], swapped["field"]) == ("INVALID", ["selections", "0", "groupId"])

    async def to_collect(self, client: Client, shop: Shop) -> tuple[Json, Json]:
        cart = await opened(client, shop)
        line = {
            "variantId": shop.variant_ref("mug"), "quantity": 1, "delivery": "PICKUP",
            "storeId": shop.location_ref("camden"),
        }  # fmt: skip
        changed = (await client.mutate(ADD, edit(cart, lines=[line])))["cart"]
        (group,) = changed["deliveryGroups"]
        assert group["selected"] is not None
        return changed, group


class TestCartClaim:
    async def test_merges_the_guests_cart(self, client: Client, shop: Shop) -> None:
        own = await opened(client, shop, by="ada", mug=1)
        cart = await opened(client, shop, mug=1, lamp=1)
        call = {"input": {"cartId": cart["id"], "token": cart["token"]}}

        claimed = (await client.mutate(CLAIM, call, token=shop.token("ada")))["cart"]

        assert (claimed["id"], claimed["token"]) == (own["id"], own["token"])
        assert [line["quantity"] for line in claimed["lines"]] == [2, 1]

    async def test_ends_the_guests_token(self, client: Client, shop: Shop) -> None:
        cart = await opened(client, shop, mug=1)
        call = {"input": {"cartId": cart["id"], "token": cart["token"]}}

        claimed = (await client.mutate(CLAIM, call, token=shop.token("ada")))["cart"]

        assert claimed["id"] == cart["id"]
        assert claimed["token"] != cart["token"]
        assert await client.query(READ, {"id": cart["id"], "token": cart["token"]}) == {"cart": None}

    async def test_is_for_customers(self, client: Client, shop: Shop) -> None:
        cart = await opened(client, shop)

        (error,) = await client.refused(CLAIM, {"input": {"cartId": cart["id"], "token": cart["token"]}})

        assert error["code"] == "UNAUTHENTICATED"
