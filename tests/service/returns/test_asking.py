"""Asking for a return: who may, what it says, and how it is decided on."""

import pytest

from app.kernel.actor import ANONYMOUS
from app.kernel.db import UnitOfWork
from app.kernel.errors import Forbidden, IllegalTransition, Invalid, NotFound, QuantityExceeded, Unauthenticated
from app.kernel.ids import ReturnId, new_id
from app.returns import service as returns
from app.returns.errors import ReturnNotAllowed, ReturnNotFound
from app.returns.rules import Refund, Return
from app.returns.states import RefundMethod, ReturnStatus
from tests.builders.clock import StoppedClock
from tests.builders.placed import DELIVERY_MINOR, UNIT_PRICE_MINOR, collected, place, shipped
from tests.builders.returned import (
    broken,
    current,
    give_back,
    history,
    preview,
    received_order,
    request,
    ship,
    sold,
    timeline_kinds,
)
from tests.builders.shop import Shop

pytestmark = pytest.mark.anyio

WINDOW_DAYS = 30


class TestReturnPreview:
    """Being told what a return would give back."""

    async def test_is_what_the_request_says(self, shop: Shop) -> None:
        """One function answers both."""
        placed = await received_order(shop, shipped("mug", 2))

        told = await preview(placed, {"mug": 2})
        asked = await request(placed, {"mug": 2})

        assert told.refund == Refund(lines_minor=2 * UNIT_PRICE_MINOR, tax_minor=0, delivery_minor=DELIVERY_MINOR)
        assert asked.refund_total_minor == told.refund.total_minor

    async def test_keeps_nothing(self, shop: Shop) -> None:
        """No row of any table, and no event."""
        placed = await received_order(shop, shipped("mug", 2))
        before = await placed.events()

        await preview(placed, {"mug": 1})

        assert await shop.fetch("SELECT id FROM returns") == []
        assert await placed.events() == before

    async def test_refuses_what_the_request_would(self, shop: Shop) -> None:
        """Better now than later."""
        placed = await received_order(shop, shipped("mug", 2))

        with pytest.raises(QuantityExceeded):
            await preview(placed, {"mug": 3})
        with pytest.raises(ReturnNotAllowed, match="store credit"):
            await preview(placed, {"mug": 1}, method=RefundMethod.STORE_CREDIT)


class TestReturnRequest:
    """Asking for goods to be taken back."""

    async def test_waits_for_a_decision_when_the_customer_asks(self, shop: Shop) -> None:
        """Theirs is the order, so theirs is the asking."""
        placed = await received_order(shop, shipped("mug", 2), customer="ada")

        asked = await request(placed, {"mug": 1}, by=shop.begin("ada"))

        assert asked.status is ReturnStatus.REQUESTED
        assert asked.number.startswith("R")
        assert await history(shop, asked.id) == [(None, "returnRequest", "REQUESTED")]
        assert "ReturnRequested" in await placed.events()
        assert "RETURN_REQUESTED" in await timeline_kinds(placed)
        assert await broken(shop) == []

    async def test_is_open_to_a_guest_with_the_token(self, shop: Shop) -> None:
        """And closed to one without."""
        placed = await received_order(shop, shipped("mug", 2))
        guest = shop.database.begin(ANONYMOUS)

        with pytest.raises(NotFound) as refused:
            await request(placed, {"mug": 1}, by=guest)
        asked = await request(placed, {"mug": 1}, by=guest, token=placed.token)

        assert refused.value.field == ("orderId",)
        assert asked.status is ReturnStatus.REQUESTED

    async def test_is_closed_to_another_customer(self, shop: Shop) -> None:
        """An order that they may not see does not exist for them."""
        placed = await received_order(shop, shipped("mug", 2), customer="ada")

        with pytest.raises(NotFound):
            await request(placed, {"mug": 1}, by=shop.begin("bob"))

    async def test_is_closed_to_staff_who_only_read_orders(self, shop: Shop) -> None:
        """They see the order, so they are told what they lack."""
        placed = await received_order(shop, shipped("mug", 2))

        with pytest.raises(Forbidden, match="returns:request"):
            await request(placed, {"mug": 1}, by=shop.begin("integration"))

    @pytest.mark.parametrize("name", ["associate", "manager", "service"])
    async def test_is_approved_at_once_when_staff_ask(self, shop: Shop, name: str) -> None:
        """An in-store return is one visit; both steps are in the history."""
        placed = await received_order(shop, sold("mug", 2))

        asked = await request(placed, {"mug": 1}, by=shop.begin(name))

        assert asked.status is ReturnStatus.APPROVED
        assert await history(shop, asked.id) == [
            (None, "returnRequest", "REQUESTED"),
            ("REQUESTED", "returnApprove", "APPROVED"),
        ]
        assert await current(shop, asked.id) == asked

    async def test_refuses_goods_that_have_not_left(self, shop: Shop) -> None:
        """They can be cancelled."""
        placed = await place(shop, shipped("mug", 2))

        with pytest.raises(ReturnNotAllowed) as refused:
            await request(placed, {"mug": 1})

        assert refused.value.field == ("lines", "0", "orderLineId")

    async def test_refuses_goods_that_wait_at_the_counter(self, shop: Shop) -> None:
        """Nobody has them yet."""
        placed = await place(shop, collected("mug", 1))
        await placed.ready()

        with pytest.raises(ReturnNotAllowed):
            await request(placed, {"mug": 1})

    async def test_refuses_units_that_another_return_expects(self, shop: Shop) -> None:
        """Each can come back once."""
        placed = await received_order(shop, shipped("mug", 3))
        await request(placed, {"mug": 2})

        with pytest.raises(QuantityExceeded) as refused:
            await request(placed, {"mug": 2})
        await request(placed, {"mug": 1})

        assert refused.value.field == ("lines", "0", "quantity")

    async def test_takes_units_again_whose_return_was_declined(self, shop: Shop) -> None:
        """Nothing expects them any more."""
        placed = await received_order(shop, shipped("mug", 1), customer="ada")
        asked = await request(placed, {"mug": 1}, by=shop.begin("ada"))
        await decline(shop, asked.id)

        again = await request(placed, {"mug": 1}, by=shop.begin("ada"))

        assert again.status is ReturnStatus.REQUESTED

    async def test_refuses_units_that_came_back(self, shop: Shop) -> None:
        """Once is enough."""
        placed = await received_order(shop, shipped("mug", 1))
        await give_back(placed, {"mug": 1})

        with pytest.raises(ReturnNotAllowed):
            await request(placed, {"mug": 1})

    async def test_is_in_time_until_the_window_closes(self, shop: Shop, clock: StoppedClock) -> None:
        """Thirty days from the last parcel, whose goods count for all of the order."""
        placed = await place(shop, shipped("mug", 2), shipped("lamp", 1, at="soho"))
        await ship(placed, at="warehouse")
        clock.advance(days=10)
        await ship(placed, at="soho")

        clock.advance(days=WINDOW_DAYS - 1)
        asked = await request(placed, {"mug": 1})
        clock.advance(days=1)
        with pytest.raises(ReturnNotAllowed) as refused:
            await request(placed, {"mug": 1})

        assert asked.status is ReturnStatus.APPROVED
        assert refused.value.field == ("orderId",)

    async def test_counts_the_window_of_a_carry_out_from_the_sale(self, shop: Shop, clock: StoppedClock) -> None:
        """No parcel, no pickup: the customer left with the goods."""
        placed = await received_order(shop, sold("mug", 1))
        clock.advance(days=WINDOW_DAYS)

        with pytest.raises(ReturnNotAllowed):
            await request(placed, {"mug": 1})

    async def test_promises_the_delivery_to_the_return_that_completes_it(self, shop: Shop) -> None:
        """Two returns under way are not both promised it."""
        placed = await received_order(shop, shipped("mug", 2))

        first, second = await request(placed, {"mug": 1}), await request(placed, {"mug": 1})

        assert (first.refund_delivery_minor, second.refund_delivery_minor) == (0, DELIVERY_MINOR)


class TestDecision:
    """Approving and declining."""

    async def test_lets_the_goods_come_back(self, shop: Shop) -> None:
        """Told to the timeline and to whoever listens."""
        placed = await received_order(shop, shipped("mug", 1), customer="ada")
        asked = await request(placed, {"mug": 1}, by=shop.begin("ada"))

        approved = await approve(shop, asked.id)

        assert approved.status is ReturnStatus.APPROVED
        assert "ReturnApproved" in await placed.events()
        assert await broken(shop) == []

    async def test_may_be_no_with_its_reason(self, shop: Shop) -> None:
        """Nothing will be given back; the reason is the customer's, not the timeline's."""
        placed = await received_order(shop, shipped("mug", 1), customer="ada")
        asked = await request(placed, {"mug": 1}, by=shop.begin("ada"))

        declined = await decline(shop, asked.id, reason="  worn   for a year ")

        assert declined == await current(shop, asked.id)
        assert (declined.status, declined.decline_reason) == (ReturnStatus.DECLINED, "worn for a year")
        assert declined.refund_total_minor == 0
        assert all("worn" not in message for message in await placed.timeline())
        assert await broken(shop) == []

    async def test_needs_a_reason_to_be_no(self, shop: Shop) -> None:
        """Blank is none."""
        placed = await received_order(shop, shipped("mug", 1), customer="ada")
        asked = await request(placed, {"mug": 1}, by=shop.begin("ada"))

        with pytest.raises(Invalid) as refused:
            await decline(shop, asked.id, reason="  ")

        assert refused.value.field == ("reason",)

    async def test_is_made_once(self, shop: Shop) -> None:
        """Approved is approved."""
        placed = await received_order(shop, shipped("mug", 1))
        asked = await request(placed, {"mug": 1})

        with pytest.raises(IllegalTransition):
            await approve(shop, asked.id)
        with pytest.raises(IllegalTransition):
            await decline(shop, asked.id)

    async def test_is_not_the_customers(self, shop: Shop) -> None:
        """Nor an associate's."""
        placed = await received_order(shop, shipped("mug", 1), customer="ada")
        asked = await request(placed, {"mug": 1}, by=shop.begin("ada"))

        for name in ("ada", "associate"):
            with pytest.raises(Forbidden):
                await approve(shop, asked.id, by=name)
            with pytest.raises(Forbidden):
                await decline(shop, asked.id, by=name)
        with pytest.raises(Unauthenticated):
            await shop.database.begin(ANONYMOUS).run(lambda uow: returns.approve(uow, return_id=asked.id))

    async def test_is_about_a_return_that_there_is(self, shop: Shop) -> None:
        """An unknown one is not found."""
        with pytest.raises(ReturnNotFound):
            await approve(shop, ReturnId(new_id()))


async def approve(shop: Shop, return_id: ReturnId, *, by: str = "service") -> Return:
    async def go(uow: UnitOfWork) -> Return:
        return await returns.approve(uow, return_id=return_id)

    return await shop.begin(by).run(go)


async def decline(shop: Shop, return_id: ReturnId, *, reason: str = "worn", by: str = "service") -> Return:
    async def go(uow: UnitOfWork) -> Return:
        return await returns.decline(uow, return_id=return_id, reason=reason)

    return await shop.begin(by).run(go)
