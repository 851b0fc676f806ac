"""Transfers among others: customers who wait, people at one end alone, and many steps at once."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from app.inventory import service as inventory
from app.inventory.errors import OutOfStock, TransferNotFound
from app.inventory.rules import Ahead
from app.inventory.service import transfers
from app.inventory.states import DemandKind
from app.kernel.actor import ANONYMOUS
from app.kernel.db import UnitOfWork
from app.kernel.errors import Forbidden, IllegalTransition, QuantityExceeded, Unauthenticated
from app.kernel.ids import TransferId, new_id
from app.servicing import service as servicing
from tests.builders.buyers import broken
from tests.builders.clock import OPENING
from tests.builders.patience import PATIENCE_SECONDS
from tests.builders.shop import LOCATIONS, VARIANTS, Shop
from tests.builders.stocked import Shelves
from tests.builders.transferred import Sent, draft, requested, shipped

pytestmark = pytest.mark.anyio

MUGS_THERE = ("mug", "warehouse")
MUGS_HERE = ("mug", "camden")
TOMORROW = OPENING + timedelta(days=1)


@pytest.fixture
def shelves(shop: Shop) -> Shelves:
    """The shelves of the test shop, with their opening stock."""
    return Shelves(shop)


class TestPromisesOfWhatComes:
    """A customer holds mugs that are still to come, for as long as the test lasts."""

    async def hold(self, shop: Shop, sent: Sent, units: int) -> UUID:
        """Have a cart hold mugs of a transfer."""
        ((supply_id,),) = await shop.fetch("SELECT id FROM supplies WHERE transfer_id = $1", sent.id)
        cart_id, line_id = new_id(), new_id()

        async def work(uow: UnitOfWork) -> None:
            await uow.execute("UPDATE supplies SET sold_ahead = $2 WHERE id = $1", [supply_id, units])
            await inventory.reserve_ahead(
                uow,
                demand_id=cart_id,
                parts=[Ahead(line_id, supply_id, VARIANTS["mug"], LOCATIONS["camden"], units)],
                expires_at=uow.now + timedelta(minutes=10),
                kind=DemandKind.CART,
            )

        await shop.begin().run(work)
        return cart_id

    async def held(self, shop: Shop, cart_id: UUID) -> list[tuple[bool, int]]:
        """Say what the cart still holds: whether it is to come, and how many units."""
        found = await shop.fetch(
            "SELECT supply_id IS NOT NULL, quantity FROM reservations WHERE demand_id = $1 ORDER BY 1", cart_id
        )
        return [(waits, quantity) for waits, quantity in found]

    async def test_are_kept_first_when_it_comes(self, shop: Shop, shelves: Shelves) -> None:
        sent = await requested(shop, {"mug": 4}, expected_at=TOMORROW)
        cart_id = await self.hold(shop, sent, 3)
        await sent.ship()

        await sent.receive({"mug": 2})

        assert await self.held(shop, cart_id) == [(False, 2), (True, 1)]
        assert await shelves.counters(*MUGS_HERE) == (7, 2, 0)
        assert await broken(shop) == []

    async def test_are_broken_when_fewer_are_sent(self, shop: Shop) -> None:
        sent = await requested(shop, {"mug": 4}, expected_at=TOMORROW)
        cart_id = await self.hold(shop, sent, 3)

        await sent.ship({"mug": 2})

        assert await self.held(shop, cart_id) == [(True, 2)]
        assert await broken(shop) == []

    @pytest.mark.parametrize("how", ["write_off", "write_back"])
    async def test_are_broken_when_some_are_lost(self, shop: Shop, how: str) -> None:
        sent = await requested(shop, {"mug": 4}, expected_at=TOMORROW)
        cart_id = await self.hold(shop, sent, 3)
        await sent.ship()

        await getattr(sent, how)({"mug": 1})
        assert await self.held(shop, cart_id) == [(True, 3)]
        await getattr(sent, how)({"mug": 1})

        assert await self.held(shop, cart_id) == [(True, 2)]
        assert await broken(shop) == []

    async def test_are_broken_when_it_is_cancelled(self, shop: Shop, shelves: Shelves) -> None:
        sent = await requested(shop, {"mug": 4}, expected_at=TOMORROW)
        cart_id = await self.hold(shop, sent, 3)

        await sent.cancel()

        assert await self.held(shop, cart_id) == []
        assert await shelves.counters(*MUGS_THERE) == (10, 0, 0)
        assert await broken(shop) == []


class TestWhoMay:
    """The manager works in Camden alone."""

    async def test_send_those_where_the_goods_are(self, shop: Shop) -> None:
        out = await draft(shop, {"mug": 2}, origin="camden", target="soho", by="manager")
        await out.update({"mug": 1}, by="manager")
        await out.request(by="manager")
        await out.ship(by="manager")

        with pytest.raises(Forbidden):
            await out.receive(by="manager")
        with pytest.raises(Forbidden):
            await out.write_off(by="manager")

        await out.write_back(by="manager")
        assert await out.status() == "RECEIVED"

    async def test_receive_those_where_the_goods_go(self, shop: Shop) -> None:
        arriving = await draft(shop, {"mug": 4})
        for forbidden in (arriving.update, arriving.request, arriving.ship, arriving.cancel):
            with pytest.raises(Forbidden):
                await forbidden(by="manager")
        await arriving.request()
        await arriving.ship()

        with pytest.raises(Forbidden):
            await arriving.write_back(by="manager")
        await arriving.receive({"mug": 3}, by="manager")
        await arriving.write_off(by="manager")

        assert await arriving.status() == "RECEIVED"

    async def test_do_nothing_elsewhere_and_do_not_even_see_it(self, shop: Shop) -> None:
        elsewhere = await draft(shop, {"mug": 2}, origin="warehouse", target="soho")

        with pytest.raises(Forbidden):
            await draft(shop, {"mug": 2}, origin="warehouse", target="camden", by="manager")
        for step in (elsewhere.request, elsewhere.ship, elsewhere.receive, elsewhere.cancel, elsewhere.write_off):
            with pytest.raises(TransferNotFound) as refused:
                await step(by="manager")
            assert refused.value.field == ("transferId",)

    @pytest.mark.parametrize("who", ["associate", "service", "merchandiser", "ada"])
    async def test_do_nothing_without_the_right(self, shop: Shop, who: str) -> None:
        arriving = await shipped(shop, {"mug": 4})

        with pytest.raises(Forbidden):
            await arriving.receive(by=who)

    async def test_do_not_find_what_is_not_there(self, shop: Shop) -> None:
        with pytest.raises(TransferNotFound):
            await shop.begin().run(lambda uow: transfers.request(uow, transfer_id=TransferId(new_id())))

    async def test_have_to_say_who_they_are(self, shop: Shop) -> None:
        arriving = await shipped(shop, {"mug": 4})

        with pytest.raises(Unauthenticated):
            await shop.database.begin(ANONYMOUS).run(
                lambda uow: servicing.receive_transfer(uow, transfer_id=arriving.id)
            )


class TestHistory:
    async def test_names_every_step_and_who_did_it(self, shop: Shop) -> None:
        sent = await draft(shop, {"mug": 4})
        await sent.update({"mug": 3})
        await sent.request()
        await sent.ship()
        await sent.receive({"mug": 1}, by="manager")
        await sent.receive(by="manager")

        moves = await shop.fetch(
            "SELECT before, after, action FROM state_changes WHERE kind = 'transfer' AND subject_id = $1 ORDER BY id",
            sent.id,
        )
        told = await shop.fetch("SELECT payload FROM outbox WHERE name = 'TransferChanged' ORDER BY seq")
        assert [tuple(move) for move in moves] == [
            (None, "DRAFT", "transferCreate"),
            ("DRAFT", "DRAFT", "transferUpdate"),
            ("DRAFT", "REQUESTED", "transferRequest"),
            ("REQUESTED", "IN_TRANSIT", "transferShip"),
            ("IN_TRANSIT", "PARTIALLY_RECEIVED", "receivePart"),
            ("PARTIALLY_RECEIVED", "RECEIVED", "receiveAll"),
        ]
        assert [event["payload"]["status"] for event in told] == [after for _, after, _ in moves]


class TestManyAtOnce:
    async def outcomes(self, *steps: object) -> list[BaseException | None]:
        """Do steps at once; answer how each was refused, None where it was not."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            done = await asyncio.gather(*steps, return_exceptions=True)  # type: ignore[call-overload]
        return [result if isinstance(result, BaseException) else None for result in done]

    async def test_two_receivers_take_it_in_once(self, shop: Shop, shelves: Shelves) -> None:
        sent = await shipped(shop, {"mug": 4, "lamp": 2})

        refused = await self.outcomes(*(sent.receive() for _ in range(8)))

        assert [type(error) for error in refused if error] == [IllegalTransition] * 7
        assert await shelves.counters(*MUGS_HERE) == (9, 0, 0)
        assert await broken(shop) == []

    async def test_receivers_of_parts_take_in_no_more_than_came(self, shop: Shop, shelves: Shelves) -> None:
        sent = await shipped(shop, {"mug": 5})

        refused = await self.outcomes(*(sent.receive({"mug": 2}) for _ in range(6)))

        assert len([error for error in refused if error is None]) == 2
        assert {type(error) for error in refused if error} == {QuantityExceeded}
        assert await shelves.counters(*MUGS_HERE) == (9, 0, 0)
        assert await broken(shop) == []

    async def test_sending_and_cancelling_exclude_each_other(self, shop: Shop, shelves: Shelves) -> None:
        for _ in range(5):
            sent = await requested(shop, {"mug": 1, "lamp": 1}, expected_at=TOMORROW)

            refused = await self.outcomes(sent.ship(), sent.cancel())

            assert [type(error) for error in refused if error] == [IllegalTransition]
            assert await sent.status() == ("IN_TRANSIT" if refused[0] is None else "CANCELLED")
        assert await broken(shop) == []

    async def test_requests_promise_what_there_is_and_no_more(self, shop: Shop, shelves: Shelves) -> None:
        drafts = [await draft(shop, {"lamp": 1, "mug": 3} if n % 2 else {"mug": 3, "lamp": 1}) for n in range(8)]

        refused = await self.outcomes(*(sent.request() for sent in drafts))

        assert len([error for error in refused if error is None]) == 3
        assert {type(error) for error in refused if error} == {OutOfStock}
        assert await shelves.counters(*MUGS_THERE) == (10, 0, 9)
        assert await broken(shop) == []

    async def test_goods_on_their_way_both_ways_lock_in_one_order(self, shop: Shop) -> None:
        before = shop.opening_stock("mug") + shop.opening_stock("tee-s")
        there = [await requested(shop, {"mug": 1, "tee-s": 1}) for _ in range(3)]
        back = [await requested(shop, {"tee-s": 1, "mug": 1}, origin="camden", target="warehouse") for _ in range(3)]

        async def carry(sent: Sent) -> None:
            await sent.ship({"mug": 1})
            await sent.receive()

        refused = await self.outcomes(*(carry(sent) for sent in (*there, *back)))

        assert refused == [None] * 6
        assert await shop.on_hand("mug") + await shop.on_hand("tee-s") == before
        assert await broken(shop) == []
