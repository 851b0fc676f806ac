"""Stripe counts money in its own way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.money import currencies
from app.payments.rules.stripe import minor_amount, stripe_amount


class TestAmounts:
    @pytest.mark.parametrize(
        ("minor", "currency", "amount"),
        [
            (1045, "GBP", 1045),
            (500, "JPY", 500),
            (500, "XOF", 500),
            (5, "UGX", 500),
            (5, "ISK", 500),
            (1045, "HUF", 1045),
            (80045, "TWD", 80045),
            (5120, "KWD", 5120),
            (700, "ALL", 700),
            (700, "MGA", 7),
        ],
    )
    def test_are_those_of_stripes_own_page(self, minor: int, currency: str, amount: int) -> None:
        assert stripe_amount(minor, currency) == amount
        assert minor_amount(amount, currency) == minor

    @pytest.mark.parametrize(("minor", "currency"), [(5124, "KWD"), (1, "TND"), (1001, "LYD")])
    def test_in_smaller_steps_than_stripe_takes_are_refused(self, minor: int, currency: str) -> None:
        with pytest.raises(ValueError, match="smaller steps"):
            stripe_amount(minor, currency)

    def test_that_would_lose_something_here_are_refused(self) -> None:
        with pytest.raises(ValueError, match="smaller steps"):
            minor_amount(501, "ISK")

    @given(st.integers(min_value=0, max_value=10**12), st.sampled_from(sorted(currencies())))
    def test_come_back_as_they_went(self, number: int, currency: str) -> None:
        coarse = number * 1000

        assert minor_amount(stripe_amount(coarse, currency), currency) == coarse
