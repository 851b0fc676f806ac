"""Statements about tax rates."""

from collections.abc import Sequence

from app.kernel.db import UnitOfWork
from app.kernel.ids import ChannelId, new_id
from app.kernel.sql import Session, rows, statement
from app.tax import models  # noqa: F401  # The statements below are about these tables.
from app.tax.rules import TaxRate, TaxRateInput

_LIST = rows(
    """
    SELECT id, channel_id, country, name, rate_basis_points FROM tax_rates
    WHERE channel_id = :channel_id ORDER BY country
    """,
    TaxRate,
)

_PUT = statement(
    """
    INSERT INTO tax_rates (id, channel_id, country, name, rate_basis_points)
    SELECT id, :channel_id::uuid, country, name, rate_basis_points
    FROM unnest(:ids::uuid[], :countries::text[], :names::text[], :basis_points::int[])
        AS given (id, country, name, rate_basis_points)
    ON CONFLICT (channel_id, country) DO UPDATE SET name = excluded.name, rate_basis_points = excluded.rate_basis_points
    """
)


async def list_rates(session: Session, *, channel_id: ChannelId) -> list[TaxRate]:
    """List the tax rates of a channel, one for each country."""
    return await _LIST.all(session, channel_id=channel_id)


async def insert_or_replace(uow: UnitOfWork, *, channel_id: ChannelId, rates: Sequence[TaxRateInput]) -> None:
    """Write tax rates over those of the same country."""
    await _PUT.run(
        uow,
        channel_id=channel_id,
        ids=[new_id() for _ in rates],
        countries=[rate.country for rate in rates],
        names=[rate.name for rate in rates],
        basis_points=[rate.rate_basis_points for rate in rates],
    )
