"""The same cart bought by many at once: there is one order, whoever is first and however often it is asked for."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from app.cart import service as cart_service
from app.cart.errors import CartNotActive, PaymentPending
from app.cart.rules import AddLine, Cart
from app.checkout.rules import Tender
from app.checkout.service import CompleteCheckout, Completed
from app.kernel.errors import Busy, IdempotencyMismatch, VersionConflict
from app.kernel.idempotency import key_for
from tests.builders.buyers import Buyer, broken, other_key
from tests.builders.clock import StoppedClock
from tests.builders.crowd import Crowd
from tests.builders.patience import PATIENCE_SECONDS
from tests.builders.shop import VARIANTS, Shop
from tests.builders.tendered import Way, arrange, cash

pytestmark = pytest.mark.anyio

MANY = 30
#: What whoever comes second may be told; anything else is a bug.
SECOND = (CartNotActive, PaymentPending, Busy)


async def at_once(asked: Iterable[Awaitable[Any]]) -> list[Any]:
    """Let everybody ask at the same time; answers what each of them has."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        return await asyncio.gather(*asked, return_exceptions=True)


def sorted_out(answers: Iterable[Any]) -> tuple[set[Any], Counter[str]]:
    """Say which orders came of it, and how often which refusal."""
    orders: set[Any] = set()
    refused: Counter[str] = Counter()
    for answer in answers:
        if isinstance(answer, Completed) and answer.order_id is not None:
            orders.add(answer.order_id)
        else:
            refusal = answer.refusal if isinstance(answer, Completed) else answer
            refused[type(refusal).__name__] += 1
    return orders, refused


async def one_order(shop: Shop, orders: set[Any]) -> None:
    """See that there is one order, paid for once, and that nothing is broken."""
    assert len(orders) == 1
    [[placed, held]] = await shop.fetch(
        "SELECT (SELECT count(*) FROM orders), (SELECT sum(authorized_minor - released_minor)::bigint FROM payments)"
    )
    [[total]] = await shop.fetch("SELECT total_minor FROM orders")
    assert (placed, held) == (1, total)
    assert await broken(shop) == []


class TestOneCart:
    async def test_by_a_double_click_is_one_order_for_both(self, shop: Shop) -> None:
        buyer = Buyer(shop)
        request = await buyer.request(await buyer.cart({"mug": 1}))

        orders, refused = sorted_out(await at_once([buyer.send(request), buyer.send(request)]))

        assert not refused
        await one_order(shop, orders)

    async def test_in_two_tabs_is_one_order_and_a_refusal(self, shop: Shop) -> None:
        buyer = Buyer(shop)
        request = await buyer.request(await buyer.cart({"mug": 1}))

        orders, refused = sorted_out(await at_once([buyer.send(request), buyer.send(other_key(request, "second"))]))

        assert sum(refused.values()) == 1
        assert refused.keys() <= {one.__name__ for one in SECOND}
        await one_order(shop, orders)

    async def test_with_a_retry_while_the_first_runs_waits_for_it(self, shop: Shop) -> None:
        buyer, asked = Buyer(shop), asyncio.Event()
        slow = SlowGateway(buyer, asked)
        buyer.gateways = {"test": slow}
        request = await buyer.request(await buyer.cart({"mug": 1}))

        async def again() -> Completed:
            await asked.wait()
            slow.go_on.set()
            return await buyer.send(request)

        orders, refused = sorted_out(await at_once([buyer.send(request), again()]))

        assert not refused
        assert slow.times == 1
        await one_order(shop, orders)

    async def test_with_the_same_key_and_other_tenders_is_refused(self, shop: Shop) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"mug": 1})
        request = await buyer.request(cart)
        other = replace(
            request,
            tenders=(Tender("test", "tok_declined", None),),
            key=key_for(f"checkoutComplete:guest:{cart.id}", "first", {"tokens": ["tok_declined"]}),
        )

        answers = await at_once([buyer.send(request), buyer.send(other)])

        # Whoever came first has the key; the other's input is not what it stands for.
        assert sum(isinstance(answer, IdempotencyMismatch) for answer in answers) == 1
        assert await broken(shop) == []

    async def test_by_thirty_at_once_under_one_key_is_one_order(
        self, shop: Shop, dsn: str, clock: StoppedClock
    ) -> None:
        async with Crowd(dsn, clock) as crowd:
            buyer = Buyer(crowd.shop)
            request = await buyer.request(await buyer.cart({"mug": 1}))

            orders, refused = sorted_out(await at_once(buyer.send(request) for _ in range(MANY)))

            assert not refused
        await one_order(shop, orders)

    async def test_by_thirty_at_once_under_keys_of_their_own_is_one_order(
        self, shop: Shop, dsn: str, clock: StoppedClock
    ) -> None:
        async with Crowd(dsn, clock) as crowd:
            buyer = Buyer(crowd.shop)
            request = await buyer.request(await buyer.cart({"mug": 1}))

            orders, refused = sorted_out(await at_once(buyer.send(other_key(request, f"key {i}")) for i in range(MANY)))

            assert sum(refused.values()) == MANY - 1
            assert refused.keys() <= {one.__name__ for one in SECOND}
        await one_order(shop, orders)

    async def test_at_several_tills_with_coins_is_one_order(self, shop: Shop) -> None:
        await arrange(shop, Way())
        associate = Buyer(shop, begin=shop.begin("associate"))
        request = replace(await associate.request(await associate.cart({"mug": 1})), tenders=(cash(),))

        orders, refused = sorted_out(await at_once(associate.send(other_key(request, f"till {i}")) for i in range(4)))

        assert sum(refused.values()) == 3
        await one_order(shop, orders)


class TestHotCart:
    async def test_that_is_edited_while_it_is_bought_is_sold_as_it_was_seen(self, shop: Shop) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"mug": 1})
        request = await buyer.request(cart)

        asked: list[Awaitable[Any]] = [buyer.send(request)]
        asked += [self.add(buyer, cart) for _ in range(8)]
        answers = await at_once(asked)

        refusals = {type(answer).__name__ for answer in answers if isinstance(answer, BaseException)}
        assert refusals <= {"PriceChanged", "CartNotActive", "PaymentPending", "Busy", VersionConflict.__name__}
        rows = await shop.fetch(
            "SELECT orders.total_minor, sum(order_lines.total_minor)::bigint AS lines FROM orders"
            " JOIN order_lines ON order_lines.order_id = orders.id GROUP BY orders.id"
        )
        assert len(rows) <= 1
        if rows:
            # The shopper saw one mug and its delivery, and that is what they bought.
            assert (rows[0]["total_minor"], rows[0]["lines"]) == (1699, 1200)
        assert await broken(shop) == []

    async def test_that_many_buy_and_edit_ends_whole(self, shop: Shop, dsn: str, clock: StoppedClock) -> None:
        async with Crowd(dsn, clock) as crowd:
            buyer = Buyer(crowd.shop)
            cart = await buyer.cart({"mug": 1})
            request = await buyer.request(cart)

            asked: list[Awaitable[Any]] = []
            for i in range(10):
                asked += [self.add(buyer, cart), self.buy_as_seen(buyer, cart, request, f"key {i}")]
            answers = await at_once(asked)
            orders, _ = sorted_out(answer for answer in answers if isinstance(answer, Completed))

            assert len(orders) <= 1
            unknown = [one for one in answers if isinstance(one, BaseException) and not hasattr(one, "code")]
            assert unknown == []
        assert await broken(shop) == []

    async def add(self, buyer: Buyer, cart: Cart) -> Cart:
        """Put another mug into the cart."""
        return await buyer.begin.run(
            lambda uow: cart_service.add_lines(
                uow,
                cart_id=cart.id,
                token=buyer.token(cart.id),
                version=None,
                lines=[AddLine(VARIANTS["mug"], 1)],
            )
        )

    async def buy_as_seen(self, buyer: Buyer, cart: Cart, request: CompleteCheckout, key: str) -> Completed:
        """Buy the cart for what it costs at this moment."""
        now = await buyer.request(await buyer.cart_now(cart.id), key=key)
        return await buyer.send(replace(now, key=replace(request.key, key=key)))


class SlowGateway:
    """The test gateway, which thinks for as long as it is told to."""

    name = "test"

    def __init__(self, buyer: Buyer, asked: asyncio.Event) -> None:
        self.real = buyer.gateway
        self.abilities = buyer.gateway.abilities
        self.asked = asked
        self.go_on = asyncio.Event()
        self.times = 0

    def __getattr__(self, name: str) -> Any:
        """Ask the provider."""
        return getattr(self.real, name)

    async def authorize(self, **question: Any) -> Any:
        """Say that it was asked, and wait."""
        self.times += 1
        self.asked.set()
        await self.go_on.wait()
        return await self.real.authorize(**question)
