"""The rule of what waits: from whatever comes first, each line from one supply if possible."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from app.inventory.rules import Ahead, Sellable
from app.inventory.states import SupplyKind
from app.sourcing.rules import AheadPlan, Demand, Part, Wish, plan_ahead, still_wanted

MUG, TEE = UUID(int=1), UUID(int=2)
FIRST, SECOND = UUID(int=11), UUID(int=12)
WAREHOUSE, CAMDEN = UUID(int=21), UUID(int=22)
MONDAY = datetime(2026, 11, 30, tzinfo=UTC)


def supply(number: int, left: int, *, day: int | None = 0, variant: UUID = MUG, at: UUID = WAREHOUSE) -> Sellable:
    return Sellable(
        supply_id=UUID(int=100 + number),
        variant_id=variant,
        location_id=at,
        kind=SupplyKind.BACKORDER if day is None else SupplyKind.PURCHASE_ORDER,
        expected_at=None if day is None else MONDAY + timedelta(days=day),
        left=left,
        ships=at == WAREHOUSE,
        hands_out=at == CAMDEN,
    )


def taken(made: AheadPlan) -> list[tuple[UUID, int, int]]:
    return [(part.line_id, part.supply_id.int - 100, part.quantity) for part in made.parts]


class TestPlanAhead:
    def test_takes_what_comes_first(self) -> None:
        made = plan_ahead([Wish(FIRST, MUG, 2)], [supply(3, 9, day=None), supply(2, 9, day=5), supply(1, 9, day=1)])

        assert taken(made) == [(FIRST, 1, 2)]
        assert made.unfilled == {}

    def test_takes_a_line_from_one_supply_where_a_later_one_has_all_of_it(self) -> None:
        made = plan_ahead([Wish(FIRST, MUG, 3)], [supply(1, 2, day=1), supply(2, 3, day=2)])

        assert taken(made) == [(FIRST, 2, 3)]

    def test_splits_a_line_that_none_has_whole_the_earliest_first(self) -> None:
        made = plan_ahead([Wish(FIRST, MUG, 5)], [supply(2, 3, day=2), supply(1, 2, day=1)])

        assert taken(made) == [(FIRST, 1, 2), (FIRST, 2, 3)]

    def test_says_what_nothing_can_bring(self) -> None:
        made = plan_ahead([Wish(FIRST, MUG, 5), Wish(SECOND, TEE, 1)], [supply(1, 2)])

        assert taken(made) == [(FIRST, 1, 2)]
        assert made.unfilled == {FIRST: 3, SECOND: 1}

    def test_hands_out_only_what_comes_to_the_store(self) -> None:
        supplies = [supply(1, 9), supply(2, 1, day=9, at=CAMDEN)]

        made = plan_ahead([Wish(FIRST, MUG, 2, CAMDEN), Wish(SECOND, MUG, 2)], supplies)

        assert taken(made) == [(FIRST, 2, 1), (SECOND, 1, 2)]
        assert made.unfilled == {FIRST: 1}

    @given(
        st.lists(st.tuples(st.sampled_from([MUG, TEE]), st.integers(1, 5)), max_size=6),
        st.lists(st.tuples(st.sampled_from([MUG, TEE]), st.integers(1, 5), st.none() | st.integers(0, 9)), max_size=6),
    )
    def test_never_promises_more_than_comes_and_every_unit_is_planned_or_told(
        self, wanted: list[tuple[UUID, int]], coming: list[tuple[UUID, int, int | None]]
    ) -> None:
        wishes = [Wish(UUID(int=1000 + i), variant, units) for i, (variant, units) in enumerate(wanted)]
        supplies = [supply(i, units, day=day, variant=variant) for i, (variant, units, day) in enumerate(coming)]

        made = plan_ahead(wishes, supplies)

        for one in supplies:
            assert sum(part.quantity for part in made.parts if part.supply_id == one.supply_id) <= one.left
        for wish in wishes:
            planned = sum(part.quantity for part in made.parts if part.line_id == wish.line_id)
            assert planned + made.unfilled.get(wish.line_id, 0) == wish.quantity
        lacking = {
            variant: sum(made.unfilled.get(w.line_id, 0) for w in wishes if w.variant_id == variant)
            for variant in (MUG, TEE)
        }
        for variant, units in lacking.items():
            left = sum(s.left for s in supplies if s.variant_id == variant)
            assert units == max(0, sum(w.quantity for w in wishes if w.variant_id == variant) - left)
        assert all(isinstance(part, Ahead) for part in made.parts)


class TestStillWanted:
    def test_is_what_the_plan_leaves(self) -> None:
        demand = [Demand(FIRST, MUG, 3), Demand(SECOND, TEE, 1)]

        assert still_wanted(demand, [Part(FIRST, MUG, WAREHOUSE, 1), Part(SECOND, TEE, WAREHOUSE, 1)]) == [
            Wish(FIRST, MUG, 2)
        ]
