"""The sourcing rule: everything from one place if possible, else fewest splits, else nearest."""

from itertools import combinations
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from app.sourcing.rules import Candidate, Demand, plan

MUG, TEE, LAMP = UUID(int=1), UUID(int=2), UUID(int=3)
LINE_MUG, LINE_TEE = UUID(int=11), UUID(int=12)


def candidate(number: int, km: float | None, **stock: int) -> Candidate:
    names = {"mug": MUG, "tee": TEE, "lamp": LAMP}
    return Candidate(UUID(int=100 + number), f"L{number}", km, {names[name]: units for name, units in stock.items()})


def locations_of(made: object) -> set[UUID]:
    return {part.location_id for part in made.parts}  # type: ignore[attr-defined]


class TestPlan:
    def test_takes_all_from_the_one_place_that_has_all_though_others_are_nearer(self) -> None:
        near, far = candidate(1, 5.0, mug=9), candidate(2, 90.0, mug=9, tee=9)

        made = plan([Demand(LINE_MUG, MUG, 1), Demand(LINE_TEE, TEE, 1)], [near, far])

        assert locations_of(made) == {far.location_id}

    def test_takes_the_nearest_of_those_that_have_all(self) -> None:
        near, far, unknown = candidate(1, 5.0, mug=1), candidate(2, 90.0, mug=9), candidate(3, None, mug=9)

        assert locations_of(plan([Demand(LINE_MUG, MUG, 1)], [unknown, far, near])) == {near.location_id}

    def test_splits_as_little_as_it_can(self) -> None:
        one, two, three = candidate(1, 1.0, mug=1), candidate(2, 2.0, mug=1), candidate(3, 500.0, mug=2)

        made = plan([Demand(LINE_MUG, MUG, 3)], [one, two, three])

        assert locations_of(made) == {one.location_id, three.location_id}

    def test_keeps_a_line_whole_where_it_can(self) -> None:
        one, two = candidate(1, 1.0, mug=2, tee=1), candidate(2, 2.0, mug=3)

        made = plan([Demand(LINE_TEE, TEE, 1), Demand(LINE_MUG, MUG, 3)], [one, two])

        assert [(part.line_id, part.location_id) for part in made.parts] == [
            (LINE_TEE, one.location_id),
            (LINE_MUG, two.location_id),
        ]

    def test_sums_lines_of_one_variant_before_it_checks(self) -> None:
        only = candidate(1, 1.0, mug=3)

        made = plan([Demand(LINE_MUG, MUG, 2), Demand(LINE_TEE, MUG, 2)], [only])

        assert made.unfilled == {MUG: 1}

    def test_says_why_every_candidate_won_or_lost(self) -> None:
        winner, farther, empty = candidate(1, 1.0, mug=1), candidate(2, 2.0, mug=1), candidate(3, 3.0, tee=1)

        made = plan([Demand(LINE_MUG, MUG, 1)], [winner, farther, empty])

        assert [verdict.reason for verdict in made.verdicts] == [
            "supplies everything, and is the nearest that can",
            "could supply everything, but another is nearer",
            "has nothing of it",
        ]

    def test_has_nothing_to_give_without_candidates(self) -> None:
        made = plan([Demand(LINE_MUG, MUG, 2)], [])

        assert (made.parts, made.unfilled) == ((), {MUG: 2})


stocks = st.lists(st.fixed_dictionaries({"mug": st.integers(0, 4), "tee": st.integers(0, 4)}), max_size=6)
wishes = st.lists(st.tuples(st.sampled_from([MUG, TEE]), st.integers(1, 5)), min_size=1, max_size=4)


class TestPlanByLaw:
    @given(stocks, wishes)
    def test_never_plans_more_than_a_place_has_and_gives_all_there_is(
        self, given_stocks: list[dict[str, int]], given_wishes: list[tuple[UUID, int]]
    ) -> None:
        candidates = [candidate(i, float(i), **stock) for i, stock in enumerate(given_stocks)]
        demand = [Demand(UUID(int=50 + i), variant, units) for i, (variant, units) in enumerate(given_wishes)]

        made = plan(demand, candidates)

        for place in candidates:
            for variant, units in place.available.items():
                taken = sum(
                    p.quantity for p in made.parts if (p.location_id, p.variant_id) == (place.location_id, variant)
                )
                assert taken <= units
        for variant in {line.variant_id for line in demand}:
            wanted = sum(line.quantity for line in demand if line.variant_id == variant)
            there = sum(place.available.get(variant, 0) for place in candidates)
            given_units = sum(part.quantity for part in made.parts if part.variant_id == variant)
            assert given_units == min(wanted, there)
            assert made.unfilled.get(variant, 0) == wanted - given_units

    @given(stocks, wishes)
    def test_no_smaller_set_of_places_could_do_it(
        self, given_stocks: list[dict[str, int]], given_wishes: list[tuple[UUID, int]]
    ) -> None:
        candidates = [candidate(i, float(i), **stock) for i, stock in enumerate(given_stocks)]
        demand = [Demand(UUID(int=50 + i), variant, units) for i, (variant, units) in enumerate(given_wishes)]

        made = plan(demand, candidates)

        used = len(locations_of(made))
        # The search is exact up to three locations; beyond it is greedy, and says so.
        if made.unfilled or used == 0 or used > 3:
            return
        wanted: dict[UUID, int] = {}
        for line in demand:
            wanted[line.variant_id] = wanted.get(line.variant_id, 0) + line.quantity
        for group in combinations(candidates, used - 1):
            assert any(sum(place.available.get(v, 0) for place in group) < units for v, units in wanted.items())

    @given(stocks, wishes, st.randoms())
    def test_does_not_depend_on_the_order_of_candidates(
        self, given_stocks: list[dict[str, int]], given_wishes: list[tuple[UUID, int]], random: object
    ) -> None:
        candidates = [candidate(i, float(i), **stock) for i, stock in enumerate(given_stocks)]
        demand = [Demand(UUID(int=50 + i), variant, units) for i, (variant, units) in enumerate(given_wishes)]
        shuffled = list(candidates)
        random.shuffle(shuffled)  # type: ignore[attr-defined]

        assert plan(demand, shuffled) == plan(demand, candidates)
