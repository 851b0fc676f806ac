"""Commands on tax rates."""

from collections.abc import Sequence

from app.kernel.db import UnitOfWork
from app.kernel.errors import Invalid
from app.kernel.ids import ChannelId
from app.kernel.permissions import Permission
from app.kernel.territories import is_country
from app.tax import queries
from app.tax.rules import WHOLE, TaxRateInput


async def put_tax_rates(uow: UnitOfWork, *, channel_id: ChannelId, rates: Sequence[TaxRateInput]) -> None:
    """Charge these rates in a channel, replacing those of the same country.

    Raises: Forbidden; Invalid naming the field.
    """
    uow.actor.require(Permission.CATALOG_WRITE)
    for i, rate in enumerate(rates):
        if not is_country(rate.country):
            raise Invalid("not a country code of ISO 3166-1", field=("rates", str(i), "country"))
        if not 0 <= rate.rate_basis_points <= WHOLE:
            raise Invalid(f"from 0 to {WHOLE} basis points", field=("rates", str(i), "rateBasisPoints"))
    await queries.insert_or_replace(uow, channel_id=channel_id, rates=rates)
