"""Statements about delivery options."""

from collections.abc import Sequence

from app.delivery import models  # noqa: F401  # The statements below are about these tables.
from app.delivery.rules import DeliveryOption, DeliveryOptionInput
from app.kernel.db import UnitOfWork
from app.kernel.ids import ChannelId, new_id
from app.kernel.sql import Session, rows, statement

_LIST = rows(
    """
    SELECT id, channel_id, code, name, method, price_minor, free_from_minor, countries, min_days, max_days, position
    FROM delivery_options WHERE channel_id = :channel_id ORDER BY position, code
    """,
    DeliveryOption,
)

# Countries are lists within a list, which unnest would flatten; so the rows come as JSON.
_PUT = statement(
    """
    INSERT INTO delivery_options
        (id, channel_id, code, name, method, price_minor, free_from_minor, countries, min_days, max_days, position)
    SELECT id, :channel_id::uuid, code, name, method, price_minor, free_from_minor, countries, min_days, max_days,
        position
    FROM jsonb_to_recordset(:options::jsonb) AS given (id uuid, code text, name text, method text, price_minor bigint,
        free_from_minor bigint, countries text[], min_days int, max_days int, position int)
    ON CONFLICT (channel_id, code) DO UPDATE SET name = excluded.name, method = excluded.method,
        price_minor = excluded.price_minor, free_from_minor = excluded.free_from_minor, countries = excluded.countries,
        min_days = excluded.min_days, max_days = excluded.max_days, position = excluded.position
    """
)


async def list_options(session: Session, *, channel_id: ChannelId) -> list[DeliveryOption]:
    """List the channel's delivery options in the shop's order."""
    return await _LIST.all(session, channel_id=channel_id)


async def insert_or_replace(uow: UnitOfWork, *, channel_id: ChannelId, options: Sequence[DeliveryOptionInput]) -> None:
    """Write delivery options over those of the same code."""
    await _PUT.run(
        uow,
        channel_id=channel_id,
        options=[
            {
                "id": str(new_id()),
                "code": option.code,
                "name": option.name,
                "method": option.method.value,
                "price_minor": option.price_minor,
                "free_from_minor": option.free_from_minor,
                "countries": None if option.countries is None else list(option.countries),
                "min_days": option.min_days,
                "max_days": option.max_days,
                "position": option.position,
            }
            for option in options
        ],
    )
