"""Many at once over one cart: whatever they were told is what is in it, and nobody stands in anybody's way for good."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from app.cart import service as carts
from app.cart.errors import CartNotActive, CartNotFound, PaymentPending
from app.cart.rules import AddLine, Cart
from app.cart.states import CartStatus
from app.checkout.errors import PriceChanged
from app.kernel.actor import ANONYMOUS
from app.kernel.db import UnitOfWork
from app.kernel.errors import DomainError, NotFound, VersionConflict
from app.orders import queries as orders
from tests.builders.buyers import Buyer, broken
from tests.builders.carts import add, guest, lines_of, opened, token, units, write
from tests.builders.clock import StoppedClock
from tests.builders.crowd import Crowd
from tests.builders.edited import Editor, Sent, Told, some_edit, told_of
from tests.builders.shop import Shop
from tests.builders.stocked import broken_stock

pytestmark = pytest.mark.anyio

EDITS = 200
CONNECTIONS = 40
BEGINNING = {"mug": 1, "lamp": 1, "tee-s": 1, "tee-m": 1, "tee-l": 1}


@pytest.fixture
async def crowd(shop: Shop, dsn: str, clock: StoppedClock) -> AsyncIterator[Crowd]:
    """Gather many, each with a connection of their own, in the furnished shop."""
    assert shop.database
    async with Crowd(dsn, clock, connections=CONNECTIONS) as crowd:
        yield crowd


def some_units(shop: Shop, chance: random.Random) -> list[AddLine]:
    """Choose one each of a few variants, in no order."""
    return [AddLine(shop.variants[sku], 1) for sku in chance.sample(("mug", "tee-s", "tee-m", "tee-l", "lamp"), k=3)]


async def edited(crowd: Crowd, cart: Cart, count: int, *, seed: int) -> list[Sent]:
    """Let many edit a cart at once, guests and staff, some of them with the version that they saw."""
    chance = random.Random(seed)
    first = {sku: line for line, sku in zip(await lines_of(crowd.shop, cart), BEGINNING, strict=True)}
    guests, staff = crowd.database.begin(ANONYMOUS), crowd.shop.begin("associate")
    key = token(crowd.shop, cart)
    return await crowd.at_once(
        Editor(staff if n % 5 == 0 else guests, None if n % 5 == 0 else key, careful=n % 4 == 0).send(
            cart, first, some_edit(chance, n)
        )
        for n in range(count)
    )


class TestEditsOfOneCart:
    @pytest.mark.parametrize(("reserve_at", "count"), [("CHECKOUT", EDITS), ("CART", EDITS // 2)])
    async def test_lose_nothing_and_never_deadlock(self, crowd: Crowd, reserve_at: str, count: int) -> None:
        shop = crowd.shop
        await write(shop, "UPDATE channels SET reserve_at = $1, reserve_partially = true", reserve_at)
        cart = await opened(shop, *units(shop, **{sku.replace("-", "_"): n for sku, n in BEGINNING.items()}))

        sent = await edited(crowd, cart, count, seed=20261124)

        found, lines, option = await told_of(shop, cart)
        told = Told.beginning(BEGINNING).play(sent)
        accepted = len([one for one in sent if one.version])
        assert len(sent) == count
        # Who was refused had given an older version too often, or wanted to change a line that was gone.
        assert {type(one.refusal) for one in sent if one.refusal} <= {VersionConflict, NotFound}
        assert found.version == 1 + accepted
        assert told.versions == list(range(2, 2 + accepted))
        assert lines == told.lines
        assert (found.email, option) == (told.email, told.option)
        assert (found.shipping_address and found.shipping_address.line1) == told.street
        assert accepted > count // 2
        assert await broken(shop) == []
        assert await broken_stock(shop) == []
        assert await crowd.deadlocks() == 0

    async def test_of_the_same_version_let_one_through(self, crowd: Crowd) -> None:
        cart = await opened(crowd.shop, *units(crowd.shop, mug=1))

        async def edit() -> bool:
            with suppress(VersionConflict):
                await add(crowd.shop, cart, *units(crowd.shop, mug=1), version=1)
                return True
            return False

        won = await crowd.at_once(edit() for _ in range(EDITS // 4))

        found, lines, _ = await told_of(crowd.shop, cart)
        assert (won.count(True), found.version, lines) == (1, 2, {("mug", None, None): 2})
        assert await crowd.deadlocks() == 0


class TestClaims:
    async def test_that_race_edits_lose_nothing_that_was_accepted(self, crowd: Crowd) -> None:
        shop = crowd.shop
        ada = shop.begin("ada")
        guests = [await opened(shop, *units(shop, mug=1)) for _ in range(10)]

        async def claim(cart: Cart) -> int:
            async def work(uow: UnitOfWork) -> Cart:
                return await carts.claim(uow, cart_id=cart.id, token=token(shop, cart))

            await ada.run(work)
            return 0

        async def edit(cart: Cart) -> int:
            # With the claim the guest's token ends, and the cart with it where it was merged.
            with suppress(CartNotFound, CartNotActive):
                await add(shop, cart, *units(shop, mug=1))
                return 1
            return 0

        async def fill() -> int:
            await opened(shop, *units(shop, mug=1), by=ada)
            return 1

        accepted = await crowd.at_once(
            work for cart in guests for work in (edit(cart), fill(), claim(cart), edit(cart), edit(cart), claim(cart))
        )

        own = await opened(shop, by=ada)
        assert [line.quantity for line in await lines_of(shop, own)] == [len(guests) + sum(accepted)]
        states = await shop.fetch("SELECT status, count(*) FROM carts GROUP BY status")
        # The first cart that came to Ada stayed, and every other one went into it.
        left = Counter(dict(states))
        assert left[CartStatus.ACTIVE] == 1
        assert left[CartStatus.MERGED] in {len(guests), len(guests) - 1}
        assert await broken(shop) == []
        assert await crowd.deadlocks() == 0


class TestHolding:
    async def test_by_carts_that_merge_expire_and_change_never_deadlocks(
        self, crowd: Crowd, clock: StoppedClock
    ) -> None:
        shop = crowd.shop
        held_for_long = "reserve_at = 'CART', reserve_partially = true, reservation_ttl_seconds = 864000"
        await write(shop, f"UPDATE channels SET cart_ttl_days = 1, customer_cart_ttl_days = 1, {held_for_long}")
        over = [await opened(shop, *some_units(shop, random.Random(n))) for n in range(12)]
        await opened(shop, *some_units(shop, random.Random(12)), by=shop.begin("ada"))
        clock.advance(days=1)
        guests = [await opened(shop, *some_units(shop, random.Random(n))) for n in range(20)]

        async def claim(cart: Cart, name: str) -> None:
            async def work(uow: UnitOfWork) -> Cart:
                return await carts.claim(uow, cart_id=cart.id, token=token(shop, cart))

            await shop.begin(name).run(work)

        async def fill(n: int) -> None:
            own = await opened(shop, *some_units(shop, random.Random(n)))
            for step in range(3):
                await add(shop, own, *some_units(shop, random.Random(100 * n + step)))

        async def sweep() -> None:
            await shop.begin().run(lambda uow: carts.expire_due(uow, most=3))

        await crowd.at_once(
            work
            for n, cart in enumerate(guests)
            for work in (claim(cart, "ada" if n % 2 else "bob"), fill(n), *([sweep()] if n % 4 == 0 else []))
        )
        await sweep()

        ended = await shop.fetch("SELECT status FROM carts WHERE id = ANY($1)", [cart.id for cart in over])
        assert {status for (status,) in ended} == {CartStatus.EXPIRED}
        assert await broken(shop) == []
        assert await broken_stock(shop) == []
        assert await crowd.deadlocks() == 0

    async def test_of_units_that_others_held_too_long_never_deadlocks(self, crowd: Crowd, clock: StoppedClock) -> None:
        shop = crowd.shop
        await write(
            shop, "UPDATE channels SET reserve_at = 'CART', reserve_partially = true, reservation_ttl_seconds = 60"
        )
        for n in range(30):
            await opened(shop, *some_units(shop, random.Random(n)))
        clock.advance(seconds=61)

        async def fill(n: int) -> None:
            own = await opened(shop, *some_units(shop, random.Random(n)))
            for step in range(3):
                await add(shop, own, *some_units(shop, random.Random(100 * n + step)))

        await crowd.at_once(fill(n) for n in range(40))

        assert await broken(shop) == []
        assert await broken_stock(shop) == []
        assert await crowd.deadlocks() == 0


class TestCheckouts:
    async def test_that_race_edits_sell_what_was_in_the_cart(self, crowd: Crowd) -> None:
        shop = crowd.shop
        buyers = [Buyer(shop) for _ in range(8)]
        filled = [await buyer.cart({"tee-m": 1}) for buyer in buyers]
        requests = [await buyer.request(cart) for buyer, cart in zip(buyers, filled, strict=True)]

        async def buy(n: int) -> str:
            try:
                done = await buyers[n].send(requests[n])
            except DomainError as refusal:
                return type(refusal).__name__
            return "SOLD" if done.order_id is not None else type(done.refusal).__name__

        async def edit(n: int, sku: str) -> str:
            try:
                await add(shop, filled[n], *units(shop, **{sku: 1}), by=guest(shop))
            except (PaymentPending, CartNotActive) as refusal:
                return type(refusal).__name__
            return sku

        answers = await crowd.at_once(
            work
            for n in range(len(buyers))
            for work in (edit(n, "mug"), buy(n), edit(n, "lamp"), edit(n, "mug"), buy(n))
        )

        for n, cart in enumerate(filled):
            first, bought, second, third, again = answers[5 * n : 5 * n + 5]
            _, lines, _ = await told_of(shop, cart)
            wanted = Counter(sku for sku in (first, second, third) if sku in {"mug", "lamp"})
            assert {sku: units for (sku, _, _), units in lines.items()} == {"tee-m": 1, **wanted}
            order = await buyers[n].order_of(cart)
            if order is None:
                # Somebody changed the cart first, and so its price.
                assert {bought, again} <= {PriceChanged.__name__, PaymentPending.__name__}
                continue
            assert "SOLD" in {bought, again}
            async with shop.database.read() as session:
                sold = await orders.list_lines(session, order_ids=[order.id])
            assert Counter({line.sku: line.ordered for line in sold}) == {"tee-m": 1, **wanted}
        assert await broken(shop) == []
        assert await crowd.deadlocks() == 0

    async def test_and_edits_go_on_where_the_payment_came_to_nothing(self, crowd: Crowd) -> None:
        shop = crowd.shop
        buyer = Buyer(shop)
        cart = await buyer.cart({"mug": 1})
        request = await buyer.request(cart, tokens=["tok_declined"])

        async def edit() -> int:
            while True:
                try:
                    await add(shop, cart, *units(shop, tee_l=1))
                except PaymentPending:
                    await asyncio.sleep(0)
                else:
                    return 1

        async def buy() -> int:
            with suppress(DomainError):
                await buyer.send(request)
            return 0

        accepted = sum(await crowd.at_once([edit(), buy(), *(edit() for _ in range(20))]))

        found, lines, _ = await told_of(shop, cart)
        assert lines == {("mug", None, None): 1, ("tee-l", None, None): accepted}
        assert (found.status, found.attempt_id, found.version) == (CartStatus.ACTIVE, None, cart.version + accepted)
        assert await broken(shop) == []
        assert await crowd.deadlocks() == 0
