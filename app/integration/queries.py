"""What imports ask that no domain below asks."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.inventory.states import Bucket
from app.kernel.ids import ChannelId, LocationId
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


@dataclass(frozen=True, slots=True)
class FoundLine:
    """What a line of a stock feed speaks of. `units` are those in its bucket, None where there is no level yet."""

    position: int
    variant_id: UUID | None
    location_id: UUID | None
    units: int | None


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
#: Lines of which nothing has to be done are not answered: most lines of a nightly snapshot say what is there already, and
#: those cost one look into three indexes, and no lock.
_LIST_TO_TAKE = rows(
    """
    SELECT line.position::int, variant.id AS variant_id, location.id AS location_id, level.units
    FROM unnest(:skus::text[], :codes::text[], :buckets::text[], :quantities::int[]) WITH ORDINALITY
        AS line (sku, code, bucket, quantity, position)
    LEFT JOIN variants AS variant ON variant.sku = line.sku
    LEFT JOIN locations AS location ON location.code = line.code
    LEFT JOIN LATERAL (
        SELECT CASE line.bucket WHEN 'SELLABLE' THEN sellable WHEN 'DAMAGED' THEN damaged ELSE quality END AS units
        FROM levels WHERE variant_id = variant.id AND location_id = location.id
    ) AS level ON true
    WHERE CASE WHEN :delta::bool THEN line.quantity <> 0 ELSE level.units IS DISTINCT FROM line.quantity END
       OR variant.id IS NULL OR location.id IS NULL
       OR NOT coalesce(location.id = ANY(:works_at::uuid[]), true)
    ORDER BY line.position
    """,
    FoundLine,
)
#: Every line is answered, because of those that name one level twice only the last counts, however each names it.
_LIST_NAMED = rows(
    """
    SELECT line.position::int, coalesce(by_id.id, by_sku.id) AS variant_id, coalesce(place.id, by_code.id) AS location_id,
        CASE line.bucket WHEN 'SELLABLE' THEN level.sellable WHEN 'DAMAGED' THEN level.damaged ELSE level.quality END AS units
    FROM unnest(:skus::text[], :variants::uuid[], :codes::text[], :locations::uuid[], :buckets::text[]) WITH ORDINALITY
        AS line (sku, variant_id, code, location_id, bucket, position)
    LEFT JOIN variants AS by_id ON by_id.id = line.variant_id
    LEFT JOIN variants AS by_sku ON by_sku.sku = line.sku
    LEFT JOIN locations AS place ON place.id = line.location_id
    LEFT JOIN locations AS by_code ON by_code.code = line.code
    LEFT JOIN levels AS level ON level.variant_id = coalesce(by_id.id, by_sku.id)
        AND level.location_id = coalesce(place.id, by_code.id)
    ORDER BY line.position
    """,
    FoundLine,
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


async def list_to_take(
    session: Session,
    *,
    skus: Sequence[str],
    codes: Sequence[str],
    buckets: Sequence[Bucket],
    quantities: Sequence[int],
    delta: bool,
    works_at: Collection[LocationId] | None,
) -> list[FoundLine]:
    """List the lines of a feed that ask for something: those that differ from what is there, and those that cannot be.

    Positions count from 1. Without a lock.
    """
    return await _LIST_TO_TAKE.all(
        session,
        skus=list(skus),
        codes=list(codes),
        buckets=[bucket.value for bucket in buckets],
        quantities=list(quantities),
        delta=delta,
        works_at=None if works_at is None else list(works_at),
    )


async def list_named(
    session: Session,
    *,
    skus: Sequence[str | None],
    variants: Sequence[UUID | None],
    codes: Sequence[str | None],
    locations: Sequence[UUID | None],
    buckets: Sequence[Bucket],
) -> list[FoundLine]:
    """Find what lines of a feed speak of, by ids or by SKUs and codes; positions count from 1. Without a lock."""
    return await _LIST_NAMED.all(
        session,
        skus=list(skus),
        variants=list(variants),
        codes=list(codes),
        locations=list(locations),
        buckets=[bucket.value for bucket in buckets],
    )
