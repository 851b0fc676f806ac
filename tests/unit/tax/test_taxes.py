"""What tax is due."""

from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.kernel.ids import ChannelId
from app.tax.rules import Taxable, TaxRate, taxes

#: A busy machine is no failure of the law.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def rates(**basis_points: int) -> dict[str, TaxRate]:
    return {
        country: TaxRate(UUID(int=1), ChannelId(UUID(int=2)), country, f"VAT {points}", points)
        for country, points in basis_points.items()
    }


def tax(amount: int, country: str, *, included: bool) -> int:
    (taxed,) = taxes([Taxable(amount, country)], rates(GB=2000, GI=0), included=included)
    return taxed.tax_minor


class TestTax:
    def test_is_a_part_of_an_inclusive_amount(self) -> None:
        assert tax(1200, "GB", included=True) == 200

    def test_comes_on_top_of_an_exclusive_amount(self) -> None:
        assert tax(1200, "GB", included=False) == 240

    def test_is_rounded_half_away_from_zero(self) -> None:
        assert tax(3, "GB", included=True) == 1  # 0.5
        assert tax(2, "GB", included=False) == 0  # 0.4

    def test_is_nothing_at_a_rate_of_zero_or_where_none_is_known(self) -> None:
        assert tax(1200, "GI", included=True) == 0
        assert tax(1200, "FR", included=False) == 0

    def test_goes_by_the_country_of_each_amount(self) -> None:
        found = taxes([Taxable(1000, "GB"), Taxable(1000, "IE")], rates(GB=2000, IE=2300), included=False)

        assert [taxed.tax_minor for taxed in found] == [200, 230]

    @unhurried
    @given(st.integers(0, 10**12), st.integers(0, 10_000))
    def test_never_exceeds_an_inclusive_amount(self, amount: int, points: int) -> None:
        (taxed,) = taxes([Taxable(amount, "GB")], rates(GB=points), included=True)

        assert 0 <= taxed.tax_minor <= amount
