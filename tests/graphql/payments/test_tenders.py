"""What a cart can be paid with, as storefronts and tills send it: every tender, several of them, and what is refused."""

from datetime import timedelta

import pytest

from app.kernel.ids import IdKind
from app.pickup import service as pickups
from tests.builders.buyers import broken
from tests.builders.client import Client, Json
from tests.builders.clock import StoppedClock
from tests.builders.credited import WRONG, gift_card, store_credit
from tests.builders.paying import (
    ALL_TENDERS,
    CARD,
    CASH,
    INVOICE,
    PAY_IN_STORE,
    STORE_CREDIT,
    Front,
    card,
    gift,
    steps,
    tenders,
    terminal,
    unknown,
)
from tests.builders.shop import Shop

pytestmark = pytest.mark.anyio

ONE_MUG = "16.99"


class TestGiftCard:
    async def test_pays_by_its_code_alone(self, client: Client, shop: Shop) -> None:
        front, gifted = Front(client, shop), await gift_card(shop, "50.00")

        order = await front.buy(await front.basket({"mug": 1}), gift((await gifted.code()).lower()))

        assert tenders(order) == [("GIFT_CARD", ONE_MUG, "AUTHORIZED")]
        assert order["paymentStatus"] == "AUTHORIZED"
        assert order["payments"][0]["gateway"] == "gift_card"
        assert await gifted.balance() == (5000, 1699)
        assert await front.at_the_provider() == {}
        assert await broken(shop) == []

    async def test_pays_what_it_has_before_the_card_that_stands_first(self, client: Client, shop: Shop) -> None:
        front, gifted = Front(client, shop), await gift_card(shop, "5.00")

        order = await front.buy(await front.basket({"mug": 1}), CARD, gift(await gifted.code()))

        assert tenders(order) == [("GIFT_CARD", "5.00", "AUTHORIZED"), ("CARD", "11.99", "AUTHORIZED")]
        assert await front.at_the_provider() == {"AUTHORIZATION": 1199}
        assert await broken(shop) == []

    async def test_is_held_once_however_often_the_call_is_sent(self, client: Client, shop: Shop) -> None:
        front, gifted = Front(client, shop), await gift_card(shop)
        basket, payment = await front.basket({"mug": 1}), gift(await gifted.code())

        first, again = [await front.buy(basket, payment) for _ in range(2)]

        assert first == again
        assert await gifted.balance() == (5000, 1699)

    async def test_is_refused_by_name(self, client: Client, shop: Shop, clock: StoppedClock) -> None:
        front, basket = Front(client, shop), await Front(client, shop).basket({"mug": 1})
        foreign, closed = await gift_card(shop, currency="EUR"), await gift_card(shop)
        over, good = await gift_card(shop, expires_at=clock() + timedelta(hours=1)), await gift_card(shop)
        await closed.disable()
        clock.advance(hours=1)
        expected = [
            ([gift(WRONG)], "NOT_FOUND", ["payments", "0", "token"]),
            ([gift(await closed.code())], "NOT_FOUND", ["payments", "0", "token"]),
            ([CARD | {"amount": "1.00"}, gift(await foreign.code())], "PAYMENT_MISMATCH", ["payments", "1", "token"]),
            ([gift(await over.code())], "PAYMENT_MISMATCH", ["payments", "0", "token"]),
            ([{"gateway": "gift_card"}], "PAYMENT_MISMATCH", ["payments", "0", "token"]),
            ([gift(await good.code()), gift(await good.code())], "PAYMENT_MISMATCH", ["payments", "1"]),
        ]

        for payments, code, field in expected:
            error = await front.refused(basket, *payments)
            assert (error["code"], error["field"]) == (code, field)
        assert await good.balance() == (5000, 0)

    async def test_with_less_on_it_than_it_is_to_pay_says_how_much_is_left(self, client: Client, shop: Shop) -> None:
        front, gifted = Front(client, shop), await gift_card(shop, "5.00")

        # It is charged first wherever it stands; what is refused is named where it stands.
        gives = [CARD | {"amount": "6.99"}, gift(await gifted.code(), "10.00")]
        error = await front.refused(await front.basket({"mug": 1}), *gives)

        assert (error["__typename"], error["code"], error["field"]) == (
            "CreditInsufficientError", "PAYMENT_DECLINED", ["payments", "1"],
        )  # fmt: skip
        assert (error["requestedAmount"], error["availableAmount"]) == ({"amount": "10.00"}, {"amount": "5.00"})
        assert await broken(shop) == []

    async def test_with_nothing_left_is_refused_like_one_with_too_little(self, client: Client, shop: Shop) -> None:
        front, gifted = Front(client, shop), await gift_card(shop, ONE_MUG)
        await front.buy(await front.basket({"mug": 1}), gift(await gifted.code()), key="first")

        error = await front.refused(await front.basket({"mug": 1}), CARD, gift(await gifted.code()))

        assert (error["__typename"], error["code"], error["field"]) == (
            "CreditInsufficientError", "PAYMENT_DECLINED", ["payments", "1"],
        )  # fmt: skip
        assert error["message"] == f"{ONE_MUG} GBP was asked for, and 0.00 GBP is left"
        assert await front.at_the_provider() == {}
        assert await gifted.balance() == (1699, 1699)
        assert await broken(shop) == []


class TestStoreCredit:
    async def test_pays_for_its_customer(self, client: Client, shop: Shop) -> None:
        front, credit = Front(client, shop), await store_credit(shop, "20.00")

        order = await front.buy(await front.basket({"mug": 1}, by="ada"), STORE_CREDIT)

        assert tenders(order) == [("STORE_CREDIT", ONE_MUG, "AUTHORIZED")]
        assert await credit.balance() == (2000, 1699)
        assert await broken(shop) == []

    async def test_pays_at_a_till_for_the_customer_who_is_served(self, client: Client, shop: Shop) -> None:
        front, credit = Front(client, shop), await store_credit(shop, "20.00")

        order = await front.buy(await front.at_the_till(customer="ada"), STORE_CREDIT | {"amount": "8.00"}, CASH)

        assert tenders(order) == [("STORE_CREDIT", "8.00", "CAPTURED"), ("CASH", "4.00", "CAPTURED")]
        assert await credit.balance() == (1200, 0)
        assert await broken(shop) == []

    async def test_pays_for_nobody_else(self, client: Client, shop: Shop) -> None:
        front = Front(client, shop)
        await store_credit(shop, "20.00", customer="ada")
        guests, bobs = await front.basket({"mug": 1}), await front.basket({"mug": 1}, by="bob")

        refusals = [await front.refused(basket, STORE_CREDIT) for basket in (guests, bobs)]

        assert [(error["code"], error["field"]) for error in refusals] == [
            ("PAYMENT_MISMATCH", ["payments", "0", "gateway"])
        ] * 2


class TestTill:
    async def test_takes_cash_for_what_is_carried_out(self, client: Client, shop: Shop) -> None:
        front = Front(client, shop)

        order = await front.buy(await front.at_the_till(), CASH)

        assert (order["status"], order["paymentStatus"], order["captureAt"]) == ("FULFILLED", "CAPTURED", "PLACEMENT")
        assert tenders(order) == [("CASH", "12.00", "CAPTURED")]
        assert await front.at_the_provider() == {}
        assert await broken(shop) == []

    async def test_takes_a_card_at_its_terminal(self, client: Client, shop: Shop) -> None:
        front = Front(client, shop)

        order = await front.buy(await front.at_the_till(), CASH | {"amount": "2.00"}, terminal("T-1"))

        assert tenders(order) == [("CASH", "2.00", "CAPTURED"), ("CARD_PRESENT", "10.00", "CAPTURED")]
        assert (await front.read(order))["payments"][1]["transactions"][0]["gatewayReference"] == "T-1"
        assert await broken(shop) == []

    async def test_is_no_business_of_shoppers(self, client: Client, shop: Shop) -> None:
        front = Front(client, shop)
        guests, adas = await front.basket({"mug": 1}), await front.basket({"mug": 1}, by="ada")

        refusals = [
            await front.refused(basket, payment) for basket in (guests, adas) for payment in (CASH, terminal("T-1"))
        ]

        assert [error["code"] for error in refusals] == ["UNAUTHENTICATED"] * 2 + ["FORBIDDEN"] * 2
        assert {tuple(error["field"]) for error in refusals} == {("payments", "0", "gateway")}
        assert await shop.fetch("SELECT 1 FROM payments") == []

    async def test_needs_what_the_terminal_calls_its_receipt(self, client: Client, shop: Shop) -> None:
        front = Front(client, shop)

        error = await front.refused(await front.at_the_till(), {"gateway": "card_present"})

        assert (error["code"], error["field"]) == ("PAYMENT_MISMATCH", ["payments", "0", "token"])


class TestPayInStore:
    async def test_is_a_promise_that_is_kept_before_the_goods_are_handed_over(self, client: Client, shop: Shop) -> None:
        front = Front(client, shop)
        await front.channel(tenders=ALL_TENDERS)
        order = await front.buy(await front.basket(collected={"mug": 1}), PAY_IN_STORE)
        pickup = await front.ready(order)
        [promise] = order["payments"]

        [early] = await front.hand_over(pickup)
        buttons = [await self.buttons(front, order)]
        paid = await front.does(
            "paymentReceive", by="associate", paymentId=promise["id"], tender="CASH",
            locationId=shop.location_ref("camden"),
        )  # fmt: skip
        buttons.append(await self.buttons(front, order))
        assert await front.hand_over(pickup) == []

        assert buttons == [(False, False), (True, True)]
        assert (order["paymentStatus"], promise["status"]) == ("PENDING", "PENDING")
        assert (early["code"], "12.00 GBP" in early["message"]) == ("PAYMENT_REQUIRED", True)
        assert paid["paymentStatus"] == "CAPTURED"
        assert tenders(paid) == [("CASH", "12.00", "CAPTURED")]
        assert (await front.read(order))["status"] == "FULFILLED"
        assert await broken(shop) == []

    async def test_is_kept_once(self, client: Client, shop: Shop) -> None:
        front = Front(client, shop)
        given = await self.promised(front)
        by_card = given | {"tender": "CARD_PRESENT", "reference": "T-9", "idempotencyKey": "k"}

        first, again = [await front.does("paymentReceive", by="associate", **by_card) for _ in range(2)]
        other = await front.may_not("paymentReceive", by="associate", **given)
        reused = await front.may_not("paymentReceive", by="associate", **by_card | {"reference": "T-10"})

        assert first == again
        assert tenders(first) == [("CARD_PRESENT", "12.00", "CAPTURED")]
        assert other == ("ILLEGAL_TRANSITION", ["paymentId"])
        assert reused == ("IDEMPOTENCY_MISMATCH", ["idempotencyKey"])
        assert await broken(shop) == []

    async def test_is_received_by_those_at_the_counter_with_money_of_a_till(self, client: Client, shop: Shop) -> None:
        front = Front(client, shop)
        good = await self.promised(front)
        expected: list[tuple[str | None, Json, str, object]] = [
            (None, {}, "UNAUTHENTICATED", None),
            ("ada", {}, "FORBIDDEN", None),
            ("other_associate", {}, "FORBIDDEN", None),
            ("associate", {"tender": "GIFT_CARD"}, "INVALID", ["tender"]),
            ("associate", {"tender": "CARD_PRESENT"}, "INVALID", ["reference"]),
            ("associate", {"paymentId": unknown(IdKind.PAYMENT)}, "NOT_FOUND", ["paymentId"]),
            ("associate", {"paymentId": shop.location_ref("camden")}, "INVALID", ["paymentId"]),
        ]

        for who, change, code, field in expected:
            assert await front.may_not("paymentReceive", by=who, **good | change) == (code, field)

    async def test_is_for_what_is_collected_in_a_channel_that_takes_it(self, client: Client, shop: Shop) -> None:
        front = Front(client, shop)
        collected, shipped = await front.basket(collected={"mug": 1}), await front.basket({"mug": 1})

        untaken = await front.refused(collected, PAY_IN_STORE)
        await front.channel(tenders=ALL_TENDERS)
        sent = await front.refused(shipped, PAY_IN_STORE)
        beside = await front.refused(collected, CARD | {"amount": "2.00"}, PAY_IN_STORE)

        assert (untaken["code"], untaken["field"]) == ("PAYMENT_MISMATCH", ["payments", "0", "gateway"])
        assert (sent["code"], sent["field"]) == ("PAYMENT_MISMATCH", ["payments", "0", "gateway"])
        assert (beside["code"], beside["field"]) == ("PAYMENT_MISMATCH", ["payments", "1"])

    async def test_that_is_not_needed_any_more_ends_with_the_order(self, client: Client, shop: Shop) -> None:
        front = Front(client, shop)
        await front.channel(tenders=ALL_TENDERS)
        order = await front.buy(await front.basket(collected={"mug": 1}), PAY_IN_STORE)

        cancelled = await front.does("orderCancel", by=None, orderId=order["id"], token=order["token"])

        assert (cancelled["status"], tenders(cancelled)) == ("CANCELLED", [("PAY_IN_STORE", "12.00", "VOIDED")])
        assert await broken(shop) == []

    async def test_that_nobody_comes_to_keep_ends_with_its_pickup(
        self, client: Client, shop: Shop, clock: StoppedClock
    ) -> None:
        front = Front(client, shop)
        await front.channel(tenders=ALL_TENDERS)
        order = await front.buy(await front.basket(collected={"mug": 1}), PAY_IN_STORE)
        await front.ready(order)

        clock.advance(days=30)
        await pickups.expire_due(shop.begin())

        ended = await front.read(order)
        assert (ended["status"], tenders(ended)) == ("CANCELLED", [("PAY_IN_STORE", "12.00", "VOIDED")])
        assert await broken(shop) == []

    async def buttons(self, front: Front, order: Json) -> tuple[bool, bool]:
        """Say whether the counter is shown that the goods may be handed over: by the work, and by the pickup."""
        [work] = (await front.read(order, by="associate"))["fulfillmentOrders"]
        return "pickupHandOver" in work["nextActions"], "pickupHandOver" in work["pickup"]["nextActions"]

    async def promised(self, front: Front) -> Json:
        """Place an order that is paid in the store; answers how its money is received."""
        await front.channel(tenders=ALL_TENDERS)
        order = await front.buy(await front.basket(collected={"mug": 1}), PAY_IN_STORE)
        [promise] = order["payments"]
        return {"paymentId": promise["id"], "tender": "CASH", "locationId": front.shop.location_ref("camden")}


class TestInvoice:
    async def test_bills_a_customer_for_what_leaves(self, client: Client, shop: Shop) -> None:
        front = Front(client, shop)
        await front.channel(tenders=["INVOICE"])

        order = await front.buy(await front.basket({"mug": 1}, by="ada"), INVOICE)
        await front.ship(order)
        billed = await front.read(order)

        assert tenders(order) == [("INVOICE", ONE_MUG, "AUTHORIZED")]
        assert (billed["paymentStatus"], steps(billed)[-1]) == ("CAPTURED", ("CAPTURE", "SUCCEEDED", ONE_MUG))
        assert await front.at_the_provider() == {}
        assert await broken(shop) == []

    async def test_needs_a_customer_and_a_channel_that_takes_it(self, client: Client, shop: Shop) -> None:
        front = Front(client, shop)
        adas, guests = await front.basket({"mug": 1}, by="ada"), await front.basket({"mug": 1})

        untaken = await front.refused(adas, INVOICE)
        await front.channel(tenders=["INVOICE"])
        unknown_buyer = await front.refused(guests, INVOICE)
        by_card = await front.refused(guests, CARD)

        for error in (untaken, unknown_buyer, by_card):
            assert (error["code"], error["field"]) == ("PAYMENT_MISMATCH", ["payments", "0", "gateway"])


class TestSeveralTenders:
    async def test_are_charged_in_the_order_in_which_they_are_taken(self, client: Client, shop: Shop) -> None:
        front, gifted = Front(client, shop), await gift_card(shop, "3.00")
        await store_credit(shop, "2.00")

        order = await front.buy(
            await front.basket({"mug": 1}, by="ada"),
            card("tok_ok", "4.00"), STORE_CREDIT, gift(await gifted.code()), card("tok_ok"),
        )  # fmt: skip

        assert tenders(order) == [
            ("GIFT_CARD", "3.00", "AUTHORIZED"), ("STORE_CREDIT", "2.00", "AUTHORIZED"),
            ("CARD", "4.00", "AUTHORIZED"), ("CARD", "7.99", "AUTHORIZED"),
        ]  # fmt: skip
        assert await broken(shop) == []

    async def test_of_which_one_is_declined_hold_nothing(self, client: Client, shop: Shop) -> None:
        front, gifted = Front(client, shop), await gift_card(shop, "3.00")

        error = await front.refused(
            await front.basket({"mug": 1}), gift(await gifted.code()), card("tok_ok", "4.00"), card("tok_declined")
        )
        await front.work_off()

        assert error["code"] == "PAYMENT_DECLINED"
        assert await gifted.balance() == (300, 0)
        assert await front.at_the_provider() == {"AUTHORIZATION": 400, "VOID": 400}
        assert await broken(shop) == []

    async def test_are_five_at_most(self, client: Client, shop: Shop) -> None:
        front = Front(client, shop)

        error = await front.refused(await front.basket({"mug": 1}), *[card("tok_ok", "1.00")] * 5, CARD)

        assert (error["code"], error["field"]) == ("INVALID", ["payments"])
