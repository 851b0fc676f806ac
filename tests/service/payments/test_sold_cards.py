"""Gift cards that are bought: one for each unit once it has left, and back with it while nothing was paid with it."""

import asyncio
from datetime import timedelta

import pytest

from app.catalog import service as catalog
from app.catalog.rules import ProductInput, VariantInput
from app.fulfillment import service as fulfillment
from app.fulfillment.rules import LineQuantity
from app.kernel.db import UnitOfWork
from app.payments.service import sold_cards
from app.payments.states import CreditStatus
from app.pickup import service as pickups
from app.returns import service as returns
from app.returns.errors import ReturnNotAllowed
from app.returns.states import ReturnStatus
from tests.builders.buyers import Buyer, broken
from tests.builders.clock import StoppedClock
from tests.builders.credited import TENDERS, cards_of, run, sell_as_gift_card, work_off
from tests.builders.placed import UNIT_PRICE_MINOR, Placed, collected, place, shipped
from tests.builders.returned import Back, give_back, receive, received_order, request, ship, sold
from tests.builders.shop import Shop

pytestmark = pytest.mark.anyio


async def hand_over(placed: Placed) -> None:
    """Have the customer collect what is ready."""
    pickup_id, code = await placed.ready(), await placed.code()

    async def go(uow: UnitOfWork) -> None:
        await pickups.hand_over(uow, pickup_id=pickup_id, code=code)

    await placed.shop.begin().run(go)


class TestIssue:
    async def test_follows_goods_that_are_shipped(self, shop: Shop) -> None:
        await sell_as_gift_card(shop, "mug")
        placed = await place(shop, shipped("mug", 2), shipped("lamp", 1))
        await work_off(shop)
        assert await cards_of(placed, "mug") == []

        await ship(placed)
        await work_off(shop)

        cards = await cards_of(placed, "mug")
        assert [await card.balance() for card in cards] == [(UNIT_PRICE_MINOR, 0)] * 2
        assert await cards_of(placed, "lamp") == []
        assert "2 gift cards issued" in await placed.timeline()
        assert await broken(shop, but=TENDERS) == []

    async def test_follows_goods_that_are_carried_out(self, shop: Shop) -> None:
        await sell_as_gift_card(shop, "mug")
        placed = await place(shop, sold("mug", 1))

        await work_off(shop)

        assert len(await cards_of(placed, "mug")) == 1

    async def test_follows_goods_that_are_handed_over(self, shop: Shop) -> None:
        await sell_as_gift_card(shop, "tee-s")
        placed = await place(shop, collected("tee-s", 1))
        await hand_over(placed)

        await work_off(shop)

        assert len(await cards_of(placed, "tee-s")) == 1

    async def test_follows_each_part_that_leaves(self, shop: Shop) -> None:
        await sell_as_gift_card(shop, "mug")
        placed = await place(shop, shipped("mug", 3))
        work, line = await placed.packed(), await placed.work_line("mug")
        counts = []

        for _ in range(3):
            await run(
                shop,
                lambda uow: fulfillment.ship(uow, fulfillment_order_id=work.id, lines=[LineQuantity(line.id, 1)]),
            )
            await work_off(shop)
            counts.append(len(await cards_of(placed, "mug")))

        assert counts == [1, 2, 3]

    async def test_happens_once_however_often_and_by_however_many_it_is_asked_for(self, shop: Shop) -> None:
        await sell_as_gift_card(shop, "mug")
        placed = await place(shop, sold("mug", 3))

        issued = await asyncio.gather(
            *(run(shop, lambda uow: sold_cards.issue_bought(uow, order_id=placed.id)) for _ in range(6))
        )
        await work_off(shop)

        assert sum(issued) == 3
        assert len(await cards_of(placed, "mug")) == 3
        names = await shop.fetch("SELECT count(*)::int FROM outbox WHERE name = 'GiftCardIssued'")
        assert names[0][0] == 3
        assert await broken(shop, but=TENDERS) == []

    async def test_gives_cards_the_time_that_the_channel_says(self, shop: Shop, clock: StoppedClock) -> None:
        await sell_as_gift_card(shop, "mug", ttl_days=365)
        placed = await place(shop, sold("mug", 1))

        await work_off(shop)

        (card,) = await cards_of(placed, "mug")
        assert (await card.now()).expires_at == clock() + timedelta(days=365)

    async def test_is_of_what_was_a_gift_card_when_it_was_bought(self, shop: Shop) -> None:
        before = await place(shop, shipped("mug", 1))
        await sell_as_gift_card(shop, "mug")
        await ship(before)

        await work_off(shop)

        assert await cards_of(before, "mug") == []

    async def test_is_of_what_was_bought_through_the_checkout_too(self, shop: Shop) -> None:
        await sell_as_gift_card(shop, "mug")
        buyer = Buyer(shop)

        completed = await buyer.buy(await buyer.cart({"mug": 1}))

        assert completed.order_id is not None
        assert (await Placed(shop, completed.order_id).line("mug")).gift_card


class TestReturn:
    async def test_closes_as_many_cards_as_come_back(self, shop: Shop) -> None:
        await sell_as_gift_card(shop, "mug")
        placed = await received_order(shop, sold("mug", 3))
        await work_off(shop)

        closed = await give_back(placed, {"mug": 2})

        assert closed.status is ReturnStatus.CLOSED
        states = [await card.now() for card in await cards_of(placed, "mug")]
        assert [account.status for account in states] == [CreditStatus.DISABLED] * 2 + [CreditStatus.ACTIVE]
        assert [account.balance_minor for account in states] == [0, 0, UNIT_PRICE_MINOR]
        assert await broken(shop, but=TENDERS) == []

    async def test_closes_cards_that_nobody_has_issued_yet(self, shop: Shop) -> None:
        await sell_as_gift_card(shop, "mug")
        placed = await received_order(shop, sold("mug", 2))

        await give_back(placed, {"mug": 1})
        await work_off(shop)

        states = [(await card.now()).status for card in await cards_of(placed, "mug")]
        assert states == [CreditStatus.DISABLED, CreditStatus.ACTIVE]
        assert await broken(shop, but=TENDERS) == []

    async def test_of_a_card_that_was_paid_with_is_refused(self, shop: Shop) -> None:
        await sell_as_gift_card(shop, "mug")
        placed = await received_order(shop, sold("mug", 2))
        await work_off(shop)
        used, _ = await cards_of(placed, "mug")
        await used.hold(1)

        with pytest.raises(ReturnNotAllowed) as refusal:
            await request(placed, {"mug": 2})

        assert refusal.value.field == ("lines", "0", "orderLineId")
        await give_back(placed, {"mug": 1})
        assert await used.balance() == (UNIT_PRICE_MINOR, 1)
        with pytest.raises(ReturnNotAllowed):
            await request(placed, {"mug": 1})

    async def test_of_a_card_that_is_paid_with_on_its_way_is_refused_at_the_desk(self, shop: Shop) -> None:
        await sell_as_gift_card(shop, "mug")
        placed = await received_order(shop, sold("mug", 1))
        await work_off(shop)
        asked = await request(placed, {"mug": 1})
        (card,) = await cards_of(placed, "mug")
        await card.hold(UNIT_PRICE_MINOR)

        with pytest.raises(ReturnNotAllowed) as refusal:
            await receive(placed, asked.id, Back("mug", 1))

        assert refusal.value.field == ("lines", "0", "returnLineId")
        assert (await placed.line("mug")).returned == 0
        await receive(placed, asked.id, Back("mug", 1, accepted=False))
        assert await card.balance() == (UNIT_PRICE_MINOR, UNIT_PRICE_MINOR)
        assert await broken(shop, but=TENDERS) == []

    async def test_and_a_payment_at_once_end_in_one_of_both(self, shop: Shop) -> None:
        await sell_as_gift_card(shop, "mug")
        placed = await received_order(shop, sold("mug", 1))
        await work_off(shop)
        asked = await request(placed, {"mug": 1})
        (card,) = await cards_of(placed, "mug")

        tries = await asyncio.gather(
            card.hold(UNIT_PRICE_MINOR), receive(placed, asked.id, Back("mug", 1)), return_exceptions=True
        )

        assert sum(isinstance(answer, Exception) for answer in tries) == 1
        assert await broken(shop, but=TENDERS) == []

    async def test_is_not_offered_when_every_card_was_paid_with(self, shop: Shop) -> None:
        await sell_as_gift_card(shop, "mug")
        placed = await received_order(shop, sold("mug", 1))
        await work_off(shop)

        async def offered() -> bool:
            async with shop.database.read() as session:
                found = await returns.list_requestable(
                    session, actor=shop.actor("service"), order_ids=[placed.id], now=shop.database.now()
                )
            return placed.id in found

        before = await offered()
        await (await cards_of(placed, "mug"))[0].hold(1)
        assert (before, await offered()) == (True, False)


class TestCatalog:
    async def test_says_what_is_a_gift_card_until_it_is_said_otherwise(self, shop: Shop) -> None:
        async def put(gift_card: bool | None) -> bool:  # One answer, one question.
            variant = VariantInput(sku="gift-25", name="25", gift_card=gift_card)
            product = ProductInput(slug="gift", name="Gift Card", variants=(variant,))
            await run(shop, lambda uow: catalog.put_products(uow, products=[product]))
            [[found]] = await shop.fetch("SELECT gift_card FROM variants WHERE sku = 'gift-25'")
            return bool(found)

        assert [await put(said) for said in (None, True, None, False)] == [False, True, True, False]
