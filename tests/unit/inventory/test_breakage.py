"""Whose promise is broken when there are fewer units than were promised."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from app.inventory.rules import Breakage, Broken, Promised, breakage
from app.inventory.states import DemandKind, ReservationState
from app.kernel.ids import new_id

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
LEVEL = (new_id(), new_id())
OTHER = (new_id(), new_id())


def promised(
    quantity: int,
    *,
    state: ReservationState = ReservationState.FIRM,
    kind: DemandKind = DemandKind.ORDER,
    priority: int = 0,
    minute: int = 0,
    level: tuple[UUID, UUID] = LEVEL,
) -> Promised:
    """Make a promise."""
    return Promised(
        new_id(), *level, new_id(), state, quantity, kind, new_id(), priority, NOW + timedelta(minutes=minute)
    )


def held(quantity: int, *, minute: int = 0) -> Promised:
    """Make a promise that a checkout holds softly."""
    return promised(quantity, state=ReservationState.SOFT, minute=minute)


def all_of_it(promise: Promised) -> int:
    """Say that everything can still be taken back."""
    return promise.quantity


def lost(found: Breakage) -> dict[UUID, int]:
    """Say what each promise loses."""
    return {part.promise.id: part.units for part in found.broken}


promises = st.lists(
    st.builds(
        promised,
        st.integers(min_value=1, max_value=9),
        state=st.sampled_from(ReservationState),
        kind=st.sampled_from([DemandKind.ORDER, DemandKind.TRANSFER]),
        priority=st.integers(min_value=0, max_value=3),
        minute=st.integers(min_value=0, max_value=9),
        level=st.sampled_from([LEVEL, OTHER]),
    ),
    max_size=12,
)


class TestBreakage:
    def test_takes_soft_units_before_firm_ones_and_the_newest_first(self) -> None:
        old, new, order = held(3, minute=0), held(3, minute=1), promised(3, minute=9)

        found = breakage({LEVEL: 4}, [order, old, new], limit=all_of_it)

        assert lost(found) == {new.id: 3, old.id: 1}

    def test_takes_from_transfers_before_customers(self) -> None:
        order = promised(5)
        transfer = promised(2, kind=DemandKind.TRANSFER, priority=9)

        found = breakage({LEVEL: 3}, [order, transfer], limit=all_of_it)

        assert lost(found) == {transfer.id: 2, order.id: 1}

    def test_takes_from_the_lowest_priority_then_from_the_newest(self) -> None:
        dear, first, last = promised(4, priority=1, minute=9), promised(4, minute=0), promised(4, minute=1)

        found = breakage({LEVEL: 6}, [dear, first, last], limit=all_of_it)

        assert lost(found) == {last.id: 4, first.id: 2}

    def test_takes_no_more_than_can_be_taken_back(self) -> None:
        packed, open_ = promised(4, minute=1), promised(4, minute=0)

        found = breakage(
            {LEVEL: 6}, [packed, open_], limit=lambda promise: 1 if promise is packed else promise.quantity
        )

        assert lost(found) == {packed.id: 1, open_.id: 4}
        assert found.missing == {LEVEL: 1}

    def test_takes_firm_units_that_were_chosen_before_others(self) -> None:
        chosen, newer, soft = promised(4, minute=0), promised(4, minute=1), held(1)

        found = breakage({LEVEL: 4}, [chosen, newer, soft], limit=all_of_it, first=[Broken(chosen, 3)])

        assert lost(found) == {soft.id: 1, chosen.id: 3}

    @given(promises=promises, short=st.integers(min_value=-3, max_value=60))
    def test_adds_up_to_what_is_short(self, promises: list[Promised], short: int) -> None:
        """Law: what is taken and what is missing are the shortfall; nobody loses more than they have."""
        found = breakage({LEVEL: short}, promises, limit=all_of_it)

        taken = sum(part.units for part in found.broken)
        assert taken + found.missing.get(LEVEL, 0) == max(0, short)
        assert all(0 < part.units <= part.promise.quantity for part in found.broken)
        assert all(part.promise.level == LEVEL for part in found.broken)
        assert not found.missing or taken == sum(p.quantity for p in promises if p.level == LEVEL)

    @given(promises=promises, short=st.integers(min_value=1, max_value=40))
    def test_breaks_no_customers_promise_while_a_weaker_one_stands(self, promises: list[Promised], short: int) -> None:
        """Law: who loses anything is stronger than nobody who keeps anything."""
        found = lost(breakage({LEVEL: short}, promises, limit=all_of_it))

        keeps = [p for p in promises if p.level == LEVEL and found.get(p.id, 0) < p.quantity]
        loses = [p for p in promises if p.id in found]
        for loser in loses:
            assert all(_strength(keeper) >= _strength(loser) for keeper in keeps)


def _strength(promise: Promised) -> tuple[int, int]:
    if promise.state is ReservationState.SOFT:
        return 0, 0
    return (1 if promise.demand_kind is DemandKind.TRANSFER else 2), promise.priority
