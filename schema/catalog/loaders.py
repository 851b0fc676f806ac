"""Relations of the catalogue, each read for all parents at once."""

from collections.abc import Sequence
from uuid import UUID

from app.catalog import queries
from app.catalog.rules import Category, Media, OptionRow, Product, Variant
from app.inventory import queries as inventory
from app.inventory.rules import Promise
from app.kernel.ids import ChannelId
from app.locations import queries as locations
from app.locations.queries import FoundStore
from app.locations.rules import Point
from app.pricing import queries as pricing
from app.pricing.rules import Price
from schema.core.batches import by_id, grouped
from schema.core.context import Batch, Context

#: A variant as it is sold in one channel: the channel's id, and the variant's.
InChannel = tuple[ChannelId, UUID]
#: Whose stores, near what, and how many of them.
StoresWanted = tuple[ChannelId, Point | None, int]


async def _products(context: Context, ids: list[UUID]) -> Sequence[Product | None]:
    """Products by id, archived ones too."""
    return by_id(await queries.list_products(context.session, product_ids=ids), ids)


async def _variants(context: Context, ids: list[UUID]) -> Sequence[Variant | None]:
    """Variants by id, archived ones too."""
    return by_id(await queries.list_variants(context.session, variant_ids=ids), ids)


async def _variants_of(context: Context, product_ids: list[UUID]) -> Sequence[list[Variant]]:
    """What can be bought of each product, in its order."""
    found = await queries.list_variants_of_products(context.session, product_ids=product_ids)
    return grouped(found, product_ids, lambda row: row.product_id)


async def _categories(context: Context, ids: list[UUID]) -> Sequence[Category | None]:
    """Categories by id."""
    return by_id(await queries.list_categories(context.session, category_ids=ids), ids)


async def _children(context: Context, category_ids: list[UUID]) -> Sequence[list[Category]]:
    """Child categories by their parent, in the order of the shop."""
    found = await queries.list_child_categories(context.session, category_ids=category_ids)
    return grouped(found, category_ids, lambda row: row.parent_id)


async def _media(context: Context, product_ids: list[UUID]) -> Sequence[list[Media]]:
    """Pictures by product."""
    found = await queries.list_media(context.session, product_ids=product_ids)
    return grouped(found, product_ids, lambda row: row.product_id)


async def _attributes(context: Context, product_ids: list[UUID]) -> Sequence[list[OptionRow]]:
    """Attributes by product."""
    found = await queries.list_attributes(context.session, product_ids=product_ids)
    return grouped(found, product_ids, lambda row: row.owner_id)


async def _options(context: Context, variant_ids: list[UUID]) -> Sequence[list[OptionRow]]:
    """Options by variant."""
    found = await queries.list_variant_options(context.session, variant_ids=variant_ids)
    return grouped(found, variant_ids, lambda row: row.owner_id)


async def _prices(context: Context, keys: list[InChannel]) -> Sequence[Price | None]:
    """Prices by channel and variant."""
    found: dict[InChannel, Price] = {}
    for channel_id, variant_ids in _by_channel(keys).items():
        prices = await pricing.list_prices(context.session, channel_id=channel_id, variant_ids=variant_ids)
        found |= {(channel_id, variant_id): price for variant_id, price in prices.items()}
    return [found.get(key) for key in keys]


async def _promises(context: Context, keys: list[InChannel]) -> Sequence[Promise]:
    """What a channel can promise of a variant: by channel and variant."""
    found: dict[InChannel, Promise] = {}
    for channel_id, variant_ids in _by_channel(keys).items():
        promises = await inventory.list_promises(context.session, channel_id=channel_id, variant_ids=variant_ids)
        found |= {(channel_id, variant_id): promise for variant_id, promise in promises.items()}
    return [found.get(key) or Promise(key[1], shippable=0, collectable=False) for key in keys]


async def _pickup_stores(context: Context, keys: list[StoresWanted]) -> Sequence[list[FoundStore]]:
    """Stores where a channel's customers can collect; a document seldom asks in more than one way."""
    return [
        await locations.list_pickup_stores(context.session, channel_id=channel_id, near=near, most=most)
        for channel_id, near, most in keys
    ]


def _by_channel(keys: list[InChannel]) -> dict[ChannelId, list[UUID]]:
    channels: dict[ChannelId, list[UUID]] = {}
    for channel_id, variant_id in keys:
        channels.setdefault(channel_id, []).append(variant_id)
    return channels


ProductById = Batch(_products)
VariantById = Batch(_variants)
VariantsByProductId = Batch(_variants_of)
CategoryById = Batch(_categories)
ChildrenByCategoryId = Batch(_children)
MediaByProductId = Batch(_media)
AttributesByProductId = Batch(_attributes)
OptionsByVariantId = Batch(_options)
PriceInChannel = Batch(_prices)
PromiseInChannel = Batch(_promises)
PickupStoresOfChannel = Batch(_pickup_stores)
