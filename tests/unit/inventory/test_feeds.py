"""Units that came and went are added up line by line; those that would take what is promised are passed over."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from app.inventory.rules import MOST_UNITS, Arrival, Change, Level, TooFewLeft, add_up
from app.inventory.states import Bucket

MUG, CAMDEN, SOHO = UUID(int=1), UUID(int=2), UUID(int=3)
HERE, THERE = (MUG, CAMDEN), (MUG, SOHO)


def level(*, sellable: int = 5, damaged: int = 0, soft: int = 0, firm: int = 0, at: UUID = CAMDEN) -> Level:
    return Level(MUG, at, sellable, damaged, 0, soft, firm, 0)


def comes(delta: int, *, bucket: Bucket = Bucket.SELLABLE, at: UUID = CAMDEN) -> Arrival:
    return Arrival(MUG, at, bucket, delta)


class TestAddUp:
    def test_makes_one_change_of_each_level(self) -> None:
        levels = {HERE: level(), THERE: level(at=SOHO)}
        arrivals = [comes(1, at=SOHO), comes(3), comes(-2), comes(4, bucket=Bucket.DAMAGED)]

        changes, refusals = add_up(arrivals, levels)

        assert changes == [Change(*HERE, sellable=1, damaged=4), Change(*THERE, sellable=1)]
        assert refusals == [None] * 4

    def test_passes_over_what_would_take_what_is_promised(self) -> None:
        changes, refusals = add_up([comes(-2), comes(-2), comes(-1)], {HERE: level(soft=1, firm=1)})

        assert refusals == [None, TooFewLeft(left=1, promised=2), None]
        assert changes == [Change(*HERE, sellable=-3)]

    def test_judges_later_lines_by_what_came_before_them(self) -> None:
        _, refusals = add_up([comes(-6), comes(1), comes(-6)], {HERE: level()})

        assert refusals == [TooFewLeft(left=-1, promised=0), None, None]

    def test_owes_nobody_damaged_units(self) -> None:
        _, refusals = add_up([comes(-3, bucket=Bucket.DAMAGED)], {HERE: level(damaged=3, firm=5)})

        assert refusals == [None]

    def test_holds_no_more_than_a_level_can(self) -> None:
        _, refusals = add_up([comes(MOST_UNITS)], {HERE: level(firm=2)})

        assert refusals == [TooFewLeft(left=MOST_UNITS + 5, promised=2)]

    def test_of_nothing_changes_nothing(self) -> None:
        assert add_up([comes(2), comes(-2)], {HERE: level()}) == ([], [None, None])

    @given(
        deltas=st.lists(st.tuples(st.integers(-9, 9), st.sampled_from(list(Bucket))), max_size=30),
        sellable=st.integers(0, 9),
        firm=st.integers(0, 9),
    )
    def test_never_leaves_less_than_is_promised(
        self, deltas: list[tuple[int, Bucket]], sellable: int, firm: int
    ) -> None:
        before = level(sellable=sellable + firm, firm=firm)
        arrivals = [comes(delta, bucket=bucket) for delta, bucket in deltas if delta]

        changes, refusals = add_up(arrivals, {HERE: before})

        after = changes[0] if changes else Change(*HERE)
        taken = sum(
            a.delta for a, r in zip(arrivals, refusals, strict=True) if r is None and a.bucket is Bucket.SELLABLE
        )
        assert after.sellable == taken
        assert before.sellable + after.sellable >= firm
        assert min(after.damaged, after.quality) >= 0
