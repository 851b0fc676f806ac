"""What is found and listed of the catalogue."""

from collections.abc import Collection as AnyOf
from uuid import UUID

from app.catalog import models  # noqa: F401  # The statements below are about these tables.
from app.catalog.rules import Category, Collection, Goods, Media, OptionRow, Product, Variant
from app.kernel.ids import ProductId, VariantId
from app.kernel.sql import Session, rows

PRODUCT = "product.id, product.slug, product.name, product.description, product.category_id, product.created_at, product.archived_at"
_CATEGORY = "id, slug, name, parent_id, position"
#: A variant with its product; conditions follow.
VARIANT = """
    variant.id, variant.product_id, variant.sku, variant.gtin, variant.name, variant.position, product.name AS product_name,
    variant.archived_at IS NOT NULL OR product.archived_at IS NOT NULL AS archived,
    variant.gift_card
    FROM variants AS variant JOIN products AS product ON product.id = variant.product_id
"""

_LIST_ROOTS = rows(f"SELECT {_CATEGORY} FROM categories WHERE parent_id IS NULL ORDER BY position, name, id", Category)
_LIST_CHILDREN = rows(
    f"SELECT {_CATEGORY} FROM categories WHERE parent_id = ANY(:ids::uuid[]) ORDER BY position, name, id", Category
)
_LIST_CATEGORIES = rows(f"SELECT {_CATEGORY} FROM categories WHERE id = ANY(:ids::uuid[])", Category)
_GET_CATEGORY = rows(f"SELECT {_CATEGORY} FROM categories WHERE slug = :slug", Category)
_LIST_COLLECTIONS = rows("SELECT id, slug, name FROM collections ORDER BY name, id", Collection)
_LIST_COLLECTIONS_BY_ID = rows("SELECT id, slug, name FROM collections WHERE id = ANY(:ids::uuid[])", Collection)
_GET_COLLECTION = rows("SELECT id, slug, name FROM collections WHERE slug = :slug", Collection)
_LIST_PRODUCTS = rows(f"SELECT {PRODUCT} FROM products AS product WHERE id = ANY(:ids::uuid[])", Product)
_GET_PRODUCT = rows(f"SELECT {PRODUCT} FROM products AS product WHERE slug = :slug AND archived_at IS NULL", Product)
_LIST_VARIANTS = rows(f"SELECT {VARIANT} WHERE variant.id = ANY(:ids::uuid[])", Variant)
_LIST_VARIANTS_BY_SKU = rows(f"SELECT {VARIANT} WHERE variant.sku = ANY(:skus::text[])", Variant)
_LIST_VARIANTS_OF_PRODUCTS = rows(
    f"""
    SELECT {VARIANT} WHERE variant.product_id = ANY(:ids::uuid[]) AND variant.archived_at IS NULL
    ORDER BY variant.product_id, variant.position
    """,
    Variant,
)
#: Everything an order line keeps of what was bought, of a `variant` and its `product`.
GOODS = """variant.sku, product.name AS product_name,
        variant.archived_at IS NOT NULL OR product.archived_at IS NOT NULL AS archived,
        coalesce((
            SELECT jsonb_agg(
                jsonb_build_object('code', owned.attribute_code, 'name', attribute.name, 'value', value.label,
                    'valueCode', owned.value_code)
                ORDER BY owned.position)
            FROM variant_options AS owned
            JOIN attributes AS attribute ON attribute.code = owned.attribute_code
            JOIN attribute_values AS value ON value.attribute_code = owned.attribute_code AND value.code = owned.value_code
            WHERE owned.variant_id = variant.id
        ), '[]'::jsonb) AS options,
        EXISTS (SELECT FROM bundle_components WHERE bundle_id = variant.id) AS bundle
"""
_LIST_GOODS = rows(
    f"""
    SELECT variant.id, {GOODS}
    FROM variants AS variant JOIN products AS product ON product.id = variant.product_id
    WHERE variant.id = ANY(:ids::uuid[])
    """,
    Goods,
)
_LIST_MEDIA = rows(
    "SELECT product_id, url, alt FROM media WHERE product_id = ANY(:ids::uuid[]) ORDER BY product_id, position", Media
)
_LIST_ATTRIBUTES = rows(
    """
    SELECT owned.product_id AS owner_id, owned.attribute_code AS code, attribute.name, owned.value_code, value.label AS value
    FROM product_attributes AS owned
    JOIN attributes AS attribute ON attribute.code = owned.attribute_code
    JOIN attribute_values AS value ON value.attribute_code = owned.attribute_code AND value.code = owned.value_code
    WHERE owned.product_id = ANY(:ids::uuid[]) ORDER BY owned.product_id, owned.position, owned.value_code
    """,
    OptionRow,
)
_LIST_VARIANT_OPTIONS = rows(
    """
    SELECT owned.variant_id AS owner_id, owned.attribute_code AS code, attribute.name, owned.value_code, value.label AS value
    FROM variant_options AS owned
    JOIN attributes AS attribute ON attribute.code = owned.attribute_code
    JOIN attribute_values AS value ON value.attribute_code = owned.attribute_code AND value.code = owned.value_code
    WHERE owned.variant_id = ANY(:ids::uuid[]) ORDER BY owned.variant_id, owned.position
    """,
    OptionRow,
)


async def list_root_categories(session: Session) -> list[Category]:
    """List the categories that have no parent, in the order of the shop."""
    return await _LIST_ROOTS.all(session)


async def list_child_categories(session: Session, *, category_ids: AnyOf[UUID]) -> list[Category]:
    """List the children of these categories, siblings in the order of the shop."""
    return await _LIST_CHILDREN.all(session, ids=list(category_ids))


async def list_categories(session: Session, *, category_ids: AnyOf[UUID]) -> list[Category]:
    """List these categories."""
    return await _LIST_CATEGORIES.all(session, ids=list(category_ids))


async def get_category(session: Session, *, slug: str) -> Category | None:
    """Find a category by its slug."""
    return await _GET_CATEGORY.first(session, slug=slug)


async def list_collections(session: Session) -> list[Collection]:
    """List all collections by name."""
    return await _LIST_COLLECTIONS.all(session)


async def list_collections_by_id(session: Session, *, collection_ids: AnyOf[UUID]) -> list[Collection]:
    """List these collections."""
    return await _LIST_COLLECTIONS_BY_ID.all(session, ids=list(collection_ids))


async def get_collection(session: Session, *, slug: str) -> Collection | None:
    """Find a collection by its slug."""
    return await _GET_COLLECTION.first(session, slug=slug)


async def list_products(session: Session, *, product_ids: AnyOf[UUID]) -> list[Product]:
    """List these products, archived ones too."""
    return await _LIST_PRODUCTS.all(session, ids=list(product_ids))


async def get_product(
    session: Session, *, product_id: ProductId | None = None, slug: str | None = None
) -> Product | None:
    """Find a product that is not archived by its id or its slug."""
    if product_id is not None:
        found = await _LIST_PRODUCTS.first(session, ids=[product_id])
        return found if found is not None and found.archived_at is None else None
    return None if slug is None else await _GET_PRODUCT.first(session, slug=slug)


async def list_variants(session: Session, *, variant_ids: AnyOf[UUID]) -> list[Variant]:
    """List these variants, archived ones too."""
    return await _LIST_VARIANTS.all(session, ids=list(variant_ids))


async def list_goods(session: Session, *, variant_ids: AnyOf[UUID]) -> dict[UUID, Goods]:
    """Say what these variants are called and which options they have, as an order keeps it."""
    return {goods.id: goods for goods in await _LIST_GOODS.all(session, ids=list(variant_ids))}


async def list_variants_by_sku(session: Session, *, skus: AnyOf[str]) -> dict[str, Variant]:
    """Find variants by their SKUs, archived ones too; an unknown SKU is not answered."""
    return {variant.sku: variant for variant in await _LIST_VARIANTS_BY_SKU.all(session, skus=list(skus))}


async def get_variant(
    session: Session, *, variant_id: VariantId | None = None, sku: str | None = None
) -> Variant | None:
    """Find a variant that is not archived by its id or its SKU."""
    if variant_id is not None:
        found = await _LIST_VARIANTS.first(session, ids=[variant_id])
    else:
        found = None if sku is None else await _LIST_VARIANTS_BY_SKU.first(session, skus=[sku])
    return found if found is not None and not found.archived else None


async def list_variants_of_products(session: Session, *, product_ids: AnyOf[UUID]) -> list[Variant]:
    """List what can be bought of these products, in their order; archived variants are left out."""
    return await _LIST_VARIANTS_OF_PRODUCTS.all(session, ids=list(product_ids))


async def list_media(session: Session, *, product_ids: AnyOf[UUID]) -> list[Media]:
    """List the pictures of these products, in their order."""
    return await _LIST_MEDIA.all(session, ids=list(product_ids))


async def list_attributes(session: Session, *, product_ids: AnyOf[UUID]) -> list[OptionRow]:
    """List the attributes of these products, in their order."""
    return await _LIST_ATTRIBUTES.all(session, ids=list(product_ids))


async def list_variant_options(session: Session, *, variant_ids: AnyOf[UUID]) -> list[OptionRow]:
    """List the options of these variants, in their order."""
    return await _LIST_VARIANT_OPTIONS.all(session, ids=list(variant_ids))
