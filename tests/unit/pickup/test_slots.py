"""Slots of pickups, how long goods wait, and what may be done next."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.errors import Invalid
from app.kernel.ids import FulfillmentOrderId, LocationId, OrderId, PickupId, new_id
from app.locations.rules import Location, Opening
from app.locations.states import LocationKind, PickupSupply
from app.pickup import rules
from app.pickup.rules import Pickup
from app.pickup.states import PickupStatus

LONDON = "Europe/London"
#: Nine to six, from Monday to Saturday.
WEEK = [Opening(day, 540, 1080) for day in range(6)]
#: A Tuesday in winter, when London keeps UTC.
TUESDAY = datetime(2026, 11, 24, tzinfo=UTC)
SATURDAY = TUESDAY + timedelta(days=4)
HOLD_DAYS = 7


def store(*, timezone: str = LONDON) -> Location:
    return Location(
        id=LocationId(new_id()), code="camden", name="Camden", kind=LocationKind.STORE, address=None, latitude=None,
        longitude=None, timezone=timezone, pickup_enabled=True, pickup_lead_minutes=60, pickup_slot_capacity=4,
        pickup_hold_days=HOLD_DAYS, pickup_supply=PickupSupply.OWN, created_at=TUESDAY, archived_at=None,
    )  # fmt: skip


def pickup(status: PickupStatus, *, collect_by: datetime | None = None) -> Pickup:
    return Pickup(
        id=PickupId(new_id()), fulfillment_order_id=FulfillmentOrderId(new_id()), order_id=OrderId(new_id()),
        store_id=LocationId(new_id()), status=status, slot_starts_at=None, slot_ends_at=None, ready_by=None,
        ready_at=None, collect_by=collect_by, collected_at=None, code_generation=0, code_attempts=0, collected_by=None,
        spot=None, vehicle=None, created_at=TUESDAY, updated_at=TUESDAY,
    )  # fmt: skip


class TestSlotId:
    @given(st.uuids(), st.integers(0, 2**31))
    def test_names_the_store_and_the_start(self, store_id: object, minutes: int) -> None:
        starts_at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)

        assert rules.parse_slot_id(rules.slot_id(store_id, starts_at)) == (store_id, starts_at)  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        "text", ["", "psl_", "psl_zzz", "psl_" + "x" * 32, "psl_" + "é" * 32, "ord_01h", "psl_0000", "psl_" + "v" * 32]
    )
    def test_refuses_what_is_none(self, text: str) -> None:
        with pytest.raises(Invalid) as refused:
            rules.parse_slot_id(text, field=("slot",))

        assert refused.value.field == ("slot",)


class TestSlotStarts:
    def test_are_the_full_hours_of_a_day(self) -> None:
        starts = rules.slot_starts(WEEK, LONDON, start=TUESDAY, end=TUESDAY + timedelta(days=1))

        assert [start.hour for start in starts] == list(range(9, 18))

    def test_are_full_hours_of_the_local_clock(self) -> None:
        starts = rules.slot_starts(WEEK, "Asia/Kolkata", start=TUESDAY, end=TUESDAY + timedelta(days=1))

        assert {start.minute for start in starts} == {30}

    def test_leave_out_hours_that_are_not_open_throughout(self) -> None:
        half_past = [Opening(1, 570, 690)]

        starts = rules.slot_starts(half_past, LONDON, start=TUESDAY, end=TUESDAY + timedelta(days=1))

        assert [start.hour for start in starts] == [10]

    def test_are_the_same_wherever_the_window_begins(self) -> None:
        whole = rules.slot_starts(WEEK, LONDON, start=TUESDAY, end=TUESDAY + timedelta(days=1))
        afternoon = TUESDAY + timedelta(hours=13, minutes=20)

        later = rules.slot_starts(WEEK, LONDON, start=afternoon, end=TUESDAY + timedelta(days=1))

        assert later == [start for start in whole if start >= afternoon]

    def test_follow_a_clock_that_is_put_forward(self) -> None:
        day = datetime(2027, 3, 28, tzinfo=UTC)
        sunday = [Opening(6, 0, 240)]

        starts = rules.slot_starts(sunday, LONDON, start=day, end=day + timedelta(days=1))

        # From midnight to four by a clock that skips the hour from one to two.
        assert [start.hour for start in starts] == [0, 1, 2]

    def test_are_what_makes_a_slot(self) -> None:
        assert rules.is_slot(WEEK, LONDON, TUESDAY + timedelta(hours=17))
        assert not rules.is_slot(WEEK, LONDON, TUESDAY + timedelta(hours=18))
        assert not rules.is_slot(WEEK, LONDON, TUESDAY + timedelta(hours=12, minutes=1))


class TestSlotWindow:
    def test_is_a_week_from_now_when_nothing_is_asked(self) -> None:
        assert rules.slot_window(start=None, end=None, now=TUESDAY) == (TUESDAY, TUESDAY + timedelta(days=7))

    def test_never_begins_in_the_past(self) -> None:
        window = rules.slot_window(start=TUESDAY - timedelta(days=1), end=SATURDAY, now=TUESDAY)

        assert window == (TUESDAY, SATURDAY)

    @pytest.mark.parametrize("days", [-1, 32])
    def test_refuses_one_that_is_backward_or_too_long(self, days: int) -> None:
        with pytest.raises(Invalid):
            rules.slot_window(start=TUESDAY, end=TUESDAY + timedelta(days=days), now=TUESDAY)


class TestCollectBy:
    def test_is_when_the_store_closes_after_its_days_of_grace(self) -> None:
        ready = TUESDAY + timedelta(hours=15)

        assert rules.collect_by(store(), WEEK, ready_at=ready) == TUESDAY + timedelta(days=HOLD_DAYS, hours=18)

    def test_is_on_the_next_open_day(self) -> None:
        sunday = SATURDAY + timedelta(days=1, hours=12)

        assert rules.collect_by(store(), WEEK, ready_at=sunday) == sunday + timedelta(days=HOLD_DAYS + 1, hours=6)

    def test_is_the_days_of_grace_for_a_store_that_never_closes_or_never_opens(self) -> None:
        always = [Opening(day, 0, 1440) for day in range(7)]
        exactly = TUESDAY + timedelta(days=HOLD_DAYS)

        assert rules.collect_by(store(), always, ready_at=TUESDAY) == exactly
        assert rules.collect_by(store(), [], ready_at=TUESDAY) == exactly


class TestOverdue:
    @pytest.mark.parametrize(
        ("status", "overdue"),
        [
            (PickupStatus.READY, True),
            (PickupStatus.EN_ROUTE, True),
            (PickupStatus.ARRIVED, False),
            (PickupStatus.COLLECTED, False),
        ],
    )
    def test_is_who_did_not_come_in_time(self, status: PickupStatus, overdue: bool) -> None:
        assert pickup(status, collect_by=TUESDAY).is_overdue(TUESDAY) is overdue

    def test_is_at_last_who_arrived_and_left(self) -> None:
        assert pickup(PickupStatus.ARRIVED, collect_by=TUESDAY).is_overdue(TUESDAY + rules.ARRIVED_GRACE)


class TestNextSteps:
    @pytest.mark.parametrize(
        ("status", "expected"),
        [
            (PickupStatus.PREPARING, []),
            (PickupStatus.READY, ["pickupCheckIn", "pickupHandOver"]),
            (PickupStatus.EN_ROUTE, ["pickupCheckIn", "pickupHandOver"]),
            (PickupStatus.ARRIVED, ["pickupCheckIn", "pickupHandOver"]),
            (PickupStatus.COLLECTED, []),
        ],
    )
    def test_follow_from_the_state(self, status: PickupStatus, expected: list[str]) -> None:
        assert rules.next_steps(pickup(status, collect_by=SATURDAY), TUESDAY) == expected

    def test_are_none_when_it_is_too_late(self) -> None:
        assert rules.next_steps(pickup(PickupStatus.READY, collect_by=TUESDAY), SATURDAY) == []
