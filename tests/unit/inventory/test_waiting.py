"""Who is served first, who is let down first, and where a purchase order stands."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.inventory.rules import Supply, Waiting
from app.inventory.rules.purchase_orders import action_after
from app.inventory.rules.supply import Part, broken, let_go, served, without
from app.inventory.states import DemandKind, ReservationState, SupplyKind
from tests.builders.clock import OPENING

SUPPLY = UUID(int=1)


def promise(
    number: int, units: int = 1, *, priority: int = 0, minutes: int = 0, soft: bool = False, day: int | None = None
) -> Waiting:
    return Waiting(
        id=UUID(int=number),
        supply_id=SUPPLY,
        variant_id=UUID(int=2),
        location_id=UUID(int=3),
        state=ReservationState.SOFT if soft else ReservationState.FIRM,
        quantity=units,
        demand_kind=DemandKind.ORDER,
        demand_id=UUID(int=100 + number),
        line_id=UUID(int=200 + number),
        priority=priority,
        created_at=OPENING + timedelta(minutes=minutes),
        expected_at=None if day is None else OPENING + timedelta(days=day),
    )


def taken(parts: list[Part]) -> list[tuple[int, int]]:
    return [(part.waiting.id.int, part.quantity) for part in parts]


class TestServed:
    def test_are_those_of_higher_priority_then_those_who_wait_longer(self) -> None:
        waiting = [promise(1, 2, minutes=5), promise(2, 2, minutes=1), promise(3, 2, priority=1, minutes=9)]

        assert taken(served(waiting, 5)) == [(3, 2), (2, 2), (1, 1)]

    def test_are_none_when_nothing_came(self) -> None:
        assert served([promise(1)], 0) == served([promise(1)], -3) == []


class TestBroken:
    def test_are_holds_then_lower_priority_then_whoever_came_last(self) -> None:
        waiting = [
            promise(1, minutes=1),
            promise(2, minutes=2),
            promise(3, minutes=0, soft=True, priority=9),
            promise(4, minutes=9, priority=5),
        ]

        assert taken(broken(waiting, 4)) == [(3, 1), (2, 1), (1, 1), (4, 1)]
        assert taken(broken(waiting, 2)) == [(3, 1), (2, 1)]


class TestLetGo:
    def test_are_those_that_would_be_kept_last(self) -> None:
        waiting = [promise(1, day=1), promise(2), promise(3, day=9)]

        assert taken(let_go(waiting, 3)) == [(2, 1), (3, 1), (1, 1)]


class TestServing:
    @given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 2), st.booleans()), max_size=6), st.integers(0, 12))
    def test_gives_out_what_came_and_the_rest_waits(self, who: list[tuple[int, int, bool]], units: int) -> None:
        waiting = [promise(i, n, priority=priority, soft=soft) for i, (n, priority, soft) in enumerate(who)]

        given_out = served(waiting, units)

        wanted = sum(one.quantity for one in waiting)
        assert sum(part.quantity for part in given_out) == min(units, wanted)
        assert sum(one.quantity for one in without(waiting, given_out)) == max(0, wanted - units)


def line(expected: int, received: int = 0, lost: int = 0) -> Supply:
    return Supply(
        id=SUPPLY,
        variant_id=UUID(int=2),
        location_id=UUID(int=3),
        kind=SupplyKind.PURCHASE_ORDER,
        purchase_order_id=UUID(int=4),
        transfer_id=None,
        expected=expected,
        received=received,
        lost=lost,
        reserved=0,
        sold_ahead=expected,
        expected_at=OPENING,
        created_at=OPENING,
        updated_at=OPENING,
        closed_at=None,
    )


class TestSupply:
    def test_leaves_what_is_neither_promised_nor_beyond_its_limit(self) -> None:
        assert replace(line(10, received=4), reserved=2).left == 4
        assert replace(line(10), sold_ahead=3, reserved=2).left == 1
        assert replace(line(10), closed_at=OPENING).left == 0
        assert replace(line(2, received=5), sold_ahead=2).left == 0

    def test_is_late_once_its_date_is_over_and_something_is_missing(self) -> None:
        after = OPENING + timedelta(seconds=1)

        assert line(2).is_late(after)
        assert not line(2).is_late(OPENING)
        assert not line(2, received=2).is_late(after)
        assert not replace(line(2), expected_at=None).is_late(after)


class TestActionAfter:
    @pytest.mark.parametrize(
        ("lines", "action"),
        [
            ([line(2), line(3)], None),
            ([line(2, received=1), line(3)], "receivePart"),
            ([line(2, received=2), line(3, received=4)], "receiveAll"),
            ([line(2, received=1, lost=1)], "close"),
            ([line(2, lost=2)], "cancel"),
            ([line(0)], "cancel"),
        ],
    )
    def test_follows_from_what_came_of_the_lines(self, lines: list[Supply], action: str | None) -> None:
        assert action_after(lines) == action
