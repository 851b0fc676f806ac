"""Filling and changing a cart."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any
from uuid import UUID

import pytest

from app.cart import queries
from app.cart import service as carts
from app.cart.errors import (
    CartNotActive,
    CartNotFound,
    ChannelClosed,
    DeliveryUnavailable,
    PaymentPending,
    PromotionCodeInvalid,
    SlotFull,
    TooManyLines,
    TooManyUnits,
    VariantNotSold,
)
from app.cart.rules import (
    LEFT_OUT,
    MOST_LINES,
    MOST_UNITS,
    AddLine,
    Cart,
    CartChanges,
    CartLine,
    ChangeLine,
    Quote,
    Select,
    Slot,
    group_id,
)
from app.delivery.states import DeliveryMethod
from app.kernel.actor import ANONYMOUS
from app.kernel.address import Address
from app.kernel.db import Begin, UnitOfWork
from app.kernel.errors import DomainError, Forbidden, Invalid, NotFound, Unauthenticated, VersionConflict
from app.kernel.ids import AttemptId, ProductId, VariantId, new_id
from tests.builders.clock import StoppedClock
from tests.builders.shop import DELIVERY_OPTIONS, Shop
from tests.builders.statements import Sent

pytestmark = pytest.mark.anyio
Counting = Callable[[], AbstractAsyncContextManager[Sent]]
PRODUCTS_OF_A_TEST = 1_114


def guest(shop: Shop) -> Begin:
    return shop.database.begin(ANONYMOUS)


def token(shop: Shop, cart: Cart) -> str:
    return shop.database.keys.token("cart", cart.id, generation=cart.token_generation)


def units(shop: Shop, **quantities: int) -> list[AddLine]:
    return [AddLine(shop.variants[sku.replace("_", "-")], quantity) for sku, quantity in quantities.items()]


def collected(
    shop: Shop, sku: str, quantity: int, store: str, method: DeliveryMethod = DeliveryMethod.PICKUP
) -> AddLine:
    return AddLine(shop.variants[sku], quantity, method, shop.locations[store])


async def opened(shop: Shop, *lines: AddLine, by: Begin | None = None) -> Cart:
    async def work(uow: UnitOfWork) -> Cart:
        return await carts.create(uow, lines=lines)

    return await (by or guest(shop)).run(work)


async def add(shop: Shop, cart: Cart, *lines: AddLine, by: Begin | None = None, version: int | None = None) -> Cart:
    async def work(uow: UnitOfWork) -> Cart:
        return await carts.add_lines(uow, cart_id=cart.id, token=token(shop, cart), version=version, lines=lines)

    return await (by or guest(shop)).run(work)


async def change(shop: Shop, cart: Cart, *changes: ChangeLine, by: Begin | None = None) -> Cart:
    async def work(uow: UnitOfWork) -> Cart:
        return await carts.change_lines(uow, cart_id=cart.id, token=token(shop, cart), version=None, changes=changes)

    return await (by or guest(shop)).run(work)


async def update(shop: Shop, cart: Cart, changes: CartChanges) -> Cart:
    async def work(uow: UnitOfWork) -> Cart:
        return await carts.update(uow, cart_id=cart.id, token=token(shop, cart), version=None, changes=changes)

    return await guest(shop).run(work)


async def select(shop: Shop, cart: Cart, *selections: Select, places_left: dict[Any, int] | None = None) -> Cart:
    async def work(uow: UnitOfWork) -> Cart:
        return await carts.select_delivery(
            uow,
            cart_id=cart.id,
            token=token(shop, cart),
            version=None,
            selections=selections,
            places_left=places_left or {},
        )

    return await guest(shop).run(work)


async def quote(shop: Shop, cart: Cart) -> Quote:
    async with shop.database.read() as session:
        current = await queries.get_cart(session, cart_id=cart.id)
        assert current is not None
        return await carts.quote(session, cart=current, now=shop.database.now())


async def lines_of(shop: Shop, cart: Cart) -> list[CartLine]:
    async with shop.database.read() as session:
        return await queries.list_lines(session, cart_ids=[cart.id])


async def write(shop: Shop, sql: str, *args: object) -> None:
    async def work(uow: UnitOfWork) -> None:
        await uow.execute(sql, args)

    await shop.begin().run(work)


def quantities(lines: Sequence[CartLine]) -> list[int]:
    return [line.quantity for line in lines]


class TestAddLines:
    async def test_adds_units_to_the_same_line(self, shop: Shop) -> None:
        cart = await opened(shop, *units(shop, mug=1))

        cart = await add(shop, cart, *units(shop, mug=2, lamp=1), AddLine(shop.variants["mug"], 4))

        assert quantities(await lines_of(shop, cart)) == [7, 1]
        assert cart.version == 2

    async def test_keeps_what_is_collected_apart_from_what_is_shipped(self, shop: Shop) -> None:
        cart = await opened(
            shop, *units(shop, mug=1), collected(shop, "mug", 1, "camden"), collected(shop, "mug", 1, "soho")
        )

        assert len(await lines_of(shop, cart)) == 3
        assert len((await quote(shop, cart)).groups) == 3

    async def test_costs_the_same_statements_for_a_thousand_lines_as_for_two(
        self, shop: Shop, statements: Counting
    ) -> None:
        many = await furnish_variants(shop, PRODUCTS_OF_A_TEST)
        cart = await opened(shop)
        async with statements() as for_two:
            await add(shop, cart, *units(shop, mug=1, lamp=1))

        async with statements() as for_many:
            await add(shop, cart, *(AddLine(variant_id, 1) for variant_id in many))

        assert for_many.count == for_two.count
        assert for_many.count <= 5
        assert len(await lines_of(shop, cart)) == PRODUCTS_OF_A_TEST + 2

    @pytest.mark.parametrize("quantity", [0, -3, MOST_UNITS + 1])
    async def test_refuses_a_quantity_that_no_line_has(self, shop: Shop, quantity: int) -> None:
        cart = await opened(shop)

        refusal = await refused(Invalid, add(shop, cart, *units(shop, lamp=1, mug=quantity)))

        assert refusal.field == ("lines", "1", "quantity")
        assert await lines_of(shop, cart) == []

    async def test_refuses_more_units_than_a_line_may_have(self, shop: Shop) -> None:
        cart = await opened(shop, *units(shop, mug=MOST_UNITS))

        refusal = await refused(TooManyUnits, add(shop, cart, *units(shop, lamp=1, mug=1)))

        assert refusal.field == ("lines", "1", "quantity")

    async def test_refuses_a_variant_that_is_not_there(self, shop: Shop) -> None:
        cart = await opened(shop)

        refusal = await refused(NotFound, add(shop, cart, AddLine(VariantId(new_id()), 1)))

        assert refusal.field == ("lines", "0", "variantId")

    async def test_refuses_an_archived_variant(self, shop: Shop) -> None:
        await write(shop, "UPDATE variants SET archived_at = now() WHERE sku = 'mug'")
        cart = await opened(shop)

        refusal = await refused(NotFound, add(shop, cart, *units(shop, lamp=1, mug=1)))

        assert refusal.field == ("lines", "1", "variantId")

    async def test_refuses_a_variant_without_a_price(self, shop: Shop) -> None:
        await write(shop, "DELETE FROM prices WHERE variant_id = $1", shop.variants["mug"])
        cart = await opened(shop)

        refusal = await refused(VariantNotSold, add(shop, cart, *units(shop, mug=1)))

        assert refusal.field == ("lines", "0", "variantId")

    async def test_refuses_more_lines_than_a_cart_may_have(self, shop: Shop) -> None:
        many = await furnish_variants(shop, MOST_LINES)
        cart = await opened(shop, *(AddLine(variant_id, 1) for variant_id in many))

        await refused(TooManyLines, add(shop, cart, *units(shop, mug=1)))
        await add(shop, cart, AddLine(many[0], 1))

        assert len(await lines_of(shop, cart)) == MOST_LINES

    async def test_refuses_a_closed_channel(self, shop: Shop) -> None:
        cart = await opened(shop)
        await write(shop, "UPDATE channels SET closed_at = $1", shop.database.now())

        await refused(ChannelClosed, add(shop, cart, *units(shop, mug=1)))
        refusal = await refused(Invalid, opened(shop))

        assert refusal.field == ("channel",)


class TestPlaceOfALine:
    @pytest.mark.parametrize(
        ("line", "name", "kind"),
        [
            ((DeliveryMethod.PICKUP, None), "storeId", Invalid),
            ((DeliveryMethod.CARRY_OUT, None), "storeId", Invalid),
            ((DeliveryMethod.SHIPPING, "camden"), "storeId", Invalid),
            ((DeliveryMethod.PICKUP, "leeds"), "storeId", DeliveryUnavailable),
            ((DeliveryMethod.PICKUP, "warehouse"), "storeId", DeliveryUnavailable),
            ((DeliveryMethod.CARRY_OUT, "camden"), "delivery", Unauthenticated),
        ],
    )
    async def test_is_refused_by_name(
        self, shop: Shop, line: tuple[DeliveryMethod, str | None], name: str, kind: type[DomainError]
    ) -> None:
        method, store = line
        cart = await opened(shop)
        wrong = AddLine(shop.variants["mug"], 1, method, shop.locations[store] if store else None)

        refusal = await refused(kind, add(shop, cart, *units(shop, mug=1), wrong))

        assert refusal.field == ("lines", "1", name)

    async def test_has_to_exist(self, shop: Shop) -> None:
        cart = await opened(shop)
        nowhere = AddLine(shop.variants["mug"], 1, DeliveryMethod.PICKUP, new_id())  # type: ignore[arg-type]

        refusal = await refused(NotFound, add(shop, cart, nowhere))

        assert refusal.field == ("lines", "0", "storeId")

    async def test_has_to_hand_out_for_the_channel(self, shop: Shop) -> None:
        await write(
            shop, "UPDATE channel_locations SET hands_out = false WHERE location_id = $1", shop.locations["soho"]
        )
        cart = await opened(shop)

        await refused(DeliveryUnavailable, add(shop, cart, collected(shop, "mug", 1, "soho")))

    async def test_is_a_counter_only_for_whoever_serves_there(self, shop: Shop) -> None:
        carried = collected(shop, "mug", 1, "camden", DeliveryMethod.CARRY_OUT)
        cart = await opened(shop)

        await refused(Forbidden, add(shop, cart, carried, by=shop.begin("other_associate")))
        await refused(Forbidden, add(shop, cart, carried, by=shop.begin("ada")))
        await add(shop, cart, carried, by=shop.begin("associate"))

        (line,) = await lines_of(shop, cart)
        assert (line.delivery, line.store_id) == (DeliveryMethod.CARRY_OUT, shop.locations["camden"])

    async def test_needs_an_option_of_its_method(self, shop: Shop) -> None:
        await write(shop, "DELETE FROM delivery_options WHERE method = 'PICKUP'")
        cart = await opened(shop)

        refusal = await refused(DeliveryUnavailable, add(shop, cart, collected(shop, "mug", 1, "camden")))

        assert refusal.field == ("lines", "0", "delivery")


class TestChangeLines:
    async def test_changes_and_removes(self, shop: Shop) -> None:
        cart = await opened(shop, *units(shop, mug=1, lamp=1))
        mug, lamp = await lines_of(shop, cart)

        await change(shop, cart, ChangeLine(mug.id, quantity=4), ChangeLine(lamp.id, quantity=0))

        assert [(line.id, line.quantity) for line in await lines_of(shop, cart)] == [(mug.id, 4)]

    async def test_moves_a_line_and_keeps_its_id(self, shop: Shop) -> None:
        cart = await opened(shop, *units(shop, mug=1))
        (mug,) = await lines_of(shop, cart)

        await change(shop, cart, ChangeLine(mug.id, delivery=DeliveryMethod.PICKUP, store_id=shop.locations["camden"]))

        (moved,) = await lines_of(shop, cart)
        assert (moved.id, moved.delivery, moved.store_id) == (mug.id, DeliveryMethod.PICKUP, shop.locations["camden"])

    async def test_lets_two_lines_change_places(self, shop: Shop) -> None:
        cart = await opened(shop, *units(shop, mug=1), collected(shop, "mug", 2, "camden"))
        shipped, picked_up = await lines_of(shop, cart)

        await change(
            shop,
            cart,
            ChangeLine(shipped.id, delivery=DeliveryMethod.PICKUP, store_id=shop.locations["camden"]),
            ChangeLine(picked_up.id, delivery=DeliveryMethod.SHIPPING),
        )

        found = {line.id: line.delivery for line in await lines_of(shop, cart)}
        assert found == {shipped.id: DeliveryMethod.PICKUP, picked_up.id: DeliveryMethod.SHIPPING}

    async def test_refuses_a_place_that_hands_nothing_out(self, shop: Shop) -> None:
        cart = await opened(shop, *units(shop, mug=1))
        (mug,) = await lines_of(shop, cart)
        to_leeds = ChangeLine(mug.id, delivery=DeliveryMethod.PICKUP, store_id=shop.locations["leeds"])

        refusal = await refused(DeliveryUnavailable, change(shop, cart, to_leeds))

        assert refusal.field == ("lines", "0", "storeId")

    async def test_refuses_another_carts_line_and_changes_nothing(self, shop: Shop) -> None:
        cart = await opened(shop, *units(shop, mug=1))
        other = await opened(shop, *units(shop, lamp=1))
        (mug,) = await lines_of(shop, cart)
        (lamp,) = await lines_of(shop, other)

        refusal = await refused(
            NotFound, change(shop, cart, ChangeLine(mug.id, quantity=9), ChangeLine(lamp.id, quantity=9))
        )

        assert refusal.field == ("lines", "1", "lineId")
        assert quantities(await lines_of(shop, cart)) == [1]


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


def shipping(cart: Cart) -> UUID:
    return group_id(cart.id, DeliveryMethod.SHIPPING, None)


async def refused(kind: type[DomainError], work: Any) -> DomainError:
    with pytest.raises(kind) as refusal:
        await work
    return refusal.value


async def furnish_variants(shop: Shop, count: int) -> list[VariantId]:
    """Sell many more variants, two hundred to a product."""
    ids = [VariantId(new_id()) for _ in range(count)]
    products = [ProductId(new_id()) for _ in range(count // 200 + 1)]
    owners = [products[number // 200] for number in range(count)]
    await write(
        shop,
        "INSERT INTO products (id, slug, name, created_at, updated_at) SELECT id, id::text, 'A shelf', now(), now()"
        " FROM unnest($1::uuid[]) AS product (id)",
        products,
    )
    await write(
        shop,
        "INSERT INTO variants (id, product_id, sku, name, position) "
        "SELECT id, product_id, id::text, 'A thing', position"
        " FROM unnest($1::uuid[], $2::uuid[], $3::int[]) AS variant (id, product_id, position)",
        ids,
        owners,
        [number % 200 for number in range(count)],
    )
    await write(
        shop,
        "INSERT INTO prices (price_list_id, variant_id, amount_minor) SELECT price_list_id, id, 100"
        " FROM unnest($1::uuid[]) AS variant (id), (SELECT DISTINCT price_list_id FROM prices) AS list",
        ids,
    )
    return ids
