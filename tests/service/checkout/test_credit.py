"""Gift cards and store credit pay for orders: held while others are asked, taken as goods leave, given back to where they came from."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from app.cart.rules import Cart
from app.checkout.errors import PriceChanged
from app.checkout.rules import Tender
from app.checkout.service import Completed
from app.checkout.service.attempts import GIVE_UP_AFTER
from app.kernel.db import UnitOfWork
from app.kernel.errors import DomainError
from app.kernel.ids import CustomerId
from app.payments.errors import CreditInsufficient, GiftCardForeign, GiftCardUnknown, PaymentMismatch, TooManyWrongCodes
from app.payments.queries import accounts as queries
from app.payments.rules.accounts import GuessThrottle
from app.payments.service import accounts
from app.payments.states import CreditStatus
from tests.builders.buyers import Buyer, broken
from tests.builders.clock import StoppedClock
from tests.builders.credited import WRONG, Card, gift_card, store_credit
from tests.builders.paid import LossyGateway, Paid
from tests.builders.shop import Shop

pytestmark = pytest.mark.anyio

MUG, DELIVERY = 1200, 499
ONE_MUG = MUG + DELIVERY
LITTLE = 500
PATIENCE_SECONDS = 20


def by_card(code: str, amount: str | None = None) -> Tender:
    return Tender("gift_card", code, None if amount is None else Decimal(amount))


REST = Tender("test", "tok_ok", None)


async def pay(buyer: Buyer, cart: Cart, *tenders: Tender, key: str = "first") -> Completed:
    """Buy a cart with these tenders."""
    request = await buyer.request(cart, key=key)
    named = replace(request, tenders=tenders, key=replace(request.key, input_hash=repr(tenders).encode()))
    return await buyer.send(named)


async def bought(buyer: Buyer, *tenders: Tender, mugs: int = 1) -> Paid:
    """Buy mugs with these tenders."""
    done = await pay(buyer, await buyer.cart({"mug": mugs}), *tenders)
    assert done.order_id is not None, done.refusal
    return Paid(buyer, buyer.shop, done.order_id, LossyGateway(buyer.gateway))


class TestGiftCard:
    async def test_pays_for_all_of_it_without_anybody_being_asked(self, shop: Shop) -> None:
        buyer, card = Buyer(shop), await gift_card(shop, "50.00")

        order = await bought(buyer, by_card(await card.code()))

        assert await card.balance() == (5000, ONE_MUG)
        [tender] = await order.tenders()
        assert (tender.tender, tender.status, tender.token) == ("GIFT_CARD", "AUTHORIZED", None)
        assert await order.at_the_provider() == {}
        assert await broken(shop) == []

    async def test_pays_what_it_has_and_a_card_the_rest(self, shop: Shop) -> None:
        buyer, card = Buyer(shop), await gift_card(shop, "5.00")

        order = await bought(buyer, REST, by_card(await card.code()))

        assert [(tender.tender, tender.amount_minor) for tender in await order.tenders()] == [
            ("GIFT_CARD", LITTLE),
            ("CARD", ONE_MUG - LITTLE),
        ]
        assert await card.balance() == (LITTLE, LITTLE)
        await order.ship(1)
        await order.settle()
        assert await card.balance() == (0, 0)
        assert await order.status() == "CAPTURED"
        assert await broken(shop) == []

    async def test_is_given_back_what_is_cancelled_and_what_was_taken(self, shop: Shop) -> None:
        buyer, card = Buyer(shop), await gift_card(shop, "100.00")
        order = await bought(buyer, by_card(await card.code()), mugs=3)
        await order.ship(1)

        await order.cancel(2)
        kept = await card.balance()
        await order.refund(MUG, cause=order.id)

        assert kept == (10_000 - ONE_MUG, 0)
        assert await card.balance() == (10_000 - DELIVERY, 0)
        assert await broken(shop) == []

    async def test_is_free_again_when_another_tender_is_declined(self, shop: Shop) -> None:
        buyer, card = Buyer(shop), await gift_card(shop, "5.00")
        cart = await buyer.cart({"mug": 1})

        declined = await pay(buyer, cart, by_card(await card.code()), Tender("test", "tok_declined", None))

        assert declined.refusal is not None
        assert declined.refusal.code == "PAYMENT_DECLINED"
        assert await card.balance() == (LITTLE, 0)
        assert (await pay(buyer, cart, by_card(await card.code()), REST, key="second")).order_id is not None
        assert await broken(shop) == []

    async def test_lives_no_longer_for_a_checkout_that_came_to_nothing(self, shop: Shop, clock: StoppedClock) -> None:
        buyer, ends = Buyer(shop), clock.at + timedelta(days=2)
        card = await gift_card(shop, "5.00", expires_at=ends)
        cart = await buyer.cart({"mug": 1})

        await pay(buyer, cart, by_card(await card.code()), Tender("test", "tok_declined", None))

        assert await card.balance() == (LITTLE, 0)
        assert (await card.now()).expires_at == ends
        assert await broken(shop) == []

    async def test_whose_time_is_over_before_a_checkout_comes_to_nothing_is_over(
        self, shop: Shop, clock: StoppedClock
    ) -> None:
        buyer, ends = Buyer(shop), clock.at + timedelta(minutes=5)
        card = await gift_card(shop, "5.00", expires_at=ends)
        cart = await buyer.cart({"mug": 1})
        await pay(buyer, cart, by_card(await card.code()), Tender("test", "tok_action", None))

        clock.advance(minutes=6)
        await expire(shop)
        clock.at += GIVE_UP_AFTER
        await buyer.recover()
        await expire(shop)

        assert await card.balance() == (0, 0)
        assert (await card.now()).status is CreditStatus.EXPIRED
        assert await broken(shop) == []

    async def test_in_two_checkouts_at_once_pays_for_one(self, shop: Shop) -> None:
        buyer, card = Buyer(shop), await gift_card(shop, "16.99")
        code = await card.code()
        carts = [await buyer.cart({"mug": 1}) for _ in range(8)]

        async def attempt(cart: Cart) -> bool:
            try:
                done = await pay(buyer, cart, by_card(code, "16.99"))
            except CreditInsufficient:
                return False
            return done.order_id is not None

        won = await asyncio.gather(*map(attempt, carts))

        assert sum(won) == 1
        assert await card.balance() == (ONE_MUG, ONE_MUG)
        assert await broken(shop) == []

    async def test_is_asked_for_once_by_a_call_that_is_repeated(self, shop: Shop) -> None:
        buyer, card = Buyer(shop), await gift_card(shop, "16.99")
        cart = await buyer.cart({"mug": 1})
        code = await card.code()

        first = await pay(buyer, cart, by_card(code))
        await card.disable()
        again = await pay(buyer, cart, by_card(code))

        assert first.order_id is not None
        assert again.order_id == first.order_id
        assert await card.balance() == (ONE_MUG, ONE_MUG)

    @pytest.mark.parametrize(
        ("tenders", "refusal", "field"),
        [
            ((by_card(WRONG),), GiftCardUnknown, ("payments", "0", "token")),
            ((REST, by_card("")), PaymentMismatch, ("payments", "1", "token")),
            ((by_card(WRONG), by_card(WRONG)), PaymentMismatch, ("payments", "1")),
        ],
    )
    async def test_that_cannot_pay_is_refused_and_the_cart_stays(
        self, shop: Shop, tenders: Sequence[Tender], refusal: type[DomainError], field: tuple[str, ...]
    ) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"mug": 1})

        with pytest.raises(refusal) as refused:
            await pay(buyer, cart, *tenders)

        assert refused.value.field == field
        assert (await buyer.cart_now(cart.id)).version == cart.version
        assert await shop.available("mug") == shop.opening_stock("mug")

    async def test_that_is_unknown_is_told_when_the_cart_is_right(self, shop: Shop) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"mug": 1})
        request = replace(await buyer.request(cart), tenders=(by_card(WRONG),))

        with pytest.raises(PriceChanged):
            await buyer.send(replace(request, expected_total=Decimal("1.00")))
        with pytest.raises(GiftCardUnknown):
            await buyer.send(request)

    async def test_of_another_currency_is_refused(self, shop: Shop) -> None:
        buyer, card = Buyer(shop), await gift_card(shop, "50.00", currency="EUR")

        with pytest.raises(GiftCardForeign) as refused:
            await bought(buyer, by_card(await card.code()))

        assert refused.value.field == ("payments", "0", "token")

    async def test_guessed_again_and_again_is_not_asked_for_any_more(self, shop: Shop) -> None:
        buyer, card = Buyer(shop), await gift_card(shop, "50.00")
        cart = await buyer.cart({"mug": 1})
        for _ in range(GuessThrottle().failures):
            with pytest.raises(GiftCardUnknown):
                await pay(buyer, cart, by_card(WRONG))

        with pytest.raises(TooManyWrongCodes):
            await pay(buyer, cart, by_card(await card.code()))

        assert await card.balance() == (5000, 0)


class TestStoreCredit:
    async def test_is_locked_in_turn_with_gift_cards(self, shop: Shop) -> None:
        card = await gift_card(shop, "5.00")
        credit = await store_credit(shop, "5.00")
        buyer = Buyer(shop, begin=shop.begin("ada"))
        cart, code = await buyer.cart({"mug": 1}), await card.code()
        locked, looked = asyncio.Event(), asyncio.Event()

        async def settle(uow: UnitOfWork) -> None:
            # As an order does that both paid for: accounts are locked one after the other, by their ids.
            await queries.lock_accounts(uow, account_ids=[card.id])
            locked.set()
            async with asyncio.timeout(PATIENCE_SECONDS):
                await until_somebody_waits(shop)
            await queries.lock_accounts(uow, account_ids=[credit.id])
            looked.set()

        async def check_out() -> Completed:
            await locked.wait()
            return await pay(buyer, cart, by_card(code), Tender("store_credit", None, None), REST)

        before = await deadlocks(shop)
        done, _ = await asyncio.gather(check_out(), shop.begin().run(settle))

        assert done.order_id is not None, done.refusal
        assert looked.is_set()
        assert await deadlocks(shop) == before
        assert await broken(shop) == []

    async def test_pays_for_its_customer_alone(self, shop: Shop) -> None:
        credit = await store_credit(shop, "5.00")
        buyer = Buyer(shop, begin=shop.begin("ada"))

        order = await bought(buyer, Tender("store_credit", None, None), REST)

        assert [tender.amount_minor for tender in await order.tenders()] == [LITTLE, ONE_MUG - LITTLE]
        assert await credit.balance() == (LITTLE, LITTLE)
        with pytest.raises(PaymentMismatch, match="customer"):
            await bought(Buyer(shop), Tender("store_credit", None, None), REST)
        assert await broken(shop) == []

    async def test_is_what_a_refund_becomes_where_it_is_asked_for(self, shop: Shop) -> None:
        ada = shop.people["ada"].customer_id
        assert ada is not None
        buyer = Buyer(shop, begin=shop.begin("ada"))
        order = await bought(buyer, REST)
        await order.ship(1)
        await order.settle()

        await order.refund(MUG, cause=order.id, to_store_credit=True)
        await order.settle()

        assert await order.at_the_provider() == {"AUTHORIZATION": ONE_MUG, "CAPTURE": ONE_MUG}
        assert await balance_of(shop, ada) == MUG
        assert await order.status() == "PARTIALLY_REFUNDED"
        assert await broken(shop) == []


async def balance_of(shop: Shop, customer_id: CustomerId) -> int:
    """Say what store credit a customer has."""
    [account] = await shop.fetch("SELECT id FROM credit_accounts WHERE customer_id = $1", customer_id)
    balance, _ = await Card(shop, account["id"]).balance()
    return balance


async def expire(shop: Shop) -> None:
    """Let the worker take off what is on cards whose time is over."""
    await shop.begin().run(lambda uow: accounts.expire_due(uow, most=10))


async def until_somebody_waits(shop: Shop) -> None:
    """Look until somebody else waits for a lock."""
    while not await shop.fetch(
        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    ):
        await asyncio.sleep(0)


async def deadlocks(shop: Shop) -> int:
    """Say how often people have waited for each other."""
    [[found]] = await shop.fetch("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    return int(found)
