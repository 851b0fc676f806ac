"""Payments that are refused: the cart is as it was, nobody was charged, the refusal says what and where, and the log says no secret."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest
from structlog.testing import capture_logs

from app.channels.rules import ChannelInput
from app.channels.service import put_channels
from app.kernel.actor import SYSTEM
from app.kernel.ids import CartId, IdKind, decode, new_id
from app.payments.errors import RefundExceeded
from app.payments.gateway import Outcome
from app.payments.gateways.test import TestGateway
from app.pricing.rules import PriceInput, PriceListInput
from app.pricing.service import put_price_lists, put_prices
from tests.builders.buyers import broken
from tests.builders.client import Client
from tests.builders.credited import WRONG, gift_card
from tests.builders.paid import buy
from tests.builders.paying import CARD, ERRORS, Basket, Front, card, gift, tenders
from tests.builders.shop import Shop

pytestmark = pytest.mark.anyio

TOTAL = "16.99"
GUESSES = 1000
#: A channel's currency, what a mug costs there in minor units, and how that is written.
JPY, KWD = ("JPY", 1500, "1500"), ("KWD", 5123, "5.123")


@asynccontextmanager
async def nothing_comes_of_it(front: Front, basket: Basket, *secrets: str) -> AsyncIterator[None]:
    """See to it that a cart stays as it is, that nothing is held, taken or sold, and that the log has no secret in it."""
    cart, available = await front.cart(basket), await front.shop.available("mug")
    with capture_logs() as lines:
        yield
    await front.work_off()

    assert await front.cart(basket) == cart
    assert await front.shop.available("mug") == available
    assert await front.shop.fetch("SELECT 1 FROM orders") == []
    money = await front.at_the_provider()
    assert (money.get("CAPTURE"), money.get("AUTHORIZATION", 0)) == (None, money.get("VOID", 0))
    assert await broken(front.shop) == []
    assert [line["event"] for line in lines if line["event"] == "refused"], lines
    for secret in secrets:
        assert secret not in str(lines)


async def sell_for(shop: Shop, currency: str, minor: int) -> None:
    """Open a channel in another currency that delivers mugs for nothing."""
    channel = ChannelInput(code=currency, name=currency, currency=currency, tax_included=True, countries=("GB",))
    prices = PriceListInput(code=currency, name=currency, currency=currency, channels=(currency,))
    await shop.begin().run(lambda uow: put_channels(uow, channels=[channel]))
    await shop.begin().run(lambda uow: put_price_lists(uow, price_lists=[prices]))
    await shop.begin().run(lambda uow: put_prices(uow, price_list=currency, prices=[PriceInput("mug", minor)]))
    async with shop.database.unit(SYSTEM) as uow:
        await uow.execute(
            """
            INSERT INTO delivery_options (id, channel_id, code, name, method, price_minor, min_days, max_days, position)
            SELECT $1, id, 'free', 'Free', 'SHIPPING', 0, 1, 2, 0 FROM channels WHERE code = $2
            """,
            [new_id(), currency],
        )
        await uow.execute(
            """
            INSERT INTO channel_locations (channel_id, location_id, ships, hands_out)
            SELECT id, $1, true, false FROM channels WHERE code = $2
            """,
            [shop.locations["warehouse"], currency],
        )


async def basket_in(front: Front, currency: str) -> Basket:
    """Fill a cart in a channel of another currency, as a guest does."""
    document = (
        f"""mutation ($input: CartCreateInput!) {{ cartCreate(input: $input) {{ cart {{ id token }} {ERRORS} }} }}"""
    )
    line = {"variantId": front.shop.variant_ref("mug"), "quantity": 1}
    opened = {"channel": currency, "email": "guest@shop.test", "lines": [line]}
    cart = (await front.client.mutate(document, {"input": opened}))["cart"]
    change = f"""mutation ($input: CartUpdateInput!) {{ cartUpdate(input: $input) {{ cart {{ total {{ amount }} }} {ERRORS} }} }}"""
    home = {
        "line1": "1 Lane",
        "city": "London",
        "country": "GB",
        "postalCode": "N1 9ZZ",
        "firstName": "A",
        "lastName": "B",
    }
    given = {"cartId": cart["id"], "token": cart["token"], "shippingAddress": home}
    total = (await front.client.mutate(change, {"input": given}))["cart"]["total"]["amount"]
    return Basket(CartId(decode(IdKind.CART, cart["id"])), cart["token"], total)


class TestTokens:
    @pytest.mark.parametrize(
        "token",
        ["tok_declined", "tok_expired", "tok_foreign", "tok_euros", "tok_error", "tok_nobodys", "4242424242424242"],
    )
    async def test_that_the_bank_refuses_are_declined(self, client: Client, shop: Shop, token: str) -> None:
        front = Front(client, shop)
        basket = await front.basket({"mug": 1})

        async with nothing_comes_of_it(front, basket, token, str(basket.token)):
            errors = [await front.refused(basket, card(token)) for _ in range(2)]

        assert errors[0] == errors[1]
        assert (errors[0]["__typename"], errors[0]["code"], errors[0]["field"]) == (
            "Refusal", "PAYMENT_DECLINED", ["payments", "0"],
        )  # fmt: skip
        assert token not in errors[0]["message"] or token == "tok_error"
        assert (await front.buy(basket, CARD, key="second"))["paymentStatus"] == "AUTHORIZED"

    async def test_that_are_refused_among_others_are_named_where_they_stand(self, client: Client, shop: Shop) -> None:
        front, gifted = Front(client, shop), await gift_card(shop, "5.00")
        basket = await front.basket({"mug": 1})
        gives = [
            CARD | {"amount": "1.00"},
            card("tok_declined") | {"amount": "10.99"},
            gift(await gifted.code(), "5.00"),
        ]

        # The gift card is charged first, so the tenders are charged in another order than they are named in.
        errors = [await front.refused(basket, *gives) for _ in range(2)]

        assert [(error["code"], error["field"]) for error in errors] == [("PAYMENT_DECLINED", ["payments", "1"])] * 2
        assert await gifted.balance() == (500, 0)
        assert await broken(shop) == []

    @pytest.mark.parametrize("token", ["", " ", "x" * 201, None])
    async def test_that_are_none_are_sent_to_nobody(self, client: Client, shop: Shop, token: str | None) -> None:
        front = Front(client, shop)
        basket = await front.basket({"mug": 1})

        async with nothing_comes_of_it(front, basket):
            error = await front.refused(basket, {"gateway": "test", "token": token})

        assert (error["code"], error["field"]) == ("PAYMENT_MISMATCH", ["payments", "0", "token"])
        assert await shop.fetch("SELECT 1 FROM checkout_attempts") == []


class TestAmounts:
    @pytest.mark.parametrize(
        ("amounts", "code", "field"),
        [
            (["16.98"], "PAYMENT_MISMATCH", ["payments"]),
            (["17.00"], "PAYMENT_MISMATCH", ["payments"]),
            (["10.00", "6.98"], "PAYMENT_MISMATCH", ["payments"]),
            (["10.00", "7.00"], "PAYMENT_MISMATCH", ["payments"]),
            (["0", None], "PAYMENT_MISMATCH", ["payments", "0", "amount"]),
            (["-1.00", None], "PAYMENT_MISMATCH", ["payments", "0", "amount"]),
            ([TOTAL, None], "PAYMENT_MISMATCH", ["payments", "1", "amount"]),
            ([TOTAL, "0.00"], "PAYMENT_MISMATCH", ["payments", "1", "amount"]),
            (["20.00", "-3.01"], "PAYMENT_MISMATCH", ["payments", "1", "amount"]),
            ([None, "1.00"], "PAYMENT_MISMATCH", ["payments", "0", "amount"]),
            (["16.990"], None, None),
            (["16.999"], "INVALID", ["payments", "0", "amount"]),
            (["1e9"], "PAYMENT_MISMATCH", ["payments"]),
            (["99999999999999999999"], "INVALID", ["payments", "0", "amount"]),
        ],
    )
    async def test_have_to_add_up_to_the_total(
        self, client: Client, shop: Shop, amounts: list[str | None], code: str | None, field: list[str] | None
    ) -> None:
        front = Front(client, shop)
        basket = await front.basket({"mug": 1})
        payments = [card("tok_ok", amount) for amount in amounts]
        if code is None:
            assert tenders(await front.buy(basket, *payments)) == [("CARD", TOTAL, "AUTHORIZED")]
            return

        async with nothing_comes_of_it(front, basket):
            error = await front.refused(basket, *payments)

        assert (error["code"], error["field"]) == (code, field)
        assert await shop.fetch("SELECT 1 FROM checkout_attempts UNION ALL SELECT 1 FROM idempotency_keys") == []

    @pytest.mark.parametrize(
        ("currency", "minor", "total", "bad"),
        [(*JPY, "1500.5"), (*JPY, "1499"), (*JPY, "0"), (*KWD, "5.1234"), (*KWD, "5.12"), (*KWD, "0.000")],
    )
    async def test_have_the_digits_of_their_currency(
        self, client: Client, shop: Shop, currency: str, minor: int, total: str, bad: str
    ) -> None:
        front = Front(client, shop)
        await sell_for(shop, currency, minor)
        basket = await basket_in(front, currency)

        async with nothing_comes_of_it(front, basket):
            error = await front.refused(basket, card("tok_ok", bad))
        order = await front.buy(basket, card("tok_ok", total))

        assert basket.total == total
        finer = Decimal(bad).as_tuple().exponent < Decimal(total).as_tuple().exponent  # type: ignore[operator]
        assert error["code"] == ("INVALID" if finer else "PAYMENT_MISMATCH")
        assert error["field"][0] == "payments"
        assert order["total"] == {"amount": total, "currency": currency}
        assert tenders(order) == [("CARD", total, "AUTHORIZED")]
        assert await front.at_the_provider() == {"AUTHORIZATION": minor}
        assert await broken(shop) == []

    async def test_as_numbers_of_json_are_no_amounts(self, client: Client, shop: Shop) -> None:
        front = Front(client, shop)
        basket = await front.basket({"mug": 1})

        answer = await client.execute(
            "mutation ($input: CheckoutCompleteInput!) { checkoutComplete(input: $input) { errors { code } } }",
            front.call(basket, [CARD | {"amount": 16.99}]),
        )

        assert answer.codes == ["INVALID"]


class TestGuessing:
    async def test_a_thousand_codes_finds_none_not_even_the_true_one(self, client: Client, shop: Shop) -> None:
        front, gifted = Front(client, shop), await gift_card(shop)
        basket, code = await front.basket({"mug": 1}), await gifted.code()
        document = "mutation ($input: CheckoutCompleteInput!) { checkoutComplete(input: $input) { errors { code } } }"
        guess, codes = front.call(basket, [gift(WRONG)]), []

        async with nothing_comes_of_it(front, basket, code, WRONG):
            for _ in range(GUESSES):
                [error] = await client.refused(document, guess)
                codes.append(error["code"])
            true = await front.refused(basket, gift(code))

        assert codes == ["NOT_FOUND"] * 10 + ["RATE_LIMITED"] * (GUESSES - 10)
        assert (true["code"], true["field"]) == ("RATE_LIMITED", ["payments", "0", "token"])
        assert await gifted.balance() == (5000, 0)


class TestOthers:
    async def test_cannot_buy_the_cart_of_another_guest(self, client: Client, shop: Shop) -> None:
        front = Front(client, shop)
        theirs, mine = await front.basket({"mug": 1}), await front.basket({"mug": 1})

        async with nothing_comes_of_it(front, theirs, str(mine.token)):
            errors = [await front.refused(theirs, CARD, token=token) for token in (mine.token, None, "")]
            errors.append(await front.refused(Basket(theirs.key, None, theirs.total, "ada"), CARD))

        assert [(error["code"], error["field"]) for error in errors] == [("NOT_FOUND", ["cartId"])] * 4

    async def test_tenders_under_the_same_key_are_another_call(self, client: Client, shop: Shop) -> None:
        front = Front(client, shop)
        basket = await front.basket({"mug": 1})
        order = await front.buy(basket, CARD)

        errors = [
            await front.refused(basket, *payments)
            for payments in ([card("tok_declined")], [CARD | {"amount": TOTAL}], [card("tok_ok", "1.00"), CARD])
        ]

        assert [(error["code"], error["field"]) for error in errors] == [
            ("IDEMPOTENCY_MISMATCH", ["idempotencyKey"])
        ] * 3
        assert await front.buy(basket, CARD) == order
        assert await front.at_the_provider() == {"AUTHORIZATION": 1699}
        assert await broken(shop) == []


class TestLedgerAndProvider:
    """What no client can ask for, asked of the ledger and of the provider: both refuse, and nothing moves."""

    async def test_give_no_more_back_than_was_taken(self, shop: Shop) -> None:
        order = await buy(shop, mugs=1)
        await order.ship(1)
        await order.settle()
        [tender] = await order.tenders()
        before = await order.at_the_provider()

        with pytest.raises(RefundExceeded) as refused:
            await order.refund(1700, cause=new_id())
        answer = await order.gateway.real.refund(
            key="k", reference=str(tender.gateway_reference), amount_minor=1700, currency="GBP"
        )

        assert (refused.value.code, "16.99 GBP" in refused.value.message) == ("PAYMENT_MISMATCH", True)
        assert answer.outcome is Outcome.DECLINED
        assert await order.tenders() == [tender]
        assert await order.at_the_provider() == before
        assert await broken(shop) == []

    @pytest.mark.parametrize(("amount", "currency"), [(1700, "GBP"), (1699, "EUR")])
    async def test_take_no_more_than_is_held(self, shop: Shop, amount: int, currency: str) -> None:
        order = await buy(shop, mugs=1)
        [tender] = await order.tenders()

        answer = await order.gateway.real.capture(
            key="k", reference=str(tender.gateway_reference), amount_minor=amount, currency=currency, final=True
        )

        assert answer.outcome is Outcome.DECLINED
        assert await order.at_the_provider() == {"AUTHORIZATION": 1699}
        assert await broken(shop) == []

    async def test_let_nothing_go_that_was_taken(self, shop: Shop) -> None:
        order = await buy(shop, mugs=1)
        await order.ship(1)
        await order.settle()
        [tender] = await order.tenders()
        gateway: TestGateway = order.gateway.real

        answer = await gateway.void(key="k", reference=str(tender.gateway_reference), amount_minor=1699, currency="GBP")

        assert answer.outcome is Outcome.DECLINED
        assert tender.capturable == 0
        assert await order.at_the_provider() == {"AUTHORIZATION": 1699, "CAPTURE": 1699}
        assert await broken(shop) == []
