"""The catalogue as clients see it, in one channel."""

from asyncio import gather
from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from app.assortment import queries as assortment
from app.assortment.rules import FacetRow, ProductSort, Wanted
from app.catalog import rules
from app.channels.rules import Channel
from app.kernel.ids import IdKind
from app.kernel.paging import Page
from schema.catalog.availability import Availability
from schema.catalog.loaders import (
    AttributesByProductId,
    CategoryById,
    ChildrenByCategoryId,
    ComponentsByBundleId,
    MediaByProductId,
    OptionsByVariantId,
    PriceInChannel,
    ProductById,
    PromiseInChannel,
    VariantById,
    VariantsByProductId,
)
from schema.channels.loaders import ChannelRef, channel_of
from schema.core.connections import PageInfo
from schema.core.context import Info
from schema.core.ids import Node, public_id
from schema.core.money import Money
from schema.inventory.levels import lists as levels

if TYPE_CHECKING:
    from schema.inventory.levels.types import StockLevelConnection

strawberry.enum(ProductSort)


@strawberry.type
class Category(Node):
    """A place in the tree of categories."""

    parent_key: strawberry.Private[UUID | None]
    key: strawberry.Private[UUID]
    slug: str
    """Its name in addresses of pages; never changes."""
    name: str
    """For people."""

    @classmethod
    def kind(cls) -> IdKind:
        """Its ids begin with cat."""
        return IdKind.CATEGORY

    @classmethod
    def of(cls, row: rules.Category) -> "Category":
        """Show a category."""
        return cls(
            key=row.id,
            parent_key=row.parent_id,
            id=public_id(IdKind.CATEGORY, row.id),
            slug=row.slug,
            name=row.name,
        )

    @strawberry.field
    async def parent(self, info: Info) -> "Category | None":
        """The category above it; null at the top."""
        return await _category(info, self.parent_key)

    @strawberry.field
    async def children(self, info: Info) -> "list[Category]":
        """The categories right below it, in the order of the shop."""
        return [Category.of(row) for row in await info.context.load(ChildrenByCategoryId, self.key)]


@strawberry.type
class Collection(Node):
    """A set of products that somebody put together."""

    slug: str
    """Its name in addresses of pages; never changes."""
    name: str
    """For people."""

    @classmethod
    def kind(cls) -> IdKind:
        """Its ids begin with col."""
        return IdKind.COLLECTION

    @classmethod
    def of(cls, row: rules.Collection) -> "Collection":
        """Show a collection."""
        return cls(id=public_id(IdKind.COLLECTION, row.id), slug=row.slug, name=row.name)


@strawberry.type
class Media:
    """A picture of a product."""

    url: str
    """Where it is."""
    alt: str
    """What it shows, for those who do not see it."""


@strawberry.type
class Attribute:
    """One value of an attribute. Codes are stable; name and value are for people."""

    code: str
    """The attribute."""
    name: str
    """The attribute's name."""
    value: str
    """The value's name."""
    value_code: str
    """The value."""

    @classmethod
    def of(cls, row: rules.OptionRow) -> "Attribute":
        """Show an attribute."""
        return cls(code=row.code, name=row.name, value=row.value, value_code=row.value_code)


@strawberry.type
class PriceRange:
    """What the variants of a product cost."""

    min: Money
    """What the cheapest one costs."""
    max: Money
    """What the dearest one costs."""


@strawberry.type
class BundleComponent:
    """What a bundle is made of: so many units of a variant."""

    key: strawberry.Private[UUID]
    seen_in: strawberry.Private[ChannelRef]
    quantity: int
    """Units of the variant in one bundle."""

    @strawberry.field
    async def variant(self, info: Info) -> "ProductVariant":
        """The variant, as the bundle's channel sells it."""
        row = await info.context.load(VariantById, self.key)
        assert row is not None  # A foreign key says so.
        return ProductVariant.of(row, self.seen_in)


@strawberry.type
class ProductVariant(Node):
    """What is bought, priced and stocked."""

    key: strawberry.Private[UUID]
    product_key: strawberry.Private[UUID]
    seen_in: strawberry.Private[ChannelRef]
    sku: str
    """The shop's own code for it; never changes."""
    gtin: str | None
    """The GS1 trade item number, as in the bar code; null when there is none."""
    name: str
    """What tells it from the product's other variants."""
    gift_card: bool
    """Whether each unit that is bought becomes a gift card, worth what a unit cost before discounts."""

    @classmethod
    def kind(cls) -> IdKind:
        """Its ids begin with var."""
        return IdKind.VARIANT

    @classmethod
    def of(cls, row: rules.Variant, seen_in: ChannelRef) -> "ProductVariant":
        """Show a variant, as it is sold in one channel."""
        return cls(
            key=row.id,
            product_key=row.product_id,
            seen_in=seen_in,
            id=public_id(IdKind.VARIANT, row.id),
            sku=row.sku,
            gtin=row.gtin,
            name=row.name,
            gift_card=row.gift_card,
        )

    @strawberry.field
    async def product(self, info: Info) -> "Product":
        """The product that it is a variant of."""
        row = await info.context.load(ProductById, self.product_key)
        assert row is not None  # A foreign key says so.
        return Product.of(row, self.seen_in)

    @strawberry.field
    async def options(self, info: Info) -> list[Attribute]:
        """What it is chosen by, such as its color and its size."""
        return [Attribute.of(row) for row in await info.context.load(OptionsByVariantId, self.key)]

    @strawberry.field
    async def components(self, info: Info) -> list[BundleComponent]:
        """What it is made of when it is a bundle, which has no stock of its own; else empty. 50 at most."""
        return [
            BundleComponent(key=part.variant_id, seen_in=self.seen_in, quantity=part.quantity)
            for part in await info.context.load(ComponentsByBundleId, self.key)
        ]

    @strawberry.field
    async def price(self, info: Info) -> Money | None:
        """What one unit costs now, price lists applied, promotions not; null where it is not sold in the channel."""
        channel = await channel_of(info.context, self.seen_in)
        price = await info.context.load(PriceInChannel, (channel.id, self.key))
        return None if price is None else Money.of(price.amount_minor, channel.currency)

    @strawberry.field
    async def list_price(self, info: Info) -> Money | None:
        """The price before the price list's reduction; null where there is none."""
        channel = await channel_of(info.context, self.seen_in)
        price = await info.context.load(PriceInChannel, (channel.id, self.key))
        return None if price is None else Money.maybe(price.list_amount_minor, channel.currency)

    @strawberry.field
    async def availability(self, info: Info) -> Availability:
        """Whether and where it can be had now."""
        channel = await channel_of(info.context, self.seen_in)
        return Availability.of(await info.context.load(PromiseInChannel, (channel.id, self.key)), channel)

    @strawberry.field
    async def stock_levels(
        self,
        info: Info,
        as_of: datetime | None = None,
        location_ids: list[strawberry.ID] | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> Annotated["StockLevelConnection", strawberry.lazy("schema.inventory.levels.types")] | None:
        """What there is of it at the caller's locations, or was then; null for callers who may not see stock."""
        return await levels.of_variant(
            info.context, self.key, as_of=as_of, location_ids=location_ids, first=first, after=after
        )


@strawberry.type
class Product(Node):
    """What is described and found; its variants are what is bought."""

    key: strawberry.Private[UUID]
    category_key: strawberry.Private[UUID | None]
    seen_in: strawberry.Private[ChannelRef]
    slug: str
    """Its name in addresses of pages; never changes."""
    name: str
    """For people."""
    description: str | None
    """Plain text. Null when nobody wrote one."""

    @classmethod
    def kind(cls) -> IdKind:
        """Its ids begin with prd."""
        return IdKind.PRODUCT

    @classmethod
    def of(cls, row: rules.Product, seen_in: ChannelRef) -> "Product":
        """Show a product, as it is sold in one channel."""
        return cls(
            key=row.id,
            category_key=row.category_id,
            seen_in=seen_in,
            id=public_id(IdKind.PRODUCT, row.id),
            slug=row.slug,
            name=row.name,
            description=row.description,
        )

    @strawberry.field
    async def category(self, info: Info) -> Category | None:
        """Where it stands in the tree; null when nowhere."""
        return await _category(info, self.category_key)

    @strawberry.field
    async def media(self, info: Info) -> list[Media]:
        """Its pictures, the most telling one first."""
        return [Media(url=row.url, alt=row.alt) for row in await info.context.load(MediaByProductId, self.key)]

    @strawberry.field
    async def attributes(self, info: Info) -> list[Attribute]:
        """What all its variants have in common."""
        return [Attribute.of(row) for row in await info.context.load(AttributesByProductId, self.key)]

    @strawberry.field
    async def variants(self, info: Info) -> list[ProductVariant]:
        """What can be bought of it; 250 at most."""
        rows = await info.context.load(VariantsByProductId, self.key)
        return [ProductVariant.of(row, self.seen_in) for row in rows]

    @strawberry.field
    async def price_range(self, info: Info) -> PriceRange | None:
        """What its variants cost. Null where no variant is sold in the channel."""
        channel = await channel_of(info.context, self.seen_in)
        variants = await info.context.load(VariantsByProductId, self.key)
        prices = await gather(*(info.context.load(PriceInChannel, (channel.id, row.id)) for row in variants))
        amounts = [price.amount_minor for price in prices if price is not None]
        if not amounts:
            return None
        return PriceRange(min=Money.of(min(amounts), channel.currency), max=Money.of(max(amounts), channel.currency))

    @strawberry.field
    async def in_stock(self, info: Info) -> bool:
        """Whether one of its variants at least can be had now."""
        channel = await channel_of(info.context, self.seen_in)
        variants = await info.context.load(VariantsByProductId, self.key)
        promises = await gather(*(info.context.load(PromiseInChannel, (channel.id, row.id)) for row in variants))
        return any(promise.shippable > 0 or promise.collectable for promise in promises)


@strawberry.type
class FacetValue:
    """One value of an attribute, and how many products have it."""

    code: str
    """What a filter's `values` take."""
    label: str
    """For people."""
    count: int
    """Products that meet every other condition and have this value."""


@strawberry.type
class Facet:
    """An attribute by which the products of a list differ."""

    code: str
    """What a filter's `code` takes."""
    name: str
    """For people."""
    values: list[FacetValue]
    """Its values, the most frequent first; 100 at most."""


@strawberry.type
class ProductEdge:
    """A product in its place in a list."""

    cursor: str
    """Where the list can be taken up again."""
    node: Product
    """The product."""


@strawberry.type
class ProductConnection:
    """A page of products."""

    wanted: strawberry.Private[Wanted]
    channel: strawberry.Private[Channel]
    edges: list[ProductEdge]
    """Products with their cursors."""
    nodes: list[Product]
    """The products alone."""
    page_info: PageInfo
    """Where the page stands in the list."""

    @classmethod
    def of(cls, page: Page[rules.Product], *, wanted: Wanted, channel: Channel) -> "ProductConnection":
        """Show a page of products."""
        nodes = [Product.of(row, channel) for row in page.items]
        return cls(
            wanted=wanted,
            channel=channel,
            edges=[ProductEdge(cursor=cursor, node=node) for cursor, node in zip(page.cursors, nodes, strict=True)],
            nodes=nodes,
            page_info=PageInfo.of(page),
        )

    @strawberry.field
    async def total_count(self, info: Info) -> int:
        """How many products there are in all. Counted only when asked for."""
        session = info.context.session
        return await assortment.count_products(session, channel_id=self.channel.id, wanted=self.wanted)

    @strawberry.field
    async def facets(self, info: Info) -> list[Facet]:
        """Attributes to narrow the list by. Counted only when asked for."""
        session = info.context.session
        return _facets(await assortment.list_facets(session, channel_id=self.channel.id, wanted=self.wanted))


def _facets(rows: list[FacetRow]) -> list[Facet]:
    facets: dict[str, Facet] = {}
    for row in rows:
        facet = facets.setdefault(row.code, Facet(code=row.code, name=row.name, values=[]))
        facet.values.append(FacetValue(code=row.value_code, label=row.label, count=row.count))
    return list(facets.values())


async def _category(info: Info, key: UUID | None) -> Category | None:
    row = None if key is None else await info.context.load(CategoryById, key)
    return None if row is None else Category.of(row)
