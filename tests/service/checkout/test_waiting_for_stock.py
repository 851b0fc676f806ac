"""Buying what is not there: from what is expected, and from what another location sends to the store."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta

import pytest

from app.checkout.rules import Tender
from app.inventory import queries as stock
from app.inventory import service as inventory
from app.inventory.errors import OutOfStock
from app.inventory.rules import BackorderLimit
from app.kernel.ids import OrderId
from app.orders import queries as orders
from app.orders.rules import OrderLine
from app.servicing import service as servicing
from tests.builders.buyers import Buyer, broken
from tests.builders.carts import write
from tests.builders.clock import StoppedClock
from tests.builders.credited import gift_card
from tests.builders.shop import LOCATIONS, VARIANTS, Shop
from tests.builders.statements import Sent
from tests.builders.stocked import Shelves

pytestmark = pytest.mark.anyio

Counting = Callable[[], AbstractAsyncContextManager[Sent]]


async def backorders(shop: Shop, sku: str, location: str, limit: int) -> None:
    """Let so many units be ordered beyond what is there."""
    line = BackorderLimit(VARIANTS[sku], LOCATIONS[location], limit)
    await shop.begin().run(lambda uow: inventory.limit_backorders(uow, limits=[line]))


async def sends(shop: Shop, source: str, store: str, *, hours: int = 24) -> None:
    """Let a location supply the pickups of a store."""
    await write(
        shop,
        "INSERT INTO transfer_lanes (from_location_id, to_location_id, lead_minutes) VALUES ($1, $2, $3)",
        LOCATIONS[source],
        LOCATIONS[store],
        hours * 60,
    )
    await write(shop, "UPDATE locations SET pickup_supply = 'TRANSFER' WHERE id = $1", LOCATIONS[store])


async def line_of(shop: Shop, order_id: OrderId | None) -> OrderLine:
    """Read the only line of an order."""
    assert order_id is not None
    async with shop.database.read() as session:
        (line,) = await orders.list_lines(session, order_ids=[order_id])
    return line


async def work_of(shop: Shop, order_id: OrderId | None) -> list[tuple[str, str]]:
    """List the work of an order: its method and its state."""
    found = await shop.fetch("SELECT method, status FROM fulfillment_orders WHERE order_id = $1", order_id)
    return [(row["method"], row["status"]) for row in found]


class TestBackorder:
    async def test_promises_what_is_there_and_lets_the_rest_wait(self, shop: Shop) -> None:
        await backorders(shop, "tent", "warehouse", 5)
        buyer = Buyer(shop)

        bought = await buyer.buy(await buyer.cart({"tent": 3}))

        line = await line_of(shop, bought.order_id)
        assert (line.allocated, line.backordered) == (1, 2)
        assert await work_of(shop, bought.order_id) == [("SHIPPING", "OPEN")]
        assert await broken(shop) == []

    async def test_opens_the_work_when_the_units_come(self, shop: Shop) -> None:
        await backorders(shop, "kettle", "warehouse", 5)
        buyer = Buyer(shop)
        bought = await buyer.buy(await buyer.cart({"kettle": 2}))
        assert await work_of(shop, bought.order_id) == []

        await Shelves(shop).count({("kettle", "warehouse"): 3})
        await shop.begin().run(
            lambda uow: servicing.fill_backorders(uow, levels=[(VARIANTS["kettle"], LOCATIONS["warehouse"])])
        )

        line = await line_of(shop, bought.order_id)
        assert (line.allocated, line.backordered) == (2, 0)
        assert await work_of(shop, bought.order_id) == [("SHIPPING", "OPEN")]
        assert await Shelves(shop).counters("kettle", "warehouse") == (3, 0, 2)
        assert await broken(shop) == []

    async def test_ends_at_its_limit(self, shop: Shop) -> None:
        await backorders(shop, "kettle", "warehouse", 2)
        buyer = Buyer(shop)
        await buyer.buy(await buyer.cart({"kettle": 1}))

        with pytest.raises(OutOfStock) as refusal:
            await buyer.buy(await buyer.cart({"kettle": 2}))

        assert [(s.requested, s.available) for s in refusal.value.shortages] == [(2, 1)]
        assert await broken(shop) == []

    async def test_is_never_promised_beyond_its_limit_to_many_at_once(self, shop: Shop) -> None:
        await backorders(shop, "kettle", "warehouse", 3)
        buyers = [Buyer(shop) for _ in range(10)]
        carts = [await buyer.cart({"kettle": 1}) for buyer in buyers]

        bought = await asyncio.gather(
            *(buyer.buy(cart) for buyer, cart in zip(buyers, carts, strict=True)), return_exceptions=True
        )

        assert sum(not isinstance(one, BaseException) and one.order_id is not None for one in bought) == 3
        assert await broken(shop) == []

    async def test_is_held_for_carts_and_given_back_when_declined(self, shop: Shop) -> None:
        await write(shop, "UPDATE channels SET reserve_at = 'CART'")
        await backorders(shop, "kettle", "warehouse", 1)
        buyer, other = Buyer(shop), Buyer(shop)
        cart = await buyer.cart({"kettle": 1})

        with pytest.raises(OutOfStock):
            await other.cart({"kettle": 1})
        await buyer.buy(cart, tokens=("tok_declined",))
        assert await broken(shop) == []

        bought = await buyer.buy(cart, key="second")

        assert (await line_of(shop, bought.order_id)).backordered == 1
        assert await broken(shop) == []

    async def test_that_comes_while_the_shopper_pays_is_worked_on_at_once(self, shop: Shop) -> None:
        await backorders(shop, "kettle", "warehouse", 5)
        buyer = Buyer(shop)
        cart = await buyer.cart({"kettle": 3})
        asked = await buyer.buy(cart, tokens=("tok_action",))
        assert asked.action is not None
        await Shelves(shop).count({("kettle", "warehouse"): 2})
        await shop.begin().run(
            lambda uow: servicing.fill_backorders(uow, levels=[(VARIANTS["kettle"], LOCATIONS["warehouse"])])
        )
        assert await Shelves(shop).counters("kettle", "warehouse") == (2, 2, 0)

        await buyer.gateway.confirm(reference=(await buyer.payments_of(cart))[0].gateway_reference or "")
        bought = await buyer.buy(cart, tokens=("tok_action",))

        line = await line_of(shop, bought.order_id)
        assert (line.allocated, line.backordered) == (2, 1)
        assert await work_of(shop, bought.order_id) == [("SHIPPING", "OPEN")]
        assert await broken(shop) == []

    async def test_that_lapsed_while_the_shopper_paid_is_promised_again(self, shop: Shop, clock: StoppedClock) -> None:
        await backorders(shop, "kettle", "warehouse", 1)
        buyer = Buyer(shop)
        cart = await buyer.cart({"kettle": 1})
        await buyer.buy(cart, tokens=("tok_action",))
        clock.advance(minutes=11)
        assert await Shelves(shop).sweep() == 1

        await buyer.gateway.confirm(reference=(await buyer.payments_of(cart))[0].gateway_reference or "")
        bought = await buyer.buy(cart, tokens=("tok_action",))

        assert (await line_of(shop, bought.order_id)).backordered == 1
        assert await broken(shop) == []

    async def test_is_locked_after_the_gift_card_that_pays_for_it(self, shop: Shop, statements: Counting) -> None:
        await backorders(shop, "kettle", "warehouse", 1)
        await write(shop, "UPDATE channels SET capture_at = 'PLACEMENT'")
        buyer, given = Buyer(shop), await gift_card(shop, "5.00")
        tenders = (Tender("gift_card", await given.code(), None), Tender("test", "tok_action", None))
        request = replace(await buyer.request(await buyer.cart({"kettle": 1})), tenders=tenders)
        asked = await buyer.send(request)
        assert asked.action is not None
        await buyer.gateway.confirm(reference=(asked.action.url or "").rpartition("/")[2])

        async with statements() as sent:
            done = await buyer.send(request)

        assert (await line_of(shop, done.order_id)).backordered == 1
        card, stock_ = (
            min(i for i, sql in enumerate(sent.statements) if table in sql and "FOR NO KEY UPDATE" in sql)
            for table in ("credit_accounts", "supply")
        )
        assert card < stock_
        assert await broken(shop) == []

    async def test_is_collected_where_it_comes_to(self, shop: Shop) -> None:
        await backorders(shop, "kettle", "camden", 5)
        buyer = Buyer(shop)

        bought = await buyer.buy(await buyer.cart(None, {"kettle": 1}, at="camden"))

        line = await line_of(shop, bought.order_id)
        assert (line.delivery, line.backordered) == ("PICKUP", 1)


class TestTransferToTheStore:
    async def test_brings_what_the_store_lacks(self, shop: Shop, clock: StoppedClock) -> None:
        await sends(shop, "warehouse", "camden")
        buyer = Buyer(shop)

        bought = await buyer.buy(await buyer.cart(None, {"mug": 8}, at="camden"))

        line = await line_of(shop, bought.order_id)
        assert (line.allocated, line.backordered) == (5, 3)
        (transfer,) = await shop.fetch("SELECT status, cause, expected_at FROM transfers")
        assert (transfer["status"], transfer["cause"]) == ("REQUESTED", "PICKUP")
        assert transfer["expected_at"] == clock() + timedelta(hours=24)
        assert await Shelves(shop).counters("mug", "camden") == (5, 0, 5)
        assert await Shelves(shop).counters("mug", "warehouse") == (10, 0, 3)
        assert await broken(shop) == []

    async def test_becomes_a_pickup_when_it_is_received(self, shop: Shop) -> None:
        await sends(shop, "warehouse", "camden")
        buyer = Buyer(shop)
        bought = await buyer.buy(await buyer.cart(None, {"tent": 1}, at="camden"))
        assert await work_of(shop, bought.order_id) == []
        (transfer,) = await shop.fetch("SELECT id FROM transfers")

        await shop.begin().run(lambda uow: servicing.ship_transfer(uow, transfer_id=transfer["id"]))
        assert await broken(shop) == []
        await shop.begin().run(lambda uow: servicing.receive_transfer(uow, transfer_id=transfer["id"]))

        line = await line_of(shop, bought.order_id)
        assert (line.allocated, line.backordered) == (1, 0)
        assert await work_of(shop, bought.order_id) == [("PICKUP", "OPEN")]
        assert await Shelves(shop).counters("tent", "camden") == (1, 0, 1)
        assert await Shelves(shop).counters("tent", "warehouse") == (0, 0, 0)
        assert await broken(shop) == []

    async def test_that_is_cancelled_breaks_the_promise(self, shop: Shop) -> None:
        await sends(shop, "warehouse", "camden")
        buyer = Buyer(shop)
        bought = await buyer.buy(await buyer.cart(None, {"tent": 1}, at="camden"))
        (transfer,) = await shop.fetch("SELECT id FROM transfers")

        await shop.begin().run(lambda uow: servicing.cancel_transfer(uow, transfer_id=transfer["id"]))

        line = await line_of(shop, bought.order_id)
        assert (line.allocated, line.backordered, line.unallocated) == (0, 0, 1)
        assert len(await shop.fetch("SELECT 1 FROM outbox WHERE name = 'PromiseBroken'")) == 1
        assert await broken(shop) == []

    async def test_is_asked_for_no_unit_twice(self, shop: Shop) -> None:
        await sends(shop, "warehouse", "camden")
        buyers = [Buyer(shop) for _ in range(6)]
        carts = [await buyer.cart(None, {"tent": 1}, at="camden") for buyer in buyers[:3]]
        carts += [await buyer.cart({"tent": 1}) for buyer in buyers[3:]]

        bought = await asyncio.gather(
            *(buyer.buy(cart) for buyer, cart in zip(buyers, carts, strict=True)), return_exceptions=True
        )

        assert sum(not isinstance(one, BaseException) and one.order_id is not None for one in bought) == 1
        assert await broken(shop) == []

    async def test_is_not_asked_of_stores_that_hand_out_their_own_alone(self, shop: Shop) -> None:
        await sends(shop, "warehouse", "camden")
        await write(shop, "UPDATE locations SET pickup_supply = 'OWN'")
        buyer = Buyer(shop)

        with pytest.raises(OutOfStock):
            await buyer.buy(await buyer.cart(None, {"tent": 1}, at="camden"))

    async def test_frees_the_slot_of_what_is_sent_after_its_money_was_taken(
        self, shop: Shop, clock: StoppedClock, statements: Counting
    ) -> None:
        await sends(shop, "warehouse", "camden")
        await write(shop, "UPDATE channels SET capture_at = 'PLACEMENT'")
        buyer, slot, there = Buyer(shop), clock.at.replace(hour=15), shop.opening_stock("mug", "camden")
        cart = await buyer.cart(collected={"mug": 1}, slot=slot)
        tenders = (
            Tender("gift_card", await (await gift_card(shop, "5.00")).code(), None),
            Tender("test", "tok_action", None),
        )
        request = replace(await buyer.request(cart), tenders=tenders)
        asked = await buyer.send(request)
        assert asked.action is not None
        await buyer.gateway.confirm(reference=(asked.action.url or "").rpartition("/")[2])
        clock.advance(minutes=20)
        assert await Shelves(shop).sweep() == 1
        assert (await Buyer(shop).buy(await Buyer(shop).cart(collected={"mug": there}))).order_id is not None

        async with statements() as sent:
            done = await buyer.send(request)

        line = await line_of(shop, done.order_id)
        assert (line.allocated, line.backordered) == (0, 1)
        # Accounts are locked before slots: others who hold one want the other.
        [freed] = [i for i, sql in enumerate(sent.statements) if "pickup_slots" in sql and "UPDATE" in sql]
        taken = max(i for i, sql in enumerate(sent.statements) if "credit_accounts" in sql)
        assert taken < freed
        assert await shop.fetch("SELECT FROM pickup_slots WHERE used > 0") == []
        assert await broken(shop) == []


class TestCancelling:
    async def test_lets_go_what_the_order_waited_for(self, shop: Shop) -> None:
        await backorders(shop, "kettle", "warehouse", 2)
        buyer = Buyer(shop)
        bought = await buyer.buy(await buyer.cart({"kettle": 2}))
        assert bought.order_id is not None
        order_id = bought.order_id

        await shop.begin("service").run(lambda uow: servicing.cancel(uow, order_id=order_id))

        async with shop.database.read() as session:
            assert await stock.list_open_for_demand(session, demand_id=order_id) == []
        assert (await line_of(shop, order_id)).cancelled == 2
        assert await broken(shop) == []
