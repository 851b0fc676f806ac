"""Statements about promotions."""

from collections.abc import Collection, Sequence
from datetime import datetime

from app.kernel.db import UnitOfWork
from app.kernel.ids import ChannelId, new_id
from app.kernel.sql import Session, rows, statement
from app.promotions import models  # noqa: F401  # The statements below are about these tables.
from app.promotions.rules import Promotion, PromotionInput

_LIST_RUNNING = rows(
    """
    SELECT id, channel_id, name, code, kind, percent, amount_minor, from_subtotal_minor, starts_at, ends_at
    FROM promotions
    WHERE channel_id = :channel_id AND (code IS NULL OR code = ANY(:codes::text[]))
      AND starts_at <= :at AND (ends_at IS NULL OR ends_at > :at)
    """,
    Promotion,
)

_COLUMNS = "id, channel_id, name, code, kind, percent, amount_minor, from_subtotal_minor, starts_at, ends_at"
_GIVEN = f"""
    INSERT INTO promotions ({_COLUMNS})
    SELECT id, :channel_id::uuid, name, code, kind, percent, amount_minor, from_subtotal_minor, starts_at, ends_at
    FROM unnest(:ids::uuid[], :names::text[], :codes::text[], :kinds::text[], :percents::int[], :amounts::bigint[],
        :from_subtotals::bigint[], :starts::timestamptz[], :ends::timestamptz[])
        AS given (id, name, code, kind, percent, amount_minor, from_subtotal_minor, starts_at, ends_at)
"""
_REPLACED = """
    kind = excluded.kind, percent = excluded.percent, amount_minor = excluded.amount_minor,
    from_subtotal_minor = excluded.from_subtotal_minor, starts_at = excluded.starts_at, ends_at = excluded.ends_at
"""
_PUT_WITH_CODE = statement(
    f"{_GIVEN} ON CONFLICT (channel_id, code) WHERE code IS NOT NULL DO UPDATE SET name = excluded.name, {_REPLACED}"
)
_PUT_AUTOMATIC = statement(f"{_GIVEN} ON CONFLICT (channel_id, name) WHERE code IS NULL DO UPDATE SET {_REPLACED}")


async def list_running(
    session: Session, *, channel_id: ChannelId, codes: Collection[str], at: datetime
) -> list[Promotion]:
    """List the channel's promotions that apply by themselves at a moment, and those that these codes unlock."""
    return await _LIST_RUNNING.all(session, channel_id=channel_id, codes=list(codes), at=at)


async def insert_or_replace(uow: UnitOfWork, *, channel_id: ChannelId, promotions: Sequence[PromotionInput]) -> None:
    """Write promotions over those of the same code, or for automatic ones of the same name."""
    for put, some in (
        (_PUT_WITH_CODE, [promotion for promotion in promotions if promotion.code is not None]),
        (_PUT_AUTOMATIC, [promotion for promotion in promotions if promotion.code is None]),
    ):
        await put.run(
            uow,
            channel_id=channel_id,
            ids=[new_id() for _ in some],
            names=[promotion.name for promotion in some],
            codes=[promotion.code for promotion in some],
            kinds=[promotion.kind.value for promotion in some],
            percents=[promotion.percent for promotion in some],
            amounts=[promotion.amount_minor for promotion in some],
            from_subtotals=[promotion.from_subtotal_minor for promotion in some],
            starts=[promotion.starts_at for promotion in some],
            ends=[promotion.ends_at for promotion in some],
        )
