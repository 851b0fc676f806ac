"""A pickup, from its slot to the hand-over."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from app.fulfillment.errors import WrongDeliveryMethod
from app.fulfillment.rules import LineQuantity
from app.fulfillment.states import FulfillmentOrderStatus, RejectionReason
from app.kernel.actor import ANONYMOUS
from app.kernel.db import UnitOfWork
from app.kernel.errors import Forbidden, IllegalTransition, RateLimited
from app.kernel.ids import PickupId, new_id
from app.orders.states import FulfillmentStatus, OrderStatus
from app.pickup import queries
from app.pickup import service as pickups
from app.pickup.errors import CollectedTooLate, PickupCodeWrong, PickupNotFound, SlotFull
from app.pickup.rules import MOST_ATTEMPTS, MOST_STORE_FAILURES, Pickup
from app.pickup.states import PickupStatus
from tests.builders.clock import OPENING, StoppedClock
from tests.builders.placed import UNIT_PRICE_MINOR, Placed, broken_rules, collected, place, shipped
from tests.builders.shop import Shop

pytestmark = pytest.mark.anyio

AFTERNOON = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)


async def hand_over(
    shop: Shop, pickup_id: PickupId, code: str, *, by: str = "associate", to: str | None = None
) -> Pickup | PickupCodeWrong:
    async def go(uow: UnitOfWork) -> Pickup | PickupCodeWrong:
        return await pickups.hand_over(uow, pickup_id=pickup_id, code=code, collected_by=to)

    return await shop.begin(by).run(go)


async def wrong_code(order: Placed) -> str:
    return str((int(await order.code()) + 1) % 1_000_000).zfill(6)


class TestOpen:
    async def test_is_ready_by_when_the_store_can(self, shop: Shop) -> None:
        order = await place(shop, collected("mug", 1))

        found = await order.pickup()

        assert found.status is PickupStatus.PREPARING
        assert found.ready_by == OPENING + timedelta(hours=2)
        assert (await order.work(at="camden")).due_at == found.ready_by
        assert await broken_rules(shop) == []

    async def test_with_a_slot_is_due_when_it_starts(self, shop: Shop) -> None:
        order = await place(shop, collected("mug", 1), slots={"camden": AFTERNOON})

        found = await order.pickup()

        assert (found.slot_starts_at, found.slot_ends_at) == (AFTERNOON, AFTERNOON + timedelta(hours=1))
        assert found.ready_by == AFTERNOON


class TestSlots:
    async def test_are_full_hours_in_which_goods_can_be_ready(self, shop: Shop) -> None:
        camden = shop.locations["camden"]

        async with shop.database.read() as session:
            found = await queries.list_slots(
                session, store_ids=[camden], start=OPENING, end=OPENING + timedelta(days=1), now=OPENING
            )

        starts = [slot.starts_at for slot in found[camden]]
        # Ready at twelve, open until six, and again from nine on.
        assert starts[0] == OPENING + timedelta(hours=2)
        assert [start.hour for start in starts] == [12, 13, 14, 15, 16, 17, 9]
        assert {slot.remaining for slot in found[camden]} == {2}

    async def test_are_none_where_nothing_is_handed_out(self, shop: Shop) -> None:
        leeds = shop.locations["leeds"]

        async with shop.database.read() as session:
            found = await queries.list_slots(
                session, store_ids=[leeds], start=OPENING, end=OPENING + timedelta(days=1), now=OPENING
            )

        assert found == {leeds: []}

    async def test_have_so_many_places(self, shop: Shop) -> None:
        await place(shop, collected("mug", 1), slots={"camden": AFTERNOON})
        await place(shop, collected("mug", 1), slots={"camden": AFTERNOON})

        with pytest.raises(SlotFull):
            await place(shop, collected("mug", 1), slots={"camden": AFTERNOON})

        async with shop.database.read() as session:
            (slot,) = await queries.list_slots_by_start(session, slots=[(shop.locations["camden"], AFTERNOON)])
        assert slot.remaining == 0

    async def test_never_have_more_takers_than_places(self, shop: Shop) -> None:
        async def take() -> bool:
            try:
                await place(shop, collected("tee-s", 1), slots={"camden": AFTERNOON})
            except SlotFull:
                return False
            return True

        taken = await asyncio.gather(*(take() for _ in range(4)))

        assert sum(taken) == 2
        assert await broken_rules(shop) == []

    @pytest.mark.parametrize(
        "starts_at",
        [OPENING - timedelta(hours=2), AFTERNOON + timedelta(minutes=30), AFTERNOON + timedelta(hours=9)],
        ids=["is over", "is no full hour", "is after closing"],
    )
    async def test_that_are_not_offered_are_refused(self, shop: Shop, starts_at: datetime) -> None:
        with pytest.raises(SlotFull):
            await place(shop, collected("mug", 1), slots={"camden": starts_at})

    async def test_get_their_place_back_when_a_pickup_ends(self, shop: Shop) -> None:
        order = await place(shop, collected("mug", 1), slots={"camden": AFTERNOON})
        work = await order.work(at="camden")

        await shop.begin("associate").run(
            lambda uow: pickups.reject_work(uow, fulfillment_order_id=work.id, reason=RejectionReason.OTHER)
        )

        async with shop.database.read() as session:
            (slot,) = await queries.list_slots_by_start(session, slots=[(shop.locations["camden"], AFTERNOON)])
        assert slot.remaining == 2
        assert await broken_rules(shop) == []

    async def test_taken_for_nothing_can_be_given_back(self, shop: Shop) -> None:
        slots: dict[object, datetime | None] = {shop.locations["camden"]: AFTERNOON}
        await shop.begin().run(lambda uow: pickups.take_places(uow, slots=slots))  # type: ignore[arg-type]

        await shop.begin().run(lambda uow: pickups.give_back_places(uow, slots=slots))  # type: ignore[arg-type]

        async with shop.database.read() as session:
            (slot,) = await queries.list_slots_by_start(session, slots=[(shop.locations["camden"], AFTERNOON)])
        assert slot.remaining == 2


class TestMakeReady:
    async def test_tells_until_when_it_waits(self, shop: Shop) -> None:
        order = await place(shop, collected("mug", 1))

        await order.ready()

        found = await order.pickup()
        assert found.status is PickupStatus.READY
        # Seven days of grace, then until the store closes.
        assert found.collect_by == datetime(2026, 12, 1, 18, 0, tzinfo=UTC)
        assert (await order.work(at="camden")).status is FulfillmentOrderStatus.READY
        assert "PickupReady" in await order.events()
        assert await broken_rules(shop) == []

    async def test_of_a_shipment_is_refused(self, shop: Shop) -> None:
        work = await (await place(shop, shipped("mug", 1))).packed()

        with pytest.raises(WrongDeliveryMethod):
            await shop.begin("picker").run(lambda uow: pickups.make_ready(uow, fulfillment_order_id=work.id))

    async def test_before_it_is_packed_is_refused(self, shop: Shop) -> None:
        work = await (await place(shop, collected("mug", 1))).work(at="camden")

        with pytest.raises(IllegalTransition):
            await shop.begin("associate").run(lambda uow: pickups.make_ready(uow, fulfillment_order_id=work.id))

    async def test_never_gives_two_pickups_of_a_store_the_same_code(self, shop: Shop) -> None:
        first = await place(shop, collected("mug", 1))
        await first.ready()
        second = await place(shop, collected("mug", 1))
        # The first pickup's hash is made the one that the second would get.
        (pickup,) = await shop.fetch("SELECT id FROM pickups WHERE order_id = $1", second.id)
        keys = shop.database.keys
        taken = keys.keyed_hash("pickup", keys.code("pickup", pickup[0]))

        async def collide(uow: UnitOfWork) -> None:
            await uow.execute("UPDATE pickups SET code_hash = $1 WHERE order_id = $2", [taken, first.id])

        await shop.begin().run(collide)

        await second.ready()

        assert (await second.pickup()).code_generation == 1


class TestCheckIn:
    async def test_by_its_customer_tells_where_they_are(self, shop: Shop) -> None:
        order = await place(shop, collected("mug", 1), customer="ada")
        pickup_id = await order.ready()
        begin = shop.begin("ada")

        coming = await begin.run(
            lambda uow: pickups.check_in(uow, pickup_id=pickup_id, arrived=False, vehicle="a red van")
        )
        there = await begin.run(lambda uow: pickups.check_in(uow, pickup_id=pickup_id, arrived=True, spot="bay 3"))

        assert coming.status is PickupStatus.EN_ROUTE
        assert (there.status, there.spot, there.vehicle) == (PickupStatus.ARRIVED, "bay 3", "a red van")
        assert await broken_rules(shop) == []

    async def test_by_a_guest_needs_the_orders_token(self, shop: Shop) -> None:
        order = await place(shop, collected("mug", 1))
        pickup_id = await order.ready()
        guest = shop.database.begin(ANONYMOUS)

        with pytest.raises(PickupNotFound):
            await guest.run(lambda uow: pickups.check_in(uow, pickup_id=pickup_id, arrived=True, token="k.forged"))
        found = await guest.run(lambda uow: pickups.check_in(uow, pickup_id=pickup_id, arrived=True, token=order.token))

        assert found.status is PickupStatus.ARRIVED

    async def test_of_another_customers_pickup_is_not_found(self, shop: Shop) -> None:
        pickup_id = await (await place(shop, collected("mug", 1), customer="ada")).ready()

        with pytest.raises(PickupNotFound):
            await shop.begin("bob").run(lambda uow: pickups.check_in(uow, pickup_id=pickup_id, arrived=True))

    async def test_before_it_is_ready_is_refused(self, shop: Shop) -> None:
        found = await (await place(shop, collected("mug", 1), customer="ada")).pickup()

        with pytest.raises(IllegalTransition):
            await shop.begin("ada").run(lambda uow: pickups.check_in(uow, pickup_id=found.id, arrived=True))


class TestHandOver:
    async def test_gives_the_goods_and_asks_for_their_money(self, shop: Shop) -> None:
        order = await place(shop, collected("mug", 2))
        pickup_id = await order.ready()

        collected_ = await hand_over(shop, pickup_id, await order.code(), to="a neighbour")

        assert isinstance(collected_, Pickup)
        assert (collected_.status, collected_.collected_by) == (PickupStatus.COLLECTED, "a neighbour")
        assert (await order.work(at="camden")).status is FulfillmentOrderStatus.FULFILLED
        assert (await order.order()).fulfillment_status is FulfillmentStatus.FULFILLED
        assert await shop.on_hand("mug", "camden") == shop.opening_stock("mug", "camden") - 2
        assert await order.money() == (2 * UNIT_PRICE_MINOR, 0, 0)
        assert await broken_rules(shop) == []

    async def test_to_a_wrong_code_is_refused_and_counted(self, shop: Shop) -> None:
        order = await place(shop, collected("mug", 1))
        pickup_id = await order.ready()

        refused = await hand_over(shop, pickup_id, await wrong_code(order))

        assert isinstance(refused, PickupCodeWrong)
        assert (await order.pickup()).code_attempts == 1
        assert await shop.on_hand("mug", "camden") == shop.opening_stock("mug", "camden")

    async def test_after_five_wrong_codes_needs_a_new_one(self, shop: Shop) -> None:
        order = await place(shop, collected("mug", 1))
        pickup_id = await order.ready()
        old = await order.code()
        wrong = await wrong_code(order)

        refusals = [await hand_over(shop, pickup_id, wrong) for _ in range(MOST_ATTEMPTS)]
        with_the_old = await hand_over(shop, pickup_id, old)
        with_the_new = await hand_over(shop, pickup_id, await order.code())

        assert "a new code was issued" in str(refusals[-1])
        assert "PickupCodeReissued" in await order.events()
        assert isinstance(with_the_old, PickupCodeWrong)
        assert isinstance(with_the_new, Pickup)
        assert await broken_rules(shop) == []

    async def test_after_twenty_wrong_codes_at_a_store_has_to_wait(self, shop: Shop, clock: StoppedClock) -> None:
        order = await place(shop, collected("mug", 1))
        pickup_id = await order.ready()
        for _ in range(MOST_STORE_FAILURES):
            assert isinstance(await hand_over(shop, pickup_id, await wrong_code(order)), PickupCodeWrong)

        with pytest.raises(RateLimited):
            await hand_over(shop, pickup_id, await order.code())
        clock.advance(minutes=16)
        collected_ = await hand_over(shop, pickup_id, await order.code())

        assert isinstance(collected_, Pickup)

    async def test_counts_guesses_made_at_once_one_by_one(self, shop: Shop) -> None:
        order = await place(shop, collected("mug", 1))
        pickup_id = await order.ready()
        wrong = await wrong_code(order)

        await asyncio.gather(*(hand_over(shop, pickup_id, wrong) for _ in range(MOST_ATTEMPTS - 1)))

        assert (await order.pickup()).code_attempts == MOST_ATTEMPTS - 1

    async def test_happens_once(self, shop: Shop) -> None:
        order = await place(shop, collected("mug", 1))
        pickup_id = await order.ready()
        await hand_over(shop, pickup_id, await order.code())

        with pytest.raises(IllegalTransition):
            await hand_over(shop, pickup_id, await order.code())

    async def test_at_another_store_is_not_found(self, shop: Shop) -> None:
        order = await place(shop, collected("mug", 1))
        pickup_id = await order.ready()

        with pytest.raises(PickupNotFound):
            await hand_over(shop, pickup_id, await order.code(), by="other_associate")

    async def test_needs_the_permission(self, shop: Shop) -> None:
        order = await place(shop, collected("mug", 1), customer="ada")
        pickup_id = await order.ready()

        with pytest.raises(Forbidden):
            await hand_over(shop, pickup_id, await order.code(), by="ada")

    async def test_of_an_unknown_pickup_is_not_found(self, shop: Shop) -> None:
        with pytest.raises(PickupNotFound):
            await hand_over(shop, PickupId(new_id()), "000000")

    async def test_too_late_is_refused(self, shop: Shop, clock: StoppedClock) -> None:
        order = await place(shop, collected("mug", 1))
        pickup_id = await order.ready()
        clock.advance(days=8)

        with pytest.raises(CollectedTooLate):
            await hand_over(shop, pickup_id, await order.code())


class TestExpire:
    async def test_frees_the_goods_and_lets_the_money_go(self, shop: Shop, clock: StoppedClock) -> None:
        order = await place(shop, collected("mug", 2))
        await order.ready()
        clock.advance(days=8)

        expired = await pickups.expire_due(shop.begin())

        assert expired == 1
        assert (await order.pickup()).status is PickupStatus.EXPIRED
        assert (await order.work(at="camden")).status is FulfillmentOrderStatus.CANCELLED
        assert (await order.order()).status is OrderStatus.CANCELLED
        assert await shop.available("mug", "camden") == shop.opening_stock("mug", "camden")
        assert await order.money() == (0, 2 * UNIT_PRICE_MINOR, 0)
        assert await broken_rules(shop) == []

    async def test_leaves_what_waits_for_another_reason_alone(self, shop: Shop, clock: StoppedClock) -> None:
        order = await place(shop, collected("mug", 3))
        work, line = await order.work(at="camden"), await order.work_line("mug", at="camden")
        begin = shop.begin("associate")
        await begin.run(
            lambda uow: pickups.reject_work(
                uow,
                fulfillment_order_id=work.id,
                reason=RejectionReason.DAMAGED,
                lines=[LineQuantity(line.id, 1)],
            )
        )
        await order.ready()
        clock.advance(days=8)

        await pickups.expire_due(shop.begin())

        found = await order.line("mug")
        assert (found.unallocated, found.cancelled, found.allocated) == (1, 2, 0)
        assert await broken_rules(shop) == []

    async def test_waits_for_whoever_has_arrived(self, shop: Shop, clock: StoppedClock) -> None:
        order = await place(shop, collected("mug", 1), customer="ada")
        pickup_id = await order.ready()
        await shop.begin("ada").run(lambda uow: pickups.check_in(uow, pickup_id=pickup_id, arrived=True))
        clock.advance(days=8)

        expired = await pickups.expire_due(shop.begin())
        collected_ = await hand_over(shop, pickup_id, await order.code())

        assert expired == 0
        assert isinstance(collected_, Pickup)

    async def test_does_not_wait_for_them_for_ever(self, shop: Shop, clock: StoppedClock) -> None:
        order = await place(shop, collected("mug", 1), customer="ada")
        pickup_id = await order.ready()
        await shop.begin("ada").run(lambda uow: pickups.check_in(uow, pickup_id=pickup_id, arrived=True))
        clock.advance(days=9)

        assert await pickups.expire_due(shop.begin()) == 1
        assert await broken_rules(shop) == []

    async def test_is_not_done_before_its_time(self, shop: Shop) -> None:
        await (await place(shop, collected("mug", 1))).ready()

        assert await pickups.expire_due(shop.begin()) == 0

    async def test_refuses_the_hand_over_afterwards(self, shop: Shop, clock: StoppedClock) -> None:
        order = await place(shop, collected("mug", 1))
        pickup_id = await order.ready()
        clock.advance(days=8)
        await pickups.expire_due(shop.begin())

        with pytest.raises(CollectedTooLate):
            await hand_over(shop, pickup_id, await order.code())
