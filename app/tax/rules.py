"""What tax is due on an amount, without a database. Rates are basis points: 2000 is 20 %."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.kernel.ids import ChannelId
from app.kernel.money import round_half_away

WHOLE = 10_000


@dataclass(frozen=True, slots=True)
class TaxRate:
    """The tax of one country in one channel."""

    id: UUID
    channel_id: ChannelId
    country: str
    name: str
    rate_basis_points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxRateInput:
    """A tax rate as somebody writes it, before it has an id."""

    country: str
    name: str
    rate_basis_points: int


@dataclass(frozen=True, slots=True)
class Taxable:
    """An amount, after every discount, and the country where the goods change hands."""

    amount_minor: int
    country: str


@dataclass(frozen=True, slots=True)
class Taxed:
    """The tax on one amount. `name` is empty where no tax is known for the country."""

    tax_minor: int
    name: str
    rate_basis_points: int


def taxes(amounts: Sequence[Taxable], rates: Mapping[str, TaxRate], *, included: bool) -> list[Taxed]:
    """Say what tax is due on each amount, or is in it where prices include tax; rounded per amount.

    Rates are by country. A country without one is not taxed.
    """
    found = []
    for taxable in amounts:
        rate = rates.get(taxable.country)
        if rate is None:
            found.append(Taxed(0, "", 0))
            continue
        base = WHOLE + rate.rate_basis_points if included else WHOLE
        tax = round_half_away(taxable.amount_minor * rate.rate_basis_points, base)
        found.append(Taxed(tax, rate.name, rate.rate_basis_points))
    return found
