"""Changing a cart: addresses, codes, delivery and slots; who may, and what it then costs."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any
from uuid import UUID

import pytest

from app.cart import queries
from app.cart import service as carts
from app.cart.errors import (
    CartNotActive,
    CartNotFound,
    DeliveryUnavailable,
    PaymentPending,
    PromotionCodeInvalid,
    SlotFull,
)
from app.cart.rules import LEFT_OUT, Cart, CartChanges, Select, Slot, group_id
from app.delivery.states import DeliveryMethod
from app.kernel.address import Address
from app.kernel.db import UnitOfWork
from app.kernel.errors import Invalid, NotFound, VersionConflict
from app.kernel.ids import AttemptId, new_id
from tests.builders.carts import (
    add,
    collected,
    guest,
    lines_of,
    opened,
    quantities,
    quote,
    refused,
    select,
    shipping,
    units,
    update,
    write,
)
from tests.builders.clock import StoppedClock
from tests.builders.shop import DELIVERY_OPTIONS, Shop
from tests.builders.statements import Sent

pytestmark = pytest.mark.anyio
Counting = Callable[[], AbstractAsyncContextManager[Sent]]
PRODUCTS_OF_A_TEST = 1_114


class TestUpdate:
    async def test_leaves_alone_what_is_left_out_and_clears_what_is_null(self, shop: Shop) -> None:
        cart = await opened(shop)
        cart = await update(shop, cart, CartChanges(email=" Eve@Example.COM ", shipping_address=shop.home))

        cart = await update(shop, cart, CartChanges(email=None, billing_address=shop.home))

        assert (cart.email, cart.shipping_address, cart.billing_address) == (None, shop.home, shop.home)
        assert cart.version == 3

    @pytest.mark.parametrize("email", ["", "nobody", "a@b", "a b@example.com"])
    async def test_refuses_what_is_no_address_of_anybody(self, shop: Shop, email: str) -> None:
        refusal = await refused(Invalid, update(shop, await opened(shop), CartChanges(email=email)))

        assert refusal.field == ("email",)

    async def test_refuses_a_postal_address_without_a_street(self, shop: Shop) -> None:
        nowhere = Address(line1=" ", city="London", country="GB")

        refusal = await refused(Invalid, update(shop, await opened(shop), CartChanges(shipping_address=nowhere)))

        assert refusal.field == ("shippingAddress", "line1")

    async def test_keeps_codes_once_each_and_in_upper_case(self, shop: Shop) -> None:
        cart = await update(
            shop, await opened(shop), CartChanges(promotion_codes=["freeship", "WELCOME10 ", "FREESHIP"])
        )

        assert cart.promotion_codes == ("FREESHIP", "WELCOME10")

    async def test_refuses_a_code_that_does_not_run(self, shop: Shop, clock: StoppedClock) -> None:
        cart = await opened(shop)
        await write(shop, "UPDATE promotions SET ends_at = $1 WHERE code = 'FREESHIP'", clock())

        for codes in (["WELCOME10", "FREESHIP"], ["WELCOME10", "NOSUCH"], ["WELCOME10", "X" * 1000], ["WELCOME10", ""]):
            refusal = await refused(PromotionCodeInvalid, update(shop, cart, CartChanges(promotion_codes=codes)))
            assert refusal.field == ("promotionCodes", "1")

    async def test_clears_codes(self, shop: Shop) -> None:
        cart = await update(shop, await opened(shop), CartChanges(promotion_codes=["WELCOME10"]))

        assert (await update(shop, cart, CartChanges(promotion_codes=None))).promotion_codes == ()


class TestSelectDelivery:
    async def test_prices_the_option_that_was_chosen(self, shop: Shop) -> None:
        cart = await opened(shop, *units(shop, mug=1))

        await select(shop, cart, Select(shipping(cart), DELIVERY_OPTIONS["express"]))

        found = await quote(shop, cart)
        assert (found.delivery_minor, found.total_minor) == (999, 2199)

    async def test_changes_its_mind(self, shop: Shop) -> None:
        cart = await opened(shop, *units(shop, mug=1))
        await select(shop, cart, Select(shipping(cart), DELIVERY_OPTIONS["express"]))

        await select(shop, cart, Select(shipping(cart), DELIVERY_OPTIONS["standard"]))

        assert (await quote(shop, cart)).delivery_minor == 499

    async def test_refuses_an_option_that_the_group_is_not_offered(self, shop: Shop) -> None:
        cart = await opened(shop, *units(shop, mug=1))

        refusal = await refused(
            DeliveryUnavailable, select(shop, cart, Select(shipping(cart), DELIVERY_OPTIONS["pickup"]))
        )

        assert refusal.field == ("selections", "0", "optionId")

    async def test_refuses_a_group_that_is_not_there(self, shop: Shop) -> None:
        cart = await opened(shop, *units(shop, mug=1))

        refusal = await refused(NotFound, select(shop, cart, Select(new_id(), DELIVERY_OPTIONS["standard"])))

        assert refusal.field == ("selections", "0", "groupId")


class TestSlot:
    async def test_is_kept_until_another_is_chosen_or_it_is_cleared(self, shop: Shop, clock: StoppedClock) -> None:
        cart = await opened(shop, collected(shop, "mug", 1, "camden"))
        slot = Slot(shop.locations["camden"], clock().replace(hour=14))
        left = {(slot.store_id, slot.starts_at): 1}
        group = group_id(cart.id, DeliveryMethod.PICKUP, slot.store_id)

        await select(shop, cart, Select(group, DELIVERY_OPTIONS["pickup"], slot), places_left=left)
        await select(shop, cart, Select(group, DELIVERY_OPTIONS["pickup"], LEFT_OUT))
        assert (await quote(shop, cart)).groups[0].slot_starts_at == slot.starts_at

        await select(shop, cart, Select(group, DELIVERY_OPTIONS["pickup"], None))
        assert (await quote(shop, cart)).groups[0].slot_starts_at is None

    async def test_is_refused_when_it_is_full_or_past_or_elsewhere(self, shop: Shop, clock: StoppedClock) -> None:
        cart = await opened(shop, *units(shop, mug=1), collected(shop, "mug", 1, "camden"))
        camden, soho = shop.locations["camden"], shop.locations["soho"]
        group = group_id(cart.id, DeliveryMethod.PICKUP, camden)
        two, nine = clock().replace(hour=14), clock().replace(hour=9)
        left = {(camden, two): 0, (soho, two): 1, (camden, nine): 1}

        def choose(store: Any, at: Any, of: UUID = group) -> Any:
            option = DELIVERY_OPTIONS["pickup" if of == group else "standard"]
            return select(shop, cart, Select(of, option, Slot(store, at)), places_left=left)

        assert (await refused(SlotFull, choose(camden, two))).field == ("selections", "0", "pickupSlotId")
        await refused(Invalid, choose(camden, nine))
        await refused(Invalid, choose(soho, two))
        await refused(Invalid, choose(camden, clock().replace(hour=15)))
        await refused(Invalid, choose(camden, two, shipping(cart)))


class TestLockForEdit:
    async def test_raises_the_version_once(self, shop: Shop) -> None:
        cart = await opened(shop, *units(shop, mug=1))

        changed = await add(shop, cart, *units(shop, lamp=1), version=cart.version)

        assert changed.version == cart.version + 1

    async def test_refuses_an_older_version_and_changes_nothing(self, shop: Shop) -> None:
        cart = await opened(shop, *units(shop, mug=1))
        await add(shop, cart, *units(shop, mug=1))

        refusal = await refused(VersionConflict, add(shop, cart, *units(shop, mug=1), version=cart.version))

        assert refusal.field == ("version",)
        assert quantities(await lines_of(shop, cart)) == [2]

    async def test_refuses_strangers_without_telling_what_there_is(self, shop: Shop) -> None:
        cart = await opened(shop)
        strange = shop.database.keys.token("cart", new_id())
        revoked = shop.database.keys.token("cart", cart.id, generation=cart.token_generation + 1)
        for cart_id, given in [(cart.id, None), (cart.id, strange), (cart.id, revoked), (new_id(), strange)]:

            async def work(uow: UnitOfWork, cart_id: UUID = cart_id, given: str | None = given) -> Cart:
                return await carts.lock_for_edit(uow, cart_id=cart_id, token=given, version=99)

            refusal = await refused(CartNotFound, guest(shop).run(work))
            assert refusal.field == ("cartId",)

    async def test_refuses_while_a_checkout_is_under_way(self, shop: Shop) -> None:
        cart = await opened(shop, *units(shop, mug=1))
        attempt_id = AttemptId(new_id())

        async def hold(uow: UnitOfWork) -> None:
            await carts.hold_for_attempt(uow, cart=cart, attempt_id=attempt_id, reserved_until=uow.now)

        async def let_go(uow: UnitOfWork) -> None:
            current = await queries.lock_cart(uow, cart_id=cart.id)
            assert current is not None
            await carts.let_go(uow, cart=current)

        await shop.begin().run(hold)
        refusal = await refused(PaymentPending, add(shop, cart, *units(shop, mug=1)))
        await shop.begin().run(let_go)

        assert isinstance(refusal, PaymentPending)
        assert refusal.attempt_id == attempt_id
        assert (await add(shop, cart, *units(shop, mug=1))).version == 2

    async def test_refuses_a_cart_that_was_ordered(self, shop: Shop) -> None:
        cart = await opened(shop)

        async def order(uow: UnitOfWork) -> None:
            await carts.record_ordered(uow, cart=cart)

        await shop.begin().run(order)

        await refused(CartNotActive, add(shop, cart, *units(shop, mug=1)))

    async def test_lets_staff_and_the_customer_in_without_a_token(self, shop: Shop) -> None:
        cart = await opened(shop, by=shop.begin("ada"))

        async def work(uow: UnitOfWork) -> Cart:
            return await carts.lock_for_edit(uow, cart_id=cart.id, token=None, version=None)

        assert (await shop.begin("ada").run(work)).version == 2
        assert (await shop.begin("associate").run(work)).version == 3
        await refused(CartNotFound, shop.begin("bob").run(work))


class TestQuote:
    async def test_of_one_line_costs_six_statements(self, shop: Shop, statements: Counting) -> None:
        cart = await opened(shop, *units(shop, mug=1))

        async with shop.database.read() as session, statements() as sent:
            await carts.quote(session, cart=cart, now=shop.database.now())

        assert sent.count <= 6

    async def test_takes_todays_prices(self, shop: Shop) -> None:
        cart = await opened(shop, *units(shop, mug=2))
        await write(shop, "UPDATE prices SET amount_minor = 1000 WHERE variant_id = $1", shop.variants["mug"])

        assert (await quote(shop, cart)).subtotal_minor == 2000

    async def test_applies_codes_delivery_and_tax(self, shop: Shop) -> None:
        cart = await opened(shop, *units(shop, mug=1, tee_s=1))
        await update(shop, cart, CartChanges(promotion_codes=["WELCOME10"], shipping_address=shop.home))
        await select(shop, cart, Select(shipping(cart), DELIVERY_OPTIONS["standard"]))

        found = await quote(shop, cart)

        assert (found.subtotal_minor, found.discount_minor, found.delivery_minor) == (3200, 320, 499)
        assert found.total_minor == 3200 - 320 + 499
        assert found.tax_minor == 180 + 300 + 83

    async def test_marks_what_is_not_sold_any_more(self, shop: Shop) -> None:
        cart = await opened(shop, *units(shop, mug=1, lamp=1))
        await write(shop, "DELETE FROM prices WHERE variant_id = $1", shop.variants["mug"])

        found = await quote(shop, cart)

        assert [line.sold for line in found.lines] == [False, True]
        assert found.total_minor == 4500
