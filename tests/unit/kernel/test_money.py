"""Amounts: exact, of one currency, and split without losing a penny."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.errors import Invalid
from app.kernel.money import Money, allocate, exponent_of, parse_minor, round_half_away, share

amounts = st.integers(min_value=-(10**12), max_value=10**12)
weights = st.lists(st.integers(min_value=0, max_value=10**6), min_size=1, max_size=50).filter(sum)


class TestAllocate:
    @given(amounts, weights)
    def test_parts_add_up(self, total: int, given_weights: list[int]) -> None:
        assert sum(allocate(total, given_weights)) == total

    @given(amounts, weights)
    def test_no_part_is_a_whole_unit_off_its_quota(self, total: int, given_weights: list[int]) -> None:
        whole = sum(given_weights)
        for part, weight in zip(allocate(total, given_weights), given_weights, strict=True):
            assert abs(part * whole - total * weight) < whole

    def test_gives_the_remainder_to_the_earlier_of_equals(self) -> None:
        assert allocate(100, (1, 1, 1)) == [34, 33, 33]

    @pytest.mark.parametrize("refused", [[], [0, 0], [1, -1, 1]])
    def test_refuses_weights_that_share_nothing(self, refused: list[int]) -> None:
        with pytest.raises(ValueError, match="weights"):
            allocate(100, refused)


class TestShare:
    @given(amounts, st.integers(min_value=1, max_value=1000), st.data())
    def test_is_the_whole_for_all_and_grows_with_every_unit(self, total: int, whole: int, data: st.DataObject) -> None:
        part = data.draw(st.integers(min_value=0, max_value=whole - 1))

        assert share(total, part=whole, whole=whole) == total
        assert share(total, part=0, whole=whole) == 0
        assert abs(share(total, part=part + 1, whole=whole)) >= abs(share(total, part=part, whole=whole))

    def test_puts_the_remainder_on_the_first_units(self) -> None:
        assert [share(100, part=units, whole=3) for units in range(4)] == [0, 34, 67, 100]

    def test_refuses_more_than_the_whole(self) -> None:
        with pytest.raises(ValueError, match="part"):
            share(100, part=4, whole=3)


class TestRoundHalfAway:
    @pytest.mark.parametrize(("numerator", "rounded"), [(5, 3), (-5, -3), (4, 2), (3, 2), (1, 1), (0, 0)])
    def test_rounds_halves_away_from_zero(self, numerator: int, rounded: int) -> None:
        assert round_half_away(numerator, 2) == rounded


class TestParseMinor:
    @pytest.mark.parametrize(
        ("written", "currency", "minor"), [("12.90", "GBP", 1290), ("1000", "JPY", 1000), ("1.234", "KWD", 1234)]
    )
    def test_knows_the_digits_of_each_currency(self, written: str, currency: str, minor: int) -> None:
        assert parse_minor(written, currency) == minor

    @pytest.mark.parametrize(
        ("written", "currency"),
        [
            ("1.5", "JPY"),
            ("0.001", "GBP"),
            ("NaN", "GBP"),
            ("Infinity", "GBP"),
            ("twelve", "GBP"),
            ("9" * 30, "GBP"),
            ("1.00000000000000000000000000000000001", "GBP"),
            ("1e400", "GBP"),
            ("1E+999999999", "GBP"),
            ("-1E+999999999", "GBP"),
            ("1E-999999999", "GBP"),
        ],
    )
    def test_refuses_what_is_not_an_amount_and_names_the_field(self, written: str, currency: str) -> None:
        with pytest.raises(Invalid) as refused:
            parse_minor(written, currency, field=("payments", "0", "amount"))

        assert refused.value.field == ("payments", "0", "amount")


class TestMoney:
    def test_shows_all_digits_of_its_currency(self) -> None:
        assert Money(1290, "GBP").decimal() == Decimal("12.90")
        assert str(Money(1290, "GBP")) == "12.90 GBP"
        assert (exponent_of("JPY"), exponent_of("KWD")) == (0, 3)

    @pytest.mark.parametrize(
        ("currency", "digits"), [("HUF", 2), ("IQD", 3), ("MGA", 2), ("ISK", 0), ("CLF", 4), ("COP", 2)]
    )
    def test_has_the_digits_of_iso_4217_whatever_shops_usually_show(self, currency: str, digits: int) -> None:
        assert exponent_of(currency) == digits

    def test_never_adds_two_currencies(self) -> None:
        with pytest.raises(ValueError, match="do not add up"):
            Money(1, "GBP") + Money(1, "EUR")
