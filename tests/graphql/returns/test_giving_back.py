"""Returns as a storefront, a guest and an in-store tool see them."""

import asyncio
from typing import Any

import pytest

from app.kernel.ids import IdKind, encode
from tests.builders.client import Client, Json
from tests.builders.placed import Placed, place, shipped
from tests.builders.returned import broken, received_order, settle, sold
from tests.builders.shop import Shop

pytestmark = pytest.mark.anyio

RETURN = """
    id number status nextActions declineReason
    order { id number token }
    lines {
        id quantity reason received accepted disposition note
        orderLine { id sku quantities { returned } }
        variant { sku }
        receipts { quantity accepted disposition at location { code } }
    }
    refund {
        lines { amount currency } tax { amount } delivery { amount } fees { amount } total { amount } method
        refunded { amount }
    }
"""
ERRORS = "errors { code message field }"
PREVIEW = (
    "mutation ($input: ReturnPreviewInput!) { returnPreview(input: $input) { refund { lines { amount } tax { amount } \
delivery { amount } fees { amount } total { amount } method refunded { amount } } "
    + ERRORS
    + " } }"
)
REQUEST = (
    f"mutation ($input: ReturnRequestInput!) {{ returnRequest(input: $input) {{ return {{ {RETURN} }} {ERRORS} }} }}"
)
APPROVE = (
    f"mutation ($input: ReturnApproveInput!) {{ returnApprove(input: $input) {{ return {{ {RETURN} }} {ERRORS} }} }}"
)
DECLINE = (
    f"mutation ($input: ReturnDeclineInput!) {{ returnDecline(input: $input) {{ return {{ {RETURN} }} {ERRORS} }} }}"
)
RECEIVE = (
    f"mutation ($input: ReturnReceiveInput!) {{ returnReceive(input: $input) {{ return {{ {RETURN} }} {ERRORS} }} }}"
)
READ = f"query ($id: ID!, $token: String) {{ return(id: $id, token: $token) {{ {RETURN} }} }}"
NODE = "query ($id: ID!, $token: String) { node(id: $id, token: $token) { __typename id } }"


def order_ref(placed: Placed) -> str:
    return encode(IdKind.ORDER, placed.id)


async def wanted(placed: Placed, sku: str, quantity: int, **more: Any) -> Json:
    line = await placed.line(sku)
    return {"orderLineId": encode(IdKind.ORDER_LINE, line.id), "quantity": quantity, "reason": "UNWANTED", **more}


async def asked(client: Client, placed: Placed, sku: str, quantity: int, *, by: str | None = None) -> Json:
    """Ask for a return: a guest with the order's token does, or somebody of the shop."""
    call = {
        "orderId": order_ref(placed),
        "lines": [await wanted(placed, sku, quantity)],
        "idempotencyKey": f"ask-{sku}-{quantity}",
        **({} if by else {"token": placed.token}),
    }
    payload = await client.mutate(REQUEST, {"input": call}, token=placed.shop.token(by) if by else None)
    found: Json = payload["return"]
    return found


async def received(
    client: Client, shop: Shop, found: Json, *lines: Json, at: str = "camden", key: str = "scan"
) -> Json:
    call = {
        "returnId": found["id"],
        "locationId": shop.location_ref(at),
        "lines": [{"returnLineId": found["lines"][0]["id"], **line} for line in lines],
        "idempotencyKey": key,
    }
    payload = await client.mutate(RECEIVE, {"input": call}, token=shop.token("operator"))
    answer: Json = payload["return"]
    return answer


class TestReturnOfAGuest:
    """A guest with the token of the order."""

    async def test_goes_from_preview_to_refund(self, client: Client, shop: Shop) -> None:
        """Asked about, asked for, approved, received in a store, paid back."""
        placed = await received_order(shop, shipped("mug", 2))
        call = {
            "orderId": order_ref(placed),
            "token": placed.token,
            "lines": [await wanted(placed, "mug", 2, note="cold")],
        }

        told = (await client.mutate(PREVIEW, {"input": call}))["refund"]
        asked_for = (await client.mutate(REQUEST, {"input": {**call, "idempotencyKey": "k"}}))["return"]
        await client.mutate(
            APPROVE,
            {"input": {"returnId": asked_for["id"], "idempotencyKey": "k"}},
            token=shop.token("service"),
        )
        closed = await received(client, shop, asked_for, {"quantity": 1}, {"quantity": 1, "disposition": "DAMAGED"})
        await settle(shop)
        read = (await client.query(READ, {"id": asked_for["id"], "token": placed.token}))["return"]

        assert told == {
            "lines": {"amount": "24.00"}, "tax": {"amount": "0.00"}, "delivery": {"amount": "4.99"},
            "fees": {"amount": "0.00"}, "total": {"amount": "28.99"}, "method": "ORIGINAL",
            "refunded": {"amount": "0.00"},
        }  # fmt: skip
        assert (asked_for["status"], asked_for["nextActions"]) == ("REQUESTED", [])
        assert asked_for["lines"][0]["note"] == "cold"
        assert asked_for["order"]["token"] == placed.token
        assert closed["status"] == "CLOSED"
        assert closed["refund"]["refunded"]["amount"] == "0.00"
        assert read["refund"]["total"]["amount"] == read["refund"]["refunded"]["amount"] == "28.99"
        [line] = read["lines"]
        assert (line["received"], line["accepted"], line["disposition"]) == (2, 2, None)
        assert line["orderLine"]["quantities"]["returned"] == 2
        assert line["variant"]["sku"] == "mug"
        assert [(one["disposition"], one["location"]["code"]) for one in line["receipts"]] == [
            ("RESTOCK", "camden"), ("DAMAGED", "camden"),
        ]  # fmt: skip
        assert await broken(shop) == []

    async def test_is_not_found_without_the_token(self, client: Client, shop: Shop) -> None:
        """By its root field, as a node, and line by line."""
        placed = await received_order(shop, shipped("mug", 1))
        found = await asked(client, placed, "mug", 1)
        line_id = found["lines"][0]["id"]

        hidden = [
            (await client.query(READ, {"id": found["id"]}))["return"],
            (await client.query(NODE, {"id": found["id"]}))["node"],
            (await client.query(NODE, {"id": line_id}))["node"],
            (await client.query(READ, {"id": found["id"]}, token=shop.token("ada")))["return"],
        ]
        shown = (await client.query(NODE, {"id": line_id, "token": placed.token}))["node"]

        assert hidden == [None] * 4
        assert shown == {"__typename": "ReturnLine", "id": line_id}

    async def test_is_shown_to_staff_without_the_order_s_token(self, client: Client, shop: Shop) -> None:
        """They act in their own name."""
        placed = await received_order(shop, shipped("mug", 1))
        found = await asked(client, placed, "mug", 1)

        read = (await client.query(READ, {"id": found["id"]}, token=shop.token("manager")))["return"]

        assert read["order"]["token"] is None
        assert read["nextActions"] == ["returnApprove", "returnDecline"]

    async def test_is_the_same_under_the_same_key(self, client: Client, shop: Shop) -> None:
        """Sent four times at once, asked for once; other input under the key is refused."""
        placed = await received_order(shop, shipped("mug", 3))
        call = {
            "orderId": order_ref(placed), "token": placed.token, "lines": [await wanted(placed, "mug", 1)],
            "idempotencyKey": "once",
        }  # fmt: skip

        answers = await asyncio.gather(*(client.mutate(REQUEST, {"input": call}) for _ in range(4)))
        [refusal] = await client.refused(REQUEST, {"input": {**call, "lines": [await wanted(placed, "mug", 2)]}})

        assert len({answer["return"]["id"] for answer in answers}) == 1
        assert refusal["code"] == "IDEMPOTENCY_MISMATCH"
        assert await shop.fetch("SELECT count(*) FROM returns") == [(1,)]


class TestReturnInAStore:
    """An associate with the goods on the counter."""

    async def test_is_one_visit(self, client: Client, shop: Shop) -> None:
        """Bought online, brought to Camden: asked for and received by the same person."""
        placed = await received_order(shop, shipped("mug", 1))
        found = await asked(client, placed, "mug", 1, by="associate")
        line = {"returnLineId": found["lines"][0]["id"], "quantity": 1}
        call = {
            "returnId": found["id"], "locationId": shop.location_ref("camden"), "lines": [line], "idempotencyKey": "k",
        }  # fmt: skip

        closed = (await client.mutate(RECEIVE, {"input": call}, token=shop.token("associate")))["return"]

        assert (found["status"], found["nextActions"]) == ("APPROVED", ["returnReceive"])
        assert (closed["status"], closed["nextActions"]) == ("CLOSED", [])
        assert closed["lines"][0]["disposition"] == "RESTOCK"
        assert await shop.available("mug", "camden") == shop.opening_stock("mug", "camden") + 1

    async def test_takes_defaults_for_nulls(self, client: Client, shop: Shop) -> None:
        """Accepted, and back to the shelf; what is refused goes nowhere."""
        placed = await received_order(shop, shipped("mug", 2))
        found = await asked(client, placed, "mug", 2, by="operator")

        closed = await received(
            client,
            shop,
            found,
            {"quantity": 1, "accepted": None, "disposition": None},
            {"quantity": 1, "accepted": False},
        )

        [first, second] = closed["lines"][0]["receipts"]
        assert (first["accepted"], first["disposition"]) == (True, "RESTOCK")
        assert (second["accepted"], second["disposition"]) == (False, None)
        assert closed["lines"][0]["disposition"] == "RESTOCK"

    async def test_counts_a_scan_once(self, client: Client, shop: Shop) -> None:
        """Sent three times at once under one key."""
        placed = await received_order(shop, shipped("mug", 3))
        found = await asked(client, placed, "mug", 3, by="operator")

        answers = await asyncio.gather(*(received(client, shop, found, {"quantity": 1}) for _ in range(3)))

        assert [answer["lines"][0]["received"] for answer in answers] == [1, 1, 1]
        assert await broken(shop) == []

    async def test_is_declined_with_a_reason(self, client: Client, shop: Shop) -> None:
        """The customer reads why."""
        placed = await received_order(shop, sold("mug", 1))
        found = await asked(client, placed, "mug", 1)
        call = {"returnId": found["id"], "reason": "used", "idempotencyKey": "k"}

        declined = (await client.mutate(DECLINE, {"input": call}, token=shop.token("manager")))["return"]
        read = (await client.query(READ, {"id": found["id"], "token": placed.token}))["return"]

        assert (declined["status"], read["declineReason"]) == ("DECLINED", "used")
        assert read["refund"]["total"]["amount"] == "0.00"


class TestRefusals:
    """What a client is told when the answer is no."""

    async def test_name_the_field_at_fault(self, client: Client, shop: Shop) -> None:
        """Preview and request refuse alike."""
        placed = await received_order(shop, shipped("mug", 2))
        waiting = await place(shop, shipped("lamp", 1))
        mug = await wanted(placed, "mug", 1)

        async def refusal(of: Placed, *lines: Json, **more: Any) -> tuple[str, list[str]]:
            call = {"orderId": order_ref(of), "token": of.token, "lines": list(lines), **more}
            [told] = await client.refused(PREVIEW, {"input": call})
            [said] = await client.refused(REQUEST, {"input": {**call, "idempotencyKey": "k"}})
            assert told == said
            return said["code"], said["field"]

        assert await refusal(placed, {**mug, "quantity": 3}) == ("QUANTITY_EXCEEDED", ["lines", "0", "quantity"])
        assert await refusal(placed, mug, {**mug, "quantity": 2}) == ("QUANTITY_EXCEEDED", ["lines", "1", "quantity"])
        assert await refusal(placed, {**mug, "quantity": 0}) == ("INVALID", ["lines", "0", "quantity"])
        assert await refusal(placed, {**mug, "orderLineId": order_ref(placed)}) == (
            "INVALID", ["lines", "0", "orderLineId"],
        )  # fmt: skip
        assert await refusal(placed, await wanted(waiting, "lamp", 1)) == ("NOT_FOUND", ["lines", "0", "orderLineId"])
        assert await refusal(placed) == ("INVALID", ["lines"])
        assert await refusal(placed, mug, refundMethod="STORE_CREDIT") == ("RETURN_NOT_ALLOWED", ["refundMethod"])
        assert await refusal(waiting, await wanted(waiting, "lamp", 1)) == (
            "RETURN_NOT_ALLOWED", ["lines", "0", "orderLineId"],
        )  # fmt: skip

    async def test_say_who_may(self, client: Client, shop: Shop) -> None:
        """Unknown callers are asked who they are, known ones told what they lack."""
        placed = await received_order(shop, shipped("mug", 2))
        found = await asked(client, placed, "mug", 1)
        decide = {"input": {"returnId": found["id"], "idempotencyKey": "k"}}
        take = {
            "returnId": found["id"], "locationId": shop.location_ref("soho"), "idempotencyKey": "k",
            "lines": [{"returnLineId": found["lines"][0]["id"], "quantity": 1}],
        }  # fmt: skip

        [anonymous] = await client.refused(APPROVE, decide)
        [associate] = await client.refused(APPROVE, decide, token=shop.token("associate"))
        [elsewhere] = await client.refused(RECEIVE, {"input": take}, token=shop.token("associate"))
        [early] = await client.refused(RECEIVE, {"input": take}, token=shop.token("operator"))

        assert [one["code"] for one in (anonymous, associate, elsewhere, early)] == [
            "UNAUTHENTICATED", "FORBIDDEN", "FORBIDDEN", "ILLEGAL_TRANSITION",
        ]  # fmt: skip

    async def test_say_that_the_id_is_of_something_else(self, client: Client, shop: Shop) -> None:
        """At the top, as queries have no payload."""
        placed = await received_order(shop, shipped("mug", 1))

        [error] = await client.errors(READ, {"id": order_ref(placed)})

        assert (error["extensions"]["code"], error["extensions"]["field"]) == ("INVALID", ["id"])


class TestReturnsOfAnOrder:
    """The list on the order."""

    async def test_cost_as_many_statements_for_three_as_for_one(
        self, client: Client, shop: Shop, statements: Any
    ) -> None:
        """Nothing asks row by row."""
        placed = await received_order(shop, shipped("mug", 3), shipped("lamp", 1))
        document = f"query ($id: ID!, $token: String) {{ order(id: $id, token: $token) {{ returns {{ {RETURN} }} }} }}"
        variables = {"id": order_ref(placed), "token": placed.token}

        counts = []
        for sku, quantity in (("mug", 1), ("lamp", 1), ("mug", 2)):
            found = await asked(client, placed, sku, quantity, by="operator")
            await received(client, shop, found, {"quantity": 1}, key=f"{sku}-{quantity}")
            async with statements() as sent:
                data = await client.query(document, variables)
            counts.append(sent.count)

        assert len(data["order"]["returns"]) == 3
        assert len(set(counts)) == 1
