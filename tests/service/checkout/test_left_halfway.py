"""Checkouts that are left halfway: the worker comes first, a line goes dead, a payment service is slow, or is switched off."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.cart.rules import Cart
from app.checkout import service as checkout
from app.checkout.service import Completed
from app.checkout.service.attempts import GIVE_UP_AFTER
from app.kernel.actor import SYSTEM
from app.kernel.errors import ErrorCode
from app.payments.gateway import Action, Answer, GatewayFailed
from app.payments.gateways.test import TestGateway
from app.payments.states import PaymentStatus
from tests.builders.buyers import LATE, Buyer, broken
from tests.builders.clock import StoppedClock
from tests.builders.shop import Shop

pytestmark = pytest.mark.anyio

_HELD = """
    SELECT coalesce(sum(CASE kind WHEN 'AUTHORIZATION' THEN amount_minor ELSE -amount_minor END), 0)::bigint
    FROM test_gateway_operations WHERE outcome = 'SUCCEEDED' AND kind IN ('AUTHORIZATION', 'VOID', 'CAPTURE')
"""


async def held_at_the_provider(shop: Shop) -> int:
    """Ask the provider's own memory how much it holds."""
    [[held]] = await shop.fetch(_HELD)
    return int(held)


async def confirm(buyer: Buyer, asked: Completed) -> None:
    """Do what the shopper was asked to do."""
    assert asked.action is not None
    assert await buyer.gateway.confirm(reference=(asked.action.url or "").rpartition("/")[2])


class TestSeveralCards:
    """The first of them has no answer yet, so that the others were not asked; then the worker is there before the shopper."""

    async def test_are_asked_when_the_shopper_comes_back(self, shop: Shop, clock: StoppedClock) -> None:
        buyer, tokens = Buyer(shop), ("tok_action", "tok_ok", "tok_ok")
        cart = await buyer.cart({"mug": 1})
        asked = await buyer.buy(cart, tokens=tokens)
        await confirm(buyer, asked)

        await self.hear(shop, buyer, cart)
        clock.advance(minutes=2)
        await buyer.recover()
        done = await buyer.buy(cart, tokens=tokens)

        assert done.order_id is not None, done.refusal
        assert {payment.status for payment in await buyer.payments_of(cart)} == {PaymentStatus.AUTHORIZED}
        assert await broken(shop) == []

    async def test_are_asked_after_an_answer_that_was_lost(self, shop: Shop, clock: StoppedClock) -> None:
        buyer, tokens = Buyer(shop), ("tok_timeout", "tok_ok")
        cart = await buyer.cart({"mug": 1})
        pending = await buyer.buy(cart, tokens=tokens)

        clock.advance(seconds=20)
        await buyer.recover()
        done = await buyer.buy(cart, tokens=tokens)

        assert pending.refusal is not None
        assert pending.refusal.code is ErrorCode.PAYMENT_PENDING
        assert done.order_id is not None, done.refusal
        assert await broken(shop) == []

    async def test_are_given_up_by_a_shopper_who_starts_anew(self, shop: Shop, clock: StoppedClock) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"mug": 1})
        await confirm(buyer, await buyer.buy(cart, tokens=("tok_action", "tok_ok")))
        clock.advance(minutes=2)
        await buyer.recover()

        done = await buyer.buy(cart, key="second")
        await buyer.settle()

        assert done.order_id is not None, done.refusal
        order = await buyer.order_of(cart)
        assert order is not None
        assert await held_at_the_provider(shop) == order.total_minor
        assert await broken(shop) == []

    async def test_are_given_up_with_a_shopper_who_never_comes_back(self, shop: Shop, clock: StoppedClock) -> None:
        buyer, tokens = Buyer(shop), ("tok_action", "tok_ok")
        cart = await buyer.cart({"mug": 1})
        await confirm(buyer, await buyer.buy(cart, tokens=tokens))

        clock.advance(minutes=2)
        await buyer.recover()
        waiting = await held_at_the_provider(shop)
        clock.at += GIVE_UP_AFTER
        for _ in range(2):
            await buyer.recover()
            await buyer.settle()
            clock.advance(minutes=1)

        assert waiting > 0
        assert await held_at_the_provider(shop) == 0
        first, second = await buyer.payments_of(cart)
        assert (first.status, second.status) == (PaymentStatus.VOIDED, PaymentStatus.FAILED)
        assert (await buyer.cart_now(cart.id)).attempt_id is None
        assert await shop.available("mug") == shop.opening_stock("mug")
        assert await broken(shop) == []

    async def test_are_not_asked_any_more_when_the_shopper_is_too_late(self, shop: Shop, clock: StoppedClock) -> None:
        buyer, tokens = Buyer(shop), ("tok_action", "tok_ok")
        cart = await buyer.cart({"mug": 1})
        await confirm(buyer, await buyer.buy(cart, tokens=tokens))
        clock.at += GIVE_UP_AFTER + timedelta(seconds=1)

        late = await buyer.buy(cart, tokens=tokens)
        asked = await shop.fetch("SELECT 1 FROM test_gateway_operations WHERE kind = 'AUTHORIZATION'")
        for _ in range(2):
            clock.advance(minutes=1)
            await buyer.recover()
            await buyer.settle()

        assert late.refusal is not None
        assert late.refusal.code is ErrorCode.PAYMENT_PENDING
        assert len(asked) == 1
        assert await held_at_the_provider(shop) == 0
        assert (await buyer.cart_now(cart.id)).attempt_id is None
        assert await broken(shop) == []

    async def hear(self, shop: Shop, buyer: Buyer, cart: Cart) -> None:
        """Let the worker hear by news that the first card's shopper has acted."""
        attempt_id = (await buyer.cart_now(cart.id)).attempt_id
        assert attempt_id is not None
        await checkout.look_after(shop.database.begin(SYSTEM), buyer.gateways, attempt_id=attempt_id)


class DyingLine(TestGateway):
    """The test gateway, to which a process dies that asked it, and whose line is dead afterwards for a while."""

    def __init__(self, shop: Shop) -> None:
        super().__init__(shop.database, late=LATE)
        self.dies = self.dead = False

    async def authorize(self, **question: Any) -> Answer:
        """Hold funds."""
        if self.dead:
            raise GatewayFailed("the line is dead")
        answer = await TestGateway.authorize(self, **question)
        if self.dies:
            self.dies, self.dead = False, True
            raise SystemError("the process ends here")
        return answer


class TestDeadLine:
    async def test_says_nothing_of_what_was_asked_before_it_died(self, shop: Shop, clock: StoppedClock) -> None:
        buyer, gateway = Buyer(shop), DyingLine(shop)
        buyer.gateways = {"test": gateway}
        cart = await buyer.cart({"mug": 1})
        gateway.dies = True
        with pytest.raises(SystemError):
            await buyer.buy(cart)
        clock.advance(seconds=40)

        again = await buyer.buy(cart)
        clock.advance(seconds=40)
        await buyer.recover()
        await buyer.settle()

        assert again.refusal is not None
        assert again.refusal.code is ErrorCode.PAYMENT_PENDING
        order = await buyer.order_of(cart)
        assert order is not None
        assert await held_at_the_provider(shop) == order.total_minor
        assert await broken(shop) == []


class SlowGateway(TestGateway):
    """The test gateway, which takes its time, in which the worker comes by."""

    def __init__(self, shop: Shop, clock: StoppedClock, *, takes: timedelta) -> None:
        super().__init__(shop.database, late=LATE)
        self.clock = clock
        self.takes = takes
        self.worker: Buyer | None = None

    async def authorize(self, **question: Any) -> Answer:
        """Hold funds, in the end."""
        self.clock.at += self.takes
        if self.worker is not None:
            await self.worker.recover()
        return await TestGateway.authorize(self, **question)


class TestSlowGateway:
    async def test_never_holds_money_for_a_checkout_that_others_have_ended(
        self, shop: Shop, clock: StoppedClock
    ) -> None:
        gateway = SlowGateway(shop, clock, takes=timedelta(seconds=12))
        buyer, tokens = Buyer(shop), ["tok_ok"] * 5
        gateway.worker = Buyer(shop)
        buyer.gateways = {"test": gateway}
        cart = await buyer.cart({"mug": 1})

        completed = await buyer.buy(cart, tokens=tokens)
        for _ in range(5):
            if completed.order_id is None:
                clock.advance(seconds=1)
                completed = await buyer.buy(cart, tokens=tokens)
        await buyer.settle()

        order = await buyer.order_of(cart)
        assert await held_at_the_provider(shop) == (0 if order is None else order.total_minor)
        assert completed.order_id is not None, completed.refusal
        assert await broken(shop) == []


class TestGatewayThatIsSwitchedOff:
    async def test_keeps_no_other_checkout_from_being_finished(self, shop: Shop, clock: StoppedClock) -> None:
        buyer, other = Buyer(shop), TestGateway(shop.database, late=LATE)
        buyer.gateways = {"test": buyer.gateway, "old": other}
        carts = [await buyer.cart({"mug": 1}) for _ in range(2)]
        for cart, name in zip(carts, ("old", "test"), strict=True):
            request = await buyer.request(cart, tokens=("tok_timeout",))
            await buyer.send(replace(request, tenders=(replace(request.tenders[0], gateway=name),)))
            clock.advance(seconds=1)
        buyer.gateways = {"test": buyer.gateway}

        clock.advance(seconds=20)
        await buyer.recover()

        assert [await buyer.order_of(cart) is not None for cart in carts] == [False, True]
        assert (await buyer.cart_now(carts[0].id)).attempt_id is not None
        clock.at += GIVE_UP_AFTER
        await buyer.recover()
        assert (await buyer.cart_now(carts[0].id)).attempt_id is None
        assert await broken(shop) == []

    async def test_asks_its_shopper_to_wait(self, shop: Shop) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"mug": 1})
        await buyer.buy(cart, tokens=("tok_timeout",))
        buyer.gateways = {}

        again = await buyer.buy(cart, tokens=("tok_timeout",))

        assert again.refusal is not None
        assert again.refusal.code is ErrorCode.PAYMENT_PENDING
        assert await broken(shop) == []


class ScriptedGateway(TestGateway):
    """The test gateway, whose shoppers act by a script in their browser that needs a secret."""

    async def authorize(self, **question: Any) -> Answer:
        """Hold funds."""
        return self._by_script(await TestGateway.authorize(self, **question))

    async def find(self, **question: Any) -> Answer | None:
        """Say what became of a call."""
        found = await TestGateway.find(self, **question)
        return None if found is None else self._by_script(found)

    def _by_script(self, answer: Answer) -> Answer:
        if answer.action is None:
            return answer
        return replace(answer, action=Action("STRIPE_SDK", client_secret="pi_1_secret_2"))


class TestSecretOfTheBrowser:
    async def test_is_kept_while_the_shopper_may_act_and_no_longer(self, shop: Shop, clock: StoppedClock) -> None:
        buyer = Buyer(shop)
        buyer.gateways = {"test": ScriptedGateway(shop.database, late=LATE)}
        cart = await buyer.cart({"mug": 1})

        asked = await buyer.buy(cart, tokens=("tok_action",))
        kept = await self.secrets(shop)
        await buyer.buy(cart, key="second")
        for _ in range(3):
            clock.advance(minutes=1)
            await buyer.recover()

        assert asked.action is not None
        assert asked.action.client_secret is not None
        assert kept == [asked.action.client_secret]
        assert await self.secrets(shop) == []
        assert await broken(shop) == []

    async def secrets(self, shop: Shop) -> list[str]:
        """Look for what lets a shopper's browser act."""
        found = await shop.fetch(
            "SELECT action_secret FROM payments WHERE action_secret IS NOT NULL"
            " UNION ALL SELECT action_url FROM payments WHERE action_url IS NOT NULL"
        )
        return [str(record[0]) for record in found]


class BrokenGateway(TestGateway):
    """The test gateway, of which some answers cannot be read."""

    def __init__(self, shop: Shop) -> None:
        super().__init__(shop.database, late=LATE)
        self.unreadable: set[str] = set()

    async def find(self, *, key: str, asked_at: datetime) -> Answer | None:
        """Say what became of a call."""
        if key in self.unreadable:
            raise LookupError("this is not what they said they would answer")
        return await TestGateway.find(self, key=key, asked_at=asked_at)


class TestAnswerThatCannotBeRead:
    async def test_keeps_no_other_checkout_from_being_finished(self, shop: Shop, clock: StoppedClock) -> None:
        buyer, gateway = Buyer(shop), BrokenGateway(shop)
        buyer.gateways = {"test": gateway}
        carts = [await buyer.cart({"mug": 1}) for _ in range(2)]
        for cart in carts:
            await buyer.buy(cart, tokens=("tok_timeout",))
            clock.advance(seconds=1)
        [[first], _] = await shop.fetch("SELECT id FROM payment_transactions ORDER BY id")
        gateway.unreadable = {str(first)}

        clock.advance(seconds=20)
        with pytest.raises(ExceptionGroup):
            await buyer.recover()

        assert [await buyer.order_of(cart) is not None for cart in carts] == [False, True]
        gateway.unreadable = set()
        clock.advance(minutes=1)
        assert await buyer.recover() == 1
        assert await broken(shop) == []
