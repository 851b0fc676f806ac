"""Relations of the catalogue, each read for all parents at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.catalog import queries
from app.catalog.rules import Category, Component, Media, OptionRow, Product, Variant
from app.inventory import queries as inventory
from app.inventory.queries.stores import FoundStore, StoresWanted, find_stores
from app.inventory.rules import Promise, Sellable
from app.inventory.rules.pickups import Bundles, LineSupply, LineWanted, supply_of
from app.kernel.ids import ChannelId
from app.kernel.paging import PageRequest
from app.locations.rules import Location, Near
from app.pricing import queries as pricing
from app.pricing.rules import Price
from schema.core.batches import by_id, grouped
from schema.core.context import Batch, Context
from schema.locations.loaders import ready_for_pickup

#: A variant as it is sold in one channel: the channel's id, and the variant's.
InChannel = tuple[ChannelId, UUID]
#: Whose stores, near what, how many of them, and the variant that they would hand over.
PickupsWanted = tuple[ChannelId, Near | None, int, UUID]


@dataclass(frozen=True, slots=True)
class PickupFound:
    """What one store could hand over of a variant, and when a single unit of it would be ready."""

    store: Location
    distance_km: float | None
    supply: LineSupply
    ready_at: datetime | None


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


async def _components(context: Context, variant_ids: list[UUID]) -> Sequence[list[Component]]:
    """What bundles are made of, by bundle; nothing for other variants."""
    found = await queries.list_bundles(context.session, variant_ids=variant_ids)
    return [found.get(variant_id, []) for variant_id in variant_ids]


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


async def _pickups(context: Context, keys: list[PickupsWanted]) -> Sequence[list[PickupFound]]:
    """What stores could hand over of variants; a document seldom asks near more than one place."""
    variants: dict[tuple[ChannelId, Near | None, int], dict[UUID, None]] = {}
    for channel_id, near, most, variant_id in keys:
        variants.setdefault((channel_id, near, most), {})[variant_id] = None
    found: dict[PickupsWanted, list[PickupFound]] = {}
    ready: dict[tuple[UUID, int], datetime | None] = {}
    for (channel_id, near, most), variant_ids in variants.items():
        lines = tuple(LineWanted(variant_id, 1) for variant_id in variant_ids)
        wanted = StoresWanted(channel_id=channel_id, near=near, pickup=True, lines=lines)
        stores = await find_stores(context.session, wanted=wanted, request=PageRequest(most))
        for line in lines:
            found[channel_id, near, most, line.variant_id] = [
                _pickup(store, line, stores.told.bundles, context.now, ready) for store in stores.page.items
            ]
    return [found[key] for key in keys]


def _pickup(
    found: FoundStore, line: LineWanted, bundles: Bundles, now: datetime, ready: dict[tuple[UUID, int], datetime | None]
) -> PickupFound:
    supply = supply_of(found.stock, [line], bundles)
    ready_at = None
    if supply.complete:
        key = found.location.id, supply.lead_minutes
        if key not in ready:
            # The same for every variant that is there by then.
            ready[key] = ready_for_pickup(found.location, found.hours, lead_minutes=supply.lead_minutes, now=now)
        ready_at = ready[key]
    return PickupFound(found.location, found.distance_km, supply.lines[0], ready_at)


async def _ahead(context: Context, keys: list[InChannel]) -> Sequence[list[Sellable]]:
    """What a channel can promise of a variant before it is there: by channel and variant."""
    found: dict[InChannel, list[Sellable]] = {}
    for channel_id, variant_ids in _by_channel(keys).items():
        ahead = await inventory.list_ahead(context.session, channel_id=channel_id, variant_ids=variant_ids)
        found |= {(channel_id, variant_id): listed for variant_id, listed in ahead.items()}
    return [found.get(key, []) for key in keys]


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
ComponentsByBundleId = Batch(_components)
PriceInChannel = Batch(_prices)
PromiseInChannel = Batch(_promises)
AheadInChannel = Batch(_ahead)
PickupsInChannel = Batch(_pickups)
