"""From cart to order, by every way that a payment can go."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from functools import partial

import pytest

from app.cart import service as cart_service
from app.cart.errors import CartNotActive, CartNotFound, PaymentPending
from app.cart.rules import AddLine, Cart, CartChanges
from app.cart.states import CartStatus
from app.checkout import service as checkout
from app.checkout.errors import CartEmpty, DeliveryRequired, PriceChanged
from app.checkout.rules import Tender
from app.checkout.service.attempts import GIVE_UP_AFTER
from app.inventory.errors import OutOfStock
from app.kernel.db import UnitOfWork
from app.kernel.errors import ErrorCode, IdempotencyMismatch
from app.kernel.idempotency import key_for
from app.payments.errors import PaymentMismatch
from app.payments.states import PaymentStatus
from tests.builders.buyers import LATE, Buyer, broken, other_key
from tests.builders.clock import StoppedClock
from tests.builders.credited import gift_card
from tests.builders.shop import Shop

pytestmark = pytest.mark.anyio


class TestComplete:
    async def test_makes_an_order_of_a_cart_with_shipped_and_collected_lines(self, shop: Shop) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"mug": 2, "tee-s": 1}, {"mug": 1})

        completed = await buyer.buy(cart)

        order = await buyer.order_of(cart)
        assert order is not None
        assert (completed.order_id, completed.refusal) == (order.id, None)
        assert (order.status, order.payment_status) == ("PLACED", "AUTHORIZED")
        assert (await buyer.cart_now(cart.id)).status is CartStatus.ORDERED
        works = await shop.fetch(
            "SELECT method, locations.code FROM fulfillment_orders JOIN locations ON locations.id = location_id ORDER BY method"
        )
        assert [tuple(work) for work in works] == [("PICKUP", "camden"), ("SHIPPING", "camden")]
        assert await shop.available("mug", "camden") == shop.opening_stock("mug", "camden") - 3
        assert await shop.on_hand("mug") == shop.opening_stock("mug")
        assert await broken(shop) == []

    async def test_stores_the_routing_decision_with_its_candidates(self, shop: Shop) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"mug": 1})

        completed = await buyer.buy(cart)

        [decision] = await shop.fetch("SELECT * FROM routing_decisions WHERE subject_id = $1", completed.order_id)
        assert decision["rule"] == "fewest-splits-then-nearest"
        assert {candidate["code"] for candidate in decision["candidates"]} == {"warehouse", "camden", "soho"}
        assert all(candidate["reason"] for candidate in decision["candidates"])

    async def test_takes_several_tenders_in_their_order(self, shop: Shop) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"mug": 1})

        await buyer.buy(cart, tokens=("tok_ok", "tok_ok"))

        first, second = await buyer.payments_of(cart)
        assert first.authorized_minor == 100
        assert first.authorized_minor + second.authorized_minor == (await buyer.quote(cart)).total_minor
        assert await broken(shop) == []

    async def test_keeps_the_pickup_slot_until_it_is_full(self, shop: Shop, clock: StoppedClock) -> None:
        buyer = Buyer(shop)
        slot = clock.at.replace(hour=15)
        for _ in range(2):
            assert (await buyer.buy(await buyer.cart(collected={"mug": 1}, slot=slot))).order_id

        with pytest.raises(Exception, match=r"slot|place|full") as refused:
            await buyer.buy(await buyer.cart(collected={"mug": 1}, slot=slot))

        assert refused.value.code is ErrorCode.SLOT_FULL  # type: ignore[attr-defined]

    async def test_answers_the_order_as_it_stands(self, shop: Shop) -> None:
        buyer, card = Buyer(shop), await gift_card(shop, "100.00")
        carts = [await buyer.cart({"mug": 2, "tee-s": 1}, {"mug": 1}), await buyer.cart({"mug": 1})]
        requests = [await buyer.request(cart) for cart in carts]
        requests[1] = replace(requests[1], tenders=(Tender("gift_card", await card.code(), None),))

        completed = [await buyer.send(request) for request in requests]

        assert [one.order for one in completed] == [await buyer.order_of(cart) for cart in carts]

    async def test_has_an_order_read_anew_that_was_charged_at_once(self, shop: Shop) -> None:
        buyer = Buyer(shop)
        async with shop.database.unit(shop.actor("system")) as uow:
            await uow.execute("UPDATE channels SET capture_at = 'PLACEMENT'", [])

        completed = await buyer.buy(await buyer.cart({"mug": 1}))

        assert completed.order_id is not None
        assert completed.order is None


class TestRefusalsBeforeTheGateway:
    async def test_change_nothing_and_free_the_key(self, shop: Shop) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"mug": 1})
        request = await buyer.request(cart, total=Decimal("0.01"))

        with pytest.raises(PriceChanged) as refused:
            await buyer.send(request)

        assert refused.value.field == ("expectedTotal",)
        assert await shop.available("mug") == shop.opening_stock("mug")
        assert await shop.fetch("SELECT 1 FROM checkout_attempts UNION ALL SELECT 1 FROM idempotency_keys") == []
        assert (await buyer.buy(cart)).order_id is not None

    async def test_an_empty_cart(self, shop: Shop) -> None:
        buyer = Buyer(shop)
        with pytest.raises(CartEmpty):
            await buyer.buy(await buyer.cart())

    async def test_a_missing_address_email_or_option(self, shop: Shop) -> None:
        buyer = Buyer(shop)
        lines = [AddLine(shop.variants["mug"], 1)]
        cart = await buyer.begin.run(lambda uow: cart_service.create(uow, lines=lines))

        async def change(uow: UnitOfWork, changes: CartChanges) -> Cart:
            return await cart_service.update(
                uow, cart_id=cart.id, token=buyer.token(cart.id), version=None, changes=changes
            )

        for changes, field in (
            (CartChanges(), "email"),
            (CartChanges(email="guest@shop.test"), "shippingAddress"),
            (CartChanges(shipping_address=shop.home), "deliveryGroups"),
        ):
            cart = await buyer.begin.run(partial(change, changes=changes))
            with pytest.raises(DeliveryRequired) as refused:
                await buyer.buy(cart)
            assert refused.value.field == (field,)

    async def test_a_foreign_or_missing_token(self, shop: Shop) -> None:
        buyer = Buyer(shop)
        mine, theirs = await buyer.cart({"mug": 1}), await buyer.cart({"mug": 1})
        request = await buyer.request(mine)
        for token in (None, "", buyer.token(theirs.id), "v1.nonsense"):
            with pytest.raises(CartNotFound):
                await buyer.send(replace(request, token=token))

    @pytest.mark.parametrize(
        ("gateway", "token", "amount", "field"),
        [
            ("paypal", "tok_ok", None, ("payments", "0", "gateway")),
            ("test", None, None, ("payments", "0", "token")),
            ("test", "tok_ok", Decimal("0.01"), ("payments",)),
            ("test", "tok_ok", Decimal(-5), ("payments", "0", "amount")),
            ("test", "tok_ok", Decimal(99999), ("payments",)),
        ],
    )
    async def test_tenders_that_do_not_add_up(
        self, shop: Shop, gateway: str, token: str | None, amount: Decimal | None, field: tuple[str, ...]
    ) -> None:
        buyer = Buyer(shop)
        request = await buyer.request(await buyer.cart({"mug": 1}))
        tender = type(request.tenders[0])(gateway, token, amount)

        with pytest.raises(PaymentMismatch) as refused:
            await buyer.send(replace(request, tenders=(tender,)))

        assert refused.value.field == field

    async def test_more_than_there_is_says_what_is_left(self, shop: Shop) -> None:
        buyer = Buyer(shop)

        with pytest.raises(OutOfStock) as refused:
            await buyer.buy(await buyer.cart({"mug": 100}))

        [shortage] = refused.value.shortages
        assert (shortage.requested, shortage.available) == (100, shop.opening_stock("mug"))

    async def test_more_than_the_store_has_to_hand_over(self, shop: Shop) -> None:
        buyer = Buyer(shop)

        with pytest.raises(OutOfStock) as refused:
            await buyer.buy(await buyer.cart(collected={"mug": 6}))

        [shortage] = refused.value.shortages
        assert (shortage.requested, shortage.available) == (6, 5)

    async def test_two_lines_that_share_a_shelf_are_one_demand(self, shop: Shop) -> None:
        buyer = Buyer(shop)

        with pytest.raises(OutOfStock):
            await buyer.buy(await buyer.cart({"mug": 15}, {"mug": 5}))

        assert await shop.available("mug") == shop.opening_stock("mug")


class TestDeclined:
    async def test_gives_everything_back_and_keeps_its_answer(self, shop: Shop) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"mug": 1})

        first = await buyer.buy(cart, tokens=("tok_declined",))
        again = await buyer.buy(cart, tokens=("tok_declined",))

        assert [answer.refusal.code for answer in (first, again) if answer.refusal] == [ErrorCode.PAYMENT_DECLINED] * 2
        assert await shop.available("mug") == shop.opening_stock("mug")
        assert len(await buyer.payments_of(cart)) == 1
        assert (await buyer.cart_now(cart.id)).attempt_id is None
        assert (await buyer.buy(cart, key="second")).order_id is not None
        assert await broken(shop) == []

    async def test_lets_go_what_the_tenders_before_it_held(self, shop: Shop) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"mug": 1})

        await buyer.buy(cart, tokens=("tok_ok", "tok_declined"))
        await buyer.settle()

        held, declined = await buyer.payments_of(cart)
        assert (held.status, declined.status) == (PaymentStatus.VOIDED, PaymentStatus.FAILED)
        assert await broken(shop) == []

    async def test_so_does_a_gateway_that_fails(self, shop: Shop) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"mug": 1})

        completed = await buyer.buy(cart, tokens=("tok_error",))

        assert completed.refusal is not None
        assert completed.refusal.code is ErrorCode.PAYMENT_DECLINED
        assert await shop.available("mug") == shop.opening_stock("mug")


class TestActionRequired:
    async def test_places_the_order_once_the_shopper_has_acted(self, shop: Shop) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"mug": 1})

        asked = await buyer.buy(cart, tokens=("tok_action",))
        early = await buyer.buy(cart, tokens=("tok_action",))
        assert asked.action is not None
        assert early.action == asked.action
        await buyer.gateway.confirm(reference=(asked.action.url or "").rpartition("/")[2])
        done = await buyer.buy(cart, tokens=("tok_action",))

        assert done.order_id is not None
        assert len(await buyer.payments_of(cart)) == 1
        assert await broken(shop) == []

    async def test_is_given_up_when_the_cart_is_edited(self, shop: Shop) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"mug": 1})
        asked = await buyer.buy(cart, tokens=("tok_action",))
        held = await buyer.cart_now(cart.id)
        assert held.attempt_id is not None
        assert asked.action is not None

        given_up = await buyer.begin.run(lambda uow: checkout.abandon_for_edit(uow, held.attempt_id))  # type: ignore[arg-type]

        assert given_up
        assert await shop.available("mug") == shop.opening_stock("mug")
        assert (await buyer.cart_now(cart.id)).attempt_id is None

    async def test_money_held_after_the_shopper_left_is_let_go(self, shop: Shop, clock: StoppedClock) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"mug": 1})
        asked = await buyer.buy(cart, tokens=("tok_action",))
        held = await buyer.cart_now(cart.id)
        await buyer.begin.run(lambda uow: checkout.abandon_for_edit(uow, held.attempt_id))  # type: ignore[arg-type]
        assert asked.action is not None
        await buyer.gateway.confirm(reference=(asked.action.url or "").rpartition("/")[2])

        clock.advance(minutes=1)
        await buyer.recover()
        await buyer.settle()

        [payment] = await buyer.payments_of(cart)
        assert payment.status is PaymentStatus.VOIDED
        assert await buyer.order_of(cart) is None
        assert await broken(shop) == []

    async def test_is_finished_by_the_worker_when_the_shopper_acted_and_never_came_back(
        self, shop: Shop, clock: StoppedClock
    ) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"mug": 1})
        asked = await buyer.buy(cart, tokens=("tok_action",))
        assert asked.action is not None
        await buyer.gateway.confirm(reference=(asked.action.url or "").rpartition("/")[2])

        clock.advance(minutes=2)
        await buyer.recover()

        assert await buyer.order_of(cart) is not None
        assert await broken(shop) == []

    async def test_is_given_up_when_the_shopper_never_acts(self, shop: Shop, clock: StoppedClock) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"mug": 1})
        await buyer.buy(cart, tokens=("tok_action",))

        clock.at += GIVE_UP_AFTER * 2
        await buyer.recover()

        assert (await buyer.cart_now(cart.id)).attempt_id is None
        assert await shop.available("mug") == shop.opening_stock("mug")
        assert await broken(shop) == []


class TestLostAnswer:
    async def test_is_found_by_the_same_call(self, shop: Shop) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"mug": 1})

        lost = await buyer.buy(cart, tokens=("tok_timeout",))
        found = await buyer.buy(cart, tokens=("tok_timeout",))

        assert lost.refusal is not None
        assert lost.refusal.code is ErrorCode.PAYMENT_PENDING
        assert found.order_id is not None
        [payment] = await buyer.payments_of(cart)
        assert payment.status is PaymentStatus.AUTHORIZED
        assert await broken(shop) == []

    async def test_is_found_by_the_worker(self, shop: Shop, clock: StoppedClock) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"mug": 1})
        await buyer.buy(cart, tokens=("tok_timeout",))

        clock.advance(seconds=10)
        await buyer.recover()

        order = await buyer.order_of(cart)
        assert order is not None
        assert (await buyer.buy(cart, tokens=("tok_timeout",))).order_id == order.id

    async def test_that_comes_late_still_places_the_order(self, shop: Shop, clock: StoppedClock) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"mug": 1})

        pending = await buyer.buy(cart, tokens=("tok_late",))
        still = await buyer.buy(cart, tokens=("tok_late",))
        clock.at += LATE
        done = await buyer.buy(cart, tokens=("tok_late",))

        assert [p.refusal.code for p in (pending, still) if p.refusal] == [ErrorCode.PAYMENT_PENDING] * 2
        assert done.order_id is not None
        assert await broken(shop) == []

    async def test_that_comes_after_everything_was_given_back_is_let_go(self, shop: Shop, clock: StoppedClock) -> None:
        buyer = Buyer(shop)
        buyer.gateway._late = GIVE_UP_AFTER * 3  # A provider slower than any patience.
        cart = await buyer.cart({"mug": 1})
        await buyer.buy(cart, tokens=("tok_late",))

        clock.at += GIVE_UP_AFTER * 2
        await buyer.recover()
        given_back = await buyer.cart_now(cart.id)
        clock.at += GIVE_UP_AFTER * 2
        await buyer.recover()
        await buyer.settle()

        assert given_back.attempt_id is None
        [payment] = await buyer.payments_of(cart)
        assert payment.status is PaymentStatus.VOIDED
        assert await buyer.order_of(cart) is None
        assert await broken(shop) == []

    async def test_finds_the_stock_gone_and_lets_the_money_go(self, shop: Shop, clock: StoppedClock) -> None:
        buyer = Buyer(shop)
        slow = await buyer.cart({"tent": 1})
        await buyer.buy(slow, tokens=("tok_timeout",))

        clock.advance(minutes=11)  # Longer than the channel holds stock for a checkout.
        quick = await buyer.buy(await buyer.cart({"tent": 1}), key="quick")
        late = await buyer.buy(slow, tokens=("tok_timeout",))
        await buyer.settle()

        assert quick.order_id is not None
        assert late.refusal is not None
        assert late.refusal.code is ErrorCode.OUT_OF_STOCK
        [payment] = await buyer.payments_of(slow)
        assert payment.status is PaymentStatus.VOIDED
        assert await broken(shop) == []

    async def test_finds_the_stock_elsewhere_when_only_that_place_is_empty(
        self, shop: Shop, clock: StoppedClock
    ) -> None:
        buyer = Buyer(shop)
        slow = await buyer.cart({"lamp": 5})
        await buyer.buy(slow, tokens=("tok_timeout",))

        clock.advance(minutes=11)
        await buyer.buy(await buyer.cart({"lamp": 1}), key="quick")
        late = await buyer.buy(slow, tokens=("tok_timeout",))

        assert late.order_id is not None
        assert await shop.available("lamp") == shop.opening_stock("lamp") - 6
        assert await broken(shop) == []


class TestRepetition:
    async def test_of_a_finished_call_answers_the_same_order(self, shop: Shop) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"mug": 1})
        request = await buyer.request(cart)

        answers = [await buyer.send(request) for _ in range(3)]

        assert len({answer.order_id for answer in answers}) == 1
        assert len(await shop.fetch("SELECT 1 FROM orders")) == 1

    async def test_at_once_makes_one_order(self, shop: Shop) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"mug": 1})
        request = await buyer.request(cart)

        answers = await asyncio.gather(*(buyer.send(request) for _ in range(8)))

        assert len({answer.order_id for answer in answers}) == 1
        assert answers[0].order_id is not None
        assert len(await buyer.payments_of(cart)) == 1
        assert await broken(shop) == []

    async def test_under_other_keys_at_once_makes_one_order(self, shop: Shop) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"mug": 1})
        request = await buyer.request(cart)

        answers = await asyncio.gather(
            *(buyer.send(other_key(request, f"tab-{tab}")) for tab in range(8)), return_exceptions=True
        )

        orders = [answer for answer in answers if not isinstance(answer, BaseException) and answer.order_id]
        assert len(orders) == 1
        refusals = [answer for answer in answers if isinstance(answer, BaseException)]
        assert all(isinstance(refusal, PaymentPending | CartNotActive) for refusal in refusals), refusals
        assert len(await shop.fetch("SELECT 1 FROM orders")) == 1
        assert await broken(shop) == []

    async def test_of_a_key_with_other_input_is_refused(self, shop: Shop) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"mug": 1})
        request = await buyer.request(cart)
        await buyer.send(request)
        other = key_for(request.key.scope, request.key.key, {"tokens": ["tok_other"]})

        with pytest.raises(IdempotencyMismatch):
            await buyer.send(replace(request, key=other))

    async def test_continues_for_a_process_that_died_before_it_asked(self, shop: Shop, clock: StoppedClock) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"mug": 1})
        request = await buyer.request(cart)
        dying = Buyer(shop)
        dying.gateway.authorize = _die  # type: ignore[method-assign,assignment]  # The process ends here.
        with pytest.raises(KeyboardInterrupt):
            await dying.send(request)

        clock.advance(minutes=1)
        completed = await buyer.send(request)

        assert completed.order_id is not None
        assert await broken(shop) == []


class TestContention:
    async def test_for_the_last_units_sells_each_once(self, shop: Shop) -> None:
        buyer = Buyer(shop)
        carts = [await buyer.cart({"lamp": 1, "mug": 1}) for _ in range(15)]
        requests = [await buyer.request(cart) for cart in carts]

        answers = await asyncio.gather(*(buyer.send(request) for request in requests), return_exceptions=True)

        sold = [answer for answer in answers if not isinstance(answer, BaseException) and answer.order_id]
        refused = [answer for answer in answers if isinstance(answer, BaseException)]
        assert len(sold) == shop.opening_stock("lamp")
        assert all(isinstance(refusal, OutOfStock) for refusal in refused), refused
        assert await shop.available("lamp") == 0
        assert await broken(shop) == []


async def _die(**_: object) -> None:
    raise KeyboardInterrupt
