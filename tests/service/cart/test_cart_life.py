"""How carts begin, change hands and end."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from app.cart import queries
from app.cart import service as carts
from app.cart.errors import CartNotActive, CartNotFound, PaymentPending
from app.cart.rules import AddLine, Cart, CartChanges, CartLine
from app.cart.states import CartStatus
from app.kernel.actor import ANONYMOUS
from app.kernel.db import Begin, UnitOfWork
from app.kernel.errors import DomainError, Forbidden, Invalid, NotFound, Unauthenticated
from app.kernel.ids import AttemptId, CustomerId, new_id
from tests.builders.clock import StoppedClock
from tests.builders.shop import Shop

pytestmark = pytest.mark.anyio


def guest(shop: Shop) -> Begin:
    return shop.database.begin(ANONYMOUS)


def customer_id(shop: Shop, name: str) -> CustomerId:
    found = shop.people[name].customer_id
    assert found is not None
    return found


async def opened(by: Begin, *lines: AddLine, **about: Any) -> Cart:
    async def work(uow: UnitOfWork) -> Cart:
        return await carts.create(uow, lines=lines, **about)

    return await by.run(work)


async def claimed(shop: Shop, by: Begin, cart: Cart, *, token: str | None = None) -> Cart:
    given = token or shop.database.keys.token("cart", cart.id, generation=cart.token_generation)

    async def work(uow: UnitOfWork) -> Cart:
        return await carts.claim(uow, cart_id=cart.id, token=given)

    return await by.run(work)


async def current(shop: Shop, cart: Cart) -> Cart:
    async with shop.database.read() as session:
        found = await queries.get_cart(session, cart_id=cart.id)
    assert found is not None
    return found


async def lines_of(shop: Shop, cart: Cart) -> list[CartLine]:
    async with shop.database.read() as session:
        return await queries.list_lines(session, cart_ids=[cart.id])


def units(shop: Shop, sku: str, quantity: int) -> AddLine:
    return AddLine(shop.variants[sku], quantity)


async def refused(kind: type[DomainError], work: Any) -> DomainError:
    with pytest.raises(kind) as refusal:
        await work
    return refusal.value


class TestCreate:
    async def test_opens_a_guests_cart_in_the_default_channel(self, shop: Shop) -> None:
        cart = await opened(guest(shop), units(shop, "mug", 2), email="Eve@example.com")

        assert (cart.channel_id, cart.currency, cart.version) == (shop.channel_id, "GBP", 1)
        assert (cart.customer_id, cart.email) == (None, "eve@example.com")
        assert cart == await current(shop, cart)

    async def test_names_a_channel_that_is_not_there(self, shop: Shop) -> None:
        refusal = await refused(Invalid, opened(guest(shop), channel="nowhere"))

        assert refusal.field == ("channel",)

    async def test_writes_nothing_when_a_line_is_refused(self, shop: Shop) -> None:
        await refused(Invalid, opened(guest(shop), units(shop, "mug", 0)))

        assert await shop.fetch("SELECT id FROM carts") == []

    async def test_answers_the_cart_that_a_customer_has(self, shop: Shop) -> None:
        first = await opened(shop.begin("ada"), units(shop, "mug", 1))

        second = await opened(shop.begin("ada"), units(shop, "mug", 2), units(shop, "lamp", 1))
        third = await opened(shop.begin("ada"))

        assert first.id == second.id == third.id
        assert (first.version, second.version, third.version) == (1, 2, 2)
        assert [line.quantity for line in await lines_of(shop, first)] == [3, 1]

    async def test_takes_the_customers_own_email_unless_told_another(self, shop: Shop) -> None:
        assert (await opened(shop.begin("ada"))).email == shop.people["ada"].email
        assert (await opened(shop.begin("ada"), email="work@example.com")).email == "work@example.com"

    async def test_lets_staff_open_one_for_a_customer(self, shop: Shop) -> None:
        cart = await opened(shop.begin("associate"), customer_id=customer_id(shop, "ada"))

        assert cart.customer_id == customer_id(shop, "ada")
        assert (await opened(shop.begin("ada"))).id == cart.id

    async def test_names_a_customer_who_is_not_there(self, shop: Shop) -> None:
        stranger = CustomerId(new_id())

        refusal = await refused(NotFound, opened(shop.begin("associate"), customer_id=stranger))

        assert refusal.field == ("customerId",)

    async def test_lets_nobody_else_open_one_for_a_customer(self, shop: Shop) -> None:
        ada = customer_id(shop, "ada")

        await refused(Unauthenticated, opened(guest(shop), customer_id=ada))
        await refused(Forbidden, opened(shop.begin("bob"), customer_id=ada))
        await refused(Forbidden, opened(shop.begin("merchandiser"), customer_id=ada))

    async def test_gives_a_customer_one_cart_however_many_ask_at_once(self, shop: Shop) -> None:
        ada = shop.begin("ada")

        found = await asyncio.gather(*(opened(ada, units(shop, "mug", 1)) for _ in range(8)))

        assert len({cart.id for cart in found}) == 1
        assert [line.quantity for line in await lines_of(shop, found[0])] == [8]
        assert (await current(shop, found[0])).version == 8


class TestClaim:
    async def test_makes_a_guests_cart_the_customers(self, shop: Shop) -> None:
        cart = await opened(guest(shop), units(shop, "mug", 1))

        mine = await claimed(shop, shop.begin("ada"), cart)

        assert (mine.id, mine.customer_id, mine.version) == (cart.id, customer_id(shop, "ada"), 2)
        assert mine.email == shop.people["ada"].email

    async def test_ends_the_guests_token(self, shop: Shop) -> None:
        cart = await opened(guest(shop))

        mine = await claimed(shop, shop.begin("ada"), cart)

        token = shop.database.keys.token("cart", cart.id, generation=cart.token_generation)
        assert not carts.may_see(ANONYMOUS, shop.database.keys, mine, token)

    async def test_merges_it_into_the_one_they_have(self, shop: Shop) -> None:
        own = await opened(shop.begin("ada"), units(shop, "mug", 1), units(shop, "tent", 1))
        cart = await opened(guest(shop), units(shop, "mug", 2), units(shop, "lamp", 1))

        mine = await claimed(shop, shop.begin("ada"), cart)

        assert (mine.id, mine.version) == (own.id, own.version + 1)
        found = {line.variant_id: line.quantity for line in await lines_of(shop, mine)}
        assert found == {shop.variants["mug"]: 3, shop.variants["tent"]: 1, shop.variants["lamp"]: 1}
        left = await current(shop, cart)
        assert (left.status, left.version, await lines_of(shop, left)) == (CartStatus.MERGED, 2, [])

    async def test_tells_what_happened_to_the_guests_cart(self, shop: Shop) -> None:
        own = await opened(shop.begin("ada"))
        cart = await opened(guest(shop))

        await claimed(shop, shop.begin("ada"), cart)

        [[before, after]] = await shop.fetch("SELECT before, after FROM state_changes WHERE subject_id = $1", cart.id)
        [[payload]] = await shop.fetch("SELECT payload FROM outbox WHERE name = 'CartMerged'")
        assert (before, after) == ("ACTIVE", "MERGED")
        assert payload["into_cart_id"] == str(own.id)

    async def test_answers_the_same_again(self, shop: Shop) -> None:
        own = await opened(shop.begin("ada"), units(shop, "mug", 1))
        cart = await opened(guest(shop), units(shop, "mug", 1))
        await claimed(shop, shop.begin("ada"), cart)

        again = await claimed(shop, shop.begin("ada"), cart)

        assert (again.id, again.version) == (own.id, own.version + 1)
        assert [line.quantity for line in await lines_of(shop, again)] == [2]

    async def test_is_refused_to_strangers(self, shop: Shop) -> None:
        cart = await opened(guest(shop))
        bobs = await opened(shop.begin("bob"))

        await refused(Unauthenticated, claimed(shop, guest(shop), cart))
        await refused(CartNotFound, claimed(shop, shop.begin("ada"), cart, token="wrong"))
        await refused(CartNotFound, claimed(shop, shop.begin("ada"), bobs))

    async def test_is_refused_while_either_cart_is_being_paid(self, shop: Shop) -> None:
        own = await opened(shop.begin("ada"))
        cart = await opened(guest(shop))

        async def hold(uow: UnitOfWork) -> None:
            await carts.hold_for_attempt(uow, cart=own, attempt_id=AttemptId(new_id()), reserved_until=None)

        await shop.begin().run(hold)

        await refused(PaymentPending, claimed(shop, shop.begin("ada"), cart))

    async def test_is_refused_for_a_cart_that_was_ordered(self, shop: Shop) -> None:
        cart = await opened(guest(shop))

        async def order(uow: UnitOfWork) -> None:
            await carts.record_ordered(uow, cart=cart)

        await shop.begin().run(order)

        await refused(CartNotActive, claimed(shop, shop.begin("ada"), cart))

    async def test_loses_nothing_when_the_customer_opens_a_cart_meanwhile(self, shop: Shop) -> None:
        guests = [await opened(guest(shop), units(shop, "mug", 1)) for _ in range(4)]
        ada = shop.begin("ada")

        await asyncio.gather(
            *(claimed(shop, ada, cart) for cart in guests),
            *(opened(ada, units(shop, "mug", 1)) for _ in range(4)),
        )

        own = await opened(ada)
        assert [line.quantity for line in await lines_of(shop, own)] == [8]


class TestConcurrentEdits:
    async def test_are_all_counted(self, shop: Shop) -> None:
        cart = await opened(guest(shop))
        token = shop.database.keys.token("cart", cart.id)

        async def add(uow: UnitOfWork) -> Cart:
            return await carts.add_lines(uow, cart_id=cart.id, token=token, version=None, lines=[units(shop, "mug", 1)])

        await asyncio.gather(*(guest(shop).run(add) for _ in range(20)))

        assert [line.quantity for line in await lines_of(shop, cart)] == [20]
        assert (await current(shop, cart)).version == 21

    async def test_of_one_version_let_one_through(self, shop: Shop) -> None:
        cart = await opened(guest(shop))
        token = shop.database.keys.token("cart", cart.id)

        async def add(uow: UnitOfWork) -> Cart:
            return await carts.add_lines(uow, cart_id=cart.id, token=token, version=1, lines=[units(shop, "mug", 1)])

        found = await asyncio.gather(*(guest(shop).run(add) for _ in range(10)), return_exceptions=True)

        assert sum(isinstance(one, Cart) for one in found) == 1
        assert [line.quantity for line in await lines_of(shop, cart)] == [1]


class TestExpireIdle:
    async def test_ends_guests_carts_and_forgets_who_they_were_for(self, shop: Shop, clock: StoppedClock) -> None:
        old = await opened(guest(shop), units(shop, "mug", 1), email="eve@example.com")
        await address(shop, old.id)
        own = await opened(shop.begin("ada"))
        clock.advance(days=90)
        fresh = await opened(guest(shop))

        assert await shop.begin().run(carts.expire_due) == 1

        ended = await current(shop, old)
        assert (ended.status, ended.email, ended.shipping_address) == (CartStatus.EXPIRED, None, None)
        assert {(await current(shop, cart)).status for cart in (own, fresh)} == {CartStatus.ACTIVE}


async def address(shop: Shop, cart_id: UUID) -> None:
    async def work(uow: UnitOfWork) -> None:
        await carts.update(
            uow, cart_id=cart_id, token=None, version=None, changes=CartChanges(shipping_address=shop.home)
        )

    await shop.begin().run(work)
