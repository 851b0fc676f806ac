"""What the catalogue's commands compare with and write."""

from collections.abc import Collection as AnyOf
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.catalog import models  # noqa: F401  # The statements below are about these tables.
from app.catalog.rules import AttributeInput, Category, Collection, MediaInput
from app.kernel.db import UnitOfWork
from app.kernel.ids import CategoryId, ProductId, VariantId
from app.kernel.sql import Session, rows, statement


@dataclass(frozen=True, slots=True)
class ProductRow:
    """A product as it is stored."""

    id: ProductId
    slug: str
    name: str
    description: str | None
    keywords: str
    category_id: CategoryId | None
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None


@dataclass(frozen=True, slots=True)
class VariantRow:
    """A variant as it is stored."""

    id: VariantId
    product_id: ProductId
    sku: str
    gtin: str | None
    name: str
    position: int
    gift_card: bool
    archived_at: datetime | None


@dataclass(frozen=True, slots=True)
class Part:
    """A pair that belongs to a product or a variant: a picture's URL and text, or an attribute's and a value's code."""

    owner_id: UUID
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class _Label:
    code: str
    value_code: str
    label: str


@dataclass(frozen=True, slots=True)
class _Name:
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class _Membership:
    product_id: UUID
    collection_id: UUID


#: Writers of the catalogue wait for each other, so that what one of them compares is what it changes. Readers go on.
_LOCK_CATALOG = statement("LOCK TABLE products, categories IN SHARE ROW EXCLUSIVE MODE")
_LIST_CATEGORIES = rows("SELECT id, slug, name, parent_id, position FROM categories", Category)
_UPSERT_CATEGORIES = statement(
    """
    INSERT INTO categories (id, slug, name, parent_id, position)
    SELECT * FROM unnest(:ids::uuid[], :slugs::text[], :names::text[], :parents::uuid[], :positions::int[])
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, parent_id = excluded.parent_id, position = excluded.position
    """
)
_LIST_COLLECTIONS = rows("SELECT id, slug, name FROM collections WHERE slug = ANY(:slugs::text[])", Collection)
_UPSERT_COLLECTIONS = statement(
    """
    INSERT INTO collections (id, slug, name) SELECT * FROM unnest(:ids::uuid[], :slugs::text[], :names::text[])
    ON CONFLICT (slug) DO UPDATE SET name = excluded.name
    """
)
_LIST_ATTRIBUTE_NAMES = rows("SELECT code, name FROM attributes WHERE code = ANY(:codes::text[])", _Name)
_LIST_LABELS = rows(
    """
    SELECT attribute_code AS code, code AS value_code, label FROM attribute_values
    WHERE (attribute_code, code) IN (SELECT * FROM unnest(:codes::text[], :value_codes::text[]))
    """,
    _Label,
)
_UPSERT_ATTRIBUTES = statement(
    """
    INSERT INTO attributes (code, name) SELECT * FROM unnest(:codes::text[], :names::text[])
    ON CONFLICT (code) DO UPDATE SET name = excluded.name
    """
)
_UPSERT_VALUES = statement(
    """
    INSERT INTO attribute_values (attribute_code, code, label)
    SELECT * FROM unnest(:codes::text[], :value_codes::text[], :labels::text[])
    ON CONFLICT (attribute_code, code) DO UPDATE SET label = excluded.label
    """
)
_LIST_PRODUCTS = rows(
    """
    SELECT id, slug, name, description, keywords, category_id, created_at, updated_at, archived_at FROM products
    WHERE slug = ANY(:slugs::text[])
    """,
    ProductRow,
)
_UPSERT_PRODUCTS = statement(
    """
    INSERT INTO products (id, slug, name, description, keywords, category_id, created_at, updated_at, archived_at)
    SELECT * FROM unnest(
        :ids::uuid[], :slugs::text[], :names::text[], :descriptions::text[], :keywords::text[], :categories::uuid[],
        :created_ats::timestamptz[], :updated_ats::timestamptz[], :archived_ats::timestamptz[]
    )
    ON CONFLICT (id) DO UPDATE SET
        name = excluded.name, description = excluded.description, category_id = excluded.category_id,
        created_at = excluded.created_at, updated_at = excluded.updated_at, archived_at = excluded.archived_at
    """
)
_LIST_VARIANTS = rows(
    """
    SELECT id, product_id, sku, gtin, name, position, gift_card, archived_at FROM variants
    WHERE sku = ANY(:skus::text[]) OR product_id = ANY(:product_ids::uuid[])
    """,
    VariantRow,
)
_UPSERT_VARIANTS = statement(
    """
    INSERT INTO variants (id, product_id, sku, gtin, name, position, gift_card, archived_at)
    SELECT * FROM unnest(
        :ids::uuid[], :products::uuid[], :skus::text[], :gtins::text[], :names::text[], :positions::smallint[],
        :gift_cards::bool[], :archived_ats::timestamptz[]
    )
    ON CONFLICT (id) DO UPDATE SET
        product_id = excluded.product_id, gtin = excluded.gtin, name = excluded.name, position = excluded.position,
        gift_card = excluded.gift_card, archived_at = excluded.archived_at
    """
)
_LIST_MEDIA = rows(
    "SELECT product_id AS owner_id, url AS first, alt AS second FROM media WHERE product_id = ANY(:ids::uuid[])"
    " ORDER BY product_id, position",
    Part,
)
_DELETE_MEDIA = statement("DELETE FROM media WHERE product_id = ANY(:owners::uuid[])")
_INSERT_MEDIA = statement(
    """
    INSERT INTO media (product_id, position, url, alt)
    SELECT * FROM unnest(:owners::uuid[], :positions::smallint[], :firsts::text[], :seconds::text[])
    """
)
_LIST_ATTRIBUTES = rows(
    "SELECT product_id AS owner_id, attribute_code AS first, value_code AS second FROM product_attributes"
    " WHERE product_id = ANY(:ids::uuid[]) ORDER BY product_id, position",
    Part,
)
_DELETE_ATTRIBUTES = statement("DELETE FROM product_attributes WHERE product_id = ANY(:owners::uuid[])")
_INSERT_ATTRIBUTES = statement(
    """
    INSERT INTO product_attributes (product_id, position, attribute_code, value_code)
    SELECT * FROM unnest(:owners::uuid[], :positions::smallint[], :firsts::text[], :seconds::text[])
    """
)
_LIST_OPTIONS = rows(
    "SELECT variant_id AS owner_id, attribute_code AS first, value_code AS second FROM variant_options"
    " WHERE variant_id = ANY(:ids::uuid[]) ORDER BY variant_id, position",
    Part,
)
_DELETE_OPTIONS = statement("DELETE FROM variant_options WHERE variant_id = ANY(:owners::uuid[])")
_INSERT_OPTIONS = statement(
    """
    INSERT INTO variant_options (variant_id, position, attribute_code, value_code)
    SELECT * FROM unnest(:owners::uuid[], :positions::smallint[], :firsts::text[], :seconds::text[])
    """
)
_LIST_MEMBERSHIPS = rows(
    "SELECT product_id, collection_id FROM collection_products WHERE product_id = ANY(:ids::uuid[])", _Membership
)
_DELETE_MEMBERSHIPS = statement("DELETE FROM collection_products WHERE product_id = ANY(:owners::uuid[])")
_INSERT_MEMBERSHIPS = statement(
    """
    INSERT INTO collection_products (product_id, collection_id)
    SELECT * FROM unnest(:owners::uuid[], :collections::uuid[])
    """
)
#: What `_keywords` in service.py says of a new product, said of stored ones; only those that differ are written.
_REFRESH_KEYWORDS = statement(
    """
    WITH RECURSIVE path AS (
        SELECT id, name AS names FROM categories WHERE parent_id IS NULL
        UNION ALL
        SELECT child.id, path.names || ' ' || child.name FROM categories AS child JOIN path ON child.parent_id = path.id
    ),
    touched AS (
        SELECT id FROM products WHERE id = ANY(:product_ids::uuid[]) OR category_id = ANY(:category_ids::uuid[])
        UNION
        SELECT owned.product_id FROM product_attributes AS owned
        WHERE (owned.attribute_code, owned.value_code) IN (SELECT * FROM unnest(:codes::text[], :value_codes::text[]))
        UNION
        SELECT variant.product_id FROM variant_options AS owned JOIN variants AS variant ON variant.id = owned.variant_id
        WHERE (owned.attribute_code, owned.value_code) IN (SELECT * FROM unnest(:codes::text[], :value_codes::text[]))
    ),
    labelled AS (
        SELECT owned.product_id, owned.attribute_code, owned.value_code
        FROM product_attributes AS owned JOIN touched ON touched.id = owned.product_id
        UNION
        SELECT variant.product_id, owned.attribute_code, owned.value_code
        FROM variants AS variant
        JOIN touched ON touched.id = variant.product_id
        JOIN variant_options AS owned ON owned.variant_id = variant.id
    ),
    fresh AS (
        SELECT product.id, concat_ws(
            ' ', path.names, string_agg(DISTINCT value.label COLLATE "C", ' ' ORDER BY value.label COLLATE "C")
        ) AS keywords
        FROM touched
        JOIN products AS product ON product.id = touched.id
        LEFT JOIN path ON path.id = product.category_id
        LEFT JOIN labelled ON labelled.product_id = product.id
        LEFT JOIN attribute_values AS value
            ON value.attribute_code = labelled.attribute_code AND value.code = labelled.value_code
        GROUP BY product.id, path.names
    )
    UPDATE products AS product SET keywords = fresh.keywords FROM fresh
    WHERE product.id = fresh.id AND product.keywords <> fresh.keywords
    """
)


async def lock_catalog(uow: UnitOfWork) -> None:
    """Keep others from changing the catalogue until this unit of work ends; readers go on."""
    await _LOCK_CATALOG.run(uow)


async def list_tree(session: Session) -> list[Category]:
    """List every category."""
    return await _LIST_CATEGORIES.all(session)


async def upsert_categories(uow: UnitOfWork, *, categories: Sequence[Category]) -> None:
    """Write these categories as they are given."""
    await _UPSERT_CATEGORIES.run(
        uow,
        ids=[category.id for category in categories],
        slugs=[category.slug for category in categories],
        names=[category.name for category in categories],
        parents=[category.parent_id for category in categories],
        positions=[category.position for category in categories],
    )


async def list_collections_by_slug(session: Session, *, slugs: AnyOf[str]) -> list[Collection]:
    """List the collections with these slugs."""
    return await _LIST_COLLECTIONS.all(session, slugs=list(slugs))


async def upsert_collections(uow: UnitOfWork, *, collections: Sequence[Collection]) -> None:
    """Write these collections as they are given."""
    await _UPSERT_COLLECTIONS.run(
        uow,
        ids=[collection.id for collection in collections],
        slugs=[collection.slug for collection in collections],
        names=[collection.name for collection in collections],
    )


async def put_attributes(uow: UnitOfWork, *, attributes: AnyOf[AttributeInput]) -> list[tuple[str, str]]:
    """Write names and labels that are new or other than before; answers (code, value code) of labels that changed."""
    names = {attribute.code: attribute.name for attribute in reversed(list(attributes))}
    labels = {(attribute.code, attribute.value_code): attribute.value for attribute in reversed(list(attributes))}
    known_names = {row.code: row.name for row in await _LIST_ATTRIBUTE_NAMES.all(uow, codes=list(names))}
    known_labels = {
        (row.code, row.value_code): row.label
        for row in await _LIST_LABELS.all(uow, codes=[key[0] for key in labels], value_codes=[key[1] for key in labels])
    }
    new_names = {code: name for code, name in names.items() if known_names.get(code) != name}
    new_labels = {key: label for key, label in labels.items() if known_labels.get(key) != label}
    if new_names:
        await _UPSERT_ATTRIBUTES.run(uow, codes=list(new_names), names=list(new_names.values()))
    if new_labels:
        await _UPSERT_VALUES.run(
            uow,
            codes=[key[0] for key in new_labels],
            value_codes=[key[1] for key in new_labels],
            labels=list(new_labels.values()),
        )
    return [key for key in new_labels if key in known_labels]


async def list_products_by_slug(session: Session, *, slugs: AnyOf[str]) -> dict[str, ProductRow]:
    """Find products by their slugs, archived ones too."""
    return {row.slug: row for row in await _LIST_PRODUCTS.all(session, slugs=list(slugs))}


async def upsert_products(uow: UnitOfWork, *, products: Sequence[ProductRow]) -> None:
    """Write these products; the keywords of one that is there are left to `refresh_keywords`."""
    await _UPSERT_PRODUCTS.run(
        uow,
        ids=[row.id for row in products],
        slugs=[row.slug for row in products],
        names=[row.name for row in products],
        descriptions=[row.description for row in products],
        keywords=[row.keywords for row in products],
        categories=[row.category_id for row in products],
        created_ats=[row.created_at for row in products],
        updated_ats=[row.updated_at for row in products],
        archived_ats=[row.archived_at for row in products],
    )


async def list_variants_to_compare(
    session: Session, *, skus: AnyOf[str], product_ids: AnyOf[ProductId]
) -> list[VariantRow]:
    """List the variants with these SKUs, and all others of these products, archived ones too."""
    return await _LIST_VARIANTS.all(session, skus=list(skus), product_ids=list(product_ids))


async def upsert_variants(uow: UnitOfWork, *, variants: Sequence[VariantRow]) -> None:
    """Write these variants as they are given."""
    await _UPSERT_VARIANTS.run(
        uow,
        ids=[row.id for row in variants],
        products=[row.product_id for row in variants],
        skus=[row.sku for row in variants],
        gtins=[row.gtin for row in variants],
        names=[row.name for row in variants],
        positions=[row.position for row in variants],
        gift_cards=[row.gift_card for row in variants],
        archived_ats=[row.archived_at for row in variants],
    )


async def list_media_parts(session: Session, *, product_ids: AnyOf[UUID]) -> dict[UUID, list[MediaInput]]:
    """Say which pictures these products have."""
    found: dict[UUID, list[MediaInput]] = {}
    for part in await _LIST_MEDIA.all(session, ids=list(product_ids)):
        found.setdefault(part.owner_id, []).append(MediaInput(part.first, part.second))
    return found


async def list_attribute_parts(session: Session, *, product_ids: AnyOf[UUID]) -> dict[UUID, list[tuple[str, str]]]:
    """Say which attributes these products have: code and value code."""
    return _pairs(await _LIST_ATTRIBUTES.all(session, ids=list(product_ids)))


async def list_option_parts(session: Session, *, variant_ids: AnyOf[UUID]) -> dict[UUID, list[tuple[str, str]]]:
    """Say which options these variants have: code and value code."""
    return _pairs(await _LIST_OPTIONS.all(session, ids=list(variant_ids)))


async def list_memberships(session: Session, *, product_ids: AnyOf[UUID]) -> dict[UUID, set[UUID]]:
    """Say which collections these products belong to."""
    found: dict[UUID, set[UUID]] = {}
    for row in await _LIST_MEMBERSHIPS.all(session, ids=list(product_ids)):
        found.setdefault(row.product_id, set()).add(row.collection_id)
    return found


async def replace_media(uow: UnitOfWork, *, media: Mapping[UUID, Sequence[MediaInput]]) -> None:
    """Give products new pictures."""
    parts = [
        (owner, position, picture.url, picture.alt)
        for owner, pictures in media.items()
        for position, picture in enumerate(pictures)
    ]
    await _DELETE_MEDIA.run(uow, owners=list(media))
    await _INSERT_MEDIA.run(uow, **_columns(parts))


async def replace_attributes(uow: UnitOfWork, *, attributes: Mapping[UUID, Sequence[tuple[str, str]]]) -> None:
    """Give products new attributes."""
    await _DELETE_ATTRIBUTES.run(uow, owners=list(attributes))
    await _INSERT_ATTRIBUTES.run(uow, **_columns(_positioned(attributes)))


async def replace_options(uow: UnitOfWork, *, options: Mapping[UUID, Sequence[tuple[str, str]]]) -> None:
    """Give variants new options."""
    await _DELETE_OPTIONS.run(uow, owners=list(options))
    await _INSERT_OPTIONS.run(uow, **_columns(_positioned(options)))


async def replace_memberships(uow: UnitOfWork, *, memberships: Mapping[UUID, AnyOf[UUID]]) -> None:
    """Put products into these collections, and into no others."""
    pairs = [
        (product_id, collection_id) for product_id, collections in memberships.items() for collection_id in collections
    ]
    await _DELETE_MEMBERSHIPS.run(uow, owners=list(memberships))
    await _INSERT_MEMBERSHIPS.run(uow, owners=[pair[0] for pair in pairs], collections=[pair[1] for pair in pairs])


async def refresh_keywords(
    uow: UnitOfWork,
    *,
    product_ids: AnyOf[UUID] = (),
    category_ids: AnyOf[UUID] = (),
    labels: Sequence[tuple[str, str]] = (),
) -> int:
    """Let products be found by today's labels: these, those in these categories, those with these values."""
    return await _REFRESH_KEYWORDS.run(
        uow,
        product_ids=list(product_ids),
        category_ids=list(category_ids),
        codes=[label[0] for label in labels],
        value_codes=[label[1] for label in labels],
    )


def _pairs(parts: Sequence[Part]) -> dict[UUID, list[tuple[str, str]]]:
    found: dict[UUID, list[tuple[str, str]]] = {}
    for part in parts:
        found.setdefault(part.owner_id, []).append((part.first, part.second))
    return found


def _positioned(pairs: Mapping[UUID, Sequence[tuple[str, str]]]) -> list[tuple[UUID, int, str, str]]:
    return [(owner, position, *pair) for owner, owned in pairs.items() for position, pair in enumerate(owned)]


def _columns(parts: Sequence[tuple[UUID, int, str, str]]) -> dict[str, list[object]]:
    return {
        "owners": [part[0] for part in parts],
        "positions": [part[1] for part in parts],
        "firsts": [part[2] for part in parts],
        "seconds": [part[3] for part in parts],
    }
