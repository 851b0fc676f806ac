"""When stock is held for a shopper: at the first line, when they go to pay, or never; and what becomes of it."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from app.cart import service as carts
from app.cart.errors import CartNotFound
from app.cart.rules import AddLine, Cart, ChangeLine
from app.checkout import service as checkout
from app.checkout.errors import CartEmpty
from app.delivery.states import DeliveryMethod
from app.inventory.errors import OutOfStock
from app.kernel.errors import ErrorCode, VersionConflict
from tests.builders.buyers import Buyer, broken
from tests.builders.carts import add, change, collected, guest, lines_of, opened, refused, token, units, write
from tests.builders.clock import StoppedClock
from tests.builders.shop import LOCATIONS, VARIANTS, Shop
from tests.builders.stocked import Shelves

pytestmark = pytest.mark.anyio

TTL = timedelta(seconds=600)


async def holding(shop: Shop, moment: str, *, partially: bool = False) -> None:
    """Let the channel hold stock at a moment."""
    await write(shop, "UPDATE channels SET reserve_at = $1, reserve_partially = $2", moment, partially)


async def held(shop: Shop, cart: Cart) -> dict[tuple[str, str], int]:
    """Say what is held for a cart, by SKU and location."""
    skus = {variant_id: sku for sku, variant_id in VARIANTS.items()}
    codes = {location_id: code for code, location_id in LOCATIONS.items()}
    found = await shop.fetch(
        "SELECT variant_id, location_id, sum(quantity)::int AS units FROM reservations "
        "WHERE demand_id = $1 AND demand_kind = 'CART' GROUP BY 1, 2",
        cart.id,
    )
    return {(skus[row["variant_id"]], codes[row["location_id"]]): row["units"] for row in found}


async def start(shop: Shop, cart: Cart, **more: Any) -> Any:
    """Go to pay."""
    return await guest(shop).run(lambda uow: checkout.start(uow, cart_id=cart.id, token=token(shop, cart), **more))


class TestChannelThatHoldsForCarts:
    async def test_holds_a_line_as_it_is_added(self, shop: Shop, clock: StoppedClock) -> None:
        await holding(shop, "CART")

        cart = await opened(shop, *units(shop, tent=1))

        assert await held(shop, cart) == {("tent", "warehouse"): 1}
        assert cart.reserved_until == clock() + TTL
        assert await broken(shop) == []

    async def test_refuses_what_another_cart_holds_and_leaves_the_cart_as_it_was(self, shop: Shop) -> None:
        await holding(shop, "CART")
        await opened(shop, *units(shop, tent=1))
        late = await opened(shop, *units(shop, mug=1))

        refusal = await refused(OutOfStock, add(shop, late, *units(shop, tent=1)))

        assert isinstance(refusal, OutOfStock)
        assert [(s.requested, s.available) for s in refusal.shortages] == [(1, 0)]
        assert [line.variant_id for line in await lines_of(shop, late)] == [VARIANTS["mug"]]
        assert sum((await held(shop, late)).values()) == 1

    async def test_holds_what_there_is_where_it_holds_partially(self, shop: Shop) -> None:
        await holding(shop, "CART", partially=True)

        cart = await opened(shop, *units(shop, tent=3))

        assert await held(shop, cart) == {("tent", "warehouse"): 1}
        assert [line.quantity for line in await lines_of(shop, cart)] == [3]

    async def test_follows_every_change_of_the_lines(self, shop: Shop) -> None:
        await holding(shop, "CART")
        cart = await opened(shop, *units(shop, tent=1), collected(shop, "mug", 5, "camden"))
        shipped, fetched = sorted(await lines_of(shop, cart), key=lambda line: line.store_id is not None)

        await change(shop, cart, ChangeLine(shipped.id, quantity=1), ChangeLine(fetched.id, quantity=3))

        assert await held(shop, cart) == {("tent", "warehouse"): 1, ("mug", "camden"): 3}
        await change(shop, cart, ChangeLine(shipped.id, quantity=0), ChangeLine(fetched.id, quantity=0))
        assert await held(shop, cart) == {}
        assert await broken(shop) == []

    async def test_counts_what_the_cart_holds_as_there_for_it(self, shop: Shop) -> None:
        await holding(shop, "CART")
        cart = await opened(shop, *units(shop, lamp=5))
        (line,) = await lines_of(shop, cart)

        await change(shop, cart, ChangeLine(line.id, quantity=9))

        assert sum((await held(shop, cart)).values()) == 9
        refusal = await refused(OutOfStock, change(shop, cart, ChangeLine(line.id, quantity=10)))
        assert isinstance(refusal, OutOfStock)
        assert [(s.requested, s.available) for s in refusal.shortages] == [(10, 9)]

    async def test_lets_others_have_what_was_held_too_long(self, shop: Shop, clock: StoppedClock) -> None:
        await holding(shop, "CART")
        first = await opened(shop, *units(shop, tent=1))
        clock.advance(seconds=601)

        second = await opened(shop, *units(shop, tent=1))

        assert await held(shop, second) == {("tent", "warehouse"): 1}
        assert await held(shop, first) == {}
        assert await broken(shop) == []

    async def test_holds_in_one_cart_what_a_guest_and_their_account_held(self, shop: Shop) -> None:
        await holding(shop, "CART")
        ada = shop.begin("ada")
        own = await opened(shop, *units(shop, mug=1), by=ada)
        guests = await opened(shop, *units(shop, mug=2, tent=1))

        claimed = await ada.run(lambda uow: carts.claim(uow, cart_id=guests.id, token=token(shop, guests)))

        assert claimed.id == own.id
        assert await held(shop, guests) == {}
        assert sum((await held(shop, own)).values()) == 4
        assert await broken(shop) == []

    async def test_sells_from_what_the_cart_holds(self, shop: Shop) -> None:
        await holding(shop, "CART")
        buyer = Buyer(shop)
        cart = await buyer.cart({"tent": 1, "mug": 2})

        bought = await buyer.buy(cart)

        assert bought.order_id is not None
        assert await held(shop, cart) == {}
        assert await Shelves(shop).counters("tent", "warehouse") == (1, 0, 1)
        assert await broken(shop) == []

    async def test_holds_again_for_who_was_declined(self, shop: Shop) -> None:
        await holding(shop, "CART")
        buyer = Buyer(shop)
        cart = await buyer.cart({"tent": 1})

        declined = await buyer.buy(cart, tokens=("tok_declined",))

        assert declined.refusal is not None
        assert await held(shop, cart) == {("tent", "warehouse"): 1}
        assert (await buyer.cart_now(cart.id)).reserved_until is not None
        assert await broken(shop) == []
        bought = await buyer.buy(cart, key="second")
        assert bought.order_id is not None
        assert await broken(shop) == []


class TestStart:
    async def test_holds_the_cart_while_its_shopper_pays(self, shop: Shop, clock: StoppedClock) -> None:
        cart = await opened(shop, *units(shop, tent=1), collected(shop, "mug", 2, "soho"))
        assert await held(shop, cart) == {}

        started = await start(shop, cart)

        assert await held(shop, cart) == {("tent", "warehouse"): 1, ("mug", "soho"): 2}
        assert started.cart.reserved_until == clock() + TTL
        assert started.cart.version == cart.version

    async def test_again_holds_longer(self, shop: Shop, clock: StoppedClock) -> None:
        cart = await opened(shop, *units(shop, tent=1))
        await start(shop, cart)
        clock.advance(seconds=400)
        await start(shop, cart)
        clock.advance(seconds=400)

        assert await Shelves(shop).sweep() == 0
        clock.advance(seconds=201)
        assert await Shelves(shop).sweep() == 1
        assert await broken(shop) == []

    async def test_refuses_all_when_some_is_missing(self, shop: Shop) -> None:
        cart = await opened(shop, *units(shop, tent=2, mug=1))

        refusal = await refused(OutOfStock, start(shop, cart))

        assert isinstance(refusal, OutOfStock)
        assert [(s.variant_id, s.requested, s.available) for s in refusal.shortages] == [(VARIANTS["tent"], 2, 1)]
        assert await held(shop, cart) == {}

    async def test_holds_a_part_and_says_what_is_left(self, shop: Shop) -> None:
        cart = await opened(shop, *units(shop, tent=2, mug=1), collected(shop, "lamp", 5, "soho"))

        started = await start(shop, cart, partially=True)

        assert {(s.variant_id, s.requested, s.available) for s in started.shortages} == {
            (VARIANTS["tent"], 2, 1),
            (VARIANTS["lamp"], 5, 2),
        }
        assert await held(shop, cart) == {("tent", "warehouse"): 1, ("mug", "warehouse"): 1, ("lamp", "soho"): 2}
        assert await broken(shop) == []

    async def test_follows_changes_that_come_after_it(self, shop: Shop) -> None:
        cart = await opened(shop, *units(shop, mug=1))
        await start(shop, cart)

        await add(shop, cart, *units(shop, tent=1))

        assert await held(shop, cart) == {("mug", "warehouse"): 1, ("tent", "warehouse"): 1}

    async def test_refuses_strangers_old_versions_and_empty_carts(self, shop: Shop) -> None:
        cart = await opened(shop, *units(shop, mug=1))
        empty = await opened(shop)

        await refused(CartNotFound, guest(shop).run(lambda uow: checkout.start(uow, cart_id=cart.id, token="wrong")))
        await refused(VersionConflict, start(shop, cart, version=cart.version + 1))
        await refused(CartEmpty, start(shop, empty))
        assert await held(shop, cart) == {}

    async def test_of_many_for_the_last_unit_has_one_winner(self, shop: Shop) -> None:
        tills = [await opened(shop, *units(shop, tent=1)) for _ in range(8)]

        outcomes = await asyncio.gather(*(start(shop, cart) for cart in tills), return_exceptions=True)

        assert sum(not isinstance(outcome, BaseException) for outcome in outcomes) == 1
        assert sum(isinstance(outcome, OutOfStock) for outcome in outcomes) == 7
        assert await broken(shop) == []


class TestChannelThatNeverHolds:
    async def test_says_what_is_short_and_holds_nothing(self, shop: Shop) -> None:
        await holding(shop, "NEVER")
        cart = await opened(shop, *units(shop, tent=2))

        started = await start(shop, cart)

        assert [(s.requested, s.available) for s in started.shortages] == [(2, 1)]
        assert started.cart.reserved_until is None
        assert await shop.fetch("SELECT 1 FROM reservations") == []

    async def test_promises_when_the_order_is_placed(self, shop: Shop) -> None:
        await holding(shop, "NEVER")
        buyer = Buyer(shop)
        cart = await buyer.cart({"tent": 1}, {"mug": 1})

        bought = await buyer.buy(cart)

        assert bought.order_id is not None
        assert await Shelves(shop).counters("tent", "warehouse") == (1, 0, 1)
        assert await broken(shop) == []

    async def test_lets_the_money_go_when_somebody_paid_faster(self, shop: Shop) -> None:
        await holding(shop, "NEVER")
        slow, fast = Buyer(shop), Buyer(shop)
        cart = await slow.cart({"tent": 1})
        asked = await slow.buy(cart, tokens=("tok_action",))
        assert asked.action is not None

        first = await fast.buy(await fast.cart({"tent": 1}))
        assert first.order_id is not None
        await slow.gateway.confirm(reference=(await slow.payments_of(cart))[0].gateway_reference or "")
        late = await slow.buy(cart, tokens=("tok_action",))

        assert late.refusal is not None
        assert late.refusal.code is ErrorCode.OUT_OF_STOCK
        await slow.settle()
        assert [payment.status for payment in await slow.payments_of(cart)] == ["VOIDED"]
        assert await broken(shop) == []

    async def test_sells_the_last_unit_once_to_many(self, shop: Shop) -> None:
        await holding(shop, "NEVER")
        buyers = [Buyer(shop) for _ in range(8)]
        filled = [await buyer.cart({"tent": 1}) for buyer in buyers]

        bought = await asyncio.gather(
            *(buyer.buy(cart) for buyer, cart in zip(buyers, filled, strict=True)), return_exceptions=True
        )

        placed = [one for one in bought if not isinstance(one, BaseException) and one.order_id is not None]
        assert len(placed) == 1
        for buyer in buyers:
            await buyer.settle()
        assert await broken(shop) == []


class TestOrdersOfAChannel:
    async def test_carry_its_priority_into_their_promises(self, shop: Shop) -> None:
        await write(shop, "UPDATE channels SET priority = 7")
        buyer = Buyer(shop)

        await buyer.buy(await buyer.cart({"mug": 1}))

        assert [row["priority"] for row in await shop.fetch("SELECT priority FROM reservations")] == [7]


class TestReserveInPart:
    async def test_takes_back_what_others_hold_beyond_their_time_first(self, shop: Shop, clock: StoppedClock) -> None:
        shelves = Shelves(shop)
        await shelves.hold({("tent", "warehouse"): 1})
        clock.advance(minutes=11)
        cart = await opened(shop, AddLine(VARIANTS["tent"], 1, DeliveryMethod.SHIPPING))

        started = await start(shop, cart, partially=True)

        assert started.shortages == ()
        assert await held(shop, cart) == {("tent", "warehouse"): 1}
        assert await broken(shop) == []
