"""Lines of a cart: put in, changed, and where they may go."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from app.cart.errors import ChannelClosed, DeliveryUnavailable, TooManyLines, TooManyUnits, VariantNotSold
from app.cart.rules import MOST_LINES, MOST_UNITS, AddLine, ChangeLine
from app.delivery.states import DeliveryMethod
from app.kernel.errors import DomainError, Forbidden, Invalid, NotFound, Unauthenticated
from app.kernel.ids import VariantId, new_id
from tests.builders.carts import (
    add,
    change,
    collected,
    furnish_variants,
    lines_of,
    opened,
    quantities,
    quote,
    refused,
    units,
    write,
)
from tests.builders.shop import Shop
from tests.builders.statements import Sent

pytestmark = pytest.mark.anyio
Counting = Callable[[], AbstractAsyncContextManager[Sent]]
PRODUCTS_OF_A_TEST = 1_114


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
