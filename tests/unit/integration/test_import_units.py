"""Prices, weights and counts as people write them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.integration.rules.rows import Unreadable
from app.integration.rules.units import price_minor, weight_grams, whole_number

HIGHEST_MINOR = 100_000_000


def price(value: object, currency: str = "GBP") -> int:
    return price_minor(value, currency=currency, highest_minor=HIGHEST_MINOR)


class TestPrice:
    @pytest.mark.parametrize(
        ("written", "minor"),
        [
            ("4.95", 495), ("4.9500", 495), ("5", 500), (".5", 50), ("5.", 500), ("4,95", 495), ("4,5", 450),
            ("1,234", 123_400),
            ("1,234.50", 123_450), ("1.234,50", 123_450), ("1 234,50", 123_450), ("1'234.50", 123_450),
            ("£4.95", 495), ("GBP 4.95", 495), ("4.95 gbp", 495), (495, 49_500),
            (Decimal("4.95"), 495), (Decimal("1E+3"), 100_000),
        ],
    )  # fmt: skip
    def test_is_read_exactly(self, written: object, minor: int) -> None:
        assert price(written) == minor

    @pytest.mark.parametrize(
        "written",
        ["", "free", "0", "0.00", "-4.95", "0.001", "4.955", "1.234", "€4.95", "4.95 USD",
         "1,23,4.5", "1.2.3", "1.234.567", "4.95.", "1e3", "NaN",
         "Infinity", "12 34 5 6,7,8", "٣" * 50, 4.95, True, None, [], Decimal("NaN"),
         Decimal("1E+999999"), Decimal("1E-999999"), 10**4000,
         Decimal("1.00000000000000000000000000000000000000001")],
    )  # fmt: skip
    def test_is_refused_when_it_is_none(self, written: object) -> None:
        with pytest.raises(Unreadable):
            price(written)

    def test_knows_currencies_of_no_and_of_three_digits(self) -> None:
        assert price("1,234", "JPY") == 1_234
        assert price("1.234", "KWD") == 1_234
        with pytest.raises(Unreadable, match="finer than JPY"):
            price("1.5", "JPY")
        with pytest.raises(Unreadable, match="thousand"):
            price("1,234", "KWD")

    @given(minor=st.integers(1, HIGHEST_MINOR), form=st.sampled_from(["{:f}", "{:,f}", "£{:,f}", "{:f} GBP"]))
    def test_gives_back_every_amount_that_can_be_asked(self, minor: int, form: str) -> None:
        amount = Decimal(minor).scaleb(-2)

        assert price(form.format(amount)) == minor
        assert price(amount) == minor


class TestWeight:
    @pytest.mark.parametrize(
        ("written", "grams"),
        [("350", 350), (350, 350), ("0,35 kg", 350), ("1 lb", 454), ("8oz", 227), (Decimal("0.4"), 1), ("500 G", 500)],
    )
    def test_is_read_in_grams(self, written: object, grams: int) -> None:
        assert weight_grams(written) == grams

    @pytest.mark.parametrize("written", ["", "heavy", "0", "-1 kg", "1 stone", "9" * 30, True])
    def test_is_refused_when_it_is_none(self, written: object) -> None:
        with pytest.raises(Unreadable):
            weight_grams(written)


class TestWholeNumber:
    @pytest.mark.parametrize(
        ("written", "count"), [("12", 12), (" 12.0 ", 12), ("1,200", 1_200), (Decimal("1E+1"), 10), ("-3", -3), (7, 7)]
    )
    def test_is_read(self, written: object, count: int) -> None:
        assert whole_number(written, lowest=-100, highest=10_000) == count

    @pytest.mark.parametrize(
        "written",
        ["1.5", "many", "10001", "-101", True, None, "NaN", "1e999999999", "9" * 5_000, 10**4_000, Decimal("sNaN")],
    )
    def test_is_refused_when_it_is_none_or_out_of_range(self, written: object) -> None:
        with pytest.raises(Unreadable):
            whole_number(written, lowest=-100, highest=10_000)
