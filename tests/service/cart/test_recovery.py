"""Links back to a cart: who makes them, what they open, and when they no longer do."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from app.cart import queries
from app.cart import service as carts
from app.cart.errors import CartNotActive, CartNotFound, RecoveryLinkExpired, RecoveryLinkReplaced, RecoveryLinkWrong
from app.cart.rules import RECOVERY_LIFE, Cart, RecoveryLink
from app.kernel.db import Begin, UnitOfWork
from app.kernel.errors import DomainError, Forbidden, Unauthenticated
from app.kernel.ids import CartId, new_id
from tests.builders.buyers import Buyer, broken
from tests.builders.carts import add, guest, opened, refused, token, units, write
from tests.builders.clock import StoppedClock
from tests.builders.shop import Shop

pytestmark = pytest.mark.anyio


async def link_to(shop: Shop, cart: Cart, *, by: Begin | None = None) -> RecoveryLink:
    return await (by or shop.begin("associate")).run(lambda uow: carts.make_recovery_link(uow, cart_id=cart.id))


async def followed(shop: Shop, link: RecoveryLink | str, *, by: Begin | None = None) -> Cart:
    given = link if isinstance(link, str) else link.token(shop.database.keys)
    return await (by or guest(shop)).run(lambda uow: carts.recover(uow, token=given))


async def claimed(shop: Shop, cart: Cart) -> Cart:
    async def work(uow: UnitOfWork) -> Cart:
        return await carts.claim(uow, cart_id=cart.id, token=token(shop, cart))

    return await shop.begin("ada").run(work)


async def current(shop: Shop, cart: Cart) -> Cart:
    async with shop.database.read() as session:
        found = await queries.get_cart(session, cart_id=cart.id)
    assert found is not None
    return found


async def bought(shop: Shop, cart: Cart) -> None:
    await Buyer(shop).buy(cart)


class TestMaking:
    async def test_is_for_staff_who_serve_carts(self, shop: Shop) -> None:
        cart = await opened(shop)

        await refused(Unauthenticated, link_to(shop, cart, by=guest(shop)))
        await refused(Forbidden, link_to(shop, cart, by=shop.begin("ada")))
        await refused(Forbidden, link_to(shop, cart, by=shop.begin("merchandiser")))
        assert (await link_to(shop, cart, by=shop.begin("system"))).generation == 1

    async def test_leaves_version_and_life_of_the_cart(self, shop: Shop, clock: StoppedClock) -> None:
        cart = await opened(shop, *units(shop, mug=1))
        clock.advance(days=5)

        link = await link_to(shop, cart)

        found = await current(shop, cart)
        assert (found.version, found.expires_at, found.updated_at) == (1, cart.expires_at, cart.updated_at)
        assert link.expires_at == clock() + RECOVERY_LIFE

    async def test_names_a_cart_that_is_not_there(self, shop: Shop) -> None:
        refusal = await refused(
            CartNotFound, shop.begin("associate").run(lambda uow: carts.make_recovery_link(uow, cart_id=new_id()))
        )

        assert refusal.field == ("cartId",)

    async def test_is_refused_for_what_is_no_cart_any_more(self, shop: Shop, clock: StoppedClock) -> None:
        ordered, merged, over = await Buyer(shop).cart({"mug": 1}), await opened(shop), await opened(shop)
        await opened(shop, by=shop.begin("ada"))
        await bought(shop, ordered)
        await claimed(shop, merged)
        clock.advance(days=90)

        for cart in (ordered, merged, over):
            assert (await refused(CartNotActive, link_to(shop, cart))).field == ("cartId",)
            assert (await current(shop, cart)).recovery_generation == 0

    async def test_stores_nothing_that_opens_a_cart(self, shop: Shop) -> None:
        cart = await opened(shop)

        secret = (await link_to(shop, cart)).token(shop.database.keys).rpartition(".")[2]

        [[row]] = await shop.fetch("SELECT to_jsonb(carts)::text FROM carts WHERE id = $1", cart.id)
        assert secret not in row


class TestFollowing:
    async def test_opens_a_guests_cart_on_any_device(self, shop: Shop) -> None:
        cart = await opened(shop, *units(shop, mug=2))
        link = await link_to(shop, cart)

        for device in (guest(shop), guest(shop), shop.begin("bob")):
            found = await followed(shop, link, by=device)
            assert (found.id, token(shop, found)) == (cart.id, token(shop, cart))

        await add(shop, found, *units(shop, mug=1))
        assert (await current(shop, cart)).version == 2

    async def test_opens_a_customers_cart_for_that_customer_alone(self, shop: Shop) -> None:
        cart = await opened(shop, by=shop.begin("ada"))
        link = await link_to(shop, cart)

        assert (await refused(Unauthenticated, followed(shop, link))).field == ("token",)
        for other in ("bob", "associate", "admin"):
            assert (await refused(Forbidden, followed(shop, link, by=shop.begin(other)))).field == ("token",)
        assert (await followed(shop, link, by=shop.begin("ada"))).id == cart.id

    async def test_opens_a_claimed_cart_for_whoever_claimed_it_alone(self, shop: Shop) -> None:
        cart = await opened(shop)
        link = await link_to(shop, cart)
        await claimed(shop, cart)

        await refused(Unauthenticated, followed(shop, link))
        assert (await followed(shop, link, by=shop.begin("ada"))).id == cart.id

    async def test_opens_a_cart_that_is_being_paid_for(self, shop: Shop) -> None:
        buyer = Buyer(shop)
        cart = await buyer.cart({"mug": 1})
        await buyer.buy(cart, tokens=["tok_action"])

        assert (await followed(shop, await link_to(shop, cart))).id == cart.id

    async def test_ends_with_a_newer_link(self, shop: Shop) -> None:
        cart = await opened(shop)
        older = await link_to(shop, cart)
        newer = await link_to(shop, cart)

        refusal = await refused(RecoveryLinkReplaced, followed(shop, older))

        assert refusal.field == ("token",)
        assert (await followed(shop, newer)).id == cart.id

    async def test_ends_after_some_days(self, shop: Shop, clock: StoppedClock) -> None:
        link = await link_to(shop, await opened(shop))
        clock.at += RECOVERY_LIFE - timedelta(seconds=1)
        await followed(shop, link)
        clock.advance(seconds=1)

        assert (await refused(RecoveryLinkExpired, followed(shop, link))).field == ("token",)

    @pytest.mark.parametrize("swept", [False, True])
    async def test_ends_with_the_cart(self, shop: Shop, clock: StoppedClock, swept: bool) -> None:
        await write(shop, "UPDATE channels SET cart_ttl_days = 3")
        link = await link_to(shop, await opened(shop))
        clock.advance(days=3)
        if swept:
            await shop.begin().run(carts.expire_due)

        assert (await refused(CartNotActive, followed(shop, link))).field == ("token",)

    @pytest.mark.parametrize("became", [bought, claimed])
    async def test_ends_with_what_the_cart_became(
        self, shop: Shop, became: Callable[[Shop, Cart], Awaitable[object]]
    ) -> None:
        await opened(shop, by=shop.begin("ada"))
        cart = await Buyer(shop).cart({"mug": 1})
        link = await link_to(shop, cart)
        await became(shop, cart)

        assert (await refused(CartNotActive, followed(shop, link, by=shop.begin("ada")))).field == ("token",)
        assert await broken(shop) == []

    @pytest.mark.parametrize("change", [lambda t: t[:-1], lambda t: t + "x", lambda _: "", lambda _: "nonsense"])
    async def test_is_refused_for_what_is_no_link(self, shop: Shop, change: Callable[[str], str]) -> None:
        link = await link_to(shop, await opened(shop))

        refusal: DomainError = await refused(RecoveryLinkWrong, followed(shop, change(link.token(shop.database.keys))))

        assert refusal.field == ("token",)

    async def test_is_refused_for_a_cart_that_is_gone(self, shop: Shop) -> None:
        gone = RecoveryLink(CartId(new_id()), 1, int(shop.database.now().timestamp()) + 60)

        assert (await refused(RecoveryLinkWrong, followed(shop, gone))).field == ("token",)
