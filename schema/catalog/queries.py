"""Finding what the shop sells."""

from uuid import UUID

import strawberry

from app.assortment.queries import find_products
from app.assortment.rules import ProductSort
from app.catalog import queries
from app.kernel.errors import Invalid
from app.kernel.ids import IdKind, ProductId, VariantId, decode
from app.kernel.paging import page_request
from schema.catalog.inputs import ProductFilter, wanted
from schema.catalog.loaders import CategoryById
from schema.catalog.types import Category, Collection, Product, ProductConnection, ProductVariant
from schema.channels.loaders import chosen
from schema.core.context import Context, Info
from schema.core.ids import finds


@strawberry.type
class CatalogQuery:
    """What the shop sells."""

    @strawberry.field
    async def categories(self, info: Info, channel: str | None = None) -> list[Category] | None:
        """List the categories at the top of the tree, in the order of the shop; the others are their `children`."""
        await chosen(info.context, channel)
        return [Category.of(row) for row in await queries.list_root_categories(info.context.session)]

    @strawberry.field
    async def category(self, info: Info, id: strawberry.ID | None = None, slug: str | None = None) -> Category | None:
        """Find a category by its id or its slug."""
        _one_of(id, slug, "slug")
        if id is not None:
            row = await info.context.load(CategoryById, decode(IdKind.CATEGORY, id))
            return None if row is None else Category.of(row)
        row = await queries.get_category(info.context.session, slug=slug or "")
        return None if row is None else Category.of(row)

    @strawberry.field
    async def collections(self, info: Info) -> list[Collection] | None:
        """List the collections by name."""
        return [Collection.of(row) for row in await queries.list_collections(info.context.session)]

    @strawberry.field
    async def products(
        self,
        info: Info,
        channel: str | None = None,
        query: str | None = None,
        filter: ProductFilter | None = None,
        sort: ProductSort | None = None,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> ProductConnection | None:
        """Page through what a channel sells.

        `query` looks for words in names, attributes, categories and descriptions, and for SKUs and GTINs; its last word
        may be unfinished. Without `sort`, the best match of a query comes first, and else what is newest.
        """
        request = page_request(first=first, after=after, last=last, before=before)
        sold_in = await chosen(info.context, channel)
        asked = wanted(query, filter, currency=sold_in.currency)
        page = await find_products(
            info.context.session,
            channel_id=sold_in.id,
            wanted=asked,
            sort=sort or ProductSort.RELEVANCE,
            request=request,
        )
        return ProductConnection.of(page, wanted=asked, channel=sold_in)

    @strawberry.field
    async def product(
        self, info: Info, channel: str | None = None, id: strawberry.ID | None = None, slug: str | None = None
    ) -> Product | None:
        """Find a product by its id or its slug; null when there is none, or it is sold no more."""
        _one_of(id, slug, "slug")
        key = None if id is None else ProductId(decode(IdKind.PRODUCT, id))
        sold_in = await chosen(info.context, channel)
        row = await queries.get_product(info.context.session, product_id=key, slug=slug)
        return None if row is None else Product.of(row, sold_in)

    @strawberry.field
    async def variant(
        self, info: Info, channel: str | None = None, id: strawberry.ID | None = None, sku: str | None = None
    ) -> ProductVariant | None:
        """Find a variant by its id or its SKU; null when there is none, or it is sold no more."""
        _one_of(id, sku, "sku")
        key = None if id is None else VariantId(decode(IdKind.VARIANT, id))
        sold_in = await chosen(info.context, channel)
        row = await queries.get_variant(info.context.session, variant_id=key, sku=sku)
        return None if row is None else ProductVariant.of(row, sold_in)


def _one_of(id: str | None, other: str | None, name: str) -> None:
    if (id is None) == (other is None):
        raise Invalid(f"give either an id or a {name}", field=("id",))


@finds(IdKind.CATEGORY)
async def find_category(context: Context, key: UUID, _token: str | None) -> Category | None:
    """Find a category."""
    row = await context.load(CategoryById, key)
    return None if row is None else Category.of(row)


@finds(IdKind.COLLECTION)
async def find_collection(context: Context, key: UUID, _token: str | None) -> Collection | None:
    """Find a collection."""
    found = await queries.list_collections_by_id(context.session, collection_ids=[key])
    return Collection.of(found[0]) if found else None


@finds(IdKind.PRODUCT)
async def find_product(context: Context, key: UUID, _token: str | None) -> Product | None:
    """Find a product, as the default channel sells it."""
    row = await queries.get_product(context.session, product_id=ProductId(key))
    return None if row is None else Product.of(row, None)


@finds(IdKind.VARIANT)
async def find_variant(context: Context, key: UUID, _token: str | None) -> ProductVariant | None:
    """Find a variant, as the default channel sells it."""
    row = await queries.get_variant(context.session, variant_id=VariantId(key))
    return None if row is None else ProductVariant.of(row, None)
