"""Stock changed by hand, as a tool in a store does it."""

from typing import Any

import pytest

from tests.builders.buyers import broken
from tests.builders.client import Client, Json
from tests.builders.shop import Shop
from tests.builders.stocked import Shelves

pytestmark = pytest.mark.anyio

CHANGED = """
    levels { sellable damaged quality available variant { sku } location { code } }
    movements { bucket delta balance reason causeKind causeId note variant { sku } }
    errors { code message field }
"""
ADJUST = f"mutation ($input: StockAdjustInput!) {{ stockAdjust(input: $input) {{ {CHANGED} }} }}"
MOVE = f"mutation ($input: StockMoveInput!) {{ stockMove(input: $input) {{ {CHANGED} }} }}"
RECEIVE = f"mutation ($input: StockReceiveInput!) {{ stockReceive(input: $input) {{ {CHANGED} }} }}"


def line(shop: Shop, sku: str, **more: Any) -> Json:
    """Write a line about a variant."""
    return {"variantId": shop.variant_ref(sku), **more}


def call(shop: Shop, *lines: Json, key: str = "k", at: str = "camden", **more: Any) -> Json:
    """Write an input."""
    return {"input": {"locationId": shop.location_ref(at), "lines": [*lines], "idempotencyKey": key, **more}}


class TestStockAdjust:
    async def test_answers_levels_and_what_was_written(self, client: Client, shop: Shop) -> None:
        given = call(
            shop,
            line(shop, "mug", delta=-2),
            line(shop, "mug", delta=1, bucket="DAMAGED"),
            line(shop, "lamp", delta=3),
            reason="ADJUSTED",
            note="after the flood",
        )

        payload = await client.mutate(ADJUST, given, token=shop.token("manager"))

        levels = {level["variant"]["sku"]: level for level in payload["levels"]}
        assert (levels["mug"]["sellable"], levels["mug"]["damaged"], levels["mug"]["available"]) == (3, 1, 3)
        assert levels["lamp"]["sellable"] == 3
        assert {level["location"]["code"] for level in payload["levels"]} == {"camden"}
        written = [
            (move["variant"]["sku"], move["bucket"], move["delta"], move["balance"]) for move in payload["movements"]
        ]
        assert sorted(written) == [("lamp", "SELLABLE", 3, 3), ("mug", "DAMAGED", 1, 1), ("mug", "SELLABLE", -2, 3)]
        assert {(move["reason"], move["causeKind"], move["note"]) for move in payload["movements"]} == {
            ("ADJUSTED", "ADJUSTMENT", "after the flood")
        }
        assert await broken(shop) == []

    async def test_repeated_with_its_key_changes_stock_once(self, client: Client, shop: Shop) -> None:
        given = call(shop, line(shop, "mug", delta=2), reason="FOUND")

        first = await client.mutate(ADJUST, given, token=shop.token("manager"))
        again = await client.mutate(ADJUST, given, token=shop.token("manager"))

        assert again == first
        assert await shop.on_hand("mug", "camden") == 7

    async def test_refuses_what_is_promised_and_what_is_not_there(self, client: Client, shop: Shop) -> None:
        await Shelves(shop).promise({("mug", "camden"): 4})
        ask = {"token": shop.token("manager")}

        (oversold,) = await client.refused(ADJUST, call(shop, line(shop, "mug", delta=-2), reason="LOST"), **ask)
        (below,) = await client.refused(ADJUST, call(shop, line(shop, "mug", delta=-6), reason="LOST"), **ask)
        (reason,) = await client.refused(ADJUST, call(shop, line(shop, "mug", delta=1), reason="REPAIRED"), **ask)
        (nothing,) = await client.refused(ADJUST, call(shop, reason="LOST"), **ask)

        assert (oversold["code"], oversold["field"]) == ("OUT_OF_STOCK", ["lines", "0", "delta"])
        assert oversold["message"] == "1 of 5 are promised to nobody"
        assert (below["code"], below["field"]) == ("QUANTITY_EXCEEDED", ["lines", "0", "delta"])
        assert (reason["code"], reason["field"]) == ("INVALID", ["reason"])
        assert (nothing["code"], nothing["field"]) == ("INVALID", ["lines"])

    @pytest.mark.parametrize("delta", [0.5, 1.0001, "1", "1.5", 2**31, -(2**31) - 1, 1e300, True, None, [1]])
    async def test_takes_whole_numbers_alone(self, client: Client, shop: Shop, delta: object) -> None:
        given = call(shop, line(shop, "mug", delta=delta), reason="FOUND")

        (error,) = await client.errors(ADJUST, given, token=shop.token("manager"))

        assert error["extensions"]["code"] == "INVALID"
        assert "at .lines[0].delta: " in error["message"]
        assert await shop.on_hand("mug", "camden") == 5

    @pytest.mark.parametrize("reason", ["SHIPPED", "COUNTED", "BECAUSE", "found", "", 1])
    async def test_takes_reasons_of_hand_work_alone(self, client: Client, shop: Shop, reason: object) -> None:
        given = call(shop, line(shop, "mug", delta=1), reason=reason)

        (error,) = await client.errors(ADJUST, given, token=shop.token("manager"))

        assert error["extensions"]["code"] == "INVALID"
        assert "at .reason: " in error["message"]

    async def test_costs_the_same_however_many_lines(self, client: Client, shop: Shop, statements: Any) -> None:
        counts = []
        for number, skus in enumerate((("mug", "lamp"), ("mug", "lamp", "tee-s", "tee-m", "tee-l", "kettle"))):
            given = call(shop, *(line(shop, sku, delta=1) for sku in skus), reason="FOUND", key=str(number))
            async with statements() as sent:
                await client.mutate(ADJUST, given, token=shop.token("manager"))
            counts.append(sent.count)

        assert counts[0] == counts[1]


class TestStockMove:
    async def test_moves_units_between_buckets(self, client: Client, shop: Shop) -> None:
        given = call(shop, line(shop, "mug", **{"from": "SELLABLE", "to": "DAMAGED", "quantity": 2}), reason="DAMAGED")

        payload = await client.mutate(MOVE, given, token=shop.token("manager"))

        (level,) = payload["levels"]
        assert (level["sellable"], level["damaged"]) == (3, 2)
        assert sorted((move["bucket"], move["delta"]) for move in payload["movements"]) == [
            ("DAMAGED", 2),
            ("SELLABLE", -2),
        ]
        assert await broken(shop) == []

    async def test_names_what_is_wrong(self, client: Client, shop: Shop) -> None:
        ask = {"token": shop.token("manager")}
        back = line(shop, "mug", **{"from": "DAMAGED", "to": "SELLABLE", "quantity": 1})

        (missing,) = await client.refused(MOVE, call(shop, back, reason="REPAIRED"), **ask)
        (where,) = await client.refused(MOVE, call(shop, back, reason="DAMAGED"), **ask)
        (why,) = await client.refused(MOVE, call(shop, back, reason="STOLEN"), **ask)

        assert (missing["code"], missing["field"]) == ("QUANTITY_EXCEEDED", ["lines", "0", "quantity"])
        assert (where["code"], where["field"]) == ("INVALID", ["lines", "0", "to"])
        assert (why["code"], why["field"]) == ("INVALID", ["reason"])


class TestStockReceive:
    async def test_takes_goods_in(self, client: Client, shop: Shop) -> None:
        given = call(
            shop, line(shop, "kettle", quantity=3), line(shop, "kettle", quantity=1, bucket="QUALITY"), note="samples"
        )

        payload = await client.mutate(RECEIVE, given, token=shop.token("manager"))

        (level,) = payload["levels"]
        assert (level["sellable"], level["quality"]) == (3, 1)
        assert {(move["reason"], move["note"]) for move in payload["movements"]} == {("RECEIVED", "samples")}
        assert await broken(shop) == []

    async def test_needs_somebody_who_works_there(self, client: Client, shop: Shop) -> None:
        given = call(shop, line(shop, "kettle", quantity=3), at="soho")

        (manager,) = await client.refused(RECEIVE, given, token=shop.token("manager"))
        (nobody,) = await client.refused(RECEIVE, given)

        assert (manager["code"], nobody["code"]) == ("FORBIDDEN", "UNAUTHENTICATED")
