"""Where money goes back to, as clients see it: in the channel's sequence, and where staff say when it did not arrive."""

import pytest

from app.kernel.ids import IdKind
from tests.builders.buyers import broken
from tests.builders.client import Client, Json
from tests.builders.credited import gift_card
from tests.builders.paying import CARD, Front, gift, terminal, unknown
from tests.builders.shop import Shop

pytestmark = pytest.mark.anyio

CREDIT_LAST = {"captureAt": "PLACEMENT", "refundSequence": "CREDIT_LAST"}


def given_back(order: Json) -> list[tuple[str, str]]:
    """Say of each tender of an order what was given back to it."""
    return [(payment["tender"], payment["refunded"]["amount"]) for payment in order["payments"]]


class TestSequence:
    @pytest.mark.parametrize(
        ("sequence", "back"),
        [
            ("AS_CHARGED", [("GIFT_CARD", "5.00"), ("CARD", "7.00")]),
            ("CREDIT_LAST", [("GIFT_CARD", "0.00"), ("CARD", "12.00")]),
        ],
    )
    async def test_is_the_channels(
        self, client: Client, shop: Shop, sequence: str, back: list[tuple[str, str]]
    ) -> None:
        front, gifted = Front(client, shop), await gift_card(shop, "5.00")
        await front.channel(captureAt="PLACEMENT", refundSequence=sequence)
        order = await front.buy(await front.basket({"mug": 2}), CARD, gift(await gifted.code()))
        await front.work_off()

        lines = [{"orderLineId": order["lines"][0]["id"], "quantity": 1}]
        await front.does("orderCancel", by=None, orderId=order["id"], token=order["token"], lines=lines)
        await front.work_off()

        assert given_back(await front.read(order)) == back
        assert await broken(shop) == []


class TestRefundTo:
    async def test_gives_money_to_another_tender_of_the_order_once(self, client: Client, shop: Shop) -> None:
        front, order = await self.refused(client, shop)
        by_gift = order["payments"][0]["id"]
        given = {"orderId": order["id"], "refundTo": [by_gift], "idempotencyKey": "elsewhere"}

        done = [await front.does("orderPaymentRetry", **given) for _ in range(2)]
        late = await front.may_not("orderPaymentRetry", orderId=order["id"], refundTo=[by_gift])

        assert [hold["reason"] for hold in order["holds"]] == ["REFUND_FAILED"]
        assert done[0] == done[1]
        assert given_back(done[0]) == [("GIFT_CARD", "12.00"), ("CARD_PRESENT", "0.00")]
        assert [hold["status"] for hold in done[0]["holds"]] == ["RELEASED"]
        assert late == ("ILLEGAL_TRANSITION", ["refundTo"])
        assert await broken(shop) == []

    async def test_is_refused_naming_what_is_wrong(self, client: Client, shop: Shop) -> None:
        front, order = await self.refused(client, shop)
        by_gift = order["payments"][0]["id"]
        expected: list[tuple[str | None, list[str], str, object]] = [
            (None, [by_gift], "UNAUTHENTICATED", None),
            ("associate", [by_gift], "FORBIDDEN", None),
            ("service", [], "INVALID", ["refundTo"]),
            ("service", [by_gift, by_gift], "INVALID", ["refundTo"]),
            ("service", [by_gift, order["id"]], "INVALID", ["refundTo", "1"]),
            ("service", [unknown(IdKind.PAYMENT)], "NOT_FOUND", ["refundTo", "0"]),
        ]

        for who, chosen, code, field in expected:
            refusal = await front.may_not("orderPaymentRetry", by=who, orderId=order["id"], refundTo=chosen)
            assert refusal == (code, field)

        assert given_back(await front.read(order)) == [("GIFT_CARD", "0.00"), ("CARD_PRESENT", "0.00")]
        assert await broken(shop) == []

    async def refused(self, client: Client, shop: Shop) -> tuple[Front, Json]:
        """Cancel a mug whose money the terminal does not give back; a gift card has paid too."""
        front, gifted = Front(client, shop), await gift_card(shop, "15.00")
        await front.channel(**CREDIT_LAST)
        basket = await front.basket({"mug": 2}, by="associate")
        order = await front.buy(basket, gift(await gifted.code()), terminal("R-1"))
        lines = [{"orderLineId": order["lines"][0]["id"], "quantity": 1}]
        cancelled = await front.does("orderCancel", by="service", orderId=order["id"], lines=lines)
        [step] = [step for step in cancelled["payments"][1]["transactions"] if step["kind"] == "REFUND"]
        await front.does("paymentTransactionRecord", transactionId=step["id"], succeeded=False)
        return front, await front.read(order)
