"""What shoppers write on lines: lines that differ in it are others, and it goes to the order and whoever packs it."""

import random

import pytest

from app.cart import service as carts
from app.cart.errors import TooManyUnits
from app.cart.rules import LONGEST_NOTE, MOST_UNITS, AddLine, Cart, CartLine, ChangeLine
from app.delivery.states import DeliveryMethod
from app.kernel.db import UnitOfWork
from app.orders import queries as orders
from app.orders.rules import OrderLine
from tests.builders.buyers import Buyer, broken
from tests.builders.carts import add, change, guest, lines_of, opened, quantities, refused, token
from tests.builders.shop import Shop
from tests.builders.supplied import bundle

pytestmark = pytest.mark.anyio

#: Longer than any entry of an index, and no shorter when it is compressed.
LONG = "".join(chr(random.Random(n).randrange(0x1F300, 0x1F9FF)) for n in range(LONGEST_NOTE))


def mug(shop: Shop, quantity: int = 1, *, note: str | None = None, message: str | None = None) -> AddLine:
    return AddLine(shop.variants["mug"], quantity, note=note, gift_message=message)


def written(lines: list[CartLine]) -> list[tuple[int, str | None, str | None]]:
    return [(line.quantity, line.note, line.gift_message) for line in lines]


async def claimed(shop: Shop, cart: Cart) -> Cart:
    async def work(uow: UnitOfWork) -> Cart:
        return await carts.claim(uow, cart_id=cart.id, token=token(shop, cart))

    return await shop.begin("ada").run(work)


async def order_lines(buyer: Buyer, cart: Cart) -> list[OrderLine]:
    order = await buyer.order_of(cart)
    assert order is not None
    async with buyer.shop.database.read() as session:
        return await orders.list_lines(session, order_ids=[order.id])


class TestAdding:
    async def test_raises_the_line_on_which_the_same_is_written(self, shop: Shop) -> None:
        cart = await opened(shop, mug(shop, note="for Eve", message="Happy birthday"))

        await add(shop, cart, mug(shop, 2, note=" for Eve ", message="Happy birthday\n"))

        assert written(await lines_of(shop, cart)) == [(3, "for Eve", "Happy birthday")]

    async def test_keeps_lines_apart_on_which_something_else_is_written(self, shop: Shop) -> None:
        cart = await opened(shop, mug(shop), mug(shop, note="for Eve"), mug(shop, message="for Eve"))

        await add(shop, cart, mug(shop, 2, note="for Bob"), mug(shop, 3, note=""), mug(shop, 4, note=r"\for Eve"))

        assert written(await lines_of(shop, cart)) == [
            (4, None, None), (1, "for Eve", None), (1, None, "for Eve"), (2, "for Bob", None), (4, r"\for Eve", None),
        ]  # fmt: skip

    async def test_bears_the_longest_texts(self, shop: Shop) -> None:
        other = LONG[:-1] + "x"
        cart = await opened(shop, mug(shop, note=LONG, message=LONG), mug(shop, note=LONG, message=other))

        await add(shop, cart, mug(shop, note=LONG, message=LONG), mug(shop, note=r"\x00" * 125))

        assert quantities(await lines_of(shop, cart)) == [2, 1, 1]

    async def test_refuses_too_many_units_of_the_line_that_is_meant(self, shop: Shop) -> None:
        cart = await opened(shop, mug(shop, MOST_UNITS, note="for Eve"), mug(shop))

        refusal = await refused(TooManyUnits, add(shop, cart, mug(shop), mug(shop, note="for Eve")))

        assert refusal.field == ("lines", "1", "quantity")


class TestChanging:
    async def test_leaves_what_is_left_out_and_clears_what_is_null(self, shop: Shop) -> None:
        cart = await opened(shop, mug(shop, note="for Eve", message="Love"))
        (line,) = await lines_of(shop, cart)

        await change(shop, cart, ChangeLine(line.id, note="for Bob"))
        assert written(await lines_of(shop, cart)) == [(1, "for Bob", "Love")]

        await change(shop, cart, ChangeLine(line.id, note=None, quantity=2))
        (left,) = await lines_of(shop, cart)
        assert (left.id, written([left])) == (line.id, [(2, None, "Love")])

    async def test_adds_a_line_to_the_one_that_it_becomes_like(self, shop: Shop) -> None:
        cart = await opened(shop, mug(shop, note="for Eve"), mug(shop, 2))
        first, second = await lines_of(shop, cart)

        await change(shop, cart, ChangeLine(first.id, note=" "))

        assert [(line.id, line.quantity) for line in await lines_of(shop, cart)] == [(first.id, 3)]
        assert second.id not in {line.id for line in await lines_of(shop, cart)}

    async def test_lets_two_lines_change_their_notes(self, shop: Shop) -> None:
        cart = await opened(shop, mug(shop, note="for Eve"), mug(shop, 2, note="for Bob"))
        eves, bobs = await lines_of(shop, cart)

        await change(shop, cart, ChangeLine(eves.id, note="for Bob"), ChangeLine(bobs.id, note="for Eve"))

        assert written(await lines_of(shop, cart)) == [(1, "for Bob", None), (2, "for Eve", None)]


class TestClaiming:
    async def test_keeps_lines_apart_on_which_something_else_is_written(self, shop: Shop) -> None:
        own = await opened(shop, mug(shop, note="for Eve"), mug(shop, 2), by=shop.begin("ada"))
        cart = await opened(shop, mug(shop, 3, note="for Eve"), mug(shop, 4, note="for Bob"), mug(shop, 5))

        mine = await claimed(shop, cart)

        assert mine.id == own.id
        assert written(await lines_of(shop, mine)) == [(4, "for Eve", None), (7, None, None), (4, "for Bob", None)]
        assert await broken(shop) == []


class TestOrdering:
    async def test_takes_along_what_was_written(self, shop: Shop) -> None:
        buyer = Buyer(shop, begin=guest(shop))
        cart = await buyer.cart({"mug": 1, "lamp": 1})
        first, second = await lines_of(shop, cart)
        await change(
            shop, cart, ChangeLine(first.id, note="no box", gift_message="Love, Ada"), ChangeLine(second.id, quantity=2)
        )

        await buyer.buy(cart)

        found = {line.sku: (line.ordered, line.note, line.gift_message) for line in await order_lines(buyer, cart)}
        assert found == {"mug": (1, "no box", "Love, Ada"), "lamp": (2, None, None)}
        assert await broken(shop) == []

    async def test_writes_it_on_every_part_of_a_bundle(self, shop: Shop) -> None:
        await bundle(shop, "kettle", {"mug": 2, "tee-s": 1})
        buyer = Buyer(shop, begin=guest(shop))
        cart = await buyer.cart({"kettle": 1})
        (line,) = await lines_of(shop, cart)
        await change(shop, cart, ChangeLine(line.id, gift_message="Good morning"))

        await buyer.buy(cart)

        lines = await order_lines(buyer, cart)
        assert {line.gift_message for line in lines} == {"Good morning"}
        assert {line.sku for line in lines} == {"mug", "tee-s"}

    async def test_is_kept_by_whoever_collects(self, shop: Shop) -> None:
        buyer = Buyer(shop, begin=guest(shop))
        cart = await buyer.cart(collected={"mug": 1})
        (line,) = await lines_of(shop, cart)
        assert line.delivery is DeliveryMethod.PICKUP
        await change(shop, cart, ChangeLine(line.id, note="ring twice"))

        await buyer.buy(cart)

        assert [line.note for line in await order_lines(buyer, cart)] == ["ring twice"]
