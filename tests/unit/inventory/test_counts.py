"""What counts find, what posting them changes, and what may be done with them next."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.inventory.rules import Change, Count, CountLine, next_steps_of_count, variances
from app.inventory.states import COUNT, Bucket, CountStatus
from app.kernel.ids import CountId, CountLineId, LocationId, VariantId, new_id

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
COUNT_ID, CAMDEN = CountId(new_id()), LocationId(new_id())
UNITS = st.integers(min_value=0, max_value=1_000_000)


def count(*, bucket: Bucket = Bucket.SELLABLE, status: CountStatus = CountStatus.REVIEW, blind: bool = False) -> Count:
    """Make a count."""
    return Count(COUNT_ID, "C1", CAMDEN, bucket, blind, status, None, NOW, NOW, None)


def line(expected: int | None, counted: int | None, *, asked: bool = False) -> CountLine:
    """Make a line of it."""
    at, by = (None, None) if counted is None else (NOW, "STAFF")
    return CountLine(
        CountLineId(new_id()), COUNT_ID, VariantId(new_id()), expected, counted, at, by, int(asked), asked, None
    )


class TestVariance:
    def test_is_what_was_found_against_what_was_expected(self) -> None:
        assert [line(5, 3).variance, line(5, 5).variance, line(0, 2).variance] == [-2, 0, 2]

    def test_is_unknown_before_somebody_counted(self) -> None:
        assert line(None, None).variance is None

    @given(expected=UNITS, counted=UNITS, moved=st.integers(min_value=-1_000_000, max_value=1_000_000))
    def test_makes_the_balance_right_whatever_moved_since(self, expected: int, counted: int, moved: int) -> None:
        """Law: had the ledger been right at the moment of counting, the balance of now would be what posting makes it."""
        balance_now = expected + moved

        changes = variances(count(), [line(expected, counted)])

        assert balance_now + sum(change.sellable for change in changes) == counted + moved

    @given(found=st.lists(st.tuples(UNITS, UNITS), max_size=20), bucket=st.sampled_from(Bucket))
    def test_changes_the_bucket_that_was_counted_and_nothing_else(
        self, found: list[tuple[int, int]], bucket: Bucket
    ) -> None:
        lines = [line(expected, counted) for expected, counted in found]

        changes = variances(count(bucket=bucket), lines)

        name = bucket.value.lower()
        assert len(changes) == sum(expected != counted for expected, counted in found)
        assert sum(getattr(change, name) for change in changes) == sum(
            counted - expected for expected, counted in found
        )
        assert all(change == Change(*change.level, **{name: getattr(change, name)}) for change in changes)


class TestBlindCounts:
    @pytest.mark.parametrize("status", CountStatus)
    def test_hide_what_is_expected_until_they_are_handed_in(self, status: CountStatus) -> None:
        hidden = status in {CountStatus.CREATED, CountStatus.COUNTING}

        assert count(status=status, blind=True).hides_expected is hidden
        assert not count(status=status).hides_expected


class TestNextSteps:
    def test_do_not_hand_in_what_is_not_counted(self) -> None:
        counting = count(status=CountStatus.COUNTING)

        assert "countSubmit" in next_steps_of_count(counting, [line(1, 1)])
        assert "countSubmit" not in next_steps_of_count(counting, [line(1, 1), line(None, None)])
        assert "countSubmit" not in next_steps_of_count(counting, [line(1, 1, asked=True)])

    @pytest.mark.parametrize("status", [CountStatus.POSTED, CountStatus.REJECTED])
    def test_are_none_once_it_is_over(self, status: CountStatus) -> None:
        assert next_steps_of_count(count(status=status), [line(1, 1)]) == []
        assert COUNT.actions(status) == []
