"""Counting goods in: stock, quantities, money, and what two people at once may do."""

import asyncio

import pytest

from app.fulfillment import service as fulfillment
from app.fulfillment.rules import LineQuantity
from app.kernel import idempotency
from app.kernel.db import UnitOfWork
from app.kernel.errors import Forbidden, IllegalTransition, Invalid, NotFound, QuantityExceeded
from app.kernel.ids import LocationId, ReturnId, new_id
from app.orders.states import OrderPaymentStatus
from app.returns import service as returns
from app.returns.errors import ReturnNotFound
from app.returns.rules import CountedLine
from app.returns.states import Disposition, ReturnStatus
from tests.builders.placed import DELIVERY_MINOR, UNIT_PRICE_MINOR, place, shipped
from tests.builders.returned import (
    Back,
    broken,
    current,
    give_back,
    history,
    lines_of,
    receipts_of,
    receive,
    received_order,
    refunded,
    request,
    settle,
    sold,
    timeline_kinds,
)
from tests.builders.shop import LOCATIONS, VARIANTS, Shop

pytestmark = pytest.mark.anyio


async def bucket(shop: Shop, name: str, sku: str, at: str) -> int:
    sql = f"SELECT coalesce(sum({name}), 0)::int FROM levels WHERE variant_id = $1 AND location_id = $2"
    [[units]] = await shop.fetch(sql, VARIANTS[sku], LOCATIONS[at])
    return int(units)


class TestReceipt:
    """Goods at the counter, or at the dock."""

    async def test_closes_the_return_and_gives_all_of_it_back(self, shop: Shop) -> None:
        """Units, stock, money and history, in one call."""
        placed = await received_order(shop, shipped("mug", 2))

        closed = await give_back(placed, {"mug": 2}, at="camden")
        await settle(shop)

        assert closed == await current(shop, closed.id)
        assert closed.status is ReturnStatus.CLOSED
        assert (await placed.line("mug")).returned == 2
        assert await shop.available("mug", "camden") == shop.opening_stock("mug", "camden") + 2
        assert await refunded(placed) == 2 * UNIT_PRICE_MINOR + DELIVERY_MINOR
        assert (await placed.order()).payment_status is OrderPaymentStatus.REFUNDED
        assert [action for _, action, _ in await history(shop, closed.id)] == [
            "returnRequest", "returnApprove", "returnReceive", "inspect", "close",
        ]  # fmt: skip
        assert [kind for kind in await timeline_kinds(placed) if kind.startswith("RETURN")] == [
            "RETURN_REQUESTED", "RETURN_APPROVED", "RETURN_RECEIVED", "RETURN_CLOSED",
        ]  # fmt: skip
        assert {"ReturnReceived", "ReturnClosed"} <= set(await placed.events())
        assert await broken(shop) == []

    async def test_may_be_at_a_place_that_never_had_the_goods(self, shop: Shop) -> None:
        """Leeds sells no mugs, and takes them back."""
        placed = await received_order(shop, shipped("mug", 1))

        await give_back(placed, {"mug": 1}, at="leeds")

        assert await shop.available("mug", "leeds") == 1
        assert await broken(shop) == []

    async def test_asks_for_no_money_before_all_has_come(self, shop: Shop) -> None:
        """Partly received, it stays open."""
        placed = await received_order(shop, shipped("mug", 3))
        asked = await request(placed, {"mug": 3})

        partly = await receive(placed, asked.id, Back("mug", 1))
        asked_for = await placed.money()
        closed = await receive(placed, asked.id, Back("mug", 2), at="warehouse")

        assert (partly.status, closed.status) == (ReturnStatus.RECEIVED, ReturnStatus.CLOSED)
        assert asked_for[2] == 0
        assert (await placed.money())[2] == 3 * UNIT_PRICE_MINOR + DELIVERY_MINOR
        assert await broken(shop) == []

    async def test_puts_units_where_each_line_says(self, shop: Shop) -> None:
        """What goes to the vendor or is destroyed enters no stock; what is refused neither."""
        placed = await received_order(shop, shipped("mug", 5))
        asked = await request(placed, {"mug": 5})

        closed = await receive(
            placed,
            asked.id,
            Back("mug", 1),
            Back("mug", 1, disposition=Disposition.DAMAGED),
            Back("mug", 1, disposition=Disposition.VENDOR),
            Back("mug", 1, disposition=Disposition.DESTROY),
            Back("mug", 1, accepted=False),
        )

        assert closed.status is ReturnStatus.CLOSED
        assert await bucket(shop, "sellable", "mug", "camden") == shop.opening_stock("mug", "camden") + 1
        assert await bucket(shop, "damaged", "mug", "camden") == 1
        assert (await placed.line("mug")).returned == 4
        # One unit is still with the customer, so what it cost to bring them stays paid.
        assert closed.refund_total_minor == 4 * UNIT_PRICE_MINOR
        assert [receipt.disposition for receipt in await receipts_of(shop, asked.id)][-1] is None
        assert await broken(shop) == []

    async def test_gives_nothing_back_for_what_is_refused(self, shop: Shop) -> None:
        """Every unit is decided on, so it closes all the same; and may be asked for again."""
        placed = await received_order(shop, shipped("mug", 1))
        asked = await request(placed, {"mug": 1})

        closed = await receive(placed, asked.id, Back("mug", 1, accepted=False))

        assert (closed.status, closed.refund_total_minor) == (ReturnStatus.CLOSED, 0)
        assert (await placed.line("mug")).returned == 0
        assert (await placed.money())[2] == 0
        assert (await request(placed, {"mug": 1})).status is ReturnStatus.APPROVED
        assert await broken(shop) == []

    async def test_waits_for_an_inspection_that_was_asked_for(self, shop: Shop) -> None:
        """Goods in QUALITY are back, and not yet paid back."""
        placed = await received_order(shop, shipped("mug", 2))
        asked = await request(placed, {"mug": 2})

        received = await receive(placed, asked.id, Back("mug", 1), Back("mug", 1, disposition=Disposition.QUALITY))

        assert received.status is ReturnStatus.RECEIVED
        assert await bucket(shop, "quality", "mug", "camden") == 1
        assert (await placed.line("mug")).returned == 2
        assert (await placed.money())[2] == 0
        assert received.refund_total_minor == 2 * UNIT_PRICE_MINOR + DELIVERY_MINOR
        assert await broken(shop) == []

    async def test_gives_the_delivery_back_once(self, shop: Shop) -> None:
        """With the return whose goods were the last."""
        placed = await received_order(shop, shipped("mug", 2), shipped("lamp", 1))
        first = await request(placed, {"mug": 2})
        second = await request(placed, {"lamp": 1})

        # The second was promised the delivery, and comes first.
        lamp = await receive(placed, second.id, Back("lamp", 1))
        mugs = await receive(placed, first.id, Back("mug", 2))
        await settle(shop)

        assert (lamp.refund_delivery_minor, mugs.refund_delivery_minor) == (0, DELIVERY_MINOR)
        assert await refunded(placed) == 3 * UNIT_PRICE_MINOR + DELIVERY_MINOR
        assert await broken(shop) == []

    async def test_keeps_the_delivery_while_some_of_it_is_still_to_come(self, shop: Shop) -> None:
        """One parcel is back, another has not left."""
        placed = await place(shop, shipped("mug", 2))
        work, line = await placed.packed(), await placed.work_line("mug")

        async def go(uow: UnitOfWork) -> None:
            await fulfillment.ship(uow, fulfillment_order_id=work.id, lines=[LineQuantity(line.id, 1)])

        await shop.begin().run(go)
        await settle(shop)

        closed = await give_back(placed, {"mug": 1})

        assert (closed.refund_lines_minor, closed.refund_delivery_minor) == (UNIT_PRICE_MINOR, 0)
        assert await broken(shop) == []

    async def test_says_what_will_be_given_back_as_it_goes(self, shop: Shop) -> None:
        """A refused unit is taken off the summary at once."""
        placed = await received_order(shop, shipped("mug", 3))
        asked = await request(placed, {"mug": 3})

        partly = await receive(placed, asked.id, Back("mug", 1, accepted=False))

        assert asked.refund_total_minor == 3 * UNIT_PRICE_MINOR + DELIVERY_MINOR
        assert partly.refund_total_minor == 2 * UNIT_PRICE_MINOR

    async def test_refuses_more_than_is_expected(self, shop: Shop) -> None:
        """And changes nothing."""
        placed = await received_order(shop, shipped("mug", 3))
        asked = await request(placed, {"mug": 2})

        with pytest.raises(QuantityExceeded) as refused:
            await receive(placed, asked.id, Back("mug", 1), Back("mug", 2))

        assert refused.value.field == ("lines", "1", "quantity")
        assert (await current(shop, asked.id)).status is ReturnStatus.APPROVED
        assert await receipts_of(shop, asked.id) == []

    async def test_refuses_a_return_that_nobody_approved(self, shop: Shop) -> None:
        """Nor one that has ended."""
        placed = await received_order(shop, shipped("mug", 2), customer="ada")
        waiting = await request(placed, {"mug": 1}, by=shop.begin("ada"))
        closed = await give_back(placed, {"mug": 1})

        for return_id in (waiting.id, closed.id):
            with pytest.raises(IllegalTransition):
                await receive(placed, return_id, Back("mug", 1))

    async def test_is_for_who_works_there(self, shop: Shop) -> None:
        """Camden's associate receives at Camden; customer service receives nowhere."""
        placed = await received_order(shop, shipped("mug", 2))
        asked = await request(placed, {"mug": 2})

        with pytest.raises(Forbidden):
            await receive(placed, asked.id, Back("mug", 1), at="soho", by=shop.begin("associate"))
        with pytest.raises(Forbidden):
            await receive(placed, asked.id, Back("mug", 1), by=shop.begin("service"))
        received = await receive(placed, asked.id, Back("mug", 1), by=shop.begin("associate"))

        assert received.status is ReturnStatus.RECEIVED

    async def test_is_of_a_return_at_a_location_of_lines_that_there_are(self, shop: Shop) -> None:
        """Each unknown thing has its own refusal."""
        placed = await received_order(shop, shipped("mug", 1))
        asked = await request(placed, {"mug": 1})
        [line] = await lines_of(shop, asked.id)
        camden = LOCATIONS["camden"]

        async def refusal(kind: type[Exception], return_id: ReturnId, at: LocationId, *lines: CountedLine) -> object:
            async def go(uow: UnitOfWork) -> None:
                await returns.receive(uow, return_id=return_id, location_id=at, lines=lines)

            with pytest.raises(kind) as refused:
                await shop.begin("operator").run(go)
            return getattr(refused.value, "field", None)

        one = CountedLine(line.id, 1)
        assert await refusal(ReturnNotFound, ReturnId(new_id()), camden, one) == ("returnId",)
        assert await refusal(NotFound, asked.id, LocationId(new_id()), one) == ("locationId",)
        assert await refusal(Invalid, asked.id, camden) == ("lines",)


class TestRefundOfAReturn:
    """The money, when it is not there yet."""

    async def test_waits_for_money_that_was_not_captured_yet(self, shop: Shop) -> None:
        """Bought and given back in one visit, before the provider was asked: what is missing is asked for later."""
        placed = await place(shop, sold("mug", 2))

        closed = await give_back(placed, {"mug": 2})
        at_first = await placed.money()
        await settle(shop)
        requested = await shop.fetch("SELECT amount_minor FROM payment_transactions WHERE kind = 'REFUND'")
        await settle(shop)

        assert closed.status is ReturnStatus.CLOSED
        assert at_first[2] == 0
        assert [step["amount_minor"] for step in requested] == [2 * UNIT_PRICE_MINOR]
        assert await refunded(placed) == 2 * UNIT_PRICE_MINOR
        assert await broken(shop) == []


class TestAtTheSameTime:
    """Two people with the same return in their hands."""

    async def test_receives_no_unit_twice(self, shop: Shop) -> None:
        """Whoever comes second is told what is left."""
        placed = await received_order(shop, shipped("mug", 3))
        asked = await request(placed, {"mug": 3})

        outcomes = await asyncio.gather(
            *(receive(placed, asked.id, Back("mug", 2), at=at) for at in ("camden", "soho", "warehouse")),
            return_exceptions=True,
        )

        assert sum(isinstance(outcome, QuantityExceeded) for outcome in outcomes) == 2
        assert (await placed.line("mug")).returned == 2
        assert await broken(shop) == []

    async def test_promises_no_unit_twice(self, shop: Shop) -> None:
        """Ten ask for the last three units."""
        placed = await received_order(shop, shipped("mug", 3))

        outcomes = await asyncio.gather(*(request(placed, {"mug": 1}) for _ in range(8)), return_exceptions=True)

        assert sum(not isinstance(outcome, BaseException) for outcome in outcomes) == 3
        assert await broken(shop) == []

    async def test_counts_once_under_one_key(self, shop: Shop) -> None:
        """A scanner that sends twice receives once."""
        placed = await received_order(shop, shipped("mug", 3))
        asked = await request(placed, {"mug": 3})
        [line] = await lines_of(shop, asked.id)
        key = idempotency.key_for("returnReceive:test", "scan-1", {"quantity": 1})

        async def go(uow: UnitOfWork) -> bool:
            kept = await idempotency.claim(uow, key)
            if kept is not None:
                return False
            await returns.receive(
                uow, return_id=asked.id, location_id=LOCATIONS["camden"], lines=[CountedLine(line.id, 1)]
            )
            idempotency.keep(uow, key, object_id=asked.id, result={})
            return True

        done = await asyncio.gather(*(shop.begin("operator").run(go) for _ in range(4)))

        assert sorted(done) == [False, False, False, True]
        assert [receipt.quantity for receipt in await receipts_of(shop, asked.id)] == [1]
        assert await broken(shop) == []
