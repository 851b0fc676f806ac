"""What imports ask that no domain below asks."""

from collections.abc import Collection
from dataclasses import dataclass

from app.kernel.ids import ChannelId
from app.kernel.sql import Session, rows


@dataclass(frozen=True, slots=True)
class SlugOfSku:
    """The address of the product that a variant belongs to."""

    sku: str
    slug: str


@dataclass(frozen=True, slots=True)
class SoldBy:
    """The price list that a channel asks first."""

    code: str
    currency: str


_LIST_SLUGS = rows(
    """
    SELECT variant.sku, product.slug FROM variants AS variant JOIN products AS product ON product.id = variant.product_id
    WHERE variant.sku = ANY(:skus::text[])
    """,
    SlugOfSku,
)
#: Of several spellings that differ in case alone, the oldest.
_LIST_SPELLINGS = rows(
    "SELECT DISTINCT ON (upper(sku)) sku FROM variants WHERE upper(sku) = ANY(:skus::text[]) ORDER BY upper(sku), id",
    str,
)
_GET_PRICE_LIST = rows(
    """
    SELECT price_list.code, price_list.currency FROM channel_price_lists AS used
    JOIN price_lists AS price_list ON price_list.id = used.price_list_id
    WHERE used.channel_id = :channel_id ORDER BY used.priority LIMIT 1
    """,
    SoldBy,
)


async def list_slugs(session: Session, *, skus: Collection[str]) -> dict[str, str]:
    """Say under which address the product of each of these SKUs is found."""
    return {row.sku: row.slug for row in await _LIST_SLUGS.all(session, skus=list(skus))}


async def list_spellings(session: Session, *, skus: Collection[str]) -> dict[str, str]:
    """Say how the shop spells these SKUs, by SKUs in capitals."""
    found = await _LIST_SPELLINGS.all(session, skus=[sku.upper() for sku in skus])
    return {sku.upper(): sku for sku in found}


async def get_price_list(session: Session, *, channel_id: ChannelId) -> SoldBy | None:
    """Find the price list that a channel asks first."""
    return await _GET_PRICE_LIST.first(session, channel_id=channel_id)
