"""When money is taken, as clients see `paymentStatus` move while a worker runs: at placement, as goods leave, or as they arrive."""

from uuid import uuid4

import pytest

from app.kernel.ids import IdKind
from tests.builders.buyers import broken
from tests.builders.client import Client, Json
from tests.builders.paying import ALL_TENDERS, CARD, CASH, Front, steps, tenders, unknown
from tests.builders.shop import Shop

pytestmark = pytest.mark.anyio

CHANNEL = "{ channels { captureAt captureDelivery refundSequence tenders } }"


class TestAtPlacement:
    async def test_is_taken_a_moment_after_the_order(self, client: Client, shop: Shop) -> None:
        front = Front(client, shop)
        await front.channel(captureAt="PLACEMENT")

        order = await front.buy(await front.basket({"mug": 1}), CARD)
        await front.work_off()
        paid = await front.read(order)

        assert (order["captureAt"], order["paymentStatus"]) == ("PLACEMENT", "AUTHORIZED")
        assert (paid["paymentStatus"], paid["status"]) == ("CAPTURED", "PLACED")
        assert steps(paid) == [("AUTHORIZATION", "SUCCEEDED", "16.99"), ("CAPTURE", "SUCCEEDED", "16.99")]
        assert await broken(shop) == []

    async def test_is_given_back_when_the_order_is_cancelled(self, client: Client, shop: Shop) -> None:
        front = Front(client, shop)
        await front.channel(captureAt="PLACEMENT")
        order = await front.buy(await front.basket({"mug": 1}), CARD)
        await front.work_off()

        await front.does("orderCancel", by=None, orderId=order["id"], token=order["token"])
        await front.work_off()

        cancelled = await front.read(order)
        assert (cancelled["status"], cancelled["paymentStatus"]) == ("CANCELLED", "REFUNDED")
        assert cancelled["refundedTotal"]["amount"] == "16.99"
        assert await broken(shop) == []


class TestAtShipment:
    async def test_is_taken_for_what_leaves(self, client: Client, shop: Shop) -> None:
        front = Front(client, shop)
        order = await front.buy(await front.basket({"mug": 2}), CARD)
        seen = [order["paymentStatus"]]
        work_id = await front.packed(order)

        for _ in range(2):
            await self.ship_one(front, work_id)
            seen.append((await front.read(order))["paymentStatus"])
            await front.work_off()
            seen.append((await front.read(order))["paymentStatus"])

        assert order["captureAt"] == "SHIPMENT"
        assert seen == ["AUTHORIZED", "AUTHORIZED", "PARTIALLY_CAPTURED", "PARTIALLY_CAPTURED", "CAPTURED"]
        assert [step[2] for step in steps(await front.read(order))] == ["28.99", "16.99", "12.00"]
        assert await broken(shop) == []

    async def test_with_delivery_charged_last_takes_that_with_the_last_goods(self, client: Client, shop: Shop) -> None:
        front = Front(client, shop)
        await front.channel(captureDelivery="LAST")
        order = await front.buy(await front.basket({"mug": 2}), CARD)
        work_id = await front.packed(order)

        for _ in range(2):
            await self.ship_one(front, work_id)
            await front.work_off()

        assert [step[2] for step in steps(await front.read(order))] == ["28.99", "12.00", "16.99"]
        assert await broken(shop) == []

    async def test_is_for_orders_as_they_were_placed(self, client: Client, shop: Shop) -> None:
        front = Front(client, shop)
        order = await front.buy(await front.basket({"mug": 1}), CARD)

        await front.channel(captureAt="PLACEMENT")
        await front.work_off()

        unchanged = await front.read(order)
        assert (unchanged["captureAt"], unchanged["paymentStatus"]) == ("SHIPMENT", "AUTHORIZED")

    async def ship_one(self, front: Front, work_id: str) -> None:
        document = "query ($id: ID!) { node(id: $id) { ... on FulfillmentOrder { lines { id } } } }"
        found = await front.client.query(document, {"id": work_id}, token=front.shop.token("operator"))
        [line] = found["node"]["lines"]
        await front.step(
            "fulfillmentOrderShip", fulfillmentOrderId=work_id,
            lines=[{"fulfillmentOrderLineId": line["id"], "quantity": 1}],
        )  # fmt: skip


class TestAtHandOver:
    async def test_is_taken_when_the_carrier_has_delivered(self, client: Client, shop: Shop) -> None:
        front, order = await self.to_be_paid_at_hand_over(client, shop)
        shipment = await front.ship(order)
        await front.work_off()
        under_way = await front.read(order)

        work = await front.step("shipmentDeliver", shipmentId=shipment["id"], idempotencyKey="once")
        again = await front.step("shipmentDeliver", shipmentId=shipment["id"], idempotencyKey="once")
        await front.step("shipmentDeliver", shipmentId=shipment["id"])
        await front.work_off()

        assert (under_way["status"], under_way["paymentStatus"]) == ("FULFILLED", "AUTHORIZED")
        assert work == again
        assert [(one["status"], one["deliveredAt"] is None) for one in work["shipments"]] == [("DELIVERED", False)]
        paid = await front.read(order)
        assert (paid["paymentStatus"], [step[0] for step in steps(paid)]) == ("CAPTURED", ["AUTHORIZATION", "CAPTURE"])
        assert await broken(shop) == []

    async def test_is_taken_when_a_pickup_is_handed_over(self, client: Client, shop: Shop) -> None:
        front = Front(client, shop)
        await front.channel(captureAt="HAND_OVER")
        order = await front.buy(await front.basket(collected={"mug": 1}), CARD)
        pickup = await front.ready(order)
        await front.work_off()
        waiting = await front.read(order)

        assert await front.hand_over(pickup) == []
        await front.work_off()

        assert (waiting["paymentStatus"], (await front.read(order))["paymentStatus"]) == ("AUTHORIZED", "CAPTURED")
        assert await broken(shop) == []

    async def test_is_noted_by_those_who_sent_it(self, client: Client, shop: Shop) -> None:
        front, order = await self.to_be_paid_at_hand_over(client, shop)
        shipment = await front.ship(order)

        expected: list[tuple[str, str, str, object]] = [
            ("ada", shipment["id"], "FORBIDDEN", None),
            ("operator", unknown(IdKind.SHIPMENT), "NOT_FOUND", ["shipmentId"]),
            ("operator", order["id"], "INVALID", ["shipmentId"]),
        ]

        for who, shipment_id, code, field in expected:
            error = await front.no_step("shipmentDeliver", who, shipmentId=shipment_id)
            assert (error["code"], error["field"]) == (code, field)
        # Whoever works elsewhere does not learn that there is such a shipment.
        assert (await front.no_step("shipmentDeliver", "other_associate", shipmentId=shipment["id"]))[
            "code"
        ] == "NOT_FOUND"
        assert (await front.read(order))["fulfillmentOrders"][0]["shipments"][0]["status"] == "IN_TRANSIT"

    async def to_be_paid_at_hand_over(self, client: Client, shop: Shop) -> tuple[Front, Json]:
        front = Front(client, shop)
        await front.channel(captureAt="HAND_OVER")
        return front, await front.buy(await front.basket({"mug": 1}), CARD)


class TestTill:
    async def test_is_paid_at_once_whatever_the_channel_does(self, client: Client, shop: Shop) -> None:
        front = Front(client, shop)
        await front.channel(captureAt="HAND_OVER")

        order = await front.buy(await front.at_the_till(), CASH)

        assert (order["captureAt"], tenders(order)) == ("PLACEMENT", [("CASH", "12.00", "CAPTURED")])


class TestChannel:
    async def test_says_how_it_takes_money_and_goes_back_to_what_a_new_one_does(
        self, client: Client, shop: Shop
    ) -> None:
        front = Front(client, shop)
        usual = {
            "captureAt": "SHIPMENT", "captureDelivery": "FIRST", "refundSequence": "AS_CHARGED", "tenders": ALL_TENDERS[:5],
        }  # fmt: skip
        chosen = {
            "captureAt": "HAND_OVER", "captureDelivery": "LAST", "refundSequence": "CREDIT_LAST", "tenders": ["INVOICE", "CARD"],
        }  # fmt: skip

        put = await front.channel(**chosen)
        kept = await front.channel(name="Web")
        back = await front.channel(**dict.fromkeys(chosen))

        assert (put, kept, back) == (chosen, chosen, usual)

    @pytest.mark.parametrize("tenders", [[], ["CARD", "CARD"]])
    async def test_takes_at_least_one_kind_of_money_and_none_twice(
        self, client: Client, shop: Shop, tenders: list[str]
    ) -> None:
        document = "mutation ($input: ChannelPutInput!) { channelPut(input: $input) { errors { code field } } }"
        call = {"input": {"code": "web", "tenders": tenders, "idempotencyKey": str(uuid4())}}

        errors = await client.refused(document, call, token=shop.token("merchandiser"))

        assert errors == [{"code": "INVALID", "field": ["tenders"]}]

    async def test_tells_shoppers_what_they_can_pay_with_and_not_when(self, client: Client, shop: Shop) -> None:
        shoppers = [(await client.query(CHANNEL, token=who and shop.token(who)))["channels"] for who in (None, "ada")]
        [staffs] = (await client.query(CHANNEL, token=shop.token("associate")))["channels"]

        told = {"captureAt": None, "captureDelivery": None, "refundSequence": None, "tenders": ALL_TENDERS[:5]}
        assert shoppers == [[told]] * 2
        assert (staffs["captureAt"], staffs["captureDelivery"], staffs["refundSequence"]) == (
            "SHIPMENT",
            "FIRST",
            "AS_CHARGED",
        )
