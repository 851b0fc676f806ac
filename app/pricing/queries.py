"""Every statement about prices."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.kernel.db import UnitOfWork
from app.kernel.ids import ChannelId, VariantId
from app.kernel.sql import Session, rows, statement
from app.pricing import models  # noqa: F401  # The statements below are about these tables.
from app.pricing.rules import Price, PriceList

__all__ = ["Price", "PriceList", "list_price_lists", "list_prices"]


@dataclass(frozen=True, slots=True)
class ChannelPriceList:
    """A channel sells by a price list; of several the one with the lowest priority that has a price."""

    channel_id: ChannelId
    price_list_id: UUID
    priority: int


#: What a unit of `line` costs in the channel `:channel_id` now, for statements of rooms above that read lines anyway.
PRICE_OF_LINE = """
    LEFT JOIN LATERAL (
        SELECT price.amount_minor, price.list_amount_minor
        FROM prices AS price
        JOIN channel_price_lists AS used ON used.price_list_id = price.price_list_id AND used.channel_id = :channel_id
        WHERE price.variant_id = line.variant_id
        ORDER BY used.priority LIMIT 1
    ) AS price ON true
"""
_LIST_PRICES = rows(
    """
    SELECT DISTINCT ON (price.variant_id) price.variant_id, price.amount_minor, price.list_amount_minor
    FROM prices AS price
    JOIN channel_price_lists AS used ON used.price_list_id = price.price_list_id AND used.channel_id = :channel_id
    WHERE price.variant_id = ANY(:variant_ids::uuid[])
    ORDER BY price.variant_id, used.priority
    """,
    Price,
)
_LIST_PRICE_LISTS = rows("SELECT id, code, name, currency FROM price_lists WHERE code = ANY(:codes::text[])", PriceList)
_LIST_USED = rows(
    """
    SELECT channel_id, price_list_id, priority FROM channel_price_lists WHERE channel_id = ANY(:channel_ids::uuid[])
    ORDER BY channel_id, priority
    """,
    ChannelPriceList,
)
_LIST_CHANNELS_OF = rows(
    """
    SELECT channel_id, price_list_id, priority FROM channel_price_lists WHERE price_list_id = ANY(:price_list_ids::uuid[])
    """,
    ChannelPriceList,
)
#: Writers of price lists and of prices wait for each other, so that what one compares is what it changes. Readers go on.
_LOCK_LISTS = statement("LOCK TABLE price_lists IN SHARE ROW EXCLUSIVE MODE")
_UPSERT_LISTS = statement(
    """
    INSERT INTO price_lists (id, code, name, currency)
    SELECT * FROM unnest(:ids::uuid[], :codes::text[], :names::text[], :currencies::text[])
    ON CONFLICT (id) DO UPDATE SET name = excluded.name
    """
)
_DELETE_USED = statement("DELETE FROM channel_price_lists WHERE channel_id = ANY(:channel_ids::uuid[])")
_INSERT_USED = statement(
    """
    INSERT INTO channel_price_lists (channel_id, price_list_id, priority)
    SELECT * FROM unnest(:channels::uuid[], :price_lists::uuid[], :priorities::smallint[])
    """
)
_LIST_OF_PRICE_LIST = rows(
    """
    SELECT variant_id, amount_minor, list_amount_minor FROM prices
    WHERE price_list_id = :price_list_id AND variant_id = ANY(:variant_ids::uuid[])
    """,
    Price,
)
_UPSERT_PRICES = statement(
    """
    INSERT INTO prices (price_list_id, variant_id, amount_minor, list_amount_minor)
    SELECT :price_list_id::uuid, variant_id, amount_minor, list_amount_minor
    FROM unnest(:variants::uuid[], :amounts::bigint[], :list_amounts::bigint[])
        AS price (variant_id, amount_minor, list_amount_minor)
    ON CONFLICT (variant_id, price_list_id)
    DO UPDATE SET amount_minor = excluded.amount_minor, list_amount_minor = excluded.list_amount_minor
    """
)
_DELETE_PRICES = statement(
    "DELETE FROM prices WHERE price_list_id = :price_list_id AND variant_id = ANY(:variants::uuid[])"
)


async def list_prices(
    session: Session, *, channel_id: ChannelId, variant_ids: Collection[VariantId] | Collection[UUID]
) -> dict[UUID, Price]:
    """Say what one unit of each variant costs in a channel; one that is not sold there is not answered."""
    found = await _LIST_PRICES.all(session, channel_id=channel_id, variant_ids=list(variant_ids))
    return {price.variant_id: price for price in found}


async def list_price_lists(session: Session, *, codes: Collection[str]) -> list[PriceList]:
    """List the price lists with these codes."""
    return await _LIST_PRICE_LISTS.all(session, codes=list(codes))


async def list_used(session: Session, *, channel_ids: Collection[ChannelId]) -> list[ChannelPriceList]:
    """List by which price lists these channels sell, the first asked first."""
    return await _LIST_USED.all(session, channel_ids=list(channel_ids))


async def list_channels_of(session: Session, *, price_list_ids: Collection[UUID]) -> list[ChannelPriceList]:
    """List which channels sell by these price lists."""
    return await _LIST_CHANNELS_OF.all(session, price_list_ids=list(price_list_ids))


async def lock_price_lists(uow: UnitOfWork) -> None:
    """Keep others from changing prices until this unit of work ends; readers go on."""
    await _LOCK_LISTS.run(uow)


async def upsert_price_lists(uow: UnitOfWork, *, price_lists: Sequence[PriceList]) -> None:
    """Write these price lists; the currency of one that is there stays."""
    await _UPSERT_LISTS.run(
        uow,
        ids=[row.id for row in price_lists],
        codes=[row.code for row in price_lists],
        names=[row.name for row in price_lists],
        currencies=[row.currency for row in price_lists],
    )


async def replace_used(uow: UnitOfWork, *, used: Mapping[ChannelId, Sequence[UUID]]) -> None:
    """Let channels sell by these price lists, asked in this order."""
    flat = [
        (channel, n, price_list) for channel, price_lists in used.items() for n, price_list in enumerate(price_lists)
    ]
    await _DELETE_USED.run(uow, channel_ids=list(used))
    await _INSERT_USED.run(
        uow,
        channels=[row[0] for row in flat],
        priorities=[row[1] for row in flat],
        price_lists=[row[2] for row in flat],
    )


async def list_of_price_list(
    session: Session, *, price_list_id: UUID, variant_ids: Collection[VariantId]
) -> dict[VariantId, Price]:
    """Say what one price list has for these variants."""
    found = await _LIST_OF_PRICE_LIST.all(session, price_list_id=price_list_id, variant_ids=list(variant_ids))
    return {price.variant_id: price for price in found}


async def upsert_prices(uow: UnitOfWork, *, price_list_id: UUID, prices: Sequence[Price]) -> None:
    """Write these prices into a list."""
    await _UPSERT_PRICES.run(
        uow,
        price_list_id=price_list_id,
        variants=[price.variant_id for price in prices],
        amounts=[price.amount_minor for price in prices],
        list_amounts=[price.list_amount_minor for price in prices],
    )


async def delete_prices(uow: UnitOfWork, *, price_list_id: UUID, variant_ids: Collection[VariantId]) -> None:
    """Take the prices of these variants out of a list."""
    await _DELETE_PRICES.run(uow, price_list_id=price_list_id, variants=list(variant_ids))
