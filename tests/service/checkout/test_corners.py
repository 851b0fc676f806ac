"""Checkouts that are less usual: over the counter, with a tender that answers late, of what is sold no more."""

import asyncio

import pytest

from app.cart import service as carts
from app.cart.errors import ChannelClosed
from app.cart.rules import AddLine, Cart
from app.checkout import service as checkout
from app.checkout.errors import PriceChanged
from app.checkout.service import CompleteCheckout
from app.delivery.states import DeliveryMethod
from app.kernel.db import UnitOfWork
from app.kernel.errors import Forbidden
from app.payments.states import PaymentStatus
from tests.builders.buyers import Buyer, broken
from tests.builders.shop import LOCATIONS, VARIANTS, Shop

pytestmark = pytest.mark.anyio


async def write(shop: Shop, sql: str, *args: object) -> None:
    async def work(uow: UnitOfWork) -> None:
        await uow.execute(sql, args)

    await shop.begin().run(work)


class TestCarryOut:
    async def counter_cart(self, shop: Shop, associate: Buyer) -> Cart:
        line = AddLine(VARIANTS["mug"], 2, DeliveryMethod.CARRY_OUT, LOCATIONS["camden"])
        return await associate.begin.run(lambda uow: carts.create(uow, lines=[line]))

    async def test_leaves_the_store_and_is_charged_at_once(self, shop: Shop) -> None:
        associate = Buyer(shop, begin=shop.begin("associate"))
        cart = await self.counter_cart(shop, associate)

        completed = await associate.buy(cart)
        await associate.settle()

        order = await associate.order_of(cart)
        assert order is not None
        assert completed.order_id == order.id
        assert (order.status, order.payment_status, order.email) == ("FULFILLED", "CAPTURED", None)
        assert await shop.on_hand("mug", "camden") == shop.opening_stock("mug", "camden") - 2
        assert await broken(shop) == []

    async def test_is_not_sold_by_those_who_work_elsewhere(self, shop: Shop) -> None:
        cart = await self.counter_cart(shop, Buyer(shop, begin=shop.begin("associate")))
        elsewhere = Buyer(shop, begin=shop.begin("other_associate"))

        with pytest.raises(Forbidden):
            await elsewhere.buy(cart)

        assert await shop.available("mug") == shop.opening_stock("mug")


class TestSeveralTenders:
    async def test_wait_for_the_one_that_answers_late(self, shop: Shop) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"mug": 1})
        tokens = ("tok_ok", "tok_timeout")

        pending = await buyer.buy(cart, tokens=tokens)
        done = await buyer.buy(cart, tokens=tokens)

        assert pending.order_id is None
        first, second = await buyer.payments_of(cart)
        assert (first.status, second.status) == (PaymentStatus.AUTHORIZED, PaymentStatus.AUTHORIZED)
        assert first.order_id == second.order_id == done.order_id
        assert await broken(shop) == []


class TestGoneMeanwhile:
    async def test_refuses_a_channel_that_has_closed(self, shop: Shop) -> None:
        buyer = Buyer(shop)
        request = await self.requested(buyer)
        await write(shop, "UPDATE channels SET closed_at = $1", shop.database.now())

        with pytest.raises(ChannelClosed):
            await checkout.complete(buyer.begin, buyer.gateways, request)

    async def test_refuses_a_variant_that_is_sold_no_more(self, shop: Shop) -> None:
        buyer = Buyer(shop)
        request = await self.requested(buyer)
        await write(shop, "UPDATE variants SET archived_at = $1 WHERE sku = 'mug'", shop.database.now())

        with pytest.raises(PriceChanged):
            await checkout.complete(buyer.begin, buyer.gateways, request)

    async def test_refuses_a_price_that_rose_while_the_shopper_thought(self, shop: Shop) -> None:
        buyer = Buyer(shop)
        request = await self.requested(buyer)
        await write(shop, "UPDATE prices SET amount_minor = amount_minor + 1 WHERE variant_id = $1", VARIANTS["mug"])

        answers = await asyncio.gather(*(buyer.send(request) for _ in range(3)), return_exceptions=True)

        assert all(isinstance(answer, PriceChanged) for answer in answers), answers
        assert await shop.fetch("SELECT 1 FROM checkout_attempts") == []

    async def requested(self, buyer: Buyer) -> CompleteCheckout:
        return await buyer.request(await buyer.cart({"mug": 1}))
