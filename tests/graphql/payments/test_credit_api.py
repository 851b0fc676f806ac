"""Gift cards and store credit as storefronts, their owners and customer service see them."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import pytest

from app.kernel.ids import IdKind, encode
from tests.builders.buyers import broken
from tests.builders.client import Client, Json
from tests.builders.clock import StoppedClock
from tests.builders.credited import WRONG, Card, gift_card, sell_as_gift_card, store_credit, work_off
from tests.builders.placed import place, shipped
from tests.builders.returned import ship, sold
from tests.builders.shop import Shop, fixed_id
from tests.builders.statements import Sent

pytestmark = pytest.mark.anyio

Counting = Callable[[], AbstractAsyncContextManager[Sent]]

ERRORS = "errors { __typename code message field ... on CreditInsufficientError { requestedAmount { amount } availableAmount { amount } } }"
CHECK = f"""mutation ($input: GiftCardCheckInput!) {{ giftCardCheck(input: $input) {{
    giftCard {{ available {{ amount currency }} currency expiresAt lastCharacters }} {ERRORS} }} }}"""
CARD = """id status currency balance { amount } available { amount } lastCharacters expiresAt customer { email }
    entries { totalCount nodes { number kind amount { amount } balance { amount } reason } }"""
ISSUE = f"""mutation ($input: GiftCardIssueInput!) {{ giftCardIssue(input: $input) {{ giftCard {{ {CARD} }} code {ERRORS} }} }}"""
CREDIT = "id currency balance { amount } available { amount } entries { nodes { kind reason } }"
GIVE = f"""mutation ($input: StoreCreditIssueInput!) {{
    storeCreditIssue(input: $input) {{ storeCredit {{ {CREDIT} }} {ERRORS} }} }}"""
LIST = """query ($filter: GiftCardFilter, $first: Int, $after: String) {
    giftCards(filter: $filter, first: $first, after: $after) {
        nodes { id lastCharacters } totalCount pageInfo { hasNextPage endCursor } } }"""
MINE = f"{{ me {{ storeCredit {{ {CREDIT} }} }} }}"
LINES = """query ($id: ID!, $token: String) { order(id: $id, token: $token) { lines { sku giftCards {
    code value { amount currency } lastCharacters expiresAt giftCard { id } } } } }"""


def card_ref(card: Card) -> str:
    return encode(IdKind.GIFT_CARD, card.id)


def change(action: str) -> str:
    name = f"giftCard{action}"
    return f"mutation ($input: GiftCard{action}Input!) {{ {name}(input: $input) {{ giftCard {{ {CARD} }} {ERRORS} }} }}"


class TestCheck:
    async def test_tells_whoever_has_the_code_what_is_left(self, client: Client, shop: Shop) -> None:
        card = await gift_card(shop)
        await card.hold(1500)

        payload = await client.mutate(CHECK, {"input": {"code": (await card.code()).lower(), "currency": "GBP"}})

        assert payload["giftCard"] == {
            "available": {"amount": "35.00", "currency": "GBP"}, "currency": "GBP", "expiresAt": None,
            "lastCharacters": (await card.code())[-4:],
        }  # fmt: skip

    async def test_refuses_a_code_that_no_card_has(self, client: Client, shop: Shop) -> None:
        disabled = await gift_card(shop)
        await disabled.disable()

        for code in (WRONG, await disabled.code()):
            (error,) = await client.refused(CHECK, {"input": {"code": code}})
            assert (error["code"], error["field"]) == ("NOT_FOUND", ["code"])

    async def test_refuses_another_currency(self, client: Client, shop: Shop) -> None:
        card = await gift_card(shop, currency="EUR")

        (error,) = await client.refused(CHECK, {"input": {"code": await card.code(), "currency": "GBP"}})

        assert (error["code"], error["field"]) == ("PAYMENT_MISMATCH", ["currency"])

    async def test_shows_that_nothing_is_left_when_its_time_is_over(
        self, client: Client, shop: Shop, clock: StoppedClock
    ) -> None:
        card = await gift_card(shop, expires_at=clock() + timedelta(days=1))
        clock.advance(days=1)

        payload = await client.mutate(CHECK, {"input": {"code": await card.code()}})

        assert payload["giftCard"]["available"]["amount"] == "0.00"

    async def test_lets_nobody_guess_on_not_even_with_another_log_in(self, client: Client, shop: Shop) -> None:
        card = await gift_card(shop)
        told = [(await client.refused(CHECK, {"input": {"code": WRONG}}))[0]["code"] for _ in range(12)]

        waiting = CHECK.replace("errors {", "errors { ... on RateLimitedError { retryAfterSeconds }")
        (error,) = await client.refused(waiting, {"input": {"code": await card.code()}}, token=shop.token("ada"))

        assert told == ["NOT_FOUND"] * 10 + ["RATE_LIMITED"] * 2
        assert (error["code"], error["retryAfterSeconds"]) == ("RATE_LIMITED", 900)
        assert "wait 15 minutes" in error["message"]
        await client.mutate(CHECK, {"input": {"code": await card.code()}}, token=shop.token("associate"))
        [[failures]] = await shop.fetch("SELECT failures FROM gift_card_attempts WHERE origin_hash = '*'")
        assert failures == 10


class TestGiftCards:
    async def test_are_given_with_their_code_once_for_a_key(self, client: Client, shop: Shop) -> None:
        ada = encode(IdKind.CUSTOMER, fixed_id(2, 1))
        given = {
            "amount": "25.00", "currency": "GBP", "reason": "a late parcel", "customerId": ada,
            "expiresAt": "2027-11-24T10:00:00Z", "idempotencyKey": "k",
        }  # fmt: skip

        first = await client.mutate(ISSUE, {"input": given}, token=shop.token("service"))
        again = await client.mutate(ISSUE, {"input": given}, token=shop.token("service"))

        assert first == again
        assert first["giftCard"]["customer"] == {"email": "ada@shop.test"}
        assert first["giftCard"]["entries"] == {
            "totalCount": 1,
            "nodes": [
                {"number": 1, "kind": "ISSUE", "amount": {"amount": "25.00"}, "balance": {"amount": "25.00"}, "reason": "a late parcel"}
            ],
        }  # fmt: skip
        checked = await client.mutate(CHECK, {"input": {"code": first["code"]}})
        assert checked["giftCard"]["available"]["amount"] == "25.00"
        assert await broken(shop) == []

    async def test_are_put_right_closed_and_opened(self, client: Client, shop: Shop) -> None:
        card = await gift_card(shop)
        named = {"giftCardId": card_ref(card)}
        token = shop.token("service")

        adjusted = await client.mutate(
            change("Adjust"),
            {"input": named | {"amount": "-10.50", "reason": "a typing error", "idempotencyKey": "a"}},
            token=token,
        )
        closed = await client.mutate(change("Disable"), {"input": named | {"idempotencyKey": "d"}}, token=token)
        opened = await client.mutate(change("Enable"), {"input": named | {"idempotencyKey": "e"}}, token=token)

        assert adjusted["giftCard"]["balance"]["amount"] == "39.50"
        assert (closed["giftCard"]["status"], closed["giftCard"]["available"]["amount"]) == ("DISABLED", "0.00")
        assert (opened["giftCard"]["status"], opened["giftCard"]["available"]["amount"]) == ("ACTIVE", "39.50")

    async def test_keep_what_is_held(self, client: Client, shop: Shop) -> None:
        card = await gift_card(shop)
        await card.hold(4000)

        (error,) = await client.refused(
            change("Adjust"),
            {"input": {"giftCardId": card_ref(card), "amount": "-20.00", "reason": "theft", "idempotencyKey": "a"}},
            token=shop.token("service"),
        )

        assert (error["__typename"], error["code"], error["field"]) == (
            "CreditInsufficientError", "PAYMENT_DECLINED", ["amount"],
        )  # fmt: skip
        assert (error["requestedAmount"], error["availableAmount"]) == ({"amount": "20.00"}, {"amount": "10.00"})

    async def test_are_refused_naming_the_field_at_fault(self, client: Client, shop: Shop) -> None:
        good = {"amount": "5.00", "currency": "GBP", "reason": "a prize", "idempotencyKey": "k"}
        bad: list[tuple[Json, str, str]] = [
            ({"amount": "0"}, "INVALID", "amount"),
            ({"amount": "0.001"}, "INVALID", "amount"),
            ({"reason": ""}, "INVALID", "reason"),
            ({"expiresAt": "2020-01-01T00:00:00Z"}, "INVALID", "expiresAt"),
            ({"customerId": "x"}, "INVALID", "customerId"),
            ({"customerId": encode(IdKind.CUSTOMER, shop.variants["mug"])}, "NOT_FOUND", "customerId"),
        ]

        for part, code, field in bad:
            (error,) = await client.refused(ISSUE, {"input": good | part}, token=shop.token("service"))
            assert (error["code"], error["field"]) == (code, [field])

    async def test_are_found_by_what_is_known_of_them(self, client: Client, shop: Shop) -> None:
        cards = [await gift_card(shop) for _ in range(3)]
        await cards[0].disable()
        code = await cards[1].code()
        token = shop.token("service")

        async def found(**wanted: object) -> list[str]:
            answer = await client.query(LIST, {"filter": wanted}, token=token)
            return [node["id"] for node in answer["giftCards"]["nodes"]]

        assert await found(code=code.lower()) == [card_ref(cards[1])]
        assert card_ref(cards[1]) in await found(lastCharacters=code[-4:].lower())
        assert await found(status=["DISABLED"]) == [card_ref(cards[0])]
        assert await found(code=WRONG) == []
        assert await found() == [card_ref(card) for card in reversed(cards)]

    async def test_are_listed_page_by_page(self, client: Client, shop: Shop) -> None:
        cards = [await gift_card(shop) for _ in range(3)]
        seen: list[str] = []
        after = None

        for more in (True, True, False):
            answer = await client.query(LIST, {"first": 1, "after": after}, token=shop.token("service"))
            page = answer["giftCards"]
            seen += [node["id"] for node in page["nodes"]]
            after = page["pageInfo"]["endCursor"]
            assert (page["pageInfo"]["hasNextPage"], page["totalCount"]) == (more, 3)

        assert seen == [card_ref(card) for card in reversed(cards)]

    async def test_cost_as_many_statements_for_many_as_for_one(
        self, client: Client, shop: Shop, statements: Counting
    ) -> None:
        document = f"{{ giftCards {{ nodes {{ {CARD} }} }} }}"
        counts = []

        for _ in range(2):
            await gift_card(shop)
            async with statements() as sent:
                await client.query(document, token=shop.token("service"))
            counts.append(sent.count)

        assert counts[0] == counts[1]

    async def test_have_ledgers_that_are_read_page_by_page(self, client: Client, shop: Shop) -> None:
        card = await gift_card(shop)
        await card.hold(300)
        for _ in range(3):
            await card.redeem(100)
        document = """query ($id: ID!, $after: String) { giftCard(id: $id) { entries(first: 2, after: $after) {
            nodes { number kind } pageInfo { hasNextPage endCursor } } } }"""

        first = await client.query(document, {"id": card_ref(card)}, token=shop.token("service"))
        page = first["giftCard"]["entries"]
        after = page["pageInfo"]["endCursor"]
        second = await client.query(document, {"id": card_ref(card), "after": after}, token=shop.token("service"))

        assert [node["number"] for node in page["nodes"]] == [4, 3]
        assert second["giftCard"]["entries"]["nodes"] == [
            {"number": 2, "kind": "REDEEM"}, {"number": 1, "kind": "ISSUE"},
        ]  # fmt: skip
        assert second["giftCard"]["entries"]["pageInfo"]["hasNextPage"] is False

    @pytest.mark.parametrize("cursor", ["x", "WzEsIjIiXQ==", "WyJhIiwiYiJd"])
    async def test_refuse_cursors_that_are_none(self, client: Client, shop: Shop, cursor: str) -> None:
        card = await gift_card(shop)
        document = (
            "query ($id: ID!, $after: String) { giftCard(id: $id) { entries(after: $after) { nodes { number } } } }"
        )

        errors = await client.errors(document, {"id": card_ref(card), "after": cursor}, token=shop.token("service"))

        assert errors[0]["extensions"]["code"] == "INVALID"


class TestStoreCredit:
    async def test_is_given_and_seen_by_its_owner_without_the_reasons_of_staff(
        self, client: Client, shop: Shop
    ) -> None:
        customer_id = shop.people["ada"].customer_id
        assert customer_id is not None
        given = {
            "customerId": encode(IdKind.CUSTOMER, customer_id), "amount": "7.50", "currency": "GBP",
            "reason": "a late parcel", "idempotencyKey": "k",
        }  # fmt: skip

        payload = await client.mutate(GIVE, {"input": given}, token=shop.token("service"))
        mine = (await client.query(MINE, token=shop.token("ada")))["me"]["storeCredit"]
        bobs = (await client.query(MINE, token=shop.token("bob")))["me"]["storeCredit"]

        assert payload["storeCredit"]["entries"]["nodes"] == [{"kind": "ISSUE", "reason": "a late parcel"}]
        assert [(credit["id"], credit["available"]["amount"]) for credit in mine] == [
            (payload["storeCredit"]["id"], "7.50")
        ]
        assert mine[0]["entries"]["nodes"] == [{"kind": "ISSUE", "reason": None}]
        assert bobs == []

    async def test_is_put_right(self, client: Client, shop: Shop) -> None:
        credit = await store_credit(shop)
        document = f"""mutation ($input: StoreCreditAdjustInput!) {{
            storeCreditAdjust(input: $input) {{ storeCredit {{ {CREDIT} }} {ERRORS} }} }}"""
        given = {
            "storeCreditId": encode(IdKind.STORE_CREDIT, credit.id), "amount": "-5.00", "reason": "given twice",
            "idempotencyKey": "k",
        }  # fmt: skip

        for _ in range(2):
            payload = await client.mutate(document, {"input": given}, token=shop.token("service"))

        assert payload["storeCredit"]["balance"]["amount"] == "15.00"

    async def test_is_no_gift_card(self, client: Client, shop: Shop) -> None:
        credit = await store_credit(shop)

        found = await client.query(
            "query ($id: ID!) { giftCard(id: $id) { id } }",
            {"id": encode(IdKind.GIFT_CARD, credit.id)},
            token=shop.token("service"),
        )

        assert found["giftCard"] is None


class TestBoughtGiftCards:
    async def test_show_their_codes_to_the_buyer_alone(self, client: Client, shop: Shop) -> None:
        await sell_as_gift_card(shop, "mug", ttl_days=30)
        placed = await place(shop, sold("mug", 2), shipped("lamp", 1), customer="ada")
        await work_off(shop)
        order = {"id": encode(IdKind.ORDER, placed.id)}

        async def cards(access: str | None = None, **more: str) -> list[Json] | None:
            answer = await client.query(LINES, order | more, token=access)
            mugs, lamps = answer["order"]["lines"]
            assert lamps["giftCards"] == ([] if mugs["giftCards"] is not None else None)
            found: list[Json] | None = mugs["giftCards"]
            return found

        bought = await cards(token=placed.token)
        adas = await cards(shop.token("ada"))
        seen = await cards(shop.token("service"))

        assert bought is not None
        assert seen is not None
        assert bought == adas
        assert [card["value"] for card in bought] == [{"amount": "12.00", "currency": "GBP"}] * 2
        assert len({card["code"] for card in bought}) == 2
        assert all(card["giftCard"] is None and card["expiresAt"] for card in bought)
        assert [(card["code"], card["lastCharacters"]) for card in seen] == [
            (None, card["code"][-4:]) for card in bought
        ]
        assert all(card["giftCard"] for card in seen)
        assert await cards(shop.token("associate")) is None
        checked = await client.mutate(CHECK, {"input": {"code": bought[0]["code"]}})
        assert checked["giftCard"]["available"]["amount"] == "12.00"

    async def test_are_there_once_their_units_have_left(self, client: Client, shop: Shop) -> None:
        await sell_as_gift_card(shop, "mug")
        placed = await place(shop, shipped("mug", 1))
        asked = {"id": encode(IdKind.ORDER, placed.id), "token": placed.token}

        before = await client.query(LINES, asked)
        await ship(placed)
        await work_off(shop)
        after = await client.query(LINES, asked)

        assert before["order"]["lines"][0]["giftCards"] == []
        assert len(after["order"]["lines"][0]["giftCards"]) == 1


class TestVariant:
    async def test_says_whether_it_is_a_gift_card(self, client: Client, shop: Shop) -> None:
        await sell_as_gift_card(shop, "mug")

        found = await client.query(
            '{ mug: variant(sku: "mug") { giftCard } lamp: variant(sku: "lamp") { giftCard } channels { giftCardTtlDays } }'
        )

        assert (found["mug"], found["lamp"]) == ({"giftCard": True}, {"giftCard": False})
        assert found["channels"] == [{"giftCardTtlDays": None}]
