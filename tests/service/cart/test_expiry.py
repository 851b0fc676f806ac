"""How long carts live: what touches them, what ends them, and what they are in between."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from app.cart import queries
from app.cart import service as carts
from app.cart.errors import CartNotActive
from app.cart.rules import AddLine, Cart, CartChanges, ChangeLine, Select
from app.cart.states import CartStatus
from app.checkout import service as checkout
from app.kernel.actor import SYSTEM
from app.kernel.db import Database, UnitOfWork
from app.kernel.errors import Invalid
from app.payments.gateways.test import TestGateway
from app.worker import Means
from app.worker.schedule import expire_idle_carts
from tests.builders.buyers import LATE, Buyer, broken
from tests.builders.carts import (
    add,
    change,
    guest,
    lines_of,
    opened,
    refused,
    select,
    shipping,
    token,
    units,
    update,
    write,
)
from tests.builders.clock import StoppedClock
from tests.builders.patience import PATIENT
from tests.builders.shop import DELIVERY_OPTIONS, KEYS, Shop
from tests.builders.stocked import broken_stock

pytestmark = pytest.mark.anyio

A_GUESTS_LIFE = timedelta(days=90)


async def current(shop: Shop, cart: Cart) -> Cart:
    async with shop.database.read() as session:
        found = await queries.get_cart(session, cart_id=cart.id)
    assert found is not None
    return found


async def sweep(shop: Shop, *, most: int = 500) -> int:
    return await shop.begin().run(lambda uow: carts.expire_due(uow, most=most))


async def keep_carts(shop: Shop, *, guests: int = 90, customers: int | None = None) -> None:
    await write(shop, "UPDATE channels SET cart_ttl_days = $1, customer_cart_ttl_days = $2", guests, customers)


async def claimed(shop: Shop, cart: Cart) -> Cart:
    async def work(uow: UnitOfWork) -> Cart:
        return await carts.claim(uow, cart_id=cart.id, token=token(shop, cart))

    return await shop.begin("ada").run(work)


async def started(shop: Shop, cart: Cart) -> Cart:
    async def work(uow: UnitOfWork) -> Cart:
        return (await checkout.start(uow, cart_id=cart.id, token=token(shop, cart))).cart

    return await guest(shop).run(work)


class TestLife:
    async def test_of_a_guests_cart_is_what_the_channel_says(self, shop: Shop, clock: StoppedClock) -> None:
        cart = await opened(shop)
        await keep_carts(shop, guests=7)
        shorter = await opened(shop)

        assert cart.expires_at == clock() + A_GUESTS_LIFE
        assert shorter.expires_at == clock() + timedelta(days=7)

    async def test_of_a_customers_cart_has_no_end_unless_the_channel_says_so(
        self, shop: Shop, clock: StoppedClock
    ) -> None:
        adas = await opened(shop, by=shop.begin("ada"))
        await keep_carts(shop, customers=30)
        bobs = await opened(shop, by=shop.begin("bob"))

        assert adas.expires_at is None
        assert bobs.expires_at == clock() + timedelta(days=30)

    async def test_begins_anew_with_every_edit(self, shop: Shop, clock: StoppedClock) -> None:
        cart = await opened(shop, *units(shop, mug=1))
        (mug,) = await lines_of(shop, cart)
        edits: list[Any] = [
            lambda: add(shop, cart, *units(shop, lamp=1)),
            lambda: change(shop, cart, ChangeLine(mug.id, quantity=2)),
            lambda: update(shop, cart, CartChanges(email="eve@example.com")),
            lambda: select(shop, cart, Select(shipping(cart), DELIVERY_OPTIONS["express"])),
            lambda: started(shop, cart),
        ]
        for edit in edits:
            clock.advance(days=89)

            edited = await edit()

            assert edited.expires_at == clock() + A_GUESTS_LIFE
            assert edited == await current(shop, cart)

    async def test_does_not_begin_anew_when_an_edit_is_refused(self, shop: Shop, clock: StoppedClock) -> None:
        cart = await opened(shop)
        clock.advance(days=1)

        await refused(Invalid, add(shop, cart, *units(shop, mug=0)))

        assert (await current(shop, cart)).expires_at == cart.expires_at

    async def test_becomes_that_of_a_customer_when_it_is_claimed(self, shop: Shop) -> None:
        cart = await opened(shop)

        assert (await claimed(shop, cart)).expires_at is None

    async def test_is_over_for_what_became_something_else(self, shop: Shop) -> None:
        buyer = Buyer(shop)
        ordered, merged = await buyer.cart({"mug": 1}), await opened(shop)
        await opened(shop, by=shop.begin("ada"))

        await buyer.buy(ordered)
        await claimed(shop, merged)

        assert [(await current(shop, cart)).expires_at for cart in (ordered, merged)] == [None, None]


class TestTimeOver:
    async def test_is_known_before_anybody_has_ended_the_cart(self, shop: Shop, clock: StoppedClock) -> None:
        cart = await update(shop, await opened(shop), CartChanges(email="eve@example.com", shipping_address=shop.home))
        clock.advance(days=90)

        seen = (await current(shop, cart)).as_of(clock())

        assert (seen.status, seen.email, seen.shipping_address) == (CartStatus.EXPIRED, None, None)
        assert (await current(shop, cart)).as_of(clock() - timedelta(microseconds=1)).status is CartStatus.ACTIVE

    @pytest.mark.parametrize("swept", [False, True])
    async def test_refuses_every_edit(self, shop: Shop, clock: StoppedClock, swept: bool) -> None:
        cart = await opened(shop, *units(shop, mug=1))
        (mug,) = await lines_of(shop, cart)
        clock.advance(days=90)
        if swept:
            await sweep(shop)

        edits: list[Any] = [
            add(shop, cart, *units(shop, mug=1)),
            add(shop, cart, *units(shop, mug=1), version=99),
            add(shop, cart, *units(shop, mug=1), by=shop.begin("associate")),
            change(shop, cart, ChangeLine(mug.id, quantity=2)),
            update(shop, cart, CartChanges(email=None)),
            select(shop, cart, Select(shipping(cart), DELIVERY_OPTIONS["express"])),
            started(shop, cart),
            claimed(shop, cart),
        ]
        for edit in edits:
            assert (await refused(CartNotActive, edit)).field == ("cartId",)

        assert [line.quantity for line in await lines_of(shop, cart)] == [1]

    async def test_refuses_to_be_bought(self, shop: Shop, clock: StoppedClock) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"mug": 1})
        request = await buyer.request(cart)
        clock.advance(days=90)

        refusal = await refused(CartNotActive, buyer.send(request))

        assert refusal.field == ("cartId",)
        assert await shop.fetch("SELECT id FROM checkout_attempts") == []

    async def test_lets_a_customer_begin_a_new_cart(self, shop: Shop, clock: StoppedClock) -> None:
        await keep_carts(shop, customers=30)
        old = await opened(shop, *units(shop, mug=1), by=shop.begin("ada"))
        clock.advance(days=30)

        found = await asyncio.gather(*(opened(shop, *units(shop, lamp=1), by=shop.begin("ada")) for _ in range(6)))

        assert {cart.id for cart in found} == {found[0].id} != {old.id}
        assert [line.quantity for line in await lines_of(shop, found[0])] == [6]
        assert (await current(shop, old)).status is CartStatus.EXPIRED
        assert await broken(shop) == []

    async def test_gives_way_to_a_guests_cart_that_is_claimed(self, shop: Shop, clock: StoppedClock) -> None:
        await keep_carts(shop, customers=30)
        old = await opened(shop, *units(shop, mug=1), by=shop.begin("ada"))
        clock.advance(days=30)
        cart = await opened(shop, *units(shop, lamp=1))

        mine = await claimed(shop, cart)

        assert mine.id == cart.id
        assert [line.variant_id for line in await lines_of(shop, mine)] == [shop.variants["lamp"]]
        assert (await current(shop, old)).status is CartStatus.EXPIRED
        assert await broken(shop) == []


class TestSweep:
    async def test_ends_those_whose_time_is_over_and_no_others(self, shop: Shop, clock: StoppedClock) -> None:
        await keep_carts(shop, guests=10, customers=20)
        guests, adas = await opened(shop), await opened(shop, by=shop.begin("ada"))
        clock.advance(days=10)
        fresh = await opened(shop)

        assert await sweep(shop) == 1
        assert [(await current(shop, cart)).status.value for cart in (guests, adas, fresh)] == [
            "EXPIRED", "ACTIVE", "ACTIVE",
        ]  # fmt: skip

        clock.advance(days=10)
        assert await sweep(shop) == 2
        assert await sweep(shop) == 0
        assert await broken(shop) == []

    async def test_tells_of_it_once(self, shop: Shop, clock: StoppedClock) -> None:
        cart = await opened(shop)
        clock.advance(days=90)

        await asyncio.gather(*(sweep(shop) for _ in range(4)))

        [[before, after]] = await shop.fetch("SELECT before, after FROM state_changes WHERE subject_id = $1", cart.id)
        [[payload]] = await shop.fetch("SELECT payload FROM outbox WHERE name = 'CartExpired'")
        assert (before, after) == ("ACTIVE", "EXPIRED")
        assert payload["cart_id"] == str(cart.id)

    async def test_forgets_what_was_written_and_keeps_the_units(self, shop: Shop, clock: StoppedClock) -> None:
        mug = shop.variants["mug"]
        lines = [AddLine(mug, 1), AddLine(mug, 2, note="for Eve"), AddLine(mug, 3, gift_message="Love, Ada")]
        cart = await opened(shop, *lines, *units(shop, lamp=1))
        await update(
            shop, cart, CartChanges(email="eve@example.com", shipping_address=shop.home, billing_address=shop.home)
        )
        clock.advance(days=90)

        await sweep(shop)

        ended = await current(shop, cart)
        assert (ended.email, ended.shipping_address, ended.billing_address) == (None, None, None)
        left = await lines_of(shop, cart)
        assert [(line.variant_id, line.quantity) for line in left] == [(mug, 6), (shop.variants["lamp"], 1)]
        assert {(line.note, line.gift_message) for line in left} == {(None, None)}
        assert await broken(shop) == []

    async def test_lets_go_of_what_was_held(self, shop: Shop, clock: StoppedClock) -> None:
        await write(
            shop, "UPDATE channels SET reserve_at = 'CART', reservation_ttl_seconds = 864000, cart_ttl_days = 1"
        )
        held = [await opened(shop, *units(shop, mug=2, lamp=1)), await opened(shop, *units(shop, lamp=1, mug=1))]
        before = await shop.available("mug")
        clock.advance(days=1)

        assert await sweep(shop) == 2

        assert await shop.available("mug") == before + 3
        assert [(await current(shop, cart)).reserved_until for cart in held] == [None, None]
        assert await broken_stock(shop) == []
        assert await broken(shop) == []

    async def test_passes_by_a_cart_that_somebody_works_on(self, shop: Shop, clock: StoppedClock) -> None:
        cart, other = await opened(shop), await opened(shop)
        clock.advance(days=90)

        async with shop.database.unit(shop.actor("system")) as uow:
            await queries.lock_cart(uow, cart_id=cart.id)
            assert await sweep(shop) == 1

        assert (await current(shop, other)).status is CartStatus.EXPIRED
        assert (await current(shop, cart)).status is CartStatus.ACTIVE

    async def test_goes_on_until_all_are_ended(self, shop: Shop, clock: StoppedClock) -> None:
        for _ in range(3):
            await opened(shop)
        clock.advance(days=90)

        assert [await sweep(shop, most=2), await sweep(shop, most=2), await sweep(shop, most=2)] == [2, 1, 0]

    async def test_is_done_by_the_worker(self, shop: Shop, clock: StoppedClock) -> None:
        cart = await opened(shop)
        clock.advance(days=90)
        gateway = TestGateway(shop.database, late=LATE, base_url="http://shop.test")

        assert await expire_idle_carts(Means(shop.begin(), {"test": gateway})) == 1
        assert (await current(shop, cart)).status is CartStatus.EXPIRED


class TestPaymentUnderWay:
    async def test_keeps_a_cart_from_expiring(self, shop: Shop, clock: StoppedClock) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"mug": 1})
        await buyer.buy(cart, tokens=["tok_action"])
        clock.advance(days=200)

        assert await sweep(shop) == 0
        assert (await current(shop, cart)).as_of(clock()).status is CartStatus.ACTIVE

    async def test_gives_a_whole_life_back_when_it_came_to_nothing(self, shop: Shop, clock: StoppedClock) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"mug": 1})
        await buyer.buy(cart, tokens=["tok_action"])
        clock.advance(days=200)

        await buyer.recover()

        free = await current(shop, cart)
        assert (free.attempt_id, free.expires_at) == (None, clock() + A_GUESTS_LIFE)
        assert await sweep(shop) == 0
        assert await broken(shop) == []


class TestRace:
    async def test_of_an_edit_and_the_end_has_one_winner(self, shop: Shop, clock: StoppedClock) -> None:
        found = [await opened(shop) for _ in range(40)]
        clock.advance(days=90, seconds=-1)
        # The worker's clock runs ahead of those of the servers that edit.
        ahead = Database(shop.database.dsn, keys=KEYS, clock=lambda: clock() + timedelta(seconds=1), patience=PATIENT)
        await ahead.connect()

        async def edit(cart: Cart) -> bool:
            try:
                await add(shop, cart, *units(shop, mug=1))
            except CartNotActive:
                return False
            return True

        async def end() -> int:
            return await ahead.begin(SYSTEM).run(lambda uow: carts.expire_due(uow, most=5))

        edits = asyncio.gather(*(edit(cart) for cart in found))
        ended = sum(await asyncio.gather(*(end() for _ in range(6))))
        edited = await edits
        await ahead.close()

        for cart, won in zip(found, edited, strict=True):
            left = await current(shop, cart)
            assert left.status is (CartStatus.ACTIVE if won else CartStatus.EXPIRED)
            assert len(await lines_of(shop, cart)) == int(won)
        assert ended == edited.count(False)
        assert await broken(shop) == []
