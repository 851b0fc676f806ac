"""Statements about where postal codes are, as the shop imported them."""

from collections.abc import Sequence

from app.kernel.db import UnitOfWork
from app.kernel.sql import Session, rows, statement
from app.locations import models  # noqa: F401  # The statements below are about these tables.
from app.locations.rules.postal_codes import PostalCode

_LIST_POSTAL_CODES = rows(
    """
    SELECT country, code, latitude, longitude FROM postal_codes
    WHERE (country, code) IN (SELECT * FROM unnest(:countries::text[], :codes::text[]))
    """,
    PostalCode,
)
#: In the order of their keys, so that two imports of the same file wait for each other and do not lock each other out.
_UPSERT_POSTAL_CODES = statement(
    """
    INSERT INTO postal_codes (country, code, latitude, longitude)
    SELECT * FROM unnest(:countries::text[], :codes::text[], :latitudes::float8[], :longitudes::float8[])
        AS given (country, code, latitude, longitude)
    ORDER BY country, code
    ON CONFLICT (country, code) DO UPDATE SET latitude = excluded.latitude, longitude = excluded.longitude
    """
)


async def list_postal_codes(session: Session, *, codes: Sequence[tuple[str, str]]) -> list[PostalCode]:
    """List those of these postal codes, each of a country, that were imported."""
    return await _LIST_POSTAL_CODES.all(
        session, countries=[country for country, _ in codes], codes=[code for _, code in codes]
    )


async def upsert_postal_codes(uow: UnitOfWork, *, postal_codes: Sequence[PostalCode]) -> None:
    """Write where these postal codes are, each named once."""
    await _UPSERT_POSTAL_CODES.run(
        uow,
        countries=[row.country for row in postal_codes],
        codes=[row.code for row in postal_codes],
        latitudes=[row.latitude for row in postal_codes],
        longitudes=[row.longitude for row in postal_codes],
    )
